"""The table of rights: beside each service's contract, what every role reaches at every door."""

# ruff: noqa: E501  the lines of a page

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from fivered.chassis.installed import service_class, service_names
from fivered.gateway.app import doors_of

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "security" / "rights.md"
# The doors that every service has, as they are tried at this one, which has jobs.
COMMON, SHOWN_AT = "chassis", "credit"

Table = Mapping[str, Mapping[str, str]]


def path_of(unit: str) -> Path:
    """Return where a unit's table is."""
    folder = ROOT / unit if unit == COMMON else ROOT / "services" / unit
    return folder / "contracts" / "rights.json"


def by_unit(found: Table) -> dict[str, dict[str, dict[str, str]]]:
    """Sort "service.door" by unit."""
    units: dict[str, dict[str, dict[str, str]]] = {}
    for name, roles in found.items():
        service, door = name.split(".")
        if door.startswith("_"):
            if service != SHOWN_AT:
                continue
            service = COMMON
        units.setdefault(service, {})[door] = dict(sorted(roles.items()))
    return {unit: dict(sorted(doors.items())) for unit, doors in sorted(units.items())}


def read() -> dict[str, dict[str, dict[str, str]]]:
    """Return the tables as they stand."""
    return {
        unit: json.loads(path_of(unit).read_text("utf-8")) for unit in (COMMON, *service_names())
    }


def write(tables: Mapping[str, Table]) -> None:
    """Write them; who does so reads what has changed."""
    for unit, doors in tables.items():
        path_of(unit).write_text(json.dumps(doors, indent=2) + "\n", "utf-8")


_WORDS = {
    "never": "不能 never", "own": "本人或参与 own part", "grid": "本网格 grid",
    "community": "本社区 community", "street": "本街道 street", "district": "本区 district",
    "anywhere": "不限 anywhere", "untried": "见接口测试 in its own tests",
}  # fmt: skip
_HEAD = """# 权限表 Table of rights

Door by door, which role reaches how far. Generated (`python -m deploy.generate`) from `contracts/rights.json` of each service, which a test compares with the running system:
it tries every door in every role from every distance, on what the story and a few steps behind it leave (`tests/rights`, `tests/journeys/test_strangers.py`); a door without a line, or one where nobody
gets in, fails the build.

由各服务的 `contracts/rights.json` 生成;测试以每一角色、每一距离逐一试用每个接口,与运行结果一致。

| word | means |
|---|---|
| 不能 never | the door admits the role, and lets nobody in who has no part: what is tried belongs to others |
| 本人或参与 own part | the person, the reporter, the handler, the manager, the partner: whoever has a part in the thing |
| 本网格 grid, 本社区 community, 本街道 street, 本区 district | whoever holds the role for an area that lies so near to the thing |
| 不限 anywhere | whoever holds the role, or everybody |
| 见接口测试 in its own tests | a list that is empty for this role wherever it asks; the tests of the service hold it |
"""


def page() -> str:
    """Return the table as a page."""
    lines = [_HEAD]
    for unit, table in read().items():
        if unit == COMMON:
            continue
        lines += [f"\n## {service_class(unit).title}\n", "| door | who, how far |", "|---|---|"]
        routes = doors_of(unit) or ()
        for door in sorted(routes, key=lambda one: (one.path, one.verb)):
            roles = table.get(door.method)
            if roles is not None:
                lines.append(f"| `{door.verb} {door.full_path}` | {_told(roles)} |")
    return "\n".join(lines) + "\n"


def _told(roles: Mapping[str, str]) -> str:
    by_reach: dict[str, list[str]] = {}
    for role, reach in roles.items():
        by_reach.setdefault(reach, []).append(role.removeprefix("R_"))
    order = list(_WORDS)
    return "; ".join(
        f"**{_WORDS[reach]}**: {', '.join(by_reach[reach])}"
        for reach in sorted(by_reach, key=order.index, reverse=True)
    )
