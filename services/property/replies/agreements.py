"""Agreements, commitments and meetings."""

from datetime import date
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply
from fivered.services.property.replies.common import Happened, Made


class Waived(Made, kw_only=True):
    """豁免结果 / Who has agreed so far that it need not be done."""

    agreed_by: list[str]


class AgreementLine(Reply, kw_only=True):
    """协议一行 / One agreement of a list; who signed it, to its two sides."""

    id: str
    project_id: str
    type: str
    valid_from: date
    valid_to: date
    text_sha256: str
    supersedes: str | None = None
    state: str
    signed_by_project: str | UnsetType | None = UNSET
    signed_by_community: str | UnsetType | None = UNSET
    signed_project_at: Instant | None = None
    signed_community_at: Instant | None = None
    active_from: Instant | None = None
    ended_at: Instant | None = None
    end_reason: str | None = None
    area: str
    version: int
    created_at: Instant


class AgreementItem(Reply, kw_only=True):
    """协议条款 / What an agreement promises."""

    item: int
    title: str
    responsible: str
    due_date: date | None = None
    recurrence: str
    evidence_kinds: list[str]


class Commitment(Reply, kw_only=True):
    """履约事项 / A dated commitment; who did what, to the two sides."""

    id: str
    agreement_id: str
    project_id: str
    item: int
    title: str
    responsible: str
    evidence_kinds: list[str]
    due_date: date
    due_at: Instant
    state: str
    evidence: list[str]
    submitted_at: Instant | None = None
    accepted_at: Instant | None = None
    overdue_at: Instant | None = None
    submitted_by: str | UnsetType | None = UNSET
    accepted_by: str | UnsetType | None = UNSET
    waived_by_project: str | UnsetType | None = UNSET
    waived_by_community: str | UnsetType | None = UNSET
    waived_by_street: str | UnsetType | None = UNSET
    waive_reason: str | None = None
    version: int


class AgreementCard(AgreementLine, kw_only=True):
    """党建联建协议 / An agreement with its dated commitments."""

    in_force: (
        Annotated[bool, Meta(description="所问之日是否有效 / in force on the day asked for")] | None
    ) = None
    items: list[AgreementItem]
    commitments: list[Commitment]
    history: list[Happened]
    file: Annotated[
        str | None,
        Meta(description="协议的文件编号,向双方显示 / id of its file, for the two sides"),
    ] = None
    text: (
        Annotated[str, Meta(description="协议文本;双方可见 / its text, to both sides")]
        | UnsetType
        | None
    ) = UNSET


class Held(Made, kw_only=True):
    """会议记录 / A meeting, and what its decisions opened."""

    period: str
    two_sided: bool | UnsetType = UNSET
    decisions: list[dict[str, object]] | UnsetType = UNSET


class MeetingCard(Reply, kw_only=True):
    """三方联席会议 / A three-party meeting."""

    id: str
    project_id: str
    period: str
    held_at: Instant
    chair: str
    attendees: dict[str, list[str]]
    observers: list[str] | None = None
    owners_committee: bool
    minutes_sha256: str
    decisions: list[dict[str, object]]
    area: str
    version: int
    created_at: Instant
    annulled_at: Instant | None = None
    annul_reason: str | None = None
    file: Annotated[str | None, Meta(description="纪要的文件编号 / id of the minutes' file")] = None
