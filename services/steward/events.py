"""What the steward service publishes, and its own readers of what it consumes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from fivered.chassis.facts import fact, measure, moment, reads, words
from fivered.chassis.fields import (
    Area,
    Community,
    Grid,
    HouseholdId,
    IsAdult,
    OfficialId,
    Partition,
    Partitions,
    Period,
    PersonId,
    ProjectId,
    RequestId,
    TopicId,
)
from fivered.services.steward.fields import (
    AreaKind,
    Building,
    CategoryOfRequest,
    Channel,
    Clock,
    DutyOfSteward,
    Grids,
    Handler,
    HandlerPerson,
    HazardId,
    KindOfRequest,
    LeftReason,
    Minutes,
    Number,
    OnTime,
    Orders,
    Outcome,
    Rated,
    RecordId,
    Rejection,
    Reporter,
    Requests,
    Resolutions,
    Satisfied,
    SelfFound,
    ServedOn,
    Source,
    Stars,
    StewardId,
    TypeOfSteward,
    Visits,
)


@fact(
    "calendar_year_loaded.v1",
    about="calendar",
    visibility="public",
    when="区里批准某年工作日历时;更正后再发一条,以最新为准 / when the district approves a year's "
    "calendar; again when it is put right, and the newest holds",
    by=("approve_calendar_year",),
)
class CalendarYearLoaded:
    """年度工作日历 / A year's working days are known: what the State Council's notice says."""

    year: Annotated[int, measure("哪一年 / which year", "年 / year")]
    off: Annotated[
        list[date],
        Meta(
            description="放假的日子,按北京时间,含周末与否均列 / days off, by the calendar of "
            "Asia/Shanghai, weekends among them or not; sorted"
        ),
    ]
    make_up: Annotated[
        list[date],
        Meta(description="调休上班的周末 / weekend days that are worked; sorted"),
    ]
    source: Annotated[str, Meta(description="依据的通知 / the notice on which it rests")]


@fact(
    "area_defined.v1",
    about="area",
    visibility="public",
    when="登记区域时;更名后再发一条 / when an area is entered; again when its name is put right",
    by=("define_area", "correct_area", "on_shipped_areas"),
)
class AreaDefined:
    """An area stands in the tree."""

    code: Area
    name: Annotated[str, Meta(description="区域名称 / what the area is called")]
    kind: Annotated[str, words("区域层级 / which level of the tree it is", AreaKind)]
    parent: Annotated[str, Meta(description="上级区域代码 / code of the area above it")]


@fact("resident_registered.v1", about="person")
class ResidentRegistered:
    """A person who lives in a grid was registered."""

    person_id: PersonId
    community: Community
    grid: Grid
    is_adult: IsAdult
    household_id: HouseholdId | None
    synthetic: Annotated[
        bool, Meta(description="是否演示数据 / whether it is a person of the demonstration")
    ]


@fact("person_registered.v1", about="person")
class PersonRegistered:
    """人员登记 / Who is registered and lives in no grid: somebody who works here, or runs a shop.

    Said again when it was wrong, and at 18; and once of everybody, here or elsewhere, who
    was registered before it was said at all.
    """

    person_id: PersonId
    is_adult: IsAdult


@fact("resident_moved.v1", about="person")
class ResidentMoved:
    """A resident lives in another grid from now on."""

    person_id: PersonId
    from_grid: Grid
    to_grid: Grid
    community: Community
    household_id: HouseholdId | None = None


@fact("resident_deactivated.v1", about="person")
class ResidentDeactivated:
    """A person left the district or died, with a grid of residence or without."""

    person_id: PersonId
    reason: LeftReason


@fact("resident_returned.v1", about="person")
class ResidentReturned:
    """居民回迁 / A person lives here again: came back, or was never gone."""

    person_id: PersonId
    community: Community
    grid: Grid
    is_adult: IsAdult
    household_id: HouseholdId | None = None


@fact("resident_came_of_age.v1", about="person")
class ResidentCameOfAge:
    """居民成年 / A minor is 18 from today on."""

    person_id: PersonId
    community: Community
    grid: Grid


@fact("resident_corrected.v1", about="person")
class ResidentCorrected:
    """居民信息更正 / What was registered of a resident was wrong; this holds now."""

    person_id: PersonId
    is_adult: IsAdult
    household_id: HouseholdId | None = None


@fact("person_merged.v1", about="person")
class PersonMerged:
    """重复登记合并 / Two registrations are one human: `person_id` is given up for `into`."""

    person_id: PersonId
    into: Annotated[PersonId, Meta(description="保留的登记 / the registration that stays")]
    community: Community


@fact("steward_enrolled.v1", about="steward")
class StewardEnrolled:
    """A person became a steward."""

    steward_id: StewardId
    person_id: PersonId
    type: TypeOfSteward
    duty: DutyOfSteward
    grids: Grids
    community: Community
    spendable: Annotated[
        bool, Meta(description="管家积分能否兑换 / whether the steward's points may be spent")
    ]


@fact("steward_left.v1", about="steward")
class StewardLeft:
    """A steward left a post."""

    steward_id: StewardId
    person_id: PersonId
    duty: DutyOfSteward | None = None


@fact(
    "request_submitted.v1",
    about="request",
    visibility="public",
    when="受理诉求、立案隐患或接收转办议题时;每件诉求一条 / when a request is taken in, a hazard "
    "is found to be one, or the forum redirects a topic; once per request",
    by=(
        "submit_request",
        "verify_hazard",
        "forum.topic_redirected.v1",
        "forum.topic_request_named.v1",
    ),
)
class RequestSubmitted:
    """A resident's request arrived and its clocks run."""

    request_id: RequestId
    number: Number
    channel: Annotated[str, words("来源渠道 / the way by which it came", Channel, "FORUM")]
    kind: KindOfRequest
    category: CategoryOfRequest
    priority: Annotated[
        str,
        words(
            "紧急程度,决定各时限 / how urgent it is; its clocks follow from this",
            P1="紧急 / an emergency",
            P2="较急 / urgent",
            P3="一般 / ordinary",
            P4="不急 / can wait",
        ),
    ]
    grid: Grid
    project_id: (
        Annotated[
            str,
            Meta(
                description="所涉物业项目;无则为空 / the property project that serves the place, "
                "if any"
            ),
        ]
        | None
    )
    reporter_id: (
        Annotated[
            PersonId,
            Meta(description="报事人;未登记者为空 / who reports it; null where nobody is known"),
        ]
        | None
    )
    due_contact: (
        Annotated[
            datetime,
            moment(
                "联系报事人的期限,UTC;不须联系为空 / until when the reporter is contacted, in UTC"
            ),
        ]
        | None
    )
    due_resolve: Annotated[
        datetime, moment("办结期限,UTC / until when it is to be resolved, in UTC")
    ]
    building: Building | None = None
    topic_id: (
        Annotated[
            TopicId, Meta(description="由哪个议题转来 / the topic that was redirected into it")
        ]
        | None
    ) = None


@fact(
    "request_resolved.v1",
    about="request",
    visibility="public",
    when="经办管家办结诉求时;重办后再次办结再发一条 / when its handler says that it is done; "
    "again after it was reopened",
    by=("resolve_request",),
    after=("request_submitted.v1",),
)
class RequestResolved:
    """The handler says that a request is done."""

    request_id: RequestId
    handler: Handler
    outcome: Annotated[str, words("办理结果 / how it ended", Outcome)]
    on_time: Annotated[
        bool, Meta(description="是否在办结期限内 / whether it was resolved by its due time")
    ]
    project_id: ProjectId | None


@fact("request_rated.v1", about="request")
class RequestRated:
    """The reporter rated a resolved request."""

    request_id: RequestId
    handler: Handler
    handler_person: HandlerPerson
    rater: Annotated[PersonId, Meta(description="评价人 / who rated it")]
    stars: Stars
    solved: Annotated[
        bool, Meta(description="是否已解决,由评价人说 / whether it is solved, as the rater says")
    ]
    project_id: ProjectId | None


@fact("request_reopened.v1", about="request")
class RequestReopened:
    """The reporter says that a request was not done."""

    request_id: RequestId
    reopen_count: Annotated[
        int, measure("第几次要求重办 / how often it was reopened", "次 / times")
    ]
    project_id: ProjectId | None


@fact("request_merged.v1", about="request")
class RequestMerged:
    """诉求已合并 / A cadre confirmed that a request is the same matter as another one, which stays.

    Attributes:
        into: The request that stays; its kind and project say what it is.
    """

    request_id: RequestId
    into: Annotated[RequestId, Meta(description="并入的诉求 / the request that stays")]
    into_kind: KindOfRequest
    into_category: CategoryOfRequest
    into_project_id: ProjectId | None


@fact("request_corrected.v1", about="request")
class RequestCorrected:
    """诉求更正 / What a request is about, where, or whose it is was put right; so it is now.

    Attributes:
        number: The request's own, by which its reporter knows it.
        filed_at: When it was submitted.
    """

    request_id: RequestId
    kind: KindOfRequest
    category: CategoryOfRequest
    grid: Grid
    project_id: ProjectId | None = None
    building: Building | None = None
    reporter_id: Reporter | None = None
    number: Number | None = None
    filed_at: Annotated[datetime, moment("提交时间,UTC / when it was submitted, in UTC")] | None = (
        None
    )


@fact("request_rejected.v1", about="request")
class RequestRejected:
    """诉求不予受理 / Nobody handles a request: it is none of ours."""

    request_id: RequestId
    reason: Rejection


@fact("request_cancelled.v1", about="request")
class RequestCancelled:
    """诉求撤回 / Its reporter took a request back.

    Attributes:
        carried_on_by: The request merged into it that goes on in its place.
    """

    request_id: RequestId
    carried_on_by: (
        Annotated[
            RequestId,
            Meta(description="接续它的诉求 / the request merged into it that goes on in its place"),
        ]
        | None
    ) = None


@fact(
    "request_closed.v1",
    about="request",
    visibility="public",
    when="评价后、核查后、由干部结案,或办结满 72 小时自动结案时;结案后补评差评重办的,再次结案再发"
    " / when it is closed: after its rating or a check, by a cadre, or by itself 72 hours after "
    "it was resolved; again where a later rating opened it once more",
    by=("rate_request", "check_found", "close_request", "review_request", "on_req_autoclose"),
    after=("request_resolved.v1",),
)
class RequestClosed:
    """A request is closed; unrated ones say nothing about satisfaction."""

    request_id: RequestId
    rated: Annotated[bool, Meta(description="报事人是否评价 / whether its reporter rated it")]


@fact("request_deadline_missed.v1", about="request")
class RequestDeadlineMissed:
    """A clock ran out: ACCEPT, CONTACT or RESOLVE."""

    request_id: RequestId
    which: Clock
    handler: Handler | None
    handler_person: HandlerPerson | None
    on_shift: Annotated[
        bool, Meta(description="当时经办人是否在值班 / whether its handler was on shift then")
    ]


@fact(
    "request_escalated.v1",
    about="request",
    visibility="public",
    when="超过办结期限未办结,逐级升级时;每级一条 / when it is still open after its due time and "
    "goes up the liaison chain; once per level",
    by=("on_req_resolve", "on_req_l2", "on_req_l3"),
    after=("request_submitted.v1",),
)
class RequestEscalated:
    """An overdue request was laid before the next level of the liaison chain."""

    request_id: RequestId
    level: Annotated[
        int,
        measure(
            "升级到的层级:1 社区、2 街道、3 区 / how high it has gone: 1 to the community, 2 to "
            "the street, 3 to the district",
            "级 / level",
        ),
    ]
    official_id: (
        Annotated[
            OfficialId,
            Meta(
                description="交其督办的包保干部;无人可交为空 / the official before whom it is "
                "laid, if any"
            ),
        ]
        | None
    )
    grid: Grid | None = None
    number: Number | None = None
    reporter_id: Annotated[PersonId, Meta(description="报事人 / whose request it is")] | None = None
    barred: (
        Annotated[
            list[PersonId],
            Meta(
                description="当地包保干部中与此事有利害的人,不交其办理 / officials of the place "
                "who are a party of it, so that it is not theirs"
            ),
        ]
        | None
    ) = None


@fact("bad_rating_upheld.v1", about="request")
class BadRatingUpheld:
    """A reviewer outside the handling chain found a bad rating to be right."""

    request_id: RequestId
    handler: Handler
    handler_person: HandlerPerson


@fact("request_self_found_closed.v1", about="request")
class RequestSelfFoundClosed:
    """A steward found a matter and solved it, and it is closed."""

    request_id: RequestId
    handler: Handler
    handler_person: HandlerPerson


@fact("emergency_arrival.v1", about="request")
class EmergencyArrival:
    """A steward was on site of an emergency in time."""

    request_id: RequestId
    handler: Handler
    handler_person: HandlerPerson
    minutes: Minutes


@fact("volunteer_hours_confirmed.v1", about="volunteer_record")
class VolunteerHoursConfirmed:
    """Volunteer service was confirmed by its organiser."""

    record_id: RecordId
    person_id: PersonId
    minutes: Minutes
    source: Source
    date: ServedOn


@fact("volunteer_hours_corrected.v1", about="volunteer_record")
class VolunteerHoursCorrected:
    """Confirmed volunteer service was corrected."""

    record_id: RecordId
    person_id: PersonId
    minutes: Minutes
    previous_minutes: Annotated[
        int, measure("更正前的时长 / how long it was said to be", "分钟 / minutes")
    ]
    source: Source
    date: ServedOn


@fact("hazard_verified.v1", about="hazard")
class HazardVerified:
    """A reported hazard was looked at."""

    hazard_id: HazardId
    reporter: Annotated[PersonId, Meta(description="报告人 / who reported it")]
    category: CategoryOfRequest
    verified: Annotated[bool, Meta(description="核查是否属实 / whether it was found to be one")]


@dataclass(frozen=True, slots=True)
class CommunityMonth:
    """What one community counted in a month."""

    community: Community
    requests: Requests
    rated: Rated
    hours_minutes: Annotated[int, measure("志愿服务时长 / volunteer service", "分钟 / minutes")]


@dataclass(frozen=True, slots=True)
class StewardMonth:
    """Every input of the rules about a steward, as of the month's end.

    Attributes:
        visit_quota: Visits that are asked of the duty; 0 where none are.
    """

    steward_id: StewardId
    person_id: PersonId
    community: Community
    duty: DutyOfSteward
    type: TypeOfSteward
    orders: Orders
    accepted_on_time: OnTime
    proactive_closed: SelfFound
    visits: Visits
    visit_quota: Annotated[
        int,
        measure(
            "岗位要求的走访次数;不要求为 0 / visits that are asked of the duty; 0 where none are",
            "次 / visits",
        ),
    ]
    attendance_full: Annotated[bool, Meta(description="专职且全勤 / full time, and on every shift")]
    on_roster: Annotated[bool, Meta(description="月末仍在岗 / in the post at the month's end")]


@dataclass(frozen=True, slots=True)
class ProjectMonth:
    """What the requests say about a property project in a month."""

    project_id: ProjectId
    community: Community
    requests: Requests
    contacted_on_time: OnTime
    due_resolutions: Resolutions
    resolved_on_time: OnTime
    rated: Rated
    satisfied: Satisfied


@fact("month_measured.v1", about="month")
class MonthMeasured:
    """The month is cut off: what lies before this marker counts in it (one per partition)."""

    period: Period
    partition: Partition
    partitions: Partitions
    communities: Annotated[list[CommunityMonth], Meta(description="各社区 / the communities")]
    stewards: Annotated[list[StewardMonth], Meta(description="各管家 / the stewards")]
    projects: Annotated[list[ProjectMonth], Meta(description="各物业项目 / the property projects")]


# --------------------------------------------------------------------------------------------------
# What is heard


@reads("property", "project_registered.v1")
class ProjectRegisteredHeard:
    """A property project serves these grids."""

    project_id: str
    community: str
    grids: list[str]
    households: int = 0
    status: str = "IN_SERVICE"
    company_id: str | None = None
    buildings: list[str] | None = None


@reads("property", "appointment_activated.v1")
class AppointmentActivatedHeard:
    """A person holds a post in a project, or for it in the community."""

    appointment_id: str
    project_id: str
    person_id: str


@reads("property", "appointment_ended.v1")
class AppointmentEndedHeard:
    """The person holds it no longer."""

    appointment_id: str
    project_id: str
    person_id: str


@reads("property", "project_manager_changed.v1")
class ProjectManagerChangedHeard:
    """Who manages a project from now on."""

    project_id: str
    person_id: str


@reads("property", "project_manager_ended.v1")
class ProjectManagerEndedHeard:
    """A project's manager has died; nobody manages it."""

    project_id: str


@reads("property", "company_registered.v1")
class CompanyRegisteredHeard:
    """A property company, and who speaks for it."""

    company_id: str
    representatives: list[str] | None = None


@reads("property", "company_representatives_changed.v1")
class CompanyRepresentativesChangedHeard:
    """Who speaks for a company from now on."""

    company_id: str
    representatives: list[str]


@reads("partner", "partner_admitted.v1")
class PartnerAdmittedHeard:
    """A partner, and who acts for it."""

    partner_id: str
    org_id: str
    operators: list[str] | None = None


@reads("partner", "partner_operators_changed.v1")
class PartnerOperatorsChangedHeard:
    """Who acts for a partner from now on."""

    partner_id: str
    org_id: str
    operators: list[str]


@reads("forum", "topic_redirected.v1")
class TopicRedirectedHeard:
    """A topic is a matter of one household: it becomes a request."""

    topic_id: str
    community: str
    proposer: str | None = None
    title: str = ""
    text: str = ""
    grid: str | None = None
    category: str | None = None


@reads("forum", "topic_request_named.v1")
class TopicRequestNamedHeard(TopicRedirectedHeard):
    """A redirected topic is said to be a request already."""

    request_id: str | None = None


@reads("forum", "liaison_assigned.v1")
class LiaisonAssignedHeard:
    """An official is responsible for a target."""

    link_id: str
    target_kind: str
    target: str
    official_id: str
    person_id: str | None = None


@reads("forum", "liaison_ended.v1")
class LiaisonEndedHeard:
    """An official is no longer responsible for a target."""

    link_id: str


@dataclass(frozen=True, slots=True)
class FinalEntry:
    """One subject's standing in a finalised settlement."""

    kind: str
    ref: str
    score: int | None = None
    grade: str | None = None


@reads("credit", "settlement_finalised.v1")
class SettlementFinalisedHeard:
    """A community's month became final; we keep what concerns stewards."""

    settlement_id: str
    period: str
    entries: list[FinalEntry] = field(default_factory=list)
