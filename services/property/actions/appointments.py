"""Cross-appointments: nominate, consent, approve by both, file, end; gaps open and close."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from fivered.chassis import files, records
from fivered.chassis.bus import Due, Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.free_text import PublicText
from fivered.chassis.refusal import NotFound, StateConflict, said
from fivered.chassis.requests import Request
from fivered.chassis.telling import tell
from fivered.services.property import errors, events, replies, rules
from fivered.services.property.actions import ground
from fivered.services.property.fields import Direction, EndReason, Post
from fivered.services.property.storage import rows, tables
from fivered.services.property.storage.rows import Row

# The papers on which each side approves.
MINUTES = said("社区党委会议纪要 / minutes of the community party committee")
LETTER = said("企业同意函 / the company's letter of consent")
CONSENT_DAYS = 5
APPROVE_DAYS = 5
FILE_DAYS = 5
OPEN = ("NOMINATED", "CONSENTED", "APPROVED")


class Nominate(Request, frozen=True):
    """提名交叉任职 / Nominate: P2C company to community, C2P community to company.

    A member of the two committees is known from the enrolment as COMMUNITY_CADRE or from the
    liaison chain; elsewhere `committee_basis` names the document that shows it.
    """

    project_id: Annotated[str, Meta(examples=["prj_honghe"])]
    direction: Annotated[Direction, Meta(examples=["P2C"])]
    person_id: Annotated[str, Meta(examples=["per_manager"])]
    target_post: Annotated[
        Post,
        Meta(examples=["PARTY_BRANCH_MEMBER"]),
    ]
    party_member: Annotated[bool, Meta(description="是否中共党员 / for the party branch")] = False
    committee_basis: Annotated[
        PublicText, Meta(max_length=200, description="两委任职依据 / document of the election")
    ] = ""


def nominate(tx: Tx, payload: Nominate) -> replies.MadeDue:
    """提名交叉任职 / Nominate for a cross-appointment.

    Nominate a person, who has five working days to consent.

    Raises:
        NotFound: There is no such project.
        DirectionTaken: The direction has an active appointment.
        PostNotAllowed, NotCurrentManager, NotPartyMember, NotCommitteeMember: See the rules.
        NotRegistered, UnderAge, Deceased, MergedAway: The nominee is no registered adult.
        OneSideOnly: C2P, and the nominee serves the project or is of its owners' committee.
        ThereAlready: The same nomination is not decided.
    """
    project = ground.found(tx, tables.projects, payload.project_id)
    tx.require_scope(project.area)
    ground.require_open(project)
    rules.check_nomination(
        direction=payload.direction,
        post=payload.target_post,
        person_id=payload.person_id,
        manager_id=project.manager_person_id,
        party_member=payload.party_member,
        committee_member=bool(payload.committee_basis.strip())
        or rows.is_cadre(tx.conn, payload.person_id, project.area),
        project=payload.project_id,
        community=project.area,
    )
    ground.require_adults(tx, "person_id", [payload.person_id])
    _require_of_community(tx, project, payload.direction, payload.person_id)
    _require_free(tx, payload.project_id, payload.direction)
    ground.require_new(
        tx,
        tables.appointments,
        OPEN,
        "person_id",
        project_id=payload.project_id,
        direction=payload.direction,
        person_id=payload.person_id,
        target_post=payload.target_post,
    )
    due = tx.calendar.due(tx.now, CONSENT_DAYS)
    row = records.create(
        tx,
        tables.appointments,
        step="NOMINATED",
        note={"post": payload.target_post},
        **records.values_from(
            payload,
            tables.appointments,
            appointment_id=tx.new_id("apt"),
            committee_basis=payload.committee_basis or None,
            unpaid=True,
            conflict_topics=list(rules.CONFLICT_TOPICS) if payload.direction == "C2P" else [],
            state="NOMINATED",
            proposed_by=tx.actor.id,
            due_at=due,
            area=project.area,
            version=1,
            created_at=tx.now,
        ),
    )
    tx.arm("appt_consent", row.appointment_id, due)
    if row.person_id != tx.actor.id:
        tell(
            tx, "APPOINTMENT_ASKED", row.person_id, about=("appointment", row.appointment_id),
            name=project.name, until=tx.calendar.minute(due),
        )  # fmt: skip
    return ground.reply(replies.MadeDue, tables.appointments, row, due=due)


def _require_free(tx: Tx, project_id: str, direction: str) -> None:
    if rows.appointments_of(tx.conn, project_id, direction=direction, states=("ACTIVE",)):
        raise errors.DirectionTaken(field="direction", project=project_id, direction=direction)


def _require_of_community(tx: Tx, project: Row, direction: str, person_id: str) -> None:
    """Refuse as the community's person in a project who serves it, or sits for its owners."""
    if direction == "C2P":
        ground.require_one_side(tx, project, "COMMITTEE", "person_id", [person_id])


class Which(Request, frozen=True):
    """Which appointment is meant."""

    appointment_id: str


def consent_appointment(tx: Tx, payload: Which) -> replies.Made:
    """本人同意 / The nominee consents.

    Raises:
        NotFound: There is none, or the actor is not the nominee.
        StateConflict: The nomination is no longer open.
    """
    row = ground.found(tx, tables.appointments, payload.appointment_id)
    if row.person_id != tx.actor.id:
        raise NotFound(kind="appointment", id=payload.appointment_id)
    records.require_state(row, "NOMINATED")
    due = tx.calendar.due(tx.now, APPROVE_DAYS)
    row = records.change(
        tx,
        tables.appointments,
        row,
        step="CONSENTED",
        state="CONSENTED",
        consent_at=tx.now,
        due_at=due,
    )
    tx.disarm("appt_consent", payload.appointment_id)
    tx.arm("appt_approve", payload.appointment_id, due)
    return ground.reply(replies.Made, tables.appointments, row)


def _not_the_nominee(tx: Tx, row: Row) -> None:
    """Refuse a person who would approve their own post (DOMAIN 1.7)."""
    if row.person_id == tx.actor.id:
        raise errors.OwnAppointment


class Approve(Request, frozen=True):
    """批准 / One side approves: the secretary with minutes, the company with its letter."""

    appointment_id: str
    document_ref: Annotated[
        PublicText, Meta(max_length=200, examples=["社区党委会议纪要〔2025〕3号"])
    ] = ""


def approve_appointment(tx: Tx, payload: Approve) -> replies.Approved:
    """双方批准 / Each side approves.

    The secretary and the company approve, in either order; with both it is APPROVED.

    Raises:
        DocumentRequired: The secretary gives no minutes, or the company no letter (P2C).
        SamePerson: One person would approve for both sides.
        OwnAppointment: The nominee would approve it.
        StateConflict: It is not consented to, or this side has approved.
        NotTheCompany: The actor does not represent the project's company.
    """
    row = ground.meant(tx, tables.appointments, payload.appointment_id, may=_not_the_nominee)
    records.require_state(row, "CONSENTED")
    document = payload.document_ref.strip()
    if tx.actor.role == "R_SECRETARY":
        own, other, ref, paper = "secretary", "company", "minutes_ref", MINUTES
        needed = True
    else:
        own, other, ref, paper = "company", "secretary", "letter_ref", LETTER
        needed = row.direction == "P2C"
    if needed and not document:
        raise errors.DocumentRequired(field="document_ref", document=paper)
    if getattr(row, f"{own}_by") is not None:
        raise StateConflict(state="APPROVED_BY_" + own.upper())
    if getattr(row, f"{other}_by") == tx.actor.id:
        raise errors.SamePerson
    both = getattr(row, f"{other}_by") is not None
    due = tx.calendar.due(tx.now, FILE_DAYS) if both else None
    approval: dict[str, Any] = {
        f"{own}_by": tx.actor.id,
        f"{own}_at": tx.now,
        ref: document or None,
        "due_at": due or row.due_at,
    }
    row = records.change(
        tx,
        tables.appointments,
        row,
        step="APPROVED_BY_" + own.upper(),
        state="APPROVED" if both else "CONSENTED",
        note={"document": document},
        **approval,
    )
    files.attach(tx, document, field="document_ref", appointment_id=row.appointment_id)
    if due is not None:
        tx.disarm("appt_approve", payload.appointment_id)
        tx.arm("appt_file", payload.appointment_id, due)
    return ground.reply(
        replies.Approved,
        tables.appointments,
        row,
        approved_by=[side for side in ("secretary", "company") if getattr(row, f"{side}_by")],
        due=due,
    )


def file_appointment(tx: Tx, payload: Which) -> replies.Filed:
    """街道备案生效 / The street files; it is active.

    The street files the appointment: it is active from now, and the gap closes.

    Raises:
        StateConflict: It is not approved by both.
        OwnAppointment: The nominee would file it.
        SamePerson: Who nominated or approved would file.
        DirectionTaken: Another one became active meanwhile.
        NotCurrentManager: P2C, and the manager changed meanwhile.
        NotRegistered, Deceased, MergedAway: The nominee has left or died meanwhile.
        OneSideOnly: C2P, and the nominee serves the project or its owners meanwhile.
    """
    row = ground.meant(tx, tables.appointments, payload.appointment_id, may=_not_the_nominee)
    records.require_state(row, "APPROVED")
    if tx.actor.id in (row.proposed_by, row.secretary_by, row.company_by):
        raise errors.SamePerson
    # The project's row is the lock under which a direction has at most one active appointment.
    project = ground.found(tx, tables.projects, row.project_id)
    _require_free(tx, row.project_id, row.direction)
    if row.direction == "P2C" and project.manager_person_id != row.person_id:
        raise errors.NotCurrentManager(field="person_id", project=row.project_id)
    ground.require_adults(tx, "person_id", [row.person_id])
    _require_of_community(tx, project, row.direction, row.person_id)
    row = records.change(
        tx,
        tables.appointments,
        row,
        step="ACTIVATED",
        state="ACTIVE",
        filed_by=tx.actor.id,
        filed_at=tx.now,
        active_from=tx.now,
        due_at=None,
    )
    tx.disarm("appt_file", payload.appointment_id)
    days = rows.close_gap(tx.conn, row.project_id, row.direction, ground.today(tx))
    project = records.update(tx.conn, tables.projects, project)
    if days is not None:
        records.note(
            tx,
            tables.projects,
            project,
            step="GAP_CLOSED",
            note={"direction": row.direction, "days": days},
        )
    tx.publish(
        fact_of(events.AppointmentActivated, row, post=row.target_post),
        subject=row.project_id,
        scope=row.area,
        sequence=project.version,
    )
    return ground.reply(replies.Filed, tables.appointments, row, gap_days=days)


class End(Request, frozen=True):
    """终止任职 / End an appointment."""

    appointment_id: str
    reason: Annotated[
        EndReason,
        Meta(examples=["TRANSFER"]),
    ]


def end_appointment(tx: Tx, payload: End) -> replies.Made:
    """终止任职 / End an appointment.

    End an appointment; with an active one a gap opens.

    Raises:
        StateConflict: It has ended already.
    """
    row = ground.meant(tx, tables.appointments, payload.appointment_id)
    if row.state not in (*OPEN, "ACTIVE"):
        raise StateConflict(state=row.state)
    project = ground.found(tx, tables.projects, row.project_id)
    row, _ = _finish(tx, row, project, payload.reason, "ENDED")
    return ground.reply(replies.Made, tables.appointments, row)


def _finish(tx: Tx, row: Row, project: Row, reason: str, state: str) -> tuple[Row, Row]:
    was_active = row.state == "ACTIVE"
    row = records.change(
        tx,
        tables.appointments,
        row,
        step=state,
        state=state,
        note={"reason": reason},
        ended_at=tx.now,
        end_reason=reason,
        due_at=None,
    )
    for kind in ("appt_consent", "appt_approve", "appt_file"):
        tx.disarm(kind, row.appointment_id)
    project = records.update(tx.conn, tables.projects, project)
    if was_active:
        since = ground.today(tx)
        rows.open_gap(tx.conn, row.project_id, row.direction, since)
        records.note(
            tx,
            tables.projects,
            project,
            step="GAP_OPENED",
            note={"direction": row.direction, "since": str(since)},
        )
    tx.publish(
        fact_of(events.AppointmentEnded, row, post=row.target_post, reason=reason),
        subject=row.project_id,
        scope=row.area,
        sequence=project.version,
    )
    if state == "LAPSED":
        ground.tell(tx, row.proposed_by, "NOMINATION_LAPSED", said=project.name)
    elif reason != "DECEASED" and row.person_id != tx.actor.id:
        code = "APPOINTMENT_ENDED" if was_active else "NOMINATION_ENDED"
        ground.tell(tx, row.person_id, code, said=project.name)
    return row, project


def end_for_new_manager(tx: Tx, project: Row) -> Row:
    """End what the former manager held or was nominated for. Returns the project's row."""
    former = rows.appointments_of(
        tx.conn, project.project_id, direction="P2C", states=(*OPEN, "ACTIVE")
    )
    for row in former:
        _, project = _finish(tx, row, project, "MANAGER_CHANGED", "ENDED")
    return project


def end_for_dead(tx: Tx, person_id: str) -> None:
    """End what somebody who has died held or was nominated for; the nominator is
    told."""
    for row in rows.appointments_held(tx.conn, person_id, (*OPEN, "ACTIVE")):
        project = ground.found(tx, tables.projects, row.project_id)
        _finish(tx, row, project, "DECEASED", "ENDED")
        ground.tell(tx, row.proposed_by, "APPOINTEE_DIED", said=project.name)


def ask_about(tx: Tx, person_id: str) -> None:
    """Tell who nominated a member of the two committees that the person is known as one no longer.

    The post is ended by the secretary (2.2.2): it may have another basis.
    """
    for row in rows.appointments_held(tx.conn, person_id, (*OPEN, "ACTIVE")):
        if row.direction != "C2P" or row.committee_basis:
            continue
        if not rows.is_cadre(tx.conn, person_id, row.area):
            name = ground.project(tx, row.project_id).name
            ground.tell(tx, row.proposed_by, "APPOINTEE_NO_CADRE", said=name)


def end_for_closed_project(tx: Tx, project: Row) -> Row:
    """End every post in and for a project that is closed. Returns the project's row."""
    for row in rows.appointments_of(tx.conn, project.project_id, states=(*OPEN, "ACTIVE")):
        _, project = _finish(tx, row, project, "CONTRACT_END", "ENDED")
    return project


def lapse(tx: Tx, due: Due) -> None:
    """A nomination without consent lapses after five working days."""
    row = records.find(tx.conn, tables.appointments, due.ref, lock=True)
    if row is None or row.state != "NOMINATED":
        return
    project = records.find(tx.conn, tables.projects, row.project_id, lock=True)
    if project is not None:
        _finish(tx, row, project, "LAPSED", "LAPSED")


def remind_to_approve(tx: Tx, due: Due) -> None:
    """A side has not approved within five working days: it is told, and it is in the history."""
    row = records.find(tx.conn, tables.appointments, due.ref, lock=True)
    if row is None or row.state != "CONSENTED":
        return
    project = ground.project(tx, row.project_id)
    late = {row.proposed_by} if row.secretary_by is None else set()
    if row.company_by is None:
        late |= set(records.get(tx.conn, tables.companies, project.company_id).representatives)
    for person in sorted(late):
        ground.tell(tx, person, "APPROVAL_LATE", said=project.name)
    records.note(tx, tables.appointments, row, step="APPROVAL_LATE")


def remind_to_file(tx: Tx, due: Due) -> None:
    """The street has not filed within five working days: it is reminded, in the history."""
    row = records.find(tx.conn, tables.appointments, due.ref, lock=True)
    if row is not None and row.state == "APPROVED":
        records.note(tx, tables.appointments, row, step="FILING_LATE")
