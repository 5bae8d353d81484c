"""Service accounts of other systems, and their secrets."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.records import Row
from fivered.services.identity.storage.tables import endings, service_accounts, service_secrets


def counting(conn: sa.Connection, account_id: str, at: datetime) -> list[Row]:
    """Return an account's secrets that count, newest first."""
    asked = sa.select(service_secrets).where(
        service_secrets.c.service_account_id == account_id,
        sa.or_(service_secrets.c.until.is_(None), service_secrets.c.until > at),
    )
    return records.rows(conn, asked.order_by(service_secrets.c.until.is_(None).desc()))


def replace_secret(
    conn: sa.Connection, account_id: str, *, until: datetime, again: bool, **secret: object
) -> None:
    """Add a secret; the present one counts until then, those before it no more.

    Args:
        conn: The transaction.
        account_id: Whose.
        until: How long the present one counts beside it.
        again: The answer to this call was lost: the present one was made by it, and goes.
        secret: The new one.
    """
    own = service_secrets.c.service_account_id == account_id
    if again:
        conn.execute(sa.delete(service_secrets).where(own, service_secrets.c.until.is_(None)))
        records.add(conn, service_secrets, service_account_id=account_id, **secret)
        return
    conn.execute(sa.delete(service_secrets).where(own, service_secrets.c.until.is_not(None)))
    conn.execute(sa.update(service_secrets).where(own).values(until=until))
    records.add(conn, service_secrets, service_account_id=account_id, **secret)


def end_secrets(conn: sa.Connection, account_id: str, at: datetime) -> None:
    """Let no secret of an account count any more, and no token: gateways are told."""
    conn.execute(
        sa.delete(service_secrets).where(service_secrets.c.service_account_id == account_id)
    )
    records.add_all(
        conn, endings, [{"kind": "SESSION", "ref": account_id, "generation": 0, "at": at}]
    )


def used(conn: sa.Connection, account_id: str, at: datetime) -> None:
    """Note that an account was given a token."""
    conn.execute(
        sa.update(service_accounts)
        .where(service_accounts.c.service_account_id == account_id)
        .values(last_used_at=at)
    )
