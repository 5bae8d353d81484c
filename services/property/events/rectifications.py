"""What property publishes of orders to put something right."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from fivered.chassis.facts import fact, moment
from fivered.chassis.fields import (
    Level,
    OfficialId,
    ProjectId,
)
from fivered.services.property.fields import (
    RectificationId,
    SeverityOfOrder,
)


@fact(
    "rectification_issued.v1",
    about="rectification",
    visibility="public",
    when="签发整改单时,或由投诉、联席会、任务不合格转来;每张整改单一条 / when a project is "
    "ordered to put something right, also by a complaint, a meeting or work that was not "
    "accepted; once per order",
    by=(
        "issue_rectification",
        "hold_meeting",
        "validate_complaint",
        "reopen_project",
        "hand_over_project",
        "check_work",
        "on_wrk_due",
        "steward.request_reopened.v1",
        "forum.task_overdue.v1",
        "forum.task_rework.v1",
    ),
)
class RectificationIssued:
    """整改单签发 / A project is ordered to put something right before `due_at`."""

    rectification_id: RectificationId
    project_id: ProjectId
    severity: SeverityOfOrder
    due_at: Annotated[datetime, moment("整改期限,UTC / until when it is to be put right, in UTC")]


@fact(
    "rectification_passed.v1",
    about="rectification",
    when="复查合格时,一次 / when the fix was checked and found good; once",
    by=("pass_rectification",),
    after=("rectification_issued.v1",),
)
class RectificationPassed:
    """整改通过 / The fix was checked and found good."""

    rectification_id: RectificationId
    project_id: ProjectId
    severity: SeverityOfOrder
    late: Annotated[bool, Meta(description="是否逾期 / whether it was late")]


@fact(
    "rectification_refuted.v1",
    about="rectification",
    when="复核发现整改不实、重新签发时,一次 / when a second look finds that a fix was none, and "
    "orders it anew; once",
    by=("record_quality_check",),
    after=("rectification_passed.v1",),
)
class RectificationRefuted:
    """整改不实 / The fix was none; what was given for it is taken back, another order follows."""

    rectification_id: RectificationId
    project_id: ProjectId


@fact(
    "rectification_overdue.v1",
    about="rectification",
    when="整改到期未合格时,每张整改单一次 / when an order was not met in time; once per order",
    by=("on_rec_due", "fail_rectification"),
    after=("rectification_issued.v1",),
)
class RectificationOverdue:
    """整改逾期 / The order was not met in time; said once per order."""

    rectification_id: RectificationId
    project_id: ProjectId
    severity: SeverityOfOrder


@fact(
    "rectification_escalated.v1",
    about="rectification",
    when="逾期的整改,每升一级一条 / when an overdue order goes up; once per level",
    by=("on_rec_due", "on_rec_l2", "fail_rectification"),
    after=("rectification_overdue.v1",),
)
class RectificationEscalated:
    """整改升级 / An overdue order goes up the liaison chain: 1 to the street, 2 to the
    district."""

    rectification_id: RectificationId
    project_id: ProjectId
    severity: SeverityOfOrder
    level: Level
    official_id: OfficialId | None


@fact(
    "rectification_withdrawn.v1",
    about="rectification",
    when="整改单或会议属误发而撤回时,一次 / when an order, or the meeting that gave it, was "
    "made in error and is withdrawn; once",
    by=("withdraw_rectification", "annul_meeting"),
    after=("rectification_issued.v1",),
)
class RectificationWithdrawn:
    """整改单撤回 / The order was issued in error; its effects are to be reversed."""

    rectification_id: RectificationId
    project_id: ProjectId


@fact(
    "rectification_ended.v1",
    about="rectification",
    when="项目退出或移交、任务取消或改派,无须再整改时,一次 / when nothing is to be put right "
    "any more, since the project or the task is over; once",
    by=(
        "change_project_status",
        "hand_over_project",
        "cancel_work",
        "reassign_work",
        "forum.task_rework.v1",
    ),
    after=("rectification_issued.v1",),
)
class RectificationEnded:
    """整改单随项目或任务终止 / Nothing is to be put right any more: the project or the task is
    over. What it cost stays."""

    rectification_id: RectificationId
    project_id: ProjectId
