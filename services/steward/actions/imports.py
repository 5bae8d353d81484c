"""The files that the registry takes: areas, people and stewards."""

from __future__ import annotations

from collections.abc import Sequence

from fivered.chassis.bus import Tx
from fivered.chassis.columns import ColumnsOf
from fivered.chassis.file_imports import Importer, Outcome, Row, given, one_by_one
from fivered.chassis.refusal import Refusal
from fivered.chassis.text import GRID, UUID
from fivered.services.steward import storage
from fivered.services.steward.actions import ground, places, posts, records, registration
from fivered.services.steward.replies import AreaReply, Changed, HoursReply, StewardReply
from fivered.services.steward.rules import areas, identity
from fivered.services.steward.rules import places as codes

_PERSON = "per_01941f29-7c00-7000-8000-000000000101"
_GRID = "370811015911001"


_AREA = ColumnsOf(ground.DefineArea)
_PLACE = ColumnsOf(places.DefinePlace)
_LINE = ColumnsOf(registration.PersonLine)
_POST = ColumnsOf(posts.EnrolSteward)
_SERVED = ColumnsOf(records.RecordHours)


def _known_areas(tx: Tx, rows: Sequence[Row]) -> set[str]:
    return storage.ground.defined(tx.conn, [row["code"] for row in rows])


def _define_area(tx: Tx, row: Row) -> AreaReply:
    return ground.define_area(tx, ground.DefineArea(**row))


AREAS = Importer(
    "areas",
    "区域 / Areas",
    (
        _AREA("code", "代码,不补零 / code without padding", "370811015911"),
        _AREA("name", "名称 / name", "春晖社区"),
        _AREA("kind", "类别 / kind", "COMMUNITY"),
        _AREA("households", "户数 / households", ""),
        _AREA("persons", "人数 / persons", ""),
    ),
    one_by_one(_known_areas, "code", _define_area),
    lambda row: [row["code"]],
    # A grid's community may stand in the same file, above or below it.
    apart=("name", "kind", "households", "persons"),
    above=lambda row: areas.above(row["code"]),
)


def _known_places(tx: Tx, rows: Sequence[Row]) -> set[str]:
    return storage.places.known(tx.conn, [row["place_code"] for row in rows])


def _define_place(tx: Tx, row: Row) -> Changed:
    return places.define_place(tx, places.DefinePlace(**row))


PLACES = Importer(
    "places",
    "小区、楼栋、单元和户 / Compounds, buildings, units and dwellings",
    (
        _PLACE("place_code", "编号 / code", "370811015911-001"),
        _PLACE("kind", "类别 / kind", "COMPOUND"),
        _PLACE("name", "名称 / name", "春晖苑"),
        _PLACE("grid", "网格,楼栋必填 / grid, of a building", ""),
        _PLACE("built_year", "建成年份 / built in", "2008"),
        _PLACE("mode", "管理方式 / how it is run", "MARKET"),
        _PLACE("project_id", "物业项目 / project", ""),
        _PLACE("area_m2", "建筑面积 / floor area", ""),
        _PLACE("occupancy", "使用状况 / how it is used", ""),
    ),
    one_by_one(_known_places, "place_code", _define_place),
    lambda row: [row["place_code"]],
    # What a place stands in may stand in the same file, above or below it.
    apart=("kind", "name", "grid", "built_year", "mode", "project_id", "area_m2", "occupancy"),
    above=lambda row: codes.above(row["place_code"]),
)


def _take_people(tx: Tx, rows: Sequence[Row]) -> list[Outcome]:
    before = {
        row.person_id for row in storage.people.several(tx.conn, [row["person_id"] for row in rows])
    }
    outcomes: list[Outcome] = []
    for result in registration.admit(tx, [registration.PersonLine(**row) for row in rows]):
        if isinstance(result, Refusal):
            outcomes.append(result)
        else:
            outcomes.append("unchanged" if result.id in before else "created")
            before.add(result.id)
    return outcomes


def _person_keys(row: Row) -> list[str | None]:
    number, phone = row["id_no"] or "", row["phone"] or ""
    return [
        row["person_id"],
        identity.plain_number(number).upper(),
        identity.plain_phone(phone),
        row["household_id"],
    ]


PEOPLE = Importer(
    "people",
    "人员 / People",
    (
        _LINE("person_id", "人员编号 / id", _PERSON, required=True, pattern=f"per_{UUID}"),
        _LINE("name", "姓名 / name", "张示例", longest=20),
        _LINE("phone", "手机 / mobile phone", "12801234567"),
        _LINE("id_no", "身份证号 / identity number", "370899198001010012"),
        _LINE(
            "birth_year",
            "出生年份,无身份证号时填写 / year of birth, without an identity number",
            "",
        ),
        _LINE(
            "grid",
            "居住网格;空为非本地居民 / grid of residence; empty: no resident here",
            _GRID,
            pattern=GRID,
        ),
        _LINE("household_id", "户编号 / household", ""),
        _LINE("building", "楼栋 / building", "3号楼"),
        _LINE("unit", "单元 / unit", "2单元"),
        _LINE("room", "房号 / room", "502"),
        _LINE("synthetic", "是否虚构数据 / whether the person is invented", "true"),
    ),
    _take_people,
    _person_keys,
    apart=("name", "birth_year", "grid", "building", "unit", "room", "synthetic"),
    batch=1000,
)


def _known_stewards(tx: Tx, rows: Sequence[Row]) -> set[str]:
    return storage.posts.enrolled(tx.conn, [row["steward_id"] for row in rows])


def _enrol(tx: Tx, row: Row) -> StewardReply:
    return posts.enrol_steward(tx, posts.EnrolSteward(**given(row)))


STEWARDS = Importer(
    "stewards",
    "红色管家 / Stewards",
    (
        _POST(
            "steward_id",
            "管家编号 / id",
            "stw_01941f29-7c00-7000-8000-000000000001",
            required=True,
            pattern=f"stw_{UUID}",
        ),
        _POST("person_id", "人员编号 / person", _PERSON),
        _POST("type", "专职或兼职 / full time or part time", "FULL_TIME"),
        _POST("duty", "职责 / duty", "GRID_WORKER"),
        _POST("grids", "服务网格 / grids", _GRID),
        _POST("employer", "单位 / employer", ""),
        _POST("work_phone", "工作电话 / work phone", "12801234567"),
        _POST("spendable", "积分可兑换 / may spend points", ""),
        _POST("is_state_official", "是否公职人员 / holds a public office", "false"),
        _POST("board_consent", "同意公示联系方式 / agrees to stand on the board", "true"),
        _POST(
            "consent_ref",
            "书面同意书编号,同意公示时必填 / number of the written consent, where the person "
            "agrees",
            "公示同意-2025-001",
        ),
    ),
    one_by_one(_known_stewards, "steward_id", _enrol),
    lambda row: [row["steward_id"], f"{row['person_id']} {row['duty']}"],
    apart=(
        "type",
        "grids",
        "employer",
        "work_phone",
        "spendable",
        "is_state_official",
        "board_consent",
        "consent_ref",
    ),
)


def _known_hours(tx: Tx, rows: Sequence[Row]) -> set[str]:
    ids = [row["record_id"] for row in rows]
    return {one for one in ids if storage.records.one_record(tx.conn, one) is not None}


def _record(tx: Tx, row: Row) -> HoursReply:
    return records.record_hours(tx, records.RecordHours(source="BACKFILL", **given(row)))


HOURS = Importer(
    "volunteer-hours",
    "志愿服务时长 / Hours of volunteer service",
    (
        _SERVED(
            "record_id",
            "记录编号 / id",
            "vol_01941f29-7c00-7000-8000-000000000001",
            required=True,
            pattern=f"vol_{UUID}",
        ),
        _SERVED("person_id", "人员编号 / person", _PERSON),
        _SERVED("date", "服务日期 / day", "2025-03-01", days=-1),
        _SERVED("minutes", "分钟 / minutes", "120"),
        _SERVED("activity", "活动 / activity", "楼道清洁"),
    ),
    one_by_one(_known_hours, "record_id", _record),
    lambda row: [row["record_id"], f"{row['person_id']} {row['date']}"],
    apart=("minutes", "activity"),
)

IMPORTERS = (AREAS, PLACES, PEOPLE, STEWARDS, HOURS)
