"""Forms, words and measures of what the forum takes, answers and publishes."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.facts import moment, words
from fivered.chassis.fields import PersonId

Level = Literal["GRID", "COMMUNITY", "STREET"]
Tier = Literal["DISTRICT_LEADER", "STREET_TEAM", "COMMUNITY_CADRE", "GRID_WORKER"]
Capacity = Literal[
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
]
TargetKind = Literal["STREET", "COMMUNITY", "GRID", "HOUSEHOLD"]

LinkId = Annotated[str, Meta(description="包保联系编号 / id of the liaison link")]
DeputyId = Annotated[str, Meta(description="代表编号 / id of the deputy's mandate")]
StreetCode = Annotated[str, Meta(pattern=r"^[0-9]{9}$", description="街道代码 / code of a street")]
SessionId = Annotated[str, Meta(description="议事会编号 / id of the session")]
TierOfOfficial = Annotated[str, words("干部层级 / level of the official", Tier)]
KindOfTarget = Annotated[str, words("联系对象的种类 / kind of what is linked", TargetKind)]
Target = Annotated[
    str,
    Meta(
        description="联系对象:区域代码或户编号 / what is linked: code of an area, or id of a "
        "household"
    ),
]
ResponsibleKind = Annotated[
    str, words("承办方的种类 / kind of who has to do it", "PROJECT", "COMMUNITY")
]
ResponsibleId = Annotated[
    str,
    Meta(
        description="承办方:物业项目编号或社区代码 / who has to do it: id of a project, or code "
        "of a community"
    ),
]
Proposer = Annotated[PersonId, Meta(description="提议人 / who proposed it")]
TopicTitle = Annotated[
    str, Meta(description="议题标题,提议人所写 / its title, as the proposer wrote it")
]
TopicText = Annotated[
    str, Meta(description="议题正文,提议人所写 / its text, as the proposer wrote it")
]
TopicCategory = Annotated[
    str,
    Meta(
        description="诉求事项,用语同 steward / what it is about, by the words of steward's requests"
    ),
]
CapacityOf = Annotated[str, words("以何身份参会 / in which capacity", Capacity)]
DueText = Annotated[
    str,
    moment("完成期限,ISO 8601 时间,UTC / until when it is to be done, ISO 8601, in UTC"),
]
ReworkReason = Annotated[
    str,
    Meta(
        description="为何重做或取消:CANCELLED、REASSIGNED、DISCONTINUED、TOPIC_RETURNED,或查出的问"
        "题 / why: CANCELLED, REASSIGNED, DISCONTINUED, TOPIC_RETURNED, or what was found wrong"
    ),
]
# In which way a topic came.
Way = Literal["ONLINE", "DOORSTEP", "HOTLINE"]
