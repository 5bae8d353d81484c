"""What is answered about repairs, vetoes, commendations and certificates."""

from typing import Any, Literal

from msgspec import UNSET

from chassis.fields import Instant, OwnMatter
from chassis.replies import Reply


class NegativesReply(Reply, kw_only=True):
    """单位现有的负面信息 / What is published of an organisation's negative items."""

    subject: str
    items: list[dict[str, Any]]
    vetoes: list[dict[str, Any]]


class RepairCard(Reply, kw_only=True):
    """信用修复 / A repair."""

    id: str
    number: str
    award_id: str
    subject: str
    severity: str
    state: str
    version: int
    own_matter: OwnMatter = UNSET


class BoardReply(Reply, kw_only=True):
    """单位信用排名 / Organisations by score."""

    scope: str
    kind: str
    period: str | None = None
    items: list[dict[str, Any]]
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
    state: CommendationState
    version: int


class CommendationDetail(CommendationCard, kw_only=True):
    """表彰及候选对象 / With its nominees."""

    nominees: list[dict[str, Any]]
    objections: list[dict[str, Any]]


class CertificateReply(Reply, kw_only=True):
    """证书核验 / Whether a certificate holds."""

    code: str
    number: str
    state: Literal["VALID", "REVOKED"]
    title: str
    level: str
    granted_at: Instant
    revoked_at: Instant | None = None
