"""Imported sets on disk: whole or absent, never changed, found again."""

import pytest

from haidang import durable
from haidang.errors import InputError
from rules import sets

FILES = {"rules/a.yml": b"title: A\n", "LICENSE": b"DRL"}
POINTS = [
    "rule_set.before_sync",
    "rule_set.after_sync",
    "rule_set.before_rename",
    "rule_set.after_rename",
]


class Crash(BaseException):
    """The process dies here."""


def test_version_is_kept_once(tmp_path):
    """The same content again adds nothing; licences are kept but are no rules."""
    first, new = sets.add(tmp_path, "sigmahq", "r1", FILES)
    again, still_new = sets.add(tmp_path, "sigmahq", "r1", FILES)

    assert (True, False) == (new, still_new)
    assert first == again == sets.find(tmp_path, "sigmahq", "r1")
    assert 1 == first.files
    assert b"DRL" == (first.folder(tmp_path) / "LICENSE").read_bytes()


def test_version_without_a_name_is_called_by_its_content(tmp_path):
    """So the same archive always is the same version, and another is another."""
    first, _ = sets.add(tmp_path, "s", "", FILES)
    same, new = sets.add(tmp_path, "s", "", dict(reversed(FILES.items())))
    other, _ = sets.add(tmp_path, "s", "", {**FILES, "b.yml": b"x"})

    assert (first, False) == (same, new)
    assert {first, other} == set(sets.versions(tmp_path))


def test_version_never_changes(tmp_path):
    """Matches of old alerts must still be explained by the rules of their version."""
    sets.add(tmp_path, "s", "r1", FILES)

    with pytest.raises(InputError, match="holds other rules already; a version never changes"):
        sets.add(tmp_path, "s", "r1", {"rules/a.yml": b"title: B\n"})
    assert b"title: A\n" == (tmp_path / "s/r1/rules/a.yml").read_bytes()


@pytest.mark.parametrize("name", ["", "..", "A", "a/b", ".a", "a" * 65, "đ"])
def test_name_that_could_lead_elsewhere_is_refused(tmp_path, name):
    """Names become folders."""
    with pytest.raises(InputError, match=r"--set: .* must be small letters"):
        sets.add(tmp_path, name, "r1", FILES)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("point", POINTS)
def test_version_is_whole_or_absent_after_a_crash_anywhere(tmp_path, point):
    """And the next import makes it whole and leaves nothing else behind."""

    def hook(name):
        if name == point:
            raise Crash

    token = durable.HOOK.set(hook)
    with pytest.raises(Crash):
        sets.add(tmp_path, "s", "r1", FILES)
    durable.HOOK.reset(token)

    found = sets.versions(tmp_path)
    assert (point == "rule_set.after_rename") is bool(found)
    version, new = sets.add(tmp_path, "s", "r1", FILES)
    assert new is not bool(found)
    assert [version] == sets.versions(tmp_path)
    assert ["r1"] == [path.name for path in (tmp_path / "s").iterdir()]


def test_missing_and_damaged_versions_are_named(tmp_path):
    """With what is there instead, or what to do."""
    sets.add(tmp_path, "s", "r1", FILES)

    with pytest.raises(InputError, match=r"rules/s/r2: no such version .*; known: r1"):
        sets.find(tmp_path, "s", "r2")
    (tmp_path / "s/r1/manifest.json").write_bytes(b"{")
    with pytest.raises(InputError, match=r"is damaged .*; remove the folder and import it again"):
        sets.find(tmp_path, "s", "r1")
