"""Closed cases that are called about once more, and what was said."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.chassis.vault import Sealed
from fivered.services.steward.rules.requests import DONE
from fivered.services.steward.storage.tables import metadata, requests

return_visits = sa.Table(
    "return_visits",
    metadata,
    sa.Column("return_visit_id", store.Id, primary_key=True),
    sa.Column("request_id", store.Id, nullable=False, index=True),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("grid", store.Area, nullable=False),
    # UNRATED or SAMPLE.
    sa.Column("reason", sa.String(8), nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("outcome", sa.String(20)),
    sa.Column("reopened", sa.Boolean, nullable=False),
    sa.Column("tries", sa.SmallInteger, nullable=False),
    sa.Column("note", Sealed("{return_visit_id}.note")),
    sa.Column("record_ref", sa.String(100)),
    sa.Column("drawn_at", store.UtcDateTime, nullable=False),
    sa.Column("due_at", store.UtcDateTime, nullable=False),
    sa.Column("called_by", store.Id),
    sa.Column("called_at", store.UtcDateTime),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_return_visits_state", "state", "area", "due_at", "return_visit_id"),
    sa.Index("ix_return_visits_called_at", "called_at"),
)
_t = return_visits.c


def is_open(conn: sa.Connection, request_id: str) -> bool:
    """Tell whether a case is to be called about."""
    asked = sa.select(_t.return_visit_id).where(_t.request_id == request_id, _t.state == "OPEN")
    return records.first(conn, asked.limit(1)) is not None


def draw(conn: sa.Connection, *, request_id: str, **values: object) -> None:
    """Let a case be called about, unless it is to be already."""
    if not is_open(conn, request_id):
        records.add(conn, return_visits, request_id=request_id, **values)


def locked(conn: sa.Connection, return_visit_id: str) -> Row:
    """Return one locked.

    Raises:
        NotFound: There is none.
    """
    return records.locked(conn, return_visits, return_visit_id)


def update(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change one, and return it as it is now."""
    return records.update(conn, return_visits, row, **values)


def listed(
    conn: sa.Connection,
    *,
    scope: str,
    state: str | None,
    reason: str | None,
    outcome: str | None,
    part: records.PartOfList,
) -> records.Page:
    """Return a part of those of an area with their cases, what is due first; of what is still to be
    called, without cases that were reopened meanwhile."""
    its = requests.c
    asked = (
        sa.select(
            return_visits,
            its.number, its.category, its.handler_person, its.reporter_id, its.stars,
            its.solved, its.closed_at,
            its.outcome.label("said"),
        )
        .join(requests, its.request_id == _t.request_id)
        .where(
            store.within(_t.area, scope),
            sa.or_(_t.state != "OPEN", its.state.in_(DONE)),
        )
    )  # fmt: skip
    for column, value in ((_t.state, state), (_t.reason, reason), (_t.outcome, outcome)):
        if value is not None:
            asked = asked.where(column == value)
    return records.page(conn, asked, part, (_t.due_at, _t.return_visit_id))


def endings_in(
    conn: sa.Connection, scope: str, start: datetime, end: datetime
) -> list[tuple[str, int]]:
    """Return what calls of a span came to in an area: (outcome, how many)."""
    asked = (
        sa.select(_t.outcome, sa.func.count())
        .where(
            _t.called_at >= start,
            _t.called_at < end,
            _t.outcome.is_not(None),
            store.within(_t.grid, scope),
        )
        .group_by(_t.outcome)
        .order_by(_t.outcome)
    )
    return [(str(outcome), int(count)) for outcome, count in conn.execute(asked)]
