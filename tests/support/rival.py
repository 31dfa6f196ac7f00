"""A correlator in a process of its own, which pauses itself (SIGSTOP) at a durable point.

`python -m tests.support.rival PLACE PATIENCE_SECS RULES POINT`; prints how it ended once woken.
"""

import os
import signal
import sys
from pathlib import Path

from correlator.tick import Correlator
from haidang import durable
from haidang.errors import HaidangError
from haidang.model.instant import HOUR
from haidang.model.scope import Scope
from tests.support.feed import NOON, MemoryStore, count, engine_of, event, leaf
from tests.support.state import open_state

NOW = NOON + HOUR
EVENTS = 60


def correlator(database, folder):
    """The same rules and the same events in whichever process."""
    engine = engine_of(folder, leaf("probe"), count("burst", "probe"))
    store = MemoryStore(event(number) for number in range(EVENTS))
    return Correlator(database, store, engine, Scope.system(), 0)


def main(place, patience_secs, folder, point):
    """Run until the point, pause there, go on when woken."""

    def hook(name):
        if name == point:
            os.kill(os.getpid(), signal.SIGSTOP)

    durable.HOOK.set(hook)
    database = open_state(place, int(patience_secs))
    try:
        correlator(database, Path(folder)).run(NOW)
        sys.stdout.write("done")
    except HaidangError as error:
        sys.stdout.write(type(error).__name__)
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
