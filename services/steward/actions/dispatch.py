"""Who has a request in hand: chosen by the routing or named, and relieved of it again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from fivered.chassis.bus import SYSTEM, Tx
from fivered.chassis.messages import Actor
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound, RoleDenied
from fivered.chassis.requests import Request
from fivered.services.steward import rules, storage
from fivered.services.steward.actions import kinship
from fivered.services.steward.actions.cases import (
    Reason,
    ReasonedRequest,
    WhichRequest,
    change,
    locked,
    reply,
    require_handler,
    require_oversight,
)
from fivered.services.steward.actions.parties import (
    accused,
    candidates_of,
    duties_of,
    parties,
    require_impartial,
)
from fivered.services.steward.actions.pauses import resumed
from fivered.services.steward.errors import (
    HandlerNotOnDuty,
    NobodyToDispatch,
    ReturnLimit,
    WrongDuty,
)
from fivered.services.steward.fields import Duty
from fivered.services.steward.replies import RequestReply


class DispatchRequest(Request, frozen=True):
    """派单 / Give it to a steward."""

    request_id: str
    handler: Annotated[str, Meta(description="不给则自动选派 / routing when left out")] | None = (
        None
    )


class TransferRequest(Request, frozen=True):
    """转办 / Hand it to the competent office; the clocks run on."""

    request_id: str
    reason: Reason
    handler: str | None = None
    duty: Duty | None = None


def give(
    tx: Tx,
    row: Row,
    *,
    action: str = "dispatch",
    detail: Mapping[str, object] | None = None,
    values: Mapping[str, object] | None = None,
    by: Actor = SYSTEM,
    duties: Sequence[str] | None = None,
) -> Row | None:
    """Give a request to whom the routing chooses; None when there is nobody.

    `by` says who asked for it; without, it follows from something else. `duties` says who may have
    it, where those of its category do not.
    """
    chosen = choose(tx, row, duties or duties_of(tx, row), parties(tx, row))
    if chosen is None:
        return None
    return _hand(tx, row, chosen, action, {**(detail or {})}, {**(values or {})}, by=by)


def give_to(
    tx: Tx,
    row: Row,
    chosen: rules.routing.Candidate,
    *,
    action: str = "dispatch",
    detail: Mapping[str, object] | None = None,
    values: Mapping[str, object] | None = None,
) -> Row:
    """Give a request to a steward who is named.

    Raises:
        HandlerNotOnDuty: The handler left in this moment.
    """
    if not storage.posts.take(tx.conn, chosen.steward_id, tx.now):
        raise HandlerNotOnDuty(steward_id=chosen.steward_id, field="handler")
    return _hand(tx, row, chosen, action, {**(detail or {})}, {**(values or {})}, by=tx.actor)


def _hand(  # noqa: PLR0917  what, to whom, as which step
    tx: Tx,
    row: Row,
    chosen: rules.routing.Candidate,
    action: str,
    detail: dict[str, object],
    values: dict[str, object],
    *,
    by: Actor,
) -> Row:
    """Let a steward have a request.

    The new handler gets another accept clock. The clocks of contact and resolution belong to
    the request: they run on, no matter who has it.
    """
    row = resumed(tx, row)
    due = storage.standards.of(tx.conn, row).due_accept(tx.now, tx.calendar)
    storage.cases.void_clock(tx.conn, row.request_id, "ACCEPT", tx.now)
    storage.cases.start_clock(
        tx.conn, row, "ACCEPT", due_at=due, now=tx.now, handler=chosen.steward_id
    )
    storage.cases.hand_clock(tx.conn, row.request_id, chosen.steward_id)
    tx.arm("REQ_ACCEPT", row.request_id, due)
    handed = handed_to(chosen, due, row.first_handler)
    said = {"handler": chosen.steward_id, "duty": chosen.duty}
    return change(tx, row, action, "DISPATCHED", said | detail, by, **handed, **values)


def handed_to(
    chosen: rules.routing.Candidate, due: datetime, first_handler: str | None
) -> dict[str, object]:
    """Return what a request says of the person who has it now."""
    return {
        "handler": chosen.steward_id,
        "handler_person": chosen.person_id,
        "first_handler": first_handler or chosen.steward_id,
        "due_accept": due,
        "accepted_at": None,
    }


# What a request says that nobody has.
NOBODY: dict[str, object] = {"handler": None, "handler_person": None, "due_accept": None}


def choose(
    tx: Tx, row: Row, duties: Sequence[str], barred: Collection[str]
) -> rules.routing.Candidate | None:
    """Choose by the routing, and again where the chosen one left in the meantime."""
    without = list(row.tried)
    while True:
        chosen = rules.routing.choose(candidates_of(tx, row, duties, barred, without), duties)
        if (
            chosen is None
            and duties != rules.routing.SUBSTITUTES
            and _stood_back(tx, row, duties, barred)
        ):
            # Who should have it is a party of it: somebody else of the community stands in.
            duties = rules.routing.SUBSTITUTES
            continue
        if chosen is None or storage.posts.take(tx.conn, chosen.steward_id, tx.now):
            return chosen
        without.append(chosen.steward_id)


def _stood_back(tx: Tx, row: Row, duties: Sequence[str], barred: Collection[str]) -> bool:
    """Tell whether somebody who might have had a request is a party of it."""
    if accused(tx, row):
        return True
    found = storage.posts.candidates(tx.conn, row.grid, duties, tx.now, ())
    return rules.routing.stood_back(found, duties, barred)


def duties_there(tx: Tx, row: Row) -> Sequence[str]:
    """Return who may get a request from a cadre: the duties of its category, or who stands in where
    nobody of the community has one of them. What was returned twice stays a cadre's."""
    duties = duties_of(tx, row)
    if row.returns >= rules.requests.MAX_RETURNS:
        return duties
    found = storage.posts.candidates(tx.conn, row.grid, duties, tx.now, ())
    there = any(rules.routing.fits(one, duties) for one in found)
    return duties if there else rules.routing.SUBSTITUTES


def _named(tx: Tx, row: Row, steward_id: str) -> rules.routing.Candidate:
    steward = storage.posts.steward(tx.conn, steward_id)
    if steward is None or not steward.area.startswith(row.area[:9]):
        raise NotFound(kind="steward", id=steward_id)
    duties = duties_there(tx, row)
    if row.returns >= rules.requests.MAX_RETURNS and steward.duty not in duties:
        raise ReturnLimit(field="handler")
    if steward.duty not in duties:
        raise WrongDuty(duty=steward.duty, category=row.category, field="handler")
    require_impartial(tx, row, steward.person_id, field="handler")
    # That the handler is no party has just been looked at.
    found = candidates_of(tx, row, duties, ())
    fitting = [c for c in found if c.steward_id == steward_id and rules.routing.fits(c, duties)]
    if not fitting or not fitting[0].available:
        raise HandlerNotOnDuty(steward_id=steward_id, field="handler")
    return fitting[0]


def dispatch_request(tx: Tx, payload: DispatchRequest) -> RequestReply:
    """派单 / Give it to a steward.

    Give a request to a steward: the one who is named, or whom the routing chooses. A person who
    has it already keeps it, with the time to accept it.

    社区内无人承担该类别时,可由社区两委或网格员代办。Where nobody of the community has a duty of the
    category, a cadre or a grid worker stands in.

    Raises:
        HandlerNotOnDuty: The named steward does not serve the place now.
        WrongDuty: The steward's duty does not take the category.
        ReturnLimit: It was returned twice; only a cadre may hold it.
        NobodyToDispatch: The routing finds nobody.
    """
    row = locked(tx, payload.request_id)
    require_oversight(tx, row)
    require_impartial(tx, row)
    tx.check_version(row.version)
    rules.requests.check("dispatch", row.state)
    has_it = row.handler if row.state == "DISPATCHED" else None
    if has_it is not None and payload.handler == has_it:
        return reply(row)
    if payload.handler is not None:
        return reply(give_to(tx, row, _named(tx, row, payload.handler)))
    duties = duties_there(tx, row)
    if has_it is not None:
        best = rules.routing.choose(candidates_of(tx, row, duties, parties(tx, row)), duties)
        if best is not None and best.steward_id == has_it:
            return reply(row)
    given = give(tx, row, by=tx.actor, duties=duties)
    if given is None:
        raise NobodyToDispatch
    return reply(given)


def accept_request(tx: Tx, payload: WhichRequest) -> RequestReply:
    """接单 / Accept.

    The handler takes the request; late is possible, and is flagged.

    Raises:
        NotHandler: Somebody else has it.
        ConflictOfInterest: The person holds a post in what is complained of.
        StateConflict: It does not wait for acceptance.
    """
    row = locked(tx, payload.request_id)
    require_handler(tx, row)
    require_impartial(tx, row, handles=True)
    tx.check_version(row.version)
    rules.requests.check("accept", row.state)
    return accepted(tx, row)


def accepted(tx: Tx, row: Row) -> RequestReply:
    """Let a request be accepted by the person who has it."""
    late = tx.now >= row.due_accept
    # Only this handler's: the clock that somebody before missed stays missed.
    storage.cases.stop_clock(tx.conn, row.request_id, "ACCEPT", tx.now, handler=row.handler)
    tx.disarm("REQ_ACCEPT", row.request_id)
    row = change(tx, row, "accept", "ACCEPTED", {"late": late}, accepted_at=tx.now)
    return msgspec.structs.replace(reply(row), late=late)


def return_request(tx: Tx, payload: ReasonedRequest) -> RequestReply:
    """退回 / Give it back.

    The handler gives the request back; it goes to the next one at once, if there is one.

    Raises:
        NotHandler: Somebody else has it.
        ReturnLimit: It was returned twice already.
    """
    row = locked(tx, payload.request_id)
    require_handler(tx, row)
    tx.check_version(row.version)
    rules.requests.check("return", row.state)
    rules.requests.check_return(row.returns)
    storage.cases.void_clock(tx.conn, row.request_id, "ACCEPT", tx.now)
    tx.disarm("REQ_ACCEPT", row.request_id)
    row = change(
        tx,
        row,
        "return",
        "RETURNED",
        {"reason": payload.reason, "handler": row.handler},
        returns=row.returns + 1,
        tried=[*row.tried, row.handler],
        **NOBODY,
    )
    return reply(give(tx, row) or wait(tx, row))


def transfer_request(tx: Tx, payload: TransferRequest) -> RequestReply:
    """转办 / Transfer; clocks run on.

    Hand an accepted request to the competent office; its clocks run on.

    The handler may name a duty, and the routing chooses; a cadre may name the steward.

    Raises:
        NotHandler: The caller neither has it nor oversees it.
        NobodyToDispatch: There is nobody else.
        HandlerNotOnDuty: The named steward does not serve the place now.
    """
    row = locked(tx, payload.request_id)
    handles = row.handler_person == tx.actor.id
    oversees = tx.actor.role in rules.requests.SCREENERS and tx.actor.covers(row.grid)
    if not oversees:
        require_handler(tx, row)
    tx.check_version(row.version)
    rules.requests.check("transfer", row.state)
    if handles:
        # A cadre, too, who has it in hand.
        rules.requests.check_transfer(row.transfers)
    if not handles or payload.handler is not None:
        require_impartial(tx, row)
    detail = {"reason": payload.reason, "from": row.handler}
    values: dict[str, object] = {
        "transfers": row.transfers + handles,
        # It does not come back to who handed it back as another's.
        "tried": [*row.tried, row.handler] if handles else row.tried,
    }
    if payload.duty is not None and payload.duty not in rules.routing.DUTIES:
        raise WrongDuty(duty=payload.duty, category=row.category, field="duty")
    if payload.handler is not None:
        if not oversees:
            raise RoleDenied(role=tx.actor.role, field="handler")
        chosen = _any_duty(tx, row, payload.handler)
    else:
        duties = (payload.duty,) if payload.duty is not None else duties_of(tx, row)
        _check_impartial(row, duties[0], field="duty")
        found = candidates_of(tx, row, duties, parties(tx, row), [*row.tried, row.handler])
        first = rules.routing.choose(found, duties)
        if first is None:
            raise NobodyToDispatch(field="duty")
        chosen = first
    return reply(give_to(tx, row, chosen, action="transfer", detail=detail, values=values))


def _check_impartial(row: Row, duty: str, *, field: str) -> None:
    """Keep a complaint about the property out of the property's own hands."""
    if row.category == "PROPERTY_SERVICE" and duty == "PROPERTY_STAFF":
        raise WrongDuty(duty=duty, category=row.category, field=field)


def _any_duty(tx: Tx, row: Row, steward_id: str) -> rules.routing.Candidate:
    """Return a steward of the place, of whatever duty: the cadre has judged who is competent."""
    for candidate in storage.posts.candidates(tx.conn, row.grid, rules.routing.DUTIES, tx.now, ()):
        if candidate.steward_id == steward_id and candidate.available:
            _check_impartial(row, candidate.duty, field="handler")
            require_impartial(tx, row, candidate.person_id, field="handler")
            return candidate
    raise HandlerNotOnDuty(steward_id=steward_id, field="handler")


def wait(tx: Tx, row: Row) -> Row:
    """Look again for somebody when the accept time is over, for nobody has it; once a working day
    where it should be resolved by then."""
    due = storage.standards.of(tx.conn, row).due_accept(tx.now, tx.calendar)
    if due >= row.due_resolve:
        due = tx.calendar.due(tx.now, 1)
    tx.arm("REQ_NOBODY", row.request_id, due)
    return row


def look_again(tx: Tx, row: Row) -> Row | None:
    """Give a request that nobody has to somebody, or wait on. Returns None where nobody came."""
    given = give(tx, row)
    if given is None:
        wait(tx, row)
    return given


def hand_over(tx: Tx, row: Row, detail: Mapping[str, object], *, first: str | None = None) -> Row:
    """Take a request from who has it; what nobody else can take waits in the community's queue.

    Args:
        tx: The transaction.
        row: The request.
        detail: What its timeline says of the step.
        first: The backup, who takes over where the matter is of that duty, on shift or not.
    """
    if first is not None:
        duties = duties_of(tx, row)
        for one in candidates_of(tx, row, duties, parties(tx, row)):
            if (
                one.steward_id == first
                and rules.routing.fits(one, duties)
                and storage.posts.take(tx.conn, first, tx.now)
            ):
                return _hand(tx, row, one, "redispatch", {**detail}, {}, by=SYSTEM)
    given = give(tx, row, action="redispatch", detail=detail)
    if given is not None:
        return given
    row = resumed(tx, row)
    storage.cases.void_clock(tx.conn, row.request_id, "ACCEPT", tx.now)
    storage.cases.hand_clock(tx.conn, row.request_id, None)
    tx.disarm("REQ_ACCEPT", row.request_id)
    return wait(tx, change(tx, row, "redispatch", "SUBMITTED", detail, SYSTEM, **NOBODY))


def take_from_party(tx: Tx, row: Row) -> Row:
    """Take a request from who has it and is a party of it."""
    return hand_over(tx, row, {"from": row.handler, "reason": "CONFLICT_OF_INTEREST"})


def free_of(tx: Tx, person_id: str) -> None:
    """Take from a person what is in hand against the rules by now: a post is held in what it is
    against, or the reporter is of the household."""
    for row in storage.cases.in_hand_of_person(tx.conn, person_id):
        if person_id in parties(tx, row):
            take_from_party(tx, row)


def free_household(tx: Tx, person_id: str) -> None:
    """Take from the members of a person's household what one of them reported."""
    for one in sorted(kinship.own(tx, person_id)):
        free_of(tx, one)
