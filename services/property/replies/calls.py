"""Calls of three-party meetings, and their minutes."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply
from fivered.services.property.replies.common import Happened, Made


class Invited(Reply, kw_only=True):
    """一名受邀人 / One who is invited, for which side, and whether they come."""

    person_id: str
    side: str
    answer: str
    note: str | None = None
    answered_at: Instant | None = None


class MeetingCall(Reply, kw_only=True):
    """会议通知 / A three-party meeting that is called."""

    id: str
    project_id: str
    starts_at: Instant
    place: str
    agenda: list[str]
    state: str
    meeting_id: str | None = None
    end_reason: str | None = None
    my_answer: (
        Annotated[str, Meta(description="本人的答复;未受邀为空 / one's own answer")] | None
    ) = None
    area: str
    version: int
    created_at: Instant
    invited: list[Invited] | UnsetType = UNSET


class MeetingCallCard(MeetingCall, kw_only=True):
    """会议通知及历史 / The same with its history."""

    history: list[Happened] | UnsetType = UNSET


class MinutesMade(Made, kw_only=True):
    """会议纪要 / Minutes, and which text is meant."""

    text_sha256: str


class MinutesLine(Reply, kw_only=True):
    """会议纪要一行 / Minutes of a list: which sides have approved, which have to."""

    id: Annotated[str, Meta(description="会议编号 / id of the meeting")]
    project_id: str
    text_sha256: str
    state: str
    approved_by: Annotated[list[str], Meta(description="已确认的各方 / sides that have approved")]
    waits_for: Annotated[list[str], Meta(description="待确认的各方 / sides that have to")]
    my_side: Annotated[str, Meta(description="本人代表的一方 / for which one was there")] | None = (
        None
    )
    approved_at: Instant | None = None
    area: str
    version: int
    created_at: Instant


class MinutesCard(MinutesLine, kw_only=True):
    """会议纪要全文 / Minutes with their text and files."""

    text: str
    files: list[str]
    history: list[Happened] | UnsetType = UNSET
