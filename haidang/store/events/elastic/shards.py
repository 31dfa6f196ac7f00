"""The primary copies of all shards: what the change feed and retention go by."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from haidang.errors import Unavailable
from haidang.store.events.elastic.client import Client
from haidang.store.events.elastic.names import patterns

_WANTED = (
    "indices.*.uuid",
    "indices.*.shards.*.routing",
    "indices.*.shards.*.seq_no.global_checkpoint",
)
_LISTED = "*.settings.index.uuid,*.settings.index.number_of_shards"
_SERVING = frozenset({"STARTED", "RELOCATING"})
_SECS = 10.0  # a frozen node must not hold up the feed: it just stands still
_NAMES = 40  # index names in one request line, of which a server reads 4 KiB


@dataclass(frozen=True, slots=True)
class Primary:
    """One shard's primary copy: every operation up to `checkpoint` is on all in-sync copies."""

    index: str
    uuid: str
    shard: int
    node: str
    checkpoint: int

    @property
    def key(self) -> str:
        """The shard in a position: a name can come back after a deletion, a uuid cannot."""
        return f"{self.uuid}/{self.shard}"


def primaries(client: Client, patterns: Sequence[str]) -> list[Primary]:
    """Every serving primary of the indices behind these patterns, by name, in one request.

    A shard without one (its node just died) is left out until there is one again. Raises
    Unavailable.
    """
    answer = client.ask(
        "GET",
        f"/{','.join(patterns)}/_stats/docs",
        params={"level": "shards", "filter_path": ",".join(_WANTED), "ignore_unavailable": "true"},
        timeout_secs=_SECS,
    )
    found = []
    for index, one in sorted(answer.get("indices", {}).items()):
        for shard, copies in sorted(one.get("shards", {}).items()):
            for copy in copies:
                routing = copy["routing"]
                if routing["primary"] and routing["state"] in _SERVING:
                    checkpoint = copy["seq_no"]["global_checkpoint"]
                    node = routing["node"]
                    found.append(Primary(index, one["uuid"], int(shard), node, checkpoint))
    return found


def complete(client: Client) -> list[Primary]:
    """The primaries of all shards of the streams; none may be missing.

    Raises Unavailable naming an index that has none now, or that somebody closed: what lies in it
    would be left out in silence.
    """
    known = existing(client)
    found = primaries(client, patterns(client.prefix))
    missing = known.keys() - {one.key for one in found}
    if missing:
        index = min(known[key] for key in missing)
        raise Unavailable(f"Elasticsearch: {index} has no primary now, or is closed (then open it)")
    return found


def existing(client: Client) -> dict[str, str]:
    """The key of every shard that the cluster knows → its index, be it red or closed now.

    Raises Unavailable.
    """
    where = ",".join(patterns(client.prefix))
    params = {"filter_path": _LISTED, "ignore_unavailable": "true", "expand_wildcards": "all"}
    answer = client.ask("GET", f"/{where}/_settings", params=params, timeout_secs=_SECS)
    indices = {name: one["settings"]["index"] for name, one in answer.items()}
    return {
        f"{index['uuid']}/{shard}": name
        for name, index in indices.items()
        for shard in range(int(index["number_of_shards"]))
    }


def streams(client: Client, patterns: Sequence[str]) -> dict[str, list[str]]:
    """The existing streams and their backing indices, the one that is written to last.

    Deletions leave gaps in the numbers, so that no name could be computed. Raises Unavailable.
    """
    where, params = ",".join(patterns), {"ignore_unavailable": "true"}
    answer = client.ask("GET", f"/_resolve/index/{where}", params=params, timeout_secs=_SECS)
    return {one["name"]: one["backing_indices"] for one in answer["data_streams"]}


def oldest(client: Client, indices: Collection[str]) -> frozenset[str]:
    """These backing indices without those whose stream has an older one among them.

    Raises Unavailable.
    """
    if len(indices) < 2:
        return frozenset(indices)
    lists = streams(client, patterns(client.prefix)).values()
    wanted = [[name for name in one if name in indices] for one in lists]
    return frozenset(indices) - {name for one in wanted for name in one[1:]}


def refresh(client: Client, indices: Collection[str]) -> None:
    """Let searches find what these indices hold; one that was deleted is passed over.

    Raises Unavailable, also if one copy of a shard fails.
    """
    names = sorted(indices)
    for start in range(0, len(names), _NAMES):
        where = ",".join(names[start : start + _NAMES])
        params = {"ignore_unavailable": "true"}
        answer = client.ask("POST", f"/{where}/_refresh", params=params, timeout_secs=_SECS)
        if answer["_shards"]["failed"]:
            raise Unavailable(f"Elasticsearch could not refresh {where}")
