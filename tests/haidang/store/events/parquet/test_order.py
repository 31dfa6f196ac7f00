"""One order out of several ordered sources."""

from hypothesis import given
from hypothesis import strategies as st

from haidang.store.events.parquet.order import Run, interleave

PLACES = st.sets(st.tuples(st.integers(1, 6), st.integers(0, 6)), max_size=40)


@given(PLACES, st.integers(1, 4), st.integers(1, 5), st.randoms(use_true_random=False))
def test_interleaved_sources_are_sorted(places, sources, size, random):
    """However places are dealt out and cut into runs, they come in order."""
    dealt = [[] for _ in range(sources)]
    for place in sorted(places):
        random.choice(dealt).append(place)

    def runs(keys):
        for start in range(0, len(keys), size):
            yield Run(keys[start : start + size], keys[start : start + size])

    merged = interleave([((keys[0][0], 0), lambda k=keys: runs(k)) for keys in dealt if keys])
    assert sorted(places) == [row for run in merged for row in run.rows]


def test_sources_behind_the_current_place_stay_closed():
    """A page from the first file opens no other."""

    def never():
        raise AssertionError("opened too early")
        yield

    sources = [((5, 0), never), ((1, 0), lambda: iter([Run([(1, 0), (1, 1)], ["a", "b"])]))]
    assert ["a", "b"] == next(interleave(sources)).rows
