"""What `haidang collect` says while it goes on."""

from app.commands.collect import news
from collectors.ledger import Counts, Report


def test_a_trouble_is_said_when_it_begins_and_not_every_second(capsys):
    """And again when it comes back after it was over."""
    bad = Report(0, Counts(), Counts(), (), ("no file",), "the disk is full")
    good = Report(0, Counts(), Counts(), ())
    passes = iter([bad, bad, good, bad])
    step = news(lambda _: next(passes))
    said = []
    for now in range(4):
        step(now)
        said.append(capsys.readouterr().err)
    both = "warning: no file\nstopped: the disk is full\n"
    assert [both, "", "", both] == said
