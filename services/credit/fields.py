"""Forms, words and measures of what credit takes, answers and publishes."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, get_args

from msgspec import Meta

from fivered.chassis.facts import measure, words
from fivered.chassis.fields import Area
from fivered.chassis.refusal import Invalid, said

SettlementId = Annotated[str, Meta(description="月度赋分编号 / id of the settlement")]
NoticeId = Annotated[str, Meta(description="公告编号 / id of the notice")]
ObjectionId = Annotated[str, Meta(description="异议编号 / id of the objection")]
RepairId = Annotated[str, Meta(description="修复申请编号 / id of the application for repair")]
VetoId = Annotated[str, Meta(description="一票否决提议编号 / id of the proposed veto")]
SubjectKind = Annotated[
    str, words("主体种类 / kind of the subject", "STW", "PRJ", "PCO", "MER", "PTN", "UNT")
]
Subject = Annotated[str, Meta(description="主体:种类:编号 / the subject, as kind:id")]
Ref = Annotated[str, Meta(description="主体自身的编号 / the subject's own id")]
Score = Annotated[
    int, measure("月度得分;不评分为空 / the month's score; null where it has none", "分 / points")
]
Grade = Annotated[str, Meta(description="等级 / the grade")]
Gates = Annotated[list[str], Meta(description="未过的门槛 / the gates that it failed")]
SettledArea = Annotated[
    Area,
    Meta(description="赋分的区域,多为社区 / the area whose month it is, most often a community"),
]
DocumentNumber = Annotated[str, Meta(description="文号 / the number of the document")]
EndState = Annotated[str, Meta(description="如何办结 / how it ended")]
Refusal = Annotated[
    str,
    Meta(description="拒绝代码,见 /problems / code of the refusal; /problems says what each means"),
]
AtFault = Annotated[
    str, Meta(description="有误的请求成员 / the member of the question that is at fault")
]
# What a natural person consents to, each by itself.
Purpose = Literal["SCORING", "POINTS", "PUBLIC_LIST", "COMMENDATION"]
PURPOSES: tuple[str, ...] = get_args(Purpose)


def day_of(written: str, field: str) -> date:
    """Return the day that is written in a field of a request.

    Raises:
        Invalid: There is no such day.
    """
    try:
        return date.fromisoformat(written)
    except ValueError as error:
        raise Invalid(
            field=field, reason=said("日期格式应为 YYYY-MM-DD / a day is written YYYY-MM-DD")
        ) from error
