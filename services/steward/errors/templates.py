"""Refusals about templates of replies."""

from __future__ import annotations

from fivered.chassis.refusal import Guard


class UnknownPlace(Guard):
    text = (
        "模板不能使用占位符“{place}”;可用:{places}"
        " / A template has no place {place}; there are {places}"
    )


class TemplateUnfit(Guard):
    text = (
        "该模板不适用于此诉求:区域、事项不符,或已停用"
        " / The template is not for this request: another area or matter, or out of use"
    )


class NoEnglish(Guard):
    text = "该模板没有英文 / The template has no English text"
