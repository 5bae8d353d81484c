"""What is answered about the rota, and about who serves a household."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply


class PlannedShift(Reply, kw_only=True):
    """一个班次的结果 / What became of one shift of a plan; of one that was refused, why."""

    id: str | None
    steward_id: str
    grid: str
    start: Instant
    end: Instant
    result: Annotated[str, Meta(examples=["planned"])]
    field: str | UnsetType = UNSET
    message_zh: str | UnsetType = UNSET
    message_en: str | UnsetType = UNSET


class ShiftsPlanned(Reply, kw_only=True):
    """排班结果 / What came of a plan, shift by shift."""

    state: Annotated[str, Meta(description="PLANNED 或 PREVIEW / planned, or only tried")]
    planned: int
    unchanged: int
    refused: int
    items: list[PlannedShift]


class SwapCard(Reply, kw_only=True):
    """换班申请 / A swap that was asked for."""

    id: str
    shift_id: str
    for_shift: str | None = None
    from_steward: str
    to_steward: str
    state: str
    asked_at: Instant
    starts_at: Annotated[Instant, Meta(description="最早的班次开始 / when the first shift begins")]
    answered_at: Instant | None = None
    version: int


class ServedBy(Reply, kw_only=True):
    """一名管家 / A steward who serves a household."""

    steward_id: str
    duty: str
    duty_zh: str
    duty_en: str
    name: Annotated[
        str | None, Meta(description="同意公示的,或工作人员查询 / who agreed to it, or for staff")
    ]
    work_phone: str | None = None
    employer: str | None = None
    on_shift: bool | None


class NobodyServes(Reply, kw_only=True):
    """空缺 / A duty that nobody has, and who does its work meanwhile."""

    duty: str
    duty_zh: str
    duty_en: str
    backup: str | None = None


class HouseholdStewards(Reply, kw_only=True):
    """户的管家 / The stewards of a household or dwelling: all full-time ones, and the right ones of
    the others."""

    grid: str
    grid_name: str
    building: str | None = None
    at: Instant
    full_time: list[ServedBy]
    part_time: list[ServedBy]
    missing: list[NobodyServes]


class OpenSpan(Reply, kw_only=True):
    """无人值守时段 / A span in which no full-time steward is to sit."""

    start: Instant
    end: Instant


class OpenDuty(Reply, kw_only=True):
    """空缺岗位 / A duty that nobody has."""

    duty: str
    duty_zh: str
    duty_en: str
    since: Annotated[Instant, Meta(description="空缺起始 / since when")]


class GapAhead(Reply, kw_only=True):
    """预警 / What will be missing in a grid."""

    id: str
    grid: str
    first_gap: Instant | None
    uncovered_minutes: int
    spans: Annotated[list[OpenSpan], Meta(description="至多 50 段 / 50 at most")]
    missing: list[OpenDuty]
    asked_at: Instant
