"""Waiting after failures: counted before the password is looked at, on both stores."""

from concurrent.futures import ThreadPoolExecutor

from haidang.model.instant import DAY, MINUTE, SECOND
from haidang.store import throttle
from haidang.store.throttle import Limit

NOW = 1_795_000_000_000_000
LIMITS = {"k": Limit(2, MINUTE)}


def test_waits_double_up_to_the_longest():
    """From fifteen seconds."""
    assert [0, 0, 15, 30, 60, 60] == [Limit(2, MINUTE).wait(n) // SECOND for n in range(6)]
    assert MINUTE == Limit(2, MINUTE).wait(10_000)


def test_a_try_that_must_wait_is_not_counted(database):
    """Else who keeps trying would never come in."""
    assert [0, 0] == [throttle.attempt(database, LIMITS, NOW) for _ in range(2)]
    assert {15 * SECOND} == {throttle.attempt(database, LIMITS, NOW) for _ in range(3)}
    assert 1 == throttle.attempt(database, LIMITS, NOW + 15 * SECOND - 1)
    assert 0 == throttle.attempt(database, LIMITS, NOW + 15 * SECOND)


def test_the_longest_wait_of_all_keys_counts(database):
    """And nothing is counted under the others."""
    throttle.attempt(database, {"a": Limit(1, MINUTE)}, NOW)
    both = {"a": Limit(1, MINUTE), "b": Limit(1, MINUTE)}

    assert 15 * SECOND == throttle.attempt(database, both, NOW)
    assert 0 == throttle.attempt(database, {"b": Limit(1, MINUTE)}, NOW)


def test_the_right_password_forgives(database):
    """All under one key, one try under the other."""
    limits = {"whole": Limit(9, MINUTE), "one": Limit(2, MINUTE)}
    for _ in range(2):
        throttle.attempt(database, limits, NOW)
    throttle.forgive(database, "whole", "one")

    assert 0 == throttle.attempt(database, limits, NOW)
    assert 15 * SECOND == throttle.attempt(database, limits, NOW)


def test_failures_are_forgotten_after_a_day(database):
    """A wrong password of last week does not count."""
    for _ in range(2):
        throttle.attempt(database, LIMITS, NOW)

    assert [0, 0] == [throttle.attempt(database, LIMITS, NOW + DAY) for _ in range(2)]


def test_many_at_once_gain_nothing(state):
    """Of twenty tries at the same time only the free ones pass."""
    database = state.open()
    with ThreadPoolExecutor(5) as pool:
        waits = pool.map(lambda _: throttle.attempt(database, LIMITS, NOW), range(20))

        assert 2 == list(waits).count(0)


def test_keys_do_not_tell_what_was_typed():
    """People type their password into the field of the name."""
    assert throttle.key("account", "Lan") == throttle.key("account", "lan")
    assert "lan" not in throttle.key("account", "lan")
