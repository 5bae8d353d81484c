"""What duties and roles are called; English stands in the catalogue, under the Chinese."""

from __future__ import annotations

DUTIES = {
    "COMMUNITY_CADRE": "社区两委",
    "GRID_WORKER": "网格员",
    "PROPERTY_STAFF": "物业人员",
    "POLICE": "社区民警",
    "BUILDING_HEAD": "楼长",
    "WATER": "供水",
    "POWER": "供电",
    "GAS": "供气",
    "HEAT": "供热",
    "NETWORK": "通信网络",
}
# What a board says of a post without a name, where nobody said it better.
VACANT = "岗位空缺"
UNNAMED = "有人在岗,姓名未公示"
UNCOVERED = "此刻没有专职管家当班,请拨打公示牌上的工作电话"

TYPES = {"FULL_TIME": "专职", "PART_TIME": "兼职"}
ROLES = {
    "R_RESIDENT": "居民",
    "R_STEWARD": "红色管家",
    "R_GRID": "网格员",
    "R_CADRE": "社区两委",
    "R_SECRETARY": "社区党委书记",
    "R_STREET": "街道经办",
    "R_STREET_LEAD": "街道班子",
    "R_DISTRICT": "区级主管",
    "R_DISTRICT_LEAD": "区级领导",
    "R_AUDITOR": "审计员",
    "R_SYSTEM": "系统",
}


def reason_of(said: str | None, *, served: bool) -> str:
    """Return why a post has no name on a board: what its publisher said, or what is so now."""
    if said is not None and said not in {VACANT, UNNAMED}:
        return said
    return UNNAMED if served else VACANT
