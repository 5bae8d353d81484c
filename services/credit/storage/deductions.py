"""Deductions of a month: who looks at them, decides them, and when they count for good."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.records import Row
from fivered.services.credit.rules.causes import UNDECIDED, Cause
from fivered.services.credit.storage import bulk
from fivered.services.credit.storage import tables as t
from fivered.services.credit.storage.bulk import constant
from fivered.services.credit.storage.counting import counts_sql


def to_look_at(
    conn: sa.Connection, settlement_ids: Sequence[str], period: str
) -> dict[str, tuple[list[str], list[str]]]:
    """Return settlement -> (deductions, other awards by hand) that it lists, as ids of awards."""
    award, entry = t.awards.c, t.entries.c
    asked = (
        sa.select(entry.settlement_id, award.award_id, award.deduction)
        .select_from(t.awards.join(t.entries, entry.subject_id == award.subject_id))
        .where(
            award.period == period,
            sa.or_(award.deduction, award.source == constant("manual")),
            counts_sql(period),
            bulk.members(entry.settlement_id, list(settlement_ids), conn),
        )
    )
    found: dict[str, tuple[list[str], list[str]]] = {one: ([], []) for one in settlement_ids}
    for settlement_id, award_id, deduction in conn.execute(asked):
        found[settlement_id][0 if deduction else 1].append(str(award_id))
    return found


def to_decide(conn: sa.Connection, settlement_id: str, period: str) -> list[str]:
    """Return the subjects whose automatic deductions the confirmation of a settlement decides."""
    award = t.awards.c
    asked = (
        sa.select(award.subject_id)
        .where(
            award.period == period,
            award.deduction,
            award.state == constant("PROPOSED"),
            award.decides == "SETTLEMENT",
            award.subject_id.in_(
                sa.select(t.entries.c.subject_id).where(t.entries.c.settlement_id == settlement_id)
            ),
        )
        .distinct()
        .order_by(award.subject_id)
    )
    return list(conn.execute(asked).scalars())


def confirm_deductions(
    conn: sa.Connection, settlement_id: str, period: str, by: str, at: datetime
) -> None:
    """The confirmer of the settlement decides its automatic deductions."""
    award = t.awards.c
    conn.execute(
        sa.update(t.awards)
        .where(
            award.period == period,
            award.deduction,
            award.state == constant("PROPOSED"),
            award.decides == "SETTLEMENT",
            award.subject_id.in_(
                sa.select(t.entries.c.subject_id).where(t.entries.c.settlement_id == settlement_id)
            ),
        )
        .values(state="APPROVED", decided_by=by, decided_at=at, version=award.version + 1)
    )


def make_effective(conn: sa.Connection, period: str, subject_ids: Iterable[str]) -> list[Row]:
    """The notice has ended: the deductions of these subjects count for good. Returns them."""
    wanted = sorted(set(subject_ids))
    if not wanted:
        return []
    award = t.awards.c
    where = (
        award.period == period,
        award.deduction,
        award.state == "APPROVED",
        sa.not_(award.effective),
        bulk.members(award.subject_id, wanted, conn),
    )
    found = records.rows(conn, sa.select(t.awards).where(*where).order_by(award.award_id))
    conn.execute(
        sa.update(t.awards).where(*where).values(effective=True, version=award.version + 1)
    )
    return found


def without_effect(conn: sa.Connection, period: str, subject_id: str) -> int:
    """Return the sum of a subject's deductions of a month that do not count for good yet."""
    award = t.awards.c
    asked = sa.select(sa.func.coalesce(sa.func.sum(-award.score), 0)).where(
        award.period == period,
        award.subject_id == subject_id,
        award.deduction,
        sa.not_(award.effective),
        counts_sql(period),
    )
    return int(conn.execute(asked).scalar() or 0)


def drop_taken_back(conn: sa.Connection, settlement_id: str, period: str, before: str) -> list[str]:
    """Let the deductions go that were taken back after their month was confirmed and before it is
    final. Returns their subjects.

    Args:
        conn: The transaction.
        settlement_id: Whose entries that are not final.
        period: The month.
        before: The month before it, with which they end now.
    """
    award, entry = t.awards.c, t.entries.c
    not_final = sa.select(entry.subject_id).where(
        entry.settlement_id == settlement_id, entry.state.in_(("PUBLISHED", "HELD"))
    )
    dropped = (
        sa.update(t.awards)
        .where(
            award.period == period,
            award.deduction,
            award.state == "REVERSED",
            sa.not_(award.effective),
            award.to_period >= period,
            award.subject_id.in_(not_final),
        )
        .values(to_period=before, version=award.version + 1)
        .returning(award.subject_id)
    )
    return sorted({row.subject_id for row in conn.execute(dropped)})


def untold_deductions(conn: sa.Connection, settlement_id: str, period: str) -> list[Row]:
    """Return the deductions of a month, not counted yet, of which nobody has told their subjects.

    What an event or a person proposes is told at once; what is measured is not, until it is
    published.
    """
    award, entry, message = t.awards.c, t.entries.c, t.messages.c
    asked = (
        sa.select(t.awards)
        .join(t.entries, entry.subject_id == award.subject_id)
        .where(
            entry.settlement_id == settlement_id,
            award.period == period,
            award.deduction,
            sa.not_(award.effective),
            award.score < 0,
            award.state.in_(("APPROVED", "PROPOSED")),
        )
        .order_by(award.subject_id, award.award_id)
    )
    found = records.rows(conn, asked)
    subjects = sorted({row.subject_id for row in found})
    told = set(
        conn.execute(
            sa.select(message.ref).where(
                bulk.members(message.subject_id, subjects, conn),
                message.code == "DEDUCTION_PROPOSED",
            )
        ).scalars()
    )
    return [row for row in found if str(row.award_id) not in told]


def drop_undecided(
    conn: sa.Connection, period: str, subject_id: str, at: datetime, *, award_id: str | None
) -> None:
    """Nobody decided in time: a deduction, or all of a subject's month, never has an effect."""
    award = t.awards.c
    conn.execute(
        sa.update(t.awards)
        .where(
            award.period == period,
            award.subject_id == subject_id,
            award.deduction,
            sa.not_(award.effective),
            award.state.in_(("APPROVED", "PROPOSED")),
            *([award.award_id == award_id] if award_id else []),
        )
        .values(
            state="REJECTED",
            decided_at=at,
            version=award.version + 1,
            **Cause(UNDECIDED).columns(),
        )
    )
