"""Refusals about stewards who help with a case."""

from __future__ import annotations

from fivered.chassis.refusal import Guard, Refusal


class HelpsAlready(Refusal):
    status = 409
    text = (
        "该管家已是承办人、协办人,或已被请求协办"
        " / This steward has the case in hand, helps with it, or was asked to"
    )


class TooManyHelp(Guard):
    text = "一件诉求最多 {limit} 名协办人 / {limit} stewards help with one case at most"


class NotServing(Guard):
    text = "该管家已暂停或离岗 / This steward's post is suspended or over"
