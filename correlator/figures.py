"""What the correlator counts of its own work, for `/metrics`; durable, and each thing once."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection

from haidang.model.detection import Match
from haidang.model.event import Event
from haidang.model.instant import SECOND, Instant
from haidang.store.state import counters

EVENTS, MATCHES, FAILED = "events", "matches", "evaluations_failed"
EXCLUDED = "matches_excluded"
RULE_MATCHES = "rule_matches"  # by rule, without the excluded ones
LAG, LAG_SUM = "evaluation_lag", "evaluation_lag_sum"  # by bucket; microseconds
TICKS, DETECTIONS = "ticks", "detections"

# Upper bounds of the delays from receipt to evaluation, in seconds; above the last is one more.
BUCKETS = (1, 5, 15, 30, 60, 120, 300, 900, 3600, 14_400)


def matched(
    connection: Connection,
    events: Sequence[Event],
    matches: Sequence[Match],
    failed: int,
    closing: Instant,
) -> None:
    """Count a page of the feed that was matched in the tick that closes at `closing`."""
    lags = [max(0, closing - event.received) for event in events]
    found = Counter({(EVENTS, ""): len(events), (MATCHES, ""): len(matches), (FAILED, ""): failed})
    found[LAG_SUM, ""] = sum(lags)
    found.update((LAG, bucket(lag)) for lag in lags)
    found[EXCLUDED, ""] = sum(1 for match in matches if match.excluded)
    found.update((RULE_MATCHES, match.rule) for match in matches if not match.excluded)
    counters.add(connection, found)


def bucket(lag: Instant) -> str:
    """The bucket of a delay: the smallest bound that is not below it, or `+Inf`."""
    at = bisect_left(BUCKETS, lag / SECOND)
    return str(BUCKETS[at]) if at < len(BUCKETS) else "+Inf"


def correlated(connection: Connection, ticks: int, detections: int) -> None:
    """Count a tick that ended, or a correlation that was replayed."""
    counters.add(connection, {(TICKS, ""): ticks, (DETECTIONS, ""): detections})
