"""What streams and indices are called: `haidang-<family>-l<level>`, `haidang-hold-<case>`."""

from functools import lru_cache

from haidang.model.event import Event

# Data sets by the first part of their names. Few families, since each has its own index a level.
_FAMILY = {
    "apache": "web",
    "auditd": "linux",
    "haproxy": "web",
    "iis": "web",
    "linux": "linux",
    "mysql": "database",
    "nginx": "web",
    "postfix": "mail",
    "postgresql": "database",
    "suricata": "network",
    "system": "linux",
    "windows": "windows",
    "zeek": "network",
    "zimbra": "mail",
}
OTHER = "other"
FAMILIES = tuple(sorted({*_FAMILY.values(), OTHER}))


def stream_of(prefix: str, event: Event) -> str:
    """The data stream that keeps an event."""
    return _stream(prefix, event.dataset, event.level)


@lru_cache(maxsize=1024)
def _stream(prefix: str, dataset: str, level: int) -> str:
    family = _FAMILY.get(dataset.partition(".")[0], OTHER)
    return f"{prefix}-{family}-l{level}"


def patterns(prefix: str, level: int | None = None) -> list[str]:
    """Patterns of all streams, or of those of one level; holds match none of them."""
    wanted = "*" if level is None else level
    return [f"{prefix}-{family}-l{wanted}" for family in FAMILIES]


def hold_of(prefix: str, case: str) -> str:
    """The index of a case's legal hold."""
    return f"{prefix}-hold-{case}"
