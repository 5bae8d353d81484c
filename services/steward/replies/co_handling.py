"""What is answered about stewards who help with a case."""

from typing import Annotated

from msgspec import Meta

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply


class CoHandlingReply(Reply, kw_only=True):
    """已处理 / The help as it stands now."""

    id: str
    request_id: str
    steward_id: str
    state: str
    version: int


class CoHandlingCard(CoHandlingReply, kw_only=True):
    """协办 / Who helps with a case, or is asked to."""

    number: Annotated[str, Meta(description="诉求编号 / the number of the request")]
    grid: str
    person_id: str
    duty: str
    reason: Annotated[str, Meta(description="请求协办的事项 / with what")]
    answer: (
        Annotated[str, Meta(description="答复或结束的理由 / why not, or why it ended")] | None
    ) = None
    asked_by: str
    asked_at: Instant
    answered_at: Instant | None = None
    ended_at: Instant | None = None
    due_resolve: Annotated[Instant, Meta(description="诉求办结期限 / when the request is due")]
