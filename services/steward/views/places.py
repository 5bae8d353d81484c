"""Questions about the ground: places, outlines, where a point or an address lies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Area, Community, Cursor, Instant, Limit, WithTotal
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, said
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.chassis.text import fold
from fivered.services.steward import replies, rules, storage
from fivered.services.steward.fields import PlaceKind
from fivered.services.steward.rules.dwellings import Dwelling
from fivered.services.steward.rules.shapes import Box
from fivered.services.steward.storage.people import Before
from fivered.services.steward.views.people import history, note_reads

AT = "查询该时刻的登记;不给为现在 / as it stood then; now when left out"
Then = Annotated[Instant, Meta(description=AT, examples=["2025-03-03T09:00:00+08:00"])]
_MOST_SPOTS = 20


class PlaceList(Request, frozen=True):
    """筛选 / Which places."""

    scope: Area
    kind: PlaceKind | None = None
    parent: (
        Annotated[str, Meta(max_length=40, description="直接上级 / directly in this place")] | None
    ) = None
    at: Then | None = None
    sort: Annotated[Literal["id", "-id"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class WhichPlace(Request, frozen=True):
    """Which place is meant, and when."""

    place_code: str
    at: Then | None = None


class PlaceHistory(Request, frozen=True):
    """分页 / Which part of a list."""

    place_code: str
    sort: Annotated[Literal["at", "-at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class ShapeList(Request, frozen=True):
    """筛选 / Which outlines."""

    scope: Area
    kind: Annotated[str, Meta(max_length=12, pattern="^[A-Z]+$", examples=["GRID"])] | None = None
    sort: Annotated[Literal["id", "-id"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class Where(Request, frozen=True):
    """点或地址 / A point, or a building of a community."""

    lat: Annotated[float, Meta(ge=-90, le=90, description="纬度 / latitude, WGS 84")] | None = None
    lon: Annotated[float, Meta(ge=-180, le=180, description="经度 / longitude")] | None = None
    community: Community | None = None
    building: (
        Annotated[str, Meta(min_length=1, max_length=60, description="楼栋 / building")] | None
    ) = None
    compound: (
        Annotated[str, Meta(max_length=60, description="小区名称或编号 / name or code")] | None
    ) = None


def places(tx: Tx, payload: PlaceList) -> Page[replies.PlaceCard]:
    """小区、楼栋、单元和户 / Compounds, buildings, units and dwellings of an area.

    Answer the places of an area in the order of their codes, as they are or as they stood at an
    instant. Units and dwellings are for who oversees the area; anybody reads the others.

    Raises:
        Invalid: A grid of a time that is past is asked for by its community.
    """
    if payload.at is not None and len(payload.scope) > 12:
        raise Invalid(
            field="scope",
            reason=said("查询过去时刻请按社区 / What is past is asked of the community"),
        )
    shown = _kinds(tx, payload.scope)
    kinds = shown if payload.kind is None else shown & {payload.kind}
    found = storage.places.listed(
        tx.conn, payload.scope, kinds=kinds, parent=payload.parent, at=payload.at, part=payload
    )
    before = as_then(tx, [row.place_code for row in found.rows], payload.at)
    return found.listed(lambda row: _card(row, before.get(row.place_code)))


def _kinds(tx: Tx, area: str) -> set[str]:
    """Return of which kinds the caller may read places."""
    overseen = tx.actor.role in rules.access.OVERSIGHT and tx.actor.covers(area)
    return set(rules.places.MEMBERS if overseen else rules.places.OPEN_KINDS)


def as_then(tx: Tx, refs: Sequence[str], at: datetime | None) -> dict[str, Before]:
    """Return of things of the registers what stood there at an instant and stands there no more."""
    found: dict[str, Before] = {}
    if at is None:
        return found
    vault = storage.vault(tx)
    for change in storage.places.changes_since(tx.conn, refs, at):
        # From the newest to the oldest, so that what is found last is what held then.
        found.setdefault(change.ref, {}).update(storage.people.before(vault, change))
    return found


def _card(row: Row, before: Before | None = None) -> replies.PlaceCard:
    then = {name: one for name, one in (before or {}).items() if name != "ended_at"}
    told = {"id": row.place_code, "community": row.area, "since": row.created_at}
    return replies.PlaceCard.of(row, **(told | {"until": row.ended_at} | then))


def place(tx: Tx, payload: WhichPlace) -> replies.PlaceCard:
    """小区、楼栋、单元或户 / One place, as it is or as it stood at an instant.

    Raises:
        NotFound: No such place, none of the caller's business, or none at that time.
    """
    row = storage.places.place(tx.conn, payload.place_code)
    then = payload.at
    if (
        row is None
        or row.kind not in _kinds(tx, row.grid or row.area)
        or (then is not None and (row.created_at > then or (row.ended_at or tx.now) <= then))
    ):
        raise NotFound(kind="place", id=payload.place_code)
    return _card(row, as_then(tx, [row.place_code], then).get(row.place_code))


def place_history(tx: Tx, payload: PlaceHistory) -> Page[replies.Change]:
    """变更记录 / What was changed of a place, newest first.

    Raises:
        NotFound: No such place here.
    """
    row = storage.places.place(tx.conn, payload.place_code)
    if row is None or not tx.actor.covers(row.grid or row.area):
        raise NotFound(kind="place", id=payload.place_code)
    return history(tx, payload.place_code, payload, by_name=True)


def households_at(tx: Tx, payload: WhichPlace) -> replies.HouseholdsAt:
    """一处住房登记的家庭 / The households that are registered at a dwelling.

    Answer which households are registered at a dwelling, in a unit or in a building, found by the
    names that stand above it; the look is noted.

    Raises:
        NotFound: No such place in the caller's community.
    """
    row = storage.places.place(tx.conn, payload.place_code)
    if (
        row is None
        or row.kind == "COMPOUND"
        or not rules.access.may_see(tx.actor, "name", row.grid or row.area)
    ):
        raise NotFound(kind="place", id=payload.place_code)
    names = [
        one.name
        for code in [*rules.places.above(row.place_code)[1:], row.place_code]
        if (one := storage.places.place(tx.conn, code)) is not None
    ]
    key = rules.dwellings.key(Dwelling(*names))
    digest = storage.finding.of_dwelling(storage.vault(tx), row.area, key)
    found = storage.finding.by_digests(tx.conn, [digest], row.grid or row.area, 200)
    note_reads(tx, "households_at", "ASKED_BY_DWELLING", found, found=len(found))
    counts = Counter(one.household_id for one in found if one.status == "ACTIVE")
    return replies.HouseholdsAt(
        items=[
            replies.HouseholdAt(household_id=household, members=members)
            for household, members in sorted(counts.items(), key=lambda one: one[0] or "")
        ]
    )


def shapes(tx: Tx, payload: ShapeList) -> Page[replies.ShapeCard]:
    """边界 / Outlines of an area and of what lies in it.

    Answer outlines as GeoJSON (RFC 7946), in the order of their codes.
    """
    found = storage.places.shapes_in(tx.conn, payload.scope, payload.kind, payload)
    return found.listed(lambda row: replies.ShapeCard.of(row, id=row.shape_code))


def locate(tx: Tx, payload: Where) -> replies.Spots:
    """定位:点或地址在哪个网格 / In which grid a point or an address lies.

    Answer in which grid and building a point lies, by the outlines, or where a building of a
    community stands, by the register. 3号楼, 3栋 and 3 are one building.

    Raises:
        Invalid: Neither a point nor a building of a community is named.
    """
    if payload.lat is not None and payload.lon is not None:
        return replies.Spots(items=_spots_of_point(tx, payload.lon, payload.lat))
    if payload.community is None or payload.building is None:
        raise Invalid(
            field="lat",
            reason=said(
                "请给出 lat 与 lon,或 community 与 building"
                " / Send lat and lon, or community and building"
            ),
        )
    key = rules.dwellings.key(Dwelling(payload.building))
    found = []
    for row in storage.places.buildings(tx.conn, payload.community):
        compound = storage.places.place(tx.conn, row.parent)
        named = payload.compound
        if rules.dwellings.key(Dwelling(row.name)) == key and (
            named is None
            or named == row.parent
            or (compound is not None and fold(named) == fold(compound.name))
        ):
            found.append(_spot(tx, row.grid, row))
    return replies.Spots(items=found[:_MOST_SPOTS])


def _spots_of_point(tx: Tx, lon: float, lat: float) -> list[replies.Spot]:
    x, y = rules.shapes.millionths(lon, lat)
    hits = [
        row
        for row in storage.places.around(tx.conn, Box(x, y, x, y))
        if rules.shapes.holds(row.geometry["type"], row.geometry["coordinates"], lon, lat)
    ]
    of_kind = {row.kind: row for row in reversed(hits)}
    building, compound = of_kind.get("BUILDING"), of_kind.get("COMPOUND")
    if building is not None:
        row = storage.places.place(tx.conn, building.shape_code)
        return [_spot(tx, row.grid, row)] if row is not None else []
    grid, community = of_kind.get("GRID"), of_kind.get("COMMUNITY")
    nearest = grid or compound or community
    if nearest is None:
        return []
    spot = _spot(tx, grid.shape_code if grid is not None else None, None, nearest.area[:12])
    spot.compound = compound.shape_code if compound is not None else None
    return [spot]


def _spot(tx: Tx, grid: str | None, building: Row | None, community: str = "") -> replies.Spot:
    return replies.Spot(
        grid=grid,
        grid_name="".join(storage.ground.names(tx.conn, grid)) if grid is not None else None,
        community=building.area if building is not None else community,
        compound=building.parent if building is not None else None,
        building=building.place_code if building is not None else None,
        building_name=building.name if building is not None else None,
    )
