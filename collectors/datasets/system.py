"""Hooks of system.auth, system.syslog and vsftpd.log: sources, logons, related values."""

from collectors.datasets.ecs import put_outcome, put_source, relate
from collectors.formats.regex import Groups
from haidang.model.event import Document
from haidang.model.fields import put

_SSHD = ("sshd", "sshd-session", "sshd-auth")


def complete_auth(document: Document, groups: Groups) -> None:
    """Add what needs more than a copy."""
    address = groups.get("address") or groups.get("dropped") or groups.get("peer")
    if address:
        put_source(document, address, groups.get("port") or "")
    if groups.get("refused") or groups.get("refusal"):
        put_outcome(document, "logon-failed", "failure")
    elif groups.get("allowed"):
        put_outcome(document, "logged-on", "success")
    if groups.get("command") is not None:
        _add_sudo(document, groups)
    if groups.get("pam"):
        _add_pam(document, groups)
    relate(document)


def _add_sudo(document: Document, groups: Groups) -> None:
    put(document, "system.auth.sudo.user", groups["target"])
    if groups["sudo_error"]:
        put_outcome(document, "logon-failed", "failure")
        return
    put(document, "process.command_line", groups["command"])
    document["event"] |= {"action": "ran-command", "category": ["process"], "type": ["start"]}


def _add_pam(document: Document, groups: Groups) -> None:
    """A failure that PAM tells. sshd tells the same one itself: it must not count twice."""
    for name, leaf in (("user", "user"), ("address", "rhost"), ("ruser", "ruser")):
        if text := groups.get(name):
            put(document, f"system.auth.pam.{leaf}", text)
    if groups.get("syslog.app") not in _SSHD:
        put_outcome(document, "logon-failed", "failure")


def complete_syslog(document: Document, groups: Groups) -> None:
    """related.* of a message."""
    del groups
    relate(document)


def complete_vsftpd(document: Document, groups: Groups) -> None:
    """The client, and related.*."""
    put_source(document, groups.get("client") or "")
    relate(document)
