"""Refusals of what is there already."""

from __future__ import annotations

from fivered.chassis.refusal import Refusal


class ThereAlready(Refusal):
    status = 409
    text = (
        "内容相同的一件已存在且尚未办结:{number}"
        " / The same is there already and not done with: {number}"
    )
