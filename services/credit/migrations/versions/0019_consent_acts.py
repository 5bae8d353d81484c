"""What was done with each consent is kept step by step."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0019"
down_revision = "0018"


def upgrade():
    op.create_table(
        "consent_acts",
        sa.Column("consent_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("notice_version", sa.String(length=20), nullable=False),
        sa.Column("purposes", store.Json, nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("evidence_ref", sa.String(length=200), nullable=True),
        sa.Column("acted_by", sa.String(length=64), nullable=True),
        sa.Column("proposed_by", sa.String(length=64), nullable=True),
        sa.Column("at", store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("consent_id", "version", name=op.f("pk_consent_acts")),
    )
    op.create_index(op.f("ix_consent_acts_person_id"), "consent_acts", ["person_id"], unique=False)
    # How each consent stood: what was done with it before is not known step by step.
    names = (
        *("consent_id", "version", "person_id", "act", "notice_version", "purposes", "channel"),
        *("evidence_ref", "acted_by", "proposed_by", "at"),
    )
    columns = (
        *("consent_id", "version", "person_id", "state", "notice_version", "channel"),
        *("evidence_ref", "granted_by", "proposed_by"),
    )
    consents = sa.table(
        "consents",
        *(sa.column(name) for name in columns),
        sa.column("purposes", store.Json),
        *(sa.column(name, store.UtcDateTime) for name in ("granted_at", "withdrawn_at")),
    )
    acts = sa.table("consent_acts", *(sa.column(name) for name in names))
    row = consents.c
    stands = sa.select(
        *(row.consent_id, row.version, row.person_id, sa.literal_column("'GRANTED'")),
        *(row.notice_version, row.purposes, row.channel),
        *(row.evidence_ref, row.granted_by, row.proposed_by, row.granted_at),
    ).where(row.state.in_(("GRANTED", "SUSPENDED")))
    over = sa.select(
        *(row.consent_id, row.version, row.person_id, row.state, row.notice_version),
        *(sa.literal([], store.Json), row.channel, sa.null(), sa.null(), sa.null()),
        sa.func.coalesce(row.withdrawn_at, row.granted_at),
    ).where(row.state.in_(("WITHDRAWN", "CLOSED")))
    for found in (stands, over):
        op.get_bind().execute(sa.insert(acts).from_select(names, found))
