"""Replays of months under other rules."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.services.credit.storage.tables.base import Code, Subject, metadata

# What a replay of months under other rules has made so far; emptied as it is summed up. `side` is
# B(efore): the rules in force, or A(fter): the draft.
what_if_parts = sa.Table(
    "what_if_parts",
    metadata,
    sa.Column("job_id", store.Id, primary_key=True),
    sa.Column("side", sa.String(1), primary_key=True),
    sa.Column("award_id", store.Uuid, primary_key=True),
    # Empty: it takes back what was given for the deed.
    sa.Column("subject_id", Subject, nullable=False),
    sa.Column("rule_code", Code, nullable=False),
    sa.Column("deed", store.Id),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index("ix_what_if_parts_subject", "job_id", "subject_id"),
)
_BOTH = ("awards", "score", "points")
what_if_subjects = sa.Table(
    "what_if_subjects",
    metadata,
    sa.Column("job_id", store.Id, primary_key=True),
    sa.Column("subject_id", Subject, primary_key=True),
    sa.Column("kind", sa.String(4), nullable=False),
    sa.Column("area", store.Area),
    *(
        sa.Column(f"{what}_{side}", sa.BigInteger, nullable=False)
        for what in _BOTH
        for side in ("before", "after")
    ),
    sa.Column("grade_before", sa.String(4)),
    sa.Column("grade_after", sa.String(4)),
    sa.Column("change", sa.BigInteger, nullable=False),
)
what_if_sums = sa.Table(
    "what_if_sums",
    metadata,
    sa.Column("job_id", store.Id, primary_key=True),
    # GROUP: name is a dimension or ALL. RULE: name is a rule.
    sa.Column("what", sa.String(8), primary_key=True),
    sa.Column("area", store.Area, primary_key=True),
    sa.Column("kind", sa.String(4), primary_key=True),
    sa.Column("name", Code, primary_key=True),
    sa.Column("subjects", sa.BigInteger, nullable=False),
    sa.Column("gaining", sa.BigInteger, nullable=False),
    sa.Column("losing", sa.BigInteger, nullable=False),
    *(
        sa.Column(f"{what}_{side}", sa.BigInteger, nullable=False)
        for what in _BOTH
        for side in ("before", "after")
    ),
    # Awards that a person would have to approve and that nobody has: counted as if approved.
    sa.Column("assumed", sa.BigInteger, nullable=False),
)
