"""Durable acts: their points in order, and all or nothing at each of them."""

import os
import signal
import subprocess
import sys

import pytest

from haidang import durable


class Crash(BaseException):
    """The process dies here."""


@pytest.fixture
def visited():
    """Record every point that is passed."""
    names = []
    token = durable.HOOK.set(names.append)
    yield names
    durable.HOOK.reset(token)


def crash_at(wanted):
    """Return a hook that dies at one point."""

    def hook(name):
        if name == wanted:
            raise Crash

    return hook


class FakeTransaction:
    """Counts its commits."""

    def __init__(self):
        self.commits = 0

    def commit(self):
        """Count."""
        self.commits += 1


WRITE_POINTS = ["x.before_sync", "x.after_sync", "x.before_rename", "x.after_rename"]


def test_write_passes_its_points_in_order(tmp_path, visited):
    """The content is on disk before the name points at it."""
    durable.write(tmp_path / "file", b"new", "x")
    assert WRITE_POINTS == visited


@pytest.mark.parametrize("name", WRITE_POINTS)
def test_write_is_all_or_nothing_at_each_point(tmp_path, name):
    """After a crash the file holds its old or its new content, and a retry works."""
    target = tmp_path / "file"
    target.write_bytes(b"old")
    token = durable.HOOK.set(crash_at(name))
    with pytest.raises(Crash):
        durable.write(target, b"new content", "x")
    durable.HOOK.reset(token)
    assert (b"new content" if name == "x.after_rename" else b"old") == target.read_bytes()
    durable.write(target, b"newer", "x")
    assert b"newer" == target.read_bytes()
    assert ["file"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize("name", WRITE_POINTS)
def test_folder_is_whole_or_absent_at_each_point(tmp_path, name):
    """After a crash the folder is there with all files or not at all, and a retry works."""
    files = {"a": b"1", "below/b": b"2"}
    target = tmp_path / "folder"
    token = durable.HOOK.set(crash_at(name))
    with pytest.raises(Crash):
        durable.write_folder(target, files, "x")
    durable.HOOK.reset(token)
    assert target.exists() is (name == "x.after_rename")
    if not target.exists():
        durable.write_folder(target, files, "x")
    assert {"folder": b"1"} == {path.name: (path / "a").read_bytes() for path in tmp_path.iterdir()}
    assert b"2" == (target / "below/b").read_bytes()


def test_folder_is_synced_before_its_name_points_at_it(tmp_path, monkeypatch):
    """All files are written aside when the disk is waited for; then the rename itself is synced."""
    seen, synced = [], []
    monkeypatch.setattr(os, "sync", lambda: seen.append(sorted(tmp_path.rglob("*"))))
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_ino))
    durable.write_folder(tmp_path / "folder", {"a": b"1", "below/b": b"2"}, "x")
    aside = tmp_path / ".folder.tmp"
    assert [[aside, aside / "a", aside / "below", aside / "below/b"]] == seen
    assert [tmp_path.stat().st_ino] == synced


def test_commit_passes_its_points_around_the_commit(visited):
    """One commit, between its two points."""
    transaction = FakeTransaction()
    durable.commit(transaction, "x")
    assert (1, ["x.before_commit", "x.after_commit"]) == (transaction.commits, visited)


@pytest.mark.parametrize(("commits", "name"), [(0, "x.before_commit"), (1, "x.after_commit")])
def test_crash_beside_a_commit_leaves_it_undone_or_done(commits, name):
    """The two points enclose the commit itself."""
    transaction = FakeTransaction()
    token = durable.HOOK.set(crash_at(name))
    with pytest.raises(Crash):
        durable.commit(transaction, "x")
    durable.HOOK.reset(token)
    assert commits == transaction.commits


def test_rename_syncs_the_folder(tmp_path, monkeypatch):
    """A rename is durable only once its folder is."""
    synced = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_ino))
    (tmp_path / "aside").write_bytes(b"x")
    durable.rename(tmp_path / "aside", tmp_path / "file", "x")
    assert [tmp_path.stat().st_ino] == synced


def test_point_without_a_hook_does_nothing():
    """Production has no hook."""
    assert durable.HOOK.get() is None
    durable.point("anything")
    assert durable.HOOK.get() is None


def test_halted_process_waits_at_its_point_to_be_killed(tmp_path):
    """A real process stops before the rename; after the kill the old content is there."""
    target = tmp_path / "file"
    target.write_bytes(b"old")
    program = (
        "import sys; from pathlib import Path; from haidang import durable;"
        "durable.halt_at('x.before_rename');"
        "durable.write(Path(sys.argv[1]), b'new', 'x')"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, target], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert "halted at x.before_rename\n" == process.stderr.readline()
        process.kill()
        process.wait()
    assert (-signal.SIGKILL, b"old") == (process.returncode, target.read_bytes())
