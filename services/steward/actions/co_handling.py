"""Stewards who help with a case: asked by who has it in hand or oversees it. They see it and write
notes; they take no step that moves a clock."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound, StateConflict
from fivered.chassis.requests import Request
from fivered.chassis.telling import tell
from fivered.services.steward import rules, storage
from fivered.services.steward.actions.cases import Reason, locked, note_step, require_handler
from fivered.services.steward.actions.parties import require_impartial
from fivered.services.steward.actions.standing import require_serving
from fivered.services.steward.errors import ReasonRequired
from fivered.services.steward.errors.co_handling import HelpsAlready, NotServing, TooManyHelp
from fivered.services.steward.replies.co_handling import CoHandlingReply
from fivered.services.steward.storage.co_handling import co_handlings

MOST = 5


class AskCoHandler(Request, frozen=True):
    """请求协办 / Who is asked to help, and with what."""

    request_id: str
    steward_id: Annotated[str, Meta(min_length=1, max_length=64)]
    reason: Annotated[Reason, Meta(examples=["请水务管家一同查看地下管线"])]


class AnswerCoHandling(Request, frozen=True):
    """答复协办 / Whether one helps."""

    co_handling_id: str
    accepts: bool
    reason: (
        Annotated[
            str,
            Meta(
                min_length=2,
                max_length=500,
                description="谢绝须写明理由 / who declines says why",
                examples=["不在本岗位职责内"],
            ),
            PUBLIC,
        ]
        | None
    ) = None


class EndCoHandling(Request, frozen=True):
    """结束协办 / Why the help ends."""

    co_handling_id: str
    reason: Annotated[Reason, Meta(examples=["协办事项已完成"])]


def ask_co_handler(tx: Tx, payload: AskCoHandler) -> CoHandlingReply:
    """请求协办 / Ask a steward to help with a case.

    协办人可查看、可写备注,不改变任何时限。A co-handler sees the case and writes notes, and moves no
    clock; who has it in hand stays answerable.

    Raises:
        NotFound: There is no such steward in the street, or the case is none of the caller's.
        NotHandler: Somebody else has it.
        StateConflict: It is done.
        NotServing: That steward's post is suspended or over.
        ConflictOfInterest: That steward is a party of the matter.
        HelpsAlready: That steward has it in hand, helps already or was asked.
        TooManyHelp: Five help with it.
    """
    row = locked(tx, payload.request_id)
    _require_says(tx, row)
    records.require_state(row, *rules.requests.OPEN)
    steward = storage.posts.steward(tx.conn, payload.steward_id)
    if steward is None or not steward.area.startswith(row.area[:9]):
        raise NotFound(kind="steward", id=payload.steward_id)
    if steward.status != "ACTIVE":
        raise NotServing(field="steward_id")
    require_impartial(tx, row, steward.person_id, field="steward_id")
    if storage.co_handling.standing(tx.conn, row.request_id) >= MOST:
        raise TooManyHelp(limit=MOST)
    values = records.values_from(
        payload,
        co_handlings,
        co_handling_id=tx.new_id("coh"),
        area=row.area,
        grid=row.grid,
        person_id=steward.person_id,
        duty=steward.duty,
        state="ASKED",
        asked_by=tx.actor.id,
        asked_at=tx.now,
        version=1,
    )
    has_it = steward.person_id in {row.handler_person, tx.actor.id}
    made = None if has_it else storage.co_handling.insert(tx.conn, **values)
    if made is None:
        raise HelpsAlready(field="steward_id")
    note_step(tx, row, "co_asked", {"steward": made.steward_id, "duty": made.duty})
    _tell(tx, "CO_ASKED", made, row, made.person_id, reason=payload.reason)
    return CoHandlingReply.of(made, id=made.co_handling_id)


def answer_co_handling(tx: Tx, payload: AnswerCoHandling) -> CoHandlingReply:
    """答复协办 / Say whether one helps.

    Raises:
        NotFound: Nobody asked the caller.
        StateConflict: It was answered, or the case is done.
        ReasonRequired: Who declines says why.
        CallerNotServing: The caller's post is suspended or over.
    """
    made = storage.co_handling.lock(tx.conn, payload.co_handling_id)
    if made.person_id != tx.actor.id:
        raise NotFound(kind="co-handling", id=payload.co_handling_id)
    tx.check_version(made.version)
    require_serving(tx)
    row = locked(tx, made.request_id)
    if made.state != "ASKED" or row.state not in rules.requests.OPEN:
        raise StateConflict(state=made.state if made.state != "ASKED" else row.state)
    if payload.accepts:
        require_impartial(tx, row)
    elif payload.reason is None:
        raise ReasonRequired(field="reason")
    state = "ACCEPTED" if payload.accepts else "DECLINED"
    made = storage.co_handling.update(
        tx.conn, made, state=state, answered_at=tx.now, answer=payload.reason
    )
    step = "co_accepted" if payload.accepts else "co_declined"
    note_step(tx, row, step, {"steward": made.steward_id, "duty": made.duty})
    for one in {made.asked_by, row.handler_person} - {None}:
        _tell(tx, f"CO_{state}", made, row, one, reason=payload.reason or "—")
    return CoHandlingReply.of(made, id=made.co_handling_id)


def end_co_handling(tx: Tx, payload: EndCoHandling) -> CoHandlingReply:
    """结束协办 / End the help: by who helps, has the case in hand, or oversees it.

    Raises:
        NotFound: It is none of the caller's business.
        NotHandler: Somebody else has the case.
        StateConflict: It is over already.
    """
    made = storage.co_handling.lock(tx.conn, payload.co_handling_id)
    row = locked(tx, made.request_id)
    if made.person_id != tx.actor.id:
        try:
            _require_says(tx, row)
        except NotFound:
            # Who may not see the case learns of neither.
            raise NotFound(kind="co-handling", id=payload.co_handling_id) from None
    tx.check_version(made.version)
    records.require_state(made, *storage.co_handling.STANDING)
    made = storage.co_handling.update(
        tx.conn, made, state="ENDED", ended_at=tx.now, answer=payload.reason
    )
    note_step(tx, row, "co_ended", {"steward": made.steward_id, "duty": made.duty})
    for one in {made.person_id, row.handler_person} - {None, tx.actor.id}:
        _tell(tx, "CO_ENDED", made, row, one, reason=payload.reason)
    return CoHandlingReply.of(made, id=made.co_handling_id)


def _require_says(tx: Tx, row: Row) -> None:
    """Refuse who neither has a case in hand nor oversees its place."""
    oversees = tx.actor.role in rules.requests.SCREENERS and tx.actor.covers(row.grid)
    if not oversees:
        require_handler(tx, row)
    require_impartial(tx, row)


def _tell(tx: Tx, kind: str, made: Row, row: Row, person: str, *, reason: str) -> None:
    about = ("co_handling", made.co_handling_id)
    tell(tx, kind, person, about=about, number=row.number, duty=made.duty, reason=reason)
