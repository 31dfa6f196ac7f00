"""The map from Sigma's field names to ECS paths, by log source: `fields.yml`.

Rulings:
- The first path that is present in an event wins, also if its value is null.
- Sections apply by the rule's log source, the one that names more parts first.
- A name with a dot or `@` that no section maps is an ECS path; it never falls to a default.
- Under `haidang.calendar.` there are the computed fields and no others.
- Any other name that is unmapped is reported, and reads as absent.
- A value that an applying section lists as `absent` reads as absent: web servers write `-` where
  there is none, events keep it, and `cs-referer: null` means it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from haidang.errors import InputError, Problem
from haidang.model.fields import CALENDAR, COMPUTED
from haidang.model.fold import fold
from haidang.yamldoc import Checker, YamlPath, read_file
from rules.rule import LogSource, Rule

FIELDS_FILE = Path(__file__).with_name("fields.yml")
_PARTS = ("category", "product", "service")


@dataclass(frozen=True, slots=True)
class Section:
    """The paths of one log source; `default` holds templates with `{field}`.

    `absent` are texts that stand for no value.
    """

    logsource: LogSource
    paths: Mapping[str, tuple[str, ...]]
    default: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()

    def applies(self, wanted: LogSource) -> bool:
        """Whether `wanted` has every part that this section names."""
        pairs = zip(_parts(self.logsource), _parts(wanted), strict=True)
        return all(own in ("", other) for own, other in pairs)


@dataclass(frozen=True, slots=True)
class FieldMap:
    """The whole map; sections stand in the order in which they are asked."""

    sections: tuple[Section, ...]
    families: Mapping[str, frozenset[str]]
    written: bool = False
    # Few log sources are named by thousands of rules.
    _known: dict[LogSource, tuple[Section, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def as_written(self) -> "FieldMap":
        """The same families for events that carry Sigma's own field names."""
        return FieldMap((), self.families, written=True)

    def paths(self, logsource: LogSource, name: str) -> tuple[str, ...]:
        """The paths where a rule of this log source finds `name`; () where it is unmapped."""
        if self.written:
            return (name,)
        applying = self._applying(logsource)
        for section in applying:
            if name in section.paths:
                return section.paths[name]
        if name.startswith(CALENDAR) and name not in COMPUTED:
            return ()
        if "." in name or "@" in name:
            return (name,)
        defaults = next((section.default for section in applying if section.default), ())
        return tuple(template.replace("{field}", name) for template in defaults)

    def absent(self, logsource: LogSource) -> frozenset[str]:
        """The texts that a rule of this log source reads as no value."""
        applying = self._applying(logsource)
        return frozenset(text for section in applying for text in section.absent)

    def _applying(self, logsource: LogSource) -> tuple[Section, ...]:
        found = self._known.get(logsource)
        if found is None:
            found = tuple(section for section in self.sections if section.applies(logsource))
            self._known[logsource] = found
        return found

    def unmapped(self, rule: Rule) -> tuple[str, ...]:
        """The names of a rule that no section maps: it reads them as absent."""
        return tuple(name for name in rule.fields if not self.paths(rule.logsource, name))

    def reaches(self, wanted: LogSource, event: LogSource) -> bool:
        """Whether a rule's log source takes in an event's.

        Each part that the rule names must be equal, or its category a family of the event's.
        """
        family = self.families.get(wanted.category, frozenset())
        return (
            (wanted.category in ("", event.category) or event.category in family)
            and wanted.product in ("", event.product)
            and wanted.service in ("", event.service)
        )


def _parts(logsource: LogSource) -> tuple[str, str, str]:
    return logsource.category, logsource.product, logsource.service


def load_fields(file: Path = FIELDS_FILE) -> FieldMap:
    """The map of a file; raises InputError with every problem."""
    documents = read_file(file)
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        raise InputError([Problem(str(file), 0, "", "must be one mapping")])
    checker = Checker(documents[0])
    checker.unknown_keys((), documents[0].value, ("families", "sections"))
    families = _families(checker)
    written = checker.take(("sections",), list, ...) or []
    sections = [_section(checker, index) for index in range(len(written))]
    checker.raise_if_any()
    # Stable: sections that name as many parts keep the order of the file.
    sections.sort(key=lambda section: -sum(part != "" for part in _parts(section.logsource)))
    return FieldMap(tuple(sections), families)


def _families(checker: Checker) -> dict[str, frozenset[str]]:
    written = checker.take(("families",), dict, {})
    return {
        fold(name): frozenset(fold(one) for one in _texts(checker, ("families", name)))
        for name in written
    }


def _section(checker: Checker, index: int) -> Section:
    path: YamlPath = ("sections", index)
    section = checker.take(path, dict, {})
    checker.unknown_keys(path, section, ("logsource", "default", "absent", "fields"))
    logsource = checker.take((*path, "logsource"), dict, ...) or {}
    checker.unknown_keys((*path, "logsource"), logsource, _PARTS)
    parts = {key: fold(str(value)) for key, value in logsource.items() if key in _PARTS}
    names: dict[str, Any] = checker.take((*path, "fields"), dict, {})
    return Section(
        logsource=LogSource(**parts),
        paths={name: _texts(checker, (*path, "fields", name)) for name in names},
        default=_texts(checker, (*path, "default")) if "default" in section else (),
        absent=_texts(checker, (*path, "absent")) if "absent" in section else (),
    )


def _texts(checker: Checker, path: YamlPath) -> tuple[str, ...]:
    written = checker.take(path, (str, list), ...)
    if written is None:
        return ()
    values = [written] if isinstance(written, str) else written
    if not values or not all(isinstance(value, str) and value for value in values):
        checker.add(path, "must be text, or a list of texts")
        return ()
    return tuple(values)
