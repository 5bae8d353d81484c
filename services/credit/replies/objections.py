"""What is answered about objections."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant, OwnMatter
from fivered.chassis.replies import Reply
from fivered.services.credit.replies.common import Done


class ObjectionDone(Done, kw_only=True):
    """异议的状态 / Where an objection stands."""

    number: str
    holds_entry: (
        Annotated[bool, Meta(description="条目暂缓生效 / the entry waits for it")] | UnsetType
    ) = UNSET
    outcome: str | UnsetType = UNSET
    review_until: (
        Annotated[
            Instant,
            Meta(description="在此之前可申请复核 / until then a review may be asked for"),
        ]
        | UnsetType
        | None
    ) = UNSET
    also: (
        Annotated[
            list[str],
            Meta(description="一并答复的异议编号 / numbers of the others that this has answered"),
        ]
        | UnsetType
    ) = UNSET


# What an objector wrote: for the objector and for staff; of a correction for its subject, too.
_Text = str | UnsetType | None


class ObjectionCard(Reply, kw_only=True):
    """异议或更正 / An objection, or a correction by staff."""

    id: str
    number: str
    kind: str
    target: str
    target_id: str
    subject: str
    settlement_id: str | None = None
    award_id: str | None = None
    period: str | None = None
    state: str
    version: int
    holds_entry: bool
    filed_at: Instant
    accept_due: Instant
    accepted_at: Instant | None = None
    decide_due: Instant | None = None
    overdue: bool
    extension_reasons: str | None = None
    decided_at: Instant | None = None
    outcome: str | None = None
    reasons: str | None = None
    review_until: Instant | None = None
    review_due: Instant | None = None
    review_overdue: bool
    reviewed_at: Instant | None = None
    review_outcome: str | None = None
    review_reasons: str | None = None
    final: bool
    text: _Text = UNSET
    grounds: _Text = UNSET
    evidence: list[str] | UnsetType = UNSET
    person_id: str | UnsetType = UNSET
    review_grounds: _Text = UNSET
    filed_by: _Text = UNSET
    receipt_no: _Text = UNSET
    own_matter: OwnMatter = UNSET


class NomineeObjectionCard(Reply, kw_only=True):
    """对候选对象的异议 / An objection to a nominee of a commendation."""

    id: str
    commendation_id: str
    subject: str
    state: Literal["OPEN", "UPHELD", "DISMISSED", "LAPSED"]
    version: int
    filed_at: Instant
    decide_due: Instant | None = None
    overdue: bool
    decided_at: Instant | None = None
    reasons: str | None = None
    text: _Text = UNSET
    own_matter: OwnMatter = UNSET
