"""What can be known of a site's configuration without starting anything; nothing is changed.

Every check yields what it found, a problem or a warning, in the words that people read.
"""

import glob
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from app import config
from app.calendars import site_calendar
from app.rule_modes import idle_choices
from app.rulesets import OURS, SITE, SiteRules, cards, own_folders, sets_folder
from app.settings import (
    ELASTICSEARCH_PASSWORD,
    METRICS_TOKEN,
    OWNER_PASSWORD,
    POSTGRESQL_PASSWORD,
    Config,
)
from app.stores.secret import read_secret
from app.wiring import MASK_KEY, check_inputs
from haidang.errors import HaidangError, InputError
from haidang.store.inventory import Inventory
from rules.load import load

_OTHERS = stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing found; a warning costs something, a problem keeps the product from working."""

    text: str
    problem: bool = True


@dataclass(frozen=True, slots=True)
class Checked:
    """Everything found, and what was looked at in one line."""

    remarks: tuple[Remark, ...]
    summary: str

    @property
    def problems(self) -> tuple[str, ...]:
        """What keeps the product from working."""
        return tuple(one.text for one in self.remarks if one.problem)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What merely costs."""
        return tuple(one.text for one in self.remarks if not one.problem)


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that the settings name; `needed` by a command that runs all the time."""

    setting: str
    file: Path | None
    variable: str
    needed: bool = True


def check(path: Path, environment: Mapping[str, str]) -> Checked:
    """Look at the file and at everything it names. Never raises HaidangError."""
    try:
        settings = config.load(path)
    except InputError as error:
        remarks = tuple(Remark(str(one)) for one in error.problems)
        return Checked(remarks, f"{path}: what it names was not looked at")
    found = chain(
        inventory(settings),
        calendar(settings),
        rules(settings),
        stored_secrets(settings, environment),
        inputs(settings),
        folders(settings),
    )
    what = f"{len(settings.inputs)} inputs, profile {settings.profile}"
    return Checked(tuple(found), f"{path}: {what}")


def inventory(settings: Config) -> Iterator[Remark]:
    """The inventory's own problems, then inputs that name a unit or zone it does not know."""
    try:
        check_inputs(settings, Inventory.load(settings.inventory))
    except InputError as error:
        yield from (Remark(str(one)) for one in error.problems)


def calendar(settings: Config) -> Iterator[Remark]:
    """The calendar's own problems; without an inventory it cannot be read."""
    try:
        known = Inventory.load(settings.inventory)
    except InputError:
        return
    try:
        site_calendar(settings, known)
    except InputError as error:
        yield from (Remark(str(one)) for one in error.problems)


def rules(settings: Config) -> Iterator[Remark]:
    """Files of rules that are not there, rules that are left out, choices of rules not here."""
    for one in settings.rules:
        if not one.exists():
            yield Remark(f"{one}: no such file or folder of rules; see `rules`")
    loaded = load([*own_folders(), *(one for one in settings.rules if one.exists())])
    yield from (Remark(f"rule left out: {one}", problem=False) for one in loaded.problems)
    if sets_folder(settings).exists():
        return  # which rules of imported sets there are, only the state store knows
    own = tuple(own_folders())
    origins = {
        card.id: OURS if any(Path(file).is_relative_to(one) for one in own) else SITE
        for file, card in cards(loaded)
    }
    for text in idle_choices(settings, SiteRules(loaded, origins, ())):
        yield Remark(text, problem=False)


def secrets_of(settings: Config) -> Iterator[Secret]:
    """Every secret that the settings of this profile may name."""
    if settings.elasticsearch:
        one = settings.elasticsearch
        yield Secret("elasticsearch.password_file", one.password_file, ELASTICSEARCH_PASSWORD)
    if settings.postgresql:
        two = settings.postgresql
        yield Secret("postgresql.password_file", two.password_file, POSTGRESQL_PASSWORD)
        # Only `store init` reads it: where it runs elsewhere, the file may be missing here.
        file = two.owner_password_file
        yield Secret("postgresql.owner_password_file", file, OWNER_PASSWORD, needed=False)
    yield Secret("console.metrics_token_file", settings.console.metrics_token_file, METRICS_TOKEN)


def stored_secrets(settings: Config, environment: Mapping[str, str]) -> Iterator[Remark]:
    """Secrets that cannot be read, or that every user of this machine can; never their values."""
    for one in secrets_of(settings):
        try:
            read_secret(one.file, one.variable, environment)
        except HaidangError as error:
            yield Remark(f"{one.setting}: {error}", problem=one.needed)
        if one.file is not None:
            yield from _private(one.file)
    yield from _private(settings.data_dir / MASK_KEY)


def _private(file: Path) -> Iterator[Remark]:
    try:
        mode = file.stat().st_mode
    except OSError:
        return
    if mode & _OTHERS:
        what = f"every user of this machine may read it; chmod o-rwx {file}"
        yield Remark(f"{file}: {what}")


def inputs(settings: Config) -> Iterator[Remark]:
    """Patterns that match nothing, files that we may not read, no input at all."""
    if not settings.inputs:
        yield Remark("inputs: none; nothing will be collected", problem=False)
    for one in settings.inputs:
        file, line = one.place
        place = f"{file}:{line}: inputs.{one.name}.path"
        found = glob.glob(one.path, recursive=True)  # noqa: PTH207 - as the collector looks
        closed = [name for name in found if not os.access(name, os.R_OK)]
        if not found:
            yield Remark(f"{place}: {one.path} matches no file yet", problem=False)
        for name in closed:
            what = f"{name} cannot be read; add our user to its group"
            yield Remark(f"{place}: {what}", problem=False)


def folders(settings: Config) -> Iterator[Remark]:
    """Whether we can write into `data_dir`, or make it."""
    folder = settings.data_dir
    there = next(one for one in (folder, *folder.parents) if one.exists())
    if not there.is_dir():
        yield Remark(f"data_dir: {there} is not a folder")
    elif not os.access(there, os.W_OK | os.X_OK):
        yield Remark(f"data_dir: {there} cannot be written by our user (number {os.geteuid()})")
