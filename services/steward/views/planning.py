"""Questions about plans of visits: who is due, what a steward has done, who was not visited."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Area, Cursor, Grid, Limit, Period, WithTotal
from fivered.chassis.i18n import in_words
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound, RoleDenied
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.steward import rules, storage
from fivered.services.steward.replies.planning import PlanCard, ToVisit, VisitMonth
from fivered.services.steward.rules.planning import ELDERLY_YEARS, NEW
from fivered.services.steward.views.people import note_reads

PACKAGE = "fivered.services.steward"


class PlanList(Request, frozen=True):
    """走访计划筛选 / Which lines; the caller's own of this month where nothing is said."""

    period: Period | None = None
    steward_id: str | None = None
    scope: Annotated[Area, Meta(description="本社区或网格 / of a community or grid")] | None = None
    state: Annotated[
        Literal["DUE", "DONE", "REMOVED"] | None, Meta(description="待走访、已完成、已取消")
    ] = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 200
    cursor: Cursor | None = None


class MonthsOfVisits(Request, frozen=True):
    """区域与月份 / Area and month."""

    scope: Annotated[Area, Meta(description="本社区或网格 / of a community or grid")]
    period: Period
    sort: Annotated[Literal["since", "-since"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class NotVisited(Request, frozen=True):
    """未走访的人 / Who was not visited since a day: elderly people, people who are new, or all."""

    grid: Grid
    care: Literal["ELDERLY", "NEWCOMER", "FAMILY"] = "FAMILY"
    since: Annotated[date, Meta(description="默认本月一日 / the first of this month")] | None = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class WhichPlan(Request, frozen=True):
    """Which line of a plan is meant."""

    plan_id: str


def visit_plans(tx: Tx, payload: PlanList) -> Page[PlanCard]:
    """走访计划 / Plans of visits, and who is due.

    Answer lines of a month's plans with what was done: to a steward the own ones, to who looks
    after the place those of a steward or of everybody there.

    Raises:
        NotFound: No such steward, or none of the caller's business.
        RoleDenied: The caller does not look after that area.
    """
    own = [post.steward_id for post in storage.posts.of_person(tx.conn, tx.actor.id)]
    chosen: list[str] | None = own
    scope = payload.scope or ""
    if payload.steward_id is not None and payload.steward_id not in own:
        post = storage.posts.steward(tx.conn, payload.steward_id)
        if post is None or not rules.access.may_see(tx.actor, "visits", post.area):
            raise NotFound(kind="steward", id=payload.steward_id)
        chosen, scope = [post.steward_id], payload.scope or tx.actor.scope
    elif payload.steward_id is not None:
        chosen = [payload.steward_id]
    elif payload.scope is not None:
        _require_looks_after(tx, payload.scope)
        chosen = None
    if chosen is None or chosen != own:
        period = payload.period or tx.calendar.period(tx.now)
        note_reads(tx, "visit_plans", "VISITS", [], reason=f"{scope} {period}")
    found = storage.planning.page(
        tx.conn,
        payload.period or tx.calendar.period(tx.now),
        payload,
        steward_ids=chosen,
        scope=scope,
        state=payload.state,
    )
    return found.listed(lambda row: _card(tx, row))


def visit_plan(tx: Tx, payload: WhichPlan) -> PlanCard:
    """走访计划一行 / One line of a plan.

    Raises:
        NotFound: There is none, or it is none of the caller's business.
    """
    row = storage.planning.one(tx.conn, payload.plan_id)
    post = storage.posts.steward(tx.conn, row.steward_id) if row is not None else None
    own = post is not None and post.person_id == tx.actor.id
    if row is None or not (own or rules.access.may_see(tx.actor, "visits", row.grid)):
        raise NotFound(kind="visit_plan", id=payload.plan_id)
    return _card(tx, row)


def _card(tx: Tx, row: Row) -> PlanCard:
    state = row.state
    if state == "PLANNED":
        state = "DONE" if row.visited >= row.times else "DUE"
    return PlanCard.of(
        row,
        id=row.plan_id,
        state=state,
        due_at=tx.calendar.month_bounds(row.period)[1],
        **in_words(PACKAGE, "care", row.care),
    )


def visit_months(tx: Tx, payload: MonthsOfVisits) -> Page[VisitMonth]:
    """各管家当月走访 / Stewards' months of visits.

    Answer of each steward of a community or grid what was planned and done in a month.

    Raises:
        RoleDenied: The caller does not look after that area.
    """
    _require_looks_after(tx, payload.scope)
    found = storage.planning.visitors(tx.conn, payload.scope, payload)
    ids = [row.steward_id for row in found.rows]
    counted = storage.planning.counted(tx.conn, ids, payload.period, payload.scope)
    plans = storage.planning.of_month(tx.conn, ids, payload.period)

    def month(row: Row) -> VisitMonth:
        lines = [
            line
            for line in plans
            if line.steward_id == row.steward_id and line.grid.startswith(payload.scope)
        ]
        visits, concerns = counted.get(row.steward_id, (0, 0))
        return VisitMonth.of(
            row,
            **in_words(PACKAGE, "duty", row.duty),
            period=payload.period,
            planned=len(lines),
            done=sum(line.visited >= line.times for line in lines),
            visits=visits,
            visit_quota=rules.hours.VISIT_QUOTA.get(row.duty, 0),
            concerns=concerns,
        )

    return found.listed(month)


def not_visited(tx: Tx, payload: NotVisited) -> Page[ToVisit]:
    """未走访的居民 / Who was not visited since a day.

    Answer who lives in a grid and was not visited since, with where that is, to the community's own
    officials: the elderly by year of birth, who is new here, or everybody.

    Raises:
        RoleDenied: The caller does not look after that grid.
    """
    _require_looks_after(tx, payload.grid)
    first = payload.since or tx.calendar.first_day(tx.calendar.period(tx.now))
    year = tx.calendar.local_date(tx.now).year
    found = storage.planning.not_visited(
        tx.conn,
        payload.grid,
        tx.calendar.midnight(first),
        payload,
        born_until=year - ELDERLY_YEARS if payload.care == "ELDERLY" else None,
        registered_from=tx.now - NEW if payload.care == "NEWCOMER" else None,
    )
    note_reads(tx, "not_visited", "VISITS", found.rows, reason=f"{payload.grid} {payload.care}")
    vault = storage.vault(tx)

    def card(row: Row) -> ToVisit:
        home = storage.finding.dwelling_of(vault, row)
        return ToVisit.of(
            row,
            name=vault.open(row.name, f"{row.person_id}.name"),
            building=home.building if home is not None else None,
            unit=home.unit if home is not None else None,
            room=home.room if home is not None else None,
        )

    return found.listed(card)


def _require_looks_after(tx: Tx, scope: str) -> None:
    tx.require_scope(scope)
    if not rules.access.may_see(tx.actor, "visits", scope):
        raise RoleDenied(role=tx.actor.role, field="scope")
