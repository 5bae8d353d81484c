"""Kinds of messages, as a service declares them in its room `messages.py`; see `telling`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from fivered.chassis.refusal import Sentence

# What a person chooses channels for, and how each is called.
GROUPS: Mapping[str, Sentence] = {
    "MATTERS": Sentence("本人事项的进展 / how my matters go on"),
    "DUTIES": Sentence("待办、催办与督办 / what I have to do, reminders and escalations"),
    "MEETINGS": Sentence("会议与邀请 / meetings and invitations"),
    "POINTS": Sentence("积分、信用与兑换 / points, credit and redemptions"),
    "ACCOUNT": Sentence("账号与个人信息 / account and personal data"),
}
Group = Literal["MATTERS", "DUTIES", "MEETINGS", "POINTS", "ACCOUNT"]
_PLACE = re.compile(r"\{(\w+)\}")


class Tells:
    """A kind of message.

    Args:
        text: "中文 / English"; places in braces are filled from what `tell` is given.
        to: Who gets it, "中文 / English".
        when: When it is said, "中文 / English".
        group: For what the person chooses channels.
        urgent: Whether it goes out in quiet hours, too.

    Raises:
        ValueError: A text lacks a language.
    """

    __slots__ = ("group", "places", "text", "to", "urgent", "when")

    def __init__(
        self, text: str, *, to: str, when: str, group: Group = "MATTERS", urgent: bool = False
    ) -> None:
        self.text, self.to, self.when = Sentence(text), Sentence(to), Sentence(when)
        self.group, self.urgent = group, urgent
        self.places = frozenset(_PLACE.findall(self.text))
