"""What is answered about repairs, negative items and vetoes."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant, OwnMatter
from fivered.chassis.replies import Reply
from fivered.services.credit.replies.common import Done

FromPeriod = (
    Annotated[str, Meta(description="从该月起不再计入 / from this month on it counts no more")]
    | UnsetType
)


class RepairDone(Done, kw_only=True):
    """信用修复的状态 / Where a repair stands."""

    from_period: FromPeriod = UNSET


class RepairCard(Reply, kw_only=True):
    """信用修复 / A repair."""

    id: str
    number: str
    award_id: str
    subject: str
    severity: str
    state: str
    version: int
    text: str
    evidence: list[str]
    applied_at: Instant
    accept_due: Instant
    decide_due: Instant
    overdue: bool
    finding: str | None = None
    decided_at: Instant | None = None
    reasons: str | None = None
    from_period: str | None = None
    own_matter: OwnMatter = UNSET


class VetoDone(Done, kw_only=True):
    """一票否决的状态 / Where a veto stands."""

    from_period: FromPeriod = UNSET


class VetoCard(Reply, kw_only=True):
    """一票否决 / A veto: by a document that a person named, or by a rule."""

    id: str
    from_period: str
    to_period: str
    document_no: str | None = None
    rule: str | None = None
    state: str
    version: int
    due: (
        Annotated[
            Instant,
            Meta(description="须在此前由他人确认 / until then another person confirms it"),
        ]
        | UnsetType
    ) = UNSET
    reasons: Annotated[str, Meta(description="只给单位和本区域 / to itself and its area")] | (
        UnsetType | None
    ) = UNSET


class VetoReply(VetoCard, kw_only=True):
    """一票否决及其依据 / A veto with its basis."""

    subject: str
    hearing_ref: str | None = None
    imposed_by: str | None = None
    imposed_at: Instant | None = None
    confirmed_by: str | None = None
    confirmed_at: Instant | None = None
    overdue: Annotated[
        bool, Meta(description="逾期未确认 / not confirmed within five working days")
    ]
    own_matter: OwnMatter = UNSET


class NegativeItem(Reply, kw_only=True):
    """一条负面信息 / A negative item; `public` says whether everybody reads it."""

    award_id: str
    period: str
    severity: str
    public: bool
    rule: str
    reason: str | None = None
    score: int
    document_no: str | None = None
    counts_until: str
    repair_from: str


class NegativesReply(Reply, kw_only=True):
    """单位现有的负面信息 / What is published of an organisation's negative items."""

    subject: str
    items: list[NegativeItem]
    next: None = None
    vetoes: list[VetoCard]
