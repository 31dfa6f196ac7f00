"""Names of MITRE ATT&CK techniques and tactics for the tags of a rule: `attack.tsv`, offline."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("attack.tsv")


@dataclass(frozen=True, slots=True)
class Tactic:
    """What an attacker wants: the id (TA0002) and its name by language."""

    id: str
    names: Mapping[str, str]


@cache
def _table() -> tuple[Mapping[str, Tactic], Mapping[str, str]]:
    """Tactics by the key that tags use, and names of techniques by id."""
    tactics, techniques = {}, {}
    for line in TABLE.read_text("utf-8").splitlines():
        match line.split("\t"):
            case [id_, key, name, vietnamese]:
                tactics[key] = Tactic(id_, {"vi": vietnamese, "en": name})
            case [id_, name]:
                techniques[id_] = name
    return tactics, techniques


def technique_ids(tags: Iterable[str]) -> tuple[str, ...]:
    """The technique ids among Sigma tags, as ATT&CK writes them (T1059.001); known ones only."""
    techniques = _table()[1]
    written = dict.fromkeys(_inside(tag).upper() for tag in tags)
    return tuple(one for one in written if one in techniques)


def tactic_keys(tags: Iterable[str]) -> tuple[str, ...]:
    """The known tactics among Sigma tags, by the key that tags use (credential-access)."""
    tactics = _table()[0]
    written = dict.fromkeys(_inside(tag).lower().replace("_", "-") for tag in tags)
    return tuple(one for one in written if one in tactics)


def _inside(tag: str) -> str:
    return tag[7:] if tag.lower().startswith("attack.") else ""


def technique_name(id_: str) -> str:
    """The English name; of a sub-technique after its technique's ("Brute Force: Spraying").

    KeyError for an unknown id.
    """
    techniques = _table()[1]
    parent = techniques.get(id_.partition(".")[0], "") if "." in id_ else ""
    return f"{parent}: {techniques[id_]}" if parent else techniques[id_]


def tactic(key: str) -> Tactic:
    """The tactic that tags call so; KeyError for an unknown one."""
    return _table()[0][key]
