"""Projects: their managers, their households, and the hand-over to another company."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, field

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.fields import Community, Grid
from fivered.chassis.free_text import PUBLIC, PublicText
from fivered.chassis.refusal import StateConflict, said
from fivered.chassis.requests import UNIQUE, Request
from fivered.services.property import errors, events, replies, rules
from fivered.services.property.actions import (
    agreements,
    appointments,
    committees,
    complaints,
    disclosures,
    ground,
    handovers,
    incidents,
    rectifications,
    rooms,
    votes,
    works,
)
from fivered.services.property.storage import closings, rows, tables
from fivered.services.property.storage.rows import Row, Values

Count = Annotated[int, Meta(ge=0, le=1_000_000)]
ProjectId = Annotated[str, Meta(pattern=r"^prj_[A-Za-z0-9_-]{1,58}$")]
Grids = Annotated[list[Grid], UNIQUE, Meta(min_length=1, max_length=200)]
Mode = Literal["MARKET", "COMMUNITY_RUN", "SELF"]
# Square metres, in hundredths of which they are kept.
Area = Annotated[float, Meta(ge=0, le=100_000_000)]
# As residents write them, without unit and room.
Buildings = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=40), PUBLIC]], UNIQUE, Meta(max_length=500)
]


class RegisterProject(Request, frozen=True):
    """登记物业项目 / Register a project with its first manager."""

    company_id: Annotated[str, Meta(examples=["pco_hongda"])]
    name: Annotated[ground.Name, Meta(examples=["宏河苑"])]
    community: Annotated[Community, Meta(examples=["370811015901"])]
    grids: Annotated[Grids, Meta(examples=[["370811015901001"]])]
    households: Annotated[Count, Meta(examples=[1200])]
    manager_person_id: Annotated[str, Meta(examples=["per_manager"])]
    project_id: (
        Annotated[ProjectId, Meta(description="导入时自定编号 / id chosen by a loader")] | None
    ) = None
    area_m2: Annotated[Area, Meta(description="建筑面积 / square metres")] | None = None
    operation_mode: Mode = "MARKET"
    status: Literal["PREPARING", "IN_SERVICE"] = "IN_SERVICE"
    buildings: Annotated[
        Buildings,
        Meta(
            description="小区楼栋,一格多项目时据以认定 / decide where two projects serve a grid",
            examples=[["1号楼", "2号楼"]],
        ),
    ] = field(default_factory=list)


def register_project(tx: Tx, payload: RegisterProject) -> replies.Made:
    """登记物业项目 / Register a project.

    Register a project with its first manager; both directions begin as gaps.

    Raises:
        NotFound: There is no such company.
        RoleDenied: The community lies outside the actor's scope.
        AreaInvalid: A grid does not lie in the community.
        SamePerson, OwnHousehold: The registrar names somebody of their own household.
        IdTaken: The chosen id stands for something else.
        ProjectDiffers: It is registered with other content; what changes has doors of its own.
        NotRegistered, UnderAge, Deceased, MergedAway: The manager is no registered adult.
        OneSideOnly: The manager, or a representative, is one of the community's committees.
    """
    tx.require_scope(payload.community)
    _require_another(tx, "manager_person_id", payload.manager_person_id)
    grids = _grids_of(payload.grids, payload.community)
    company = ground.found(tx, tables.companies, payload.company_id)
    wanted = {
        "company_id": payload.company_id,
        "name": payload.name,
        "area": payload.community,
        "grids": grids,
    }
    existing = (
        records.find(tx.conn, tables.projects, payload.project_id) if payload.project_id else None
    )
    if existing is not None:
        # Grids were kept in the order in which they came.
        if ground.same(
            dict(records.values_of(existing)) | {"grids": sorted(set(existing.grids))}, wanted
        ):
            _require_same(existing, payload)
            return ground.reply(replies.Made, tables.projects, existing)
        raise errors.IdTaken(field="project_id", id=payload.project_id)
    ground.require_adults(tx, "manager_person_id", [payload.manager_person_id])
    row = _open_project(
        tx,
        wanted
        | {
            "project_id": payload.project_id or tx.new_id("prj"),
            "households": payload.households,
            "area_m2_hundredths": None if payload.area_m2 is None else round(payload.area_m2 * 100),
            "operation_mode": payload.operation_mode,
            "status": payload.status,
            "buildings": _own_buildings(tx, payload.project_id, payload.grids, payload.buildings),
            "manager_person_id": payload.manager_person_id,
        },
    )
    ground.require_one_side(tx, row, "PROPERTY", "manager_person_id", [payload.manager_person_id])
    ground.require_one_side(tx, row, "PROPERTY", "company_id", company.representatives)
    return ground.reply(replies.Made, tables.projects, row)


# What a line that leaves these out has as well.
_BY_DEFAULT = {"operation_mode": "MARKET", "status": "IN_SERVICE"}


def _require_same(known: Row, payload: RegisterProject) -> None:
    """Refuse a project that is known with other content, rather than drop what is new.

    Raises:
        ProjectDiffers: It is.
    """
    told: Values = {
        "households": payload.households,
        "area_m2_hundredths": payload.area_m2 and round(payload.area_m2 * 100),
        "manager_person_id": payload.manager_person_id,
        "buildings": sorted(payload.buildings),
        "operation_mode": payload.operation_mode,
        "status": payload.status,
    }
    said = {name: value for name, value in told.items() if _BY_DEFAULT.get(name) != value}
    what = ground.differing(known, said)
    if what is not None:
        what = what.removesuffix("_hundredths")
        raise errors.ProjectDiffers(field=what, id=known.project_id, what=what)


def _own_buildings(
    tx: Tx, project_id: str | None, grids: list[str], buildings: list[str]
) -> list[str] | None:
    """Return a compound's buildings, refused where another project of a grid has one of them."""
    for others in rows.projects_serving(tx.conn, grids).values():
        for other in others:
            if other.project_id == project_id:
                continue
            for building in buildings:
                if rules.in_buildings(other.buildings or (), building):
                    raise errors.BuildingTaken(
                        field="buildings", building=building, project=other.project_id
                    )
    return sorted(set(buildings)) or None


def _open_project(tx: Tx, values: Values) -> Row:
    """Write a project with its first manager and say both; its directions begin as gaps."""
    serves = values["status"] == "IN_SERVICE"
    row = records.create(
        tx,
        tables.projects,
        step="REGISTERED",
        note={"status": values["status"]},
        **(
            values
            | {
                "in_service_from": tx.now if serves else None,
                # Registered is the first change, the manager the second: consumers drop what is not
                # newer than what they know.
                "version": 2,
                "created_at": tx.now,
            }
        ),
    )
    project_id, manager = row.project_id, row.manager_person_id
    records.add(
        tx.conn, tables.project_managers, project_id=project_id, since=tx.now, person_id=manager
    )
    records.add(
        tx.conn,
        tables.project_households,
        project_id=project_id,
        since=ground.today(tx),
        households=row.households,
    )
    for direction in rules.POSTS:
        rows.open_gap(tx.conn, project_id, direction, ground.today(tx))
    publish_project(tx, row, sequence=1)
    tx.publish(
        events.ProjectManagerChanged(project_id, manager),
        subject=project_id,
        scope=row.area,
        sequence=2,
    )
    if serves:
        complaints.place_waiting(tx, row.grids)
    return row


def publish_project(tx: Tx, row: Row, sequence: int) -> None:
    """Say what others keep of a project; said again when it changes."""
    tx.publish(
        fact_of(events.ProjectRegistered, row, community=row.area),
        subject=row.project_id,
        scope=row.area,
        sequence=sequence,
    )


class CorrectProject(Request, frozen=True):
    """更正物业项目登记 / Put right what is registered of a project; the rest stays.

    Another company that takes over is a hand-over; the company is put right only of a project
    that has no record yet.

    Attributes:
        company_id: Only of a project that has no record yet; another company that takes over is a
            hand-over.
    """

    project_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["登记时遗漏网格"])]
    name: Annotated[ground.Name, Meta(examples=["宏河苑一期"])] | None = None
    grids: Grids | None = None
    buildings: Annotated[Buildings, Meta(examples=[["1号楼", "2号楼"]])] | None = None
    area_m2: Area | None = None
    operation_mode: Mode | None = None
    company_id: str | None = None


def correct_project(tx: Tx, payload: CorrectProject) -> replies.Made:
    """更正项目登记 / Put a project's registration right.

    Put a project's name, places or company right; who heard of it hears it again (SP-D33).

    Complaints that could not be told apart until now are, where its places tell.

    Raises:
        NotFound: There is no such project or company.
        ConflictOfInterest: The registrar holds a post in the project.
        ReasonRequired: There is no reason.
        AreaInvalid, BuildingTaken: As when it is registered.
        HandOverInstead: It has a record under the company that it has.
        NothingChanges: It stands so already.
        StateConflict: It is closed.
    """
    row = ground.meant(tx, tables.projects, payload.project_id, may=ground.uninterested)
    ground.require_reason(payload.reason)
    if row.status == "CLOSED":
        raise StateConflict(state="CLOSED")
    wanted: Values = {}
    if payload.name is not None:
        wanted["name"] = payload.name
    if payload.operation_mode is not None:
        wanted["operation_mode"] = payload.operation_mode
    if payload.area_m2 is not None:
        wanted["area_m2_hundredths"] = round(payload.area_m2 * 100)
    if payload.grids is not None:
        wanted["grids"] = _grids_of(payload.grids, row.area)
    if payload.grids is not None or payload.buildings is not None:
        wanted["buildings"] = _own_buildings(
            tx,
            payload.project_id,
            wanted.get("grids") or row.grids,
            (row.buildings or []) if payload.buildings is None else payload.buildings,
        )
    if payload.company_id is not None and payload.company_id != row.company_id:
        ground.found(tx, tables.companies, payload.company_id)
        if rows.has_record(tx.conn, payload.project_id):
            raise errors.HandOverInstead(field="company_id", project=payload.project_id)
        wanted["company_id"] = payload.company_id
    row = ground.correct(tx, tables.projects, row, wanted=wanted, reason=payload.reason)
    publish_project(tx, row, row.version)
    if row.status == "IN_SERVICE":
        complaints.place_waiting(tx, row.grids)
    return ground.reply(replies.Made, tables.projects, row)


def _grids_of(grids: list[str], community: str) -> list[str]:
    """Return a project's grids, each once.

    Raises:
        AreaInvalid: One does not lie in the community.
    """
    for grid in grids:
        if not grid.startswith(community):
            raise errors.AreaInvalid(field="grids", grid=grid, community=community)
    return sorted(set(grids))


class ChangeStatus(Request, frozen=True):
    """项目投入服务或终止 / Begin a prepared project's service, or close a project.

    Closing ends its appointments, agreements and open orders.
    """

    project_id: str
    status: Annotated[Literal["IN_SERVICE", "CLOSED"], Meta(examples=["IN_SERVICE"])]
    reason: Annotated[PublicText, Meta(max_length=1000)] = ""


def change_project_status(tx: Tx, payload: ChangeStatus) -> replies.Made:
    """项目投入服务或终止 / Begin or close a project.

    Begin or close a project; closing ends its posts, agreements and open orders.

    Raises:
        ConflictOfInterest: The registrar holds a post in the project.
        StateConflict: It is not in the state before.
        ReasonRequired: It is closed without a reason.
    """
    row = ground.meant(tx, tables.projects, payload.project_id, may=ground.uninterested)
    before = {"IN_SERVICE": "PREPARING", "CLOSED": "IN_SERVICE"}[payload.status]
    if row.status != before:
        raise StateConflict(state=row.status)
    if payload.status == "IN_SERVICE":
        row = records.change(
            tx, tables.projects, row, step="IN_SERVICE", status="IN_SERVICE", in_service_from=tx.now
        )
        publish_project(tx, row, row.version)
        complaints.place_waiting(tx, row.grids)
    else:
        ground.require_reason(payload.reason)
        row = _close_project(tx, row, payload.reason)
    return ground.reply(replies.Made, tables.projects, row)


def _close_project(tx: Tx, row: Row, reason: str) -> Row:
    row = appointments.end_for_closed_project(tx, row)
    agreements.end_for_closed_project(tx, row.project_id)
    rectifications.end_for_closed_project(tx, row.project_id)
    works.end_for_closed_project(tx, row.project_id)
    disclosures.end_for_closed_project(tx, row.project_id)
    rows.end_manager(tx.conn, row.project_id, tx.now)
    row = records.change(
        tx,
        tables.projects,
        row,
        step="CLOSED",
        status="CLOSED",
        closed_at=tx.now,
        note={"reason": reason},
    )
    publish_project(tx, row, row.version)
    return row


class ReopenProject(Request, frozen=True):
    """恢复误终止的项目 / Why a project was closed by mistake."""

    project_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["误选项目,合同仍有效"])]


def reopen_project(tx: Tx, payload: ReopenProject) -> replies.Reopened:
    """恢复误终止的项目(两人办理) / Take back that a project was closed; the first one proposes.

    Let a project that was closed by mistake serve again: the first person proposes, the second
    decides, within 30 days.

    未完成的整改与业主大会事项重新计时,尚未到期的公示恢复;任职与协议须重新办理,列于 `ended`。Orders
    that were open and what meetings had decided are made anew with fresh deadlines, and what was
    still to be published is on the list again. Posts and agreements have to be made again; they are
    named in `ended`. A month that is measured stays as it was measured.

    Raises:
        ConflictOfInterest: The registrar holds a post in the project.
        ReasonRequired: There is no reason.
        StateConflict: It is not closed.
        HasSuccessor: It was handed over to another company.
        ReopeningOver: It was closed more than 30 days ago.
        BuildingTaken: Another project has one of its buildings now.
        SamePerson: The proposer would decide it.
    """
    row = ground.meant(tx, tables.projects, payload.project_id, may=ground.uninterested)
    ground.require_reason(payload.reason)
    if row.status != "CLOSED":
        raise StateConflict(state=row.status)
    successor = closings.successor_of(tx.conn, row.project_id)
    if successor is not None:
        raise errors.HasSuccessor(project=successor)
    if tx.now - row.closed_at > rules.REOPENING:
        raise errors.ReopeningOver(days=str(rules.REOPENING.days))
    _own_buildings(tx, row.project_id, row.grids, row.buildings or [])
    if row.reopening_proposed_by is None:
        row = records.change(
            tx,
            tables.projects,
            row,
            step="REOPENING_PROPOSED",
            reopening_proposed_by=tx.actor.id,
            note={"reason": payload.reason},
        )
        return ground.reply(replies.Reopened, tables.projects, row, reopening="PROPOSED")
    if row.reopening_proposed_by == tx.actor.id:
        raise errors.SamePerson
    return _reopened(tx, row, payload.reason)


def _manages(tx: Tx, project_id: str, person_id: str) -> None:
    """Keep who manages a project from now on; of one instant the last one named."""
    told = {"project_id": project_id, "since": tx.now, "person_id": person_id, "until": None}
    records.put(tx.conn, tables.project_managers, [told])


def _reopened(tx: Tx, closed: Row, reason: str) -> replies.Reopened:
    project_id = closed.project_id
    row = records.change(
        tx,
        tables.projects,
        closed,
        step="REOPENED",
        status="IN_SERVICE",
        closed_at=None,
        reopening_proposed_by=None,
        note={"reason": reason, "closed_at": closed.closed_at.isoformat()},
    )
    publish_project(tx, row, row.version)
    manager = row.manager_person_id
    if manager is not None and not ground.is_adult_here(tx, manager):
        row, manager = records.update(tx.conn, tables.projects, row, manager_person_id=None), None
    if manager is not None:
        _manages(tx, project_id, manager)
        row = records.update(tx.conn, tables.projects, row)
        tx.publish(
            events.ProjectManagerChanged(project_id, manager),
            subject=project_id,
            scope=row.area,
            sequence=row.version,
        )
    undone = closings.ended_works(tx.conn, project_id, closed.closed_at)
    works_now = works.take_over(tx, row, undone)
    orders = closings.ended_orders(tx.conn, project_id, closed.closed_at)
    for order in orders:
        rectifications.open_order(
            tx,
            row,
            severity=order.severity,
            facts=order.facts,
            basis=order.basis,
            source=order.source,
            media=order.media,
            work_id=works_now.get(rows.work_of_order(tx.conn, order) or ""),
            again_of=order.rectification_id,
        )
    posts = closings.ended_posts(tx.conn, project_id, closed.closed_at)
    agreed = closings.ended_agreements(tx.conn, project_id, closed.closed_at)
    listed, late = disclosures.list_again(tx, project_id)
    complaints.place_waiting(tx, row.grids)
    return ground.reply(
        replies.Reopened,
        tables.projects,
        row,
        reopening="DECIDED",
        orders=len(orders),
        works=len(undone),
        disclosures=listed,
        ended=[
            *(replies.EndedWith(kind="APPOINTMENT", id=one) for one in posts),
            *(replies.EndedWith(kind="AGREEMENT", id=one) for one in agreed),
            *(replies.EndedWith(kind="DISCLOSURE", id=one) for one in late),
        ],
    )


class HandOver(Request, frozen=True):
    """更换物业企业 / Another company takes over: a new project in the same compound.

    What is still wrong on the ground is ordered anew from it, with fresh deadlines.
    """

    project_id: str
    company_id: Annotated[str, Meta(examples=["pco_xinda"])]
    manager_person_id: Annotated[str, Meta(examples=["per_new_manager"])]
    name: ground.Name | None = None
    new_project_id: ProjectId | None = None


def hand_over_project(tx: Tx, payload: HandOver) -> replies.HandedOver:
    """更换物业企业 / Hand a project over to another company.

    Close the project of the old company and open that of the new one in the same compound.

    The record of the old one stays with it; what is still wrong on the ground is ordered anew from
    the new one, with fresh deadlines. Agreements and posts must be made again.

    Raises:
        NotFound: There is no such project or company.
        ConflictOfInterest: The registrar holds a post in the project.
        SamePerson, OwnHousehold: The registrar names somebody of their own household.
        StateConflict: It is not in service, or the company runs it already.
        IdTaken: The chosen id stands for something else.
        NotRegistered, UnderAge, Deceased, MergedAway: The manager is no registered adult.
        OneSideOnly: The manager, or a representative, stands for the community or the owners.

    Source:
        DOMAIN 6 F19.
    """
    row = ground.meant(tx, tables.projects, payload.project_id, may=ground.uninterested)
    _require_another(tx, "manager_person_id", payload.manager_person_id)
    company = ground.found(tx, tables.companies, payload.company_id)
    if row.status != "IN_SERVICE":
        raise StateConflict(state=row.status)
    if row.company_id == payload.company_id:
        raise StateConflict(state="SAME_COMPANY", field="company_id")
    if payload.new_project_id and records.find(tx.conn, tables.projects, payload.new_project_id):
        raise errors.IdTaken(field="new_project_id", id=payload.new_project_id)
    ground.require_adults(tx, "manager_person_id", [payload.manager_person_id])
    ground.require_one_side(tx, row, "PROPERTY", "manager_person_id", [payload.manager_person_id])
    ground.require_one_side(tx, row, "PROPERTY", "company_id", company.representatives)
    standing = rectifications.open_of_project(tx, payload.project_id)
    undone = works.end_for_closed_project(tx, payload.project_id)
    former = _close_project(tx, row, "HANDED_OVER")
    new = _open_project(
        tx,
        {
            "project_id": payload.new_project_id or tx.new_id("prj"),
            "company_id": payload.company_id,
            "name": payload.name or row.name,
            "area": row.area,
            "grids": row.grids,
            "households": row.households,
            "area_m2_hundredths": row.area_m2_hundredths,
            "operation_mode": row.operation_mode,
            "status": "IN_SERVICE",
            "manager_person_id": payload.manager_person_id,
            "predecessor_id": payload.project_id,
            "buildings": row.buildings,
        },
    )
    committees.hand_over(tx, former, new)
    rooms.hand_over(tx, former, new)
    incidents.hand_over(tx, former, new)
    votes.follow_hand_over(tx, former, new)
    works_now = works.take_over(tx, new, undone)
    ordered = [
        rectifications.open_order(
            tx,
            new,
            severity=defect.severity,
            facts=(rules.REOPENED_FACTS if defect.source == "COMPLAINT" else defect.facts),
            basis=defect.basis,
            source="HANDOVER",
            media=defect.media,
            work_id=works_now.get(rows.work_of_order(tx.conn, defect) or ""),
            again_of=defect.rectification_id,
        )
        for defect in standing
    ]
    handovers.begin(
        tx,
        former,
        new,
        orders=ordered,
        works=[records.known(tx.conn, tables.works, one) for one in works_now.values()],
    )
    return ground.reply(
        replies.HandedOver,
        tables.projects,
        new,
        predecessor=former.project_id,
        orders=len(standing),
    )


class ChangeManager(Request, frozen=True):
    """更换项目经理 / Change the manager; the former one's appointment into the community ends."""

    project_id: str
    person_id: Annotated[str, Meta(examples=["per_new_manager"])]


def change_manager(tx: Tx, payload: ChangeManager) -> replies.Made:
    """更换项目经理 / Change a project's manager.

    Change the manager; appointments of the former one into the community end.

    Raises:
        StateConflict: The person manages the project already.
        NotTheCompany: The actor does not represent the project's company.
        ConflictOfInterest: A registrar holds a post in the project.
        SamePerson, OwnHousehold: A registrar names somebody of their own household.
        NotRegistered, UnderAge, Deceased, MergedAway: The person is no registered adult.
        OneSideOnly: The person stands for the community or the owners of the project.
    """
    row = ground.meant(tx, tables.projects, payload.project_id, may=_may_name_a_manager)
    ground.require_open(row)
    _require_another(tx, "person_id", payload.person_id)
    former = row.manager_person_id
    if former == payload.person_id:
        raise StateConflict(state="MANAGER", field="person_id")
    ground.require_adults(tx, "person_id", [payload.person_id])
    ground.require_one_side(tx, row, "PROPERTY", "person_id", [payload.person_id])
    rows.end_manager(tx.conn, payload.project_id, tx.now)
    _manages(tx, payload.project_id, payload.person_id)
    row = records.change(
        tx,
        tables.projects,
        row,
        step="MANAGER_CHANGED",
        manager_person_id=payload.person_id,
        note={"former": former, "now": payload.person_id},
    )
    tx.publish(
        events.ProjectManagerChanged(payload.project_id, payload.person_id),
        subject=payload.project_id,
        scope=row.area,
        sequence=row.version,
    )
    row = appointments.end_for_new_manager(tx, row)
    return ground.reply(replies.Made, tables.projects, row)


def end_for_dead(tx: Tx, person_id: str) -> None:
    """End the time of a manager who has died; a person who speaks for the company is told."""
    for project_id in rows.managed_by(tx.conn, person_id):
        row = ground.found(tx, tables.projects, project_id)
        rows.end_manager(tx.conn, project_id, tx.now)
        row = records.change(
            tx,
            tables.projects,
            row,
            step="MANAGER_ENDED",
            manager_person_id=None,
            note={"former": person_id, "reason": "DECEASED"},
        )
        tx.publish(
            events.ProjectManagerEnded(project_id, person_id, "DECEASED"),
            subject=project_id,
            scope=row.area,
            sequence=row.version,
        )
        company = ground.found(tx, tables.companies, row.company_id)
        for one in company.representatives:
            if one != person_id:
                ground.tell(tx, one, "MANAGER_DIED", said=row.name)


def _may_name_a_manager(tx: Tx, row: Row) -> None:
    """A company names whom it likes; a registrar has no part in the project and gets none."""
    if tx.actor.role != "R_PCO":
        ground.uninterested(tx, row)


def _require_another(tx: Tx, field: str, manager: str) -> None:
    """Refuse a registrar who makes somebody of their own household the manager (FAULTS K12, K14).

    A company names whom it wants.
    """
    if tx.actor.role != "R_PCO":
        ground.require_others(tx, field, [manager])


class CountHouseholds(Request, frozen=True):
    """更新户数 / Set the households from a day on; the complaint rate averages them."""

    project_id: str
    since: Annotated[date, Meta(examples=["2025-03-01"])]
    households: Annotated[Count, Meta(examples=[1210])]


def count_households(tx: Tx, payload: CountHouseholds) -> replies.Counted:
    """更新项目户数 / Set a project's households.

    Set the household count from a day on; the average of the complaint rate reads it.

    Raises:
        ConflictOfInterest: The person holds a post in the project.
        PeriodNotAllowed: The day lies in a month that is measured, or in the future.
    """
    row = ground.meant(tx, tables.projects, payload.project_id, may=ground.uninterested)
    if payload.since > ground.today(tx):
        raise errors.PeriodNotAllowed(
            field="since",
            period=str(payload.since),
            reason=said("日期尚未到来 / that day has not come yet"),
        )
    if rows.month_is_measured(tx.conn, payload.since.isoformat()[:7]):
        raise errors.PeriodNotAllowed(
            field="since",
            period=str(payload.since)[:7],
            reason=said("该月已冻结 / that month is frozen"),
        )
    records.put(
        tx.conn,
        tables.project_households,
        [
            {
                "project_id": payload.project_id,
                "since": payload.since,
                "households": payload.households,
            }
        ],
    )
    newest = rows.households_since(tx.conn, payload.project_id)
    row = records.change(
        tx,
        tables.projects,
        row,
        step="HOUSEHOLDS_COUNTED",
        note={"since": str(payload.since), "households": payload.households},
        households=newest,
    )
    publish_project(tx, row, row.version)
    return ground.reply(replies.Counted, tables.projects, row, households=newest)
