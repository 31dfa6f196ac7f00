"""The words that alerts need from the inventory."""

from typing import Protocol

from haidang.model.instant import Instant

# Every alert is told in each of these, in this order.
LANGUAGES = ("vi", "en")


class Names(Protocol):
    """What people call units, machines and parts of a site (the inventory)."""

    def unit_name(self, unit: str, language: str = "vi") -> str:
        """The unit's name, or its id where the inventory does not know it."""

    def kind_word(self, zone: str, host: str, at: Instant, language: str = "vi") -> str:
        """What kind of machine the host was at that time ("Máy chủ web")."""

    def host_name(self, zone: str, address: str, at: Instant) -> str:
        """The name of the host with this address, "" where unknown."""

    def section(self, zone: str, host: str, url_path: str, at: Instant) -> str:
        """The name of the part of the host's site that the path lies in, "" where unknown."""


NOBODY = {"vi": "đơn vị chưa xác định", "en": "an unidentified unit"}


def unit_names(
    names: Names, affected: tuple[str, ...], operators: tuple[str, ...], language: str
) -> str:
    """The affected units by name; where none is known, the operators; else that we do not know."""
    units = [unit for unit in affected if unit] or [unit for unit in operators if unit]
    return ", ".join(names.unit_name(unit, language) for unit in units) or NOBODY[language]
