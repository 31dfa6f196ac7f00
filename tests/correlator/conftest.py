"""Fixtures of the correlator's tests."""

from tests.support import state as stores

cluster, database, state = stores.cluster, stores.database, stores.state
