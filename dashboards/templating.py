"""Jinja for the pages: everything is escaped, an undefined name is an error, texts come from `t`.

Filters, all in the reader's language: `when` (dd/mm/yyyy HH:MM, UTC+7), `short` (dd/mm HH:MM),
`day` (dd/mm/yyyy), `clock` (HH:MM:SS), `age` (how long before now), `span` (5 phút), `count`
(4.812), `level` (Khẩn cấp); `clean` for values of log lines, `bars` for runs of minutes,
`reason` for why a rule is on or off.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from alerts import wording
from dashboards.reasons import reason
from dashboards.strip import bars
from dashboards.words import catalogue, say
from haidang.model.instant import Instant, to_iso

FOLDER = Path(__file__).parent / "templates"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["t"] = _text
    environment.filters.update(when=_when, short=_short, day=_day, clock=_clock, iso=_iso)
    environment.filters.update(age=_age, count=_count, level=_level, span=_span)
    environment.filters.update(
        clean=wording.clean, visible=wording.visible, bars=bars, reason=_reason
    )
    return environment


def render(template: str, values: Mapping[str, object]) -> str:
    """A page; `values` hold at least `language` and `now`. Raises UndefinedError."""
    return _environment().get_template(template).render(values)


@pass_context
def _text(context: Context, key: str, **values: Any) -> str:
    return say(context["language"], key, **values)


def _when(moment: Instant) -> str:
    return wording.local(moment, "%d/%m/%Y %H:%M")


def _short(moment: Instant) -> str:
    return wording.local(moment, "%d/%m %H:%M")


def _day(moment: Instant) -> str:
    return wording.local(moment, "%d/%m/%Y")


def _clock(moment: Instant, pattern: str = "%H:%M:%S") -> str:
    return wording.local(moment, pattern)


def _iso(moment: Instant) -> str:
    """For the attribute `datetime` of an element `time`."""
    return to_iso(moment)


@pass_context
def _age(context: Context, moment: Instant) -> str:
    language = context["language"]
    length = wording.span(context["now"] - moment, language)
    return say(language, "frame.ago", span=length) if length else say(language, "frame.just_now")


@pass_context
def _span(context: Context, length: Instant) -> str:
    return wording.span(length, context["language"])


@pass_context
def _count(context: Context, whole: int) -> str:
    return wording.number(whole, context["language"])


@pass_context
def _level(context: Context, level: str) -> str:
    """A level of a rule in words; one that nobody knows, as it stands there."""
    key = f"level.{level}"
    return say(context["language"], key) if key in catalogue() else wording.clean(level)


@pass_context
def _reason(context: Context, text: str) -> str:
    return reason(text, context["language"])
