"""What a complaint is about, more closely: where, what, how pressing, and whom to call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import Id
from fivered.chassis.refusal import NotFound
from fivered.chassis.requests import Request
from fivered.chassis.telling import tell
from fivered.services.property import errors, replies, rules
from fivered.services.property.actions import ground
from fivered.services.property.fields import Place, Problem
from fivered.services.property.storage import rooms, rows, tables
from fivered.services.property.storage.rows import Row


class Describe(Request, frozen=True):
    """投诉详情 / What a complaint is about; a member that is left out stays as it was."""

    complaint_id: str
    place: Annotated[Place, Meta(description="部位 / where", examples=["LIFT"])] | None = None
    problem: (
        Annotated[Problem, Meta(description="问题,须属该部位 / what, of this place's",
                                examples=["LIFT_STOPPED"])]
        | None
    ) = None  # fmt: skip
    room_id: Annotated[Id, Meta(description="名册中的房屋 / a room of the register")] | None = None
    contact_id: (
        Annotated[Id, Meta(description="联系人,须已登记 / whom to call; registered")] | None
    ) = None
    emergency: Annotated[bool, Meta(description="紧急 / it cannot wait")] | None = None
    warranty: Annotated[bool, Meta(description="保修期内 / under warranty")] | None = None
    paid: Annotated[bool, Meta(description="有偿服务 / a service that is paid for")] | None = None
    tell_project: (
        Annotated[
            bool,
            Meta(description="房屋和联系人告知物业 / the project may read room and contact"),
        ]
        | None
    ) = None


_MEMBERS = (
    *("place", "problem", "room_id", "contact_id", "emergency", "warranty", "paid"),
    "tell_project",
)


def describe_complaint(tx: Tx, payload: Describe) -> replies.Made:
    """补充投诉详情 / Say more closely what a complaint is about.

    Who complained, or the community, says where and what, of which room, and whom to call.

    An emergency is told at once to the manager and to the community. Room and contact person are
    read by the project only where `tell_project` says so.

    Raises:
        NotFound: There is none, or it is somebody else's; or there is no such room.
        RoleDenied: It lies outside the actor's scope.
        ConflictOfInterest, KinOfThePost: An official holds a post in the project.
        VersionConflict: It has changed since.
        StateConflict: It is closed.
        NothingChanges: It is what is known already.
        ProblemElsewhere: That cannot be wrong at that place.
        RoomElsewhere: The room is of another compound.
        NotRegistered, UnderAge, Deceased, MergedAway: The contact person is no registered adult.
    """
    row = ground.found(tx, tables.complaints, payload.complaint_id)
    if tx.actor.role == "R_RESIDENT":
        if row.complainant_id != tx.actor.id:
            raise NotFound(kind="complaint", id=payload.complaint_id)
    else:
        ground.require_standing(tx, row)
        ground.uninterested(tx, row)
    tx.check_version(row.version)
    records.require_state(row, "OPEN")
    wanted = {name: getattr(payload, name) for name in _MEMBERS}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    _check(tx, row, payload)
    if ground.same(row, wanted):
        raise errors.NothingChanges
    emergency = bool(payload.emergency) and not row.emergency
    contact = payload.contact_id if payload.contact_id != row.contact_id else None
    row = records.change(tx, tables.complaints, row, step="DESCRIBED", **wanted)
    _tell(tx, row, emergency=emergency, contact=contact)
    return ground.reply(replies.Made, tables.complaints, row)


def _tell(tx: Tx, row: Row, *, emergency: bool, contact: str | None) -> None:
    """Tell whom to call, and of what cannot wait the project and the community."""
    about = ("complaint", row.complaint_id)
    if emergency:
        people = rows.committee_people(tx.conn, row.area)
        people.add(ground.project(tx, row.project_id).manager_person_id or "")
        where = {"place": row.place or "UNKNOWN_PLACE", "problem": row.problem or "OTHER_PROBLEM"}
        tell(tx, "COMPLAINT_EMERGENCY", people, about=about, **where)
    tell(tx, "COMPLAINT_CONTACT", contact, about=about)


def said_of(row: Any) -> dict[str, Any]:
    """Return what is said of a complaint, member by member."""
    return {name: value for name in _MEMBERS if (value := getattr(row, name)) is not None}


def take(tx: Tx, row: Row, said: Mapping[str, Any]) -> None:
    """Describe a complaint by what was said when it was filed, where nobody has said otherwise.

    It is a fact by then and cannot be refused: a member that cannot be stays out, one by one, and
    who complained is told which and why.
    """
    wanted = {name: value for name, value in said.items() if getattr(row, name) is None}
    left_out: dict[str, str] = {}
    for name in ("place", "problem", "room_id", "contact_id"):
        if name not in wanted:
            continue
        reason = _why_not(tx, row, name, wanted[name], place=wanted.get("place") or row.place)
        if reason is not None:
            left_out[name] = reason
            del wanted[name]
    if wanted:
        emergency, contact = bool(wanted.get("emergency")), wanted.get("contact_id")
        note = {"left_out": sorted(left_out)} if left_out else {}
        row = records.change(tx, tables.complaints, row, step="DESCRIBED", note=note, **wanted)
        _tell(tx, row, emergency=emergency, contact=contact)
    told = [row.complainant_id] if row.complainant_id else rows.committee_people(tx.conn, row.area)
    for name, reason in left_out.items():
        tell(
            tx,
            "COMPLAINT_LEFT_OUT",
            told,
            about=("complaint", row.complaint_id),
            # A correction says it again.
            once=f"{row.complaint_id}:{name}:{said[name]}",
            number=row.number or row.complaint_id,
            detail=f"DETAIL_{name.upper()}",
            reason=reason,
        )


def _why_not(tx: Tx, row: Row, name: str, value: str, *, place: str | None) -> str | None:
    """Return the word for why a member of what was said cannot be, or None."""
    if name == "place":
        return None if value in rules.PROBLEMS else "DETAIL_UNKNOWN"
    if name == "problem":
        if not any(value in problems for problems in rules.PROBLEMS.values()):
            return "DETAIL_UNKNOWN"
        return None if rules.can_be(place, value) else "DETAIL_ELSEWHERE"
    if name == "contact_id":
        return None if ground.is_adult_here(tx, value) else "DETAIL_NO_ADULT"
    room = records.find(tx.conn, rooms.rooms, value)
    if room is None:
        return "DETAIL_UNKNOWN"
    return None if room.project_id == row.project_id else "DETAIL_ELSEWHERE"


def _check(tx: Tx, row: Row, payload: Describe) -> None:
    """Refuse what cannot be.

    Raises:
        ProblemElsewhere, RoomElsewhere: See `describe_complaint`.
        NotFound: There is no such room.
        NotRegistered, UnderAge, Deceased, MergedAway: See `ground.require_adults`.
    """
    place, problem = payload.place or row.place, payload.problem or row.problem
    if problem is not None and not rules.can_be(place, problem):
        field = "problem" if payload.problem is not None else "place"
        raise errors.ProblemElsewhere(field=field, place=place or "UNKNOWN_PLACE", problem=problem)
    if payload.room_id is not None:
        room = records.get(tx.conn, rooms.rooms, payload.room_id)
        if room.project_id != row.project_id:
            raise errors.RoomElsewhere(field="room_id", room=payload.room_id)
    if payload.contact_id is not None:
        ground.require_adults(tx, "contact_id", [payload.contact_id])
