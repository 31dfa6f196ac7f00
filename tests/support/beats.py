"""Agreement with Filebeat: its own test logs through our datasets, field by field.

Each `X.log` of beats-oss lies beside `X.log-expected.json`, the documents that Filebeat makes of
its first records. Left out is what Filebeat or a database says and the line does not.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

from collectors.dataset import Dataset, load_dataset
from collectors.frame import Framing, frame
from collectors.record import Context, Dropped, ParserState
from haidang.errors import Refused
from haidang.model.instant import from_iso, to_iso

DATA = Path(__file__).parents[2] / "../shared/data"
MODULES = DATA / "beats-oss/filebeat/module"
PAGES = Path(__file__).parents[2] / "docs/conformance"

# The time zone of the machine that wrote the expected documents.
_CONTEXT = Context(zone=timezone(timedelta(hours=-2)))
_FILEBEATS = ("event.dataset", "event.module", "fileset.", "service.type", "input.type")
_MILLISECOND = 1_000


@dataclass(slots=True)
class Agreement:
    """How many of the expected fields of a dataset's logs are the same with us."""

    dataset: str
    documents: int = 0
    expected: int = 0
    agreeing: int = 0
    without: int = 0
    differing: Counter[str] = field(default_factory=Counter)

    @property
    def share(self) -> float:
        """Agreeing / expected, in percent."""
        return 100 * self.agreeing / self.expected

    @property
    def row(self) -> str:
        """One line of the table."""
        most = ", ".join(f"`{name}` ({times})" for name, times in self.differing.most_common(4))
        numbers = f"{self.documents} | {self.agreeing} / {self.expected} | {self.share:.1f} %"
        return f"| `{self.dataset}` | {numbers} | {most or '–'} |"


def agreement(name: str, folder: str) -> Agreement:
    """A dataset on the logs of one Filebeat fileset, such as `nginx/access`."""
    found = Agreement(name)
    dataset = load_dataset(name)
    for log in sorted((MODULES / folder / "test").glob("*.log")):
        ours = documents(dataset, log.read_bytes())
        for theirs in json.loads(Path(f"{log}-expected.json").read_text("utf-8")):
            _compare(theirs, ours.get(theirs["log.offset"]), found)
    return found


def documents(
    dataset: Dataset, data: bytes, context: Context = _CONTEXT
) -> dict[int, dict[str, Any]]:
    """The own events of a log, flat, by the offset of their record."""
    found: dict[int, dict[str, Any]] = {}
    state: ParserState = {}
    how = Framing(1 << 20, dataset.continued)
    whole = frame(data, 0, skipping=False, last=True, closed=True, how=how, max_lines=len(data))
    for offset, content, _ in whole.lines:
        try:
            own = dataset.parse(content, context, state)[0]
        except (Refused, Dropped):
            continue
        time = {} if own.time is None else {"@timestamp": to_iso(own.time)}
        found[offset] = {**flat(own.document), **time}
    return found


def flat(document: dict[str, Any], path: str = "") -> dict[str, Any]:
    """Dotted paths to values."""
    found: dict[str, Any] = {}
    for key, value in document.items():
        found |= flat(value, f"{path}{key}.") if isinstance(value, dict) else {path + key: value}
    return found


def _compare(theirs: dict[str, Any], ours: dict[str, Any] | None, found: Agreement) -> None:
    found.documents += 1
    found.without += ours is None
    for key, value in theirs.items():
        if _is_ours(key):
            same = ours is not None and _same(key, value, ours.get(key))
            found.expected += 1
            found.agreeing += same
            found.differing[key] += not same
    found.differing = +found.differing


def _is_ours(key: str) -> bool:
    if key.startswith("user_agent."):
        return key == "user_agent.original"
    return not (
        key.startswith(_FILEBEATS) or key == "log.offset" or ".geo." in key or ".as." in key
    )


def _same(key: str, theirs: Any, ours: Any) -> bool:
    if key == "@timestamp" and ours is not None:
        return from_iso(theirs) // _MILLISECOND == from_iso(ours) // _MILLISECOND
    expected, actual = (
        sorted(map(str, value if isinstance(value, list) else [value])) for value in (theirs, ours)
    )
    return expected == actual


def table(found: Iterable[Agreement]) -> list[str]:
    """The lines of a Markdown table of agreements."""
    head = "| dataset | documents | agreeing / expected fields | share | most often different |"
    return [head, "|---|---:|---:|---:|---|", *(one.row for one in found)]


def check_page(name: str, lines: Sequence[str]) -> None:
    """The page in docs/conformance is what was measured; HAIDANG_WRITE=1 rewrites it."""
    page = PAGES / name
    text = "\n".join(lines) + "\n"
    if os.environ.get("HAIDANG_WRITE"):
        PAGES.mkdir(exist_ok=True)
        page.write_text(text, "utf-8")
    assert text == page.read_text("utf-8"), f"HAIDANG_WRITE=1 rewrites {page}"
