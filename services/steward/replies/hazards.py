"""What is answered about dangers."""

from typing import Annotated

from msgspec import Meta

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply


class Mending(Reply, kw_only=True):
    """整改办理 / How far the request is that removes a danger."""

    request_id: str
    number: str
    state: str
    state_zh: str
    state_en: str
    duty: str | None = None
    due_resolve: Instant | None = None
    late: bool
    level: int
    resolved_at: Instant | None = None


class HazardCard(Reply, kw_only=True):
    """隐患 / A reported danger."""

    id: str
    reporter_id: str
    category: str
    grid: str
    place: str
    media: list[str]
    state: str
    verified_by: str | None = None
    request_id: (
        Annotated[str, Meta(description="转办的诉求 / the request that removes it")] | None
    ) = None
    look_due: Instant | None = None
    level: Annotated[int, Meta(description="逾期未核实已报至第几级 / nobody looked in time")] = 0
    mending: Annotated[Mending | None, Meta(description="整改办理 / how far it is")] = None
    mended_by: str | None = None
    mended_at: Instant | None = None
    reported_at: Instant
    version: int
