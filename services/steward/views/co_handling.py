"""Who helps with a case, with what one helps oneself, and what one had first and handed on."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Cursor, Limit, WithTotal
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.steward import replies, storage
from fivered.services.steward.replies.co_handling import CoHandlingCard
from fivered.services.steward.views import cases

By = Annotated[Literal["asked_at", "-asked_at"], SORT]


class HelpersOf(Request, frozen=True):
    """协办人 / Of which request."""

    request_id: str
    sort: By | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class CoHandlingList(Request, frozen=True):
    """筛选 / Which of the caller's."""

    state: (
        Annotated[
            Literal["ASKED", "ACCEPTED"],
            Meta(description="不给则两者 / both where left out"),
        ]
        | None
    ) = None
    sort: By | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class HandedOn(Request, frozen=True):
    """首接件 / Which part of it."""

    sort: Annotated[Literal["due_resolve", "-due_resolve"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def _card(row: Row) -> CoHandlingCard:
    return CoHandlingCard.of(row, id=row.co_handling_id)


def co_handlers(tx: Tx, payload: HelpersOf) -> Page[CoHandlingCard]:
    """协办人 / Who helps with a case, or was asked to.

    Answer them, oldest first, to the staff of the case.

    Raises:
        NotFound: No such request, or the viewer is not of its staff.
    """
    row, own = cases.visible(tx, payload.request_id)
    if own is not None or not cases.staffs(tx, row):
        raise NotFound(kind="request", id=payload.request_id)
    return storage.co_handling.of_request(tx.conn, row.request_id, payload).listed(_card)


def co_handlings(tx: Tx, payload: CoHandlingList) -> Page[CoHandlingCard]:
    """我的协办 / With what the caller helps, or is asked to.

    Answer it while the cases are open, the oldest first.
    """
    found = storage.co_handling.of_person(tx.conn, tx.actor.id, payload.state, payload)
    return found.listed(_card)


def handed_on(tx: Tx, payload: HandedOn) -> Page[replies.RequestCard]:
    """首接件 / What the caller had first and somebody else has now.

    首接负责:结案前一直在此。Answer it until it is closed, what is due soonest first.
    """
    mine = [post.steward_id for post in storage.posts.of_person(tx.conn, tx.actor.id)]
    found = storage.co_handling.handed_on(tx.conn, mine, tx.actor.id, payload)
    return found.listed(lambda row: cases.card(tx, row))
