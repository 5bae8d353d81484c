"""Sessions, refresh tokens, what gateways must know at once, and signing keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.records import Row
from fivered.services.identity.storage import grants
from fivered.services.identity.storage.tables import (
    accounts,
    endings,
    operator_tokens,
    refresh_tokens,
    sessions,
    signing_keys,
)

# Until then every gateway has asked for a new key: they ask every few seconds.
HEARD_AFTER = timedelta(seconds=60)


def open_sessions(conn: sa.Connection, account_id: str, at: datetime) -> list[Row]:
    """Return the sessions of an account that have not ended, newest first."""
    asked = sa.select(sessions).where(
        sessions.c.account_id == account_id,
        sessions.c.ended_at.is_(None),
        sessions.c.ends_at > at,
    )
    return records.rows(conn, asked.order_by(sessions.c.began_at.desc(), sessions.c.session_id))


def has_any(conn: sa.Connection, account_id: str) -> bool:
    """Tell whether an account was ever signed in to, as far as it is kept."""
    asked = sa.select(sessions.c.session_id).where(sessions.c.account_id == account_id).limit(1)
    return records.first(conn, asked) is not None


def longest(tx: Tx, account: Row) -> timedelta:
    """Return how long a session of an account may last now: one of staff is shorter."""
    lasts: timedelta = tx.settings.longest(staff=grants.is_staff(tx.conn, account, tx.now))
    return lasts


def ends_at(session: Row, longest: timedelta) -> datetime:
    """Return when a session ends that may last so long now: a right of staff may have begun since,
    or ended."""
    ends: datetime = session.ends_at
    began: datetime = session.began_at
    return min(ends, began + longest)


def end(
    conn: sa.Connection, at: datetime, why: str, *conditions: sa.ColumnElement[bool]
) -> list[str]:
    """End sessions that have not ended, and let gateways know. Returns their ids."""
    ended = (
        conn.execute(
            sa.update(sessions)
            .where(sessions.c.ended_at.is_(None), *conditions)
            .values(ended_at=at, ended_why=why)
            .returning(sessions.c.session_id)
        )
        .scalars()
        .all()
    )
    rows = [{"kind": "SESSION", "ref": one, "generation": 0, "at": at} for one in ended]
    records.add_all(conn, endings, rows)
    return list(ended)


def end_of_account(
    conn: sa.Connection, account_id: str, at: datetime, why: str, *, but: str = ""
) -> list[str]:
    """End an account's sessions, but for one."""
    return end(conn, at, why, sessions.c.account_id == account_id, sessions.c.session_id != but)


def end_by_phone(conn: sa.Connection, person_id: str, at: datetime) -> list[str]:
    """End the sessions of a person that began by a code on the phone."""
    return end(conn, at, "PHONE", sessions.c.person_id == person_id, sessions.c.by_phone)


def end_one(conn: sa.Connection, session_id: str, at: datetime, why: str) -> list[str]:
    """End a session."""
    return end(conn, at, why, sessions.c.session_id == session_id)


def add_token(
    conn: sa.Connection, session_id: str, digest: str, at: datetime, parent: str | None
) -> None:
    """Note a refresh token of a session, and with which it was asked for."""
    records.add(
        conn, refresh_tokens, digest=digest, session_id=session_id, parent=parent, made_at=at,
        void=False,
    )  # fmt: skip


def void_children(conn: sa.Connection, digest: str) -> None:
    """Let no token count that was asked for with this one: it is asked with it again."""
    conn.execute(
        sa.update(refresh_tokens).where(refresh_tokens.c.parent == digest).values(void=True)
    )


def prove(conn: sa.Connection, session_id: str) -> None:
    """Note that a session's person has shown a code of the authenticator."""
    conn.execute(sa.update(sessions).where(sessions.c.session_id == session_id).values(proven=True))


def token(conn: sa.Connection, digest: str) -> Row | None:
    """Return a refresh token and hold it, or None."""
    asked = sa.select(refresh_tokens).where(refresh_tokens.c.digest == digest)
    return records.first(conn, asked.with_for_update())


def use_token(conn: sa.Connection, digest: str, at: datetime) -> None:
    """Note that a refresh token was used; the first time stays."""
    conn.execute(
        sa.update(refresh_tokens)
        .where(refresh_tokens.c.digest == digest, refresh_tokens.c.used_at.is_(None))
        .values(used_at=at)
    )


def has_used_child(conn: sa.Connection, digest: str) -> bool:
    """Tell whether a token that was asked for with this one was used already."""
    asked = sa.select(sa.literal(1)).where(
        refresh_tokens.c.parent == digest, refresh_tokens.c.used_at.is_not(None)
    )
    return conn.execute(asked.limit(1)).first() is not None


def lose_rights(conn: sa.Connection, held: Sequence[Row], at: datetime) -> None:
    """Let tokens count no more that some accounts bear: a right of theirs has ended.

    Args:
        conn: The transaction.
        held: Rows of accounts, held.
        at: Real time.
    """
    conn.execute(
        sa.update(accounts)
        .where(accounts.c.account_id.in_([row.account_id for row in held]))
        .values(generation=accounts.c.generation + 1)
    )
    rows = [
        {"kind": "PERSON", "ref": row.person_id, "generation": row.generation + 1, "at": at}
        for row in held
    ]
    records.add_all(conn, endings, rows)


def endings_since(conn: sa.Connection, at: datetime) -> list[Row]:
    """Return what ended since then, oldest first."""
    asked = sa.select(endings).where(endings.c.at >= at).order_by(endings.c.id)
    return records.rows(conn, asked)


def end_operator_token(conn: sa.Connection, token_id: str, at: datetime, by: str) -> None:
    """Note that an operator has ended a token; the first time stays."""
    conn.execute(
        sa.update(operator_tokens)
        .where(operator_tokens.c.token_id == token_id, operator_tokens.c.ended_at.is_(None))
        .values(ended_at=at, ended_by=by)
    )


def tokens_ended(conn: sa.Connection, at: datetime) -> list[Row]:
    """Return tokens of operators that were ended, and would count still."""
    asked = sa.select(operator_tokens.c.token_id).where(
        operator_tokens.c.ended_at.is_not(None), operator_tokens.c.until > at
    )
    return records.rows(conn, asked.order_by(operator_tokens.c.token_id))


def sweep(conn: sa.Connection, before: datetime, told_before: datetime) -> None:
    """Forget sessions that ended long ago, and endings that every gateway knows."""
    conn.execute(sa.delete(endings).where(endings.c.at < told_before))
    old = sa.select(sessions.c.session_id).where(
        sa.or_(sessions.c.ended_at < before, sessions.c.ends_at < before)
    )
    conn.execute(sa.delete(refresh_tokens).where(refresh_tokens.c.session_id.in_(old)))
    conn.execute(
        sa.delete(sessions).where(sa.or_(sessions.c.ended_at < before, sessions.c.ends_at < before))
    )


def keys(conn: sa.Connection) -> list[Row]:
    """Return the signing keys, newest first."""
    return records.rows(conn, sa.select(signing_keys).order_by(signing_keys.c.signs_from.desc()))


def verifying(conn: sa.Connection, now: datetime, longest: timedelta) -> list[Row]:
    """Return the keys that verify tokens: those that sign, or will, or did until lately.

    Args:
        conn: The transaction.
        now: Real time.
        longest: How long a token is good.
    """
    found = []
    for row in keys(conn):
        found.append(row)
        if row.signs_from <= now - longest - HEARD_AFTER:
            break  # it has signed for so long that no token of an older one counts any more
    return found


def drop_keys(conn: sa.Connection, key_ids: Iterable[str]) -> None:
    """Forget signing keys of which no token counts any more."""
    conn.execute(sa.delete(signing_keys).where(signing_keys.c.key_id.in_(sorted(key_ids))))
