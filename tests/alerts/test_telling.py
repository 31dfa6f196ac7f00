"""The fields that matter: chosen by kind of log, few, harmless, with what else there is."""

from alerts.evidence import copy_event
from alerts.telling import Field, telling_fields


def copies(make, *documents):
    """Sealed copies of events, a minute apart."""
    events = (make.event(f"e{n}", n, document) for n, document in enumerate(documents))
    return [copy_event(event, "rule") for event in events]


def web(path, source="203.0.113.77"):
    """A request to a web server."""
    request = {"request": {"method": "POST"}, "response": {"status_code": 200}}
    return {
        "event": {"category": ["web"]},
        "source": {"ip": source},
        "url": {"original": path},
        "http": request,
    }


def process(command):
    """A program that somebody started."""
    return {
        "haidang": {"logsource": {"category": "process_creation"}},
        "user": {"name": "www-data"},
        "process": {"executable": "/bin/dash", "command_line": command},
    }


def test_fields_follow_the_kind_of_log(make):
    """Of a web request: who asked for what, and the answer."""
    fields = telling_fields(copies(make, web("/a"), web("/b"), web("/a")))
    expected = [
        Field("source", "203.0.113.77", 0),
        Field("url", "/a", 1),
        Field("status", "200", 0),
    ]
    assert expected == fields


def test_kinds_take_turns(make):
    """A chain over two kinds of log shows the first fields of both, five in all."""
    fields = telling_fields(copies(make, web("/a"), process("sh -c id")))
    assert ["source", "user", "url", "program", "status"] == [field.fact for field in fields]


def test_unknown_kind_shows_its_message(make):
    """A log that no kind describes still says something."""
    (field,) = telling_fields(copies(make, {"message": "disk failed", "user": {"name": " - "}}))
    assert Field("message", "disk failed", 0) == field


def test_hostile_values_are_harmless_and_short(make):
    """Controls are written out, a megabyte is cut."""
    (source, url, _) = telling_fields(copies(make, web("\x1b]0;" + "x" * 10**6, "\u202e1")))
    assert r"\u202e1" == source.value
    assert url.value.startswith(r"\x1b]0;xxx")
    assert len(url.value) <= 200


def test_nothing_copied_is_nothing_told():
    """Without evidence there are no fields."""
    assert [] == telling_fields([])
