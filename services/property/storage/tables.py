"""The tables."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store

metadata = store.new_metadata()
chassis = store.chassis_tables(metadata)


def _when(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, store.UtcDateTime) for name in names]


def _row() -> list[sa.Column[object]]:
    """Columns of every aggregate: where it lies, which version it is, when it began."""
    return [
        sa.Column("area", store.Area, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
    ]


# --------------------------------------------------------------------------------------------------
# Organisations

companies = sa.Table(
    "companies",
    metadata,
    sa.Column("company_id", store.Id, primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("uscc", sa.String(40), nullable=False, unique=True),
    sa.Column("uscc_override_reason", sa.Text),
    sa.Column("uscc_override_by", store.Id),
    sa.Column("representatives", store.Json, nullable=False),
    *_row(),
    # What one registrar proposes and another one has not confirmed yet.
    sa.Column("representatives_proposed", store.Json),
    sa.Column("representatives_proposed_by", store.Id),
    sa.Column("representatives_document", sa.String(200)),
    info={"kind": "company"},
)
projects = sa.Table(
    "projects",
    metadata,
    sa.Column("project_id", store.Id, primary_key=True),
    sa.Column("company_id", store.Id, nullable=False, index=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("grids", store.Json, nullable=False),
    sa.Column("households", sa.Integer, nullable=False),
    # Hundredths of a square metre, so that no fraction is lost.
    sa.Column("area_m2_hundredths", sa.BigInteger),
    sa.Column("operation_mode", sa.String(20), nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("manager_person_id", store.Id, index=True),
    *_when("in_service_from", "closed_at"),
    # The project of the former company in the same compound.
    sa.Column("predecessor_id", store.Id),
    *_row(),
    # The buildings of its compound, where another project serves the same grid.
    sa.Column("buildings", store.Json),
    # That it was closed by mistake: what one registrar proposes and another one has not confirmed.
    sa.Column("reopening_proposed_by", store.Id),
    sa.Index("ix_projects_area", "area", "project_id"),
)
project_managers = sa.Table(
    "project_managers",
    metadata,
    sa.Column("project_id", store.Id, primary_key=True),
    sa.Column("since", store.UtcDateTime, primary_key=True),
    sa.Column("person_id", store.Id, nullable=False),
    sa.Column("until", store.UtcDateTime),
)
project_households = sa.Table(
    "project_households",
    metadata,
    sa.Column("project_id", store.Id, primary_key=True),
    sa.Column("since", sa.Date, primary_key=True),
    sa.Column("households", sa.Integer, nullable=False),
)
owners_committees = sa.Table(
    "owners_committees",
    metadata,
    sa.Column("committee_id", store.Id, primary_key=True),
    sa.Column("project_id", store.Id, nullable=False, index=True),
    sa.Column("kind", sa.String(3), nullable=False),
    sa.Column("members", store.Json, nullable=False),
    sa.Column("chair", store.Id, nullable=False),
    sa.Column("term_from", sa.Date, nullable=False),
    sa.Column("term_to", sa.Date, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    # The committee that it has replaced before that one's term was over.
    sa.Column("replaces", store.Id),
    sa.Column("end_reason", sa.Text),
    *_row(),
    info={"kind": "committee"},
)

# --------------------------------------------------------------------------------------------------
# Cross-appointments

appointments = sa.Table(
    "appointments",
    metadata,
    sa.Column("appointment_id", store.Id, primary_key=True),
    sa.Column("project_id", store.Id, nullable=False, index=True),
    sa.Column("direction", sa.String(3), nullable=False),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    sa.Column("target_post", sa.String(40), nullable=False),
    sa.Column("party_member", sa.Boolean, nullable=False),
    sa.Column("committee_basis", sa.String(200)),
    sa.Column("unpaid", sa.Boolean, nullable=False),
    sa.Column("conflict_topics", store.Json, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("proposed_by", store.Id, nullable=False),
    *_when("consent_at", "secretary_at", "company_at", "filed_at", "active_from", "ended_at"),
    sa.Column("secretary_by", store.Id),
    sa.Column("minutes_ref", sa.String(200)),
    sa.Column("company_by", store.Id),
    sa.Column("letter_ref", sa.String(200)),
    sa.Column("filed_by", store.Id),
    sa.Column("end_reason", sa.String(40)),
    *_row(),
    # Until when it waits for its next step.
    *_when("due_at"),
    sa.Index(
        "uq_appointments_active",
        "project_id",
        "direction",
        unique=True,
        postgresql_where=sa.text("state = 'ACTIVE'"),
        sqlite_where=sa.text("state = 'ACTIVE'"),
    ),
    sa.Index("ix_appointments_area", "area", "created_at", "appointment_id"),
)
gaps = sa.Table(
    "cross_gaps",
    metadata,
    sa.Column("project_id", store.Id, primary_key=True),
    sa.Column("direction", sa.String(3), primary_key=True),
    sa.Column("since", sa.Date, primary_key=True),
    sa.Column("until", sa.Date),
    sa.Column("days", sa.Integer),
)

# --------------------------------------------------------------------------------------------------
# Agreements

agreements = sa.Table(
    "agreements",
    metadata,
    sa.Column("agreement_id", store.Id, primary_key=True),
    sa.Column("project_id", store.Id, nullable=False, index=True),
    sa.Column("type", sa.String(24), nullable=False),
    sa.Column("valid_from", sa.Date, nullable=False),
    sa.Column("valid_to", sa.Date, nullable=False),
    sa.Column("text_sha256", sa.String(64), nullable=False),
    sa.Column("supersedes", store.Id),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("signed_by_project", store.Id),
    sa.Column("signed_by_community", store.Id),
    *_when("signed_project_at", "signed_community_at", "active_from", "ended_at"),
    sa.Column("end_reason", sa.String(200)),
    *_row(),
    sa.Index("ix_agreements_area", "area", "created_at", "agreement_id"),
)
agreement_items = sa.Table(
    "agreement_items",
    metadata,
    sa.Column("agreement_id", store.Id, primary_key=True),
    sa.Column("item", sa.Integer, primary_key=True),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("responsible", sa.String(10), nullable=False),
    sa.Column("due_date", sa.Date),
    sa.Column("recurrence", sa.String(10), nullable=False),
    sa.Column("evidence_kinds", store.Json, nullable=False),
)
commitments = sa.Table(
    "commitments",
    metadata,
    sa.Column("commitment_id", store.Id, primary_key=True),
    sa.Column("agreement_id", store.Id, nullable=False, index=True),
    sa.Column("project_id", store.Id, nullable=False),
    sa.Column("item", sa.Integer, nullable=False),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("responsible", sa.String(10), nullable=False),
    sa.Column("evidence_kinds", store.Json, nullable=False),
    sa.Column("due_date", sa.Date, nullable=False),
    sa.Column("due_at", store.UtcDateTime, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("evidence", store.Json, nullable=False),
    *_when("submitted_at", "accepted_at", "overdue_at"),
    sa.Column("submitted_by", store.Id),
    sa.Column("accepted_by", store.Id),
    sa.Column("waived_by_project", store.Id),
    sa.Column("waived_by_community", store.Id),
    sa.Column("waived_by_street", store.Id),
    sa.Column("waive_reason", sa.Text),
    *_row(),
    sa.Index("ix_commitments_due", "project_id", "due_date"),
    sa.Index("ix_commitments_area", "area", "state", "created_at", "commitment_id"),
)

# --------------------------------------------------------------------------------------------------
# Meetings, complaints, orders

meetings = sa.Table(
    "tripartite_meetings",
    metadata,
    sa.Column("meeting_id", store.Id, primary_key=True),
    sa.Column("project_id", store.Id, nullable=False),
    sa.Column("period", store.Period, nullable=False),
    sa.Column("held_at", store.UtcDateTime, nullable=False),
    sa.Column("chair", store.Id, nullable=False),
    sa.Column("attendees", store.Json, nullable=False),
    # Who sat in: for no side. Null is nobody.
    sa.Column("observers", store.Json),
    sa.Column("owners_committee", sa.Boolean, nullable=False),
    sa.Column("minutes_sha256", sa.String(64), nullable=False),
    sa.Column("decisions", store.Json, nullable=False),
    *_row(),
    *_when("annulled_at"),
    sa.Column("annul_reason", sa.Text),
    sa.Index("ix_tripartite_meetings_period", "project_id", "period"),
    sa.Index("ix_tripartite_meetings_area", "area", "created_at", "meeting_id"),
    info={"kind": "meeting"},
)


def _details(length: int = 16) -> list[sa.Column[object]]:
    """Return the columns of where and what, of which room, and whom to call.

    Args:
        length: Of the code of a place, in characters.
    """
    return [
        sa.Column("place", sa.String(length)),
        sa.Column("problem", sa.String(24)),
        sa.Column("room_id", store.Id),
        sa.Column("contact_id", store.Id),
        sa.Column("emergency", sa.Boolean),
        sa.Column("warranty", sa.Boolean),
        sa.Column("paid", sa.Boolean),
        # Whether the project may read the room and the contact person.
        sa.Column("tell_project", sa.Boolean),
    ]


complaints = sa.Table(
    "complaints",
    metadata,
    sa.Column("complaint_id", store.Id, primary_key=True),
    sa.Column("request_id", store.Id, nullable=False, unique=True),
    sa.Column("number", sa.String(40)),
    sa.Column("project_id", store.Id, nullable=False),
    sa.Column("grid", store.Area),
    sa.Column("category", sa.String(40), nullable=False),
    sa.Column("complainant_id", store.Id),
    sa.Column("filed_at", store.UtcDateTime, nullable=False),
    sa.Column("period", store.Period, nullable=False),
    sa.Column("valid", sa.String(8), nullable=False),
    sa.Column("reason", sa.Text),
    # Which of `rules.OWN_REASONS` it is; a reason that somebody wrote has no code.
    sa.Column("reason_code", sa.String(32)),
    sa.Column("decided_by", store.Id),
    *_when("decided_at", "closed_at"),
    sa.Column("reopen_count", sa.Integer, nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("outcome", sa.Text),
    *_row(),
    # What who complained says of it: SOLVED, NOT_SOLVED; null is nothing.
    sa.Column("confirmed", sa.String(12)),
    # What it is about, more closely; null is what nobody has said.
    *_details(),
    sa.Index("ix_complaints_month", "project_id", "period"),
    sa.Index("ix_complaints_area", "area", "created_at", "complaint_id"),
    sa.Index("ix_complaints_created", "created_at", "complaint_id"),
    sa.Index("ix_complaints_project", "project_id", "created_at", "complaint_id"),
    sa.Index("ix_complaints_complainant", "complainant_id", "created_at", "complaint_id"),
    sa.Index("ix_complaints_filed", "filed_at"),
)
# Complaints of which nobody can tell about which project they are; a person of the community says.
undecided = sa.Table(
    "undecided_complaints",
    metadata,
    sa.Column("undecided_id", store.Id, primary_key=True),
    sa.Column("request_id", store.Id, nullable=False, unique=True),
    sa.Column("number", sa.String(40)),
    sa.Column("grid", store.Area, nullable=False),
    sa.Column("building", sa.String(80)),
    sa.Column("category", sa.String(40), nullable=False),
    sa.Column("claimed_project_id", store.Id),
    sa.Column("complainant_id", store.Id),
    sa.Column("filed_at", store.UtcDateTime, nullable=False),
    sa.Column("reopen_count", sa.Integer, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("late", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("decided_by", store.Id),
    *_when("decided_at"),
    sa.Column("complaint_id", store.Id),
    # What was said when it was filed, as it was said; it goes on to the complaint.
    *_details(24),
    *_row(),
    sa.Index("ix_undecided_complaints_area", "area", "created_at", "undecided_id"),
    sa.Index("ix_undecided_complaints_grid", "grid", "state"),
    sa.Index("ix_undecided_complaints_complainant", "complainant_id", "created_at"),
    info={"kind": "undecided"},
)
# What a complainant is told of the complaint.
messages = sa.Table(
    "messages",
    metadata,
    sa.Column("message_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, nullable=False),
    sa.Column("code", sa.String(32), nullable=False),
    sa.Column("complaint_id", store.Id),
    sa.Column("number", sa.String(40)),
    sa.Column("said", sa.Text),
    sa.Column("said_code", sa.String(32)),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Index("ix_messages_person", "person_id", "created_at", "message_id"),
)
rectifications = sa.Table(
    "rectifications",
    metadata,
    sa.Column("rectification_id", store.Id, primary_key=True),
    sa.Column("number", sa.String(40), nullable=False, unique=True),
    sa.Column("project_id", store.Id, nullable=False, index=True),
    sa.Column("company_id", store.Id, nullable=False),
    sa.Column("severity", sa.String(2), nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("basis", sa.Text, nullable=False),
    sa.Column("media", store.Json, nullable=False),
    sa.Column("source", sa.String(12), nullable=False),
    sa.Column("complaint_id", store.Id, unique=True),
    sa.Column("task_id", store.Id, unique=True),
    sa.Column("meeting_id", store.Id),
    sa.Column("issued_by", store.Id, nullable=False),
    sa.Column("issued_role", sa.String(20), nullable=False),
    sa.Column("issued_at", store.UtcDateTime, nullable=False),
    sa.Column("due_at", store.UtcDateTime, nullable=False),
    sa.Column("state", sa.String(14), nullable=False),
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    *_when(
        "acknowledged_at",
        "submitted_at",
        "checked_at",
        "overdue_at",
        "passed_at",
        "closed_at",
        "withdrawn_at",
    ),
    sa.Column("acknowledged_late", sa.Boolean, nullable=False),
    sa.Column("late", sa.Boolean, nullable=False),
    sa.Column("submitted_by", store.Id),
    sa.Column("evidence", store.Json, nullable=False),
    sa.Column("on_site", sa.Boolean, nullable=False),
    sa.Column("checked_by", store.Id),
    sa.Column("check_note", sa.Text),
    sa.Column("level1_official", store.Id),
    sa.Column("level2_official", store.Id),
    sa.Column("withdraw_proposed_by", store.Id),
    sa.Column("withdraw_reason", sa.Text),
    *_row(),
    # The work order that was not done in time.
    sa.Column("work_id", store.Id),
    # When it was due before the street extended it.
    *_when("extended_from"),
    sa.Column("extended_by", store.Id),
    sa.Column("extension_reason", sa.Text),
    # Until when a fix that is submitted waits for its check.
    *_when("check_due_at"),
    # The order that had been met, or ended with its company, and whose matter is wrong again.
    sa.Column("again_of", store.Id),
    sa.Index("uq_rectifications_again", "again_of", unique=True),
    sa.Index("uq_rectifications_work", "work_id", unique=True),
    sa.Index("ix_rectifications_area", "area", "created_at", "rectification_id"),
    sa.Index("ix_rectifications_created", "created_at", "rectification_id"),
    sa.Index("ix_rectifications_project", "project_id", "created_at", "rectification_id"),
    sa.Index("ix_rectifications_state", "state", "created_at", "rectification_id"),
)
works = sa.Table(
    "works",
    metadata,
    sa.Column("work_id", store.Id, primary_key=True),
    sa.Column("project_id", store.Id, nullable=False, index=True),
    sa.Column("source", sa.String(8), nullable=False),
    sa.Column("task_id", store.Id, unique=True),
    sa.Column("topic_id", store.Id),
    sa.Column("meeting_id", store.Id),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("evidence", store.Json, nullable=False),
    sa.Column("rework_count", sa.Integer, nullable=False),
    sa.Column("overdue", sa.Boolean, nullable=False),
    *_when("due_at", "started_at", "delivered_at", "closed_at"),
    sa.Column("delivered_by", store.Id),
    *_row(),
    # Whose work it is: COMMUNITY; null is the project's.
    sa.Column("responsible", sa.String(10)),
    # How often the community has extended it; null is never.
    sa.Column("extensions", sa.Integer),
    sa.Column("end_reason", sa.Text),
    # How far it has gone up since it is overdue: 1 the community, 2 the street; null is not at all.
    sa.Column("level", sa.Integer),
    sa.Index("ix_works_state", "state", "due_at"),
    sa.Index("ix_works_area", "area", "created_at", "work_id"),
)
# What is cut off, worked on or broken, and for which grids and buildings.
incidents = sa.Table(
    "incidents",
    metadata,
    sa.Column("incident_id", store.Id, primary_key=True),
    sa.Column("number", sa.String(40), nullable=False, unique=True),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("nature", sa.String(8), nullable=False),
    sa.Column("project_id", store.Id, index=True),
    sa.Column("grids", store.Json, nullable=False),
    # Empty: all of them.
    sa.Column("buildings", store.Json, nullable=False),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    # What was planned, and what was so.
    sa.Column("starts_at", store.UtcDateTime, nullable=False),
    sa.Column("ends_at", store.UtcDateTime, nullable=False),
    *_when("started_at", "ended_at"),
    # What was told since: when, and until when it was to last then.
    sa.Column("updates", store.Json, nullable=False),
    sa.Column("announced_by", store.Id, nullable=False),
    sa.Column("announced_role", sa.String(20), nullable=False),
    *_row(),
    sa.Index("ix_incidents_created", "created_at", "incident_id"),
    sa.Index("ix_incidents_state", "state", "ends_at"),
    info={"kind": "incident"},
)
incident_grids = sa.Table(
    "incident_grids",
    metadata,
    sa.Column("grid", store.Area, primary_key=True),
    sa.Column("incident_id", store.Id, primary_key=True, index=True),
)
# Who wants to be told what becomes of it.
incident_followers = sa.Table(
    "incident_followers",
    metadata,
    sa.Column("incident_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, primary_key=True, index=True),
    sa.Column("since", store.UtcDateTime, nullable=False),
)
disclosures = sa.Table(
    "disclosures",
    metadata,
    sa.Column("disclosure_id", store.Id, primary_key=True),
    sa.Column("project_id", store.Id, nullable=False, index=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("due_date", sa.Date, nullable=False),
    sa.Column("due_at", store.UtcDateTime, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    *_when("published_at", "overdue_at"),
    sa.Column("published_by", store.Id),
    sa.Column("doc_sha256", sa.String(64)),
    *_row(),
    sa.Column("cancel_reason", sa.Text),
    # What stood there before it was put right: document, since when, why it was replaced.
    sa.Column("former", store.Json),
    sa.Index("ix_disclosures_area", "area", "created_at", "disclosure_id"),
)

# What was found good and is looked at again by somebody outside: an order, or a complaint.
quality_checks = sa.Table(
    "quality_checks",
    metadata,
    sa.Column("check_id", store.Id, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("ref", store.Id, nullable=False),
    sa.Column("project_id", store.Id, nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("found_good_by", store.Id, index=True),
    sa.Column("looked_by", store.Id),
    *_when("looked_at"),
    sa.Column("finding", sa.Text),
    # What who complained said when asked again.
    sa.Column("visited", sa.Boolean, nullable=False),
    sa.Column("satisfied", sa.Boolean),
    sa.Column("opened", store.Id),
    # Photographs and papers of the look; null of before they were kept.
    sa.Column("media", store.Json),
    *_row(),
    sa.Index("ix_quality_checks_ref", "kind", "ref"),
    sa.Index("ix_quality_checks_area", "area", "created_at", "check_id"),
    info={"kind": "quality_check"},
)
# What a disclosure says, one row for each time that it was published; the newest is valid.
disclosure_versions = sa.Table(
    "disclosure_versions",
    metadata,
    sa.Column("disclosure_id", store.Id, primary_key=True),
    sa.Column("edition", sa.Integer, primary_key=True),
    sa.Column("doc_sha256", sa.String(64), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("figures", store.Json, nullable=False),
    sa.Column("files", store.Json, nullable=False),
    # Why it was published anew.
    sa.Column("note", sa.Text),
    # Null of what was put right before versions were kept.
    sa.Column("published_at", store.UtcDateTime),
    sa.Column("published_by", store.Id),
)

# --------------------------------------------------------------------------------------------------
# What happened, numbers, months

history = sa.Table(
    "history",
    metadata,
    sa.Column("id", store.BigId, sa.Identity(), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("ref", store.Id, nullable=False),
    sa.Column("project_id", store.Id),
    sa.Column("at", store.UtcDateTime, nullable=False),
    sa.Column("what", sa.String(40), nullable=False),
    sa.Column("state", sa.String(20)),
    sa.Column("actor", store.Id, nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("detail", store.Json, nullable=False),
    sa.Index("ix_history_ref", "kind", "ref", "id"),
    sqlite_autoincrement=True,
)
steps = records.History(history, step="what", note="detail", without_note={})
numbers = sa.Table(
    "numbers",
    metadata,
    sa.Column("prefix", sa.String(40), primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)
steward_months = sa.Table(
    "steward_months",
    metadata,
    sa.Column("period", store.Period, primary_key=True),
    sa.Column("partition", sa.SmallInteger, primary_key=True),
    sa.Column("partitions", sa.SmallInteger, nullable=False),
    sa.Column("projects", store.Json, nullable=False),
    sa.Column("heard_at", store.UtcDateTime, nullable=False),
)
months = sa.Table(
    "months",
    metadata,
    sa.Column("period", store.Period, primary_key=True),
    # Null while steward's markers came before our own cut-off.
    sa.Column("cutoff_at", store.UtcDateTime),
    sa.Column("said_at", store.UtcDateTime),
)
project_months = sa.Table(
    "project_months",
    metadata,
    sa.Column("project_id", store.Id, primary_key=True),
    sa.Column("period", store.Period, primary_key=True),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("source", sa.String(8), nullable=False),
    sa.Column("complaints", sa.Integer, nullable=False),
    sa.Column("invalidated", sa.Integer, nullable=False),
    sa.Column("households", sa.Integer, nullable=False),
    sa.Column("origin", sa.String(200)),
    sa.Column("measured", store.Json),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("frozen_at", store.UtcDateTime, nullable=False),
)
# What changed after a month was frozen.
restatements = sa.Table(
    "restatements",
    metadata,
    sa.Column("restatement_id", store.Id, primary_key=True),
    sa.Column("project_id", store.Id, nullable=False),
    sa.Column("period", store.Period, nullable=False),
    sa.Column("kind", sa.String(24), nullable=False),
    # Null in those of before this log.
    sa.Column("before", sa.Integer),
    sa.Column("after", sa.Integer),
    sa.Column("frozen", sa.Integer),
    sa.Column("reason", sa.Text),
    sa.Column("complaint_id", store.Id),
    sa.Column("restated_by", store.Id, nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Index("ix_restatements_area", "area", "created_at", "restatement_id"),
    sa.Index("ix_restatements_project", "project_id", "period", "created_at"),
    info={"kind": "restatement"},
)

# --------------------------------------------------------------------------------------------------
# Projections of what others own

areas = sa.Table(
    "areas",
    metadata,
    sa.Column("code", store.Area, primary_key=True),
    sa.Column("kind", sa.String(12), nullable=False),
)
cadres = sa.Table(
    "cadres",
    metadata,
    sa.Column("steward_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    sa.Column("community", store.Area, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
)
# Who serves a compound for its project: PROPERTY_STAFF in steward's roster.
property_staff = sa.Table(
    "property_staff",
    metadata,
    sa.Column("steward_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    sa.Column("community", store.Area, nullable=False, index=True),
    sa.Column("grids", store.Json, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
)
# Who is registered, where and with whom they live; nothing else.
people = sa.Table(
    "people",
    metadata,
    sa.Column("person_id", store.Id, primary_key=True),
    sa.Column("grid", store.Area),
    sa.Column("household_id", store.Id, index=True),
    sa.Column("is_adult", sa.Boolean, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("died", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("merged_into", store.Id, index=True),
    sa.Column("sequence", sa.Integer, nullable=False),
    # The sequence of the fact that said each column.
    sa.Column("sequences", store.Json),
)
liaisons = sa.Table(
    "liaisons",
    metadata,
    sa.Column("link_id", store.Id, primary_key=True),
    sa.Column("tier", sa.String(20), nullable=False),
    sa.Column("target_kind", sa.String(12), nullable=False),
    sa.Column("target", store.Id, nullable=False),
    sa.Column("official_id", store.Id, nullable=False),
    sa.Column("person_id", store.Id),
    sa.Column("since", store.UtcDateTime, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Index("ix_liaisons_target", "target", "tier"),
)
grades = sa.Table(
    "grades",
    metadata,
    sa.Column("ref", store.Id, primary_key=True),
    sa.Column("kind", sa.String(3), nullable=False),
    sa.Column("period", store.Period, nullable=False),
    sa.Column("score", sa.Integer),
    sa.Column("grade", sa.String(4)),
    sa.Column("gates_failed", store.Json, nullable=False),
    sa.Column("settlement_id", store.Id, nullable=False),
)
