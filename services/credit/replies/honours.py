"""What is answered about commendations, boards and certificates."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant, OwnMatter
from fivered.chassis.replies import Reply
from fivered.services.credit.replies.common import Done
from fivered.services.credit.replies.objections import NomineeObjectionCard


class BoardRow(Reply, kw_only=True):
    """一个单位 / An organisation and its place."""

    rank: int
    subject: str
    ref: str
    area: str
    score: int
    grade: str
    gates_failed: list[str]


class BoardReply(Reply, kw_only=True):
    """单位信用排名 / Organisations by score."""

    scope: str
    kind: str
    period: str | None = None
    items: list[BoardRow]
    next: str | None = None


CommendationState = Literal[
    "OPEN",
    "NOMINATED",
    "CHECKED",
    "REVIEWED",
    "PUBLICISED",
    "APPROVED",
    "GRANTED",
    "REVOKED",
    "CANCELLED",
]


class CommendationCard(Reply, kw_only=True):
    """表彰 / A commendation."""

    id: str
    number: str
    title: str
    form: str
    level: str
    kind: str
    criteria: str
    quota: int
    scope: str
    from_period: str
    to_period: str
    approval_doc_no: str | None = None
    state: CommendationState
    version: int
    notice_id: str | None = None
    opened_at: Instant
    public_until: Instant | None = None
    approved_at: Instant | None = None
    granted_at: Instant | None = None
    cancelled_because: str | None = None


class CommendationDone(Done, kw_only=True):
    """表彰的状态 / Where a commendation stands."""

    number: str
    subject: Annotated[str, Meta(description="所提名的 / who was nominated")] | UnsetType = UNSET
    nominees: (
        Annotated[dict[str, str], Meta(description="各候选对象的状态 / the state of each nominee")]
        | UnsetType
    ) = UNSET
    notice_id: str | UnsetType = UNSET
    certificates: (
        Annotated[dict[str, str], Meta(description="各获奖者的证书 / the certificate of each")]
        | UnsetType
    ) = UNSET


class NomineeCard(Reply, kw_only=True):
    """候选对象 / A nominee: what keeps it back, and what people said."""

    subject: str
    own_matter: OwnMatter = UNSET
    state: str
    grounds: list[str]
    reason: str
    nominated_by: str
    supported: bool | None = None
    review: str | None = None
    award_id: str | None = None
    certificate: str | None = None
    revoked_because: str | None = None


class CommendationDetail(CommendationCard, kw_only=True):
    """表彰及候选对象 / With its nominees."""

    opened_by: str
    reviewed_by: str | None = None
    approved_by: str | None = None
    nominees: list[NomineeCard]
    objections: list[NomineeObjectionCard]


class FinalMonth(Reply, kw_only=True):
    """一个已生效的月份 / A month that is final; without a score it was not rated."""

    period: str
    score: int | None = None
    grade: str


class Candidate(Reply, kw_only=True):
    """候选对象及其记录 / Who may be commended, or is kept back by what."""

    subject: str
    eligible: bool
    grounds: list[str]
    months: list[FinalMonth]


class CandidatesReply(Reply, kw_only=True):
    """符合条件者 / Candidates by id; `next` is the cursor of the following page."""

    items: list[Candidate]
    next: str | None = None


class CertificateReply(Reply, kw_only=True):
    """证书核验 / Whether a certificate holds."""

    code: str
    number: str
    state: Literal["VALID", "REVOKED"]
    version: int
    title: str
    form: str
    level: str
    scope: str
    issuer: str | None = None
    approval_doc_no: str | None = None
    kind: str
    ref: str | None = None
    person_id: str | None = None
    granted_at: Instant
    revoked_at: Instant | None = None


class RevokedCertificate(Reply, kw_only=True):
    """已撤销的证书 / A certificate that does not hold any more."""

    code: str
    number: str
    scope: str
    granted_at: Instant
    revoked_at: Instant


class Honour(Reply, kw_only=True):
    """一项荣誉 / A certificate of one's own."""

    code: str
    number: str
    subject: str
    title: str
    form: str
    level: str
    state: Literal["VALID", "REVOKED"]
    granted_at: Instant
    revoked_at: Instant | None = None


class HonoursReply(Reply, kw_only=True):
    """我的荣誉 / One's own certificates, the newest first."""

    items: list[Honour]
    next: None = None
