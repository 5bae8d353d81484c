"""Residents' committees and party branches."""

from datetime import date
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply
from fivered.services.property.replies.common import Happened


class Seat(Reply, kw_only=True):
    """一个席位 / Who sat, as what, and from when until when; the last day is not in it."""

    person_id: str
    post: str
    since: date
    until: date | None = None
    reason: str | None = None


class BodyLine(Reply, kw_only=True):
    """居委会或党支部 / A residents' committee or party branch; who sits there, to the staff of its
    area and to themselves."""

    id: str
    kind: str
    name: str
    uscc: str | None = None
    project_id: str | None = None
    term_from: date
    term_to: date
    state: str
    area: str
    size: Annotated[int, Meta(description="在任人数 / how many sit there")]
    version: int
    created_at: Instant
    members: list[str] | UnsetType = UNSET


class BodyCard(BodyLine, kw_only=True):
    """居委会或党支部及任期 / The same with the terms of its members and its history."""

    document_ref: (
        Annotated[
            str,
            Meta(
                description="文件只有成员和工作人员可见 / a file's id is told to staff and members"
            ),
        ]
        | UnsetType
    ) = UNSET
    replaces: (
        Annotated[str, Meta(description="由其提前接任的上一届 / the one that it has replaced")]
        | None
    ) = None
    end_reason: str | None = None
    files: Annotated[list[str], Meta(description="附件 / its papers")] | UnsetType = UNSET
    seats: list[Seat] | UnsetType = UNSET
    history: list[Happened] | UnsetType = UNSET
