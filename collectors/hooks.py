"""The hooks that a dataset's YAML may name, by that name."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from collectors.datasets import (
    apache,
    auditd,
    auditd_process,
    generic,
    haproxy,
    iis,
    mysql,
    nginx,
    postgresql,
    suricata,
    system,
    windows,
    zeek,
)
from collectors.formats.regex import Groups
from collectors.record import Context, Parsed, ParserState
from haidang.model.event import Document

# Completes a document from the groups of its line (JSON datasets: no groups).
Complete: TypeAlias = Callable[[Document, Groups], None]
# Looks at a record's own event and gives the derived events that are complete now.
Join: TypeAlias = Callable[[Parsed, Context, ParserState], list[Parsed]]
# Gives the derived events that nothing will complete any more.
Release: TypeAlias = Callable[[Context, ParserState], list[Parsed]]

COMPLETE: Mapping[str, Complete] = {
    "apache.access": apache.complete_access,
    "apache.error": apache.complete_error,
    "auditd.complete": auditd.complete,
    "generic.cef": generic.cef,
    "generic.complete": generic.complete,
    "generic.kv": generic.kv,
    "haproxy.log": haproxy.complete,
    "iis.complete": iis.complete,
    "mysql.error": mysql.complete_error,
    "nginx.complete": nginx.complete,
    "nginx.error": nginx.complete_error,
    "postgresql.log": postgresql.complete_log,
    "suricata.complete": suricata.complete,
    "system.auth": system.complete_auth,
    "system.syslog": system.complete_syslog,
    "vsftpd.log": system.complete_vsftpd,
    "windows.complete": windows.complete,
    "zeek.complete": zeek.complete,
}

JOIN: Mapping[str, tuple[Join, Release]] = {
    "auditd_process": (auditd_process.follow, auditd_process.release),
}
