"""Names of streams and indices."""

import pytest

from haidang.store.events.elastic import names


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        pytest.param("nginx.access", "p-web-l3", id="web"),
        pytest.param("windows.security", "p-windows-l3", id="Windows"),
        pytest.param("linux", "p-linux-l3", id="one word"),
        pytest.param("nginxes.access", "p-other-l3", id="only the whole first part counts"),
        pytest.param("", "p-other-l3", id="no name"),
        pytest.param("*.x", "p-other-l3", id="a pattern is no name"),
    ],
)
def test_stream_goes_by_the_family_of_the_data_set(make_event, dataset, expected):
    """The data set's first word chooses the stream."""
    assert expected == names.stream_of("p", make_event(1, dataset=dataset))


def test_level_is_part_of_the_stream(make_event):
    """Retention goes by level."""
    assert "p-linux-l5" == names.stream_of("p", make_event(1, level=5))


def test_every_stream_matches_a_pattern():
    """No family is missing among the patterns."""
    assert [f"p-{family}-l*" for family in names.FAMILIES] == names.patterns("p")
    assert [f"p-{family}-l2" for family in names.FAMILIES] == names.patterns("p", 2)


def test_hold_matches_no_pattern():
    """The index of a hold is no stream, so retention cannot reach it."""
    assert "p-hold-case-1" == names.hold_of("p", "case-1")
    assert not [one for one in names.patterns("p") if one.startswith("p-hold")]
