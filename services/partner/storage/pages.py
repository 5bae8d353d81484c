"""Lists in pages: a stable order (created_at, id) and an opaque cursor."""

import base64
import binascii
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from chassis.bus import Tx
from chassis.calendar import instant
from chassis.refusal import Invalid, said

MOST = 200


def page(
    tx: Tx, asked: sa.Select[Any], table: sa.Table, *, limit: int, cursor: str | None
) -> tuple[list[Any], str | None]:
    """Run a query for one page.

    Args:
        tx: The snapshot.
        asked: A query whose rows hold `created_at` and the primary key of `table`.
        table: The table whose order counts.
        limit: 1 to 200.
        cursor: What the page before gave, or None.

    Returns:
        The rows and the cursor of the next page, or None.

    Raises:
        Invalid: The limit or the cursor is wrong.
    """
    if not 1 <= limit <= MOST:
        raise Invalid(field="limit", reason=said("limit 应在 1 至 {most} 之间", most=MOST))
    at, key = table.c.created_at, next(iter(table.primary_key.columns))
    if cursor:
        after, identity = _read(cursor)
        asked = asked.where(sa.or_(at > after, sa.and_(at == after, key > identity)))
    rows = list(tx.conn.execute(asked.order_by(at, key).limit(limit + 1)))
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], _write(last.created_at, getattr(last, key.name))


def _write(at: datetime, identity: str) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{identity}".encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[datetime, str]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        at, _, identity = text.partition("|")
        after = instant(at)
    except (ValueError, binascii.Error) as error:
        raise Invalid(field="cursor", reason="cursor 无效") from error
    return after, identity
