"""Years of the working-day calendar that this installation has loaded: one row each, in every
service's own database. The years that a release ships stand beneath them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.chassis.calendar import Calendar, Year, YearHeard
from fivered.chassis.cards import Outlook
from fivered.chassis.messages import Event
from fivered.chassis.transaction import Opened, Tx

log = logging.getLogger("fivered.calendar")

# The State Council announces a year in the November before it.
WARN_DAYS = 60

# First number of the lock that PostgreSQL knows us by; the second is the year.
_LOCK = 0x63616C


def loaded(conn: sa.Connection, table: sa.Table) -> list[store.Row]:
    """Return the rows of the years that were loaded, in order."""
    return store.rows(conn, sa.select(table).order_by(table.c.year))


def version_of(tx: Tx, year: int) -> int:
    """Return how often a year was loaded."""
    table = tx.runtime.chassis.calendar_years
    asked = sa.select(table.c.version).where(table.c.year == year)
    return int(tx.conn.execute(asked).scalar() or 0)


def loaded_at(tx: Tx, year: int) -> datetime | None:
    """Return when a year was loaded last; None for one that never was."""
    table = tx.runtime.chassis.calendar_years
    asked = sa.select(table.c.loaded_at).where(table.c.year == year)
    found: datetime | None = tx.conn.execute(asked).scalar()
    return found


def next_version(tx: Tx, year: int) -> int:
    """Return the version of a year that is loaded now; whoever loads one beside it waits."""
    if store.is_postgresql(tx.conn):
        tx.conn.execute(
            sa.text("SELECT pg_advisory_xact_lock(:class, :year)"), {"class": _LOCK, "year": year}
        )
    return version_of(tx, year) + 1


def put(tx: Tx, year: Year, version: int) -> tuple[Calendar, Calendar] | None:
    """Store a year. Returns the calendars before and after, or None when it is no news."""
    if version <= version_of(tx, year.year):
        return None
    # Another one may have stored it since this transaction first asked.
    before = tx.renew_calendar()
    table = tx.runtime.chassis.calendar_years
    values = {
        "version": version,
        "off": [day.isoformat() for day in year.off],
        "make_up": [day.isoformat() for day in year.make_up],
        "source": year.source,
        "loaded_at": tx.now,
    }
    tx.conn.execute(
        store.insert(tx.conn, table)
        .values(year=year.year, **values)
        .on_conflict_do_update(index_elements=["year"], set_=values)
    )
    after = tx.renew_calendar()
    log.info("calendar_year", extra={"service": tx.runtime.name, "year": year.year})
    return before, after


def put_heard(tx: Tx, heard: Iterable[Event]) -> list[tuple[Event, Calendar, Calendar]]:
    """Store the years that were heard. Returns those that are news, each with the calendars before
    and after."""
    news = []
    for event in heard:
        said: YearHeard = event.data
        year = Year(said.year, tuple(said.off), tuple(said.make_up), said.source)
        changed = put(tx, year, event.sequence)
        if changed is not None:
            news.append((event, *changed))
    return news


def outlook(calendar: Calendar, now: datetime) -> Outlook:
    """Tell how far the data reach, and whether that is soon."""
    until = calendar.ends_on(now)
    left = (until - calendar.local_date(now)).days
    return {"until": until.isoformat(), "days_left": left, "ends_soon": left < WARN_DAYS}


def warn(runtime: Opened) -> None:
    """Write into the log that the data end soon. Never fails: nothing depends on it."""
    try:
        card = outlook(runtime.calendar, runtime.now())
    except sa.exc.SQLAlchemyError as error:
        log.warning("calendar_not_read", extra={"service": runtime.name, "why": str(error)})
        return
    if card["ends_soon"]:
        log.warning("calendar_ends", extra={"service": runtime.name, **card})
