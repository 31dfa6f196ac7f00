"""The formats that a dataset may name, and what each needs from the dataset's YAML."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from collectors.formats import (
    cef,
    csv,
    json,
    kv,
    leef,
    nxlog,
    regex,
    syslog,
    w3c,
    winevent,
    winxml,
    zeek,
)
from collectors.formats.options import Options
from collectors.record import Dropped, Misfit, ParserState
from haidang.errors import Refused

# The text of a record, and the state of its file: a format may keep there what a header line says.
# Gives groups (flat formats: `dict[str, str | None]`) or a document. Raises Refused, and Dropped
# for a line that says something about the others (a header).
Read: TypeAlias = Callable[[Options, str, ParserState], dict[str, Any]]
Explain: TypeAlias = Callable[[Options, str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Format:
    """One format: `keys` are the YAML keys that it needs, `optional` those it may have.

    A flat format gives named texts, from which the document is built; a document format gives
    nested members, which are kept. `explain` tells more of a line than `groups` or a Misfit do.
    """

    about: str
    read: Read
    keys: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    document: bool = False
    explain: Explain | None = None


FORMATS: Mapping[str, Format] = {
    "cef": Format("ArcSight's Common Event Format.", cef.read),
    "csv": Format("Values by RFC 4180.", csv.read, keys=("columns",), optional=("delimiter",)),
    "json": Format("One JSON object a line.", json.read, document=True),
    "kv": Format("Pairs of key and value.", kv.read, optional=("delimiter",)),
    "leef": Format("QRadar's Log Event Extended Format.", leef.read),
    "regex": Format(
        "Named groups of regular expressions.",
        regex.read,
        keys=("patterns",),
        explain=regex.explain,
    ),
    "nxlog": Format("Windows events as flat JSON.", nxlog.read, document=True),
    "syslog": Format("RFC 5424, RFC 3164, and the files of rsyslog.", syslog.read),
    "w3c": Format("W3C extended log files, such as IIS's.", w3c.read, optional=("columns",)),
    "zeek": Format(
        "Logs of Zeek: one JSON object a line, or rows under a header of `#` lines.",
        zeek.read,
        keys=("log",),
        document=True,
    ),
    "winevent": Format(
        "Windows events as evtx_dump's JSON; records of EVTX files.", winevent.read, document=True
    ),
    "winxml": Format("Windows events as rendered XML.", winxml.read, document=True),
}


def explain(name: str, options: Options, text: str, state: ParserState) -> dict[str, Any]:
    """What a format found in a text, or how far it got."""
    one = FORMATS[name]
    try:
        facts = one.explain(options, text) if one.explain else {}
        return facts or {"format": name, "groups": one.read(options, text, state)}
    except Dropped as dropped:
        return {"format": name, "dropped": dropped.rule}
    except Misfit as misfit:
        where = {"fits_to_column": misfit.column, "expected": misfit.expected}
        return {"format": name, **where}
    except Refused as refused:
        return {"format": name, "fits_to_column": 0, "expected": refused.reason}
