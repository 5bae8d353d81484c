"""What is answered about subjects and messages."""

from typing import Annotated, Any

from msgspec import Meta, field

from chassis.fields import Instant
from chassis.replies import Reply
from services.credit.replies.consents import ConsentCard, ConsentProposalCard
from services.credit.replies.objections import ObjectionCard
from services.credit.replies.repairs import VetoCard


class MessageCard(Reply, kw_only=True):
    """消息 / A message to the caller, or about a subject for which he speaks."""

    id: str
    code: str
    subject: str | None = None
    ref: str | None = None
    at: Instant
    text: str
    text_en: str
    detail: Annotated[dict[str, object], Meta(description="正文中的各项 / what the text names")]


class MeReply(Reply, kw_only=True):
    """本人的信用、积分、理由和异议 / One's own standing, points, reasons and objections."""

    person_id: str
    period: str
    notice_version: str
    consents: list[ConsentCard]
    consent_proposals: list[ConsentProposalCard] = field(default_factory=list)
    subjects: list[dict[str, Any]]
    objections: list[ObjectionCard]


class SubjectReply(Reply, kw_only=True):
    """信用主体 / A subject."""

    subject: str
    kind: str
    area: str | None = None
    state: str
    consent: (
        Annotated[
            dict[str, Any],
            Meta(
                description="居民、家庭的授权,暂停时附原因 / of natural persons; if suspended, why"
            ),
        ]
        | None
    ) = None
    standing: dict[str, Any]


class SubjectRow(Reply, kw_only=True):
    """信用主体 / A subject in a list."""

    subject: str
    kind: str
    area: str | None = None
    state: str
    version: int
    holders: list[str] = field(default_factory=list)


class ExplainReply(Reply, kw_only=True):
    """分数的全部依据 / Every input of a score."""

    subject: str
    period: str
    entry: dict[str, Any] | None = None
    awards: list[dict[str, Any]]
    measures: list[dict[str, Any]]
    taken_back: list[dict[str, Any]] = field(default_factory=list)
    projects: list[dict[str, Any]] = field(default_factory=list)
    vetoes: list[VetoCard] = field(default_factory=list)
