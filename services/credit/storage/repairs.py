"""Repairs of negative items."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.credit.storage import bulk
from fivered.services.credit.storage import tables as t

OPEN = ("APPLIED", "ACCEPTED", "CHECKED")


def add(conn: sa.Connection, **values: object) -> Row:
    """Store an application, and return it."""
    return records.add(conn, t.repairs, **values)


def repair(conn: sa.Connection, repair_id: str, *, lock: bool = False) -> Row | None:
    """Return a repair, or None."""
    return records.find(conn, t.repairs, repair_id, lock=lock)


def change(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a locked repair, and return it as it is now."""
    return records.update(conn, t.repairs, row, **values)


def open_of(conn: sa.Connection, award_id: str, *, lock: bool = False) -> Row | None:
    """Return the open application about an award, or None."""
    row = t.repairs.c
    asked = sa.select(t.repairs).where(row.award_id == award_id, row.state.in_(OPEN))
    return records.first(conn, store.lock(asked, conn) if lock else asked)


def page(
    conn: sa.Connection, *, area: str, state: str | None, part: records.PartOfList
) -> records.Page:
    """Return the repairs of an area and what lies in it."""
    row = t.repairs.c
    asked = sa.select(t.repairs).where(row.area.like(f"{area}%"))
    if state:
        asked = asked.where(row.state == state)
    return records.page(conn, asked, part, (row.applied_at, row.repair_id), newest_first=True)


def negatives(conn: sa.Connection, subject_ids: Iterable[str], period: str) -> list[Row]:
    """Return the deductions of subjects that count for good in a month, newest first."""
    award = t.awards.c
    asked = (
        sa.select(t.awards)
        .where(
            bulk.members(award.subject_id, sorted(set(subject_ids)), conn),
            award.deduction,
            award.effective,
            award.state == "APPROVED",
            award.to_period >= period,
        )
        .order_by(award.occurred_at.desc(), award.award_id)
    )
    return records.rows(conn, asked)
