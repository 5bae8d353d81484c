"""Residents' committees and party branches: lists and cards."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, TypeVar

from msgspec import UNSET, Meta

from fivered.chassis import files, records, sorting
from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Cursor, Limit
from fivered.chassis.requests import Request
from fivered.services.property import replies, rules
from fivered.services.property.replies import Both
from fivered.services.property.storage import bodies as stored
from fivered.services.property.storage import lists
from fivered.services.property.storage.rows import Row
from fivered.services.property.views import ground
from fivered.services.property.views.ground import Named, Scope

BodyT = TypeVar("BodyT", bound=replies.BodyLine)


class BodyFilter(Request, frozen=True):
    """居委会和党支部筛选 / Filter of residents' committees and party branches."""

    scope: Scope | None = None
    kind: Literal["RESIDENTS_COMMITTEE", "PARTY_BRANCH"] | None = None
    state: Literal["ELECTED", "IN_TERM", "EXPIRED", "ENDED", "WITHDRAWN"] | None = None
    project_id: str | None = None
    name: Named | None = None
    uscc: Annotated[str, Meta(max_length=40)] | None = None
    person_id: (
        Annotated[str, Meta(max_length=64, description="现任或曾任成员 / who sits or sat there")]
        | None
    ) = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def community_bodies(tx: Tx, payload: BodyFilter) -> Both[replies.BodyLine]:
    """居委会和党支部列表 / Residents' committees and party branches.

    Answer what is registered; that a body exists is public, who sits there is told to the staff of
    its area and to themselves. By a person only one's own bodies are found, but by staff.
    """
    table = stored.bodies
    staff = tx.actor.role in ground.STAFF
    conditions = lists.conditions(
        table,
        scope=ground.scope_of(tx, payload.scope) if staff else payload.scope,
        kind=payload.kind,
        state=payload.state,
        project_id=payload.project_id,
        uscc=rules.normalise_uscc(payload.uscc) if payload.uscc else None,
    )
    if payload.name is not None:
        conditions.append(sorting.containing(table.c.name, payload.name))
    if payload.person_id is not None:
        conditions.append(stored.sitting_with(payload.person_id if staff else tx.actor.id))
    found = ground.part(tx, table, conditions, payload, oldest_first=False)
    sitting = stored.seats_of(tx.conn, [row.body_id for row in found.rows])

    def show(row: Row) -> replies.BodyLine:
        return _shown(
            tx, replies.BodyLine, row, [one for one in sitting if one.body_id == row.body_id]
        )

    return ground.both(found, show)


def _shown(tx: Tx, kind: type[BodyT], row: Row, seats: list[Row], on: date | None = None) -> BodyT:
    day = on or ground.today(tx)
    members = [
        one.person_id
        for one in seats
        if one.since <= day and (one.until is None or one.until > day)
    ]
    shown = kind.of(row, id=row.body_id, size=len(members))
    if _sees_members(tx, row, seats):
        shown.members = members
    return shown


def _sees_members(tx: Tx, row: Row, seats: list[Row]) -> bool:
    staff = tx.actor.role in ground.STAFF and tx.actor.covers(row.area)
    return staff or any(one.person_id == tx.actor.id for one in seats)


class WhichBody(Request, frozen=True):
    """Which body is meant, and as of which day."""

    body_id: str
    at: (
        Annotated[
            date, Meta(description="成员截至日 / who sat there on this day; today by default")
        ]
        | None
    ) = None


def community_body(tx: Tx, payload: WhichBody) -> replies.BodyCard:
    """居委会或党支部 / A residents' committee or party branch.

    Answer a body; with its members on a day, all their terms and its history to the staff of its
    area and to its members.

    Raises:
        NotFound: There is none.
    """
    row = records.get(tx.conn, stored.bodies, payload.body_id)
    seats = stored.seats_of(tx.conn, [row.body_id])
    found = _shown(tx, replies.BodyCard, row, seats, payload.at)
    if files.is_file(row.document_ref) and not _sees_members(tx, row, seats):
        found.document_ref = UNSET
    if _sees_members(tx, row, seats):
        found.files = files.files_of(tx, row.body_id)
        staff = tx.actor.role in ground.STAFF
        found.seats = [replies.Seat.of(one) for one in seats]
        found.history = ground.history(tx, stored.bodies, row.body_id, with_actors=staff)
    return found
