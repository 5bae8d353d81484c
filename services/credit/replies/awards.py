"""What is answered about awards and a week's hours."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from fivered.chassis.fields import Instant, OwnMatter
from fivered.chassis.replies import Page, Reply
from fivered.services.credit.replies.common import Done


class Evidence(Struct, kw_only=True):
    """一份依据材料 / A reference to what shows that something was done."""

    ref: str


class Why(Struct, kw_only=True):
    """一笔赋分的理由 / Why an award was given: its rule, its event, its evidence."""

    rule_set: str
    rule: str
    name: str | None = None
    instrument: str | None = None
    article: int | None = None
    text: str | None = None
    basis: str | None = None
    dimension: str | None = None
    event_type: str | None = None
    event_id: str | None = None
    deed: str | None = None
    actor: str | None = None
    evidence: list[Evidence]
    document_no: str | None = None
    inputs: dict[str, object] | None = None
    corrects: str | None = None
    reason: str | None = None
    proposal: str | None = None
    last_word: str | None = None
    last_word_en: str | None = None
    decision: str | None = None


class Waits(Struct, kw_only=True):
    """待谁审核 / For whose decision it waits, since and until when."""

    for_: str | None = field(name="for")
    since: Instant | None
    due: Instant | None
    overdue: bool


class Chain(Struct, kw_only=True):
    """经办人 / Who proposed it, and who decided."""

    proposed_by: str | None
    decided_by: str | None


class AwardReply(Reply, kw_only=True):
    """一笔赋分及其理由 / An award and why it was given."""

    id: str
    subject: str
    state: str
    version: int
    score: int
    points: int
    score_before_cap: int
    points_before_cap: int
    flags: list[str]
    deduction: bool
    effective: bool
    decided_by_person: bool
    occurred_at: Instant
    period: str
    counts_until: str
    waits: Waits | None = None
    why: Why
    chain: Annotated[Chain, Meta(description="经办人 / who acted")] | UnsetType = UNSET
    reason: (
        Annotated[str, Meta(description="为何撤销 / why it was taken back")] | UnsetType | None
    ) = UNSET
    own_matter: OwnMatter = UNSET


class AwardDone(Done, kw_only=True):
    """一笔赋分的状态 / Where an award stands; of an approval what it gives under its cap."""

    score: int | UnsetType = UNSET
    points: int | UnsetType = UNSET
    flags: list[str] | UnsetType = UNSET


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
    from_: Annotated[str, Meta(description="该周首日 / its first day")] = field(name="from")
    to: Annotated[str, Meta(description="该周末日 / its last day")]
