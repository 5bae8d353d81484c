"""Forms, words and measures of what the steward service takes, answers and publishes."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, UnsetType

from fivered.chassis.facts import measure, words
from fivered.chassis.fields import Grid, PersonId

AreaKind = Literal["DISTRICT", "STREET", "TOWN", "COMMUNITY", "GRID"]
GridChangeKind = Literal["SPLIT", "MERGE"]
GridChangeState = Literal["PROPOSED", "APPROVED", "REJECTED", "WITHDRAWN", "EFFECTIVE", "FAILED"]
PlaceKind = Literal["COMPOUND", "BUILDING", "UNIT", "DWELLING"]
Mode = Literal["MARKET", "COMMUNITY_RUN", "SELF", "NONE"]
Occupancy = Literal["OWNER", "TENANT", "VACANT"]
Channel = Literal["APP", "WECHAT_GROUP", "PHONE", "DOORSTEP", "HOTLINE_12345", "STATION"]
Kind = Literal["CONSULT", "HELP", "REPAIR", "COMPLAINT", "SUGGESTION", "HAZARD"]
Priority = Literal["P1", "P2", "P3", "P4"]
StewardType = Literal["FULL_TIME", "PART_TIME"]
Departure = Literal["MOVED_OUT", "DECEASED"]
RejectReason = Literal[
    "OUT_OF_SCOPE", "EMERGENCY_SERVICE", "IN_LITIGATION", "NO_SUBSTANCE", "STATE_SECRET_PRIVACY"
]
IntakeReason = Literal[
    "NOT_A_REQUEST", "OUT_OF_SCOPE", "EMERGENCY_SERVICE", "IN_LITIGATION", "NO_SUBSTANCE",
    "STATE_SECRET_PRIVACY",
]  # fmt: skip
PauseGround = Literal[
    "WAITING_PARTS", "WAITING_OWNER", "WAITING_UNIT", "WEATHER", "PROCEDURE", "REPORTER_ASKED"
]
HoursSource = Literal["QR", "GPS", "BACKFILL"]
Outcome = Literal["SOLVED", "EXPLAINED", "UNSOLVABLE"]
Duty = Literal[
    "COMMUNITY_CADRE", "GRID_WORKER", "PROPERTY_STAFF",
    "POLICE", "BUILDING_HEAD", "WATER", "POWER", "GAS", "HEAT", "NETWORK",
]  # fmt: skip
Category = Literal[
    "WATER", "POWER", "GAS", "HEAT", "NETWORK",
    "REPAIR_COMMON", "LIFT", "CLEANING", "GREENING", "PARKING", "DOOR_CONTROL",
    "NOISE", "NEIGHBOUR_DISPUTE", "PETS", "SECURITY", "FRAUD",
    "POLICY", "SOCIAL_AID", "ELDERLY_CARE", "CERTIFICATE",
    "PROPERTY_SERVICE", "MERCHANT_NUISANCE", "FIRE_LANE", "STREET_OCCUPATION",
    "FACILITY_RENEWAL", "CHARGING_POLE", "OLD_COMPOUND",
]  # fmt: skip

PlaceCode = Annotated[
    str,
    Meta(
        min_length=16,
        max_length=40,
        description="小区、楼栋、单元、户的编号:社区 12 位-小区 3 位-楼栋 3 位-单元 2 位-楼层房号 "
        "4 位 / code: community 12 digits, compound 3, building 3, unit 2, floor and door 4",
        examples=["370811015901-001-003"],
    ),
]

# Members of facts.
KindOfRequest = Annotated[str, words("诉求类别 / what kind of request it is", Kind)]
CategoryOfRequest = Annotated[str, words("诉求事项 / what it is about", Category)]
Number = Annotated[
    str,
    Meta(
        description="诉求的受理号,报事人凭此查询 / the request's own number, by which its reporter "
        "knows it"
    ),
]
Building = Annotated[str, Meta(description="楼栋,按网格内的名称 / building, as the grid calls it")]
StewardId = Annotated[str, Meta(description="管家编号 / id of the steward")]
Handler = Annotated[
    str, Meta(description="经办管家编号 / id of the steward who has, or had, it in hand")
]
Minutes = Annotated[int, measure("时长 / how long", "分钟 / minutes")]
HandlerPerson = Annotated[
    PersonId, Meta(description="经办管家本人的人员编号 / the person who is, or was, its handler")
]
Reporter = Annotated[
    PersonId, Meta(description="报事人;未登记者为空 / whose request it is, if known")
]
Grids = Annotated[
    list[Grid], Meta(description="所管网格,15 位代码 / the grids, by their 15 digits")
]
DutyOfSteward = Annotated[str, words("岗位 / the post", Duty)]
TypeOfSteward = Annotated[str, words("专职或兼职 / full time or part time", StewardType)]
LeftReason = Annotated[str, words("注销原因 / why", Departure)]
Rejection = Annotated[str, words("不予受理的理由 / why nobody handles it", RejectReason)]
Clock = Annotated[str, words("哪个时限 / which of its clocks", "ACCEPT", "CONTACT", "RESOLVE")]
Source = Annotated[
    str,
    words(
        "时长如何记录 / how it was recorded",
        "BACKFILL",
        QR="扫码签到 / by a QR code",
        GPS="定位签到 / by position",
    ),
]
RecordId = Annotated[
    str, Meta(description="志愿服务记录编号 / id of the record of volunteer service")
]
ServedOn = Annotated[
    date,
    Meta(description="服务日期,按北京时间 / the day of service, by the calendar of Asia/Shanghai"),
]
HazardId = Annotated[str, Meta(description="隐患编号 / id of the hazard")]
Stars = Annotated[int, measure("评分,1 至 5 / the rating, 1 to 5", "星 / stars")]
Requests = Annotated[int, measure("诉求数 / requests", "件 / requests")]
Resolutions = Annotated[
    int, measure("当月到期应办结数 / requests due in the month", "件 / requests")
]
OnTime = Annotated[int, measure("其中按期的 / of these in time", "件 / requests")]
Rated = Annotated[int, measure("有评价的诉求数 / requests that were rated", "件 / requests")]
Satisfied = Annotated[int, measure("其中满意的 / of these satisfied", "件 / requests")]
Orders = Annotated[int, measure("经手的诉求数 / requests handed to the steward", "件 / requests")]
SelfFound = Annotated[
    int, measure("主动发现并办结的 / found, solved and closed unasked", "件 / requests")
]
Visits = Annotated[int, measure("走访次数 / visits", "次 / visits")]
Summary = (
    Annotated[
        str,
        Meta(
            description="诉求内容的开头,with_text=true 时给出 / how its text begins, with "
            "with_text=true"
        ),
    ]
    | UnsetType
)
