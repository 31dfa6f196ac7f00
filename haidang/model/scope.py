"""Whose events a reader may see: every read of either store takes a Scope."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Scope:
    """Units whose events are visible; `None` sees everything and is the system's alone."""

    units: frozenset[str] | None

    @classmethod
    def system(cls) -> Self:
        """Everything. Made in `app.wiring` for the correlator and nowhere else (a test looks)."""
        return cls(None)

    @classmethod
    def of(cls, units: Iterable[str]) -> Self:
        """See the events that affect one of these units or that one of them operates."""
        return cls(frozenset(unit for unit in units if unit))

    def sees(self, operator: str, affected: Iterable[str]) -> bool:
        """Whether an event with this operator and these affected units is visible."""
        if self.units is None:
            return True
        return operator in self.units or not self.units.isdisjoint(affected)
