"""Lists of what is registered, and what waits for whom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Annotated, Literal, TypeVar

import sqlalchemy as sa
from msgspec import Meta

from fivered.chassis import files, records, sorting
from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Cursor, Limit, PartOfList, Period
from fivered.chassis.refusal import Invalid, NotFound, said
from fivered.chassis.requests import Request
from fivered.services.property import replies, rules
from fivered.services.property.fields import Direction
from fivered.services.property.replies import Both
from fivered.services.property.storage import bodies, lists, months, rows, tables
from fivered.services.property.storage.rows import Condition, Row
from fivered.services.property.views import ground
from fivered.services.property.views.ground import Named, ReplyT, Scope

# Whom an appointment or an agreement waits for.
_APPOINTMENT_WAITS: dict[str, tuple[str, str | None]] = {
    "NOMINEE": ("NOMINATED", None),
    "SECRETARY": ("CONSENTED", "secretary_by"),
    "COMPANY": ("CONSENTED", "company_by"),
    "STREET": ("APPROVED", None),
}
_AGREEMENT_WAITS = {"PROJECT": "DRAFT", "COMMUNITY": "PROPOSED"}
_COMPLETE_COMMITTEES = ("R_CADRE", "R_SECRETARY")


def _list(
    tx: Tx,
    table: sa.Table,
    conditions: Sequence[Condition],
    asked: records.PartOfList,
    show: Callable[[Row], ReplyT],
) -> Both[ReplyT]:
    return ground.page(
        tx,
        table,
        conditions,
        asked,
        show=show,
        oldest_first=False,
    )


class CompanyFilter(Request, frozen=True):
    """企业筛选 / Filter of companies; with an area, those that run a project there."""

    scope: Scope | None = None
    uscc: Annotated[str, Meta(max_length=40)] | None = None
    name: Named | None = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def companies(tx: Tx, payload: CompanyFilter) -> Both[replies.CompanyLine]:
    """物业企业列表 / Companies.

    Answer the companies that are registered; that they exist is public.
    """
    code = rules.normalise_uscc(payload.uscc) if payload.uscc else None
    conditions = lists.conditions(tables.companies, uscc=code)
    if payload.name is not None:
        conditions.append(sorting.containing(tables.companies.c.name, payload.name))
    if payload.scope is not None:
        running = sa.select(tables.projects.c.company_id).where(
            tables.projects.c.status != "CLOSED",
            *rows.within(tables.projects.c.area, payload.scope),
        )
        conditions.append(tables.companies.c.company_id.in_(running))
    staff = tx.actor.role in ground.STAFF

    def show(row: Row) -> replies.CompanyLine:
        found = replies.CompanyLine.of(row, id=row.company_id)
        if staff:
            found.spoken_for = bool(row.representatives)
            found.change_proposed = row.representatives_proposed is not None
        return found

    return _list(tx, tables.companies, conditions, payload, show)


class CommitteeFilter(Request, frozen=True):
    """业主委员会筛选 / Filter of owners' committees."""

    scope: Scope | None = None
    project_id: str | None = None
    state: Literal["ELECTED", "IN_TERM", "EXPIRED", "WITHDRAWN"] | None = None
    name: (
        Annotated[Named, Meta(description="小区名称的一部分 / a part of the compound's name")]
        | None
    ) = None
    person_id: (
        Annotated[str, Meta(max_length=64, description="委员;本人或工作人员 / a member; by staff")]
        | None
    ) = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


CommitteeT = TypeVar("CommitteeT", bound=replies.CommitteeLine)


def _committee(kind: type[CommitteeT], row: Row, *, named: bool) -> CommitteeT:
    more = {"chair": row.chair or None} if named else {}
    return ground.shown(
        kind, row, persons=named, id=row.committee_id, size=len(row.members), **more
    )


def committees(tx: Tx, payload: CommitteeFilter) -> Both[replies.CommitteeLine]:
    """业主委员会列表 / Owners' committees.

    Answer owners' committees; who sits in them, to the staff of their area.
    """
    staff = tx.actor.role in ground.STAFF
    scope = ground.scope_of(tx, payload.scope) if staff else payload.scope
    conditions = lists.conditions(
        tables.owners_committees, scope=scope, project_id=payload.project_id, state=payload.state
    )
    if payload.name is not None:
        compounds = sa.select(tables.projects.c.project_id).where(
            sorting.containing(tables.projects.c.name, payload.name)
        )
        conditions.append(tables.owners_committees.c.project_id.in_(compounds))
    if payload.person_id is not None:
        conditions.append(bodies.committee_with(payload.person_id if staff else tx.actor.id))
    return _list(
        tx,
        tables.owners_committees,
        conditions,
        payload,
        lambda row: _committee(
            replies.CommitteeLine, row, named=staff or tx.actor.id in row.members
        ),
    )


class WhichCommittee(Request, frozen=True):
    """Which committee is meant."""

    committee_id: str


def committee(tx: Tx, payload: WhichCommittee) -> replies.CommitteeCard:
    """业主委员会 / An owners' committee.

    Answer an owners' committee; its members and history to staff and to its members.

    Raises:
        NotFound: There is none.
    """
    row = records.get(tx.conn, tables.owners_committees, payload.committee_id)
    staff = tx.actor.role in ground.STAFF and tx.actor.covers(row.area)
    named = staff or tx.actor.id in row.members
    found = _committee(replies.CommitteeCard, row, named=named)
    if named:
        found.history = ground.history(
            tx, tables.owners_committees, payload.committee_id, with_actors=staff
        )
        found.seats = [
            replies.Seat.of(one) for one in bodies.seats_of(tx.conn, [payload.committee_id])
        ]
    return found


class AppointmentFilter(Request, frozen=True):
    """交叉任职筛选 / Filter of appointments; `waits_for=STREET` lists what is to be filed."""

    scope: Scope | None = None
    project_id: str | None = None
    person_id: str | None = None
    direction: Direction | None = None
    state: Literal["NOMINATED", "CONSENTED", "APPROVED", "ACTIVE", "ENDED", "LAPSED"] | None = None
    waits_for: (
        Annotated[
            Literal["NOMINEE", "SECRETARY", "COMPANY", "STREET"],
            Meta(description="待谁办理 / whose turn it is"),
        ]
        | None
    ) = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def appointments(tx: Tx, payload: AppointmentFilter) -> Both[replies.AppointmentLine]:
    """交叉任职列表 / Appointments.

    Answer appointments: the area's to staff, the own project's, and one's own.
    """
    table = tables.appointments
    whose = ground.whose(tx, payload.scope, person_id=tx.actor.id)
    person = whose.pop("person_id", payload.person_id)
    conditions = lists.conditions(
        table,
        **whose,
        project_id=payload.project_id,
        person_id=person,
        direction=payload.direction,
        state=payload.state,
    )
    if payload.waits_for is not None:
        conditions += _waits(payload.waits_for)
    return _list(
        tx,
        table,
        conditions,
        payload,
        lambda row: replies.AppointmentLine.of(
            row, id=row.appointment_id, **ground.until(tx, row.due_at)
        ),
    )


def _waits(side: str) -> list[Condition]:
    state, by = _APPOINTMENT_WAITS[side]
    table = tables.appointments
    return [table.c.state == state, *([table.c[by].is_(None)] if by else [])]


def _to_approve(me: str, side: str, *not_by: str) -> list[Condition]:
    """What waits for a side, without what the caller has a part in: two persons decide."""
    table = tables.appointments
    return [
        *_waits(side),
        table.c.person_id != me,
        *(sa.or_(table.c[name].is_(None), table.c[name] != me) for name in not_by),
    ]


class AgreementFilter(Request, frozen=True):
    """协议筛选 / Filter of agreements; `waits_for=COMMUNITY` lists what it has to sign."""

    scope: Scope | None = None
    project_id: str | None = None
    type: Literal["JOINT_BUILDING", "CREDIT_DELIBERATION"] | None = None
    state: Literal["DRAFT", "PROPOSED", "SIGNED", "ACTIVE", "EXPIRED", "TERMINATED"] | None = None
    waits_for: (
        Annotated[
            Literal["PROJECT", "COMMUNITY"],
            Meta(description="待谁签署 / whose signature is missing"),
        ]
        | None
    ) = None
    at: (
        Annotated[
            date,
            Meta(description="该日终了时有效的 / in force at the end of this day, whatever since"),
        ]
        | None
    ) = None
    ends_by: (
        Annotated[date, Meta(description="生效中且届满日不晚于 / in force, and ends by this day")]
        | None
    ) = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def agreements(tx: Tx, payload: AgreementFilter) -> Both[replies.AgreementLine]:
    """协议列表 / Agreements.

    Answer agreements; they are public, who signed them is the two sides'.
    """
    table = tables.agreements
    conditions = lists.conditions(
        table,
        **ground.whose(tx, payload.scope),
        project_id=payload.project_id,
        type=payload.type,
        state=payload.state,
    )
    if payload.waits_for is not None:
        conditions.append(table.c.state == _AGREEMENT_WAITS[payload.waits_for])
    if payload.at is not None:
        ends = tx.calendar.midnight(payload.at + timedelta(days=1)) - timedelta(microseconds=1)
        conditions.append(months.in_force_on(ends))
    if payload.ends_by is not None:
        conditions += [table.c.state == "ACTIVE", table.c.valid_to <= payload.ends_by]
    inside = ground.insider(tx)
    return _list(
        tx,
        table,
        conditions,
        payload,
        lambda row: ground.shown(
            replies.AgreementLine, row, persons=inside(row), id=row.agreement_id
        ),
    )


class MeetingFilter(Request, frozen=True):
    """会议筛选 / Filter of meetings."""

    scope: Scope | None = None
    project_id: str | None = None
    period: Period | None = None
    from_day: Annotated[date, Meta(description="不早于 / held on this day or later")] | None = None
    to_day: Annotated[date, Meta(description="不晚于 / held by this day")] | None = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def _meeting(row: Row) -> replies.MeetingCard:
    return replies.MeetingCard.of(row, id=row.meeting_id, file=None)


def meetings(tx: Tx, payload: MeetingFilter) -> Both[replies.MeetingCard]:
    """三方联席会议列表 / Three-party meetings.

    Answer three-party meetings to the sides that hold them; others read the board.
    """
    owners = ground.compounds_of_owners(tx)
    whose = ground.whose(tx, payload.scope)
    conditions = lists.conditions(
        tables.meetings,
        **(whose if owners is None else {"scope": payload.scope, "projects": owners}),
        project_id=payload.project_id,
        period=payload.period,
    )
    midnight, held_at = tx.calendar.midnight, tables.meetings.c.held_at
    if payload.from_day is not None:
        conditions.append(held_at >= midnight(payload.from_day))
    if payload.to_day is not None:
        conditions.append(held_at < midnight(payload.to_day + timedelta(days=1)))
    return _list(tx, tables.meetings, conditions, payload, _meeting)


class WhichMeeting(Request, frozen=True):
    """Which meeting is meant."""

    meeting_id: str


def meeting(tx: Tx, payload: WhichMeeting) -> replies.MeetingCard:
    """三方联席会议 / A three-party meeting.

    Answer one three-party meeting with what its decisions opened.

    Raises:
        NotFound: There is none, or the actor may not know it.
    """
    row = records.get(tx.conn, tables.meetings, payload.meeting_id)
    project = records.get(tx.conn, tables.projects, row.project_id)
    owners = ground.compounds_of_owners(tx) or []
    if project.project_id not in owners and not ground.sees_all_of(tx, project):
        raise NotFound(kind="meeting", id=payload.meeting_id)
    file = files.documents_of(tx, [row.meeting_id]).get((row.meeting_id, row.minutes_sha256))
    return replies.MeetingCard.of(row, id=row.meeting_id, file=file)


# --------------------------------------------------------------------------------------------------
# What waits for whom


# What is to be done, where, and on which rows.
Source = tuple[str, sa.Table, list[Condition]]


def _commitments(side: str) -> list[Source]:
    """What a side of the agreements owes, and what it has to counter-sign."""
    table = tables.commitments
    closed = sa.select(tables.projects.c.project_id).where(tables.projects.c.status == "CLOSED")
    return [
        (
            "FULFIL_COMMITMENT",
            table,
            [
                table.c.responsible == side,
                table.c.state.in_(("DUE", "OVERDUE")),
                table.c.project_id.not_in(closed),
            ],
        ),
        (
            "ACCEPT_COMMITMENT",
            table,
            [table.c.responsible != side, table.c.state == "SUBMITTED"],
        ),
    ]


def _of_community() -> list[Source]:
    """Return what each of the community's officials has to do."""
    complaints, undecided = tables.complaints.c, tables.undecided.c
    orders, works = tables.rectifications.c, tables.works.c
    pending = [complaints.valid == "PENDING", complaints.state == "OPEN"]
    return [
        ("VALIDATE_COMPLAINT", tables.complaints, pending),
        (
            "CLOSE_COMPLAINT",
            tables.complaints,
            [complaints.valid != "PENDING", complaints.state == "OPEN"],
        ),
        ("DECIDE_COMPLAINT_PROJECT", tables.undecided, [undecided.state == "WAITING"]),
        ("CHECK_RECTIFICATION", tables.rectifications, [orders.state == "SUBMITTED"]),
        (
            "CHECK_WORK",
            tables.works,
            [works.source == "MEETING", works.state == "DELIVERED", works.responsible.is_(None)],
        ),
        (
            "DO_WORK",
            tables.works,
            [works.state.in_(("ASSIGNED", "DOING")), works.responsible == "COMMUNITY"],
        ),
        (
            "OVERDUE_WORK",
            tables.works,
            [*_late_works(), works.source == "MEETING", works.responsible.is_(None)],
        ),
    ]


def _late_works() -> list[Condition]:
    works = tables.works.c
    return [works.overdue, works.state.in_(("ASSIGNED", "DOING"))]


def _waiting(tx: Tx) -> list[Source]:
    """Return what a role has to do."""
    t, role, me = tables, tx.actor.role, tx.actor.id
    orders, works = t.rectifications, t.works
    community = _of_community()
    overdue = [orders.c.state == "OVERDUE"]
    unmanaged = (
        "NAME_MANAGER",
        t.projects,
        [t.projects.c.manager_person_id.is_(None), t.projects.c.status != "CLOSED"],
    )
    withdrawal = (
        "CONFIRM_WITHDRAWAL",
        orders,
        [
            orders.c.withdraw_proposed_by != me,
            orders.c.state.in_(rules.WITHDRAWABLE),
        ],
    )
    company = [
        ("SIGN_AGREEMENT", t.agreements, [t.agreements.c.state == "DRAFT"]),
        *_commitments("PROJECT"),
    ]
    found: dict[str, list[Source]] = {
        "R_CADRE": [*community, *_commitments("COMMUNITY")],
        "R_SECRETARY": [
            ("APPROVE_APPOINTMENT", t.appointments, _to_approve(me, "SECRETARY", "company_by")),
            ("SIGN_AGREEMENT", t.agreements, [t.agreements.c.state == "PROPOSED"]),
            *community,
            *_commitments("COMMUNITY"),
        ],
        "R_STREET": [
            (
                "FILE_APPOINTMENT",
                t.appointments,
                _to_approve(me, "STREET", "proposed_by", "secretary_by", "company_by"),
            ),
            (
                "CHECK_RECTIFICATION",
                orders,
                [orders.c.state == "SUBMITTED", orders.c.check_due_at <= tx.now],
            ),
            withdrawal,
            unmanaged,
            ("OVERDUE_RECTIFICATION", orders, overdue),
            (
                "CHECK_WORK",
                works,
                [works.c.state == "DELIVERED", works.c.responsible == "COMMUNITY"],
            ),
            (
                "OVERDUE_WORK",
                works,
                [
                    *_late_works(),
                    sa.or_(works.c.responsible == "COMMUNITY", works.c.level == 2),
                ],
            ),
            (
                "DECIDE_COMPLAINT_PROJECT",
                t.undecided,
                [t.undecided.c.state == "WAITING", t.undecided.c.late],
            ),
        ],
        "R_STREET_LEAD": [withdrawal, ("OVERDUE_RECTIFICATION", orders, overdue)],
        "R_DISTRICT_LEAD": [
            ("OVERDUE_RECTIFICATION", orders, [*overdue, orders.c.level >= 2]),
        ],
        "R_PM": [
            (
                "SUBMIT_RECTIFICATION",
                orders,
                [orders.c.state.in_(("ISSUED", "ACKNOWLEDGED", "OVERDUE"))],
            ),
            (
                "DO_WORK",
                works,
                [works.c.state.in_(("ASSIGNED", "DOING")), works.c.responsible.is_(None)],
            ),
            (
                "PUBLISH_DISCLOSURE",
                t.disclosures,
                [t.disclosures.c.state.in_(("SCHEDULED", "OVERDUE"))],
            ),
            *company,
        ],
        "R_PCO": [
            ("APPROVE_APPOINTMENT", t.appointments, _to_approve(me, "COMPANY", "secretary_by")),
            unmanaged,
            *company,
        ],
    }
    return found.get(role, [])


Deed = Literal[
    "ACCEPT_COMMITMENT",
    "APPROVE_APPOINTMENT",
    "CHECK_RECTIFICATION",
    "CHECK_WORK",
    "COMPLETE_COMMITTEE",
    "CONFIRM_REPRESENTATIVES",
    "CONFIRM_REOPENING",
    "CONFIRM_WITHDRAWAL",
    "CLOSE_COMPLAINT",
    "CONSENT_TO_APPOINTMENT",
    "DECIDE_COMPLAINT_PROJECT",
    "DO_WORK",
    "FILE_APPOINTMENT",
    "FULFIL_COMMITMENT",
    "NAME_MANAGER",
    "NAME_REPRESENTATIVES",
    "OVERDUE_RECTIFICATION",
    "OVERDUE_WORK",
    "PUBLISH_DISCLOSURE",
    "SIGN_AGREEMENT",
    "SUBMIT_RECTIFICATION",
    "VALIDATE_COMPLAINT",
]


class TodoFilter(PartOfList, frozen=True):
    """待办筛选 / Which kind; without one the oldest of each, with one its pages."""

    deed: (
        Annotated[
            Deed,
            Meta(description="待办事项 / kind", examples=["SIGN_AGREEMENT"]),
        ]
        | None
    ) = None


def todo(tx: Tx, payload: TodoFilter) -> replies.Todo:
    """我的待办 / What waits for me.

    Answer what waits for the caller in the acting role, the oldest of each kind first.

    What the caller may not decide because somebody of the household holds a post in the project is
    left out. Of a kind with more than is shown (`more`) the rest is read by its name.

    Raises:
        Invalid: The cursor is none of this list, or names no kind.
    """
    if payload.cursor is not None and payload.deed is None:
        raise Invalid(field="deed", reason=said("翻页须指明待办事项 / pages are of one kind"))
    items: list[replies.Waiting] = []
    counts: dict[str, int] = {}
    more: list[str] = []
    following = before = None
    for deed, table, conditions in _sources(tx):
        if payload.deed not in (None, deed):
            continue
        found = ground.part(tx, table, conditions, payload)
        if found.total:
            counts[deed] = found.total
        items += [_item(deed, table, row) for row in found.rows]
        if payload.deed is not None:
            following, before = found.next, found.prev
        elif found.next is not None:
            more.append(deed)
    return replies.Todo(items=items, counts=counts, more=more, next=following, previous=before)


def _sources(tx: Tx) -> list[Source]:
    """Return where what waits for the caller is found, kind by kind."""
    role, me = tx.actor.role, tx.actor.id
    apart = rows.projects_of_interest(tx.conn, me) if role in ground.STAFF else []
    whose = ground.whose(tx, None)

    def own(table: sa.Table) -> list[Condition]:
        limits = lists.conditions(table, **whose)
        if apart and "project_id" in table.c:
            limits.append(table.c.project_id.not_in(apart))
        return limits

    found = [(deed, table, [*own(table), *conditions]) for deed, table, conditions in _waiting(tx)]
    table = tables.appointments
    found.append(("CONSENT_TO_APPOINTMENT", table, [*_waits("NOMINEE"), table.c.person_id == me]))
    if role in ("R_STREET", "R_DISTRICT"):
        proposed = [
            row
            for row in rows.companies_with_proposals(tx.conn)
            if row.representatives_proposed_by != me
        ]
        for deed, companies_ in (
            ("CONFIRM_REPRESENTATIVES", proposed),
            ("NAME_REPRESENTATIVES", rows.companies_spoken_for_by_nobody(tx.conn)),
        ):
            found.append(
                _these(deed, tables.companies, rows.concerning(tx.conn, tx.actor.scope, companies_))
            )
        table = tables.projects
        reopened = (
            table.c.status == "CLOSED",
            table.c.reopening_proposed_by.is_not(None),
            table.c.reopening_proposed_by != me,
            table.c.closed_at >= tx.now - rules.REOPENING,
        )
        found.append(("CONFIRM_REOPENING", table, [*own(table), *reopened]))
    if role in _COMPLETE_COMMITTEES:
        vacant = rows.committees_with_vacancies(tx.conn, own(tables.owners_committees))
        found.append(_these("COMPLETE_COMMITTEE", tables.owners_committees, vacant))
    return found


def _these(deed: str, table: sa.Table, found: Sequence[Row]) -> Source:
    key = records.key_of(table)
    return deed, table, [key.in_([getattr(row, key.name) for row in found])]


# By what a thing without a title is told from its like.
_ABOUT = ("type", "target_post", "severity", "kind", "category")


def _item(deed: str, table: sa.Table, row: Row) -> replies.Waiting:
    told = records.values_of(row)
    return replies.Waiting(
        deed=deed,
        id=told[records.key_of(table).name],
        project_id=told.get("project_id"),
        title=told.get("title") or told.get("number") or told.get("name"),
        about=next((told[name] for name in _ABOUT if told.get(name)), None),
        state=told.get("state"),
        since=row.created_at,
        due=told.get("check_due_at") or told.get("due_at"),
        version=row.version,
    )
