"""What is answered about rule sets."""

from datetime import date
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply
from fivered.services.credit.replies.common import Done
from fivered.services.credit.rules.changes import FieldChange, NamedRule, RuleChange


class RuleLevel(Reply, kw_only=True):
    """A row of a level table."""

    code: str
    name: str
    score: int
    points: int


class RuleCase(Reply, kw_only=True):
    """A worked case: what a rule gives for the facts that it tells."""

    text: str
    score: int
    points: int


class RuleCard(Reply, kw_only=True):
    """规则条款 / A rule as people read it."""

    code: str
    name: str
    name_en: str
    kind: str
    dimension: str
    dimension_name: str
    instrument: str
    article: int
    text: str
    basis: str
    type: str
    source: str
    deduction: bool
    severity: str | None
    valid_periods: int
    requires_legal_document: bool
    evidence: list[str]
    propose: list[str]
    approve: list[str]
    levels: list[RuleLevel]
    public_reason: str
    cases: list[RuleCase]


class StreetRules(Reply, kw_only=True):
    """街道补充规则集 / What a street adds."""

    code: str
    scope: str
    effective_from: date
    effective_to: date | None
    digest: str
    rules: list[str]


class RulesReply(Reply, kw_only=True):
    """规则全文 / Every rule in force, in plain words; most is left out where none is in force."""

    at: date
    code: str | None = None
    version: str | UnsetType = UNSET
    state: str | UnsetType = UNSET
    effective_from: date | UnsetType = UNSET
    effective_to: date | UnsetType | None = UNSET
    author: str | UnsetType | None = UNSET
    publisher: str | UnsetType | None = UNSET
    legal_review: str | UnsetType = UNSET
    instruments: list[str] | UnsetType = UNSET
    digest: str | UnsetType = UNSET
    notice_version: Annotated[
        str, Meta(description="授权告知书的现行版本 / version of the consent notice in force")
    ]
    street: (
        Annotated[
            StreetRules,
            Meta(description="该街道的补充规则集 / what the street of the community adds"),
        ]
        | UnsetType
        | None
    ) = UNSET
    items: list[RuleCard]
    next: None = None


class RuleSetDone(Done, kw_only=True):
    """规则集的状态 / Where a rule set stands."""

    digest: str
    effective_from: date | UnsetType = UNSET
    notice_id: str | UnsetType = UNSET


class RuleSetCard(Reply, kw_only=True):
    """规则集 / A rule set."""

    id: str
    code: str
    title: str | None = None
    sample: Annotated[
        bool,
        Meta(
            description="随系统提供的示例,区县尚未据以制定自己的规则"
            " / comes with the system as a sample; a district makes its own of it"
        ),
    ] = False
    state: str
    version: int
    scope: str
    effective_from: date
    effective_to: date | None = None
    based_on: str | None
    author: str | None
    publisher: str | None
    legal_review: str | None
    consulted_from: Instant | None
    comments_until: Instant | None = None
    published_at: Instant | None
    digest: str
    notice_id: str | None
    retired_because: str | None = None
    topic_id: str | None = None
    resolution_no: str | None = None


class RuleSetReply(RuleSetCard, kw_only=True):
    """规则集全文 / A rule set in full."""

    instruments: list[str]
    comments: int
    items: list[RuleCard]
    document: dict[str, object]


class CommentCard(Reply, kw_only=True):
    """一条意见 / A comment on a rule set; who wrote it is shown to the district only."""

    id: str
    rule_code: str | None
    text: str
    filed_at: Instant
    person_id: str | UnsetType = UNSET


class DiffReply(Reply, kw_only=True):
    """两版规则的差异 / What one version changes of another."""

    id: str
    code: str
    since: str
    header: list[FieldChange]
    added: list[NamedRule]
    removed: list[NamedRule]
    changed: list[RuleChange]
