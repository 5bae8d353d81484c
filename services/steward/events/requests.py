"""What steward publishes of requests."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from fivered.chassis.facts import fact, measure, moment, words
from fivered.chassis.fields import (
    Grid,
    OfficialId,
    PersonId,
    ProjectId,
    RequestId,
    TopicId,
)
from fivered.services.steward.fields import (
    Building,
    CategoryOfRequest,
    Channel,
    Clock,
    Handler,
    HandlerPerson,
    KindOfRequest,
    Minutes,
    Number,
    Outcome,
    Rejection,
    Reporter,
    Stars,
)


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
    """诉求已提交 / A resident's request arrived and its clocks run."""

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
    "request_described.v1",
    about="request",
    when="诉求提交时写明详情的,一次;更正后再发 / when a request is filed with details, once, and "
    "again with each correction of it",
    by=("submit_request", "correct_request", "attach_reporter"),
    after=("request_submitted.v1",),
)
class RequestDescribed:
    """诉求详情 / What was said of a request when it was filed, for the service whose matter it is;
    of a complaint about property in the words of its complaint kinds."""

    request_id: RequestId
    place: Annotated[str, Meta(description="部位 / where")] | None = None
    problem: Annotated[str, Meta(description="问题 / what is wrong")] | None = None
    room_id: (
        Annotated[str, Meta(description="业主名册中的房屋 / a room of the owners' register")] | None
    ) = None
    contact_id: Annotated[PersonId, Meta(description="联系人 / whom to call")] | None = None
    emergency: Annotated[bool, Meta(description="紧急 / it cannot wait")] | None = None
    warranty: Annotated[bool, Meta(description="保修期内 / under warranty")] | None = None
    paid: Annotated[bool, Meta(description="有偿服务 / a service that is paid for")] | None = None
    tell_project: (
        Annotated[
            bool, Meta(description="房屋和联系人告知物业 / the project may read room and contact")
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
    """诉求已办结 / The handler says that a request is done."""

    request_id: RequestId
    handler: Handler
    outcome: Annotated[str, words("办理结果 / how it ended", Outcome)]
    on_time: Annotated[
        bool, Meta(description="是否在办结期限内 / whether it was resolved by its due time")
    ]
    project_id: ProjectId | None


@fact(
    "request_rated.v1",
    about="request",
    when="诉求人评价办结的诉求时,一次 / when the reporter rates a resolved request; once",
    by=("rate_request",),
    after=("request_resolved.v1",),
)
class RequestRated:
    """诉求已评价 / The reporter rated a resolved request."""

    request_id: RequestId
    handler: Handler
    handler_person: HandlerPerson
    rater: Annotated[PersonId, Meta(description="评价人 / who rated it")]
    stars: Stars
    solved: Annotated[
        bool, Meta(description="是否已解决,由评价人说 / whether it is solved, as the rater says")
    ]
    project_id: ProjectId | None


@fact(
    "request_reopened.v1",
    about="request",
    when="诉求人要求重办时,每次一条 / when the reporter says that it was not done; each time",
    by=("reopen_request",),
    after=("request_resolved.v1",),
)
class RequestReopened:
    """诉求要求重办 / The reporter says that a request was not done."""

    request_id: RequestId
    reopen_count: Annotated[
        int, measure("第几次要求重办 / how often it was reopened", "次 / times")
    ]
    project_id: ProjectId | None


@fact(
    "request_merged.v1",
    about="request",
    when="确认与另一诉求为同一事时,一次 / when it is confirmed to be the same matter as "
    "another one; once",
    by=("merge_request",),
    after=("request_submitted.v1",),
)
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


@fact(
    "request_corrected.v1",
    about="request",
    when="诉求的内容、地点或诉求人更正时,每次一条 / when what it is about, where, or whose it "
    "is is put right; each time",
    by=("correct_request", "attach_reporter"),
    after=("request_submitted.v1",),
)
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
    parted_from: (
        Annotated[
            str,
            Meta(
                description="曾误并入的诉求 / the request into which it was merged by mistake; it "
                "goes its own way again"
            ),
        ]
        | None
    ) = None


@fact(
    "request_rejected.v1",
    about="request",
    when="不予受理时,一次 / when nobody is to handle it; once",
    by=("reject_request",),
    after=("request_submitted.v1",),
)
class RequestRejected:
    """诉求不予受理 / Nobody handles a request: it is none of ours."""

    request_id: RequestId
    reason: Rejection


@fact(
    "request_cancelled.v1",
    about="request",
    when="诉求人撤回时,一次 / when its reporter takes it back; once",
    by=("cancel_request",),
    after=("request_submitted.v1",),
)
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
    """诉求已结案 / A request is closed; unrated ones say nothing about satisfaction."""

    request_id: RequestId
    rated: Annotated[bool, Meta(description="报事人是否评价 / whether its reporter rated it")]


@fact(
    "request_deadline_missed.v1",
    about="request",
    when="签收、联系或办结时限已过,每种时限一次 / when the time to accept, to contact or to "
    "resolve is over; once for each",
    by=("on_req_accept", "on_req_contact", "on_req_resolve"),
    after=("request_submitted.v1",),
)
class RequestDeadlineMissed:
    """期限已过 / A clock ran out: ACCEPT, CONTACT or RESOLVE."""

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
    by=("on_req_nobody", "on_req_resolve", "on_req_l2", "on_req_l3"),
    after=("request_submitted.v1",),
)
class RequestEscalated:
    """已升级督办 / An overdue request was laid before the next level of the liaison chain."""

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


@fact(
    "bad_rating_upheld.v1",
    about="request",
    when="差评核查属实时,一次 / when a bad rating is found right; once",
    by=("review_request",),
    after=("request_rated.v1",),
)
class BadRatingUpheld:
    """差评核查属实 / A reviewer outside the handling chain found a bad rating to be right."""

    request_id: RequestId
    handler: Handler
    handler_person: HandlerPerson


@fact(
    "request_self_found_closed.v1",
    about="request",
    when="管家主动发现并办结的事项核实结案时,一次 / when what a steward found and solved is "
    "checked and closed; once",
    by=("check_found",),
    after=("request_resolved.v1",),
)
class RequestSelfFoundClosed:
    """主动发现并办结 / A steward found a matter and solved it, and it is closed."""

    request_id: RequestId
    handler: Handler
    handler_person: HandlerPerson


@fact(
    "emergency_arrival.v1",
    about="request",
    when="应急诉求按时到场时,一次 / when a steward is on site of an emergency in time; once",
    by=("contact_request",),
    after=("request_submitted.v1",),
)
class EmergencyArrival:
    """应急按时到场 / A steward was on site of an emergency in time."""

    request_id: RequestId
    handler: Handler
    handler_person: HandlerPerson
    minutes: Minutes
