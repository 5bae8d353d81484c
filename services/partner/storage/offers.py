"""Offers, their terms and their stock."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.partner.rules import offers as rules
from fivered.services.partner.storage.partners import partners_of, tied_partners
from fivered.services.partner.storage.tables import offer_terms, offers, partners


def take_stock(conn: sa.Connection, offer_id: str, qty: int) -> records.Row | None:
    """Take pieces of a published offer out of stock, and hold the offer's row.

    This one statement decides a race for the last piece, and one against a suspension. Returns the
    offer as it is now; None where there is not enough, or it is not published.
    """
    taken = (
        sa.update(offers)
        .where(
            offers.c.offer_id == offer_id,
            offers.c.state == "PUBLISHED",
            offers.c.stock_left >= qty,
        )
        .values(stock_left=offers.c.stock_left - qty)
    )
    return records.first(conn, taken.returning(*offers.c))


def titles_of(conn: sa.Connection, offer_ids: Sequence[str]) -> dict[str, str]:
    """Return what offers are called."""
    if not offer_ids:
        return {}
    asked = sa.select(offers.c.offer_id, offers.c.title).where(
        offers.c.offer_id.in_(sorted(set(offer_ids)))
    )
    return {row.offer_id: row.title for row in conn.execute(asked)}


def return_stock(conn: sa.Connection, back: Sequence[tuple[str, int]]) -> None:
    """Put pieces back, offers in the order of their ids so that two transactions do not cross."""
    total: dict[str, int] = {}
    for offer_id, qty in back:
        total[offer_id] = total.get(offer_id, 0) + qty
    for offer_id, qty in sorted(total.items()):
        done = conn.execute(
            sa.update(offers)
            .where(offers.c.offer_id == offer_id)
            .values(stock_left=offers.c.stock_left + qty)
        )
        store.all_changed(done.rowcount, 1, offers.name)


def add_terms(conn: sa.Connection, values: dict[str, object]) -> None:
    """Add a version of an offer's prices; one that still waits for approval is replaced."""
    conn.execute(
        sa.delete(offer_terms).where(
            offer_terms.c.offer_id == values["offer_id"], offer_terms.c.state == "DRAFT"
        )
    )
    conn.execute(offer_terms.insert().values(**values))


def waiting_terms(conn: sa.Connection, offer_id: str) -> Row | None:
    """Return the prices that wait for approval, or None."""
    return records.first(
        conn,
        sa.select(offer_terms).where(
            offer_terms.c.offer_id == offer_id, offer_terms.c.state == "DRAFT"
        ),
    )


def last_terms(conn: sa.Connection, offer_id: str) -> int:
    """Return the highest number of an offer's terms that were ever in force or wait."""
    asked = sa.select(sa.func.max(offer_terms.c.terms)).where(offer_terms.c.offer_id == offer_id)
    return conn.execute(asked).scalar() or 0


def enforce_terms(conn: sa.Connection, offer_id: str, terms: int, *, by: str, at: datetime) -> None:
    """Put waiting prices into force; those before them are history."""
    mine = offer_terms.c.offer_id == offer_id
    conn.execute(
        sa.update(offer_terms)
        .where(mine, offer_terms.c.state == "IN_FORCE")
        .values(state="SUPERSEDED")
    )
    conn.execute(
        sa.update(offer_terms)
        .where(mine, offer_terms.c.terms == terms)
        .values(state="IN_FORCE", approved_by=by, approved_at=at)
    )


def waiting(
    conn: sa.Connection, person_id: str, role: str, area: str, late_before: datetime
) -> sa.Select[Any]:
    """Return the query of offers of an area whose prices wait for the approval of somebody.

    Nobody approves their own draft, nor for a partner in which they, or somebody who
    lives with them, has a stake; what has waited too long comes before the level above as well.

    Args:
        conn: The transaction.
        person_id: Who asks.
        role: In which role.
        area: For which area.
        late_before: Before when was proposed what has waited too long.
    """
    terms = offer_terms.c
    of_level = [
        sa.and_(partners.c.level == level, *where)
        for level, (first, above) in rules.APPROVERS.items()
        for who, where in ((first, ()), (above, (terms.proposed_at < late_before,)))
        if who == role
    ]
    asked = (
        sa.select(offers.c.offer_id)
        .join(partners, partners.c.partner_id == offers.c.partner_id)
        .join(offer_terms, terms.offer_id == offers.c.offer_id)
        .where(
            terms.state == "DRAFT",
            terms.proposed_by != person_id,
            offers.c.state.in_(("DRAFT", "APPROVED", "PUBLISHED", "PAUSED")),
            sa.or_(sa.false(), *of_level),
            store.within(partners.c.area, area),
            partners.c.partner_id.not_in(tied_partners(conn, person_id)),
        )
    )
    return sa.select(offers).where(offers.c.offer_id.in_(asked))


def refuse_terms(conn: sa.Connection, offer_id: str, terms: int) -> None:
    """Put prices aside that waited for approval; who refused them, when and why stands in the
    offer's history."""
    conn.execute(
        sa.update(offer_terms)
        .where(offer_terms.c.offer_id == offer_id, offer_terms.c.terms == terms)
        .values(state="REFUSED")
    )


def terms_of(conn: sa.Connection, offer_id: str) -> list[dict[str, object]]:
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
    return [dict(row) for row in conn.execute(asked).mappings()]


def lock_offers_of(conn: sa.Connection, partner_id: str, states: Sequence[str]) -> list[Row]:
    """Return a partner's offers in these states and hold them."""
    asked = (
        sa.select(offers)
        .where(offers.c.partner_id == partner_id, offers.c.state.in_(states))
        .order_by(offers.c.offer_id)
    )
    return records.rows(conn, store.lock(asked, conn, weak=True))


def offers_of(conn: sa.Connection, partner_id: str) -> list[Row]:
    """Return all offers of a partner that have not ended, newest last."""
    asked = (
        sa.select(offers)
        .where(offers.c.partner_id == partner_id, offers.c.state != "ENDED")
        .order_by(offers.c.created_at, offers.c.offer_id)
    )
    return records.rows(conn, asked)


def offers_of_operator(person_id: str) -> sa.Select[Any]:
    """Return the query for all offers that have not ended, of the partners a person acts for."""
    mine = offers.c.partner_id.in_(partners_of(person_id))
    return sa.select(offers).where(mine, offers.c.state != "ENDED")


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


def new_services(conn: sa.Connection, begin: datetime, end: datetime) -> dict[str, int]:
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
    return {row[0]: row[1] for row in conn.execute(asked)}
