"""The inventory as the rest of the product sees it: loaded once, then only asked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Self

from haidang.errors import InputError, Problem
from haidang.model.event import Document
from haidang.model.instant import Instant
from haidang.store.inventory import kinds
from haidang.store.inventory.checks import check_records
from haidang.store.inventory.index import Index
from haidang.store.inventory.ownership import Ownership, Said, read_said, resolve
from haidang.store.inventory.reading import read_records
from haidang.store.inventory.records import Host, Records, url_key
from haidang.yamldoc import Checker, YamlDocument, read_file

# Between two changes of the inventory the same claims have the same answer.
_CACHED_ANSWERS = 16_384


@dataclass(frozen=True, slots=True)
class Inventory:
    """Units, zones, systems, networks and hosts; an instant `at` says which claims hold."""

    index: Index
    _resolve: Callable[[Said, str, str, Instant], Ownership] = field(repr=False, compare=False)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read `inventory.yml`. Raises InputError with every problem of the file."""
        documents = read_file(path)
        if len(documents) != 1:
            count = len(documents)
            what = f"must hold one YAML document, not {count}" if count else "is empty"
            raise InputError([Problem(str(path), 0, "", what)])
        return cls.of(documents[0])

    @classmethod
    def of(cls, document: YamlDocument) -> Self:
        """Build it from a parsed document. Raises InputError with every problem."""
        checker = Checker(document)
        records = read_records(checker)
        if isinstance(document.value, dict):
            check_records(records, checker)
        checker.raise_if_any()
        return cls._over(records)

    @classmethod
    def _over(cls, records: Records) -> Self:
        index = Index.of(records)
        return cls(index, lru_cache(_CACHED_ANSWERS)(partial(resolve, index)))

    @property
    def records(self) -> Records:
        """Everything that the file says, in its order."""
        return self.index.records

    def unit_name(self, unit: str, language: str = "vi") -> str:
        """Return the unit's name as it was given, also after the unit ended; else its id."""
        found = self.records.by_unit.get(unit)
        if found is None:
            return unit
        return found.name if language == "vi" else found.name_en or found.name

    def host(self, zone: str, name: str, at: Instant) -> Host | None:
        """Return the host with this name, alias or address in this zone."""
        return self.index.host(zone, name, at)

    def host_name(self, zone: str, address: str, at: Instant) -> str:
        """Return the name of the host with this name or address, "" if there is none."""
        found = self.host(zone, address, at)
        return found.name if found else ""

    def kind_word(self, zone: str, host: str, at: Instant, language: str = "vi") -> str:
        """Return what kind of machine a host is, in words; `Máy` or `Host` if that is unknown."""
        found = self.host(zone, host, at)
        if found is None:
            return kinds.word("", language)
        system = self.index.system(found, at)
        return kinds.word(found.kind or (system.kind if system else ""), language)

    def section(self, zone: str, host: str, url_path: str, at: Instant) -> str:
        """Return the name of the part of a site under which a URL path lies, "" if none.

        Prefixes end at a slash: `/hoi-dap` holds `/hoi-dap/gui` but not `/hoi-dap-cu`.
        """
        found = self.host(zone, host, at)
        system = self.index.system(found, at) if found else None
        path = url_key(url_path)
        for prefix, name in system.sections if system else ():
            if path == prefix or path.startswith(f"{prefix}/"):
                return name
        return ""

    def ownership(self, document: Document, operator: str, zone: str, at: Instant) -> Ownership:
        """Return whose event a document is, see the module `ownership`.

        `operator` and `zone` are those of the authenticated input, "" where it has none.
        """
        return self._resolve(read_said(document), operator, zone, self.index.since(at))
