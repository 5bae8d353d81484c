"""Plans of visits: whom a steward visits in a month, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.fields import Id, Period
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, Refusal, StateConflict, said
from fivered.chassis.requests import Request
from fivered.chassis.telling import tell
from fivered.services.steward import rules, storage
from fivered.services.steward.actions.changes import Reason, refused
from fivered.services.steward.errors import NotMyGrid, UnknownPerson
from fivered.services.steward.replies import Changed
from fivered.services.steward.replies import planning as told
from fivered.services.steward.rules.planning import Care


class PlanLine(Request, frozen=True):
    """计划一行 / Whom to visit: a household or a person."""

    household_id: Annotated[Id, Meta(description="走访的户 / which household")] | None = None
    person_id: Annotated[Id, Meta(description="走访的人 / whom")] | None = None
    care: Annotated[
        Care,
        Meta(
            description="走访缘由:老年人、新入住、家庭、约定 / why: elderly, new here, a family, "
            "agreed upon",
            examples=["ELDERLY"],
        ),
    ] = "FAMILY"
    times: Annotated[int, Meta(ge=1, le=31, description="当月次数 / how often in the month")] = 1


class PlanVisits(Request, frozen=True):
    """制定月度走访计划 / Plan a steward's visits of a month."""

    steward_id: Annotated[str, Meta(max_length=64)]
    period: Period
    lines: Annotated[list[PlanLine], Meta(min_length=1, max_length=200)]


class CopyVisits(Request, frozen=True):
    """沿用某月计划 / Plan a month as another one."""

    steward_id: Annotated[str, Meta(max_length=64)]
    from_period: Annotated[Period, Meta(examples=["2025-03"])]
    to_period: Annotated[Period, Meta(examples=["2025-04"])]


class RemoveVisit(Request, frozen=True):
    """取消一行 / Take a line out."""

    plan_id: str
    reason: Annotated[Reason, Meta(examples=["已搬离"])]


def plan_visits(tx: Tx, payload: PlanVisits) -> told.VisitsPlanned:
    """制定月度走访计划 / Plan a steward's visits of a month.

    Plan whom a steward visits in a month. Who stands in the plan already is unchanged; what cannot
    be planned says why and stops no other. The steward plans the own month; a cadre or secretary of
    the place plans for each, who is told.

    Raises:
        NotFound: No such steward, or one whose visits the caller does not plan.
        StateConflict: The steward does not serve now.
        Invalid: The month is over, or too far ahead.
    """
    return _plan(tx, _post(tx, payload.steward_id), payload.period, payload.lines)


def copy_visits(tx: Tx, payload: CopyVisits) -> told.VisitsPlanned:
    """沿用某月走访计划 / Plan a steward's month as another one.

    Plan all that stands in the plan of another month; who has moved away is refused by line.

    Raises:
        NotFound: No such steward, or nothing was planned in that month.
        StateConflict: The steward does not serve now.
        Invalid: The month is over, or too far ahead.
    """
    post = _post(tx, payload.steward_id)
    rows = storage.planning.of_month(tx.conn, [post.steward_id], payload.from_period)
    if not rows:
        raise NotFound(kind="visit_plan", id=payload.from_period)
    lines = [
        PlanLine(
            household_id=row.household_id,
            person_id=row.person_id,
            care=row.care,
            times=row.times,
        )
        for row in rows
    ]
    return _plan(tx, post, payload.to_period, lines)


def remove_visit(tx: Tx, payload: RemoveVisit) -> Changed:
    """取消走访计划一行 / Take a line out of a plan.

    Raises:
        NotFound: There is no such line, or it is none of the caller's business.
        StateConflict: It is out already, or the steward does not serve now.
    """
    row = storage.planning.line(tx.conn, payload.plan_id)
    if row is None:
        raise NotFound(kind="visit_plan", id=payload.plan_id)
    try:
        _post(tx, row.steward_id)
    except NotFound:
        raise NotFound(kind="visit_plan", id=payload.plan_id) from None
    tx.check_version(row.version)
    if row.state != "PLANNED":
        raise StateConflict(state=row.state)
    after = storage.planning.update(tx.conn, row, state="REMOVED", reason=payload.reason)
    return Changed(id=row.plan_id, state=after.state, version=after.version)


def _post(tx: Tx, steward_id: str) -> Row:
    """Return the locked post of a steward whose visits the caller plans; so rivals come in turn."""
    post = storage.posts.lock(tx.conn, steward_id)
    own = post is not None and post.person_id == tx.actor.id
    if post is None or not (own or rules.access.may_see(tx.actor, "visits", post.area)):
        raise NotFound(kind="steward", id=steward_id)
    if post.status != "ACTIVE":
        raise StateConflict(state=post.status)
    return post


def _plan(tx: Tx, post: Row, period: str, lines: Sequence[PlanLine]) -> told.VisitsPlanned:
    now = tx.calendar.period(tx.now)
    last = now
    for _ in range(rules.planning.AHEAD):
        last = tx.calendar.next_period(last)
    if not now <= period <= last:
        raise Invalid(
            field="period",
            reason=said("须为本月至 {last} / from this month until {last}", last=last),
        )
    grids = set(storage.posts.grids_of(tx.conn, post.steward_id))
    standing = storage.planning.of_month(tx.conn, [post.steward_id], period)
    known = {(row.household_id, row.person_id): row.plan_id for row in standing}
    wanted = [line.household_id for line in lines if line.household_id is not None]
    homes = storage.planning.homes(tx.conn, wanted, post.area[:12])
    items: list[told.PlannedVisit] = []
    for line in lines:
        stands = known.get((line.household_id, line.person_id))
        if stands is not None:
            items.append(_outcome(line, stands, "unchanged"))
            continue
        try:
            grid = _grid_of(tx, line, homes)
            if grid not in grids:
                raise NotMyGrid(grid=grid, field="grid")
        except Refusal as refusal:
            items.append(
                told.PlannedVisit(
                    id=None,
                    household_id=line.household_id,
                    person_id=line.person_id,
                    **refused(refusal),
                )
            )
            continue
        row = storage.planning.insert(
            tx.conn,
            plan_id=tx.new_id("vpl"),
            steward_id=post.steward_id,
            area=grid[:12],
            grid=grid,
            period=period,
            household_id=line.household_id,
            person_id=line.person_id,
            care=line.care,
            times=line.times,
            state="PLANNED",
            planned_by=tx.actor.id,
            created_at=tx.now,
            version=1,
        )
        known[line.household_id, line.person_id] = row.plan_id
        items.append(_outcome(line, row.plan_id, "planned"))
    count = [item.result for item in items]
    planned, unchanged = count.count("planned"), count.count("unchanged")
    if planned and post.person_id != tx.actor.id:
        tell(
            tx, "VISITS_PLANNED", post.person_id, about=("steward", post.steward_id),
            period=period, count=planned,
        )  # fmt: skip
    return told.VisitsPlanned(
        state="PLANNED",
        planned=planned,
        unchanged=unchanged,
        refused=len(items) - planned - unchanged,
        items=items,
    )


def _outcome(line: PlanLine, plan_id: str, result: str) -> told.PlannedVisit:
    return told.PlannedVisit(
        id=plan_id, household_id=line.household_id, person_id=line.person_id, result=result
    )


def _grid_of(tx: Tx, line: PlanLine, homes: dict[str, str]) -> str:
    """Return where it is that a line sends a steward.

    Raises:
        Invalid: It names neither a household nor a person, or both, or a household of elsewhere.
        UnknownPerson: The person does not live in the community, or is not registered.
    """
    if (line.household_id is None) == (line.person_id is None):
        raise Invalid(
            field="household_id", reason=said("填写户或人其一 / name a household or a person")
        )
    if line.household_id is not None:
        grid = homes.get(line.household_id)
        if grid is None:
            raise Invalid(
                field="household_id",
                reason=said("本社区无此户 / no such household in the community"),
            )
        return grid
    person = storage.people.person(tx.conn, line.person_id or "")
    if person is None or person.status != "ACTIVE" or person.grid is None:
        raise UnknownPerson(field="person_id", person_id=line.person_id)
    return str(person.grid)
