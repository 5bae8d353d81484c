"""Objections and corrections."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.services.credit.storage.tables.base import Code, State, Subject, metadata

objections = sa.Table(
    "objections",
    metadata,
    sa.Column("objection_id", store.Id, primary_key=True),
    sa.Column("number", sa.String(40), nullable=False, unique=True),
    # OBJECTION of whom it concerns, or CORRECTION by staff on behalf of the register.
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("target", sa.String(10), nullable=False),
    sa.Column("target_id", sa.String(160), nullable=False, index=True),
    sa.Column("subject_id", Subject, nullable=False, index=True),
    sa.Column("settlement_id", store.Id),
    sa.Column("award_id", store.Uuid),
    sa.Column("period", store.Period),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    sa.Column("text", sa.Text, nullable=False),
    # Why the register has to be corrected; an objection has its text only.
    sa.Column("grounds", sa.Text),
    sa.Column("evidence", store.Json, nullable=False),
    sa.Column("holds_entry", sa.Boolean, nullable=False),
    sa.Column("state", State, nullable=False),
    sa.Column("filed_at", store.UtcDateTime, nullable=False),
    sa.Column("accept_due", store.UtcDateTime, nullable=False),
    sa.Column("accepted_at", store.UtcDateTime),
    sa.Column("decide_due", store.UtcDateTime),
    # Given once; that there are reasons says that the time was extended.
    sa.Column("extension_reasons", sa.Text),
    sa.Column("overdue", sa.Boolean, nullable=False),
    sa.Column("decided_by", store.Id),
    # In which role: a review is made on a higher level.
    sa.Column("decided_role", Code),
    sa.Column("decided_at", store.UtcDateTime),
    sa.Column("outcome", State),
    sa.Column("reasons", sa.Text),
    # Until when a review can be asked for; empty where none is possible.
    sa.Column("review_until", store.UtcDateTime),
    sa.Column("review_grounds", sa.Text),
    sa.Column("review_due", store.UtcDateTime),
    sa.Column("review_overdue", sa.Boolean, nullable=False),
    sa.Column("reviewed_by", store.Id),
    sa.Column("reviewed_at", store.UtcDateTime),
    sa.Column("review_outcome", State),
    sa.Column("review_reasons", sa.Text),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    # Who handed it in for a person without an account, and the number of that person's receipt.
    sa.Column("filed_by", store.Id),
    sa.Column("receipt_no", sa.String(120)),
    sa.Index("ix_objections_state", "state", "filed_at", "objection_id"),
)
