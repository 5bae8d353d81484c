"""What is deleted when its time is over: who read what of whom, and how often numbers were shown.

A person reads for three years who looked at him (REQ-L08). How many numbers somebody was shown on a
day limits that day only.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from services.steward.storage import retention as store

if TYPE_CHECKING:
    from chassis.bus import Due, Job, Tx

YEARS = 3
DAYS = 31
# So many rows are deleted in one transaction.
ROWS = 5000


def on_due(tx: Tx, _due: Due) -> None:
    """Start a sweep where there is something to delete."""
    if store.is_any(tx.conn, *_bounds(tx)):
        tx.start_job("sweep", {})


def _bounds(tx: Tx) -> tuple[datetime, Any]:
    """Return the first instant whose reads, and the first day whose counts are kept."""
    first = tx.calendar.local_date(tx.now).replace(day=1)
    reads = tx.calendar.midnight(first.replace(year=first.year - YEARS))
    return reads, tx.calendar.local_date(tx.now) - timedelta(days=DAYS)


def run(job: Job) -> dict[str, Any]:
    """Delete in many small transactions."""
    return job.repeat({"reads": 0, "counts": 0}, _drop)


def _drop(tx: Tx, saved: dict[str, Any]) -> bool:
    reads, counts = store.drop(tx.conn, *_bounds(tx), ROWS)
    saved["reads"] += reads
    saved["counts"] += counts
    return reads == ROWS
