"""The lock of a data folder tells when the last whole pass ended."""

from typing import Any

import pytest

from collectors.lock import last_pass, locked
from haidang.errors import HaidangError, Unavailable


def test_last_pass_is_noted_in_the_clock_of_its_records(rig: Any) -> None:
    """Where nothing was ever collected there is none."""
    assert last_pass(rig.data) is None
    rig.write("access.log", "a\n")

    first = rig.run().at
    assert first == last_pass(rig.data)
    second = rig.run().at
    assert first < second
    assert second == last_pass(rig.data)


def test_pass_that_stopped_early_is_not_noted(rig: Any) -> None:
    """While the store is away nothing was collected, and the delay grows."""
    first = rig.run().at
    rig.store.fault = Unavailable("down")
    rig.write("access.log", "a\n")

    assert rig.run().stopped
    assert first == last_pass(rig.data)


def test_second_holder_is_refused(rig: Any) -> None:
    """One process moves the offsets."""
    rig.data.mkdir()
    with locked(rig.data), pytest.raises(HaidangError, match="another collector"), locked(rig.data):
        pass
