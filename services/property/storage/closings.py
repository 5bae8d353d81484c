"""What ended when a project was closed."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.services.property.storage import tables as t
from fivered.services.property.storage.rows import Row


def successor_of(conn: sa.Connection, project_id: str) -> str | None:
    """Return the project to which one was handed over, or None."""
    asked = sa.select(t.projects.c.project_id).where(t.projects.c.predecessor_id == project_id)
    return conn.execute(asked.limit(1)).scalar()


def ended_orders(conn: sa.Connection, project_id: str, at: datetime) -> list[Row]:
    """Return the orders that ended when their project was closed, oldest first."""
    table = t.rectifications
    asked = sa.select(table).where(
        table.c.project_id == project_id, table.c.state == "ENDED", table.c.closed_at == at
    )
    return records.rows(conn, asked.order_by(table.c.created_at, table.c.rectification_id))


def ended_works(conn: sa.Connection, project_id: str, at: datetime) -> list[Row]:
    """Return what meetings had decided, was not delivered, and ended when its project was
    closed."""
    table = t.works
    asked = sa.select(table).where(
        table.c.project_id == project_id,
        table.c.state == "ENDED",
        table.c.closed_at == at,
        table.c.delivered_at.is_(None),
    )
    return records.rows(conn, asked.order_by(table.c.created_at, table.c.work_id))


def ended_posts(conn: sa.Connection, project_id: str, at: datetime) -> list[str]:
    """Return the ids of the appointments that ended when their project was closed."""
    table = t.appointments
    asked = sa.select(table.c.appointment_id).where(
        table.c.project_id == project_id, table.c.ended_at == at
    )
    return list(conn.execute(asked.order_by(table.c.appointment_id)).scalars())


def ended_agreements(conn: sa.Connection, project_id: str, at: datetime) -> list[str]:
    """Return the ids of the agreements that ended when their project was closed."""
    table = t.agreements
    asked = sa.select(table.c.agreement_id).where(
        table.c.project_id == project_id, table.c.ended_at == at
    )
    return list(conn.execute(asked.order_by(table.c.agreement_id)).scalars())


def disclosures_ended(conn: sa.Connection, project_id: str) -> list[Row]:
    """Return what a project had still to publish when it was closed."""
    table = t.disclosures
    asked = sa.select(table).where(
        table.c.project_id == project_id,
        table.c.state == "CANCELLED",
        table.c.cancel_reason == "PROJECT_CLOSED",
    )
    return records.rows(conn, asked.order_by(table.c.due_at, table.c.disclosure_id))
