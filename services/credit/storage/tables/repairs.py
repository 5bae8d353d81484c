"""Repairs of negative items, and vetoes."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.services.credit.storage.tables.base import Code, State, Subject, metadata

repairs = sa.Table(
    "repairs",
    metadata,
    sa.Column("repair_id", store.Id, primary_key=True),
    sa.Column("number", sa.String(40), nullable=False, unique=True),
    sa.Column("award_id", store.Uuid, nullable=False, index=True),
    sa.Column("subject_id", Subject, nullable=False, index=True),
    sa.Column("severity", Code, nullable=False),
    sa.Column("state", State, nullable=False),
    sa.Column("person_id", store.Id, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("evidence", store.Json, nullable=False),
    sa.Column("applied_at", store.UtcDateTime, nullable=False),
    sa.Column("accept_due", store.UtcDateTime, nullable=False),
    sa.Column("decide_due", store.UtcDateTime, nullable=False),
    sa.Column("accepted_by", store.Id),
    sa.Column("accepted_at", store.UtcDateTime),
    sa.Column("checked_by", store.Id),
    sa.Column("checked_at", store.UtcDateTime),
    sa.Column("finding", sa.Text),
    sa.Column("overdue", sa.Boolean, nullable=False),
    sa.Column("decided_by", store.Id),
    sa.Column("decided_at", store.UtcDateTime),
    sa.Column("reasons", sa.Text),
    sa.Column("from_period", store.Period),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_repairs_state", "state", "applied_at", "repair_id"),
)
vetoes = sa.Table(
    "vetoes",
    metadata,
    sa.Column("veto_id", store.Uuid, primary_key=True),
    sa.Column("subject_id", Subject, nullable=False, index=True),
    sa.Column("rule_code", Code),
    # Empty where no award brought it but a person imposed it.
    sa.Column("award_id", store.Uuid),
    sa.Column("from_period", store.Period, nullable=False),
    sa.Column("to_period", store.Period, nullable=False),
    sa.Column("state", State, nullable=False),
    # Of a veto that a person imposed: by which document, after which hearing; and how it ended.
    sa.Column("document_no", sa.String(120)),
    sa.Column("hearing_ref", sa.String(200)),
    sa.Column("imposed_by", store.Id),
    sa.Column("imposed_at", store.UtcDateTime),
    # Until when another person confirms it.
    sa.Column("due_at", store.UtcDateTime),
    sa.Column("confirmed_by", store.Id),
    sa.Column("confirmed_at", store.UtcDateTime),
    sa.Column("lifted_by", store.Id),
    sa.Column("lifted_at", store.UtcDateTime),
    sa.Column("reasons", sa.Text),
    sa.Column("area", store.Area),
    sa.Column("version", sa.Integer, nullable=False),
)
