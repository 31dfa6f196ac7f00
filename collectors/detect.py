"""Which dataset fits a file: every dataset reads its first records, and the best is named.

A record fits fully if it becomes an event with a time of its own and two fields of the dataset,
half if one is missing, and not at all if it is refused; header lines do not count. A dataset for
any product must be a fourth better than one for one kind of source. Shares that differ little are
ties: then the one that finds more of its fields goes first.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from collectors.dataset import Dataset
from collectors.formats.text import encoding_fault
from collectors.frame import Line, join
from collectors.record import Context, Dropped, ParserState
from haidang.errors import Refused

MAX_RECORDS = 200
_MAX_BYTES = 1 << 20
_LEAST_SHARE = 0.5
_LEAST_FIELDS = 2  # one may be a chance: many lines have a word and then a text
_STEPS = 20  # shares count in twentieths
# From the most to the least special; every other dataset is for one kind of source.
_FOR_ANY = ("cef", "leef", "json", "system.syslog", "kv")
_HANDICAP = 0.8


@dataclass(frozen=True, slots=True)
class Fit:
    """How a dataset fits a file's first records."""

    dataset: str
    events: int = 0
    timed: int = 0
    full: int = 0
    headers: int = 0
    refused: int = 0
    fields: int = 0

    @property
    def share(self) -> float:
        """The part of the records that fits, 0 to 1."""
        records = self.events + self.refused
        return (self.events + self.full) / (2 * records) if records else 0.0

    @property
    def fits(self) -> bool:
        """Whether the dataset can be meant at all: of its own fields there must be some."""
        return self.share >= _LEAST_SHARE and (self.fields > 0 or self.dataset in _FOR_ANY)

    @property
    def order(self) -> tuple[int, int, int]:
        """What ranks it, more first; datasets with the same are twins."""
        if self.dataset in _FOR_ANY:
            special = -_FOR_ANY.index(self.dataset) - 1
            return round(self.share * _HANDICAP * _STEPS), special, self.fields
        return round(self.share * _STEPS), 0, self.fields


@dataclass(frozen=True, slots=True)
class Ranking:
    """Every dataset that reads any record, the best first; `fault`: why none can."""

    fits: tuple[Fit, ...]
    records: int
    fault: str = ""

    @property
    def best(self) -> tuple[Fit, ...]:
        """The dataset that fits and its twins, nearest to the path first; empty where none does."""
        fitting = [fit for fit in self.fits if fit.fits]
        return tuple(fit for fit in fitting if fit.order == fitting[0].order)


def detect(
    datasets: Iterable[Dataset], lines: Sequence[bytes], context: Context, path: Path
) -> Ranking:
    """The datasets by how they fit the first lines of a file; twins by the words of its path."""
    words = str(path).lower()
    fits = [_fit(dataset, lines, context) for dataset in datasets]

    def rank(fit: Fit) -> tuple[bool, tuple[int, int, int], int]:
        return fit.fits, fit.order, sum(word in words for word in fit.dataset.split("."))

    ranked = sorted(fits, key=rank, reverse=True)  # stable: by name where nothing tells them apart
    fault = next((fault for line in lines if (fault := encoding_fault(line))), "")
    records = sum(1 for line in lines if line.strip())
    return Ranking(tuple(fit for fit in ranked if fit.events), records, fault)


def _fit(dataset: Dataset, lines: Iterable[bytes], context: Context) -> Fit:
    state: ParserState = {}
    counts: Counter[str] = Counter()
    framed: Iterable[Line] = ((number, line, False) for number, line in enumerate(lines))
    for (_, record, _), _ in join(framed, dataset.continued, _MAX_BYTES):
        if record.strip():
            counts += _outcome(dataset, record, context, state)
    return Fit(dataset.name, **counts)


def _outcome(dataset: Dataset, record: bytes, context: Context, state: ParserState) -> Counter[str]:
    try:
        own = dataset.parse(record, context, state)[0]
        fields = dataset.fields_found(record, state)
    except Dropped:
        return Counter(headers=1)
    except Refused:
        return Counter(refused=1)
    timed = own.time is not None
    full = timed and (fields >= _LEAST_FIELDS or dataset.name in _FOR_ANY)
    return Counter(events=1, timed=int(timed), full=int(full), fields=fields)
