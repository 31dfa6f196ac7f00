"""The rules of a site: ours, those in its folders, and the used versions of imported sets.

They load in this order, and the first to use an id keeps it: a site that edits a rule of a set
puts its own copy into a folder of `rules`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select

from app.settings import Config
from haidang.errors import InputError, Problem
from haidang.model.detection import Card
from haidang.model.instant import Instant
from haidang.store.audit import record
from haidang.store.state import tables
from haidang.store.state.database import Database
from rules import sets
from rules.load import load
from rules.rule import RuleSet
from rules.sets import Version

OWN_RULES = Path(__file__).parent.parent / "rules"
OURS, SITE = "haidang", "site"
ACTOR = "person:command line"


@dataclass(frozen=True, slots=True)
class SiteRules:
    """Everything that loaded; `origins` says by rule id where from: `haidang`, `site` or a set."""

    rules: RuleSet
    origins: Mapping[str, str]
    places: tuple[tuple[Path, str], ...]

    def set_of(self, file: str) -> str:
        """The imported set that a file belongs to, "" for ours and the site's."""
        origin = _origin(Path(file), self.places)
        return "" if origin in {OURS, SITE} else origin


def sets_folder(settings: Config) -> Path:
    """Where imported sets lie."""
    return settings.data_dir / "rules"


def own_folders() -> list[Path]:
    """The folders of Hải Đăng's own rules."""
    return [OWN_RULES / "sigma", OWN_RULES / "correlation"]


def site_rules(settings: Config, used: Sequence[Version]) -> SiteRules:
    """The rules of a site. Raises InputError where nothing loads or a used version is not here."""
    root = sets_folder(settings)
    _check_used(root, used)
    folders = [(one.folder(root), one.set) for one in used]
    loaded = load([*own_folders(), *settings.rules, *(folder for folder, _ in folders)])
    if not loaded.rules:
        raise InputError(loaded.problems or [Problem("rules", 0, "", "no rule could be loaded")])
    places = (*((folder, OURS) for folder in own_folders()), *folders)
    origins = {card.id: _origin(Path(file), places) for file, card in cards(loaded)}
    return SiteRules(loaded, origins, places)


def cards(rules: RuleSet) -> Iterator[tuple[str, Card]]:
    """(file, card) of every rule and correlation."""
    yield from ((one.file, one.card) for one in rules.rules)
    yield from ((one.file, one.card) for one in rules.correlations)


def _origin(file: Path, places: Sequence[tuple[Path, str]]) -> str:
    return next((name for folder, name in places if file.is_relative_to(folder)), SITE)


def _check_used(root: Path, used: Sequence[Version]) -> None:
    """A machine of a cluster may lack what was imported on another, or hold something else."""
    problems: list[Problem] = []
    for one in used:
        try:
            same = sets.find(root, one.set, one.version).hash == one.hash
        except InputError as error:
            problems += error.problems
            continue
        if not same:
            what = "differs from what is used; import the same archive here"
            problems.append(Problem(str(one.folder(root)), 0, "", what))
    if problems:
        raise InputError(problems)


def used_versions(database: Database) -> list[Version]:
    """The version in use of each set, by name."""
    table = tables.rule_set
    with database.reading() as connection:
        rows = connection.execute(select(table).order_by(table.c.name))
        return [Version(row.name, row.version, row.files, row.hash) for row in rows]


def use(database: Database, wanted: Version, at: Instant) -> bool:
    """Use a version from the correlator's next start on; False if it was in use already."""
    with database.transaction("rule_set") as connection:
        before = _switch(connection, wanted, at)
        if before == wanted.version:
            return False
        detail = {"version": wanted.version, "before": before, "hash": wanted.hash}
        record(connection, at, ACTOR, "rules.used", wanted.set, detail)
    return True


def _switch(connection: Connection, wanted: Version, at: Instant) -> str:
    """Write the version; the one before, "" for none."""
    table = tables.rule_set
    mine = table.c.name == wanted.set
    before = connection.execute(select(table.c.version).where(mine)).scalar_one_or_none() or ""
    if before != wanted.version:
        connection.execute(delete(table).where(mine))
        row = {"name": wanted.set, "version": wanted.version, "files": wanted.files}
        connection.execute(insert(table).values({**row, "hash": wanted.hash, "since": at}))
    return before
