"""Archives of rules: what is taken, and what is refused before anything is kept."""

import os
import stat
import zipfile

import pytest

from haidang.errors import InputError
from rules import archive
from rules.archive import read_archive

RULE = b"title: A\n"


def pack(file, members, kind=zipfile.ZIP_DEFLATED):
    """A ZIP archive of (name or ZipInfo, content)."""
    with zipfile.ZipFile(file, "w", kind) as made:
        for name, content in members:
            made.writestr(name, content)
    return file


def special(name, mode):
    """A member of a kind that is no file."""
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


def refusal(path):
    """What is said of an archive: `member: reason` each."""
    with pytest.raises(InputError) as caught:
        read_archive(path)
    assert {str(path)} == {one.file for one in caught.value.problems}
    return [f"{one.field}: {one.what}" for one in caught.value.problems]


FILES = [
    ("rules/b.yml", RULE),
    ("rules/a.YAML", RULE),
    ("LICENSE.Detection.Rules.md", b"DRL"),
    ("rules/picture.png", b"x"),
    (".github/workflow.yml", b"x: y"),
]


def test_rules_and_licences_are_taken_from_both_kinds_of_archive(tmp_path):
    """Hidden files and everything that is no rule stay outside; names come sorted."""
    for name, content in FILES:
        (tmp_path / "dir" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "dir" / name).write_bytes(content)
    packed = pack(tmp_path / "a.zip", FILES)
    expected = ["LICENSE.Detection.Rules.md", "rules/a.YAML", "rules/b.yml"]

    assert expected == list(read_archive(packed))
    assert read_archive(packed) == read_archive(tmp_path / "dir")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        pytest.param("../a.yml", "leads out of the archive", id="traversal"),
        pytest.param("rules/../../a.yml", "leads out of the archive", id="inner traversal"),
        pytest.param("/etc/a.yml", "is no relative path", id="absolute"),
        pytest.param("rules\\a.yml", "is no relative path", id="backslash"),
        pytest.param("C:/a.yml", "is no relative path", id="drive"),
        pytest.param("a//b.yml", "leads out of the archive", id="empty part"),
        pytest.param("a\n.yml", "control characters", id="control"),
        pytest.param(special("a.yml", stat.S_IFLNK | 0o777), "is a link", id="link"),
        pytest.param(special("a.yml", stat.S_IFIFO), "neither a file nor a folder", id="pipe"),
    ],
)
def test_dishonest_member_refuses_the_archive(tmp_path, name, what):
    """The member is named; so is every other one that is wrong."""
    said = refusal(pack(tmp_path / "a.zip", [("ok.yml", RULE), (name, RULE), ("../z.yml", RULE)]))

    assert 2 == len(said)
    assert any(what in one for one in said)


def test_link_and_pipe_in_a_folder_are_refused(tmp_path):
    """A link could lead to any file of the machine."""
    (tmp_path / "a.yml").write_bytes(RULE)
    (tmp_path / "b.yml").symlink_to("/etc/passwd")
    (tmp_path / "c").symlink_to("/etc")
    os.mkfifo(tmp_path / "d.yml")

    expected = [
        "b.yml: is a link; put the file itself there",
        "c: is a link; put the file itself there",
        "d.yml: is neither a file nor a folder",
    ]
    assert expected == refusal(tmp_path)


def test_bomb_is_refused_by_what_it_holds_and_not_by_what_it_says(tmp_path, monkeypatch):
    """Reading stops at the limit: of a file, of the whole, of the number of files."""
    big = pack(tmp_path / "a.zip", [("a.yml", bytes(5_000_000))])
    assert big.stat().st_size < 10_000
    assert [f"a.yml: is larger than {archive.MAX_BYTES} bytes"] == refusal(big)

    many = pack(tmp_path / "b.zip", [(f"{n}.yml", RULE) for n in range(4)])
    monkeypatch.setattr(archive, "MAX_FILES", 3)
    assert [": holds more than 3 files"] == refusal(many)
    with zipfile.ZipFile(many) as opened:
        opened.extractall(tmp_path / "out")
    monkeypatch.setattr(archive, "MAX_FILES", 4)
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 20)
    assert [": holds more than 20 bytes"] == refusal(tmp_path / "out")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        pytest.param(b"", "is not a zip file", id="empty"),
        pytest.param(b"no archive", "is not a zip file", id="other"),
    ],
)
def test_broken_archive_says_so(tmp_path, content, what):
    """No traceback, and nothing is taken."""
    (tmp_path / "a.zip").write_bytes(content)

    assert what in refusal(tmp_path / "a.zip")[0]


def test_cut_damaged_and_encrypted_archives_are_refused(tmp_path):
    """A download that ended early, a bit that tipped, a password nobody gave."""
    whole = pack(tmp_path / "a.zip", [("a.yml", b"title: unusual words\n")], zipfile.ZIP_STORED)
    content = whole.read_bytes()
    (tmp_path / "cut.zip").write_bytes(content[:-30])
    (tmp_path / "bad.zip").write_bytes(content.replace(b"unusual", b"usually"))
    flags = content.replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01")
    (tmp_path / "secret.zip").write_bytes(flags)

    assert "not a zip file" in refusal(tmp_path / "cut.zip")[0]
    assert "Bad CRC-32" in refusal(tmp_path / "bad.zip")[0]
    assert ["a.yml: is encrypted"] == refusal(tmp_path / "secret.zip")


def test_same_name_twice_is_refused(tmp_path):
    """Which of the two a person would have seen is anybody's guess."""
    with pytest.warns(UserWarning, match="Duplicate name"):
        packed = pack(tmp_path / "a.zip", [("a.yml", RULE), ("a.yml", b"title: B\n")])

    assert ["a.yml: is there twice"] == refusal(packed)


def test_archive_without_a_rule_is_refused(tmp_path):
    """Somebody took the wrong file."""
    packed = pack(tmp_path / "a.zip", [("readme.md", b"x")])

    assert [": holds no rule: no file whose name ends in .yml or .yaml"] == refusal(packed)
