"""Facts and month logs whose time is over, and what still needs them."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from fivered.services.credit.storage import objections as objection_store
from fivered.services.credit.storage import repairs
from fivered.services.credit.storage import tables as t


def month_of_facts(conn: sa.Connection, before: str, held: Collection[str] = ()) -> str | None:
    """Return the first month before `before`, without the held ones, of which facts are kept."""
    row = t.facts.c
    month: str | None = ""
    # From month to month, so that a held one costs a look into the index and not all its rows.
    while month is not None and (not month or month in held):
        asked = sa.select(sa.func.min(row.period)).where(row.period > month, row.period < before)
        month = conn.execute(asked).scalar()
    return month


def held(conn: sa.Connection, before: str, now: str) -> set[str]:
    """Return the months before `before` that something open still needs.

    Args:
        conn: A transaction that reads.
        before: The first month that is kept anyhow.
        now: The running month: a veto that stands in it needs the month that brought it.
    """
    award, row = t.awards.c, t.objections.c
    settlement, repair, veto = t.settlements.c, t.repairs.c, t.vetoes.c
    open_ones = (
        sa.select(settlement.period).where(settlement.state != "SETTLED"),
        sa.select(row.period).where(
            row.state.in_(objection_store.GOING_ON), row.period.is_not(None)
        ),
        sa.select(award.period)
        .join(t.objections, row.award_id == award.award_id)
        .where(row.state.in_(objection_store.GOING_ON)),
        sa.select(award.period)
        .join(t.repairs, repair.award_id == award.award_id)
        .where(repair.state.in_(repairs.OPEN)),
        sa.select(award.period)
        .join(t.vetoes, veto.award_id == award.award_id)
        .where(veto.state == "ACTIVE", veto.to_period >= now),
    )
    found = sa.union(*open_ones).subquery()
    asked = sa.select(found.c.period).where(found.c.period < before)
    return {one.period for one in conn.execute(asked)}


def drop_facts(conn: sa.Connection, period: str, limit: int) -> int:
    """Delete so many facts of a month, those with the least ids. Returns how many there were."""
    row = t.facts.c
    some = sa.select(row.event_id).where(row.period == period).order_by(row.event_id).limit(limit)
    done = conn.execute(sa.delete(t.facts).where(row.period == period, row.event_id.in_(some)))
    return done.rowcount


def old_logs(conn: sa.Connection, before: str, held: Collection[str], limit: int) -> list[str]:
    """Return settlements of months before `before`, without the held ones, whose log is kept."""
    row, part = t.settlements.c, t.month_logs.c
    asked = (
        sa.select(row.settlement_id)
        .join(t.month_logs, sa.and_(part.settlement_id == row.settlement_id, part.part == 0))
        .where(row.period < before, row.period.not_in(sorted(held)))
        .order_by(row.period, row.settlement_id)
        .limit(limit)
    )
    return [one.settlement_id for one in conn.execute(asked)]


def drop_logs(conn: sa.Connection, settlement_ids: list[str]) -> None:
    """Delete the logs of settlements, those of corrected notices too; the notice keeps the digests
    of each."""
    corrected = sa.select(t.notices.c.notice_id).where(
        t.notices.c.settlement_id.in_(settlement_ids), t.notices.c.corrects.is_not(None)
    )
    key = t.month_logs.c.settlement_id
    conn.execute(sa.delete(t.month_logs).where(sa.or_(key.in_(settlement_ids), key.in_(corrected))))
