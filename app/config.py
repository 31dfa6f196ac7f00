"""Reading `haidang.yml`: what is read, from where, and where it is kept.

Paths are relative to the file. Every problem of the file is reported at once, with its line; an
unknown key is an error, and so is a mixture of the two profiles.
"""

import datetime as dt
import re
from dataclasses import fields, replace
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Any, get_args
from urllib.parse import parse_qsl

from app.config_values import Values
from app.settings import (
    Config,
    ConsoleSettings,
    ElasticsearchSettings,
    InputSettings,
    PostgresqlSettings,
    Profile,
    RuleModeSettings,
)
from collectors.dataset import dataset_names
from haidang.errors import InputError, Problem
from haidang.yamldoc import YamlPath, read_file
from rules.modes import MODES
from rules.packs import pack_names

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_OFFSET = re.compile(r"([+-])([01][0-9]):([0-5][0-9])")
_LISTEN = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\]):[0-9]{1,5}")
_MEMORY = re.compile(r"[1-9][0-9]{0,5}(MB|GB|MiB|GiB)")
_PREFIX = re.compile(r"[a-z][a-z0-9-]{0,30}")
_MAX_OFFSET = dt.timedelta(hours=14)  # Kiribati; nothing on earth is further
_DAY_SECS = 86_400
_YEAR_SECS = 366 * _DAY_SECS
_ABSENT = (
    "cannot be read: No such file or directory; write one (README.md, docs/reference.md), "
    "or name another with --config"
)
_SECTIONS = ("elasticsearch", "postgresql")
_EMBEDDED_ONLY = ("memory_limit", "threads")
_TLS_OPTIONS = frozenset({"sslmode", "sslrootcert"})


def is_loopback(listen: str) -> bool:
    """Whether only this machine reaches an address `host:port`."""
    host = listen.rpartition(":")[0].strip("[]")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _defaults(settings: type[Any]) -> dict[str, Any]:
    return {one.name: one.default for one in fields(settings) if one.metadata}


_TOP = _defaults(Config)
_INPUT = _defaults(InputSettings)
_CONSOLE = _defaults(ConsoleSettings)
_RULE_MODE = _defaults(RuleModeSettings)
_ELASTICSEARCH = _defaults(ElasticsearchSettings)
_POSTGRESQL = _defaults(PostgresqlSettings)


def load(path: Path) -> Config:
    """The settings of one file. Raises InputError with every problem of the file."""
    try:
        documents = read_file(path)
    except InputError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise InputError([replace(error.problems[0], what=_ABSENT)]) from error
        raise
    if len(documents) != 1:
        what = "is empty" if not documents else "must be one YAML document"
        raise InputError([Problem(str(path), 0, "", what)])
    reader = _Reader(documents[0], path.absolute().parent)
    config = reader.config()
    reader.checker.raise_if_any()
    return config


class _Reader(Values):
    """Takes the values of one document; notes problems and goes on with the default."""

    def config(self) -> Config:
        """The settings, right only if the checker has no problem."""
        if not isinstance(self.checker.document.value, dict):
            self.checker.add((), "must be a mapping of settings")
            return Config(Path(), Path())
        self.known((), self.checker.document.value, _TOP)
        return Config(
            data_dir=self.folder / self.text(("data_dir",), ...),
            inventory=self.folder / self.text(("inventory",), ...),
            calendar=self.file(("calendar",)),
            profile=self._profile(self.checker.document.value),
            elasticsearch=self._elasticsearch(("elasticsearch",)),
            postgresql=self._postgresql(("postgresql",)),
            rules=self._rules(),
            packs=self._packs(),
            rule_days=self.number(("rule_days",), _TOP, 1, 366),
            rule_budget=self.number(("rule_budget",), _TOP, 0, 1_000_000),
            rule_modes=tuple(
                self._rule_mode(("rule_modes", n))
                for n in range(len(self.checker.take(("rule_modes",), list, [])))
            ),
            interval_secs=self.number(("interval_secs",), _TOP, 1, _DAY_SECS),
            allowance_secs=self.number(("allowance_secs",), _TOP, 0, 30 * _DAY_SECS),
            memory_limit=self._memory(),
            threads=self.number(("threads",), _TOP, 1, 256),
            console=self._console(("console",)),
            inputs=self._inputs(),
        )

    def _console(self, at: YamlPath) -> ConsoleSettings:
        if self.section(at, _CONSOLE) is None:
            return ConsoleSettings()
        listen = self.text((*at, "listen"), _CONSOLE["listen"])
        if not _LISTEN.fullmatch(listen):
            self.checker.add((*at, "listen"), "must be address:port, like 127.0.0.1:8740")
        elif not is_loopback(listen) and not self.checker.take((*at, "address"), str, ""):
            what = "is not loopback: say in `address` what browsers call it, behind TLS"
            self.checker.add((*at, "listen"), what)
        return ConsoleSettings(
            listen=listen,
            address=self._address((*at, "address")),
            banner=self.text((*at, "banner"), ""),
            metrics_token_file=self.file((*at, "metrics_token_file")),
        )

    def _address(self, at: YamlPath) -> str:
        if not self.text(at, ""):
            return ""
        form = "https://host or https://host:port"
        url = self.url(at, ("https",), form)
        if url is None:
            return ""
        if url.path not in {"", "/"} or url.query:
            self.checker.add(at, f"must be {form}")
        return f"https://{url.netloc}"

    def _profile(self, given: dict[Any, Any]) -> Profile:
        """The profile, with a problem for each key that belongs to the other one."""
        profile = self.text(("profile",), _TOP["profile"])
        if profile not in get_args(Profile):
            self.checker.add(("profile",), f"must be {' or '.join(get_args(Profile))}")
            return "embedded"
        if profile == "cluster":
            for name in _SECTIONS:
                if name not in given:
                    self.checker.add(("profile",), f"cluster needs the section `{name}`")
            wrong = [(name, "leave it out") for name in _EMBEDDED_ONLY if name in given]
            other: Profile = "embedded"
        else:
            hint = "say `profile: cluster`, or leave it out"
            wrong = [(name, hint) for name in _SECTIONS if name in given]
            other = "cluster"
        for name, hint in wrong:
            self.checker.add((name,), f"belongs to the profile {other}; {hint}")
        return "cluster" if profile == "cluster" else "embedded"

    def _elasticsearch(self, at: YamlPath) -> ElasticsearchSettings | None:
        given = self.section(at, _ELASTICSEARCH)
        if given is None:
            return None
        hosts = self.checker.take((*at, "hosts"), list, ...)
        if hosts == []:
            self.checker.add((*at, "hosts"), "must name at least one host")
        prefix = self.text((*at, "prefix"), _ELASTICSEARCH["prefix"])
        if not _PREFIX.fullmatch(prefix):
            what = "must be small letters, digits or `-`, a letter first, at most 31"
            self.checker.add((*at, "prefix"), what)
        return ElasticsearchSettings(
            hosts=tuple(self._host((*at, "hosts", n)) for n in range(len(hosts or ()))),
            user=self.text((*at, "user"), ""),
            password_file=self._password_file(at, "password_file", needs="user"),
            ca_certs=self.file((*at, "ca_certs")),
            prefix=prefix,
        )

    def _postgresql(self, at: YamlPath) -> PostgresqlSettings | None:
        if self.section(at, _POSTGRESQL) is None:
            return None
        return PostgresqlSettings(
            url=self._database((*at, "url")),
            password_file=self.file((*at, "password_file")),
            owner=self.text((*at, "owner"), ""),
            owner_password_file=self._password_file(at, "owner_password_file", needs="owner"),
        )

    def _password_file(self, at: YamlPath, name: str, needs: str) -> Path | None:
        file = self.file((*at, name))
        if file is not None and not self.checker.take((*at, needs), str, ""):
            self.checker.add((*at, name), f"is a password of nobody: `{needs}` is missing")
        return file

    def _host(self, at: YamlPath) -> str:
        url = self.url(at, ("http", "https"), "http(s)://host:port")
        if url is None:
            return ""
        if url.port is None or url.path not in {"", "/"} or url.query:
            self.checker.add(at, "must be http(s)://host:port")
        return f"{url.scheme}://{url.netloc}"

    def _database(self, at: YamlPath) -> str:
        form = "postgresql://user@host:port/database"
        url = self.url(at, ("postgresql",), form)
        if url is None:
            return ""
        options = {name for name, _ in parse_qsl(url.query, keep_blank_values=True)}
        if not url.username or not re.fullmatch("/[^/]+", url.path):
            self.checker.add(at, f"must be {form}")
        if options - _TLS_OPTIONS:
            self.checker.add(at, f"may have no options but {', '.join(sorted(_TLS_OPTIONS))}")
        return url.geturl()

    def _rules(self) -> tuple[Path, ...]:
        given = self.checker.take(("rules",), list, [])
        return tuple(self.folder / self.text(("rules", n), ...) for n in range(len(given)))

    def _packs(self) -> tuple[str, ...]:
        given = self.checker.take(("packs",), list, [])
        names = tuple(self.text(("packs", n), ...) for n in range(len(given)))
        for n, name in enumerate(names):
            if name and name not in pack_names():
                what = f"no such pack; known: {', '.join(pack_names())}"
                self.checker.add(("packs", n), what)
        return names

    def _rule_mode(self, at: YamlPath) -> RuleModeSettings:
        given = self.checker.take(at, dict, {})
        self.known(at, given, _RULE_MODE)
        named = [key for key in ("rule", "tag", "set") if key in given]
        if len(named) != 1:
            self.checker.add(at, "must name one of: rule, tag, set")
        mode = self.text((*at, "mode"), ...)
        if mode and mode not in MODES:
            self.checker.add((*at, "mode"), f"must be one of {', '.join(MODES)}")
        return RuleModeSettings(
            mode=next((one for one in MODES if one == mode), "trial"),
            reason=self.text((*at, "reason"), ...),
            until=self.checker.take((*at, "until"), dt.date, None),
            place=(self.checker.document.file, self.checker.document.line(at)),
            **{key: self.text((*at, key), ...) for key in named},
        )

    def _memory(self) -> str:
        text: str = self.checker.take(("memory_limit",), str, _TOP["memory_limit"])
        if not _MEMORY.fullmatch(text):
            self.checker.add(("memory_limit",), "must be a size like 128MB or 2GB")
        return text

    def _inputs(self) -> tuple[InputSettings, ...]:
        given = self.checker.take(("inputs",), list, [])
        inputs = [self._input(("inputs", n), one) for n, one in enumerate(given)]
        first: dict[str, int] = {}
        for n, one in enumerate(inputs):
            if one.name and first.setdefault(one.name, n) != n:
                self.checker.add(("inputs", n, "name"), f"{one.name} is there twice")
        return tuple(inputs)

    def _input(self, at: YamlPath, given: Any) -> InputSettings:
        if not isinstance(given, dict):
            self.checker.add(at, f"must be a mapping with {', '.join(_INPUT)}")
            return InputSettings("", "", "", "", "")
        self.known(at, given, _INPUT)
        return InputSettings(
            name=self.name((*at, "name")),
            path=self.glob((*at, "path")),
            dataset=self._dataset((*at, "dataset")),
            operator=self.text((*at, "operator"), ...),
            zone=self.text((*at, "zone"), ...),
            host=self.text((*at, "host"), _INPUT["host"]),
            timezone=self.offset((*at, "timezone")),
            max_ahead_secs=self.number((*at, "max_ahead_secs"), _INPUT, 0, _YEAR_SECS),
            max_behind_days=self.number((*at, "max_behind_days"), _INPUT, 1, 36_500),
            place=(self.checker.document.file, self.checker.document.line(at)),
        )

    def _dataset(self, at: YamlPath) -> str:
        text, known = self.text(at, ...), dataset_names()
        if text and text not in known:
            near = get_close_matches(text, known, 1)
            hint = f"did you mean {near[0]}? " if near else ""
            what = (
                f"no such data set; {hint}`haidang detect FILE` tells, docs/reference.md lists them"
            )
            self.checker.add(at, what)
        return text
