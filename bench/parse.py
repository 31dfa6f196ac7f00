"""How fast each data set turns bytes into events: mask, parse, envelope, id, JSON bytes.

Lines are a data set's own cases again and again, and for nginx.access 10,000 real ones besides;
one worker process, then two at once on the same lines. rsyslog reads the real lines in the same
run with a rule of its own (liblognorm, to JSON, without masks, ids or owners), so that the ratio
to it holds on other machines too; without rsyslog its row is left out and that is said.

Rates are per CPU second (user + system) because machines are shared. Reading the lines and
importing are not counted for us; rsyslog's start-up (a run on one line) is taken off.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from collectors.dataset import dataset_names, load_dataset  # noqa: E402 - the path first
from collectors.intake import Batch, Input, Intake  # noqa: E402 - the path first
from collectors.offsets import Row  # noqa: E402 - the path first
from haidang.model.instant import SECOND, Instant  # noqa: E402 - the path first
from haidang.store.inventory import Ownership  # noqa: E402 - the path first

ACCESS = ROOT / "../shared/data/elastic-examples/apache_logs/apache_logs"
RESULTS = ROOT / "bench/results"
MIB = 1 << 20
_REAL = "nginx.access, real lines"
_TURN = 1000
_FOREVER = 10**6 * 86_400 * SECOND  # old samples keep their times
_RULE = (
    "version=2\n"
    'rule=:%ip:word% %ident:word% %user:word% [%time:char-to:]%] "%verb:word% %target:word% '
    'HTTP/%version:char-to:"%" %status:number% %bytes:word% "%referrer:char-to:"%" '
    '"%agent:char-to:"%"%rest:rest%\n'
)
_RSYSLOG = """\
global(workDirectory="{folder}" maxMessageSize="64k")
module(load="imfile" mode="polling" pollingInterval="1")
module(load="mmnormalize")
template(name="json" type="list") {{ property(name="$!all-json") constant(value="\\n") }}
input(type="imfile" File="{folder}/lines.log" Tag="x" ruleset="r")
ruleset(name="r") {{
  action(type="mmnormalize" rulebase="{folder}/rules.rb" useRawMsg="off")
  action(type="omfile" file="{folder}/out.json" template="json" asyncWriting="off")
}}
"""


@dataclass(frozen=True, slots=True)
class Worked:
    """What one worker did; `seconds` of CPU, `rss` in MiB, `outcomes` of its lines."""

    lines: int
    bytes: int
    seconds: float
    rss: int
    outcomes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Result:
    """Rates are per CPU second; `two` is the sum of two workers that ran at once."""

    load: str
    lines: int
    one: int
    one_mib: float
    two: int
    two_mib: float
    rss: int
    outcomes: dict[str, int]


def main() -> int:
    """Measure what was asked for; 1 if rsyslog was asked for and is not there."""
    options = _options()
    if options.worker:
        sys.stdout.buffer.write(orjson.dumps(asdict(_work(options.worker, options.file))))
        return 0
    results = []
    print(_HEAD)  # noqa: T201 - what a program shows
    for load, dataset, lines in _loads(options.lines, options.only):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            results.append(_measure(load, dataset, lines, Path(folder)))
        print(_row(results[-1]), flush=True)  # noqa: T201 - what a program shows
    said = _beside_rsyslog(results, options.lines * 5)
    print(f"\n{said}")  # noqa: T201 - what a program shows
    if options.save:
        _save(results, said)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=20_000, help="lines of each load")
    parser.add_argument("--only", default="", help="loads whose name contains this")
    parser.add_argument("--save", action="store_true", help="write bench/results/parse.*")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _loads(count: int, only: str) -> Iterator[tuple[str, str, list[bytes]]]:
    if ACCESS.exists() and only in _REAL:
        yield _REAL, "nginx.access", _repeated(ACCESS.read_bytes().splitlines(), count)
    for name in dataset_names():
        if only in name:
            cases = [case for case in load_dataset(name).cases if not case.refused]
            lines = [line for case in cases for line in case.lines]
            yield name, name, _repeated(lines, count)


def _repeated(lines: list[bytes], count: int) -> list[bytes]:
    return (lines * (count // len(lines) + 1))[:count]


def _measure(load: str, dataset: str, lines: list[bytes], folder: Path) -> Result:
    file = folder / "records.json"  # a record may have several lines
    file.write_bytes(orjson.dumps([line.decode("latin-1") for line in lines]))
    (one,) = _workers(dataset, file, 1)
    both = _workers(dataset, file, 2)
    return Result(
        load=load,
        lines=one.lines,
        one=round(one.lines / one.seconds),
        one_mib=round(one.bytes / one.seconds / MIB, 2),
        two=round(sum(worker.lines / worker.seconds for worker in both)),
        two_mib=round(sum(worker.bytes / worker.seconds for worker in both) / MIB, 2),
        rss=one.rss,
        outcomes=one.outcomes,
    )


def _workers(dataset: str, file: Path, count: int) -> list[Worked]:
    words = [sys.executable, __file__, "--worker", dataset, "--file", str(file)]
    running = [subprocess.Popen(words, stdout=subprocess.PIPE) for _ in range(count)]  # noqa: S603 - our own words
    said = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        raise SystemExit(f"a worker of {dataset} failed")
    return [Worked(**orjson.loads(one)) for one in said]


def _work(name: str, file: Path) -> Worked:
    """What the collector does to lines, without files to follow and without a store."""
    lines = [text.encode("latin-1") for text in orjson.loads(file.read_bytes())]
    now = int(time.time()) * SECOND
    one = Input("bench", "lines.log", name, host="srv", ahead=_FOREVER, behind=_FOREVER)
    intake = Intake(one, load_dataset(name), b"0" * 32, _find)
    row = Row("bench", name, "lines.log", "0" * 16, 0, "lines.log")
    offset = 0
    started = time.process_time()
    for turn in range(0, len(lines), _TURN):
        framed = []
        for line in lines[turn : turn + _TURN]:
            framed.append((offset, line, False))
            offset += len(line) + 1
        intake.take(row, framed, Batch(now), set())
    seconds = time.process_time() - started
    counts = row.counts
    outcomes = {
        "indexed": counts.indexed,
        "quarantined": counts.quarantined,
        "dropped": sum(counts.dropped.values()),
    }
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Worked(counts.read, offset, max(seconds, 1e-6), rss, outcomes)


def _find(_document: dict[str, object], operator: str, zone: str, _time: Instant) -> Ownership:
    return Ownership(operator, (operator,), zone, 0, ())


def _beside_rsyslog(results: list[Result], count: int) -> str:
    ours = next((one for one in results if one.load == _REAL), None)
    if ours is None:
        return "The real lines were not read, so rsyslog was not asked."
    if shutil.which("rsyslogd") is None:
        return "rsyslog is not installed (Debian: rsyslog): its row is left out."
    lines = _repeated(ACCESS.read_bytes().splitlines(), count)
    seconds = _rsyslog_seconds(lines) - _rsyslog_seconds(lines[:1])
    rate = len(lines) / max(seconds, 0.01)
    mib = sum(len(line) + 1 for line in lines) / max(seconds, 0.01) / MIB
    return (
        f"rsyslog (imfile, mmnormalize, omfile), the same real lines ({len(lines):,}): "
        f"{rate:,.0f} lines/s = {mib:.2f} MiB/s, {rate / ours.one:.1f} times one process of ours, "
        "which also masks, gives ids and owners, and writes ECS."
    )


def _rsyslog_seconds(lines: list[bytes]) -> float:
    """CPU seconds of an rsyslog that reads these lines and writes each as JSON."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        (folder / "lines.log").write_bytes(b"\n".join(lines) + b"\n")
        (folder / "rules.rb").write_text(_RULE, encoding="utf-8")
        config = folder / "rsyslog.conf"
        config.write_text(_RSYSLOG.format(folder=folder), encoding="utf-8")
        words = ["rsyslogd", "-n", "-f", str(config), "-i", str(folder / "pid")]
        process = subprocess.Popen(words)  # noqa: S603 - our own words
        _wait_for(folder / "out.json", len(lines))
        process.terminate()
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        return usage.ru_utime + usage.ru_stime


def _wait_for(file: Path, lines: int) -> None:
    for _ in range(1200):
        if file.exists() and file.read_bytes().count(b"\n") >= lines:
            return
        time.sleep(0.1)
    raise SystemExit("rsyslog did not write every line")


def _save(results: list[Result], said: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    rows = [asdict(one) for one in results]
    content = orjson.dumps(rows, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    (RESULTS / "parse.json").write_bytes(content)
    table = "\n".join([_HEAD, *map(_row, results)])
    (RESULTS / "parse.md").write_text(f"{_ABOUT}\n\n{table}\n\n{said}\n", encoding="utf-8")


_HEAD = (
    "| load | lines | one process, lines/s | MiB/s | two processes, lines/s | MiB/s "
    "| MiB resident | indexed / quarantined / dropped |\n"
    "|---|--:|--:|--:|--:|--:|--:|---|"
)
_ABOUT = (
    "# bench/parse.py\n\n"
    "`.venv/bin/python bench/parse.py --save`. Rates are per CPU second (user + system) of mask, "
    "parse, envelope, id and JSON bytes; two processes ran at once and their rates are summed."
)


def _row(one: Result) -> str:
    cells = (
        *(one.load, f"{one.lines:,}", f"{one.one:,}", one.one_mib, f"{one.two:,}", one.two_mib),
        *(one.rss, " / ".join(f"{count:,}" for count in one.outcomes.values())),
    )
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    raise SystemExit(main())
