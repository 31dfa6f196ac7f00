"""The calendar of a site, and what of it can have no effect on the site's rules."""

from collections.abc import Iterator

from app.rulesets import cards
from app.settings import Config
from haidang.store.calendar import Calendar
from haidang.store.inventory import Inventory
from rules.rule import RuleSet


def site_calendar(settings: Config, inventory: Inventory) -> Calendar:
    """The calendar of `settings`. Raises InputError with every problem of its file."""
    if settings.calendar is None:
        return Calendar.empty()
    return Calendar.load(settings.calendar, inventory)


def idle_exclusions(calendar: Calendar, rules: RuleSet) -> Iterator[str]:
    """Names in exclusions that are no rule's, and names of correlations.

    Matches are excluded, and a correlation has none of its own: what it stands on may be.
    """
    known = {name for _file, card in cards(rules) for name in (card.id, card.name, *card.tags)}
    categories = {one.logsource.category for one in rules.rules}
    correlations = {name for one in rules.correlations for name in (one.card.id, one.card.name)}
    for one in calendar.exclusions:
        for name in sorted((one.rules | one.tags) - known | one.categories - categories):
            yield f"calendar: exclusion {one.id}: no rule here has the id, name or tag {name!r}"
        for name in sorted(one.rules & correlations):
            what = "is a correlation; name the rules of single events that it stands on"
            yield f"calendar: exclusion {one.id}: {name} {what}"
