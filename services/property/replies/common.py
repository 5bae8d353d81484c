"""What many doors answer, and parts of it."""

from typing import Annotated, Generic

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import ItemT, Page, Reply


class Made(Reply, kw_only=True):
    """办理结果 / What came of a command: where the thing stands now."""

    id: str
    state: str
    version: int


class MadeDue(Made, kw_only=True):
    """办理结果及期限 / The same, with the instant that is the first one too late."""

    due: Instant | UnsetType | None = UNSET


class Happened(Reply, kw_only=True):
    """一条历史 / One entry of a history; nothing is ever removed from it."""

    at: Instant
    what: str
    state: str | None = None
    role: str
    detail: dict[str, object]
    actor: str | UnsetType = UNSET


class Both(Page[ItemT], Generic[ItemT], kw_only=True):
    """双向分页 / A page that leads to both sides, and says how many there are in all."""

    previous: Annotated[str, Meta(description="上一页 / cursor of the page before")] | None = None
    total: Annotated[int, Meta(description="总数 / how many there are in all")]


class Message(Reply, kw_only=True):
    """告知 / What a complainant is told."""

    id: str
    code: str
    complaint_id: str | None = None
    at: Instant
    text: str
    text_en: str
