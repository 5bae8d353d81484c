"""Companies, projects and their cards, coverage and compliance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from msgspec import Meta

from chassis import records
from chassis.bus import Tx
from chassis.fields import MOST_ROWS, Cursor, Limit, PartOfList, Period
from chassis.refusal import NotFound
from services.property import rules
from services.property.storage import lists, months, rows, tables
from services.property.storage.rows import Row
from services.property.views import ground
from services.property.views.ground import Answer, Scope

OPEN_ORDERS = ("ISSUED", "ACKNOWLEDGED", "SUBMITTED", "OVERDUE")
SHOWN_NEXT = 3
MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class WhichProject:
    """Which project is meant."""

    project_id: str


def project(tx: Tx, payload: WhichProject) -> Answer:
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
    rival = tx.actor.role in ground.COMPANY and not ground.sees_all_of(tx, project)
    orders = (
        []
        if rival
        else lists.of_project(tx.conn, tables.rectifications, project_id, states=OPEN_ORDERS)
    )
    last = None if rival else months.measured(tx.conn, project_id, None)
    return {
        "id": project_id,
        "name": project.name,
        "company_id": project.company_id,
        "community": project.area,
        "grids": project.grids,
        "buildings": project.buildings or [],
        "households": project.households,
        "operation_mode": project.operation_mode,
        "state": project.status,
        "version": project.version,
        "manager_person_id": project.manager_person_id,
        "owners_committee": _committee(tx, project_id),
        "appointments": _appointments(tx, project),
        "agreements": agreements,
        "agreements_active": len(kinds),
        "agreement_kinds_missing": rules.kinds_missing(kinds),
        "commitments": _commitments(tx, project),
        "credit": _credit(tx, project_id),
        "company_credit": _credit(tx, project.company_id),
        "open_rectifications": [
            {
                "id": row.rectification_id,
                "number": row.number,
                "severity": row.severity,
                "state": row.state,
                "level": row.level,
                "due": row.due_at.isoformat(),
            }
            for row in orders
        ],
        "last_month": last.measured | {"period": last.period} if last else None,
        **(
            {"history": ground.history(tx, tables.projects, project_id)}
            if ground.sees_all_of(tx, project)
            else {}
        ),
    }


def _committee(tx: Tx, project_id: str) -> Answer | None:
    row = rows.owners_committee_in_term(tx.conn, project_id)
    if row is None:
        return None
    return {
        "id": row.committee_id,
        "kind": row.kind,
        "members": len(row.members),
        "term_to": row.term_to.isoformat(),
    }


def _appointments(tx: Tx, project: Row) -> Answer:
    """Both directions: who is in office, who is on the way, and since when nobody is.

    Who holds a post is public. Who was named for one is not before he holds it: to others than the
    sides and himself it is told that somebody is.
    """
    project_id = project.project_id
    inside = ground.sees_all_of(tx, project)
    gaps = lists.running_gaps(tx.conn, [project_id])
    open_ = rows.appointments_of(
        tx.conn, project_id, states=("NOMINATED", "CONSENTED", "APPROVED", "ACTIVE")
    )
    found: Answer = {}
    for direction in rules.POSTS:
        since = gaps.get((project_id, direction))
        mine = [row for row in open_ if row.direction == direction]
        active = next((row for row in mine if row.state == "ACTIVE"), None)
        found[direction] = {
            "active": _appointment(active) if active else None,
            "pending": [
                _appointment(row, named=inside or row.person_id == tx.actor.id)
                for row in mine
                if row.state != "ACTIVE"
            ],
            "gap_since": since.isoformat() if since else None,
            "gap_days": (tx.calendar.local_date(tx.now) - since).days if since else 0,
        }
    return found


def _appointment(row: Row, *, named: bool = True) -> Answer:
    return {
        "id": row.appointment_id,
        "person_id": row.person_id if named else None,
        "post": row.target_post,
        "state": row.state,
        "version": row.version,
        "unpaid": row.unpaid,
        "abstains_in": row.conflict_topics,
        "since": row.active_from.isoformat() if row.active_from else None,
    }


def _agreement(row: Row, following: list[Row]) -> Answer:
    return {
        "id": row.agreement_id,
        "type": row.type,
        "state": row.state,
        "version": row.version,
        "valid_from": row.valid_from.isoformat(),
        "valid_to": row.valid_to.isoformat(),
        "text_sha256": row.text_sha256,
        "next_commitments": [
            {
                "id": commitment.commitment_id,
                "title": commitment.title,
                "responsible": commitment.responsible,
                "due_date": commitment.due_date.isoformat(),
                "state": commitment.state,
                "version": commitment.version,
            }
            for commitment in following
            if commitment.agreement_id == row.agreement_id
        ],
    }


def _commitments(tx: Tx, project: Row) -> Answer:
    found = {"PROJECT": {"due": 0, "on_time": 0}, "COMMUNITY": {"due": 0, "on_time": 0}}
    for row in lists.commitment_counts(
        tx.conn, scope="", until=tx.now, project_id=project.project_id
    ):
        found[row["responsible"]] = {"due": row["due"], "on_time": row["on_time"]}
    return found


def _credit(tx: Tx, ref: str) -> Answer:
    """The newest final grade; NR (not rated) before the first settlement."""
    row = lists.grade_of(tx.conn, ref)
    if row is None:
        return {"grade": "NR", "score": None, "period": None, "gates_failed": []}
    return {
        "grade": row.grade,
        "score": row.score,
        "period": row.period,
        "gates_failed": row.gates_failed,
    }


@dataclass(frozen=True, slots=True)
class ProjectFilter:
    """项目筛选 / Filter of projects."""

    scope: Scope | None = None
    company_id: str | None = None
    manager_person_id: str | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def projects(tx: Tx, payload: ProjectFilter) -> Answer:
    """项目列表 / Projects.

    Answer the projects of an area; that they exist is public.
    """
    conditions = lists.conditions(
        tables.projects,
        scope=payload.scope,
        company_id=payload.company_id,
        manager_person_id=payload.manager_person_id,
    )
    return ground.page(
        tx,
        tables.projects,
        conditions,
        payload,
        show=lambda row: {
            "id": row.project_id,
            "name": row.name,
            "company_id": row.company_id,
            "community": row.area,
            "households": row.households,
            "state": row.status,
            "version": row.version,
        },
        oldest_first=True,
    )


@dataclass(frozen=True, slots=True)
class WhichCompany:
    """Which company is meant."""

    company_id: str


def company(tx: Tx, payload: WhichCompany) -> Answer:
    """物业企业名片 / A company's card.

    Answer a company's card; its code was checked, or overridden with a reason.

    Raises:
        NotFound: There is no such company.
    """
    row = records.get(tx.conn, tables.companies, payload.company_id)
    return {
        "id": row.company_id,
        "name": row.name,
        "uscc": row.uscc,
        "uscc_valid": row.uscc_override_reason is None,
        "uscc_override_reason": row.uscc_override_reason,
        "version": row.version,
        "credit": _credit(tx, payload.company_id),
        "projects": [
            project.project_id for project in lists.in_service(tx.conn, "", payload.company_id)
        ],
        **_spoken_for(tx, row),
    }


def _spoken_for(tx: Tx, row: Row) -> Answer:
    """Who speaks for a company, and who was proposed; to staff and to its representatives."""
    places = rows.areas_of_company(tx.conn, row.company_id)
    staff = tx.actor.role in ground.STAFF and rules.concerns(
        tx.actor.scope, area=row.area, places=places
    )
    if not staff and tx.actor.id not in row.representatives:
        return {}
    proposed = row.representatives_proposed
    return {
        "representatives": row.representatives,
        "representatives_proposed": proposed,
        "proposed_by": row.representatives_proposed_by if proposed is not None else None,
        "history": ground.history(tx, tables.companies, row.company_id),
    }


@dataclass(frozen=True, slots=True)
class WhichAppointment:
    """Which appointment is meant."""

    appointment_id: str


def appointment(tx: Tx, payload: WhichAppointment) -> Answer:
    """交叉任职 / An appointment.

    Answer an appointment with its history; to staff, its nominee and the company's side.

    Raises:
        NotFound: There is none, or the actor may not know it.
    """
    row = records.get(tx.conn, tables.appointments, payload.appointment_id)
    project = records.get(tx.conn, tables.projects, row.project_id)
    if row.person_id != tx.actor.id and not ground.sees_all_of(tx, project):
        raise NotFound(kind="appointment", id=payload.appointment_id)
    return {
        "id": payload.appointment_id,
        **ground.plain(row, without=("appointment_id",), persons=True),
        "history": ground.history(tx, tables.appointments, payload.appointment_id),
    }


@dataclass(frozen=True, slots=True)
class WhichAgreement:
    """Which agreement is meant."""

    agreement_id: str


def agreement(tx: Tx, payload: WhichAgreement) -> Answer:
    """协议及履约事项 / An agreement.

    Answer an agreement with its items and dated commitments; agreements are public.

    Raises:
        NotFound: There is none.
    """
    row = records.get(tx.conn, tables.agreements, payload.agreement_id)
    project = records.get(tx.conn, tables.projects, row.project_id)
    # Others read what was agreed and kept; who signed it is the two sides' (SEC low 2).
    inside = ground.sees_all_of(tx, project)
    dated = [
        ground.plain(commitment, without=("area", "created_at"), persons=inside)
        for commitment in lists.of_project(tx.conn, tables.commitments, row.project_id)
        if commitment.agreement_id == payload.agreement_id
    ]
    dated.sort(key=lambda item: (item["due_date"], item["commitment_id"]))
    return {
        "id": payload.agreement_id,
        **ground.plain(row, without=("agreement_id",), persons=inside),
        "items": [
            ground.plain(item, without=("agreement_id",))
            for item in rows.items_of(tx.conn, payload.agreement_id)
        ],
        "commitments": [{"id": item.pop("commitment_id"), **item} for item in dated],
        "history": ground.history(tx, tables.agreements, payload.agreement_id, with_actors=False),
    }


@dataclass(frozen=True, slots=True)
class InArea(PartOfList):
    """区域 / An area; without one, all that the acting role covers."""

    scope: Scope | None = None


def agreement_noncompliance(tx: Tx, payload: InArea) -> Answer:
    """协议未履约清单 / Agreements that stay on paper.

    Answer the projects in service that keep their agreements only on paper, and why.

    Reasons: not both kinds of agreement in force (one without a dated commitment is none), an
    overdue commitment of the project. Beside them the agreements that end first within 30 days, so
    that a project is warned before it is listed.
    """
    scope = ground.scope_of(tx, payload.scope)
    active = lists.active_agreements(tx.conn, scope)
    counts = {
        row["project_id"]: row
        for row in lists.commitment_counts(tx.conn, scope=scope, until=tx.now)
        if row["responsible"] == "PROJECT"
    }

    def show(project: Row) -> Answer:
        own: dict[str, Any] = counts.get(project.project_id, {})
        kinds = active.get(project.project_id, ())
        missing = rules.kinds_missing(kinds)
        reasons = {
            "FEWER_THAN_TWO_AGREEMENTS": missing,
            "COMMITMENT_OVERDUE": own.get("overdue", 0),
        }
        return {
            "project_id": project.project_id,
            "company_id": project.company_id,
            "community": project.area,
            "agreements_active": len(kinds),
            "kinds_missing": missing,
            "commitments_due": own.get("due", 0),
            "commitments_on_time": own.get("on_time", 0),
            "commitments_overdue": own.get("overdue", 0),
            "reasons": [reason for reason, holds in reasons.items() if holds],
        }

    found = ground.page(tx, tables.projects, lists.on_paper(scope, tx.now), payload, show=show)
    today = tx.calendar.local_date(tx.now)
    ending, total = lists.ending_agreements(tx.conn, scope, today + rules.REMIND, MOST_ROWS)
    expiring = [
        {
            "agreement_id": row.agreement_id,
            "project_id": row.project_id,
            "valid_to": row.valid_to.isoformat(),
            "days": (row.valid_to - today).days,
        }
        for row in ending
    ]
    return {**found, "expiring": expiring, "expiring_total": total}


def coverage_gaps(tx: Tx, payload: InArea) -> Answer:
    """交叉任职缺口 / Projects that lack a direction.

    Answer the projects in service that lack a direction of the cross-appointment.
    """
    scope = ground.scope_of(tx, payload.scope)
    active = lists.active_directions(tx.conn, scope)
    found = ground.part(tx, tables.projects, lists.lacking_a_direction(scope), payload)
    gaps = lists.running_gaps(tx.conn, [row.project_id for row in found.rows])
    today = tx.calendar.local_date(tx.now)

    def show(project: Row) -> Answer:
        project_id = project.project_id
        missing = [
            direction for direction in rules.POSTS if direction not in active.get(project_id, set())
        ]
        since = {direction: gaps.get((project_id, direction)) for direction in missing}
        return {
            "project_id": project_id,
            "community": project.area,
            "missing": missing,
            "since": {name: str(day) if day else None for name, day in since.items()},
            "days": {name: (today - day).days if day else None for name, day in since.items()},
        }

    return found.reply(show, previous=found.prev)


@dataclass(frozen=True, slots=True)
class MonthInArea:
    """月份与区域 / A month and an area."""

    period: Annotated[Period, Meta(examples=["2025-03"])]
    scope: Scope | None = None


def indicators(tx: Tx, payload: MonthInArea) -> Answer:
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
    return {
        "period": payload.period,
        "scope": scope,
        "M-17": {side: _share(*counts) for side, counts in sides.items()},
        "M-18": {
            "agreements": _share(paired, len(ids)),
            "cross_appointments": _share(both, len(ids)),
        },
        "M-25": {
            "on_time": _share(orders["passed_on_time"], orders["passed"]),
            "open_overdue": overdue,
            "average_days": orders["average_days"],
        },
        "M-27": _share(sum(project_id in met for project_id in ids), len(ids)),
    }


def _share(part: int, whole: int) -> Answer:
    value = rules.shown(rules.percent(part, whole), 2)
    return {"part": part, "whole": whole, "percent": value}


def board(tx: Tx, payload: WhichProject) -> Answer:
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
    return {
        "id": payload.project_id,
        "name": project.name,
        "disclosures": [ground.plain(row, without=("area", "created_at")) for row in disclosures],
        "meetings": [
            {
                "id": row.meeting_id,
                "period": row.period,
                "held_at": row.held_at.isoformat(),
                "present": {side: len(who) for side, who in row.attendees.items()},
                "two_sided": not row.owners_committee,
                "minutes_sha256": row.minutes_sha256,
                "decisions": row.decisions,
            }
            for row in meetings
        ],
    }
