"""What the steward service answers: the types that a caller may rely on."""

from datetime import date
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from fivered.chassis.few import PEOPLE, Counts
from fivered.chassis.fields import Instant
from fivered.chassis.replies import Page, Reply
from fivered.services.steward.fields import Summary
from fivered.services.steward.replies import desk
from fivered.services.steward.replies.details import RequestDetails
from fivered.services.steward.replies.hazards import HazardCard, Mending
from fivered.services.steward.replies.opened import (
    CategoryCard,
    CategoryCards,
    OpenRequest,
    OpenStep,
)
from fivered.services.steward.replies.people import (
    CodeAsked,
    CodeSent,
    CodeState,
    CorrectionCard,
    DeathCard,
    ErasureCard,
    Home,
    MergeCard,
    NumberShown,
    PeopleFound,
    PeopleReply,
    PeopleSearched,
    PersonCard,
    PersonRead,
    Post,
    RegisteredPerson,
    wanted_of,
)
from fivered.services.steward.replies.places import (
    HouseholdAt,
    HouseholdsAt,
    Outline,
    PlaceCard,
    ShapeCard,
    ShapeReply,
    Spot,
    Spots,
)
from fivered.services.steward.replies.visits import Visit

Advice = Annotated[str, Meta(description="紧急情况的提示 / what to do in an emergency")] | UnsetType
Warnings = Annotated[list[str], Meta(examples=[["GRID_SIZE_WARN"]])]
DutyZh = Annotated[str, Meta(examples=["网格员"])]
DutyEn = Annotated[str, Meta(examples=["Grid worker"])]


class Changed(Reply, kw_only=True):
    """变更结果 / What a command left behind."""

    id: str
    state: str
    version: int


class Outcome(Reply, kw_only=True):
    """一条结果 / What became of one item; of one that was refused, why."""

    result: Annotated[str, Meta(examples=["stored"])]
    field: str | UnsetType = UNSET
    message_zh: str | UnsetType = UNSET
    message_en: str | UnsetType = UNSET


class Batch(Reply, kw_only=True):
    """逐条结果 / One result per item, in the order given."""

    id: None = None
    state: str


class AreaReply(Changed, kw_only=True):
    """区域 / An area as defined."""

    warnings: Warnings


class Rung(Reply, kw_only=True):
    """联络链一级 / Who answers for a place at one level; nobody where the level is vacant."""

    target_kind: str
    target: str
    official_id: str | None
    acting: (
        Annotated[bool, Meta(description="由上一级代行 / the level above acts meanwhile")]
        | UnsetType
    ) = UNSET


class AreaCard(Counts, kw_only=True):
    """区域卡 / An area; asked for alone, with the liaison chain above it."""

    code: str
    name: str
    kind: str
    parent: str | None = None
    households: Annotated[int, PEOPLE] | None = None
    persons: Annotated[int, PEOPLE] | None = None
    version: int
    warnings: Warnings
    liaison_chain: list[Rung] | UnsetType = UNSET
    ended_at: (
        Annotated[Instant, Meta(description="何时拆分或合并 / since when it is no grid any more")]
        | None
    ) = None
    successors: (
        Annotated[list[str], Meta(description="承接的网格 / the grids that took its place")] | None
    ) = None


class ProposalReply(Changed, kw_only=True):
    """已处理 / The proposal as it stands now."""

    year: int


class CalendarYear(Reply, kw_only=True):
    """年度工作日历 / A year that was loaded, or that waits for its decision."""

    year: int
    state: Literal["PROPOSED", "LOADED"]
    off: list[date]
    make_up: list[date]
    source: str
    version: int
    at: Instant
    id: Annotated[str, Meta(description="提议编号 / of a proposal that waits")] | UnsetType = UNSET


class CalendarYears(Reply, kw_only=True):
    """工作日历 / How far the working days are known; later ones are provisional.

    `years` holds all that are known, `items` those that were loaded here or wait.
    """

    until: date
    days_left: int
    ends_soon: bool
    years: list[int]
    items: list[CalendarYear]


class PersonOutcome(Outcome, kw_only=True):
    """一条登记结果 / What became of one person."""

    line: int
    id: str | UnsetType = UNSET
    person_id: Annotated[str, Meta(description="已登记的人 / who is registered so")] | UnsetType = (
        UNSET
    )


class PeopleStored(Batch, kw_only=True):
    """登记结果 / One result per person, in the order given."""

    items: list[PersonOutcome]


class Deactivated(Changed, kw_only=True):
    """注销结果 / Who is here no longer, or whose death waits for a second person.

    Attributes:
        death_id: The proposal that the person died; nothing changes until another one confirms it.
    """

    death_id: str | UnsetType = UNSET


class MergeReply(Changed, kw_only=True):
    """合并提议 / A proposal that two registrations are one human.

    Attributes:
        hours_twice: Volunteer records of the one that the other one recorded, too.
    """

    person_id: str
    into: str
    hours_twice: list[str] | UnsetType = UNSET


class Change(Reply, kw_only=True):
    """一次变更 / What was changed, by whom and why."""

    at: Instant
    actor_id: str
    role: str
    action: str
    version: int
    fields: list[str]
    before: Annotated[
        dict[str, object],
        Meta(
            description="变更前的内容,随登记种类而异 / what stood there, by the register's fields"
        ),
    ]
    reason: str | None = None


class StewardReply(Changed, kw_only=True):
    """管家 / A steward as the register stands now."""

    spendable: bool | UnsetType = UNSET
    handed_over: (
        Annotated[int, Meta(description="移交的诉求数 / how many requests others have now")]
        | UnsetType
    ) = UNSET


class ShiftCard(Reply, kw_only=True):
    """值班 / A shift."""

    id: str
    steward_id: str
    grid: str
    start: Instant
    end: Instant
    place: str
    state: str
    self_planned: bool
    attended_by: str | None = None
    version: int


class Grade(Reply, kw_only=True):
    """月度评级 / A final grade."""

    period: str
    score: int | None = None
    grade: str | None = None


class StewardCard(Reply, kw_only=True):
    """管家卡 / A steward; by name to the steward and to who reads the roster."""

    id: str
    person_id: str | UnsetType = UNSET
    type: str
    duty: str
    employer: str | None = None
    grids: list[str]
    community: str
    state: str
    spendable: bool
    since: Instant
    weekly_hours: int | None = None
    term_ends: date | None = None
    backup: str | None = None
    buildings: list[str] | None = None
    service_hours: str | None = None
    photo: Annotated[str, Meta(description="照片的文件编号 / file of the picture")] | None = None
    version: int
    grades: (
        Annotated[
            list[Grade],
            Meta(description="给本人与监督者 / to the person and those who oversee the work"),
        ]
        | UnsetType
    ) = UNSET


class StewardMonth(Reply, kw_only=True):
    """管家月卡 / A steward's month."""

    steward_id: str
    person_id: str
    community: str
    duty: str
    type: str
    period: str
    orders: int
    accepted_on_time: int
    accepted_on_time_percent: Annotated[str, Meta(examples=["97.50"])] | None = None
    proactive_closed: int
    visits: int
    visit_quota: int
    attendance_full: bool
    on_roster: bool


class BoardEntry(Reply, kw_only=True):
    """公示的管家 / A steward on a board; never a person's id."""

    steward_id: str
    duty: str
    duty_zh: DutyZh
    duty_en: DutyEn
    name: str
    work_phone: str | None = None
    employer: str | None = None
    type: str
    type_zh: str
    type_en: str
    service_hours: Annotated[str, Meta(examples=["周一至周五 8:30-17:30"])] | None = None
    backup_name: (
        Annotated[str, Meta(description="备岗管家,本人同意公示的 / the backup, who agreed")] | None
    ) = None
    backup_phone: str | None = None
    photo: Annotated[str, Meta(description="照片的文件编号 / file of the picture")] | None = None


class BoardPost(Reply, kw_only=True):
    """岗位 / A post of a board; without a name it says why, and which post does its work."""

    duty: Annotated[str, Meta(examples=["GRID_WORKER"])]
    duty_zh: DutyZh
    duty_en: DutyEn
    steward_id: str | UnsetType = UNSET
    name: (
        Annotated[str, Meta(description="只列本人同意公示的 / of those who agreed")] | UnsetType
    ) = UNSET
    work_phone: str | UnsetType | None = UNSET
    employer: str | UnsetType | None = UNSET
    type: str | UnsetType = UNSET
    type_zh: str | UnsetType = UNSET
    type_en: str | UnsetType = UNSET
    service_hours: str | UnsetType | None = UNSET
    backup_name: str | UnsetType | None = UNSET
    backup_phone: str | UnsetType | None = UNSET
    photo: str | UnsetType | None = UNSET
    note_zh: Annotated[str, Meta(examples=["岗位空缺"])] | UnsetType | None = UNSET
    note_en: Annotated[str, Meta(examples=["Vacant"])] | UnsetType | None = UNSET
    backup: (
        Annotated[str, Meta(description="代办岗位 / the post that stands in")] | UnsetType | None
    ) = UNSET
    backup_zh: str | UnsetType | None = UNSET
    backup_en: str | UnsetType | None = UNSET


class BoardReply(Reply, kw_only=True):
    """公示牌 / A contact board."""

    grid: str
    grid_name: Annotated[str, Meta(examples=["春晖社区第一网格"])]
    version: int
    published_at: Instant
    entries: list[BoardEntry]
    posts: Annotated[
        list[BoardPost], Meta(description="每个岗位一行,空缺的写明原因和代办 / a row per post")
    ]
    reasons: Annotated[
        dict[str, str], Meta(description="发布人所写的空缺原因 / what its publisher said of posts")
    ]
    fresh: Annotated[bool, Meta(description="与名册一致 / it says what the roster says")]


class OnDuty(BoardEntry, kw_only=True):
    """此刻值守的管家 / A steward who answers now, and until when, where."""

    on_shift: bool
    place: str | None = None
    until: Instant | None = None


class DutyReply(Reply, kw_only=True):
    """值班 / Who answers now."""

    grid: str
    grid_name: str
    now: Instant
    covered: bool
    note_zh: str | None = None
    note_en: str | None = None
    items: list[OnDuty]
    next: None = None


class CardsReply(Reply, kw_only=True):
    """电子名片 / vCard 4.0."""

    grid: str
    version: int
    vcard: str


class Gap(Reply, kw_only=True):
    """一段空岗 / A span in which nobody sat."""

    start: Instant
    end: Instant


class GapReply(Reply, kw_only=True):
    """空岗 / When nobody sat."""

    grid: str
    gaps: list[Gap]
    minutes: int
    uncovered_minutes: int


class RequestReply(Changed, kw_only=True):
    """诉求 / A request after a step."""

    number: str
    handler: str | None = None
    due: Annotated[Instant, Meta(description="下一个期限 / what is due next")] | None = None
    due_accept: Instant | None = None
    due_contact: Instant | None = None
    due_resolve: Instant
    advice: Advice = UNSET
    duplicate: (
        Annotated[
            bool,
            Meta(description="同一编号、同一内容已提交过 / this very request stood here before"),
        ]
        | UnsetType
    ) = UNSET
    late: Annotated[bool, Meta(description="是否超时 / after its time")] | UnsetType = UNSET
    on_time: Annotated[bool, Meta(description="是否按时办结 / in time")] | UnsetType = UNSET
    merged_into: (
        Annotated[str, Meta(description="并入的诉求 / the case that it follows")] | UnsetType
    ) = UNSET
    verdict: Annotated[str, Meta(examples=["UPHELD"])] | UnsetType = UNSET


class Filed(RequestReply, kw_only=True):
    """已提交 / A request that was just filed, and what may be the same matter."""

    similar: (
        Annotated[
            list[desk.SimilarRequest],
            Meta(description="可能为同一事的在办诉求 / open requests that may be the same matter"),
        ]
        | UnsetType
    ) = UNSET


class Follower(Reply, kw_only=True):
    """并入本诉求的 / A request that was merged into this one; its reporter is called back too."""

    id: str
    number: str
    reporter_id: str | None = None
    contacted_at: Instant | None = None
    version: int


class CaseCard(Reply, kw_only=True):
    """诉求办理情况 / What became of a request, as its followers see it: nobody else's words."""

    id: str
    number: str
    state: str
    version: int
    kind: str
    category: str
    priority: str
    grid: str
    building: str | None = None
    handler: str | None = None
    subcategory: str | None = None
    standard_id: str | None = None
    created_at: Instant
    due_accept: Instant | None = None
    due_contact: Instant | None = None
    due_resolve: Instant
    accepted_at: Instant | None = None
    contacted_at: Instant | None = None
    resolved_at: Instant | None = None
    closed_at: Instant | None = None
    late: bool
    level: int
    reopen_count: int
    extended: bool
    paused_until: (
        Annotated[Instant, Meta(description="暂停计时至 / until when its clock rests")] | None
    ) = None
    outcome: str | None = None
    merged_into: str | None = None
    note: str | UnsetType | None = UNSET
    evidence: list[str] | UnsetType | None = UNSET
    stars: int | UnsetType | None = UNSET
    solved: bool | UnsetType | None = UNSET
    rating_text: str | UnsetType | None = UNSET
    advice: Advice = UNSET


class RequestCard(CaseCard, kw_only=True):
    """诉求卡 / A request as lists show it."""

    channel: str | UnsetType = UNSET
    external_ref: str | UnsetType | None = UNSET
    project_id: str | UnsetType | None = UNSET
    against: str | UnsetType | None = UNSET
    topic_id: str | UnsetType | None = UNSET
    reporter_id: str | UnsetType | None = UNSET
    handler_person: str | UnsetType | None = UNSET
    first_handler: str | UnsetType | None = UNSET
    occurred_at: Instant | UnsetType = UNSET
    returns: int | UnsetType = UNSET
    urged: int | UnsetType = UNSET
    review: str | UnsetType | None = UNSET
    summary: Summary = UNSET


class RequestDetail(RequestCard, kw_only=True):
    """诉求 / A request as the viewer may see it, with its words; a follower reads the case only."""

    text: str | UnsetType = UNSET
    details: RequestDetails | UnsetType = UNSET
    media: list[str] | UnsetType = UNSET
    erased_at: (
        Annotated[
            Instant,
            Meta(
                description="保存期满,文字与附件已删除 / its texts were erased, their time was over"
            ),
        ]
        | UnsetType
        | None
    ) = UNSET
    followers: (
        Annotated[
            list[Follower],
            Meta(description="并入的诉求,承办人同样回电 / those whom its handler calls back too"),
        ]
        | UnsetType
    ) = UNSET
    case: (
        Annotated[CaseCard, Meta(description="并入的诉求 / the case into which it was merged")]
        | UnsetType
    ) = UNSET


class RequestPage(Page[RequestCard], kw_only=True):
    """诉求列表的一页 / A page of requests, with the way back and how many there are in all."""

    total: int


class TimelineEntry(Reply, kw_only=True):
    """一步 / One step; of a case that one follows, with its number."""

    at: Instant
    action: str
    what_zh: str
    what_en: str
    by_role: str
    by_role_zh: str
    by_role_en: str
    state: str
    state_zh: str
    state_en: str
    version: int
    detail: Annotated[
        dict[str, object], Meta(description="随步骤而异 / what else is known of a step of its kind")
    ]
    number: str | UnsetType = UNSET
    reason_zh: str | UnsetType = UNSET
    reason_en: str | UnsetType = UNSET
    outcome_zh: str | UnsetType = UNSET
    outcome_en: str | UnsetType = UNSET
    ground_zh: str | UnsetType = UNSET
    ground_en: str | UnsetType = UNSET
    verdict_zh: str | UnsetType = UNSET
    verdict_en: str | UnsetType = UNSET


class Timeline(Reply, kw_only=True):
    """办理过程 / Everything that happened."""

    id: str
    number: str
    items: list[TimelineEntry]
    next: str | None = None
    prev: str | None = None


class Share(Reply, kw_only=True):
    """比例 / A part of a whole, in percent; null where the whole is nothing."""

    part: int
    whole: int
    percent: Annotated[str, Meta(examples=["75.00"])] | None = None


class GridCoverage(Reply, kw_only=True):
    """一个网格 / How one grid is served, and whether its board says so."""

    grid: str
    duties: Share
    missing: Annotated[list[str], Meta(description="空缺的岗位 / duties that nobody holds")]
    full_time_minutes: Share
    full_time_stewards: int
    households: int | None = None
    households_per_full_time: str | None = None
    board_fresh: bool


class Staffing(Reply, kw_only=True):
    """网格力量覆盖 / M-20 of an area: ratios of sums over its grids."""

    duties: Share
    full_time_minutes: Share
    households_per_full_time: str | None = None


class Coverage(Reply, kw_only=True):
    """各网格岗位、专职在岗与公示牌 / M-20 and M-21 of an area, and each of its grids."""

    scope: str
    period: str
    staffing: Staffing = field(name="M-20")
    fresh_boards: Share = field(name="M-21")
    items: list[GridCoverage]


class Rate(Reply, kw_only=True):
    """一项比率 / A rate; a sum with weights has no parts of its own."""

    percent: Annotated[str, Meta(examples=["97.50"])] | None = None
    numerator: int | None = None
    denominator: int | None = None


class MiddleAndMost(Reply, kw_only=True):
    """中位数与九分位 / Minutes that half of them, and nine tenths, did not exceed."""

    median: int | None = None
    p90: int | None = None


class TimesToResolve(Reply, kw_only=True):
    """办结时长 / How long it took by priority, in all hours and in those of working days."""

    priority: str
    requests: int
    elapsed_minutes: MiddleAndMost
    working_minutes: MiddleAndMost


class Rates(Reply, kw_only=True):
    """三率 / The three rates, exactly."""

    scope: str
    period: str
    rates: dict[str, Rate]
    counts: Annotated[dict[str, int], Meta(description="计数 / what was counted")]
    times_to_resolve: Annotated[
        list[TimesToResolve],
        Meta(description="各优先级办结时长的中位数与九分位(分钟)/ median and p90 in minutes"),
    ]
    endings: Annotated[
        list[desk.Ending], Meta(description="按办结类别分别计数 / counted apart, by how they ended")
    ] = field(default_factory=list)
    return_visits: Annotated[
        dict[str, int],
        Meta(description="回访结果,另行计数 / what calls about closed cases came to"),
    ] = field(default_factory=dict)


class HoursReply(Changed, kw_only=True):
    """志愿记录 / A volunteer record."""

    minutes: int
    day_minutes: Annotated[int, Meta(description="当日合计 / what the day has now")] | UnsetType = (
        UNSET
    )
    daily_cap: (
        Annotated[bool, Meta(description="超过当日上限 / whether it passes the day's cap")]
        | UnsetType
    ) = UNSET
    previous_minutes: int | UnsetType = UNSET


class HoursCard(Reply, kw_only=True):
    """志愿记录 / A volunteer record."""

    id: str
    person_id: str
    area: str
    date: date
    minutes: int
    source: str
    activity: str
    check_in: Instant | None = None
    check_out: Instant | None = None
    state: str
    recorded_by: str | None = None
    confirmed_by: str | None = None
    version: int


class HazardReply(Changed, kw_only=True):
    """隐患 / A danger as it stands now, and the request that removes it."""

    request_id: str | UnsetType = UNSET
    request_number: str | UnsetType = UNSET


class VisitOutcome(Outcome, kw_only=True):
    """一条走访结果 / What became of one visit."""

    client_id: str
    late: bool
    request_id: str | UnsetType = UNSET
    request_number: str | UnsetType = UNSET


class VisitsReply(Batch, kw_only=True):
    """走访结果 / One result per visit, in the order given."""

    items: list[VisitOutcome]


__all__ = [
    "AreaCard",
    "AreaReply",
    "Batch",
    "BoardEntry",
    "BoardPost",
    "BoardReply",
    "CalendarYear",
    "CalendarYears",
    "CardsReply",
    "CaseCard",
    "CategoryCard",
    "CategoryCards",
    "Change",
    "Changed",
    "CodeAsked",
    "CodeSent",
    "CodeState",
    "CorrectionCard",
    "Coverage",
    "Deactivated",
    "DeathCard",
    "DutyReply",
    "ErasureCard",
    "Filed",
    "Follower",
    "Gap",
    "GapReply",
    "Grade",
    "GridCoverage",
    "HazardCard",
    "HazardReply",
    "Home",
    "HoursCard",
    "HoursReply",
    "HouseholdAt",
    "HouseholdsAt",
    "Mending",
    "MergeCard",
    "MergeReply",
    "MiddleAndMost",
    "NumberShown",
    "OnDuty",
    "OpenRequest",
    "OpenStep",
    "Outcome",
    "Outline",
    "PeopleFound",
    "PeopleReply",
    "PeopleSearched",
    "PeopleStored",
    "PersonCard",
    "PersonOutcome",
    "PersonRead",
    "PlaceCard",
    "Post",
    "ProposalReply",
    "Rate",
    "Rates",
    "RegisteredPerson",
    "RequestCard",
    "RequestDetail",
    "RequestPage",
    "RequestReply",
    "Rung",
    "ShapeCard",
    "ShapeReply",
    "Share",
    "ShiftCard",
    "Spot",
    "Spots",
    "Staffing",
    "StewardCard",
    "StewardMonth",
    "StewardReply",
    "Timeline",
    "TimelineEntry",
    "TimesToResolve",
    "Visit",
    "VisitOutcome",
    "VisitsReply",
    "desk",
    "wanted_of",
]
