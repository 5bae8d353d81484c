"""The barrier of a month: markers, the cut-off, and when the draft may begin (ruling 1)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from fivered.services.credit.rules import standing as rules
from fivered.services.credit.storage import months as store
from fivered.services.credit.storage import registry
from fivered.services.credit.storage import settlement as settlement_store

if TYPE_CHECKING:
    from datetime import datetime

    from fivered.chassis.bus import Due, Event, Tx

OVERDUE_AFTER = timedelta(hours=6)

# Member of a marker's data -> (kind of subject, field of its id, fields of its area in order).
_ROWS = {
    "stewards": ("STW", "steward_id", ("community",)),
    "projects": ("PRJ", "project_id", ("community",)),
    "partners": ("PTN", "partner_id", ("area",)),
}
GATE_SOURCE = rules.GATE_SOURCE


def closed(tx: Tx, source: str) -> dict[int, set[str]]:
    """Return the months whose marker has come, per partition of a source."""
    return store.closed(tx.conn, source)


def record(tx: Tx, measured: Sequence[Event]) -> None:
    """Store markers and what they measured; the last one of a month lets the draft begin."""
    periods = set()
    for event in measured:
        marker = event.data
        fresh = store.add_marker(
            tx.conn,
            {
                "source": event.source,
                "partition": event.partition,
                "period": marker.period,
                "partitions": marker.partitions,
                "event_id": event.id,
                "heard_at": tx.now,
            },
        )
        if not fresh:
            continue
        rows = _measures(event)
        registry.add_stubs(tx.conn, {str(row["subject_id"]) for row in rows}, tx.now)
        store.put_measures(tx.conn, rows)
        _, end = tx.calendar.month_bounds(marker.period)
        store.fill_areas(tx.conn, marker.period, event.source, end - timedelta(seconds=1))
        periods.add(marker.period)
    for period in sorted(periods):
        try_draft(tx, period)


def _measures(event: Event) -> list[dict[str, object]]:
    found = []
    for name, (kind, key, areas) in _ROWS.items():
        for row in getattr(event.data, name, ()):
            if not row.get(key):
                continue
            measures = rules.measures_of(kind, row) if GATE_SOURCE[kind] == event.source else None
            found.append(
                {
                    "period": event.data.period,
                    "subject_id": f"{kind}:{row[key]}",
                    "source": event.source,
                    "area": next((row[area] for area in areas if row.get(area)), None),
                    "fact": event.fact,
                    "rows": name,
                    "event_id": event.id,
                    "data": row,
                    "active": measures.active if measures else None,
                    "gates_failed": (
                        ",".join(rules.gates_failed(kind, measures)) if measures else None
                    ),
                }
            )
    return found


# --------------------------------------------------------------------------------------------------
# When the draft may begin


def cut_off(tx: Tx, due: Due) -> None:
    """The month is over: draft it, or wait for the markers that have not come."""
    period = due.ref
    month = store.month(tx.conn, period)
    if month.cut_off_at is None:
        store.change_month(tx.conn, period, cut_off_at=due.due_at)
    if not try_draft(tx, period):
        tx.arm("draft_overdue", period, due.due_at + OVERDUE_AFTER)


def draft_overdue(tx: Tx, due: Due) -> None:
    """Markers are missing for 6 hours: draft what there is; it cannot be confirmed."""
    store.month(tx.conn, due.ref)
    store.change_month(tx.conn, due.ref, overdue=True)
    if missing(tx, due.ref):
        start_draft(tx, due.ref)


def try_draft(tx: Tx, period: str) -> bool:
    """Start the draft when the month is cut off and every required marker has come."""
    month = store.month(tx.conn, period)
    if month.cut_off_at is None:
        return False
    waiting = {name for name in missing(tx, period) if not name.startswith("parked:")}
    if waiting:
        return False
    tx.disarm("draft_overdue", period)
    start_draft(tx, period)
    return True


def missing(tx: Tx, period: str) -> list[str]:
    """Return what a month lacks: sources without all markers, sources with parked events."""
    required = tx.settings.required_sources
    arrived = store.arrived(tx.conn, period)
    lacking = []
    for source in required:
        come, partitions = arrived.get(source, (0, 0))
        if come == 0 or come < partitions:
            lacking.append(source)
    parked = store.parked_sources(tx.conn, required)
    return lacking + [f"parked:{source}" for source in sorted(parked)]


def start_draft(tx: Tx, period: str, area: str | None = None) -> str:
    """Queue the draft of a month, or of one area of it. Returns the job's id."""
    job_id = tx.start_job("draft", {"period": period, "area": area}, area=area or "")
    if area is None:
        store.change_month(tx.conn, period, draft_job=job_id)
    return job_id


def open_period(tx: Tx, subject_id: str, period: str) -> str:
    """Return the first month from `period` on that a subject's settlement has not confirmed."""
    area = settles_in(tx, subject_id, period)
    done = settlement_store.confirmed_periods(tx.conn, area, period) if area else set()
    while period in done:
        period = tx.calendar.next_period(period)
    return period


def draft_again(tx: Tx, subjects: str | Collection[str], period: str) -> None:
    """Queue new drafts where something changed for subjects from a month on: of every month that
    is drafted and not published, since what counts in one counts in later ones too."""
    subjects = [subjects] if isinstance(subjects, str) else subjects
    if not subjects:
        return
    wanted = {
        (later, area)
        for later in settlement_store.drafted_since(tx.conn, period)
        for area in {settles_in(tx, subject_id, later) for subject_id in subjects}
        if area and not settlement_store.is_published(tx.conn, later, area)
    }
    for later, area in sorted(wanted):
        start_draft(tx, later, area)


def draft_around(tx: Tx, subject_id: str, area_before: str | None, at: datetime) -> None:
    """Queue new drafts where a subject was and where it is, after it was told late that it had
    moved, opened, ended or changed its state within a month that is drafted already."""
    for later in settlement_store.drafted_since(tx.conn, tx.calendar.period(at)):
        for area in sorted({area_before or "", settles_in(tx, subject_id, later) or ""} - {""}):
            if not settlement_store.is_published(tx.conn, later, area):
                start_draft(tx, later, area)


def draft_later(tx: Tx, area: str, period: str) -> None:
    """Queue new drafts of an area from a month on."""
    for later in settlement_store.drafted_since(tx.conn, period):
        if not settlement_store.is_published(tx.conn, later, area):
            start_draft(tx, later, area)


def settles_in(tx: Tx, subject_id: str, period: str) -> str | None:
    """Return the area in which a subject settles in a month; since then it may have moved."""
    _, end = tx.calendar.month_bounds(period)
    return registry.area_before(tx.conn, registry.subject(tx.conn, subject_id), end)
