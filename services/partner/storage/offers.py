"""Offers, their terms and their stock."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from chassis import storage as store
from chassis.bus import Tx
from services.partner.storage.rows import held
from services.partner.storage.tables import offer_terms, offers, partners


def take_stock(tx: Tx, offer_id: str, qty: int) -> bool:
    """Take pieces of a published offer out of stock, and hold the offer's row.

    This one statement decides a race for the last piece, and one against a suspension.
    """
    done = tx.conn.execute(
        sa.update(offers)
        .where(
            offers.c.offer_id == offer_id,
            offers.c.state == "PUBLISHED",
            offers.c.stock_left >= qty,
        )
        .values(stock_left=offers.c.stock_left - qty)
    )
    return done.rowcount == 1


def return_stock(tx: Tx, back: Sequence[tuple[str, int]]) -> None:
    """Put pieces back, offers in the order of their ids so that two transactions do not cross."""
    total: dict[str, int] = {}
    for offer_id, qty in back:
        total[offer_id] = total.get(offer_id, 0) + qty
    for offer_id, qty in sorted(total.items()):
        done = tx.conn.execute(
            sa.update(offers)
            .where(offers.c.offer_id == offer_id)
            .values(stock_left=offers.c.stock_left + qty)
        )
        store.all_changed(done.rowcount, 1, offers.name)


def add_terms(tx: Tx, values: dict[str, Any]) -> None:
    """Add a version of an offer's prices; one that still waits for approval is replaced."""
    tx.conn.execute(
        sa.delete(offer_terms).where(
            offer_terms.c.offer_id == values["offer_id"], offer_terms.c.state == "DRAFT"
        )
    )
    tx.conn.execute(offer_terms.insert().values(**values))


def waiting_terms(tx: Tx, offer_id: str) -> Any:
    """Return the prices that wait for approval, or None."""
    return tx.conn.execute(
        sa.select(offer_terms).where(
            offer_terms.c.offer_id == offer_id, offer_terms.c.state == "DRAFT"
        )
    ).first()


def last_terms(tx: Tx, offer_id: str) -> int:
    """Return the highest number of an offer's terms that were ever in force or wait."""
    asked = sa.select(sa.func.max(offer_terms.c.terms)).where(offer_terms.c.offer_id == offer_id)
    return tx.conn.execute(asked).scalar() or 0


def enforce_terms(tx: Tx, offer_id: str, terms: int) -> None:
    """Put waiting prices into force; those before them are history."""
    mine = offer_terms.c.offer_id == offer_id
    tx.conn.execute(
        sa.update(offer_terms)
        .where(mine, offer_terms.c.state == "IN_FORCE")
        .values(state="SUPERSEDED")
    )
    tx.conn.execute(
        sa.update(offer_terms)
        .where(mine, offer_terms.c.terms == terms)
        .values(state="IN_FORCE", approved_by=tx.actor.id, approved_at=tx.now)
    )


def waiting(level: str, area: str) -> sa.Select[Any]:
    """Return the query of offers of a level and area whose prices wait for approval."""
    asked = sa.select(offer_terms.c.offer_id).where(offer_terms.c.state == "DRAFT")
    return (
        sa.select(offers)
        .join(partners, partners.c.partner_id == offers.c.partner_id)
        .where(
            offers.c.offer_id.in_(asked),
            offers.c.state.in_(("DRAFT", "APPROVED", "PUBLISHED", "PAUSED")),
            partners.c.level == level,
            store.within(partners.c.area, area),
        )
    )


def refuse_terms(tx: Tx, offer_id: str, terms: int) -> None:
    """Put prices aside that waited for approval."""
    tx.conn.execute(
        sa.update(offer_terms)
        .where(offer_terms.c.offer_id == offer_id, offer_terms.c.terms == terms)
        .values(state="REFUSED", approved_by=tx.actor.id, approved_at=tx.now)
    )


def terms_of(tx: Tx, offer_id: str) -> list[dict[str, Any]]:
    """Return all versions of an offer's prices."""
    asked = (
        sa.select(
            offer_terms.c.terms,
            offer_terms.c.points_price,
            offer_terms.c.face_value_fen,
            offer_terms.c.settle_fen_per_point,
            offer_terms.c.state,
            offer_terms.c.proposed_at,
            offer_terms.c.approved_at,
        )
        .where(offer_terms.c.offer_id == offer_id)
        .order_by(offer_terms.c.terms)
    )
    return [dict(row) for row in tx.conn.execute(asked).mappings()]


def lock_offers_of(tx: Tx, partner_id: str, states: Sequence[str]) -> list[Any]:
    """Return a partner's offers in these states and hold them."""
    asked = (
        sa.select(offers)
        .where(offers.c.partner_id == partner_id, offers.c.state.in_(states))
        .order_by(offers.c.offer_id)
    )
    return list(tx.conn.execute(held(asked, tx)))


def offers_of(tx: Tx, partner_id: str) -> list[Any]:
    """Return all offers of a partner that have not ended, newest last."""
    asked = (
        sa.select(offers)
        .where(offers.c.partner_id == partner_id, offers.c.state != "ENDED")
        .order_by(offers.c.created_at, offers.c.offer_id)
    )
    return list(tx.conn.execute(asked))


def catalogue(scope: str | None, now: datetime) -> sa.Select[Any]:
    """Return the query for what can be redeemed now, where somebody of `scope` may redeem it.

    Args:
        scope: Unpadded code, or None for everywhere. What is valid at that place and what is
            valid at a part of it are both meant.
        now: The offer must be valid at this instant.
    """
    asked = sa.select(offers).where(
        offers.c.state == "PUBLISHED", offers.c.valid_from <= now, offers.c.valid_to > now
    )
    if scope:
        wider = [scope[:n] for n in (6, 9, 12, 15) if n <= len(scope)]
        asked = asked.where(sa.or_(offers.c.scope.in_(wider), store.within(offers.c.scope, scope)))
    return asked


def new_services(tx: Tx, begin: datetime, end: datetime) -> dict[str, int]:
    """Return how many offers of kind SERVICE each partner published first in [begin, end)."""
    asked = (
        sa.select(offers.c.partner_id, sa.func.count())
        .where(
            offers.c.kind == "SERVICE",
            offers.c.published_at >= begin,
            offers.c.published_at < end,
        )
        .group_by(offers.c.partner_id)
    )
    return {row[0]: row[1] for row in tx.conn.execute(asked)}
