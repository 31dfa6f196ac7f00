"""Reading by offset is the same for plain and compressed files; looks list each file once."""

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.files import BROKEN, checksums, look, open_content
from collectors.identity import Seen

CONTENT = b"".join(b"%06d\n" % n for n in range(30_000))


def _seen(path: Path) -> Seen:
    info = path.stat()
    return Seen(str(path), info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """A compressed file of two members."""
    path = tmp_path_factory.mktemp("packed") / "a.gz"
    path.write_bytes(gzip.compress(CONTENT[:70_000], 1) + gzip.compress(CONTENT[70_000:], 1))
    return _seen(path)


@given(reads=st.lists(st.tuples(st.integers(0, 220_000), st.integers(0, 9000)), max_size=8))
def test_compressed_reads_are_reads_of_the_content(
    packed: Seen, reads: list[tuple[int, int]]
) -> None:
    """Forwards, backwards, overlapping, beyond the end."""
    content = open_content(packed)
    try:
        for offset, size in reads:
            assert CONTENT[offset : offset + size] == content.read(offset, size)
    finally:
        content.close()


def test_checksums_are_those_of_the_beginnings(packed: Seen, tmp_path: Path) -> None:
    """Offsets beyond the end have none."""
    plain = tmp_path / "a"
    plain.write_bytes(CONTENT)
    for seen in (packed, _seen(plain)):
        content = open_content(seen)
        length, found = checksums(content, [0, 5, 100_000, 999_999_999])
        content.close()
        assert (len(CONTENT), [0, 5, 100_000]) == (length, sorted(found))


def test_a_cut_gzip_file_is_broken(packed: Seen, tmp_path: Path) -> None:
    """It shows when all of it is read."""
    cut = tmp_path / "cut.gz"
    cut.write_bytes(Path(packed.path).read_bytes()[:-5])
    content = open_content(_seen(cut))
    with pytest.raises(BROKEN):
        checksums(content, [])
    content.close()


def test_another_file_under_the_name_is_not_opened(tmp_path: Path) -> None:
    """Between a look and the read the file may be rotated."""
    path = tmp_path / "a"
    path.write_bytes(b"old")
    seen = _seen(path)
    path.rename(tmp_path / "b")
    path.write_bytes(b"new")
    with pytest.raises(FileNotFoundError):
        open_content(seen)


def test_a_look_lists_matches_neighbours_and_links_once(tmp_path: Path) -> None:
    """Hard and symbolic links add names; folders and pipes are no files."""
    (tmp_path / "a.log").write_bytes(b"a")
    (tmp_path / "hard.log").hardlink_to(tmp_path / "a.log")
    (tmp_path / "soft.log").symlink_to("a.log")
    (tmp_path / "other").write_bytes(b"b")
    (tmp_path / "folder.log").mkdir()
    os.mkfifo(tmp_path / "pipe.log")
    found, warnings = look(str(tmp_path / "*.log"), [])
    names = {Path(seen.path).name: {Path(name).name for name in seen.names} for seen in found}
    assert {"a.log": {"a.log", "hard.log", "soft.log"}, "other": set()} == names
    assert [] == warnings
