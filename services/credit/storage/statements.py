"""What the lines of the ledger say: statements of a subject, balances as of a time, and files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.credit.storage import tables as t


def _lines(subject: str) -> store.Select:
    posting, line = t.postings.c, t.lines.c
    return (
        sa.select(
            posting.posting_id,
            posting.kind,
            posting.ref,
            posting.period,
            posting.posted_at,
            sa.func.coalesce(posting.deed_at, posting.posted_at).label("deed_at"),
            line.side,
            line.amount,
        )
        .select_from(t.lines.join(t.postings, posting.posting_id == line.posting_id))
        .where(line.owner == subject)
        .order_by(posting.posted_at, posting.posting_id, line.side)
    )


def lines_of(
    conn: sa.Connection, subject: str, *, since: datetime | None, until: datetime | None
) -> Iterator[Row]:
    """Yield the lines of a subject's accounts that were posted in [since, until), oldest first."""
    asked = _lines(subject)
    if until is not None:
        asked = asked.where(t.postings.c.posted_at < until)
    if since is not None:
        asked = asked.where(t.postings.c.posted_at >= since)
    yield from records.rows(conn, asked)


def balances_at(conn: sa.Connection, subject: str, at: datetime | None) -> dict[str, int]:
    """Return the balance of each of a subject's accounts just before a time, or now."""
    line = t.lines.c
    asked = (
        sa.select(line.side, sa.func.sum(line.amount))
        .select_from(t.lines.join(t.postings, t.postings.c.posting_id == line.posting_id))
        .where(line.owner == subject)
        .group_by(line.side)
    )
    if at is not None:
        asked = asked.where(t.postings.c.posted_at < at)
    return {str(side): int(total) for side, total in conn.execute(asked)}


def trial_balance_at(conn: sa.Connection, at: datetime | None) -> dict[str, int]:
    """Return the sum of each kind of account just before a time, or now: in one statement, so that
    what others post meanwhile is in all of it or in none."""
    line, system = t.lines.c, t.system_accounts.c
    account = sa.case((line.side == "SYSTEM", sa.literal("SYS:") + system.kind), else_=line.side)
    summed = sa.select(account.label("account"), line.amount).select_from(
        t.lines.join(t.postings, t.postings.c.posting_id == line.posting_id).outerjoin(
            t.system_accounts, system.account == line.owner
        )
    )
    if at is not None:
        summed = summed.where(t.postings.c.posted_at < at)
    part = summed.subquery().c
    rows = conn.execute(sa.select(part.account, sa.func.sum(part.amount)).group_by(part.account))
    return dict(sorted((str(one), int(two)) for one, two in rows))


# --------------------------------------------------------------------------------------------------
# Files that were asked for


def add_export(conn: sa.Connection, row: Mapping[str, object]) -> None:
    """Store that a file was asked for."""
    conn.execute(sa.insert(t.exports).values(**row))


def export(conn: sa.Connection, export_id: str, *, lock: bool = False) -> Row | None:
    """Return what is known of a file, or None."""
    return records.find(conn, t.exports, export_id, lock=lock)


def change_export(conn: sa.Connection, export_id: str, **values: object) -> None:
    """Change columns of a file that was asked for."""
    conn.execute(
        sa.update(t.exports)
        .where(t.exports.c.export_id == export_id)
        .values(**values, version=t.exports.c.version + 1)
    )
