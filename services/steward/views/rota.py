"""Questions about the rota: swaps, who serves a household, what will be missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Area, Cursor, Limit, WithTotal
from fivered.chassis.i18n import in_words
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.steward import rules, storage
from fivered.services.steward.replies import rota as told
from fivered.services.steward.storage.posts import Serving
from fivered.services.steward.views import places as ground
from fivered.services.steward.views import posts
from fivered.services.steward.views.places import Then

PACKAGE = "fivered.services.steward"
_MOST_SPANS = 50
# Of a post whose term has no end.
LAST = date.max


class SwapList(Request, frozen=True):
    """换班筛选 / Which swaps; one's own, or those of an area for who plans there."""

    scope: Area | None = None
    state: Literal["ASKED", "AGREED", "REFUSED", "WITHDRAWN", "ENDED"] | None = None
    sort: Annotated[Literal["asked_at", "-asked_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class HouseholdQuestion(Request, frozen=True):
    """Which household, and when."""

    household_id: str
    at: Then | None = None


class AheadQuestion(Request, frozen=True):
    """区域与天数 / Which area, and how many days ahead."""

    scope: Area
    days: Annotated[int, Meta(ge=1, le=31)] = 14
    on: (
        Annotated[
            date,
            Meta(
                description="从哪一天起看;届时任期已满的岗位不计 / from which day on; posts whose "
                "term is over by then do not count",
                examples=["2026-01-01"],
            ),
        ]
        | None
    ) = None
    limit: Limit = 50
    cursor: Cursor | None = None


def shift_swaps(tx: Tx, payload: SwapList) -> Page[told.SwapCard]:
    """换班申请 / Swaps that were asked for.

    Answer the swaps that concern the caller, newest first; with an area, those of it.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
    """
    scope = payload.scope
    if scope is not None:
        tx.require_scope(scope)
        if tx.actor.role not in rules.access.OVERSIGHT:
            scope = None
    own = [post.steward_id for post in storage.posts.of_person(tx.conn, tx.actor.id)]
    found = storage.rota.swaps(tx.conn, scope, own, payload.state, payload)
    return found.listed(lambda row: told.SwapCard.of(row, id=row.swap_id, asked_at=row.created_at))


# --------------------------------------------------------------------------------------------------
# Who serves a household


def household_stewards(tx: Tx, payload: HouseholdQuestion) -> told.HouseholdStewards:
    """户的管家 / The stewards of a household, now or at an instant.

    Answer who serves a household: every full-time steward of its grid with whether one sits now,
    and of the others the right ones: a building's head where its building is named. A member of
    the household reads it, and who oversees its grid.

    Raises:
        NotFound: No such household, or none of the caller's business.
    """
    members = [
        row
        for row in storage.finding.of_household(tx.conn, payload.household_id, "", 50)
        if row.status == "ACTIVE" and row.grid is not None
    ]
    own = any(row.person_id == tx.actor.id for row in members)
    if not members or not (own or rules.access.may_see(tx.actor, "standing", members[0].grid)):
        raise NotFound(kind="household", id=payload.household_id)
    first = members[0]
    before = ground.as_then(tx, [first.person_id], payload.at).get(first.person_id, {})
    grid = before.get("grid", first.grid)
    if grid is None or (payload.at is not None and payload.at < first.created_at):
        raise NotFound(kind="household", id=payload.household_id)
    lives = storage.finding.dwelling_of(storage.vault(tx), first)
    building = lives.building if lives is not None else None
    if "dwelling" in before:
        then = before["dwelling"]
        building = then["building"] if then else None
    return _serving(tx, grid, building, payload.at, own=own)


def place_stewards(tx: Tx, payload: ground.WhichPlace) -> told.HouseholdStewards:
    """一处住房的管家 / The stewards of a building or dwelling, now or at an instant.

    Neither a household's own member nor somebody who oversees the grid reads of those only who
    agreed to stand on the contact board.

    Raises:
        NotFound: No such place, or one of no grid.
    """
    row = storage.places.place(tx.conn, payload.place_code)
    if row is None or row.grid is None or (payload.at or tx.now) < row.created_at:
        raise NotFound(kind="place", id=payload.place_code)
    code = "-".join(row.place_code.split("-")[:3])
    house = storage.places.place(tx.conn, code)
    refs = [row.place_code, code]
    before = ground.as_then(tx, refs, payload.at)
    grid = before.get(row.place_code, {}).get("grid") or row.grid
    name = before.get(code, {}).get("name") or (house.name if house is not None else None)
    return _serving(tx, grid, name, payload.at, own=False)


def _serving(
    tx: Tx, grid: str, building: str | None, at: datetime | None, *, own: bool
) -> told.HouseholdStewards:
    then = min(at or tx.now, tx.now)
    past = then < tx.now
    found = storage.posts.serving_in(tx.conn, grid, then, past=past)
    if past:
        found = [one for one in posts.as_they_were(tx, grid, then, found) if one.grid == grid]
    sits = {
        row.steward_id
        for row in storage.posts.shifts_within(
            tx.conn, grid, then, then + timedelta(microseconds=1)
        )
    }
    rows = {one.steward_id: storage.posts.known(tx.conn, one.steward_id) for one in found}
    fitting = [one for one in found if _heads(rows[one.steward_id], one, building)]
    duties = {one.duty for one in fitting}
    names = "".join(storage.ground.names(tx.conn, grid))
    staff = rules.access.may_see(tx.actor, "standing", grid)
    if not (staff or own):
        # As on the contact board.
        fitting = [one for one in fitting if rows[one.steward_id].board_consent]
    # When somebody sat is for who oversees the work; that somebody sits now is everybody's.
    tells = staff or not past
    cards = {
        one.steward_id: _card(
            tx, rows[one.steward_id], one, one.steward_id in sits if tells else None, staff
        )
        for one in fitting
    }
    missing = [duty for duty in rules.routing.DUTIES if duty not in duties]
    chains = storage.standards.chains(tx.conn, then)
    return told.HouseholdStewards(
        grid=grid,
        grid_name=names,
        building=building if staff else None,
        at=then,
        full_time=[cards[o.steward_id] for o in _ordered(fitting) if o.type == "FULL_TIME"],
        part_time=[cards[o.steward_id] for o in _ordered(fitting) if o.type == "PART_TIME"],
        missing=[
            told.NobodyServes.of(
                {"duty": duty, **in_words(PACKAGE, "duty", duty)},
                backup=rules.routing.stands_in(duty, duties, chains),
            )
            for duty in missing
        ],
    )


def _ordered(found: Iterable[Serving]) -> list[Serving]:
    order = {duty: number for number, duty in enumerate(rules.routing.DUTIES)}
    return sorted(found, key=lambda one: (order[one.duty], one.steward_id))


def _heads(row: Row, one: Serving, building: str | None) -> bool:
    """Tell whether a steward is a right one for a building: who heads some buildings of the grid
    heads no other one."""
    if one.duty != "BUILDING_HEAD" or not row.buildings:
        return True
    key = rules.dwellings.key
    named = {key(rules.dwellings.Dwelling(name)) for name in row.buildings}
    return building is not None and key(rules.dwellings.Dwelling(building)) in named


def _card(tx: Tx, row: Row, one: Serving, on_shift: bool | None, staff: bool) -> told.ServedBy:
    vault = storage.vault(tx)
    shown = staff or row.board_consent
    person = storage.people.person(tx.conn, row.person_id) if shown else None
    name = vault.open(person.name, f"{row.person_id}.name") if person is not None else None
    phone = vault.open_or_none(row.work_phone, f"{row.steward_id}.work_phone") if shown else None
    return told.ServedBy.of(
        {"steward_id": one.steward_id, "duty": one.duty, **in_words(PACKAGE, "duty", one.duty)},
        name=name,
        work_phone=phone,
        employer=row.employer if shown else None,
        on_shift=on_shift,
    )


# --------------------------------------------------------------------------------------------------
# What will be missing


def _day(tx: Tx, at: datetime) -> date:
    return tx.calendar.local_date(at)


def gaps_ahead(tx: Tx, payload: AheadQuestion) -> Page[told.GapAhead]:
    """未来缺岗预警 / What will be missing in the grids of an area.

    Answer, grid by grid, when no full-time steward is to sit for more than 15 minutes within the
    days to come, and which duties nobody has and since when. A duty that the grid's board names as
    not applicable, with its reason, is not missing.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
    """
    tx.require_scope(payload.scope)
    found = storage.rota.grids_page(tx.conn, payload.scope, payload)
    grids = [row.code for row in found.rows]
    start = tx.now if payload.on is None else max(tx.now, tx.calendar.midnight(payload.on))
    end = start + timedelta(days=payload.days)
    ends = storage.terms.ends_in(tx.conn, payload.scope) if payload.on is not None else {}
    sat: dict[str, list[Row]] = {}
    for row in storage.posts.full_time_shifts_in(tx.conn, payload.scope, start, end):
        if payload.on is not None and ends.get(row.steward_id, LAST) < _day(tx, row.start_at):
            continue
        sat.setdefault(row.grid, []).append(row)
    filled: dict[str, set[str]] = {}
    for one in storage.posts.serving_in(tx.conn, payload.scope, tx.now, past=False):
        if payload.on is not None and ends.get(one.steward_id, LAST) < payload.on:
            continue
        filled.setdefault(one.grid, set()).add(one.duty)
    boards = {row.grid: row for row in storage.posts.boards_in(tx.conn, payload.scope, tx.now)}
    left = {(row.grid, row.duty): row.at for row in storage.rota.left_there(tx.conn, grids)}

    def card(row: Row) -> told.GapAhead:
        spans = open_spans(sat.get(row.code, ()), start, end)
        board = boards.get(row.code)
        waived = rules.words.waived(board.reasons) if board is not None else set()
        missing = [
            duty
            for duty in rules.routing.DUTIES
            if duty not in filled.get(row.code, set()) and duty not in waived
        ]
        minutes = sum(int((b - a).total_seconds() // 60) for a, b in spans)
        return told.GapAhead(
            id=row.code,
            grid=row.code,
            first_gap=spans[0][0] if spans else None,
            uncovered_minutes=minutes,
            spans=[told.OpenSpan(start=a, end=b) for a, b in spans[:_MOST_SPANS]],
            missing=[
                told.OpenDuty.of(
                    {"duty": duty, **in_words(PACKAGE, "duty", duty)},
                    since=left.get((row.code, duty)) or row.created_at,
                )
                for duty in missing
            ],
            asked_at=tx.now,
        )

    return found.listed(card)


def open_spans(
    rows: Sequence[Row], start: datetime, end: datetime
) -> list[tuple[datetime, datetime]]:
    """Return the spans of more than 15 minutes in which none of the shifts runs."""
    covered, spans = start, []
    for row in sorted(rows, key=lambda one: one.start_at):
        if row.start_at - covered > posts.GAP:
            spans.append((covered, row.start_at))
        covered = max(covered, row.end_at)
    if end - covered > posts.GAP:
        spans.append((covered, end))
    return spans
