"""Rooms, and who owns them."""

from datetime import date
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply
from fivered.services.property.replies.common import Happened

SquareMetres = Annotated[str, Meta(description="平方米,精确到两位小数 / m2 with two decimals")]


class Owning(Reply, kw_only=True):
    """一名业主 / One owner, from when until when; the last day is not in it."""

    person_id: str | None = None
    organisation: str | None = None
    uscc: str | None = None
    since: date
    until: date | None = None
    document_ref: str


class RoomLine(Reply, kw_only=True):
    """房屋 / A room; who owns it, to the staff of its area and to its owners."""

    id: str
    project_id: str
    building: str
    unit: str
    number: str
    place_code: str | None = None
    area_m2: SquareMetres
    use: str
    holding: str
    area: str
    version: int
    created_at: Instant
    removed_at: Instant | None = None
    owners: list[Owning] | UnsetType = UNSET


class RoomCard(RoomLine, kw_only=True):
    """房屋及历任业主 / A room with all who have owned it, and its history."""

    document_ref: (
        Annotated[
            str,
            Meta(
                description="文件只有业主和工作人员可见 / a file's id is told to staff and owners"
            ),
        ]
        | UnsetType
    ) = UNSET
    removed_reason: str | None = None
    files: (
        Annotated[list[str], Meta(description="产权依据文件,按来的顺序 / its papers, as they came")]
        | UnsetType
    ) = UNSET
    ownings: list[Owning] | UnsetType = UNSET
    history: list[Happened] | UnsetType = UNSET


class RoomsHeld(Reply, kw_only=True):
    """一类房屋 / How many rooms of a use and holding there are."""

    use: str
    holding: str
    rooms: int
    area_m2: SquareMetres
    counted: Annotated[bool, Meta(description="计入业主共同决定 / counts in the owners' votes")]


class Register(Reply, kw_only=True):
    """业主名册汇总 / What the register of a compound comes to, as the owners' votes count it."""

    id: str
    rooms: int
    area_m2: SquareMetres
    voices: Annotated[
        int, Meta(description="业主人数:同一业主或同一组共有人为一人 / the same owners are one")
    ]
    parts: list[RoomsHeld]
