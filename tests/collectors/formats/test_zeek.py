"""Zeek logs: both forms give one document, headers rule the rows, nothing else escapes."""

import json
from contextlib import closing, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.formats.options import Options
from collectors.formats.zeek import read
from collectors.record import Dropped
from haidang.errors import Refused
from haidang.model.fold import nfc
from haidang.store.events.parquet.store import ParquetStore
from tests.support.network_sets import Log, collect

CONN = Options(log="conn")
SEPARATOR = "#separator \\x09"


def header(path="conn", **types):
    """The lines of a header with these fields."""
    rest = {"path": [path], "fields": list(types), "types": list(types.values())}
    return [SEPARATOR, *("\t".join([f"#{key}", *values]) for key, values in rest.items())]


def rows(*lines, state=None):
    """What the rows among the lines give."""
    state = {} if state is None else state
    found = []
    for line in lines:
        with suppress(Dropped):
            found.append(read(CONN, line, state))
    return found


def escaped(text):
    """A string as Zeek writes it into a row."""
    if text in ("-", "(empty)"):
        return f"\\x{ord(text[0]):02x}{text[1:]}"
    kept = (one if one.isprintable() and one != "," else None for one in text)
    return "".join(
        "\\\\" if one == "\\" else one or "".join(f"\\x{byte:02x}" for byte in raw.encode())
        for one, raw in zip(kept, text, strict=True)
    )


TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1)
RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "uid": TEXTS,
        "id.orig_p": st.integers(0, 65_535),
        "local_orig": st.booleans(),
        "duration": st.integers(0, 10**9).map(lambda n: n / 1_000_000),
        "answers": st.lists(TEXTS, max_size=3),
    },
)
KINDS = {
    "uid": "string",
    "id.orig_p": "port",
    "local_orig": "bool",
    "duration": "interval",
    "answers": "vector[string]",
}


def cell(record, name):
    """One value of a record in a row."""
    if name not in record:
        return "-"
    value = record[name]
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, list):
        return ",".join(map(escaped, value)) or "(empty)"
    return f"{value:.6f}" if isinstance(value, float) else escaped(str(value))


@given(RECORDS)
def test_a_row_and_a_json_line_of_one_record_give_the_same(record):
    """Types, unset and empty values, escapes: the form does not show."""
    row = "\t".join(cell(record, name) for name in KINDS)
    as_row = rows(*header(**KINDS), row)
    as_json = rows(json.dumps({"_path": "conn", **record}))
    assert as_json == as_row


def test_values_are_typed_and_names_nested():
    """An unset value is absent, an empty one is empty; Vietnamese is composed."""
    kinds = {"ts": "time", "id.orig_h": "addr", "n": "int", "s": "string", "e": "set[addr]"}
    row = "1794964530.120000\t10.0.0.1\t-5\tHa\\xcc\\x80 Nội\\x09\\\\x\t(empty)"
    assert [
        {
            "_path": "conn",
            "ts": 1794964530.12,
            "id": {"orig_h": "10.0.0.1"},
            "n": -5,
            "s": nfc("Hà Nội\t\\x"),
            "e": [],
        }
    ] == rows(*header(**kinds), row)


def test_bytes_that_are_no_text_stay_escaped():
    """As Zeek's JSON shows them; so no control character and no loss."""
    assert [{"_path": "conn", "s": "a\\x00\\xff"}] == rows(*header(s="string"), "a\\x00\\xff")


def test_a_new_header_rules_the_rows_after_it():
    """Also when the reader starts anew between them: what it says is in the state."""
    state = json.loads(json.dumps({}))
    assert [{"_path": "conn", "a": 1}] == rows(*header(a="count"), "1", state=state)
    state = json.loads(json.dumps(state))
    assert [{"_path": "conn", "a": 2}] == rows("2", state=state)
    again = rows("#close\t2026", *header("dns", b="string", a="count"), "x\t3", state=state)
    assert [{"_path": "dns", "b": "x", "a": 3}] == again


def test_another_separator_is_taken_from_the_header():
    """And other words for unset and empty."""
    lines = ["#separator |", "#set_separator|;", "#unset_field|none", "#empty_field|nil"]
    lines += ["#path|x", "#fields|a|b|c", "#types|set[count]|string|set[string]"]
    assert [{"_path": "x", "a": [1, 2], "c": []}] == rows(*lines, "1;2|none|nil")


@pytest.mark.parametrize(
    ("line", "path"),
    [
        pytest.param('{"_path":"dns"}', "dns", id="streaming"),
        pytest.param('{"@stream":"http","@system":"s"}', "http", id="exporter"),
        pytest.param('{"ts":1.5}', "conn", id="dataset"),
        pytest.param('{"_path":"Conn-Red ../x"}', "conn_red_x", id="odd"),
        pytest.param('{"_path":[1]}', "_1_", id="no text"),
    ],
)
def test_the_log_is_what_the_line_says_else_the_datasets(line, path):
    """Whoever wrote it; a name is fit to be a field's."""
    assert path == rows(line)[0]["_path"]


def test_names_joined_by_underscores_are_nested_alike():
    """Only the known records of connections and certificates."""
    line = '{"id_orig_h":"10.0.0.1","orig_bytes":5,"id_resp_p":53}'
    assert [{"_path": "conn", "id": {"orig_h": "10.0.0.1", "resp_p": 53}, "orig_bytes": 5}] == rows(
        line
    )


def test_a_name_in_the_way_of_another_loses_nothing():
    """It stays with its dot."""
    assert [{"_path": "conn", "a": 1, "a.b": 2, ".c": 3}] == rows('{"a":1,"a.b":2,".c":3}')


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        pytest.param(["1\t2"], "before its header", id="no header"),
        pytest.param([*header(a="count"), "1\t2"], "not as many cells", id="too many"),
        pytest.param([*header(a="count")[:3], "1"], "before its header", id="no types"),
        pytest.param([SEPARATOR, "#fields\ta\ta"], "a field twice", id="twice"),
        pytest.param(['{"a":1,"a":2}'], "twice in one object", id="JSON twice"),
    ],
)
def test_refused_rows(lines, reason):
    """With what is wrong."""
    with pytest.raises(Refused, match=reason):
        rows(*lines)


@given(st.lists(st.text(st.sampled_from('#\t\\x09,-[]{}"fieldstypa1. \n') | st.characters())))
def test_no_line_raises_anything_else(lines):
    """Whatever headers and rows say."""
    state = {}
    for line in [*header(a="vector[count]", b="string"), *lines]:
        with suppress(Dropped, Refused):
            read(CONN, line, state)


def test_a_header_is_remembered_over_a_restart_of_the_collector(tmp_path):
    """It was read once, and is committed with the file's offset."""
    log = Log("zeek", tmp_path / "conn.log", "zeek.conn")
    log.file.write_text("\n".join([*header(ts="time", uid="string"), "1794990000.5\tA\n"]))
    with closing(ParquetStore.open(tmp_path / "events")) as store:
        collect([log], store, tmp_path / "data")
        with log.file.open("a") as file:
            file.write("1794990001.5\tB\n")
        (taken,) = collect([log], store, tmp_path / "data")
    assert ["A", "B"] == [event["zeek"]["session_id"] for event in taken.events]
    assert (6, 4) == (taken.counts.read, taken.counts.dropped["header"])
