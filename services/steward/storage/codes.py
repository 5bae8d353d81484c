"""Codes that were asked for to sign in, and how often."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.records import Row
from fivered.services.steward.rules.codes import Asked
from fivered.services.steward.storage.tables import code_limits, persons, phone_codes

# What was handed to the sender, or may have been.
_WENT = ("WAITING", "SENT", "FAILED")


def real_now() -> datetime:
    """Return the time now: codes and limits do not follow the clock of a demonstration."""
    return datetime.now(UTC)


def asked_before(conn: sa.Connection, subject: str, now: datetime) -> Asked | None:
    """Return how often somebody has asked, and hold that until the transaction ends; None for who
    never has."""
    first = {"subject": subject, "asked": 0, "since": now, "last_at": now}
    if records.add_missing(conn, code_limits, [first]):
        return None
    row = records.find(conn, code_limits, subject, lock=True)
    return None if row is None else Asked(row.asked, row.since, row.last_at)


def write_asked(conn: sa.Connection, subject: str, asked: Asked) -> None:
    """Keep how often somebody has asked."""
    conn.execute(
        sa.update(code_limits)
        .where(code_limits.c.subject == subject)
        .values(asked=asked.asked, since=asked.since, last_at=asked.last_at)
    )


def living_with(conn: sa.Connection, phone_hmac: str) -> list[Row]:
    """Return who is registered with a phone and lives, three at most, and hold them."""
    asked = sa.select(persons).where(
        persons.c.phone_hmac == phone_hmac,
        persons.c.status == "ACTIVE",
        persons.c.merged_into.is_(None),
    )
    # Held: whoever changes the phone meanwhile waits, and then knows of the code that is made.
    conn.execute(asked.with_for_update(key_share=True))
    return records.rows(conn, asked.limit(3))


def open_codes(conn: sa.Connection, person_id: str) -> list[str]:
    """Return the codes of a person that identity was told of, and that are good still."""
    asked = sa.select(phone_codes.c.code_id).where(
        phone_codes.c.person_id == person_id,
        phone_codes.c.state.in_(_WENT),
        phone_codes.c.until > real_now(),
    )
    return list(conn.execute(asked.order_by(phone_codes.c.code_id)).scalars())


def change(conn: sa.Connection, code_id: str, **values: object) -> None:
    """Change the row of a code."""
    conn.execute(sa.update(phone_codes).where(phone_codes.c.code_id == code_id).values(**values))


def listed(conn: sa.Connection, state: str | None, part: records.PartOfList) -> records.Page:
    """Return codes that were asked for, newest first."""
    asked = sa.select(phone_codes)
    if state is not None:
        asked = asked.where(phone_codes.c.state == state)
    order = (phone_codes.c.asked_at, phone_codes.c.code_id)
    return records.page(conn, asked, part, order, newest_first=True)


def went_since(conn: sa.Connection, since: datetime, person_id: str | None = None) -> int:
    """Return how many codes went to the sender since an instant, of one person or of all."""
    asked = sa.select(sa.func.count()).where(
        phone_codes.c.state.in_(_WENT), phone_codes.c.asked_at > since
    )
    if person_id is not None:
        asked = asked.where(phone_codes.c.person_id == person_id)
    return int(conn.execute(asked).scalar_one())
