"""The tables of the credit service.

What may never be negative is a CHECK of the database, so that no interleaving and no mistake in the
code can take a balance below zero.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from chassis import storage as store

metadata = store.new_metadata()
chassis = store.chassis_tables(metadata)

Subject = sa.String(80)
Code = sa.String(40)
State = sa.String(16)


def _never_negative(*columns: str) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(f"{name} >= 0", name=f"{name}_not_negative") for name in columns]


# --------------------------------------------------------------------------------------------------
# What was heard from others

areas = sa.Table(
    "areas",
    metadata,
    sa.Column("code", store.Area, primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("kind", Code, nullable=False),
    sa.Column("parent", store.Area),
    sa.Column("sequence", sa.BigInteger, nullable=False),
)
people = sa.Table(
    "people",
    metadata,
    sa.Column("person_id", store.Id, primary_key=True),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("grid", store.Area),
    sa.Column("is_adult", sa.Boolean, nullable=False),
    sa.Column("household_id", store.Id, index=True),
    sa.Column("state", State, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    # The sequence of the fact that said each column.
    sa.Column("sequences", store.Json),
)
# Where a person lives from a time on, until the next row of the same person: sums of a household,
# a grid or a compound are those of whoever lived there when the month ended.
homes = sa.Table(
    "homes",
    metadata,
    sa.Column("person_id", store.Id, primary_key=True),
    sa.Column("since", store.UtcDateTime, primary_key=True),
    sa.Column("grid", store.Area),
    sa.Column("household_id", store.Id),
)
# Which grids a project serves, [since, until).
compounds = sa.Table(
    "compounds",
    metadata,
    sa.Column("project_id", store.Id, primary_key=True),
    sa.Column("grid", store.Area, primary_key=True),
    sa.Column("since", store.UtcDateTime, primary_key=True),
    sa.Column("until", store.UtcDateTime),
)
stewards = sa.Table(
    "stewards",
    metadata,
    sa.Column("steward_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    sa.Column("type", Code, nullable=False),
    sa.Column("duty", Code, nullable=False),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("left_at", store.UtcDateTime),
    sa.Column("sequence", sa.BigInteger, nullable=False),
)
projects = sa.Table(
    "projects",
    metadata,
    sa.Column("project_id", store.Id, primary_key=True),
    sa.Column("company_id", store.Id, nullable=False, index=True),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("households", sa.Integer, nullable=False),
    sa.Column("status", State, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
)
# Who holds a post in whose matter, on which days: such a person decides nothing about it.
posts = sa.Table(
    "posts",
    metadata,
    sa.Column("subject_id", Subject, primary_key=True),
    sa.Column("person_id", store.Id, primary_key=True),
    sa.Column("post_ref", store.Id, primary_key=True),
    sa.Column("since", store.UtcDateTime, nullable=False),
    sa.Column("until", store.UtcDateTime),
)

# --------------------------------------------------------------------------------------------------
# Subjects and consent

subjects = sa.Table(
    "subjects",
    metadata,
    sa.Column("subject_id", Subject, primary_key=True),
    sa.Column("kind", sa.String(4), nullable=False),
    sa.Column("ref", store.Id, nullable=False),
    # Empty while only an award has named the subject: the order between sources is free.
    sa.Column("area", store.Area),
    sa.Column("grid", store.Area),
    # Where it belonged when the month of `area_since` began: the month before settles there.
    sa.Column("area_before", store.Area),
    sa.Column("area_since", store.UtcDateTime),
    sa.Column("holder", store.Id, index=True),
    sa.Column("spendable", sa.Boolean, nullable=False),
    sa.Column("state", State, nullable=False),
    sa.Column("opened_at", store.UtcDateTime, nullable=False),
    sa.Column("closed_at", store.UtcDateTime),
    # After a withdrawal or a leave the points stay spendable until here.
    sa.Column("spendable_until", store.UtcDateTime),
    # Of which end it was reminded.
    sa.Column("reminded_of", store.UtcDateTime),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_subjects_area", "area", "kind"),
    sa.Index("ix_subjects_area_before", "area_before"),
)
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
    # Where two people gave it back by his receipt: who proposed; `granted_by` confirmed.
    sa.Column("proposed_by", store.Id),
)
# What staff propose in a person's name by his receipt, until another of them confirms it.
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
# What a person was told, or whoever speaks for a subject: that is looked up when it is read.
messages = sa.Table(
    "messages",
    metadata,
    sa.Column("message_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id),
    sa.Column("subject_id", Subject),
    sa.Column("code", Code, nullable=False),
    sa.Column("ref", sa.String(80)),
    sa.Column("detail", store.Json, nullable=False),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Index("ix_messages_person_id", "person_id", "created_at"),
    sa.Index("ix_messages_subject_id", "subject_id", "created_at"),
)
# A person who was registered twice: what is told of the id that was given up is the kept one's.
merged_people = sa.Table(
    "merged_people",
    metadata,
    sa.Column("person_id", store.Id, primary_key=True),
    sa.Column("into_id", store.Id, nullable=False, index=True),
    sa.Column("at", store.UtcDateTime, nullable=False),
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
    # Who took it back himself: of a household only he gives it again.
    sa.Column("ended_by", sa.String(64)),
)


# Where a subject belonged, and in which state it was, in [since, until): what it is now stands in
# its own row. A month settles by what held on its last day, however long it takes to be confirmed.
places = sa.Table(
    "places",
    metadata,
    sa.Column("subject_id", Subject, primary_key=True),
    sa.Column("until", store.UtcDateTime, primary_key=True),
    sa.Column("since", store.UtcDateTime, nullable=False),
    sa.Column("area", store.Area, nullable=False),
    sa.Index("ix_places_area", "area", "until"),
)
states = sa.Table(
    "states",
    metadata,
    sa.Column("subject_id", Subject, primary_key=True),
    sa.Column("until", store.UtcDateTime, primary_key=True),
    sa.Column("since", store.UtcDateTime, nullable=False),
    sa.Column("state", State, nullable=False),
)


def belonging(end: datetime | sa.BindParameter[datetime]) -> sa.Subquery:
    """Return (subject_id, area): where each subject belonged just before `end`, in words that let
    the database look at the subjects of one area only.

    Whoever has come later than `end` belonged to the place where he was seen first.
    """
    subject, place = subjects.c, places.c
    told = sa.exists().where(
        place.subject_id == subject.subject_id, place.since < end, place.until >= end
    )
    return sa.union_all(
        sa.select(subject.subject_id, subject.area).where(
            subject.area_since < end, subject.area.is_not(None)
        ),
        sa.select(place.subject_id, place.area).where(place.since < end, place.until >= end),
        sa.select(subject.subject_id, subject.area_before.label("area")).where(
            subject.area_since >= end, subject.area_before.is_not(None), sa.not_(told)
        ),
    ).subquery("belonging")


def state_at(end: datetime | sa.BindParameter[datetime]) -> sa.ColumnElement[str]:
    """Return the state in which a subject was just before `end`."""
    state = states.c
    before = (
        sa.select(state.state)
        .where(state.subject_id == subjects.c.subject_id, state.since < end, state.until >= end)
        .scalar_subquery()
    )
    return sa.func.coalesce(before, subjects.c.state)


# --------------------------------------------------------------------------------------------------
# Rules

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

# --------------------------------------------------------------------------------------------------
# Facts: what was heard and can fire a rule, as it was told. Awards are what the rules of that day
# made of them; a month can be computed again from here, under these rules or others.

facts = sa.Table(
    "facts",
    metadata,
    # The month in which it counts comes first: facts are read month by month.
    sa.Column("period", store.Period, primary_key=True),
    sa.Column("event_id", store.Uuid, primary_key=True),
    sa.Column("source", Code, nullable=False),
    sa.Column("fact", sa.String(80), nullable=False),
    sa.Column("subject", Subject, nullable=False),
    sa.Column("occurred_at", store.UtcDateTime, nullable=False),
    sa.Column("late", sa.Boolean, nullable=False),
    sa.Column("area", store.Area, nullable=False),
    # JSON as text: it is written on the hot path and read only whole.
    sa.Column("data", sa.Text, nullable=False),
)
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

# --------------------------------------------------------------------------------------------------
# The barrier: months, markers, measures

months = sa.Table(
    "months",
    metadata,
    sa.Column("period", store.Period, primary_key=True),
    sa.Column("cut_off_at", store.UtcDateTime),
    sa.Column("overdue", sa.Boolean, nullable=False),
    sa.Column("draft_job", store.Id),
)
markers = sa.Table(
    "markers",
    metadata,
    sa.Column("source", Code, primary_key=True),
    sa.Column("partition", sa.SmallInteger, primary_key=True),
    sa.Column("period", store.Period, primary_key=True),
    sa.Column("partitions", sa.SmallInteger, nullable=False),
    sa.Column("event_id", store.Uuid, nullable=False),
    sa.Column("heard_at", store.UtcDateTime, nullable=False),
)
measures = sa.Table(
    "measures",
    metadata,
    sa.Column("period", store.Period, primary_key=True),
    sa.Column("subject_id", Subject, primary_key=True),
    sa.Column("source", Code, primary_key=True),
    sa.Column("area", store.Area),
    sa.Column("fact", sa.String(80), nullable=False),
    sa.Column("rows", Code, nullable=False),
    sa.Column("event_id", store.Uuid, nullable=False),
    sa.Column("data", store.Json, nullable=False),
    # What the rules say of the row: whether the subject is rated, and which gates it missed. Only
    # the source that carries a kind's gates fills them.
    sa.Column("active", sa.Boolean),
    sa.Column("gates_failed", sa.String(160)),
    sa.Index("ix_measures_area", "period", "area"),
)

# --------------------------------------------------------------------------------------------------
# Awards: why a score and points are what they are

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
    sa.Column("document_no", sa.String(120)),
    sa.Column("area", store.Area),
    sa.Column("proposed_by", store.Id),
    sa.Column("proposed_at", store.UtcDateTime, nullable=False),
    # Of what a person decides: the level that it waits for and until when, and since when, where
    # it has passed to a level above.
    sa.Column("waits_for", Code),
    sa.Column("due_at", store.UtcDateTime),
    sa.Column("lapsed_at", store.UtcDateTime),
    sa.Column("decided_by", store.Id),
    sa.Column("decided_at", store.UtcDateTime),
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
    sa.Column("confirmed_by", store.Id),
    sa.Column("confirmed_at", store.UtcDateTime),
    sa.Column("lifted_by", store.Id),
    sa.Column("lifted_at", store.UtcDateTime),
    sa.Column("reasons", sa.Text),
    sa.Column("area", store.Area),
    sa.Column("version", sa.Integer, nullable=False),
)

# --------------------------------------------------------------------------------------------------
# Points: double entry

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
    *_never_negative("points"),
)
wallets = sa.Table(
    "wallets",
    metadata,
    sa.Column("subject_id", Subject, primary_key=True),
    sa.Column("available", sa.BigInteger, nullable=False),
    sa.Column("held", sa.BigInteger, nullable=False),
    sa.Column("receivable", sa.BigInteger, nullable=False),
    sa.Column("clawback", sa.BigInteger, nullable=False),
    *_never_negative("available", "held", "receivable"),
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

# --------------------------------------------------------------------------------------------------
# Settlement, notice, objection

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
)

# --------------------------------------------------------------------------------------------------
# Repair, commendation, files that were asked for

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
)
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
    # A district commends formally once a year (REQ-L13), whoever asks at the same time.
    sa.Index(
        "uq_commendations_formal",
        "area",
        "year",
        unique=True,
        postgresql_where=sa.text("form = 'FORMAL' AND state <> 'CANCELLED'"),
        sqlite_where=sa.text("form = 'FORMAL' AND state <> 'CANCELLED'"),
    ),
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
exports = sa.Table(
    "exports",
    metadata,
    sa.Column("export_id", store.Id, primary_key=True),
    sa.Column("kind", Code, nullable=False),
    sa.Column("format", Code, nullable=False),
    sa.Column("params", store.Json, nullable=False),
    sa.Column("requested_by", store.Id, nullable=False, index=True),
    sa.Column("requested_at", store.UtcDateTime, nullable=False),
    sa.Column("state", State, nullable=False),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("sha256", sa.String(64)),
    sa.Column("size", sa.BigInteger),
    sa.Column("expires_at", store.UtcDateTime),
    sa.Column("version", sa.Integer, nullable=False),
)
