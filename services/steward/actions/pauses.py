"""The clock of a case rests: asked by its handler, beyond a handler's days decided by who oversees
the place, and ended by the handler, by the timer or by whatever ends the work."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import SYSTEM, Due, Tx
from fivered.chassis.messages import Actor
from fivered.chassis.records import Row
from fivered.chassis.requests import Request
from fivered.services.steward import replies, rules, storage
from fivered.services.steward.actions.cases import (
    Reason,
    change,
    locked,
    move_clock,
    reply,
    require_handler,
    require_oversight,
    stamp,
)
from fivered.services.steward.actions.parties import require_impartial, require_not_own
from fivered.services.steward.errors import ReasonRequired
from fivered.services.steward.errors.desk import NotPaused, PauseStands
from fivered.services.steward.fields import PauseGround
from fivered.services.steward.replies import RequestReply

MINUTE = timedelta(minutes=1)


class PauseRequest(Request, frozen=True):
    """暂停计时 / Let the clock rest: why, and for how many days."""

    request_id: str
    ground: Annotated[PauseGround, Meta(examples=["WAITING_PARTS"])]
    days: Annotated[
        int,
        Meta(
            ge=1,
            le=10,
            description="天数;以工作日计的时限按工作日 / days; working days where these count",
            examples=[2],
        ),
    ]
    reason: Reason


class DecidePause(Request, frozen=True):
    """审批暂停 / Whether the clock rests; a refusal says why."""

    request_id: str
    approved: bool
    reason: Reason | None = None


class ResumeRequest(Request, frozen=True):
    """恢复计时 / The clock runs on."""

    request_id: str


def pause_request(tx: Tx, payload: PauseRequest) -> replies.desk.PauseReply:
    """暂停计时 / Let the clock rest.

    The handler lets the clock of a case rest, on a ground that its reporter reads. What is more
    than the ground's own days waits for who oversees the place (`state` ASKED); the clock runs on.

    Raises:
        NotHandler: Somebody else has it.
        StateConflict: The reporter was not contacted yet, or it is done.
        PauseStands: It rests already, or a pause waits to be decided.
        NoPause: An emergency does not rest.
        AfterDue: It is overdue.
        PauseTooLong: The ground does not bear so many days.
        PausesUsedUp: It has rested for too long before.
    """
    row = locked(tx, payload.request_id)
    require_handler(tx, row)
    require_impartial(tx, row, handles=True)
    tx.check_version(row.version)
    rules.requests.check("pause", row.state)
    if storage.desk.standing_pause(tx.conn, row.request_id) is not None:
        raise PauseStands
    alone = _check(tx, row, payload.ground, payload.days)
    pause = storage.desk.add_pause(
        tx.conn,
        **records.values_from(
            payload,
            storage.desk.request_pauses,
            pause_id=tx.new_id("pau"),
            area=row.area,
            grid=row.grid,
            state="ASKED",
            asked_by=tx.actor.id,
            asked_at=tx.now,
            version=1,
        ),
    )
    if alone:
        row, pause = _begin(tx, row, pause)
    else:
        said = {"ground": pause.ground, "days": pause.days, "reason": pause.reason}
        row = change(tx, row, "pause_asked", row.state, said)
    return _reply(row, pause)


def decide_pause(tx: Tx, payload: DecidePause) -> replies.desk.PauseReply:
    """审批暂停 / Decide whether the clock rests; it does so from then on.

    Raises:
        NotPaused: No pause waits.
        OwnExtension: The caller has it in hand.
        ReasonRequired: A refusal says why.
        StateConflict: It is done, or with somebody else.
        AfterDue: It is overdue by now.
        PausesUsedUp: It has rested for too long before.
    """
    row = locked(tx, payload.request_id)
    require_oversight(tx, row)
    require_impartial(tx, row, not_by="handler")
    tx.check_version(row.version)
    require_not_own(tx, row)
    pause = storage.desk.standing_pause(tx.conn, row.request_id)
    if pause is None or pause.state != "ASKED":
        raise NotPaused
    decided = {"decided_by": tx.actor.id, "decided_at": tx.now}
    if payload.approved:
        rules.requests.check("pause", row.state)
        _check(tx, row, pause.ground, pause.days)
        row, pause = _begin(tx, row, pause, **decided)
    else:
        if payload.reason is None:
            raise ReasonRequired(field="reason")
        pause = storage.desk.update_pause(tx.conn, pause, state="REFUSED", **decided)
        row = change(tx, row, "pause_refused", row.state, {"reason": payload.reason})
    return _reply(row, pause)


def resume_request(tx: Tx, payload: ResumeRequest) -> RequestReply:
    """恢复计时 / Let the clock run on, before the pause is over.

    Raises:
        NotPaused: It does not rest.
        NotHandler: The caller neither has it nor oversees the place.
    """
    row = locked(tx, payload.request_id)
    oversees = tx.actor.role in rules.requests.SCREENERS and tx.actor.covers(row.grid)
    if not oversees:
        require_handler(tx, row)
    require_impartial(tx, row)
    tx.check_version(row.version)
    if row.paused_until is None:
        raise NotPaused
    return reply(resumed(tx, row, by=tx.actor))


def _check(tx: Tx, row: Row, ground: str, days: int) -> bool:
    return rules.pauses.check(
        clock=row.clock,
        ground=ground,
        days=days,
        used=_used(tx, row),
        alone=_used(tx, row, alone=True),
        due=row.due_resolve,
        now=tx.now,
    )


def _used(tx: Tx, row: Row, *, alone: bool = False) -> timedelta:
    """Return how long a request has rested, where a day is one of its clock; or how long by its
    handlers' own decision."""
    terms = storage.standards.of(tx.conn, row)
    spans = (terms.between(start, end, tx.calendar) for start, end in rested(tx, row, alone=alone))
    return sum(spans, timedelta()) / terms.day() * rules.pauses.DAY


def _begin(tx: Tx, row: Row, pause: Row, **decided: object) -> tuple[Row, Row]:
    """Let the clock rest from now on. Its end is that which it has if the pause runs out."""
    terms = storage.standards.of(tx.conn, row)
    until = terms.later(tx.now, pause.days * terms.day(), tx.calendar)
    due = rules.pauses.moved(terms, row.due_resolve, [(tx.now, until)], tx.calendar)
    pause = storage.desk.update_pause(
        tx.conn,
        pause,
        state="RUNNING",
        started_at=tx.now,
        until=until,
        due_before=row.due_resolve,
        **decided,
    )
    move_clock(tx, row, "RESOLVE", due)
    tx.arm("REQ_PAUSE", row.request_id, until)
    said = {"ground": pause.ground, "days": pause.days, "reason": pause.reason}
    said |= {"until": stamp(until), "new_due": stamp(due)}
    row = change(tx, row, "pause", row.state, said, due_resolve=due, paused_until=until)
    return row, pause


def _reply(row: Row, pause: Row) -> replies.desk.PauseReply:
    return replies.desk.PauseReply.of(
        pause, id=pause.pause_id, due_resolve=row.due_resolve, version=row.version
    )


def pause_over(tx: Tx, due: Due) -> None:
    """The days of a pause are over: the clock runs on."""
    row = storage.cases.lock(tx.conn, due.ref)
    if row is None or row.paused_until is None or row.paused_until != due.due_at:
        return
    resumed(tx, row, at=row.paused_until)


def resumed(tx: Tx, row: Row, *, at: datetime | None = None, by: Actor = SYSTEM) -> Row:
    """Let the clock of a request run on, where it rests: its end has moved by the working time that
    it rested. What waits to be decided falls away where nobody has it in hand any more.

    Args:
        tx: The transaction.
        row: The request, locked.
        at: When the pause ended; now where left out.
        by: Who ended it; the system where it follows from something else.
    """
    pause = storage.desk.standing_pause(tx.conn, row.request_id)
    if pause is None:
        return row
    if pause.state == "ASKED":
        if by == SYSTEM:
            storage.desk.update_pause(tx.conn, pause, state="LAPSED")
        return row
    end = min(at or tx.now, pause.until)
    # Whole minutes: the end of a day stays the end of a day after a pause that was taken back.
    end = pause.started_at + (end - pause.started_at) // MINUTE * MINUTE
    terms = storage.standards.of(tx.conn, row)
    due = rules.pauses.moved(terms, pause.due_before, [(pause.started_at, end)], tx.calendar)
    storage.desk.update_pause(tx.conn, pause, state="ENDED", ended_at=end, due_after=due)
    move_clock(tx, row, "RESOLVE", due)
    tx.disarm("REQ_PAUSE", row.request_id)
    return change(
        tx, row, "resume", row.state, {"new_due": stamp(due)}, by,
        due_resolve=due, paused_until=None,
    )  # fmt: skip


def rested(tx: Tx, row: Row, *, alone: bool = False) -> list[tuple[datetime, datetime]]:
    """Return from when to when the clock of a request has rested; or has by its handlers' own
    decision."""
    return [
        (one.started_at, one.ended_at)
        for one in storage.desk.pauses_of(tx.conn, row.request_id)
        if one.state == "ENDED" and not (alone and one.decided_by is not None)
    ]
