"""Types of the fields that several services take: each says its form once.

A form is part of a door's contract: the gateway's reference shows it, and every host checks it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, UnsetType

from chassis import text
from chassis.requests import Request

Area = Annotated[str, Meta(pattern=text.AREA, examples=["370811015901"])]
DownToCommunity = Annotated[str, Meta(pattern=text.DOWN_TO_COMMUNITY, examples=["370811015901"])]
StreetOrCommunity = Annotated[
    str, Meta(pattern=text.STREET_OR_COMMUNITY, examples=["370811015901"])
]
Community = Annotated[str, Meta(pattern=text.COMMUNITY, examples=["370811015901"])]
Grid = Annotated[str, Meta(pattern=text.GRID, examples=["370811015901001"])]
# The id of a thing, as long as one may be that stands in an address.
Id = Annotated[str, Meta(max_length=120)]
PersonId = Annotated[str, Meta(pattern=text.PERSON, examples=["per_0003"])]
Period = Annotated[str, Meta(pattern=text.PERIOD, examples=["2025-01"])]
Sha256 = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{64}$",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ),
]
Instant = Annotated[datetime, Meta(tz=True)]
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


class PartOfList(Request, frozen=True):
    """分页 / Which part of a list."""

    limit: Limit = 50
    cursor: Cursor | None = None
