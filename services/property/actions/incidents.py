"""Outages, works and faults: announced, told anew, over, cancelled; who follows them is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from msgspec import Meta, field

from fivered.chassis import records
from fivered.chassis.bus import Due, Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.fields import Grid, Instant
from fivered.chassis.free_text import PUBLIC, PublicText
from fivered.chassis.refusal import RoleDenied
from fivered.chassis.requests import Request
from fivered.services.property import errors, events, replies, rules
from fivered.services.property.actions import ground
from fivered.services.property.fields import IncidentKind, IncidentNature
from fivered.services.property.storage import incidents as stored
from fivered.services.property.storage import rows, tables
from fivered.services.property.storage.rows import Row

OFFICE = ("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT")
# Who works in the grids; of these each answers for what was announced by the same person.
FIELD = ("R_GRID", "R_STEWARD")

Grids = Annotated[
    list[Grid], Meta(max_length=500, description="受影响的网格 / the grids that are affected")
]
Building = Annotated[str, Meta(min_length=1, max_length=40), PUBLIC]
Buildings = Annotated[
    list[Building],
    Meta(
        max_length=200,
        description="受影响的楼栋,不填为全部 / the buildings; none means all of the grids",
        examples=[["3号楼", "5号楼"]],
    ),
]
Told = Annotated[
    str,
    Meta(min_length=1, max_length=1000, examples=["因泵房检修停水,请提前储水"]),
    PUBLIC,
]


class Announce(Request, frozen=True):
    """发布通告 / What is cut off, worked on or broken, where, and until when it is expected to be.

    Attributes:
        ends_at: Where nobody knows yet, when more will be known: it is asked for then.
    """

    kind: Annotated[IncidentKind, Meta(examples=["WATER"])]
    nature: Annotated[IncidentNature, Meta(examples=["OUTAGE"])]
    title: Annotated[str, Meta(min_length=1, max_length=200, examples=["3、5 号楼停水"]), PUBLIC]
    text: Told
    starts_at: Annotated[Instant, Meta(examples=["2025-03-03T09:00:00+08:00"])]
    ends_at: Annotated[Instant, Meta(examples=["2025-03-03T18:00:00+08:00"])]
    grids: Grids = field(default_factory=list)
    buildings: Buildings = field(default_factory=list)
    project_id: Annotated[str, Meta(max_length=64)] | None = None


def announce_incident(tx: Tx, payload: Announce) -> replies.Announced:
    """发布停供、施工、故障通告 / Announce an outage, works or a fault.

    Everybody can read it at once; who files a request of the same kind there is shown it.

    物业经理为本项目发布,不填网格即项目全部网格;社区、街道、区和网格员、管家(含水电气暖专营人员)为本辖区发布。
    A manager announces for the own project, all of its grids where none is named; officials, grid
    workers and stewards, those of utilities among them, for grids of their area.

    Raises:
        NotTheManager: The actor does not manage the project.
        ManagerNamesProject: A manager names no project.
        RoleDenied: A grid lies outside the actor's scope.
        NotServing: The project does not serve a grid, or is not in service.
        NotYourBuildings: A building is none of the project's.
        UnknownBuilding: A building is none of the projects that serve the grids.
        AnnouncedAlready: The same is announced already, for the same places and times.
        EndsBeforeStart, IncidentTooLong, BeganTooLongAgo, EndIsPast: The times cannot be.
    """
    grids, buildings = _places(tx, payload.project_id, payload.grids, payload.buildings)
    rules.check_times(tx.now, payload.starts_at, payload.ends_at)
    area = rules.common_area(grids)
    same = stored.same_open(
        tx.conn,
        grids,
        buildings,
        kind=payload.kind,
        nature=payload.nature,
        starts_at=payload.starts_at,
        ends_at=payload.ends_at,
        project_id=payload.project_id,
    )
    if same is not None:
        raise errors.AnnouncedAlready(field="kind", number=same.number, id=same.incident_id)
    running = payload.starts_at <= tx.now
    row = records.create(
        tx,
        tables.incidents,
        step="ANNOUNCED",
        **records.values_from(
            payload,
            tables.incidents,
            incident_id=tx.new_id("inc"),
            number=records.next_number(tx, tables.numbers, "TG", area),
            grids=grids,
            buildings=buildings,
            state="RUNNING" if running else "PLANNED",
            started_at=payload.starts_at if running else None,
            ended_at=None,
            updates=[],
            announced_by=tx.actor.id,
            announced_role=tx.actor.role,
            area=area,
            version=1,
            created_at=tx.now,
        ),
    )
    stored.put_grids(tx.conn, row.incident_id, grids)
    if not running:
        tx.arm("inc_start", row.incident_id, row.starts_at)
    _publish(tx, fact_of(events.IncidentAnnounced, row), row)
    return ground.reply(replies.Announced, tables.incidents, row, number=row.number)


def _places(
    tx: Tx, project_id: str | None, grids: Sequence[str], buildings: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the grids and buildings that are meant, where the actor may speak of them."""
    named = sorted(set(grids))
    if project_id is None:
        if tx.actor.role == "R_PM":
            raise errors.ManagerNamesProject(field="project_id")
        if not named:
            raise errors.GridsNeeded(field="grids")
        for grid in named:
            tx.require_scope(grid)
        _require_known(tx, named, buildings)
        return named, _once(buildings)
    project = ground.project(tx, project_id)
    if tx.actor.role == "R_PM":
        ground.require_manager(tx, project_id)
    else:
        tx.require_scope(project.area)
    ground.require_open(project)
    served = sorted(set(project.grids))
    for grid in named:
        if grid not in served:
            raise errors.NotServing(field="grids", project=project_id, grid=grid)
    for building in buildings:
        if project.buildings and not rules.in_buildings(project.buildings, building):
            raise errors.NotYourBuildings(field="buildings", building=building, project=project_id)
    # Where two projects share a grid, one speaks of its own buildings only.
    return named or served, _once(buildings or project.buildings or ())


def _require_known(tx: Tx, grids: Sequence[str], buildings: Sequence[str]) -> None:
    """Refuse a building that none of the grids has, where their projects have named all of theirs.

    Raises:
        UnknownBuilding: It is none of them.
    """
    serving = rows.projects_serving(tx.conn, grids)
    theirs = [one for grid in grids for one in serving.get(grid, [])]
    if not all(serving.get(grid) for grid in grids) or not all(one.buildings for one in theirs):
        return
    names = [name for one in theirs for name in one.buildings]
    for building in buildings:
        if not rules.in_buildings(names, building):
            raise errors.UnknownBuilding(field="buildings", building=building)


def _once(buildings: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(name.strip() for name in buildings))


def _publish(tx: Tx, data: object, row: Row) -> None:
    tx.publish(data, subject=row.incident_id, scope=row.area, sequence=row.version)


def _mine(tx: Tx, row: Row) -> None:
    """Refuse whose announcement it is not.

    Raises:
        NotTheManager: The actor does not manage the project.
        RoleDenied: It lies outside the actor's scope, or is another person's.
    """
    if tx.actor.role == "R_PM":
        if row.project_id is None:
            raise RoleDenied(role=tx.actor.role)
        ground.require_manager(tx, row.project_id)
    elif tx.actor.role in OFFICE:
        tx.require_scope(row.area)
    elif row.announced_by != tx.actor.id:
        raise RoleDenied(role=tx.actor.role)


def _meant(tx: Tx, incident_id: str) -> Row:
    """Return an announcement that is not over, locked, which the actor may change.

    Raises:
        NotFound: There is none.
        NotTheManager, RoleDenied: See `_mine`.
        StateConflict: It is over, or cancelled.
        VersionConflict: It has changed since.
    """
    row = ground.found(tx, tables.incidents, incident_id)
    _mine(tx, row)
    tx.check_version(row.version)
    records.require_state(row, *stored.OPEN)
    return row


class UpdateIncident(Request, frozen=True):
    """更新通告 / What is known now; what is left out stays."""

    incident_id: str
    text: Told
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    grids: Grids | None = None
    buildings: Buildings | None = None


def update_incident(tx: Tx, payload: UpdateIncident) -> replies.Made:
    """更新通告 / Tell what is known now.

    What was told before stays readable; who follows it is told.

    `starts_at` of what has begun is when it really began.

    Raises:
        NotTheManager, RoleDenied: It is another one's announcement, or a grid is.
        NotServing, NotYourBuildings, UnknownBuilding: See `announce_incident`.
        StateConflict: It is over, or cancelled.
        EndsBeforeStart, IncidentTooLong, BeganTooLongAgo, EndIsPast: The times cannot be.
        UpdatedTooOften: It was updated fifty times.
    """
    row = _meant(tx, payload.incident_id)
    if len(row.updates) >= rules.MOST_UPDATES:
        raise errors.UpdatedTooOften(most=rules.MOST_UPDATES)
    starts_at = payload.starts_at or row.started_at or row.starts_at
    ends_at = payload.ends_at or row.ends_at
    if payload.starts_at is not None or payload.ends_at is not None:
        began_before = payload.starts_at is None and starts_at < tx.now
        rules.check_times(tx.now, tx.now if began_before else starts_at, ends_at)
    grids, buildings = row.grids, row.buildings
    if payload.grids is not None or payload.buildings is not None:
        grids, buildings = _places(
            tx,
            row.project_id,
            grids if payload.grids is None else payload.grids,
            buildings if payload.buildings is None else payload.buildings,
        )
    running = starts_at <= tx.now
    told = {"at": tx.now.isoformat(), "text": payload.text, "ends_at": ends_at.isoformat()}
    changed = records.change(
        tx,
        tables.incidents,
        row,
        step="UPDATED",
        note={"text": payload.text},
        grids=grids,
        buildings=buildings,
        area=rules.common_area(grids),
        state="RUNNING" if running else "PLANNED",
        # What was planned stays readable once it has begun.
        starts_at=row.starts_at if row.state == "RUNNING" else starts_at,
        started_at=starts_at if running else None,
        ends_at=ends_at,
        updates=[*row.updates, told],
    )
    stored.put_grids(tx.conn, row.incident_id, grids)
    if running:
        tx.disarm("inc_start", row.incident_id)
    else:
        tx.arm("inc_start", row.incident_id, starts_at)
    _publish(tx, fact_of(events.IncidentUpdated, changed), changed)
    _tell_followers(tx, changed, "INCIDENT_UPDATED", payload.text)
    return ground.reply(replies.Made, tables.incidents, changed)


def begin(tx: Tx, due: Due) -> None:
    """What was announced to begin now has begun."""
    row = records.find(tx.conn, tables.incidents, due.ref, lock=True)
    if row is not None and row.state == "PLANNED" and row.starts_at <= due.due_at:
        records.change(
            tx, tables.incidents, row, step="STARTED", state="RUNNING", started_at=row.starts_at
        )


class EndIncident(Request, frozen=True):
    """恢复 / It is over."""

    incident_id: str
    text: Annotated[str, Meta(min_length=1, max_length=1000, examples=["已恢复供水"]), PUBLIC]
    ended_at: (
        Annotated[Instant, Meta(description="实际恢复时间,不填为现在 / since when; now")] | None
    ) = None


def end_incident(tx: Tx, payload: EndIncident) -> replies.Made:
    """恢复 / Say that it is over.

    Who follows it is told.

    Raises:
        NotTheManager, RoleDenied: It is another one's announcement.
        StateConflict: It is over, cancelled, or has not begun.
        EndedInFuture: It would be over later than now.
        EndsBeforeStart: It would be over before it began.
    """
    row = _meant(tx, payload.incident_id)
    records.require_state(row, "RUNNING")
    ended_at = payload.ended_at or tx.now
    if ended_at > tx.now:
        raise errors.EndedInFuture(field="ended_at")
    if ended_at < row.started_at:
        raise errors.EndsBeforeStart(field="ended_at")
    return _over(tx, row, "ENDED", payload.text, ended_at)


class CancelIncident(Request, frozen=True):
    """取消 / It does not happen, or was announced by mistake."""

    incident_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["检修改期,不再停水"])]


def cancel_incident(tx: Tx, payload: CancelIncident) -> replies.Made:
    """取消通告 / Cancel an announcement.

    It stays readable as cancelled, with the reason; who follows it is told.

    Raises:
        NotTheManager, RoleDenied: It is another one's announcement.
        ReasonRequired: There is no reason.
        StateConflict: It is over, or cancelled.
    """
    row = _meant(tx, payload.incident_id)
    ground.require_reason(payload.reason)
    return _over(tx, row, "CANCELLED", payload.reason, tx.now)


def _over(tx: Tx, row: Row, state: str, text: str, at: datetime) -> replies.Made:
    told = {"at": tx.now.isoformat(), "text": text, "ends_at": at.isoformat()}
    changed = records.change(
        tx,
        tables.incidents,
        row,
        step=state,
        state=state,
        note={"reason" if state == "CANCELLED" else "text": text},
        ended_at=at,
        updates=[*row.updates, told],
    )
    tx.disarm("inc_start", row.incident_id)
    _publish(tx, fact_of(events.IncidentEnded, changed), changed)
    _tell_followers(tx, changed, f"INCIDENT_{state}", text)
    return ground.reply(replies.Made, tables.incidents, changed)


def _tell_followers(tx: Tx, row: Row, code: str, said: str) -> None:
    for person in stored.followers(tx.conn, row.incident_id):
        ground.tell(tx, person, code, number=row.number, said=f"{row.title}({said})")


class WhichIncident(Request, frozen=True):
    """Which announcement is meant."""

    incident_id: str


def follow_incident(tx: Tx, payload: WhichIncident) -> replies.Followed:
    """关注通告 / Follow an announcement.

    Be told each news of it, and when it is over; instead of a request about the same thing.

    Raises:
        NotFound: There is none.
        StateConflict: It is over, or cancelled.
    """
    row = ground.found(tx, tables.incidents, payload.incident_id)
    records.require_state(row, *stored.OPEN)
    stored.follow(tx.conn, row.incident_id, tx.actor.id, tx.now)
    return ground.reply(replies.Followed, tables.incidents, row, following=True)


def unfollow_incident(tx: Tx, payload: WhichIncident) -> replies.Followed:
    """取消关注 / Follow an announcement no more.

    Raises:
        NotFound: There is none.
    """
    row = records.get(tx.conn, tables.incidents, payload.incident_id)
    stored.unfollow(tx.conn, row.incident_id, tx.actor.id)
    return ground.reply(replies.Followed, tables.incidents, row, following=False)


def hand_over(tx: Tx, former: Row, new: Row) -> None:
    """What is cut off or worked on is the new company's to tell of, and to end."""
    for row in stored.open_of_project(tx.conn, former.project_id):
        records.change(
            tx,
            tables.incidents,
            row,
            step="HANDED_OVER",
            project_id=new.project_id,
            note={"from": former.project_id},
        )
