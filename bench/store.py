"""How fast both event stores take and give events, beside the bare client in the same run.

A server of its own is started. Batch by batch and page by page the bare client and our store take
turns, so that whatever else the machine does hits both: the bare client sends prepared bytes to
`_bulk` and decodes range searches over `_seq_no`, and gives no promise; our store takes and gives
events. Times are seconds on the clock, because most of the work is the server's.

The embedded store is compared with the least that Parquet can do: write the same columns and fsync.
Memory is the peak resident size of a process that does only our part.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from elasticsearch import Elasticsearch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from app.demo import servers  # noqa: E402 - the path first
from app.demo.process import running  # noqa: E402 - the path first
from app.demo.software import find  # noqa: E402 - the path first
from haidang.model.event import Event, encode  # noqa: E402 - the path first
from haidang.model.ids import make_id  # noqa: E402 - the path first
from haidang.model.instant import HOUR, to_iso  # noqa: E402 - the path first
from haidang.model.scope import Scope  # noqa: E402 - the path first
from haidang.store.events.elastic import document, names  # noqa: E402 - the path first
from haidang.store.events.elastic.client import Connection  # noqa: E402 - the path first
from haidang.store.events.elastic.store import ElasticStore  # noqa: E402 - the path first
from haidang.store.events.parquet.schema import (  # noqa: E402 - the path first
    ENVELOPE_NAMES,
    ORDER_NAMES,
    to_batch,
)
from haidang.store.events.parquet.store import ParquetStore  # noqa: E402 - the path first
from haidang.store.events.protocol import START, EventStore  # noqa: E402 - the path first

RESULTS = ROOT / "bench/results"
BATCH = 5_000
MUST = 0.70
WARM = 50_000
NOON = 500_000 * HOUR
_NDJSON = {"accept": "application/json", "content-type": "application/x-ndjson"}
# A store, and what says how many bytes it has on disk.
Alone: TypeAlias = tuple[EventStore, Callable[[], int]]
_ABOUT = (
    "{events:,} documents of about {size} bytes, "
    f"batches and pages of {BATCH:,}; documents a second on the clock, in turns with the bare "
    f"client. Elasticsearch must reach {MUST:.0%} of it.\n"
)
_PROGRAMS = ("svchost.exe", "cmd.exe", "powershell.exe", "winword.exe", "chrome.exe", "lsass.exe")


@dataclass(frozen=True, slots=True)
class Rate:
    """Documents a second of the bare way and of ours, in one run."""

    store: str
    act: str
    bare: int
    ours: int

    @property
    def share(self) -> float:
        """Ours as a part of the bare rate."""
        return self.ours / self.bare


@dataclass(frozen=True, slots=True)
class Size:
    """Peak resident MiB of a process that only writes and reads, and bytes a document on disk."""

    store: str
    mib: int
    document_bytes: int


class Clock:
    """Seconds and documents of one side."""

    def __init__(self) -> None:
        self.seconds, self.documents = 0.0, 0

    def time(self, work: Callable[[], int]) -> int:
        """Add the time of `work`, which returns how many documents it did."""
        started = time.perf_counter()
        done = work()
        self.seconds += time.perf_counter() - started
        self.documents += done
        return done

    def rate(self) -> int:
        """Documents a second."""
        return round(self.documents / self.seconds)


def main() -> int:
    """Measure; 1 if a rate of the cluster store is below the least that must be reached."""
    options = _options()
    if options.child:
        return _child(options)
    events = options.events
    with tempfile.TemporaryDirectory(prefix="bench-", dir="/var/tmp") as folder:
        at = Path(folder)
        at.chmod(0o755)
        server = servers.elasticsearch(at / "server", find(os.environ, os.getuid()), heap_mb=1024)
        with running(server):
            rates = elastic_rates(server.url, events)
            sizes = [_size("elastic", at, events, server.url)]
        rates += parquet_rates(at, events)
        sizes.append(_size("parquet", at, events, ""))
    table = report(rates, sizes, events)
    print(table)  # noqa: T201 - what a program shows
    if options.save:
        _save(rates, sizes, table)
    return 0 if all(one.share >= MUST for one in rates if one.store == "elastic") else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000, help="documents for each side")
    parser.add_argument("--save", action="store_true", help="write bench/results/store.*")
    parser.add_argument("--child", default="", help=argparse.SUPPRESS)
    parser.add_argument("--url", default="", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, default=Path(), help=argparse.SUPPRESS)
    return parser.parse_args()


def batches(events: int) -> Iterator[list[Event]]:
    """Distinct process events of about 980 bytes, 25 fields."""
    for start in range(0, events, BATCH):
        yield [_event(number) for number in range(start, min(start + BATCH, events))]


def _event(number: int) -> Event:
    time_ = NOON + number * 1_000
    unique = make_id("bench", number)
    program = _PROGRAMS[number % len(_PROGRAMS)]
    path = f"C:\\Windows\\System32\\{program}"
    ecs: dict[str, Any] = {
        "@timestamp": to_iso(time_),
        "ecs": {"version": "8.17.0"},
        "event": {
            "code": "1",
            "kind": "event",
            "category": ["process"],
            "type": ["start"],
            "module": "sysmon",
            "dataset": "windows.sysmon",
            "sequence": number,
        },
        "host": {"name": f"MAY-{number % 400:03}", "ip": [f"10.1.{number % 250}.7"]},
        "process": {
            "pid": number % 65_000,
            "executable": path,
            "name": program,
            "command_line": f"{path} /c run --task {unique} --văn-bản {number}",
            "hash": {"sha256": unique * 2},
            "parent": {"pid": number % 3_000, "executable": "C:\\Windows\\explorer.exe"},
            "working_directory": f"C:\\Users\\vanthu{number % 90}\\Tài liệu\\",
        },
        "user": {"name": f"vanthu{number % 90}", "domain": "TINH", "id": f"S-1-5-21-{number}"},
        "log": {"file": {"path": "/var/log/windows/events.ndjson"}, "offset": number * 979},
        "message": f"Process Create: {program} {unique}",
        "winlog": {"channel": "Microsoft-Windows-Sysmon/Operational", "record_id": number},
    }
    source = f"{number % 40:032x}"
    owner = ("so-noi-vu", ("so-noi-vu",), "dc", 3)
    return Event(unique, time_, time_, source, "windows.sysmon", *owner, encode(ecs))


def elastic_rates(url: str, events: int) -> list[Rate]:
    """Bulk and feed; both sides write to streams of the same template under their own prefix."""
    bare = Elasticsearch(url, request_timeout=60)
    with _elastic(url, "warm") as store:  # a server that just started is slow
        for batch in batches(WARM):
            _append(store, batch)
    with _elastic(url, "bare"), _elastic(url, "ours") as store:
        clocks = [Clock() for _ in range(4)]
        for number, batch in enumerate(batches(events)):
            body = _bulk_body(batch)
            turns = (
                partial(clocks[0].time, partial(_bare_bulk, bare, body)),
                partial(clocks[1].time, partial(_append, store, batch)),
            )
            for turn in turns[:: 1 if number % 2 else -1]:
                turn()
        bare.perform_request("POST", "/bare-*/_refresh", headers={"accept": "application/json"})
        reader = Reader(store)
        for last in range(-1, events - 1, BATCH):
            clocks[2].time(partial(_bare_page, bare, last))
            clocks[3].time(reader.page)
    return _rates("elastic", clocks, events)


@contextmanager
def _elastic(url: str, prefix: str) -> Iterator[ElasticStore]:
    with closing(ElasticStore.open(Connection((url,), prefix=prefix))) as store:
        store.init()
        yield store


def parquet_rates(folder: Path, events: int) -> list[Rate]:
    """Append and feed beside bare pyarrow, which writes the envelope and the JSON, and fsyncs."""
    plain = folder / "plain"
    plain.mkdir()
    with closing(ParquetStore.open(folder / "store")) as store:
        clocks = [Clock() for _ in range(4)]
        for number, batch in enumerate(batches(events)):
            rows = to_batch(batch, [(number, row) for row in range(len(batch))])
            columns = rows.select([*ORDER_NAMES, *ENVELOPE_NAMES])
            clocks[0].time(partial(_bare_write, plain / f"{number:05}.parquet", columns))
            clocks[1].time(partial(_append, store, batch))
        reader = Reader(store)
        for file in sorted(plain.iterdir()):
            clocks[2].time(partial(_bare_read, file))
            clocks[3].time(reader.page)
    return _rates("parquet", clocks, events)


class Reader:
    """Reads a feed page by page."""

    def __init__(self, store: EventStore) -> None:
        self._store, self._position = store, START

    def page(self) -> int:
        """How many events the next page has."""
        page = self._store.read(Scope.system(), self._position, BATCH)
        self._position = page.position
        return len(page.events)


def _rates(store: str, clocks: Sequence[Clock], events: int) -> list[Rate]:
    if [clock.documents for clock in clocks] != [events] * 4:
        raise SystemExit(f"not every document was seen: {[one.documents for one in clocks]}")
    rates = [clock.rate() for clock in clocks]
    return [Rate(store, "bulk", *rates[:2]), Rate(store, "feed", *rates[2:])]


def _bulk_body(events: Sequence[Event]) -> bytes:
    lines = []
    for event in events:
        stream = names.stream_of("bare", event).encode()
        lines.append(b'{"create":{"_index":"%b","_id":"%b"}}' % (stream, event.id.encode()))
        lines.append(document.encode(event))
    return b"\n".join(lines) + b"\n"


def _bare_bulk(client: Elasticsearch, body: bytes) -> int:
    answer = client.perform_request("POST", "/_bulk", headers=_NDJSON, body=body).body
    if answer["errors"]:
        raise SystemExit("the bare client's bulk had errors")
    return len(answer["items"])


def _append(store: EventStore, events: Sequence[Event]) -> int:
    if store.append(events).refused:
        raise SystemExit("our store refused events")
    return len(events)


def _bare_page(client: Elasticsearch, last: int) -> int:
    query = {"range": {"_seq_no": {"gt": last, "lte": last + BATCH}}}
    found = client.search(
        index="bare-*", query=query, size=BATCH, sort=["_seq_no"], request_cache=False
    )
    return len(found["hits"]["hits"])


def _bare_write(file: Path, columns: pa.RecordBatch) -> int:
    pq.write_table(pa.Table.from_batches([columns]), file, compression="zstd")
    with file.open("rb") as written:
        os.fsync(written.fileno())
    return columns.num_rows


def _bare_read(file: Path) -> int:
    return len(pq.read_table(file).to_pylist())


def _size(kind: str, folder: Path, events: int, url: str) -> Size:
    """What a process of its own needs that appends everything and reads it again."""
    words = [sys.executable, __file__, "--child", kind, "--events", str(events)]
    words += ["--folder", str(folder), "--url", url]
    finished = subprocess.run(words, check=True, stdout=subprocess.PIPE)  # noqa: S603 - our own words
    return Size(kind, *json.loads(finished.stdout))


def _child(options: argparse.Namespace) -> int:
    opened = _alone_elastic if options.child == "elastic" else _alone_parquet
    with opened(options) as (store, on_disk):
        for batch in batches(options.events):
            _append(store, batch)
        reader = Reader(store)
        while reader.page():
            pass
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps([peak, round(on_disk() / options.events)]))  # noqa: T201 - to the parent
    return 0


@contextmanager
def _alone_elastic(options: argparse.Namespace) -> Iterator[Alone]:
    client = Elasticsearch(options.url, request_timeout=120)
    json_ = {"accept": "application/json"}

    def on_disk() -> int:
        client.perform_request(
            "POST", "/alone-*/_forcemerge?max_num_segments=1&flush=true", headers=json_
        )
        answer = client.perform_request(
            "POST", "/alone-*/_disk_usage?run_expensive_tasks=true", headers=json_
        ).body
        return sum(
            one["store_size_in_bytes"]
            for one in answer.values()
            if isinstance(one, dict) and "store_size_in_bytes" in one
        )

    with _elastic(options.url, "alone") as store:
        yield store, on_disk


@contextmanager
def _alone_parquet(options: argparse.Namespace) -> Iterator[Alone]:
    folder = options.folder / "alone"

    def on_disk() -> int:
        return sum(file.stat().st_size for file in folder.rglob("*.parquet"))

    with closing(ParquetStore.open(folder)) as store:
        yield store, on_disk


def report(rates: Sequence[Rate], sizes: Sequence[Size], events: int) -> str:
    """The figures as Markdown."""
    lines = [
        "# bench/store.py\n",
        _ABOUT.format(events=events, size=len(_event(events).ecs)),
        "| store | act | bare docs/s | ours docs/s | ours : bare |",
        "|---|---|--:|--:|--:|",
        *(f"| {r.store} | {r.act} | {r.bare:,} | {r.ours:,} | {r.share:.0%} |" for r in rates),
        "\n| store | peak MiB of our process | bytes a document on disk |",
        "|---|--:|--:|",
        *(f"| {one.store} | {one.mib} | {one.document_bytes} |" for one in sizes),
    ]
    return "\n".join(lines)


def _save(rates: Sequence[Rate], sizes: Sequence[Size], table: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    value = {"rates": [asdict(r) for r in rates], "sizes": [asdict(one) for one in sizes]}
    content = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    (RESULTS / "store.json").write_bytes(content)
    (RESULTS / "store.md").write_text(f"{table}\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
