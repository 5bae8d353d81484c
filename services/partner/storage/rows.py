"""What every table's statements have in common: locking one row, changing it, its history."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from chassis import storage as store
from chassis.bus import Tx
from chassis.refusal import NotFound
from services.partner.storage.tables import history, numbers


def held(query: sa.Select[Any], tx: Tx) -> sa.Select[Any]:
    """Hold the rows of a query until the transaction ends; SQLite has one writer anyway.

    Keys never change here, so the lock lets other transactions insert rows that refer to these:
    otherwise a request (offer, then a reference to the partner) and a suspension (partner, then
    its offers) would wait for each other.
    """
    return query.with_for_update(key_share=True) if tx.dialect == "postgresql" else query


def find(tx: Tx, table: sa.Table, identity: str) -> Any:
    """Return the row with this primary key, or None."""
    key = next(iter(table.primary_key.columns))
    return tx.conn.execute(sa.select(table).where(key == identity)).first()


def present(tx: Tx, table: sa.Table, identities: Sequence[str]) -> set[str]:
    """Return which of the primary keys are there."""
    key = next(iter(table.primary_key.columns))
    return set(tx.conn.execute(sa.select(key).where(key.in_(identities))).scalars())


def get(tx: Tx, table: sa.Table, identity: str) -> Any:
    """Return the row with this primary key.

    Raises:
        NotFound: There is none.
    """
    row = find(tx, table, identity)
    if row is None:
        raise NotFound(kind=table.name.removesuffix("s"), id=identity)
    return row


def lock(tx: Tx, table: sa.Table, identity: str) -> Any:
    """Return the row with this primary key and hold it until the transaction ends.

    Raises:
        NotFound: There is none.
    """
    key = next(iter(table.primary_key.columns))
    row = tx.conn.execute(held(sa.select(table).where(key == identity), tx)).first()
    if row is None:
        raise NotFound(kind=table.name.removesuffix("s"), id=identity)
    return row


def change(tx: Tx, table: sa.Table, row: Any, **values: Any) -> int:
    """Change a row that the caller has locked, and return its new version."""
    key = next(iter(table.primary_key.columns))
    version: int = row.version + 1
    done = tx.conn.execute(
        sa.update(table).where(key == getattr(row, key.name)).values(version=version, **values)
    )
    store.all_changed(done.rowcount, 1, table.name)
    return version


def remember(  # noqa: PLR0917  the columns of a step, in their order
    tx: Tx, kind: str, subject: str, version: int, step: str, state: str, note: str | None = None
) -> None:
    """Write one step into the history."""
    remember_all(tx, [entry(tx, kind, subject, version, step, state, note)])


def entry(  # noqa: PLR0917  the columns of a step, in their order
    tx: Tx, kind: str, subject: str, version: int, step: str, state: str, note: str | None = None
) -> dict[str, Any]:
    """Return one step of a history, to be written with others."""
    return {
        "kind": kind,
        "subject": subject,
        "version": version,
        "step": step,
        "state": state,
        "at": tx.now,
        "actor": tx.actor.id,
        "role": tx.actor.role,
        "note": note,
    }


def remember_all(tx: Tx, entries: Sequence[dict[str, Any]]) -> None:
    """Write steps into the history."""
    if entries:
        tx.conn.execute(history.insert(), list(entries))


def history_of(tx: Tx, kind: str, subject: str) -> list[dict[str, Any]]:
    """Return the steps of one thing, oldest first."""
    asked = (
        sa.select(history.c.step, history.c.state, history.c.at, history.c.role, history.c.note)
        .where(history.c.kind == kind, history.c.subject == subject)
        .order_by(history.c.id)
    )
    return [dict(row) for row in tx.conn.execute(asked).mappings()]


def next_number(tx: Tx, prefix: str, area: str, now: datetime) -> str:
    """Return the next human number, e.g. DH-20250305-015901-00001.

    Args:
        tx: The transaction; the series' row is held until its end.
        prefix: Two letters.
        area: Unpadded code; its last six digits of twelve are used.
        now: Its local date is used.
    """
    day = tx.calendar.local_date(now).strftime("%Y%m%d")
    series = f"{prefix}-{day}-{area.ljust(12, '0')[6:12]}"
    statement = store.insert(tx.conn, numbers).values(series=series, last=1)
    last = tx.conn.execute(
        statement.on_conflict_do_update(
            index_elements=["series"], set_={"last": numbers.c.last + 1}
        ).returning(numbers.c.last)
    ).scalar()
    return f"{series}-{last:05d}"
