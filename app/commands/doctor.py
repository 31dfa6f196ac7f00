"""`haidang doctor`: what is well, what is not, and what to do about it."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from alerts.display import WIDTH, json_line, wrap
from alerts.wording import clean
from app.commands import CONFIG
from app.doctor import Finding, examine, words, worst
from app.schedule import receive_clock

_MARKS = {"ok": "tốt", "warn": "chú ý", "bad": "hỏng"}


@click.command()
@CONFIG
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Vietnamese with the English below, or one line of JSON a finding.",
)
def command(config_path: Path, form: str) -> None:
    """Look at everything that must be well, and say what to do about what is not.

    Configuration, stores, disk, clock, rights, inputs, collector, correlator, console. It changes
    nothing. Ends with 0 if all is well, 1 with something to look at, 2 with something broken.
    """
    found = list(examine(config_path, os.environ, receive_clock()))
    said = words()
    for one in found:
        for line in [_json(one, said)] if form == "json" else _text(one, said):
            click.echo(line)
    if code := worst(found):
        raise SystemExit(code)


def _text(one: Finding, said: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    parts = _filled(one, said[one.key])
    head = f"[{_MARKS[one.level]}]"
    for key, start in (("vi", head), ("en", ""), ("do_vi", "  → làm:"), ("do_en", "  → do:")):
        if key in parts:
            lines = wrap(parts[key], WIDTH - 10)
            yield from (
                f"{start if number == 0 else '':9} {clean(line)}"
                for number, line in enumerate(lines)
            )


def _json(one: Finding, said: Mapping[str, Mapping[str, object]]) -> str:
    return json_line({"key": one.key, "level": one.level, **_filled(one, said[one.key])})


def _filled(one: Finding, said: Mapping[str, object]) -> dict[str, str]:
    """The sentences with their facts; `do_vi` and `do_en` where there is something to do."""
    todo = said.get("do", {})
    texts = {key: str(said[key]) for key in ("vi", "en")}
    if isinstance(todo, dict):
        texts |= {f"do_{key}": str(text) for key, text in todo.items()}
    return {key: text.format_map(one.facts) for key, text in texts.items()}
