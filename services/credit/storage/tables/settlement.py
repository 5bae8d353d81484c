"""Settlements, their entries, notices and logs."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.services.credit.storage.tables.base import State, Subject, metadata

settlements = sa.Table(
    "settlements",
    metadata,
    sa.Column("settlement_id", store.Id, primary_key=True),
    sa.Column("period", store.Period, nullable=False),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("state", State, nullable=False),
    sa.Column("complete", sa.Boolean, nullable=False),
    sa.Column("missing", store.Json, nullable=False),
    sa.Column("digest", sa.String(64)),
    # The district's code, and behind a "+" that of the street that adds to it.
    sa.Column("rule_set", sa.String(82)),
    sa.Column("entries", sa.Integer, nullable=False),
    sa.Column("unfunded_points", sa.BigInteger, nullable=False),
    sa.Column("to_check", store.Json, nullable=False),
    sa.Column("checked", store.Json, nullable=False),
    sa.Column("drafted_at", store.UtcDateTime),
    sa.Column("reviewed_by", store.Id),
    sa.Column("reviewed_at", store.UtcDateTime),
    sa.Column("confirmed_by", store.Id),
    sa.Column("confirmed_at", store.UtcDateTime),
    sa.Column("notice_id", store.Id),
    sa.Column("published_at", store.UtcDateTime),
    sa.Column("objection_until", store.UtcDateTime),
    sa.Column("finalised_at", store.UtcDateTime),
    sa.Column("settled_at", store.UtcDateTime),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("period", "area"),
    sa.Index("ix_settlements_state", "state", "created_at", "settlement_id"),
)
entries = sa.Table(
    "entries",
    metadata,
    sa.Column("settlement_id", store.Id, primary_key=True),
    sa.Column("subject_id", Subject, primary_key=True),
    sa.Column("period", store.Period, nullable=False),
    sa.Column("kind", sa.String(4), nullable=False),
    sa.Column("good", sa.Integer, nullable=False),
    sa.Column("bad", sa.Integer, nullable=False),
    # Empty: not rated in this month.
    sa.Column("score", sa.Integer),
    sa.Column("raw_grade", sa.String(4), nullable=False),
    sa.Column("grade", sa.String(4), nullable=False),
    # Names joined by commas, in the order of the rules.
    sa.Column("gates_failed", sa.String(160), nullable=False),
    sa.Column("points_pending", sa.BigInteger, nullable=False),
    sa.Column("released", sa.BigInteger, nullable=False),
    sa.Column("state", State, nullable=False),
    # What was drafted and published, `rules.settlement.entry_digest`; an objection that changes
    # the entry later does not change it.
    sa.Column("hash", sa.LargeBinary),
    sa.Index("ix_entries_subject", "subject_id", "period"),
)
notices = sa.Table(
    "notices",
    metadata,
    sa.Column("notice_id", store.Id, primary_key=True),
    sa.Column("number", sa.String(40), nullable=False, unique=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("area", store.Area, nullable=False, index=True),
    sa.Column("period", store.Period, nullable=False),
    sa.Column("settlement_id", store.Id),
    sa.Column("corrects", store.Id),
    sa.Column("body", store.Json, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("state", State, nullable=False),
    sa.Column("published_at", store.UtcDateTime, nullable=False),
    sa.Column("ends_at", store.UtcDateTime, nullable=False),
    sa.Column("down_at", store.UtcDateTime, nullable=False),
    sa.Column("commendation_id", store.Id),
    # A published content is never edited: it is withdrawn, and another one may stand for it.
    sa.Column("withdrawn_at", store.UtcDateTime),
    sa.Column("withdrawn_by", store.Id),
    sa.Column("withdrawn_because", sa.String(400)),
    sa.Column("corrected_by", store.Id),
    sa.Column("version", sa.Integer, nullable=False),
)
# What a published month was computed from, frozen when it was published: deflated JSON lines.
month_logs = sa.Table(
    "month_logs",
    metadata,
    sa.Column("settlement_id", store.Id, primary_key=True),
    sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("lines", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
