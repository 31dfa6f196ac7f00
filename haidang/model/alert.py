"""The alert: a stored, revisable finding, told in one sentence."""

from collections.abc import Mapping
from dataclasses import dataclass

from haidang.model.detection import Episode
from haidang.model.instant import Instant

# Interface words of the four alert levels; `nghiêm trọng` is a legal term and never used here.
LEVEL_WORDS = {
    "critical": "Khẩn cấp",
    "high": "Cao",
    "medium": "Trung bình",
    "low": "Thấp",
    "informational": "Thông tin",
}


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as stored; `id` never changes, each growth of its episode is a new revision.

    `counts` are the events of each rule that the sentence tells of; `evidence_missing` how many of
    those to be copied were gone from the store already.
    """

    id: str
    rule: str
    rule_hash: str
    title: str
    level: str
    tags: tuple[str, ...]
    author: str
    raised: Instant
    revised: Instant
    revision: int
    episode: Episode
    group: Mapping[str, str]
    zone: str
    operators: tuple[str, ...]
    affected: tuple[str, ...]
    system_level: int
    sentences: Mapping[str, str]
    first_steps: Mapping[str, tuple[str, ...]]
    falsepositives: Mapping[str, tuple[str, ...]]
    counts: Mapping[str, int]
    evidence_missing: int
    superseded_by: str = ""
