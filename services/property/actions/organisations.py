"""Companies, projects, their managers and household counts, owners' committees."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from chassis import records
from chassis.bus import Due, Tx
from chassis.fields import Community, Grid
from chassis.free_text import PUBLIC, PublicText
from chassis.refusal import RoleDenied, StateConflict, said
from services.property import errors, events, replies, rules
from services.property.actions import (
    agreements,
    appointments,
    complaints,
    disclosures,
    ground,
    rectifications,
    works,
)
from services.property.storage import rows, tables
from services.property.storage.rows import Row, Values

Name = Annotated[str, Meta(min_length=1, max_length=200), PUBLIC]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
CompanyId = Annotated[str, Meta(pattern=r"^pco_[A-Za-z0-9_-]{1,58}$")]
ProjectId = Annotated[str, Meta(pattern=r"^prj_[A-Za-z0-9_-]{1,58}$")]
Grids = Annotated[list[Grid], Meta(min_length=1, max_length=200)]
Mode = Literal["MARKET", "COMMUNITY_RUN", "SELF"]
# Square metres, in hundredths of which they are kept.
Area = Annotated[float, Meta(ge=0, le=100_000_000)]
# As residents write them, without unit and room.
Buildings = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=40), PUBLIC]], Meta(max_length=500)
]
PersonId = Annotated[str, Meta(min_length=1, max_length=64)]
# The chair of a committee whose chair has died.
NOBODY = ""
# How many it may be is a rule's to say.
Members = Annotated[list[PersonId], Meta(max_length=20)]
Representatives = Annotated[list[PersonId], Meta(max_length=20)]


@dataclass(frozen=True, slots=True)
class RegisterCompany:
    """登记物业企业 / Register a property company.

    The unified social credit code is checked (GB 32100). A wrong one is refused unless
    `override_reason` says why; the reason is kept and shown.
    """

    name: Annotated[Name, Meta(examples=["宏达物业服务有限公司"])]
    uscc: Annotated[str, Meta(max_length=40, examples=["91370899MA0000000E"])]
    company_id: (
        Annotated[CompanyId, Meta(description="导入时自定编号 / id chosen by a loader")] | None
    ) = None
    override_reason: Annotated[
        PublicText,
        Meta(max_length=1000, description="校验不通过仍登记的理由 / why all the same"),
    ] = ""
    representatives: Annotated[
        Representatives,
        Meta(description="授权代表,无登记则无人可代表 / who speaks for it; without them nobody"),
    ] = field(default_factory=list)


def register_company(tx: Tx, payload: RegisterCompany) -> replies.Made:
    """登记物业企业 / Register a company.

    Register a company under its unified social credit code.

    Raises:
        UsccInvalid: The check fails and no reason overrides it.
        UsccTaken: The code belongs to another company.
        IdTaken: The chosen id stands for something else.
        SamePerson: The registrar names himself.
        NotRegistered, UnderAge, Deceased, MergedAway: A representative is no registered adult.
    """
    if tx.actor.id in payload.representatives:
        raise errors.SamePerson(field="representatives")
    uscc, overridden = _checked_uscc(payload.uscc, payload.override_reason)
    other = rows.company_by_uscc(tx.conn, uscc)
    if other is not None:
        if payload.company_id == other.company_id and other.name == payload.name:
            return ground.reply(replies.Made, tables.companies, other, state="REGISTERED")
        raise errors.UsccTaken(field="uscc", uscc=uscc, company=other.company_id)
    if payload.company_id and records.find(tx.conn, tables.companies, payload.company_id):
        raise errors.IdTaken(field="company_id", id=payload.company_id)
    ground.require_adults(tx, "representatives", payload.representatives)
    row = records.create(
        tx,
        tables.companies,
        step="REGISTERED",
        note={"uscc_valid": overridden is None},
        company_id=payload.company_id or tx.new_id("pco"),
        name=payload.name,
        uscc=uscc,
        uscc_override_reason=overridden,
        uscc_override_by=tx.actor.id if overridden else None,
        representatives=sorted(set(payload.representatives)),
        area=tx.actor.scope[:6],
        version=1,
        created_at=tx.now,
    )
    _say_company(tx, row)
    return ground.reply(replies.Made, tables.companies, row, state="REGISTERED")


@dataclass(frozen=True, slots=True)
class ChangeRepresentatives:
    """变更企业授权代表 / Change who speaks for a company.

    Two registrars do it: the first call proposes (PROPOSED), the same list from another person
    confirms it (CHANGED). Nobody names himself.

    Attributes:
        document_ref: The company's letter of authority.
    """

    company_id: str
    representatives: Annotated[Representatives, Meta(examples=[["per_company"]])]
    document_ref: Annotated[
        str, Meta(min_length=1, max_length=200, examples=["宏达物业授权书〔2025〕1号"]), PUBLIC
    ]


def change_representatives(tx: Tx, payload: ChangeRepresentatives) -> replies.Made:
    """变更企业授权代表(两人办理) / Change who speaks for a company.

    Two registrars change a company's representatives: one proposes, another one confirms.

    Whoever names other persons than the proposal makes a new proposal.

    Raises:
        NotFound: There is no such company.
        RoleDenied: The company has no project in the actor's area.
        SamePerson: The proposer would confirm, or a registrar names himself.
        StateConflict: They speak for it already.
        NotRegistered, UnderAge, Deceased, MergedAway: A new one is no registered adult.
        OneSideOnly: A new one stands for community or owners of a project that the company runs.

    Source:
        FAULTS K14, SEC-H1: whoever speaks for a company is looked up, never believed.
    """
    row = ground.found(tx, tables.companies, payload.company_id)
    _require_registrar(tx, row)
    named = sorted(set(payload.representatives))
    if tx.actor.id in named:
        raise errors.SamePerson(field="representatives")
    tx.check_version(row.version)
    if named == row.representatives:
        raise StateConflict(state="REPRESENTATIVES", field="representatives")
    ground.require_adults(
        tx, "representatives", [one for one in named if one not in row.representatives]
    )
    new = set(named) - set(row.representatives)
    for project in rows.projects_of_company(tx.conn, payload.company_id):
        ground.require_one_side(tx, project, "PROPERTY", "representatives", sorted(new))
    if row.representatives_proposed != named:
        row = records.change(
            tx,
            tables.companies,
            row,
            step="REPRESENTATIVES_PROPOSED",
            representatives_proposed=named,
            representatives_proposed_by=tx.actor.id,
            representatives_document=payload.document_ref,
            note={"named": named, "document": payload.document_ref},
        )
        return ground.reply(replies.Made, tables.companies, row, state="PROPOSED")
    if row.representatives_proposed_by == tx.actor.id:
        raise errors.SamePerson
    former = row.representatives
    row = records.change(
        tx,
        tables.companies,
        row,
        step="REPRESENTATIVES_CHANGED",
        representatives=named,
        representatives_proposed=None,
        representatives_proposed_by=None,
        note={"former": former, "now": named, "document": payload.document_ref},
    )
    tx.publish(
        events.CompanyRepresentativesChanged(row.company_id, named),
        subject=row.company_id,
        scope=row.area,
        sequence=row.version,
    )
    return ground.reply(replies.Made, tables.companies, row, state="CHANGED")


def _require_registrar(tx: Tx, company: Row) -> None:
    """Refuse a street in which the company runs nothing, unless it runs nothing anywhere."""
    places = rows.areas_of_company(tx.conn, company.company_id)
    if not rules.concerns(tx.actor.scope, area=company.area, places=places):
        raise RoleDenied(role=tx.actor.role, scope=tx.actor.scope, area=company.area)


@dataclass(frozen=True, slots=True)
class CorrectCompany:
    """更正物业企业登记 / Put right what is registered of a company; the rest stays."""

    company_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["营业执照更名"])]
    name: Annotated[Name, Meta(examples=["宏达物业有限公司"])] | None = None
    uscc: Annotated[str, Meta(max_length=40)] | None = None
    override_reason: Annotated[
        PublicText,
        Meta(max_length=1000, description="校验不通过仍登记的理由 / why all the same"),
    ] = ""


def correct_company(tx: Tx, payload: CorrectCompany) -> replies.Made:
    """更正企业登记 / Put a company's registration right.

    Put a company's name or code right; who heard of it hears it again (SP-D33).

    Raises:
        NotFound: There is no such company.
        RoleDenied: The company has no project in the actor's area.
        ReasonRequired: There is no reason.
        UsccInvalid, UsccTaken: As when it is registered.
        NothingChanges: It stands so already.
    """
    row = ground.found(tx, tables.companies, payload.company_id)
    _require_registrar(tx, row)
    tx.check_version(row.version)
    ground.require_reason(payload.reason)
    wanted: Values = {}
    if payload.name is not None:
        wanted["name"] = payload.name
    if payload.uscc is not None:
        uscc, overridden = _checked_uscc(payload.uscc, payload.override_reason)
        other = rows.company_by_uscc(tx.conn, uscc)
        if other is not None and other.company_id != payload.company_id:
            raise errors.UsccTaken(field="uscc", uscc=uscc, company=other.company_id)
        wanted |= {
            "uscc": uscc,
            "uscc_override_reason": overridden,
            "uscc_override_by": tx.actor.id if overridden else None,
        }
    row = ground.correct(tx, tables.companies, row, wanted=wanted, reason=payload.reason)
    _say_company(tx, row)
    return ground.reply(replies.Made, tables.companies, row, state="CORRECTED")


def _checked_uscc(text: str, override_reason: str) -> tuple[str, str | None]:
    """Return a code in its one spelling, and why it is taken where its check fails.

    Raises:
        UsccInvalid: The check fails and no reason overrides it.
    """
    uscc = rules.normalise_uscc(text)
    if rules.uscc_valid(uscc):
        return uscc, None
    if not override_reason.strip():
        raise errors.UsccInvalid(field="uscc", uscc=text)
    return uscc, override_reason


def _say_company(tx: Tx, row: Row) -> None:
    tx.publish(
        events.CompanyRegistered(row.company_id, row.uscc, row.representatives),
        subject=row.company_id,
        scope=row.area,
        sequence=row.version,
    )


@dataclass(frozen=True, slots=True)
class RegisterProject:
    """登记物业项目 / Register a project with its first manager."""

    company_id: Annotated[str, Meta(examples=["pco_hongda"])]
    name: Annotated[Name, Meta(examples=["宏河苑"])]
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
        IdTaken: The chosen id stands for something else.
        NotRegistered, UnderAge, Deceased, MergedAway: The manager is no registered adult.
        OneSideOnly: He, or who speaks for the company, is one of the community's committees.
    """
    tx.require_scope(payload.community)
    _require_another(tx, payload.manager_person_id)
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
    _say_project(tx, row, sequence=1)
    tx.publish(
        events.ProjectManagerChanged(project_id, manager),
        subject=project_id,
        scope=row.area,
        sequence=2,
    )
    if serves:
        complaints.place_waiting(tx, row.grids)
    return row


def _say_project(tx: Tx, row: Row, sequence: int) -> None:
    """Say what others keep of a project; said again when it changes."""
    tx.publish(
        events.ProjectRegistered(
            row.project_id,
            row.company_id,
            row.area,
            list(row.grids),
            row.households,
            row.status,
            row.buildings,
            row.predecessor_id,
        ),
        subject=row.project_id,
        scope=row.area,
        sequence=sequence,
    )


@dataclass(frozen=True, slots=True)
class CorrectProject:
    """更正物业项目登记 / Put right what is registered of a project; the rest stays.

    Another company that takes over is a hand-over; the company is put right only of a project
    that has no record yet.

    Attributes:
        company_id: Only of a project that has no record yet; another company that takes over is a
            hand-over.
    """

    project_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["登记时遗漏网格"])]
    name: Annotated[Name, Meta(examples=["宏河苑一期"])] | None = None
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
    _say_project(tx, row, row.version)
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


@dataclass(frozen=True, slots=True)
class ChangeStatus:
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
        _say_project(tx, row, row.version)
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
    _say_project(tx, row, row.version)
    return row


@dataclass(frozen=True, slots=True)
class HandOver:
    """更换物业企业 / Another company takes over: a new project in the same compound.

    What is still wrong on the ground is ordered anew from it, with fresh deadlines.
    """

    project_id: str
    company_id: Annotated[str, Meta(examples=["pco_xinda"])]
    manager_person_id: Annotated[str, Meta(examples=["per_new_manager"])]
    name: Name | None = None
    new_project_id: ProjectId | None = None


def hand_over_project(tx: Tx, payload: HandOver) -> replies.HandedOver:
    """更换物业企业 / Hand a project over to another company.

    Close the project of the old company and open that of the new one in the same compound.

    The record of the old one stays with it; what is still wrong on the ground is ordered anew from
    the new one, with fresh deadlines. Agreements and posts must be made again.

    Raises:
        NotFound: There is no such project or company.
        ConflictOfInterest: The registrar holds a post in the project.
        SamePerson: He names himself as its manager.
        StateConflict: It is not in service, or the company runs it already.
        IdTaken: The chosen id stands for something else.
        NotRegistered, UnderAge, Deceased, MergedAway: The manager is no registered adult.
        OneSideOnly: He, or who speaks for the new company, stands for the community or the owners.

    Source:
        DOMAIN 6 F19.
    """
    row = ground.meant(tx, tables.projects, payload.project_id, may=ground.uninterested)
    _require_another(tx, payload.manager_person_id)
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
    committee = rows.owners_committee_in_term(tx.conn, payload.project_id)
    if committee is not None:
        # The owners are the same: their committee goes with the compound.
        committee = records.change(
            tx,
            tables.owners_committees,
            committee,
            step="HANDED_OVER",
            note={"from": payload.project_id},
            project_id=new.project_id,
        )
        _say_committee(tx, committee)
    for defect in standing:
        rectifications.open_order(
            tx,
            new,
            severity=defect.severity,
            facts=(rules.REOPENED_FACTS if defect.source == "COMPLAINT" else defect.facts),
            basis=defect.basis,
            source="HANDOVER",
            media=defect.media,
            again_of=defect.rectification_id,
        )
    works.take_over(tx, new, undone)
    return ground.reply(
        replies.HandedOver,
        tables.projects,
        new,
        predecessor=former.project_id,
        orders=len(standing),
    )


@dataclass(frozen=True, slots=True)
class ChangeManager:
    """更换项目经理 / Change the manager; his appointment into the community ends with him."""

    project_id: str
    person_id: Annotated[str, Meta(examples=["per_new_manager"])]


def change_manager(tx: Tx, payload: ChangeManager) -> replies.Made:
    """更换项目经理 / Change a project's manager.

    Change the manager; appointments of the former one into the community end.

    Raises:
        StateConflict: He manages the project already.
        NotTheCompany: The actor does not represent the project's company.
        ConflictOfInterest: A registrar holds a post in the project.
        SamePerson: A registrar names himself.
        NotRegistered, UnderAge, Deceased, MergedAway: He is no registered adult.
        OneSideOnly: He stands for the community or the owners of the project.
    """
    row = ground.meant(tx, tables.projects, payload.project_id, may=_may_name_a_manager)
    ground.require_open(row)
    _require_another(tx, payload.person_id)
    former = row.manager_person_id
    if former == payload.person_id:
        raise StateConflict(state="MANAGER", field="person_id")
    ground.require_adults(tx, "person_id", [payload.person_id])
    ground.require_one_side(tx, row, "PROPERTY", "person_id", [payload.person_id])
    rows.end_manager(tx.conn, payload.project_id, tx.now)
    records.put(
        tx.conn,
        tables.project_managers,
        [
            {
                "project_id": payload.project_id,
                "since": tx.now,
                "person_id": payload.person_id,
                "until": None,
            }
        ],
    )
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
    """End what somebody who has died held in projects, companies and committees; whoever names
    another one is told, and finds it among what waits for him."""
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
    appointments.end_for_dead(tx, person_id)
    for company_id in rows.companies_naming(tx.conn, person_id):
        _without_representative(tx, company_id, person_id)
    for committee_id in rows.committees_of(tx.conn, person_id):
        row = ground.found(tx, tables.owners_committees, committee_id)
        left = [one for one in row.members if one != person_id]
        chair = NOBODY if row.chair == person_id else row.chair
        row = records.change(
            tx,
            tables.owners_committees,
            row,
            step="MEMBER_ENDED",
            members=left,
            chair=chair,
            note={"former": person_id, "reason": "DECEASED"},
        )
        _say_committee(tx, row)
        name = ground.project(tx, row.project_id).name
        for one in left:
            ground.tell(tx, one, "MEMBER_DIED", said=name)


def _without_representative(tx: Tx, company_id: str, person_id: str) -> None:
    row = ground.found(tx, tables.companies, company_id)
    changes: Values = {}
    if person_id in (row.representatives_proposed or []):
        changes = {"representatives_proposed": None, "representatives_proposed_by": None}
    spoke = person_id in row.representatives
    left = [one for one in row.representatives if one != person_id]
    row = records.change(
        tx,
        tables.companies,
        row,
        step="REPRESENTATIVE_ENDED",
        representatives=left,
        **changes,
        note={"former": person_id, "reason": "DECEASED"},
    )
    if not spoke:
        return
    for one in left:
        ground.tell(tx, one, "REPRESENTATIVE_DIED", said=row.name)
    tx.publish(
        events.CompanyRepresentativesChanged(company_id, left),
        subject=company_id,
        scope=row.area,
        sequence=row.version,
    )


def _may_name_a_manager(tx: Tx, row: Row) -> None:
    """A company names whom it likes; a registrar has no part in the project and gets none."""
    if tx.actor.role != "R_PCO":
        ground.uninterested(tx, row)


def _require_another(tx: Tx, manager: str) -> None:
    """Refuse a registrar who makes himself the manager of a project (FAULTS K14)."""
    if tx.actor.role != "R_PCO" and manager == tx.actor.id:
        raise errors.SamePerson(field="manager_person_id")


@dataclass(frozen=True, slots=True)
class CountHouseholds:
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
    _say_project(tx, row, row.version)
    return ground.reply(replies.Counted, tables.projects, row, households=newest)


@dataclass(frozen=True, slots=True)
class RegisterCommittee:
    """登记业主委员会 / Register an owners' committee (YWH) or management committee (WGH)."""

    project_id: Annotated[str, Meta(examples=["prj_honghe"])]
    kind: Annotated[Literal["YWH", "WGH"], Meta(examples=["YWH"])]
    members: Annotated[
        Members, Meta(description="5 至 11 名单数 / an odd number of 5 to 11 persons")
    ]
    chair: str
    term_from: Annotated[date, Meta(examples=["2025-01-01"])]
    term_to: Annotated[date, Meta(examples=["2028-01-01"])]


def register_committee(tx: Tx, payload: RegisterCommittee) -> replies.Made:
    """登记业主委员会 / Register an owners' committee.

    Register the elected committee of a project's owners; a former one ends.

    Raises:
        CommitteeSize: Number, chair or term are against the rules.
        NotRegistered: A member is no registered adult.
        OnTheProjectsSide: A member serves the project.
    """
    project = ground.project(tx, payload.project_id)
    tx.require_scope(project.area)
    ground.require_no_interest(tx, payload.project_id)
    ground.require_open(project)
    rules.check_owners_committee(
        members=payload.members, chair=payload.chair, start=payload.term_from, end=payload.term_to
    )
    if payload.term_to <= ground.today(tx):
        raise errors.DueInPast(field="term_to", due=str(payload.term_to))
    _require_owners(tx, project, payload.members)
    former = rows.owners_committee_in_term(tx.conn, payload.project_id)
    if former is not None:
        former = records.change(
            tx, tables.owners_committees, former, step="REPLACED", state="EXPIRED"
        )
        _say_committee(tx, former)
        tx.disarm("committee_expire", former.committee_id)
    row = records.create(
        tx,
        tables.owners_committees,
        step="ELECTED",
        committee_id=tx.new_id("owc"),
        project_id=payload.project_id,
        kind=payload.kind,
        members=sorted(set(payload.members)),
        chair=payload.chair,
        term_from=payload.term_from,
        term_to=payload.term_to,
        state="IN_TERM",
        area=project.area,
        version=1,
        created_at=tx.now,
    )
    tx.arm("committee_expire", row.committee_id, tx.calendar.midnight(payload.term_to))
    _say_committee(tx, row)
    return ground.reply(replies.Made, tables.owners_committees, row)


@dataclass(frozen=True, slots=True)
class CorrectCommittee:
    """更正或补选业主委员会 / Put a committee in its term right, or name who was elected later."""

    committee_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["补选一名委员"])]
    kind: Literal["YWH", "WGH"] | None = None
    members: Members | None = None
    chair: PersonId | None = None
    term_from: date | None = None
    term_to: date | None = None


def correct_committee(tx: Tx, payload: CorrectCommittee) -> replies.Made:
    """更正或补选业主委员会 / Put an owners' committee right.

    Put a committee in its term right: a member who was elected later, a wrong date (SP-D33).

    Raises:
        ConflictOfInterest: The person holds a post in the project.
        ReasonRequired: There is no reason.
        CommitteeSize, NotRegistered, OnTheProjectsSide, DueInPast: As when it is registered.
        NothingChanges: It stands so already.
        StateConflict: Its term is over.
    """
    row = ground.meant(tx, tables.owners_committees, payload.committee_id, may=ground.uninterested)
    ground.require_reason(payload.reason)
    if row.state != "IN_TERM":
        raise StateConflict(state=row.state)
    wanted: Values = {
        name: getattr(payload, name)
        for name in ("kind", "chair", "term_from", "term_to")
        if getattr(payload, name) is not None
    }
    if payload.members is not None:
        wanted["members"] = sorted(set(payload.members))
    after = dict(records.values_of(row)) | wanted
    rules.check_owners_committee(
        members=after["members"],
        chair=after["chair"],
        start=after["term_from"],
        end=after["term_to"],
    )
    if after["term_to"] <= ground.today(tx):
        raise errors.DueInPast(field="term_to", due=str(after["term_to"]))
    new = [person for person in after["members"] if person not in row.members]
    _require_owners(tx, ground.project(tx, row.project_id), new)
    row = ground.correct(tx, tables.owners_committees, row, wanted=wanted, reason=payload.reason)
    tx.arm("committee_expire", row.committee_id, tx.calendar.midnight(row.term_to))
    _say_committee(tx, row)
    return ground.reply(replies.Made, tables.owners_committees, row)


def _require_owners(tx: Tx, project: Row, members: list[str]) -> None:
    """Refuse members whom nobody knows, and who serve the project or live with one who does."""
    ground.require_adults(tx, "members", members)
    for person in members:
        why = rows.interest_of(tx.conn, project, person)
        if why is not None:
            refusal = errors.KinOnTheProjectsSide if why.kin else errors.OnTheProjectsSide
            raise refusal(field="members", person=person, post=why.post)


def expire_committee(tx: Tx, due: Due) -> None:
    """End a committee whose term is over; meetings then need two sides only."""
    row = records.find(tx.conn, tables.owners_committees, due.ref, lock=True)
    if row is None or row.state != "IN_TERM":
        return
    row = records.change(tx, tables.owners_committees, row, step="EXPIRED", state="EXPIRED")
    _say_committee(tx, row)


def tell_committees(tx: Tx, _due: Due) -> None:
    """Say who sits for the owners where that was registered before it was said."""
    for row in rows.committees_in_term(tx.conn):
        _say_committee(tx, row)


def _say_committee(tx: Tx, row: Row) -> None:
    """Say who sits for the owners now; said again whenever that changes."""
    tx.publish(
        events.OwnersCommitteeChanged(row.committee_id, row.project_id, row.members, row.state),
        subject=row.committee_id,
        scope=row.area,
        sequence=row.version,
    )
