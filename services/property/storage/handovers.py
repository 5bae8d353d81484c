"""What goes from one company to the next when a compound changes hands, line by line."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.services.property.storage import tables as t

Row = records.Row
# An item of these states is settled.
ENDED = ("RECEIVED", "SETTLED")


def _row() -> list[sa.Column[object]]:
    return [
        sa.Column("area", store.Area, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
    ]


handovers = sa.Table(
    "handovers",
    t.metadata,
    sa.Column("handover_id", store.Id, primary_key=True),
    # The project of the company that goes, and that of the one that comes.
    sa.Column("project_id", store.Id, nullable=False, index=True),
    sa.Column("new_project_id", store.Id, nullable=False, index=True),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("due_at", store.UtcDateTime, nullable=False),
    sa.Column("overdue", sa.Boolean, nullable=False),
    sa.Column("ended_at", store.UtcDateTime),
    *_row(),
    sa.Index("ix_handovers_area", "area", "created_at", "handover_id"),
    info={"kind": "handover"},
)
items = sa.Table(
    "handover_items",
    t.metadata,
    sa.Column("item_id", store.Id, primary_key=True),
    sa.Column("handover_id", store.Id, nullable=False, index=True),
    sa.Column("project_id", store.Id, nullable=False, index=True),
    sa.Column("new_project_id", store.Id, nullable=False, index=True),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("title", sa.String(200), nullable=False),
    # Of open work: what the new company has in its place, or the complaint itself.
    sa.Column("concerns", store.Id),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("quantity", sa.Integer),
    sa.Column("remark", sa.String(500)),
    sa.Column("files", store.Json, nullable=False),
    sa.Column("handed_by", store.Id),
    sa.Column("handed_at", store.UtcDateTime),
    sa.Column("received_by", store.Id),
    sa.Column("received_at", store.UtcDateTime),
    # Why it is missing, or how the street has settled it.
    sa.Column("reason", sa.Text),
    sa.Column("settled_by", store.Id),
    sa.Column("due_at", store.UtcDateTime, nullable=False),
    *_row(),
    sa.Index("ix_handover_items_area", "area", "created_at", "item_id"),
    sa.Index("ix_handover_items_state", "state", "due_at"),
    info={"kind": "handover_item"},
)


def items_of(conn: sa.Connection, handover_id: str) -> list[Row]:
    """Return the lines of a hand-over, as they were written."""
    asked = sa.select(items).where(items.c.handover_id == handover_id)
    return records.rows(conn, asked.order_by(items.c.created_at, items.c.item_id))


def is_done(conn: sa.Connection, handover_id: str) -> bool:
    """Tell whether nothing of a hand-over is open."""
    left = sa.select(items.c.item_id).where(
        items.c.handover_id == handover_id, items.c.state.not_in(ENDED)
    )
    return conn.execute(left.limit(1)).first() is None


def open_complaints(conn: sa.Connection, project_id: str) -> list[Row]:
    """Return the complaints about a project that are not closed."""
    table = t.complaints
    asked = sa.select(table).where(table.c.project_id == project_id, table.c.state == "OPEN")
    return records.rows(conn, asked.order_by(table.c.created_at, table.c.complaint_id))


def open_tasks(conn: sa.Connection, project_id: str) -> list[Row]:
    """Return the works that resolutions gave to a project and that are not closed."""
    table = t.works
    asked = sa.select(table).where(
        table.c.project_id == project_id,
        table.c.source == "TASK",
        table.c.state.in_(("ASSIGNED", "DOING", "DELIVERED")),
    )
    return records.rows(conn, asked.order_by(table.c.created_at, table.c.work_id))
