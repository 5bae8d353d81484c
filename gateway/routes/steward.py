"""The steward service over HTTP: ground, people, stewards, requests, volunteer hours, visits."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from chassis.text import AREA as CODE
from chassis.text import GRID, PERIOD
from gateway.doors import ANY, PUBLIC, Body, Doors, ListParams, Page, Params, Reply

DOORS = Doors("steward", tag="红色管家 / Red Steward")

REGISTRARS = ("R_GRID", "R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT", "R_SYSTEM")
APPOINTERS = ("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT", "R_SYSTEM")
ORGANISERS = ("R_STEWARD", "R_GRID", "R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT")
SCREENERS = ("R_CADRE", "R_SECRETARY", "R_STREET")
HANDLERS = ("R_STEWARD", "R_GRID", "R_CADRE")
WATCHERS = (
    "R_CADRE",
    "R_SECRETARY",
    "R_STREET",
    "R_STREET_LEAD",
    "R_DISTRICT",
    "R_DISTRICT_LEAD",
    "R_AUDITOR",
    "R_SYSTEM",
)

Category = Literal[
    "WATER", "POWER", "GAS", "HEAT", "NETWORK",
    "REPAIR_COMMON", "LIFT", "CLEANING", "GREENING", "PARKING", "DOOR_CONTROL",
    "NOISE", "NEIGHBOUR_DISPUTE", "PETS", "SECURITY", "FRAUD",
    "POLICY", "SOCIAL_AID", "ELDERLY_CARE", "CERTIFICATE",
    "PROPERTY_SERVICE", "MERCHANT_NUISANCE", "FIRE_LANE", "STREET_OCCUPATION",
    "FACILITY_RENEWAL", "CHARGING_POLE", "OLD_COMPOUND",
]  # fmt: skip
Duty = Literal[
    "COMMUNITY_CADRE", "GRID_WORKER", "PROPERTY_STAFF",
    "POLICE", "BUILDING_HEAD", "WATER", "POWER", "GAS", "HEAT", "NETWORK",
]  # fmt: skip
State = Literal[
    "SUBMITTED", "DISPATCHED", "RETURNED", "ACCEPTED", "IN_PROGRESS", "RESOLVED", "RATED",
    "CLOSED", "CANCELLED", "REJECTED", "MERGED",
]  # fmt: skip
Kind = Literal["CONSULT", "HELP", "REPAIR", "COMPLAINT", "SUGGESTION", "HAZARD"]
Priority = Literal["P1", "P2", "P3", "P4"]
MediaRef = Annotated[str, Field(min_length=1, max_length=200)]
AreaKind = Literal["DISTRICT", "STREET", "TOWN", "COMMUNITY", "GRID"]


class Changed(Reply):
    """变更结果 / What a command left behind."""

    id: str | None = None
    state: str
    version: int | None = None


class Batch(Reply):
    """逐条结果 / One result per item, in the order given."""

    state: str
    items: list[dict[str, Any]]


class NoFilter(Params):
    """无参数 / No parameters."""


# ------------------------------------------------------------------------------------------ ground


class DefineArea(Body):
    """定义区域 / Define an area."""

    code: str = Field(pattern=CODE, examples=["370811015901"], description="区划代码 / code")
    name: str = Field(min_length=1, max_length=60, examples=["春晖社区"])
    kind: AreaKind = Field(examples=["COMMUNITY"])
    households: int | None = Field(None, ge=0, examples=[2100])
    persons: int | None = Field(None, ge=0, examples=[6250])


class CorrectArea(Body):
    """更正区域 / An area's name or size was wrong."""

    reason: str = Field(min_length=2, max_length=300, examples=["名称写错"])
    name: str | None = Field(None, min_length=1, max_length=60, examples=["春辉社区"])
    households: int | None = Field(None, ge=0, le=10_000_000)
    persons: int | None = Field(None, ge=0, le=10_000_000)


class AreaReply(Changed):
    """区域 / An area as defined."""

    warnings: list[str] = Field(default_factory=list, examples=[["GRID_SIZE_WARN"]])


class AreaFilter(ListParams):
    """区域筛选 / Which areas."""

    root: str = Field("370811", pattern=CODE, description="上级代码 / areas in this one")
    kind: AreaKind | None = None


class AreaCard(Reply):
    """区域卡 / An area."""

    code: str
    name: str
    kind: str
    parent: str | None = None
    households: int | None = None
    persons: int | None = None


DOORS.command(
    "POST",
    "/areas",
    "define_area",
    body=DefineArea,
    reply=AreaReply,
    roles=("R_STREET", "R_DISTRICT", "R_SYSTEM"),
    status=201,
    summary="定义区域 / Define an area",
)
DOORS.query(
    "GET",
    "/areas",
    "areas",
    params=AreaFilter,
    reply=Page[AreaCard],
    roles=PUBLIC,
    summary="区域树 / Areas below a root",
)
DOORS.query("GET", "/areas/{code}", "area", reply=AreaCard, roles=PUBLIC, summary="区域 / One area")


class Reason(Body):
    """理由 / A reason."""

    reason: str = Field(min_length=2, max_length=300, examples=["本人申请调离"])


# ---------------------------------------------------------------------------------------- calendar


class ProposeCalendarYear(Body):
    """年度工作日历 / A year's working days, as the State Council's notice says."""

    year: int = Field(ge=2000, le=2099, examples=[2027])
    off: list[str] = Field(
        max_length=100,
        description="放假日期:MM-DD、YYYY-MM-DD 或以 .. 连接的区间 / days off, or ranges of them",
        examples=[["01-01..01-03", "05-01..05-05", "10-01..10-07"]],
    )
    make_up: list[str] = Field(
        default_factory=list,
        max_length=100,
        description="调休上班的周六、周日 / Saturdays and Sundays that are worked",
        examples=[["10-09"]],
    )
    source: str = Field(
        min_length=1, max_length=300, examples=["国务院办公厅关于2027年部分节假日安排的通知"]
    )


class ProposalReply(Changed):
    """已处理 / The proposal as it stands now."""

    year: int


class CalendarYear(Reply):
    """年度工作日历 / A year that was loaded, or that waits for its decision."""

    year: int
    state: Literal["PROPOSED", "LOADED"]
    off: list[date]
    make_up: list[date]
    source: str
    version: int
    at: datetime
    id: str | None = None


class CalendarYears(Reply):
    """工作日历 / How far the working days are known; later ones are provisional.

    `years` holds the years that are known, shipped ones among them; `items` those that were loaded
    here or wait.
    """

    until: date
    days_left: int
    ends_soon: bool
    years: list[int]
    items: list[CalendarYear]


DOORS.query(
    "GET", "/calendar-years", "calendar_years", reply=CalendarYears, roles=PUBLIC,
    summary="工作日历 / How far the working days are known",
)  # fmt: skip
DOORS.command(
    "POST", "/calendar-years", "propose_calendar_year", body=ProposeCalendarYear,
    reply=ProposalReply, roles=("R_DISTRICT",), status=201,
    summary="提交年度日历 / Propose a year; another person loads it",
)  # fmt: skip
DOORS.command(
    "POST", "/calendar-years/{proposal_id}/approve", "approve_calendar_year",
    reply=ProposalReply, roles=("R_DISTRICT",), if_match=True,
    summary="启用年度日历 / Load a year that another person has proposed",
)  # fmt: skip
DOORS.command(
    "POST", "/calendar-years/{proposal_id}/reject", "reject_calendar_year", body=Reason,
    reply=ProposalReply, roles=("R_DISTRICT",), if_match=True,
    summary="退回年度日历 / Turn a proposed year down, or take it back",
)  # fmt: skip


DOORS.command(
    "POST",
    "/areas/{code}/correct",
    "correct_area",
    body=CorrectArea,
    reply=AreaReply,
    roles=("R_STREET", "R_DISTRICT", "R_SYSTEM"),
    if_match=True,
    summary="更正区域名称或规模 / Correct an area's name or size",
)


# ------------------------------------------------------------------------------------------ people


class RegisterPerson(Body):
    """登记人员 / Register a person; synthetic people bear recognisable numbers."""

    name: str = Field(min_length=2, max_length=20, examples=["王小丽"])
    synthetic: bool = Field(examples=[True], description="合成数据 / invented person")
    phone: str | None = Field(None, examples=["12812345678"])
    id_no: str | None = Field(None, examples=["370899198001010012"])
    birth_year: int | None = Field(None, ge=1900, le=2100, examples=[1980])
    grid: str | None = Field(None, pattern=GRID, examples=["370811015901001"])
    household_id: str | None = Field(None, max_length=64)
    person_id: str | None = Field(None, description="可由调用方给定 / may be chosen by the caller")


class PersonLine(RegisterPerson):
    """一条人员 / One line; what is wrong with it is told in its own result."""

    name: str = Field(examples=["王小丽"])
    grid: str | None = Field(None, examples=["370811015901001"])


class RegisterPeople(Body):
    """批量登记 / Register up to 500 people."""

    people: list[PersonLine] = Field(min_length=1, max_length=500)


class MovePerson(Body):
    """迁移 / Move within the district."""

    to_grid: str = Field(pattern=GRID, examples=["370811015901002"])
    household_id: str | None = Field(None, max_length=64)


class DeactivatePerson(Body):
    """注销 / Deactivate."""

    reason: Literal["MOVED_OUT", "DECEASED"]


class CorrectPerson(Body):
    """更正 / What was wrong; what is left out stays."""

    reason: str = Field(min_length=2, max_length=300, examples=["登记时姓名写错"])
    name: str | None = Field(None, examples=["王小莉"])
    phone: str | None = Field(None, max_length=40, examples=["12812345679"])
    id_no: str | None = Field(None, max_length=40, description="须社区干部以上 / by a cadre")
    birth_year: int | None = Field(None, ge=1900, le=2100)
    household_id: str | None = Field(None, min_length=1, max_length=64)
    clear: list[Literal["phone", "household_id"]] = Field(
        default_factory=list, description="清空的项 / what is emptied"
    )


class ReturnPerson(Body):
    """回迁或更正误登 / He lives here again, or was never gone."""

    grid: str = Field(pattern=GRID, examples=["370811015901002"])
    reason: str = Field(min_length=2, max_length=300, examples=["迁回原小区"])
    household_id: str | None = Field(None, max_length=64)
    phone: str | None = Field(None, max_length=40)


class ProposeMerge(Body):
    """重复登记 / This registration and `into` are one human; `into` stays."""

    into: str = Field(description="保留的人员编号 / the id that stays")
    reason: str = Field(min_length=2, max_length=300, examples=["同一人登记两次"])


class DecideMerge(Body):
    """合并结论 / Whether they are one human."""

    confirmed: bool


class MergeReply(Changed):
    """合并提议 / A proposal that two registrations are one human."""

    person_id: str
    into: str


class MergeFilter(ListParams):
    """合并提议筛选 / Which proposals; those that wait when left out."""

    scope: str | None = Field(None, pattern=CODE)
    state: Literal["PROPOSED", "CONFIRMED", "REJECTED"] | None = "PROPOSED"


class MergeCard(Reply):
    """合并提议 / A proposal that two registrations are one human."""

    id: str
    person_id: str
    into: str
    state: str
    reason: str
    proposed_by: str
    version: int


class PersonSearch(Params):
    """精确查找 / Exactly this phone or identity number; each search is noted."""

    phone: str | None = Field(None, max_length=30, examples=["12812345678"])
    id_no: str | None = Field(None, max_length=40)


class Change(Reply):
    """一次变更 / What was changed, by whom and why."""

    at: datetime
    actor_id: str
    role: str
    action: str
    version: int
    fields: list[str]
    before: dict[str, Any]
    reason: str | None = None


class PeopleFilter(Params):
    """人员编号 / Whose cards."""

    ids: list[str] = Field(max_length=200, description="ids=a,b / ids=a&ids=b")


class PersonCard(Reply):
    """人员卡,按查看人遮蔽 / A person, masked for the viewer."""

    person_id: str
    name: str = Field(examples=["王*丽"])
    community: str


class ReadFilter(ListParams):
    """查阅记录筛选 / Which reads; without an area, all of the auditor's scope."""

    scope: str | None = Field(None, pattern=CODE)
    person_id: str | None = Field(None, description="被查阅人 / whose data")
    actor_id: str | None = Field(None, description="查阅人 / who read")


class PersonRead(Reply):
    """查阅记录 / Who read what of whom; a person learns the office, not the name."""

    at: datetime
    actor_id: str | None = None
    role: str
    role_zh: str = Field(examples=["社区两委"])
    role_en: str
    office: str | None = Field(None, examples=["春晖社区"])
    door: str
    person_id: str | None = None
    why: str
    field: str | None = Field(None, description="查看的号码 / the number that was shown")
    request_id: str | None = Field(None, description="因哪件诉求 / for which request")
    reason: str | None = None


class RevealNumber(Body):
    """查看手机号码 / A phone in the clear, to call somebody back."""

    subject: str = Field(
        min_length=1,
        max_length=64,
        description="人员编号 / whose number",
        examples=["per_00000000-0000-7000-8000-000000000001"],
    )
    field: Literal["phone"] = Field(
        "phone", description="身份证号不存明文,不能查看 / identity numbers are not stored"
    )
    reason: str = Field(min_length=10, max_length=300, examples=["回电核实楼道灯的具体位置"])
    case_ref: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="在办诉求的编号 / the open request that it is for, by id or number",
        examples=["SR-20250303-015901-00001"],
    )


class NumberShown(Reply):
    """号码 / The number, this once; it is kept in no reply, event or log."""

    id: str
    state: Literal["REVEALED"]
    field: str
    value: str = Field(examples=["12812345678"])
    request_id: str | None = None
    at: datetime
    left: int = Field(description="今天还可查看的次数 / how many are left of the day")


class PeopleReply(Reply):
    """人员卡 / Cards in the order asked."""

    items: list[PersonCard]


DOORS.command(
    "POST",
    "/people",
    "register_person",
    body=RegisterPerson,
    reply=Changed,
    roles=REGISTRARS,
    status=201,
    summary="登记人员 / Register a person",
)
DOORS.command(
    "POST",
    "/people-batch",
    "register_people",
    body=RegisterPeople,
    reply=Batch,
    roles=REGISTRARS,
    summary="批量登记人员 / Register many people",
    description="每条单独受理或拒绝。Each line is taken or refused by itself.",
)
DOORS.command(
    "POST",
    "/people/{person_id}/move",
    "move_person",
    body=MovePerson,
    reply=Changed,
    roles=REGISTRARS,
    if_match=True,
    summary="居民迁移 / Move a resident",
)
DOORS.command(
    "POST",
    "/people/{person_id}/deactivate",
    "deactivate_person",
    body=DeactivatePerson,
    reply=Changed,
    roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"),
    if_match=True,
    summary="居民注销 / Deactivate a resident",
)
DOORS.command(
    "POST",
    "/people/{person_id}/correct",
    "correct_person",
    body=CorrectPerson,
    reply=Changed,
    roles=REGISTRARS,
    if_match=True,
    summary="更正人员信息 / Correct what was registered of a person",
)
DOORS.command(
    "POST",
    "/people/{person_id}/return",
    "return_person",
    body=ReturnPerson,
    reply=Changed,
    roles=REGISTRARS,
    if_match=True,
    summary="居民回迁 / A person lives here again",
    description="误登死亡的由社区干部以上更正。A cadre or above corrects a mistaken death.",
)
DOORS.command(
    "POST",
    "/people/{person_id}/merge",
    "propose_merge",
    body=ProposeMerge,
    reply=MergeReply,
    roles=REGISTRARS,
    if_match=True,
    status=201,
    summary="提议合并重复登记 / Propose that two registrations are one human",
    description="由另一人确认后生效。It takes effect when somebody else confirms.",
)
DOORS.query(
    "GET",
    "/people/{person_id}/history",
    "person_history",
    params=ListParams,
    reply=Page[Change],
    roles=ANY,
    summary="人员变更记录 / What was changed of a person",
)
DOORS.command(
    "POST",
    "/person-merges/{merge_id}/decide",
    "decide_merge",
    body=DecideMerge,
    reply=MergeReply,
    roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"),
    if_match=True,
    summary="确认或否决合并 / Confirm or reject a merge",
)
DOORS.query(
    "GET",
    "/person-merges",
    "person_merges",
    params=MergeFilter,
    reply=Page[MergeCard],
    roles=REGISTRARS,
    summary="合并提议 / Proposals that two registrations are one human",
)
DOORS.query(
    "GET",
    "/people",
    "people",
    params=PersonSearch,
    reply=PeopleReply,
    roles=REGISTRARS,
    summary="按手机号或身份证号精确查找 / Find by exact phone or identity number",
    description="只查本辖区,每次查找均留痕。Within the caller's area only; each search is noted.",
)
DOORS.query(
    "GET",
    "/people-cards",
    "people_cards",
    params=PeopleFilter,
    reply=PeopleReply,
    roles=PUBLIC,
    cost=5,
    summary="人员卡(按权限遮蔽) / People, masked for the viewer",
)
DOORS.query(
    "GET",
    "/people/{person_id}",
    "person",
    reply=PersonCard,
    roles=ANY,
    summary="人员 / One person in the registry",
)
DOORS.query(
    "GET",
    "/areas/{code}/history",
    "area_history",
    params=ListParams,
    reply=Page[Change],
    roles=("R_STREET", "R_DISTRICT", "R_SYSTEM"),
    summary="区域变更记录 / What was changed of an area",
)
DOORS.query(
    "GET",
    "/person-reads",
    "person_reads",
    params=ReadFilter,
    reply=Page[PersonRead],
    roles=ANY,
    summary="个人信息查阅记录 / Who read personal data of whom",
    description="居民查本人的;审计员查本辖区的。A resident reads his own; an auditor his area's.",
)
DOORS.command(
    "POST",
    "/pii/reveal",
    "reveal_number",
    common=True,
    body=RevealNumber,
    reply=NumberShown,
    roles=("R_STEWARD", "R_GRID", "R_CADRE", "R_SECRETARY"),
    summary="查看手机号码(回电) / A phone number in the clear",
    description="限在办诉求的承办人和本人所在社区的工作人员;须说明理由,每次留痕,本人可查,每日限次。"
    "For the handler of an open request and the officials of the person's community; with a reason,"
    " noted each time, told to the person, so many a day.",
)


# ---------------------------------------------------------------------------------------- stewards


class EnrolSteward(Body):
    """任命管家 / Enrol a steward."""

    person_id: str
    type: Literal["FULL_TIME", "PART_TIME"]
    duty: Duty
    grids: list[str] = Field(min_length=1, max_length=200, examples=[["370811015901001"]])
    employer: str | None = Field(None, max_length=100)
    work_phone: str | None = Field(None, max_length=30, examples=["0537-0000001"])
    spendable: bool | None = Field(None, description="积分可否兑换 / may spend points")
    is_state_official: bool = False
    board_consent: bool = Field(False, description="本人同意公示 / he agrees to the board")
    consent_ref: str | None = Field(
        None,
        min_length=2,
        max_length=100,
        description="书面同意书编号 / number of his written consent",
        examples=["公示同意-2025-001"],
    )
    steward_id: str | None = None


class CorrectSteward(Body):
    """更正管家信息 / What was wrong about a post; what is left out stays."""

    reason: str = Field(min_length=2, max_length=300, examples=["更换工作电话"])
    duty: Duty | None = None
    grids: list[str] | None = Field(None, min_length=1, max_length=200)
    employer: str | None = Field(None, min_length=1, max_length=100)
    work_phone: str | None = Field(None, max_length=30, examples=["(0537)2345678"])
    is_state_official: bool | None = None
    clear: list[Literal["employer", "work_phone"]] = Field(
        default_factory=list, description="清空的项 / what is emptied"
    )


class BoardConsent(Body):
    """公示同意 / Whether one's own name may stand on public boards."""

    agrees: bool


class PlanShift(Body):
    """排班 / Plan a shift."""

    steward_id: str
    grid: str = Field(pattern=GRID)
    start: datetime = Field(examples=["2025-03-03T08:00:00+08:00"])
    end: datetime = Field(examples=["2025-03-03T20:00:00+08:00"])
    place: str = Field(min_length=1, max_length=100, examples=["红色驿站"])


class ShiftFilter(ListParams):
    """值班筛选 / Which shifts; of the month that runs when no span is given."""

    scope: str | None = Field(None, pattern=CODE)
    steward_id: str | None = None
    start: datetime | None = None
    end: datetime | None = None


class ShiftCard(Reply):
    """值班 / A shift."""

    id: str
    steward_id: str
    grid: str
    start: datetime
    end: datetime
    place: str
    state: str
    version: int


class PublishBoard(Body):
    """发布公示牌 / Publish a contact board."""

    reasons: dict[str, str] = Field(
        default_factory=dict,
        description="无人岗位的说明 / why a duty has no name",
        examples=[{"GAS": "本小区未通燃气"}],
    )


class StewardCard(Reply):
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


class StewardFilter(ListParams):
    """管家筛选 / Which stewards."""

    scope: str = Field(pattern=CODE, examples=["370811015901"])
    duty: Duty | None = None


class MonthFilter(Params):
    """月份 / Which month."""

    period: str = Field(pattern=PERIOD, examples=["2025-03"])


class GapFilter(Params):
    """时段 / Which span."""

    start: datetime
    end: datetime


class StewardMonth(Reply):
    """管家月卡 / A steward's month."""

    steward_id: str
    period: str
    orders: int
    accepted_on_time: int
    visits: int
    visit_quota: int
    attendance_full: bool


class BoardPost(Reply):
    """岗位 / A post of a board; without a name it says why, and which post does its work."""

    duty: str = Field(examples=["GRID_WORKER"])
    duty_zh: str = Field(examples=["网格员"])
    duty_en: str = Field(examples=["Grid worker"])
    name: str | None = Field(None, description="只列本人同意公示的 / of those who agreed")
    work_phone: str | None = None
    note_zh: str | None = Field(None, examples=["岗位空缺"])
    note_en: str | None = Field(None, examples=["Vacant"])
    backup: str | None = Field(None, description="代办岗位 / the post that stands in")
    backup_zh: str | None = None
    backup_en: str | None = None


class BoardEntry(Reply):
    """公示的管家 / A steward on a board; never a person's id."""

    steward_id: str
    duty: str
    duty_zh: str = Field(examples=["网格员"])
    duty_en: str = Field(examples=["Grid worker"])
    name: str
    work_phone: str | None = None


class BoardReply(Reply):
    """公示牌 / A contact board."""

    grid: str
    grid_name: str = Field(examples=["春晖社区第一网格"])
    version: int
    published_at: datetime
    entries: list[BoardEntry]
    posts: list[BoardPost] = Field(description="每个岗位一行,空缺的写明原因和代办 / a row per post")


class DutyReply(Reply):
    """值班 / Who answers now."""

    grid: str
    grid_name: str
    covered: bool
    note_zh: str | None = None
    note_en: str | None = None
    items: list[BoardEntry]


class CardsReply(Reply):
    """电子名片 / vCard 4.0."""

    grid: str
    vcard: str


class GapReply(Reply):
    """空岗 / When nobody sat."""

    grid: str
    gaps: list[dict[str, str]]
    uncovered_minutes: int


DOORS.command(
    "POST",
    "/stewards",
    "enrol_steward",
    body=EnrolSteward,
    reply=Changed,
    roles=APPOINTERS,
    status=201,
    summary="任命红色管家 / Enrol a steward",
)
DOORS.command(
    "POST",
    "/stewards/{steward_id}/correct",
    "correct_steward",
    body=CorrectSteward,
    reply=Changed,
    roles=APPOINTERS,
    if_match=True,
    summary="更正管家岗位、网格或电话 / Correct a steward's duty, grids or phone",
)
DOORS.query(
    "GET",
    "/stewards/{steward_id}/history",
    "steward_history",
    params=ListParams,
    reply=Page[Change],
    roles=APPOINTERS,
    summary="管家变更记录 / What was changed of a steward",
)
DOORS.command(
    "POST",
    "/stewards/{steward_id}/board-consent",
    "agree_to_board",
    body=BoardConsent,
    reply=Changed,
    roles=ANY,
    if_match=True,
    summary="本人同意或撤回公示 / One's own consent to stand on public boards",
)
DOORS.command(
    "POST",
    "/stewards/{steward_id}/suspend",
    "suspend_steward",
    body=Reason,
    reply=Changed,
    roles=APPOINTERS,
    if_match=True,
    summary="暂停管家 / Suspend a steward",
)
DOORS.command(
    "POST",
    "/stewards/{steward_id}/resume",
    "resume_steward",
    reply=Changed,
    roles=APPOINTERS,
    if_match=True,
    summary="恢复管家 / Let a steward serve again",
)
DOORS.command(
    "POST",
    "/stewards/{steward_id}/leave",
    "leave_steward",
    body=Reason,
    reply=Changed,
    roles=APPOINTERS,
    if_match=True,
    summary="管家离任并移交 / Let a steward leave and hand over",
)
DOORS.query(
    "GET",
    "/stewards",
    "stewards",
    params=StewardFilter,
    reply=Page[StewardCard],
    roles=("R_GRID", *WATCHERS),
    summary="管家名册 / Stewards of an area",
)
DOORS.query(
    "GET",
    "/stewards/{steward_id}",
    "steward",
    reply=StewardCard,
    roles=ANY,
    summary="管家卡 / A steward's card",
)
DOORS.query(
    "GET",
    "/stewards/{steward_id}/month",
    "steward_month",
    params=MonthFilter,
    reply=StewardMonth,
    roles=ANY,
    summary="管家月卡 / A steward's month",
)
DOORS.command(
    "POST",
    "/shifts",
    "plan_shift",
    body=PlanShift,
    reply=Changed,
    roles=("R_GRID", *APPOINTERS),
    status=201,
    summary="排班 / Plan a shift",
)
DOORS.query(
    "GET",
    "/shifts",
    "shifts",
    params=ShiftFilter,
    reply=Page[ShiftCard],
    roles=ANY,
    summary="值班列表 / Shifts of an area, or one's own",
)
DOORS.query(
    "GET", "/shifts/{shift_id}", "shift", reply=ShiftCard, roles=ANY, summary="值班 / One shift"
)
DOORS.command(
    "POST",
    "/shifts/{shift_id}/attend",
    "attend_shift",
    reply=Changed,
    roles=("R_STEWARD", "R_GRID", *APPOINTERS),
    if_match=True,
    summary="值班签到或登记在岗 / Check in, or mark that he sits there",
)
DOORS.command(
    "POST",
    "/shifts/{shift_id}/miss",
    "miss_shift",
    reply=Changed,
    roles=APPOINTERS,
    if_match=True,
    summary="标记缺岗 / Mark a shift at which nobody sat",
)
DOORS.query(
    "GET",
    "/grids/{grid}/duty",
    "duty_board",
    reply=DutyReply,
    roles=PUBLIC,
    summary="网格值班表 / Who answers in a grid now",
)
DOORS.command(
    "POST",
    "/grids/{grid}/board",
    "publish_board",
    body=PublishBoard,
    reply=Changed,
    roles=("R_GRID", *APPOINTERS),
    status=201,
    summary="发布管家公示牌 / Publish a grid's contact board",
)
DOORS.query(
    "GET",
    "/grids/{grid}/board",
    "contact_board",
    reply=BoardReply,
    roles=PUBLIC,
    summary="管家公示牌 / A grid's contact board",
)
DOORS.query(
    "GET",
    "/grids/{grid}/vcard",
    "contact_cards",
    reply=CardsReply,
    roles=PUBLIC,
    summary="公示牌电子名片 / The board as vCards",
)
DOORS.query(
    "GET",
    "/grids/{grid}/gaps",
    "shift_gaps",
    params=GapFilter,
    reply=GapReply,
    roles=WATCHERS,
    summary="空岗时段 / When nobody sat in a grid",
)


# ---------------------------------------------------------------------------------------- requests


class SubmitRequest(Body):
    """提交诉求 / Submit a request."""

    channel: Literal["APP", "WECHAT_GROUP", "PHONE", "DOORSTEP", "HOTLINE_12345", "STATION"] = (
        Field(examples=["PHONE"], description="来源渠道 / channel")
    )
    kind: Kind = Field(examples=["REPAIR"])
    category: Category = Field(examples=["REPAIR_COMMON"])
    grid: str = Field(pattern=GRID, examples=["370811015901001"])
    text: str = Field(min_length=1, max_length=1000, examples=["3 号楼 2 单元楼道灯不亮"])
    priority: Priority | None = Field(
        None,
        description="不给则按类别;P1 限紧急类别 / by category when left out; P1 in emergencies",
    )
    building: str | None = Field(None, max_length=40)
    indoor: bool = Field(False, description="户内故障 / behind the meter")
    reporter_id: str | None = Field(None, description="代为提交时的诉求人 / on behalf of")
    project_id: str | None = Field(None, max_length=64)
    against: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="被反映的单位 / the organisation it is against",
    )
    external_ref: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="来源系统或本人的编号,同一社区、渠道内去重 / your own key, yours alone",
    )
    occurred_at: datetime | None = None
    media: list[MediaRef] = Field(default_factory=list, max_length=9)


class RequestReply(Changed):
    """诉求 / A request after a step."""

    number: str
    handler: str | None = None
    due: datetime | None = Field(None, description="下一个期限 / what is due next")
    due_accept: datetime | None = None
    due_contact: datetime | None = None
    due_resolve: datetime | None = None
    duplicate: bool = Field(
        False, description="同一编号、同一内容已提交过 / this very request stood here before"
    )


class DispatchRequest(Body):
    """派单 / Give it to a steward."""

    handler: str | None = Field(None, description="不给则自动选派 / routing when left out")


class ContactRequest(Body):
    """联系 / The reporter was contacted."""

    arrived: bool = Field(False, description="已到现场(P1 以到场为准) / on site")
    note: str | None = Field(None, max_length=500)


class ReasonedRequest(Body):
    """理由 / A reason."""

    reason: str = Field(min_length=2, max_length=500, examples=["不属于物业责任范围"])


RECEIPT = Field(
    None,
    min_length=2,
    max_length=200,
    description="代无账号的诉求人操作时的凭据 / what shows that the reporter said so",
    examples=["来电录音 0219-07"],
)


class ReopenRequest(ReasonedRequest):
    """要求重办 / Why it was not done."""

    receipt: str | None = RECEIPT


class UrgeRequest(Body):
    """催办 / Urge; for somebody without an account with a receipt."""

    receipt: str | None = RECEIPT


class AttachReporter(ReasonedRequest):
    """登记诉求人 / Whose request it is."""

    person_id: str = Field(min_length=1, max_length=64)


class TransferRequest(ReasonedRequest):
    """转办 / Hand it to whoever is competent; the clocks run on."""

    handler: str | None = None
    duty: Duty | None = None


class ExtendRequest(ReasonedRequest):
    """延期 / More time for a complex request."""

    new_due: datetime = Field(examples=["2025-03-20T18:00:00+08:00"])


class ResolveRequest(Body):
    """办结 / What came of it."""

    outcome: Literal["SOLVED", "EXPLAINED", "UNSOLVABLE"] = Field(examples=["SOLVED"])
    note: str = Field(max_length=1000, examples=["已更换楼道灯"])
    media: list[MediaRef] = Field(default_factory=list, max_length=9, description="佐证 / evidence")


class RateRequest(Body):
    """评价 / The reporter's word."""

    stars: int = Field(ge=1, le=5, examples=[5])
    solved: bool = Field(examples=[True])
    text: str | None = Field(None, max_length=500)
    receipt: str | None = RECEIPT


class RejectRequest(Body):
    """不予受理 / Not ours."""

    reason: Literal[
        "OUT_OF_SCOPE", "EMERGENCY_SERVICE", "IN_LITIGATION", "NO_SUBSTANCE", "STATE_SECRET_PRIVACY"
    ]
    note: str = Field(min_length=2, max_length=500, description="告知诉求人 / told the reporter")


class MergeRequest(Body):
    """合并 / The same matter."""

    into: str = Field(description="并入的诉求 / the open request that stays")


class CancelRequest(Body):
    """撤回 / Take it back."""

    reason: str | None = Field(None, max_length=500)
    receipt: str | None = RECEIPT


class ReviewRequest(ReasonedRequest):
    """差评核查 / What came of looking into a bad rating."""

    upheld: bool


class CorrectRequest(ReasonedRequest):
    """更正诉求 / What is put right; what is left out stays, and the clocks follow."""

    kind: Kind | None = None
    category: Category | None = None
    priority: Priority | None = None
    grid: str | None = Field(None, pattern=GRID)
    building: str | None = Field(None, min_length=1, max_length=40)
    indoor: bool | None = None
    project_id: str | None = Field(None, min_length=1, max_length=64)
    against: str | None = Field(None, min_length=1, max_length=64)


class CheckFound(ReasonedRequest):
    """核实自行发现事项 / Whether what a steward found and solved himself is so."""

    confirmed: bool


class RequestFilter(ListParams):
    """诉求筛选 / Which requests; a resident gets his own."""

    mine: bool = False
    scope: str | None = Field(None, pattern=CODE)
    grid: str | None = Field(None, pattern=GRID)
    state: list[State] | None = Field(None, description="可给多个 / one or several")
    open: bool | None = None
    project_id: str | None = None
    order: Literal["newest", "oldest"] = "newest"


class BenchFilter(ListParams):
    """条数 / How many."""


class SimilarFilter(Params):
    """同地点同类别 / The same place and category."""

    grid: str = Field(pattern=GRID)
    category: Category
    limit: int = Field(5, ge=1, le=20)


class RatesFilter(MonthFilter):
    """区域与月份 / Area and month."""

    scope: str = Field(pattern=CODE, examples=["370811015901"])


class Follower(Reply):
    """并入本诉求的 / A request that was merged into this one; its reporter is called back too."""

    id: str
    number: str
    reporter_id: str | None = None
    contacted_at: datetime | None = None
    version: int


class RequestCard(Reply):
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
    due_resolve: datetime
    late: bool
    level: int
    followers: list[Follower] | None = Field(
        None, description="并入的诉求,承办人同样回电 / those whom its handler calls back too"
    )


class RequestPage(Page[RequestCard]):
    """诉求列表的一页 / A page of requests, with the way back and how many there are in all."""

    prev: str | None = Field(None, description="前一页的游标 / cursor of the page before")
    total: int


class TimelineEntry(Reply):
    """一步 / One step."""

    at: datetime
    action: str
    what_zh: str
    what_en: str
    state: str


class Timeline(Reply):
    """办理过程 / Everything that happened."""

    id: str
    number: str
    items: list[TimelineEntry]


class SimilarReply(Reply):
    """可能相同的诉求 / Open requests that may be the same."""

    items: list[dict[str, Any]]


class Coverage(Reply):
    """各网格岗位、专职在岗与公示牌 / M-20 and M-21 of an area, and each of its grids."""

    scope: str
    period: str
    items: list[dict[str, Any]]


class Rates(Reply):
    """三率 / The three rates, exactly."""

    scope: str
    period: str
    rates: dict[str, dict[str, Any]]
    counts: dict[str, int] = Field(description="计数 / what was counted")
    times_to_resolve: list[dict[str, Any]] = Field(
        description="各优先级办结时长的中位数与九分位(分钟)/ median and p90 in minutes"
    )


DOORS.command(
    "POST",
    "/requests",
    "submit_request",
    body=SubmitRequest,
    reply=RequestReply,
    roles=ANY,
    status=201,
    summary="提交诉求 / Submit a request",
    description="有人当值时立即派单。Dispatched at once where somebody can take it.",
)
DOORS.query(
    "GET",
    "/requests",
    "requests",
    params=RequestFilter,
    reply=RequestPage,
    roles=ANY,
    summary="诉求列表 / Requests",
)
DOORS.query(
    "GET",
    "/requests/{request_id}",
    "request",
    reply=RequestCard,
    roles=ANY,
    summary="诉求卡 / A request",
)
DOORS.query(
    "GET",
    "/requests/{request_id}/timeline",
    "timeline",
    reply=Timeline,
    roles=ANY,
    summary="办理过程 / Everything that happened to it",
)
for _step, _method, _body, _roles, _summary in (
    ("dispatch", "dispatch_request", DispatchRequest, SCREENERS, "派单 / Give it to a steward"),
    ("accept", "accept_request", None, HANDLERS, "接单 / Accept"),
    ("contact", "contact_request", ContactRequest, HANDLERS, "联系或到场 / Contact or arrive"),
    ("resolve", "resolve_request", ResolveRequest, HANDLERS, "办结 / Resolve"),
    ("return", "return_request", ReasonedRequest, HANDLERS, "退回 / Give it back"),
    (
        "transfer",
        "transfer_request",
        TransferRequest,
        ("R_STEWARD", "R_GRID", *SCREENERS),
        "转办 / Transfer; clocks run on",
    ),
    ("extend", "extend_request", ExtendRequest, SCREENERS, "延期(P4) / Extend (P4)"),
    ("reopen", "reopen_request", ReopenRequest, ANY, "要求重办 / Reopen"),
    ("cancel", "cancel_request", CancelRequest, ANY, "撤回 / Take it back"),
    ("reject", "reject_request", RejectRequest, SCREENERS, "不予受理 / Reject"),
    ("merge", "merge_request", MergeRequest, SCREENERS, "合并 / Merge"),
    (
        "reporter",
        "attach_reporter",
        AttachReporter,
        ("R_GRID", *SCREENERS),
        "登记诉求人 / Say whose it is",
    ),
    ("correct", "correct_request", CorrectRequest, SCREENERS, "更正 / Put it right"),
    ("check", "check_found", CheckFound, SCREENERS, "核实自行发现 / Look at what was found"),
    ("close", "close_request", ReasonedRequest, SCREENERS, "结案 / Close a rated request"),
    (
        "review",
        "review_request",
        ReviewRequest,
        ("R_CADRE", "R_SECRETARY", "R_STREET", "R_STREET_LEAD"),
        "差评核查 / Review a bad rating",
    ),
):
    DOORS.command(
        "POST",
        f"/requests/{{request_id}}/{_step}",
        _method,
        body=_body,
        reply=RequestReply,
        roles=_roles,
        if_match=True,
        summary=_summary,
    )
DOORS.command(
    "POST",
    "/requests/{request_id}/rate",
    "rate_request",
    body=RateRequest,
    reply=RequestReply,
    roles=ANY,
    summary="评价 / Rate, once",
)
DOORS.command(
    "POST",
    "/requests/{request_id}/urge",
    "urge_request",
    body=UrgeRequest,
    reply=RequestReply,
    roles=ANY,
    summary="催办 / Urge",
)
DOORS.query(
    "GET",
    "/workbench",
    "workbench",
    params=BenchFilter,
    reply=RequestPage,
    roles=HANDLERS,
    summary="管家工作台 / What I have in hand, due soonest first",
)
DOORS.query(
    "GET",
    "/queue",
    "queue",
    params=RequestFilter,
    reply=RequestPage,
    roles=SCREENERS,
    summary="社区待办 / What waits for the community",
)
DOORS.query(
    "GET",
    "/similar-requests",
    "similar_requests",
    params=SimilarFilter,
    reply=SimilarReply,
    roles=ANY,
    summary="查重 / Open requests that may be the same",
)
DOORS.query(
    "GET",
    "/rates",
    "three_rates",
    params=RatesFilter,
    reply=Rates,
    roles=WATCHERS,
    summary="三率 / The three rates of an area's month",
)
DOORS.query(
    "GET",
    "/coverage",
    "coverage",
    params=RatesFilter,
    reply=Coverage,
    roles=WATCHERS,
    summary="网格力量覆盖与公示牌一致率 / How grids are served, and boards that are fresh",
)


# --------------------------------------------------------------- volunteer hours, hazards, visits


class RecordHours(Body):
    """登记志愿服务 / Record volunteer service."""

    person_id: str
    minutes: int = Field(ge=1, le=1440, examples=[120])
    source: Literal["QR", "GPS", "BACKFILL"] = Field(examples=["QR"])
    date: date
    activity: str = Field(min_length=1, max_length=100, examples=["楼道清洁"])
    check_in: datetime | None = None
    check_out: datetime | None = None
    record_id: str | None = None


class ConfirmHours(Body):
    """确认时长 / Confirm."""

    minutes: int = Field(ge=1, le=1440)


class CorrectHours(Body):
    """更正时长 / Correct; 0 takes it back."""

    minutes: int = Field(ge=0, le=1440)
    reason: str = Field(min_length=2, max_length=300)


class HoursReply(Changed):
    """志愿记录 / A volunteer record."""

    minutes: int


class HoursFilter(ListParams):
    """谁的记录 / Whose records, or those of an area that wait; the caller's own when left out."""

    person_id: str | None = None
    scope: str | None = Field(None, pattern=CODE, description="本区域待确认 / what waits here")
    state: Literal["RECORDED", "CONFIRMED"] | None = None


class HoursCard(Reply):
    """志愿记录 / A volunteer record."""

    id: str
    person_id: str
    minutes: int
    source: str
    state: str
    version: int


class ReportHazard(Body):
    """上报隐患 / Report a danger."""

    category: Category
    grid: str = Field(pattern=GRID)
    place: str = Field(min_length=2, max_length=200, examples=["3 号楼北侧窨井盖破损"])
    media: list[str] = Field(default_factory=list, max_length=9)
    reporter_id: str | None = None


class HazardFilter(ListParams):
    """隐患筛选 / Which hazards; one's own where one does not verify them."""

    scope: str | None = Field(None, pattern=CODE)
    state: Literal["PENDING", "TRUE", "FALSE"] | None = None


class HazardCard(Reply):
    """隐患 / A reported danger."""

    id: str
    category: str
    grid: str
    place: str
    media: list[str]
    state: str
    request_id: str | None = Field(None, description="转办的诉求 / the request that removes it")
    version: int


class VerifyHazard(Body):
    """核实 / Is it one?"""

    verified: bool


class VisitItem(Body):
    """一次走访 / One visit."""

    client_id: str = Field(min_length=1, max_length=64)
    grid: str = Field(pattern=GRID)
    purpose: str = Field(min_length=1, max_length=40, examples=["ELDERLY_CARE"])
    occurred_at: datetime
    building: str | None = Field(None, max_length=40)
    findings: list[str] = Field(default_factory=list, max_length=20)


class RecordVisits(Body):
    """离线走访 / What a device collected."""

    items: list[VisitItem] = Field(min_length=1, max_length=200)


class VisitFilter(MonthFilter):
    """谁的走访 / Whose visits."""

    steward_id: str
    limit: int = Field(200, ge=1, le=200)
    cursor: str | None = Field(None, max_length=200)


DOORS.command(
    "POST",
    "/volunteer-hours",
    "record_hours",
    body=RecordHours,
    reply=HoursReply,
    roles=("R_RESIDENT", *ORGANISERS),
    status=201,
    summary="登记志愿服务 / Record volunteer service",
)
DOORS.command(
    "POST",
    "/volunteer-hours/{record_id}/confirm",
    "confirm_hours",
    body=ConfirmHours,
    reply=HoursReply,
    roles=ORGANISERS,
    if_match=True,
    summary="确认志愿服务 / Confirm volunteer service",
)
DOORS.command(
    "POST",
    "/volunteer-hours/{record_id}/correct",
    "correct_hours",
    body=CorrectHours,
    reply=HoursReply,
    roles=ORGANISERS,
    if_match=True,
    summary="更正志愿服务 / Correct volunteer service",
)
DOORS.query(
    "GET",
    "/volunteer-hours",
    "volunteer_hours",
    params=HoursFilter,
    reply=Page[HoursCard],
    roles=ANY,
    summary="志愿记录 / Volunteer records",
)
DOORS.command(
    "POST",
    "/hazards",
    "report_hazard",
    body=ReportHazard,
    reply=Changed,
    roles=ANY,
    status=201,
    summary="上报隐患 / Report a danger",
)
DOORS.query(
    "GET",
    "/volunteer-hours/{record_id}",
    "volunteer_record",
    reply=HoursCard,
    roles=ANY,
    summary="志愿记录 / One volunteer record",
)
DOORS.query(
    "GET",
    "/hazards",
    "hazards",
    params=HazardFilter,
    reply=Page[HazardCard],
    roles=ANY,
    summary="隐患列表 / Hazards that wait or were looked at",
)
DOORS.query(
    "GET",
    "/hazards/{hazard_id}",
    "hazard",
    reply=HazardCard,
    roles=ANY,
    summary="隐患 / One hazard",
)
DOORS.command(
    "POST",
    "/hazards/{hazard_id}/verify",
    "verify_hazard",
    body=VerifyHazard,
    reply=Changed,
    roles=("R_GRID", "R_CADRE", "R_SECRETARY", "R_STREET"),
    if_match=True,
    summary="核实隐患 / Verify a danger",
    description="属实的转为诉求办理。One that is true becomes a request.",
)
DOORS.command(
    "POST",
    "/visits-batch",
    "record_visits",
    body=RecordVisits,
    reply=Batch,
    roles=HANDLERS,
    summary="离线走访批量上传 / Visits that a device collected",
)
DOORS.query(
    "GET",
    "/visits",
    "visits",
    params=VisitFilter,
    reply=Page[Reply],
    roles=ANY,
    summary="走访记录 / A steward's visits of a month",
)
