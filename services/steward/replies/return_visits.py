"""What is answered of calls about closed cases."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply

Outcome = Annotated[
    str,
    Meta(
        description="CONFIRMED_BY_CALL 回访确认,DENIED_BY_CALL 回访否认,UNREACHED 未接通"
        " / it is so, it is not, nobody was reached",
        examples=["CONFIRMED_BY_CALL"],
    ),
]


class ReturnVisitReply(Reply, kw_only=True):
    """回访 / A call about a closed case after it was noted."""

    id: str
    request_id: str
    state: Annotated[str, Meta(examples=["DONE"])]
    outcome: Outcome | None
    reopened: Annotated[bool, Meta(description="是否重办 / whether the case was reopened")]
    tries: int
    version: int


class ReturnVisitCard(ReturnVisitReply, kw_only=True):
    """待回访、已回访 / A closed case that is, or was, called about."""

    number: str
    category: str
    grid: str
    reason: Annotated[str, Meta(description="UNRATED 未评价,SAMPLE 抽样 / not rated, or drawn")]
    reason_zh: str | None
    reason_en: str | None
    reporter_id: str | None
    handler_person: str | None
    said: Annotated[str, Meta(description="承办人所报结果 / what its handler says")] | None
    stars: int | None
    closed_at: Instant | None
    drawn_at: Instant
    due_at: Instant
    called_at: Instant | None
    note: str | None
    record_ref: str | None
