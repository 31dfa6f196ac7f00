"""Two correlators on one state store, one of which is paused at the worst place and woken later."""

import os
import signal
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from correlator.coverage import ranges
from haidang.model.packing import unpack_detection
from haidang.store.state import tables
from tests.support.correlation import memory_database
from tests.support.rival import EVENTS, NOW, correlator
from tests.support.state import open_state

ROOT = Path(__file__).parents[2]


@contextmanager
def paused(place, folder, point, patience_secs=30):
    """A rival process that has come to the point and is stopped there; gives the way to wake it."""
    words = ["-m", "tests.support.rival", place, str(patience_secs), str(folder), point]
    pipes = {"stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    process = subprocess.Popen([sys.executable, *words], **pipes)

    def wake():
        process.send_signal(signal.SIGCONT)
        return process.communicate(timeout=20)[0]

    try:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), f"it never came to {point}"
        yield wake
    finally:
        process.kill()
        process.communicate()


def result(database):
    """What the feed became: the detections and the coverage."""
    with database.reading() as connection:
        rows = connection.execute(select(tables.detection.c.payload)).scalars()
        return [unpack_detection(row) for row in rows], ranges(connection)


@pytest.fixture
def calm(tmp_path):
    """The result where nobody is in anybody's way."""
    database = memory_database()
    correlator(database, tmp_path / "calm").run(NOW)
    expected = result(database)
    assert [EVENTS] == [one.episode.events for one in expected[0]]
    return expected


@pytest.mark.slow
@pytest.mark.parametrize("point", ["tick.after_commit", "match.after_commit"])
def test_paused_between_transactions(state, tmp_path, calm, point):
    """The other one did everything meanwhile; who wakes finds that and leaves it alone."""
    with paused(state.place, tmp_path / "rival", point) as wake:
        database = state.open()
        correlator(database, tmp_path / "mine").run(NOW)
        before = result(database)
        assert "Superseded" == wake()
    assert calm == before == result(database)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tick", "replay", "match", "correlate"])
def test_paused_with_the_lock_in_its_hands(cluster, tmp_path, calm, name):
    """The server ends its session, the other one goes on; its late commit fails by itself."""
    with cluster.database() as made:
        place, point = cluster.place(cluster.role, made), f"{name}.before_commit"
        with closing(open_state(place)) as database:
            with paused(place, tmp_path / "rival", point, patience_secs=1) as wake:
                correlator(database, tmp_path / "mine").run(NOW)
                before = result(database)
                assert "Unavailable" == wake()
            assert calm == before == result(database)
