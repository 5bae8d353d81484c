"""What goes from one company to the next."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply
from fivered.services.property.replies.common import Happened


class HandoverItem(Reply, kw_only=True):
    """移交事项 / One thing that is to be handed over."""

    id: str
    handover_id: str
    project_id: Annotated[str, Meta(description="原项目 / the project of who goes")]
    new_project_id: Annotated[str, Meta(description="新项目 / the project of who comes")]
    kind: str
    title: str
    concerns: Annotated[
        str | None, Meta(description="新的整改单、工单,或投诉 / the order, work or complaint")
    ] = None
    state: Annotated[str, Meta(description="PENDING HANDED RECEIVED MISSING SETTLED")]
    quantity: int | None = None
    remark: str | None = None
    files: list[str]
    handed_at: Instant | None = None
    received_at: Instant | None = None
    reason: Annotated[
        str | None, Meta(description="缺少什么,或如何处理 / what is missing, or how it was settled")
    ] = None
    due: Annotated[Instant, Meta(description="移交期限 / until when it is to be done")]
    due_at: Instant
    area: str
    version: int
    created_at: Instant
    # To the staff of the area.
    handed_by: str | UnsetType | None = UNSET
    received_by: str | UnsetType | None = UNSET
    settled_by: str | UnsetType | None = UNSET


class HandoverLine(Reply, kw_only=True):
    """项目移交 / A hand-over from one company to the next."""

    id: str
    project_id: str
    new_project_id: str
    state: Annotated[str, Meta(description="OPEN DONE")]
    due: Annotated[Instant, Meta(description="移交期限 / until when it is to be done")]
    due_at: Instant
    overdue: bool
    ended_at: Instant | None = None
    area: str
    version: int
    created_at: Instant


class HandoverCard(HandoverLine, kw_only=True):
    """项目移交及清单 / A hand-over with its list."""

    items: list[HandoverItem]
    history: list[Happened]
