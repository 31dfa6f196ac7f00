"""A secret planted anywhere in a line of any dataset is gone; what only looks like one stays."""

import os

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.dataset import dataset_names, load_dataset
from collectors.mask_kinds import KINDS
from collectors.parse import parse_lines
from collectors.record import Context
from haidang.model.instant import SECOND
from tests.support.secrets import LOOK_ALIKES, planted

KEY = b"k" * 32
NOW = 1_795_000_000 * SECOND
EXAMPLES = int(os.environ.get("HAIDANG_CASES", "15"))
DATASETS = {name: load_dataset(name) for name in dataset_names()}


@pytest.mark.parametrize("name", DATASETS)
def test_every_dataset_masks_every_kind(name: str) -> None:
    """A dataset may add patterns of its own, and leave out none of ours."""
    assert set() == set(KINDS) - set(DATASETS[name].masks)


def _data_lines(lines: tuple[bytes, ...]) -> list[int]:
    return [number for number, line in enumerate(lines) if not line.startswith(b"#")]


@settings(max_examples=EXAMPLES)
@pytest.mark.parametrize("name", DATASETS)
@given(st.data())
def test_a_planted_secret_is_nowhere(name: str, data: st.DataObject) -> None:
    """Not in the record, not in an event, not in a reason, not in an explanation."""
    dataset = DATASETS[name]
    lines = list(data.draw(st.sampled_from(dataset.cases)).lines)
    secret, text = data.draw(planted())
    number = data.draw(st.sampled_from(_data_lines(tuple(lines)) or [0]))
    place = data.draw(st.integers(0, len(lines[number])))
    lines[number] = lines[number][:place] + text + lines[number][place:]

    assert secret not in dataset.mask(lines[number], KEY)
    parsed = parse_lines(dataset, lines, Context(seen=NOW), KEY, explain=True)
    for one in parsed:
        assert secret not in one


@settings(max_examples=EXAMPLES * 4)
@given(LOOK_ALIKES, st.sampled_from([b" ", b'"', b"|", b",", b"("]))
def test_what_looks_like_a_secret_stays(text: str, border: bytes) -> None:
    """Ids, hashes, times, addresses, ports: byte for byte, in every dataset."""
    line = border.join([b"x", text.encode(), b"y"])
    for dataset in DATASETS.values():
        assert line == dataset.mask(line, KEY)


@settings(max_examples=EXAMPLES)
@given(planted(), st.sampled_from(["utf-16-le", "utf-16-be"]), st.sampled_from([b"", b"\0"]))
def test_a_secret_in_utf_16_does_not_pass(
    secret: tuple[bytes, bytes], codec: str, cut: bytes
) -> None:
    """Such a line is refused, and what is kept of it has no secret in it either."""
    value, text = (one.decode() for one in secret)
    masked = DATASETS["nginx.access"].mask(cut + f"tên {text}".encode(codec), KEY)
    assert value.encode(codec) not in masked
    assert value.encode() not in masked


def test_masked_json_stays_json() -> None:
    """A mask breaks no record that can be read."""
    line = b'{"password":1234567,"phone":"0912345678","cookie":"a=b; c=d","t":"%70assword=x"}'
    assert orjson.loads(DATASETS["windows.winlogbeat"].mask(line, KEY))
