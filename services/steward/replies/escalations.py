"""What is answered of requests that were laid before somebody."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply


class EscalationCard(Reply, kw_only=True):
    """督办 / A request that was laid before somebody, as it is now."""

    id: str
    request_id: str
    number: str
    level: Annotated[
        int, Meta(description="1 社区、2 街道、3 区 / 1 community, 2 street, 3 district")
    ]
    at: Instant
    official_id: Annotated[str, Meta(description="联系干部 / the official")] | None
    acting: Annotated[bool, Meta(description="本级无人,由上级代 / whoever stands above acts")]
    mine: bool
    category: str
    category_zh: str | None
    category_en: str | None
    priority: str
    grid: str
    building: str | None
    state: str
    state_zh: str
    state_en: str
    handler: str | UnsetType | None = UNSET
    due_resolve: Instant
    late: bool
    version: Annotated[int, Meta(description="诉求的版本 / of the request")]
