"""What is deleted when its time is over: what was written in requests, who read what of whom, and
how often numbers were shown.

Three years after its last step a request keeps its codes, ids and times only, for the figures; what
people wrote, their pictures and references go (REQ-L08), and with them the number of a caller who
is not registered. A person reads for three years who looked. How many numbers somebody was
shown on a day limits that day only.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fivered.services.steward import storage
from fivered.services.steward.storage import retention as store

if TYPE_CHECKING:
    from fivered.chassis.bus import Due, Job, Tx

YEARS = 3
DAYS = 31
# So many rows are deleted in one transaction.
ROWS = 5000
# And the texts of so many requests.
TEXTS = 500


def on_due(tx: Tx, _due: Due) -> None:
    """Start a sweep where there is something to delete."""
    if store.is_any(tx.conn, *_bounds(tx)):
        tx.start_job("sweep", {})


def _bounds(tx: Tx) -> tuple[datetime, date]:
    """Return the first instant whose reads, and the first day whose counts are kept."""
    first = tx.calendar.local_date(tx.now).replace(day=1)
    reads = tx.calendar.midnight(first.replace(year=first.year - YEARS))
    return reads, tx.calendar.local_date(tx.now) - timedelta(days=DAYS)


def run(job: Job) -> dict[str, object]:
    """Delete in many small transactions."""
    return job.repeat({"reads": 0, "counts": 0}, _drop)


def _drop(tx: Tx, saved: dict[str, Any]) -> bool:
    before, day = _bounds(tx)
    reads, counts = store.drop(tx.conn, before, day, ROWS)
    saved["reads"] += reads
    saved["counts"] += counts
    texts = store.with_texts(tx.conn, before, TEXTS)
    if texts:
        seal = storage.vault(tx).seal
        store.erase(tx.conn, {one: seal("", f"{one}.text") for one in texts}, tx.now)
        saved["texts"] = saved.get("texts", 0) + len(texts)
    return reads == ROWS or len(texts) == TEXTS
