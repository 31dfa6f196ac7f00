"""The command `haidang` and `python -m haidang`: opens the folder of the stages, then starts.

In a wheel the stages lie in `haidang/_app`, out of other programs' sight; in a checkout they lie
beside `haidang`. First on the path, because packages named `rules` or `app` exist elsewhere.
"""

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_NESTED = _HERE / "_app"
sys.path.insert(0, str(_NESTED if _NESTED.is_dir() else _HERE.parent))

from app.cli import main  # noqa: E402 - only now can it be found

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
