"""Repairs of negative items, and vetoes that a person imposed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from chassis import records
from chassis import storage as store
from services.credit.storage import bulk
from services.credit.storage import tables as t

OPEN = ("APPLIED", "ACCEPTED", "CHECKED")


def add(conn: sa.Connection, row: Mapping[str, Any]) -> None:
    """Store an application."""
    conn.execute(sa.insert(t.repairs).values(**row))


def repair(conn: sa.Connection, repair_id: str, *, lock: bool = False) -> Any:
    """Return a repair, or None."""
    return records.find(conn, t.repairs, repair_id, lock=lock)


def change(conn: sa.Connection, repair_id: str, **values: Any) -> None:
    """Change columns of a repair."""
    conn.execute(
        sa.update(t.repairs)
        .where(t.repairs.c.repair_id == repair_id)
        .values(**values, version=t.repairs.c.version + 1)
    )


def open_of(conn: sa.Connection, award_id: str, *, lock: bool = False) -> Any:
    """Return the open application about an award, or None."""
    row = t.repairs.c
    asked = sa.select(t.repairs).where(row.award_id == award_id, row.state.in_(OPEN))
    return conn.execute(store.lock(asked, conn) if lock else asked).first()


def page(
    conn: sa.Connection, *, area: str, state: str | None, part: records.PartOfList
) -> records.Page:
    """Return the repairs of an area and what lies in it."""
    row = t.repairs.c
    asked = sa.select(t.repairs).where(row.area.like(f"{area}%"))
    if state:
        asked = asked.where(row.state == state)
    return records.page(conn, asked, part, (row.applied_at, row.repair_id), newest_first=True)


def negatives(conn: sa.Connection, subject_ids: Iterable[str], period: str) -> list[Any]:
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
    return list(conn.execute(asked))


# --------------------------------------------------------------------------------------------------
# Vetoes


def veto(conn: sa.Connection, veto_id: str) -> Any:
    """Return and lock a veto, or None."""
    return records.find(conn, t.vetoes, veto_id, lock=True)


def change_veto(conn: sa.Connection, veto_id: str, **values: Any) -> None:
    """Change columns of a veto."""
    conn.execute(
        sa.update(t.vetoes)
        .where(t.vetoes.c.veto_id == veto_id)
        .values(**values, version=t.vetoes.c.version + 1)
    )


def vetoes_of(conn: sa.Connection, subject_id: str) -> list[Any]:
    """Return the vetoes of a subject, the newest first."""
    row = t.vetoes.c
    asked = (
        sa.select(t.vetoes)
        .where(row.subject_id == subject_id)
        .order_by(row.from_period.desc(), row.veto_id)
    )
    return list(conn.execute(asked))


def veto_of_award(conn: sa.Connection, award_id: str) -> Any:
    """Return and lock the veto that an award brought, or None."""
    asked = sa.select(t.vetoes).where(t.vetoes.c.award_id == award_id)
    return conn.execute(store.lock(asked, conn)).first()
