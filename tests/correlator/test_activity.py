"""When sources were heard: by minute, whatever the order of arrival, and only for who may know."""

from hypothesis import given, settings
from hypothesis import strategies as st

from correlator import activity
from correlator.activity import KEPT_DAYS, Day, sources
from haidang.model.event import encode
from haidang.model.instant import DAY, HOUR, MINUTE
from haidang.model.scope import Scope
from tests.support import state as stores
from tests.support.correlation import memory_database
from tests.support.feed import event
from tests.support.heard import MIDNIGHT, clock

cluster, state, database = stores.cluster, stores.state, stores.database
TODAY = activity.day_of(MIDNIGHT)


def note(database, *events, at=None):
    """Note them in a transaction of its own."""
    closing = max(one.received for one in events) if at is None else at
    with database.transaction("test") as connection:
        activity.note(connection, events, closing)


def read(database, scope=None, hosts=(), since=0):
    """What is known as of a day."""
    with database.reading() as connection:
        return sources(connection, scope or Scope(None), hosts, since)


def seen(number, at, received=None, host="web-1", **more):
    """An event of a host."""
    document = encode({"host": {"name": host}})
    return event(number, at=at, received=received, ecs=document, **more)


def test_minutes_count_by_receipt_and_by_event_time(database):
    """A day begins at midnight in Vietnam; a late line tells of both its times."""
    note(database, seen(1, MIDNIGHT - 2 * MINUTE, MIDNIGHT + 3 * MINUTE))
    note(database, seen(2, MIDNIGHT + 4 * MINUTE), seen(3, MIDNIGHT + 4 * MINUTE))

    (found,) = read(database)
    assert ("web-1", MIDNIGHT + 3 * MINUTE) == (found.host, found.first)
    assert (MIDNIGHT + 4 * MINUTE,) * 2 == (found.last, found.time)
    assert {
        TODAY - 1: Day(0, 1 << 1438, 0),
        TODAY: Day(0b11000, 0b10000, 3),
    } == found.days


def test_days_are_bounded_and_read_from_a_day_on(database):
    """A month is kept; a line of years ago is no row."""
    note(database, seen(1, MIDNIGHT), seen(2, MIDNIGHT - 400 * DAY, MIDNIGHT))
    note(database, seen(3, MIDNIGHT + (KEPT_DAYS - 1) * DAY))
    assert {TODAY, TODAY + KEPT_DAYS - 1} == read(database)[0].days.keys()
    assert {TODAY + KEPT_DAYS - 1} == read(database, since=TODAY + 1)[0].days.keys()

    note(database, seen(4, MIDNIGHT + KEPT_DAYS * DAY))
    assert TODAY not in read(database)[0].days


def test_unit_sees_what_it_operates_and_what_its_hosts_send(database):
    """The rest does not exist for it, days neither; the name is folded as in the inventory."""
    for number, (source, operator, host) in enumerate(
        [("a", "u1", "x"), ("b", "u2", "Máy-1"), ("c", "u2", "y")]
    ):
        note(database, seen(number, MIDNIGHT, host=host, source=source, operator=operator))

    def visible(*units, hosts=()):
        return [one.id for one in read(database, Scope.of(units), hosts)]

    assert ["a"] == visible("u1")
    assert ["b", "a"] == visible("u1", hosts=[("zone", "máy-1")])
    assert [] == visible("u1x", hosts=[("elsewhere", "máy-1")])
    assert [] == visible()
    assert ["a", "b", "c"] == sorted(one.id for one in read(database))


def test_unreadable_event_is_a_sign_of_life(database):
    """Its source keeps the host that an earlier event named."""
    note(database, seen(1, MIDNIGHT))
    note(database, event(2, at=clock(1), ecs=b"{"))

    (found,) = read(database)
    assert ("web-1", clock(1)) == (found.host, found.last)


TIMES = st.integers(0, 3 * 24 * 60 - 1).map(lambda minute: MIDNIGHT + minute * MINUTE)


@settings(max_examples=15)
@given(st.lists(st.tuples(TIMES, TIMES, st.sampled_from("ab")), min_size=1, max_size=12), st.data())
def test_order_and_batches_change_nothing(lines, data):
    """The same events in any order, in any pages, leave the same rows."""
    events = [
        seen(number, happened, received, source=source)
        for number, (happened, received, source) in enumerate(lines)
    ]
    mixed = data.draw(st.permutations(events))
    cut = data.draw(st.integers(0, len(mixed)))
    closing = MIDNIGHT + 4 * DAY + HOUR

    def rows(*pages):
        opened = memory_database()
        for page in pages:
            if page:
                note(opened, *page, at=closing)
        return read(opened)

    assert rows(events) == rows(mixed[:cut], mixed[cut:])
