"""What is answered about the terms of posts."""

from datetime import date
from typing import Annotated

from msgspec import Meta

from fivered.chassis.replies import Reply


class EndingTerm(Reply, kw_only=True):
    """将到期的岗位 / A post whose term ends."""

    id: str
    person_id: str
    duty: str
    duty_zh: str
    duty_en: str
    community: str
    grids: list[str]
    state: str
    term_ends: date
    days_left: Annotated[
        int, Meta(description="剩余天数,负数为已过期 / days that are left; below zero it is over")
    ]
    gaps: Annotated[
        list[str],
        Meta(description="届时将无人承担该岗位的网格 / grids in which nobody has the duty then"),
    ]
    version: int
