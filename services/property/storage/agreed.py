"""Agreements and commitments as of a day, and the texts of agreements."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.services.property.storage import tables as t
from fivered.services.property.storage.months import promises_something
from fivered.services.property.storage.rows import Condition, within

texts = sa.Table(
    "agreement_texts",
    t.metadata,
    sa.Column("agreement_id", store.Id, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
)


def text_of(conn: sa.Connection, agreement_id: str) -> str | None:
    """Return the text of an agreement; None where only its digest, or a file, is kept."""
    asked = sa.select(texts.c.text).where(texts.c.agreement_id == agreement_id)
    return conn.execute(asked).scalar()


def kinds_at(conn: sa.Connection, scope: str, at: datetime) -> dict[str, list[str]]:
    """Return the kinds of which each project had an agreement in force at an instant that promised
    something."""
    table = t.agreements
    asked = (
        sa.select(table.c.project_id, table.c.type)
        .where(
            table.c.active_from <= at,
            sa.or_(table.c.ended_at.is_(None), table.c.ended_at > at),
            promises_something(),
            *within(table.c.area, scope),
        )
        .distinct()
        .order_by(table.c.project_id, table.c.type)
    )
    found: dict[str, list[str]] = {}
    for project_id, kind in conn.execute(asked):
        found.setdefault(project_id, []).append(kind)
    return found


def overdue_at(conn: sa.Connection, scope: str, at: datetime) -> dict[str, int]:
    """Return per project how many of its commitments had fallen due at an instant and nobody had
    shown that they were kept; what was waived or cancelled since counts as never owed."""
    table = t.commitments
    asked = (
        sa.select(table.c.project_id, sa.func.count())
        .where(
            *within(table.c.area, scope),
            table.c.responsible == "PROJECT",
            table.c.due_at <= at,
            table.c.state.not_in(("WAIVED", "CANCELLED")),
            sa.or_(
                table.c.submitted_at.is_(None),
                table.c.submitted_at > at,
                # What was refused after its date stands as overdue from then on.
                sa.and_(table.c.state == "OVERDUE", table.c.overdue_at <= at),
            ),
        )
        .group_by(table.c.project_id)
    )
    return {row[0]: int(row[1]) for row in conn.execute(asked)}


def due_counts_at(conn: sa.Connection, scope: str, at: datetime) -> dict[str, tuple[int, int]]:
    """Return per project how many of its commitments had fallen due at an instant, and how many of
    them were kept in time."""
    table = t.commitments
    kept = sa.and_(
        table.c.submitted_at < table.c.due_at, table.c.state.in_(("FULFILLED", "SUBMITTED"))
    )
    asked = (
        sa.select(table.c.project_id, sa.func.count(), sa.func.sum(sa.case((kept, 1), else_=0)))
        .where(
            *within(table.c.area, scope),
            table.c.responsible == "PROJECT",
            table.c.due_at <= at,
            table.c.state.not_in(("WAIVED", "CANCELLED")),
        )
        .group_by(table.c.project_id)
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in conn.execute(asked)}


def ending_at(
    conn: sa.Connection, scope: str, at: datetime, until: date, most: int
) -> tuple[list[records.Row], int]:
    """Return the agreements in force at an instant that ended by a day, the first to end first, and
    how many there were in all."""
    table = t.agreements
    there = (
        table.c.active_from <= at,
        sa.or_(table.c.ended_at.is_(None), table.c.ended_at > at),
        *within(table.c.area, scope),
        table.c.valid_to <= until,
    )
    asked = (
        sa.select(table.c.agreement_id, table.c.project_id, table.c.valid_to)
        .where(*there)
        .order_by(table.c.valid_to, table.c.agreement_id)
        .limit(most)
    )
    total = conn.execute(sa.select(sa.func.count()).select_from(table).where(*there)).scalar_one()
    return records.rows(conn, asked), int(total)


def these(project_ids: Collection[str]) -> list[Condition]:
    """Return the condition that a project is one of these."""
    return [t.projects.c.project_id.in_(sorted(project_ids))]
