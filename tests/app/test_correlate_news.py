"""What a long-running correlator says: each run, and each trouble when it begins."""

import pytest

from app.commands import correlate
from app.wiring import Pass
from correlator.tick import Report
from haidang.errors import HaidangError, Superseded, Unavailable


def test_trouble_is_said_when_it_begins_and_ends_nothing(capsys):
    """An outage of many runs is one line; another trouble, and the same one later, are news."""
    troubles = [
        Unavailable("server away"),
        Unavailable("server away"),
        Superseded("cursor moved"),
        None,
        Unavailable("server away"),
    ]

    def run(now):
        if troubles[now] is not None:
            raise troubles[now]
        return Pass(Report(ticks=1), ())

    step = correlate.news(run)
    for now in range(len(troubles)):
        step(now)
    said = capsys.readouterr()

    after = "; nothing is lost, the next run goes on from here"
    assert [
        f"stopped: {what}{after}" for what in ("server away", "cursor moved", "server away")
    ] == said.err.splitlines()
    assert 1 == said.out.count("ticks=1 ")


def test_what_no_waiting_mends_ends_the_command():
    """A changed template, a wrong password: somebody has to do something."""

    def run(now):
        raise HaidangError(f"wrong password at {now}")

    with pytest.raises(HaidangError, match="wrong password at 3"):
        correlate.news(run)(3)
