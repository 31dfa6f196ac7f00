"""Windows events as rendered XML (wevtutil, event forwarding), read into evtx_dump's tree.

Nothing that XML can do beyond elements and attributes is accepted: a document type, and with it
every entity of its own, is refused, and depth is bounded.
"""

import re
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from collectors.formats import winevent
from collectors.formats.options import Options
from collectors.formats.winevent import ATTRIBUTES, TEXT
from collectors.record import Dropped, ParserState
from haidang.errors import Refused
from haidang.model.event import Document
from haidang.model.fold import nfc

_MAX_DEPTH = 32
_FRAME = re.compile(r"\ufeff?(?:<\?xml[^>]*+>)?\s*+(?:</?Events\b[^>]*+>)?\s*+")
_EPILOG = re.compile(r"</Events>\Z")
# Windows renders control characters, which XML forbids: they are shown as JSON writes them.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_REFERENCE = re.compile(r"&#(?:x([0-9A-Fa-f]{1,2})|([0-9]{1,2}));")


def read(options: Options, text: str, state: ParserState) -> Document:
    """The document of one rendered event. Raises Refused, Dropped (the frame of a list)."""
    del options, state  # a record stands alone
    text = _FRAME.sub("", text.strip(), count=1)
    if not text:
        raise Dropped("xml-frame")
    text = _CONTROL.sub(_shown, _REFERENCE.sub(_referred, _EPILOG.sub("", text)))
    return winevent.document(_Tree().read(nfc(text)))


def _shown(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _referred(match: re.Match[str]) -> str:
    number = int(match[1], 16) if match[1] else int(match[2])
    return match[0] if number >= 32 or number in (9, 10, 13) else f"\\u{number:04x}"


class _Tree:
    """Builds the tree of one record from what the XML parser finds."""

    def __init__(self) -> None:
        self._open: list[_Element] = [_Element("", {})]

    def read(self, text: str) -> Document:
        """The tree. Raises Refused."""
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _no_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        try:
            parser.Parse(text.encode(), True)  # noqa: FBT003 - this is the end
        except expat.ExpatError as error:
            what = expat.ErrorString(error.code)
            place = f"line {error.lineno}, column {error.offset + 1}"
            raise Refused(f"the record is not XML: {what}, at {place}") from None
        return self._open[0].members

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) > _MAX_DEPTH:
            raise Refused("the XML is nested too deeply")
        self._open.append(_Element(name.rpartition(":")[2], attributes))

    def _text(self, text: str) -> None:
        self._open[-1].text.append(text)

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        self._open[-1].add(element)


def _no_doctype(*_declaration: object) -> None:
    raise Refused("the XML declares a document type; that is not accepted")


@dataclass(slots=True)
class _Element:
    """An element that is being read."""

    name: str
    attributes: dict[str, str]
    members: Document = field(default_factory=dict)
    text: list[str] = field(default_factory=list)

    def add(self, element: "_Element") -> None:
        """One more member; named data by its name, what is there already with a number behind."""
        members, name = self.members, element.name
        if name in ("Data", "ComplexData"):
            name = element.attributes.pop("Name", name)
            if name == "Data":
                members.setdefault(name, []).append(element.value())
                return
        key, number = name, 0
        while key in members:
            number += 1
            key = f"{name}_{number}"
        members[key] = element.value()

    def value(self) -> Any:
        """Its text, or an object where it has attributes or members."""
        text = "".join(self.text)
        if not (self.attributes or self.members):
            return text
        found: Document = {ATTRIBUTES: self.attributes} if self.attributes else {}
        if text.strip():
            found[TEXT] = text
        return {**found, **self.members}
