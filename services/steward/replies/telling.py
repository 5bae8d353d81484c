"""What is answered about how somebody is told."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from fivered.chassis.records import Row
from fivered.chassis.replies import Reply
from fivered.chassis.vault import Vault
from fivered.services.steward.rules.deliveries import QUIET

_TIME = Meta(description="时刻,北京时间 / time of day, Asia/Shanghai", examples=["21:00"])


class MessageChoices(Reply, kw_only=True):
    """消息推送偏好 / By which channels somebody is told."""

    chosen: Annotated[
        bool,
        Meta(
            description="是否已选择;未选择时只有紧急消息发短信 / whether anything was chosen; else"
            " only what is urgent goes to the phone"
        ),
    ]
    channels: Annotated[
        dict[str, list[str]], Meta(description="各组消息的渠道 / channels by group of messages")
    ]
    quiet_from: Annotated[str, _TIME]
    quiet_to: Annotated[str, _TIME]
    email: Annotated[
        str | None,
        Meta(description="已验证的邮箱,遮蔽显示 / the address that is confirmed, masked"),
    ]
    email_to_confirm: Annotated[
        str | None, Meta(description="待验证的邮箱,遮蔽显示 / the address to be confirmed, masked")
    ]
    sms: Annotated[bool, Meta(description="本区可否发短信 / whether the district has a sender")]
    mail: Annotated[bool, Meta(description="本区可否发邮件 / whether it has a mail server")]
    app: Annotated[
        bool, Meta(description="本区可否推送到应用 / whether it has an app that is told")
    ] = False
    wechat: Annotated[
        bool, Meta(description="本区可否发微信 / whether it has an account of WeChat")
    ] = False
    wechat_bound: Annotated[
        bool, Meta(description="本人是否已绑定微信 / whether the caller is told by WeChat")
    ] = False


def choices_of(row: Row | None, vault: Vault, channels: frozenset[str]) -> MessageChoices:
    """Return what a person has chosen, or what counts where nothing was."""
    begins, ends = QUIET if row is None else (row.quiet_from, row.quiet_to)
    email = new = None
    if row is not None:
        email = _masked(vault.open_or_none(row.email, f"{row.person_id}.email"))
        new = _masked(vault.open_or_none(row.email_new, f"{row.person_id}.email_new"))
    return MessageChoices(
        chosen=row is not None and row.channels is not None,
        channels={} if row is None else row.channels or {},
        quiet_from=f"{begins // 60:02d}:{begins % 60:02d}",
        quiet_to=f"{ends // 60:02d}:{ends % 60:02d}",
        email=email,
        email_to_confirm=new,
        sms="SMS" in channels,
        mail="EMAIL" in channels,
        app="APP" in channels,
        wechat="WECHAT" in channels,
        wechat_bound=row is not None and row.wechat is not None,
    )


def _masked(email: str | None) -> str | None:
    """Return an address of which a kept reply may tell: its first sign and its server."""
    return None if email is None else f"{email[0]}***{email[email.index('@') :]}"
