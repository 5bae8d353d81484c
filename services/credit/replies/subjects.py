"""What is answered about subjects and messages."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType, field

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply
from fivered.services.credit.replies.awards import AwardReply
from fivered.services.credit.replies.consents import ConsentCard, ConsentProposalCard
from fivered.services.credit.replies.figures import Wallet
from fivered.services.credit.replies.objections import ObjectionCard
from fivered.services.credit.replies.repairs import VetoCard
from fivered.services.credit.replies.settlement import EntryCard


class MessageCard(Reply, kw_only=True):
    """消息 / A message to the caller, or about a subject for which the caller speaks."""

    id: str
    code: str
    subject: str | None = None
    ref: str | None = None
    at: Instant
    text: str
    text_en: str
    detail: Annotated[dict[str, object], Meta(description="正文中的各项 / what the text names")]


class Standing(Reply, kw_only=True):
    """信用等级 / Score and grade of a month; without one, not rated."""

    period: str | None = None
    score: int | None = None
    grade: str
    gates_failed: list[str]


class ConsentState(Reply, kw_only=True):
    """授权状态 / Where a subject's consent stands; if it is suspended, why."""

    state: str
    reason: str | None = None
    reason_en: str | None = None


class Voice(Reply, kw_only=True):
    """代表人 / Who speaks for a subject, by which post, since when."""

    person_id: str
    post: str
    since: Instant


class SubjectReply(Reply, kw_only=True):
    """信用主体 / A subject; all of it to who speaks for it and to staff of its area."""

    subject: str
    kind: str
    area: str | None = None
    state: str
    standing: Standing
    consent: (
        Annotated[
            ConsentState,
            Meta(
                description="居民、家庭的授权,暂停时附原因 / of natural persons; if suspended, why"
            ),
        ]
        | UnsetType
        | None
    ) = UNSET
    spendable: bool | UnsetType = UNSET
    spendable_until: Instant | UnsetType | None = UNSET
    version: int | UnsetType = UNSET
    voices: list[Voice] | UnsetType = UNSET
    entries: list[EntryCard] | UnsetType = UNSET
    awards: list[AwardReply] | UnsetType = UNSET
    points: Wallet | UnsetType = UNSET
    vetoes: list[VetoCard] | UnsetType = UNSET


class MeReply(Reply, kw_only=True):
    """本人的信用、积分、理由和异议 / One's own standing, points, reasons and objections."""

    person_id: str
    period: str
    notice_version: str
    consents: list[ConsentCard]
    consent_proposals: list[ConsentProposalCard] = field(default_factory=list)
    subjects: list[SubjectReply]
    objections: list[ObjectionCard]


class SubjectRow(Reply, kw_only=True):
    """信用主体 / A subject in a list."""

    subject: str
    kind: str
    area: str | None = None
    state: str
    version: int
    holders: list[str] = field(default_factory=list)


class MeasureCard(Reply, kw_only=True):
    """一项月度指标 / What another service has measured, and what follows for the grade."""

    source: str
    event_id: str
    data: dict[str, object]
    active: bool | None = None
    gates_failed: list[str]


class ProjectScore(Reply, kw_only=True):
    """所属项目的分数 / A project of a company, with its weight and score."""

    subject: str
    households: int
    score: int | None = None
    grade: str


class ExplainReply(Reply, kw_only=True):
    """分数的全部依据 / Every input of a score."""

    subject: str
    kind: str
    period: str
    entry: EntryCard | None = None
    dimensions: Annotated[
        dict[str, int], Meta(description="各维度得分合计 / the sum of each dimension")
    ]
    awards: list[AwardReply]
    measures: list[MeasureCard]
    taken_back: list[AwardReply] = field(default_factory=list)
    projects: list[ProjectScore] = field(default_factory=list)
    vetoes: list[VetoCard] = field(default_factory=list)
