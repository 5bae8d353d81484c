"""Partners, their desk, and the catalogue of offers."""

from typing import Annotated, Literal

import sqlalchemy as sa
from msgspec import UNSET, Meta, UnsetType

from fivered.chassis import few, records, sorting
from fivered.chassis.bus import Tx
from fivered.chassis.fields import (
    MOST_ROWS,
    SORT,
    Area,
    Cursor,
    Limit,
    PartOfList,
    Sought,
    WithTotal,
)
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.chassis.storage import within
from fivered.services.partner import replies
from fivered.services.partner.fields import OfferKind, PartnerLevel
from fivered.services.partner.replies import PartnerState
from fivered.services.partner.rules import offers as rules
from fivered.services.partner.rules.redemptions import audience_of
from fivered.services.partner.storage import offers as offer_store
from fivered.services.partner.storage import partners as store
from fivered.services.partner.storage import redemptions as redemption_store
from fivered.services.partner.storage import statements as statement_store
from fivered.services.partner.storage.tables import offers, organisations, partners
from fivered.services.partner.views.redemptions import READERS, desk_line, steps_of
from fivered.services.partner.views.statements import own_matters, statement_line


class PartnersQuery(Request, frozen=True):
    """合伙人筛选 / Filter of partners."""

    scope: Area | None = None
    level: PartnerLevel | None = None
    state: (
        Annotated[PartnerState, Meta(description="公众只见 ACTIVE / others see ACTIVE only")] | None
    ) = None
    q: Sought | None = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class PartnerQuery(Request, frozen=True):
    """Which partner is wanted."""

    partner_id: str


class OffersQuery(Request, frozen=True):
    """项目筛选 / Filter of offers.

    Attributes:
        wallet: Only what this kind of wallet can redeem.
        mine: In place of it, all offers that have not ended, of the partners for which I act.
    """

    scope: Annotated[Area, Meta(description="住在哪里 / where the asker lives")] | None = None
    kind: OfferKind | None = None
    q: Annotated[Sought, Meta(description="名称中的字 / a part of its title")] | None = None
    wallet: Literal["RES", "HH", "STW"] | None = None
    max_points: Annotated[int, Meta(ge=0, description="我付得起的 / what I can afford")] | None = (
        None
    )
    partner_id: str | None = None
    mine: Annotated[
        bool, Meta(description="我经办的合伙人的全部项目 / all of the partners for which I act")
    ] = False
    sort: (
        Annotated[Literal["created_at", "-created_at", "points_price", "-points_price"], SORT]
        | None
    ) = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class OfferQuery(Request, frozen=True):
    """Which offer is wanted."""

    offer_id: str


def partner_card(row: Row, *, own_matter: bool | UnsetType = UNSET) -> replies.PartnerCard:
    """Return what everybody may know of an organisation: name, code, grade and score."""
    return replies.PartnerCard.of(row, **_known(row), own_matter=own_matter)


def _known(row: Row) -> dict[str, object]:
    return {"id": row.partner_id, "gates_failed": row.gates_failed or []}


def offer_card(row: Row) -> replies.OfferCard:
    """Return an offer as the catalogue shows it."""
    return replies.OfferCard.of(row, id=row.offer_id)


def _looks_in(tx: Tx, partner: Row) -> bool:
    """Tell whether the caller acts for the partner, or is an official or auditor there."""
    if tx.actor.role in READERS and tx.actor.covers(partner.area):
        return True
    return bool(tx.actor.id) and store.is_operator(tx.conn, partner.partner_id, tx.actor.id)


def partners_list(tx: Tx, payload: PartnersQuery) -> Page[replies.PartnerCard]:
    """合伙人名录 / Partners of an area."""
    query = store.cards()
    # Who applied is known there, and to the applicant; elsewhere partners are who is active.
    known = partners.c.state == "ACTIVE"
    if tx.actor.role in READERS:
        known = sa.or_(known, within(partners.c.area, tx.actor.scope))
    if tx.actor.id:
        known = sa.or_(known, store.operated_by(tx.actor.id))
    query = query.where(known)
    if payload.state:
        query = query.where(partners.c.state == payload.state)
    if payload.scope:
        query = query.where(within(partners.c.area, payload.scope))
    if payload.level:
        query = query.where(partners.c.level == payload.level)
    if payload.q:
        query = query.where(sorting.containing(organisations.c.name, payload.q))
    found = records.page(tx.conn, query, payload, (partners.c.created_at, partners.c.partner_id))
    own = own_matters(tx)
    return found.listed(lambda row: partner_card(row, own_matter=own(row.partner_id)))


def partner(tx: Tx, payload: PartnerQuery) -> replies.PartnerCard:
    """合伙人 / One partner.

    Return one partner; who acts for it and its history only to those concerned.

    Raises:
        NotFound: There is none, or the caller may not know yet that somebody applied.
    """
    row = store.card(tx.conn, payload.partner_id)
    if row is None:
        raise NotFound(kind="partner", id=payload.partner_id)
    inside = _looks_in(tx, row)
    if not inside and row.state in {"APPLIED", "VETTED", "REFUSED", "WITHDRAWN"}:
        raise NotFound(kind="partner", id=payload.partner_id)
    card = partner_card(row)
    card.rated, card.satisfied = redemption_store.satisfaction_of(tx.conn, row.partner_id)
    if not inside:
        return few.hide(card, parts={"satisfied": "rated"})
    card.operators = store.operators_of(tx.conn, row.partner_id)
    card.agreement_ref = row.agreement_ref
    card.uscc_override = row.uscc_override
    card.winding_down = row.winding_down
    card.history = steps_of(tx, partners, row.partner_id)
    return card


def offers_list(tx: Tx, payload: OffersQuery) -> Page[replies.OfferCard]:
    """可兑换项目 / What can be redeemed now."""
    if payload.mine:
        query = offer_store.offers_of_operator(tx.actor.id)
    else:
        query = offer_store.catalogue(payload.scope, tx.now)
    if payload.kind:
        query = query.where(offers.c.kind == payload.kind)
    if payload.wallet:
        query = query.where(offers.c.audience.in_(audience_of(payload.wallet)))
    if payload.max_points is not None:
        query = query.where(offers.c.points_price <= payload.max_points)
    if payload.partner_id:
        query = query.where(offers.c.partner_id == payload.partner_id)
    if payload.q:
        query = query.where(sorting.containing(offers.c.title, payload.q))
    by = (offers.c.created_at, offers.c.offer_id)
    sorts = {"points_price": offers.c.points_price}
    found = records.page(tx.conn, query, payload, by, sorts=sorts)
    return found.listed(offer_card)


def waiting_offers(tx: Tx, payload: PartOfList) -> Page[replies.OfferCard]:
    """待我审批的项目与价格 / Offers and prices that wait for my approval.

    Return the offers, and the new prices of offers, that wait for the caller's approval: none of a
    partner in which somebody of the caller's household has a stake.
    """
    query = offer_store.waiting(
        tx.conn,
        tx.actor.id,
        tx.actor.role,
        tx.actor.scope,
        rules.late_before(tx.calendar, tx.now),
    )
    found = records.page(tx.conn, query, payload, (offers.c.created_at, offers.c.offer_id))
    return found.listed(offer_card)


def offer(tx: Tx, payload: OfferQuery) -> replies.OfferCard:
    """兑换项目 / One offer.

    Return one offer; drafts and prices that wait only to those concerned.

    Raises:
        NotFound: There is none, or it was never on the list.
    """
    row = records.get(tx.conn, offers, payload.offer_id)
    inside = _looks_in(tx, records.get(tx.conn, partners, row.partner_id))
    if not inside and row.published_at is None:
        raise NotFound(kind="offer", id=payload.offer_id)
    card = offer_card(row)
    if inside:
        card.settle_fen_per_point = row.settle_fen_per_point
        card.prices = [replies.Terms.of(one) for one in offer_store.terms_of(tx.conn, row.offer_id)]
        card.history = steps_of(tx, offers, row.offer_id)
    return card


def desk(tx: Tx, payload: PartnerQuery) -> replies.Desk:
    """合伙人柜台 / A partner's desk.

    Return what a partner's operator needs at the counter.

    Raises:
        NotFound: The caller neither acts for the partner nor is an official there.
    """
    row = store.card(tx.conn, payload.partner_id)
    if row is None or not _looks_in(tx, row):
        raise NotFound(kind="partner", id=payload.partner_id)
    rated, satisfied = redemption_store.satisfaction_of(tx.conn, row.partner_id)
    return replies.Desk.of(
        row,
        **_known(row),
        rated=rated,
        satisfied=satisfied,
        winding_down=row.winding_down,
        counts=redemption_store.counts_of_partner(tx.conn, row.partner_id),
        receivable_points=redemption_store.receivable(tx.conn, row.partner_id),
        to_verify=[
            desk_line(one)
            for one in redemption_store.open_of_partner(tx.conn, row.partner_id, MOST_ROWS)
        ],
        refunds=[
            desk_line(one) for one in redemption_store.refunds_waiting(tx.conn, row.partner_id)
        ],
        offers=[
            replies.OfferCard.of(
                one, id=one.offer_id, settle_fen_per_point=one.settle_fen_per_point
            )
            for one in offer_store.offers_of(tx.conn, row.partner_id)
        ],
        statements=[
            statement_line(tx, one)
            for one in statement_store.statements_of(tx.conn, row.partner_id, 12)
        ],
    )
