"""What the commands on requests share (DOMAIN 2.3.2): who may act, a step, and its reply."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.fields import FILE_OR_PAPER
from fivered.chassis.free_text import PUBLIC, Sealed
from fivered.chassis.messages import Actor
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.requests import Request
from fivered.services.steward import events, rules, storage
from fivered.services.steward.actions import details, draws, reminders, results, telling
from fivered.services.steward.actions.parties import require_impartial, require_outside_chain
from fivered.services.steward.actions.standing import require_serving
from fivered.services.steward.actions.voices import lend
from fivered.services.steward.errors import (
    NotHandler,
    NotReporter,
)
from fivered.services.steward.replies import RequestReply
from fivered.services.steward.storage import tables

MAX_TEXT = 1000


# A resident may well say where to call back: these words are sealed, and the case's own people
# open them.
HIS_WORDS = Sealed("the reporter, who works on the case, and who oversees it there")


Text = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT), HIS_WORDS]


Reason = Annotated[str, Meta(min_length=2, max_length=500, examples=["不属于物业责任范围"]), PUBLIC]


Media = Annotated[
    list[Annotated[str, msgspec.Meta(min_length=1, max_length=200), FILE_OR_PAPER]],
    msgspec.Meta(max_length=9),
]


class WhichRequest(Request, frozen=True):
    """Which request is meant."""

    request_id: str


class ReasonedRequest(Request, frozen=True):
    """理由 / A reason."""

    request_id: str
    reason: Reason


# What shows that a reporter without an account said so: the number on the receipt of this very
# request, or that of the recording of a call about it.
Receipt = Annotated[
    str,
    Meta(
        min_length=2,
        max_length=200,
        description="代无账号的诉求人操作时的凭据:本诉求回执上的回执编号,或他人登记的本诉求通话录音编号"
        " / for a reporter without an account: the number on the receipt of this request, or that"
        " of the recording of a call about it which a colleague has noted",
        examples=["HZ-3F9A27C1"],
    ),
    PUBLIC,
]


def locked(tx: Tx, request_id: str) -> Row:
    """Return a request's row locked.

    Raises:
        NotFound: There is none.
    """
    return records.locked(tx.conn, tables.requests, request_id)


def change(  # noqa: PLR0917  what becomes of which, said by whom; `values` are columns
    tx: Tx,
    row: Row,
    action: str,
    state: str,
    detail: Mapping[str, object] | None = None,
    by: Actor | None = None,
    /,
    **values: object,
) -> Row:
    """Move a request to a state, write its timeline, and return the row as it stands now.

    `by` is SYSTEM where nobody asked for the step itself: it follows from what somebody did.
    """
    version = row.version + 1
    changed = storage.cases.change(
        tx.conn,
        row,
        {"state": state, "version": version, **values},
        step(tx, row.request_id, action, state=state, version=version, detail=detail or {}, by=by),
    )
    telling.of_step(tx, changed, action, detail or {})
    results.of_step(tx, changed, action, detail or {})
    reminders.follow(tx, row, changed)
    return changed


def step(
    tx: Tx,
    request_id: str,
    action: str,
    *,
    state: str,
    version: int,
    detail: Mapping[str, object],
    by: Actor | None = None,
) -> dict[str, object]:
    """Return a line of a request's timeline; who calls has done it, where `by` says nobody else."""
    actor = by or tx.actor
    return {
        "request_id": request_id,
        "at": tx.now,
        "action": action,
        "actor_id": actor.id,
        "actor_role": actor.role,
        "state": state,
        "version": version,
        "detail": detail,
    }


def note_step(tx: Tx, row: Row, action: str, detail: Mapping[str, object]) -> None:
    """Write a line of a request's timeline that leaves the request as it stands."""
    line = step(tx, row.request_id, action, state=row.state, version=row.version, detail=detail)
    storage.cases.write_timeline(tx.conn, [line])


def move_clock(tx: Tx, row: Row, which: Literal["ACCEPT", "RESOLVE"], due: datetime) -> None:
    """Let a clock of a request that runs end at another time."""
    storage.cases.move_clock(tx.conn, row.request_id, which, due)
    tx.arm(f"REQ_{which}", row.request_id, due)


def publish(tx: Tx, row: Row, event: object) -> None:
    """Publish an event about a request."""
    tx.publish(event, subject=row.request_id, scope=row.area, sequence=row.version)


def reply(row: Row) -> RequestReply:
    """Answer a command with what the caller needs next."""
    answer = RequestReply.of(row, id=row.request_id, due=_next_due(row))
    if rules.requests.is_emergency(row.clock):
        answer.advice = rules.requests.EMERGENCY_ADVICE
    return answer


def stamp(at: datetime | None) -> str | None:
    """Return an instant as text, for what is kept as JSON."""
    return at.isoformat() if at is not None else None


def _next_due(row: Row) -> datetime | None:
    if row.state == "DISPATCHED":
        due: datetime | None = row.due_accept
    elif row.state in rules.requests.IN_HAND and row.contacted_at is None and row.due_contact:
        due = row.due_contact
    elif row.state in rules.requests.OPEN:
        due = row.due_resolve
    else:
        due = None
    return due


def require_handler(tx: Tx, row: Row) -> None:
    """Refuse a person who does not have it in hand.

    Raises:
        NotHandler: Somebody else has it.
        NotFound: It is none of the caller's business.
    """
    if row.handler_person != tx.actor.id:
        # A person who neither handles nor oversees it is not told that it exists.
        if row.handler is None or not tx.actor.covers(row.grid):
            raise NotFound(kind="request", id=row.request_id)
        raise NotHandler


def speaker(tx: Tx, row: Row, receipt: str | None) -> Row:
    """Return the request whose reporter speaks: this one, or one that was merged into it.

    The voice is the reporter's. Staff of the place who took no part in the case may lend
    theirs to one without an account, against the receipt of this request.

    Raises:
        NotReporter: Somebody else reported it.
        InChain: Who takes part in the case does not speak for its reporter.
        ConflictOfInterest: Nor does who holds a post in what is complained of.
        CallerNotServing: Nor a grid worker whose post is suspended or over.
        ReporterActs: Who reported it has an account.
        ReceiptUnknown: No such receipt was given for it.
    """
    if row.reporter_id is not None and row.reporter_id == tx.actor.id:
        return row
    for follower in storage.cases.followers(tx.conn, row.request_id):
        if follower.reporter_id == tx.actor.id:
            return follower
    staff = tx.actor.role in rules.requests.SPEAKERS and tx.actor.covers(row.grid)
    if staff and receipt is not None and row.found_by is None:
        require_serving(tx)
        case = storage.cases.root(tx.conn, row)
        require_outside_chain(tx, case)
        require_impartial(tx, case, not_by="chain")
        lend(tx, row, receipt)
        return row
    if row.handler_person == tx.actor.id or (
        tx.actor.role != "R_RESIDENT" and tx.actor.covers(row.grid)
    ):
        raise NotReporter
    raise NotFound(kind="request", id=row.request_id)


def require_own(tx: Tx, row: Row, receipt: str | None) -> None:
    """Refuse a person who speaks for another request than this: one that is only followed.

    Raises:
        NotReporter: Somebody else reported it.
        ReporterActs: Staff speak for nobody who has an account.
        ReceiptUnknown: Nor without the receipt of this request.
    """
    if speaker(tx, row, receipt).request_id != row.request_id:
        raise NotReporter


def spoken(receipt: str | None) -> dict[str, object]:
    """Return what the timeline says of a word that was lent."""
    return {"receipt": receipt} if receipt is not None else {}


def require_oversight(tx: Tx, row: Row) -> None:
    """Refuse a person who does not oversee the place.

    Raises:
        NotFound: It lies elsewhere.
    """
    if not tx.actor.covers(row.grid):
        raise NotFound(kind="request", id=row.request_id)


def disarm_all(tx: Tx, request_id: str) -> None:
    """Disarm the timers of a request that runs."""
    for kind in (
        "REQ_ACCEPT",
        "REQ_CONTACT",
        "REQ_RESOLVE",
        "REQ_L2",
        "REQ_L3",
        "REQ_NOBODY",
        "REQ_PAUSE",
    ):
        tx.disarm(kind, request_id)


def end_clocks(tx: Tx, row: Row) -> None:
    """Take back the clocks of a request that ends, and its timers."""
    disarm_all(tx, row.request_id)
    for which in ("ACCEPT", "CONTACT", "RESOLVE"):
        storage.cases.void_clock(tx.conn, row.request_id, which, tx.now)


def close(
    tx: Tx, row: Row, detail: Mapping[str, object] | None = None, *, by: Actor | None = None
) -> Row:
    """Close a request and say so."""
    row = change(tx, row, "close", "CLOSED", detail, by, closed_at=row.closed_at or tx.now)
    tx.disarm("REQ_AUTOCLOSE", row.request_id)
    publish(tx, row, events.RequestClosed(row.request_id, rated=row.stars is not None))
    draws.of_closed(tx, row)
    return row


def publish_corrected(tx: Tx, row: Row, *, parted_from: str | None = None) -> None:
    """Say what a request is about now, where, and whose; or that it goes its own way again."""
    said = fact_of(events.RequestCorrected, row, filed_at=row.created_at, parted_from=parted_from)
    publish(tx, row, said)
    details.publish(tx, row, sequence=row.version)


def contact_anew(tx: Tx, row: Row, *, keep: datetime | None = None) -> dict[str, object]:
    """Let the time to contact begin anew for a reporter whom nobody contacted: that of before was
    taken back when the request was merged. Its end of before stays where it lies ahead (`keep`)."""
    due = storage.standards.of(tx.conn, row).due_contact(tx.now, tx.calendar)
    if row.contacted_at is not None or due is None:
        return {}
    if keep is not None and keep > tx.now:
        due = keep
    storage.cases.start_clock(tx.conn, row, "CONTACT", due_at=due, now=tx.now, handler=row.handler)
    tx.arm("REQ_CONTACT", row.request_id, due)
    return {"due_contact": due}
