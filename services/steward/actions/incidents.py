"""What property announces of outages, works and faults, so that nobody has to report it again."""

from __future__ import annotations

from fivered.chassis.bus import Event, Tx
from fivered.services.steward import events, rules, storage
from fivered.services.steward.actions import affected
from fivered.services.steward.errors import KnownIncident
from fivered.services.steward.storage import affected as concerned


def consume(tx: Tx, heard: list[Event]) -> None:
    """Keep what is announced, and that it is over."""
    for event in heard:
        data = event.data
        if isinstance(data, events.IncidentEndedHeard):
            grids = concerned.grids_of(tx.conn, data.incident_id)
            if storage.incidents.end(tx.conn, data.incident_id, event.sequence):
                kind = affected.OVER if data.state == "ENDED" else affected.OFF
                affected.arm(tx, kind, data.incident_id, grids)
        elif isinstance(data, events.IncidentAnnouncedHeard):
            said = {
                name: getattr(data, name)
                for name in (
                    *("incident_id", "number", "kind", "nature", "buildings", "title"),
                    *("starts_at", "ends_at"),
                )
            }
            before = concerned.times_of(tx.conn, data.incident_id)
            if storage.incidents.keep(tx.conn, {**said, "sequence": event.sequence}, data.grids):
                moved = before not in {None, (data.starts_at, data.ends_at)}
                kind = affected.MOVED if moved else affected.NEAR
                affected.arm(tx, kind, data.incident_id, data.grids)


def require_news(
    tx: Tx,
    *,
    kind: str,
    category: str,
    grid: str,
    building: str | None,
    priority: str,
    indoor: bool,
) -> None:
    """Refuse what an announced outage explains, so that its filer follows that instead.

    Raises:
        KnownIncident: Names it. Who sends `insist` is not asked.
    """
    if not rules.incidents.explains(kind, priority=priority, indoor=indoor):
        return
    kinds = rules.incidents.kinds_for(category)
    for row in storage.incidents.running(tx.conn, grid, tx.now, kinds):
        if rules.incidents.names(row.buildings, building):
            raise KnownIncident(
                field="insist",
                incident=row.number,
                incident_id=row.incident_id,
                title=row.title,
                until=tx.calendar.minute(row.ends_at),
                follow=f"/v1/property/incidents/{row.incident_id}/follow",
            )
