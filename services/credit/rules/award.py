"""An award as it begins: each column once, with what most awards have in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal, Self

import msgspec
from msgspec import field

from fivered.chassis.typed import converted

Decides = Literal["NOBODY", "PERSON", "SETTLEMENT"]
State = Literal["PROPOSED", "APPROVED", "REJECTED", "REVERSED", "REPAIRED"]


class Award(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A new award, every column of it; caps may still cut it before it is stored.

    What is None is left out where it is written as text: a column that is not there is NULL. What
    is false or 0 is written, so those defaults are made and not given.

    Attributes:
        decides: Who decides: NOBODY lets it count at once; PERSON and SETTLEMENT are waited for.
        deed: What it is for, so that another event can take it back.
        actor_id: Who told of it.
        period: The month that it belongs to.
        to_period: The last month in which it counts.
        points_period: The month whose settlement releases its points; the same by default.
        score_raw: Before caps; the same as after them by default. So are the points.
        reason: What was said of it last.
        proposal: What its proposer has said.
        cause: Why it does not count as it was given, where no person has said so; see `causes`.
        cause_ref: What the cause names.
        objection_no: The objection by whose decision only a part of it is left.
        waits_for: The level that decides, until `due_at`.
        due_days: How many working days that counts, where a calendar since then says less.
        approved_by: Who had approved it, where another person has taken it back (`decided_by`).
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
    points_period: str = ""
    score_raw: int | None = None
    points_raw: int | None = None
    capped: bool = field(default_factory=bool)
    late: bool = field(default_factory=bool)
    correction: bool = field(default_factory=bool)
    recount: bool = field(default_factory=bool)
    deduction: bool = field(default_factory=bool)
    effective: bool | None = None
    state: State | None = None
    inputs: dict[str, object] | None = None
    evidence: list[dict[str, str]] | None = None
    reason: str | None = None
    proposal: str | None = None
    cause: str | None = None
    cause_ref: str | None = None
    objection_no: str | None = None
    document_no: str | None = None
    proposed_by: str | None = None
    waits_for: str | None = None
    due_at: datetime | None = None
    due_days: int | None = None
    lapsed_at: datetime | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    approved_by: str | None = None
    corrects: str | None = None
    shard: int = field(default_factory=int)
    version: int = field(default_factory=lambda: 1)

    def __post_init__(self) -> None:
        """Fill in what follows from the others."""
        counts = self.decides == "NOBODY"
        self.points_period = self.points_period or self.period
        if self.score_raw is None:
            self.score_raw = self.score
        if self.points_raw is None:
            self.points_raw = self.points
        if self.effective is None:
            self.effective = counts
        if self.state is None:
            self.state = "APPROVED" if counts else "PROPOSED"

    @classmethod
    def like(cls, values: Mapping[str, object], **other: object) -> Self:
        """Return a new award that has the columns of a stored one, but for some."""
        # A table's names of columns are a kind of text of their own.
        return converted({**{str(name): values[name] for name in values}, **other}, cls)

    def row(self) -> dict[str, object]:
        """Return every column of the award."""
        return msgspec.structs.asdict(self)
