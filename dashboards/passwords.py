"""Passwords: argon2id hashes (RFC 9106), one-time passwords, and what a person may choose."""

from collections.abc import Callable
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from haidang.model.fold import fold, nfc
from haidang.model.instant import DAY

ONE_TIME = DAY
LEAST, MOST = 12, 256
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
_GROUPS, _SIZE = 4, 5

# OWASP's cheat sheet asks for at least 46 MiB in one pass. Two at a time: many log ins at once
# must not take the memory of a small machine.
_HASHER = PasswordHasher(time_cost=2, memory_cost=46 * 1024, parallelism=1)
_AT_ONCE = BoundedSemaphore(2)
# What a wrong name is checked against, so that it takes as long as a wrong password.
_NOBODY = (
    "$argon2id$v=19$m=47104,t=2,p=1$KGPC5Jg4G1f8+vu3hgLNeg$"
    "CoNFYfP5vb1H7gb9+acr5KDgNQZVsYAsH1WXuna/IJc"
)
_COMMON = (
    "password", "matkhau", "123456", "qwerty", "abc123", "111111", "000000", "admin", "haidang",
    "vietnam", "anhyeuem", "iloveyou",
)  # fmt: skip


def hashed(password: str) -> str:
    """The hash of a password; it is compared in NFC, however a keyboard writes accents."""
    with _AT_ONCE:
        return _HASHER.hash(nfc(password))


def matches(hash_: str, password: str) -> bool:
    """Whether this is the password; never for the hash "", which takes as long."""
    with _AT_ONCE:
        try:
            _HASHER.verify(hash_ or _NOBODY, nfc(password)[:MOST])
        except (VerificationError, InvalidHashError):
            return False
    return bool(hash_)


def one_time(randomness: Callable[[str], str]) -> str:
    """A password to be read out and typed once: four groups of letters and digits, 99 bits."""
    groups = ("".join(randomness(_LETTERS) for _ in range(_SIZE)) for _ in range(_GROUPS))
    return "-".join(groups)


def weakness(password: str, name: str) -> str:
    """Why a person may not choose this, as a key of the words; "" where it is good enough."""
    folded = fold(password)
    if not LEAST <= len(nfc(password)) <= MOST:
        return "length"
    if name in folded:
        return "name"
    rest = folded
    for common in _COMMON:
        rest = rest.replace(common, "")
    if len(set(folded)) < 5 or len(rest) < LEAST // 2:
        return "common"
    return ""
