"""What is heard of the others: runs of one fact at a time, in the order in which they came."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

from fivered.chassis import identities, records
from fivered.chassis.bus import Event, Tx
from fivered.services.property import events
from fivered.services.property.actions import (
    appointments,
    bodies,
    committees,
    companies,
    complaints,
    confirmations,
    months,
    projects,
    regrid,
    room_places,
    topics,
    works,
)
from fivered.services.property.storage import people, rows, tables

Take = Callable[[Tx, list[Event]], None]


def _take_runs(tx: Tx, heard: list[Event], takers: dict[type[object], Take]) -> None:
    """Give each run of one fact to its taker.

    Runs, and not the whole batch by fact: what lies behind a marker is late, and a complaint must
    stand before it is reopened.
    """
    for kind, run in groupby(heard, key=lambda event: type(event.data)):
        told = identities.redirected(list(run), lambda ids: people.the_one(tx.conn, ids), own=_OWN)
        takers[kind](tx, told)


# What the registry says of one registration stays that one's.
_OWN = (
    events.PersonRegisteredHeard,
    events.ResidentRegisteredHeard,
    events.ResidentMovedHeard,
    events.ResidentReturnedHeard,
    events.ResidentCorrectedHeard,
    events.ResidentCameOfAgeHeard,
    events.ResidentDeactivatedHeard,
    events.PersonMergedHeard,
)


def steward(tx: Tx, heard: list[Event]) -> None:
    """Take what steward says."""
    _take_runs(
        tx,
        heard,
        {
            events.AreaDefinedHeard: _areas,
            events.PlaceDefinedHeard: room_places.consume,
            events.GridsChangedHeard: regrid.follow,
            events.StewardEnrolledHeard: _enrolled,
            events.StewardLeftHeard: _left,
            events.PersonRegisteredHeard: _person,
            events.ResidentRegisteredHeard: _person,
            events.ResidentMovedHeard: _person,
            events.ResidentReturnedHeard: _person,
            events.ResidentCorrectedHeard: _person,
            events.ResidentCameOfAgeHeard: _person,
            events.ResidentDeactivatedHeard: _person,
            events.PersonMergedHeard: _merged,
            events.RequestSubmittedHeard: complaints.consume_requests,
            events.RequestCorrectedHeard: complaints.consume_corrected,
            events.RequestDescribedHeard: complaints.consume_described,
            events.RequestReopenedHeard: complaints.consume_reopened,
            events.RequestMergedHeard: complaints.consume_merged,
            events.RequestRatedHeard: confirmations.consume_rated,
            events.RequestRejectedHeard: complaints.consume_rejected,
            events.RequestCancelledHeard: complaints.consume_cancelled,
            events.StewardMonthHeard: months.consume_steward_months,
        },
    )


def _areas(tx: Tx, heard: list[Event]) -> None:
    records.put(tx.conn, tables.areas, [{"code": e.data.code, "kind": e.data.kind} for e in heard])


def _enrolled(tx: Tx, heard: list[Event]) -> None:
    for event in heard:
        if event.sequence > 1:
            # Said again, after a correction: under the old duty the person serves no more.
            rows.end_steward(tx.conn, event.data.steward_id, event.sequence - 1)
    for duty, table, more in (
        ("COMMUNITY_CADRE", tables.cadres, ()),
        ("PROPERTY_STAFF", tables.property_staff, ("grids",)),
    ):
        records.put(
            tx.conn,
            table,
            [
                {
                    "steward_id": event.data.steward_id,
                    "person_id": event.data.person_id,
                    "community": event.data.community,
                    "active": True,
                    "sequence": event.sequence,
                    **{name: getattr(event.data, name) for name in more},
                }
                for event in heard
                if event.data.duty == duty
            ],
        )


def _person(tx: Tx, heard: list[Event]) -> None:
    """Keep who is registered, and where and with whom they live, in whatever order it is told."""
    registered = people.people_of(tx.conn, [event.data.person_id for event in heard])
    known = {person: dict(records.values_of(row)) for person, row in registered.items()}
    dead = {person for person, row in known.items() if row["died"]}
    for event in heard:
        person_id = event.data.person_id
        row = known.get(person_id) or {
            "person_id": person_id,
            "grid": None,
            "household_id": None,
            "is_adult": True,
            "active": True,
            "died": False,
            "merged_into": None,
            "sequence": -1,
            "sequences": {},
        }
        if row["merged_into"] is None:
            known[person_id] = records.newest(row, _said_of(event.data), event.sequence)
    records.put(tx.conn, tables.people, list(known.values()))
    for person_id, row in known.items():
        if row["died"] and person_id not in dead:
            _end_for_dead(tx, person_id)


def _end_for_dead(tx: Tx, person_id: str) -> None:
    """End what somebody who has died held in projects, companies and committees; a person who names
    another one is told, and finds it among what waits."""
    projects.end_for_dead(tx, person_id)
    appointments.end_for_dead(tx, person_id)
    companies.end_for_dead(tx, person_id)
    committees.end_for_dead(tx, person_id)
    bodies.end_for_dead(tx, person_id)


def _said_of(data: Any) -> dict[str, object]:
    """Return what a fact says of a person."""
    if isinstance(data, events.ResidentDeactivatedHeard):
        return {"active": False, "died": data.reason == "DECEASED"}
    if isinstance(data, events.ResidentCameOfAgeHeard):
        return {"is_adult": True}
    if isinstance(data, events.ResidentMovedHeard):
        return {"grid": data.to_grid, "household_id": data.household_id}
    said: dict[str, object] = {"is_adult": data.is_adult}
    if isinstance(data, events.ResidentCorrectedHeard):
        return said | {"household_id": data.household_id}
    if isinstance(data, events.ResidentRegisteredHeard | events.ResidentReturnedHeard):
        said |= {"grid": data.grid, "household_id": data.household_id}
    return said | {"active": True, "died": False}


def _merged(tx: Tx, heard: list[Event]) -> None:
    """Whatever names a person who is given up names the one who is kept."""
    for event in heard:
        people.replace_person(tx.conn, event.data.person_id, event.data.into)


def _left(tx: Tx, heard: list[Event]) -> None:
    for event in heard:
        rows.end_steward(tx.conn, event.data.steward_id, event.sequence)
        if event.data.person_id is not None:
            appointments.ask_about(tx, event.data.person_id)


def credit(tx: Tx, heard: list[Event]) -> None:
    """Keep the newest final grade of each project and company."""
    newest: dict[str, dict[str, object]] = {}
    for event in heard:
        data: events.SettlementFinalisedHeard = event.data
        for entry in data.entries:
            if entry.kind not in ("PRJ", "PCO"):
                continue
            known = newest.get(entry.ref)
            if known is not None and str(known["period"]) > data.period:
                continue
            newest[entry.ref] = {
                "ref": entry.ref,
                "kind": entry.kind,
                "period": data.period,
                "score": entry.score,
                "grade": entry.grade,
                "gates_failed": list(entry.gates_failed),
                "settlement_id": data.settlement_id,
            }
    shown = rows.grade_periods(tx.conn, newest)
    records.put(
        tx.conn,
        tables.grades,
        [row for ref, row in newest.items() if shown.get(ref, "") <= str(row["period"])],
    )


def forum(tx: Tx, heard: list[Event]) -> None:
    """Take what the forum says."""
    _take_runs(
        tx,
        heard,
        {
            events.LiaisonAssignedHeard: _linked,
            events.LiaisonEndedHeard: _unlinked,
            events.TopicAdoptedHeard: topics.consume,
            events.ResolutionEffectiveHeard: topics.consume,
            events.TopicClosedHeard: topics.consume,
            events.TaskAssignedHeard: works.consume_assigned,
            events.TaskAcceptedHeard: works.consume_accepted,
            events.TaskReworkHeard: works.consume_rework,
            events.TaskOverdueHeard: works.consume_overdue,
        },
    )


def _linked(tx: Tx, heard: list[Event]) -> None:
    records.put(
        tx.conn,
        tables.liaisons,
        [
            {
                "link_id": event.data.link_id,
                "tier": event.data.tier,
                "target_kind": event.data.target_kind,
                "target": event.data.target,
                "official_id": event.data.official_id,
                "person_id": event.data.person_id,
                "since": event.occurred_at,
                "active": True,
                "sequence": event.sequence,
            }
            for event in heard
        ],
    )


def _unlinked(tx: Tx, heard: list[Event]) -> None:
    linked = {rows.person_of_link(tx.conn, event.data.link_id) for event in heard}
    for event in heard:
        rows.end_liaison(tx.conn, event.data.link_id, event.sequence)
    for person in sorted(one for one in linked if one is not None):
        appointments.ask_about(tx, person)
