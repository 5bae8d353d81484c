"""Consent: what is read before it, given, proposed in somebody's name, and its intervals."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.services.credit.storage.tables.base import Code, State, Subject, metadata

consents = sa.Table(
    "consents",
    metadata,
    sa.Column("consent_id", store.Id, primary_key=True),
    sa.Column("subject_id", Subject, nullable=False, unique=True),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    sa.Column("state", State, nullable=False),
    sa.Column("notice_version", sa.String(20), nullable=False),
    sa.Column("purposes", store.Json, nullable=False),
    sa.Column("channel", Code, nullable=False),
    sa.Column("evidence_ref", sa.String(200)),
    sa.Column("granted_by", store.Id, nullable=False),
    sa.Column("granted_at", store.UtcDateTime, nullable=False),
    sa.Column("withdrawn_at", store.UtcDateTime),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    # Where two people gave it back by the person's receipt: who proposed; `granted_by` confirmed.
    sa.Column("proposed_by", store.Id),
)
# What staff propose in a person's name by a signed receipt, until another of them confirms it.
consent_proposals = sa.Table(
    "consent_proposals",
    metadata,
    sa.Column("proposal_id", store.Id, primary_key=True),
    sa.Column("subject_id", Subject, nullable=False),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    sa.Column("household_id", store.Id),
    sa.Column("notice_version", sa.String(20), nullable=False),
    sa.Column("purposes", store.Json, nullable=False),
    sa.Column("channel", Code, nullable=False),
    sa.Column("evidence_ref", sa.String(200), nullable=False),
    sa.Column("state", State, nullable=False),
    sa.Column("proposed_by", store.Id, nullable=False),
    sa.Column("proposed_at", store.UtcDateTime, nullable=False),
    sa.Column("due_at", store.UtcDateTime, nullable=False),
    sa.Column("decided_by", store.Id),
    sa.Column("decided_at", store.UtcDateTime),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("grid", store.Area),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index(
        "uq_consent_proposals_open",
        "subject_id",
        unique=True,
        postgresql_where=sa.text("state = 'PROPOSED'"),
        sqlite_where=sa.text("state = 'PROPOSED'"),
    ),
)
# One row per purpose and unbroken interval [since, until): consent is tested at the time of the
# deed, so the past must stay readable after a withdrawal.
consent_spans = sa.Table(
    "consent_spans",
    metadata,
    sa.Column("subject_id", Subject, primary_key=True),
    sa.Column("purpose", sa.String(16), primary_key=True),
    sa.Column("since", store.UtcDateTime, primary_key=True),
    sa.Column("until", store.UtcDateTime),
    # Who took it back in person: of a household nobody else gives it again.
    sa.Column("ended_by", sa.String(64)),
)
# What was done with each consent: given, changed, renewed under another notice, withdrawn, ended.
# Rows are only added; `version` is that of the consent after it.
consent_acts = sa.Table(
    "consent_acts",
    metadata,
    sa.Column("consent_id", store.Id, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    sa.Column("act", State, nullable=False),
    sa.Column("notice_version", sa.String(20), nullable=False),
    # What is consented to after it.
    sa.Column("purposes", store.Json, nullable=False),
    # The way by which the consent came, as it stood.
    sa.Column("channel", Code, nullable=False),
    sa.Column("evidence_ref", sa.String(200)),
    # Null where nobody did it: the person died or left the district.
    sa.Column("acted_by", store.Id),
    sa.Column("proposed_by", store.Id),
    sa.Column("at", store.UtcDateTime, nullable=False),
)
# What a person reads before consenting: a version of the notice, with a text for each purpose. It
# is proposed by one person of the district and published by another; its texts never change.
consent_notices = sa.Table(
    "consent_notices",
    metadata,
    sa.Column("consent_notice_id", store.Id, primary_key=True),
    sa.Column("notice_version", sa.String(20), nullable=False),
    sa.Column("area", store.Area, nullable=False),
    # The local day from which consents are given under it, until a later one begins.
    sa.Column("effective_from", sa.Date, nullable=False),
    # [{"purpose", "text", "text_en"}], one for each purpose.
    sa.Column("texts", store.Json, nullable=False),
    sa.Column("state", State, nullable=False),
    sa.Column("proposed_by", store.Id, nullable=False),
    sa.Column("proposed_at", store.UtcDateTime, nullable=False),
    sa.Column("decided_by", store.Id),
    sa.Column("decided_at", store.UtcDateTime),
    sa.Column("reason", sa.String(400)),
    sa.Column("version", sa.Integer, nullable=False),
    sa.CheckConstraint(
        "state <> 'PUBLISHED' OR (decided_by IS NOT NULL AND decided_by <> proposed_by)",
        name="published_by_another",
    ),
    # What was rejected does not use up its number.
    sa.Index(
        "uq_consent_notices_version",
        "notice_version",
        unique=True,
        postgresql_where=sa.text("state <> 'REJECTED'"),
        sqlite_where=sa.text("state <> 'REJECTED'"),
    ),
)
