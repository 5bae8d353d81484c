"""The files that property takes: companies and projects."""

from __future__ import annotations

from chassis.bus import Tx
from chassis.columns import ColumnsOf
from chassis.file_imports import Importer, Row, given, known_by, one_by_one
from services.property import errors, replies, rules
from services.property.actions import companies, projects
from services.property.storage import tables

_COMPANY = ColumnsOf(companies.RegisterCompany)
_PROJECT = ColumnsOf(projects.RegisterProject)


def _register_company(tx: Tx, row: Row) -> replies.Made:
    return companies.register_company(tx, companies.RegisterCompany(**given(row)))


def _register_project(tx: Tx, row: Row) -> replies.Made:
    return projects.register_project(tx, projects.RegisterProject(**given(row)))


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

IMPORTERS = (COMPANIES, PROJECTS)
