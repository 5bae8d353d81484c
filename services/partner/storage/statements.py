"""Statements, their lines, and the money fund."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.partner.rules.statements import Line
from fivered.services.partner.storage.tables import funds, redemptions, statement_lines, statements

# States in which a statement's amount is promised or paid out of its fund.
BOUND = ("CONFIRMED", "PAID")


def add_lines(
    conn: sa.Connection, statement_id: str, lines: Sequence[Line], *, first: int = 1
) -> None:
    """Add lines to a statement."""
    records.add_all(
        conn,
        statement_lines,
        [
            {
                "statement_id": statement_id,
                "line_no": number,
                "redemption_id": line.redemption_id,
                "kind": line.kind,
                "points": line.points,
                "amount_fen": line.amount_fen,
                "redeemed_at": line.redeemed_at,
            }
            for number, line in enumerate(lines, first)
        ],
    )


def lines_of(conn: sa.Connection, statement_id: str) -> list[Row]:
    """Return the lines of a statement in their order."""
    asked = (
        sa.select(statement_lines)
        .where(statement_lines.c.statement_id == statement_id)
        .order_by(statement_lines.c.line_no)
    )
    return records.rows(conn, asked)


def worth_of(conn: sa.Connection, redemption_ids: Iterable[str]) -> dict[str, int]:
    """Return what was agreed to be the most that each redemption is worth (fen): its price in the
    shop, or what is settled for it where that is more."""
    face, settle = redemptions.c.face_value_fen, redemptions.c.settle_fen
    asked = sa.select(
        redemptions.c.redemption_id, sa.case((face > settle, face), else_=settle)
    ).where(redemptions.c.redemption_id.in_(list(redemption_ids)))
    return {row[0]: int(row[1]) for row in conn.execute(asked)}


def amounts_paid(conn: sa.Connection, redemption_ids: Iterable[str]) -> dict[str, int]:
    """Return what statements pay (fen) for redemptions, which a review may have adjusted."""
    asked = sa.select(statement_lines.c.redemption_id, statement_lines.c.amount_fen).where(
        statement_lines.c.kind == "REDEEMED",
        statement_lines.c.redemption_id.in_(list(redemption_ids)),
    )
    return {row[0]: int(row[1]) for row in conn.execute(asked)}


def set_line_amount(conn: sa.Connection, statement_id: str, line_no: int, amount_fen: int) -> None:
    """Change the money of one line; its points are the ledger's and never change."""
    done = conn.execute(
        sa.update(statement_lines)
        .where(statement_lines.c.statement_id == statement_id, statement_lines.c.line_no == line_no)
        .values(amount_fen=amount_fen)
    )
    store.all_changed(done.rowcount, 1, statement_lines.name)


def issued_for(conn: sa.Connection, period: str) -> set[str]:
    """Return the partners that have a statement for a month already."""
    asked = sa.select(statements.c.partner_id).where(statements.c.period == period)
    return set(conn.execute(asked).scalars())


def statements_of(conn: sa.Connection, partner_id: str, limit: int) -> list[Row]:
    """Return the newest statements of a partner."""
    asked = (
        sa.select(statements)
        .where(statements.c.partner_id == partner_id)
        .order_by(statements.c.period.desc())
        .limit(limit)
    )
    return records.rows(conn, asked)


def lock_unpaid_of(conn: sa.Connection, partner_id: str) -> list[Row]:
    """Return the statements of a partner that are not paid, oldest month first; hold them."""
    asked = (
        sa.select(statements)
        .where(statements.c.partner_id == partner_id, statements.c.state != "PAID")
        .order_by(statements.c.period)
    )
    return records.rows(conn, store.lock(asked, conn, weak=True))


def fund_for(conn: sa.Connection, area: str, period: str, *, hold: bool) -> Row | None:
    """Return the fund that pays for an area in a month: its own, else the next wider one.

    Args:
        conn: The transaction.
        area: The partner's area.
        period: The statement's month.
        hold: True to hold its row, so that two statements cannot both take the last money.
    """
    wider = [area[:n] for n in (6, 9, 12) if n <= len(area)]
    asked = (
        sa.select(funds)
        .where(funds.c.area.in_(wider), funds.c.period == period)
        .order_by(sa.func.length(funds.c.area).desc())
        .limit(1)
    )
    return records.first(conn, store.lock(asked, conn, weak=True) if hold else asked)


def fund_at(conn: sa.Connection, area: str, period: str, *, hold: bool) -> Row | None:
    """Return the fund of exactly this area and month, or None."""
    asked = sa.select(funds).where(funds.c.area == area, funds.c.period == period)
    return records.first(conn, store.lock(asked, conn, weak=True) if hold else asked)


def bound_fen(conn: sa.Connection, fund_id: str) -> dict[str, int]:
    """Return what is promised (CONFIRMED) and paid (PAID) out of a fund."""
    asked = (
        sa.select(statements.c.state, sa.func.sum(statements.c.amount_fen))
        .where(statements.c.fund_id == fund_id, statements.c.state.in_(BOUND))
        .group_by(statements.c.state)
    )
    found = {row[0]: int(row[1]) for row in conn.execute(asked)}
    return {state: found.get(state, 0) for state in BOUND}


def held_under(conn: sa.Connection, area: str, period: str) -> list[Row]:
    """Return the statements of an area and month that wait for money, oldest promise first."""
    asked = (
        sa.select(statements)
        .where(
            statements.c.state == "HELD",
            statements.c.period == period,
            store.within(statements.c.area, area),
        )
        .order_by(statements.c.confirmed_at, statements.c.statement_id)
    )
    return records.rows(conn, store.lock(asked, conn, weak=True))
