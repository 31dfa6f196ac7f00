"""Names of cases as holds use them: the same rule for both stores."""

import re

from haidang.errors import HaidangError

_CASE = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def check_case(name: str) -> str:
    """The name, fit for a file and for an index. Raises HaidangError where it is not."""
    if _CASE.fullmatch(name) is None:
        raise HaidangError(
            f"{name[:80]!r} cannot name a case: 1 to 64 of a-z, 0-9 and -, not beginning with -"
        )
    return name
