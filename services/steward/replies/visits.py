"""What is answered about visits and about boards of before."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply


class Visit(Reply, kw_only=True):
    """走访 / A visit of a steward, in the month in which it counts."""

    id: str
    client_id: str
    steward_id: str | UnsetType = UNSET
    grid: str
    building: str | None = None
    household_id: str | None = None
    person_id: str | None = None
    purpose: str
    findings: list[str]
    request_id: (
        Annotated[str, Meta(description="由此立案的诉求 / the request that came of it")] | None
    ) = None
    occurred_at: Instant
    period: str
    late: bool


class BoardVersion(Reply, kw_only=True):
    """公示牌版本 / A version of a contact board."""

    version: int
    published_at: Instant
    published_by: str
    entries: Annotated[int, Meta(description="列出的人数 / how many names stand on it")]
    vacant: Annotated[list[str], Meta(description="无人的岗位 / duties without a name")]


class OldEntry(Reply, kw_only=True):
    """旧版一行 / A row of a board of before."""

    steward_id: str
    duty: str
    duty_zh: str
    duty_en: str
    name: Annotated[str | None, Meta(description="现仍同意公示的 / of who still agrees to it")]


class OldBoard(Reply, kw_only=True):
    """旧版公示牌 / A contact board as it was published."""

    grid: str
    grid_name: str
    version: int
    published_at: Instant
    entries: list[OldEntry]
    reasons: dict[str, str]
