"""Refusals about where a room is in steward's register of places."""

from __future__ import annotations

from fivered.chassis.refusal import Guard, Refusal


class UnknownPlace(Guard):
    text = (
        "未获悉地点 {place}:须已在社区登记且未注销;刚登记的请稍后再试"
        " / Place {place} is not heard of, or has ended; if it was just entered, try again soon"
    )


class PlaceElsewhere(Guard):
    text = (
        "地点 {place} 不在本项目所在社区 {community}"
        " / Place {place} is not in the project's community {community}"
    )


class PlaceNoDwelling(Guard):
    text = (
        "房屋须登记在户;非住宅可登记在楼栋或单元,{place} 是{kind}"
        " / A home is at a dwelling, other rooms may be at a building or unit; {place} is a {kind}"
    )
    names = ("kind",)


class RoomNotThere(Guard):
    text = (
        "楼栋、单元、房号与地点 {place} 不符,应为 {building}/{unit}/{number};可不填"
        " / Building, unit and number are none of place {place}, which is {building}/{unit}/"
        "{number}; they may be left out"
    )


class PlaceTaken(Refusal):
    status = 409
    text = "地点 {place} 已登记为房屋 {room} / Place {place} is registered as room {room}"
