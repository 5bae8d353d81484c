"""Refusals about grids that are split and merged."""

from __future__ import annotations

from fivered.chassis.refusal import Guard, Refusal


class GridEnded(Guard):
    text = (
        "网格 {grid} 已撤销,由 {successors} 承接,请改选"
        " / Grid {grid} has ended; {successors} took its place: choose from there"
    )


class GridInChange(Refusal):
    status = 409
    text = (
        "网格 {grid} 已列入尚未执行的网格调整 {change_id}"
        " / Grid {grid} is part of change {change_id}, which is not carried out yet"
    )


class GridCodeTaken(Guard):
    text = "代码 {grid} 已用过,请用新代码 / The code {grid} was used; a new grid has a new one"


class BuildingElsewhere(Guard):
    text = "{place} 不是被调整网格中的楼栋 / {place} is no building of the grids that are changed"


class GridChangeDay(Guard):
    text = (
        "生效日期须晚于 {day} 且在一年之内 / It takes effect on a day after {day} and within a year"
    )


class GridChangeSamePerson(Guard):
    text = "提出人不能批准本人提出的调整 / Who proposed a change does not approve it"
