"""Rectification orders and works."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply
from fivered.services.property.replies.common import Happened, Made, MadeDue

OrderState = Literal[
    "ISSUED", "ACKNOWLEDGED", "SUBMITTED", "OVERDUE", "PASSED", "CLOSED", "WITHDRAWN", "ENDED"
]
WorkState = Literal["ASSIGNED", "DOING", "DELIVERED", "CLOSED", "CANCELLED", "ENDED"]


class Submitted(MadeDue, kw_only=True):
    """提交结果 / Whether it came in time."""

    late: bool


class Failed(Made, kw_only=True):
    """核验不合格 / How often it was tried, and up to which level the order has gone."""

    attempt: int
    level: int


class Withdrawal(Made, kw_only=True):
    """撤回 / Whether the withdrawal is proposed or decided."""

    withdrawal: Literal["PROPOSED", "DECIDED"]


class Issued(MadeDue, kw_only=True):
    """整改单 / An issued order."""

    number: str


class Order(Reply, kw_only=True):
    """整改单 / A rectification order."""

    id: str
    number: str
    project_id: str
    company_id: str
    severity: str
    facts: str
    basis: str
    media: list[str]
    source: str
    complaint_id: str | None = None
    task_id: str | None = None
    meeting_id: str | None = None
    work_id: str | None = None
    issued_by: str
    issued_role: str
    issued_at: Instant
    due: Annotated[
        Instant | None, Meta(description="正在计时的期限 / what runs now; null once it has ended")
    ]
    due_at: Instant
    state: OrderState
    level: int
    attempt: int
    acknowledged_at: Instant | None = None
    submitted_at: Instant | None = None
    checked_at: Instant | None = None
    overdue_at: Instant | None = None
    passed_at: Instant | None = None
    closed_at: Instant | None = None
    withdrawn_at: Instant | None = None
    acknowledged_late: bool
    late: bool
    check_due_at: (
        Annotated[Instant, Meta(description="核验期限 / until when it is to be checked")] | None
    ) = None
    again_of: (
        Annotated[str, Meta(description="所接续的整改单 / the order that it follows")] | None
    ) = None
    submitted_by: str | None = None
    evidence: list[dict[str, str]]
    on_site: bool
    checked_by: str | None = None
    check_note: str | None = None
    level1_official: str | None = None
    level2_official: str | None = None
    withdraw_proposed_by: str | None = None
    withdraw_reason: str | None = None
    extended_from: Instant | None = None
    extended_by: str | None = None
    extension_reason: str | None = None
    area: str
    version: int
    created_at: Instant


class OrderWithHistory(Order, kw_only=True):
    """整改单及历史 / An order with its history."""

    history: list[Happened]


class WorkCard(Reply, kw_only=True):
    """工单 / A work order out of a resolution (TASK) or a three-party meeting (MEETING)."""

    id: str
    project_id: str
    source: str
    task_id: str | None = None
    topic_id: str | None = None
    meeting_id: str | None = None
    title: str
    state: WorkState
    evidence: list[str]
    rework_count: int
    overdue: bool
    level: (
        Annotated[int, Meta(description="逾期上报:1 社区,2 街道 / went up: 1 community, 2 street")]
        | None
    ) = None
    due_at: Instant | None = None
    started_at: Instant | None = None
    delivered_at: Instant | None = None
    closed_at: Instant | None = None
    delivered_by: str | UnsetType | None = UNSET
    extensions: int | None = None
    responsible: Annotated[str, Meta(description="由社区办理 / COMMUNITY, else project")] | None = (
        None
    )
    end_reason: (
        Annotated[str, Meta(description="为何取消或终止 / why it is not to be done")] | None
    ) = None
    area: str
    version: int
    created_at: Instant


class WorkWithHistory(WorkCard, kw_only=True):
    """工单及历史 / A work order with its history."""

    history: list[Happened]
