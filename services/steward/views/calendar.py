"""Which years' working days are known, and from when on deadlines are provisional."""

from __future__ import annotations

from typing import Any

from chassis import years
from chassis.bus import Nothing, Tx
from services.steward import storage


def calendar_years(tx: Tx, _q: Nothing) -> dict[str, Any]:
    """工作日历 / How far the working days are known.

    Answer how far the calendar reaches, the years that were loaded and those that wait.
    """
    table = tx.runtime.chassis.calendar_years
    loaded = [
        {
            "year": row.year,
            "state": "LOADED",
            "off": row.off,
            "make_up": row.make_up,
            "source": row.source,
            "version": row.version,
            "at": row.loaded_at.isoformat(),
        }
        for row in years.loaded(tx.conn, table)
    ]
    waiting = [
        {
            "id": row.proposal_id,
            "year": row.year,
            "state": row.state,
            "off": row.off,
            "make_up": row.make_up,
            "source": row.source,
            "version": row.version,
            "at": row.proposed_at.isoformat(),
        }
        for row in storage.calendar.waiting(tx.conn)
    ]
    return {
        **years.outlook(tx.calendar, tx.now),
        "years": sorted(tx.calendar.years),
        "items": loaded + waiting,
    }
