"""system.auth: what a client chose cannot pass for something else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.dataset import load_dataset
from collectors.record import Context
from haidang.model.event import Document
from haidang.model.fields import first_text

AUTH = load_dataset("system.auth")
LINES = [
    "sshd[9]: Failed password for invalid user {} from 203.0.113.7 port 50312 ssh2",
    "sshd[9]: Failed publickey for invalid user {} from 203.0.113.7 port 5 ssh2: RSA SHA256:abc",
    "sshd[9]: Invalid user {} from 203.0.113.7 port 50312",
    "sshd[9]: maximum authentication attempts exceeded for invalid user {} from 203.0.113.7 port 5",
    "sshd[9]: Connection closed by invalid user {} 203.0.113.7 port 5 [preauth]",
]
PIECES = [
    *(
        " from 192.0.2.1",
        " port 1",
        " ssh2",
        ": RSA x",
        ":",
        " ",
        "lan",
        "[preauth]",
        "invalid user ",
    ),
    *("192.0.2.1", " not allowed because x", "é", "\t", "'", '"'),
]


def parse(line: str) -> Document:
    """The event of a line."""
    return AUTH.parse(f"Nov 18 08:15:30 web01 {line}".encode(), Context(), {})[0].document


@pytest.mark.parametrize("line", LINES)
@settings(max_examples=40)
@given(name=st.lists(st.sampled_from(PIECES), max_size=6).map("".join))
def test_no_user_name_hides_the_source(line: str, name: str) -> None:
    """An attacker who names himself like a log line is still found where he is."""
    assert "203.0.113.7" == first_text(parse(line.format(name)), "source.ip")


@given(st.text())
def test_any_message_is_an_event(message: str) -> None:
    """What no pattern knows is a message all the same."""
    assert parse(f"x: {message}")["process"]["name"] == "x"


def test_a_failure_that_sshd_and_pam_both_tell_counts_once() -> None:
    """PAM's own line says what PAM says, and leaves the outcome to the program."""
    said = "authentication failure; logname= uid=0 euid=0 tty=x ruser= rhost=192.0.2.1"
    outcomes = {
        name: first_text(parse(f"{name}: pam_unix({name}:auth): {said}"), "event.outcome")
        for name in ("sshd", "login")
    }
    assert {"sshd": "", "login": "failure"} == outcomes
