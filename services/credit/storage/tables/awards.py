"""Awards: why a score and points are what they are."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.services.credit.storage.tables.base import Code, State, Subject, metadata

awards = sa.Table(
    "awards",
    metadata,
    sa.Column("award_id", store.Uuid, primary_key=True),
    sa.Column("subject_id", Subject, nullable=False),
    sa.Column("kind", sa.String(4), nullable=False),
    sa.Column("rule_set", Code, nullable=False),
    sa.Column("rule_code", Code, nullable=False),
    sa.Column("source", Code, nullable=False),
    sa.Column("fact", sa.String(80)),
    sa.Column("event_id", store.Uuid),
    # What the award is for, so that another event can take it back; and who told of it.
    sa.Column("deed", store.Id),
    sa.Column("actor_id", store.Id),
    sa.Column("level", Code),
    sa.Column("occurred_at", store.UtcDateTime, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    # The month that the award belongs to, the months in which it counts, and the month whose
    # settlement releases its points.
    sa.Column("period", store.Period, nullable=False),
    sa.Column("to_period", store.Period, nullable=False),
    sa.Column("points_period", store.Period, nullable=False),
    sa.Column("cap_window", sa.String(80)),
    sa.Column("score_raw", sa.Integer, nullable=False),
    sa.Column("points_raw", sa.Integer, nullable=False),
    sa.Column("score", sa.Integer, nullable=False),
    sa.Column("points", sa.Integer, nullable=False),
    sa.Column("capped", sa.Boolean, nullable=False),
    sa.Column("late", sa.Boolean, nullable=False),
    sa.Column("correction", sa.Boolean, nullable=False),
    # True where the order of arrival could matter: the draft computes this window again.
    sa.Column("recount", sa.Boolean, nullable=False),
    sa.Column("deduction", sa.Boolean, nullable=False),
    # A deduction counts for good only after its settlement's notice has ended.
    sa.Column("effective", sa.Boolean, nullable=False),
    # Who decides: NOBODY (automatic), PERSON (maker and checker), SETTLEMENT (automatic deduction).
    sa.Column("decides", sa.String(12), nullable=False),
    sa.Column("state", State, nullable=False),
    sa.Column("inputs", store.Json),
    sa.Column("evidence", store.Json),
    # What was said last of it: proposed, decided, taken back; and what its proposer has said.
    sa.Column("reason", sa.String(400)),
    sa.Column("proposal", sa.String(400)),
    # Of what no person's words have changed: why (`rules/causes.py`), and what that names; and the
    # objection by whose decision only a part is left: no later count of its window undoes that.
    sa.Column("cause", Code),
    sa.Column("cause_ref", sa.String(120)),
    sa.Column("objection_no", Code),
    sa.Column("document_no", sa.String(120)),
    sa.Column("area", store.Area),
    sa.Column("proposed_by", store.Id),
    sa.Column("proposed_at", store.UtcDateTime, nullable=False),
    # Of what a person decides: the level that it waits for and until when, and since when, where
    # it has passed to a level above.
    sa.Column("waits_for", Code),
    sa.Column("due_at", store.UtcDateTime),
    # How many working days that counts, where it is later than they say (chassis/deadlines.py).
    sa.Column("due_days", sa.SmallInteger),
    sa.Column("lapsed_at", store.UtcDateTime),
    sa.Column("decided_by", store.Id),
    sa.Column("decided_at", store.UtcDateTime),
    # Who had approved what another person took back.
    sa.Column("approved_by", store.Id),
    sa.Column("corrects", store.Uuid),
    sa.Column("shard", sa.SmallInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_awards_subject", "subject_id", "period"),
    sa.Index(
        "ix_awards_window",
        "subject_id",
        "rule_code",
        "cap_window",
        postgresql_where=sa.text("cap_window IS NOT NULL"),
        sqlite_where=sa.text("cap_window IS NOT NULL"),
    ),
    sa.Index(
        "ix_awards_deed",
        "deed",
        postgresql_where=sa.text("deed IS NOT NULL"),
        sqlite_where=sa.text("deed IS NOT NULL"),
    ),
    sa.Index(
        "ix_awards_waiting",
        "period",
        postgresql_where=sa.text("NOT effective"),
        sqlite_where=sa.text("NOT effective"),
    ),
    sa.Index(
        "ix_awards_to_look_at",
        "period",
        "subject_id",
        postgresql_where=sa.text("deduction OR source = 'manual'"),
        sqlite_where=sa.text("deduction OR source = 'manual'"),
    ),
    sa.Index(
        "ix_awards_due",
        "due_at",
        postgresql_where=sa.text("state = 'PROPOSED' AND due_at IS NOT NULL"),
        sqlite_where=sa.text("state = 'PROPOSED' AND due_at IS NOT NULL"),
    ),
    sa.Index(
        "ix_awards_by_person",
        "proposed_at",
        postgresql_where=sa.text("decides = 'PERSON'"),
        sqlite_where=sa.text("decides = 'PERSON'"),
    ),
    sa.Index(
        "ix_awards_recount",
        "period",
        postgresql_where=sa.text("recount"),
        sqlite_where=sa.text("recount"),
    ),
)
# Records of hours as they were told: the running totals of rules follow from them.
hours = sa.Table(
    "hours",
    metadata,
    sa.Column("event_id", store.Uuid, primary_key=True),
    sa.Column("rule_code", Code, primary_key=True),
    sa.Column("subject_id", Subject, nullable=False),
    sa.Column("record_id", store.Id, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("minutes", sa.Integer, nullable=False),
    sa.Column("source", Code, nullable=False),
    sa.Column("period", store.Period, nullable=False),
    sa.Column("occurred_at", store.UtcDateTime, nullable=False),
    # Who confirmed it; empty where it was no person.
    sa.Column("confirmed_by", store.Id),
    sa.Index("ix_hours_subject", "subject_id", "rule_code", "day"),
)
