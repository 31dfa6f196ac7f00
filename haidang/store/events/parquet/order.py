"""One feed order out of several files that are each in feed order."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Generic, Protocol, Self, TypeAlias, TypeVar

from haidang.store.events.parquet.schema import Key


class Sliceable(Protocol):
    """A list, a record batch: anything that a slice of rows can be taken of."""

    def __getitem__(self, rows: slice, /) -> Self:
        """These rows."""


Rows = TypeVar("Rows", bound=Sliceable)


@dataclass(frozen=True, slots=True)
class Run(Generic[Rows]):
    """Consecutive rows of one file and their places in the feed, ascending, in step."""

    keys: Sequence[Key]
    rows: Rows


# A lower bound of the first key, and how to begin reading; files not reached are never opened.
Source: TypeAlias = tuple[Key, Callable[[], Iterator[Run[Rows]]]]


def interleave(sources: Iterable[Source[Rows]]) -> Iterator[Run[Rows]]:
    """The rows of all sources in feed order, in runs as long as possible.

    Memory: one run for each source that overlaps the current place.
    """
    opened = [(bound, begin) for bound, begin in sources]
    iterators: dict[int, Iterator[Run[Rows]]] = {}
    # (key, whether a run is at hand, source, run, start in the run): a source without a run
    # comes first, since its next key may be as low as its bound.
    heap: list[tuple[Key, bool, int, Run[Rows] | None, int]]
    heap = [(bound, False, number, None, 0) for number, (bound, _) in enumerate(opened)]
    heapify(heap)
    while heap:
        _, _, number, run, start = heappop(heap)
        if run is None:
            if number not in iterators:
                iterators[number] = opened[number][1]()
            following = next(iterators[number], None)
            if following is not None:
                heappush(heap, (following.keys[0], True, number, following, 0))
            continue
        stop = len(run.keys)
        if heap:
            stop = max(bisect_left(run.keys, heap[0][0], start), start + 1)
        yield Run(run.keys[start:stop], run.rows[start:stop])
        if stop < len(run.keys):
            heappush(heap, (run.keys[stop], True, number, run, stop))
        else:
            heappush(heap, (run.keys[-1], False, number, None, 0))
