"""The two stores of each profile. Only the chosen profile's packages are imported.

The packages of the other one would cost a small machine some 80 MB of memory.
"""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, cast

from app.settings import Config
from haidang.store.events.protocol import EventStore
from haidang.store.state.database import Database


@dataclass(frozen=True, slots=True)
class State:
    """What a look at both stores found: problems, what merely costs, a line on what is there."""

    problems: tuple[str, ...]
    summary: str
    warnings: tuple[str, ...] = ()


class _Profile(Protocol):
    """What the module of a profile offers."""

    def open_store(self, settings: Config) -> EventStore: ...
    def open_database(self, settings: Config) -> Database: ...
    def init(self, settings: Config, *, force: bool) -> Iterator[str]: ...
    def check(self, settings: Config) -> State: ...


def _profile(settings: Config) -> _Profile:
    return cast("_Profile", importlib.import_module(f"app.stores.{settings.profile}"))


def open_store(settings: Config) -> EventStore:
    """The event store. On a cluster this needs no server yet.

    Raises InputError (secrets), Unavailable (files), HaidangError.
    """
    return _profile(settings).open_store(settings)


def open_database(settings: Config) -> Database:
    """The state store; raises as `open_store` does."""
    return _profile(settings).open_database(settings)


def init(settings: Config, *, force: bool = False) -> Iterator[str]:
    """Make what the stores need, again and again if wanted; a line for each thing done.

    `force` replaces an Elasticsearch template that somebody else changed. Raises InputError,
    Unavailable, HaidangError.
    """
    return _profile(settings).init(settings, force=force)


def check(settings: Config) -> State:
    """Look at both stores. Raises InputError (secrets) only; all else is among the problems."""
    return _profile(settings).check(settings)
