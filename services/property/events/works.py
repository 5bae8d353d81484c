"""What property publishes of complaints, disclosures and tasks."""

from __future__ import annotations

from fivered.chassis.facts import fact
from fivered.chassis.fields import (
    Community,
    ProjectId,
    TaskId,
    TopicId,
)
from fivered.services.property.fields import (
    CategoryOfComplaint,
    ComplaintId,
    DisclosureId,
    Evidence,
    FiledAt,
    KindOfDisclosure,
    WorkId,
)


@fact(
    "complaint_accepted.v1",
    about="complaint",
    visibility="public",
    when="对物业的投诉计入时:受理、改判成立、合并或更正后改由其计入;同一投诉可多次,以最新为准 / "
    "when a complaint about a project counts: as it is filed, found valid after all, or goes on "
    "in place of another; may be said again, and the newest of accepted and invalidated holds",
    by=(
        "validate_complaint",
        "decide_complaint_project",
        "register_project",
        "correct_project",
        "change_project_status",
        "reopen_project",
        "steward.request_submitted.v1",
        "steward.request_corrected.v1",
        "steward.request_cancelled.v1",
    ),
)
class ComplaintAccepted:
    """物业投诉计入 / A complaint about a project counts (from its filing, or again after a new
    decision)."""

    complaint_id: ComplaintId
    project_id: ProjectId
    community: Community
    category: CategoryOfComplaint
    filed_at: FiledAt


@fact(
    "complaint_invalidated.v1",
    about="complaint",
    visibility="public",
    when="投诉认定不成立,或其诉求被撤回、合并、不予受理、更正为他事时;可多次 / when a complaint "
    "is found not valid, or its request is taken back, merged, rejected or about something else; "
    "may be said again",
    by=(
        "validate_complaint",
        "steward.request_merged.v1",
        "steward.request_rejected.v1",
        "steward.request_cancelled.v1",
        "steward.request_corrected.v1",
    ),
    after=("complaint_accepted.v1",),
)
class ComplaintInvalidated:
    """物业投诉认定不成立 / A complaint was found not valid and no longer counts."""

    complaint_id: ComplaintId
    project_id: ProjectId
    community: Community
    category: CategoryOfComplaint
    filed_at: FiledAt


@fact(
    "disclosure_published.v1",
    about="disclosure",
    visibility="public",
    when="按期公示时;每项一条,逾期公示不发 / when a project publishes in time what it had to "
    "disclose; once each, and not where it was late",
    by=("publish_disclosure",),
)
class DisclosurePublished:
    """公示按期发布 / A project published what it had to disclose, in time; late ones are history
    only."""

    disclosure_id: DisclosureId
    project_id: ProjectId
    kind: KindOfDisclosure


@fact(
    "disclosure_overdue.v1",
    about="disclosure",
    when="到期未公示时,一次 / when it was not published in time; once",
    by=("on_dsc_due",),
)
class DisclosureOverdue:
    """公示逾期 / A project did not publish in time what it had to disclose."""

    disclosure_id: DisclosureId
    project_id: ProjectId
    kind: KindOfDisclosure


@fact(
    "disclosure_withdrawn.v1",
    about="disclosure",
    when="逾期的公示属误排而取消时,一次 / when an overdue disclosure that was scheduled in "
    "error is cancelled; once",
    by=("cancel_disclosure",),
    after=("disclosure_overdue.v1",),
)
class DisclosureWithdrawn:
    """公示逾期撤销 / An overdue one was scheduled in error; its effects are to be reversed."""

    disclosure_id: DisclosureId
    project_id: ProjectId


@fact(
    "work_delivered.v1",
    about="work",
    when="交付工单时;返工后再交付再发 / when a task is reported as done; again after each rework",
    by=("deliver_work",),
)
class WorkDelivered:
    """工单交付 / A project reports a deliberated task as done, with evidence."""

    work_id: WorkId
    task_id: TaskId
    topic_id: TopicId
    project_id: ProjectId
    evidence: Evidence
