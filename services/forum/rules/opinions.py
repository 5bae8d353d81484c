"""Opinions, supervision, and texts for people. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from fivered.chassis.refusal import said
from fivered.services.forum import errors
from fivered.services.forum.rules.topics import SUPERVISION_EVERY


@dataclass(frozen=True, slots=True)
class OwnersCount:
    """An owners' vote, once by exclusive area (0.01 m2) and once by heads."""

    eligible: int
    participating: int
    assenting: int


def owners_passed(area: OwnersCount, heads: OwnersCount, *, special: bool) -> bool:
    """Tell whether the owners' assembly has adopted a matter (Civil Code art. 278).

    Args:
        area: Counted in hundredths of a square metre.
        heads: Counted in owners.
        special: Raising funds, rebuilding, or commercial use of common parts.

    Raises:
        NoOwnersVote: The counts contradict each other.
    """
    for name, count in (("按专有面积 / by area", area), ("按业主人数 / by heads", heads)):
        if not 0 <= count.assenting <= count.participating <= count.eligible or not count.eligible:
            raise errors.NoOwnersVote(reason=said(name))
        if 3 * count.participating < 2 * count.eligible:
            return False
        if special and 4 * count.assenting < 3 * count.participating:
            return False
        if not special and 2 * count.assenting <= count.participating:
            return False
    return True


def supervised(start: datetime, end: datetime, records: Sequence[datetime]) -> bool:
    """Tell whether a supervisor kept watch: at least one record, and none of the gaps between the
    appointment, the records and the delivery is longer than 14 days."""
    if not records:
        return False
    points = [start, *sorted(records), end]
    return all(b - a <= SUPERVISION_EVERY for a, b in pairwise(points))


DEFAULT_FINDING = "经研判,属于公共事务,适合协商"
DEFAULT_RESULT = "全部落实任务已验收"
RESULT_IN_PART = "落实任务已全部结束,其中部分任务已取消"
