"""A clock for writers that wait: it passes as they sleep."""

from haidang.store.events.elastic import bulk


class Clock:
    """Time that passes only while somebody sleeps; `on_sleep` is done once, at the first sleep."""

    def __init__(self):
        self.now, self.pauses, self.on_sleep = 0.0, [], None

    def sleep(self, secs):
        """Let time pass."""
        self.now += secs
        self.pauses.append(secs)
        act, self.on_sleep = self.on_sleep, None
        if act:
            act()

    def patience(self, total_secs=30.0):
        """The patience of a writer that goes by this clock."""
        return bulk.Patience(total_secs, sleep=self.sleep, clock=lambda: self.now)
