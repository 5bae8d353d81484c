"""红色信用: rules, consent, awards, settlements, notices, objections, the points ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from chassis.text import COMMUNITY, STREET_OR_COMMUNITY
from chassis.text import PERIOD as MONTH
from gateway.doors import ANY, PUBLIC, Body, Day, Doors, ListParams, Page, Params, Reply

DOORS = Doors("credit", tag="红色信用 / Red Credit")

STAFF = (
    "R_GRID",
    "R_CADRE",
    "R_SECRETARY",
    "R_STREET",
    "R_STREET_LEAD",
    "R_DISTRICT",
    "R_DISTRICT_LEAD",
    "R_AUDITOR",
)
OFFICES = STAFF[1:]
ASSISTANTS = ("R_GRID", "R_CADRE", "R_SECRETARY", "R_DISTRICT")
DECIDERS = ("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT")
AREA = r"^[0-9]{6}([0-9]{3}){0,2}$"
CommendationState = Literal[
    "OPEN", "NOMINATED", "CHECKED", "REVIEWED", "PUBLICISED", "APPROVED", "GRANTED", "REVOKED"
]


class Done(Reply):
    """What a command answers: the thing, its state and the version for the next If-Match."""

    id: str
    state: str
    version: int
    number: str | None = None
    due: datetime | None = None


# --------------------------------------------------------------------------------------------------
# Rules


class ImportRuleSet(Body):
    """导入随系统发布的规则集 / Publish a rule set that comes with the system."""

    code: str = Field(min_length=1, max_length=40, examples=["RC-2025.1"])


class RulesParams(Params):
    """On which day."""

    at: Day | None = Field(
        None,
        description="生效日期,默认今天 / day, default today",
        examples=["2025-03-01"],
    )
    community: str | None = Field(
        None,
        pattern=STREET_OR_COMMUNITY,
        description="社区或街道,并列出该街道的补充规则 / with what its street adds",
        examples=["370811015901"],
    )


class RulesReply(Reply):
    """规则全文 / Every rule in force, in plain words."""

    at: str
    code: str | None = None
    notice_version: str | None = Field(
        None, description="授权告知书的现行版本 / version of the consent notice in force"
    )
    street: dict[str, Any] | None = Field(
        None, description="该街道的补充规则集 / what the street of the community adds"
    )
    items: list[dict[str, Any]]


DOORS.command(
    "POST",
    "/rule-sets/import",
    "import_rule_set",
    body=ImportRuleSet,
    reply=Done,
    roles=("R_DISTRICT",),
    status=201,
    summary="导入规则集 / Import a rule set",
)
DOORS.query(
    "GET",
    "/rules",
    "rules",
    params=RulesParams,
    reply=RulesReply,
    roles=PUBLIC,
    summary="现行规则 / Rules in force",
)

# --------------------------------------------------------------------------------------------------
# The life of a rule set

DISTRICT = ("R_DISTRICT", "R_DISTRICT_LEAD", "R_AUDITOR")


TOPIC = Field(
    None,
    max_length=64,
    description="提出修订的议题 / the forum's topic that asks for it",
    examples=["tpc_0192f0c1"],
)
RESOLUTION = Field(
    None,
    max_length=64,
    description="协商成果文号 / number of its resolution",
    examples=["协议〔2025〕第3号"],
)


class CreateRuleSet(Body):
    """起草规则集:复制现行规则或提交全文 / Draft a rule set: a copy, or a whole document."""

    version: str | None = Field(
        None,
        pattern=r"^[0-9]{4}\.[0-9]{1,3}$",
        description="副本的版本号 / version of the copy",
        examples=["2025.2"],
    )
    based_on: str | None = Field(
        None,
        max_length=40,
        description="复制哪一规则集,默认现行 / code of the set to copy, default the one in force",
        examples=["RC-2025.1"],
    )
    effective_from: Day | None = Field(
        None,
        description="某月第一天,默认下月 / first day of a month, default the next one",
        examples=["2025-07-01"],
    )
    title: str | None = Field(None, max_length=200, examples=["任城区城市社区信用规则 2025.2"])
    topic_id: str | None = TOPIC
    resolution_no: str | None = RESOLUTION
    document: dict[str, Any] | None = Field(
        None, description="全文;起草人、发布人和审查意见由系统填写 / the whole document instead"
    )


class EditRuleSet(Body):
    """修改草案 / Change a draft: some rules, or the whole document."""

    put: list[dict[str, Any]] = Field(
        default_factory=list,
        description="新增或替换的规则 / rules that are added or replaced, by code",
    )
    drop: list[str] = Field(
        default_factory=list,
        description="删除的规则编码 / codes of rules left out",
        examples=[["R-UNT-04"]],
    )
    document: dict[str, Any] | None = Field(None, description="全文 / the whole document")
    effective_from: Day | None = Field(None, examples=["2025-07-01"])
    title: str | None = Field(None, max_length=200)
    topic_id: str | None = TOPIC
    resolution_no: str | None = RESOLUTION


class RetireRuleSet(Body):
    """废止或撤回;须写明理由 / Retire or withdraw; a reason is required."""

    reason: str = Field(
        min_length=1,
        max_length=400,
        description="理由,不少于10个字 / why, at least 10 characters",
        examples=["条款与上级新规不一致,先行撤回重拟"],
    )
    from_day: Day | None = Field(
        None,
        description="自哪一天起不再适用,须为未来月份第一天,默认下月;尚未生效的整体撤回"
        " / first day without it, default next month; one not begun yet is withdrawn as a whole",
        examples=["2025-07-01"],
    )
    without_successor: bool = Field(
        default=False,
        description="确认此后该区没有规则集 / the district will have no rules from then on",
    )


class ApproveRuleSet(Body):
    """审定;合法性审查意见必填 / Approve; the reference of the legal review is required."""

    legal_review_ref: str | None = Field(
        None, max_length=200, examples=["任司审〔2025〕3号"], description="审查意见文号 / reference"
    )


class PublishRuleSet(Body):
    """发布;发布人不得是起草人 / Publish; nobody who wrote in it can."""

    effective_from: Day | None = Field(
        None,
        description="未来月份的第一天,默认草案所载 / first day of a future month",
        examples=["2025-07-01"],
    )


class CommentOnRuleSet(Body):
    """对征求意见稿提出意见 / Comment on a draft under consultation."""

    text: str = Field(min_length=1, max_length=2000, examples=["建议提高议事加分"])
    rule_code: str | None = Field(None, max_length=40, examples=["R-RES-03"])


class RuleSetDone(Done):
    """规则集的状态 / Where a rule set stands."""

    digest: str | None = None
    effective_from: str | None = None
    notice_id: str | None = None


class RuleSetCard(Reply):
    """规则集 / A rule set."""

    id: str
    code: str
    title: str | None = None
    state: str
    version: int
    effective_from: str
    effective_to: str | None = None
    comments_until: datetime | None = None
    digest: str
    retired_because: str | None = None
    topic_id: str | None = None
    resolution_no: str | None = None


class RuleSetReply(RuleSetCard):
    """规则集全文 / A rule set in full."""

    items: list[dict[str, Any]]
    document: dict[str, Any]


class RuleSetParams(ListParams):
    """Which rule sets."""

    state: Literal["DRAFT", "CONSULTING", "APPROVED", "PUBLISHED", "RETIRED"] | None = None


class DiffParams(Params):
    """Compared with which."""

    since: str | None = Field(
        None, max_length=64, description="默认其所依据的版本 / default: what it was copied from"
    )


class DiffReply(Reply):
    """两版规则的差异 / What one version changes of another."""

    code: str
    since: str
    added: list[dict[str, Any]]
    removed: list[dict[str, Any]]
    changed: list[dict[str, Any]]


class WhatIf(Body):
    """用草案重算最近几个月,不影响现有数据 / Replay the last months; live data stays as it is."""

    months: int = Field(3, ge=1, le=24, description="月数 / how many months", examples=[3])


class JobReply(Reply):
    """已开始的任务 / A job that was started."""

    id: str
    job_id: str
    state: str
    periods: list[str] = Field(default_factory=list)


class WhatIfParams(Params):
    """Which part, in which form."""

    part: Literal["groups", "rules", "subjects"] = Field(
        "groups", description="按社区、类别、维度;按规则;按主体 / by group, rule or subject"
    )
    form: Literal["json", "csv"] = "json"
    limit: int = Field(1000, ge=1, le=5000)
    cursor: str | None = None


class WhatIfReply(Reply):
    """重算结果 / What a replay has found."""

    job_id: str
    part: str
    items: list[dict[str, Any]]
    csv: str | None = None
    next: str | None = None


DOORS.command(
    "POST",
    "/rule-sets",
    "create_rule_set",
    body=CreateRuleSet,
    reply=RuleSetDone,
    roles=("R_DISTRICT",),
    status=201,
    summary="起草规则集 / Draft a rule set",
)
DOORS.query(
    "GET",
    "/rule-sets",
    "rule_sets",
    params=RuleSetParams,
    reply=Page[RuleSetCard],
    roles=PUBLIC,
    summary="规则集,含征求意见稿 / Rule sets, those under consultation too",
)
DOORS.query(
    "GET",
    "/rule-sets/{rule_set_id}",
    "rule_set",
    reply=RuleSetReply,
    roles=PUBLIC,
    summary="规则集全文 / A rule set in full, by id or code",
)
DOORS.command(
    "POST",
    "/rule-sets/{rule_set_id}/edit",
    "edit_rule_set",
    body=EditRuleSet,
    reply=RuleSetDone,
    roles=("R_DISTRICT",),
    if_match=True,
    summary="修改草案 / Change a draft",
)
DOORS.command(
    "POST",
    "/rule-sets/{rule_set_id}/consult",
    "consult_rule_set",
    reply=RuleSetDone,
    roles=("R_DISTRICT",),
    if_match=True,
    summary="公开征求意见(10个工作日) / Consult the public for 10 working days",
)
DOORS.command(
    "POST",
    "/rule-sets/{rule_set_id}/comments",
    "comment_on_rule_set",
    body=CommentOnRuleSet,
    reply=Done,
    roles=ANY,
    status=201,
    summary="提出意见 / Comment on a draft",
)
DOORS.query(
    "GET",
    "/rule-sets/{rule_set_id}/comments",
    "rule_comments",
    params=ListParams,
    reply=Page[dict[str, Any]],
    roles=PUBLIC,
    summary="收到的意见 / Comments",
)
DOORS.query(
    "GET",
    "/rule-sets/{rule_set_id}/diff",
    "rule_set_diff",
    params=DiffParams,
    reply=DiffReply,
    roles=PUBLIC,
    summary="与另一版本的差异 / What it changes of another version",
)
DOORS.command(
    "POST",
    "/rule-sets/{rule_set_id}/revise",
    "revise_rule_set",
    reply=RuleSetDone,
    roles=("R_DISTRICT",),
    if_match=True,
    summary="退回草案 / Take back to draft; consultation begins anew",
)
DOORS.command(
    "POST",
    "/rule-sets/{rule_set_id}/approve",
    "approve_rule_set",
    body=ApproveRuleSet,
    reply=RuleSetDone,
    roles=("R_DISTRICT",),
    if_match=True,
    summary="审定 / Approve after consultation and legal review",
)
DOORS.command(
    "POST",
    "/rule-sets/{rule_set_id}/publish",
    "publish_rule_set",
    body=PublishRuleSet,
    reply=RuleSetDone,
    roles=("R_DISTRICT",),
    if_match=True,
    summary="发布 / Publish; immutable from then on",
)
DOORS.command(
    "POST",
    "/rule-sets/{rule_set_id}/retire",
    "retire_rule_set",
    body=RetireRuleSet,
    reply=RuleSetDone,
    roles=("R_DISTRICT",),
    if_match=True,
    summary="废止;尚未生效的撤回 / Retire; withdraw what has not begun",
)
DOORS.command(
    "POST",
    "/rule-sets/{rule_set_id}/what-if",
    "what_if",
    body=WhatIf,
    reply=JobReply,
    roles=("R_DISTRICT",),
    status=202,
    summary="试算:谁得谁失 / Replay months: who gains, who loses",
)
DOORS.query(
    "GET",
    "/what-if/{job_id}",
    "what_if_result",
    params=WhatIfParams,
    reply=WhatIfReply,
    roles=DISTRICT,
    summary="试算结果 / What a replay has found",
)

# --------------------------------------------------------------------------------------------------
# Consent and subjects


class GrantConsent(Body):
    """授权参加信用赋分,自愿、可随时撤回 / Consent to scoring: free, and revocable at any time."""

    notice_version: str = Field(
        description="已阅读的告知书版本 / version of the notice that was read", examples=["2025.1"]
    )
    purposes: list[Literal["SCORING", "POINTS", "PUBLIC_LIST", "COMMENDATION"]] = Field(
        min_length=1, examples=[["SCORING", "POINTS"]]
    )
    person_id: str | None = Field(
        None, max_length=64, description="协助他人授权时填写 / for whom, when one assists"
    )
    household_id: str | None = Field(
        None, max_length=64, description="为家庭账户授权 / for the household's account"
    )
    channel: Literal["APP", "DOORSTEP", "PHONE", "WINDOW"] = Field("APP")
    evidence_ref: str | None = Field(
        None,
        max_length=200,
        description=(
            "协助时的纸质授权书或回执编号;恢复已撤回的授权、公开名单和表彰须另一人确认 / paper form"
            " or receipt, when one assists; what was withdrawn and to be named need a second person"
        ),
    )


class WithdrawConsent(Body):
    """撤回授权,不需要理由 / Withdraw consent; no reason is asked."""

    purposes: list[Literal["SCORING", "POINTS", "PUBLIC_LIST", "COMMENDATION"]] = Field(
        default_factory=list, description="空表示全部 / empty: all of it"
    )
    receipt_no: str | None = Field(
        None, max_length=120, description="代无账号者办理时的回执编号 / receipt, when one assists"
    )


class ConsentProposalCard(Reply):
    """工作人员代为登记、待第二人确认的授权 / A consent proposed in a person's name."""

    id: str
    person_id: str
    subject: str
    state: str
    version: int
    purposes: list[str]
    evidence_ref: str
    proposed_by: str
    proposed_at: datetime
    due: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None


class ConsentProposalParams(ListParams):
    """Which proposals."""

    state: Literal["PROPOSED", "CONFIRMED", "REFUSED", "REPLACED", "LAPSED"] | None = "PROPOSED"


class MessageCard(Reply):
    """消息 / A message to the caller, or about a subject for which he speaks."""

    id: str
    code: str
    subject: str | None = None
    ref: str | None = None
    at: datetime
    text: str
    text_en: str


class ConsentParams(Params):
    """Whose consents."""

    person_id: str | None = Field(None, max_length=64)


class OpenSubject(Body):
    """登记商户或驻区单位为信用主体 / Open a merchant or a unit as a subject."""

    kind: Literal["MER", "UNT"] = Field(examples=["MER"])
    ref: str = Field(pattern=r"^[a-z]{2,4}_[A-Za-z0-9_-]{1,56}$", examples=["mer_0001"])
    area: str = Field(pattern=AREA, examples=["370811015901"])
    holder: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="代表该主体的人员,须已登记 / the registered person who speaks for it",
        examples=["per_0192f0c1"],
    )


class NameHolder(Body):
    """变更商户或驻区单位的代表人 / Who speaks for a merchant or unit from now on."""

    person_id: str = Field(min_length=1, max_length=64, examples=["per_0192f0c1"])
    reason: str = Field(min_length=1, max_length=400, examples=["原负责人已离任"])


class MeReply(Reply):
    """本人的信用、积分、理由和异议 / One's own standing, points, reasons and objections."""

    person_id: str
    period: str
    notice_version: str
    consents: list[dict[str, Any]]
    consent_proposals: list[dict[str, Any]] = Field(default_factory=list)
    subjects: list[dict[str, Any]]
    objections: list[dict[str, Any]]


class SubjectReply(Reply):
    """信用主体 / A subject."""

    subject: str
    kind: str
    area: str | None = None
    state: str
    consent: dict[str, Any] | None = Field(
        None, description="居民、家庭的授权,暂停时附原因 / of natural persons; if suspended, why"
    )
    standing: dict[str, Any]


class SubjectParams(ListParams):
    """Which subjects."""

    kind: Literal["PRJ", "PCO", "MER", "PTN", "UNT", "STW"] | None = None
    area: str | None = Field(None, pattern=AREA, examples=["370811015901"])


class SubjectRow(Reply):
    """信用主体 / A subject in a list."""

    subject: str
    kind: str
    area: str | None = None
    state: str
    version: int
    holders: list[str] = Field(default_factory=list)


class ExplainParams(Params):
    """Which month."""

    period: str = Field(pattern=MONTH, examples=["2025-03"])


class ExplainReply(Reply):
    """分数的全部依据 / Every input of a score."""

    subject: str
    period: str
    entry: dict[str, Any] | None = None
    awards: list[dict[str, Any]]
    measures: list[dict[str, Any]]
    # What counts no more from this month on, and of a company what its score is the mean of.
    taken_back: list[dict[str, Any]] = Field(default_factory=list)
    projects: list[dict[str, Any]] = Field(default_factory=list)


DOORS.command(
    "POST",
    "/consents",
    "grant_consent",
    body=GrantConsent,
    reply=Done,
    roles=("R_RESIDENT", *ASSISTANTS),
    status=201,
    summary="授权 / Grant consent",
)
DOORS.command(
    "POST",
    "/consents/{consent_id}/withdraw",
    "withdraw_consent",
    body=WithdrawConsent,
    reply=Done,
    roles=ANY,
    summary="撤回授权 / Withdraw consent",
)
DOORS.query(
    "GET",
    "/consents/proposals",
    "consent_proposals",
    params=ConsentProposalParams,
    reply=Page[ConsentProposalCard],
    roles=ASSISTANTS,
    summary="待确认的代办授权 / Consents proposed in the name of persons",
)
DOORS.command(
    "POST",
    "/consents/proposals/{proposal_id}/confirm",
    "confirm_consent",
    reply=Done,
    roles=ASSISTANTS[1:],
    if_match=True,
    summary="第二人确认代办授权 / Confirm a consent as the second person",
)
DOORS.command(
    "POST",
    "/consents/proposals/{proposal_id}/refuse",
    "refuse_consent",
    reply=Done,
    roles=ANY,
    if_match=True,
    summary="拒绝代办授权 / Refuse a consent proposed in one's name",
)
DOORS.query(
    "GET",
    "/messages",
    "messages",
    params=ListParams,
    reply=Page[MessageCard],
    roles=ANY,
    summary="我的消息 / My messages",
)
DOORS.query(
    "GET",
    "/consents",
    "consents",
    params=ConsentParams,
    reply=Page[dict[str, Any]],
    roles=ANY,
    summary="授权记录 / Consents",
)
DOORS.command(
    "POST",
    "/subjects",
    "open_subject",
    body=OpenSubject,
    reply=Done,
    roles=("R_STREET", "R_DISTRICT"),
    status=201,
    summary="登记信用主体 / Open a subject",
)
DOORS.command(
    "POST",
    "/subjects/{subject_id}/close",
    "close_subject",
    reply=Done,
    roles=("R_STREET", "R_DISTRICT"),
    if_match=True,
    summary="注销信用主体 / Close a subject",
)
DOORS.command(
    "POST",
    "/subjects/{subject_id}/holder",
    "name_holder",
    body=NameHolder,
    reply=Done,
    roles=("R_STREET", "R_DISTRICT"),
    if_match=True,
    summary="变更代表人 / Say who speaks for a merchant or unit",
)
DOORS.query(
    "GET",
    "/me",
    "me",
    reply=MeReply,
    roles=ANY,
    summary="我的信用与积分 / My standing and points",
)
DOORS.query(
    "GET",
    "/subjects",
    "subjects",
    params=SubjectParams,
    reply=Page[SubjectRow],
    roles=STAFF,
    summary="信用主体列表 / Subjects: organisations and stewards",
)
DOORS.query(
    "GET",
    "/subjects/{subject_id}",
    "subject",
    reply=SubjectReply,
    roles=ANY,
    summary="信用主体 / A subject",
)
DOORS.query(
    "GET",
    "/subjects/{subject_id}/explain",
    "explain",
    params=ExplainParams,
    reply=ExplainReply,
    roles=ANY,
    summary="分数说明 / Explain a score",
)

# --------------------------------------------------------------------------------------------------
# Awards by hand


class ProposeAward(Body):
    """人工提出赋分,由他人审核 / Propose an award by hand; somebody else approves."""

    subject: str = Field(max_length=80, examples=["RES:per_0001"])
    rule_code: str = Field(max_length=40, examples=["R-RES-11"])
    occurred_at: AwareDatetime = Field(examples=["2025-03-03T09:00:00+08:00"])
    evidence: list[str] = Field(
        min_length=1,
        max_length=20,
        description="依据材料编号,第一项标识该行为 / references; the first names the deed",
        examples=[["TJ-2025-001"]],
    )
    level: str | None = Field(None, max_length=40)
    document_no: str | None = Field(None, max_length=120)
    reason: str | None = Field(None, max_length=400)


class DecideAward(Body):
    """审核意见 / Why."""

    note: str | None = Field(None, max_length=400, examples=["材料属实"])


class AwardsParams(ListParams):
    """Which awards."""

    state: Literal["PROPOSED", "APPROVED", "REJECTED", "REVERSED", "REPAIRED"] | None = None
    community: str | None = Field(None, pattern=AREA)
    waits_for: Literal["R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"] | None = Field(
        None, description="待哪一级审核 / the level that must decide"
    )
    overdue: bool = Field(
        default=False,
        description="只列逾期未审核的 / only those that nobody decided within 5 working days",
    )


class AwardReply(Reply):
    """一笔赋分及其理由 / An award and why it was given."""

    id: str
    subject: str
    state: str
    version: int
    score: int
    points: int
    why: dict[str, Any]


DOORS.command(
    "POST",
    "/awards",
    "propose_award",
    body=ProposeAward,
    reply=Done,
    roles=("R_GRID", "R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"),
    status=201,
    summary="提出赋分 / Propose an award",
)
DOORS.command(
    "POST",
    "/awards/{award_id}/approve",
    "approve_award",
    body=DecideAward,
    reply=Done,
    roles=DECIDERS,
    if_match=True,
    summary="审核通过 / Approve an award",
)
DOORS.command(
    "POST",
    "/awards/{award_id}/reject",
    "reject_award",
    body=DecideAward,
    reply=Done,
    roles=DECIDERS,
    if_match=True,
    summary="审核不通过 / Reject an award",
)
DOORS.query(
    "GET",
    "/awards",
    "awards",
    params=AwardsParams,
    reply=Page[AwardReply],
    roles=STAFF,
    summary="人工赋分列表 / Awards that a person decides",
)
DOORS.query(
    "GET",
    "/awards/{award_id}",
    "award",
    reply=AwardReply,
    roles=ANY,
    summary="赋分及理由 / An award and why",
)


class ScreenParams(Params):
    """Which week, and which community; empty means the last full week and one's own."""

    week: Day | None = Field(
        None,
        description="该周任意一天 / any day of the week",
        examples=["2025-03-05"],
    )
    community: str | None = Field(None, pattern=COMMUNITY, examples=["370811015901"])


class ScreenFlag(Reply):
    """一项提示,供人工核查,不影响分数 / Something to look at; it changes no score."""

    flag: Literal["OVER_DAY", "ONE_CONFIRMER"]
    subject: str
    day: str | None
    confirmed_by: str | None
    minutes: int
    of_minutes: int
    records: list[str]


class ScreenReply(Page[ScreenFlag]):
    """一周志愿时长核查 / A week's hours."""

    community: str
    helpers: int


DOORS.query(
    "GET",
    "/screen",
    "screen",
    params=ScreenParams,
    reply=ScreenReply,
    roles=OFFICES,
    summary="志愿时长每周核查 / The weekly screen of volunteer hours",
)

# --------------------------------------------------------------------------------------------------
# Settlement and notices


class DraftSettlement(Body):
    """重新生成草案 / Draft a month again."""

    period: str = Field(pattern=MONTH, examples=["2025-03"])
    community: str | None = Field(None, pattern=AREA, examples=["370811015901"])


class ReviewSettlement(Body):
    """社区核对 / The community has looked at its draft."""

    hash: str | None = Field(None, pattern=r"^[0-9a-f]{64}$", description="草案摘要 / digest")
    checked: list[str] = Field(
        default_factory=list,
        description="已核对的赋分编号,应包含 to_check 全部 / awards looked at, out of `to_check`",
    )


class ConfirmSettlement(Body):
    """街道确认 / The street confirms what it has seen."""

    hash: str = Field(pattern=r"^[0-9a-f]{64}$", description="草案摘要 / digest of the draft")


class SettlementParams(ListParams):
    """Which settlements."""

    period: str | None = Field(None, pattern=MONTH, examples=["2025-03"])
    community: str | None = Field(None, pattern=AREA, examples=["370811015901"])
    state: (
        Literal["OPEN", "DRAFTED", "REVIEWED", "CONFIRMED", "PUBLISHED", "FINALISING", "SETTLED"]
        | None
    ) = None


class SettlementCard(Reply):
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


class SettlementDetail(SettlementCard):
    """月度赋分及全部条目 / With its entries."""

    items: list[dict[str, Any]]


class MonthLogParams(Params):
    """Which part of a log."""

    part: int = Field(0, ge=0, description="分段序号,从 0 开始 / part, from 0")


class MonthLogReply(Reply):
    """已公示月份的日志,可据此重新计算 / The log from which a published month is recomputed."""

    settlement_id: str
    period: str
    community: str
    part: int
    parts: int
    lines: list[str] = Field(description="JSON 行 / JSON lines")
    next: int | None = None


class JobStarted(Reply):
    """任务已排队 / The job is queued."""

    id: str
    job_id: str
    state: str


class NoticeParams(ListParams):
    """Which notices."""

    scope: str | None = Field(None, pattern=AREA, examples=["370811015901"])
    period: str | None = Field(None, pattern=MONTH)


class NoticeCard(Reply):
    """公示 / A public notice."""

    id: str
    number: str
    kind: str
    scope: str
    period: str
    state: str
    published_at: datetime
    ends_at: datetime


class NoticeDetail(NoticeCard):
    """公示全文,只含编号 / With its content, which holds ids only."""

    body: dict[str, Any]


DOORS.command(
    "POST",
    "/settlements/draft",
    "draft_settlement",
    body=DraftSettlement,
    reply=Done,
    roles=("R_STREET", "R_DISTRICT"),
    status=202,
    summary="重新生成草案 / Draft again",
)
DOORS.command(
    "POST",
    "/settlements/{settlement_id}/review",
    "review_settlement",
    body=ReviewSettlement,
    reply=Done,
    roles=("R_SECRETARY", "R_STREET", "R_DISTRICT"),
    if_match=True,
    summary="核对草案 / Review a draft",
)
DOORS.command(
    "POST",
    "/settlements/{settlement_id}/confirm",
    "confirm_settlement",
    body=ConfirmSettlement,
    reply=Done,
    roles=("R_STREET", "R_DISTRICT", "R_DISTRICT_LEAD"),
    if_match=True,
    summary="确认赋分 / Confirm a settlement",
)
DOORS.query(
    "GET",
    "/settlements",
    "settlements",
    params=SettlementParams,
    reply=Page[SettlementCard],
    roles=STAFF,
    summary="月度赋分列表 / Settlements",
)
DOORS.query(
    "GET",
    "/settlements/{settlement_id}",
    "settlement",
    reply=SettlementDetail,
    roles=STAFF,
    summary="月度赋分 / A settlement",
)
DOORS.command(
    "POST",
    "/settlements/{settlement_id}/export",
    "export_month",
    reply=JobStarted,
    roles=("R_AUDITOR", "R_DISTRICT"),
    status=202,
    summary="导出月度日志 / Export the log of a published month",
)
DOORS.query(
    "GET",
    "/settlements/{settlement_id}/log",
    "month_log",
    params=MonthLogParams,
    reply=MonthLogReply,
    roles=("R_AUDITOR", "R_DISTRICT"),
    summary="月度日志 / The log of a published month",
)
DOORS.query(
    "GET",
    "/notices",
    "notices",
    params=NoticeParams,
    reply=Page[NoticeCard],
    roles=PUBLIC,
    summary="公示列表 / Public notices",
)
DOORS.query(
    "GET",
    "/notices/{notice_id}",
    "notice",
    reply=NoticeDetail,
    roles=PUBLIC,
    summary="公示 / A public notice",
)

# --------------------------------------------------------------------------------------------------
# Objections


RECEIPT = Field(
    None,
    max_length=120,
    description="代办时当事人的回执编号 / number of the person's receipt, when staff act for him",
    examples=["HZ-2025-0001"],
)


class WithdrawObjection(Body):
    """撤回异议 / Withdraw an objection; with a receipt where staff act for who filed it."""

    receipt_no: str | None = RECEIPT


class FileObjection(Body):
    """提出异议 / Object to an award, to an entry, or that one was not credited."""

    target: Literal["AWARD", "ENTRY", "OMISSION"] = Field(examples=["AWARD"])
    target_id: str = Field(
        max_length=160,
        description=(
            "AWARD:赋分编号;其余:赋分批次编号,或“批次编号/主体” / "
            "the award; else the settlement, or settlement/subject"
        ),
    )
    text: str = Field(min_length=1, max_length=2000, examples=["派单时我不在班,请核查。"])
    evidence: list[str] = Field(default_factory=list, max_length=20)
    person_id: str | None = Field(
        None, max_length=64, description="代无账号者提出时填写 / for whom, when staff hand it in"
    )
    receipt_no: str | None = RECEIPT


class StartCorrection(Body):
    """发起更正 / What the register has wrong, and why it has to be corrected."""

    target: Literal["AWARD", "ENTRY", "OMISSION"] = Field(examples=["AWARD"])
    target_id: str = Field(
        max_length=160,
        description=("AWARD:赋分编号;其余:“批次编号/主体” / the award; else settlement/subject"),
    )
    text: str = Field(
        min_length=1, max_length=2000, examples=["同一次活动被两次签到,重复计分一次。"]
    )
    reasons: str = Field(
        max_length=2000, examples=["签到台账与活动记录不符,登记有误,依台账予以更正。"]
    )
    evidence: list[str] = Field(default_factory=list, max_length=20)


class ExtendObjection(Body):
    """延长裁定期限 / Why the decision needs five working days more."""

    reasons: str = Field(
        max_length=2000, examples=["须调取物业公司的通话录音,对方答复五个工作日内提供。"]
    )


class RequestReview(Body):
    """申请复核 / Why a higher level should look at the decision."""

    grounds: str = Field(
        min_length=1, max_length=2000, examples=["裁定没有核对我提交的排班表,请上级复核。"]
    )
    receipt_no: str | None = RECEIPT


class DecideObjection(Body):
    """裁定异议、复核裁定 / Decide an objection or its review, with reasons."""

    outcome: Literal["UPHELD", "PARTLY", "DISMISSED"]
    reasons: str = Field(
        max_length=2000, examples=["经核查,该超时系平台派单错误所致,扣分依据不足,应予撤销。"]
    )
    score: int | None = Field(
        None,
        description="对单项赋分 PARTLY 时保留的分值 / what is left of an award, for PARTLY",
    )
    award_ids: list[str] = Field(
        default_factory=list,
        description="ENTRY 异议成立或部分成立时撤销的赋分 / awards taken back, for ENTRY",
    )
    together: bool = Field(
        default=False,
        description="一并答复对同一事项的其他异议 / answers the other objections to it, too",
    )


class ObjectionParams(ListParams):
    """Which objections."""

    state: (
        Literal[
            "FILED",
            "ACCEPTED",
            "DECIDED",
            "REVIEW_REQUESTED",
            "REVIEWED",
            "WITHDRAWN",
            "LAPSED",
        ]
        | None
    ) = None
    kind: Literal["OBJECTION", "CORRECTION"] | None = None


class ObjectionCard(Reply):
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


DOORS.command(
    "POST",
    "/objections",
    "file_objection",
    body=FileObjection,
    reply=Done,
    roles=ANY,
    status=201,
    summary="提出异议 / File an objection",
)
DOORS.command(
    "POST",
    "/corrections",
    "start_correction",
    body=StartCorrection,
    reply=Done,
    roles=("R_CADRE",),
    status=201,
    summary="发起更正 / Start a correction of the register",
)
DOORS.command(
    "POST",
    "/objections/{objection_id}/withdraw",
    "withdraw_objection",
    body=WithdrawObjection,
    reply=Done,
    roles=ANY,
    if_match=True,
    summary="撤回异议 / Withdraw an objection",
)
DOORS.command(
    "POST",
    "/objections/{objection_id}/accept",
    "accept_objection",
    reply=Done,
    roles=DECIDERS,
    if_match=True,
    summary="受理异议 / Accept an objection",
)
DOORS.command(
    "POST",
    "/objections/{objection_id}/extend",
    "extend_objection",
    body=ExtendObjection,
    reply=Done,
    roles=DECIDERS,
    if_match=True,
    summary="延长裁定期限 / Extend the time of a decision",
)
DOORS.command(
    "POST",
    "/objections/{objection_id}/decide",
    "decide_objection",
    body=DecideObjection,
    reply=Done,
    roles=DECIDERS,
    if_match=True,
    summary="裁定异议 / Decide an objection",
)
DOORS.command(
    "POST",
    "/objections/{objection_id}/request-review",
    "request_review",
    body=RequestReview,
    reply=Done,
    roles=ANY,
    if_match=True,
    summary="申请复核 / Ask for a review",
)
DOORS.command(
    "POST",
    "/objections/{objection_id}/review",
    "review_objection",
    body=DecideObjection,
    reply=Done,
    roles=("R_STREET", "R_STREET_LEAD", "R_DISTRICT"),
    if_match=True,
    summary="复核裁定 / Review a decision",
)
DOORS.query(
    "GET",
    "/objections",
    "objections",
    params=ObjectionParams,
    reply=Page[ObjectionCard],
    roles=STAFF,
    summary="异议列表 / Objections",
)
DOORS.query(
    "GET",
    "/objections/{objection_id}",
    "objection",
    reply=ObjectionCard,
    roles=ANY,
    summary="异议 / An objection",
)

# --------------------------------------------------------------------------------------------------
# Points


class GrantBudget(Body):
    """拨付积分预算 / Grant points that the district pays for."""

    points: int = Field(ge=1, le=10**8, examples=[100000])
    basis: str = Field(min_length=1, max_length=200, examples=["济任财预〔2025〕1号"])


GRANTERS = ("R_DISTRICT", "R_DISTRICT_LEAD")


class BudgetGrantCard(Done):
    """一次预算拨付 / A grant of the budget: proposed by one person, granted by another."""

    points: int
    basis: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str | None = None


class BudgetReply(BudgetGrantCard):
    """预算余额 / What the budget has left."""

    budget: int
    unfunded_points: int


class RejectBudget(Body):
    """不予拨付的理由 / Why it is not granted."""

    reason: str = Field(min_length=5, max_length=400, examples=["依据文件未附预算科目"])


class BudgetGrantParams(ListParams):
    """Which grants."""

    state: Literal["PROPOSED", "GRANTED", "REJECTED"] | None = None


class TrialBalance(Reply):
    """试算平衡:全部账户之和为零 / All accounts sum to zero."""

    at: datetime
    accounts: dict[str, int]
    sum: int
    balanced: bool
    budget: dict[str, Any]


DOORS.command(
    "POST",
    "/budget-grants",
    "grant_budget",
    body=GrantBudget,
    reply=BudgetGrantCard,
    roles=GRANTERS,
    status=201,
    summary="提出积分预算拨付,由另一人批准 / Propose a budget; another person grants it",
)
DOORS.command(
    "POST",
    "/budget-grants/{grant_id}/approve",
    "approve_budget",
    reply=BudgetReply,
    roles=GRANTERS,
    if_match=True,
    summary="批准积分预算拨付 / Grant a proposed budget",
)
DOORS.command(
    "POST",
    "/budget-grants/{grant_id}/reject",
    "reject_budget",
    body=RejectBudget,
    reply=BudgetGrantCard,
    roles=GRANTERS,
    if_match=True,
    summary="不予拨付 / Do not grant a proposed budget",
)
DOORS.query(
    "GET",
    "/budget-grants",
    "budget_grants",
    params=BudgetGrantParams,
    reply=Page[BudgetGrantCard],
    roles=(*GRANTERS, "R_AUDITOR"),
    summary="积分预算拨付列表 / Grants of the budget",
)


class TrialBalanceParams(Params):
    """As of when."""

    at: AwareDatetime | None = Field(
        None,
        description="截至时间(按入账时间),默认现在 / as of, by the time of posting; default now",
    )


DOORS.query(
    "GET",
    "/trial-balance",
    "trial_balance",
    params=TrialBalanceParams,
    reply=TrialBalance,
    roles=STAFF,
    summary="试算平衡 / Trial balance",
)


class MonthParams(Params):
    """Which month, and which area with what lies in it."""

    period: str = Field(pattern=MONTH, examples=["2025-03"])
    scope: str | None = Field(
        None,
        pattern=AREA,
        description="默认本人辖区 / default the caller's own",
        examples=["370811"],
    )


class IndicatorsReply(Reply):
    """指标,均附分子与分母 / M-12, M-14, M-22, M-23, M-26, M-28, each with its denominator."""

    period: str
    scope: str
    at: datetime


class SumParams(ListParams):
    """Which month, by what, of which area."""

    period: str = Field(pattern=MONTH, examples=["2025-03"])
    by: Literal["HOUSEHOLD", "GRID", "PROJECT", "COMMUNITY", "STREET", "DISTRICT"] = Field(
        "COMMUNITY", description="按户、网格、小区、社区、街道或区汇总 / what is summed up"
    )
    scope: str | None = Field(None, pattern=AREA, examples=["370811"])


class SumsReply(Page[dict[str, Any]]):
    """按月末归属汇总 / Sums by where everybody belonged when the month ended."""

    period: str
    scope: str
    by: str


DOORS.query(
    "GET",
    "/indicators",
    "indicators",
    params=MonthParams,
    reply=IndicatorsReply,
    roles=OFFICES,
    summary="红色信用指标 / Indicators of Red Credit",
)
DOORS.query(
    "GET",
    "/sums",
    "sums",
    params=SumParams,
    reply=SumsReply,
    roles=OFFICES,
    summary="信用汇总 / Sums of a month by household, grid, compound, community, street, district",
)


# --------------------------------------------------------------------------------------------------
# Notices: the feed, corrections; an entry as each may see it


class NoticeWithdrawal(Body):
    """撤回公示并说明原因 / Take a notice down, and say why."""

    reason: str = Field(min_length=1, max_length=400, examples=["项目名称有误,另行公示。"])


class EntryReply(Reply):
    """按查看人展示的条目 / An entry as the caller may see it."""

    viewer: Literal["PUBLIC", "SELF", "REVIEWER", "AUDITOR"]
    subject: str
    period: str
    grade: str


DOORS.query(
    "GET",
    "/notices.atom",
    "notice_feed",
    params=NoticeParams,
    reply=Page[NoticeCard],
    roles=PUBLIC,
    summary="公示订阅(Atom) / Feed of public notices",
    produces="application/atom+xml",
)
DOORS.command(
    "POST",
    "/notices/{notice_id}/withdraw",
    "withdraw_notice",
    body=NoticeWithdrawal,
    reply=Done,
    roles=("R_STREET", "R_DISTRICT"),
    if_match=True,
    summary="撤回公示 / Withdraw a notice",
)
DOORS.command(
    "POST",
    "/notices/{notice_id}/correct",
    "correct_notice",
    body=NoticeWithdrawal,
    reply=Done,
    roles=("R_STREET", "R_DISTRICT"),
    if_match=True,
    summary="更正公示(撤回并重新公示) / Withdraw a notice and publish another in its place",
)
DOORS.query(
    "GET",
    "/settlements/{settlement_id}/entries/{subject_id}",
    "settlement_entry",
    reply=EntryReply,
    roles=PUBLIC,
    summary="赋分条目(按查看人展示) / An entry as the caller may see it",
)

# --------------------------------------------------------------------------------------------------
# Statements and files


class StatementParams(Params):
    """Whose lines, and from when to when."""

    subject: str | None = Field(None, max_length=80, examples=["RES:per_0001"])
    since: AwareDatetime | None = Field(None, description="起始(含) / from, inclusive")
    until: AwareDatetime | None = Field(
        None, description="截止(不含),其时余额见 closing / until; `closing` is the balance then"
    )


class StatementLine(Reply):
    """对账单的一行 / One line: `at` orders and cuts the statement, whenever the deed was done."""

    at: datetime = Field(description="入账时间 / when it was posted")
    deed_at: datetime = Field(description="行为时间 / when what it is about was done")
    kind: str
    ref: str
    period: str
    account: str
    amount: int


class StatementReply(Reply):
    """积分对账单 / A statement of points."""

    subject: str
    until: datetime
    opening: dict[str, int]
    lines: list[StatementLine]
    closing: dict[str, int]


class StartExport(Body):
    """导出文件(后台生成) / Ask for a file, made in the background."""

    kind: Literal["SETTLEMENT", "STATEMENT", "TRIAL_BALANCE"] = Field(examples=["STATEMENT"])
    format: Literal["CSV", "XLSX"] = Field(examples=["CSV"])
    settlement_id: str | None = Field(None, max_length=64)
    subject: str | None = Field(None, max_length=80)
    at: AwareDatetime | None = Field(
        None,
        description="截至时间(按入账时间),默认现在 / as of, by the time of posting; default now",
    )


class ExportStarted(Done):
    """The file and the job that makes it."""

    job_id: str


class ExportReply(Reply):
    """导出文件的状态 / How far a file is."""

    id: str
    kind: str
    format: str
    state: Literal["QUEUED", "READY", "EXPIRED"]
    version: int
    name: str
    size: int | None = None
    expires_at: datetime | None = None


DOORS.query(
    "GET",
    "/me/statement",
    "statement",
    params=StatementParams,
    reply=StatementReply,
    roles=ANY,
    summary="我的积分对账单 / My statement of points",
)
DOORS.command(
    "POST",
    "/exports",
    "start_export",
    body=StartExport,
    reply=ExportStarted,
    roles=ANY,
    status=202,
    summary="导出文件 / Ask for a file",
)
DOORS.query(
    "GET",
    "/exports/{export_id}",
    "export",
    reply=ExportReply,
    roles=ANY,
    summary="导出文件的状态 / How far a file is",
)
DOORS.query(
    "GET",
    "/exports/{export_id}/file",
    "export_file",
    reply=Reply,
    roles=ANY,
    summary="下载导出文件 / Download a file",
    produces="application/octet-stream",
)

# --------------------------------------------------------------------------------------------------
# Negative items, repairs, vetoes


class NegativesReply(Reply):
    """单位现有的负面信息 / What is published of an organisation's negative items."""

    subject: str
    items: list[dict[str, Any]]
    vetoes: list[dict[str, Any]]


class ApplyForRepair(Body):
    """申请信用修复 / Apply for the repair of a negative item."""

    award_id: str = Field(max_length=64)
    text: str = Field(min_length=1, max_length=2000, examples=["问题已整改完毕,附验收记录。"])
    evidence: list[str] = Field(default_factory=list, max_length=20, examples=[["ZG-2025-001"]])


class Reasoned(Body):
    """理由,不少于20个字 / Reasons, at least 20 characters."""

    reasons: str = Field(
        max_length=2000, examples=["经现场核查,整改内容已全部完成,证明材料齐全,同意修复。"]
    )


class RepairCard(Reply):
    """信用修复 / A repair."""

    id: str
    number: str
    award_id: str
    subject: str
    severity: str
    state: str
    version: int


class RepairParams(ListParams):
    """Which repairs."""

    state: Literal["APPLIED", "ACCEPTED", "RETURNED", "CHECKED", "APPROVED", "REJECTED"] | None = (
        None
    )


class ImposeVeto(Body):
    """对单位一票否决 / Veto an organisation."""

    subject: str = Field(max_length=80, examples=["PCO:pco_0001"])
    document_no: str = Field(max_length=120, examples=["济任住建罚〔2025〕3号"])
    hearing_ref: str = Field(max_length=200, examples=["TZ-2025-003"])
    from_period: str = Field(pattern=MONTH, examples=["2025-06"])
    to_period: str = Field(pattern=MONTH, examples=["2026-05"])
    reasons: str = Field(
        max_length=2000, examples=["因重大安全事故受到行政处罚,听取意见后予以一票否决。"]
    )


DOORS.query(
    "GET",
    "/organisations/{subject_id}/negatives",
    "negatives",
    reply=NegativesReply,
    roles=PUBLIC,
    summary="单位负面信息 / Published negative items of an organisation",
)
DOORS.command(
    "POST",
    "/repairs",
    "apply_for_repair",
    body=ApplyForRepair,
    reply=Done,
    roles=ANY,
    status=201,
    summary="申请信用修复 / Apply for repair",
)
DOORS.query(
    "GET",
    "/repairs",
    "repairs",
    params=RepairParams,
    reply=Page[RepairCard],
    roles=STAFF,
    summary="信用修复列表 / Repairs",
)
DOORS.query(
    "GET",
    "/repairs/{repair_id}",
    "repair",
    reply=RepairCard,
    roles=ANY,
    summary="信用修复 / A repair",
)
DOORS.command(
    "POST",
    "/repairs/{repair_id}/accept",
    "accept_repair",
    reply=Done,
    roles=DECIDERS,
    if_match=True,
    summary="受理修复申请 / Accept an application",
)
for _verb, _method, _roles, _summary in (
    ("return", "return_repair", DECIDERS, "退回修复申请 / Return an application"),
    ("check", "check_repair", DECIDERS, "核查整改情况 / Check the correction"),
    ("approve", "approve_repair", ("R_STREET", "R_DISTRICT"), "同意修复 / Approve a repair"),
    ("reject", "reject_repair", ("R_STREET", "R_DISTRICT"), "不同意修复 / Reject a repair"),
):
    DOORS.command(
        "POST",
        f"/repairs/{{repair_id}}/{_verb}",
        _method,
        body=Reasoned,
        reply=Done,
        roles=_roles,
        if_match=True,
        summary=_summary,
    )
DOORS.command(
    "POST",
    "/vetoes",
    "impose_veto",
    body=ImposeVeto,
    reply=Done,
    roles=("R_STREET", "R_DISTRICT"),
    status=201,
    summary="一票否决 / Impose a veto",
)
DOORS.command(
    "POST",
    "/vetoes/{veto_id}/lift",
    "lift_veto",
    body=Reasoned,
    reply=Done,
    roles=("R_STREET", "R_DISTRICT"),
    if_match=True,
    summary="解除一票否决 / Lift a veto",
)

# --------------------------------------------------------------------------------------------------
# Boards and commendation


class BoardParams(ListParams):
    """Which board: organisations only."""

    # The service reads it: who asks for persons is told that there is no such board (REQ-L03).
    kind: str = Field(
        "PRJ",
        description="单位类别;不设居民排名 / PRJ, PCO, MER, PTN, UNT; none of persons",
        json_schema_extra={"enum": ["PRJ", "PCO", "MER", "PTN", "UNT"]},
    )
    period: str | None = Field(None, pattern=MONTH, examples=["2025-03"])


class ScopePath(Params):
    """Of which area."""

    scope: str = Field(pattern=AREA, examples=["370811"])


class BoardReply(Reply):
    """单位信用排名 / Organisations by score."""

    scope: str
    kind: str
    period: str | None = None
    items: list[dict[str, Any]]
    next: str | None = None


class OpenCommendation(Body):
    """发起表彰 / Open a commendation."""

    title: str = Field(min_length=1, max_length=120, examples=["2025年一季度最美邻居"])
    form: Literal["NOTICE", "STAR", "FORMAL"] = Field(
        description=(
            "通报表扬、星级榜、评比达标表彰(须批准文号) / "
            "notice of praise, star, formal (needs its document)"
        ),
        examples=["NOTICE"],
    )
    level: Literal["COMMUNITY", "STREET", "DISTRICT"] = Field(examples=["STREET"])
    kind: Literal["RES", "HH", "STW", "PRJ", "PCO", "MER", "PTN", "UNT"] = Field(examples=["RES"])
    criteria: str = Field(min_length=1, max_length=2000, examples=["连续三个月信用等级AA以上。"])
    quota: int = Field(ge=1, le=500, examples=[10])
    area: str = Field(pattern=AREA, examples=["370811015"])
    from_period: str = Field(pattern=MONTH, examples=["2025-01"])
    to_period: str = Field(pattern=MONTH, examples=["2025-03"])
    approval_doc_no: str | None = Field(None, max_length=120)


class Nominate(Body):
    """提名 / Nominate somebody."""

    subject: str = Field(max_length=80, examples=["RES:per_0001"])
    reason: str = Field(min_length=1, max_length=1000, examples=["热心调解邻里纠纷。"])


class Review(Body):
    """对一个候选对象的评议 / What people said about one nominee."""

    subject: str = Field(max_length=80)
    support: bool
    reasons: str = Field(max_length=2000)


class ReviewNominees(Body):
    """社区评议,逐个写明意见 / Review each nominee, with written reasons."""

    reviews: list[Review] = Field(min_length=1, max_length=500)


class ObjectToNominee(Body):
    """对候选对象提出异议 / Object to a nominee; who objects is kept and never shown."""

    subject: str = Field(max_length=80)
    text: str = Field(min_length=1, max_length=2000)


class DecideNominee(Body):
    """裁定对候选对象的异议 / Decide an objection to a nominee."""

    upheld: bool
    reasons: str = Field(max_length=2000)


class RevokeCommendation(Body):
    """撤销表彰 / Take a commendation back."""

    subject: str = Field(max_length=80)
    reasons: str = Field(max_length=2000)


class CommendationCard(Reply):
    """表彰 / A commendation."""

    id: str
    number: str
    title: str
    form: str
    level: str
    kind: str
    state: CommendationState
    version: int


class CommendationDetail(CommendationCard):
    """表彰及候选对象 / With its nominees."""

    nominees: list[dict[str, Any]]
    objections: list[dict[str, Any]]


class CommendationParams(ListParams):
    """Which commendations."""

    state: CommendationState | None = None


class CertificateReply(Reply):
    """证书核验 / Whether a certificate holds."""

    code: str
    number: str
    state: Literal["VALID", "REVOKED"]
    title: str
    level: str
    granted_at: datetime
    revoked_at: datetime | None = None


class RevocationParams(ListParams):
    """Of which area."""

    scope: str | None = Field(None, pattern=AREA)


DOORS.query(
    "GET",
    "/leaderboards/{scope}",
    "leaderboard",
    path_params=ScopePath,
    params=BoardParams,
    reply=BoardReply,
    roles=PUBLIC,
    summary="单位信用排名 / Organisations by score",
)
DOORS.command(
    "POST",
    "/commendations",
    "open_commendation",
    body=OpenCommendation,
    reply=Done,
    roles=("R_SECRETARY", "R_STREET", "R_DISTRICT"),
    status=201,
    summary="发起表彰 / Open a commendation",
)
DOORS.query(
    "GET",
    "/commendations",
    "commendations",
    params=CommendationParams,
    reply=Page[CommendationCard],
    roles=STAFF,
    summary="表彰列表 / Commendations",
)
DOORS.query(
    "GET",
    "/commendations/{commendation_id}",
    "commendation",
    reply=CommendationDetail,
    roles=STAFF,
    summary="表彰及候选对象 / A commendation with its nominees",
)
DOORS.query(
    "GET",
    "/commendations/{commendation_id}/candidates",
    "candidates",
    params=ListParams,
    reply=Page[dict[str, Any]],
    roles=STAFF,
    summary="符合条件者及排除理由 / Who may be commended, and who is kept back by what",
)
DOORS.command(
    "POST",
    "/commendations/{commendation_id}/nominate",
    "nominate",
    body=Nominate,
    reply=Done,
    roles=("R_GRID", "R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"),
    summary="提名 / Nominate",
)
DOORS.command(
    "POST",
    "/commendations/{commendation_id}/check",
    "check_nominees",
    reply=Done,
    roles=DECIDERS,
    if_match=True,
    summary="资格审查 / Check nominees",
)
DOORS.command(
    "POST",
    "/commendations/{commendation_id}/review",
    "review_nominees",
    body=ReviewNominees,
    reply=Done,
    roles=DECIDERS,
    if_match=True,
    summary="社区评议 / Review nominees",
)
DOORS.command(
    "POST",
    "/commendations/{commendation_id}/publicise",
    "publicise_commendation",
    reply=Done,
    roles=DECIDERS,
    if_match=True,
    summary="表彰公示 / Publish for five working days",
)
DOORS.command(
    "POST",
    "/commendations/{commendation_id}/object",
    "object_to_nominee",
    body=ObjectToNominee,
    reply=Done,
    roles=ANY,
    status=201,
    summary="对候选对象提出异议 / Object to a nominee",
)
DOORS.command(
    "POST",
    "/nominee-objections/{objection_id}/decide",
    "decide_nominee",
    body=DecideNominee,
    reply=Done,
    roles=DECIDERS,
    if_match=True,
    summary="裁定对候选对象的异议 / Decide an objection to a nominee",
)
APPROVERS = ("R_STREET", "R_STREET_LEAD", "R_DISTRICT", "R_DISTRICT_LEAD")
DOORS.command(
    "POST",
    "/commendations/{commendation_id}/approve",
    "approve_commendation",
    reply=Done,
    roles=APPROVERS,
    if_match=True,
    summary="审批表彰 / Approve a commendation",
)
DOORS.command(
    "POST",
    "/commendations/{commendation_id}/grant",
    "grant_commendation",
    reply=Done,
    roles=APPROVERS,
    if_match=True,
    summary="颁发证书 / Issue the certificates",
)
DOORS.command(
    "POST",
    "/commendations/{commendation_id}/revoke",
    "revoke_commendation",
    body=RevokeCommendation,
    reply=Done,
    roles=APPROVERS,
    if_match=True,
    summary="撤销表彰 / Take a commendation back",
)
DOORS.query(
    "GET",
    "/certificates/revoked",
    "revocations",
    params=RevocationParams,
    reply=Page[dict[str, Any]],
    roles=PUBLIC,
    summary="已撤销的证书 / Certificates that were revoked",
)
DOORS.query(
    "GET",
    "/certificates/{code}",
    "certificate",
    reply=CertificateReply,
    roles=PUBLIC,
    summary="核验证书 / Verify a certificate",
)
DOORS.query(
    "GET",
    "/certificates/{code}/document",
    "certificate_document",
    reply=CertificateReply,
    roles=PUBLIC,
    summary="证书(PDF) / A certificate as PDF",
    produces="application/pdf",
)
DOORS.query(
    "GET",
    "/me/honours",
    "honours",
    reply=Page[dict[str, Any]],
    roles=ANY,
    summary="我的荣誉 / My certificates",
)
