"""Companies, projects and their cards, coverage and compliance."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta

from fivered.chassis import few, files, records, sorting
from fivered.chassis.bus import Tx
from fivered.chassis.decimals import percent, ratio
from fivered.chassis.fields import MOST_ROWS, SORT, Cursor, Grid, Limit, PartOfList, Period
from fivered.chassis.refusal import NotFound
from fivered.chassis.requests import Request
from fivered.services.property import replies, rules
from fivered.services.property.replies import Both
from fivered.services.property.storage import agreed, lists, months, rows, tables
from fivered.services.property.storage.rows import Row
from fivered.services.property.views import ground
from fivered.services.property.views.disclosures import with_readable
from fivered.services.property.views.ground import Named, Scope

OPEN_ORDERS = ("ISSUED", "ACKNOWLEDGED", "SUBMITTED", "OVERDUE")
SHOWN_NEXT = 3
MOMENT = timedelta(microseconds=1)


class WhichProject(Request, frozen=True):
    """Which project is meant."""

    project_id: str


def project(tx: Tx, payload: WhichProject) -> replies.ProjectCard:
    """项目名片 / A project's card.

    Answer a project's card: people, appointments, agreements, grade and open orders.

    Raises:
        NotFound: There is no such project.
    """
    project = records.get(tx.conn, tables.projects, payload.project_id)
    project_id = payload.project_id
    following = lists.next_commitments(tx.conn, project_id, SHOWN_NEXT)
    agreements = [
        _agreement(row, following)
        for row in lists.of_project(tx.conn, tables.agreements, project_id)
    ]
    kinds = lists.active_agreements(tx.conn, project.area).get(project_id, [])
    # A competitor sees what everybody sees, and nothing of orders and figures.
    inside = ground.sees_all_of(tx, project)
    rival = tx.actor.role in ground.COMPANY and not inside
    orders = (
        []
        if rival
        else lists.of_project(tx.conn, tables.rectifications, project_id, states=OPEN_ORDERS)
    )
    last = None if rival else months.measured(tx.conn, project_id, None)
    return replies.ProjectCard.of(
        project,
        id=project_id,
        community=project.area,
        buildings=project.buildings or [],
        state=project.status,
        owners_committee=_committee(tx, project_id),
        appointments=_appointments(tx, project, inside=inside),
        agreements=agreements,
        agreements_active=len(kinds),
        agreement_kinds_missing=rules.kinds_missing(kinds),
        commitments=_commitments(tx, project),
        credit=_credit(tx, project_id),
        company_credit=_credit(tx, project.company_id),
        open_rectifications=[
            replies.OpenOrder.of(row, id=row.rectification_id, due=row.check_due_at or row.due_at)
            for row in orders
        ],
        last_month=_last_month(last, whole=inside),
        history=ground.history(tx, tables.projects, project_id) if inside else UNSET,
    )


def _last_month(row: Row | None, *, whole: bool) -> dict[str, object] | None:
    """Return the figures of a month; how few were content is for who looks inside the project."""
    if row is None:
        return None
    told: dict[str, object] = row.measured | {"period": row.period}
    rated = ("rated", "satisfied")
    return told if whole else few.hide_in(told, rated, {"satisfied": "rated"})


def _committee(tx: Tx, project_id: str) -> replies.CommitteeInTerm | None:
    row = rows.owners_committee_in_term(tx.conn, project_id)
    if row is None:
        return None
    return replies.CommitteeInTerm.of(row, id=row.committee_id, members=len(row.members))


def _appointments(tx: Tx, project: Row, *, inside: bool) -> dict[str, replies.Direction]:
    """Both directions: who is in office, who is on the way, and since when nobody is.

    Who holds a post is public. Who was named for one is not before that: to others than the
    sides and that person it is told that somebody is.
    """
    project_id = project.project_id
    gaps = lists.running_gaps(tx.conn, [project_id])
    open_ = rows.appointments_of(
        tx.conn, project_id, states=("NOMINATED", "CONSENTED", "APPROVED", "ACTIVE")
    )
    found = {}
    for direction in rules.POSTS:
        since = gaps.get((project_id, direction))
        mine = [row for row in open_ if row.direction == direction]
        active = next((row for row in mine if row.state == "ACTIVE"), None)
        found[direction] = replies.Direction(
            active=_appointment(active) if active else None,
            pending=[
                _appointment(row, named=inside or row.person_id == tx.actor.id)
                for row in mine
                if row.state != "ACTIVE"
            ],
            gap_since=since,
            gap_days=(tx.calendar.local_date(tx.now) - since).days if since else 0,
        )
    return found


def _appointment(row: Row, *, named: bool = True) -> replies.Post:
    return replies.Post.of(
        row,
        id=row.appointment_id,
        person_id=row.person_id if named else None,
        post=row.target_post,
        abstains_in=row.conflict_topics,
        since=row.active_from,
    )


def _agreement(row: Row, following: list[Row]) -> replies.ProjectAgreement:
    return replies.ProjectAgreement.of(
        row,
        id=row.agreement_id,
        next_commitments=[
            replies.NextCommitment.of(commitment, id=commitment.commitment_id)
            for commitment in following
            if commitment.agreement_id == row.agreement_id
        ],
    )


def _commitments(tx: Tx, project: Row) -> dict[str, replies.Kept]:
    found = {side: replies.Kept(due=0, on_time=0) for side in ("PROJECT", "COMMUNITY")}
    for row in lists.commitment_counts(
        tx.conn, scope="", until=tx.now, project_id=project.project_id
    ):
        found[row["responsible"]] = replies.Kept(due=row["due"], on_time=row["on_time"])
    return found


def _credit(tx: Tx, ref: str) -> replies.Grade:
    """The newest final grade; NR (not rated) before the first settlement."""
    row = lists.grade_of(tx.conn, ref)
    return replies.Grade(grade="NR", gates_failed=[]) if row is None else replies.Grade.of(row)


class ProjectFilter(Request, frozen=True):
    """项目筛选 / Filter of projects."""

    scope: Scope | None = None
    company_id: str | None = None
    manager_person_id: str | None = None
    name: Named | None = None
    status: Literal["PREPARING", "IN_SERVICE", "CLOSED"] | None = None
    grid: Annotated[Grid, Meta(description="服务该网格 / which serves this grid")] | None = None
    building: (
        Annotated[str, Meta(min_length=1, max_length=80, description="小区楼栋 / a building of it")]
        | None
    ) = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def projects(tx: Tx, payload: ProjectFilter) -> Both[replies.ProjectLine]:
    """项目列表 / Projects.

    Answer the projects of an area; that they exist is public.
    """
    conditions = lists.conditions(
        tables.projects,
        scope=payload.scope,
        company_id=payload.company_id,
        manager_person_id=payload.manager_person_id,
        status=payload.status,
    )
    if payload.name is not None:
        conditions.append(sorting.containing(tables.projects.c.name, payload.name))
    if payload.grid is not None:
        conditions += lists.serving_grid(payload.grid)
    if payload.building is not None:
        conditions.append(lists.with_building(tx.conn, conditions, payload.building))
    return ground.page(
        tx,
        tables.projects,
        conditions,
        payload,
        show=lambda row: replies.ProjectLine.of(
            row, id=row.project_id, community=row.area, state=row.status
        ),
        oldest_first=True,
    )


class WhichCompany(Request, frozen=True):
    """Which company is meant."""

    company_id: str


def company(tx: Tx, payload: WhichCompany) -> replies.CompanyCard:
    """物业企业名片 / A company's card.

    Answer a company's card; its code was checked, or overridden with a reason.

    Raises:
        NotFound: There is no such company.
    """
    row = records.get(tx.conn, tables.companies, payload.company_id)
    found = replies.CompanyCard.of(
        row,
        id=row.company_id,
        uscc_valid=row.uscc_override_reason is None,
        credit=_credit(tx, payload.company_id),
        projects=[
            project.project_id for project in lists.in_service(tx.conn, "", payload.company_id)
        ],
    )
    _say_who_speaks(tx, row, found)
    return found


def _say_who_speaks(tx: Tx, row: Row, card: replies.CompanyCard) -> None:
    """Who speaks for a company, and who was proposed; to staff and to its representatives."""
    staff = tx.actor.role in ground.STAFF and rows.concerning(tx.conn, tx.actor.scope, [row])
    if not staff and tx.actor.id not in row.representatives:
        return
    proposed = row.representatives_proposed
    card.representatives = row.representatives
    card.representatives_proposed = proposed
    card.proposed_by = row.representatives_proposed_by if proposed is not None else None
    card.representatives_document = row.representatives_document
    card.history = ground.history(tx, tables.companies, row.company_id)


class WhichAppointment(Request, frozen=True):
    """Which appointment is meant."""

    appointment_id: str


def appointment(tx: Tx, payload: WhichAppointment) -> replies.AppointmentCard:
    """交叉任职 / An appointment.

    Answer an appointment with its history; to staff, its nominee and the company's side.

    Raises:
        NotFound: There is none, or the actor may not know it.
    """
    row = records.get(tx.conn, tables.appointments, payload.appointment_id)
    project = records.get(tx.conn, tables.projects, row.project_id)
    if row.person_id != tx.actor.id and not ground.sees_all_of(tx, project):
        raise NotFound(kind="appointment", id=payload.appointment_id)
    return replies.AppointmentCard.of(
        row,
        id=payload.appointment_id,
        **ground.until(tx, row.due_at),
        history=ground.history(tx, tables.appointments, payload.appointment_id),
    )


class WhichAgreement(Request, frozen=True):
    """Which agreement is meant, and for which day."""

    agreement_id: str
    at: (
        Annotated[
            date, Meta(description="该日终了时是否有效 / whether it was in force on this day")
        ]
        | None
    ) = None


def agreement(tx: Tx, payload: WhichAgreement) -> replies.AgreementCard:
    """协议及履约事项 / An agreement.

    Answer an agreement with its items and dated commitments; agreements are public. With `at` also
    whether it was in force at the end of that day, whatever has been since.

    Raises:
        NotFound: There is none.
    """
    row = records.get(tx.conn, tables.agreements, payload.agreement_id)
    project = records.get(tx.conn, tables.projects, row.project_id)
    # Others read what was agreed and kept; who signed it is the two sides' (SEC low 2).
    inside = ground.sees_all_of(tx, project)
    dated = [
        ground.shown(replies.Commitment, commitment, persons=inside, id=commitment.commitment_id)
        for commitment in lists.of_project(tx.conn, tables.commitments, row.project_id)
        if commitment.agreement_id == payload.agreement_id
    ]
    dated.sort(key=lambda one: (one.due_date, one.id))
    named = files.documents_of(tx, [row.agreement_id]) if inside else {}
    return ground.shown(
        replies.AgreementCard,
        row,
        persons=inside,
        id=payload.agreement_id,
        items=[
            replies.AgreementItem.of(item) for item in rows.items_of(tx.conn, payload.agreement_id)
        ],
        commitments=dated,
        text=agreed.text_of(tx.conn, payload.agreement_id) if inside else UNSET,
        history=ground.history(tx, tables.agreements, payload.agreement_id, with_actors=False),
        file=named.get((row.agreement_id, row.text_sha256)),
        in_force=None if payload.at is None else _in_force(tx, row, payload.at),
    )


def _in_force(tx: Tx, row: Row, day: date) -> bool:
    ends = tx.calendar.midnight(day + timedelta(days=1)) - MOMENT
    begun = row.active_from is not None and row.active_from <= ends
    return begun and (row.ended_at is None or row.ended_at > ends)


class InArea(PartOfList, frozen=True):
    """区域 / An area; without one, all that the acting role covers."""

    scope: Scope | None = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None


class PaperAt(Request, frozen=True):
    """区域及截至日 / An area, and the last day of what is looked at."""

    scope: Scope | None = None
    at: (
        Annotated[
            date,
            Meta(description="截至日(含),默认现在 / as of the end of this day; now by default"),
        ]
        | None
    ) = None
    limit: Limit = 50
    cursor: Cursor | None = None


def agreement_noncompliance(tx: Tx, payload: PaperAt) -> replies.Noncompliance:
    """协议未履约清单 / Agreements that stay on paper.

    Answer the projects in service that keep their agreements only on paper, and why.

    Reasons: not both kinds of agreement in force (one without a dated commitment is none), an
    overdue commitment of the project. Beside them the agreements that end first within 30 days, so
    that a project is warned before it is listed. With `at` all of it is as of the end of that day,
    whatever has been signed or kept since.
    """
    scope = ground.scope_of(tx, payload.scope)
    if payload.at is not None and payload.at < tx.calendar.local_date(tx.now):
        return _noncompliance_at(tx, payload, scope, payload.at)
    active = lists.active_agreements(tx.conn, scope)
    counts = {
        row["project_id"]: row
        for row in lists.commitment_counts(tx.conn, scope=scope, until=tx.now)
        if row["responsible"] == "PROJECT"
    }

    def show(project: Row) -> replies.OnPaper:
        own: dict[str, Any] = counts.get(project.project_id, {})
        kinds = active.get(project.project_id, ())
        missing = rules.kinds_missing(kinds)
        reasons = {
            "FEWER_THAN_TWO_AGREEMENTS": missing,
            "COMMITMENT_OVERDUE": own.get("overdue", 0),
        }
        return replies.OnPaper.of(
            project,
            community=project.area,
            agreements_active=len(kinds),
            kinds_missing=missing,
            commitments_due=own.get("due", 0),
            commitments_on_time=own.get("on_time", 0),
            commitments_overdue=own.get("overdue", 0),
            reasons=[reason for reason, holds in reasons.items() if holds],
        )

    found = ground.page(tx, tables.projects, lists.on_paper(scope, tx.now), payload, show=show)
    today = tx.calendar.local_date(tx.now)
    ending, total = lists.ending_agreements(tx.conn, scope, today + rules.REMIND, MOST_ROWS)
    return replies.Noncompliance(
        items=found.items,
        next=found.next,
        prev=found.prev,
        previous=found.previous,
        total=found.total,
        expiring=[
            replies.EndingAgreement.of(row, days=(row.valid_to - today).days) for row in ending
        ],
        expiring_total=total,
    )


def _noncompliance_at(tx: Tx, payload: PaperAt, scope: str, day: date) -> replies.Noncompliance:
    """Answer the same as of the end of a day."""
    end = tx.calendar.midnight(day + timedelta(days=1)) - MOMENT
    active = agreed.kinds_at(tx.conn, scope, end)
    overdue = agreed.overdue_at(tx.conn, scope, end)
    counts = agreed.due_counts_at(tx.conn, scope, end)
    there = [row.project_id for row in months.in_service_at(tx.conn, scope, end)]
    listed = [
        ref for ref in there if rules.kinds_missing(active.get(ref, ())) or overdue.get(ref, 0)
    ]

    def show(project: Row) -> replies.OnPaper:
        ref = project.project_id
        kinds = active.get(ref, [])
        missing = rules.kinds_missing(kinds)
        due, on_time = counts.get(ref, (0, 0))
        reasons = {
            "FEWER_THAN_TWO_AGREEMENTS": missing,
            "COMMITMENT_OVERDUE": overdue.get(ref, 0),
        }
        return replies.OnPaper.of(
            project,
            community=project.area,
            agreements_active=len(kinds),
            kinds_missing=missing,
            commitments_due=due,
            commitments_on_time=on_time,
            commitments_overdue=overdue.get(ref, 0),
            reasons=[reason for reason, holds in reasons.items() if holds],
        )

    found = ground.page(tx, tables.projects, agreed.these(listed), payload, show=show)
    ending, total = agreed.ending_at(tx.conn, scope, end, day + rules.REMIND, MOST_ROWS)
    return replies.Noncompliance(
        items=found.items,
        next=found.next,
        prev=found.prev,
        previous=found.previous,
        total=found.total,
        expiring=[
            replies.EndingAgreement.of(row, days=(row.valid_to - day).days) for row in ending
        ],
        expiring_total=total,
    )


def coverage_gaps(tx: Tx, payload: InArea) -> Both[replies.Gap]:
    """交叉任职缺口 / Projects that lack a direction.

    Answer the projects in service that lack a direction of the cross-appointment.
    """
    scope = ground.scope_of(tx, payload.scope)
    active = lists.active_directions(tx.conn, scope)
    found = ground.part(tx, tables.projects, lists.lacking_a_direction(scope), payload)
    gaps = lists.running_gaps(tx.conn, [row.project_id for row in found.rows])
    today = tx.calendar.local_date(tx.now)

    def show(project: Row) -> replies.Gap:
        project_id = project.project_id
        missing = [
            direction for direction in rules.POSTS if direction not in active.get(project_id, set())
        ]
        since = {direction: gaps.get((project_id, direction)) for direction in missing}
        return replies.Gap(
            project_id=project_id,
            community=project.area,
            missing=missing,
            since=since,
            days={name: (today - day).days if day else None for name, day in since.items()},
        )

    return ground.both(found, show)


class MonthInArea(Request, frozen=True):
    """月份与区域 / A month and an area."""

    period: Annotated[Period, Meta(examples=["2025-03"])]
    scope: Scope | None = None


def indicators(tx: Tx, payload: MonthInArea) -> replies.Indicators:
    """红色物业指标 / Indicators of Red Property.

    Answer the indicators of Red Property: each with numerator and denominator.

    M-17 agreement compliance, M-18 coverage, M-25 rectification, M-27 three-party meetings. Where
    a denominator is 0 the value is null. Every figure is the month's: as of its last moment, and
    of what fell due in it; as of now while it runs; empty before it begins (SP-D21).
    """
    scope = ground.scope_of(tx, payload.scope)
    begin, end = tx.calendar.month_bounds(payload.period)
    # A state is read at its last moment, so that what ends with the month was still there.
    at = min(end - MOMENT, tx.now)
    there = months.in_service_at(tx.conn, scope, at) if at >= begin else []
    ids = [row.project_id for row in there]
    kinds = months.kinds_at(tx.conn, scope, at)
    directions = months.directions_at(tx.conn, scope, at)
    sides: dict[str, list[int]] = {"PROJECT": [0, 0], "COMMUNITY": [0, 0]}
    for row in lists.commitment_counts(tx.conn, scope=scope, after=begin, until=min(end, tx.now)):
        sides[row["responsible"]][0] += row["on_time"]
        sides[row["responsible"]][1] += row["due"]
    orders = lists.rectification_counts(tx.conn, scope, begin, end)
    met = months.compounds_that_met(tx.conn, payload.period, there)
    both = sum(len(directions.get(project_id, set())) == len(rules.POSTS) for project_id in ids)
    paired = sum(not rules.kinds_missing(kinds.get(project_id, set())) for project_id in ids)
    overdue = months.overdue_by_severity(tx.conn, scope, at + MOMENT) if at >= begin else {}
    return replies.Indicators(
        period=payload.period,
        scope=scope,
        compliance={side: _share(*counts) for side, counts in sides.items()},
        coverage=replies.Coverage(
            agreements=_share(paired, len(ids)), cross_appointments=_share(both, len(ids))
        ),
        rectification=replies.Rectified(
            on_time=_share(orders["passed_on_time"], orders["passed"]),
            open_overdue=overdue,
            average_days=orders["average_days"],
        ),
        met=_share(sum(project_id in met for project_id in ids), len(ids)),
    )


def _share(part: int, whole: int) -> replies.Part:
    return replies.Part(part=part, whole=whole, percent=percent(ratio(part, whole)))


def board(tx: Tx, payload: WhichProject) -> replies.Board:
    """小区公示栏 / A compound's public board.

    Answer the public board of a compound: disclosures and minutes of the meetings.

    Raises:
        NotFound: There is no such project.
    """
    project = records.get(tx.conn, tables.projects, payload.project_id)
    meetings = [
        row
        for row in lists.of_project(tx.conn, tables.meetings, payload.project_id)
        if row.annulled_at is None
    ]
    disclosures = lists.of_project(tx.conn, tables.disclosures, payload.project_id)
    return replies.Board(
        id=payload.project_id,
        name=project.name,
        disclosures=[
            *with_readable(
                tx, [replies.BoardDisclosure.of(row, id=row.disclosure_id) for row in disclosures]
            )
        ],
        meetings=[
            replies.Minutes.of(
                row,
                id=row.meeting_id,
                present={side: len(who) for side, who in row.attendees.items()},
                two_sided=not row.owners_committee,
            )
            for row in meetings
        ],
    )
