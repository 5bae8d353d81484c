"""Rule sets and what was said of their drafts."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.services.credit.storage.tables.base import Code, State, metadata

rule_sets = sa.Table(
    "rule_sets",
    metadata,
    sa.Column("rule_set_id", store.Id, primary_key=True),
    sa.Column("code", Code, nullable=False, unique=True),
    sa.Column("version", sa.String(20), nullable=False),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("state", State, nullable=False),
    sa.Column("effective_from", sa.Date, nullable=False),
    sa.Column("effective_to", sa.Date),
    sa.Column("author", store.Id, nullable=False),
    sa.Column("publisher", store.Id),
    sa.Column("legal_review", sa.String(200)),
    sa.Column("consulted_until", store.UtcDateTime),
    sa.Column("published_at", store.UtcDateTime),
    sa.Column("body", store.Json, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("row_version", sa.Integer, nullable=False),
    sa.Column("title", sa.String(200)),
    sa.Column("based_on", Code),
    # Everybody who wrote in it: none of them publishes it.
    sa.Column("authors", store.Json, nullable=False),
    sa.Column("notice_id", store.Id),
    sa.Column("consulted_from", store.UtcDateTime),
    sa.Column("approved_by", store.Id),
    sa.Column("approved_at", store.UtcDateTime),
    sa.Column("retired_at", store.UtcDateTime),
    # The day from which persons have ended it, who and why; empty where only a successor ends it.
    sa.Column("retire_on", sa.Date),
    sa.Column("retired_by", store.Id),
    sa.Column("retired_because", sa.String(400)),
    # The forum's outcome that asked for the amendment.
    sa.Column("topic_id", store.Id),
    sa.Column("resolution_no", sa.String(64)),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.CheckConstraint(
        "state IN ('DRAFT', 'CONSULTING', 'APPROVED', 'PUBLISHED', 'RETIRED')", name="state_known"
    ),
    sa.CheckConstraint(
        "state NOT IN ('PUBLISHED', 'RETIRED') OR (publisher IS NOT NULL AND publisher <> author"
        " AND legal_review IS NOT NULL AND published_at IS NOT NULL)",
        name="published_by_another",
    ),
)
rule_comments = sa.Table(
    "rule_comments",
    metadata,
    sa.Column("comment_id", store.Id, primary_key=True),
    sa.Column("rule_set_id", store.Id, nullable=False),
    sa.Column("person_id", store.Id, nullable=False),
    sa.Column("rule_code", Code),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("filed_at", store.UtcDateTime, nullable=False),
    sa.Index("ix_rule_comments_rule_set", "rule_set_id", "filed_at"),
)
