"""Passwords, from a file or from the environment, read when a store is opened."""

from collections.abc import Mapping
from pathlib import Path

from haidang.errors import InputError, Problem


def read_secret(file: Path | None, variable: str, environment: Mapping[str, str]) -> str:
    """The secret without the newline at its end; "" where neither place has one.

    Raises InputError, without a word of the secret: said twice, empty, unreadable.
    """
    given = environment.get(variable)
    if file is None:
        return _checked(variable, given) if given is not None else ""
    if given is not None:
        raise _refusal(variable, f"is set although {file} is configured, too; choose one")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise _refusal(str(file), f"cannot be read: {error.strerror}") from error
    # No strict decoding: its error would carry the secret.
    return _checked(str(file), content.decode("utf-8", "replace"))


def _checked(place: str, text: str) -> str:
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret.strip():
        raise _refusal(place, "is empty; a password belongs there")
    if "\ufffd" in secret:
        raise _refusal(place, "is not UTF-8")
    if not secret.isprintable():
        raise _refusal(place, "must be one line without control characters")
    return secret


def _refusal(place: str, what: str) -> InputError:
    return InputError([Problem(place, 0, "", what)])
