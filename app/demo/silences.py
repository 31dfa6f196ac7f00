"""What the day's traps left behind: how much happened, and why nobody was told.

Everything is asked of the product after the day: the figures of its exclusions and of its rules in
trial, its sources' health, the events that it holds and the rules that match them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from unicodedata import normalize
from urllib.parse import quote

import orjson

from app import wiring
from app.demo.story import Stage
from correlator.exclusions import counted
from correlator.health import read_health
from correlator.tally import tallies
from dashboards.health import sentence
from haidang.model.event import Document, Event
from haidang.model.fields import first_text
from haidang.model.instant import MINUTE, Instant, to_local
from haidang.store.calendar.records import Place
from haidang.store.events.protocol import Clause, Filter, Range

_MOST = 10_000  # events looked at
# As people write them, and as browsers send them.
_WORDS = ("tai-xiu", *(quote(normalize(form, "tài xỉu")) for form in ("NFC", "NFD")))
_TOOL = "ultraviewer"
_GUESSES = "win_failed_interactive_burst"


@dataclass(frozen=True, slots=True)
class Silence:
    """Something that looked like an attack or a failure: what, how much, why it raised no alert.

    `words` by language (`vi`, `en`); `count` are the events, sources or matches in them.
    """

    words: dict[str, str]
    count: int


def silences(stage: Stage, now: Instant) -> Iterator[Silence]:
    """What stayed silent until `now`. Raises Unavailable."""
    soc = stage.soc
    yield from _excluded(soc, now)
    yield from _lines_down(soc)
    yield from _trials(soc, now)
    yield _read_news(soc)
    yield from _supported(soc)
    yield from _mistyped(stage)


def _excluded(soc: wiring.Soc, now: Instant) -> Iterator[Silence]:
    with soc.database.reading() as connection:
        found = counted(connection, now)
    for one in soc.engine.calendar.exclusions:
        if one.id in found:
            count, last = found[one.id].matches, f"{to_local(one.span.end - 1):%d/%m/%Y}"
            vi = f"{one.reason}: {count} lần khớp · loại trừ {one.id}, đến hết {last} ({one.by})"
            en = f"Exclusion {one.id}: {count} matches kept silent, until {last}"
            yield Silence({"vi": vi, "en": en}, count)


def _lines_down(soc: wiring.Soc) -> Iterator[Silence]:
    with soc.database.reading() as connection:
        health = read_health(connection, soc.scope, soc.inventory)
    for one in health.findings:
        if one.kind == "line_down":
            words = {name: sentence(one, health, soc.inventory, name) for name in ("vi", "en")}
            yield Silence(words, len(one.sources))


def _trials(soc: wiring.Soc, now: Instant) -> Iterator[Silence]:
    with soc.database.reading() as connection:
        found = tallies(connection, now)
    for rule in soc.site.rules.rules:
        card = rule.card
        if card.id in found and card.id in soc.modes.of("trial"):
            count = found[card.id].week
            vi = f"Luật chạy thử {card.name}: {count} lần khớp · chỉ đếm, không báo ai"
            en = f"{card.title}: {count} matches · a rule in trial, counted only"
            yield Silence({"vi": vi, "en": en}, count)


def _read_news(soc: wiring.Soc) -> Silence:
    """Pages with the words of gamblers in their address that no rule matches."""
    found: dict[str, Event] = {}
    for word in _WORDS:
        found |= {one.id: one for one in _search(soc, Clause("url.path", "contains", word))}
    count = sum(not soc.engine.match(one, _document(one)) for one in found.values())
    vi = f"Trang có từ “tài xỉu”: {count} lượt đọc · không nằm trong thư mục tải lên"
    en = f"Pages with the words “tài xỉu”: {count} reads · not below an upload folder"
    return Silence({"vi": vi, "en": en}, count)


def _supported(soc: wiring.Soc) -> Iterator[Silence]:
    """Starts of the tool inside a window of the calendar that no rule matches, by window."""
    clauses = Clause("event.code", "equals", "4688"), Clause("process.name", "contains", _TOOL)
    started = [(one, _document(one)) for one in _search(soc, *clauses)]
    silent = [Place.of(*pair) for pair in started if not soc.engine.match(*pair)]
    for window in soc.engine.calendar.windows:
        if count := sum(window.covers(place) for place in silent):
            vi = f"{window.reason}: {count} lần chạy · trong khung hỗ trợ {window.id}"
            en = f"Remote support tool: {count} starts · inside the window {window.id}"
            until = f"{to_local(window.span.end):%H:%M}"
            yield Silence({"vi": f"{vi}, đến {until}", "en": f"{en}, until {until}"}, count)


def _mistyped(stage: Stage) -> Iterator[Silence]:
    """The office computer with the most wrong passwords in the time that the rule looks at."""
    soc = stage.soc
    rule = next(one for one in soc.engine.rules.correlations if one.card.name == _GUESSES)
    ((_, threshold), *_), minutes = rule.condition, rule.timespan // MINUTE
    found = max((_burst(soc, one.name, rule.timespan) for one in stage.world.offices), key=len)
    if found:
        document, count = _document(found[0]), len(found)
        user, host = (first_text(document, name) for name in ("user.name", "host.name"))
        vi = f"{user} gõ sai mật khẩu tại {host}: {count} lần · dưới ngưỡng {threshold} lần"
        en = f"{user} mistypes a password at {host}: {count} times · below {threshold}"
        words = {"vi": f"{vi} trong {minutes} phút", "en": f"{en} within {minutes} minutes"}
        yield Silence(words, count)


def _burst(soc: wiring.Soc, host: str, span: Instant) -> list[Event]:
    """The most failed logons of a host within a span."""
    code, where = Clause("event.code", "equals", "4625"), Clause("host.name", "equals", host)
    found = _search(soc, code, where)
    runs = ([one for one in found if 0 <= one.time - first.time < span] for first in found)
    return max(runs, key=len, default=[])


def _document(event: Event) -> Document:
    found: Document = orjson.loads(event.ecs)
    return found


def _search(soc: wiring.Soc, *clauses: Clause) -> list[Event]:
    return list(soc.store.search(soc.scope, Filter(clauses), Range(), limit=_MOST))
