"""`haidang parse`: what a dataset makes of lines, without a store; for writers of datasets."""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Any

import orjson

from collectors.dataset import Dataset
from collectors.frame import join
from collectors.record import Context, Dropped, Parsed, ParserState
from haidang.errors import Refused
from haidang.model.event import ECS_VERSION, Document, encode
from haidang.model.fields import put
from haidang.model.instant import Instant, to_iso

_MAX_BYTES = 1 << 20


def parse_lines(
    dataset: Dataset,
    lines: Iterable[bytes],
    context: Context,
    key: bytes,
    *,
    explain: bool = False,
) -> Iterator[bytes]:
    """JSON lines in the order of the records: documents, or {"error" or "dropped", "line"}.

    Derived events follow the record that completed them, and carry haidang.derived. A record
    without a time gets `context.seen`. With `explain`, each record is followed by {"line",
    "explain"}: pattern, groups, masks that hit, log sources, and where a line failed how far it
    fitted.
    """
    state: ParserState = {}
    numbered = ((number, line.rstrip(b"\r\n"), False) for number, line in enumerate(lines, 1))
    for (number, record, _), _ in join(numbered, dataset.continued, _MAX_BYTES):
        masked = dataset.mask(record, key)
        before = deepcopy(state) if explain else {}
        try:
            found = _parse(dataset, masked, context, state)
            for parsed in found:
                yield _encoded(dataset.name, parsed, context.seen)
        except Refused as refused:
            yield orjson.dumps({"error": refused.reason, "line": number})
        except Dropped as dropped:
            yield orjson.dumps({"dropped": dropped.rule, "line": number})
        if explain:
            facts = _explained(dataset, record, masked, context, before)
            yield orjson.dumps({"line": number, "explain": facts})
    for parsed in dataset.flush(context, state):
        yield _encoded(dataset.name, parsed, context.seen)


def _parse(dataset: Dataset, record: bytes, context: Context, state: ParserState) -> list[Parsed]:
    if not record.strip():
        raise Dropped("blank-line")
    return dataset.parse(record, context, state)


def _encoded(dataset: str, parsed: Parsed, now: Instant) -> bytes:
    document: Document = parsed.document
    document["@timestamp"] = to_iso(now if parsed.time is None else parsed.time)
    put(document, "event.dataset", dataset)
    put(document, "ecs.version", ECS_VERSION)
    return encode(document)


def _explained(
    dataset: Dataset, record: bytes, masked: bytes, context: Context, state: ParserState
) -> dict[str, Any]:
    """Facts about one record; groups and texts are shown masked, as they would be kept."""
    facts = {**dataset.explain(masked, state), "masks": dataset.mask_hits(record)}
    try:
        document = _parse(dataset, masked, context, state)[0].document
    except Refused as refused:
        return {"refused": refused.reason, **facts}
    except Dropped as dropped:
        return {"dropped": dropped.rule, **facts}
    return {**facts, "logsource": document["haidang"]["logsource"]}
