"""Refusals of what other systems bring in."""

from __future__ import annotations

from fivered.chassis.refusal import Guard, Refusal


class OnlySystems(Guard):
    denial = True
    text = (
        "来件由系统账号送达;工作人员请直接提交诉求"
        " / Items are brought by service accounts; people file requests themselves"
    )


class OnlyPeople(Guard):
    denial = True
    text = "来件须由工作人员确认 / A person looks at an item; no system decides on it"


class ItemDiffers(Refusal):
    code = "REFERENCE_TAKEN"
    status = 409
    text = (
        "编号 {reference} 已用于内容不同的来件"
        " / Reference {reference} stands for an item with another content"
    )


class GridNeededHere(Guard):
    text = "请写明事项所在网格 / Say in which grid the matter lies"


class CaseOver(Guard):
    text = "诉求 {number} 已不在办理中,不能并入 / Request {number} is not open"


class NoSuchArea(Guard):
    text = "区域 {area} 不存在 / There is no area {area}"
