"""Officials, liaison households, deputies and who may be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import UNSET, Meta
from msgspec.structs import replace

from fivered.chassis import few, records
from fivered.chassis.bus import Tx
from fivered.chassis.decimals import percent, ratio
from fivered.chassis.fields import SORT, Area, Cursor, Limit, WithTotal
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.forum import replies, rules, storage
from fivered.services.forum.fields import Tier
from fivered.services.forum.views.cards import (
    STAFF_ROLES,
    district,
    is_near,
    sees_inside,
    whose_rows,
)


class ChainOf(Request, frozen=True):
    """Which chain."""

    target: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=64,
            description="户编号或网格、社区、街道代码 / household id or area code",
            examples=["370811015901001"],
        ),
    ]


class CoverageOf(Request, frozen=True):
    """Which area."""

    scope: Annotated[Area, Meta(examples=["370811015"])]


class OfficialsAsked(Request, frozen=True):
    """Which officials."""

    scope: Area = "370811"
    tier: Tier | None = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class LiaisonsAsked(Request, frozen=True):
    """Which links."""

    scope: Area = "370811"
    official_id: str | None = None
    state: Literal["ACTIVE", "ENDED"] | None = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class DeputiesAsked(Request, frozen=True):
    """Which deputies."""

    street: Area | None = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class OptInsAsked(Request, frozen=True):
    """Whose consent to be drawn, and in which state."""

    scope: Area | None = None
    state: Literal["OPTED_IN", "ENTERED", "OPTED_OUT"] | None = None
    sort: Annotated[Literal["opted_at", "-opted_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class DeputyRecordOf(Request, frozen=True):
    """Which year."""

    deputy_id: str
    year: Annotated[int, Meta(ge=2000, le=2100, examples=[2025])]


def chain(tx: Tx, payload: ChainOf) -> replies.ChainReply:
    """包保联系链 / The liaison chain above a target.

    Return the liaison chain above a target: every rung, gaps shown, never nothing.
    """
    grid, target = None, payload.target
    if not payload.target.isdigit():
        grid = storage.liaison.grid_of_household(tx.conn, payload.target)
        own = storage.heard.residents_of(tx.conn, [tx.actor.id]).get(tx.actor.id)
        mine = own is not None and own.household_id == payload.target
        if grid is None or not (mine or sees_inside(tx, grid)):
            # Where a household lives is for its people and the staff of the place; to anybody else
            # each is as unknown as one that does not exist.
            grid, target = None, _NO_HOUSEHOLD
    elif not is_near(tx, payload.target):
        target = _NO_HOUSEHOLD
    rungs = storage.liaison.chain_of(tx.conn, target, grid)
    itself = payload.target if len(payload.target) == 15 and payload.target.isdigit() else None
    return replies.ChainReply(
        target=payload.target,
        grid=grid or itself,
        complete=all(rung.officials for rung in rungs),
        rungs=[
            replies.Rung(
                tier=rung.tier,
                target_kind=rung.target_kind,
                target=payload.target if rung.target == _NO_HOUSEHOLD else rung.target,
                officials=[replies.Post.of(one) for one in rung.officials],
                gap=not rung.officials,
                acting=replies.Post.of(rung.acting) if rung.acting else None,
            )
            for rung in rungs
        ],
    )


_NO_HOUSEHOLD = "-"


def _holder(tx: Tx, row: Row) -> str | None:
    """Return who holds a public post. Who held it, only that person and the area's staff know."""
    own = row.person_id == tx.actor.id
    shown = row.state == "ACTIVE" or own or sees_inside(tx, row.area)
    return str(row.person_id) if shown else None


def coverage(tx: Tx, payload: CoverageOf) -> replies.CoverageReply:
    """包保联系覆盖 / Liaison coverage (M-19).

    Return M-19: targets with somebody who answers for them, of all targets, per tier.
    """
    shown = []
    for tier in reversed(rules.TIERS[1:]):
        kind = rules.TARGET_OF_TIER[tier]
        targets = storage.heard.areas_in(tx.conn, payload.scope, rules.DIGITS_OF_TARGET[kind])
        linked = storage.liaison.linked_targets(tx.conn, kind, payload.scope)
        shown.append(_covered(tier, kind, targets, set(targets) & linked))
    households = storage.liaison.households_in(tx.conn, payload.scope)
    worked = storage.liaison.worked_grids(tx.conn, payload.scope)
    own = storage.liaison.linked_targets(tx.conn, "HOUSEHOLD", payload.scope)
    covered = {h for h, grid in households if grid in worked or h in own}
    of_households = _covered(
        rules.GRID_WORKER, "HOUSEHOLD", [h for h, _grid in households], covered
    )
    if not sees_inside(tx, payload.scope):
        # Which households live in an area is for its staff, and how many where these are few.
        of_households = few.hide(
            replace(of_households, gaps=[]),
            parts={"covered": "targets"},
            together={"rate": "covered"},
        )
    grids = storage.heard.areas_in(tx.conn, payload.scope, 15)
    return replies.CoverageReply(
        scope=payload.scope,
        tiers=[*shown, of_households],
        grids_without_worker=[g for g in grids if g not in worked][:200],
    )


def _covered(tier: str, kind: str, targets: Sequence[str], covered: set[str]) -> replies.Coverage:
    gaps = [target for target in targets if target not in covered]
    return replies.Coverage(
        tier=tier,
        target_kind=kind,
        targets=len(targets),
        covered=len(targets) - len(gaps),
        rate=percent(ratio(len(targets) - len(gaps), len(targets))),
        gaps=gaps[:200],
    )


def officials(tx: Tx, payload: OfficialsAsked) -> Page[replies.OfficialCard]:
    """干部名册 / Officials.

    Return the officials of an area, to the people of their district.
    """
    found = storage.liaison.official_page(
        tx.conn, payload, near=district(tx), scope=payload.scope, tier=payload.tier
    )
    return found.listed(
        lambda row: replies.OfficialCard.of(row, id=row.official_id, person_id=_holder(tx, row))
    )


def liaisons(tx: Tx, payload: LiaisonsAsked) -> Page[replies.LiaisonCard]:
    """包保联系 / Liaison links.

    Return the liaison links of an area or an official; those to households for staff only.
    """
    found = storage.liaison.liaison_page(
        tx.conn,
        payload,
        near=district(tx),
        scope=payload.scope,
        official_id=payload.official_id,
        state=payload.state,
        inside=tx.actor.scope if tx.actor.role in STAFF_ROLES else None,
    )
    return found.listed(
        lambda row: replies.LiaisonCard.of(
            row,
            id=row.link_id,
            person_id=_holder(tx, row),
            # Why somebody was relieved is between that person and the area.
            reason=row.reason if sees_inside(tx, row.area) else UNSET,
        )
    )


def deputies(tx: Tx, payload: DeputiesAsked) -> Page[replies.DeputyCard]:
    """两代表一委员 / Deputies.

    Return the deputies of the caller's district, of one street or of all.
    """
    found = storage.liaison.deputy_page(tx.conn, payload, near=district(tx), street=payload.street)
    streets = storage.liaison.streets_of(tx.conn, [row.deputy_id for row in found.rows])
    return found.listed(
        lambda row: replies.DeputyCard.of(
            row,
            id=row.deputy_id,
            person_id=_holder(tx, row),
            streets=streets.get(row.deputy_id, []),
        )
    )


def opt_ins(tx: Tx, payload: OptInsAsked) -> Page[replies.OptInCard]:
    """随机抽选同意名单 / Who agreed to be drawn; residents read their own.

    Raises:
        RoleDenied: The area lies outside the caller's scope, or the caller acts for none.
    """
    whose = whose_rows(tx, payload.scope)
    found = storage.liaison.opt_in_page(
        tx.conn, payload, scope=whose.scope, person_id=whose.person_id, state=payload.state
    )
    return found.listed(
        lambda row: replies.OptInCard.of(
            row, id=row.person_id, state=storage.liaison.state_of_opt_in(row)
        )
    )


def deputy_record(tx: Tx, payload: DeputyRecordOf) -> replies.YearReply:
    """代表履职记录 / A deputy's year (M-24).

    Return a deputy's year: invited, answered, attended. For the deputy and for those who lead.

    Raises:
        NotFound: There is no such deputy, or the caller may not see the record.
    """
    row = records.find(tx.conn, storage.tables.deputies, payload.deputy_id)
    if row is None or (tx.actor.id != row.person_id and not sees_inside(tx, row.area)):
        raise NotFound(kind="deputy", id=payload.deputy_id)
    start, _ = tx.calendar.month_bounds(f"{payload.year}-01")
    _, end = tx.calendar.month_bounds(f"{payload.year}-12")
    invited = storage.invitations.deputy_invitations(tx.conn, payload.deputy_id, start, end)
    attended = [i for i in invited if i.attended_at is not None]
    return replies.YearReply(
        id=payload.deputy_id,
        kind=row.kind,
        year=payload.year,
        invited=len(invited),
        answered_yes=sum(one.answer == "YES" for one in invited),
        attended=len(attended),
        rate=percent(ratio(len(attended), len(invited))),
        sessions=[replies.DeputySession.of(one) for one in invited],
    )
