"""The DHCP lease under which a private address was a machine's when the detection began.

Looked for in the event store, in the detection's zone, as each of the alert's readers sees it: the
sentence that names the machine is theirs. RFC 2131: a lease holds from its ACK for `lease_time`,
unless the client gives it back (RELEASE, DECLINE) or another client gets the address. A client
that joins the network asks for an address (DISCOVER, or a REQUEST with option 50, section 4.3.2);
one that renews its lease does not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter

from alerts.evidence import Evidence, copy_event
from alerts.template import Reference, parse_template, references
from haidang.model.detection import Card, Detection
from haidang.model.event import Document, Event
from haidang.model.fields import first_text, values
from haidang.model.fold import fold
from haidang.model.instant import DAY, MINUTE, SECOND, Instant
from haidang.model.scope import Scope
from haidang.model.zone import is_private, parse_address
from haidang.store.events.protocol import Clause, EventStore, Filter, Range

LEASE = "dhcp-lease"  # what the copy of a lease has in place of the rule that it matched

# How far back a lease is looked for: the last day holds most, Windows Server leases last 8 days.
_BACK = (DAY, 8 * DAY)
_MOST = 10_000
_QUIET: Instant = 30 * MINUTE
_RECORD = "zeek.dhcp."
_ENDS = frozenset({"RELEASE", "DECLINE"})
_FACTS = frozenset({"machine", "switched_on"})


@dataclass(frozen=True, slots=True)
class Lease:
    """The copy of the lease's event; `came_up`: the address had been silent and then joined."""

    copy: Evidence
    came_up: bool

    @property
    def host(self) -> str:
        """The name that the client gave itself, "" for none."""
        return first_text(self.copy.document(), "client.domain").strip(" -")


def needs_lease(card: Card) -> bool:
    """Whether a sentence of the rule tells of the machine behind an address."""
    return any(
        isinstance(one, Reference) and one.part == "fact" and one.path in _FACTS
        for text in card.sentences.values()
        for one in references(parse_template(text))
    )


def address_of(detection: Detection, copies: Mapping[str, Evidence]) -> str:
    """The address that the detection is about: the group's, else its first told event's."""
    grouped = detection.group.get("source.ip", "")
    told = sorted(
        (one for one in detection.members if one.told and one.event in copies),
        key=attrgetter("time", "event"),
    )
    found = (first_text(copies[one.event].document(), "source.ip") for one in told)
    return grouped or next(filter(None, found), "")


def find_lease(store: EventStore, detection: Detection, address: str) -> Lease | None:
    """The lease that was valid when the episode began; None for none. Raises Unavailable."""
    if not is_private(address):
        return None
    address = str(parse_address(address))
    at = detection.episode.start
    wanted = Filter((Clause("event.dataset", "equals", "zeek.dhcp"), _is("client.ip", address)))
    for back in _BACK:
        found = list(_seen(store, detection, wanted, Range(at - back, at + 1)))
        last = next((one for one in reversed(found) if _decides(one.document(), address)), None)
        if last is not None:
            return _valid(store, detection, last, address)
    return None


def _valid(store: EventStore, detection: Detection, last: Event, address: str) -> Lease | None:
    document = last.document()
    ended = not _ENDS.isdisjoint(_messages(document))
    if ended or last.time + _length(document) <= detection.episode.start:
        return None
    before = Range(last.time - _QUIET, last.time)
    heard = any(_seen(store, detection, Filter((_is("source.ip", address),)), before))
    return Lease(copy_event(last, LEASE), _joins(document) and not heard)


def _seen(
    store: EventStore, detection: Detection, wanted: Filter, between: Range
) -> Iterable[Event]:
    """Events of the detection's zone that all readers of the alert may see."""
    readers = [Scope.of([unit]) for unit in detection.readers]
    for event in store.search(Scope.of(detection.units), wanted, between, limit=_MOST):
        everybody = all(one.sees(event.operator, event.affected) for one in readers)
        if everybody and event.zone == detection.zone:
            yield event


def _is(field: str, address: str) -> Clause:
    return Clause(field, "equals", address)


def _decides(document: Document, address: str) -> bool:
    """Whether the conversation gave this address to a client, or took it back."""
    messages = _messages(document)
    given = fold(first_text(document, f"{_RECORD}assigned_addr")) == fold(address)
    return ("ACK" in messages and given) or not _ENDS.isdisjoint(messages)


def _joins(document: Document) -> bool:
    asked = first_text(document, f"{_RECORD}requested_addr")
    return bool(asked) or "DISCOVER" in _messages(document)


def _messages(document: Document) -> set[str]:
    found = values(document, f"{_RECORD}msg_types")
    return {one for one in found if isinstance(one, str)}


def _length(document: Document) -> Instant:
    """The lease's length; 0 where the record has none (an answer to INFORM is no lease)."""
    found = values(document, f"{_RECORD}lease_time")
    seconds = found[0] if found and isinstance(found[0], int | float) else 0
    return int(max(0, min(seconds, 2**32)) * SECOND)
