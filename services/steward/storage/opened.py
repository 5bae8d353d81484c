"""Requests that everybody may read of, and those that another system has filed itself."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.services.steward.rules import opened
from fivered.services.steward.storage.tables import request_timeline, requests


def _shown(scope: str, own: str | None) -> sa.ColumnElement[bool]:
    common = sa.and_(
        requests.c.category.in_(opened.COMMON),
        requests.c.indoor.is_(False),
        requests.c.kind != "COMPLAINT",
    )
    shown = common if own is None else sa.or_(common, requests.c.recorded_by == own)
    return sa.and_(store.within(requests.c.area, scope), shown)


def listed(
    conn: sa.Connection,
    scope: str,
    own: str | None,
    part: records.PartOfList,
    *,
    numbers: Collection[str] | None,
    categories: Collection[str] | None,
    is_open: bool | None,
    start: datetime | None,
    end: datetime | None,
) -> records.Page:
    """Return requests of an area, newest first."""
    asked = sa.select(requests).where(_shown(scope, own))
    if numbers is not None:
        asked = asked.where(requests.c.number.in_(sorted(numbers)))
    if categories is not None:
        asked = asked.where(requests.c.category.in_(sorted(categories)))
    if is_open is not None:
        inside = requests.c.state.in_(opened.OPEN)
        asked = asked.where(inside if is_open else ~inside)
    if start is not None:
        asked = asked.where(requests.c.created_at >= start)
    if end is not None:
        asked = asked.where(requests.c.created_at < end)
    by = (requests.c.created_at, requests.c.request_id)
    return records.page(conn, asked, part, by, newest_first=True)


def steps(
    conn: sa.Connection,
    scope: str,
    own: str | None,
    part: records.PartOfList,
    *,
    numbers: Collection[str] | None,
    start: datetime | None,
    end: datetime | None,
) -> records.Page:
    """Return the steps of such requests, oldest first."""
    line = request_timeline.c
    asked = (
        sa.select(line.id, line.at, line.action, line.state, requests.c.number)
        .join(requests, requests.c.request_id == line.request_id)
        .where(_shown(scope, own), line.action.in_(opened.STEPS))
    )
    if numbers is not None:
        asked = asked.where(requests.c.number.in_(sorted(numbers)))
    if start is not None:
        asked = asked.where(line.at >= start)
    if end is not None:
        asked = asked.where(line.at < end)
    return records.page(conn, asked, part, (line.id,))
