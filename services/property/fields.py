"""Forms, words and measures of what the property service takes, answers and publishes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.facts import measure, moment, words
from fivered.chassis.fields import PersonId

Severity = Literal["S1", "S2", "S3"]
Direction = Literal["P2C", "C2P"]
Post = Literal["PARTY_BRANCH_MEMBER", "COMMITTEE_PART_TIME_MEMBER", "PROJECT_DEPUTY_MANAGER"]
EndReason = Literal["RESIGNATION", "TRANSFER", "CONTRACT_END", "QUALIFICATION_LOST"]
# Named as the categories of requests that they explain.
IncidentKind = Literal["WATER", "POWER", "GAS", "HEAT", "NETWORK", "LIFT", "ROAD", "OTHER"]
IncidentNature = Literal["OUTAGE", "WORKS", "FAULT"]
IncidentState = Literal["PLANNED", "RUNNING", "ENDED", "CANCELLED"]
DisclosureKind = Literal[
    "FEES", "COMMON_INCOME", "SERVICE_STANDARD", "MAINTENANCE_FUND", "CONTRACT"
]

# Where something is wrong in a compound, and what; `rules.PROBLEMS` says what goes with what.
Place = Literal[
    "DWELLING", "BUILDING", "LIFT", "GROUNDS", "PARKING_PLACE", "FACILITIES", "MANAGEMENT",
]  # fmt: skip
Problem = Literal[
    "LEAK", "CRACK", "DRAIN_BLOCKED", "OUT_OF_SUPPLY", "NO_LIGHT", "CLUTTER", "DIRTY",
    "DOOR_BROKEN", "LIFT_STOPPED", "LIFT_TRAPPED", "LIFT_NOISE", "GREENERY", "ROAD_DAMAGED",
    "WAY_BLOCKED", "SPACE_TAKEN", "CHARGER_BROKEN", "FIRE_EQUIPMENT", "CAMERA_BROKEN",
    "FEES_UNCLEAR", "ACCOUNTS_NOT_SHOWN", "BAD_SERVICE", "OTHER_PROBLEM",
]  # fmt: skip

AppointmentId = Annotated[str, Meta(description="任职编号 / id of the appointment")]
CommitteeId = Annotated[str, Meta(description="业委会编号 / id of the owners' committee")]
ComplaintId = Annotated[str, Meta(description="投诉编号 / id of the complaint")]
RectificationId = Annotated[str, Meta(description="整改单编号 / id of the rectification order")]
DisclosureId = Annotated[str, Meta(description="公示事项编号 / id of the disclosure")]
WorkId = Annotated[str, Meta(description="工单编号 / id of the work order")]
Representatives = Annotated[
    list[PersonId],
    Meta(description="企业代表人,可无 / the persons who speak for the company; there may be none"),
]
DirectionOfPost = Annotated[
    str,
    words(
        "任职方向 / which way the post goes",
        P2C="物业到社区任职 / from the property company into the community",
        C2P="社区到物业任职 / from the community into the property project",
    ),
]
PostHeld = Annotated[str, words("所任职务 / the post", Post)]
SeverityOfOrder = Annotated[
    str,
    words(
        "严重程度,决定整改期限 / how serious it is; the term follows from it",
        S1="严重,24 小时内整改 / serious: within 24 hours",
        S2="较重,3 个工作日内整改 / graver: within 3 working days",
        S3="一般,7 个工作日内整改 / ordinary: within 7 working days",
    ),
]
KindOfDisclosure = Annotated[str, words("公示内容 / what is disclosed", DisclosureKind)]
CategoryOfComplaint = Annotated[
    str,
    Meta(
        description="投诉事项,用语同 steward.request_submitted.v1 的 category / what it is about, "
        "by the words of `category` in steward.request_submitted.v1"
    ),
]
FiledAt = Annotated[datetime, moment("诉求提交时间,UTC / when the request was filed, in UTC")]
Households = Annotated[int, measure("户数 / households", "户 / households")]
Evidence = Annotated[list[str], Meta(description="佐证文件的编号 / ids of the files that show it")]
Members = Annotated[list[PersonId], Meta(description="委员 / the members")]
CommitteeState = Annotated[str, words("任期 / whether their term runs", "IN_TERM", "EXPIRED")]
Requests = Annotated[int, measure("诉求数 / requests", "件 / requests")]
Resolutions = Annotated[
    int, measure("当月到期应办结数 / requests due in the month", "件 / requests")
]
OnTime = Annotated[int, measure("其中按期的 / of these in time", "件 / requests")]
Rated = Annotated[int, measure("有评价的诉求数 / requests that were rated", "件 / requests")]
Satisfied = Annotated[int, measure("其中满意的 / of these satisfied", "件 / requests")]
Complaints = Annotated[int, measure("计入的投诉数 / complaints that count", "件 / complaints")]
Rolling = Annotated[
    int, measure("近十二个月计入的投诉数 / complaints of twelve months", "件 / complaints")
]
MeanHouseholds = Annotated[
    int,
    measure(
        "十二个月月末户数的平均,四舍五入;不可比为 0 / mean of twelve month-ends, half up; 0 "
        "where it cannot be compared",
        "户 / households",
    ),
]
Twelfths = Annotated[
    int,
    measure(
        "同一平均的精确值;不可比为空 / the same mean exactly; null where it cannot be compared",
        "十二分之一户 / twelfths of a household",
    ),
]
GapDays = Annotated[
    int,
    measure("月末仍空缺的天数,自空缺起 / days of the gap that runs on the last day", "天 / days"),
]
Agreements = Annotated[int, measure("生效的协议数 / agreements that are active", "份 / agreements")]
Commitments = Annotated[
    int, measure("到期的履约事项数 / commitments that fell due", "项 / commitments")
]
CommitmentsOnTime = Annotated[int, measure("其中按期履行的 / of these in time", "项 / commitments")]
OrdersOverdue = Annotated[
    int, measure("月末逾期未办结的整改单数 / orders overdue and open at the end", "张 / orders")
]
ActiveOnLastDay = Annotated[bool, Meta(description="月末在任 / active on the last day")]
IncidentId = Annotated[str, Meta(description="通告编号 / id of the announcement")]
KindOfIncident = Annotated[
    str,
    words(
        "影响何种服务,同诉求类别用语 / what is affected, by the words of a request's category",
        IncidentKind,
    ),
]
NatureOfIncident = Annotated[str, words("通告性质 / what it is", IncidentNature)]

# The matters of Civil Code art. 278, on which the owners vote.
Matter = Literal[
    "RULES_OF_PROCEDURE",
    "MANAGEMENT_CONVENTION",
    "ELECT_COMMITTEE",
    "CHOOSE_MANAGER",
    "USE_MAINTENANCE_FUND",
    "RAISE_MAINTENANCE_FUND",
    "REBUILD",
    "CHANGE_COMMON_USE",
    "OTHER",
]
