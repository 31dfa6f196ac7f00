"""Hải Đăng's own figures in Prometheus' text format.

Whatever stands in the logs, the number of series is bounded: a label has a fixed set of values, or
at most `MOST` of them, and everything else is counted under `other`.
"""

import re
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from prometheus_client import Metric, generate_latest
from prometheus_client.registry import Collector

from collectors.dataset import dataset_names
from haidang.errors import HaidangError
from haidang.model.detection import LEVELS
from haidang.model.instant import Instant
from rules.modes import MODES

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OTHER = "other"
MOST = 300  # series of one family, besides that of `other`
DROP_RULES = ("blank-line", "header", "xml-frame")  # what collectors drop records by
LABELS: Mapping[str, Collection[str]] = {
    "dataset": frozenset(dataset_names()),
    "severity": LEVELS,
    "mode": MODES,
    "reason": DROP_RULES,
    "state": ("receiving", "silent", "off"),
}
_PLAIN = re.compile(r"[A-Za-z0-9_.+-]{1,64}")

# A sample: its full name, label values in the order of the family's labels, and the value.
Sample: TypeAlias = tuple[str, tuple[str, ...], float]
# Where figures come from. Raises HaidangError, OSError where they cannot be had now.
Part: TypeAlias = Callable[[Instant], Iterable[Sample]]


@dataclass(frozen=True, slots=True)
class Family:
    """A metric: its name without the suffixes of a histogram's samples, kind, meaning, labels."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()

    @property
    def samples(self) -> tuple[str, ...]:
        """The names under which its samples stand."""
        if self.kind != "histogram":
            return (self.name,)
        return tuple(f"{self.name}_{suffix}" for suffix in ("bucket", "count", "sum"))

    def labels_of(self, sample: str) -> tuple[str, ...]:
        """The labels of one of its samples."""
        return (*self.labels, "le") if sample.endswith("_bucket") else self.labels


FAMILIES = (
    Family("haidang_build_info", "gauge", "Version and profile; always 1.", ("version", "profile")),
    Family(
        "haidang_scrape_errors", "gauge", "1 where this part of the figures is missing.", ("part",)
    ),
    Family("haidang_records_read_total", "counter", "Records framed.", ("dataset",)),
    Family("haidang_records_indexed_total", "counter", "Records that are events.", ("dataset",)),
    Family(
        "haidang_records_quarantined_total",
        "counter",
        "Records that went to the quarantine.",
        ("dataset",),
    ),
    Family(
        "haidang_records_retried_total",
        "counter",
        "Records that left the quarantine again: indexed or dropped.",
        ("dataset",),
    ),
    Family(
        "haidang_records_dropped_total",
        "counter",
        "Records left out by a named rule.",
        ("dataset", "reason"),
    ),
    Family(
        "haidang_events_derived_total",
        "counter",
        "Events made of several records, in addition to theirs.",
        ("dataset",),
    ),
    Family("haidang_quarantine_records", "gauge", "Records waiting there.", ("dataset",)),
    Family("haidang_collector_lag_seconds", "gauge", "Since the collector's last whole pass."),
    Family("haidang_feed_lag_seconds", "gauge", "Since all received events were evaluated."),
    Family(
        "haidang_last_evaluation_timestamp_seconds", "gauge", "When the correlator's last tick was."
    ),
    Family("haidang_ticks_total", "counter", "Ticks that the correlator finished."),
    Family("haidang_events_evaluated_total", "counter", "Events that rules were run on."),
    Family("haidang_evaluations_failed_total", "counter", "Rules that failed on an event."),
    Family(
        "haidang_evaluation_lag_seconds", "histogram", "From an event's receipt to its evaluation."
    ),
    Family("haidang_matches_total", "counter", "Matches of all rules, in trial and excluded too."),
    Family(
        "haidang_matches_excluded_total",
        "counter",
        "Matches that an exclusion of the calendar kept.",
    ),
    Family(
        "haidang_rule_matches_total",
        "counter",
        f"Matches by rule: at most {MOST} that are on; all others are `{OTHER}`.",
        ("rule",),
    ),
    Family("haidang_detections_total", "counter", "What correlation handed to the alert stage."),
    Family("haidang_rules", "gauge", "Rules by mode.", ("mode",)),
    Family("haidang_rules_failing", "gauge", "Rules with events set aside as they failed."),
    Family("haidang_alerts_raised_total", "counter", "Alerts raised.", ("severity",)),
    Family("haidang_alerts_revised_total", "counter", "Revisions of alerts.", ("severity",)),
    Family("haidang_alerts_open", "gauge", "Alerts in open groups.", ("severity",)),
    Family("haidang_alert_groups_open", "gauge", "Open groups of the queue.", ("severity",)),
    Family(
        "haidang_alert_open_oldest_seconds",
        "gauge",
        "Age of the oldest open group; 0 where none is open.",
        ("severity",),
    ),
    Family(
        "haidang_sources", "gauge", "Sources by state; off: a silent office computer.", ("state",)
    ),
    Family(
        "haidang_sources_silent",
        "gauge",
        "Silent sources that nothing explains and whose place still speaks: somebody must look.",
    ),
    Family("haidang_lines_down", "gauge", "Places whose line is down, unexplained."),
    Family("haidang_units_unseen", "gauge", "Units of the inventory of which nothing is received."),
    Family("haidang_data_dir_used_bytes", "gauge", "Size of the files in the data folder."),
    Family("haidang_data_dir_free_bytes", "gauge", "Free space of its file system."),
    Family("haidang_data_dir_size_bytes", "gauge", "Size of its file system."),
)
_BY_SAMPLE = {sample: family for family in FAMILIES for sample in family.samples}


@dataclass(slots=True)
class Metrics:
    """The parts of the figures, and the token that opens them from elsewhere ("": none does).

    `refused` wrong tokens were not noted yet; the last note is of `noted`.
    """

    parts: Mapping[str, Part]
    token: str = field(default="", repr=False)
    refused: int = 0
    noted: Instant | None = None
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)


def exposition(parts: Mapping[str, Part], now: Instant) -> bytes:
    """All figures of all parts; a part that is unavailable is named in `haidang_scrape_errors`."""
    samples: list[Sample] = []
    for name, part in parts.items():
        try:
            samples += part(now)
            failed = 0
        except (HaidangError, OSError):
            failed = 1
        samples.append(("haidang_scrape_errors", (name,), failed))
    return generate_latest(_Collected(samples))


class _Collected(Collector):
    """What is written as text once; nothing is registered anywhere."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._samples = samples

    def collect(self) -> Iterable[Metric]:
        return _metrics(self._samples)


def _metrics(samples: Iterable[Sample]) -> Iterator[Metric]:
    """The families that have samples; samples that become the same are added up."""
    sums: dict[str, dict[tuple[str, tuple[str, ...]], float]] = defaultdict(dict)
    for name, values, value in samples:
        family = _BY_SAMPLE[name]
        known = sums[family.name]
        labels = tuple(map(_bounded, family.labels_of(name), values))
        if (name, labels) not in known and len(known) >= MOST:
            labels = tuple(OTHER for _ in labels)
        known[name, labels] = known.get((name, labels), 0) + value
    for family in FAMILIES:
        if family.name in sums:
            yield _metric(family, sums[family.name])


def _bounded(label: str, value: str) -> str:
    known = LABELS.get(label)
    good = _PLAIN.fullmatch(value) if known is None else value in known
    return value if good else OTHER


def _metric(family: Family, values: Mapping[tuple[str, tuple[str, ...]], float]) -> Metric:
    metric = Metric(family.name.removesuffix("_total"), family.help, family.kind)
    for (name, labels), value in values.items():
        metric.add_sample(name, dict(zip(family.labels_of(name), labels, strict=True)), value)
    return metric


def table() -> str:
    """The families as a table for docs/metrics.md."""
    rows = [
        f"| `{one.name}` | {one.kind} | {', '.join(f'`{label}`' for label in one.labels)} "
        f"| {one.help} |"
        for one in FAMILIES
    ]
    return "\n".join(["| metric | kind | labels | meaning |", "|---|---|---|---|", *rows])
