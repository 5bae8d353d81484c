"""Points: double entry."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.services.credit.storage.tables.base import (
    Code,
    State,
    Subject,
    metadata,
    never_negative,
)

postings = sa.Table(
    "postings",
    metadata,
    sa.Column("posting_id", store.Uuid, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("ref", sa.String(120), nullable=False),
    sa.Column("subject_id", Subject, nullable=False),
    sa.Column("period", store.Period, nullable=False),
    sa.Column("posted_at", store.UtcDateTime, nullable=False),
    # When what it is about was done. Without it, in rows of before 0.2.0, that was `posted_at`.
    sa.Column("deed_at", store.UtcDateTime),
    sa.Index("ix_postings_subject", "subject_id", "posted_at"),
    # One effect per redemption and statement, whatever arrives twice.
    sa.Index(
        "uq_postings_once",
        "kind",
        "ref",
        unique=True,
        postgresql_where=sa.text(
            "kind IN ('HOLD', 'CAPTURE', 'RELEASE_HOLD', 'REFUND', 'SETTLE', 'GRANT')"
        ),
        sqlite_where=sa.text(
            "kind IN ('HOLD', 'CAPTURE', 'RELEASE_HOLD', 'REFUND', 'SETTLE', 'GRANT')"
        ),
    ),
)
lines = sa.Table(
    "lines",
    metadata,
    sa.Column("posting_id", store.Uuid, primary_key=True),
    sa.Column("owner", Subject, primary_key=True),
    sa.Column("side", sa.String(12), primary_key=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.CheckConstraint("amount <> 0", name="amount_not_zero"),
)
system_accounts = sa.Table(
    "system_accounts",
    metadata,
    sa.Column("account", Subject, primary_key=True),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("district", store.Area, nullable=False),
    sa.Column("balance", sa.BigInteger, nullable=False),
    sa.CheckConstraint(
        "kind NOT IN ('BUDGET', 'EXPIRED', 'SETTLED', 'FUNDED') OR balance >= 0",
        name="balance_not_negative",
    ),
)
budget_grants = sa.Table(
    "budget_grants",
    metadata,
    sa.Column("grant_id", store.Id, primary_key=True),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("basis", sa.String(200), nullable=False),
    sa.Column("state", State, nullable=False),
    sa.Column("proposed_by", store.Id, nullable=False),
    sa.Column("proposed_at", store.UtcDateTime, nullable=False),
    sa.Column("decided_by", store.Id),
    sa.Column("decided_at", store.UtcDateTime),
    sa.Column("reason", sa.String(400)),
    sa.Column("version", sa.Integer, nullable=False),
    sa.CheckConstraint(
        "state <> 'GRANTED' OR (decided_by IS NOT NULL AND decided_by <> proposed_by)",
        name="granted_by_another",
    ),
)
# PENDING by the month that releases it: awards touch only these rows, spending only the wallet.
pendings = sa.Table(
    "pendings",
    metadata,
    sa.Column("subject_id", Subject, primary_key=True),
    sa.Column("period", store.Period, primary_key=True),
    sa.Column("points", sa.BigInteger, nullable=False),
    *never_negative("points"),
)
wallets = sa.Table(
    "wallets",
    metadata,
    sa.Column("subject_id", Subject, primary_key=True),
    sa.Column("available", sa.BigInteger, nullable=False),
    sa.Column("held", sa.BigInteger, nullable=False),
    sa.Column("receivable", sa.BigInteger, nullable=False),
    sa.Column("clawback", sa.BigInteger, nullable=False),
    *never_negative("available", "held", "receivable"),
    sa.CheckConstraint("clawback <= 0", name="clawback_not_positive"),
)
lots = sa.Table(
    "lots",
    metadata,
    sa.Column("lot_id", store.Uuid, primary_key=True),
    sa.Column("subject_id", Subject, nullable=False),
    sa.Column("period", store.Period, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("left", sa.BigInteger, nullable=False),
    sa.Column("expires_at", store.UtcDateTime, nullable=False),
    sa.Column("made_at", store.UtcDateTime, nullable=False),
    sa.Column("reminded", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.CheckConstraint('"left" >= 0 AND "left" <= points', name="left_within"),
    sa.Index(
        "ix_lots_open",
        "subject_id",
        "expires_at",
        postgresql_where=sa.text('"left" > 0'),
        sqlite_where=sa.text('"left" > 0'),
    ),
    sa.Index(
        "ix_lots_expiring",
        "expires_at",
        postgresql_where=sa.text('"left" > 0'),
        sqlite_where=sa.text('"left" > 0'),
    ),
)
holds = sa.Table(
    "holds",
    metadata,
    sa.Column("hold_id", store.Id, primary_key=True),
    sa.Column("subject_id", Subject, nullable=False, index=True),
    sa.Column("partner_id", store.Id, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("state", State, nullable=False),
    sa.Column("reason", Code),
    # [[lot, points], ...]: what a release gives back.
    sa.Column("split", store.Json, nullable=False),
    sa.Column("held_at", store.UtcDateTime, nullable=False),
    sa.Column("ended_at", store.UtcDateTime),
    # The message that captured or refunded it: the same one again is told from another one.
    sa.Column("ended_event", store.Uuid),
    sa.Column("version", sa.Integer, nullable=False),
)
debts = sa.Table(
    "debts",
    metadata,
    sa.Column("debt_id", store.Uuid, primary_key=True),
    sa.Column("subject_id", Subject, nullable=False, index=True),
    sa.Column("period", store.Period, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("left", sa.BigInteger, nullable=False),
    sa.CheckConstraint('"left" >= 0 AND "left" <= points', name="left_within"),
)
