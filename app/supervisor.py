"""When parts are started, started again, asked to end and killed: functions over values.

Times are seconds of one monotonic clock. `app.children` does what these decide.
"""

import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace

FIRST_DELAY_SECS = 1.0
LONGEST_DELAY_SECS = 60.0
# Who ran so long begins with the first delay again; who never did and explains itself has a
# mistake of a person. A busy machine may need 20 s to come to that explanation.
HEALTHY_SECS = 60.0
GRACE_SECS = 30.0
EXPLAINED = (1, 2)  # exit codes of `haidang`: an error that a message explains, wrong usage


@dataclass(frozen=True, slots=True)
class Part:
    """One part: since when it runs, or when it is to be started; `delay` is the last wait."""

    name: str
    running: bool = False
    since: float = 0.0
    due: float = 0.0
    delay: float = 0.0
    proven: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """All parts in the order of their start; `kill_at` is set once everything is to end."""

    parts: tuple[Part, ...]
    kill_at: float | None = None
    code: int = 0

    @property
    def stopping(self) -> bool:
        """Whether nothing is started any more."""
        return self.kill_at is not None

    @property
    def over(self) -> bool:
        """Whether everything has ended as it should."""
        return self.stopping and not any(one.running for one in self.parts)


def to_start(plan: Plan, now: float) -> Iterator[str]:
    """The parts whose time has come."""
    if not plan.stopping:
        yield from (one.name for one in plan.parts if not one.running and one.due <= now)


def to_kill(plan: Plan, now: float) -> Iterator[str]:
    """The parts that were asked to end and had their time."""
    if plan.kill_at is not None and plan.kill_at <= now:
        yield from (one.name for one in plan.parts if one.running)


def begun(plan: Plan, name: str, now: float) -> Plan:
    """A part was started."""
    return _with(plan, replace(_part(plan, name), running=True, since=now))


def ended(plan: Plan, name: str, code: int, now: float) -> Plan:
    """A part ended: it waits for its next start, or everything ends for its error."""
    before = _part(plan, name)
    lasted = now - before.since
    healthy = lasted >= HEALTHY_SECS
    again = healthy or not before.delay
    delay = FIRST_DELAY_SECS if again else min(before.delay * 2, LONGEST_DELAY_SECS)
    proven = before.proven or healthy
    part = replace(before, running=False, due=now + delay, delay=delay, proven=proven)
    plan = _with(plan, part)
    return stop(plan, 1, now) if code in EXPLAINED and not proven and not plan.stopping else plan


def signalled(plan: Plan, number: int, now: float) -> Plan:
    """SIGINT or SIGTERM came: the first asks the parts to end, the second kills them."""
    if plan.stopping:
        return replace(plan, kill_at=now)
    return stop(plan, 130 if number == signal.SIGINT else 0, now)


def stop(plan: Plan, code: int, now: float) -> Plan:
    """Everything is to end, with this exit code."""
    return replace(plan, kill_at=now + GRACE_SECS, code=code)


def patience(plan: Plan, now: float) -> float | None:
    """Seconds until something is to be done by itself; None where only an event matters."""
    if plan.kill_at is not None:
        return max(0.0, plan.kill_at - now)
    waits = [one.due - now for one in plan.parts if not one.running]
    return max(0.0, min(waits)) if waits else None


def _part(plan: Plan, name: str) -> Part:
    return next(one for one in plan.parts if one.name == name)


def _with(plan: Plan, part: Part) -> Plan:
    return replace(plan, parts=tuple(part if one.name == part.name else one for one in plan.parts))
