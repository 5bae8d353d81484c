"""Refusals about the forum's topics that owners' votes name."""

from __future__ import annotations

from fivered.chassis.refusal import Guard


class UnknownTopic(Guard):
    text = (
        "未获悉议题 {topic}:须先被采纳;刚采纳的请稍后再试"
        " / Topic {topic} is not heard of: it has to be adopted; if it just was, try again soon"
    )


class TopicElsewhere(Guard):
    text = (
        "议题 {topic} 属社区 {community},不属本项目所在社区"
        " / Topic {topic} is of community {community}, not of the project's"
    )


class TopicNotWaiting(Guard):
    text = (
        "议题 {topic} 不待业主共同决定:其意见须公示期满、属业主共同决定事项,且尚未决定"
        " / Topic {topic} does not wait for the owners: its opinion has to stand, be theirs to "
        "decide, and be undecided"
    )
