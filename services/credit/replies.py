"""What the credit service answers: the types that a caller may rely on."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, field

from chassis.fields import Instant, OwnMatter
from chassis.replies import Page, Reply

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


class Done(Reply, kw_only=True):
    """What a command answers: the thing, its state and the version for the next If-Match."""

    id: str
    state: str
    version: int
    number: str | None = None
    due: Instant | None = None


class RulesReply(Reply, kw_only=True):
    """规则全文 / Every rule in force, in plain words."""

    at: str
    code: str | None = None
    notice_version: (
        Annotated[
            str, Meta(description="授权告知书的现行版本 / version of the consent notice in force")
        ]
        | None
    ) = None
    street: (
        Annotated[
            dict[str, Any],
            Meta(description="该街道的补充规则集 / what the street of the community adds"),
        ]
        | None
    ) = None
    items: list[dict[str, Any]]


class RuleSetDone(Done, kw_only=True):
    """规则集的状态 / Where a rule set stands."""

    digest: str | None = None
    effective_from: str | None = None
    notice_id: str | None = None


class RuleSetCard(Reply, kw_only=True):
    """规则集 / A rule set."""

    id: str
    code: str
    title: str | None = None
    state: str
    version: int
    effective_from: str
    effective_to: str | None = None
    comments_until: Instant | None = None
    digest: str
    retired_because: str | None = None
    topic_id: str | None = None
    resolution_no: str | None = None


class RuleSetReply(RuleSetCard, kw_only=True):
    """规则集全文 / A rule set in full."""

    items: list[dict[str, Any]]
    document: dict[str, Any]


class DiffReply(Reply, kw_only=True):
    """两版规则的差异 / What one version changes of another."""

    code: str
    since: str
    added: list[dict[str, Any]]
    removed: list[dict[str, Any]]
    changed: list[dict[str, Any]]


class JobReply(Reply, kw_only=True):
    """已开始的任务 / A job that was started."""

    id: str
    job_id: str
    state: str
    periods: list[str] = field(default_factory=list)


class WhatIfReply(Reply, kw_only=True):
    """重算结果 / What a replay has found."""

    job_id: str
    part: str
    items: list[dict[str, Any]]
    csv: str | None = None
    next: str | None = None


class ConsentProposalCard(Reply, kw_only=True):
    """工作人员代为登记、待第二人确认的授权 / A consent proposed in a person's name."""

    id: str
    person_id: str
    subject: str
    state: str
    version: int
    purposes: list[str]
    evidence_ref: str
    proposed_by: str
    proposed_at: Instant
    due: Instant
    decided_by: str | None = None
    decided_at: Instant | None = None
    own_matter: OwnMatter = UNSET


class MessageCard(Reply, kw_only=True):
    """消息 / A message to the caller, or about a subject for which he speaks."""

    id: str
    code: str
    subject: str | None = None
    ref: str | None = None
    at: Instant
    text: str
    text_en: str


class MeReply(Reply, kw_only=True):
    """本人的信用、积分、理由和异议 / One's own standing, points, reasons and objections."""

    person_id: str
    period: str
    notice_version: str
    consents: list[dict[str, Any]]
    consent_proposals: list[dict[str, Any]] = field(default_factory=list)
    subjects: list[dict[str, Any]]
    objections: list[dict[str, Any]]


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
    vetoes: list[dict[str, Any]] = field(default_factory=list)


class AwardReply(Reply, kw_only=True):
    """一笔赋分及其理由 / An award and why it was given."""

    id: str
    subject: str
    state: str
    version: int
    score: int
    points: int
    why: dict[str, Any]
    own_matter: OwnMatter = UNSET


class ScreenFlag(Reply, kw_only=True):
    """一项提示,供人工核查,不影响分数 / Something to look at; it changes no score."""

    flag: Literal["OVER_DAY", "ONE_CONFIRMER"]
    subject: str
    day: str | None
    confirmed_by: str | None
    minutes: int
    of_minutes: int
    records: list[str]


class ScreenReply(Page[ScreenFlag], kw_only=True):
    """一周志愿时长核查 / A week's hours."""

    community: str
    helpers: int


class SettlementCard(Reply, kw_only=True):
    """月度赋分 / The month of an area."""

    id: str
    period: str
    community: str
    state: str
    version: int
    complete: bool
    missing: list[str]
    hash: str | None = None
    to_check: list[str]


class SettlementDetail(SettlementCard, kw_only=True):
    """月度赋分及全部条目 / With its entries."""

    items: list[dict[str, Any]]


class MonthLogReply(Reply, kw_only=True):
    """已公示月份的日志,可据此重新计算 / The log from which a published month is recomputed."""

    settlement_id: str
    period: str
    community: str
    part: int
    parts: int
    lines: Annotated[list[str], Meta(description="JSON 行 / JSON lines")]
    next: int | None = None


class JobStarted(Reply, kw_only=True):
    """任务已排队 / The job is queued."""

    id: str
    job_id: str
    state: str


class NoticeCard(Reply, kw_only=True):
    """公示 / A public notice."""

    id: str
    number: str
    kind: str
    scope: str
    period: str
    state: str
    published_at: Instant
    ends_at: Instant


class NoticeDetail(NoticeCard, kw_only=True):
    """公示全文,只含编号 / With its content, which holds ids only."""

    body: dict[str, Any]


class ObjectionCard(Reply, kw_only=True):
    """异议或更正 / An objection, or a correction by staff."""

    id: str
    number: str
    kind: str
    target: str
    state: str
    version: int
    outcome: str | None = None
    reasons: str | None = None
    review_until: str | None = None
    review_outcome: str | None = None
    review_reasons: str | None = None
    final: bool
    own_matter: OwnMatter = UNSET


class NomineeObjectionCard(Reply, kw_only=True):
    """对候选对象的异议 / An objection to a nominee of a commendation."""

    id: str
    commendation_id: str
    subject: str
    state: Literal["OPEN", "UPHELD", "DISMISSED", "LAPSED"]
    version: int
    decide_due: Instant | None = None
    overdue: bool
    reasons: str | None = None
    own_matter: OwnMatter = UNSET


class BudgetGrantCard(Done, kw_only=True):
    """一次预算拨付 / A grant of the budget: proposed by one person, granted by another."""

    points: int
    basis: str
    proposed_by: str
    proposed_at: Instant
    decided_by: str | None = None
    decided_at: Instant | None = None
    reason: str | None = None


class BudgetReply(BudgetGrantCard, kw_only=True):
    """预算余额 / What the budget has left."""

    budget: int
    unfunded_points: int


class TrialBalance(Reply, kw_only=True):
    """试算平衡:全部账户之和为零 / All accounts sum to zero."""

    at: Instant
    accounts: dict[str, int]
    sum: int
    balanced: bool
    budget: dict[str, Any]


class IndicatorsReply(Reply, kw_only=True):
    """指标,均附分子与分母 / M-12, M-14, M-22, M-23, M-26, M-28, each with its denominator."""

    period: str
    scope: str
    at: Instant


class SumsReply(Page[dict[str, Any]], kw_only=True):
    """按月末归属汇总 / Sums by where everybody belonged when the month ended."""

    period: str
    scope: str
    by: str


class EntryReply(Reply, kw_only=True):
    """按查看人展示的条目 / An entry as the caller may see it."""

    viewer: Literal["PUBLIC", "SELF", "REVIEWER", "AUDITOR"]
    subject: str
    period: str
    grade: str


class StatementLine(Reply, kw_only=True):
    """对账单的一行 / One line: `at` orders and cuts the statement, whenever the deed was done."""

    at: Annotated[Instant, Meta(description="入账时间 / when it was posted")]
    deed_at: Annotated[Instant, Meta(description="行为时间 / when what it is about was done")]
    kind: str
    ref: str
    period: str
    account: str
    amount: int


class StatementReply(Reply, kw_only=True):
    """积分对账单 / A statement of points."""

    subject: str
    until: Instant
    opening: dict[str, int]
    lines: list[StatementLine]
    closing: dict[str, int]


class ExportStarted(Done, kw_only=True):
    """The file and the job that makes it."""

    job_id: str


class ExportReply(Reply, kw_only=True):
    """导出文件的状态 / How far a file is."""

    id: str
    kind: str
    format: str
    state: Literal["QUEUED", "READY", "EXPIRED"]
    version: int
    name: str
    size: int | None = None
    expires_at: Instant | None = None


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
