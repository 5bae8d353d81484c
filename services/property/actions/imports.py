"""The files that property takes: companies and projects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from chassis import records
from chassis.bus import Tx
from chassis.columns import Column
from chassis.file_imports import Importer, Row, one_by_one
from chassis.text import COMMUNITY, GRID
from services.property import errors, rules
from services.property.actions import companies, projects
from services.property.storage import tables

_ID = r"[A-Za-z0-9_-]{1,58}"


def _known(table: sa.Table, key: str) -> Callable[[Tx, Sequence[Row]], set[str]]:
    def known(tx: Tx, rows: Sequence[Row]) -> set[str]:
        return records.present(tx.conn, table, [row[key] for row in rows])

    return known


def _given(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def _register_company(tx: Tx, row: Row) -> Any:
    return companies.register_company(tx, companies.RegisterCompany(**_given(row)))


def _register_project(tx: Tx, row: Row) -> Any:
    given = _given(row)
    if "area_m2" in given:
        given["area_m2"] = float(given["area_m2"])
    return projects.register_project(tx, projects.RegisterProject(**given))


COMPANIES = Importer(
    "companies",
    "物业企业 / Property companies",
    (
        Column(
            "company_id",
            "企业编号 / id",
            "pco_1",
            required=True,
            pattern=f"pco_{_ID}",
        ),
        Column("name", "名称 / name", "任城区示例·春晖物业有限公司", required=True, public=True),
        Column(
            "uscc",
            "统一社会信用代码 / unified social credit code",
            "91370899MA0000009A",
            required=True,
            longest=40,
        ),
        Column("representatives", "代表人员编号 / persons who speak for it", "", kind="list"),
        Column(
            "override_reason",
            "代码校验不通过时的放行理由 / why a wrong code is taken",
            "",
            public=True,
        ),
    ),
    one_by_one(_known(tables.companies, "company_id"), "company_id", _register_company),
    lambda row: [row["company_id"], rules.normalise_uscc(row["uscc"])],
    apart=("name", "representatives", "override_reason"),
    # The named person may be registered already, and property not have heard of it yet.
    awaits=(errors.NotHeardOf,),
)

PROJECTS = Importer(
    "projects",
    "物业项目 / Property projects",
    (
        Column(
            "project_id",
            "项目编号 / id",
            "prj_1",
            required=True,
            pattern=f"prj_{_ID}",
        ),
        Column("company_id", "企业编号 / company", "pco_1", required=True, longest=64),
        Column("name", "名称 / name", "春晖苑", required=True, public=True),
        Column(
            "community", "社区代码 / community", "370811015911", required=True, pattern=COMMUNITY
        ),
        Column(
            "grids",
            "服务网格 / grids",
            "370811015911001|370811015911002",
            kind="list",
            required=True,
            pattern=GRID,
        ),
        Column(
            "households",
            "户数 / households",
            "800",
            kind="integer",
            required=True,
            low=0,
            high=1_000_000,
        ),
        Column(
            "area_m2",
            "建筑面积 / floor area in m2",
            "72000.5",
            pattern=r"[0-9]{1,8}([.][0-9]{1,6})?",
        ),
        Column(
            "manager_person_id",
            "项目经理人员编号 / person who manages it",
            "per_1",
            required=True,
            longest=64,
        ),
        Column(
            "operation_mode",
            "管理方式 / how it is run",
            "MARKET",
            choices=("MARKET", "COMMUNITY_RUN", "SELF"),
        ),
        Column(
            "buildings",
            "小区楼栋 / buildings of the compound",
            "1号楼|2号楼",
            kind="list",
            public=True,
        ),
        Column("status", "状态 / state", "IN_SERVICE", choices=("PREPARING", "IN_SERVICE")),
    ),
    one_by_one(_known(tables.projects, "project_id"), "project_id", _register_project),
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
