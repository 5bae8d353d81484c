"""What the forum does when others speak, and what it says at the month's cut-off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chassis.bus import Due, Heard, Tx
from services.forum import events, storage
from services.forum.actions.tasks import hear_delivery


def hear_steward(tx: Tx, heard: Sequence[Heard]) -> None:
    """Keep areas and residents: one statement per kind of fact, whatever the batch's length.

    Facts about one person arrive in order, so a batch is first folded to what is true at its end.
    """
    areas: dict[str, dict[str, Any]] = {}
    whole: dict[str, dict[str, Any]] = {}
    moved: dict[str, dict[str, Any]] = {}
    gone: list[str] = []
    for event in heard:
        data = event.data
        if isinstance(data, events.AreaDefinedHeard):
            areas[data.code] = {"code": data.code, "kind": data.kind}
        elif isinstance(data, events.ResidentRegisteredHeard):
            whole[data.person_id] = {
                "person_id": data.person_id,
                "community": data.community,
                "grid": data.grid,
                "household_id": data.household_id,
                "is_adult": data.is_adult,
                "active": True,
                "sequence": event.sequence,
            }
        elif isinstance(data, events.ResidentMovedHeard):
            community = data.community or (data.to_grid or "")[:12]
            place = {"grid": data.to_grid, "community": community, "sequence": event.sequence}
            if data.person_id in whole:
                whole[data.person_id] |= place
            else:
                moved[data.person_id] = place | {
                    "b_person_id": data.person_id,
                    "b_sequence": event.sequence,
                }
        elif isinstance(data, events.ResidentDeactivatedHeard):
            gone.append(data.person_id)
    if areas:
        storage.upsert_areas(tx.conn, list(areas.values()))
    if whole:
        storage.upsert_residents(tx.conn, list(whole.values()))
    if moved:
        storage.move_residents(tx.conn, list(moved.values()))
    if gone:
        storage.deactivate_residents(tx.conn, gone, tx.now)


def hear_property(tx: Tx, heard: Sequence[Heard]) -> None:
    """Keep projects, their managers and posts; take deliveries of our tasks."""
    for event in heard:
        data = event.data
        if isinstance(data, events.ProjectRegisteredHeard):
            storage.upsert_project(
                tx.conn,
                project_id=data.project_id,
                company_id=data.company_id,
                community=data.community,
                grids=data.grids,
                households=data.households,
                status=data.status,
            )
        elif isinstance(data, events.ProjectManagerChangedHeard):
            storage.upsert_project(tx.conn, project_id=data.project_id, manager=data.person_id)
        elif isinstance(data, events.WorkDeliveredHeard):
            hear_delivery(tx, event)
        else:
            storage.upsert_post(
                tx.conn,
                appointment_id=data.appointment_id,
                project_id=data.project_id,
                direction=data.direction,
                person_id=data.person_id,
                active=isinstance(data, events.AppointmentActivatedHeard),
            )


def measure_month(tx: Tx, due: Due) -> None:
    """Say the month once per partition; every known community stands in exactly one of them."""
    period = due.ref
    start, end = tx.calendar.month_bounds(period)
    counts = storage.month_counts(tx.conn, start, end)
    known = storage.communities(tx.conn)
    for partition in range(tx.partitions):
        tx.say(
            events.MonthMeasured(
                period=period,
                partition=partition,
                partitions=tx.partitions,
                communities=[
                    events.CommunityMonth(
                        community=community,
                        topics_adopted=counts.get(community, {}).get("topics_adopted", 0),
                        sessions=counts.get(community, {}).get("sessions", 0),
                        attendances=counts.get(community, {}).get("attendances", 0),
                    )
                    for community in known
                    if tx.partition_of(community) == partition
                ],
            ),
            subject=period,
            scope="370811",
            sequence=1,
            partition=partition,
            period=period,
        )
