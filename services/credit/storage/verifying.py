"""What the verification of a published month asks of the live rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.records import Row
from fivered.services.credit.storage import bulk, registry
from fivered.services.credit.storage import tables as t

# SQLite takes some thousands of values in one statement.
_AT_ONCE = 500


def _groups(values: Sequence[str]) -> list[Sequence[str]]:
    return [values[i : i + _AT_ONCE] for i in range(0, len(values), _AT_ONCE)]


def awards(conn: sa.Connection, award_ids: Sequence[str]) -> dict[str, Row]:
    """Return awards as they are now, by id."""
    return {
        str(row.award_id): row
        for group in _groups(award_ids)
        for row in records.rows(
            conn, sa.select(t.awards).where(bulk.members(t.awards.c.award_id, group, conn))
        )
    }


def postings_of(conn: sa.Connection, award_ids: Sequence[str]) -> dict[str, list[Row]]:
    """Return award -> (posted_at, deed_at) of what it has brought, oldest first."""
    posting = t.postings.c
    found: dict[str, list[Row]] = defaultdict(list)
    for group in _groups(award_ids):
        asked = (
            sa.select(posting.ref, posting.posted_at, posting.deed_at)
            .where(posting.kind == "AWARD", bulk.members(posting.ref, group, conn))
            .order_by(posting.posted_at, posting.posting_id)
        )
        for row in records.rows(conn, asked):
            found[row.ref].append(row)
    return found


def awards_of_month(conn: sa.Connection, period: str, subjects: Sequence[str]) -> list[Row]:
    """Return the awards of a month to some subjects."""
    award = t.awards.c
    return [
        row
        for group in _groups(subjects)
        for row in records.rows(
            conn,
            sa.select(t.awards)
            .where(award.period == period, bulk.members(award.subject_id, group, conn))
            .order_by(award.subject_id, award.award_id),
        )
    ]


def objection_numbers(conn: sa.Connection, subjects: Sequence[str]) -> frozenset[str]:
    """Return the numbers of the objections about some subjects that were decided, and about other
    registrations of the same persons: what is decided of an award holds for what came over."""
    row = t.objections.c
    subjects = sorted({*subjects, *_of_same_persons(conn, subjects)})
    return frozenset(
        number
        for group in _groups(subjects)
        for number in conn.execute(
            sa.select(row.number).where(
                bulk.members(row.subject_id, group, conn), row.decided_at.is_not(None)
            )
        ).scalars()
    )


def _of_same_persons(conn: sa.Connection, subjects: Sequence[str]) -> set[str]:
    if not registry.any_merged(conn):
        return set()
    persons = [one.removeprefix("RES:") for one in subjects if one.startswith("RES:")]
    found: set[str] = set()
    for group in _groups(persons):
        kept = {*group, *registry.merged(conn, group).values()}
        found |= kept | registry.given_up_for(conn, kept).keys()
    return {f"RES:{person}" for person in found}


def objections(
    conn: sa.Connection, period: str, subjects: Sequence[str]
) -> dict[str, frozenset[str]]:
    """Return subject -> states of the objections that hold, or held, its entry of a month."""
    row = t.objections.c
    found: dict[str, set[str]] = defaultdict(set)
    for group in _groups(subjects):
        asked = sa.select(row.subject_id, row.state).where(
            row.period == period, row.holds_entry, bulk.members(row.subject_id, group, conn)
        )
        for subject_id, state in conn.execute(asked):
            found[subject_id].add(state)
    return {subject: frozenset(states) for subject, states in found.items()}


def released(conn: sa.Connection, settlement_id: str) -> dict[str, int]:
    """Return subject -> the points that its postings of a settlement have released."""
    posting, line = t.postings.c, t.lines.c
    asked = (
        sa.select(posting.subject_id, sa.func.sum(-line.amount))
        .select_from(t.postings.join(t.lines, line.posting_id == posting.posting_id))
        .where(posting.kind == "RELEASE", posting.ref == settlement_id, line.side == "PENDING")
        .group_by(posting.subject_id)
    )
    return {subject: int(points) for subject, points in conn.execute(asked)}


def changed_since(conn: sa.Connection, period: str, subject_id: str) -> bool:
    """Tell whether a command may have changed an entry since it was published: an objection that
    held it has ended, or a deduction was taken back or dropped before it counted."""
    row, award = t.objections.c, t.awards.c
    ended = sa.select(row.objection_id).where(
        row.period == period,
        row.subject_id == subject_id,
        row.holds_entry,
        row.decided_at.is_not(None),
    )
    dropped = sa.select(award.award_id).where(
        award.period == period,
        award.subject_id == subject_id,
        award.deduction,
        sa.not_(award.effective),
        award.state.in_(("REVERSED", "REJECTED")),
    )
    return conn.execute(ended).first() is not None or conn.execute(dropped).first() is not None


def is_merged(conn: sa.Connection, subject_id: str) -> bool:
    """Tell whether a person's id was given up for another one of the same person."""
    person = subject_id.partition(":")[2]
    return bool(registry.merged(conn, [person]))
