"""The demo on servers of its own: the same alerts, through outages of either, again and again."""

import json
import os
import time
from contextlib import ExitStack

import pytest

from alerts.listing import list_alerts
from app.demo.clock import STEPS
from app.demo.cluster import Cluster
from app.demo.story import Stage
from app.demo.world import make_world
from tests.support.servers import scratch, software

# How long a server is away; scripts/test --full takes two minutes.
OUTAGE_SECS = float(os.environ.get("HAIDANG_OUTAGE_SECS", "3"))
# The steps before those that raise the alerts of the half-hours: then a server is killed.
FIRST, SECOND = 23, 175


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
    """The steps of a day; `killed` says which server dies after which step."""
    outage, steps = Outage(), []
    for step in stage.play(outage.wait):
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
def test_outages_change_nothing_and_a_second_run_adds_nothing(haidang, whole_day):
    """Each server is killed once and comes back: same alerts and ledger as on files."""
    software("elasticsearch", "java", "postgresql")
    embedded, first = whole_day
    with scratch() as folder:
        with ExitStack() as stack:
            cluster = Cluster.start(folder / "seed-1-elastic", stack)
            stage = Stage.open(folder / "seed-1-elastic", make_world(1), stack, cluster)
            killed = {FIRST: cluster.elasticsearch, SECOND: cluster.postgresql}
            played = play(stage, killed)
            alerts, ledger = told(stage)
        again = haidang("demo", "--once", "--store", "elastic", "--dir", folder)
    listed = haidang("alerts", "--config", embedded / "haidang.yml", "--format", "json")
    known = [json.loads(line) for line in listed.out.splitlines()]

    stopped = [step.stopped for step in played if step.stopped]
    assert [True, True] == ["nothing is lost" in one for one in stopped]
    assert "Elasticsearch" in stopped[0]
    assert "the state store" in stopped[1]
    assert sorted((one["id"], one["sentences"]["vi"]) for one in known) == alerts
    assert {id_ for id_, _ in alerts} == {one.id for step in played for one in step.alerts}
    assert len(STEPS) == len({step.at for step in played})
    assert ledger.read == sum(step.framed for step in played)
    assert (0, "") == (again.code, again.err)
    assert 4 == again.out.count("· from an earlier run")
    assert first.out.splitlines()[-1] == again.out.splitlines()[-1]


def test_missing_software_is_one_line_each(haidang, monkeypatch, tmp_path):
    """What is missing and how to get it; nothing was started or written."""
    monkeypatch.setenv("HAIDANG_CACHE", str(tmp_path / "nothing"))
    ran = haidang("demo", "--once", "--store", "elastic", "--dir", tmp_path / "demo")

    assert f"Elasticsearch 9.4.3 is not in {tmp_path}/nothing: run scripts/servers" in ran.err
    assert 1 == ran.code
    assert ran.clean
    assert not (tmp_path / "demo").exists()
