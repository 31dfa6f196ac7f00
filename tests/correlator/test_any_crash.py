"""Every kind of correlation through a crash at each commit: the same alerts as without."""

import pytest
from sqlalchemy import select

from correlator.tick import Correlator
from haidang import durable
from haidang.model.event import encode
from haidang.model.instant import DAY, HOUR, MINUTE, SECOND
from haidang.model.packing import unpack_detection
from haidang.model.scope import Scope
from haidang.store.state import tables
from tests.support.correlation import memory_database
from tests.support.feed import NOON, MemoryStore, engine_of, event, leaf

NOW = NOON + HOUR
KIND = """\
title: {name}
id: {name}
name: {name}
status: test
level: high
correlation:
  type: {kind}
  rules: [{of}]
  group-by: [{by}]
  timespan: 30s
  condition: {condition}
  generate: true
  aliases: {aliases}
"""
ALIASES = "{who: {probe: user.name, shell: user.target.name}}"


def kind(name, kind, condition, of="probe", by="source.ip", aliases="{}"):
    """A correlation document."""
    return KIND.format(name=name, kind=kind, condition=condition, of=of, by=by, aliases=aliases)


RULES = (
    leaf("probe"),
    leaf("shell"),
    kind("values", "value_count", "{field: [user.name, url.path], gte: 3}"),
    kind("few-values", "value_count", "{field: user.name, lte: 1}"),
    kind("sum", "value_sum", "{field: source.bytes, gt: 30.5}"),
    kind("mean", "value_avg", "{field: source.bytes, gte: 4, lt: 9}"),
    kind("share", "value_percentile", "{field: source.bytes, percentile: 90, lt: 8}"),
    kind("any", "temporal", "{}", of="shell, probe", by="who", aliases=ALIASES),
    kind("without", "temporal", "probe and not shell", of="probe, shell"),
    kind("order", "temporal_ordered", "probe and shell", of="probe, shell"),
    kind("story", "temporal", "{}", of="values, order", by="user.name"),
)

NAMES = {"probe", "shell", "values", "few-values", "sum", "mean", "share"}
NAMES |= {"any", "without", "order", "story"}


class Crash(BaseException):
    """The process dies here."""


def events():
    """Probes and a few shells over two minutes, of three accounts."""
    for number in range(40):
        word = "shell" if number % 9 == 4 else f"probe{number % 5}"
        user = "abc"[number % 3]
        document = {
            "url": {"path": f"/{word}"},
            "source": {"ip": "203.0.113.7", "bytes": number % 11},
            "user": {"name": user, "target": {"name": user}},
            "haidang": {"logsource": [{"category": "webserver"}]},
        }
        at = NOON + number * (3 if number < 20 else 40) * SECOND
        yield event(number, at=at, ecs=encode(document))


def alerts(correlator, database):
    """(rule, alert, start, end, events, value) of each detection's last word, sorted."""
    correlator.run(NOW + MINUTE)
    correlator.run(NOW + DAY)
    with database.reading() as connection:
        rows = connection.execute(select(tables.detection).order_by(tables.detection.c.id)).all()
    last = {one.alert: one for one in (unpack_detection(row.payload) for row in rows)}
    return sorted(
        (
            one.card.name,
            one.alert,
            one.episode.start,
            one.episode.end,
            one.episode.events,
            one.value,
        )
        for one in last.values()
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "point",
    [
        "tick.after_commit",
        "replay.before_commit",
        "match.after_commit",
        "correlate.before_commit",
        "correlate.after_commit",
    ],
)
def test_a_crash_changes_no_alert_of_any_kind(point, tmp_path, database):
    """Ids, episodes and values are those of a run that nothing interrupted."""
    engine = engine_of(tmp_path / "rules", *RULES)

    def built(on):
        return Correlator(on, MemoryStore(events()), engine, Scope.system(), 5 * SECOND)

    def hook(passed):
        if passed == point:
            raise Crash

    quiet = memory_database()
    undisturbed = built(quiet)
    undisturbed.run(NOW)
    expected = alerts(undisturbed, quiet)
    crashed = built(database)
    token = durable.HOOK.set(hook)
    with pytest.raises(Crash):
        crashed.run(NOW)
    durable.HOOK.reset(token)

    assert expected == alerts(crashed, database)
    assert NAMES == {name for name, *_rest in expected}
