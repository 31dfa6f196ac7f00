"""What a password is kept as, and what a person may choose."""

import secrets
import unicodedata

import pytest

from dashboards import passwords


def test_a_hash_is_argon2id_and_never_the_same_twice():
    """With the cost of the decision."""
    one, other = passwords.hashed("một câu dài dễ nhớ"), passwords.hashed("một câu dài dễ nhớ")

    assert one != other
    assert one.startswith("$argon2id$v=19$m=47104,t=2,p=1$")


def test_accents_may_be_typed_either_way():
    """A keyboard of another system composes differently."""
    hash_ = passwords.hashed("một câu dài dễ nhớ")

    assert passwords.matches(hash_, unicodedata.normalize("NFD", "một câu dài dễ nhớ"))
    assert not passwords.matches(hash_, "mot cau dai de nho")


@pytest.mark.parametrize("hash_", ["", "no hash", "$argon2id$v=19$m=8,t=1,p=1$YQ$YQ"])
def test_a_hash_that_is_none_matches_nothing(hash_):
    """Also what an account has whose one-time password is spent."""
    assert not passwords.matches(hash_, "nobody")
    assert not passwords.matches(hash_, "")


def test_a_one_time_password_can_be_read_out():
    """No letter that looks like another."""
    word = passwords.one_time(secrets.choice)

    assert [5] * 4 == [len(group) for group in word.split("-")]
    assert not set("0o1il") & set(word)


@pytest.mark.parametrize(
    ("password", "trouble"),
    [
        ("một câu dài dễ nhớ", ""),
        ("trời xanh mây trắng", ""),
        ("ngắn quá", "length"),
        ("x" * 257, "length"),
        ("Lan-va-nhung-nguoi-ban", "name"),
        ("aaaaaaaaaaaaaaaa", "common"),
        ("matkhau123456", "common"),
        ("Password123456!", "common"),
        ("123456123456789", "common"),
    ],
)
def test_what_may_be_chosen(password, trouble):
    """Length, not the name, not what everybody tries first."""
    assert trouble == passwords.weakness(password, "lan")
