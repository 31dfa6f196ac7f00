"""Pairs of a key and a text, as several formats have them."""

from collections.abc import Iterable


def unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str | None]:
    """The pairs by key; one whose key was there before is kept as `key_2`, `key_3` and so on."""
    groups: dict[str, str | None] = {}
    numbers: dict[str, int] = {}
    for key, value in pairs:
        name = key
        while name in groups:
            numbers[key] = numbers.get(key, 1) + 1
            name = f"{key}_{numbers[key]}"
        groups[name] = value
    return groups
