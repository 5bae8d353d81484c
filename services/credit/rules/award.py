"""An award as it begins: each column once, with what most awards have in it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

import msgspec

Decides = Literal["NOBODY", "PERSON", "SETTLEMENT"]


class Award(msgspec.Struct, frozen=True, kw_only=True):
    """A new award, before caps; `row` is what is stored of it.

    Attributes:
        decides: Who decides: NOBODY lets it count at once; PERSON and SETTLEMENT are waited for.
        deed: What it is for, so that another event can take it back.
        actor_id: Who told of it.
        period: The month that it belongs to, and whose settlement releases its points.
        to_period: The last month in which it counts.
        reason: What was said of it last.
        proposal: What its proposer has said.
        waits_for: The level that decides, until `due_at`.
    """

    award_id: str
    subject_id: str
    kind: str
    rule_set: str
    rule_code: str
    source: str
    occurred_at: datetime
    day: date
    period: str
    to_period: str
    score: int
    points: int
    decides: Decides
    area: str | None
    proposed_at: datetime
    fact: str | None = None
    event_id: str | None = None
    deed: str | None = None
    actor_id: str | None = None
    level: str | None = None
    cap_window: str | None = None
    late: bool = False
    deduction: bool = False
    inputs: dict[str, Any] | None = None
    evidence: list[dict[str, str]] | None = None
    reason: str | None = None
    proposal: str | None = None
    document_no: str | None = None
    proposed_by: str | None = None
    waits_for: str | None = None
    due_at: datetime | None = None
    decided_at: datetime | None = None
    shard: int = 0

    def row(self) -> dict[str, Any]:
        """Return every column of the award."""
        counts = self.decides == "NOBODY"
        return msgspec.structs.asdict(self) | {
            "points_period": self.period,
            "score_raw": self.score,
            "points_raw": self.points,
            "capped": False,
            "correction": False,
            "recount": False,
            "effective": counts,
            "state": "APPROVED" if counts else "PROPOSED",
            "lapsed_at": None,
            "decided_by": None,
            "corrects": None,
            "version": 1,
        }
