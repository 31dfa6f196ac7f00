"""What correlations name, followed: rules and correlations by id or name, to any sound depth.

Rulings:
- At most ten correlations stand above one another, and none above itself.
- A correlation above one that is refused is refused too.
- An alias names a field for every rule of the list; a field of an inner correlation is one that
  it groups by, an alias of its own, or a field of its events.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from haidang.yamldoc import Checker
from rules.rule import Correlation

_MOST_LINKS = 10


@dataclass(frozen=True, slots=True)
class Draft:
    """A correlation whose `rules` and `aliases` are as written, with its document's checker."""

    correlation: Correlation
    checker: Checker


def resolve(drafts: Sequence[Draft], known: Mapping[str, str]) -> list[Correlation]:
    """The correlations whose every reference leads to a rule; problems go to the checkers.

    `known` maps ids and names of the single-event rules to their ids.
    """
    own = {key: _id(draft) for draft in drafts for key in (_id(draft), draft.correlation.card.name)}
    names = {**known, **own}
    links = _links(drafts, own)
    refused: dict[str, str] = {}
    # From the lowest up; what leads in a circle has no height and comes last.
    for draft in sorted(drafts, key=lambda one: links.get(_id(one), len(drafts) + 1)):
        faults = _faults(draft, names, set(own.values()), links, refused)
        for path, what in faults:
            draft.checker.add(("correlation", *path), what)
        if faults:
            refused[_id(draft)] = faults[0][1]
    return [_resolved(draft, names) for draft in drafts if _id(draft) not in refused]


def _id(draft: Draft) -> str:
    return draft.correlation.card.id


def _links(drafts: Sequence[Draft], own: Mapping[str, str]) -> dict[str, int]:
    """By id, how many correlations stand above one another; nothing for those in a circle."""
    below = {
        _id(draft): {own[name] for name in draft.correlation.rules if name in own}
        for draft in drafts
    }
    links: dict[str, int] = {}
    while ready := [
        one for one, inner in below.items() if one not in links and inner <= links.keys()
    ]:
        links |= {one: 1 + max((links[inner] for inner in below[one]), default=0) for one in ready}
    return links


def _faults(
    draft: Draft,
    names: Mapping[str, str],
    correlations: set[str],
    links: Mapping[str, int],
    refused: Mapping[str, str],
) -> list[tuple[tuple[str | int, ...], str]]:
    """Each fault with its place below `correlation`."""
    found: list[tuple[tuple[str | int, ...], str]] = []
    for index, name in enumerate(draft.correlation.rules):
        rule = names.get(name, "")
        if not rule:
            what = f"no rule that loaded has the id or name {name!r}"
        elif rule in correlations and rule not in links:
            what = f"{name!r} leads back to itself"
        elif links.get(rule, 0) >= _MOST_LINKS:
            what = f"more than {_MOST_LINKS} correlations stand above one another"
        else:
            what = refused.get(rule, "")
        if what:
            found.append((("rules", index), what))
    return found or _alias_faults(draft.correlation, names)


def _alias_faults(
    correlation: Correlation, names: Mapping[str, str]
) -> list[tuple[tuple[str | int, ...], str]]:
    wanted = {names[name]: name for name in correlation.rules}
    found: list[tuple[tuple[str | int, ...], str]] = []
    for alias, fields in correlation.aliases.items():
        foreign = [name for name in fields if names.get(name) not in wanted]
        what = "is not one of the rules of this correlation"
        found += [(("aliases", alias, name), what) for name in foreign]
        named = {names.get(name) for name in fields}
        missing = [name for rule, name in wanted.items() if rule not in named]
        if missing:
            what = f"names no field for {', '.join(missing)}, whose events would never take part"
            found.append((("aliases", alias), what))
    return found


def _resolved(draft: Draft, names: Mapping[str, str]) -> Correlation:
    one = draft.correlation
    aliases = {
        alias: {names[name]: field for name, field in fields.items()}
        for alias, fields in one.aliases.items()
    }
    return replace(one, rules=tuple(names[name] for name in one.rules), aliases=aliases)
