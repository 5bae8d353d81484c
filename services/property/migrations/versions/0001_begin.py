"""Begin."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0001"
down_revision = None


def upgrade():
    op.create_table(
        "companies",
        sa.Column("company_id", store.Id, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("uscc", sa.String(40), nullable=False),
        sa.Column("uscc_override_reason", sa.Text),
        sa.Column("uscc_override_by", store.Id),
        sa.Column("representatives", store.Json, nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("company_id", name="pk_companies"),
        sa.UniqueConstraint("uscc", name="uq_companies_uscc"),
    )
    op.create_table(
        "projects",
        sa.Column("project_id", store.Id, nullable=False),
        sa.Column("company_id", store.Id, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("grids", store.Json, nullable=False),
        sa.Column("households", sa.Integer, nullable=False),
        sa.Column("area_m2_hundredths", sa.BigInteger),
        sa.Column("operation_mode", sa.String(20), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("manager_person_id", store.Id),
        sa.Column("in_service_from", store.UtcDateTime),
        sa.Column("closed_at", store.UtcDateTime),
        sa.Column("predecessor_id", store.Id),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("project_id", name="pk_projects"),
    )
    op.create_index("ix_projects_area", "projects", ["area", "project_id"])
    op.create_index("ix_projects_company_id", "projects", ["company_id"])
    op.create_index("ix_projects_manager_person_id", "projects", ["manager_person_id"])
    op.create_table(
        "project_managers",
        sa.Column("project_id", store.Id, nullable=False),
        sa.Column("since", store.UtcDateTime, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("until", store.UtcDateTime),
        sa.PrimaryKeyConstraint("project_id", "since", name="pk_project_managers"),
    )
    op.create_table(
        "project_households",
        sa.Column("project_id", store.Id, nullable=False),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("households", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "since", name="pk_project_households"),
    )
    op.create_table(
        "owners_committees",
        sa.Column("committee_id", store.Id, nullable=False),
        sa.Column("project_id", store.Id, nullable=False),
        sa.Column("kind", sa.String(3), nullable=False),
        sa.Column("members", store.Json, nullable=False),
        sa.Column("chair", store.Id, nullable=False),
        sa.Column("term_from", sa.Date, nullable=False),
        sa.Column("term_to", sa.Date, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("committee_id", name="pk_owners_committees"),
    )
    op.create_index("ix_owners_committees_project_id", "owners_committees", ["project_id"])
    op.create_table(
        "appointments",
        sa.Column("appointment_id", store.Id, nullable=False),
        sa.Column("project_id", store.Id, nullable=False),
        sa.Column("direction", sa.String(3), nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("target_post", sa.String(40), nullable=False),
        sa.Column("party_member", sa.Boolean, nullable=False),
        sa.Column("committee_basis", sa.String(200)),
        sa.Column("unpaid", sa.Boolean, nullable=False),
        sa.Column("conflict_topics", store.Json, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("proposed_by", store.Id, nullable=False),
        sa.Column("consent_at", store.UtcDateTime),
        sa.Column("secretary_at", store.UtcDateTime),
        sa.Column("company_at", store.UtcDateTime),
        sa.Column("filed_at", store.UtcDateTime),
        sa.Column("active_from", store.UtcDateTime),
        sa.Column("ended_at", store.UtcDateTime),
        sa.Column("secretary_by", store.Id),
        sa.Column("minutes_ref", sa.String(200)),
        sa.Column("company_by", store.Id),
        sa.Column("letter_ref", sa.String(200)),
        sa.Column("filed_by", store.Id),
        sa.Column("end_reason", sa.String(40)),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("appointment_id", name="pk_appointments"),
    )
    op.create_index("ix_appointments_person_id", "appointments", ["person_id"])
    op.create_index("ix_appointments_project_id", "appointments", ["project_id"])
    op.create_index(
        "uq_appointments_active",
        "appointments",
        ["project_id", "direction"],
        unique=True,
        postgresql_where=sa.text("state = 'ACTIVE'"),
        sqlite_where=sa.text("state = 'ACTIVE'"),
    )
    op.create_table(
        "cross_gaps",
        sa.Column("project_id", store.Id, nullable=False),
        sa.Column("direction", sa.String(3), nullable=False),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("until", sa.Date),
        sa.Column("days", sa.Integer),
        sa.PrimaryKeyConstraint("project_id", "direction", "since", name="pk_cross_gaps"),
    )
    op.create_table(
        "agreements",
        sa.Column("agreement_id", store.Id, nullable=False),
        sa.Column("project_id", store.Id, nullable=False),
        sa.Column("type", sa.String(24), nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_to", sa.Date, nullable=False),
        sa.Column("text_sha256", store.Id, nullable=False),
        sa.Column("supersedes", store.Id),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("signed_by_project", store.Id),
        sa.Column("signed_by_community", store.Id),
        sa.Column("signed_project_at", store.UtcDateTime),
        sa.Column("signed_community_at", store.UtcDateTime),
        sa.Column("active_from", store.UtcDateTime),
        sa.Column("ended_at", store.UtcDateTime),
        sa.Column("end_reason", sa.String(200)),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("agreement_id", name="pk_agreements"),
    )
    op.create_index("ix_agreements_project_id", "agreements", ["project_id"])
    op.create_table(
        "agreement_items",
        sa.Column("agreement_id", store.Id, nullable=False),
        sa.Column("item", sa.Integer, nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("responsible", sa.String(10), nullable=False),
        sa.Column("due_date", sa.Date),
        sa.Column("recurrence", sa.String(10), nullable=False),
        sa.Column("evidence_kinds", store.Json, nullable=False),
        sa.PrimaryKeyConstraint("agreement_id", "item", name="pk_agreement_items"),
    )
    op.create_table(
        "commitments",
        sa.Column("commitment_id", store.Id, nullable=False),
        sa.Column("agreement_id", store.Id, nullable=False),
        sa.Column("project_id", store.Id, nullable=False),
        sa.Column("item", sa.Integer, nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("responsible", sa.String(10), nullable=False),
        sa.Column("evidence_kinds", store.Json, nullable=False),
        sa.Column("due_date", sa.Date, nullable=False),
        sa.Column("due_at", store.UtcDateTime, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("evidence", store.Json, nullable=False),
        sa.Column("submitted_at", store.UtcDateTime),
        sa.Column("accepted_at", store.UtcDateTime),
        sa.Column("overdue_at", store.UtcDateTime),
        sa.Column("submitted_by", store.Id),
        sa.Column("accepted_by", store.Id),
        sa.Column("waived_by_project", store.Id),
        sa.Column("waived_by_community", store.Id),
        sa.Column("waived_by_street", store.Id),
        sa.Column("waive_reason", sa.Text),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("commitment_id", name="pk_commitments"),
    )
    op.create_index("ix_commitments_agreement_id", "commitments", ["agreement_id"])
    op.create_index("ix_commitments_due", "commitments", ["project_id", "due_date"])
    op.create_table(
        "tripartite_meetings",
        sa.Column("meeting_id", store.Id, nullable=False),
        sa.Column("project_id", store.Id, nullable=False),
        sa.Column("period", store.Period, nullable=False),
        sa.Column("held_at", store.UtcDateTime, nullable=False),
        sa.Column("chair", store.Id, nullable=False),
        sa.Column("attendees", store.Json, nullable=False),
        sa.Column("owners_committee", sa.Boolean, nullable=False),
        sa.Column("minutes_sha256", store.Id, nullable=False),
        sa.Column("decisions", store.Json, nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("meeting_id", name="pk_tripartite_meetings"),
    )
    op.create_index(
        "ix_tripartite_meetings_period", "tripartite_meetings", ["project_id", "period"]
    )
    op.create_table(
        "complaints",
        sa.Column("complaint_id", store.Id, nullable=False),
        sa.Column("request_id", store.Id, nullable=False),
        sa.Column("number", sa.String(40)),
        sa.Column("project_id", store.Id, nullable=False),
        sa.Column("grid", store.Area),
        sa.Column("category", sa.String(40), nullable=False),
        sa.Column("complainant_id", store.Id),
        sa.Column("filed_at", store.UtcDateTime, nullable=False),
        sa.Column("period", store.Period, nullable=False),
        sa.Column("valid", sa.String(8), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("decided_by", store.Id),
        sa.Column("decided_at", store.UtcDateTime),
        sa.Column("closed_at", store.UtcDateTime),
        sa.Column("reopen_count", sa.Integer, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("complaint_id", name="pk_complaints"),
        sa.UniqueConstraint("request_id", name="uq_complaints_request_id"),
    )
    op.create_index("ix_complaints_area", "complaints", ["area", "created_at", "complaint_id"])
    op.create_index("ix_complaints_month", "complaints", ["project_id", "period"])
    op.create_table(
        "rectifications",
        sa.Column("rectification_id", store.Id, nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("project_id", store.Id, nullable=False),
        sa.Column("company_id", store.Id, nullable=False),
        sa.Column("severity", sa.String(2), nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("basis", sa.Text, nullable=False),
        sa.Column("media", store.Json, nullable=False),
        sa.Column("source", sa.String(12), nullable=False),
        sa.Column("complaint_id", store.Id),
        sa.Column("task_id", store.Id),
        sa.Column("meeting_id", store.Id),
        sa.Column("issued_by", store.Id, nullable=False),
        sa.Column("issued_role", sa.String(20), nullable=False),
        sa.Column("issued_at", store.UtcDateTime, nullable=False),
        sa.Column("due_at", store.UtcDateTime, nullable=False),
        sa.Column("state", sa.String(14), nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("acknowledged_at", store.UtcDateTime),
        sa.Column("submitted_at", store.UtcDateTime),
        sa.Column("checked_at", store.UtcDateTime),
        sa.Column("overdue_at", store.UtcDateTime),
        sa.Column("passed_at", store.UtcDateTime),
        sa.Column("closed_at", store.UtcDateTime),
        sa.Column("withdrawn_at", store.UtcDateTime),
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
        sa.Column("area", store.Area, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("rectification_id", name="pk_rectifications"),
        sa.UniqueConstraint("number", name="uq_rectifications_number"),
        sa.UniqueConstraint("complaint_id", name="uq_rectifications_complaint_id"),
        sa.UniqueConstraint("task_id", name="uq_rectifications_task_id"),
    )
    op.create_index(
        "ix_rectifications_area", "rectifications", ["area", "created_at", "rectification_id"]
    )
    op.create_index("ix_rectifications_project_id", "rectifications", ["project_id"])
    op.create_table(
        "works",
        sa.Column("work_id", store.Id, nullable=False),
        sa.Column("project_id", store.Id, nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("task_id", store.Id),
        sa.Column("topic_id", store.Id),
        sa.Column("meeting_id", store.Id),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("evidence", store.Json, nullable=False),
        sa.Column("rework_count", sa.Integer, nullable=False),
        sa.Column("overdue", sa.Boolean, nullable=False),
        sa.Column("due_at", store.UtcDateTime),
        sa.Column("started_at", store.UtcDateTime),
        sa.Column("delivered_at", store.UtcDateTime),
        sa.Column("closed_at", store.UtcDateTime),
        sa.Column("delivered_by", store.Id),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("work_id", name="pk_works"),
        sa.UniqueConstraint("task_id", name="uq_works_task_id"),
    )
    op.create_index("ix_works_project_id", "works", ["project_id"])
    op.create_table(
        "disclosures",
        sa.Column("disclosure_id", store.Id, nullable=False),
        sa.Column("project_id", store.Id, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("due_date", sa.Date, nullable=False),
        sa.Column("due_at", store.UtcDateTime, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("published_at", store.UtcDateTime),
        sa.Column("overdue_at", store.UtcDateTime),
        sa.Column("published_by", store.Id),
        sa.Column("doc_sha256", store.Id),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("disclosure_id", name="pk_disclosures"),
    )
    op.create_index("ix_disclosures_project_id", "disclosures", ["project_id"])
    op.create_table(
        "history",
        sa.Column("id", store.BigId, sa.Identity(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("ref", store.Id, nullable=False),
        sa.Column("project_id", store.Id),
        sa.Column("at", store.UtcDateTime, nullable=False),
        sa.Column("what", sa.String(40), nullable=False),
        sa.Column("state", sa.String(20)),
        sa.Column("actor", store.Id, nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("detail", store.Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_history"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_history_ref", "history", ["kind", "ref", "id"])
    op.create_table(
        "numbers",
        sa.Column("prefix", sa.String(40), nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("prefix", name="pk_numbers"),
    )
    op.create_table(
        "steward_months",
        sa.Column("period", store.Period, nullable=False),
        sa.Column("partition", sa.SmallInteger, nullable=False),
        sa.Column("partitions", sa.SmallInteger, nullable=False),
        sa.Column("projects", store.Json, nullable=False),
        sa.Column("heard_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("period", "partition", name="pk_steward_months"),
    )
    op.create_table(
        "months",
        sa.Column("period", store.Period, nullable=False),
        sa.Column("cutoff_at", store.UtcDateTime),
        sa.Column("said_at", store.UtcDateTime),
        sa.PrimaryKeyConstraint("period", name="pk_months"),
    )
    op.create_table(
        "project_months",
        sa.Column("project_id", store.Id, nullable=False),
        sa.Column("period", store.Period, nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("complaints", sa.Integer, nullable=False),
        sa.Column("invalidated", sa.Integer, nullable=False),
        sa.Column("households", sa.Integer, nullable=False),
        sa.Column("origin", sa.String(200)),
        sa.Column("measured", store.Json),
        sa.Column("sha256", store.Id, nullable=False),
        sa.Column("frozen_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "period", name="pk_project_months"),
    )
    op.create_table(
        "areas",
        sa.Column("code", store.Area, nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_areas"),
    )
    op.create_table(
        "cadres",
        sa.Column("steward_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("community", store.Area, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("steward_id", name="pk_cadres"),
    )
    op.create_index("ix_cadres_person_id", "cadres", ["person_id"])
    op.create_table(
        "liaisons",
        sa.Column("link_id", store.Id, nullable=False),
        sa.Column("tier", sa.String(20), nullable=False),
        sa.Column("target_kind", sa.String(12), nullable=False),
        sa.Column("target", store.Id, nullable=False),
        sa.Column("official_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id),
        sa.Column("since", store.UtcDateTime, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("link_id", name="pk_liaisons"),
    )
    op.create_index("ix_liaisons_target", "liaisons", ["target", "tier"])
    op.create_table(
        "grades",
        sa.Column("ref", store.Id, nullable=False),
        sa.Column("kind", sa.String(3), nullable=False),
        sa.Column("period", store.Period, nullable=False),
        sa.Column("score", sa.Integer),
        sa.Column("grade", sa.String(4)),
        sa.Column("gates_failed", store.Json, nullable=False),
        sa.Column("settlement_id", store.Id, nullable=False),
        sa.PrimaryKeyConstraint("ref", name="pk_grades"),
    )
