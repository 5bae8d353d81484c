"""Refusals about service standards: categories, service times and hours as data."""

from __future__ import annotations

from fivered.chassis.refusal import Guard, Refusal


class StandardProposed(Refusal):
    status = 409
    text = (
        "已有一版办理标准待审核 / A version of the service standards waits for its decision already"
    )


class StandardUnchanged(Guard):
    text = "与现行标准没有差别 / This changes nothing of the version before"


class StandardTooEarly(Guard):
    text = "施行日期须晚于 {day} / It can count from a day after {day} only"


class StandardSamePerson(Guard):
    text = "起草人不能审核本人起草的标准 / Who proposed a version does not approve it"


class CategoryNotOffered(Guard):
    text = (
        "“{category}”不再受理新诉求,请改选其他事项"
        " / {category} takes no new requests; choose another one"
    )
    names = ("category",)


class NoSuchPart(Guard):
    text = "“{category}”没有细类 {part};有:{known} / {category} has no part {part}; it has: {known}"
    names = ("category",)
