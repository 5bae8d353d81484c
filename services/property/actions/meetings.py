"""Three-party meetings: the regular consultation of community, owners and company."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from msgspec import Meta, field

from fivered.chassis import files, records
from fivered.chassis.bus import Due, Tx
from fivered.chassis.fields import Id, Sha256
from fivered.chassis.files import FileId
from fivered.chassis.free_text import PUBLIC, PublicText
from fivered.chassis.refusal import StateConflict, said
from fivered.chassis.requests import Request
from fivered.services.property import errors, replies, rules
from fivered.services.property.actions import ground, rectifications, works
from fivered.services.property.errors.meetings import NotCommitteeMember, ObserverSeated
from fivered.services.property.storage import bodies, calls, months, people, rooms, rows, tables
from fivered.services.property.storage.rows import Row

# One who is named twice is one person there.
Seats = Annotated[list[Id], Meta(max_length=200)]
MeetingId = Annotated[str, Meta(pattern=r"^mtg_[A-Za-z0-9_-]{1,58}$")]


class Attendees(Request, frozen=True):
    """The persons present, by the side for which they sat."""

    COMMITTEE: Annotated[Seats, Meta(examples=[["per_secretary"]])] = field(default_factory=list)
    OWNERS: Annotated[Seats, Meta(examples=[["per_owner"]])] = field(default_factory=list)
    PROPERTY: Annotated[Seats, Meta(examples=[["per_manager"]])] = field(default_factory=list)


class Decision(Request, frozen=True):
    """One decision: a record, a work order with a date, or a rectification order."""

    text: Annotated[
        str, Meta(min_length=1, max_length=1000, examples=["六月底前完成充电桩选址"]), PUBLIC
    ]
    kind: Literal["RECORD", "WORK", "RECTIFICATION"] = "RECORD"
    due_date: Annotated[
        date | None,
        Meta(description="完成期限;有期限的记录亦成工单 / a record with a date is work"),
    ] = None
    responsible: Annotated[
        Literal["PROJECT", "COMMUNITY"], Meta(description="由谁办理 / who does it")
    ] = "PROJECT"
    basis: Annotated[PublicText, Meta(max_length=1000)] = ""


class HoldMeeting(Request, frozen=True):
    """三方联席会议 / Record a three-party meeting under the community party committee."""

    project_id: Annotated[str, Meta(examples=["prj_honghe"])]
    held_at: Annotated[datetime, Meta(tz=True, examples=["2025-01-15T15:00:00+08:00"])]
    chair: Annotated[str, Meta(examples=["per_secretary"])]
    attendees: Attendees
    minutes_sha256: Sha256
    observers: Annotated[
        Seats,
        Meta(
            description="列席居民,不代表任何一方、不计入到会 / residents who sit in: for no side, "
            "and not counted"
        ),
    ] = field(default_factory=list)
    decisions: Annotated[list[Decision], Meta(max_length=50)] = field(default_factory=list)
    meeting_id: MeetingId | None = None
    file: Annotated[
        FileId | None,
        Meta(description="会议纪要,摘要须相同 / the file itself, of that digest"),
    ] = None
    call_id: Annotated[Id, Meta(description="所据的会议通知 / the call that it follows")] | None = (
        None
    )


def hold_meeting(tx: Tx, payload: HoldMeeting) -> replies.Held:
    """记录三方联席会议 / Record a three-party meeting.

    Record a meeting; its decisions become work orders and S3 orders, of whoever serves the compound
    now.

    Raises:
        NotFound: There is no such project.
        StateConflict: The project was closed when it was held; or nobody serves the compound who
            could do what it decided.
        QuorumNotMet: A side is missing.
        CommitteeAbsent: The owners had a committee that day, and none of its members was there.
        NotOfThisSide, CountedTwice, ChairNotOfCommittee: Attendance that is only claimed.
        NotCommitteeMember: Beside members of their committee somebody else sits for the owners.
        ObserverSeated: An observer sits for a side.
        NotHeardOf, NotRegistered, UnderAge, Deceased, MergedAway: An observer is no adult here.
        PeriodNotAllowed: It lies in a month that is measured.
        MeetingToCome: It lies in the future.
        AnotherServed: Another project had the compound then.
        IdTaken: The chosen id stands for another meeting.
        MeetingRecorded: The same time and minutes are recorded already.
        BasisRequired, DueMissing, DueInPast: A decision is incomplete.
        CallOfAnother: The call is of another project or day, or was held or cancelled.
    """
    project = ground.project(tx, payload.project_id)
    tx.require_scope(project.area)
    period = tx.calendar.period(payload.held_at)
    if payload.meeting_id is not None:
        existing = records.find(tx.conn, tables.meetings, payload.meeting_id)
        if existing is not None:
            if existing.project_id == payload.project_id and existing.period == period:
                return ground.reply(
                    replies.Held, tables.meetings, existing, state="HELD", period=period
                )
            raise errors.IdTaken(field="meeting_id", id=payload.meeting_id)
    _require_recordable(tx, project, payload.held_at, period)
    serving = rows.serving_now(tx.conn, project) or project
    members = committee_at(tx, serving, payload.held_at)
    attendees = {
        side: list(dict.fromkeys(getattr(payload.attendees, side))) for side in rules.SIDES
    }
    rules.check_quorum(attendees, owners_committee=bool(members))
    rules.check_attendance(
        attendees,
        known_at(tx, project, members, payload.held_at, attendees["OWNERS"]),
        chair=payload.chair,
    )
    require_member(members, attendees["OWNERS"])
    observers = list(dict.fromkeys(payload.observers))
    require_observers(tx, observers, attendees)
    same = rows.meeting_recorded(
        tx.conn, payload.project_id, payload.held_at, payload.minutes_sha256
    )
    if same is not None:
        raise errors.MeetingRecorded(field="held_at", meeting_id=same)
    meeting_id = payload.meeting_id or tx.new_id("mtg")
    if payload.call_id is not None:
        _held(tx, payload, meeting_id)
    decisions = [_decide(tx, serving, meeting_id, item) for item in payload.decisions]
    row = records.create(
        tx,
        tables.meetings,
        step="HELD",
        note={"period": period},
        **records.values_from(
            payload,
            tables.meetings,
            meeting_id=meeting_id,
            period=period,
            attendees=attendees,
            observers=observers,
            owners_committee=bool(members),
            decisions=decisions,
            area=project.area,
            version=1,
            created_at=tx.now,
        ),
    )
    files.attach_document(tx, payload.file, payload.minutes_sha256, meeting_id=row.meeting_id)
    return ground.reply(
        replies.Held,
        tables.meetings,
        row,
        state="HELD",
        period=period,
        two_sided=not members,
        decisions=decisions,
    )


def _held(tx: Tx, payload: HoldMeeting, meeting_id: str) -> None:
    """Let the call that a meeting follows be held by it.

    Raises:
        CallOfAnother: It is of another project or day, or was held or cancelled.
    """
    row = records.locked(tx.conn, calls.calls, payload.call_id or "")
    days = {tx.calendar.local_date(one) for one in (row.starts_at, payload.held_at)}
    if row.state != "CALLED" or row.project_id != payload.project_id or len(days) > 1:
        raise errors.CallOfAnother(field="call_id", call=row.call_id)
    records.change(
        tx,
        calls.calls,
        row,
        step="HELD",
        state="HELD",
        meeting_id=meeting_id,
        note={"meeting": meeting_id},
    )


def _require_recordable(tx: Tx, project: Row, held_at: datetime, period: str) -> None:
    """Refuse a meeting that was not held yet, lies in a measured month, or is another project's.

    Of before a project was registered meetings are entered too; where it took the compound over
    they are those of the project that had it.

    Raises:
        MeetingToCome, PeriodNotAllowed, AnotherServed: See `hold_meeting`.
        StateConflict: The project was closed when it was held.
    """
    if held_at > tx.now:
        local = tx.calendar.local(held_at)
        raise errors.MeetingToCome(field="held_at", held_at=f"{local:%Y-%m-%d %H:%M}")
    if rows.month_is_measured(tx.conn, period):
        raise errors.PeriodNotAllowed(
            field="held_at", period=period, reason=said("该月已冻结 / that month is frozen")
        )
    if project.predecessor_id is not None and held_at < project.created_at:
        raise errors.AnotherServed(
            field="project_id",
            project=project.predecessor_id,
            until=str(tx.calendar.local_date(project.created_at)),
        )
    if project.closed_at is not None and project.closed_at <= held_at:
        ground.require_open(project)


def committee_at(tx: Tx, project: Row, at: datetime) -> set[str]:
    """Return who sat in a compound's owners' committee on the day of an instant; nobody where it
    had none then, whatever it has now."""
    return bodies.owners_on(tx.conn, project.project_id, tx.calendar.local_date(at)) or set()


def require_member(members: set[str], owners: list[str]) -> None:
    """Refuse a meeting of owners who have a committee without any member of it, and one at which
    somebody else sits for them beside the members.

    Raises:
        CommitteeAbsent: Nobody of it was there.
        NotCommitteeMember: Somebody who sits for the owners is none of it.
    """
    if members and not members & set(owners):
        raise errors.CommitteeAbsent(field="attendees.OWNERS", side="OWNERS")
    for person in owners:
        if members and person not in members:
            raise NotCommitteeMember(field="attendees.OWNERS", person=person)


def require_observers(tx: Tx, observers: list[str], attendees: dict[str, list[str]]) -> None:
    """Refuse observers who sit for a side, and whom nobody knows.

    Raises:
        ObserverSeated: One of them sits for a side.
        NotHeardOf, NotRegistered, UnderAge, Deceased, MergedAway: See `ground.require_adults`.
    """
    seated = {person for people in attendees.values() for person in people}
    for person in observers:
        if person in seated:
            raise ObserverSeated(field="observers", person=person)
    ground.require_adults(tx, "observers", observers)


def known_at(
    tx: Tx, project: Row, members: set[str], at: datetime, owners: list[str]
) -> dict[str, set[str]]:
    """Return who may sit for each side, looked up in the register and in the posts.

    Who sat in a body of the community on that day sits for it, and of the owners who sat in their
    committee then, whoever sits there now. Who records the meeting acts for the community by the
    grant, unless that is somebody of the project. Owners are the members of their committee, who
    lives in the compound and who owns a room there, wherever they live; unless one serves the
    project or lives with one who does. Whom the community has appointed into the project stays the
    community's.
    """
    posts = rows.project_people(tx.conn, project, at)
    own = set().union(*posts.values())
    deputies = rows.appointments_of(
        tx.conn, project.project_id, direction="C2P", states=("ACTIVE",)
    )
    day = tx.calendar.local_date(at)
    there = rooms.owners_among(tx.conn, project.project_id, owners, day)
    there |= people.registered(tx.conn, owners, project.grids)
    theirs = own | people.housemates(tx.conn, own)
    return {
        "COMMITTEE": rows.committee_people(tx.conn, project.area)
        | (bodies.people_on(tx.conn, project.area, day) - own)
        | ({tx.actor.id} - own),
        "OWNERS": (there | members) - theirs - {row.person_id for row in deputies},
        "PROPERTY": own,
    }


def _decide(tx: Tx, project: Row, meeting_id: str, item: Decision) -> dict[str, object]:
    opened: str | None = None
    if item.kind != "RECORD" or item.due_date is not None:
        # What a closed project would have to do is done by nobody.
        ground.require_open(project)
    if item.kind == "WORK" or (item.kind == "RECORD" and item.due_date is not None):
        if item.due_date is None:
            raise errors.DueMissing(field="decisions")
        if item.due_date < ground.today(tx):
            raise errors.DueInPast(field="decisions", due=str(item.due_date))
        opened = works.new_work(
            tx,
            project,
            work_id=tx.new_id("wrk"),
            source="MEETING",
            title=item.text,
            due_at=tx.calendar.midnight(item.due_date + timedelta(days=1)),
            meeting_id=meeting_id,
            responsible=item.responsible,
        ).work_id
    elif item.kind == "RECTIFICATION":
        if not item.basis.strip():
            raise errors.BasisRequired(field="decisions")
        opened = rectifications.open_order(
            tx,
            project,
            severity="S3",
            facts=item.text,
            basis=item.basis,
            source="MEETING",
            meeting_id=meeting_id,
        ).rectification_id
    told: dict[str, object] = {"text": item.text, "kind": item.kind, "opened": opened}
    if opened is not None:
        told |= {
            "responsible": item.responsible,
            "due_date": str(item.due_date) if item.due_date else None,
        }
    return told


class Annul(Request, frozen=True):
    """理由 / A reason that others can read."""

    meeting_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["双方协商一致"])]


def annul_meeting(tx: Tx, payload: Annul) -> replies.Made:
    """撤销误录会议 / Take back a meeting.

    Take a meeting back that was recorded by mistake; it stays, and counts nowhere.

    What its decisions opened goes with it: works that are not done are cancelled, orders that are
    not closed are withdrawn, and the manager is told.

    Raises:
        NotFound: There is none.
        ConflictOfInterest: The person holds a post in the project.
        ReasonRequired: There is no reason.
        PeriodNotAllowed: Its month is measured.
        StateConflict: It is annulled.
    """
    row = ground.meant(tx, tables.meetings, payload.meeting_id, may=ground.uninterested)
    ground.require_reason(payload.reason)
    if row.annulled_at is not None:
        raise StateConflict(state="ANNULLED")
    if rows.month_is_measured(tx.conn, row.period):
        raise errors.PeriodNotAllowed(
            field="meeting_id",
            period=row.period,
            reason=said("该月已冻结 / that month is frozen"),
        )
    works.cancel_of_meeting(tx, row.meeting_id, payload.reason)
    rectifications.withdraw_of_meeting(tx, row.meeting_id, payload.reason)
    row = records.change(
        tx,
        tables.meetings,
        row,
        step="ANNULLED",
        annulled_at=tx.now,
        annul_reason=payload.reason,
        note={"reason": payload.reason},
    )
    return ground.reply(replies.Made, tables.meetings, row, state="ANNULLED")


def month_ends(tx: Tx, due: Due) -> None:
    """Projects in service that held no meeting in the month missed it, in the history."""
    works.catch_up(tx)
    for project_id in months.missed_meetings(tx.conn, due.ref, due.due_at):
        project = ground.project(tx, project_id)
        records.note(
            tx, tables.projects, project, step="TRIPARTITE_MISSED", note={"period": due.ref}
        )
