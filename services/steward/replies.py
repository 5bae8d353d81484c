"""What the steward service answers: the types that a caller may rely on."""

from datetime import date
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from chassis.fields import Instant
from chassis.replies import Page, Reply


class Changed(Reply, kw_only=True):
    """变更结果 / What a command left behind."""

    id: str | None = None
    state: str
    version: int | None = None


class Batch(Reply, kw_only=True):
    """逐条结果 / One result per item, in the order given."""

    state: str
    items: list[dict[str, Any]]


class AreaReply(Changed, kw_only=True):
    """区域 / An area as defined."""

    warnings: Annotated[list[str], Meta(examples=[["GRID_SIZE_WARN"]])] = field(
        default_factory=list
    )


class AreaCard(Reply, kw_only=True):
    """区域卡 / An area."""

    code: str
    name: str
    kind: str
    parent: str | None = None
    households: int | None = None
    persons: int | None = None


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
    id: str | None = None


class CalendarYears(Reply, kw_only=True):
    """工作日历 / How far the working days are known; later ones are provisional.

    `years` holds the years that are known, shipped ones among them; `items` those that were loaded
    here or wait.
    """

    until: date
    days_left: int
    ends_soon: bool
    years: list[int]
    items: list[CalendarYear]


class MergeReply(Changed, kw_only=True):
    """合并提议 / A proposal that two registrations are one human."""

    person_id: str
    into: str


class MergeCard(Reply, kw_only=True):
    """合并提议 / A proposal that two registrations are one human."""

    id: str
    person_id: str
    into: str
    state: str
    reason: str
    proposed_by: str
    version: int


class Change(Reply, kw_only=True):
    """一次变更 / What was changed, by whom and why."""

    at: Instant
    actor_id: str
    role: str
    action: str
    version: int
    fields: list[str]
    before: dict[str, Any]
    reason: str | None = None


class PersonCard(Reply, kw_only=True):
    """人员卡,按查看人遮蔽 / A person, masked for the viewer."""

    person_id: str
    name: Annotated[str, Meta(examples=["王*丽"])]
    community: str


class PersonRead(Reply, kw_only=True):
    """查阅记录 / Who read what of whom; a person learns the office, not the name."""

    at: Instant
    actor_id: str | None = None
    role: str
    role_zh: Annotated[str, Meta(examples=["社区两委"])]
    role_en: str
    office: Annotated[str, Meta(examples=["春晖社区"])] | None = None
    door: str
    person_id: str | None = None
    why: str
    field: Annotated[str, Meta(description="查看的号码 / the number that was shown")] | None = None
    request_id: Annotated[str, Meta(description="因哪件诉求 / for which request")] | None = None
    reason: str | None = None


class NumberShown(Reply, kw_only=True):
    """号码 / The number, this once; it is kept in no reply, event or log."""

    id: str
    state: Literal["REVEALED"]
    field: str
    value: Annotated[str, Meta(examples=["12812345678"])]
    request_id: str | None = None
    at: Instant
    left: Annotated[int, Meta(description="今天还可查看的次数 / how many are left of the day")]


class PeopleReply(Reply, kw_only=True):
    """人员卡 / Cards in the order asked."""

    items: list[PersonCard]


class ShiftCard(Reply, kw_only=True):
    """值班 / A shift."""

    id: str
    steward_id: str
    grid: str
    start: Instant
    end: Instant
    place: str
    state: str
    version: int


class StewardCard(Reply, kw_only=True):
    """管家卡 / A steward; who he is, to himself and to who reads the roster."""

    id: str
    person_id: str | None = None
    type: str
    duty: str
    grids: list[str]
    community: str
    state: str
    spendable: bool
    version: int


class StewardMonth(Reply, kw_only=True):
    """管家月卡 / A steward's month."""

    steward_id: str
    period: str
    orders: int
    accepted_on_time: int
    visits: int
    visit_quota: int
    attendance_full: bool


class BoardPost(Reply, kw_only=True):
    """岗位 / A post of a board; without a name it says why, and which post does its work."""

    duty: Annotated[str, Meta(examples=["GRID_WORKER"])]
    duty_zh: Annotated[str, Meta(examples=["网格员"])]
    duty_en: Annotated[str, Meta(examples=["Grid worker"])]
    name: Annotated[str, Meta(description="只列本人同意公示的 / of those who agreed")] | None = None
    work_phone: str | None = None
    note_zh: Annotated[str, Meta(examples=["岗位空缺"])] | None = None
    note_en: Annotated[str, Meta(examples=["Vacant"])] | None = None
    backup: Annotated[str, Meta(description="代办岗位 / the post that stands in")] | None = None
    backup_zh: str | None = None
    backup_en: str | None = None


class BoardEntry(Reply, kw_only=True):
    """公示的管家 / A steward on a board; never a person's id."""

    steward_id: str
    duty: str
    duty_zh: Annotated[str, Meta(examples=["网格员"])]
    duty_en: Annotated[str, Meta(examples=["Grid worker"])]
    name: str
    work_phone: str | None = None


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


class DutyReply(Reply, kw_only=True):
    """值班 / Who answers now."""

    grid: str
    grid_name: str
    covered: bool
    note_zh: str | None = None
    note_en: str | None = None
    items: list[BoardEntry]


class CardsReply(Reply, kw_only=True):
    """电子名片 / vCard 4.0."""

    grid: str
    vcard: str


class GapReply(Reply, kw_only=True):
    """空岗 / When nobody sat."""

    grid: str
    gaps: list[dict[str, str]]
    uncovered_minutes: int


class RequestReply(Changed, kw_only=True):
    """诉求 / A request after a step."""

    number: str
    handler: str | None = None
    due: Annotated[Instant, Meta(description="下一个期限 / what is due next")] | None = None
    due_accept: Instant | None = None
    due_contact: Instant | None = None
    due_resolve: Instant | None = None
    duplicate: Annotated[
        bool, Meta(description="同一编号、同一内容已提交过 / this very request stood here before")
    ] = False


class Follower(Reply, kw_only=True):
    """并入本诉求的 / A request that was merged into this one; its reporter is called back too."""

    id: str
    number: str
    reporter_id: str | None = None
    contacted_at: Instant | None = None
    version: int


class RequestCard(Reply, kw_only=True):
    """诉求卡 / A request as the viewer may see it."""

    id: str
    number: str
    state: str
    version: int
    kind: str
    category: str
    priority: str
    grid: str
    handler: str | None = None
    due_resolve: Instant
    late: bool
    level: int
    erased_at: (
        Annotated[
            Instant,
            Meta(
                description="保存期满,文字与附件已删除 / its texts were erased, their time was over"
            ),
        ]
        | None
    ) = None
    followers: (
        Annotated[
            list[Follower],
            Meta(description="并入的诉求,承办人同样回电 / those whom its handler calls back too"),
        ]
        | None
    ) = None


class RequestPage(Page[RequestCard], kw_only=True):
    """诉求列表的一页 / A page of requests, with the way back and how many there are in all."""

    prev: Annotated[str, Meta(description="前一页的游标 / cursor of the page before")] | None = None
    total: int


class TimelineEntry(Reply, kw_only=True):
    """一步 / One step."""

    at: Instant
    action: str
    what_zh: str
    what_en: str
    state: str


class Timeline(Reply, kw_only=True):
    """办理过程 / Everything that happened."""

    id: str
    number: str
    items: list[TimelineEntry]


class SimilarReply(Reply, kw_only=True):
    """可能相同的诉求 / Open requests that may be the same."""

    items: list[dict[str, Any]]


class Coverage(Reply, kw_only=True):
    """各网格岗位、专职在岗与公示牌 / M-20 and M-21 of an area, and each of its grids."""

    scope: str
    period: str
    items: list[dict[str, Any]]


class Rates(Reply, kw_only=True):
    """三率 / The three rates, exactly."""

    scope: str
    period: str
    rates: dict[str, dict[str, Any]]
    counts: Annotated[dict[str, int], Meta(description="计数 / what was counted")]
    times_to_resolve: Annotated[
        list[dict[str, Any]],
        Meta(description="各优先级办结时长的中位数与九分位(分钟)/ median and p90 in minutes"),
    ]


class HoursReply(Changed, kw_only=True):
    """志愿记录 / A volunteer record."""

    minutes: int


class HoursCard(Reply, kw_only=True):
    """志愿记录 / A volunteer record."""

    id: str
    person_id: str
    minutes: int
    source: str
    state: str
    version: int


class HazardCard(Reply, kw_only=True):
    """隐患 / A reported danger."""

    id: str
    category: str
    grid: str
    place: str
    media: list[str]
    state: str
    request_id: (
        Annotated[str, Meta(description="转办的诉求 / the request that removes it")] | None
    ) = None
    version: int
