"""The health of sources in sentences, Vietnamese and English, for pages and terminals alike."""

from collections.abc import Mapping

from correlator.explained import explain
from correlator.health import Finding, Health, read_health
from haidang.model.instant import DAY, Instant, to_local
from haidang.model.scope import Scope
from haidang.store.calendar import Calendar
from haidang.store.inventory import Inventory
from haidang.store.state.database import Database

_NAMED = 6  # sources in a sentence

_WHAT = {
    ("line_down", "vi"): "{unit}: mất kết nối, nhiều khả năng mất điện hoặc đường truyền",
    ("line_down", "en"): "{unit}: connection lost, most likely a power cut or the line",
    ("silent", "vi"): "{unit}: ngừng gửi nhật ký, cần kiểm tra",
    ("silent", "en"): "{unit}: stopped sending logs, needs a look",
}
_WHEN = {
    "vi": ("từ {start} đến {end}", "từ {start} đến nay"),
    "en": ("from {start} to {end}", "since {start}"),
}
_WHICH = {"vi": "{count} nguồn: {names}", "en": "{count} source{s}: {names}"}
_AFTER = {
    "vi": ("Đã nhận bù đủ nhật ký của khoảng này.", "Chưa có nhật ký nào của khoảng này."),
    "en": ("All logs of that time came later.", "No log of that time has come."),
}
_EXPLAINED = {"vi": "Lịch đã đăng ký: {0}.", "en": "Registered: {0}."}


def site_health(
    database: Database,
    scope: Scope,
    inventory: Inventory,
    calendar: Calendar,
    back: Instant = DAY,
) -> Health:
    """The health that a reader may see, with what the calendar explains. Raises Unavailable.

    Findings are those that had not ended `back` before the last evaluation.
    """
    with database.reading() as connection:
        found = read_health(connection, scope, inventory, back)
    return explain(found, inventory, calendar.windows)


def sentence(finding: Finding, health: Health, inventory: Inventory, language: str) -> str:
    """What was found, in one sentence or two; names of hosts are as their sources gave them."""
    unit = inventory.unit_name(finding.unit, language) or finding.unit
    names = source_names(health)
    hosts = list(dict.fromkeys(names[id_] for id_ in finding.sources))
    more = ", …" if len(hosts) > _NAMED else ""
    count, named = len(finding.sources), ", ".join(sorted(hosts)[:_NAMED]) + more
    which = _WHICH[language].format(count=count, s="" if count == 1 else "s", names=named)
    what = _WHAT[finding.kind, language].format(unit=unit)
    parts = [f"{what}, {when(finding, language)} ({which})."]
    if finding.end:
        parts.append(_AFTER[language][0 if finding.recovered else 1])
    if finding.explained:
        parts.append(_EXPLAINED[language].format(finding.explained))
    return " ".join(parts)


def when(finding: Finding, language: str) -> str:
    """From when to when, the day once if it is one."""
    ended, goes_on = _WHEN[language]
    if not finding.end:
        return goes_on.format(start=_clock(finding.start))
    same = to_local(finding.start).date() == to_local(finding.end).date()
    start = to_local(finding.start).strftime("%H:%M") if same else _clock(finding.start)
    return ended.format(start=start, end=_clock(finding.end))


def source_names(health: Health) -> Mapping[str, str]:
    """A name for each source: its host and its data set."""
    sources = [one.source for one in health.sources]
    return {one.id: f"{one.host or '?'} ({one.dataset})" for one in sources}


def _clock(at: Instant) -> str:
    return to_local(at).strftime("%H:%M %d/%m/%Y")
