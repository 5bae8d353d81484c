"""Questions about volunteer hours and visits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from chassis.bus import Tx
from chassis.refusal import NotFound
from chassis.text import PERIOD
from services.steward import storage
from services.steward.views import paging
from services.steward.views.paging import Limit


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


def volunteer_hours(tx: Tx, q: HoursList) -> dict[str, Any]:
    """Answer a person's volunteer records, oldest first.

    Raises:
        NotFound: Another person's records are none of the caller's business.
    """
    person_id = q.person_id or tx.actor.id
    if person_id != tx.actor.id:
        person = storage.people.person(tx.conn, person_id)
        official = tx.actor.role not in {"R_RESIDENT", "R_STEWARD"}
        if person is None or not official or not tx.actor.covers(person.grid or person.area):
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
    """Answer a steward's visits that count in a month.

    Raises:
        NotFound: No such steward, or none of the caller's business.
    """
    steward = storage.posts.steward(tx.conn, q.steward_id)
    if steward is None or (steward.person_id != tx.actor.id and not tx.actor.covers(steward.area)):
        raise NotFound(kind="steward", id=q.steward_id)
    rows = storage.records.visits_of(tx.conn, q.steward_id, q.period, q.limit)
    return {
        "items": [
            {
                "id": row.visit_id,
                "client_id": row.client_id,
                "grid": row.grid,
                "building": row.building,
                "purpose": row.purpose,
                "findings": row.findings,
                "occurred_at": row.occurred_at.isoformat(),
                "period": row.period,
                "late": row.late,
            }
            for row in rows
        ],
        "next": None,
    }
