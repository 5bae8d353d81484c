"""Redemptions, wrong vouchers, and what a month's counts are made of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.bus import Actor
from fivered.chassis.records import Row
from fivered.services.partner.rules import redemptions as rules
from fivered.services.partner.rules.redemptions import COUNTED, REDEEMED
from fivered.services.partner.storage.partners import household_of, tied_partners
from fivered.services.partner.storage.tables import (
    history,
    partners,
    people,
    redemptions,
    statements,
    voucher_tries,
)

# Every column that a step may change; the batch of one transaction is written in one statement.
_STEP_COLUMNS = (
    "state",
    "ended_by",
    "reason",
    "held_at",
    "expires_at",
    "captured_at",
    "ended_at",
    "points_back_at",
    "version",
)


def belongs_to(person_id: str) -> sa.ColumnElement[bool]:
    """Tell whether a redemption is a person's: paid by that person, or by a household
    of which the person is an adult."""
    home = sa.select(people.c.household_id).where(
        people.c.person_id == person_id, people.c.state == "ACTIVE", people.c.is_adult
    )
    return sa.or_(
        redemptions.c.holder == person_id, redemptions.c.household_id == home.scalar_subquery()
    )


def is_owner(conn: sa.Connection, redemption_id: str, person_id: str) -> bool:
    """Tell whether a redemption is a person's."""
    asked = sa.select(redemptions.c.redemption_id).where(
        redemptions.c.redemption_id == redemption_id, belongs_to(person_id)
    )
    return conn.execute(asked).first() is not None


def used_this_month(conn: sa.Connection, offer_id: str, holder: str, month: str) -> int:
    """Return how many pieces of an offer a person has taken in a month and not given back."""
    asked = sa.select(sa.func.coalesce(sa.func.sum(redemptions.c.qty), 0)).where(
        redemptions.c.offer_id == offer_id,
        redemptions.c.holder == holder,
        redemptions.c.month == month,
        redemptions.c.state.in_(COUNTED),
    )
    return int(conn.execute(asked).scalar() or 0)


def lock_many(conn: sa.Connection, redemption_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return redemptions by id and hold them, in the order of their ids."""
    asked = (
        sa.select(redemptions)
        .where(redemptions.c.redemption_id.in_(sorted(set(redemption_ids))))
        .order_by(redemptions.c.redemption_id)
    )
    rows = conn.execute(store.lock(asked, conn, weak=True)).mappings()
    return {row["redemption_id"]: dict(row) for row in rows}


def lock_open_of(
    conn: sa.Connection, *, partner_id: str | None = None, holder: str | None = None
) -> list[Row]:
    """Return the redemptions of a partner or a holder that wait or are reserved; hold them."""
    asked = sa.select(redemptions).where(redemptions.c.state.in_(("REQUESTED", "RESERVED")))
    if partner_id is not None:
        asked = asked.where(redemptions.c.partner_id == partner_id)
    if holder is not None:
        asked = asked.where(redemptions.c.holder == holder)
    asked = asked.order_by(redemptions.c.redemption_id)
    return records.rows(conn, store.lock(asked, conn, weak=True))


def save_steps(conn: sa.Connection, rows: Sequence[dict[str, object]]) -> None:
    """Write rows that were changed in memory; the caller holds them."""
    if not rows:
        return
    done = conn.execute(
        sa.update(redemptions)
        .where(redemptions.c.redemption_id == sa.bindparam("b_id"))
        .values({name: sa.bindparam(f"b_{name}") for name in _STEP_COLUMNS}),
        [
            {"b_id": row["redemption_id"]} | {f"b_{name}": row[name] for name in _STEP_COLUMNS}
            for row in rows
        ],
    )
    store.all_changed(done.rowcount, len(rows), redemptions.name)


def tries_since(conn: sa.Connection, redemption_id: str, since: datetime) -> int:
    """Return how many wrong vouchers were tried since an instant."""
    asked = sa.select(sa.func.count()).where(
        voucher_tries.c.redemption_id == redemption_id, voucher_tries.c.at > since
    )
    return conn.execute(asked).scalar() or 0


def add_try(conn: sa.Connection, redemption_id: str, person_id: str, at: datetime) -> None:
    """Note that somebody is about to try a voucher."""
    conn.execute(
        voucher_tries.insert().values(redemption_id=redemption_id, person_id=person_id, at=at)
    )


def forget_tries(conn: sa.Connection, redemption_id: str) -> None:
    """Forget the tries of a redemption that was verified."""
    conn.execute(sa.delete(voucher_tries).where(voucher_tries.c.redemption_id == redemption_id))


def open_of_partner(conn: sa.Connection, partner_id: str, limit: int) -> list[Row]:
    """Return what can be verified at a partner now, soonest expiry first."""
    asked = (
        sa.select(redemptions)
        .where(redemptions.c.partner_id == partner_id, redemptions.c.state == "RESERVED")
        .order_by(redemptions.c.expires_at, redemptions.c.redemption_id)
        .limit(limit)
    )
    return records.rows(conn, asked)


def counts_of_partner(conn: sa.Connection, partner_id: str) -> dict[str, int]:
    """Return how many redemptions of a partner stand in each state."""
    asked = (
        sa.select(redemptions.c.state, sa.func.count())
        .where(redemptions.c.partner_id == partner_id)
        .group_by(redemptions.c.state)
    )
    return {row[0]: row[1] for row in conn.execute(asked)}


def refunds_waiting(conn: sa.Connection, partner_id: str) -> list[Row]:
    """Return the refund requests of a partner that nobody has decided."""
    asked = (
        sa.select(redemptions)
        .where(redemptions.c.partner_id == partner_id, redemptions.c.state == "REFUND_REVIEW")
        .order_by(redemptions.c.refund_asked_at, redemptions.c.redemption_id)
    )
    return records.rows(conn, asked)


def refunds_to_decide(conn: sa.Connection, person_id: str, role: str, area: str) -> sa.Select[Any]:
    """Return the query of the refunds that wait in an area for somebody who may decide them.

    Nobody decides for a partner in which somebody of their household has a stake, nor about
    their own; what was denied once is for the street, and there for another one. The district sees
    what nobody below has decided in time.
    """
    asked = sa.select(redemptions).where(
        redemptions.c.state == "REFUND_REVIEW",
        sa.or_(store.within(redemptions.c.area, area), store.within(redemptions.c.community, area)),
        redemptions.c.holder.not_in(sorted(household_of(conn, person_id))),
        redemptions.c.partner_id.not_in(tied_partners(conn, person_id)),
    )
    first = redemptions.c.refund_denied.is_(None)
    if role not in rules.REFUSED_REFUNDS:
        return asked.where(first)
    if role != rules.REFUSED_REFUNDS[0]:
        asked = asked.where(redemptions.c.refund_late)
    return asked.where(sa.or_(first, redemptions.c.refund_decided_by != person_id))


def satisfaction_of(conn: sa.Connection, partner_id: str) -> tuple[int, int]:
    """Return (rated, with four stars or more) of a partner, ever."""
    asked = sa.select(sa.func.count(), _sum_if(redemptions.c.stars >= 4)).where(
        redemptions.c.partner_id == partner_id, redemptions.c.stars.is_not(None)
    )
    row = conn.execute(asked).one()
    return row[0], row[1] or 0


# --------------------------------------------------------------------------------------------------
# Months


def _sum_if(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.sum(sa.case((condition, 1), else_=0))


def by_community(conn: sa.Connection, begin: datetime, end: datetime) -> dict[str, int]:
    """Return how many redemptions of [begin, end) belong to each community.

    A redemption belongs to the holder's community where it is known, else to its partner's.
    """
    place = sa.func.coalesce(redemptions.c.community, redemptions.c.area)
    asked = (
        sa.select(place, sa.func.count())
        .where(
            redemptions.c.redeemed_at >= begin,
            redemptions.c.redeemed_at < end,
            redemptions.c.state.in_(REDEEMED),
        )
        .group_by(place)
    )
    return {row[0]: row[1] for row in conn.execute(asked)}


def by_partner(conn: sa.Connection, begin: datetime, end: datetime) -> dict[str, Row]:
    """Return count, points and the value that each partner gave away in [begin, end)."""
    given = redemptions.c.face_value_fen - redemptions.c.settle_fen
    asked = (
        sa.select(
            redemptions.c.partner_id,
            sa.func.count().label("redeemed"),
            sa.func.sum(redemptions.c.points).label("points"),
            sa.func.sum(sa.case((given > 0, given), else_=0)).label("sponsor_fen"),
        )
        .where(
            redemptions.c.redeemed_at >= begin,
            redemptions.c.redeemed_at < end,
            redemptions.c.state.in_(REDEEMED),
        )
        .group_by(redemptions.c.partner_id)
    )
    return {row.partner_id: row for row in records.rows(conn, asked)}


def ratings_by_partner(
    conn: sa.Connection, begin: datetime, end: datetime
) -> dict[str, tuple[int, int]]:
    """Return (rated, satisfied) of each partner for ratings given in [begin, end)."""
    asked = (
        sa.select(redemptions.c.partner_id, sa.func.count(), _sum_if(redemptions.c.stars >= 4))
        .where(redemptions.c.rated_at >= begin, redemptions.c.rated_at < end)
        .group_by(redemptions.c.partner_id)
    )
    return {row[0]: (row[1], row[2]) for row in conn.execute(asked)}


def points_by_kind(
    conn: sa.Connection, scope: str, begin: datetime, end: datetime
) -> dict[str, int]:
    """Return the points redeemed at partners of an area in [begin, end), by kind of offer."""
    asked = (
        sa.select(redemptions.c.kind, sa.func.sum(redemptions.c.points))
        .join(partners, partners.c.partner_id == redemptions.c.partner_id)
        .where(
            redemptions.c.redeemed_at >= begin,
            redemptions.c.redeemed_at < end,
            redemptions.c.state.in_(REDEEMED),
            store.within(partners.c.area, scope),
        )
        .group_by(redemptions.c.kind)
    )
    return {row[0]: int(row[1]) for row in conn.execute(asked)}


# --------------------------------------------------------------------------------------------------
# What goes onto statements


def _to_bill(end: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        redemptions.c.state == "REDEEMED",
        redemptions.c.statement_id.is_(None),
        redemptions.c.redeemed_at < end,
        redemptions.c.points > 0,
    )


# Given back after it was paid, and not on a statement yet as a negative line.
_TO_OFFSET = sa.and_(
    redemptions.c.state == "REFUNDED",
    redemptions.c.settled_at.is_not(None),
    redemptions.c.refund_statement_id.is_(None),
    redemptions.c.refund_borne_by.is_(None),
)


def partners_to_bill(conn: sa.Connection, end: datetime) -> list[str]:
    """Return the partners of what was redeemed before `end` or given back, and is on no
    statement."""
    asked = sa.select(redemptions.c.partner_id).where(sa.or_(_to_bill(end), _TO_OFFSET)).distinct()
    return list(conn.execute(asked).scalars())


def unbilled(conn: sa.Connection, end: datetime) -> list[Row]:
    """Return what was captured, redeemed before `end`, and stands on no statement; hold it.

    A capture that was answered after its month's statement goes onto the next one.
    """
    asked = sa.select(redemptions).where(_to_bill(end)).order_by(redemptions.c.redemption_id)
    return records.rows(conn, store.lock(asked, conn, weak=True))


def refunds_to_offset(conn: sa.Connection) -> list[Row]:
    """Return what was given back after its statement was paid and is not offset yet."""
    asked = (
        sa.select(redemptions)
        .where(_TO_OFFSET)
        .order_by(redemptions.c.refunded_at, redemptions.c.redemption_id)
    )
    return records.rows(conn, store.lock(asked, conn, weak=True))


def receivable(conn: sa.Connection, partner_id: str) -> int:
    """Return the points of a partner that are captured and neither paid nor given back.

    It is never more than credit's RECEIVABLE of the partner, because a capture counts here only
    after credit has answered it.
    """
    captured = sa.case(
        (
            sa.and_(
                redemptions.c.captured_at.is_not(None),
                redemptions.c.settled_at.is_(None),
                redemptions.c.state != "REFUNDED",
            ),
            redemptions.c.points,
        ),
        # Given back after payment: it went out of the receivable a second time, until the
        # statement that takes it back is paid.
        (
            sa.and_(
                redemptions.c.state == "REFUNDED",
                redemptions.c.settled_at.is_not(None),
                redemptions.c.refund_borne_by.is_(None),
                sa.or_(statements.c.state.is_(None), statements.c.state != "PAID"),
            ),
            -redemptions.c.points,
        ),
        else_=0,
    )
    takes_back = statements.c.statement_id == redemptions.c.refund_statement_id
    asked = (
        sa.select(sa.func.sum(captured))
        .select_from(redemptions.outerjoin(statements, takes_back))
        .where(redemptions.c.partner_id == partner_id)
    )
    return int(conn.execute(asked).scalar() or 0)


def unbilled_points(conn: sa.Connection, partner_id: str) -> int:
    """Return the points of a partner that are captured and on no statement, less those that were
    given back after payment and are on none: what a statement or a refund may still use."""
    loose = sa.case(
        (
            sa.and_(
                redemptions.c.captured_at.is_not(None),
                redemptions.c.statement_id.is_(None),
                redemptions.c.state != "REFUNDED",
            ),
            redemptions.c.points,
        ),
        (_TO_OFFSET, -redemptions.c.points),
        else_=0,
    )
    asked = sa.select(sa.func.sum(loose)).where(redemptions.c.partner_id == partner_id)
    return int(conn.execute(asked).scalar() or 0)


def bill(
    conn: sa.Connection, statement_id: str, redeemed: Sequence[str], refunds: Sequence[str]
) -> None:
    """Note on redemptions the statement on which they stand."""
    for column, ids in (("statement_id", redeemed), ("refund_statement_id", refunds)):
        if ids:
            done = conn.execute(
                sa.update(redemptions)
                .where(redemptions.c.redemption_id == sa.bindparam("b_id"))
                .values({column: statement_id}),
                [{"b_id": one} for one in ids],
            )
            store.all_changed(done.rowcount, len(ids), redemptions.name)


def settle(conn: sa.Connection, statement_id: str, *, by: Actor, at: datetime) -> None:
    """Note that the redemptions of a statement are paid.

    One that is under review for a refund stays so; it knows that it is paid.
    """
    paid = sa.and_(redemptions.c.statement_id == statement_id, redemptions.c.state != "REFUNDED")
    conn.execute(
        sa.update(redemptions)
        .where(paid)
        .values(
            settled_at=at,
            state=sa.case(
                (redemptions.c.state == "REDEEMED", "SETTLED"), else_=redemptions.c.state
            ),
            version=redemptions.c.version + 1,
        )
    )
    names = ("kind", "subject", "version", "step", "state", "at", "actor", "role")
    step = sa.select(
        sa.literal("redemption"),
        redemptions.c.redemption_id,
        redemptions.c.version,
        sa.literal("settle"),
        redemptions.c.state,
        sa.literal(at, store.UtcDateTime),
        sa.literal(by.id),
        sa.literal(by.role),
    ).where(paid)
    conn.execute(history.insert().from_select(names, step))
