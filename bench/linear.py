"""Whether a line costs what its length says: 2 MiB against 1 MiB, for every dataset.

Hostile lines are the beginnings of a dataset's own cases, cut at several places, each followed by
one of a list of units until the line is full. What is measured is what a collector does with a
line: masking and parsing, in CPU seconds; a suspicious ratio is measured again and the better one
counts. Over 3 fails; below the noise floor (0.1 s for the longer line) it does not count.

    python bench/linear.py [DATASET …]     writes bench/results/linear.{json,md}

Ratios hold across runs, so datasets that are not named keep their rows.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from collectors.dataset import Dataset, dataset_names, load_dataset  # noqa: E402 - the path first
from collectors.record import Context, Dropped, ParserState  # noqa: E402 - the path first
from haidang.errors import Refused  # noqa: E402 - the path first

RESULTS = ROOT / "bench/results"
UNITS = (
    " ", "a", "a ", "0", "-", '"', '\\"', "a=", 'a="b" ', "a,", "[", "(", ": ", "|", "\\", "%41",
    '{"a":', "é", "1.2.3.4 ", "password=", "Bearer a ", "#",
)  # fmt: skip
CUTS = 2
MIB = 1 << 20
FLOOR = 0.1
MOST = 3.0
SUSPICIOUS = 2.4
HOPELESS = 4.0  # seconds for an eighth of a MiB: nobody waits for the rest


@dataclass(frozen=True, slots=True)
class Cost:
    """The worst line of a dataset: seconds for 1 and 2 MiB, and how it is made."""

    dataset: str
    lines: int
    ratio: float
    one: float
    two: float
    head: str
    unit: str


def heads(dataset: Dataset) -> Iterator[str]:
    """Beginnings of the dataset's own good lines, and none at all."""
    yield ""
    lines = [case.lines[0].decode() for case in dataset.cases if not case.refused]
    for line in lines[:2]:
        for part in range(1, CUTS + 1):
            yield line[: len(line) * part // CUTS]


def seconds(dataset: Dataset, line: bytes) -> float:
    """CPU seconds to mask and parse a line."""
    state: ParserState = {}
    start = time.process_time()
    with suppress(Refused, Dropped):
        dataset.parse(dataset.mask(line, b"k"), Context(), state)
    return time.process_time() - start


def filled(head: str, unit: str, size: int) -> bytes:
    """The head and then the unit up to `size` bytes."""
    start, step = head.encode(), unit.encode()
    return start + step * ((size - len(start)) // len(step))


def pair(dataset: Dataset, head: str, unit: str) -> tuple[float, float]:
    """Seconds for 1 and for 2 MiB, measured up to three times where the ratio is suspicious."""
    found = []
    for _ in range(3):
        two = seconds(dataset, filled(head, unit, 2 * MIB))
        found.append((seconds(dataset, filled(head, unit, MIB)), two))
        if two < FLOOR or two / found[-1][0] <= SUSPICIOUS:
            break
    return min(found, key=lambda one: one[1] / one[0])


def measure(dataset: Dataset) -> Cost:
    """The line with the worst ratio, or the first hopeless one."""
    worst = Cost(dataset.name, 0, 0.0, 0.0, 0.0, "", "")
    count = 0
    for head in dict.fromkeys(heads(dataset)):
        for unit in UNITS:
            count += 1
            eighth = seconds(dataset, filled(head, unit, MIB // 8))
            if eighth > HOPELESS:
                return Cost(dataset.name, count, float("inf"), eighth * 8, 0.0, head, unit)
            one, two = pair(dataset, head, unit)
            if two >= FLOOR and two / one > worst.ratio:
                worst = Cost(dataset.name, count, two / one, one, two, head, unit)
    return Cost(**{**asdict(worst), "lines": count})


def report(costs: list[Cost]) -> str:
    """The table for people."""
    rows = [
        f"| `{cost.dataset}` | {cost.lines} | {cost.ratio:.2f} | {cost.one:.2f} | {cost.two:.2f} "
        f"| {'ok' if cost.ratio <= MOST else 'FAILED'} |"
        for cost in costs
    ]
    top = "# bench/linear.py\n\nCPU seconds for hostile lines, the worst ratio of each dataset.\n"
    head = "| dataset | lines | 2 MiB : 1 MiB | 1 MiB s | 2 MiB s | at most 3 |"
    return "\n".join([top, head, "|---|--:|--:|--:|--:|---|", *rows]) + "\n"


def save(costs: list[Cost]) -> None:
    """Put the rows into the saved results, in the order of the datasets."""
    file = RESULTS / "linear.json"
    rows = {row["dataset"]: Cost(**row) for row in orjson.loads(file.read_bytes())}
    rows |= {cost.dataset: cost for cost in costs}
    kept = [rows[name] for name in dataset_names() if name in rows]
    (RESULTS / "linear.md").write_text(report(kept), "utf-8")
    listed = orjson.dumps([asdict(cost) for cost in kept], option=orjson.OPT_INDENT_2)
    file.write_bytes(listed + b"\n")


def main() -> int:
    """Measure; 1 if a dataset fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", nargs="*")
    wanted = parser.parse_args().dataset
    costs = []
    for name in wanted or dataset_names():
        cost = measure(load_dataset(name))
        costs.append(cost)
        shown = f"{cost.ratio:5.2f}  {cost.one:6.2f} s  {cost.two:6.2f} s"
        sys.stdout.write(f"{name:24} {shown}  {cost.head[:60]!r} {cost.unit!r}\n")
        sys.stdout.flush()
    save(costs)
    return int(any(cost.ratio > MOST for cost in costs))


if __name__ == "__main__":
    sys.exit(main())
