"""From a log line to the pager: real console, Prometheus and Alertmanager, and who is told."""

import shutil
import time
from contextlib import ExitStack
from pathlib import Path
from queue import Empty
from urllib.parse import urlencode

import orjson
import pytest
import yaml

from app.demo.announced import calendar_yaml
from app.demo.attack_backdoor import acts
from app.demo.configuration import config_yaml, inventory_yaml
from app.demo.logs import lines_of
from app.demo.process import running
from app.demo.world import make_world
from tests.support import prometheus as chain
from tests.support.servers import scratch

DEPLOY = Path(__file__).parents[2] / "deploy/prometheus"
TOKEN = "of-this-test-0123456789"  # noqa: S105 - of this test
PATIENCE_SECS = 60
CRITICAL = 'haidang_alerts_raised_total{severity="critical"}'
WORLD = make_world(1)


@pytest.fixture
def folder():
    """A folder that the servers' users can enter."""
    with scratch() as made:
        yield made


def prepared(folder, console_port):
    """A site of the attacked server, without any line yet; its configuration file."""
    token = folder / "metrics.token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o644)  # Prometheus is another user
    listen = {"listen": f"127.0.0.1:{console_port}", "metrics_token_file": str(token)}
    (folder / "site").mkdir()
    (folder / "site/inventory.yml").write_text(inventory_yaml(WORLD), "utf-8")
    (folder / "site/calendar.yml").write_text(calendar_yaml(WORLD), "utf-8")
    text = config_yaml(WORLD, {"console": listen})
    (folder / "site/haidang.yml").write_text(text, "utf-8")
    return folder / "site/haidang.yml"


def configured(folder, console_port, manager_port, receiver_port):
    """The examples of deploy/prometheus with our ports, every second, without pauses."""
    shutil.copy(DEPLOY / "haidang.rules.yml", folder)
    content = yaml.safe_load((DEPLOY / "prometheus.yml").read_text("utf-8"))
    content["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    content["alerting"]["alertmanagers"][0]["static_configs"] = at(manager_port)
    (job,) = content["scrape_configs"]
    job["static_configs"] = at(console_port)
    job["authorization"]["credentials_file"] = str(folder / "metrics.token")
    written(folder / "prometheus.yml", content)
    content = yaml.safe_load((DEPLOY / "alertmanager.yml").read_text("utf-8"))
    content["route"] |= {"group_wait": "0s", "group_interval": "1s"}
    for receiver in content["receivers"]:
        for hook in receiver["webhook_configs"]:
            hook["url"] = hook["url"].replace("9095", str(receiver_port))
    written(folder / "alertmanager.yml", content)


def at(port):
    """A target of ours."""
    return [{"targets": [f"127.0.0.1:{port}"]}]


def written(file, content):
    """A file that the servers can read."""
    file.write_text(yaml.safe_dump(content), "utf-8")
    file.chmod(0o644)


def attack(folder):
    """The lines of the demo's backdoor appear."""
    for path, lines in lines_of(WORLD.seed, acts(WORLD)).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"".join(line for _moment, line in lines))


def scraped(port, name):
    """The value of a sample once Prometheus has read one."""
    end = time.monotonic() + PATIENCE_SECS
    path = f"/api/v1/query?{urlencode({'query': name})}"
    while time.monotonic() < end:
        status, content = chain.get(port, path)
        if status == 200 and (found := orjson.loads(content)["data"]["result"]):
            return float(found[0]["value"][1])
        time.sleep(0.1)
    pytest.fail(f"{name} was not read: {content!r}")


def awaited(delivered, name):
    """Where the alert of this name was delivered, and what was; others are passed by."""
    others = set()
    while True:
        try:
            path, alert = delivered.get(timeout=PATIENCE_SECS)
        except Empty:
            pytest.fail(f"{name} was not delivered, only {others}")
        if alert["labels"]["alertname"] == name:
            return path, alert
        others.add(alert["labels"]["alertname"])


@pytest.mark.slow
def test_critical_alert_of_real_lines_reaches_the_pager(folder, haidang):
    """In Vietnamese, through the token; and the Watchdog reaches the dead man's switch."""
    console_port, prometheus_port, manager_port = chain.free_ports(3)
    file = prepared(folder, console_port)
    with ExitStack() as stack:
        receiver_port, delivered = stack.enter_context(chain.receiving())
        configured(folder, console_port, manager_port, receiver_port)
        stack.enter_context(
            running(
                chain.console(folder / "console", console_port, file),
                chain.alertmanager(
                    folder / "alertmanager", manager_port, folder / "alertmanager.yml"
                ),
                chain.prometheus(folder / "prometheus", prometheus_port, folder / "prometheus.yml"),
            )
        )
        watchdog = awaited(delivered, "Watchdog")
        assert 0 == scraped(prometheus_port, CRITICAL)
        attack(file.parent)
        for command in ("collect", "correlate"):
            assert 0 == haidang(command, "--once", "--config", file).code
        path, alert = awaited(delivered, "HaidangCriticalAlert")

    assert ("/truc-soc", "firing", "critical") == (
        path,
        alert["status"],
        alert["labels"]["severity"],
    )
    assert "Hải Đăng vừa có cảnh báo mới mức Khẩn cấp." == alert["annotations"]["summary"]
    assert "Hàng đợi" in alert["annotations"]["runbook"]
    assert ("/watchdog", "firing") == (watchdog[0], watchdog[1]["status"])
