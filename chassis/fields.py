"""Types of the fields that several services take: each says its form once.

A form is part of a door's contract: the gateway's reference shows it, and every host checks it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, UnsetType

from fivered.chassis import text
from fivered.chassis.facts import measure
from fivered.chassis.requests import Request

Area = Annotated[
    str,
    Meta(
        pattern=text.AREA,
        description="区域代码:区县 6 位、街道 9 位、社区 12 位、网格 15 位 / code of an area: a "
        "district has 6 digits, a street 9, a community 12, a grid 15",
        examples=["370811015901"],
    ),
]
DownToCommunity = Annotated[
    str,
    Meta(
        pattern=text.DOWN_TO_COMMUNITY,
        description="区域代码:区县 6 位、街道 9 位、社区 12 位 / code of an area: a district has 6 "
        "digits, a street 9, a community 12",
        examples=["370811015901"],
    ),
]
StreetOrCommunity = Annotated[
    str,
    Meta(
        pattern=text.STREET_OR_COMMUNITY,
        description="街道代码 9 位或社区代码 12 位 / code of a street, 9 digits, or a community, "
        "12",
        examples=["370811015901"],
    ),
]
Community = Annotated[
    str,
    Meta(
        pattern=text.COMMUNITY,
        description="社区代码,12 位 / code of the community, 12 digits",
        examples=["370811015901"],
    ),
]
Grid = Annotated[
    str,
    Meta(
        pattern=text.GRID,
        description="网格代码,15 位 / code of the grid, 15 digits",
        examples=["370811015901001"],
    ),
]
# The id of a thing, as long as one may be that stands in an address.
Id = Annotated[str, Meta(max_length=120)]
PersonId = Annotated[
    str,
    Meta(pattern=text.PERSON, description="人员编号 / id of the person", examples=["per_0003"]),
]
Period = Annotated[
    str,
    Meta(
        pattern=text.PERIOD,
        description="月份,按北京时间 / month, by the calendar of Asia/Shanghai",
        examples=["2025-01"],
    ),
]
# What shows or proves something, in the items of a list (`fivered.chassis.files.attach`).
FILE_OR_PAPER = Meta(
    description="文件编号(POST /v1/files),或纸质材料的编号 / id of a file (POST /v1/files), or the "
    "number of a paper"
)
Sha256 = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{64}$",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ),
]
Instant = Annotated[datetime, Meta(tz=True)]

# Ids that several services publish.
RequestId = Annotated[str, Meta(description="诉求编号 / id of the request")]
ProjectId = Annotated[str, Meta(description="物业项目编号 / id of the managed compound")]
CompanyId = Annotated[str, Meta(description="物业企业编号 / id of the managing company")]
OfficialId = Annotated[str, Meta(description="包保干部编号 / id of the liaison official")]
TopicId = Annotated[str, Meta(description="议题编号 / id of the topic")]
TaskId = Annotated[str, Meta(description="任务编号 / id of the task")]
RedemptionId = Annotated[str, Meta(description="兑换单编号 / id of the redemption")]
HouseholdId = Annotated[
    str, Meta(description="户编号;无户为空 / id of the household; null where there is none")
]
Wallet = Annotated[str, Meta(description="付出积分的账户 / the account of the points that pays")]
Points = Annotated[int, measure("积分 / points", "积分 / points")]
Fen = Annotated[int, measure("金额,以分计 / amount in fen", "分(0.01 元) / fen, 0.01 CNY")]
Level = Annotated[
    int,
    measure(
        "升级到的层级:1 街道,2 区 / how high it has gone: 1 to the street, 2 to the district",
        "级 / level",
    ),
]
Concerned = Annotated[
    list[PersonId],
    Meta(
        description="当事人:不交其本人及同住人办理 / whose matter it is: it is laid neither before "
        "these nor before who lives with one"
    ),
]
Partition = Annotated[
    int,
    measure("本条所属分区,自 0 起 / the partition of this marker, from 0", "序号 / number"),
]
Partitions = Annotated[int, measure("分区总数 / how many partitions there are", "个 / partitions")]
# A time in the past for which somebody asks. What is written bears the time at which its
# transaction began, so what began before and is written after the question is missing.
AsOf = Annotated[
    datetime,
    Meta(
        tz=True,
        description="截至时间(按入账时间),默认现在;入账时间为事务开始时间,此刻之前开始而尚未"
        "写完的不计入,请取至少一分钟以前的时间 / as of, by the time of posting; default now. That "
        "is when its transaction began: one that began before and is still being written is "
        "missing, so take a time a minute ago or earlier",
    ),
]
# A day that stays text on its way: it exists, and deadlines can be counted from it.
Day = Annotated[
    str, Meta(pattern=text.DAY, examples=["2025-01-15"], extra_json_schema={"format": "date"})
]

# In lists of what is to be decided; where it is left out, the list is not for who decides.
OwnMatter = (
    Annotated[
        bool,
        Meta(
            description="本人或同住家人的事,须由他人办理 / the caller's own matter, or that of "
            "somebody of the same household: another one decides it"
        ),
    ]
    | UnsetType
)

# Which part of a list.
MOST_ROWS = 200
Limit = Annotated[int, Meta(ge=1, le=MOST_ROWS, description="每页条数 / page size")]
Cursor = Annotated[
    str, Meta(description="另一页的 next 或 prev / `next` or `prev` of another page of this list")
]
WithTotal = Annotated[
    bool, Meta(description="同时给出全部条数 / tell how many there are in all, too")
]
Sought = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=40,
        description="名称中的字,不分大小写 / a part of its name, in either case",
        examples=["春晖"],
    ),
]
# Of the orders in which a list can be asked for: `Annotated[Literal["at", "-at"], SORT]`.
SORT = Meta(
    description="排序:按此项从小到大(从早到晚),前加 - 则相反;不给则按默认顺序 / order: by this "
    "member from the least or earliest on, with - the other way round; without it, the list's own"
)


class PartOfList(Request, frozen=True):
    """分页 / Which part of a list."""

    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


IsAdult = Annotated[bool, Meta(description="是否年满 18 周岁 / whether the person is 18 or older")]
