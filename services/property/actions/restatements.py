"""The log of what changed after a month was frozen: who, when, from what to what, and why."""

from __future__ import annotations

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.services.property.storage import months, tables
from fivered.services.property.storage.rows import Row


def of_complaint(tx: Tx, row: Row, *, counts: bool) -> None:
    """Write down that a complaint of a frozen month counts now, or counts no more.

    Its row stands as it is now. Months that are not frozen yet have nothing to restate.
    """
    month = months.frozen_month(tx.conn, row.project_id, row.period)
    if month is None:
        return
    begin, end = tx.calendar.month_bounds(row.period)
    live = months.live_complaints(tx.conn, begin=begin, end=end, project_id=row.project_id)
    after = live.get((row.project_id, row.period), 0)
    if month.source == "IMPORTED":
        after += month.complaints - month.invalidated
    write(
        tx,
        month,
        kind="COMPLAINT_COUNTED" if counts else "COMPLAINT_INVALIDATED",
        before=after - 1 if counts else after + 1,
        after=after,
        reason=row.reason,
        complaint_id=row.complaint_id,
    )


def write(
    tx: Tx,
    month: Row,
    *,
    kind: str,
    before: int,
    after: int,
    reason: str | None,
    complaint_id: str | None = None,
) -> None:
    """Write one line of the log. The frozen figure stays as it is."""
    records.add(
        tx.conn,
        tables.restatements,
        restatement_id=tx.new_id("rst"),
        project_id=month.project_id,
        period=month.period,
        kind=kind,
        before=before,
        after=after,
        frozen=month.complaints,
        reason=reason,
        complaint_id=complaint_id,
        restated_by=tx.actor.id,
        role=tx.actor.role,
        area=month.area,
        created_at=tx.now,
    )
