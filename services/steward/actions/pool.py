"""What somebody takes up without being asked, and what an office does with many cases at once."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.records import Row
from fivered.chassis.refusal import Refusal
from fivered.chassis.requests import Request
from fivered.services.steward import replies, rules, storage
from fivered.services.steward.actions import changes
from fivered.services.steward.actions.cases import Reason, ReasonedRequest, WhichRequest, locked
from fivered.services.steward.actions.dispatch import (
    DispatchRequest,
    TransferRequest,
    accept_request,
    accepted,
    dispatch_request,
    duties_there,
    give_to,
    transfer_request,
)
from fivered.services.steward.actions.parties import candidates_of, require_impartial
from fivered.services.steward.actions.ratings import close_request
from fivered.services.steward.actions.standing import require_serving
from fivered.services.steward.errors import ReasonRequired, WrongDuty
from fivered.services.steward.errors.desk import StillInTime
from fivered.services.steward.fields import Duty
from fivered.services.steward.replies import RequestReply


def take_request(tx: Tx, payload: WhichRequest) -> RequestReply:
    """认领 / Take a case from the pool.

    A steward takes up a case that nobody has, or that somebody was given and did not accept in
    time; with this it is accepted. Who is first has it.

    Raises:
        NotFound: It lies where the caller does not serve.
        StateConflict: Somebody has accepted it, or it is done.
        StillInTime: Who was given it may still accept it.
        WrongDuty: The caller's duty does not take the category.
        ConflictOfInterest: The caller is a party of the matter.
        CallerNotServing: The caller's post is suspended or over.
    """
    require_serving(tx)
    row = locked(tx, payload.request_id)
    require_impartial(tx, row, handles=True)
    tx.check_version(row.version)
    rules.requests.check("dispatch", row.state)
    if row.handler_person == tx.actor.id:
        return accept_request(tx, payload)
    if row.state == "DISPATCHED" and tx.now < row.due_accept:
        raise StillInTime(until=tx.calendar.minute(row.due_accept))
    duties = [*duties_there(tx, row), *_handed_to(tx, row)]
    mine = [one for one in candidates_of(tx, row, rules.routing.DUTIES, ())
            if one.person_id == tx.actor.id]  # fmt: skip
    fitting = [one for one in mine if rules.routing.fits(one, duties) and one.same_grid]
    if not fitting:
        duty = mine[0].duty if mine else tx.actor.role
        raise WrongDuty(duty=duty, category=row.category)
    detail = {"from": row.handler} if row.handler is not None else {}
    given = give_to(tx, row, fitting[0], action="take", detail=detail)
    return accepted(tx, given)


def _handed_to(tx: Tx, row: Row) -> list[str]:
    """Return the duty of who was given a case: whoever handed it on has said that it is of it."""
    steward = storage.posts.known(tx.conn, row.handler) if row.handler is not None else None
    return [steward.duty] if steward is not None else []


# --------------------------------------------------------------------------------------------------
# Many at once

MOST = 100


class BatchItem(Request, frozen=True):
    """一条 / One case, in the version that was read."""

    request_id: Annotated[str, Meta(min_length=1, max_length=64)]
    version: Annotated[int, Meta(ge=1)]


class BatchRequests(Request, frozen=True):
    """批量办理 / One step with many cases."""

    action: Annotated[
        Literal["DISPATCH", "TRANSFER", "CLOSE"],
        Meta(description="派单、转办或结案 / give to a steward, hand on, or close"),
    ]
    items: Annotated[list[BatchItem], Meta(min_length=1, max_length=MOST)]
    reason: Reason | None = None
    handler: Annotated[str, Meta(max_length=64)] | None = None
    duty: Duty | None = None


def batch_requests(tx: Tx, payload: BatchRequests) -> replies.desk.BatchReply:
    """批量办理 / Take one step with many cases.

    Give up to 100 cases to stewards, hand them on, or close them: each by the rules of its own
    door, with a result of its own. One that is refused stops no other.

    Raises:
        ReasonRequired: Who hands on or closes says why.
    """
    if payload.action != "DISPATCH" and payload.reason is None:
        raise ReasonRequired(field="reason")
    seen = tx.expected_version
    try:
        items = [_one(tx, payload, item) for item in payload.items]
    finally:
        tx.expected_version = seen
    return replies.desk.BatchReply(state="DONE", items=items)


def _one(tx: Tx, payload: BatchRequests, item: BatchItem) -> replies.desk.BatchOutcome:
    tx.expected_version = str(item.version)
    try:
        with tx.part():
            done = _take_step(tx, payload, item.request_id)
    except Refusal as refusal:
        return replies.desk.BatchOutcome(id=item.request_id, **changes.refused(refusal))
    return replies.desk.BatchOutcome(
        id=item.request_id,
        result="done",
        state=done.state,
        version=done.version,
        handler=done.handler,
    )


def _take_step(tx: Tx, payload: BatchRequests, request_id: str) -> RequestReply:
    if payload.action == "DISPATCH":
        return dispatch_request(tx, DispatchRequest(request_id=request_id, handler=payload.handler))
    reason = payload.reason or ""
    if payload.action == "CLOSE":
        return close_request(tx, ReasonedRequest(request_id=request_id, reason=reason))
    order = TransferRequest(
        request_id=request_id, reason=reason, handler=payload.handler, duty=payload.duty
    )
    return transfer_request(tx, order)
