"""The fact by which a service has its messages sent, and what the one that sends reads of it; pure.
See `going_out`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from msgspec import Meta

from fivered.chassis.facts import fact, moment, words
from fivered.chassis.fields import PersonId
from fivered.chassis.tells import GROUPS


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message that leaves.

    Attributes:
        message_id: Its id in the service of origin.
        to: Who is told.
        kind, group, urgent: As in `Tells`.
        at: When it was told.
        text_zh, text_en: What it says without what people have written.
    """

    message_id: Annotated[str, Meta(description="消息编号 / id of the message")]
    to: Annotated[list[PersonId], Meta(description="告知谁 / who is told")]
    kind: Annotated[str, Meta(description="消息种类 / kind of message")]
    group: Annotated[
        str,
        words(
            "消息分组 / group, by which channels are chosen",
            **{name: str(text) for name, text in GROUPS.items()},
        ),
    ]
    urgent: Annotated[bool, Meta(description="是否紧急 / whether it goes out in quiet hours")]
    at: Annotated[datetime, moment("告知时间,UTC / when it was told, in UTC")]
    text_zh: Annotated[
        str,
        Meta(description="中文正文,不含人填写的文字 / in Chinese, without what people wrote"),
    ]
    text_en: Annotated[str, Meta(description="英文正文 / text in English")]


@fact(
    "messages_told.v1",
    about="message",
    when="向人告知消息后,可一次说多条,每条只说一次 / when people were told something; several "
    "messages in one event, each once",
    by=("on_told",),
)
class MessagesTold:
    """消息待推送 / Messages that go out to phones and mailboxes as people have chosen."""

    messages: Annotated[list[Outgoing], Meta(description="各条消息 / the messages")]


@dataclass(frozen=True, slots=True)
class MessagesHeard:
    """What the service that sends reads of it."""

    messages: list[Outgoing]
