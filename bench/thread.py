"""How fast, and in how much memory, log lines become stored events and events become alerts.

Real processes (`haidang collect --once`, then `haidang correlate --once`) on real and simulated
lines, beside a bare loop (a regular expression or orjson, then orjson) over the same lines in the
same run: its speed says what the machine can do, so the ratios hold on other machines too.

Times are CPU seconds (user + system) because machines are shared; what a second run with nothing
to do costs (start-up) is taken off. Memory is the peak resident size of each process.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import orjson
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from app.demo.day import STEPS, event_log, files_until, inventory_yaml  # noqa: E402 - the path first
from app.demo.world import World, make_world  # noqa: E402 - the path first

DATA = ROOT / "../shared/data"
ACCESS = DATA / "elastic-examples/apache_logs/apache_logs"
AUDIT = DATA / "beats-oss/filebeat/module/auditd/log/test/audit-rhel7.log"
RESULTS = ROOT / "bench/results"

MAX_MIB = 300
LONG_LINE = 1 << 20
_OLD = 36_500  # days: the samples were written years ago

_COMBINED = re.compile(
    rb'(?P<remote>\S+) (?P<ident>\S+) (?P<user>\S+) \[(?P<time>[^\]]+)\] "(?P<method>\S+) '
    rb'(?P<target>\S+) HTTP/(?P<version>[\d.]+)" (?P<status>\d+) (?P<bytes>\S+) '
    rb'"(?P<referrer>[^"]*)" "(?P<agent>[^"]*)".*'
)
_SERIAL = re.compile(rb":(\d+)\):")
_PAIR = re.compile(rb"(\w+)=(\S+)")


@dataclass(frozen=True, slots=True)
class Load:
    """Lines of one data set; `bare` does to a line the least that any parser has to do."""

    name: str
    dataset: str
    lines: list[bytes]
    bare: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Process:
    """What a finished process used: CPU seconds, peak resident MiB, and what it said."""

    seconds: float
    mib: int
    said: str


@dataclass(frozen=True, slots=True)
class Result:
    """Rates are per CPU second; `collect_ratio` and `correlate_ratio` are bare rate over rate."""

    load: str
    checkout: str
    lines: int
    events: int
    bare: int
    collect: int
    collect_ratio: float
    collect_mib: int
    correlate: int
    correlate_ratio: float
    correlate_mib: int

    @property
    def passed(self) -> bool:
        """Whether both processes stayed below the limit."""
        return max(self.collect_mib, self.correlate_mib) < MAX_MIB


def main() -> int:
    """Measure every load with every checkout; 1 if a process took too much memory."""
    options = _options()
    world = make_world()
    results = []
    print(_HEAD)  # noqa: T201 - what a program shows
    for load in _loads(world, options.repeat, options.only):
        for name, checkout in options.checkouts:
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                results.append(_measure(load, name, checkout, Path(folder), world))
            print(_row(results[-1]), flush=True)  # noqa: T201 - what a program shows
    if options.save:
        _save([one for one in results if one.checkout == "this"])
    return 0 if all(one.passed for one in results) else 1


def _save(results: list[Result]) -> None:
    RESULTS.mkdir(exist_ok=True)
    rows = [asdict(one) for one in results]
    content = orjson.dumps(rows, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    (RESULTS / "thread.json").write_bytes(content)
    table = "\n".join([_HEAD, *map(_row, results)])
    (RESULTS / "thread.md").write_text(f"{_ABOUT}\n\n{table}\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=10, help="how often the samples are taken")
    parser.add_argument("--only", default="", help="loads whose name contains this")
    parser.add_argument("--against", type=Path, help="another checkout, measured beside this one")
    parser.add_argument("--save", action="store_true", help="write bench/results/thread.*")
    options = parser.parse_args()
    other = [("other", options.against.resolve())] if options.against else []
    options.checkouts = [*other, ("this", ROOT)]
    return options


def _loads(world: World, repeat: int, only: str) -> Iterator[Load]:
    makers: dict[str, Callable[[], Load]] = {
        "access": lambda: Load("access", "nginx.access", _turned(ACCESS, repeat), _bare_access),
        "audit": lambda: Load("audit", "auditd.log", _renumbered(AUDIT, repeat * 4), _bare_audit),
        "windows": lambda: Load(
            "windows", "windows.winlogbeat", _simulated(world, repeat * 3), _bare_windows
        ),
        "access, 1 MiB lines": lambda: Load(
            "access, 1 MiB lines", "nginx.access", [_long_access()] * 100, _bare_access
        ),
        "windows, 1 MiB lines": lambda: Load(
            "windows, 1 MiB lines", "windows.winlogbeat", [_long_windows()] * 100, _bare_windows
        ),
    }
    return (make() for name, make in makers.items() if only in name)


def _turned(file: Path, repeat: int) -> list[bytes]:
    """The lines of a file again and again, each time beginning at another line."""
    lines = file.read_bytes().splitlines()
    return [line for turn in range(repeat) for line in lines[turn:] + lines[:turn]]


def _renumbered(file: Path, repeat: int) -> list[bytes]:
    """Audit records again and again, with serials that go on as the kernel's do."""
    lines = file.read_bytes().splitlines()
    return [_SERIAL.sub(partial(_later, turn), line) for turn in range(repeat) for line in lines]


def _later(turn: int, found: re.Match[bytes]) -> bytes:
    return b":%d):" % (int(found[1]) + turn * 1_000_000)


def _simulated(world: World, repeat: int) -> list[bytes]:
    """The demo's Windows events."""
    files = files_until(world, STEPS[-1])
    lines = b"".join(files[event_log(host)] for host in world.windows).splitlines()
    return lines * repeat


def _long_access() -> bytes:
    line = b'203.0.113.7 - - [17/May/2015:10:05:03 +0000] "GET /?q=%s HTTP/1.1" 200 9 "-" "curl/8"'
    return line % (b"0123 token " * LONG_LINE)[: LONG_LINE - len(line)].replace(b" ", b"+")


def _long_windows() -> bytes:
    words = "-e 0123 token " * (LONG_LINE // 14 - 50)
    document = {
        "@timestamp": "2026-11-18T01:15:30.123Z",
        "winlog": {"channel": "Security", "event_id": "4688", "event_data": {"CommandLine": words}},
    }
    return orjson.dumps(document)


def _bare_access(line: bytes) -> bytes:
    found = _COMBINED.fullmatch(line)
    groups = found.groupdict() if found else {"line": line}
    return orjson.dumps({name: value.decode("utf-8", "replace") for name, value in groups.items()})


def _bare_audit(line: bytes) -> bytes:
    pairs = _PAIR.findall(line)
    return orjson.dumps({key.decode(): value.decode("utf-8", "replace") for key, value in pairs})


def _bare_windows(line: bytes) -> bytes:
    return orjson.dumps(orjson.loads(line))


def _measure(load: Load, name: str, checkout: Path, folder: Path, world: World) -> Result:
    config = _write(load, folder, world)
    bare = len(load.lines) / _bare_seconds(load)
    collect, collect_idle = (_run("collect", config, checkout) for _ in range(2))
    correlate, correlate_idle = (_run("correlate", config, checkout) for _ in range(2))
    events = _said(correlate, "events")
    if _said(collect, "events") != len(load.lines):
        raise SystemExit(f"{load.name}: not every line was read: {collect.said}")
    lines_rate = len(load.lines) / max(collect.seconds - collect_idle.seconds, 0.01)
    events_rate = events / max(correlate.seconds - correlate_idle.seconds, 0.01)
    return Result(
        load=load.name,
        checkout=name,
        lines=len(load.lines),
        events=events,
        bare=round(bare),
        collect=round(lines_rate),
        collect_ratio=round(bare / lines_rate, 1),
        collect_mib=collect.mib,
        correlate=round(events_rate),
        correlate_ratio=round(bare / events_rate, 1),
        correlate_mib=correlate.mib,
    )


def _write(load: Load, folder: Path, world: World) -> Path:
    """The lines, the demo's inventory and a configuration that reads the lines."""
    (folder / "lines.log").write_bytes(b"\n".join(load.lines) + b"\n")
    (folder / "inventory.yml").write_text(inventory_yaml(world), encoding="utf-8")
    one = {
        "name": "bench",
        "path": "lines.log",
        "dataset": load.dataset,
        "operator": world.operator,
        "zone": world.zone,
        "host": world.web.name,
        "max_behind_days": _OLD,
    }
    config = folder / "haidang.yml"
    settings = {"data_dir": "data", "inventory": "inventory.yml", "inputs": [one]}
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return config


def _bare_seconds(load: Load) -> float:
    started = time.process_time()
    for line in load.lines:
        load.bare(line)
    return max(time.process_time() - started, 0.001)


def _run(command: str, config: Path, checkout: Path) -> Process:
    words = [sys.executable, "-m", "haidang", command, "--once", "--config", str(config)]
    with subprocess.Popen(  # noqa: S603 - our own words
        words, cwd=checkout, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        said = process.stdout.read().decode() if process.stdout else ""
        # wait4 and not getrusage(RUSAGE_CHILDREN): the peak of this process, not of the largest.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"haidang {command} failed with {process.returncode}: {said}")
    return Process(usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024, said)


def _said(process: Process, name: str) -> int:
    """A number of the process's first line that has it."""
    found = re.search(rf"\b{name}=(\d+)", process.said)
    if found is None:
        raise SystemExit(f"no {name}= in: {process.said}")
    return int(found[1])


_HEAD = (
    "| load | checkout | lines | bare loop/s | collect lines/s | bare : collect | collect MiB "
    "| events | correlate events/s | bare : correlate | correlate MiB | memory |\n"
    "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|"
)
_ABOUT = (
    "# bench/thread.py\n\n"
    "Rates are per CPU second (user + system) of one process, start-up taken off; MiB is the peak "
    f"resident size, which must stay below {MAX_MIB}."
)


def _row(one: Result) -> str:
    cells = (
        *(one.load, one.checkout, f"{one.lines:,}", f"{one.bare:,}"),
        *(f"{one.collect:,}", one.collect_ratio, one.collect_mib, f"{one.events:,}"),
        *(f"{one.correlate:,}", one.correlate_ratio, one.correlate_mib),
        "PASS" if one.passed else "FAIL",
    )
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    raise SystemExit(main())
