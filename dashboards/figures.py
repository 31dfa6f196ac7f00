"""Where the figures of `/metrics` come from: the state store, the collector's folder, the disk."""

import os
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from queue import Empty, SimpleQueue

from sqlalchemy import Connection, func, select

from alerts.grouping import OPEN
from alerts.raising import RAISED, REVISED
from collectors import offsets
from collectors.lock import last_pass
from correlator import figures
from correlator.health import Health
from correlator.tick import last_tick
from dashboards.metrics import MOST, Part, Sample
from haidang import __version__
from haidang.errors import HaidangError, Unavailable
from haidang.model.detection import LEVELS
from haidang.model.instant import SECOND, Instant
from haidang.store.state import counters, tables
from haidang.store.state.counters import Counters
from haidang.store.state.database import Database
from rules.modes import MODES

PATIENCE_SECS = 5.0  # Prometheus gives a scrape 10 s
THREAD = "figures"

_COUNTED = {
    "haidang_ticks_total": figures.TICKS,
    "haidang_events_evaluated_total": figures.EVENTS,
    "haidang_evaluations_failed_total": figures.FAILED,
    "haidang_matches_total": figures.MATCHES,
    "haidang_matches_excluded_total": figures.EXCLUDED,
    "haidang_detections_total": figures.DETECTIONS,
}
_BY_LEVEL = {"haidang_alerts_raised_total": RAISED, "haidang_alerts_revised_total": REVISED}


def parts(
    database: Database, read: Callable[[], Health], data_dir: Path, profile: str
) -> Mapping[str, Part]:
    """Every part of the figures by its name in `haidang_scrape_errors`; `read` sees everything."""
    return {
        "build": lambda _now: [("haidang_build_info", (__version__, profile), 1)],
        "state": patient(lambda now: list(state(database, now)), PATIENCE_SECS),
        "health": patient(lambda _now: list(health(read())), PATIENCE_SECS),
        "records": lambda now: records(data_dir, now),
        "disk": lambda _now: disk(data_dir),
    }


def patient(part: Callable[[Instant], list[Sample]], secs: float) -> Part:
    """The part, given up after `secs`: a server that does not answer must not cost the others.

    While a call that was given up still waits, the next ones fail at once.
    """
    free = threading.Lock()

    def ask(now: Instant, answers: SimpleQueue[list[Sample] | HaidangError]) -> None:
        try:
            answers.put(part(now))
        except HaidangError as error:
            answers.put(error)
        finally:
            free.release()

    def asked(now: Instant) -> list[Sample]:
        if not free.acquire(blocking=False):
            raise Unavailable("the last answer is still awaited")
        answers: SimpleQueue[list[Sample] | HaidangError] = SimpleQueue()
        threading.Thread(target=ask, args=(now, answers), name=THREAD, daemon=True).start()
        try:
            answer = answers.get(timeout=secs)
        except Empty:
            raise Unavailable(f"no answer in {secs:.0f} s") from None
        if isinstance(answer, HaidangError):
            raise answer
        return answer

    return asked


def records(data_dir: Path, now: Instant) -> Iterator[Sample]:
    """What became of every record; nothing where no collector uses this folder."""
    passed = last_pass(data_dir)
    if passed is None:
        return
    yield "haidang_collector_lag_seconds", (), _secs(max(0, now - passed))
    try:
        found = offsets.load(data_dir / "offsets.json").by_dataset()
    except FileNotFoundError:
        return
    for dataset, counts in found.items():
        at = (dataset,)
        yield "haidang_records_read_total", at, counts.read
        yield "haidang_records_indexed_total", at, counts.indexed
        yield "haidang_records_quarantined_total", at, counts.quarantined + counts.retried
        yield "haidang_records_retried_total", at, counts.retried
        yield "haidang_events_derived_total", at, counts.derived
        yield "haidang_quarantine_records", at, counts.quarantined
        for reason, count in counts.dropped.items():
            yield "haidang_records_dropped_total", (dataset, reason), count


def disk(data_dir: Path) -> Iterator[Sample]:
    """The data folder and its file system. Raises OSError."""
    usage = shutil.disk_usage(data_dir)
    yield "haidang_data_dir_used_bytes", (), _size(data_dir)
    yield "haidang_data_dir_free_bytes", (), usage.free
    yield "haidang_data_dir_size_bytes", (), usage.total


def _size(folder: Path) -> int:
    """Bytes of all files below; one that is removed meanwhile is none."""
    size, folders = 0, [os.fspath(folder)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        size += entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            continue
    return size


def state(database: Database, now: Instant) -> Iterator[Sample]:
    """What correlator and alert stage did and hold, as of one moment. Raises HaidangError."""
    with database.reading() as connection:
        counted = counters.read(connection)
        yield from _correlator(connection, counted, now)
        yield from _rules(connection, counted)
        yield from _alerts(connection, counted, now)


def _correlator(connection: Connection, counted: Counters, now: Instant) -> Iterator[Sample]:
    for name, counter in _COUNTED.items():
        yield name, (), counted.get((counter, ""), 0)
    bounds = (*map(str, figures.BUCKETS), "+Inf")
    below = list(accumulate(counted.get((figures.LAG, bound), 0) for bound in bounds))
    for bound, count in zip(bounds, below, strict=True):
        yield "haidang_evaluation_lag_seconds_bucket", (bound,), count
    yield "haidang_evaluation_lag_seconds_count", (), below[-1]
    yield "haidang_evaluation_lag_seconds_sum", (), _secs(counted.get((figures.LAG_SUM, ""), 0))
    tick = last_tick(connection)
    if tick.reached:
        yield "haidang_feed_lag_seconds", (), _secs(max(0, now - tick.reached))
    if last := tick.closing if tick.done else tick.since:
        yield "haidang_last_evaluation_timestamp_seconds", (), _secs(last)


def _rules(connection: Connection, counted: Counters) -> Iterator[Sample]:
    mode, poison = tables.rule_mode.c, tables.poison.c
    by_mode = select(mode.mode, func.count()).group_by(mode.mode)
    yield from (("haidang_rules", (one,), 0) for one in MODES)
    for name, count in connection.execute(by_mode):
        yield "haidang_rules", (name,), count
    failing = select(func.count(poison.rule.distinct()))
    yield "haidang_rules_failing", (), connection.execute(failing).scalar_one()
    running = select(mode.rule).where(mode.mode == "on").order_by(mode.rule).limit(MOST)
    named = set(connection.execute(running).scalars())
    sums: Counter[str] = Counter()
    for (name, rule), count in counted.items():
        if name == figures.RULE_MATCHES:
            sums[rule if rule in named else ""] += count
    yield from (("haidang_rule_matches_total", (rule,), count) for rule, count in sums.items())


def _alerts(connection: Connection, counted: Counters, now: Instant) -> Iterator[Sample]:
    for name, counter in _BY_LEVEL.items():
        for level in LEVELS:
            yield name, (level,), counted.get((counter, level), 0)
    group = tables.alert_group.c
    opened = (
        select(
            group.level,
            func.count().label("groups"),
            func.sum(group.alerts).label("alerts"),
            func.min(group.raised).label("oldest"),
        )
        .where(group.state == OPEN)
        .group_by(group.level)
    )
    found = {row.level: row for row in connection.execute(opened)}
    for level in (*LEVELS, *(found.keys() - {*LEVELS})):
        row = found.get(level)
        yield "haidang_alert_groups_open", (level,), row.groups if row else 0
        yield "haidang_alerts_open", (level,), int(row.alerts) if row else 0
        oldest = _secs(max(0, now - row.oldest)) if row else 0
        yield "haidang_alert_open_oldest_seconds", (level,), oldest


def health(found: Health) -> Iterator[Sample]:
    """Who is heard, and what of that somebody must look at."""
    states = Counter({"receiving": 0, "silent": 0, "off": 0})
    states.update(one.state for one in found.sources)
    yield from (("haidang_sources", (name,), count) for name, count in states.items())
    open_ = Counter(one.kind for one in found.findings if not one.end and not one.explained)
    yield "haidang_sources_silent", (), open_["silent"]
    yield "haidang_lines_down", (), open_["line_down"]
    yield "haidang_units_unseen", (), len(found.blind)


def _secs(span: Instant) -> float:
    return span / SECOND
