"""What credit publishes of a month and of its notices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta

from fivered.chassis.facts import fact, moment, words
from fivered.chassis.fields import Area, Period
from fivered.services.credit.fields import (
    Gates,
    Grade,
    NoticeId,
    Ref,
    Score,
    SettledArea,
    SettlementId,
    Subject,
    SubjectKind,
)


@fact(
    "settlement_published.v1",
    about="settlement",
    visibility="public",
    when="区域的月度赋分确认后公示时;撤回确认后重新公示再发一条 / when the month of an area is "
    "published after its confirmation; again where it had to be published anew",
    by=("confirm_settlement", "on_publish"),
)
class SettlementPublished:
    """月度赋分已公示 / The month of an area is published; objections are open."""

    settlement_id: SettlementId
    period: Period
    community: SettledArea
    notice_id: NoticeId
    objection_until: Annotated[
        str,
        moment("异议截止,ISO 8601 时间,UTC / until when it may be objected to, ISO 8601, in UTC"),
    ]


@dataclass(frozen=True, slots=True)
class FinalEntry:
    """The final standing of one organisation or steward."""

    subject: Subject
    kind: SubjectKind
    ref: Ref
    score: Score | None
    grade: Grade
    gates_failed: Gates = field(default_factory=list)


@fact(
    "settlement_finalised.v1",
    about="settlement",
    when="区域的月度赋分最终生效时;一部分因异议后定的,定下时再发一条 / when the month of an "
    "area becomes final; once more for what an objection had held back",
    by=(
        "on_notice_end",
        "on_settlement_close",
        "decide_objection",
        "review_objection",
        "withdraw_objection",
    ),
    after=("settlement_published.v1",),
)
class SettlementFinalised:
    """月度赋分已生效 / Entries have become final; organisations and stewards only."""

    settlement_id: SettlementId
    period: Period
    community: SettledArea
    entries: Annotated[
        list[FinalEntry], Meta(description="各组织与管家 / organisations and stewards")
    ]


@fact(
    "notice_published.v1",
    about="notice",
    visibility="public",
    when="发布公告时;更正的公告是另一份,另发一条 / when a public notice is put up; one that "
    "corrects it is another notice",
    by=(
        "confirm_settlement",
        "on_publish",
        "correct_notice",
        "consult_rule_set",
        "publish_rule_set",
        "publicise_commendation",
        "retire_rule_set",
    ),
)
class NoticePublished:
    """公告已发布 / A public notice is published."""

    notice_id: NoticeId
    kind: Annotated[
        str,
        words(
            "公告种类 / what it is about",
            "SETTLEMENT",
            "COMMENDATION",
            CONSULTATION="规则征求意见 / a draft of rules, open to comments",
            RULES="规则发布或停用 / rules that are published or retired",
        ),
    ]
    scope: Annotated[Area, Meta(description="公告的区域 / the area for which it is put up")]
    ends_at: Annotated[
        str,
        moment("公示期满,ISO 8601 时间,UTC / when its term ends, ISO 8601, in UTC"),
    ]
