"""Who lives where something is cut off, worked on or broken is told, and told when it is over."""

from __future__ import annotations

from collections.abc import Iterable

from fivered.chassis.bus import Due, Tx
from fivered.chassis.records import Row
from fivered.chassis.telling import tell
from fivered.services.steward import rules, storage
from fivered.services.steward.storage import affected

NEAR, OVER, OFF = "INCIDENT_NEAR", "INCIDENT_OVER", "INCIDENT_OFF"
MOVED = "INCIDENT_MOVED"


def arm(tx: Tx, kind: str, incident_id: str, grids: Iterable[str]) -> None:
    """Let the people of each grid be told, a transaction per grid: a district has many."""
    for grid in sorted(set(grids)):
        tx.arm(kind, f"{incident_id}/{grid}", tx.now)


def on_announced(tx: Tx, due: Due) -> None:
    """Tell who lives there, and who has reported the same, unless they were told before."""
    row = _row(tx, due)
    if row is None or row.over or row.ends_at <= tx.now:
        return
    people = _concerned(tx, row)
    new = people - affected.told(tx.conn, NEAR, row.incident_id, people)
    tell(
        tx,
        NEAR,
        new,
        about=("incident", row.incident_id),
        number=row.number,
        title=row.title,
        starts=tx.calendar.minute(row.starts_at),
        ends=tx.calendar.minute(row.ends_at),
    )


def on_moved(tx: Tx, due: Due) -> None:
    """Tell those who were told of it from when until when it is now, and others who live there."""
    row = _row(tx, due)
    if row is None or row.over:
        return
    tell(
        tx,
        MOVED,
        affected.told(tx.conn, NEAR, row.incident_id, _concerned(tx, row)),
        about=("incident", row.incident_id),
        number=row.number,
        title=row.title,
        starts=tx.calendar.minute(row.starts_at),
        ends=tx.calendar.minute(row.ends_at),
    )
    on_announced(tx, due)


def on_over(tx: Tx, due: Due) -> None:
    """Tell those who were told of it that it is over."""
    _ended(tx, due, OVER)


def on_off(tx: Tx, due: Due) -> None:
    """Tell those who were told of it that it does not happen."""
    _ended(tx, due, OFF)


def _ended(tx: Tx, due: Due, kind: str) -> None:
    row = _row(tx, due)
    if row is None:
        return
    told = affected.told(tx.conn, NEAR, row.incident_id, _concerned(tx, row))
    tell(tx, kind, told, about=("incident", row.incident_id), number=row.number, title=row.title)


def _row(tx: Tx, due: Due) -> Row | None:
    incident_id, _, grid = due.ref.rpartition("/")
    return affected.known(tx.conn, incident_id, grid)


def _concerned(tx: Tx, row: Row) -> set[str]:
    categories = rules.incidents.categories_of(row.kind)
    return affected.living(
        tx.conn, storage.vault(tx), row.grid, row.buildings
    ) | affected.reporting(tx.conn, row.grid, row.buildings, categories)
