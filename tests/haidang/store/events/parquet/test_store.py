"""The embedded store under crashes, full disks, damage, and several processes at once."""

import errno
import itertools
import os
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from haidang import durable
from haidang.errors import HaidangError, Unavailable
from haidang.model.instant import DAY
from haidang.model.scope import Scope
from haidang.store.events.parquet import segment as segments
from haidang.store.events.parquet import store as store_module
from haidang.store.events.parquet.schema import VERSION_KEY
from haidang.store.events.parquet.store import ParquetStore
from haidang.store.events.protocol import START, Filter, Range

ROOT = Path(__file__).parents[5]
ALL = Scope.system()


class Halt(BaseException):
    """The process died here."""


def stopping_at(wanted):
    """A hook that dies at the n-th durable point, and the list of points passed."""
    passed = []

    def hook(name):
        passed.append(name)
        if len(passed) == wanted:
            raise Halt

    return hook, passed


def work(path, batches, now):
    """A writer that may be run again after any crash, with merges in between."""
    store = ParquetStore.open(path)
    try:
        for number, batch in enumerate(batches):
            known = store.ids_after(START)
            store.append([event for event in batch if event.id not in known])
            if number:
                store.merge(now)
        store.merge(now)
    finally:
        store.close()


def files_of(path):
    """Every file below a folder but the manifest and the locks."""
    return {file for file in path.rglob("*") if file.is_file() and file.suffix != ".lock"} - {
        path / name for name in ("manifest.json", "lock", "merge.lock")
    }


@pytest.mark.slow
def test_crash_at_any_point_loses_and_doubles_nothing(tmp_path, make_event, feed_of):
    """At each durable point: die, look, begin again, compare."""
    batches = [[make_event(n * 2 + m, level=1 + m) for m in range(2)] for n in range(2)]
    expected = [event for batch in batches for event in batch]
    now = expected[-1].received + 2 * DAY
    names = set()
    for number in itertools.count(1):
        path = tmp_path / str(number)
        hook, passed = stopping_at(number)
        token = durable.HOOK.set(hook)
        try:
            work(path, batches, now)
            break
        except Halt:
            names.update(passed)
        finally:
            durable.HOOK.reset(token)
        store = ParquetStore.open(path)
        seen = feed_of(store)
        assert expected[: len(seen)] == seen
        assert len(seen) % 2 == 0, "half a batch"
        work(path, batches, now)
        assert expected == feed_of(store)
        assert expected == list(store.search(ALL, Filter(), Range()))
        store.merge(now)
        live = {path / segment.file for segment in store._manifest.read().segments}
        assert live == files_of(path)
        store.close()
    assert {"segment", "manifest", "merge.segment", "merge.manifest", "sweep.manifest"} <= {
        name.rpartition(".")[0] for name in names
    }


def test_crash_between_file_and_manifest_accepts_nothing(parquet_store, make_event, feed_of):
    """A file that the manifest does not name is not read, and the next process removes it."""
    hook, _ = stopping_at(5)
    token = durable.HOOK.set(hook)
    with pytest.raises(Halt):
        parquet_store.append([make_event(1)])
    durable.HOOK.reset(token)
    path = parquet_store._folder.path
    assert 1 == len(files_of(path) - set(path.glob("*.tmp")))
    assert [] == feed_of(parquet_store)
    again = ParquetStore.open(path)
    again.append([make_event(2, level=5)])
    again.close()
    assert ["l5"] == [file.parent.name for file in path.glob("l*/*")]
    assert [make_event(2, level=5)] == feed_of(parquet_store)


@pytest.mark.parametrize("number", range(1, 9, 2))
def test_failing_disk_accepts_nothing_and_heals(parquet_store, make_event, feed_of, number):
    """An error before any durable act leaves the store as it was; the next append works."""
    parquet_store.append([make_event(0)])

    calls = itertools.count(1)

    def hook(name):
        if next(calls) == number and name.startswith(("segment", "manifest.before")):
            raise OSError(errno.ENOSPC, "No space left on device")

    token = durable.HOOK.set(hook)
    try:
        with pytest.raises(Unavailable, match="disk is full"):
            parquet_store.append([make_event(1), make_event(2)])
    finally:
        durable.HOOK.reset(token)
    assert [make_event(0)] == feed_of(parquet_store)
    assert 1 == len(list(parquet_store._folder.segment_files()))
    parquet_store.append([make_event(1), make_event(2)])
    assert [make_event(n) for n in range(3)] == feed_of(parquet_store)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MiB; needs the right to mount one."""
    path = tmp_path / "disk"
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"NOT TESTED on a really full disk: no right to mount: {done.stderr.strip()}")
    yield path
    subprocess.run(["umount", str(path)], check=True)


def test_full_disk_accepts_nothing_and_next_append_works(small_disk, make_event, feed_of):
    """A disk that is really full, then room."""
    store = ParquetStore.open(small_disk / "events")
    store.append([make_event(0)])
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 900_000)
    noise = os.urandom(200_000).hex()
    large = [make_event(n, {"noise": noise}) for n in (1, 2)]
    for _ in range(3):
        with pytest.raises(Unavailable, match="disk is full"):
            store.append(large)
    assert [make_event(0)] == feed_of(store)
    ballast.unlink()
    store.append(large)
    assert [make_event(0), *large] == feed_of(store)
    store.close()


WRITER = """
import sys
from pathlib import Path
from haidang.model.event import Event
from haidang.store.events.parquet.store import ParquetStore
store = ParquetStore.open(Path(sys.argv[1]))
for n in range(int(sys.argv[3])):
    ids = [f"{sys.argv[2]}-{n:03}-{m}" for m in range(3)]
    store.append([Event(i, n, n, "s", "d", "o", (), "z", 1 + n % 2, b"{}") for i in ids])
"""


def start_writer(path, name, count):
    """Another process that appends `count` batches of three."""
    arguments = [sys.executable, "-c", WRITER, str(path), name, str(count)]
    return subprocess.Popen(arguments, env={**os.environ, "PYTHONPATH": str(ROOT)})


@pytest.mark.slow
def test_two_processes_append_while_a_third_merges(parquet_store, feed_of):
    """Every batch is there once, whole and in its writer's order; feeds only grow."""
    path = parquet_store._folder.path
    writers = [start_writer(path, name, 25) for name in ("a", "b")]
    seen = []
    while any(writer.poll() is None for writer in writers):
        parquet_store.merge(2 * DAY)
        feed = feed_of(parquet_store, limit=7)
        assert seen == feed[: len(seen)]
        seen = feed
    assert [0, 0] == [writer.wait() for writer in writers]
    ids = [event.id for event in feed_of(parquet_store)]
    for name in ("a", "b"):
        expected = [f"{name}-{n:03}-{m}" for n in range(25) for m in range(3)]
        assert expected == [one for one in ids if one.startswith(name)]
    batches = [ids[start : start + 3] for start in range(0, len(ids), 3)]
    assert all(len({one[:5] for one in batch}) == 1 for batch in batches)


def test_page_of_long_events_is_cut_and_the_feed_goes_on(
    parquet_store, make_event, feed_of, monkeypatch
):
    """A page is bounded in bytes too: its reader holds all of it in memory."""
    events = [make_event(n, {"noise": "x" * 400}) for n in range(10)]
    parquet_store.append(events)
    monkeypatch.setattr(store_module, "_PAGE_BYTES", 1000)
    assert events[:3] == parquet_store.read(Scope.system(), START, 1000).events
    assert events == feed_of(parquet_store)


def test_reader_notices_no_merge(parquet_store, make_event, feed_of):
    """A thread that reads and searches while files are merged away gets the same answers."""
    events = [make_event(n) for n in range(24)]
    results = []
    done = threading.Event()

    def read():
        reader = ParquetStore.open(parquet_store._folder.path)
        while not done.is_set():
            feed = feed_of(reader, limit=11)
            found = list(reader.search(ALL, Filter(), Range()))
            results.append((feed, found))
        reader.close()

    thread = threading.Thread(target=read)
    thread.start()
    for start in range(0, 24, 3):
        parquet_store.append(events[start : start + 3])
        parquet_store.merge(events[-1].received + 2 * DAY)
    while not results:
        pass
    done.set()
    thread.join()
    for feed, found in results:
        assert events[: len(feed)] == feed
        assert events[: len(found)] == found
    assert events == feed_of(parquet_store)


def test_reader_with_an_old_manifest_tries_the_new_one(parquet_store, make_event, feed_of):
    """Files that vanish between the manifest and the reading are found again, merged."""
    events = [make_event(n) for n in range(10)]
    for event in events:
        parquet_store.append([event])
    old = parquet_store._manifest.read()
    for _ in range(2):
        parquet_store.merge(events[-1].received + 2 * DAY)
    current, answers = parquet_store._manifest.read, iter([old])
    parquet_store._manifest.read = lambda: next(answers, None) or current()
    assert events == feed_of(parquet_store)


def first_file(store):
    """One segment file."""
    return store._folder.path / store._manifest.read().segments[0].file


def test_cut_segment_is_named(parquet_store, make_event):
    """A damaged file gives its name and what to do, in the feed and in a search."""
    parquet_store.append([make_event(n) for n in range(50)])
    file = first_file(parquet_store)
    file.write_bytes(file.read_bytes()[:-100])
    for read in (
        lambda: parquet_store.read(ALL, START, 10),
        lambda: parquet_store.search(ALL, Filter(), Range()),
    ):
        with pytest.raises(Unavailable, match=rf"{file.name}.*restore this file"):
            read()


def test_changed_byte_is_noticed(parquet_store, make_event):
    """Pages carry checksums: no changed event is handed out."""
    parquet_store.append([make_event(n, {"noise": os.urandom(50).hex()}) for n in range(50)])
    file = first_file(parquet_store)
    content = bytearray(file.read_bytes())
    group = pq.read_metadata(file).row_group(0)
    chunks = [group.column(n) for n in range(group.num_columns)]
    (chunk,) = [chunk for chunk in chunks if chunk.path_in_schema == "ecs"]
    content[chunk.data_page_offset + chunk.total_compressed_size // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(Unavailable, match=file.name):
        parquet_store.read(ALL, START, 100)


def test_missing_segment_is_named(parquet_store, make_event):
    """A file that the manifest names and the disk lacks."""
    parquet_store.append([make_event(1)])
    file = first_file(parquet_store)
    file.unlink()
    for read in (
        lambda: parquet_store.read(ALL, START, 10),
        lambda: parquet_store.search(ALL, Filter(), Range()),
    ):
        with pytest.raises(Unavailable, match=rf"{file.name}.*missing"):
            read()


def test_segment_of_an_unknown_version_is_refused(parquet_store, make_event):
    """A file of a newer Hải Đăng is not guessed at."""
    parquet_store.append([make_event(1)])
    file = first_file(parquet_store)
    table = pq.read_table(file)
    pq.write_table(table.replace_schema_metadata({VERSION_KEY: b"9"}), file)
    with pytest.raises(HaidangError, match="schema version 9"):
        segments.metadata(file, 1)
    with pytest.raises(HaidangError, match="schema version 9"):
        parquet_store.read(ALL, START, 10)


def test_damaged_manifest_stops_everything(parquet_store, make_event):
    """Nothing is read or written by a guess."""
    parquet_store.append([make_event(1)])
    parquet_store._folder.manifest.write_bytes(b"{")
    for act in (
        parquet_store.head,
        lambda: parquet_store.append([make_event(2)]),
        lambda: ParquetStore.open(parquet_store._folder.path),
    ):
        with pytest.raises(Unavailable, match=r"manifest\.json.*damaged"):
            act()


def test_lost_manifest_does_not_make_an_empty_store(parquet_store, make_event):
    """Segments without a manifest are kept, and the person is told."""
    parquet_store.append([make_event(1)])
    file = first_file(parquet_store)
    parquet_store._folder.manifest.unlink()
    with pytest.raises(Unavailable, match="missing, but there are segments"):
        ParquetStore.open(parquet_store._folder.path)
    assert file.exists()


def test_old_manifest_beside_newer_segments_is_refused(parquet_store, make_event):
    """A manifest from a backup must not make newer segments orphans."""
    path = parquet_store._folder.path
    old = (path / "manifest.json").read_bytes()
    for n in range(3):
        parquet_store.append([make_event(n)])
    (path / "manifest.json").write_bytes(old)
    again = ParquetStore.open(path)
    with pytest.raises(Unavailable, match="newer than the manifest"):
        again.append([make_event(9)])
    again.close()
    assert 3 == len(list(path.glob("l*/*")))


def test_reader_ahead_of_the_store_is_told(parquet_store, make_event):
    """A cursor from before a restore would skip events silently."""
    parquet_store.append([make_event(1)])
    with pytest.raises(Unavailable, match="older backup"):
        parquet_store.read(ALL, "2:0", 10)


@pytest.mark.parametrize("position", ["x", "1", "1:x", "-1:2", ":"])
def test_position_of_another_store_is_refused(parquet_store, position):
    """Positions are checked before they are compared."""
    with pytest.raises(HaidangError, match="not a position"):
        parquet_store.read(ALL, position, 10)


def test_folder_name_must_not_be_a_pattern(tmp_path):
    """The search engine would take such a name for a pattern of many files."""
    with pytest.raises(HaidangError, match="must not have any of"):
        ParquetStore.open(tmp_path / "a[1]")


def test_folder_that_is_a_file_is_refused(tmp_path):
    """The message names the path."""
    (tmp_path / "events").write_text("x")
    with pytest.raises(Unavailable, match="events: cannot be used"):
        ParquetStore.open(tmp_path / "events")
