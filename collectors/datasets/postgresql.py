"""Hook of postgresql.log: csvlog's columns, queries with their durations, and logons."""

import re
from collections.abc import Iterator

from collectors.datasets.ecs import put_outcome, put_source, relate, split_port
from collectors.formats.regex import Groups
from haidang.errors import Refused
from haidang.model.event import Document
from haidang.model.fields import put
from haidang.model.zone import parse_address

_COLUMN = re.compile(r'(?:"([^"]*+(?:""[^"]*+)*+)"|([^,"]*+))(?:,|\Z)')
# The columns of csvlog after its time (PostgreSQL 9 to 17, "Using CSV-Format Log Output").
_COLUMNS = (
    *("user.name", "postgresql.log.database", "process.pid", "", "postgresql.log.session_id"),
    *("postgresql.log.session_line_number", "postgresql.log.command_tag"),
    *("postgresql.log.session_start_time", "postgresql.log.virtual_transaction_id"),
    *("postgresql.log.transaction_id", "log.level", "postgresql.log.sql_state_code", "message"),
    *("postgresql.log.detail", "postgresql.log.hint", "postgresql.log.internal_query"),
    *("postgresql.log.internal_query_pos", "postgresql.log.context", "postgresql.log.query"),
    *("postgresql.log.query_pos", "postgresql.log.location", "postgresql.log.application_name"),
    *("postgresql.log.backend_type", "postgresql.log.leader_pid", "postgresql.log.query_id"),
)
_CLIENT = 3
_LEVEL = 10
_NUMBERS = ("process.pid", "postgresql.log.transaction_id", "postgresql.log.session_line_number")
_QUERY = re.compile(
    r"(?:duration: (?P<ms>\d{1,12}\.\d{3}) ms\s*+)?"
    r"(?:(?P<step>statement|parse|bind|execute)(?: (?P<name>[^\s:](?:[^:]|:(?! ))*+))?: "
    r"(?P<query>.++))?",
    re.DOTALL,
)
_REFUSED = re.compile(
    r'(?:[A-Za-z]++ authentication failed for user "(?P<user>[^"]*+)"'
    r'|(?:no pg_hba\.conf entry|pg_hba\.conf rejects connection) for host "(?P<host>[^"]*+)", '
    r'user "(?P<name>[^"]*+)")'
)
_RECEIVED = re.compile(r"connection received: host=(\S++)(?: port=(\d{1,5}))?")
_AUTHORIZED = re.compile(r"connection authorized: user=(\S++)")


def complete_log(document: Document, groups: Groups) -> None:
    """Add columns, query, duration, and what a message says about a logon."""
    columns = groups.get("columns")
    message = _add_columns(document, columns) if columns is not None else groups["message"] or ""
    if address := groups.get("client") or groups.get("peer"):
        put_source(document, address)
    _add_query(document, message)
    _add_logon(document, message)
    relate(document)


def _add_columns(document: Document, row: str) -> str:
    """The columns of a csvlog row; returns its message."""
    columns = list(_split(row))
    if len(columns) <= _LEVEL:
        raise Refused("the csvlog row has too few columns")
    for path, text in zip(_COLUMNS, columns, strict=False):
        if path and text:
            put(document, path, int(text) if path in _NUMBERS and text.isdecimal() else text)
    address, port = split_port(columns[_CLIENT], always=True)
    if parse_address(address):
        put_source(document, address, port)
        put(document, "postgresql.log.client_addr", address)
        if port:
            put(document, "postgresql.log.client_port", int(port))
    return str(document.get("message", ""))


def _split(row: str) -> Iterator[str]:
    position = 0
    while position <= len(row) and (found := _COLUMN.match(row, position)):
        quoted, plain = found.groups()
        yield plain if quoted is None else quoted.replace('""', '"')
        position = found.end() if found.end() > position else len(row) + 1


def _add_query(document: Document, message: str) -> None:
    found = _QUERY.fullmatch(message)
    if found is None:
        return
    if found["ms"]:
        put(document, "event.duration", int(found["ms"].replace(".", "")) * 1_000)
    for leaf, text in (("query_step", found["step"]), ("query", found["query"])):
        if text:
            put(document, f"postgresql.log.{leaf}", text)
    if found["name"] and found["name"] != "<unnamed>":
        put(document, "postgresql.log.query_name", found["name"])


def _add_logon(document: Document, message: str) -> None:
    if refused := _REFUSED.match(message):
        put_outcome(document, "logon-failed", "failure")
        put(document, "user.name", refused["user"] or refused["name"] or "")
        put_source(document, refused["host"] or "")
    elif received := _RECEIVED.match(message):
        put_source(document, received[1], received[2] or "")
    elif authorized := _AUTHORIZED.match(message):
        put_outcome(document, "logged-on", "success")
        put(document, "user.name", authorized[1])
