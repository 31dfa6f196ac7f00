"""Log lines in the formats that the programs really write."""

import pytest

from app.demo.lines import Execution, Request, access_line, execution_lines, path, sudo_line
from haidang.model.instant import from_iso

_AT = from_iso("2026-11-18T01:58:39.873+07:00")


def test_access_line_is_nginx_combined() -> None:
    """The predefined format `combined`, local time with its offset, one newline."""
    request = Request("203.0.113.77", "/a", "Agent/1", "POST", 302, 5, "https://x.example/")
    want = (
        b'203.0.113.77 - - [18/Nov/2026:01:58:39 +0700] "POST /a HTTP/1.1" 302 5'
        b' "https://x.example/" "Agent/1"\n'
    )
    assert want == access_line(_AT, request)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        pytest.param("/góp ý.pdf", "/g%C3%B3p%20%C3%BD.pdf", id="composed"),
        pytest.param("/go\u0301p.pdf", "/go%CC%81p.pdf", id="decomposed stays decomposed"),
    ],
)
def test_paths_are_percent_encoded_as_they_are(text: str, want: str) -> None:
    """A browser encodes the bytes of the name; it does not normalise them."""
    assert want == path(text)


def test_execution_is_six_records_of_one_serial() -> None:
    """SYSCALL, EXECVE, CWD, two PATH and PROCTITLE share one time and serial."""
    one = Execution("/usr/bin/dash", ("sh", "-c", "id"), "www-data", 20411, 812, "/var/www")
    lines = execution_lines(_AT, 77, one).decode().split("\n")[:-1]
    kinds = ["SYSCALL", "EXECVE", "CWD", "PATH", "PATH", "PROCTITLE"]
    assert [f"type={kind} msg=audit(1794941919.873:77):" for kind in kinds] == [
        " ".join(line.split(" ")[:2]) for line in lines
    ]
    assert lines[1].endswith(' argc=3 a0="sh" a1="-c" a2="id"')
    assert lines[5].endswith(" proctitle=7368002D63006964")


def test_system_call_has_the_enriched_tail() -> None:
    """The words for the numbers follow the control character 0x1d, with the user's name."""
    one = Execution("/usr/bin/dash", ("sh", "-c", "id"), "www-data", 20411, 812)
    record, words = execution_lines(_AT, 77, one).decode().split("\n")[0].split("\x1d")
    assert " uid=33 gid=33 euid=33 " in record
    assert 'key="exec"' in record
    assert words.startswith('ARCH=x86_64 SYSCALL=execve AUID="unset" UID="www-data" ')


def test_arguments_with_blanks_and_diacritics_are_hex() -> None:
    """Auditd writes what it will not quote as upper-case hex."""
    words = ("cp", "Thông báo.pdf", "/srv")
    one = Execution("/usr/bin/cp", words, "root", 2, 1, login="quantri")
    record = execution_lines(_AT, 1, one).decode().split("\n")[1]
    assert f'a1={"Thông báo.pdf".encode().hex().upper()} a2="/srv"' in record


def test_sudo_record_names_the_login() -> None:
    """USER_CMD carries the command as hex and the account that logged in."""
    line = sudo_line(_AT, 9, "quantri", "systemctl status nginx", "/home/quantri").decode()
    assert line.startswith("type=USER_CMD msg=audit(1794941919.873:9): pid=1 uid=0 auid=1000 ")
    assert f"cmd={b'systemctl status nginx'.hex().upper()} " in line
    assert line.endswith('\x1dUID="root" AUID="quantri"\n')
