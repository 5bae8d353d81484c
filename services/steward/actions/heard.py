"""What other services said, as far as it is needed here."""

from __future__ import annotations

from chassis.bus import Heard, Tx
from services.steward import events, storage


def projects_registered(tx: Tx, heard: list[Heard]) -> None:
    """Keep which project serves which grids: complaints and repairs are routed by it."""
    newest = {event.data.project_id: event for event in heard}
    rows = []
    grids: list[dict[str, str]] = []
    for event in newest.values():
        data: events.ProjectRegisteredHeard = event.data
        rows.append(
            {
                "project_id": data.project_id,
                "area": data.community,
                "households": data.households,
                "status": data.status,
                "sequence": event.sequence,
            }
        )
        grids.extend({"project_id": data.project_id, "grid": grid} for grid in data.grids)
    storage.ground.keep_projects(tx.conn, rows, grids)


def liaisons_changed(tx: Tx, heard: list[Heard]) -> None:
    """Keep who is responsible for a grid, community or street: escalation follows it."""
    assigned = {}
    ended = []
    for event in heard:
        if isinstance(event.data, events.LiaisonAssignedHeard):
            data = event.data
            assigned[data.link_id] = {
                "link_id": data.link_id,
                "target_kind": data.target_kind,
                "target": data.target,
                "official_id": data.official_id,
                "person_id": data.person_id,
                "since": event.occurred_at,
                "ended": False,
            }
        else:
            ended.append(event.data.link_id)
    if assigned:
        storage.ground.keep_links(tx.conn, list(assigned.values()))
    if ended:
        storage.ground.end_links(tx.conn, ended)


def settlements_finalised(tx: Tx, heard: list[Heard]) -> None:
    """Keep the final grades of stewards: their cards show them."""
    rows = {
        (entry.ref, event.data.period): {
            "steward_id": entry.ref,
            "period": event.data.period,
            "settlement_id": event.data.settlement_id,
            "score": entry.score,
            "grade": entry.grade,
        }
        for event in heard
        for entry in event.data.entries
        if entry.kind == "STW"
    }
    if rows:
        storage.ground.keep_grades(tx.conn, list(rows.values()))
