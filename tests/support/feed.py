"""What tests of ticks share: an event store in memory, events for it, engines of small rules."""

from correlator.match import Engine
from haidang.errors import Unavailable
from haidang.model.event import Event, encode
from haidang.model.instant import SECOND
from haidang.store.events.protocol import START, Page, Receipt
from rules.fields import load_fields
from rules.load import load

NOON = 1_800_000_000 * SECOND

LEAF = """\
title: {name}
id: {name}
name: {name}
status: test
level: low
logsource: {{category: webserver}}
detection: {{s: {{url.path|contains: {word}}}, condition: s}}
"""
COUNT = """\
title: {name}
id: {name}
name: {name}
status: test
level: high
correlation:
  type: event_count
  rules: [{of}]
  group-by: [source.ip]
  timespan: {span}
  condition: {{{condition}}}
"""
ORDER = """\
title: {name}
id: {name}
name: {name}
status: test
level: high
correlation:
  type: temporal_ordered
  rules: [{of}]
  group-by: [source.ip]
  timespan: {span}
"""


def leaf(name, word=None):
    """A rule that matches events whose path holds a word (its own name, if none is given)."""
    return LEAF.format(name=name, word=word or name)


def count(name, of, span="1m", condition="gte: 3"):
    """A correlation that counts."""
    return COUNT.format(name=name, of=of, span=span, condition=condition)


def order(name, *of, span="1m"):
    """A correlation that wants its rules in order."""
    return ORDER.format(name=name, of=", ".join(of), span=span)


def engine_of(folder, *documents):
    """The engine of these rules, read from a file as always."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rules.yml").write_text("---\n".join(documents), encoding="utf-8")
    loaded = load([folder])
    assert not loaded.problems
    return Engine.of(loaded, load_fields())


def event(number, word="probe", at=None, received=None, **changes):
    """The event of this number, a second after the one before it."""
    time = NOON + number * SECOND if at is None else at
    document = {
        "url": {"path": f"/{word}"},
        "source": {"ip": "203.0.113.7"},
        "haidang": {"logsource": [{"category": "webserver"}]},
    }
    fields = {
        "id": f"e{number:05}",
        "time": time,
        "received": time if received is None else received,
        "source": "source-1",
        "dataset": "nginx.access",
        "operator": "op",
        "affected": ("unit",),
        "zone": "zone",
        "level": 2,
        "ecs": encode(document),
    }
    return Event(**{**fields, **changes})


class MemoryStore:
    """A feed in a list; `fail_at` makes the read number so many raise Unavailable, once."""

    def __init__(self, events=()):
        self.events = list(events)
        self.dropped = 0
        self.fail_at = None
        self.searched = []
        self.reads = 0

    def append(self, batch):
        """Accept events."""
        self.events += batch
        return Receipt(self.head())

    def head(self):
        """How many there are."""
        return str(len(self.events)) if self.events else START

    def read(self, scope, after, limit, until=None):
        """A page; events from `dropped` on are gone, as after retention."""
        self.reads += 1
        if self.fail_at == self.reads:
            raise Unavailable("the store is away")
        start = int(after or 0)
        stop = len(self.events) if until is None else int(until or 0)
        stop = min(start + limit, stop, len(self.events) - self.dropped)
        page = self.events[start:stop]
        return Page(page, str(stop) if page else after)

    def search(self, scope, wanted, between, limit=1000):
        """Events of a range of time."""
        self.searched.append(between)
        found = [one for one in self.events if between.start <= one.time < between.end]
        return sorted(found, key=lambda one: (one.time, one.id))[:limit]
