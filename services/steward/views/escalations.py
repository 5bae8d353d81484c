"""What was laid before somebody, since it was overdue or nobody had it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Area, Cursor, Limit, WithTotal
from fivered.chassis.i18n import in_words
from fivered.chassis.records import Row
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.steward import storage
from fivered.services.steward.replies.escalations import EscalationCard

PACKAGE = "fivered.services.steward"


class EscalationList(Request, frozen=True):
    """督办筛选 / Which ones: those before the caller, or all of an area."""

    mine: Annotated[bool, Meta(description="只列提请我督办的 / only those before me")] = False
    scope: Area | None = None
    level: Literal[1, 2, 3] | None = None
    open: Annotated[bool, Meta(description="是否尚未办结 / whether it is still open")] | None = None
    sort: Annotated[Literal["at", "-at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def escalations(tx: Tx, payload: EscalationList) -> Page[EscalationCard]:
    """督办列表 / Requests that were laid before officials.

    Answer what was laid before the caller (`mine`) or before anybody in an area, newest first, with
    what has become of it; whom it was laid before may write its handler a note.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
    """
    scope = payload.scope or tx.actor.scope
    tx.require_scope(scope)
    found = storage.escalations.listed(
        tx.conn,
        person_id=tx.actor.id if payload.mine else None,
        scope=scope,
        level=payload.level,
        is_open=payload.open,
        part=payload,
    )

    def card(row: Row) -> EscalationCard:
        return EscalationCard.of(
            row,
            id=row.escalation_id,
            mine=row.person_id == tx.actor.id,
            handler=row.handler,
            **in_words(PACKAGE, "category", row.category),
            **in_words(PACKAGE, "state", row.state),
        )

    return found.listed(card)
