"""Each trap is silent, and its twin (the same lines a little elsewhere) tells.

The twin of the power cut is a matter of sources, not of rules: see the tests of their health.
"""

from dataclasses import dataclass, replace
from functools import cache

import pytest
from sqlalchemy import select

from app.demo import trap_news, trap_passwords, trap_scan, trap_signature, trap_support
from app.demo.announced import calendar_yaml
from app.demo.configuration import inventory_yaml, sources
from app.demo.logs import KINDS, lines_of, log_path
from app.demo.windows import WindowsEvent
from app.demo.world import make_world
from app.rulesets import own_folders
from collectors.dataset import load_dataset
from collectors.record import Context
from correlator import exclusions
from correlator.match import Engine
from correlator.tally import tallies
from correlator.tick import Correlator
from haidang.model.event import Event, encode
from haidang.model.fields import put
from haidang.model.ids import make_id
from haidang.model.instant import DAY, HOUR, MINUTE, VIETNAM
from haidang.model.packing import unpack_detection
from haidang.model.scope import Scope
from haidang.store.calendar import Calendar
from haidang.store.inventory import Inventory
from haidang.store.state import tables
from rules.fields import load_fields
from rules.load import load
from tests.support.correlation import memory_database
from tests.support.feed import MemoryStore

SEEDS = pytest.mark.parametrize("seed", [1, 2])
TRIAL = "app_document_signed_outside_hours"
SCANNED = {"web_path_traversal_answered", "web_scanner_user_agent", "web_sql_injection_answered"}


@dataclass(frozen=True)
class Told:
    """What became of some acts: rules that tell, matches by exclusion and by rule."""

    rules: list
    excluded: dict
    counted: dict


@cache
def rules():
    """Our rules, read once."""
    return load(own_folders())


@pytest.fixture
def tell(tmp_path):
    """Play acts of a world's day against our rules; `edit` changes the text of its calendar."""

    def told(world, acts, *, edit=lambda text: text, trial=True):
        (tmp_path / "inventory.yml").write_text(inventory_yaml(world), encoding="utf-8")
        (tmp_path / "calendar.yml").write_text(edit(calendar_yaml(world)), encoding="utf-8")
        inventory = Inventory.load(tmp_path / "inventory.yml")
        calendar = Calendar.load(tmp_path / "calendar.yml", inventory)
        quiet = [one.card.id for one in rules().rules if one.card.status == "experimental"]
        running = rules().running((), quiet if trial else ())
        return outcome(Engine.of(running, load_fields(), calendar), events(world, inventory, acts))

    return told


def outcome(engine, found):
    """What the correlator leaves of these events."""
    database, end = memory_database(), max(one.time for one in found) + DAY
    Correlator(database, MemoryStore(found), engine, Scope.system(), 15 * MINUTE).run(end)
    with database.reading() as connection:
        rows = connection.execute(select(tables.detection.c.payload)).scalars()
        detections = [unpack_detection(row) for row in rows]
        excluded = {id_: one.matches for id_, one in exclusions.counted(connection, end).items()}
        names = {one.card.id: one.card.name for one in rules().rules}
        counted = {names.get(id_, id_): one.week for id_, one in tallies(connection, end).items()}
    return Told(sorted({one.card.name for one in detections}), excluded, counted)


def events(world, inventory, acts):
    """The events that collection makes of the acts' lines, in order of time."""
    inputs = {log_path(one.host.name, one.kind): one for one in sources(world)}
    found = []
    for path, lines in lines_of(world.seed, acts).items():
        source = inputs[path]
        dataset = load_dataset(KINDS[source.kind].dataset)
        context, kept = Context(source.host.name, VIETNAM), {}
        for number, (_moment, line) in enumerate(lines):
            masked = dataset.mask(line.rstrip(b"\n"), b"a key of these tests")
            for parsed in dataset.parse(masked, context, kept):
                put(parsed.document, "host.name", source.host.name)
                zone, when = source.host.zone, parsed.time
                owner = inventory.ownership(parsed.document, source.operator, zone, when)
                found.append(
                    Event(
                        make_id(path, number),
                        when,
                        when,
                        path,
                        dataset.name,
                        owner.operator,
                        owner.affected,
                        owner.zone,
                        owner.level,
                        encode(parsed.document),
                    )
                )
    return sorted(found, key=lambda one: one.time)


def later(acts, span):
    """The same acts at another time."""
    return [replace(act, moment=act.moment + span, what=_moved(act.what, span)) for act in acts]


def _moved(what, span):
    return replace(what, moment=what.moment + span) if isinstance(what, WindowsEvent) else what


@SEEDS
def test_the_licensed_scan_is_counted_and_nobody_is_told(tell, seed):
    """Every match of it is LT-03's."""
    world = make_world(seed)
    told = tell(world, trap_scan.acts(world))

    assert [] == told.rules
    assert told.excluded["LT-03"] > 0
    assert {} == told.counted


@pytest.mark.parametrize("twin", ["later", "expired", "elsewhere"])
def test_the_same_scan_outside_its_exclusion_tells(tell, twin):
    """An hour later; after the exclusion has ended; agreed for another address."""
    world = make_world(1)
    address = trap_scan.licensed_scan(world).address
    edits = {
        "later": str,
        "expired": lambda text: text.replace("'2026-11-30'", "'2026-11-17'"),
        "elsewhere": lambda text: text.replace(address, "203.0.113.250"),
    }
    acts = list(trap_scan.acts(world))
    told = tell(world, later(acts, HOUR) if twin == "later" else acts, edit=edits[twin])

    assert SCANNED & set(told.rules)
    assert {} == told.excluded


@SEEDS
def test_the_evening_signature_is_counted_in_trial(tell, seed):
    """The rule watches an account's hours: it is experimental, so nobody is told."""
    world = make_world(seed)
    told = tell(world, trap_signature.acts(world))

    assert ([], {TRIAL: 1}) == (told.rules, told.counted)


def test_the_same_signature_tells_where_the_rule_is_on(tell):
    """And by day it is nothing at all."""
    world = make_world(1)
    acts = list(trap_signature.acts(world))

    assert [TRIAL] == tell(world, acts, trial=False).rules
    by_day = tell(world, later(acts, -12 * HOUR), trial=False)
    assert ([], {}) == (by_day.rules, by_day.counted)


@SEEDS
def test_a_news_item_about_betting_is_no_planted_page(tell, seed):
    """Whatever words it holds, it does not lie under a folder of uploads."""
    world = make_world(seed)

    assert [] == tell(world, trap_news.acts(world)).rules


def test_the_same_words_under_a_folder_of_uploads_tell(tell):
    """The same reads, of pages that lie where attachments do, sent on to elsewhere."""
    world = make_world(1)
    acts = []
    for number, act in enumerate(trap_news.acts(world)):
        target = act.what.target.partition("?")[0].replace("/tin-tuc/", f"/uploads/{number}/")
        acts.append(replace(act, what=replace(act.what, target=target, status=302)))

    assert ["web_gambling_pages"] == tell(world, acts).rules


@SEEDS
def test_remote_support_inside_its_window_is_silent(tell, seed):
    """The vendor's program runs on the agreed host in the agreed hour."""
    world = make_world(seed)

    assert [] == tell(world, trap_support.acts(world)).rules


@pytest.mark.parametrize("twin", ["later", "another host", "another kind"])
def test_the_same_support_outside_its_window_tells(tell, twin):
    """An hour later; agreed for another machine; agreed as something else."""
    world = make_world(1)
    edits = {
        "later": str,
        "another host": lambda text: text.replace(world.offices[1].name, world.offices[0].name),
        "another kind": lambda text: text.replace("remote_support", "maintenance"),
    }
    acts = list(trap_support.acts(world))
    told = tell(world, later(acts, HOUR) if twin == "later" else acts, edit=edits[twin])

    assert ["win_remote_support_tool"] == told.rules


@SEEDS
def test_four_wrong_passwords_and_the_right_one_are_a_person(tell, seed):
    """They are counted, as every match is."""
    world = make_world(seed)
    told = tell(world, trap_passwords.acts(world))

    assert ([], 4) == (told.rules, told.counted["win_failed_interactive_logon"])


def test_ten_wrong_passwords_and_the_right_one_tell(tell):
    """The same lines, the wrong ones three times over."""
    world = make_world(1)
    *wrong, right = trap_passwords.acts(world)
    acts = [*later(wrong, -4 * MINUTE), *later(wrong, -2 * MINUTE), *wrong, right]

    assert ["win_guessed_interactive_logon"] == tell(world, acts).rules
