"""What happens when a clock of a request runs out. Each function looks at the state again: a timer
that comes late or twice finds nothing to do."""

from __future__ import annotations

from datetime import datetime

from fivered.chassis.bus import Due, Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.records import Row
from fivered.chassis.telling import tell
from fivered.services.steward import events, rules, storage
from fivered.services.steward.actions import cases, dispatch
from fivered.services.steward.actions.parties import parties


def _missed(tx: Tx, row: Row, which: str) -> None:
    on_shift = row.handler is not None and storage.posts.is_on_shift(tx.conn, row.handler, tx.now)
    cases.publish(
        tx,
        row,
        fact_of(events.RequestDeadlineMissed, row, which=which, on_shift=on_shift),
    )


def nobody_came(tx: Tx, due: Due) -> None:
    """Nobody has it and the accept time is over: somebody may be there now; else the grid's cadre
    is told, once, and it is looked for again."""
    row = storage.cases.lock(tx.conn, due.ref)
    if row is None or row.state not in {"SUBMITTED", "RETURNED"} or row.handler is not None:
        return
    if dispatch.look_again(tx, row) is None and row.level == 0:
        _escalate(tx, row, 1)


def contact_passed(tx: Tx, due: Due) -> None:
    """The reporter was not contacted in time."""
    row = storage.cases.lock(tx.conn, due.ref)
    if row is None or row.state not in rules.requests.OPEN or row.contacted_at is not None:
        return
    row = cases.change(tx, row, "contact_missed", row.state, {"handler": row.handler})
    _missed(tx, row, "CONTACT")


def resolve_passed(tx: Tx, due: Due) -> None:
    """It was not resolved in time: flagged for good, and laid before the grid's cadre."""
    row = storage.cases.lock(tx.conn, due.ref)
    if row is None or row.state not in rules.requests.OPEN or row.due_resolve != due.due_at:
        return
    row = cases.change(tx, row, "resolve_missed", row.state, {"handler": row.handler}, late=True)
    _missed(tx, row, "RESOLVE")
    _escalate(tx, row, 1)
    tx.arm("REQ_L2", row.request_id, _level_due(tx, row, 2))


def level_2_passed(tx: Tx, due: Due) -> None:
    """It is still open three working days later: the street's team member is told."""
    row = storage.cases.lock(tx.conn, due.ref)
    if row is None or row.state not in rules.requests.OPEN or row.level != 1:
        return
    _escalate(tx, row, 2)
    tx.arm("REQ_L3", row.request_id, _level_due(tx, row, 3))


def level_3_passed(tx: Tx, due: Due) -> None:
    """It is still open five more working days later: the district's leader is told."""
    row = storage.cases.lock(tx.conn, due.ref)
    if row is None or row.state not in rules.requests.OPEN or row.level != 2:
        return
    _escalate(tx, row, 3)


def _level_due(tx: Tx, row: Row, level: int) -> datetime:
    return rules.requests.due_level(row.due_resolve, level, tx.calendar)


def _escalate(tx: Tx, row: Row, level: int) -> None:
    # Nobody is told to see to what is against them, or what their household reported.
    barred = parties(tx, row)
    official, acting = storage.ground.responsible(tx.conn, row.grid, level, barred)
    official_id = official.official_id if official is not None else None
    row = cases.change(
        tx,
        row,
        "escalate",
        row.state,
        {"level": level, "official": official_id, "acting": acting},
        level=level,
    )
    person_id = official.person_id if official is not None else None
    storage.escalations.add(
        tx.conn,
        escalation_id=tx.new_id("esc"),
        request_id=row.request_id,
        area=row.area,
        level=level,
        official_id=official_id,
        person_id=person_id,
        acting=acting,
        at=tx.now,
    )
    tell(
        tx,
        "REQ_BEFORE_YOU",
        person_id,
        about=("request", row.request_id),
        number=row.number,
        level=level,
        category=row.category,
    )
    said = fact_of(
        events.RequestEscalated,
        row,
        level=level,
        official_id=official_id,
        barred=sorted(barred & storage.ground.responsible_people(tx.conn, row.grid)),
    )
    cases.publish(tx, row, said)


def autoclose(tx: Tx, due: Due) -> None:
    """72 hours after the resolution: closed, as unrated where nobody rated."""
    row = storage.cases.lock(tx.conn, due.ref)
    if row is None or row.resolved_at is None:
        return
    if row.resolved_at + rules.requests.AUTOCLOSE != due.due_at:
        return
    if row.state == "RESOLVED":
        cases.close(tx, row, {"rated": row.stars is not None})
    elif row.state == "RATED" and rules.requests.closes_itself(row.stars, solved=row.solved):
        cases.close(tx, row, {"rated": True})


def review_passed(tx: Tx, due: Due) -> None:
    """The community did not look into a bad rating in time: the street does."""
    row = storage.cases.lock(tx.conn, due.ref)
    if row is None or row.review != "PENDING":
        return
    cases.change(tx, row, "review_to_street", row.state, {}, review="STREET")
