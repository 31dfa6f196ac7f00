"""Where everything meets: settings become stores, stages and their scopes. Nobody else wires.

`Scope.system()` is made here, for the correlator, the centre's own commands and accounts, and
nowhere else.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from sqlalchemy import func, select

from alerts.grouping import group_older
from alerts.raising import raise_alerts
from alerts.template import check_template
from app.calendars import idle_exclusions, site_calendar
from app.providers import seen_providers
from app.rule_modes import SiteModes, idle_choices, note_modes, reaches, site_modes
from app.rulesets import SiteRules, site_rules, used_versions
from app.settings import Config, InputSettings
from app.stores import open_database, open_store
from app.stores.folder import data_folder
from collectors import offsets, quarantine
from collectors.collect import Collector, CollectSettings
from collectors.dataset import Dataset, load_dataset
from collectors.intake import Input
from collectors.ledger import Counts, SourceCounts
from collectors.ledger import Report as CollectReport
from collectors.quarantine import Quarantined, Retried
from collectors.retry import Report as RetryReport
from collectors.retry import Retry
from correlator.match import Engine
from correlator.tick import Correlator
from correlator.tick import Report as TickReport
from haidang import durable
from haidang.errors import HaidangError, InputError, Problem, Unavailable
from haidang.model.alert import Alert
from haidang.model.instant import DAY, SECOND, Instant
from haidang.model.scope import Scope
from haidang.store.accounts import CENTRE, Account
from haidang.store.events.protocol import EventStore
from haidang.store.inventory import Inventory
from haidang.store.state import tables
from haidang.store.state.database import Database
from rules.fields import FieldMap, load_fields

MASK_KEY = "mask.key"
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Pass:
    """What one run of the correlator did."""

    tick: TickReport
    alerts: tuple[Alert, ...]

    def line(self) -> str:
        """One line for the log."""
        tick = self.tick
        return (
            f"ticks={tick.ticks} events={tick.events} matches={tick.matches} "
            f"detections={tick.detections} set_aside={tick.poisoned} alerts={len(self.alerts)}"
        )


@dataclass(frozen=True, slots=True)
class Soc:
    """The centre's side: rules, correlator, alerts, with their stores."""

    database: Database
    store: EventStore
    inventory: Inventory
    engine: Engine
    correlator: Correlator
    scope: Scope
    site: SiteRules
    modes: SiteModes
    idle: tuple[str, ...]

    def correlate(self, now: Instant) -> Pass:
        """The three transactions, for everything that the feed holds now."""
        note_modes(self.database, self.modes, now)
        tick = self.correlator.run(now)
        raised: dict[str, Alert] = {}
        while self._waiting():
            found = raise_alerts(self.database, self.store, self.inventory, now)
            raised.update((alert.id, alert) for alert in found)
        return Pass(tick, tuple(raised.values()))

    def _waiting(self) -> bool:
        with self.database.reading() as connection:
            count = select(func.count()).select_from(tables.detection)
            return bool(connection.execute(count).scalar_one())

    def warnings(self) -> Iterator[str]:
        """What people must know of the rules: left out, reading unmapped fields, badly told.

        Of imported sets only how much there is; `haidang rules report` says it all.
        """
        yield from self.idle
        yield from idle_exclusions(self.engine.calendar, self.site.rules)
        foreign: Counter[str] = Counter()
        for problem in self.engine.rules.problems:
            if name := self.site.set_of(problem.file):
                foreign[name] += 1
            else:
                yield f"rule left out: {problem}"
        for rule in self.engine.rules.rules:
            names = self.engine.unmapped(rule)
            if names and (name := self.site.set_of(rule.file)):
                foreign[name] += 1
            elif names:
                yield f"{rule.file}: no source here provides {', '.join(names)}; read as absent"
        for name, count in foreign.items():
            yield f"set {name}: {count} remarks, see `haidang rules report {name}`"
        cards = [(one.file, one.card) for one in self.engine.rules.rules]
        cards += [(one.file, one.card) for one in self.engine.rules.correlations]
        for file, card in cards:
            for language, text in card.sentences.items():
                for what in check_template(text):
                    yield f"{file}: haidang.sentence.{language}: {what}"


def set_aside(database: Database) -> list[tuple[str, str, str]]:
    """(rule, event, reason) of what could not be evaluated."""
    table = tables.poison
    with database.reading() as connection:
        rows = connection.execute(select(table.c.rule, table.c.event, table.c.reason))
        return [(row.rule, row.event, row.reason) for row in rows]


@dataclass(frozen=True, slots=True)
class Stores:
    """Both stores, and the scope of the centre's own console."""

    store: EventStore
    database: Database
    scope: Scope


@contextmanager
def open_stores(settings: Config) -> Iterator[Stores]:
    """Both stores of the profile. Raises InputError (secrets), Unavailable, HaidangError."""
    with closing(open_store(settings)) as store, closing(open_database(settings)) as database:
        yield Stores(store, database, Scope.system())


@contextmanager
def open_soc(settings: Config, now: Instant = 0) -> Iterator[Soc]:
    """The centre's side, with the rules that are on or in trial now; 0 expires no choice.

    Raises InputError (inventory, rules), Unavailable (stores).
    """
    inventory = Inventory.load(settings.inventory)
    allowance = settings.allowance_secs * SECOND
    with open_stores(settings) as one:
        fields = load_fields()
        site, modes = _rules(settings, one.database, fields, now)
        running = site.rules.running(modes.of("off"), modes.of("trial"))
        engine = Engine.of(running, fields, site_calendar(settings, inventory))
        correlator = Correlator(one.database, one.store, engine, one.scope, allowance)
        idle = tuple(idle_choices(settings, site))
        group_older(one.database, inventory)
        yield Soc(
            one.database, one.store, inventory, engine, correlator, one.scope, site, modes, idle
        )


@dataclass(frozen=True, slots=True)
class Modes:
    """The rules of a site with their modes, and the stores they are judged by."""

    database: Database
    store: EventStore
    scope: Scope
    fields: FieldMap
    site: SiteRules
    modes: SiteModes


@contextmanager
def open_modes(settings: Config, now: Instant) -> Iterator[Modes]:
    """The rules and their modes as of now, nothing compiled. Raises InputError, Unavailable."""
    with open_stores(settings) as one:
        fields = load_fields()
        site, modes = _rules(settings, one.database, fields, now)
        yield Modes(one.database, one.store, one.scope, fields, site, modes)


def _rules(
    settings: Config, database: Database, fields: FieldMap, now: Instant
) -> tuple[SiteRules, SiteModes]:
    site = site_rules(settings, used_versions(database))
    reached = reaches(site.rules, seen_providers(settings, ledger(settings)), fields)
    return site, site_modes(settings, site, reached, database, now)


@dataclass(frozen=True, slots=True)
class Collecting:
    """The collecting side: one pass reads the inputs, then does the store's housekeeping."""

    collector: Collector
    store: EventStore

    def totals(self) -> Counts:
        """What became of every record since the first start."""
        return self.collector.totals()

    def run_once(self, now: Instant) -> CollectReport:
        """Read everything there is; `now` is the receive time."""
        report = self.collector.run_once(now)
        if report.stopped:
            return report
        try:
            self.store.maintain(now)
        except HaidangError as error:
            what = f"housekeeping of the event store failed: {error}"
            return replace(report, warnings=(*report.warnings, what))
        return report


@contextmanager
def open_collecting(settings: Config) -> Iterator[Collecting]:
    """The collecting side. Raises InputError (inventory, data sets, inputs), Unavailable."""
    inventory = Inventory.load(settings.inventory)
    check_inputs(settings, inventory)
    names = sorted({one.dataset for one in settings.inputs})
    datasets = {name: load_dataset(name) for name in names}
    with closing(open_store(settings)) as store:
        wanted = _collect_settings(settings)
        with closing(_collector(wanted, datasets, store, inventory)) as collector:
            yield Collecting(collector, store)


@dataclass(frozen=True, slots=True)
class Quarantine:
    """What the collector committed to the quarantine; `retried` are the marks, by id."""

    path: Path
    length: int
    retried: Mapping[str, Retried]

    def records(self) -> Iterator[Quarantined]:
        """Every record, retried or not."""
        return quarantine.records(self.path, self.length) if self.length else iter(())

    def waiting(self) -> Iterator[Quarantined]:
        """Those that were not retried with success."""
        return (one for one in self.records() if one.id not in self.retried)


def quarantined(settings: Config) -> Quarantine:
    """The quarantine as it is committed; a collector may run. Raises InputError, OSError."""
    path = settings.data_dir / "quarantine.ndjson"
    try:
        length = offsets.load(settings.data_dir / "offsets.json").quarantine
    except FileNotFoundError:
        length = 0
    return Quarantine(path, length, quarantine.retried(path, length) if length else {})


def retry(settings: Config, chosen: Callable[[Quarantined], bool], now: Instant) -> RetryReport:
    """Parse chosen records of the quarantine again.

    Raises InputError, Unavailable, HaidangError (a collector runs), OSError.
    """
    inventory = Inventory.load(settings.inventory)
    check_inputs(settings, inventory)
    if not (settings.data_dir / "offsets.json").exists():
        return RetryReport()
    with closing(open_store(settings)) as store:
        wanted = _collect_settings(settings)
        return Retry(wanted, load_dataset, store, inventory.ownership).run(chosen, now)


def _collect_settings(settings: Config) -> CollectSettings:
    return CollectSettings(
        data_dir=data_folder(settings),
        inputs=tuple(_input(one) for one in settings.inputs),
        mask_key=mask_key(settings.data_dir),
    )


def _collector(
    wanted: CollectSettings,
    datasets: Mapping[str, Dataset],
    store: EventStore,
    inventory: Inventory,
) -> Collector:
    try:
        return Collector.open(wanted, datasets, store, inventory.ownership)
    except OSError as error:
        raise Unavailable(f"{error.filename or wanted.data_dir}: {error.strerror}") from error


def check_inputs(settings: Config, inventory: Inventory) -> None:
    """Raises InputError for inputs whose operator or zone the inventory does not know."""
    units = {unit.id for unit in inventory.records.units}
    zones = {zone.id for zone in inventory.records.zones}
    asked = [(one, "operator", one.operator, units) for one in settings.inputs]
    asked += [(one, "zone", one.zone, zones) for one in settings.inputs]
    problems = [
        Problem(*one.place, f"inputs.{one.name}.{key}", _unknown(given, known, settings.inventory))
        for one, key, given, known in asked
        if given not in known
    ]
    if problems:
        raise InputError(problems)


def units_scope(settings: Config, inventory: Inventory, asked: Collection[str]) -> Scope:
    """What these units may see. Raises InputError for one that the inventory does not know.

    A misspelt unit must not read as a unit without alerts.
    """
    units = {unit.id for unit in inventory.records.units}
    problems = [
        Problem("--unit", 0, "", _unknown(one, units, settings.inventory))
        for one in asked
        if one not in units
    ]
    if problems:
        raise InputError(problems)
    return Scope.of(asked)


def account_scope(account: Account) -> Scope:
    """What a person may see: the centre's roles everything, the others their units."""
    return Scope.system() if account.role in CENTRE else Scope.of(account.units)


def _unknown(given: str, known: Collection[str], inventory: Path) -> str:
    near = get_close_matches(given, known, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    some = ", ".join(sorted(known)[:20]) + (", …" if len(known) > 20 else "")
    return f"{given!r} is not in {inventory}; {hint}known: {some or 'none'}"


def mask_key(data_dir: Path) -> bytes:
    """The key under which masked values stay comparable; made at first use, readable by us only.

    Raises Unavailable, InputError (a short key would be guessed, and the masks undone).
    """
    path = data_dir / MASK_KEY
    try:
        if not path.exists():
            durable.write(path, secrets.token_bytes(_KEY_BYTES), "mask_key", mode=0o600)
        key = path.read_bytes()
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror}") from error
    if len(key) != _KEY_BYTES:
        what = "is damaged; restore it from a backup. Without it a new one is made, and the same"
        raise InputError(
            [Problem(str(path), 0, "", f"{what} value gets another mask from then on")]
        )
    return key


def ledger(settings: Config) -> tuple[SourceCounts, ...]:
    """What became of every framed record, by source, as the collector last committed it.

    Raises InputError (damaged), Unavailable.
    """
    path = settings.data_dir / "offsets.json"
    try:
        return offsets.load(path).by_source()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise Unavailable(f"{path}: cannot be read: {error.strerror}") from error


def _input(one: InputSettings) -> Input:
    return Input(
        name=one.name,
        path=one.path,
        dataset=one.dataset,
        operator=one.operator,
        zone=one.zone,
        host=one.host,
        timezone=one.timezone,
        ahead=one.max_ahead_secs * SECOND,
        behind=one.max_behind_days * DAY,
    )
