"""What is answered of escalations, of messages and of months."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply
from fivered.services.forum.replies.liaison import Card, Done


class EscalationDone(Done, kw_only=True):
    """督办 / What waits, after a command; its number where people call it by one."""

    number: str | UnsetType = UNSET
    outcome: str | UnsetType = UNSET


class EscalationCard(Card, kw_only=True):
    """督办 / What was missed, before whom it waits, and what was done."""

    escalation_id: str
    topic_id: str | None
    task_id: str | None
    deadline: str
    level: int
    tier: str
    official_id: str | None
    person_id: str | None = None
    acting: bool
    area: str
    grid: str | None
    source: str
    ref: str
    path: str
    objection_id: (
        Annotated[str, Meta(description="待答复的异议 / the objection that waits")] | None
    ) = None
    number: str | None
    state: str
    outcome: str | None
    done: str | None
    done_at: Instant | None
    created_at: Instant
    version: int


class MessageCard(Card, kw_only=True):
    """消息 / What the caller was told."""

    code: str
    topic_id: str | None
    ref: str | None
    at: Instant
    text: str


class FunnelReply(Reply, kw_only=True):
    """协商漏斗 (M-15) / How far the topics came, and how long each step took."""

    scope: str
    first: str
    last: str
    collected: int
    ways: dict[str, int]
    adopted: int
    deliberated: int
    publicised: int
    resolved: int
    implementing: int
    closed: int
    adoption_rate: str | None = None
    closure_rate: str | None = None
    median_hours: dict[str, float | None]
