"""The map from Sigma fields to ECS paths."""

import pytest

from haidang.errors import InputError
from haidang.model.detection import Card
from rules.fields import load_fields
from rules.rule import Item, LogSource, Rule
from rules.values import Null

FIELDS = load_fields()
WEB = LogSource(category="webserver")
SECURITY = LogSource(product="windows", service="security")
WINDOWS_PROCESS = LogSource(category="process_creation", product="windows")
LINUX_PROCESS = LogSource(category="process_creation", product="linux")
AUDITD = LogSource(product="linux", service="auditd")
DATA = "winlog.event_data."


@pytest.mark.parametrize(
    ("expected", "logsource", "name"),
    [
        pytest.param(("http.request.method",), WEB, "cs-method", id="web-method"),
        pytest.param(("url.query",), WEB, "cs-uri-query", id="web-query"),
        pytest.param(("http.response.status_code",), WEB, "sc-status", id="web-status"),
        pytest.param((), WEB, "nope", id="web-has-no-default"),
        pytest.param(("source.geo.name",), WEB, "source.geo.name", id="dotted-is-ecs"),
        pytest.param(("@timestamp",), WEB, "@timestamp", id="at-is-ecs"),
        pytest.param(("event.code", "winlog.event_id"), SECURITY, "EventID", id="event-id"),
        pytest.param(
            (f"{DATA}LogonType", "winlog.user_data.LogonType"), SECURITY, "LogonType", id="default"
        ),
        pytest.param(("host.name",), SECURITY, "host.name", id="dotted-before-default"),
        pytest.param(
            (f"{DATA}Image", f"{DATA}NewProcessName", "process.executable"),
            WINDOWS_PROCESS,
            "Image",
            id="windows-image",
        ),
        pytest.param(
            (f"{DATA}Company", "winlog.user_data.Company"),
            WINDOWS_PROCESS,
            "Company",
            id="windows-process-default",
        ),
        pytest.param(
            ("event.code", "winlog.event_id"), WINDOWS_PROCESS, "EventID", id="section-above"
        ),
        pytest.param(("process.executable",), LINUX_PROCESS, "Image", id="linux-image"),
        pytest.param(("user.name",), LINUX_PROCESS, "User", id="linux-user"),
        pytest.param((), LINUX_PROCESS, "OriginalFileName", id="linux-has-no-default"),
        pytest.param(
            ("process.parent.user.name",), LINUX_PROCESS, "ParentUser", id="linux-parent-user"
        ),
        pytest.param(("auditd.log.record_type",), AUDITD, "type", id="auditd-type"),
        pytest.param(("auditd.log.a0",), AUDITD, "a0", id="auditd-default"),
        pytest.param((), LogSource(product="zeek"), "query", id="unknown-source"),
    ],
)
def test_field_is_found_where_its_log_source_keeps_it(expected, logsource, name):
    """The section that names more parts is asked first."""
    assert expected == FIELDS.paths(logsource, name)


def test_names_as_written_are_their_own_paths():
    """Events with Sigma's names need no map, and nothing is unmapped."""
    assert ("cs-method",) == FIELDS.as_written().paths(WEB, "cs-method")
    assert FIELDS.families == FIELDS.as_written().families


def test_unmapped_fields_of_a_rule_are_told():
    """They would otherwise be silent misses."""
    card = Card(id="a", name="a", hash="", title="", level="low")
    rule = Rule(card, WEB, Item("nope", Null()), ("nope", "cs-method", "url.path"), "a.yml")
    assert ("nope",) == FIELDS.unmapped(rule)
    assert () == FIELDS.as_written().unmapped(rule)


@pytest.mark.parametrize(
    ("expected", "wanted", "event"),
    [
        pytest.param(True, WEB, LogSource("webserver", "nginx", "access"), id="any-product"),
        pytest.param(False, LogSource("webserver", "nginx"), WEB, id="product-not-given"),
        pytest.param(False, SECURITY, LogSource("", "windows", "system"), id="other-service"),
        pytest.param(
            True,
            LogSource("registry_event", "windows"),
            LogSource("registry_set", "windows"),
            id="family",
        ),
        pytest.param(
            False,
            LogSource("registry_set", "windows"),
            LogSource("registry_event", "windows"),
            id="family-is-one-way",
        ),
    ],
)
def test_rule_reaches_events_whose_log_source_has_its_parts(expected, wanted, event):
    """Each named part is equal; a family also takes in its members."""
    assert expected is FIELDS.reaches(wanted, event)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param("", "- a\n", id="no-mapping"),
        pytest.param("section", "section: []\n", id="misspelt"),
        pytest.param(
            "sections.0.fields.a",
            "sections: [{logsource: {product: a}, fields: {a: 5}}]",
            id="number",
        ),
        pytest.param("sections.0.logsource", "sections: [{fields: {}}]", id="no-logsource"),
        pytest.param(
            "sections.0.default", "sections: [{logsource: {}, default: []}]", id="empty-default"
        ),
    ],
)
def test_broken_map_is_refused(tmp_path, expected, text):
    """The problem names the place in the file."""
    file = tmp_path / "fields.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_fields(file)
    assert expected in [problem.field for problem in caught.value.problems]
