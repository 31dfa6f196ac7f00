"""Packs: named lists of rule ids that a site turns on together (`packs/*.yml`).

A pack names rules of ours and of public sets by their ids; an id that no loaded rule has waits for
the set that brings it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from haidang.errors import InputError, Problem
from haidang.yamldoc import Checker, read_file

PACKS_FOLDER = Path(__file__).with_name("packs")


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack: its name, what it is for, and the ids of its rules."""

    name: str
    about: str
    rules: frozenset[str]


def pack_names(folder: Path = PACKS_FOLDER) -> list[str]:
    """The names of all packs, sorted."""
    return sorted(path.stem for path in folder.glob("*.yml"))


def load_pack(name: str, folder: Path = PACKS_FOLDER) -> Pack:
    """The pack of this name. Raises InputError with every problem of its file."""
    if name not in pack_names(folder):
        what = f"no such pack; known: {', '.join(pack_names(folder))}"
        raise InputError([Problem(name, 0, "packs", what)])
    documents = read_file(folder / f"{name}.yml")
    checker = Checker(documents[0])
    checker.unknown_keys((), documents[0].value, ("about", "rules"))
    about = checker.take(("about",), str, ...) or ""
    written = checker.take(("rules",), list, ...) or []
    ids = [checker.take(("rules", n), str, "") for n in range(len(written))]
    if len(set(ids)) < len(ids):
        checker.add(("rules",), "names a rule twice")
    checker.raise_if_any()
    return Pack(name, about, frozenset(ids))


def packs_by_rule(packs: Sequence[Pack]) -> Mapping[str, tuple[str, ...]]:
    """The names of the packs that hold a rule, by its id."""
    found: dict[str, list[str]] = {}
    for pack in packs:
        for rule in pack.rules:
            found.setdefault(rule, []).append(pack.name)
    return {rule: tuple(names) for rule, names in found.items()}
