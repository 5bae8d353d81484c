"""What is answered about the ground: places, outlines, and where a point or an address lies."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply


class PlaceCard(Reply, kw_only=True):
    """小区、楼栋、单元或户 / A compound, building, unit or dwelling."""

    id: str
    kind: str
    name: str
    parent: str | None = None
    community: str
    grid: str | None = None
    built_year: int | None = None
    mode: str | None = None
    project_id: str | None = None
    area_m2: str | None = None
    occupancy: str | None = None
    since: Annotated[Instant, Meta(description="登记时间 / when it was registered")]
    until: Annotated[Instant, Meta(description="注销时间 / when it ended")] | None = None
    version: int


class Outline(Reply, kw_only=True):
    """GeoJSON 边界 / An outline as GeoJSON (RFC 7946), WGS 84."""

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: list[list[list[float | list[float]]]]


class ShapeCard(Reply, kw_only=True):
    """边界 / The outline of an area, a compound or a building."""

    id: str
    kind: str
    area: str
    geometry: Outline
    version: int
    drawn_at: Instant


class ShapeReply(Reply, kw_only=True):
    """边界已绘制 / The outline as it stands now."""

    id: str
    state: str
    version: int
    warnings: Annotated[list[str], Meta(examples=[["OVERLAPS 370811015901002"]])]


class Spot(Reply, kw_only=True):
    """所在 / In which grid and building a point or an address lies."""

    grid: str | None
    grid_name: str | None = None
    community: str
    compound: str | None = None
    building: str | None = None
    building_name: str | None = None


class Spots(Reply, kw_only=True):
    """定位结果 / Where it lies; several where an address is told by more than one compound."""

    items: list[Spot]


class HouseholdAt(Reply, kw_only=True):
    """户 / A household that is registered at a dwelling; null: people of none."""

    household_id: str | None
    members: int | UnsetType = UNSET


class HouseholdsAt(Reply, kw_only=True):
    """本户登记的家庭 / The households at a dwelling."""

    items: list[HouseholdAt]
