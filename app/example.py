"""The commented `haidang.yml`, made from the settings: every key, its meaning, default, example.

`#key: value` is a setting that is not made: uncommented, it says its default, or an example where
there is none. Write docs/haidang.yml anew with `python -m app.example > docs/haidang.yml`; a test
compares the two.
"""

import sys
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any

from app.settings import (
    Config,
    ConsoleSettings,
    ElasticsearchSettings,
    InputSettings,
    PostgresqlSettings,
    RuleModeSettings,
)

INVENTORY = Path(__file__).with_name("inventory.yml")

_WIDTH = 96
_SECTIONS: dict[str, type[Any]] = {
    "elasticsearch": ElasticsearchSettings,
    "postgresql": PostgresqlSettings,
    "console": ConsoleSettings,
}
_LISTS: dict[str, type[Any]] = {"rule_modes": RuleModeSettings, "inputs": InputSettings}
_SHOWN = ("inputs",)  # optional, but a site without it sees nothing
_ONE_OF = ("rule", "tag", "set")  # one of these is needed: the first
_HEAD = """\
# Hải Đăng: cấu hình. The configuration of Hải Đăng; paths are relative to this file.
#
# A line `#key: value` is a setting that is not made: it shows the default, or an example where
# there is none. To make a setting, remove its first `#`. To begin, three places are enough:
# `data_dir`, `inventory` (an example: haidang config example --inventory) and `inputs`.
# After a change: haidang config check. What holds, and from where: haidang config show.
# No password belongs into this file: name the file that holds it.
"""


def build() -> str:
    """The whole text."""
    return "\n".join([_HEAD, *(line for one in _settings(Config) for line in _top(one))])


def _settings(kind: type[Any]) -> list[Field[Any]]:
    return [one for one in fields(kind) if one.metadata]


def _top(one: Field[Any]) -> Iterator[str]:
    """One setting of the top with what belongs to it, then an empty line."""
    yield from _comment(one, "# ")
    off = "" if one.default is MISSING or one.name in _SHOWN else "#"
    if one.name in _SECTIONS:
        yield f"{off}{one.name}:"
        for inner in _settings(_SECTIONS[one.name]):
            yield from _inner(inner, off, "  ")
    elif one.name in _LISTS:
        yield f"{off}{one.name}:"
        yield from _entry(one.name, off)
    else:
        yield f"{off}{one.name}: {_value(one)}"
    yield ""


def _entry(name: str, off: str) -> Iterator[str]:
    """One entry of a list: what is required first, so that the dash stands at such a line."""
    every = sorted(_settings(_LISTS[name]), key=lambda one: not _needed(one))
    yield from _inner(every[0], off, "  - ", "    ")
    for one in every[1:]:
        yield from _inner(one, off, "    ")


def _inner(one: Field[Any], off: str, indent: str, beside: str = "") -> Iterator[str]:
    more = "" if _needed(one) or (off and _has_default(one)) else "#"
    yield from _comment(one, f"{off}{beside or indent}# ")
    yield f"{off}{indent}{more}{one.name}: {_value(one)}"


def _comment(one: Field[Any], start: str) -> list[str]:
    """The meaning, wrapped; what holds where the setting is not made, if its line does not say."""
    text = str(one.metadata["doc"]).replace(", see below", "")
    if one.default is MISSING:
        text += " Required."
    elif not _has_default(one) and not is_dataclass(one.default):
        text += f" Default: {one.metadata.get('default', 'empty')}."
    return wrap(text, _WIDTH, initial_indent=start, subsequent_indent=start)


def _needed(one: Field[Any]) -> bool:
    return one.default is MISSING or one.name == _ONE_OF[0]


def _has_default(one: Field[Any]) -> bool:
    empty = one.default in {MISSING, None, ""} or one.default == () or is_dataclass(one.default)
    return not empty


def _value(one: Field[Any]) -> str:
    return str(one.metadata.get("example", one.default))


if __name__ == "__main__":
    sys.stdout.write(build())
