"""Cross-appointments."""

from typing import Annotated

from msgspec import Meta

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply
from fivered.services.property.replies.common import Happened, Made, MadeDue


class Approved(MadeDue, kw_only=True):
    """审批结果 / Which sides have approved so far."""

    approved_by: list[str]


class Filed(Made, kw_only=True):
    """备案结果 / For how many days nobody was in office."""

    gap_days: int


class AppointmentLine(Reply, kw_only=True):
    """交叉任职一行 / One appointment of a list."""

    id: str
    project_id: str
    direction: str
    person_id: str
    target_post: str
    unpaid: bool
    conflict_topics: list[str]
    state: str
    proposed_by: str
    consent_at: Instant | None = None
    secretary_at: Instant | None = None
    company_at: Instant | None = None
    filed_at: Instant | None = None
    active_from: Instant | None = None
    ended_at: Instant | None = None
    secretary_by: str | None = None
    minutes_ref: str | None = None
    company_by: str | None = None
    letter_ref: str | None = None
    filed_by: str | None = None
    end_reason: str | None = None
    area: str
    due: Annotated[Instant, Meta(description="下一步办理期限 / until when it waits")] | None = None
    overdue_since: (
        Annotated[Instant, Meta(description="期限已过,仍待办理 / when the time of its step ended")]
        | None
    ) = None
    version: int
    created_at: Instant


class AppointmentCard(AppointmentLine, kw_only=True):
    """交叉任职 / An appointment with its history."""

    party_member: bool
    committee_basis: str | None = None
    history: list[Happened]
