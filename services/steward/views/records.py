"""Questions about volunteer hours and visits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from chassis.bus import Tx
from chassis.refusal import NotFound
from chassis.text import PERIOD
from services.steward import rules, storage
from services.steward.views import paging
from services.steward.views.paging import Limit
from services.steward.views.people import note_reads


@dataclass(frozen=True, slots=True)
class HoursList:
    """Whose volunteer records are meant; without a person, the caller's own."""

    person_id: str | None = None
    limit: Limit = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class VisitList:
    """Whose visits of which month are meant."""

    steward_id: str
    period: Annotated[str, msgspec.Meta(pattern=PERIOD)]
    limit: Limit = 200
    cursor: str | None = None


def volunteer_hours(tx: Tx, q: HoursList) -> dict[str, Any]:
    """Answer a person's volunteer records, oldest first.

    Raises:
        NotFound: Another person's records are none of the caller's business.
    """
    person_id = q.person_id or tx.actor.id
    if person_id != tx.actor.id:
        person = storage.people.person(tx.conn, person_id)
        if person is None or not rules.access.may_see(
            tx.actor, "HOURS", person.grid or person.area
        ):
            raise NotFound(kind="person", id=person_id)
    rows = storage.records.records_of(tx.conn, person_id, paging.read_cursor(q.cursor), q.limit + 1)
    return paging.page(
        rows,
        q.limit,
        "record_id",
        lambda row: {
            "id": row.record_id,
            "person_id": row.person_id,
            "date": row.date.isoformat(),
            "minutes": row.minutes,
            "source": row.source,
            "activity": row.activity,
            "state": row.state,
            "version": row.version,
        },
    )


def visits(tx: Tx, q: VisitList) -> dict[str, Any]:
    """Answer a steward's visits that count in a month: to himself, and to whoever looks after the
    grid that was visited.

    Raises:
        NotFound: No such steward, or none of the caller's business.
    """
    steward = storage.posts.steward(tx.conn, q.steward_id)
    own = steward is not None and steward.person_id == tx.actor.id
    if steward is None or not (own or _looks_after(tx, steward)):
        raise NotFound(kind="steward", id=q.steward_id)
    if not own:
        note_reads(tx, "visits", "VISITS", [], f"{q.steward_id} {q.period}")
    scope = "" if own else tx.actor.scope
    after = paging.read_cursor(q.cursor)
    rows = storage.records.visits_of(
        tx.conn, q.steward_id, q.period, scope=scope, after=after, limit=q.limit + 1
    )
    return paging.page(
        rows,
        q.limit,
        "visit_id",
        lambda row: {
            "id": row.visit_id,
            "client_id": row.client_id,
            "grid": row.grid,
            "building": row.building,
            "purpose": row.purpose,
            "findings": row.findings,
            "occurred_at": row.occurred_at.isoformat(),
            "period": row.period,
            "late": row.late,
        },
        at="occurred_at",
    )


def _looks_after(tx: Tx, steward: Any) -> bool:
    grids = storage.posts.grids_of(tx.conn, steward.steward_id)
    return any(rules.access.may_see(tx.actor, "VISITS", grid) for grid in grids)
