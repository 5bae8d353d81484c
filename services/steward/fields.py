"""Forms, words and measures of what the steward service takes, answers and publishes."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from chassis.facts import measure, words

AreaKind = Literal["DISTRICT", "STREET", "TOWN", "COMMUNITY", "GRID"]
Channel = Literal["APP", "WECHAT_GROUP", "PHONE", "DOORSTEP", "HOTLINE_12345", "STATION"]
Kind = Literal["CONSULT", "HELP", "REPAIR", "COMPLAINT", "SUGGESTION", "HAZARD"]
Priority = Literal["P1", "P2", "P3", "P4"]
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
