"""Awards, and what they wait for."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.bus import Tx, is_uuid
from fivered.chassis.fields import SORT, Cursor, DownToCommunity, Instant, Limit, WithTotal
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.storage import awards, queries
from fivered.services.credit.storage.in_force import rules_in_force
from fivered.services.credit.views.cards import STAFF, award_card, chain, may_see, ties


class OneAward(Request, frozen=True):
    """Which award is meant."""

    award_id: str


Level = Literal["R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"]


class Awards(Request, frozen=True):
    """Which awards."""

    state: Literal["PROPOSED", "APPROVED", "REJECTED", "REVERSED", "REPAIRED"] | None = None
    community: DownToCommunity | None = None
    waits_for: (
        Annotated[
            Level,
            Meta(description="待哪一级审核 / the level that must decide"),
        ]
        | None
    ) = None
    overdue: Annotated[
        bool,
        Meta(description="只列逾期未审核的 / only those that nobody decided within 5 working days"),
    ] = False
    subject: Annotated[str, Meta(max_length=80, description="主体 / whom it is about")] | None = (
        None
    )
    rule: Annotated[str, Meta(max_length=40, description="规则代码 / code of the rule")] | None = (
        None
    )
    occurred_from: (
        Annotated[Instant, Meta(description="此时起发生的 / of what happened since then")] | None
    ) = None
    occurred_before: (
        Annotated[Instant, Meta(description="此时以前发生的 / of what happened before")] | None
    ) = None
    sort: Annotated[Literal["proposed_at", "-proposed_at", "due_at", "-due_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def award(tx: Tx, payload: OneAward) -> replies.AwardReply:
    """赋分及理由 / An award and why.

    Return one award with its reason, to its subject and to staff of the area.

    Raises:
        NotFound: There is none, or the caller may not know it.
    """
    in_force = rules_in_force(tx.conn)
    found = awards.award(tx.conn, payload.award_id) if is_uuid(payload.award_id) else None
    own = found is not None and found.proposed_by == tx.actor.id and tx.actor.role in STAFF
    if found is None or not (own or may_see(tx, found.subject_id)):
        raise NotFound(kind="award", id=payload.award_id)
    return award_card(tx, found, in_force, chain=chain(found))


def award_list(tx: Tx, payload: Awards) -> Page[replies.AwardReply]:
    """人工赋分列表 / Awards that a person decides.

    List awards of the caller's area that were proposed by hand or wait for a decision.
    """
    in_force = rules_in_force(tx.conn)
    area = payload.community or tx.actor.scope
    tx.require_scope(area)
    found = queries.awards_page(
        tx.conn,
        area=area,
        state=payload.state,
        waits_for=payload.waits_for,
        overdue_at=tx.now if payload.overdue else None,
        subject=payload.subject,
        rule=payload.rule,
        occurred=(payload.occurred_from, payload.occurred_before),
        part=payload,
    )
    tied = ties(tx)
    return found.listed(
        lambda row: award_card(tx, row, in_force, own_matter=row.subject_id in tied)
    )
