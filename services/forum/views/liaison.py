"""Officials, liaison households, deputies and who may be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from msgspec import Meta

from chassis import records
from chassis.bus import Tx
from chassis.fields import Area, Cursor, Limit
from chassis.records import Row
from chassis.refusal import NotFound
from services.forum import rules, storage
from services.forum.rules import Tier
from services.forum.views.cards import (
    STAFF_ROLES,
    district,
    is_near,
    iso,
    sees_inside,
    whose_rows,
)


@dataclass(frozen=True, slots=True)
class ChainOf:
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


@dataclass(frozen=True, slots=True)
class CoverageOf:
    """Which area."""

    scope: Annotated[Area, Meta(examples=["370811015"])]


@dataclass(frozen=True, slots=True)
class OfficialsAsked:
    """Which officials."""

    scope: Area = "370811"
    tier: Tier | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class LiaisonsAsked:
    """Which links."""

    scope: Area = "370811"
    official_id: str | None = None
    state: Literal["ACTIVE", "ENDED"] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class DeputiesAsked:
    """Which deputies."""

    street: Area | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class OptInsAsked:
    """Whose consent to be drawn, and in which state."""

    scope: Area | None = None
    state: Literal["OPTED_IN", "ENTERED", "OPTED_OUT"] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class DeputyRecordOf:
    """Which year."""

    deputy_id: str
    year: Annotated[int, Meta(ge=2000, le=2100, examples=[2025])]


def chain(tx: Tx, payload: ChainOf) -> dict[str, Any]:
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
    return {
        "target": payload.target,
        "grid": grid
        or (payload.target if len(payload.target) == 15 and payload.target.isdigit() else None),
        "complete": all(rung.officials for rung in rungs),
        "rungs": [
            {
                "tier": rung.tier,
                "target_kind": rung.target_kind,
                "target": payload.target if rung.target == _NO_HOUSEHOLD else rung.target,
                "officials": [_official(row) for row in rung.officials],
                "gap": not rung.officials,
                "acting": _official(rung.acting) if rung.acting else None,
            }
            for rung in rungs
        ],
    }


_NO_HOUSEHOLD = "-"
_OFFICIAL_SHOWN = (
    *("official_id", "person_id", "tier", "post", "area", "state", "created_at", "ended_at"),
    "version",
)
_LIAISON_SHOWN = (
    *("link_id", "official_id", "person_id", "tier", "target_kind", "target", "area", "since"),
    *("until", "state", "created_at", "version"),
)
_DEPUTY_SHOWN = (
    *("deputy_id", "person_id", "kind", "level", "term_from", "term_to", "area", "state"),
    *("created_at", "version"),
)


def _post_card(tx: Tx, row: Row, key: str, names: Sequence[str]) -> dict[str, Any]:
    """Return a public post. Who holds it is public; who held it, the area's staff and he know."""
    card = {"id": getattr(row, key)} | {name: iso(getattr(row, name)) for name in names}
    own = row.person_id == tx.actor.id
    if row.state != "ACTIVE" and not own and not sees_inside(tx, row.area):
        card["person_id"] = None
    return card


def _official(row: rules.Post) -> dict[str, Any]:
    return {
        "tier": row.tier,
        "official_id": row.official_id,
        "person_id": row.person_id,
        "link_id": row.link_id,
        "since": iso(row.since),
    }


def coverage(tx: Tx, payload: CoverageOf) -> dict[str, Any]:
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
        # Which households live in an area is for its staff.
        of_households["gaps"] = []
    shown.append(of_households)
    grids = storage.heard.areas_in(tx.conn, payload.scope, 15)
    return {
        "scope": payload.scope,
        "tiers": shown,
        "grids_without_worker": [g for g in grids if g not in worked][:200],
    }


def _covered(tier: str, kind: str, targets: Sequence[str], covered: set[str]) -> dict[str, Any]:
    gaps = [target for target in targets if target not in covered]
    return {
        "tier": tier,
        "target_kind": kind,
        "targets": len(targets),
        "covered": len(targets) - len(gaps),
        "rate": rules.rate(len(targets) - len(gaps), len(targets)),
        "gaps": gaps[:200],
    }


def officials(tx: Tx, payload: OfficialsAsked) -> dict[str, Any]:
    """干部名册 / Officials.

    Return the officials of an area, to the people of their district.
    """
    found = storage.liaison.official_page(
        tx.conn, payload, near=district(tx), scope=payload.scope, tier=payload.tier
    )
    return found.reply(lambda row: _post_card(tx, row, "official_id", _OFFICIAL_SHOWN))


def liaisons(tx: Tx, payload: LiaisonsAsked) -> dict[str, Any]:
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
    return found.reply(
        lambda row: (
            _post_card(tx, row, "link_id", _LIAISON_SHOWN)
            # Why somebody was relieved is between him and his area.
            | ({"reason": row.reason} if sees_inside(tx, row.area) else {})
        )
    )


def deputies(tx: Tx, payload: DeputiesAsked) -> dict[str, Any]:
    """两代表一委员 / Deputies.

    Return the deputies of the caller's district, of one street or of all.
    """
    found = storage.liaison.deputy_page(tx.conn, payload, near=district(tx), street=payload.street)
    streets = storage.liaison.streets_of(tx.conn, [row.deputy_id for row in found.rows])
    return found.reply(
        lambda row: (
            _post_card(tx, row, "deputy_id", _DEPUTY_SHOWN)
            | {"streets": streets.get(row.deputy_id, [])}
        )
    )


def opt_ins(tx: Tx, payload: OptInsAsked) -> dict[str, Any]:
    """随机抽选同意名单 / Who agreed to be drawn; a resident reads his own.

    Raises:
        RoleDenied: The area lies outside the caller's scope, or he acts for none.
    """
    found = storage.liaison.opt_in_page(
        tx.conn, payload, **whose_rows(tx, payload.scope), state=payload.state
    )
    return found.reply(
        lambda row: {
            "id": row.person_id,
            "person_id": row.person_id,
            "state": storage.liaison.state_of_opt_in(row),
            "opted_at": iso(row.opted_at),
            "withdrawn_at": iso(row.withdrawn_at),
            "entered_by": row.entered_by,
            "receipt": row.receipt,
            "version": row.version,
        }
    )


def deputy_record(tx: Tx, payload: DeputyRecordOf) -> dict[str, Any]:
    """代表履职记录 / A deputy's year (M-24).

    Return a deputy's year: invited, answered, attended. For him and for those who lead.

    Raises:
        NotFound: There is no such deputy, or the caller may not see the record.
    """
    row = records.find(tx.conn, storage.tables.deputies, payload.deputy_id)
    if row is None or (tx.actor.id != row.person_id and not sees_inside(tx, row.area)):
        raise NotFound(kind="deputy", id=payload.deputy_id)
    start, _ = tx.calendar.month_bounds(f"{payload.year}-01")
    _, end = tx.calendar.month_bounds(f"{payload.year}-12")
    invited = storage.sessions.deputy_invitations(tx.conn, payload.deputy_id, start, end)
    attended = [i for i in invited if i.attended_at is not None]
    return {
        "id": payload.deputy_id,
        "kind": row.kind,
        "year": payload.year,
        "invited": len(invited),
        "answered_yes": sum(i.answer == "YES" for i in invited),
        "attended": len(attended),
        "rate": rules.rate(len(attended), len(invited)),
        "sessions": [
            {"session_id": i.session_id, "attended_at": iso(i.attended_at)} for i in invited
        ],
    }
