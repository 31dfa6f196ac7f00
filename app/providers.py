"""What the data sets provide to rules: all of them, or those whose records a site has."""

from collections.abc import Iterable

from app.settings import Config
from collectors.dataset import dataset_names, load_dataset
from collectors.ledger import SourceCounts
from correlator.view import logsource
from rules.reach import Provider


def providers(names: Iterable[str]) -> tuple[Provider, ...]:
    """The providers of these data sets."""
    return tuple(map(_provider, names))


def every_provider() -> tuple[Provider, ...]:
    """All data sets there are."""
    return providers(dataset_names())


def seen_providers(settings: Config, counts: Iterable[SourceCounts]) -> tuple[Provider, ...]:
    """Those of configured inputs, and of the sources in the collector's ledger of this folder."""
    names = {one.dataset for one in settings.inputs}
    names |= {one.dataset for one in counts if one.counts.indexed}
    return providers(sorted(names & set(dataset_names())))


def _provider(name: str) -> Provider:
    dataset = load_dataset(name)
    return Provider(name, tuple(map(logsource, dataset.logsources)), dataset.provides)
