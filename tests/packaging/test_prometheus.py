"""The alerting rules: each fires when it should and keeps quiet when not, as promtool plays it."""

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from dashboards.metrics import FAMILIES
from tests.support.servers import program

FOLDER = Path(__file__).parents[2] / "deploy/prometheus"
RULES = FOLDER / "haidang.rules.yml"
UP = {'up{job="haidang"}': "1x600"}
STATE = {'haidang_scrape_errors{part="state"}': "0x600"}
RAISED = 'haidang_alerts_raised_total{severity="critical"}'
OLDEST = "haidang_alert_open_oldest_seconds"
READ, QUARANTINED = (
    f'haidang_records_{what}_total{{dataset="zeek.dns"}}' for what in ("read", "quarantined")
)
FREE = {"haidang_data_dir_size_bytes": "1000x600"}


def lags(bound, within, every=100):
    """Evaluations of every minute: how many took at most this long, and how many there were."""
    name = "haidang_evaluation_lag_seconds_bucket"
    counts = {bound: within, 3600: every, "+Inf": every}
    return {f'{name}{{le="{le}"}}': f"0+{count}x600" for le, count in counts.items()}


@dataclass(frozen=True)
class Case:
    """What Prometheus has read, a sample a minute, when it is asked about this alert."""

    alert: str
    series: dict = field(default_factory=dict)
    at: str = "60m"


FIRING = (
    Case("Watchdog"),
    Case("HaidangDown", {'up{job="haidang"}': "1x57 0x3"}),
    Case("HaidangDown"),
    Case("HaidangFiguresMissing", {'haidang_scrape_errors{part="disk"}': "1x60"}),
    Case("HaidangCollectorStopped", {"haidang_collector_lag_seconds": "0+60x60"}),
    Case("HaidangNoCollector", UP),
    Case("HaidangCorrelatorLate", {"haidang_feed_lag_seconds": "301x60"}),
    Case("HaidangNeverEvaluated", STATE),
    Case("HaidangEvaluationSlow", lags(60, 90)),
    Case("HaidangRuleFailing", {"haidang_evaluations_failed_total": "0x30 1x30"}),
    Case("HaidangQuarantineGrowing", {READ: "0+100x60", QUARANTINED: "0+2x60"}),
    Case("HaidangDiskAlmostFull", {**FREE, "haidang_data_dir_free_bytes": "99x60"}),
    Case("HaidangDiskFilling", {**FREE, "haidang_data_dir_free_bytes": "499-1x400"}, "6h"),
    Case("HaidangCriticalAlert", {RAISED: "3x50 4x10"}),
    Case("HaidangCriticalAlertOpen", {f'{OLDEST}{{severity="critical"}}': "3601x60"}),
    Case("HaidangSourceSilent", {"haidang_sources_silent": "0x59 1"}),
    Case("HaidangLineDown", {"haidang_lines_down": "0x59 2"}),
)
QUIET = (
    Case("HaidangSourceSilent", {"haidang_sources_silent": "1x59 0"}),
    Case("HaidangLineDown", {"haidang_lines_down": "1x59 0", "haidang_sources_silent": "1x60"}),
    Case("HaidangDown", {'up{job="haidang"}': "1x58 0x2"}),
    Case("HaidangDown", UP),
    Case("HaidangFiguresMissing", {'haidang_scrape_errors{part="disk"}': "0x56 1x4"}),
    Case("HaidangCollectorStopped", {"haidang_collector_lag_seconds": "300x60"}),
    Case("HaidangNoCollector", {**UP, READ: "0x600"}),
    Case("HaidangNoCollector"),
    Case("HaidangCorrelatorLate", {"haidang_feed_lag_seconds": "300x60"}),
    Case("HaidangCorrelatorLate", {"haidang_feed_lag_seconds": "0x58 400x2"}),
    Case("HaidangNeverEvaluated", {**STATE, "haidang_feed_lag_seconds": "0x60"}),
    Case("HaidangNeverEvaluated", {'haidang_scrape_errors{part="state"}': "1x60"}),
    Case("HaidangEvaluationSlow", lags(300, 95)),
    Case("HaidangEvaluationSlow", lags(60, 0, 0)),
    Case("HaidangRuleFailing", {"haidang_evaluations_failed_total": "7x60"}),
    Case("HaidangQuarantineGrowing", {READ: "0+1000x60", QUARANTINED: "0+2x60"}),
    Case("HaidangQuarantineGrowing", {READ: "0+1x60", QUARANTINED: "0x50 9x10"}),
    Case("HaidangDiskAlmostFull", {**FREE, "haidang_data_dir_free_bytes": "100x60"}),
    Case("HaidangDiskFilling", {**FREE, "haidang_data_dir_free_bytes": "499x400"}, "6h"),
    Case("HaidangDiskFilling", {**FREE, "haidang_data_dir_free_bytes": "990-1x400"}, "6h"),
    Case("HaidangCriticalAlert", {RAISED: "3x40 4x20"}),
    Case("HaidangCriticalAlert", {RAISED.replace("critical", "high"): "3x50 4x10"}),
    Case("HaidangCriticalAlertOpen", {f'{OLDEST}{{severity="critical"}}': "3600x60"}),
    Case("HaidangCriticalAlertOpen", {f'{OLDEST}{{severity="low"}}': "9999x60"}),
)


@pytest.fixture
def promtool():
    """Run promtool; its exit code and all that it said."""
    tool = program("promtool")

    def run(*words):
        ran = subprocess.run([tool, *words], capture_output=True, text=True, check=False)
        return ran.returncode, ran.stdout + ran.stderr

    return run


@pytest.fixture(scope="module")
def rules():
    """The alerting rules by name."""
    (group,) = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def played(case, fires):
    """A case as promtool plays it."""
    series = [{"series": name, "values": values} for name, values in case.series.items()]
    name = f'ALERTS{{alertname="{case.alert}",alertstate="firing"}}'
    found = [{"labels": "{}", "value": 1}] if fires else []
    asked = {"expr": f"group({name})", "eval_time": case.at, "exp_samples": found}
    return {"interval": "1m", "input_series": series, "promql_expr_test": [asked]}


def file_of(tmp_path, firing, quiet):
    """A file of cases for promtool."""
    tests = [played(case, fires=True) for case in firing]
    tests += [played(case, fires=False) for case in quiet]
    file = tmp_path / "cases.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "tests": tests}), "utf-8")
    return file


@pytest.mark.slow
def test_every_alert_fires_and_keeps_quiet(promtool, tmp_path):
    """Each case in turn, on the boundaries of time and value."""
    code, told = promtool("test", "rules", file_of(tmp_path, FIRING, QUIET))

    assert (0, True) == (code, "SUCCESS" in told), told


def test_wrong_case_is_noticed(promtool, tmp_path):
    """The cases above are really played: turned round, they fail."""
    code, told = promtool("test", "rules", file_of(tmp_path, QUIET[:1], FIRING[:1]))

    assert (1, 2) == (code, told.count("expr:"))


def test_every_alert_has_a_case_each_way(rules):
    """No rule without one that fires and, but for the Watchdog, one that does not."""
    assert rules.keys() == {case.alert for case in FIRING}
    assert rules.keys() - {"Watchdog"} == {case.alert for case in QUIET}


def test_rules_ask_only_for_metrics_that_there_are(rules):
    """A renamed metric would silence its alert for ever."""
    known = {sample for family in FAMILIES for sample in family.samples}
    asked = {name for rule in rules.values() for name in re.findall(r"haidang_\w+", rule["expr"])}

    assert set() == asked - known


def test_people_are_told_in_both_languages_what_it_is_and_what_to_do(rules):
    """Each alert has all four sentences, in NFC, and a severity."""
    for rule in rules.values():
        assert {"summary", "summary_en", "runbook", "runbook_en"} == rule["annotations"].keys()
        assert rule["labels"]["severity"] in {"critical", "warning", "none"}
        for text in rule["annotations"].values():
            assert re.search(r"[.!]$", text)


def test_samples_are_accepted(promtool, tmp_path):
    """Prometheus and Alertmanager read their example files."""
    token = tmp_path / "haidang.token"
    token.write_text("x")
    text = (FOLDER / "prometheus.yml").read_text("utf-8")
    text = text.replace("/etc/prometheus/haidang.token", str(token))
    file = tmp_path / "prometheus.yml"
    file.write_text(text.replace("haidang.rules.yml", str(RULES)), "utf-8")

    assert 0 == promtool("check", "config", file)[0]
    checked = [program("amtool"), "check-config", FOLDER / "alertmanager.yml"]
    assert 0 == subprocess.run(checked, capture_output=True, check=False).returncode
