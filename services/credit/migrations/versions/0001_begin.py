"""Begin: consent, rules, awards, points, settlement, notice, objection."""

import sqlalchemy as sa
from alembic import op

from chassis import storage as store
from chassis.migrate import create_chassis_tables

revision = "0001"
down_revision = None


def upgrade():
    create_chassis_tables(op, 1)
    op.create_table(
        "areas",
        sa.Column("code", sa.String(length=15), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("parent", sa.String(length=15), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_areas")),
    )
    op.create_table(
        "awards",
        sa.Column("award_id", store.Uuid, nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("rule_set", sa.String(length=40), nullable=False),
        sa.Column("rule_code", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("fact", sa.String(length=80), nullable=True),
        sa.Column("event_id", store.Uuid, nullable=True),
        sa.Column("deed", store.Id, nullable=True),
        sa.Column("actor_id", store.Id, nullable=True),
        sa.Column("level", sa.String(length=40), nullable=True),
        sa.Column("occurred_at", store.UtcDateTime, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("to_period", sa.String(length=7), nullable=False),
        sa.Column("points_period", sa.String(length=7), nullable=False),
        sa.Column("cap_window", sa.String(length=80), nullable=True),
        sa.Column("score_raw", sa.Integer(), nullable=False),
        sa.Column("points_raw", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("capped", sa.Boolean(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("correction", sa.Boolean(), nullable=False),
        sa.Column("recount", sa.Boolean(), nullable=False),
        sa.Column("deduction", sa.Boolean(), nullable=False),
        sa.Column("effective", sa.Boolean(), nullable=False),
        sa.Column("decides", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("inputs", store.Json, nullable=True),
        sa.Column("evidence", store.Json, nullable=True),
        sa.Column("reason", sa.String(length=400), nullable=True),
        sa.Column("document_no", sa.String(length=120), nullable=True),
        sa.Column("area", sa.String(length=15), nullable=True),
        sa.Column("proposed_by", store.Id, nullable=True),
        sa.Column("proposed_at", store.UtcDateTime, nullable=False),
        sa.Column("decided_by", store.Id, nullable=True),
        sa.Column("decided_at", store.UtcDateTime, nullable=True),
        sa.Column("corrects", store.Uuid, nullable=True),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("award_id", name=op.f("pk_awards")),
    )
    op.create_index(
        "ix_awards_deed",
        "awards",
        ["deed"],
        unique=False,
        postgresql_where=sa.text("deed IS NOT NULL"),
        sqlite_where=sa.text("deed IS NOT NULL"),
    )
    op.create_index(
        "ix_awards_recount",
        "awards",
        ["period"],
        unique=False,
        postgresql_where=sa.text("recount"),
        sqlite_where=sa.text("recount"),
    )
    op.create_index("ix_awards_subject", "awards", ["subject_id", "period"], unique=False)
    op.create_index(
        "ix_awards_waiting",
        "awards",
        ["period"],
        unique=False,
        postgresql_where=sa.text("NOT effective"),
        sqlite_where=sa.text("NOT effective"),
    )
    op.create_index(
        "ix_awards_window",
        "awards",
        ["subject_id", "rule_code", "cap_window"],
        unique=False,
        postgresql_where=sa.text("cap_window IS NOT NULL"),
        sqlite_where=sa.text("cap_window IS NOT NULL"),
    )
    op.create_table(
        "consent_spans",
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("since", store.UtcDateTime, nullable=False),
        sa.Column("until", store.UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("subject_id", "purpose", "since", name=op.f("pk_consent_spans")),
    )
    op.create_table(
        "consents",
        sa.Column("consent_id", store.Id, nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("notice_version", sa.String(length=20), nullable=False),
        sa.Column("purposes", store.Json, nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("evidence_ref", sa.String(length=200), nullable=True),
        sa.Column("granted_by", store.Id, nullable=False),
        sa.Column("granted_at", store.UtcDateTime, nullable=False),
        sa.Column("withdrawn_at", store.UtcDateTime, nullable=True),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_consents")),
        sa.UniqueConstraint("subject_id", name=op.f("uq_consents_subject_id")),
    )
    op.create_index(op.f("ix_consents_person_id"), "consents", ["person_id"], unique=False)
    op.create_table(
        "debts",
        sa.Column("debt_id", store.Uuid, nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("left", sa.BigInteger(), nullable=False),
        sa.CheckConstraint('"left" >= 0 AND "left" <= points', name=op.f("ck_debts_left_within")),
        sa.PrimaryKeyConstraint("debt_id", name=op.f("pk_debts")),
    )
    op.create_index(op.f("ix_debts_subject_id"), "debts", ["subject_id"], unique=False)
    op.create_table(
        "entries",
        sa.Column("settlement_id", store.Id, nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("good", sa.Integer(), nullable=False),
        sa.Column("bad", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("raw_grade", sa.String(length=4), nullable=False),
        sa.Column("grade", sa.String(length=4), nullable=False),
        sa.Column("gates_failed", sa.String(length=160), nullable=False),
        sa.Column("points_pending", sa.BigInteger(), nullable=False),
        sa.Column("released", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("settlement_id", "subject_id", name=op.f("pk_entries")),
    )
    op.create_index("ix_entries_subject", "entries", ["subject_id", "period"], unique=False)
    op.create_table(
        "holds",
        sa.Column("hold_id", store.Id, nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("partner_id", store.Id, nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("split", store.Json, nullable=False),
        sa.Column("held_at", store.UtcDateTime, nullable=False),
        sa.Column("ended_at", store.UtcDateTime, nullable=True),
        sa.Column("ended_event", store.Uuid, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hold_id", name=op.f("pk_holds")),
    )
    op.create_index(op.f("ix_holds_subject_id"), "holds", ["subject_id"], unique=False)
    op.create_table(
        "compounds",
        sa.Column("project_id", store.Id, nullable=False),
        sa.Column("grid", sa.String(length=15), nullable=False),
        sa.Column("since", store.UtcDateTime, nullable=False),
        sa.Column("until", store.UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("project_id", "grid", "since", name=op.f("pk_compounds")),
    )
    op.create_table(
        "homes",
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("since", store.UtcDateTime, nullable=False),
        sa.Column("grid", sa.String(length=15), nullable=True),
        sa.Column("household_id", store.Id, nullable=True),
        sa.PrimaryKeyConstraint("person_id", "since", name=op.f("pk_homes")),
    )
    op.create_table(
        "hours",
        sa.Column("event_id", store.Uuid, nullable=False),
        sa.Column("rule_code", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("record_id", store.Id, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("occurred_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("event_id", "rule_code", name=op.f("pk_hours")),
    )
    op.create_index("ix_hours_subject", "hours", ["subject_id", "rule_code", "day"], unique=False)
    op.create_table(
        "lines",
        sa.Column("posting_id", store.Uuid, nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_lines_amount_not_zero")),
        sa.PrimaryKeyConstraint("posting_id", "owner", "side", name=op.f("pk_lines")),
    )
    op.create_table(
        "lots",
        sa.Column("lot_id", store.Uuid, nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("left", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", store.UtcDateTime, nullable=False),
        sa.Column("made_at", store.UtcDateTime, nullable=False),
        sa.CheckConstraint('"left" >= 0 AND "left" <= points', name=op.f("ck_lots_left_within")),
        sa.PrimaryKeyConstraint("lot_id", name=op.f("pk_lots")),
    )
    op.create_index(
        "ix_lots_expiring",
        "lots",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text('"left" > 0'),
        sqlite_where=sa.text('"left" > 0'),
    )
    op.create_index(
        "ix_lots_open",
        "lots",
        ["subject_id", "expires_at"],
        unique=False,
        postgresql_where=sa.text('"left" > 0'),
        sqlite_where=sa.text('"left" > 0'),
    )
    op.create_table(
        "markers",
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("partitions", sa.SmallInteger(), nullable=False),
        sa.Column("event_id", store.Uuid, nullable=False),
        sa.Column("heard_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("source", "partition", "period", name=op.f("pk_markers")),
    )
    op.create_table(
        "measures",
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=True),
        sa.Column("fact", sa.String(length=80), nullable=False),
        sa.Column("rows", sa.String(length=40), nullable=False),
        sa.Column("event_id", store.Uuid, nullable=False),
        sa.Column("data", store.Json, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=True),
        sa.Column("gates_failed", sa.String(length=160), nullable=True),
        sa.PrimaryKeyConstraint("period", "subject_id", "source", name=op.f("pk_measures")),
    )
    op.create_index("ix_measures_area", "measures", ["period", "area"], unique=False)
    op.create_table(
        "month_logs",
        sa.Column("settlement_id", store.Id, nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("settlement_id", "part", name=op.f("pk_month_logs")),
    )
    op.create_table(
        "months",
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("cut_off_at", store.UtcDateTime, nullable=True),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column("draft_job", store.Id, nullable=True),
        sa.PrimaryKeyConstraint("period", name=op.f("pk_months")),
    )
    op.create_table(
        "notices",
        sa.Column("notice_id", store.Id, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("settlement_id", store.Id, nullable=True),
        sa.Column("corrects", store.Id, nullable=True),
        sa.Column("body", store.Json, nullable=False),
        sa.Column("digest", store.Id, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("published_at", store.UtcDateTime, nullable=False),
        sa.Column("ends_at", store.UtcDateTime, nullable=False),
        sa.Column("down_at", store.UtcDateTime, nullable=False),
        sa.Column("commendation_id", store.Id, nullable=True),
        sa.Column("withdrawn_at", store.UtcDateTime, nullable=True),
        sa.Column("withdrawn_by", store.Id, nullable=True),
        sa.Column("withdrawn_because", sa.String(length=400), nullable=True),
        sa.Column("corrected_by", store.Id, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_notices")),
        sa.UniqueConstraint("number", name=op.f("uq_notices_number")),
    )
    op.create_index(op.f("ix_notices_area"), "notices", ["area"], unique=False)
    op.create_table(
        "objections",
        sa.Column("objection_id", store.Id, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("target", sa.String(length=10), nullable=False),
        sa.Column("target_id", sa.String(length=160), nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("settlement_id", store.Id, nullable=True),
        sa.Column("award_id", store.Uuid, nullable=True),
        sa.Column("period", sa.String(length=7), nullable=True),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("evidence", store.Json, nullable=False),
        sa.Column("holds_entry", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("filed_at", store.UtcDateTime, nullable=False),
        sa.Column("accept_due", store.UtcDateTime, nullable=False),
        sa.Column("accepted_at", store.UtcDateTime, nullable=True),
        sa.Column("decide_due", store.UtcDateTime, nullable=True),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column("decided_by", store.Id, nullable=True),
        sa.Column("decided_at", store.UtcDateTime, nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("reasons", sa.Text(), nullable=True),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("objection_id", name=op.f("pk_objections")),
        sa.UniqueConstraint("number", name=op.f("uq_objections_number")),
    )
    op.create_index(op.f("ix_objections_person_id"), "objections", ["person_id"], unique=False)
    op.create_index(op.f("ix_objections_subject_id"), "objections", ["subject_id"], unique=False)
    op.create_index(op.f("ix_objections_target_id"), "objections", ["target_id"], unique=False)
    op.create_table(
        "pendings",
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("points >= 0", name=op.f("ck_pendings_points_not_negative")),
        sa.PrimaryKeyConstraint("subject_id", "period", name=op.f("pk_pendings")),
    )
    op.create_table(
        "people",
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("grid", sa.String(length=15), nullable=True),
        sa.Column("is_adult", sa.Boolean(), nullable=False),
        sa.Column("household_id", store.Id, nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_people")),
    )
    op.create_index(op.f("ix_people_household_id"), "people", ["household_id"], unique=False)
    op.create_table(
        "postings",
        sa.Column("posting_id", store.Uuid, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("ref", sa.String(length=120), nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("posted_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("posting_id", name=op.f("pk_postings")),
    )
    op.create_index("ix_postings_subject", "postings", ["subject_id", "posted_at"], unique=False)
    op.create_index(
        "uq_postings_once",
        "postings",
        ["kind", "ref"],
        unique=True,
        postgresql_where=sa.text(
            "kind IN ('HOLD', 'CAPTURE', 'RELEASE_HOLD', 'REFUND', 'SETTLE', 'GRANT')"
        ),
        sqlite_where=sa.text(
            "kind IN ('HOLD', 'CAPTURE', 'RELEASE_HOLD', 'REFUND', 'SETTLE', 'GRANT')"
        ),
    )
    op.create_table(
        "posts",
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("post_ref", store.Id, nullable=False),
        sa.Column("since", store.UtcDateTime, nullable=False),
        sa.Column("until", store.UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("subject_id", "person_id", "post_ref", name=op.f("pk_posts")),
    )
    op.create_table(
        "projects",
        sa.Column("project_id", store.Id, nullable=False),
        sa.Column("company_id", store.Id, nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_projects")),
    )
    op.create_index(op.f("ix_projects_company_id"), "projects", ["company_id"], unique=False)
    op.create_table(
        "rule_sets",
        sa.Column("rule_set_id", store.Id, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("author", store.Id, nullable=False),
        sa.Column("publisher", store.Id, nullable=True),
        sa.Column("legal_review", sa.String(length=200), nullable=True),
        sa.Column("consulted_until", store.UtcDateTime, nullable=True),
        sa.Column("published_at", store.UtcDateTime, nullable=True),
        sa.Column("body", store.Json, nullable=False),
        sa.Column("digest", store.Id, nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=True),
        sa.Column("based_on", sa.String(length=40), nullable=True),
        sa.Column("authors", store.Json, nullable=False),
        sa.Column("notice_id", store.Id, nullable=True),
        sa.Column("consulted_from", store.UtcDateTime, nullable=True),
        sa.Column("approved_by", store.Id, nullable=True),
        sa.Column("approved_at", store.UtcDateTime, nullable=True),
        sa.Column("retired_at", store.UtcDateTime, nullable=True),
        sa.Column("retire_on", sa.Date(), nullable=True),
        sa.Column("retired_by", store.Id, nullable=True),
        sa.Column("retired_because", sa.String(length=400), nullable=True),
        sa.Column("topic_id", store.Id, nullable=True),
        sa.Column("resolution_no", sa.String(length=64), nullable=True),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.CheckConstraint(
            "state IN ('DRAFT', 'CONSULTING', 'APPROVED', 'PUBLISHED', 'RETIRED')",
            name=op.f("ck_rule_sets_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('PUBLISHED', 'RETIRED') OR (publisher IS NOT NULL"
            " AND publisher <> author AND legal_review IS NOT NULL AND published_at IS NOT NULL)",
            name=op.f("ck_rule_sets_published_by_another"),
        ),
        sa.PrimaryKeyConstraint("rule_set_id", name=op.f("pk_rule_sets")),
        sa.UniqueConstraint("code", name=op.f("uq_rule_sets_code")),
    )
    op.create_table(
        "rule_comments",
        sa.Column("comment_id", store.Id, nullable=False),
        sa.Column("rule_set_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("rule_code", sa.String(length=40), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("filed_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_rule_comments")),
    )
    op.create_index("ix_rule_comments_rule_set", "rule_comments", ["rule_set_id", "filed_at"])
    op.create_table(
        "facts",
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("event_id", store.Uuid, nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("fact", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("occurred_at", store.UtcDateTime, nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("period", "event_id", name=op.f("pk_facts")),
    )
    op.create_table(
        "what_if_parts",
        sa.Column("job_id", store.Id, nullable=False),
        sa.Column("side", sa.String(length=1), nullable=False),
        sa.Column("award_id", store.Uuid, nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("rule_code", sa.String(length=40), nullable=False),
        sa.Column("deed", store.Id, nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "side", "award_id", name=op.f("pk_what_if_parts")),
    )
    op.create_index("ix_what_if_parts_subject", "what_if_parts", ["job_id", "subject_id"])
    op.create_table(
        "what_if_subjects",
        sa.Column("job_id", store.Id, nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=True),
        sa.Column("awards_before", sa.BigInteger(), nullable=False),
        sa.Column("awards_after", sa.BigInteger(), nullable=False),
        sa.Column("score_before", sa.BigInteger(), nullable=False),
        sa.Column("score_after", sa.BigInteger(), nullable=False),
        sa.Column("points_before", sa.BigInteger(), nullable=False),
        sa.Column("points_after", sa.BigInteger(), nullable=False),
        sa.Column("grade_before", sa.String(length=4), nullable=True),
        sa.Column("grade_after", sa.String(length=4), nullable=True),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "subject_id", name=op.f("pk_what_if_subjects")),
    )
    op.create_table(
        "what_if_sums",
        sa.Column("job_id", store.Id, nullable=False),
        sa.Column("what", sa.String(length=8), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("subjects", sa.BigInteger(), nullable=False),
        sa.Column("gaining", sa.BigInteger(), nullable=False),
        sa.Column("losing", sa.BigInteger(), nullable=False),
        sa.Column("awards_before", sa.BigInteger(), nullable=False),
        sa.Column("awards_after", sa.BigInteger(), nullable=False),
        sa.Column("score_before", sa.BigInteger(), nullable=False),
        sa.Column("score_after", sa.BigInteger(), nullable=False),
        sa.Column("points_before", sa.BigInteger(), nullable=False),
        sa.Column("points_after", sa.BigInteger(), nullable=False),
        sa.Column("assumed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "job_id", "what", "area", "kind", "name", name=op.f("pk_what_if_sums")
        ),
    )
    op.create_table(
        "settlements",
        sa.Column("settlement_id", store.Id, nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("missing", store.Json, nullable=False),
        sa.Column("digest", store.Id, nullable=True),
        sa.Column("rule_set", sa.String(length=40), nullable=True),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("unfunded_points", sa.BigInteger(), nullable=False),
        sa.Column("to_check", store.Json, nullable=False),
        sa.Column("checked", store.Json, nullable=False),
        sa.Column("drafted_at", store.UtcDateTime, nullable=True),
        sa.Column("reviewed_by", store.Id, nullable=True),
        sa.Column("reviewed_at", store.UtcDateTime, nullable=True),
        sa.Column("confirmed_by", store.Id, nullable=True),
        sa.Column("confirmed_at", store.UtcDateTime, nullable=True),
        sa.Column("notice_id", store.Id, nullable=True),
        sa.Column("published_at", store.UtcDateTime, nullable=True),
        sa.Column("objection_until", store.UtcDateTime, nullable=True),
        sa.Column("finalised_at", store.UtcDateTime, nullable=True),
        sa.Column("settled_at", store.UtcDateTime, nullable=True),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("settlement_id", name=op.f("pk_settlements")),
        sa.UniqueConstraint("period", "area", name=op.f("uq_settlements_period_area")),
    )
    op.create_table(
        "stewards",
        sa.Column("steward_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("duty", sa.String(length=40), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("left_at", store.UtcDateTime, nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("steward_id", name=op.f("pk_stewards")),
    )
    op.create_index(op.f("ix_stewards_person_id"), "stewards", ["person_id"], unique=False)
    op.create_table(
        "subjects",
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("ref", store.Id, nullable=False),
        sa.Column("area", sa.String(length=15), nullable=True),
        sa.Column("grid", sa.String(length=15), nullable=True),
        sa.Column("area_before", sa.String(length=15), nullable=True),
        sa.Column("area_since", store.UtcDateTime, nullable=True),
        sa.Column("holder", store.Id, nullable=True),
        sa.Column("spendable", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("opened_at", store.UtcDateTime, nullable=False),
        sa.Column("closed_at", store.UtcDateTime, nullable=True),
        sa.Column("spendable_until", store.UtcDateTime, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_subjects")),
    )
    op.create_index("ix_subjects_area", "subjects", ["area", "kind"], unique=False)
    op.create_index("ix_subjects_area_before", "subjects", ["area_before"], unique=False)
    op.create_index(op.f("ix_subjects_holder"), "subjects", ["holder"], unique=False)
    op.create_table(
        "system_accounts",
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("district", sa.String(length=15), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind NOT IN ('BUDGET', 'EXPIRED', 'SETTLED', 'FUNDED') OR balance >= 0",
            name=op.f("ck_system_accounts_balance_not_negative"),
        ),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_system_accounts")),
    )
    op.create_table(
        "vetoes",
        sa.Column("veto_id", store.Uuid, nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("rule_code", sa.String(length=40), nullable=True),
        sa.Column("award_id", store.Uuid, nullable=True),
        sa.Column("from_period", sa.String(length=7), nullable=False),
        sa.Column("to_period", sa.String(length=7), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("document_no", sa.String(length=120), nullable=True),
        sa.Column("hearing_ref", sa.String(length=200), nullable=True),
        sa.Column("imposed_by", store.Id, nullable=True),
        sa.Column("imposed_at", store.UtcDateTime, nullable=True),
        sa.Column("lifted_by", store.Id, nullable=True),
        sa.Column("lifted_at", store.UtcDateTime, nullable=True),
        sa.Column("reasons", sa.Text(), nullable=True),
        sa.Column("area", sa.String(length=15), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("veto_id", name=op.f("pk_vetoes")),
    )
    op.create_index(op.f("ix_vetoes_subject_id"), "vetoes", ["subject_id"], unique=False)
    op.create_table(
        "wallets",
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("available", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("receivable", sa.BigInteger(), nullable=False),
        sa.Column("clawback", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("available >= 0", name=op.f("ck_wallets_available_not_negative")),
        sa.CheckConstraint("clawback <= 0", name=op.f("ck_wallets_clawback_not_positive")),
        sa.CheckConstraint("held >= 0", name=op.f("ck_wallets_held_not_negative")),
        sa.CheckConstraint("receivable >= 0", name=op.f("ck_wallets_receivable_not_negative")),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_wallets")),
    )
    op.create_table(
        "repairs",
        sa.Column("repair_id", store.Id, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("award_id", store.Uuid, nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("severity", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("evidence", store.Json, nullable=False),
        sa.Column("applied_at", store.UtcDateTime, nullable=False),
        sa.Column("accept_due", store.UtcDateTime, nullable=False),
        sa.Column("decide_due", store.UtcDateTime, nullable=False),
        sa.Column("accepted_by", store.Id, nullable=True),
        sa.Column("accepted_at", store.UtcDateTime, nullable=True),
        sa.Column("checked_by", store.Id, nullable=True),
        sa.Column("checked_at", store.UtcDateTime, nullable=True),
        sa.Column("finding", sa.Text(), nullable=True),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column("decided_by", store.Id, nullable=True),
        sa.Column("decided_at", store.UtcDateTime, nullable=True),
        sa.Column("reasons", sa.Text(), nullable=True),
        sa.Column("from_period", sa.String(length=7), nullable=True),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("repair_id", name=op.f("pk_repairs")),
        sa.UniqueConstraint("number", name=op.f("uq_repairs_number")),
    )
    op.create_index(op.f("ix_repairs_award_id"), "repairs", ["award_id"], unique=False)
    op.create_index(op.f("ix_repairs_subject_id"), "repairs", ["subject_id"], unique=False)
    op.create_table(
        "commendations",
        sa.Column("commendation_id", store.Id, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("form", sa.String(length=40), nullable=False),
        sa.Column("level", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("criteria", sa.Text(), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=False),
        sa.Column("from_period", sa.String(length=7), nullable=False),
        sa.Column("to_period", sa.String(length=7), nullable=False),
        sa.Column("approval_doc_no", sa.String(length=120), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("opened_by", store.Id, nullable=False),
        sa.Column("opened_at", store.UtcDateTime, nullable=False),
        sa.Column("checked_at", store.UtcDateTime, nullable=True),
        sa.Column("reviewed_by", store.Id, nullable=True),
        sa.Column("reviewed_at", store.UtcDateTime, nullable=True),
        sa.Column("notice_id", store.Id, nullable=True),
        sa.Column("publicised_at", store.UtcDateTime, nullable=True),
        sa.Column("public_until", store.UtcDateTime, nullable=True),
        sa.Column("approved_by", store.Id, nullable=True),
        sa.Column("approved_at", store.UtcDateTime, nullable=True),
        sa.Column("granted_at", store.UtcDateTime, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("commendation_id", name=op.f("pk_commendations")),
        sa.UniqueConstraint("number", name=op.f("uq_commendations_number")),
    )
    op.create_index(op.f("ix_commendations_area"), "commendations", ["area"], unique=False)
    op.create_index(
        "uq_commendations_formal",
        "commendations",
        ["area", "year"],
        unique=True,
        postgresql_where=sa.text("form = 'FORMAL'"),
        sqlite_where=sa.text("form = 'FORMAL'"),
    )
    op.create_table(
        "nominees",
        sa.Column("commendation_id", store.Id, nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("grounds", store.Json, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("nominated_by", store.Id, nullable=False),
        sa.Column("nominated_at", store.UtcDateTime, nullable=False),
        sa.Column("supported", sa.Boolean(), nullable=True),
        sa.Column("review", sa.Text(), nullable=True),
        sa.Column("award_id", store.Uuid, nullable=True),
        sa.Column("certificate", store.Id, nullable=True),
        sa.Column("revoked_by", store.Id, nullable=True),
        sa.Column("revoked_at", store.UtcDateTime, nullable=True),
        sa.Column("revoked_because", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("commendation_id", "subject_id", name=op.f("pk_nominees")),
    )
    op.create_table(
        "nominee_objections",
        sa.Column("objection_id", store.Id, nullable=False),
        sa.Column("commendation_id", store.Id, nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("filed_at", store.UtcDateTime, nullable=False),
        sa.Column("decided_by", store.Id, nullable=True),
        sa.Column("decided_at", store.UtcDateTime, nullable=True),
        sa.Column("reasons", sa.Text(), nullable=True),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("objection_id", name=op.f("pk_nominee_objections")),
    )
    op.create_index(
        op.f("ix_nominee_objections_commendation_id"),
        "nominee_objections",
        ["commendation_id"],
        unique=False,
    )
    op.create_table(
        "certificates",
        sa.Column("code", store.Id, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("commendation_id", store.Id, nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("granted_at", store.UtcDateTime, nullable=False),
        sa.Column("revoked_at", store.UtcDateTime, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_certificates")),
        sa.UniqueConstraint("number", name=op.f("uq_certificates_number")),
    )
    op.create_index(
        op.f("ix_certificates_commendation_id"), "certificates", ["commendation_id"], unique=False
    )
    op.create_index(
        op.f("ix_certificates_subject_id"), "certificates", ["subject_id"], unique=False
    )
    op.create_table(
        "exports",
        sa.Column("export_id", store.Id, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("format", sa.String(length=40), nullable=False),
        sa.Column("params", store.Json, nullable=False),
        sa.Column("requested_by", store.Id, nullable=False),
        sa.Column("requested_at", store.UtcDateTime, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", store.UtcDateTime, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("export_id", name=op.f("pk_exports")),
    )
    op.create_index(op.f("ix_exports_requested_by"), "exports", ["requested_by"], unique=False)
