"""Begin."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0001"
down_revision = None


def upgrade():
    op.create_table(
        "analyses",
        sa.Column("topic_id", store.Id, nullable=False),
        sa.Column("round", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("level", sa.String(40), nullable=False),
        sa.Column("owners_matter", sa.Boolean, nullable=False),
        sa.Column("urgency", sa.String(40), nullable=False),
        sa.Column("finding", sa.Text, nullable=False),
        sa.Column("decided_by", store.Id, nullable=False),
        sa.Column("decided_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("topic_id", "round", name="pk_analyses"),
    )
    op.create_table(
        "areas",
        sa.Column("code", store.Area, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_areas"),
    )
    op.create_table(
        "cosigners",
        sa.Column("topic_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("signed_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("topic_id", "person_id", name="pk_cosigners"),
    )
    op.create_index("ix_cosigners_person_id", "cosigners", ["person_id"])
    op.create_table(
        "deputies",
        sa.Column("deputy_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("level", sa.String(40), nullable=False),
        sa.Column("term_from", store.UtcDateTime, nullable=False),
        sa.Column("term_to", store.UtcDateTime),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("deputy_id", name="pk_deputies"),
    )
    op.create_index("ix_deputies_person_id", "deputies", ["person_id"])
    op.create_table(
        "deputy_streets",
        sa.Column("deputy_id", store.Id, nullable=False),
        sa.Column("street", store.Area, nullable=False),
        sa.PrimaryKeyConstraint("deputy_id", "street", name="pk_deputy_streets"),
    )
    op.create_index("ix_deputy_streets_street", "deputy_streets", ["street"])
    op.create_table(
        "escalations",
        sa.Column("escalation_id", store.Id, nullable=False),
        sa.Column("topic_id", store.Id, nullable=False),
        sa.Column("task_id", store.Id),
        sa.Column("deadline", sa.String(40), nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("tier", sa.String(40), nullable=False),
        sa.Column("official_id", store.Id),
        sa.Column("person_id", store.Id),
        sa.Column("acting", sa.Boolean, nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("escalation_id", name="pk_escalations"),
    )
    op.create_index("ix_escalations_person_id", "escalations", ["person_id"])
    op.create_index("ix_escalations_topic_id", "escalations", ["topic_id"])
    op.create_table(
        "history",
        sa.Column("id", store.BigId, sa.Identity(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("ref", store.Id, nullable=False),
        sa.Column("topic_id", store.Id),
        sa.Column("at", store.UtcDateTime, nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("state", sa.String(40)),
        sa.Column("actor", store.Id, nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("detail", store.Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_history"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_history_ref", "history", ["kind", "ref"])
    op.create_index("ix_history_topic_id", "history", ["topic_id", "id"])
    op.create_table(
        "invitations",
        sa.Column("invitation_id", store.Id, nullable=False),
        sa.Column("session_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("capacity", sa.String(40), nullable=False),
        sa.Column("voting", sa.Boolean, nullable=False),
        sa.Column("via", sa.String(40), nullable=False),
        sa.Column("tier", sa.String(40)),
        sa.Column("source", store.Id),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("answer", sa.String(40), nullable=False),
        sa.Column("answered_at", store.UtcDateTime),
        sa.Column("delegate", store.Id),
        sa.Column("attended_at", store.UtcDateTime),
        sa.Column("recorded_at", store.UtcDateTime),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("invitation_id", name="pk_invitations"),
        sa.UniqueConstraint("session_id", "person_id", name="uq_invitations_session_id_person_id"),
    )
    op.create_index("ix_invitations_person_id", "invitations", ["person_id"])
    op.create_index("ix_invitations_source", "invitations", ["source"])
    op.create_table(
        "liaisons",
        sa.Column("link_id", store.Id, nullable=False),
        sa.Column("official_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("tier", sa.String(40), nullable=False),
        sa.Column("target_kind", sa.String(40), nullable=False),
        sa.Column("target", store.Id, nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("since", store.UtcDateTime, nullable=False),
        sa.Column("until", store.UtcDateTime),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("reason", sa.String(200)),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("link_id", name="pk_liaisons"),
    )
    op.create_index("ix_liaisons_official_id", "liaisons", ["official_id"])
    op.create_index("ix_liaisons_target", "liaisons", ["target_kind", "target", "state"])
    op.create_table(
        "messages",
        sa.Column("message_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("topic_id", store.Id, nullable=False),
        sa.Column("ref", store.Id),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_messages"),
    )
    op.create_index("ix_messages_person_id", "messages", ["person_id", "created_at"])
    op.create_table(
        "numbers",
        sa.Column("series", sa.String(60), nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("series", name="pk_numbers"),
    )
    op.create_table(
        "objection_decisions",
        sa.Column("opinion_id", store.Id, nullable=False),
        sa.Column("side", sa.String(40), nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("outcome", sa.String(40), nullable=False),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.Column("decided_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("opinion_id", "side", name="pk_objection_decisions"),
    )
    op.create_table(
        "objections",
        sa.Column("objection_id", store.Id, nullable=False),
        sa.Column("topic_id", store.Id, nullable=False),
        sa.Column("opinion_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("directly_affected", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("objection_id", name="pk_objections"),
        sa.UniqueConstraint("opinion_id", "person_id", name="uq_objections_opinion_id_person_id"),
    )
    op.create_table(
        "officials",
        sa.Column("official_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("tier", sa.String(40), nullable=False),
        sa.Column("post", sa.String(100), nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.Column("ended_at", store.UtcDateTime),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("official_id", name="pk_officials"),
    )
    op.create_index("ix_officials_area", "officials", ["area"])
    op.create_index("ix_officials_person_id", "officials", ["person_id"])
    op.create_table(
        "opinions",
        sa.Column("opinion_id", store.Id, nullable=False),
        sa.Column("topic_id", store.Id, nullable=False),
        sa.Column("session_id", store.Id, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("dissent", sa.Text, nullable=False),
        sa.Column("planned", store.Json, nullable=False),
        sa.Column("warnings", store.Json, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("notice_number", sa.String(40)),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("drafted_by", store.Id, nullable=False),
        sa.Column("publicised_at", store.UtcDateTime),
        sa.Column("ends_at", store.UtcDateTime),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("opinion_id", name="pk_opinions"),
    )
    op.create_index("ix_opinions_topic_id", "opinions", ["topic_id"])
    op.create_table(
        "opt_ins",
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("opted_at", store.UtcDateTime, nullable=False),
        sa.Column("withdrawn_at", store.UtcDateTime),
        sa.Column("entered_by", store.Id, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_opt_ins"),
    )
    op.create_table(
        "owners_votes",
        sa.Column("topic_id", store.Id, nullable=False),
        sa.Column("round", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("special", sa.Boolean, nullable=False),
        sa.Column("counts", store.Json, nullable=False),
        sa.Column("passed", sa.Boolean, nullable=False),
        sa.Column("recorded_by", store.Id, nullable=False),
        sa.Column("recorded_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("topic_id", "round", name="pk_owners_votes"),
    )
    op.create_table(
        "polls",
        sa.Column("topic_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("stars", sa.Integer, nullable=False),
        sa.Column("rated_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("topic_id", "person_id", name="pk_polls"),
    )
    op.create_table(
        "project_posts",
        sa.Column("appointment_id", store.Id, nullable=False),
        sa.Column("project_id", store.Id, nullable=False),
        sa.Column("direction", sa.String(40), nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("appointment_id", name="pk_project_posts"),
    )
    op.create_index("ix_project_posts_project_id", "project_posts", ["project_id"])
    op.create_table(
        "projects",
        sa.Column("project_id", store.Id, nullable=False),
        sa.Column("company_id", store.Id),
        sa.Column("community", store.Area),
        sa.Column("grids", store.Json, nullable=False),
        sa.Column("households", sa.Integer, nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("manager", store.Id),
        sa.PrimaryKeyConstraint("project_id", name="pk_projects"),
    )
    op.create_index("ix_projects_community", "projects", ["community"])
    op.create_table(
        "residents",
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("community", store.Area, nullable=False),
        sa.Column("grid", store.Area),
        sa.Column("household_id", store.Id),
        sa.Column("is_adult", sa.Boolean, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_residents"),
    )
    op.create_index("ix_residents_community", "residents", ["community"])
    op.create_index("ix_residents_household_id", "residents", ["household_id"])
    op.create_table(
        "session_topics",
        sa.Column("session_id", store.Id, nullable=False),
        sa.Column("topic_id", store.Id, nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("in_favour", sa.Integer),
        sa.Column("against", sa.Integer),
        sa.Column("abstain", sa.Integer),
        sa.Column("not_cast", sa.Integer),
        sa.Column("voting_invited", sa.Integer),
        sa.Column("voting_present", sa.Integer),
        sa.Column("resident_present", sa.Integer),
        sa.Column("passed", sa.Boolean),
        sa.Column("closed_at", store.UtcDateTime),
        sa.PrimaryKeyConstraint("session_id", "topic_id", name="pk_session_topics"),
    )
    op.create_index("ix_session_topics_topic_id", "session_topics", ["topic_id"])
    op.create_table(
        "sessions",
        sa.Column("session_id", store.Id, nullable=False),
        sa.Column("level", sa.String(40), nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("place", sa.String(100), nullable=False),
        sa.Column("start_at", store.UtcDateTime, nullable=False),
        sa.Column("host_id", store.Id, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("notice_sent_at", store.UtcDateTime, nullable=False),
        sa.Column("seed", sa.String(64), nullable=False),
        sa.Column("pool", sa.Integer, nullable=False),
        sa.Column("opened_at", store.UtcDateTime),
        sa.Column("ended_at", store.UtcDateTime),
        sa.Column("reason", sa.String(200)),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_sessions"),
    )
    op.create_index("ix_sessions_area", "sessions", ["area"])
    op.create_table(
        "supervisions",
        sa.Column("record_id", store.Id, nullable=False),
        sa.Column("task_id", store.Id, nullable=False),
        sa.Column("topic_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("finding", sa.Text, nullable=False),
        sa.Column("media", store.Json, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("record_id", name="pk_supervisions"),
    )
    op.create_index("ix_supervisions_task_id", "supervisions", ["task_id"])
    op.create_table(
        "supervisors",
        sa.Column("task_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("appointed_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("task_id", "person_id", name="pk_supervisors"),
    )
    op.create_index("ix_supervisors_person_id", "supervisors", ["person_id"])
    op.create_table(
        "tasks",
        sa.Column("task_id", store.Id, nullable=False),
        sa.Column("topic_id", store.Id, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("title", sa.String(100), nullable=False),
        sa.Column("responsible_kind", sa.String(40), nullable=False),
        sa.Column("responsible_id", store.Id, nullable=False),
        sa.Column("due_at", store.UtcDateTime, nullable=False),
        sa.Column("budget_fen", sa.BigInteger),
        sa.Column("funding", sa.String(100)),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("grid", store.Area),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("overdue_level", sa.Integer, nullable=False),
        sa.Column("reworks", sa.Integer, nullable=False),
        sa.Column("supervisions_missed", sa.Integer, nullable=False),
        sa.Column("percent", sa.Integer, nullable=False),
        sa.Column("evidence", store.Json, nullable=False),
        sa.Column("work_id", store.Id),
        sa.Column("supervisor_accepted", store.Id),
        sa.Column("cadre_accepted", store.Id),
        sa.Column("started_at", store.UtcDateTime),
        sa.Column("delivered_at", store.UtcDateTime),
        sa.Column("accepted_at", store.UtcDateTime),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("task_id", name="pk_tasks"),
    )
    op.create_index("ix_tasks_area", "tasks", ["area"])
    op.create_index("ix_tasks_topic_id", "tasks", ["topic_id"])
    op.create_table(
        "topics",
        sa.Column("topic_id", store.Id, nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("title", sa.String(50), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("proposer", store.Id, nullable=False),
        sa.Column("proposer_kind", sa.String(40), nullable=False),
        sa.Column("entered_by", store.Id, nullable=False),
        sa.Column("way", sa.String(40), nullable=False),
        sa.Column("category", sa.String(40), nullable=False),
        sa.Column("level", sa.String(40), nullable=False),
        sa.Column("scope", store.Json, nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("grid", store.Area),
        sa.Column("source_request", store.Id),
        sa.Column("resubmits", store.Id),
        sa.Column("new_facts", sa.Text, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("owners_matter", sa.Boolean, nullable=False),
        sa.Column("binding", sa.Boolean),
        sa.Column("escalated", sa.Integer, nullable=False),
        sa.Column("adjournments", sa.Integer, nullable=False),
        sa.Column("objected", sa.Boolean, nullable=False),
        sa.Column("session_id", store.Id),
        sa.Column("opinion_id", store.Id),
        sa.Column("merged_into", store.Id),
        sa.Column("request_id", store.Id),
        sa.Column("reason", sa.String(40)),
        sa.Column("note", sa.Text),
        sa.Column("appeal", sa.String(40)),
        sa.Column("result", sa.Text),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.Column("screen_due", store.UtcDateTime, nullable=False),
        sa.Column("adopted_at", store.UtcDateTime),
        sa.Column("session_due", store.UtcDateTime),
        sa.Column("voted_at", store.UtcDateTime),
        sa.Column("opinion_due", store.UtcDateTime),
        sa.Column("publicised_at", store.UtcDateTime),
        sa.Column("resolved_at", store.UtcDateTime),
        sa.Column("tasks_due", store.UtcDateTime),
        sa.Column("implementing_at", store.UtcDateTime),
        sa.Column("verified_at", store.UtcDateTime),
        sa.Column("closed_at", store.UtcDateTime),
        sa.Column("failed_at", store.UtcDateTime),
        sa.Column("poll_until", store.UtcDateTime),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("topic_id", name="pk_topics"),
        sa.UniqueConstraint("number", name="uq_topics_number"),
    )
    op.create_index("ix_topics_adopted_at", "topics", ["adopted_at"])
    op.create_index("ix_topics_area", "topics", ["area"])
    op.create_index("ix_topics_proposer", "topics", ["proposer"])
    op.create_index("ix_topics_state", "topics", ["state"])
    op.create_table(
        "votes",
        sa.Column("session_id", store.Id, nullable=False),
        sa.Column("topic_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("choice", sa.String(40), nullable=False),
        sa.Column("cast_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("session_id", "topic_id", "person_id", name="pk_votes"),
    )
