"""What is answered about rule sets and their replays."""

from typing import Annotated, Any

from msgspec import Meta, field

from chassis.fields import Instant
from chassis.replies import Reply
from services.credit.replies.common import Done


class RulesReply(Reply, kw_only=True):
    """规则全文 / Every rule in force, in plain words."""

    at: str
    code: str | None = None
    notice_version: (
        Annotated[
            str, Meta(description="授权告知书的现行版本 / version of the consent notice in force")
        ]
        | None
    ) = None
    street: (
        Annotated[
            dict[str, Any],
            Meta(description="该街道的补充规则集 / what the street of the community adds"),
        ]
        | None
    ) = None
    items: list[dict[str, Any]]


class RuleSetDone(Done, kw_only=True):
    """规则集的状态 / Where a rule set stands."""

    digest: str | None = None
    effective_from: str | None = None
    notice_id: str | None = None


class RuleSetCard(Reply, kw_only=True):
    """规则集 / A rule set."""

    id: str
    code: str
    title: str | None = None
    state: str
    version: int
    effective_from: str
    effective_to: str | None = None
    comments_until: Instant | None = None
    digest: str
    retired_because: str | None = None
    topic_id: str | None = None
    resolution_no: str | None = None


class RuleSetReply(RuleSetCard, kw_only=True):
    """规则集全文 / A rule set in full."""

    items: list[dict[str, Any]]
    document: dict[str, Any]


class DiffReply(Reply, kw_only=True):
    """两版规则的差异 / What one version changes of another."""

    code: str
    since: str
    added: list[dict[str, Any]]
    removed: list[dict[str, Any]]
    changed: list[dict[str, Any]]


class JobReply(Reply, kw_only=True):
    """已开始的任务 / A job that was started."""

    id: str
    job_id: str
    state: str
    periods: list[str] = field(default_factory=list)


class WhatIfReply(Reply, kw_only=True):
    """重算结果 / What a replay has found."""

    job_id: str
    part: str
    items: list[dict[str, Any]]
    csv: str | None = None
    next: str | None = None
