"""Refusals about who sits at a three-party meeting, and who sits in."""

from __future__ import annotations

from fivered.chassis.refusal import Guard


class NotCommitteeMember(Guard):
    text = (
        "业主有业主委员会的,由其委员代表业主;{person} 不是委员,请列为列席人员(observers)"
        " / Owners who have a committee are represented by its members; {person} is none and is "
        "listed as an observer"
    )


class ObserverSeated(Guard):
    text = (
        "{person} 已代表一方出席,不能同时列席"
        " / {person} sits for a side and is no observer beside that"
    )
