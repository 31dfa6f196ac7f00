"""Syslog: the forms of RFC 5424, RFC 3164 and of rsyslog's files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.formats import syslog
from collectors.formats.options import Options
from collectors.record import Misfit


def _read(text: str) -> dict[str, str]:
    groups = syslog.read(Options(), text, {})
    assert set(syslog.NAMES) == set(groups)
    return {name[7:]: value for name, value in groups.items() if value is not None}


PLAIN = {
    "timestamp": "Nov 18 08:15:30",
    "host": "may-chu",
    "app": "sshd",
    "pid": "77",
    "message": "Xin chào",
}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Nov 18 08:15:30 may-chu sshd[77]: Xin chào", PLAIN),
        (
            "<38>Nov 18 08:15:30 may-chu sshd[77]: Xin chào",
            {**PLAIN, "priority": "38", "facility": "4", "severity": "6"},
        ),
        (
            "2026-11-18T08:15:30.123456+07:00 may-chu sshd[77]: Xin chào",
            {**PLAIN, "timestamp": "2026-11-18T08:15:30.123456+07:00"},
        ),
        (
            "Nov  8 08:15:30 2001:db8::1 kernel: [ 1.5] eth0: up",
            {
                "timestamp": "Nov  8 08:15:30",
                "host": "2001:db8::1",
                "app": "kernel",
                "message": "[ 1.5] eth0: up",
            },
        ),
        (
            "Nov 18 08:15:30 may-chu last message repeated 3 times",
            {
                "timestamp": "Nov 18 08:15:30",
                "host": "may-chu",
                "message": "last message repeated 3 times",
            },
        ),
        (
            "Nov 18 08:15:30 sshd[77]: Xin chào",
            {key: value for key, value in PLAIN.items() if key != "host"},
        ),
        (
            "<190>date=2026-11-18 devname=fw",
            {
                "priority": "190",
                "facility": "23",
                "severity": "6",
                "message": "date=2026-11-18 devname=fw",
            },
        ),
        (
            '91 <165>1 2026-11-18T01:15:30.5Z h a - ID7 [x@1 k="a\\"\\]"][y@1] \ufeffLê',
            {
                "priority": "165",
                "facility": "20",
                "severity": "5",
                "version": "1",
                "timestamp": "2026-11-18T01:15:30.5Z",
                "host": "h",
                "app": "a",
                "msgid": "ID7",
                "structured_data": '[x@1 k="a\\"\\]"][y@1]',
                "message": "Lê",
            },
        ),
    ],
    ids=["traditional", "forwarded", "iso", "kernel", "no tag", "no host", "no time", "rfc 5424"],
)
def test_a_line_is_read(line: str, expected: dict[str, str]) -> None:
    """Every part of it, and the rest is the message."""
    assert expected == _read(line)


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [
        ("hello world", 0, "a time"),
        ("<192>Nov 18 08:15:30 h a: b", 0, "a priority"),
        ("<1>1 2026-02-30T00:00:00Z h a - - -", 5, "a time of RFC 3339"),
        ("<1>1 - h a - - [x", 15, "structured data"),
        ('<1>1 - h a - - [x][x k="v"]', 18, "not there twice"),
        ("<1>1 - h a - - -x", 16, "a blank and the message"),
    ],
)
def test_a_misfit_says_where(line: str, column: int, expected: str) -> None:
    """The characters that fitted, and what should follow."""
    with pytest.raises(Misfit) as raised:
        _read(line)
    assert (column, True) == (raised.value.column, expected in raised.value.expected)


def test_structured_data_is_laid_out_without_its_escapes() -> None:
    """RFC 5424, section 6.3.3; another backslash is one."""
    text = r'[x@1 a="\"\]\\" b="C:\dir"][y@1]'
    assert syslog.structured(text) == {"x@1": {"a": '"]\\', "b": r"C:\dir"}, "y@1": {}}


@given(
    words=st.lists(st.from_regex(r"[!-Z^-~]{1,20}", fullmatch=True), min_size=4, max_size=4),
    value=st.text(max_size=20),
    message=st.text(max_size=40),
)
def test_what_was_written_as_rfc_5424_is_read_back(
    words: list[str], value: str, message: str
) -> None:
    """Header words, one parameter of any text, and any message."""
    escaped = value.replace("\\", r"\\").replace('"', r"\"").replace("]", r"\]")
    head = " ".join(words)
    groups = _read(f'<13>1 2026-11-18T01:15:30Z {head} [id@1 k="{escaped}"] {message}')
    found = [groups.get(name, "-") for name in ("host", "app", "pid", "msgid")]
    assert words == found
    assert syslog.structured(groups["structured_data"]) == {"id@1": {"k": value}}
    assert groups["message"] == message.removeprefix("\ufeff")


@given(text=st.text(max_size=80), head=st.sampled_from(["", "<13>", "<13>1 ", "Nov 18 08:15:30 "]))
def test_only_misfit_escapes(text: str, head: str) -> None:
    """And what is read ends with the message: nothing behind it is lost."""
    try:
        groups = _read(head + text)
    except Misfit:
        return
    assert (head + text).endswith(groups["message"])
