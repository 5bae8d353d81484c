"""红色议站: officials and liaison, topics through the five steps, sessions, notices and tasks."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from chassis.text import AREA, PERSON
from chassis.text import PERIOD as MONTH
from gateway.doors import ANY, PUBLIC, Body, Doors, ListParams, Page, Params, Reply

PersonId = Annotated[str, Field(pattern=PERSON, examples=["per_0003"])]

DOORS = Doors("forum", tag="红色议站 / Red Station")

KEEPERS = ("R_STREET", "R_STREET_LEAD", "R_DISTRICT", "R_DISTRICT_LEAD")
REGISTRARS = (*KEEPERS, "R_SECRETARY")
OPTERS = ("R_RESIDENT", "R_GRID", "R_CADRE", "R_SECRETARY")
PROPOSERS = (
    "R_RESIDENT",
    "R_STEWARD",
    "R_GRID",
    "R_CADRE",
    "R_SECRETARY",
    "R_STREET",
    "R_STREET_LEAD",
    "R_DEPUTY",
    "R_OWNERS",
    "R_PM",
    "R_PCO",
)
HOSTS = ("R_SECRETARY", "R_CADRE")
DOERS = ("R_CADRE", "R_SECRETARY", "R_GRID", "R_STEWARD", "R_PM", "R_PCO")
JUDGES = ("R_RESIDENT", "R_DEPUTY", "R_CADRE", "R_SECRETARY", "R_STREET", "R_STREET_LEAD")
LEADERS = ("R_SECRETARY", "R_STREET", "R_STREET_LEAD")
CHAIN = ("R_CADRE", *LEADERS, "R_DISTRICT", "R_DISTRICT_LEAD")

Tier = Literal["DISTRICT_LEADER", "STREET_TEAM", "COMMUNITY_CADRE", "GRID_WORKER"]
Level = Literal["GRID", "COMMUNITY", "STREET"]
TopicState = Literal[
    "COLLECTED", "WITHDRAWN", "REJECTED", "REDIRECTED", "MERGED", "ADOPTED", "SCHEDULED",
    "DELIBERATING", "FAILED", "OPINION_DUE", "OPINION_DRAFTED", "PUBLICISED", "RESOLVED",
    "IMPLEMENTING", "VERIFIED", "CLOSED", "DISCONTINUED",
]  # fmt: skip
TaskState = Literal["ASSIGNED", "DOING", "DELIVERED", "REWORK", "ACCEPTED", "FAILED", "CANCELLED"]


class Done(Reply):
    """What a command answers: the thing, its state and the version for the next If-Match."""

    id: str
    state: str
    version: int
    number: str | None = None
    due: datetime | None = None


# --------------------------------------------------------------------------------------------------
# Officials, liaison, deputies, the draw


class RegisterOfficial(Body):
    """登记干部 / Register an official. A grid worker answers for his grid from then on."""

    official_id: str | None = Field(None, description="导入时自定编号 / id chosen by a loader")
    person_id: PersonId = Field(max_length=64, examples=["per_0001"])
    tier: Tier = Field(description="层级 / tier", examples=["COMMUNITY_CADRE"])
    post: str = Field(min_length=1, max_length=100, examples=["社区党委副书记"])
    area: str = Field(
        pattern=AREA,
        description="区 6、街道 9、社区 12、网格 15 位 / area of the tier's size",
        examples=["370811015901"],
    )


class Reason(Body):
    """原因 / Why."""

    reason: str = Field(min_length=1, max_length=200, examples=["岗位调整"])


class AssignLiaison(Body):
    """建立包保联系 / Link an official to a target of his tier."""

    link_id: str | None = Field(None, description="导入时自定编号 / id chosen by a loader")
    official_id: str = Field(max_length=64, examples=["off_0001"])
    target_kind: Literal["STREET", "COMMUNITY", "GRID", "HOUSEHOLD"] = Field(examples=["GRID"])
    target: str = Field(min_length=1, max_length=64, examples=["370811015901001"])
    since: datetime | None = Field(None, description="起 / since, default now")
    until: datetime | None = Field(None, description="止 / until")


class RegisterDeputy(Body):
    """登记“两代表一委员” / Register a deputy."""

    deputy_id: str | None = Field(None, description="导入时自定编号 / id chosen by a loader")
    person_id: PersonId = Field(max_length=64, examples=["per_0002"])
    kind: Literal["PARTY_DELEGATE", "PEOPLES_CONGRESS", "CPPCC_MEMBER"] = Field(
        examples=["PARTY_DELEGATE"]
    )
    level: Literal["NATIONAL", "PROVINCE", "CITY", "DISTRICT", "TOWN"] = Field(
        examples=["DISTRICT"]
    )
    streets: list[str] = Field(min_length=1, max_length=50, examples=[["370811015"]])
    term_from: datetime | None = None
    term_to: datetime | None = None


class OptIn(Body):
    """本人,或由干部代录 / Oneself, or a resident for whom a cadre enters it."""

    person_id: str | None = Field(None, description="代录对象 / whose choice staff enter")
    receipt: str | None = Field(
        None,
        min_length=2,
        max_length=200,
        description="本人签字材料,代录必填,第二人确认生效 / signed paper; a second confirms",
    )


class ChainParams(Params):
    """Which chain."""

    target: str = Field(
        min_length=1,
        max_length=64,
        description="户编号或网格、社区、街道代码 / household id or area code",
        examples=["370811015901001"],
    )


class ScopeParams(Params):
    """Which area."""

    scope: str = Field(pattern=AREA, examples=["370811015"])


class OfficialParams(ListParams):
    """Which officials."""

    scope: str = Field("370811", pattern=AREA)
    tier: Tier | None = None


class LiaisonParams(ListParams):
    """Which links."""

    scope: str = Field("370811", pattern=AREA)
    official_id: str | None = None
    state: Literal["ACTIVE", "ENDED"] | None = None


class DeputyParams(ListParams):
    """Which deputies."""

    street: str | None = Field(None, pattern=AREA)


class OptInParams(ListParams):
    """Whose consent to be drawn, and in which state."""

    scope: str | None = Field(None, pattern=AREA)
    state: Literal["OPTED_IN", "ENTERED", "OPTED_OUT"] | None = None


class SupervisionParams(ListParams):
    """Which records of supervision."""

    scope: str | None = Field(None, pattern=AREA)
    mine: bool = Field(False, description="本人的记录 / one's own")
    task_id: str | None = None


class YearParams(Params):
    """Which year."""

    year: int = Field(ge=2000, le=2100, examples=[2025])


class ChainReply(Reply):
    """包保联系链 / Every rung is shown, gaps as gaps, with who acts meanwhile."""

    target: str
    grid: str | None = None
    complete: bool
    rungs: list[dict[str, Any]]


class CoverageReply(Reply):
    """包保联系覆盖 (M-19) / Targets with somebody who answers for them, per tier."""

    scope: str
    tiers: list[dict[str, Any]]
    grids_without_worker: list[str]


class Card(Reply):
    """A row of a list."""

    id: str


class OptInCard(Card):
    """同意参加抽选 / Somebody's consent to be drawn."""

    person_id: str
    state: str
    opted_at: datetime
    withdrawn_at: datetime | None
    entered_by: str
    receipt: str | None
    version: int


class SupervisionCard(Card):
    """监督记录 / What a supervisor found."""

    record_id: str
    task_id: str
    topic_id: str
    person_id: str
    kind: str
    finding: str
    created_at: datetime


class YearReply(Reply):
    """代表履职记录 (M-24) / A deputy's year."""

    id: str
    year: int
    invited: int
    attended: int
    rate: str | None = None


DOORS.command(
    "POST",
    "/officials",
    "register_official",
    body=RegisterOfficial,
    reply=Done,
    roles=REGISTRARS,
    status=201,
    summary="登记干部 / Register an official",
)
DOORS.command(
    "POST",
    "/officials/{official_id}/end",
    "end_official",
    body=Reason,
    reply=Done,
    roles=REGISTRARS,
    if_match=True,
    summary="干部离任 / End an official's term and links",
)
DOORS.query(
    "GET",
    "/officials",
    "officials",
    params=OfficialParams,
    reply=Page[Card],
    roles=ANY,
    summary="干部名册 / Officials",
)
DOORS.command(
    "POST",
    "/liaisons",
    "assign_liaison",
    body=AssignLiaison,
    reply=Done,
    roles=REGISTRARS,
    status=201,
    summary="建立包保联系 / Link an official to a target",
)
DOORS.command(
    "POST",
    "/liaisons/{link_id}/end",
    "end_liaison",
    body=Reason,
    reply=Done,
    roles=REGISTRARS,
    if_match=True,
    summary="解除包保联系 / End a link",
)
DOORS.query(
    "GET",
    "/liaisons",
    "liaisons",
    params=LiaisonParams,
    reply=Page[Card],
    roles=ANY,
    summary="包保联系 / Liaison links",
)
DOORS.query(
    "GET",
    "/liaisons/chain",
    "chain",
    params=ChainParams,
    reply=ChainReply,
    roles=ANY,
    summary="包保联系链 / The liaison chain above a target",
)
DOORS.query(
    "GET",
    "/liaisons/coverage",
    "coverage",
    params=ScopeParams,
    reply=CoverageReply,
    roles=ANY,
    summary="包保联系覆盖 / Liaison coverage (M-19)",
)
DOORS.command(
    "POST",
    "/deputies",
    "register_deputy",
    body=RegisterDeputy,
    reply=Done,
    roles=KEEPERS,
    status=201,
    summary="登记两代表一委员 / Register a deputy",
)
DOORS.command(
    "POST",
    "/deputies/{deputy_id}/end",
    "end_deputy",
    reply=Done,
    roles=KEEPERS,
    if_match=True,
    summary="代表离任 / End a deputy's term",
)
DOORS.query(
    "GET",
    "/deputies",
    "deputies",
    params=DeputyParams,
    reply=Page[Card],
    roles=ANY,
    summary="两代表一委员 / Deputies",
)
DOORS.query(
    "GET",
    "/deputies/{deputy_id}/record",
    "deputy_record",
    params=YearParams,
    reply=YearReply,
    roles=ANY,
    summary="代表履职记录 / A deputy's year (M-24)",
)
DOORS.command(
    "POST",
    "/opt-ins",
    "opt_in",
    body=OptIn,
    reply=Done,
    roles=OPTERS,
    status=201,
    summary="同意参加随机抽选 / Opt in to the draw of resident representatives",
)
DOORS.query(
    "GET",
    "/opt-ins",
    "opt_ins",
    params=OptInParams,
    reply=Page[OptInCard],
    roles=OPTERS,
    summary="随机抽选同意名单 / Who agreed to be drawn; a resident reads his own",
)
DOORS.command(
    "POST",
    "/opt-ins/withdraw",
    "opt_out",
    body=OptIn,
    reply=Done,
    roles=OPTERS,
    summary="退出随机抽选 / Leave the draw",
)


# --------------------------------------------------------------------------------------------------
# Steps 1 and 2: collect and analyse


class SubmitTopic(Body):
    """提出议题 / A matter that people want to talk about."""

    title: str = Field(min_length=2, max_length=50, examples=["小院停车与消防通道"])
    description: str = Field(min_length=1, max_length=2000, examples=["消防通道常被占用。"])
    way: Literal["ONLINE", "DOORSTEP", "HOTLINE"] = Field(description="途径 / way")
    category: str = Field(pattern=r"^[A-Z][A-Z0-9_]{1,39}$", examples=["PARKING"])
    level: Level = Field(description="层级 / level", examples=["GRID"])
    scope: list[str] = Field(
        min_length=1,
        max_length=50,
        description="涉及区域代码 / affected areas",
        examples=[["370811015901001"]],
    )
    proposer_id: str | None = Field(None, description="代录时的提出人 / for whom it is entered")
    cosigners: list[PersonId] = Field(
        default_factory=list,
        max_length=200,
        description="纸质联署,仅代录人员可填 / signatures on paper, entered by intake roles",
    )
    source_request: str | None = Field(None, description="来源诉求 / request that it came from")
    resubmits: str | None = Field(None, description="未通过的原议题 / failed topic raised again")
    new_facts: str = Field("", max_length=2000, description="新事实 / new facts")


class EditTopic(Body):
    """修改议题 / What is left out stays."""

    title: str | None = Field(None, min_length=2, max_length=50)
    description: str | None = Field(None, min_length=1, max_length=2000)
    category: str | None = Field(None, pattern=r"^[A-Z][A-Z0-9_]{1,39}$")
    new_facts: str | None = Field(None, max_length=2000)


class HideTopic(Body):
    """隐藏议题内容 / Hidden from all but staff and the proposer."""

    reason: str = Field(min_length=1, max_length=500, examples=["含他人隐私"])
    hidden: bool = Field(True, description="false 为恢复显示 / false shows it again")


class AdoptTopic(Body):
    """研判采纳 / The analysis, published with its finding."""

    owners_matter: bool = Field(description="是否业主共同决定事项 / Civil Code art. 278")
    level: Level | None = Field(None, description="研判后的层级 / level after analysis")
    urgency: Literal["NORMAL", "URGENT"] = "NORMAL"
    finding: str = Field(
        "经研判,属于公共事务,适合协商", min_length=1, max_length=2000, description="研判意见"
    )


class RejectTopic(Body):
    """不予采纳 / Reject for a stated reason."""

    reason: Literal["ILLEGAL", "NOT_PUBLIC", "IN_LITIGATION", "ABUSIVE", "ALREADY_DECIDED"]
    note: str = Field("", max_length=500)


class RedirectTopic(Body):
    """转红色管家 / A matter of one household."""

    reason: str = Field(min_length=1, max_length=500, examples=["单户漏水"])
    request_id: str | None = Field(None, description="在红色管家登记的诉求 / request opened there")


class MergeTopic(Body):
    """合并同类议题 / Merge into another topic."""

    into: str = Field(description="并入的议题 / topic that stays")


class ReviewTopic(Body):
    """街道复核 / The street decides on a rejection."""

    outcome: Literal["UPHELD", "OVERTURNED"]
    reasons: str = Field(min_length=1, max_length=2000)


class TopicParams(ListParams):
    """Which topics."""

    scope: str | None = Field(None, pattern=AREA)
    state: TopicState | None = None
    level: Level | None = None
    mine: bool = False


class TopicCard(Reply):
    """议题 / A topic on the wall."""

    id: str
    number: str
    title: str
    state: TopicState
    step: int
    step_name: str
    level: str
    community: str
    cosigners: int
    version: int


class TopicReply(TopicCard):
    """议题详情 / A topic with the five steps and the artefact of each."""

    steps: list[dict[str, Any]]
    analysis: dict[str, Any] | None = None
    tally: dict[str, Any] | None = None
    opinion: dict[str, Any] | None = None
    tasks: list[dict[str, Any]]


class TimelineReply(Reply):
    """议题时间线 / What happened, in order."""

    id: str
    items: list[dict[str, Any]]


DOORS.command(
    "POST",
    "/topics",
    "submit_topic",
    body=SubmitTopic,
    reply=Done,
    roles=PROPOSERS,
    status=201,
    summary="提出议题 / Raise a topic",
)
DOORS.query(
    "GET",
    "/topics",
    "topic_wall",
    params=TopicParams,
    reply=Page[TopicCard],
    roles=ANY,
    summary="议题墙 / The topic wall",
)
DOORS.query(
    "GET",
    "/topics/{topic_id}",
    "topic",
    reply=TopicReply,
    roles=ANY,
    summary="议题与五步 / A topic and its five steps",
)
DOORS.query(
    "GET",
    "/topics/{topic_id}/timeline",
    "topic_timeline",
    reply=TimelineReply,
    roles=ANY,
    summary="议题时间线 / A topic's timeline",
)
DOORS.command(
    "POST",
    "/topics/{topic_id}/cosign",
    "cosign_topic",
    reply=Done,
    roles=("R_RESIDENT",),
    summary="联署 / Sign a topic",
)
DOORS.command(
    "POST",
    "/topics/{topic_id}/edit",
    "edit_topic",
    body=EditTopic,
    reply=Done,
    roles=PROPOSERS,
    if_match=True,
    summary="修改议题 / Edit a topic before anybody signs it",
)
DOORS.command(
    "POST",
    "/topics/{topic_id}/withdraw",
    "withdraw_topic",
    reply=Done,
    roles=PROPOSERS,
    if_match=True,
    summary="撤回议题 / Withdraw a topic",
)
DOORS.command(
    "POST",
    "/topics/{topic_id}/hide",
    "hide_topic",
    body=HideTopic,
    reply=Done,
    roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_STREET_LEAD"),
    if_match=True,
    summary="隐藏议题内容 / Hide a topic's words",
)
DOORS.command(
    "POST",
    "/topics/{topic_id}/adopt",
    "adopt_topic",
    body=AdoptTopic,
    reply=Done,
    roles=("R_SECRETARY",),
    if_match=True,
    summary="研判采纳 / Analyse and adopt",
)
DOORS.command(
    "POST",
    "/topics/{topic_id}/reject",
    "reject_topic",
    body=RejectTopic,
    reply=Done,
    roles=("R_SECRETARY",),
    if_match=True,
    summary="不予采纳 / Reject",
)
DOORS.command(
    "POST",
    "/topics/{topic_id}/redirect",
    "redirect_topic",
    body=RedirectTopic,
    reply=Done,
    roles=("R_CADRE", "R_SECRETARY"),
    if_match=True,
    summary="转红色管家 / Redirect to the stewards",
)
DOORS.command(
    "POST",
    "/topics/{topic_id}/merge",
    "merge_topic",
    body=MergeTopic,
    reply=Done,
    roles=("R_CADRE", "R_SECRETARY"),
    if_match=True,
    summary="合并议题 / Merge",
)
DOORS.command(
    "POST",
    "/topics/{topic_id}/appeal",
    "appeal_topic",
    reply=Done,
    roles=PROPOSERS,
    summary="申请街道复核 / Ask the street to review a rejection",
)
DOORS.command(
    "POST",
    "/topics/{topic_id}/review",
    "review_topic",
    body=ReviewTopic,
    reply=Done,
    roles=("R_STREET", "R_STREET_LEAD"),
    if_match=True,
    summary="街道复核 / Decide on a rejection",
)


# --------------------------------------------------------------------------------------------------
# Step 3: deliberate


class Invitee(Body):
    """受邀人 / A person invited by name."""

    person_id: PersonId = Field(max_length=64, examples=["per_0003"])
    capacity: Literal[
        "RESIDENT_REP",
        "OWNERS_COMMITTEE",
        "PROPERTY",
        "MERCHANT",
        "UNIT",
        "PARTY_MEMBER",
        "DEPUTY",
        "OFFICIAL",
        "EXPERT",
        "STATION_HOST",
    ] = Field(examples=["RESIDENT_REP"])


class ScheduleSession(Body):
    """安排协商会 / Officials come through the liaison links and deputies by rotation in any case.

    With `auto` the property's managers, the proposer, cosigners and drawn residents are added.
    """

    topic_ids: list[str] = Field(min_length=1, max_length=3)
    start: datetime = Field(examples=["2025-05-12T19:00:00+08:00"])
    place: str = Field(min_length=1, max_length=100, examples=["红帆驿站"])
    auto: bool = False
    invitees: list[Invitee] = Field(default_factory=list, max_length=1000)
    resident_seats: int | None = Field(None, description="居民代表名额 / resident seats")
    host_id: str | None = Field(None, description="受托主持人 / delegate who hosts")


class MoveSession(Body):
    """改期 / Another time or place; everyone answers anew."""

    start: datetime = Field(examples=["2025-05-13T19:00:00+08:00"])
    place: str | None = Field(None, min_length=1, max_length=100)
    reason: str = Field(min_length=1, max_length=200, examples=["场地停电"])


class ShortReason(Body):
    """原因 / Why."""

    reason: str = Field(min_length=1, max_length=200, examples=["场地停电"])


class CorrectAttendance(Body):
    """更正签到 / Whether somebody was there, against what was recorded."""

    person_id: PersonId = Field(max_length=64, examples=["per_0003"])
    attended: bool
    reason: str = Field(min_length=1, max_length=200, examples=["误点,本人未到场"])


class SessionParams(ListParams):
    """Which sessions."""

    scope: str | None = Field(None, pattern=AREA)
    state: Literal["SCHEDULED", "OPEN", "ENDED", "ADJOURNED", "CANCELLED"] | None = None
    topic_id: str | None = None


class SessionCard(Reply):
    """协商会 / A session and what it is about."""

    id: str
    state: str
    version: int
    community: str
    place: str
    start: datetime
    topics: list[dict[str, Any]]


class Corrected(Done):
    """更正结果 / Who counts now, and the topics whose vote is void."""

    voting_present: int
    resident_present: int
    quorum: int
    void: list[str]


class AnswerInvitation(Body):
    """答复邀请 / An official who cannot come names a delegate of his tier."""

    answer: Literal["YES", "NO", "DELEGATE"] = Field(examples=["YES"])
    delegate_person_id: str | None = None


class Attendance(Body):
    """签到 / Who has come."""

    person_ids: list[PersonId] = Field(min_length=1, max_length=1000)


class CastVote(Body):
    """表决 / One's own vote; shown only in totals after the close."""

    topic_id: str
    choice: Literal["FOR", "AGAINST", "ABSTAIN"]
    change: bool = Field(
        False, description="更改已投的票,限结束表决前 / replaces the vote cast, before the close"
    )


class TopicParam(Params):
    """哪个议题 / Which topic."""

    topic_id: str


class RecountReply(Reply):
    """重新计票 / The ballots counted again, and whether they agree with what was announced."""

    id: str
    topic_id: str
    against: int
    abstain: int
    voters: int
    agrees: bool


class WhichTopic(Body):
    """哪个议题 / Which topic."""

    topic_id: str


class Adjourn(Body):
    """休会 / Why."""

    reason: Literal["NO_QUORUM", "NEED_FACTS"] = "NO_QUORUM"


class SessionReply(Reply):
    """协商会 / Agenda, live quorum, representation, the calendar entry (`ical`)."""

    id: str
    state: str
    version: int
    community: str
    agenda: list[dict[str, Any]]
    quorum: dict[str, Any]
    representation: list[dict[str, Any]]
    invitations: list[dict[str, Any]]
    ical: str


class Scheduled(Done):
    """已安排 / The session and how many are invited."""

    start: datetime
    invited: int
    voting: int


class VoteClosed(Done):
    """表决结果 / Totals."""

    topic_id: str
    topic_state: str
    session_state: str
    against: int
    abstain: int
    passed: bool


DOORS.command(
    "POST",
    "/sessions",
    "schedule_session",
    body=ScheduleSession,
    reply=Scheduled,
    roles=("R_SECRETARY",),
    status=201,
    summary="安排协商会 / Schedule a session and invite",
)
DOORS.query(
    "GET",
    "/sessions",
    "session_list",
    params=SessionParams,
    reply=Page[SessionCard],
    roles=ANY,
    summary="协商会列表 / Sessions of an area",
)
DOORS.command(
    "POST",
    "/sessions/{session_id}/move",
    "move_session",
    body=MoveSession,
    reply=Done,
    roles=HOSTS,
    if_match=True,
    summary="改期 / Hold a session at another time or place",
)
DOORS.command(
    "POST",
    "/sessions/{session_id}/cancel",
    "cancel_session",
    body=ShortReason,
    reply=Done,
    roles=HOSTS,
    if_match=True,
    summary="取消会议 / Call off a session",
)
DOORS.command(
    "POST",
    "/sessions/{session_id}/attendance/correct",
    "correct_attendance",
    body=CorrectAttendance,
    reply=Corrected,
    roles=(*HOSTS, "R_STREET", "R_STREET_LEAD"),
    summary="更正签到 / Correct who was there",
)
DOORS.command(
    "POST",
    "/invitations/{invitation_id}/withdraw",
    "withdraw_invitation",
    body=ShortReason,
    reply=Done,
    roles=HOSTS,
    if_match=True,
    summary="撤回邀请 / Uninvite somebody",
)
DOORS.query(
    "GET",
    "/sessions/{session_id}",
    "session",
    reply=SessionReply,
    roles=ANY,
    summary="协商会 / The session room",
)
DOORS.query(
    "GET",
    "/invitations",
    "my_invitations",
    params=ListParams,
    reply=Page[Card],
    roles=ANY,
    summary="我的邀请 / My invitations",
)
DOORS.command(
    "POST",
    "/invitations/{invitation_id}/answer",
    "answer_invitation",
    body=AnswerInvitation,
    reply=Done,
    roles=ANY,
    summary="答复邀请 / Answer an invitation",
)
DOORS.command(
    "POST",
    "/sessions/{session_id}/open",
    "open_session",
    reply=Done,
    roles=HOSTS,
    if_match=True,
    summary="开会 / Open the session",
)
DOORS.command(
    "POST",
    "/sessions/{session_id}/attendance",
    "record_attendance",
    body=Attendance,
    reply=Done,
    roles=HOSTS,
    summary="签到 / Record attendance",
)
DOORS.command(
    "POST",
    "/sessions/{session_id}/vote",
    "vote",
    body=CastVote,
    reply=Done,
    roles=ANY,
    summary="表决 / Vote",
)
DOORS.command(
    "POST",
    "/sessions/{session_id}/close-vote",
    "close_vote",
    body=WhichTopic,
    reply=VoteClosed,
    roles=HOSTS,
    if_match=True,
    summary="结束表决 / Close the vote",
)
DOORS.query(
    "GET",
    "/sessions/{session_id}/recount",
    "recount",
    params=TopicParam,
    reply=RecountReply,
    roles=(*LEADERS, "R_DISTRICT", "R_DISTRICT_LEAD", "R_AUDITOR"),
    summary="重新计票 / Count the ballots of a closed vote again",
)
DOORS.command(
    "POST",
    "/sessions/{session_id}/adjourn",
    "adjourn_session",
    body=Adjourn,
    reply=Done,
    roles=HOSTS,
    if_match=True,
    summary="休会 / Adjourn",
)


# --------------------------------------------------------------------------------------------------
# Step 4: form the opinion


class PlannedTask(Body):
    """落实任务 / A part of the resolution that somebody carries out."""

    title: str = Field(min_length=1, max_length=100, examples=["施划车位六个"])
    responsible_kind: Literal["PROJECT", "COMMUNITY"]
    responsible_id: str = Field(min_length=1, max_length=64, examples=["prj_0001"])
    due_date: date | None = Field(None, description="期限(含当日),默认 60 天 / last day")
    supervisors: list[PersonId] = Field(default_factory=list, max_length=20)
    budget_fen: int | None = Field(None, ge=0)
    funding: str | None = Field(None, max_length=100)


class DraftOpinion(Body):
    """协商意见 / What was decided, on which grounds, and who thought otherwise; no names."""

    text: str = Field(min_length=1, max_length=10_000)
    decision: str = Field(min_length=1, max_length=2000)
    dissent: str = Field("", max_length=2000)
    tasks: list[PlannedTask] = Field(default_factory=list, max_length=50)


class ObjectToOpinion(Body):
    """提出异议 / A reasoned objection."""

    text: str = Field(min_length=1, max_length=2000)
    directly_affected: bool = Field(
        False,
        description="本人主张,以登记住址或社区确认为准 / a claim; the registry or staff confirm",
    )


class ConfirmObjection(Body):
    """确认直接利害关系 / How it is known that the objector is directly affected."""

    reason: str = Field(min_length=1, max_length=500, examples=["其车库出口正对拟划车位"])


class AnswerObjection(Body):
    """答复异议 / What is answered to one who did not stop the resolution."""

    outcome: Literal["TAKEN_UP", "NOT_TAKEN_UP"]
    reasons: str = Field(max_length=2000, examples=["绿地面积不变,车位避开花坛。"])


class ObjectionParams(ListParams):
    """Which objections."""

    topic_id: str | None = None
    mine: bool = False
    state: Literal["NOTED", "OPEN", "ANSWERED", "SUSTAINED", "DISMISSED"] | None = None


class ObjectionCard(Reply):
    """异议 / An objection and what was decided; it names nobody."""

    id: str
    topic_id: str
    text: str
    state: str
    outcome: str | None = None
    reasons: str | None = None


class ResolveObjection(Body):
    """处理异议 / Takes effect when community and street decide alike."""

    outcome: Literal["SUSTAINED", "DISMISSED"]
    reasons: str = Field(max_length=2000)


class OwnersVote(Body):
    """业主大会表决结果;面积单位为 0.01 平方米 / Result of the owners' assembly."""

    area_eligible: int = Field(ge=0)
    area_participating: int = Field(ge=0)
    area_assenting: int = Field(ge=0)
    heads_eligible: int = Field(ge=0)
    heads_participating: int = Field(ge=0)
    heads_assenting: int = Field(ge=0)
    special: bool = Field(False, description="筹资、改建、经营性使用 / three quarters needed")


class NoticeParams(ListParams):
    """Which notices."""

    scope: str = Field("370811", pattern=AREA)
    period: str | None = Field(None, pattern=MONTH)


class NoticeReply(Reply):
    """协商意见公示 / A published opinion; it names nobody."""

    id: str
    number: str
    scope: str
    topic_id: str
    title: str
    text: str
    decision: str
    state: str
    published_at: datetime
    ends_at: datetime


class FunnelParams(Params):
    """Which area and months."""

    scope: str = Field("370811", pattern=AREA)
    first: str | None = Field(None, pattern=MONTH)
    last: str | None = Field(None, pattern=MONTH)


class FunnelReply(Reply):
    """协商漏斗 (M-15) / How far the topics came."""

    scope: str
    collected: int
    adopted: int
    closed: int
    adoption_rate: str | None = None
    closure_rate: str | None = None


DOORS.command(
    "POST",
    "/topics/{topic_id}/opinion",
    "draft_opinion",
    body=DraftOpinion,
    reply=Done,
    roles=("R_CADRE", "R_SECRETARY"),
    if_match=True,
    summary="起草协商意见 / Draft the opinion",
)
DOORS.command(
    "POST",
    "/topics/{topic_id}/publicise",
    "publicise_opinion",
    reply=Done,
    roles=("R_SECRETARY",),
    if_match=True,
    summary="公示协商意见 / Put the opinion on the board",
)
DOORS.command(
    "POST",
    "/topics/{topic_id}/object",
    "object_to_opinion",
    body=ObjectToOpinion,
    reply=Done,
    roles=("R_RESIDENT",),
    status=201,
    summary="提出异议 / Object",
)
DOORS.query(
    "GET",
    "/objections",
    "objections",
    params=ObjectionParams,
    reply=Page[ObjectionCard],
    roles=ANY,
    summary="异议及处理结果 / Objections and what was decided",
)
DOORS.command(
    "POST",
    "/objections/{objection_id}/answer",
    "answer_objection",
    body=AnswerObjection,
    reply=Done,
    roles=LEADERS,
    summary="答复异议 / Answer one who objected",
)
DOORS.command(
    "POST",
    "/objections/{objection_id}/confirm",
    "confirm_objection",
    body=ConfirmObjection,
    reply=Done,
    roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_STREET_LEAD"),
    summary="确认直接利害关系 / Confirm that the objector is directly affected",
)
DOORS.command(
    "POST",
    "/topics/{topic_id}/resolve-objection",
    "resolve_objection",
    body=ResolveObjection,
    reply=Done,
    roles=("R_SECRETARY", "R_STREET", "R_STREET_LEAD"),
    if_match=True,
    summary="处理异议 / Decide on the objections",
)
DOORS.command(
    "POST",
    "/topics/{topic_id}/owners-vote",
    "record_owners_vote",
    body=OwnersVote,
    reply=Done,
    roles=("R_SECRETARY", "R_STREET"),
    if_match=True,
    summary="登记业主大会表决 / Record the owners' vote",
)
DOORS.query(
    "GET",
    "/notices",
    "notices",
    params=NoticeParams,
    reply=Page[NoticeReply],
    roles=PUBLIC,
    summary="协商意见公示 / Published opinions",
)
DOORS.query(
    "GET",
    "/notices/{notice_id}",
    "notice",
    reply=NoticeReply,
    roles=PUBLIC,
    summary="协商意见公示详情 / One published opinion",
)
DOORS.query(
    "GET",
    "/funnel",
    "funnel",
    params=FunnelParams,
    reply=FunnelReply,
    roles=PUBLIC,
    summary="协商漏斗 / The deliberation funnel (M-15)",
)


# --------------------------------------------------------------------------------------------------
# Step 5: implement and supervise


class AssignTasks(Body):
    """下达任务 / Without tasks, those that the opinion planned."""

    tasks: list[PlannedTask] = Field(default_factory=list, max_length=50)
    supervisors: list[PersonId] = Field(
        default_factory=list, max_length=20, description="默认监督员 / for tasks that name none"
    )


class Progress(Body):
    """进展 / How far the work is."""

    note: str = Field(min_length=1, max_length=1000)
    percent: int | None = Field(None, ge=0, le=100)


class Deliver(Body):
    """交付 / The work is done; this shows it."""

    evidence: list[Any] = Field(max_length=20, examples=[["sha256:9f86d08…"]])
    note: str = Field("", max_length=1000)


class Accept(Body):
    """验收 / One of the two acceptances."""

    finding: str = Field(min_length=1, max_length=1000, examples=["车位已施划,符合决议"])
    media: list[Any] = Field(default_factory=list, max_length=20)


class Rework(Body):
    """返工 / The reason stays here; the code travels to the responsible side."""

    reason: str = Field(min_length=1, max_length=1000)
    code: Literal["INCOMPLETE", "DEFECT", "NOT_AS_RESOLVED", "EVIDENCE_WEAK"] = "DEFECT"


class EndTask(Body):
    """原因 / Why it is not done, or is done again."""

    reason: str = Field(min_length=1, max_length=1000, examples=["施工许可未获批准"])


class ExtendTask(Body):
    """任务延期 / A new last day. The community extends twice, the street as often as it must."""

    due_date: date = Field(description="新期限(含当日) / new last day")
    reason: str = Field(min_length=1, max_length=1000, examples=["雨季停工"])


class ReassignTask(Body):
    """改派任务 / The task ends and a new one takes its place."""

    responsible_kind: Literal["PROJECT", "COMMUNITY"]
    responsible_id: str = Field(min_length=1, max_length=64, examples=["370811015901"])
    reason: str = Field(min_length=1, max_length=1000)
    due_date: date | None = Field(None, description="期限(含当日),默认 60 天 / last day")
    supervisors: list[PersonId] = Field(
        default_factory=list, max_length=20, description="默认沿用原监督员 / those of before"
    )


class ChangeSupervisors(Body):
    """更换监督员 / The whole list of who watches from now on."""

    supervisors: list[PersonId] = Field(min_length=1, max_length=20)
    reason: str = Field(min_length=1, max_length=1000)


class Supervision(Body):
    """监督记录 / What a supervisor has seen."""

    task_id: str
    finding: str = Field(min_length=1, max_length=1000)
    media: list[Any] = Field(default_factory=list, max_length=20)


class CloseTopic(Body):
    """办结 / The published result."""

    result: str | None = Field(
        None,
        min_length=1,
        max_length=2000,
        description="默认为任务全部验收,或部分取消 / by default: all accepted, or some cancelled",
        examples=["全部落实任务已验收"],
    )


class Rating(Body):
    """满意度 / By those who took part, within seven days."""

    stars: int = Field(ge=1, le=5)


class TaskParams(ListParams):
    """Which tasks."""

    scope: str | None = Field(None, pattern=AREA)
    topic_id: str | None = None
    responsible_id: str | None = None
    state: TaskState | None = None
    overdue: bool = False
    mine: bool = Field(False, description="我监督的 / those that I supervise")


class TaskCard(Reply):
    """任务 / A task."""

    id: str
    topic_id: str
    title: str
    state: TaskState
    responsible_kind: str
    responsible_id: str
    due_at: datetime
    overdue: bool
    version: int


class TaskReply(TaskCard):
    """任务详情 / A task with its supervision."""

    supervisors: list[dict[str, Any]]
    supervisions: list[dict[str, Any]]
    end_reason: str | None = Field(None, description="取消、改派的原因 / why it is not to be done")


class EscalationParams(ListParams):
    """Which escalations."""

    scope: str | None = Field(None, pattern=AREA)
    mine: bool = Field(False, description="升级到本人的 / what came before me")
    level: int | None = Field(None, ge=1, le=9)
    tier: Tier | None = None
    source: Literal["TOPIC", "TASK", "REQUEST", "RECTIFICATION", "OBJECTION"] | None = None
    state: Literal["WAITING", "OPEN", "ACKNOWLEDGED", "DONE", "ALL"] = "WAITING"


class EscalationCard(Card):
    """督办 / What was missed, before whom it waits, and what was done."""

    source: str
    ref: str
    path: str
    level: int
    tier: str
    state: str
    version: int
    person_id: str | None = None
    acting: bool


class DecideEscalation(Body):
    """督办办结 / What was done; it leaves the list with this."""

    outcome: Literal["URGED", "DIRECTED", "COORDINATED", "NO_ACTION"] = Field(
        description="已催办、已直接处置、已协调、不需处置"
    )
    done: str = Field(min_length=2, max_length=1000, examples=["已约谈物业,限三日内完成"])


DOORS.command(
    "POST",
    "/topics/{topic_id}/tasks",
    "assign_tasks",
    body=AssignTasks,
    reply=Done,
    roles=("R_SECRETARY",),
    if_match=True,
    summary="下达落实任务 / Assign the tasks",
)
DOORS.query(
    "GET",
    "/tasks",
    "task_ledger",
    params=TaskParams,
    reply=Page[TaskCard],
    roles=ANY,
    summary="任务台账 / Tasks",
)
DOORS.query(
    "GET",
    "/tasks/{task_id}",
    "task",
    reply=TaskReply,
    roles=ANY,
    summary="任务 / A task and its supervision",
)
DOORS.command(
    "POST",
    "/tasks/{task_id}/start",
    "start_task",
    reply=Done,
    roles=DOERS,
    if_match=True,
    summary="开始办理 / Start",
)
DOORS.command(
    "POST",
    "/tasks/{task_id}/progress",
    "report_progress",
    body=Progress,
    reply=Done,
    roles=DOERS,
    if_match=True,
    summary="报告进展 / Report progress",
)
DOORS.command(
    "POST",
    "/tasks/{task_id}/deliver",
    "deliver_task",
    body=Deliver,
    reply=Done,
    roles=("R_CADRE", "R_SECRETARY", "R_GRID", "R_STEWARD"),
    if_match=True,
    summary="交付社区任务 / Deliver a task of the community",
)
DOORS.command(
    "POST",
    "/tasks/{task_id}/accept",
    "accept_task",
    body=Accept,
    reply=Done,
    roles=JUDGES,
    if_match=True,
    summary="验收 / Accept (supervisor and cadre, two calls)",
)
DOORS.command(
    "POST",
    "/tasks/{task_id}/rework",
    "rework_task",
    body=Rework,
    reply=Done,
    roles=JUDGES,
    if_match=True,
    summary="退回返工 / Send back",
)
DOORS.command(
    "POST",
    "/tasks/{task_id}/extend",
    "extend_task",
    body=ExtendTask,
    reply=Done,
    roles=LEADERS,
    if_match=True,
    summary="任务延期 / Extend a task's term",
)
DOORS.command(
    "POST",
    "/tasks/{task_id}/reassign",
    "reassign_task",
    body=ReassignTask,
    reply=Done,
    roles=LEADERS,
    if_match=True,
    summary="改派任务 / Let somebody else do it",
)
DOORS.command(
    "POST",
    "/tasks/{task_id}/cancel",
    "cancel_task",
    body=EndTask,
    reply=Done,
    roles=LEADERS,
    if_match=True,
    summary="取消任务 / Cancel a task",
)
DOORS.command(
    "POST",
    "/tasks/{task_id}/reopen",
    "reopen_task",
    body=EndTask,
    reply=Done,
    roles=LEADERS,
    if_match=True,
    summary="重新办理 / Let accepted work be done again",
)
DOORS.command(
    "POST",
    "/tasks/{task_id}/supervisors",
    "change_supervisors",
    body=ChangeSupervisors,
    reply=Done,
    roles=LEADERS,
    if_match=True,
    summary="更换监督员 / Change who watches",
)
DOORS.command(
    "POST",
    "/tasks/{task_id}/step-down",
    "step_down",
    reply=Done,
    roles=JUDGES,
    summary="不再担任监督员 / Step down as a supervisor",
)
DOORS.command(
    "POST",
    "/topics/{topic_id}/discontinue",
    "discontinue_topic",
    body=EndTask,
    reply=Done,
    roles=("R_STREET", "R_STREET_LEAD"),
    if_match=True,
    summary="街道终止办理 / End a topic that cannot go on",
)
DOORS.command(
    "POST",
    "/supervisions",
    "record_supervision",
    body=Supervision,
    reply=Done,
    roles=("R_RESIDENT", "R_DEPUTY"),
    status=201,
    summary="监督记录 / Record supervision",
)
DOORS.query(
    "GET",
    "/supervisions",
    "supervisions",
    params=SupervisionParams,
    reply=Page[SupervisionCard],
    roles=ANY,
    summary="监督记录列表 / What supervisors found: of an area for its staff, else one's own",
)
DOORS.command(
    "POST",
    "/topics/{topic_id}/close",
    "close_topic",
    body=CloseTopic,
    reply=Done,
    roles=("R_SECRETARY",),
    if_match=True,
    summary="办结 / Close a topic",
)
DOORS.command(
    "POST",
    "/topics/{topic_id}/rate",
    "rate_topic",
    body=Rating,
    reply=Done,
    roles=ANY,
    summary="满意度评价 / Rate a closed topic",
)
DOORS.query(
    "GET",
    "/escalations",
    "escalations",
    params=EscalationParams,
    reply=Page[EscalationCard],
    roles=ANY,
    summary="督办 / What was missed, and before whom it came",
)
DOORS.command(
    "POST",
    "/escalations/{escalation_id}/acknowledge",
    "acknowledge_escalation",
    reply=Done,
    roles=CHAIN,
    if_match=True,
    summary="督办签收 / Say that one sees to it",
)
DOORS.command(
    "POST",
    "/escalations/{escalation_id}/decide",
    "decide_escalation",
    body=DecideEscalation,
    reply=Done,
    roles=CHAIN,
    if_match=True,
    summary="督办办结 / What was done about it",
)
DOORS.query(
    "GET",
    "/messages",
    "my_messages",
    params=ListParams,
    reply=Page[Card],
    roles=ANY,
    summary="我的消息 / My messages",
)
