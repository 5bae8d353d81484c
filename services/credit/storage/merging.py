"""What hangs on a person, so that it can be hung on another id of the same person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import identities, records, telling
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.credit.storage import tables as t

# Where a person is whom something concerns or who asked for it: it is the kept id's from now on.
_CONCERNED: tuple[store.Column, ...] = (
    t.objections.c.person_id,
    t.objections.c.filed_by,
    t.repairs.c.person_id,
    t.nominee_objections.c.person_id,
    t.rule_comments.c.person_id,
    t.messages.c.person_id,
    t.consents.c.person_id,
    t.consent_acts.c.person_id,
    t.consent_spans.c.ended_by,
    t.stewards.c.person_id,
    t.subjects.c.holder,
    t.exports.c.requested_by,
    t.chassis.jobs.c.requested_by,
)
# Who did a step that another person has to follow: still the same person under another id.
_ACTED: tuple[tuple[store.Column, sa.ColumnElement[bool]], ...] = (
    (t.awards.c.proposed_by, t.awards.c.state == "PROPOSED"),
    (t.awards.c.actor_id, t.awards.c.state == "PROPOSED"),
    (t.objections.c.decided_by, t.objections.c.state != "REVIEWED"),
    (t.repairs.c.checked_by, t.repairs.c.decided_at.is_(None)),
    (t.settlements.c.reviewed_by, t.settlements.c.confirmed_at.is_(None)),
    (t.consent_proposals.c.proposed_by, t.consent_proposals.c.state == "PROPOSED"),
    (t.vetoes.c.imposed_by, t.vetoes.c.lifted_at.is_(None)),
    (t.vetoes.c.confirmed_by, t.vetoes.c.lifted_at.is_(None)),
    (t.budget_grants.c.proposed_by, t.budget_grants.c.state == "PROPOSED"),
    (t.consent_notices.c.proposed_by, t.consent_notices.c.state == "PROPOSED"),
    (t.rule_sets.c.author, t.rule_sets.c.state.not_in(("PUBLISHED", "RETIRED"))),
    (t.nominees.c.nominated_by, sa.true()),
    (t.commendations.c.reviewed_by, sa.true()),
)
# What hangs on the account of a person and has no month.
_OF_ACCOUNT: tuple[store.Column, ...] = (
    t.lots.c.subject_id,
    t.holds.c.subject_id,
    t.debts.c.subject_id,
    t.certificates.c.subject_id,
)


def remember(conn: sa.Connection, person_id: str, into: str, at: datetime) -> None:
    """Say that an id is given up for another; those given up for it before follow it."""
    row = t.merged_people.c
    conn.execute(sa.update(t.merged_people).where(row.into_id == person_id).values(into_id=into))
    records.add_new(conn, t.merged_people, person_id=person_id, into_id=into, at=at)


def hand_over(conn: sa.Connection, person_id: str, into: str) -> None:
    """Put the kept id where the given-up one stands for the same person."""
    for column in _CONCERNED:
        _put(conn, column, person_id, into)
    for column, where in _ACTED:
        _put(conn, column, person_id, into, where)
    identities.hand_over(conn, (t.rule_sets.c.authors,), person_id, into)
    telling.hand_over(conn, t.chassis, person_id, into)


def _put(
    conn: sa.Connection, column: store.Column, old: str, new: str, *where: sa.ColumnElement[bool]
) -> None:
    conn.execute(sa.update(column.table).where(column == old, *where).values({column.name: new}))


def hand_over_account(conn: sa.Connection, old: str, new: str) -> None:
    """Put lots, holds, debts, certificates and nominations of one account on another."""
    for column in _OF_ACCOUNT:
        _put(conn, column, old, new)
    nominee = t.nominees.alias()
    there = sa.select(nominee.c.commendation_id).where(nominee.c.subject_id == new)
    _put(
        conn,
        t.nominees.c.subject_id,
        old,
        new,
        t.nominees.c.commendation_id.not_in(there),
    )
    _put(conn, t.nominee_objections.c.subject_id, old, new)


def posts_of(conn: sa.Connection, person_id: str) -> list[Row]:
    """Return the posts that a person holds."""
    post = t.posts.c
    asked = sa.select(t.posts).where(post.person_id == person_id, post.until.is_(None))
    return records.rows(conn, asked)


def awards_of(conn: sa.Connection, subject_id: str) -> list[Row]:
    """Return and lock the awards of a subject that stand."""
    award = t.awards.c
    asked = (
        sa.select(t.awards)
        .where(award.subject_id == subject_id, award.state.in_(("PROPOSED", "APPROVED")))
        .order_by(award.award_id)
    )
    return records.rows(conn, store.lock(asked, conn))


def same_deeds(conn: sa.Connection, subject_id: str) -> set[tuple[str, str]]:
    """Return (rule, deed) of the awards of a subject that stand."""
    award = t.awards.c
    asked = sa.select(award.rule_code, award.deed).where(
        award.subject_id == subject_id,
        award.deed.is_not(None),
        award.state.in_(("PROPOSED", "APPROVED")),
    )
    return {(row.rule_code, row.deed) for row in conn.execute(asked)}


def put_award(conn: sa.Connection, award_id: str, row: Mapping[str, object]) -> None:
    """Put an award that waits for a decision on another subject; its id follows from that."""
    conn.execute(
        sa.update(t.awards)
        .where(t.awards.c.award_id == award_id)
        .values(**row, version=t.awards.c.version + 1)
    )


def put_objections(
    conn: sa.Connection, old: str, new: str, awards: Mapping[str, str], periods: Sequence[str]
) -> None:
    """Put the objections about awards that moved, and about months that are not confirmed, on the
    kept subject."""
    row = t.objections.c
    for award_id, moved in awards.items():
        conn.execute(
            sa.update(t.objections)
            .where(row.target_id == award_id)
            .values(target_id=moved, award_id=moved, subject_id=new)
        )
    if periods:
        conn.execute(
            sa.update(t.objections)
            .where(row.subject_id == old, row.period.in_(list(periods)), row.award_id.is_(None))
            .values(
                subject_id=new,
                target_id=sa.func.replace(row.target_id, f"/{old}", f"/{new}"),
            )
        )


def objection_periods(conn: sa.Connection, subject_id: str) -> set[str]:
    """Return the months about which there are objections of a subject."""
    row = t.objections.c
    asked = sa.select(row.period).where(row.subject_id == subject_id, row.period.is_not(None))
    return set(conn.execute(asked).scalars())


def copy_spans(conn: sa.Connection, old: str, new: str) -> None:
    """Let what a subject has consented to, and when, be what another one has."""
    span = t.consent_spans.c
    asked = sa.select(t.consent_spans).where(span.subject_id == old)
    copies = [
        {
            "subject_id": new,
            "purpose": row.purpose,
            "since": row.since,
            "until": row.until,
        }
        for row in records.rows(conn, asked)
    ]
    records.add_missing(conn, t.consent_spans, copies)
