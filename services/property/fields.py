"""Forms, words and measures of what the property service takes, answers and publishes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from chassis.facts import measure, words
from chassis.fields import PersonId

Severity = Literal["S1", "S2", "S3"]
Direction = Literal["P2C", "C2P"]
Post = Literal["PARTY_BRANCH_MEMBER", "COMMITTEE_PART_TIME_MEMBER", "PROJECT_DEPUTY_MANAGER"]
EndReason = Literal["RESIGNATION", "TRANSFER", "CONTRACT_END", "QUALIFICATION_LOST"]
DisclosureKind = Literal["FEES", "COMMON_INCOME", "SERVICE_STANDARD", "MAINTENANCE_FUND"]

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
FiledAt = Annotated[
    datetime, Meta(description="诉求提交时间,UTC / when the request was filed, in UTC")
]
Households = Annotated[int, measure("户数 / households", "户 / households")]
