"""Before whom overdue requests were laid: one row per request and level, and what became of it."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.steward.rules.requests import OPEN
from fivered.services.steward.storage.tables import metadata, requests

request_escalations = sa.Table(
    "request_escalations",
    metadata,
    sa.Column("escalation_id", store.Id, primary_key=True),
    sa.Column("request_id", store.Id, nullable=False, index=True),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("level", sa.SmallInteger, nullable=False),
    # Whoever answers for the place at that level; nobody where no link says.
    sa.Column("official_id", store.Id),
    sa.Column("person_id", store.Id),
    # The rung was empty: who stands above acts meanwhile.
    sa.Column("acting", sa.Boolean, nullable=False),
    sa.Column("at", store.UtcDateTime, nullable=False),
    sa.Index("ix_request_escalations_person_id", "person_id", "at", "escalation_id"),
    sa.Index("ix_request_escalations_area", "area", "at", "escalation_id"),
)


def add(conn: sa.Connection, **values: object) -> Row:
    """Keep that a request was laid before somebody."""
    return records.add(conn, request_escalations, **values)


def is_before(conn: sa.Connection, request_id: str, person_id: str) -> bool:
    """Tell whether a request was laid before a person."""
    t = request_escalations.c
    asked = sa.select(t.escalation_id).where(t.request_id == request_id, t.person_id == person_id)
    return records.first(conn, asked.limit(1)) is not None


def listed(
    conn: sa.Connection,
    *,
    person_id: str | None,
    scope: str,
    level: int | None,
    is_open: bool | None,
    part: records.PartOfList,
) -> records.Page:
    """Return a part of what was laid before a person, or before anybody in an area, newest first,
    with the request as it is now."""
    t, its = request_escalations.c, requests.c
    asked = sa.select(
        request_escalations,
        its.number, its.category, its.priority, its.grid, its.building, its.state, its.handler,
        its.due_resolve, its.late, its.version,
    ).join(requests, its.request_id == t.request_id)  # fmt: skip
    if person_id is not None:
        asked = asked.where(t.person_id == person_id)
    else:
        asked = asked.where(store.within(t.area, scope))
    if level is not None:
        asked = asked.where(t.level == level)
    if is_open is not None:
        asked = asked.where(its.state.in_(OPEN) if is_open else its.state.not_in(OPEN))
    return records.page(conn, asked, part, (t.at, t.escalation_id), newest_first=True)
