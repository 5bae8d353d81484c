"""Commendations, their nominees, objections to these, and certificates."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.services.credit.storage.tables.base import Code, State, Subject, metadata

commendations = sa.Table(
    "commendations",
    metadata,
    sa.Column("commendation_id", store.Id, primary_key=True),
    sa.Column("number", sa.String(40), nullable=False, unique=True),
    sa.Column("title", sa.String(120), nullable=False),
    sa.Column("form", Code, nullable=False),
    sa.Column("level", Code, nullable=False),
    sa.Column("kind", sa.String(4), nullable=False),
    sa.Column("criteria", sa.Text, nullable=False),
    sa.Column("quota", sa.Integer, nullable=False),
    sa.Column("from_period", store.Period, nullable=False),
    sa.Column("to_period", store.Period, nullable=False),
    sa.Column("approval_doc_no", sa.String(120)),
    sa.Column("state", sa.String(24), nullable=False),
    sa.Column("area", store.Area, nullable=False, index=True),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("opened_by", store.Id, nullable=False),
    sa.Column("opened_at", store.UtcDateTime, nullable=False),
    sa.Column("checked_at", store.UtcDateTime),
    sa.Column("reviewed_by", store.Id),
    sa.Column("reviewed_at", store.UtcDateTime),
    sa.Column("notice_id", store.Id),
    sa.Column("publicised_at", store.UtcDateTime),
    sa.Column("public_until", store.UtcDateTime),
    sa.Column("approved_by", store.Id),
    sa.Column("approved_at", store.UtcDateTime),
    sa.Column("granted_at", store.UtcDateTime),
    sa.Column("cancelled_by", store.Id),
    sa.Column("cancelled_at", store.UtcDateTime),
    sa.Column("cancelled_because", sa.String(400)),
    sa.Column("version", sa.Integer, nullable=False),
    # A district commends formally once a year (REQ-L13), also when two ask at once.
    sa.Index(
        "uq_commendations_formal",
        "area",
        "year",
        unique=True,
        postgresql_where=sa.text("form = 'FORMAL' AND state <> 'CANCELLED'"),
        sqlite_where=sa.text("form = 'FORMAL' AND state <> 'CANCELLED'"),
    ),
    sa.Index("ix_commendations_state", "state", "opened_at", "commendation_id"),
)
nominees = sa.Table(
    "nominees",
    metadata,
    sa.Column("commendation_id", store.Id, primary_key=True),
    sa.Column("subject_id", Subject, primary_key=True),
    sa.Column("state", State, nullable=False),
    # Codes of what keeps the nominee back, as of the last check.
    sa.Column("grounds", store.Json, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("nominated_by", store.Id, nullable=False),
    sa.Column("nominated_at", store.UtcDateTime, nullable=False),
    sa.Column("supported", sa.Boolean),
    sa.Column("review", sa.Text),
    sa.Column("award_id", store.Uuid),
    sa.Column("certificate", store.Id),
    sa.Column("revoked_by", store.Id),
    sa.Column("revoked_at", store.UtcDateTime),
    sa.Column("revoked_because", sa.Text),
)
nominee_objections = sa.Table(
    "nominee_objections",
    metadata,
    sa.Column("objection_id", store.Id, primary_key=True),
    sa.Column("commendation_id", store.Id, nullable=False, index=True),
    sa.Column("subject_id", Subject, nullable=False),
    sa.Column("person_id", store.Id, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("state", State, nullable=False),
    sa.Column("filed_at", store.UtcDateTime, nullable=False),
    sa.Column("decide_due", store.UtcDateTime),
    sa.Column("overdue", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("decided_by", store.Id),
    sa.Column("decided_at", store.UtcDateTime),
    sa.Column("reasons", sa.Text),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_nominee_objections_state", "state", "filed_at", "objection_id"),
)
certificates = sa.Table(
    "certificates",
    metadata,
    sa.Column("code", store.Id, primary_key=True),
    sa.Column("number", sa.String(40), nullable=False, unique=True),
    sa.Column("commendation_id", store.Id, nullable=False, index=True),
    sa.Column("subject_id", Subject, nullable=False, index=True),
    sa.Column("state", State, nullable=False),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("granted_at", store.UtcDateTime, nullable=False),
    sa.Column("revoked_at", store.UtcDateTime),
    sa.Column("version", sa.Integer, nullable=False),
)
