"""Compounds, buildings, units and dwellings, and where they lie on the map."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from fivered.chassis import records
from fivered.chassis.bus import Due, Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.fields import Grid, Id
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, StateConflict, said
from fivered.chassis.requests import UNIQUE, Request
from fivered.services.steward import events, replies, rules, storage
from fivered.services.steward.actions.changes import Reason, note_change
from fivered.services.steward.errors import (
    BadShape,
    NotAdministered,
    NothingCorrected,
    PlaceDiffers,
    UnknownGrid,
    UnknownPlace,
)
from fivered.services.steward.errors.desk import PeopleLiveThere
from fivered.services.steward.fields import Mode, Occupancy, PlaceCode, PlaceKind
from fivered.services.steward.rules.dwellings import Dwelling
from fivered.services.steward.rules.shapes import Box, Coordinates
from fivered.services.steward.storage import tables

Name = Annotated[str, Meta(min_length=1, max_length=60, examples=["3号楼"]), PUBLIC]
Year = Annotated[int, Meta(ge=1900, le=2100, description="建成年份 / year in which it was built")]
SquareMetres = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,6}(\.[0-9]{1,2})?$",
        description="建筑面积,平方米 / floor area in square metres",
        examples=["89.50"],
    ),
]
_VARIABLE = ("grid", "built_year", "mode", "project_id", "area_m2", "occupancy")


class DefinePlace(Request, frozen=True):
    """登记小区、楼栋、单元或户 / Register a compound, building, unit or dwelling."""

    place_code: PlaceCode
    kind: Annotated[PlaceKind, Meta(examples=["BUILDING"])]
    name: Name
    grid: (
        Annotated[Grid, Meta(description="楼栋所在网格 / the grid in which a building stands")]
        | None
    ) = None
    built_year: Year | None = None
    mode: Annotated[Mode, Meta(description="小区管理方式 / how it is run")] | None = None
    project_id: Annotated[Id, Meta(description="物业项目 / who manages it")] | None = None
    area_m2: SquareMetres | None = None
    occupancy: Annotated[Occupancy, Meta(description="使用状况 / how it is used")] | None = None


class CorrectPlace(Request, frozen=True):
    """更正 / What was wrong about a place; what is left out stays."""

    place_code: str
    reason: Annotated[Reason, Meta(examples=["门牌更新"])]
    name: Name | None = None
    grid: Grid | None = None
    built_year: Year | None = None
    mode: Mode | None = None
    project_id: Id | None = None
    area_m2: SquareMetres | None = None
    occupancy: Occupancy | None = None
    clear: Annotated[
        list[Literal["built_year", "mode", "project_id", "area_m2", "occupancy"]],
        UNIQUE,
        Meta(max_length=5, description="清空的项 / what is emptied"),
    ] = field(default_factory=list)


class EndPlace(Request, frozen=True):
    """注销 / A place that is no longer there, with all that stands in it."""

    place_code: str
    reason: Annotated[Reason, Meta(examples=["拆除"])]
    insist: Annotated[
        bool,
        Meta(
            description="仍有居民登记在此而确需注销"
            " / to end it although people are registered there"
        ),
    ] = False


class Geometry(Request, frozen=True):
    """GeoJSON 边界 / An outline as GeoJSON (RFC 7946)."""

    type: Annotated[Literal["Polygon", "MultiPolygon"], Meta(examples=["Polygon"])]
    coordinates: Annotated[
        list[
            Annotated[
                list[
                    Annotated[
                        list[float | Annotated[list[float], Meta(max_length=3)]],
                        Meta(max_length=rules.shapes.MOST_POINTS),
                    ]
                ],
                Meta(max_length=rules.shapes.MOST_POINTS),
            ]
        ],
        Meta(
            max_length=50,
            description="WGS 84 度,经度在前;首尾同点;共 500 点以内 / degrees of WGS 84, longitude "
            "first; a ring ends where it begins; 500 points at most",
            examples=[[[[116.58, 35.40], [116.59, 35.40], [116.59, 35.41], [116.58, 35.40]]]],
        ),
    ]


class DrawShape(Request, frozen=True):
    """绘制边界 / Draw the outline of an area, a compound or a building."""

    shape_code: Annotated[
        str,
        Meta(
            min_length=6,
            max_length=40,
            description="区域、小区或楼栋的代码 / code of the area, compound or building",
            examples=["370811015901001"],
        ),
    ]
    geometry: Geometry


class WhichShape(Request, frozen=True):
    """Which outline is meant."""

    shape_code: str


def define_place(tx: Tx, payload: DefinePlace) -> replies.Changed:
    """登记小区、楼栋、单元或户 / Register a compound, building, unit or dwelling.

    Register a place, or answer the one that is registered so already. Its parts follow it: a unit
    and a dwelling lie in the grid of their building.

    已注销的,按原内容再次登记即恢复,连同一并注销的部分;边界须重新绘制。
    One that has ended comes back when it is registered as it was, with all that ended with it; its
    outline is drawn anew.

    Raises:
        BadPlaceCode: The code does not fit the kind.
        MemberOfKind: This kind has no such member.
        UnknownPlace: What it stands in is not registered, or has ended.
        UnknownGrid: The grid is none of the community.
        Invalid: A building names no grid.
        NotAdministered: The unit belongs to another administration.
        PlaceDiffers: The code is registered with another content.
    """
    given = {name for name in _VARIABLE if getattr(payload, name) is not None}
    rules.places.check(payload.place_code, payload.kind, given)
    community = rules.places.community_of(payload.place_code)
    tx.require_scope(payload.grid or community)
    if community[:9] in rules.areas.NOT_ADMINISTERED:
        raise NotAdministered(code=community[:9], field="place_code")
    _check_area(payload.area_m2)
    grid = _grid_of(tx, payload, community)
    row = storage.places.insert(
        tx.conn,
        **records.values_from(
            payload,
            tables.places,
            parent=rules.places.parent_of(payload.place_code),
            area=community,
            grid=grid,
            version=1,
            created_at=tx.now,
        ),
    )
    if row is not None:
        publish(tx, row)
        return _reply(row)
    row = records.get(tx.conn, tables.places, payload.place_code)
    told = ("name", *sorted(given))
    if any(getattr(row, n) != getattr(payload, n) for n in told):
        raise PlaceDiffers(place=payload.place_code)
    return _reply(row if row.ended_at is None else _bring_back(tx, row.place_code))


def _bring_back(tx: Tx, code: str) -> Row:
    """Take back that a place has ended, and what ended with it."""
    row = storage.places.lock(tx.conn, code)
    assert row is not None, "it was read just now"  # noqa: S101
    if row.ended_at is None:
        return row
    for one in storage.places.ended_with(tx.conn, row):
        _change(tx, one, "restore", None, ended_at=None)
    return _change(tx, row, "restore", None, ended_at=None)


def _check_area(area_m2: str | None) -> None:
    if area_m2 is not None and not float(area_m2):
        raise Invalid(field="area_m2", reason=said("面积须大于 0 / an area is more than 0"))


def _reply(row: Row) -> replies.Changed:
    state = "REGISTERED" if row.ended_at is None else "ENDED"
    return replies.Changed(id=row.place_code, state=state, version=row.version)


def _grid_of(tx: Tx, payload: DefinePlace, community: str) -> str | None:
    """Return the grid of a new place; the place above it is held, so that it does not end now."""
    parent_code = rules.places.parent_of(payload.place_code)
    if parent_code is None:
        if not storage.ground.known(tx.conn, [community], "COMMUNITY"):
            raise UnknownPlace(place=community, field="place_code")
        return None
    parent = storage.places.lock(tx.conn, parent_code)
    if parent is None or parent.ended_at is not None:
        raise UnknownPlace(place=parent_code, field="place_code")
    if payload.kind != "BUILDING":
        return str(parent.grid)
    if payload.grid is None:
        raise Invalid(field="grid", reason=said("楼栋须给出所在网格 / a building names its grid"))
    _require_grid(tx, payload.grid, community)
    return payload.grid


def _require_grid(tx: Tx, grid: str, community: str) -> None:
    if grid[:12] != community:
        raise UnknownGrid(grid=grid, field="grid")
    storage.ground.require_grid(tx.conn, grid)


def _locked(tx: Tx, code: str) -> Row:
    row = storage.places.lock(tx.conn, code)
    if row is None or not tx.actor.covers(row.grid or row.area):
        raise NotFound(kind="place", id=code)
    tx.check_version(row.version)
    if row.ended_at is not None:
        raise StateConflict(state="ENDED")
    return row


def correct_place(tx: Tx, payload: CorrectPlace) -> replies.Changed:
    """更正小区、楼栋、单元或户 / Correct a place.

    Correct a place. A building that lies in another grid takes its units and dwellings with it; who
    lives there is moved by their own registration.

    Raises:
        NotFound: No such place here.
        StateConflict: It has ended.
        MemberOfKind: This kind has no such member.
        UnknownGrid: The grid is none of the community.
        NothingCorrected: All of it stands there already.
    """
    _check_area(payload.area_m2)
    row = _locked(tx, payload.place_code)
    given = {n: getattr(payload, n) for n in _VARIABLE if getattr(payload, n) is not None}
    rules.places.check(row.place_code, row.kind, {*given, *payload.clear})
    given |= dict.fromkeys(payload.clear)
    if payload.name is not None:
        given["name"] = payload.name
    values = {name: one for name, one in given.items() if one != getattr(row, name)}
    if not values:
        raise NothingCorrected
    if payload.grid is not None:
        tx.require_scope(payload.grid)
        _require_grid(tx, payload.grid, row.area)
    after = _change(tx, row, "correct", payload.reason, **values)
    if "grid" in values:
        for one in storage.places.parts(tx.conn, row.place_code):
            _change(tx, one, "correct", payload.reason, grid=payload.grid)
    return _reply(after)


def end_place(tx: Tx, payload: EndPlace) -> replies.Changed:
    """注销小区、楼栋、单元或户 / End a place that is no longer there.

    End a place, with all that stands in it; who asks for a day before still finds it.

    Raises:
        NotFound: No such place here.
        StateConflict: It has ended.
        PeopleLiveThere: People are registered there; who means it sends `insist`.
    """
    row = _locked(tx, payload.place_code)
    if not payload.insist and _is_lived_in(tx, row):
        raise PeopleLiveThere(place=row.name, field="insist")
    for one in storage.places.parts(tx.conn, row.place_code):
        _change(tx, one, "end", payload.reason, ended_at=tx.now)
    storage.places.remove_shape(tx.conn, row.place_code)
    return _reply(_change(tx, row, "end", payload.reason, ended_at=tx.now))


def _is_lived_in(tx: Tx, row: Row) -> bool:
    """Tell whether somebody is registered at a place: by the names that stand above it, as people
    are registered; in a compound by those of its buildings."""
    if row.kind == "COMPOUND":
        buildings = storage.places.buildings(tx.conn, row.area, row.place_code)
        homes = [Dwelling(one.name) for one in buildings]
    else:
        codes = [*rules.places.above(row.place_code)[1:], row.place_code]
        named = [storage.places.place(tx.conn, code) for code in codes]
        homes = [Dwelling(*(one.name for one in named if one is not None))]
    vault = storage.vault(tx)
    digests = [
        storage.finding.of_dwelling(vault, row.area, rules.dwellings.key(one)) for one in homes
    ]
    found = storage.finding.by_digests(tx.conn, digests, row.grid or row.area, 1)
    return any(one.status == "ACTIVE" for one in found)


def _change(tx: Tx, row: Row, action: str, reason: str | None, **values: object) -> Row:
    """Change a place, and keep what stood there before."""
    after = storage.places.update(tx.conn, row, **values)
    note_change(
        tx,
        "PLACE",
        row.place_code,
        after.version,
        action,
        before={name: getattr(row, name) for name in values if action != "restore"},
        reason=reason,
    )
    if values.keys() & {"name", "ended_at"}:
        publish(tx, after)
    return after


def publish(tx: Tx, row: Row) -> None:
    """Say how a place stands."""
    tx.publish(
        fact_of(events.PlaceDefined, row, community=row.area, ended=row.ended_at is not None),
        subject=row.place_code,
        scope=row.area,
        sequence=row.version,
    )


# So many places are told at a time.
_PART = 500


def tell_known(tx: Tx, due: Due) -> None:
    """Say every place that was registered before it was said; in parts, by the codes."""
    after = "" if due.ref == "ALL" else due.ref
    told = storage.places.after(tx.conn, after, _PART)
    for row in told:
        publish(tx, row)
    if len(told) == _PART:
        tx.arm(due.kind, told[-1].place_code, tx.now)


# --------------------------------------------------------------------------------------------------
# Outlines


def draw_shape(tx: Tx, payload: DrawShape) -> replies.ShapeReply:
    """绘制边界 / Draw the outline of a place.

    Draw the outline of an area, a compound or a building; one that was drawn before is replaced.
    Grids that overlap are told in `warnings`: a point there belongs to the first by its code.

    Raises:
        UnknownPlace: There is no such area, compound or building.
        BadShape: The outline cannot be used, and why.
    """
    code = payload.shape_code
    kind, area = _placed(tx, code)
    tx.require_scope(area)
    drawn = payload.geometry
    coordinates: Coordinates = drawn.coordinates
    box = rules.shapes.check(drawn.type, coordinates)
    values = {
        "geometry": {"type": drawn.type, "coordinates": coordinates},
        "drawn_at": tx.now,
    }
    row = storage.places.insert_shape(
        tx.conn, box, shape_code=code, kind=kind, area=area, version=1, **values
    )
    if row is None:
        before = storage.places.shape(tx.conn, code)
        if before is None:
            raise BadShape(why="TAKEN_AWAY", field="shape_code")
        row = before
        if before.geometry != values["geometry"]:
            row = storage.places.update_shape(tx.conn, before, box, **values)
    return replies.ShapeReply(
        id=code, state="DRAWN", version=row.version, warnings=_overlaps(tx, row, box)
    )


def _placed(tx: Tx, code: str) -> tuple[str, str]:
    """Return the kind of a place that may have an outline, and the area in which it lies."""
    kind = storage.places.area_kinds(tx.conn, code)
    if kind is not None:
        return kind, code
    row = storage.places.place(tx.conn, code)
    if row is None or row.ended_at is not None or row.kind not in rules.places.OPEN_KINDS:
        raise UnknownPlace(place=code, field="shape_code")
    return row.kind, row.grid or row.area


def _overlaps(tx: Tx, row: Row, box: Box) -> list[str]:
    """Return which outlines of the same kind overlap with one."""
    mine = row.geometry["type"], row.geometry["coordinates"]
    found = []
    for other in storage.places.around(tx.conn, box, row.kind):
        theirs = other.geometry["type"], other.geometry["coordinates"]
        if other.shape_code != row.shape_code and (
            any(rules.shapes.holds(*mine, *at) for at in rules.shapes.samples(*theirs))
            or any(rules.shapes.holds(*theirs, *at) for at in rules.shapes.samples(*mine))
        ):
            found.append(f"OVERLAPS {other.shape_code}")
    return found


def remove_shape(tx: Tx, payload: WhichShape) -> replies.Changed:
    """删除边界 / Take an outline off the map.

    Raises:
        NotFound: There is none here.
    """
    row = storage.places.shape(tx.conn, payload.shape_code)
    if row is None or not tx.actor.covers(row.area):
        raise NotFound(kind="shape", id=payload.shape_code)
    tx.check_version(row.version)
    storage.places.remove_shape(tx.conn, row.shape_code)
    return replies.Changed(id=row.shape_code, state="REMOVED", version=row.version)
