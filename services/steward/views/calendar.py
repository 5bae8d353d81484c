"""Which years' working days are known, and from when on deadlines are provisional."""

from __future__ import annotations

from fivered.chassis import years
from fivered.chassis.bus import Nothing, Tx
from fivered.services.steward import replies, storage


def calendar_years(tx: Tx, _q: Nothing) -> replies.CalendarYears:
    """工作日历 / How far the working days are known.

    Answer how far the calendar reaches, the years that were loaded and those that wait.
    """
    table = tx.runtime.chassis.calendar_years
    loaded = [
        replies.CalendarYear.of(row, state="LOADED", at=row.loaded_at)
        for row in years.loaded(tx.conn, table)
    ]
    waiting = [
        replies.CalendarYear.of(row, id=row.proposal_id, at=row.proposed_at)
        for row in storage.calendar.waiting(tx.conn)
    ]
    outlook = years.outlook(tx.calendar, tx.now)
    return replies.CalendarYears(
        until=tx.calendar.ends_on(tx.now),
        days_left=outlook["days_left"],
        ends_soon=outlook["ends_soon"],
        years=sorted(tx.calendar.years),
        items=loaded + waiting,
    )
