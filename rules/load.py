"""Loading rules from files and folders; one broken rule never takes its neighbours with it.

Rulings:
- A rule without an id gets one from its title and content.
- Ids and names share one space; the second use of either is refused.
- Rules of status `deprecated` and `unsupported` load; the caller decides.
- A rule that any correlation with `generate: false` names raises no alert of its own.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from haidang.errors import InputError, Problem
from haidang.model.detection import Card
from haidang.model.fold import fold
from haidang.yamldoc import Checker, YamlDocument, read_file
from rules import card, chain, correlation, detection
from rules.rule import Correlation, LogSource, Rule, RuleSet, fields_of, version_of

_SUFFIXES = (".yml", ".yaml")
_PARTS = ("category", "product", "service")


@dataclass(slots=True)
class _Found:
    """What the files held so far."""

    rules: list[Rule] = field(default_factory=list)
    drafts: list[chain.Draft] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    taken: dict[str, str] = field(default_factory=dict)


def load(paths: Sequence[Path]) -> RuleSet:
    """Every rule of the files and folders, in the order of paths; never raises for content."""
    found = _Found()
    for path in paths:
        for file in _files(path, found.problems):
            _read(file, found)
    return _assemble(found)


def _files(path: Path, problems: list[Problem]) -> list[Path]:
    """The files of a folder and of those in it, links to folders left out; or the file itself."""
    if not path.is_dir():
        return [path]

    def unreadable(error: OSError) -> None:
        what = f"cannot be read: {error.strerror or error}"
        problems.append(Problem(str(error.filename), 0, "", what))

    found = [
        Path(folder) / name
        for folder, _, names in os.walk(path, onerror=unreadable)
        for name in names
    ]
    return sorted(file for file in found if file.suffix in _SUFFIXES)


def _read(file: Path, found: _Found) -> None:
    try:
        documents = read_file(file)
    except InputError as error:
        found.problems.extend(error.problems)
        return
    for document in documents:
        checker = Checker(document)
        if not isinstance(document.value, dict):
            checker.add((), "must be a mapping")
        else:
            _document(checker, found)
        found.problems.extend(checker.problems)
        checker.problems.clear()


def _document(checker: Checker, found: _Found) -> None:
    document: YamlDocument = checker.document
    if "filter" in document.value:
        checker.add(("filter",), "filters are not supported yet")
        return
    if "action" in document.value:
        checker.add(("action",), "rule collections are obsolete; write each rule out")
        return
    made = card.parse(checker)
    if "correlation" in document.value:
        draft = correlation.parse(checker, made)
        card.check_names(checker, correlation.fields_of(draft.correlation))
        if not checker.problems and _unique(checker, made, found):
            found.drafts.append(draft)
    elif "detection" in document.value:
        rule = _rule(checker, made)
        if rule and _unique(checker, made, found):
            found.rules.append(rule)
    else:
        checker.add((), "has neither 'detection' nor 'correlation'")


def _rule(checker: Checker, made: Card) -> Rule | None:
    logsource = _logsource(checker)
    tree = detection.parse(checker)
    fields = fields_of(tree) if tree else ()
    card.check_names(checker, fields)
    if tree is None or checker.problems:
        return None
    return Rule(made, logsource, tree, fields, checker.document.file)


def _logsource(checker: Checker) -> LogSource:
    checker.take(("logsource",), dict, ...)
    written = checker.document.value.get("logsource")
    if not isinstance(written, dict):
        return LogSource()
    named = [part for part in _PARTS if written.get(part) is not None]
    parts = {part: fold(checker.take(("logsource", part), str, "").strip()) for part in named}
    if not any(parts.values()):
        checker.add(("logsource",), f"needs at least one of {', '.join(_PARTS)}")
    return LogSource(**parts)


def _unique(checker: Checker, made: Card, found: _Found) -> bool:
    """Note the id and name; whether both are new."""
    keys = {"id": made.id} if made.name == made.id else {"id": made.id, "name": made.name}
    for key, value in keys.items():
        if value in found.taken:
            checker.add((key,), f"{value!r} is used before, in {found.taken[value]}")
    if checker.problems:
        return False
    found.taken.update(dict.fromkeys(keys.values(), checker.document.file))
    return True


def _assemble(found: _Found) -> RuleSet:
    known = {key: rule.card.id for rule in found.rules for key in (rule.card.id, rule.card.name)}
    correlations = chain.resolve(found.drafts, known)
    late = [problem for draft in found.drafts for problem in draft.checker.problems]
    return RuleSet(
        rules=tuple(found.rules),
        correlations=tuple(correlations),
        problems=tuple(sorted([*found.problems, *late])),
        silent=frozenset(_silent(correlations)),
        version=version_of(found.rules, correlations),
    )


def _silent(correlations: list[Correlation]) -> Iterator[str]:
    for one in correlations:
        if not one.generate:
            yield from one.rules
