"""The tables as they began."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store
from fivered.chassis.vault import Sealed

revision = "0001"
down_revision = None


def upgrade():
    op.create_table(
        "accounts",
        sa.Column("account_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("login", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("state", sa.String(30), nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("password", sa.String(200)),
        sa.Column("once_until", store.UtcDateTime),
        sa.Column("factor", Sealed("{account_id}.factor")),
        sa.Column("factor_since", store.UtcDateTime),
        sa.Column("factor_step", sa.BigInteger, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("created_by", store.Id, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_accounts"),
        sa.UniqueConstraint("login", name="uq_accounts_login"),
        sa.UniqueConstraint("person_id", name="uq_accounts_person_id"),
    )
    op.create_index("ix_accounts_area", "accounts", ["area"])
    op.create_table(
        "endings",
        sa.Column("id", store.BigId, sa.Identity(), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("ref", store.Id, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_endings"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_endings_at", "endings", ["at"])
    op.create_table(
        "enrolments",
        sa.Column("enrolment_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("made_by", store.Id, nullable=False),
        sa.Column("made_at", store.UtcDateTime, nullable=False),
        sa.Column("until", store.UtcDateTime, nullable=False),
        sa.Column("used_at", store.UtcDateTime),
        sa.PrimaryKeyConstraint("enrolment_id", name="pk_enrolments"),
        sa.UniqueConstraint("digest", name="uq_enrolments_digest"),
    )
    op.create_index("ix_enrolments_person_id", "enrolments", ["person_id"])
    op.create_table(
        "grants",
        sa.Column("grant_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("role", sa.String(30), nullable=False),
        sa.Column("scope", store.Area, nullable=False),
        sa.Column("source", sa.String(30), nullable=False),
        sa.Column("ref", store.Id, nullable=False),
        sa.Column("state", sa.String(30), nullable=False),
        sa.Column("from_at", store.UtcDateTime, nullable=False),
        sa.Column("to_at", store.UtcDateTime),
        sa.Column("reason", sa.String(500)),
        sa.Column("proposed_by", store.Id, nullable=False),
        sa.Column("decided_by", store.Id),
        sa.Column("decided_at", store.UtcDateTime),
        sa.Column("ended_at", store.UtcDateTime),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("grant_id", name="pk_grants"),
    )
    op.create_index("ix_grants_person_id", "grants", ["person_id", "state"])
    op.create_index("ix_grants_scope", "grants", ["scope", "state"])
    op.create_index("ix_grants_source", "grants", ["source", "ref"])
    op.create_table(
        "history",
        sa.Column("id", store.BigId, sa.Identity(), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("subject", store.Id, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("step", sa.String(40), nullable=False),
        sa.Column("state", sa.String(30), nullable=False),
        sa.Column("at", store.UtcDateTime, nullable=False),
        sa.Column("actor", store.Id, nullable=False),
        sa.Column("role", sa.String(30), nullable=False),
        sa.Column("note", sa.String(500)),
        sa.PrimaryKeyConstraint("id", name="pk_history"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_history_kind_subject", "history", ["kind", "subject"])
    op.create_table(
        "people",
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("state", sa.String(30), nullable=False),
        sa.Column("merged_into", store.Id),
        sa.Column("grid", store.Area),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("sequences", store.Json),
        sa.PrimaryKeyConstraint("person_id", name="pk_people"),
    )
    op.create_index("ix_people_merged_into", "people", ["merged_into"])
    op.create_table(
        "signing_keys",
        sa.Column("key_id", store.Id, nullable=False),
        sa.Column("secret", Sealed("{key_id}.secret"), nullable=False),
        sa.Column("public", sa.String(60), nullable=False),
        sa.Column("made_at", store.UtcDateTime, nullable=False),
        sa.Column("signs_from", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_signing_keys"),
    )
    op.create_table(
        "ties",
        sa.Column("source", sa.String(30), nullable=False),
        sa.Column("ref", store.Id, nullable=False),
        sa.Column("area", store.Area),
        sa.Column("people", store.Json, nullable=False),
        sa.Column("roles", store.Json, nullable=False),
        sa.Column("holds", sa.Boolean, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("sequences", store.Json),
        sa.PrimaryKeyConstraint("source", "ref", name="pk_ties"),
    )
    op.create_table(
        "tries",
        sa.Column("subject", sa.String(70), nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("last_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_tries"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("account_id", store.Id, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("used_at", store.UtcDateTime),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_recovery_codes_account_id_accounts"
        ),
        sa.PrimaryKeyConstraint("account_id", "digest", name="pk_recovery_codes"),
    )
    op.create_table(
        "sessions",
        sa.Column("session_id", store.Id, nullable=False),
        sa.Column("account_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("device", sa.String(100)),
        sa.Column("proven", sa.Boolean, nullable=False),
        sa.Column("began_at", store.UtcDateTime, nullable=False),
        sa.Column("seen_at", store.UtcDateTime, nullable=False),
        sa.Column("ends_at", store.UtcDateTime, nullable=False),
        sa.Column("ended_at", store.UtcDateTime),
        sa.Column("ended_why", sa.String(30)),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_sessions_account_id_accounts"
        ),
        sa.PrimaryKeyConstraint("session_id", name="pk_sessions"),
    )
    op.create_index("ix_sessions_account_id", "sessions", ["account_id", "began_at"])
    op.create_table(
        "refresh_tokens",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("session_id", store.Id, nullable=False),
        sa.Column("parent", sa.String(64)),
        sa.Column("void", sa.Boolean, nullable=False),
        sa.Column("made_at", store.UtcDateTime, nullable=False),
        sa.Column("used_at", store.UtcDateTime),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.session_id"], name="fk_refresh_tokens_session_id_sessions"
        ),
        sa.PrimaryKeyConstraint("digest", name="pk_refresh_tokens"),
    )
    op.create_index("ix_refresh_tokens_parent", "refresh_tokens", ["parent"])
    op.create_index("ix_refresh_tokens_session_id", "refresh_tokens", ["session_id"])
