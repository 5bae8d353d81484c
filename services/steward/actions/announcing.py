"""What is done for people later: that they are of age, or registered at all, is told to others;
and who was registered before names could be searched is found by theirs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from fivered.chassis.bus import Due, Tx
from fivered.chassis.records import Row
from fivered.services.steward import events, rules, storage
from fivered.services.steward.storage.people import NewPerson

# How many come of age in one transaction.
_PART = 500


def born_on(tx: Tx, row: Row | NewPerson) -> date | None:
    """Return the day on which somebody was born, where it is known."""
    vault = storage.vault(tx)
    born = vault.open_or_none(row.birthday, f"{row.person_id}.birthday")
    return date.fromisoformat(born) if born else None


def await_birthdays(tx: Tx, rows: Iterable[Row | NewPerson]) -> None:
    """Await the days on which minors come of age."""
    await_days(
        tx,
        {
            rules.identity.eighteenth(born_on(tx, row), row.birth_year)
            for row in rows
            if not row.is_adult
        },
    )


def await_days(tx: Tx, days: Iterable[date | None]) -> None:
    """Arm a timer for each day: it tells that somebody comes of age then, and not who."""
    for day in sorted({day for day in days if day is not None}):
        tx.arm("COMING_OF_AGE", day.isoformat(), tx.calendar.midnight(day))


def come_of_age(tx: Tx, due: Due) -> None:
    """Say who is 18 from this day on; a large day is told in parts."""
    today = tx.calendar.local_date(tx.now)
    grown = [
        row
        for row in storage.people.minors(tx.conn, today.year - 18)
        if rules.identity.is_adult(born_on(tx, row), row.birth_year, today)
    ]
    if len(grown) > _PART:
        tx.arm(due.kind, due.ref, due.due_at)
        grown = grown[:_PART]
    if not grown:
        return
    for row in storage.people.grown(tx.conn, [row.person_id for row in grown]):
        if row.grid is not None:
            tx.publish(
                events.ResidentCameOfAge(row.person_id, row.area, row.grid),
                subject=row.person_id,
                scope=row.area,
                sequence=row.version,
            )
        else:
            publish_registered(tx, row)


def publish_registered(tx: Tx, row: Row | NewPerson) -> None:
    """Say that somebody is registered, here or elsewhere: others name people, and look them up."""
    tx.publish(
        events.PersonRegistered(row.person_id, row.is_adult),
        subject=row.person_id,
        scope=row.area,
        sequence=row.version,
    )


def tell_registered(tx: Tx, due: Due) -> None:
    """Say everybody who was registered before it was said; a large register is told in parts."""
    after = "" if due.ref == "ALL" else due.ref
    told = storage.people.registered_after(tx.conn, after, _PART)
    for row in told:
        publish_registered(tx, row)
    if len(told) == _PART:
        tx.arm(due.kind, told[-1].person_id, tx.now)


# The release before writes while this one starts: what it wrote is looked at a day later.
_AGAIN = timedelta(days=1)
FIRST, SECOND = "1", "2"


def find_by_name(tx: Tx, due: Due) -> None:
    """Let everybody be found by their name who was registered before that; in parts, and all of
    it once more a day later."""
    turn, _, after = due.ref.partition(":")
    vault = storage.vault(tx)
    rows = storage.finding.registered_after(tx.conn, after, _PART)
    storage.finding.write(
        tx.conn,
        {row.person_id: storage.finding.digests_of(vault, row) for row in rows},
    )
    if len(rows) == _PART:
        tx.arm(due.kind, f"{turn}:{rows[-1].person_id}", tx.now)
    elif turn == FIRST:
        tx.arm(due.kind, SECOND, tx.now + _AGAIN)
