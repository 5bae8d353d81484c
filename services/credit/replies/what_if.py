"""What is answered about months that were replayed under other rules."""

from msgspec import UNSET, UnsetType

from fivered.chassis.replies import Reply
from fivered.services.credit.replies.common import JobStarted


class JobReply(JobStarted, kw_only=True):
    """已开始的任务 / A job that was started."""

    periods: list[str]


class WhatIfItem(Reply, kw_only=True):
    """一行结果 / A line: of a group, of a rule, or of a subject, as the part asks."""

    subject: str | UnsetType = UNSET
    area: str | UnsetType = UNSET
    kind: str
    dimension: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    subjects: int | UnsetType = UNSET
    gaining: int | UnsetType = UNSET
    losing: int | UnsetType = UNSET
    awards_before: int
    awards_after: int
    score_before: int
    score_after: int
    points_before: int
    points_after: int
    assumed: int | UnsetType = UNSET
    grade_before: str | UnsetType | None = UNSET
    grade_after: str | UnsetType | None = UNSET


class WhatIfReply(Reply, kw_only=True):
    """重算结果 / What a replay has found."""

    job_id: str
    part: str
    items: list[WhatIfItem]
    csv: str | UnsetType = UNSET
    next: str | None = None


class Totals(Reply, kw_only=True):
    """What a replay changes: how many subjects gain and lose, and the sums on both sides."""

    subjects: int
    gaining: int
    losing: int
    awards_before: int
    awards_after: int
    score_before: int
    score_after: int
    points_before: int
    points_after: int
    assumed: int


class AllTotals(Totals, kw_only=True):
    """Of all subjects together."""

    unchanged: int


class KindTotals(Totals, kw_only=True):
    """Of the subjects of a kind."""

    kind: str


class DimensionTotals(KindTotals, kw_only=True):
    """Of the subjects of a kind, in one dimension."""

    name: str


class RuleTotals(Totals, kw_only=True):
    """Of one rule."""

    name: str


class GradeChange(Reply, kw_only=True):
    """How many subjects of a kind change from one grade to another."""

    kind: str
    before: str | None
    after: str | None
    n: int


class WhatIfFound(Reply, kw_only=True):
    """What a replay has found, as its job keeps it."""

    rule_set_id: str
    code: str
    digest: str
    compared_with: list[str]
    periods: list[str]
    facts_since: str
    totals: AllTotals
    by_kind: list[KindTotals]
    by_dimension: list[DimensionTotals]
    by_rule: list[RuleTotals]
    grade_changes: list[GradeChange]
    largest_gains: list[WhatIfItem]
    largest_losses: list[WhatIfItem]
    never_heard: list[str]
