"""EVTX files: a record is one line, in order; what is broken says where, and costs no neighbour."""

import io
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import evtx
from collectors.evtx import Stream, Unreadable, lines

SAMPLES = Path(__file__).parents[2] / "../shared/data/evtx-parser-samples/samples"
CHUNK, HEADER, FIRST = 65536, 4096, 512

pytestmark = pytest.mark.skipif(not SAMPLES.exists(), reason="the shared EVTX samples are not here")


def read(content: bytes) -> list[bytes]:
    """The lines of a file of this content."""
    return list(lines(io.BytesIO(content)))


def broken(found: list[bytes]) -> list[Any]:
    """What says that something could not be read."""
    return [json.loads(line) for line in found if line.startswith(b'{"broken"')]


def sample(name: str) -> bytes:
    """One of the shared files."""
    return (SAMPLES / name).read_bytes() if SAMPLES.exists() else b""


SYSTEM = sample("system.evtx")  # 1,881 records in 17 chunks
SMALL = SYSTEM[: HEADER + CHUNK]  # the first of these
RECORDS = read(SMALL) if SMALL else []


def places(chunk: bytes) -> list[int]:
    """Where the records of a chunk start."""
    found, position = [], FIRST
    while chunk.startswith(b"**\0\0", position):
        found.append(position)
        position += struct.unpack_from("<I", chunk, position + 4)[0]
    return found


def changed(content: bytes, at: int, new: bytes) -> bytes:
    """The content with some bytes replaced."""
    return content[:at] + new + content[at + len(new) :]


def test_every_record_is_one_line_in_the_order_of_the_file() -> None:
    """Numbers run on through all chunks; every line is JSON."""
    found = [json.loads(line)["Event"]["System"]["EventRecordID"] for line in read(SYSTEM)]
    assert 1881 == len(found)
    assert sorted(found) == found


@given(st.integers(min_value=HEADER, max_value=HEADER + CHUNK))
def test_a_cut_file_gives_the_beginning_of_the_whole_one(size: int) -> None:
    """So a file that is still being copied grows, and no record of it ever changes."""
    found = read(SMALL[:size])
    assert RECORDS[: len(found)] == found
    assert all(HEADER + at >= size for at in (places(SMALL[HEADER:])[len(found) + 1 :]))


@given(st.integers(min_value=0, max_value=107), st.binary(min_size=22, max_size=22))
def test_a_broken_frame_costs_no_record(number: int, junk: bytes) -> None:
    """The next one is found by its own frame, and what lies between is read as one."""
    at = HEADER + places(SMALL[HEADER:])[number]
    assert RECORDS == read(changed(SMALL, at, b"xx" + junk))


def test_a_record_with_broken_content_costs_itself_only() -> None:
    """Its frame is sound, so nothing else is touched."""
    at = HEADER + places(SMALL[HEADER:])[50]
    found = read(changed(SMALL, at + 24, b"\xff" * 20))
    assert [{"broken": "record", "offset": at}] == broken(found)
    assert [*RECORDS[:50], *RECORDS[51:]] == found[:50] + found[51:]


def test_broken_tables_of_a_chunk_cost_nothing() -> None:
    """Where its strings and templates are is found without them."""
    assert RECORDS == read(changed(SMALL, HEADER + 128, b"\xee" * 384))


def test_a_broken_chunk_costs_its_own_records_only() -> None:
    """The other sixteen give what they gave before."""
    found = read(changed(SYSTEM, HEADER, b"nothing!"))
    assert [{"broken": "chunk", "offset": HEADER}] == broken(found)
    assert read(SYSTEM)[len(RECORDS) :] == found[1:]


def test_zeros_where_records_should_be_are_told() -> None:
    """Somebody may have wiped them; unused chunks at the end are nothing."""
    wiped = changed(SYSTEM, HEADER + CHUNK, bytes(CHUNK)) + bytes(3 * CHUNK)
    assert [{"broken": "chunk", "offset": HEADER + CHUNK}] == broken(read(wiped))


@given(st.integers(min_value=HEADER, max_value=HEADER + CHUNK - 300), st.binary(max_size=300))
def test_no_damage_stops_the_reading(at: int, junk: bytes) -> None:
    """Every record before the damage is there, and each is one line still."""
    found = read(changed(SMALL, at, junk))
    assert all(line.find(b"\n") == len(line) - 1 for line in found)
    if at >= HEADER + FIRST:
        whole = sum(HEADER + place <= at for place in places(SMALL[HEADER:])) - 1
        assert RECORDS[:whole] == found[:whole]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"", "is no EVTX file", id="empty"),
        pytest.param(b"PK\x03\x04" + bytes(9000), "is no EVTX file", id="zip"),
        pytest.param(SMALL[:100], "ends in its header", id="cut"),
    ],
)
def test_a_file_that_is_none_says_so(content: bytes, expected: str) -> None:
    """In the words that follow its name."""
    with pytest.raises(Unreadable, match=expected):
        read(content)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The base install reads no EVTX files."""

    def absent(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(evtx.importlib, "import_module", absent)  # type: ignore[attr-defined]
    with pytest.raises(Unreadable, match=r"haidang\[evtx\]"):
        read(SMALL)


@given(st.lists(st.integers(min_value=1, max_value=9000), min_size=1, max_size=50))
def test_a_stream_gives_the_same_bytes_in_any_pieces(sizes: list[int]) -> None:
    """And again after going back to the start."""
    stream, whole = Stream(io.BytesIO(SMALL)), b"".join(RECORDS)
    pieces = b"".join(stream.read(size) for size in sizes)
    assert whole[: sum(sizes)] == pieces
    stream.seek(0)
    assert whole == stream.read(1 << 24)
    assert b"" == stream.read(1)


def count(rig: Any) -> int:
    """How many different records the store has; none is there twice."""
    messages = rig.messages()
    assert len(set(messages)) == len(messages)
    return len(messages)


@pytest.fixture
def evtx_rig(make_rig: Callable[..., Any], tmp_path: Path) -> Any:
    """A collector of EVTX files."""
    rig = make_rig(tmp_path, "*.evtx*")
    yield rig
    rig.close()


def test_a_growing_file_gives_each_record_once(evtx_rig: Any) -> None:
    """It is copied anew, longer each time, also while the collector is away."""
    for size in (5000, HEADER + 9999, HEADER + CHUNK, HEADER + CHUNK + 777, HEADER + 3 * CHUNK):
        evtx_rig.file("x.evtx").unlink(missing_ok=True)
        evtx_rig.write("x.evtx", SYSTEM[:size])
        evtx_rig.run()
        assert len(read(SYSTEM[:size])) == count(evtx_rig)
        evtx_rig.close()
    evtx_rig.compress("x.evtx")
    evtx_rig.run_until_quiet()
    assert len(read(SYSTEM[: HEADER + 3 * CHUNK])) == count(evtx_rig)


def test_no_crash_loses_or_doubles_a_record(evtx_rig: Any) -> None:
    """At each durable point in turn."""
    evtx_rig.write("x.evtx", SMALL)
    point = 1
    while evtx_rig.crash(point):
        point += 1
    assert point > 3
    assert len(RECORDS) == count(evtx_rig)


def test_a_file_that_is_no_evtx_waits_with_a_warning(evtx_rig: Any) -> None:
    """Its neighbours are read."""
    evtx_rig.write("a.evtx", "not at all")
    evtx_rig.write("b.evtx", SMALL)
    assert any("a.evtx: is no EVTX file" in text for text in evtx_rig.run().warnings)
    assert len(RECORDS) == count(evtx_rig)
