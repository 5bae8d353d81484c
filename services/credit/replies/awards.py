"""What is answered about awards and a week's hours."""

from typing import Any, Literal

from msgspec import UNSET

from chassis.fields import OwnMatter
from chassis.replies import Page, Reply


class AwardReply(Reply, kw_only=True):
    """一笔赋分及其理由 / An award and why it was given."""

    id: str
    subject: str
    state: str
    version: int
    score: int
    points: int
    why: dict[str, Any]
    own_matter: OwnMatter = UNSET


class ScreenFlag(Reply, kw_only=True):
    """一项提示,供人工核查,不影响分数 / Something to look at; it changes no score."""

    flag: Literal["OVER_DAY", "ONE_CONFIRMER"]
    subject: str
    day: str | None
    confirmed_by: str | None
    minutes: int
    of_minutes: int
    records: list[str]


class ScreenReply(Page[ScreenFlag], kw_only=True):
    """一周志愿时长核查 / A week's hours."""

    community: str
    helpers: int
