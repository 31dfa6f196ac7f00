"""What an import brought: rules that can be used, and for each other one why it cannot."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from app.providers import every_provider
from app.rulesets import own_folders, sets_folder
from app.settings import Config
from haidang.errors import Problem
from rules.fields import FieldMap, load_fields
from rules.load import load
from rules.reach import NO_SOURCE, Provider, reach
from rules.rule import Rule
from rules.sets import Version


@dataclass(frozen=True, slots=True)
class SetReport:
    """One version of a set, judged by the rules and data sets of this installation.

    `refused` are rules that do not load, with paths inside the set; `unmapped` are names that
    nothing provides, by rule file; `unsourced` counts rules by log source that no data set has.
    """

    version: Version
    usable: int
    refused: tuple[Problem, ...]
    unmapped: tuple[Problem, ...]
    unsourced: Counter[str]

    def summary(self) -> str:
        """One line."""
        files = len({one.file for one in self.refused})
        return (
            f"{self.version.set} {self.version.version}: files={self.version.files} "
            f"rules={self.usable} refused_files={files} unmapped_fields={len(self.unmapped)} "
            f"without_data_set={self.unsourced.total()}"
        )

    def lines(self) -> Iterator[str]:
        """Everything, for people."""
        yield self.summary()
        yield from (f"refused: {problem}" for problem in self.refused)
        yield from (f"warning: {problem}" for problem in self.unmapped)
        for source, count in self.unsourced.most_common():
            yield f"no data set has the log source {source}: {count} rules"


def judge(settings: Config, version: Version) -> SetReport:
    """Load one version beside our own and the site's rules: an id is taken by the first."""
    folder = version.folder(sets_folder(settings))
    loaded = load([*own_folders(), *settings.rules, folder])
    fields, every = load_fields(), every_provider()
    rules = [rule for rule in loaded.rules if _inside(rule.file, folder)]
    correlations = [one for one in loaded.correlations if _inside(one.file, folder)]
    return SetReport(
        version,
        len(rules) + len(correlations),
        tuple(_relative(one, folder) for one in loaded.problems if _inside(one.file, folder)),
        tuple(_unmapped(rules, fields, folder)),
        Counter(_unsourced(rules, every, fields)),
    )


def _inside(file: str, folder: Path) -> bool:
    return Path(file).is_relative_to(folder)


def _relative(problem: Problem, folder: Path) -> Problem:
    return replace(problem, file=str(Path(problem.file).relative_to(folder)))


def _unmapped(rules: list[Rule], fields: FieldMap, folder: Path) -> Iterator[Problem]:
    for rule in rules:
        names = fields.unmapped(rule)
        if names:
            what = f"reads as absent what is mapped nowhere: {', '.join(names)}"
            yield _relative(Problem(rule.file, 0, "", what), folder)


def _unsourced(rules: list[Rule], every: tuple[Provider, ...], fields: FieldMap) -> Iterator[str]:
    for rule in rules:
        found = reach(rule, every, fields)
        if found.reason == NO_SOURCE:
            yield found.detail
