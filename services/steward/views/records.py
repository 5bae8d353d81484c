"""Questions about volunteer hours and visits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Area, Cursor, Limit, Period, WithTotal
from fivered.chassis.i18n import in_words
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound, RoleDenied
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.steward import replies, rules, storage
from fivered.services.steward.views.people import history, note_reads


class HoursList(Request, frozen=True):
    """谁的记录 / Whose records, or those of an area that wait; the caller's own when left out."""

    person_id: str | None = None
    scope: Annotated[Area, Meta(description="本区域待确认 / what waits here")] | None = None
    state: Literal["RECORDED", "CONFIRMED", "CANCELLED"] | None = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Annotated[Cursor, Meta(max_length=200)] | None = None


class WhichRecord(Request, frozen=True):
    """Which volunteer record is meant."""

    record_id: str


class RecordHistory(Request, frozen=True):
    """分页 / Which part of a list."""

    record_id: str
    sort: Annotated[Literal["at", "-at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class WhichHazard(Request, frozen=True):
    """Which hazard is meant."""

    hazard_id: str


class HazardList(Request, frozen=True):
    """隐患筛选 / Which hazards; one's own where one does not verify them."""

    scope: Area | None = None
    state: Literal["PENDING", "TRUE", "FALSE", "MENDED"] | None = None
    mending: Annotated[
        Literal["UNDER_WAY", "LATE", "TO_CHECK"] | None,
        Meta(description="整改中、逾期、待复查 / under way, late, done and to be looked at"),
    ] = None
    sort: Annotated[Literal["reported_at", "-reported_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Annotated[Cursor, Meta(max_length=200)] | None = None


class VisitList(Request, frozen=True):
    """谁的走访 / Whose visits."""

    period: Annotated[Period, msgspec.Meta(examples=["2025-03"])]
    steward_id: str | None = None
    scope: Annotated[Area, Meta(description="本社区或网格 / of a community or grid")] | None = None
    sort: Annotated[Literal["occurred_at", "-occurred_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 200
    cursor: Annotated[Cursor, Meta(max_length=200)] | None = None


def volunteer_hours(tx: Tx, payload: HoursList) -> Page[replies.HoursCard]:
    """志愿记录 / Volunteer records.

    Answer a person's volunteer records, or those of an area, oldest first.

    Raises:
        NotFound: Another person's records are none of the caller's business.
        RoleDenied: The caller organises nothing in that area.
    """
    if payload.scope is not None and payload.person_id is None:
        tx.require_scope(payload.scope)
        if tx.actor.role not in rules.access.ORGANISERS:
            raise RoleDenied(role=tx.actor.role)
        found = storage.records.records_in(
            tx.conn, payload.scope, payload.state or "RECORDED", payload
        )
        return found.listed(_record_card)
    person_id = payload.person_id or tx.actor.id
    if person_id != tx.actor.id:
        person = storage.people.person(tx.conn, person_id)
        if person is None or not rules.access.may_see(
            tx.actor, "hours", person.grid or person.area
        ):
            raise NotFound(kind="person", id=person_id)
    found = storage.records.records_of(tx.conn, person_id, payload.state, payload)
    return found.listed(_record_card)


def _record_card(row: Row) -> replies.HoursCard:
    return replies.HoursCard.of(row, id=row.record_id)


def volunteer_record(tx: Tx, payload: WhichRecord) -> replies.HoursCard:
    """志愿记录 / One volunteer record.

    Answer one volunteer record to the person who served, and to the person who may confirm it.

    Raises:
        NotFound: No such record, or none of the caller's business.
    """
    return _record_card(_record(tx, payload.record_id))


def _record(tx: Tx, record_id: str) -> Row:
    row = storage.records.one_record(tx.conn, record_id)
    place = storage.records.place_of(tx.conn, row) if row is not None else ""
    if row is None or not (
        row.person_id == tx.actor.id
        or (tx.actor.role in rules.access.ORGANISERS and tx.actor.covers(place))
        or rules.access.may_see(tx.actor, "hours", place)
    ):
        raise NotFound(kind="volunteer_record", id=record_id)
    return row


def volunteer_record_history(tx: Tx, payload: RecordHistory) -> Page[replies.Change]:
    """志愿记录更正 / What was corrected of a volunteer record.

    Answer what was corrected of a volunteer record, by whom and why, newest first: to the person
    who served, and to the person who may confirm it.

    Raises:
        NotFound: No such record, or none of the caller's business.
    """
    row = _record(tx, payload.record_id)
    return history(tx, row.record_id, payload, by_name=True)


def hazards(tx: Tx, payload: HazardList) -> Page[replies.HazardCard]:
    """隐患列表 / Hazards that wait or were looked at.

    Answer hazards, oldest first: to those who look at them what lies in their area, to anybody
    else what they reported.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
    """
    verifies = tx.actor.role in rules.access.HAZARD_READERS
    if payload.scope is not None:
        tx.require_scope(payload.scope)
        if not verifies:
            raise RoleDenied(role=tx.actor.role)
    found = storage.records.hazards_in(
        tx.conn,
        (payload.scope or tx.actor.scope) if verifies else None,
        state=payload.state,
        reporter=None if verifies else tx.actor.id,
        part=payload,
        mending=payload.mending,
    )
    how = _mending(tx, found.rows)
    return found.listed(lambda row: _hazard_card(row, how))


def hazard(tx: Tx, payload: WhichHazard) -> replies.HazardCard:
    """隐患 / One hazard.

    Answer one hazard to its reporter, and to those who look at it.

    Raises:
        NotFound: No such hazard, or none of the caller's business.
    """
    row = storage.records.one_hazard(tx.conn, payload.hazard_id)
    if row is None or not (
        row.reporter_id == tx.actor.id or rules.access.may_see(tx.actor, "hazards", row.grid)
    ):
        raise NotFound(kind="hazard", id=payload.hazard_id)
    return _hazard_card(row, _mending(tx, [row]))


def _mending(tx: Tx, rows: Sequence[Row]) -> dict[str, replies.Mending]:
    """Return how far the requests are that remove dangers, by id."""
    ids = [row.request_id for row in rows if row.request_id is not None]
    found = storage.records.requests_of(tx.conn, ids)
    # What was merged is done under another number.
    cases = {name: storage.cases.root(tx.conn, row) for name, row in found.items()}
    return {
        name: replies.Mending.of(
            case,
            duty=_duty(tx, case),
            **in_words("fivered.services.steward", "state", case.state),
        )
        for name, case in cases.items()
    }


def _duty(tx: Tx, case: Row) -> str | None:
    if case.handler is None:
        return None
    return str(storage.posts.known(tx.conn, case.handler).duty)


def _hazard_card(row: Row, how: Mapping[str, replies.Mending]) -> replies.HazardCard:
    return replies.HazardCard.of(
        row,
        id=row.hazard_id,
        reported_at=row.created_at,
        mending=how.get(row.request_id) if row.request_id is not None else None,
    )


def visits(tx: Tx, payload: VisitList) -> Page[replies.Visit]:
    """走访记录 / A steward's visits of a month.

    Answer a steward's visits that count in a month: to the steward, and to who looks after
    the grid that was visited. Without a steward: everybody's visits to a community or grid, to who
    looks after it.

    Raises:
        NotFound: No such steward, or none of the caller's business.
        RoleDenied: The caller does not look after that area.
    """
    if payload.steward_id is None:
        scope = payload.scope or tx.actor.scope
        tx.require_scope(scope)
        if not rules.access.may_see(tx.actor, "visits", scope):
            raise RoleDenied(role=tx.actor.role, field="scope")
        note_reads(tx, "visits", "VISITS", [], reason=f"{scope} {payload.period}")
        found = storage.records.visits_of(tx.conn, None, payload.period, scope=scope, part=payload)
        return found.listed(
            lambda row: replies.Visit.of(row, id=row.visit_id, steward_id=row.steward_id)
        )
    steward = storage.posts.steward(tx.conn, payload.steward_id)
    own = steward is not None and steward.person_id == tx.actor.id
    if steward is None or not (own or _looks_after(tx, steward)):
        raise NotFound(kind="steward", id=payload.steward_id)
    if not own:
        note_reads(tx, "visits", "VISITS", [], reason=f"{payload.steward_id} {payload.period}")
    scope = "" if own else tx.actor.scope
    found = storage.records.visits_of(
        tx.conn, payload.steward_id, payload.period, scope=scope, part=payload
    )
    return found.listed(lambda row: replies.Visit.of(row, id=row.visit_id))


def _looks_after(tx: Tx, steward: Row) -> bool:
    grids = storage.posts.grids_of(tx.conn, steward.steward_id)
    return any(rules.access.may_see(tx.actor, "visits", grid) for grid in grids)
