"""Versions of the notice that is read before consenting, and which of them is in force."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.records import Row
from fivered.services.credit.storage import tables as t

if TYPE_CHECKING:
    from fivered.chassis.bus import Tx


@dataclass(frozen=True, slots=True)
class Known:
    """Which versions of the notice there are on a day.

    Attributes:
        current: The version under which consents are given.
        former: Those under which they were given before.
        published: Whether the district has published any.
    """

    current: str
    former: frozenset[str]
    published: bool


def known(tx: Tx) -> Known:
    """Return which versions there are today. Until the first one that the district has published
    begins, the version of the setting is in force."""
    today = tx.calendar.local_date(tx.now)
    rows = records.rows(tx.conn, _PUBLISHED)
    begun = [tx.settings.notice_version]
    begun += [row.notice_version for row in rows if row.effective_from <= today]
    current = begun[-1]
    return Known(current, frozenset(begun) - {current}, published=bool(rows))


# Of two that begin on one day the one that was published later counts.
_PUBLISHED = (
    sa.select(t.consent_notices.c.notice_version, t.consent_notices.c.effective_from)
    .where(t.consent_notices.c.state == "PUBLISHED")
    .order_by(
        t.consent_notices.c.effective_from,
        t.consent_notices.c.decided_at,
        t.consent_notices.c.consent_notice_id,
    )
)


def add(conn: sa.Connection, **values: object) -> Row | None:
    """Store a proposed version and return it; None where its number is taken."""
    return records.add_new(conn, t.consent_notices, version=1, **values)


def locked(conn: sa.Connection, consent_notice_id: str) -> Row | None:
    """Return a version and hold it until the transaction ends, or None."""
    return records.find(conn, t.consent_notices, consent_notice_id, lock=True)


def change(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change columns of a version that the caller has locked, and return it as it is then."""
    return records.update(conn, t.consent_notices, row, **values)


def by_key(conn: sa.Connection, key: str) -> Row | None:
    """Return a version by its id, or by its number unless it was rejected; or None."""
    row = t.consent_notices.c
    numbered = sa.and_(row.notice_version == key, row.state != "REJECTED")
    asked = sa.select(t.consent_notices).where(sa.or_(row.consent_notice_id == key, numbered))
    return records.first(conn, asked)


def page(
    conn: sa.Connection, *, area: str, state: str | None, part: records.PartOfList
) -> records.Page:
    """Return what is published, and of one's own district what is not; the newest first.

    Args:
        conn: The transaction.
        area: The district, "" for who works for none.
        state: Only these.
        part: Which part of the list.
    """
    row = t.consent_notices.c
    asked = sa.select(t.consent_notices).where(sa.or_(row.state == "PUBLISHED", row.area == area))
    if state:
        asked = asked.where(row.state == state)
    return records.page(
        conn, asked, part, (row.proposed_at, row.consent_notice_id), newest_first=True
    )
