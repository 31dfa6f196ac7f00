"""What a data set says that it provides is all that its own cases hold.

Rules are told by it whether they can ever fire (`haidang rules fires`), so nothing may be missing.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from collectors.dataset import dataset_names, load_dataset
from collectors.record import Context, Dropped
from haidang.errors import Refused
from haidang.model.instant import VIETNAM


def leaves(value: Any, path: str = "") -> Iterator[str]:
    """The dotted paths of every scalar of a document; a list counts as its members."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        for one in value:
            yield from leaves(one, path)
    else:
        yield path


def filled(dataset):
    """(path, log source) of everything that the events of its cases hold."""
    paths, sources = set(), []
    for case in dataset.cases:
        state, parsed = {}, []
        for line in case.lines:
            try:
                parsed += dataset.parse(line, Context("host", VIETNAM), state)
            except (Refused, Dropped):
                continue
        parsed += dataset.flush(Context("host", VIETNAM), state)
        for one in parsed:
            paths.update(leaves(one.document))
            sources += one.document["haidang"]["logsource"]
    return paths, sources


def covered(path, provided):
    """Whether a path, or a path.* above it, is provided."""
    parts = path.split(".")
    stars = {".".join((*parts[:end], "*")) for end in range(len(parts) + 1)}
    return path in provided or bool(stars & provided)


@pytest.mark.parametrize("name", dataset_names())
def test_data_set_names_every_field_and_log_source_of_its_cases(name):
    """The message is what to write under `provides` in the data set's file."""
    dataset = load_dataset(name)
    paths, sources = filled(dataset)
    fields = sorted(path for path in paths if not covered(path, dataset.provides))
    missing = [one for one in sources if one not in dataset.logsources]
    wanted = f"add to collectors/datasets/{name}.yml, with `path.*` where names are the source's:"

    assert [] == fields, f"{wanted} provides: {{fields: [{', '.join(fields)}]}}"
    assert [] == missing, f"{wanted} provides: {{logsource: {missing}}}"
