"""What the lines of the ledger say: statements of a subject, balances as of a time, and files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from chassis import storage as store
from services.credit.storage import tables as t


def _lines(subject: str) -> sa.Select[Any]:
    posting, line = t.postings.c, t.lines.c
    return (
        sa.select(
            posting.posting_id,
            posting.kind,
            posting.ref,
            posting.period,
            posting.posted_at,
            line.side,
            line.amount,
        )
        .select_from(t.lines.join(t.postings, posting.posting_id == line.posting_id))
        .where(line.owner == subject)
        .order_by(posting.posted_at, posting.posting_id, line.side)
    )


def lines_of(
    conn: sa.Connection, subject: str, *, since: datetime | None, until: datetime
) -> Iterator[Any]:
    """Yield the lines of a subject's accounts that were posted in [since, until), oldest first."""
    asked = _lines(subject).where(t.postings.c.posted_at < until)
    if since is not None:
        asked = asked.where(t.postings.c.posted_at >= since)
    yield from conn.execute(asked)


def balances_at(conn: sa.Connection, subject: str, at: datetime) -> dict[str, int]:
    """Return the balance of each of a subject's accounts just before a time."""
    line = t.lines.c
    asked = (
        sa.select(line.side, sa.func.sum(line.amount))
        .select_from(t.lines.join(t.postings, t.postings.c.posting_id == line.posting_id))
        .where(line.owner == subject, t.postings.c.posted_at < at)
        .group_by(line.side)
    )
    return {str(side): int(total) for side, total in conn.execute(asked)}


def trial_balance_at(conn: sa.Connection, at: datetime) -> dict[str, int]:
    """Return the sum of each kind of account just before a time."""
    line = t.lines.c
    joined = t.lines.join(t.postings, t.postings.c.posting_id == line.posting_id)
    before = t.postings.c.posted_at < at
    rows = conn.execute(
        sa.select(line.side, sa.func.sum(line.amount))
        .select_from(joined)
        .where(line.side != "SYSTEM", before)
        .group_by(line.side)
    )
    found = {str(side): int(total) for side, total in rows}
    system = conn.execute(
        sa.select(t.system_accounts.c.kind, sa.func.sum(line.amount))
        .select_from(joined.join(t.system_accounts, t.system_accounts.c.account == line.owner))
        .where(line.side == "SYSTEM", before)
        .group_by(t.system_accounts.c.kind)
    )
    return dict(sorted((found | {f"SYS:{kind}": int(total) for kind, total in system}).items()))


# --------------------------------------------------------------------------------------------------
# Files that were asked for


def add_export(conn: sa.Connection, row: Mapping[str, Any]) -> None:
    """Store that a file was asked for."""
    conn.execute(sa.insert(t.exports).values(**row))


def export(conn: sa.Connection, export_id: str, *, lock: bool = False) -> Any:
    """Return what is known of a file, or None."""
    asked = sa.select(t.exports).where(t.exports.c.export_id == export_id)
    return conn.execute(store.lock(asked, conn) if lock else asked).first()


def change_export(conn: sa.Connection, export_id: str, **values: Any) -> None:
    """Change columns of a file that was asked for."""
    conn.execute(
        sa.update(t.exports)
        .where(t.exports.c.export_id == export_id)
        .values(**values, version=t.exports.c.version + 1)
    )
