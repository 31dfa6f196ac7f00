"""The alert's page: why, what to do, what happened around it, and the sealed lines under it."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from fastapi import APIRouter, Request, Response

from alerts.attack import Tactic, tactic, tactic_keys, technique_ids, technique_name
from alerts.evidence import Evidence
from alerts.listing import get_alert, list_earlier, list_evidence
from alerts.names import LANGUAGES, unit_names
from alerts.telling import Field, telling_fields
from alerts.wording import clean, visible
from dashboards.console import Console
from dashboards.page import respond
from dashboards.reader import Asking, Reader, console_of, refuse
from dashboards.timeline import Timeline, asset_of, find_event, read_timeline
from haidang.model.alert import Alert
from haidang.model.event import Document
from haidang.model.fields import first_text
from haidang.store.audit import Act, acts_on

router = APIRouter()
_MOST_SHOWN = 100_000  # characters of a line or document


@dataclass(frozen=True, slots=True)
class Earlier:
    """Alerts of the same group before this one: the last few, and how many in all."""

    alerts: tuple[Alert, ...]
    count: int


@dataclass(frozen=True, slots=True)
class AlertModel:
    """Everything about one alert; `units` and `operators` are names by language.

    `system` is the name of the machine's system, "" where the inventory has none; `techniques` are
    names by id; `sealed` counts the copies and `broken` those whose hash does not hold.
    """

    alert: Alert
    units: Mapping[str, str]
    operators: Mapping[str, str]
    system: str
    fields: tuple[Field, ...]
    timeline: Timeline
    sealed: int
    broken: int
    history: tuple[Act, ...]
    earlier: Earlier
    techniques: Mapping[str, str]
    tactics: tuple[Tactic, ...]


@dataclass(frozen=True, slots=True)
class EventModel:
    """One event: its line as the source sent it and its ECS document.

    `original` and `document` are exact (masked as they were stored); `shown` is the line with what
    would act on a screen written out; `cut`, whether it is only the beginning.
    """

    alert: str
    event: str
    original: str
    shown: str
    cut: bool
    document: Document
    seal: str
    intact: bool

    @property
    def pretty(self) -> str:
        """The document as indented JSON, harmless."""
        written = orjson.dumps(self.document, option=orjson.OPT_INDENT_2).decode()
        return visible(written[:_MOST_SHOWN])


@router.get("/alerts/{alert_id}")
def alert_page(request: Request, asking: Asking, alert_id: str) -> Response:
    """The page, or the same as JSON. Raises Refusal for a foreign or unknown alert, alike."""
    console = console_of(request)
    alert = _alert(request, asking, alert_id)
    copies = list_evidence(console.database, asking.scope, alert.id)
    return respond(request, asking, "alert.html", _model(console, asking, alert, copies))


@router.get("/alerts/{alert_id}/events/{event_id}")
def event_page(request: Request, asking: Asking, alert_id: str, event_id: str) -> Response:
    """An event around the alert, its raw line first. Raises Refusal, Unavailable."""
    console = console_of(request)
    alert = _alert(request, asking, alert_id)
    copies = list_evidence(console.database, asking.scope, alert.id)
    found = find_event(console.store, asking.scope, alert, copies, event_id)
    if found is None:
        raise refuse(request, asking, event_id)
    ecs, copy = found
    return respond(request, asking, "event.html", _event(alert, event_id, ecs, copy))


def _alert(request: Request, asking: Reader, alert_id: str) -> Alert:
    alert = get_alert(console_of(request).database, asking.scope, alert_id)
    if alert is None:
        raise refuse(request, asking, alert_id)
    return alert


def _model(console: Console, asking: Reader, alert: Alert, copies: list[Evidence]) -> AlertModel:
    earlier, count = list_earlier(console.database, asking.scope, alert)
    with console.database.reading() as connection:
        history = acts_on(connection, alert.id, "alert.")
    return AlertModel(
        alert=alert,
        units=_names(console, alert.affected, alert.operators),
        operators=_names(console, alert.operators, ()),
        system=_system(console, alert, copies),
        fields=tuple(telling_fields(copies)),
        timeline=read_timeline(console.store, asking.scope, alert, copies),
        sealed=len(copies),
        broken=sum(not copy.is_intact() for copy in copies),
        history=tuple(history),
        earlier=Earlier(tuple(earlier), count),
        techniques={id_: technique_name(id_) for id_ in technique_ids(alert.tags)},
        tactics=tuple(map(tactic, tactic_keys(alert.tags))),
    )


def _names(console: Console, units: tuple[str, ...], otherwise: tuple[str, ...]) -> dict[str, str]:
    return {
        language: unit_names(console.inventory, units, otherwise, language)
        for language in LANGUAGES
    }


def _system(console: Console, alert: Alert, copies: list[Evidence]) -> str:
    _, asset = asset_of(alert, copies)
    host = console.inventory.host(alert.zone, asset, alert.episode.end)
    system = console.inventory.index.system(host, alert.episode.end) if host else None
    return system.name if system else ""


def _event(alert: Alert, event: str, ecs: bytes, copy: Evidence | None) -> EventModel:
    document: Document = copy.document() if copy else orjson.loads(ecs)
    original = first_text(document, "event.original")
    seal, intact = (copy.sha256, copy.is_intact()) if copy else ("", True)
    shown = visible(original[:_MOST_SHOWN])
    cut = len(original) > _MOST_SHOWN
    return EventModel(alert.id, clean(event), original, shown, cut, document, seal, intact)
