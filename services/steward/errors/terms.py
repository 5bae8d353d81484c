"""Refusals about the terms of posts."""

from __future__ import annotations

from fivered.chassis.refusal import Guard


class TermOver(Guard):
    text = "任期不能早于今天结束 / A term does not end before today"
