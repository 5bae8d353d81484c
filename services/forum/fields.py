"""Forms, words and measures of what the forum takes, answers and publishes."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from chassis.facts import words

Level = Literal["GRID", "COMMUNITY", "STREET"]
Tier = Literal["DISTRICT_LEADER", "STREET_TEAM", "COMMUNITY_CADRE", "GRID_WORKER"]
TargetKind = Literal["STREET", "COMMUNITY", "GRID", "HOUSEHOLD"]

LinkId = Annotated[str, Meta(description="包保联系编号 / id of the liaison link")]
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
