"""The command `haidang` and `python -m haidang`: opens the folder of the stages, then starts.

In a wheel the stages lie in `haidang/_app`, out of other programs' sight; in a checkout they lie
beside `haidang`. First on the path, because packages named `rules` or `app` exist elsewhere.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_NESTED = _HERE / "_app"
sys.path.insert(0, str(_NESTED if _NESTED.is_dir() else _HERE.parent))

from app import cli  # noqa: E402 - only now can it be found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; what it writes holds logs, so others on the machine may not read it."""
    os.umask(0o027)
    return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
