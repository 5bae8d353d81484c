"""What follows when grids are split or merged: the grids of projects and of announcements."""

from __future__ import annotations

from collections.abc import Sequence

from fivered.chassis import records
from fivered.chassis.buildings import plain
from fivered.chassis.bus import Event, Tx
from fivered.services.property import events
from fivered.services.property.actions import ground, projects
from fivered.services.property.storage import incidents, rows, tables


def follow(tx: Tx, heard: Sequence[Event]) -> None:
    """Let projects and what is announced be in the grids that there are now; who has heard of a
    project hears of it again."""
    for event in heard:
        change: events.GridsChangedHeard = event.data
        for row in rows.projects_to_regrid(tx.conn, change.community):
            grids = _after(change, row.grids, row.buildings or ())
            if grids != sorted(row.grids):
                row = ground.correct(  # noqa: PLW2901  the row as it is now
                    tx,
                    tables.projects,
                    row,
                    wanted={"grids": grids},
                    reason=f"网格调整 {change.change_id}",
                )
                projects.publish_project(tx, row, row.version)
        touched = {*change.ended, *change.into}
        for row in incidents.open_in(tx.conn, touched):
            grids = _after(change, row.grids, row.buildings)
            if grids != sorted(row.grids):
                records.update(tx.conn, tables.incidents, row, grids=grids)
                incidents.put_grids(tx.conn, row.incident_id, grids)


def _after(
    change: events.GridsChangedHeard, held: Sequence[str], buildings: Sequence[str]
) -> list[str]:
    """Return the grids of something afterwards: where its buildings are known those of them, else
    all that the changed ones have become."""
    touched = {*change.ended, *change.into}
    if not touched & {*held}:
        return sorted(held)
    known = {plain(name): grid for name, grid in change.buildings.items()}
    named = {known[plain(name)] for name in buildings if plain(name) in known}
    all_known = named and all(plain(name) in known for name in buildings)
    return sorted({*held} - touched | (named if all_known else {*change.into}))
