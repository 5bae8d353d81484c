"""The files that property takes: companies, projects, owners' committees and agreements."""

from __future__ import annotations

from collections.abc import Sequence

from fivered.chassis.bus import Tx
from fivered.chassis.columns import ColumnsOf
from fivered.chassis.file_imports import Importer, Outcome, Row, given, known_by, one_by_one
from fivered.services.property import errors, replies, rules
from fivered.services.property.actions import agreements, committees, companies, projects, rooms
from fivered.services.property.storage import rooms as rooms_stored
from fivered.services.property.storage import rows as stored
from fivered.services.property.storage import tables

_COMPANY = ColumnsOf(companies.RegisterCompany)
_PROJECT = ColumnsOf(projects.RegisterProject)
_COMMITTEE = ColumnsOf(committees.CommitteeLine)
_AGREEMENT = ColumnsOf(agreements.AgreementLine)
_ROOM = ColumnsOf(rooms.RegisterRoom)


def _register_company(tx: Tx, row: Row) -> replies.Made:
    return companies.register_company(tx, companies.RegisterCompany(**given(row)))


def _register_project(tx: Tx, row: Row) -> replies.Made:
    return projects.register_project(tx, projects.RegisterProject(**given(row)))


def _enter_committee(tx: Tx, row: Row) -> replies.Made:
    return committees.enter_committee(tx, committees.CommitteeLine(**given(row)))


def _register_room(tx: Tx, row: Row) -> replies.Made:
    return rooms.register_room(tx, rooms.RegisterRoom(**given(row)))


def _known_lines(tx: Tx, rows: Sequence[Row]) -> set[str]:
    return stored.agreement_lines(tx.conn, {row["agreement_id"] for row in rows})


def _enter_line(tx: Tx, row: Row) -> replies.Made:
    line = {name: value for name, value in given(row).items() if name != _LINE}
    return agreements.enter_line(tx, agreements.AgreementLine(**line))


# What an item of an agreement is known by, beside the columns.
_LINE = "line"


def _enter_agreements(tx: Tx, rows: Sequence[Row]) -> list[Outcome]:
    named = [row | {_LINE: f"{row['agreement_id']} {row['item']}"} for row in rows]
    return one_by_one(_known_lines, _LINE, _enter_line)(tx, named)


COMPANIES = Importer(
    "companies",
    "物业企业 / Property companies",
    (
        _COMPANY("company_id", "企业编号 / id", "pco_1", required=True),
        _COMPANY("name", "名称 / name", "任城区示例·春晖物业有限公司"),
        _COMPANY("uscc", "统一社会信用代码 / unified social credit code", "91370899MA0000009A"),
        _COMPANY("representatives", "代表人员编号 / persons who speak for it", ""),
        _COMPANY("override_reason", "代码校验不通过时的放行理由 / why a wrong code is taken", ""),
    ),
    one_by_one(known_by(tables.companies, "company_id"), "company_id", _register_company),
    lambda row: [row["company_id"], rules.normalise_uscc(row["uscc"])],
    apart=("name", "representatives", "override_reason"),
    # The named person may be registered already, and property not have heard of it yet.
    awaits=(errors.NotHeardOf,),
)

PROJECTS = Importer(
    "projects",
    "物业项目 / Property projects",
    (
        _PROJECT("project_id", "项目编号 / id", "prj_1", required=True),
        _PROJECT("company_id", "企业编号 / company", "pco_1"),
        _PROJECT("name", "名称 / name", "春晖苑"),
        _PROJECT("community", "社区代码 / community", "370811015911"),
        _PROJECT("grids", "服务网格 / grids", "370811015911001|370811015911002"),
        _PROJECT("households", "户数 / households", "800"),
        _PROJECT("area_m2", "建筑面积 / floor area in m2", "72000.5"),
        _PROJECT("manager_person_id", "项目经理人员编号 / person who manages it", "per_1"),
        _PROJECT("operation_mode", "管理方式 / how it is run", "MARKET"),
        _PROJECT("buildings", "小区楼栋 / buildings of the compound", "1号楼|2号楼"),
        _PROJECT("status", "状态 / state", "IN_SERVICE"),
    ),
    one_by_one(known_by(tables.projects, "project_id"), "project_id", _register_project),
    # No two projects of a grid have the same building.
    lambda row: [row["project_id"], *row["grids"]],
    apart=(
        "company_id",
        "name",
        "community",
        "households",
        "area_m2",
        "manager_person_id",
        "operation_mode",
        "buildings",
        "status",
    ),
    awaits=(errors.NotHeardOf,),
)

COMMITTEES = Importer(
    "committees",
    "业主委员会 / Owners' committees",
    (
        _COMMITTEE("committee_id", "委员会编号 / id", "owc_1"),
        _COMMITTEE("project_id", "项目编号 / project", "prj_1"),
        _COMMITTEE("kind", "类别 / kind", "YWH"),
        _COMMITTEE("members", "委员人员编号 / members", "per_1|per_2|per_3|per_4|per_5"),
        _COMMITTEE("chair", "主任人员编号 / person who chairs it", "per_1"),
        _COMMITTEE("term_from", "任期开始 / first day of its term", "2025-01-01", days=-30),
        _COMMITTEE(
            "term_to", "任期届满日,不含 / first day after its term", "2029-01-01", days=1400
        ),
    ),
    one_by_one(
        known_by(tables.owners_committees, "committee_id"), "committee_id", _enter_committee
    ),
    # A later committee of a project replaces the former one.
    lambda row: [row["committee_id"], row["project_id"]],
    apart=("kind", "members", "chair", "term_from", "term_to"),
    awaits=(errors.NotHeardOf,),
)

AGREEMENTS = Importer(
    "agreements",
    "党建联建协议草稿,每行一项 / Drafts of joint agreements, one item a line",
    (
        _AGREEMENT("agreement_id", "协议编号 / id", "agr_1"),
        _AGREEMENT("item", "事项序号 / number of the item", "1"),
        _AGREEMENT("project_id", "项目编号 / project", "prj_1"),
        _AGREEMENT("type", "协议类别 / kind of agreement", "JOINT_BUILDING"),
        _AGREEMENT("valid_from", "生效日 / first day", "2025-03-01", days=7),
        _AGREEMENT("valid_to", "届满日,不含;空为 12 个月 / first day after it; empty: a year", ""),
        _AGREEMENT("text_sha256", "协议文本摘要 / SHA-256 of the text", "a" * 64),
        _AGREEMENT("title", "事项 / item", "每季度公开收支"),
        _AGREEMENT("responsible", "责任方 / who does it", "PROJECT"),
        _AGREEMENT("due_date", "完成日 / day on which it is due", "2025-06-01", days=90),
        _AGREEMENT("recurrence", "周期 / how often", "ONCE"),
        _AGREEMENT("evidence_kinds", "佐证种类 / kinds of evidence", "PHOTO"),
    ),
    _enter_agreements,
    lambda row: [row["agreement_id"], f"{row['agreement_id']} {row['item']}"],
    apart=(
        "project_id",
        "type",
        "valid_from",
        "valid_to",
        "text_sha256",
        "title",
        "responsible",
        "due_date",
        "recurrence",
        "evidence_kinds",
    ),
)


def _keys_of_room(row: Row) -> list[str]:
    """Return by what two lines may be one room: its id, its place, and what it is called."""
    project, at = row["project_id"], row["place_code"]
    building, unit, number = (row[name] or "" for name in ("building", "unit", "number"))
    called = rules.place_key(building, unit, number)
    placed = f"{at} {number}" if at else called
    return [row["room_id"], f"{project} {placed}", f"{project} {called if building else placed}"]


ROOMS = Importer(
    "rooms",
    "房屋与业主 / Rooms and their owners",
    (
        _ROOM("room_id", "房屋编号 / id", "rom_1", required=True),
        _ROOM("project_id", "项目编号 / project", "prj_1"),
        _ROOM("place_code", "社区登记的户编号 / steward's code of the dwelling", ""),
        _ROOM("building", "楼栋 / building", "3号楼"),
        _ROOM("unit", "单元 / unit", "1单元"),
        _ROOM("number", "房号 / number", "601"),
        _ROOM("area_m2", "专有部分建筑面积 / m2", "89.52"),
        _ROOM("use", "用途 / use", "RESIDENTIAL"),
        _ROOM("holding", "已售或建设单位所有 / sold, or the developer's", "SOLD"),
        _ROOM("owners", "业主人员编号 / ids of all owners", "per_1|per_2"),
        _ROOM("organisation", "单位业主名称 / an organisation that owns it", ""),
        _ROOM("uscc", "单位业主统一社会信用代码 / its code", ""),
        _ROOM("owned_since", "取得日期 / since when", "2021-06-01", days=-1000),
        _ROOM("document_ref", "产权依据 / the title deed", "鲁(2021)任城区不动产权第0001号"),
    ),
    one_by_one(known_by(rooms_stored.rooms, "room_id"), "room_id", _register_room),
    _keys_of_room,
    apart=(
        "area_m2",
        "use",
        "holding",
        "owners",
        "organisation",
        "uscc",
        "owned_since",
        "document_ref",
    ),
    awaits=(errors.NotHeardOf,),
)

IMPORTERS = (COMPANIES, PROJECTS, COMMITTEES, AGREEMENTS, ROOMS)
