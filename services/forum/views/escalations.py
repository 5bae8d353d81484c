"""What is laid before the chain of officials."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Area, Cursor, Limit, WithTotal
from fivered.chassis.records import Row
from fivered.chassis.refusal import RoleDenied
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.forum import replies, storage
from fivered.services.forum.fields import Tier
from fivered.services.forum.views.cards import STAFF_ROLES


class EscalationsAsked(Request, frozen=True):
    """Which escalations."""

    scope: Area | None = None
    mine: Annotated[bool, Meta(description="升级到本人的 / what came before me")] = False
    level: Annotated[int, Meta(ge=1, le=9)] | None = None
    tier: Tier | None = None
    source: (
        Literal[
            "TOPIC",
            "TASK",
            "REQUEST",
            "RECTIFICATION",
            "OBJECTION",
            "REPAIR",
            "VETO",
            "NOMINEE",
            "REFUND",
            "STATEMENT",
            "DISPUTE",
        ]
        | None
    ) = None
    state: Literal["WAITING", "OPEN", "ACKNOWLEDGED", "DONE", "ALL"] = "WAITING"
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


_STATES = {"WAITING": storage.escalations.WAITING, "ALL": ()}

# Where the matter itself is found.
_PATHS = {
    "TOPIC": "/v1/forum/topics/",
    "TASK": "/v1/forum/tasks/",
    "REQUEST": "/v1/steward/requests/",
    "RECTIFICATION": "/v1/property/rectifications/",
    "OBJECTION": "/v1/credit/objections/",
    "REPAIR": "/v1/credit/repairs/",
    "VETO": "/v1/credit/vetoes/",
    "NOMINEE": "/v1/credit/nominee-objections/",
    "REFUND": "/v1/partner/redemptions/",
    "DISPUTE": "/v1/partner/statements/",
    "STATEMENT": "/v1/partner/statements/",
}


def _escalation_card(row: Row) -> replies.EscalationCard:
    source = row.source or ("TASK" if row.task_id else "TOPIC")
    ref = row.ref or row.task_id or row.topic_id
    return replies.EscalationCard.of(
        row,
        id=row.escalation_id,
        topic_id=row.topic_id or None,
        source=source,
        ref=ref,
        path=_PATHS[source] + ref,
    )


def escalations(tx: Tx, payload: EscalationsAsked) -> Page[replies.EscalationCard]:
    """督办 / What was missed, and before whom it came.

    Return what was missed, newest first: of an area for who acts for it, or what came before
    the caller.

    Raises:
        RoleDenied: The area lies outside the caller's scope, or the caller acts for none.
    """
    scope = None
    if not payload.mine:
        scope = payload.scope or tx.actor.scope
        tx.require_scope(scope)
        if tx.actor.role not in STAFF_ROLES:
            raise RoleDenied(role=tx.actor.role)
    found = storage.escalations.escalation_page(
        tx.conn,
        payload,
        scope=scope,
        person_id=tx.actor.id if payload.mine else None,
        tier=payload.tier,
        level=payload.level,
        source=payload.source,
        states=_STATES.get(payload.state, (payload.state,)),
    )
    return found.listed(_escalation_card)
