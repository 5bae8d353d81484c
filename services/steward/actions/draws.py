"""Closed cases are drawn to be called about."""

from __future__ import annotations

from fivered.chassis.bus import Tx
from fivered.chassis.records import Row
from fivered.services.steward import rules, storage


def of_closed(tx: Tx, row: Row) -> None:
    """Draw a case that was just closed, where there is somebody to call."""
    why = rules.return_visits.reason(row.request_id, row.stars, tx.settings.return_visit_percent)
    if why is None or row.found_by is not None or row.outcome is None:
        return
    if row.reporter_id is None and storage.desk.caller(tx.conn, row.request_id) is None:
        return
    storage.return_visits.draw(
        tx.conn,
        return_visit_id=tx.new_id("rvt"),
        request_id=row.request_id,
        area=row.area,
        grid=row.grid,
        reason=why,
        state="OPEN",
        reopened=False,
        tries=0,
        drawn_at=tx.now,
        due_at=tx.calendar.due(tx.now, rules.return_visits.WORKING_DAYS),
        version=1,
    )
