"""What steward publishes of areas, working days and hazards."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from msgspec import Meta

from fivered.chassis.facts import fact, measure, words
from fivered.chassis.fields import (
    Area,
    Community,
    Grid,
    PersonId,
)
from fivered.services.steward.fields import (
    AreaKind,
    CategoryOfRequest,
    GridChangeKind,
    HazardId,
    PlaceKind,
)


@fact(
    "calendar_year_loaded.v1",
    about="calendar",
    visibility="public",
    when="区里批准某年工作日历时;更正后再发一条,以最新为准 / when the district approves a year's "
    "calendar; again when it is put right, and the newest holds",
    by=("approve_calendar_year",),
)
class CalendarYearLoaded:
    """年度工作日历 / A year's working days are known: what the State Council's notice says."""

    year: Annotated[int, measure("哪一年 / which year", "年 / year")]
    off: Annotated[
        list[date],
        Meta(
            description="放假的日子,按北京时间,含周末与否均列 / days off, by the calendar of "
            "Asia/Shanghai, weekends among them or not; sorted"
        ),
    ]
    make_up: Annotated[
        list[date],
        Meta(description="调休上班的周末 / weekend days that are worked; sorted"),
    ]
    source: Annotated[str, Meta(description="依据的通知 / the notice on which it rests")]


@fact(
    "area_defined.v1",
    about="area",
    visibility="public",
    when="登记区域时;更名后再发一条 / when an area is entered; again when its name is put right",
    by=("define_area", "correct_area", "on_shipped_areas"),
)
class AreaDefined:
    """区域已定义 / An area stands in the tree."""

    code: Area
    name: Annotated[str, Meta(description="区域名称 / what the area is called")]
    kind: Annotated[str, words("区域层级 / which level of the tree it is", AreaKind)]
    parent: Annotated[str, Meta(description="上级区域代码 / code of the area above it")]


@fact(
    "place_defined.v1",
    about="place",
    when="登记小区、楼栋、单元或户时;更名、注销、恢复后再发一条 / when a place is entered; again "
    "when its name is put right, when it ends and when it is brought back",
    by=("define_place", "correct_place", "end_place", "on_tell_places"),
)
class PlaceDefined:
    """地点已登记 / A compound, building, unit or dwelling stands in the register of places, or does
    no more."""

    place_code: Annotated[str, Meta(description="地点编号 / code of the place")]
    kind: Annotated[str, words("哪一级 / which kind of place", PlaceKind)]
    name: Annotated[str, Meta(description="名称 / what it is called")]
    parent: Annotated[str, Meta(description="上级地点 / the place in which it stands")] | None
    community: Community
    ended: Annotated[bool, Meta(description="已注销 / it is no longer there")]


@fact(
    "grids_changed.v1",
    about="grid_change",
    visibility="public",
    when="网格拆分或合并生效时,一次 / when a split or merge of grids takes effect; once",
    by=("on_grid_change",),
)
class GridsChanged:
    """网格已调整 / Grids were split or merged; people follow by facts of their own."""

    change_id: Annotated[str, Meta(description="调整编号 / id of the change")]
    kind: Annotated[str, words("拆分或合并 / which kind of change", GridChangeKind)]
    community: Community
    grids: Annotated[list[Grid], Meta(description="被调整的网格 / the grids that were; sorted")]
    ended: Annotated[list[Grid], Meta(description="其中撤销的 / those of them that are no more")]
    into: Annotated[
        list[Grid],
        Meta(description="调整后的网格,含保留原代码的 / the grids after it, kept ones among them"),
    ]
    rest: Annotated[
        Grid,
        Meta(description="未按楼栋划分的归入此网格 / where all went that no building decides"),
    ]
    buildings: Annotated[
        dict[str, Grid],
        Meta(description="楼栋名称到网格 / the grid of each building, by the building's name"),
    ]


@fact(
    "hazard_verified.v1",
    about="hazard",
    when="隐患核实后,一次 / when a reported hazard was looked at; once",
    by=("verify_hazard",),
)
class HazardVerified:
    """隐患已核实 / A reported hazard was looked at."""

    hazard_id: HazardId
    reporter: Annotated[PersonId, Meta(description="报告人 / who reported it")]
    category: CategoryOfRequest
    verified: Annotated[bool, Meta(description="核查是否属实 / whether it was found to be one")]
