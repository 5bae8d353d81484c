"""Outages, works and faults that are announced."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply
from fivered.services.property.fields import IncidentKind, IncidentNature, IncidentState
from fivered.services.property.replies.common import Made


class Announced(Made, kw_only=True):
    """通告 / An announcement, with the number by which people ask for it."""

    number: str


class Followed(Made, kw_only=True):
    """关注 / Whether the caller is told what becomes of it."""

    following: bool


class IncidentUpdate(Reply, kw_only=True):
    """一次更新 / What was told of it, and until when it was to last then."""

    at: Instant
    text: str
    ends_at: Instant


class Incident(Reply, kw_only=True):
    """停供、施工或故障通告 / An outage, works or a fault, as everybody reads it."""

    id: str
    number: str
    kind: IncidentKind
    nature: IncidentNature
    project_id: str | None = None
    grids: list[str]
    buildings: Annotated[list[str], Meta(description="空为全部楼栋 / none means all of the grids")]
    title: str
    text: str
    state: IncidentState
    starts_at: Annotated[Instant, Meta(description="计划开始 / planned to begin")]
    ends_at: Annotated[Instant, Meta(description="预计结束 / expected to end")]
    started_at: Annotated[Instant, Meta(description="实际开始 / began")] | None = None
    ended_at: Annotated[Instant, Meta(description="实际恢复或取消 / over, or cancelled")] | None = (
        None
    )
    updates: list[IncidentUpdate]
    area: str
    version: int
    created_at: Instant
    following: (
        Annotated[bool, Meta(description="本人是否关注 / whether the caller follows it")]
        | UnsetType
    ) = UNSET
    # To staff of its area and to who announced it.
    announced_by: str | UnsetType | None = UNSET
    announced_role: str | UnsetType | None = UNSET
