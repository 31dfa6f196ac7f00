"""The catalogue of everything that people read on the pages: `words/<page>.yml`, vi and en.

A file holds `key: {vi: …, en: …}`; the text is asked for as `<page>.<key>`. `{name}` in a text is
filled by the value of that name.
"""

from functools import cache
from pathlib import Path
from typing import Any

from alerts.names import LANGUAGES
from haidang.yamldoc import Checker, read_file

FOLDER = Path(__file__).parent / "words"


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """All texts by key, then language. Raises InputError with every problem of a file."""
    texts: dict[str, dict[str, str]] = {}
    for file in sorted(FOLDER.glob("*.yml")):
        [document] = read_file(file)
        checker = Checker(document)
        for key, given in document.value.items():
            checker.unknown_keys((key,), given, LANGUAGES)
            said = {language: checker.take((key, language), str, ...) for language in LANGUAGES}
            texts[f"{file.stem}.{key}"] = said
        checker.raise_if_any()
    return texts


def say(language: str, key: str, **values: Any) -> str:
    """The text of a key. Raises KeyError for a key or a value that is not there."""
    text = catalogue()[key][language]
    return text.format(**values) if values else text
