"""Dangers from the report to the day on which somebody sees that they are gone."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from fivered.chassis.bus import Due, Tx
from fivered.chassis.refusal import NotFound, StateConflict
from fivered.chassis.requests import Request
from fivered.chassis.telling import tell
from fivered.services.steward import replies, rules, storage
from fivered.services.steward.actions import kinship, ratings
from fivered.services.steward.actions.cases import Reason
from fivered.services.steward.actions.standing import require_serving
from fivered.services.steward.errors import RecorderConfirms

TIMER = "HAZARD_LOOK"
_LEVELS = 3


class CheckMended(Request, frozen=True):
    """复查整改 / Is it gone?"""

    hazard_id: str
    mended: Annotated[bool, Meta(description="false 则退回重办 / false has it done again")]
    note: Annotated[Reason, Meta(examples=["现场查看,井盖已更换"])]


def reported(tx: Tx, hazard_id: str) -> None:
    """Tell who looks at dangers there, and see to it that somebody does."""
    row = storage.records.known_hazard(tx.conn, hazard_id)
    lookers = {
        post.person_id
        for post in storage.posts.serving(tx.conn, row.grid)
        if post.duty in {"GRID_WORKER", "COMMUNITY_CADRE"}
    } - {row.reporter_id, row.reported_by}
    tell(
        tx, "HAZARD_REPORTED", lookers, about=("hazard", hazard_id), category=row.category,
        due=row.look_due,
    )  # fmt: skip
    tx.arm(TIMER, hazard_id, row.look_due)


def look_passed(tx: Tx, due: Due) -> None:
    """Nobody has looked in time: the grid's cadre is told, a day later the community's, then the
    street's."""
    row = storage.records.hazard(tx.conn, due.ref)
    if row is None or row.state != "PENDING" or row.level >= _LEVELS:
        return
    level = row.level + 1
    barred = {one for one in (row.reporter_id, row.reported_by) if one is not None}
    official, _acting = storage.ground.responsible(tx.conn, row.grid, level, barred)
    storage.records.update_hazard(tx.conn, row, level=level)
    if official is not None:
        tell(
            tx, "HAZARD_OVERDUE", official.person_id, about=("hazard", row.hazard_id),
            category=row.category, level=level,
        )  # fmt: skip
    if level < _LEVELS:
        tx.arm(TIMER, row.hazard_id, due.due_at + rules.hours.HAZARD_LOOK)


def check_mended(tx: Tx, payload: CheckMended) -> replies.HazardReply:
    """复查隐患整改 / Look whether a danger is gone.

    Say whether a danger is gone once its request is resolved: somebody else than who has mended it.
    What is not gone is done again under the same request.

    Raises:
        NotFound: No such danger here.
        StateConflict: Nobody has mended it yet, or it was seen that it is gone.
        RecorderConfirms: The caller, or somebody of the household, has mended it.
        SelfConfirm: Nobody of the reporter's household says so.
        ReopenLimit: It was done again twice.
        ReopenWindow: 7 days are over since it was resolved; it is reported anew.
        CallerNotServing: The caller's post as a grid worker is suspended or over.
    """
    require_serving(tx)
    row = storage.records.hazard(tx.conn, payload.hazard_id)
    if row is None or not tx.actor.covers(row.grid):
        raise NotFound(kind="hazard", id=payload.hazard_id)
    tx.check_version(row.version)
    kinship.require_not_own(tx, row.reporter_id)
    request = storage.cases.lock(tx.conn, row.request_id) if row.request_id is not None else None
    case = storage.cases.root(tx.conn, request) if request is not None else None
    if row.state != "TRUE" or request is None or case is None:
        raise StateConflict(state=row.state)
    if case.state not in rules.requests.DONE:
        raise StateConflict(state=case.state)
    if case.handler_person is not None and kinship.is_own(tx, case.handler_person):
        raise RecorderConfirms
    if not payload.mended:
        after = storage.records.update_hazard(tx.conn, row)
        ratings.again(tx, request, case, {"reason": payload.note, "hazard": row.hazard_id})
    else:
        after = storage.records.update_hazard(
            tx.conn, row, state="MENDED", mended_by=tx.actor.id, mended_at=tx.now
        )
        tell(
            tx, "HAZARD_MENDED", row.reporter_id, about=("hazard", row.hazard_id),
            category=row.category,
        )  # fmt: skip
    reply = replies.HazardReply(id=row.hazard_id, state=after.state, version=after.version)
    reply.request_id, reply.request_number = request.request_id, request.number
    return reply
