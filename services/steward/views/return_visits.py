"""Closed cases that are called about, for who calls."""

from __future__ import annotations

from typing import Annotated, Literal

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Area, Cursor, Limit, WithTotal
from fivered.chassis.i18n import in_words
from fivered.chassis.records import Row
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.steward import storage
from fivered.services.steward.replies.return_visits import ReturnVisitCard


class ReturnVisitList(Request, frozen=True):
    """回访筛选 / Which calls of an area."""

    scope: Area | None = None
    state: Literal["OPEN", "DONE"] | None = None
    reason: Literal["UNRATED", "SAMPLE"] | None = None
    outcome: Literal["CONFIRMED_BY_CALL", "DENIED_BY_CALL", "UNREACHED"] | None = None
    sort: Annotated[Literal["due_at", "-due_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def return_visits(tx: Tx, payload: ReturnVisitList) -> Page[ReturnVisitCard]:
    """回访列表 / Closed cases that are, or were, called about.

    Answer all that were closed without a rating and a sample of the others, what is due first, with
    what was said. The number is looked at by `/pii/reveal` or on the case.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
    """
    scope = payload.scope or tx.actor.scope
    tx.require_scope(scope)
    vault = storage.vault(tx)
    found = storage.return_visits.listed(
        tx.conn,
        scope=scope,
        state=payload.state,
        reason=payload.reason,
        outcome=payload.outcome,
        part=payload,
    )

    def card(row: Row) -> ReturnVisitCard:
        return ReturnVisitCard.of(
            row,
            id=row.return_visit_id,
            note=vault.open_or_none(row.note, f"{row.return_visit_id}.note"),
            **in_words("fivered.services.steward", "reason", row.reason),
        )

    return found.listed(card)
