"""The demo on servers of its own: the same alerts, through outages of either, again and again."""

import os
import time
from contextlib import ExitStack

import pytest

from alerts.listing import list_alerts
from app.demo.clock import instant
from app.demo.cluster import Cluster
from app.demo.story import Stage
from app.demo.world import make_world
from tests.support.servers import scratch, software

# How long a server is away; scripts/test --full takes two minutes.
OUTAGE_SECS = float(os.environ.get("HAIDANG_OUTAGE_SECS", "3"))
# The hours of the four alerts, and the steps before those that raise the first and the last one.
HOURS = ((1.5, 2), (4.25, 5.25), (7.25, 9), (14.25, 14.75))
SPANS = tuple((instant(3600 * start), instant(3600 * end)) for start, end in HOURS)
FIRST, SECOND = 5, 43


class Outage:
    """A server that is killed, and started again after a while; `wait` passes the time."""

    def __init__(self):
        self.server, self.back = None, 0.0

    def begin(self, server):
        """Kill it."""
        server.kill()
        self.server, self.back = server, time.monotonic() + OUTAGE_SECS

    def wait(self):
        """A moment; what is away comes back when its time is over."""
        time.sleep(0.2)
        if self.server and time.monotonic() > self.back:
            self.server.start()
            self.server = None


def play(stage, killed=None):
    """The steps of these hours; `killed` says which server dies after which step."""
    outage, steps = Outage(), []
    for step in stage.play(outage.wait, SPANS):
        steps.append(step)
        whole = [one for one in steps if not one.stopped]
        if not step.stopped and (server := (killed or {}).pop(len(whole), None)):
            outage.begin(server)
    return steps


def told(stage):
    """The ids and sentences of all alerts, and the ledger."""
    found = list_alerts(stage.soc.database, stage.soc.scope)
    return sorted((one.id, one.sentences["vi"]) for one in found), stage.totals()


@pytest.mark.slow
def test_outages_change_nothing_and_a_second_run_adds_nothing(tmp_path):
    """Each server is killed once and comes back: same steps, alerts and ledger as on files."""
    software("elasticsearch", "java", "postgresql")
    with ExitStack() as stack:
        stage = Stage.open(tmp_path / "seed-1", make_world(1), stack)
        steps = [(step.at, step.framed) for step in play(stage)]
        expected = told(stage)
    with scratch() as folder:
        with ExitStack() as stack:
            cluster, stage = on_servers(folder / "seed-1-elastic", stack)
            killed = {FIRST: cluster.elasticsearch, SECOND: cluster.postgresql}
            played = play(stage, killed)
            found = told(stage)
        with ExitStack() as stack:
            _, stage = on_servers(folder / "seed-1-elastic", stack)
            again = play(stage)
            after = told(stage)

    stopped = [step.stopped for step in played if step.stopped]
    framed = {step.at: 0 for step in played}
    for step in played:
        framed[step.at] += step.framed
    assert [True, True] == ["nothing is lost" in one for one in stopped]
    assert "Elasticsearch" in stopped[0]
    assert "the state store" in stopped[1]
    assert (steps, *expected) == (list(framed.items()), *found)
    assert 4 == len(found[0])
    assert {id_ for id_, _ in found[0]} == {one.id for step in played for one in step.alerts}
    assert found == after
    assert {(0, ())} == {(step.framed, step.alerts) for step in again}


def on_servers(place, stack):
    """Both servers with what an earlier run left there, and the stage on them."""
    cluster = Cluster.start(place, stack)
    return cluster, Stage.open(place, make_world(1), stack, cluster)


def test_missing_software_is_one_line_each(haidang, monkeypatch, tmp_path):
    """What is missing and how to get it; nothing was started or written."""
    monkeypatch.setenv("HAIDANG_CACHE", str(tmp_path / "nothing"))
    ran = haidang("demo", "--once", "--store", "elastic", "--dir", tmp_path / "demo")

    assert f"Elasticsearch 9.4.3 is not in {tmp_path}/nothing: run scripts/servers" in ran.err
    assert 1 == ran.code
    assert ran.clean
    assert not (tmp_path / "demo").exists()
