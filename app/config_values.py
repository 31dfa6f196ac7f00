"""Typed values of a configuration file: each taken, checked, its problem noted with its line."""

import datetime as dt
import glob
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from haidang.model.instant import VIETNAM
from haidang.yamldoc import Checker, YamlDocument, YamlPath

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_OFFSET = re.compile(r"([+-])([01][0-9]):([0-5][0-9])")
_MAX_OFFSET = dt.timedelta(hours=14)  # Kiribati; nothing on earth is further


class Values:
    """Takes the values of one document; notes problems and goes on with the default.

    Paths are relative to `folder`. A default of `...` stands for a value that must be there.
    """

    def __init__(self, document: YamlDocument, folder: Path) -> None:
        self.checker = Checker(document)
        self.folder = folder

    def section(self, at: YamlPath, known: dict[str, Any]) -> dict[Any, Any] | None:
        """A mapping with only known keys, None where it is absent."""
        given: dict[Any, Any] | None = self.checker.take(at, dict)
        if given is not None:
            self.known(at, given, known)
        return given

    def file(self, at: YamlPath) -> Path | None:
        """The path of a file, None where none is given."""
        given = self.checker.take(at, str)
        return None if given is None else self.folder / self.text(at, ...)

    def url(self, at: YamlPath, schemes: tuple[str, ...], form: str) -> SplitResult | None:
        """The parts of a URL, None with a problem; one that holds a password is never repeated."""
        text = self.text(at, ...)
        try:
            url = urlsplit(text)
            password = url.password is not None or (url.username and "http" in schemes)
            usable = url.scheme in schemes and url.hostname and url.port != 0 and not url.fragment
        except ValueError:  # a port that is no number, a bracket too few
            password, usable = False, False
        if text and password:
            what = "must hold no password; see `user` and `password_file` in docs/reference.md"
            self.checker.add(at, what)
        elif text and not usable:
            self.checker.add(at, f"must be {form}")
        return url if text and usable and not password else None

    def known(self, at: YamlPath, given: dict[Any, Any], known: dict[str, Any]) -> None:
        """A problem for each unknown key, with the known one that is nearest."""
        for key in given:
            if key not in known:
                near = get_close_matches(str(key), known, 1)
                hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
                self.checker.add((*at, str(key)), f"unknown key; {hint}")

    def text(self, at: YamlPath, default: Any) -> str:
        """One line of text, "" with a problem."""
        text: str | None = self.checker.take(at, str, default)
        if text is None:
            return ""
        if not text and default is ...:
            self.checker.add(at, "must not be empty")
        if text != text.strip() or not text.isprintable():
            self.checker.add(at, "must have no control characters and no blanks around it")
            return ""
        return text

    def name(self, at: YamlPath) -> str:
        """A name of ours."""
        text = self.text(at, ...)
        if text and not _NAME.fullmatch(text):
            self.checker.add(at, "must be small letters, digits, `.`, `_` or `-`, at most 64")
        return text

    def number(self, at: YamlPath, defaults: dict[str, Any], least: int, most: int) -> int:
        """A whole number; its default stands in `defaults` under the last part of `at`."""
        number: int = self.checker.take(at, int, defaults[str(at[-1])])
        if not least <= number <= most:
            self.checker.add(at, f"must be from {least} to {most}")
        return number

    def offset(self, at: YamlPath) -> dt.timezone:
        """An offset from UTC; Vietnam's where none is given."""
        given = self.checker.take(at, str, "+07:00")
        found = _OFFSET.fullmatch(given)
        if found is None:
            self.checker.add(at, "must be an offset from UTC, like +07:00")
            return VIETNAM
        sign, hours, minutes = found.groups()
        offset = dt.timedelta(hours=int(hours), minutes=int(minutes))
        if offset > _MAX_OFFSET:
            self.checker.add(at, "must be at most 14 hours from UTC")
        return dt.timezone(-offset if sign == "-" else offset)

    def glob(self, at: YamlPath) -> str:
        """The pattern below the file's folder, whose own name is no pattern."""
        return str(Path(glob.escape(str(self.folder))) / self.text(at, ...))
