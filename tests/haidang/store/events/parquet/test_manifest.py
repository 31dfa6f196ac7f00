"""The manifest file."""

import orjson
import pytest

from haidang.errors import HaidangError, Unavailable
from haidang.store.events.parquet.manifest import Extent, Manifest, Reader, Segment, decode

SEGMENT = Segment(3, "l3/1-1-g1.parquet", 1, 1, "flush", 99, Extent(2, 3, 4, 5, 6))


def test_manifest_comes_back(tmp_path):
    """What is written is read."""
    manifest = Manifest().with_flush([SEGMENT], (1, 1)).retiring(["l3/old.parquet"])
    assert manifest == decode(manifest.encode(), tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(Manifest().encode()[:-5], id="cut"),
        pytest.param(b"[]", id="another shape"),
        pytest.param(b'{"schema_version":1}', id="without segments"),
        pytest.param(b'{"schema_version":1,"head":[1],"segments":[],"retired":[]}', id="head"),
        pytest.param(b"\x00" * 50, id="zeros"),
    ],
)
def test_damaged_manifest_is_refused_with_its_name(tmp_path, content):
    """The message names the file and says what to do."""
    with pytest.raises(Unavailable, match=r"manifest\.json.*restore it from the backup"):
        decode(content, tmp_path / "manifest.json")


def test_unknown_version_is_refused(tmp_path):
    """A newer store is not guessed at."""
    value = {**orjson.loads(Manifest().encode()), "schema_version": 2}
    with pytest.raises(HaidangError, match=r"has schema version 2.*reads version 1"):
        decode(orjson.dumps(value), tmp_path)


def test_manifest_is_parsed_once_for_each_change(tmp_path):
    """The same object comes back until the file is replaced."""
    path = tmp_path / "manifest.json"
    path.write_bytes(Manifest().encode())
    reader = Reader(path)
    first = reader.read()
    assert first is reader.read()
    path.write_bytes(first.with_flush([SEGMENT], (1, 1)).encode())
    assert (1, 1) == reader.read().head
