"""What is answered about volunteer activities."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply


class ActivityCard(Reply, kw_only=True):
    """志愿活动 / A volunteer activity; the numbers are for who organises there."""

    id: str
    area: str
    title: str
    place: str
    text: str | None = None
    start: Instant
    end: Instant
    quota: int
    full: Annotated[bool, Meta(description="名额已满,可候补 / no place is free; there is a line")]
    state: str
    state_zh: str
    state_en: str
    reason: str | None = None
    mine: Annotated[str, Meta(description="本人报名状态 / the caller's own part")] | UnsetType = (
        UNSET
    )
    signed: int | UnsetType = UNSET
    waiting: int | UnsetType = UNSET
    present: int | UnsetType = UNSET
    version: int


class SignupCard(Reply, kw_only=True):
    """报名 / Somebody who takes part."""

    id: str
    activity_id: str
    person_id: str
    state: str
    state_zh: str
    state_en: str
    signed_at: Instant
    check_in: Instant | None = None
    check_out: Instant | None = None
    record_id: Annotated[str, Meta(description="志愿服务记录 / the record of the hours")] | None = (
        None
    )
    version: int


class ActivityCode(Reply, kw_only=True):
    """签到码 / The code of now, and what its QR code says; both change every ten minutes."""

    activity_id: str
    code: str
    payload: Annotated[str, Meta(description="二维码内容 / what the QR code says")]
    valid_until: Instant


class ActivityClosed(Reply, kw_only=True):
    """活动结束 / What came of an activity."""

    id: str
    state: str
    version: int
    done: Annotated[int, Meta(description="已参加 / people who took part")]
    absent: Annotated[int, Meta(description="缺席 / who did not come")]
    without_hours: Annotated[
        list[str], Meta(description="未能登记时长的报名 / sign-ups whose hours were not recorded")
    ]
