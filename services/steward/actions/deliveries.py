"""Which messages go out to people, and by which channels: what people choose, and the queue.

A message stands in the inbox in any case. What goes out is queued in the transaction that tells,
also what another service has told (`fivered.chassis.going_out`), and sent by a worker between two
transactions (`sending`). The phone is the register's; an e-mail address is given by the person and
confirmed by a code.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from fivered.chassis import identities, wechat
from fivered.chassis.free_text import Sealed
from fivered.chassis.refusal import Invalid, NotFound, said
from fivered.chassis.requests import Request
from fivered.chassis.tells import Group
from fivered.services.steward import storage
from fivered.services.steward.actions import sending
from fivered.services.steward.errors import CodeLimit
from fivered.services.steward.errors.deliveries import EmailCodeWrong, WechatCodeWrong
from fivered.services.steward.messages import TELLS
from fivered.services.steward.replies.telling import MessageChoices, choices_of
from fivered.services.steward.rules import deliveries as limits
from fivered.services.steward.settings import StewardSettings
from fivered.services.steward.storage import deliveries as store

if TYPE_CHECKING:
    from fivered.chassis.bus import Event, Tx
    from fivered.chassis.records import Row

_NO_WECHAT = "本区未接入微信公众号 / this district has no account of WeChat"
_NO_MAIL = "本区未接入邮件服务 / this district has no mail server"
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
HOURS, MINUTES = 24, 60
Channel = Literal["SMS", "EMAIL", "APP", "WECHAT"]
Minutes = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{2}:[0-9]{2}$",
        description="时刻,北京时间 / time of day, Asia/Shanghai",
        examples=["21:00"],
    ),
]


class ChooseMessages(Request, frozen=True):
    """消息推送偏好 / By which channels one is told."""

    channels: Annotated[
        dict[Group, Annotated[list[Channel], Meta(max_length=4)]],
        Meta(
            max_length=10,
            description="各组消息推送到哪里;未列的组只在站内 / channels of each group; a group that"
            " is not named stays in the inbox",
            examples=[{"MATTERS": ["SMS"], "DUTIES": ["SMS", "EMAIL"]}],
        ),
    ]
    quiet_from: Minutes = "21:00"
    quiet_to: Minutes = "08:00"


class GiveEmail(Request, frozen=True):
    """电子邮箱 / An address of e-mail; null takes it back."""

    email: (
        Annotated[
            str,
            Meta(
                max_length=120,
                examples=["wang@example.cn"],
            ),
            Sealed("the person alone"),
        ]
        | None
    )


class ConfirmEmail(Request, frozen=True):
    """验证码 / The code that was sent there."""

    code: Annotated[str, Meta(pattern=r"^[0-9]{6}$", examples=["123456"])]


def choose_messages(tx: Tx, payload: ChooseMessages) -> MessageChoices:
    """设置消息推送偏好 / Choose by which channels one is told.

    站内消息始终保留。不紧急的消息在免打扰时段内不推送,时段结束后送达。
    The inbox has every message in any case. What is not urgent waits until the quiet hours end.

    Raises:
        Invalid: There is no such time of day.
    """
    store.keep(
        tx.conn,
        tx.actor.id,
        channels={group: list(dict.fromkeys(one)) for group, one in payload.channels.items()},
        quiet_from=_minute(payload.quiet_from, "quiet_from"),
        quiet_to=_minute(payload.quiet_to, "quiet_to"),
        changed_at=tx.now,
    )
    return _shown(tx)


def give_email(tx: Tx, payload: GiveEmail) -> MessageChoices:
    """填写电子邮箱,验证码将发至该邮箱 / Give an address of e-mail; a code is sent there.

    验证后才启用;为空则撤回。It counts once the code was given; null takes the address back.

    Raises:
        Invalid: This district has no mail server, or it is no address.
        CodeLimit: Five codes were sent to the person within a day.
        NotFound: The caller is not registered.
    """
    if not tx.settings.has_mail:
        raise Invalid(field="email", reason=said(_NO_MAIL))
    person = storage.people.lock(tx.conn, tx.actor.id)
    if person is None or person.status != "ACTIVE":
        raise NotFound(kind="person", id=tx.actor.id)
    blank = {"email_new": None, "email_digits": None, "email_until": None, "email_tries": 0}
    if payload.email is None:
        _keep(tx, email=None, **blank)
        return _shown(tx)
    if not _EMAIL.fullmatch(payload.email):
        raise Invalid(field="email", reason=said("不是邮箱地址 / it is no address of e-mail"))
    vault, mine = storage.vault(tx), tx.actor.id
    before = store.choice(tx.conn, mine, lock=True)
    codes, since = _codes(before, tx.now)
    if codes >= limits.CODES_PER_DAY:
        again = since + timedelta(days=1)
        raise CodeLimit(seconds=int((again - tx.now).total_seconds()) + 1)
    _keep(
        tx,
        email_new=vault.seal(payload.email, f"{mine}.email_new", mine),
        email_digits=vault.seal(
            f"{secrets.randbelow(1_000_000):06d}", f"{mine}.email_digits", mine
        ),
        email_until=tx.now + limits.CODE_FOR,
        email_tries=0,
        email_codes=codes + 1,
        email_since=since,
    )
    code = sending.Told("", mine, "EMAIL_CODE", "ACCOUNT", urgent=True, at=tx.now)
    sending.keep(tx, [sending.row(tx, code, "EMAIL_CODE", tx.now)])
    return _shown(tx)


def _codes(before: Row | None, now: datetime) -> tuple[int, datetime]:
    since = None if before is None else before.email_since
    if before is None or since is None or since + timedelta(days=1) <= now:
        return 0, now
    return before.email_codes, since


def confirm_email(tx: Tx, payload: ConfirmEmail) -> MessageChoices:
    """确认电子邮箱 / Confirm the address by the code that was sent there.

    Raises:
        EmailCodeWrong: It is another one, its 30 minutes are over, or five were wrong.
    """
    mine, vault = tx.actor.id, storage.vault(tx)
    row = store.choice(tx.conn, mine, lock=True)
    waits = row is not None and row.email_digits is not None and row.email_until > tx.now
    if row is None or not waits or row.email_tries >= limits.CODE_TRIES:
        raise EmailCodeWrong(field="code")
    if not secrets.compare_digest(
        vault.open(row.email_digits, f"{mine}.email_digits"), payload.code
    ):
        # A refusal rolls back: the try is counted beside it.
        tx.afterwards(lambda writing: _count(writing, mine))
        raise EmailCodeWrong(field="code")
    email = vault.open(row.email_new, f"{mine}.email_new")
    _keep(
        tx,
        email=vault.seal(email, f"{mine}.email", mine),
        email_new=None, email_digits=None, email_until=None, email_tries=0,
    )  # fmt: skip
    return _shown(tx)


class BindWechat(Request, frozen=True):
    """微信授权码 / The code of WeChat's sign-in; null ends it."""

    code: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{8,128}$", examples=["081Wx0ll2Yb"])] | None


def ask_wechat(settings: StewardSettings, payload: BindWechat) -> str | None:
    """Ask WeChat, outside of any transaction, who was given the code.

    Raises:
        WechatCodeWrong: WeChat does not know the code, or does not answer.
    """
    if payload.code is None or not settings.has_wechat:
        return None
    found = wechat.openid_of(settings.wechat, payload.code)
    if found is None:
        raise WechatCodeWrong(field="code")
    return found


def bind_wechat(tx: Tx, payload: BindWechat) -> MessageChoices:
    """绑定微信 / Be told by WeChat.

    授权码由微信网页授权取得;为空则解除。The code comes from WeChat's own sign-in; null ends it.

    Raises:
        Invalid: This district has no account of WeChat.
        WechatCodeWrong: WeChat does not know the code, or does not answer.
        NotFound: The caller is not registered.
    """
    person = storage.people.lock(tx.conn, tx.actor.id)
    if person is None or person.status != "ACTIVE":
        raise NotFound(kind="person", id=tx.actor.id)
    if payload.code is not None and not tx.settings.has_wechat:
        raise Invalid(field="code", reason=said(_NO_WECHAT))
    mine, openid = tx.actor.id, None if payload.code is None else str(tx.ahead)
    sealed = None if openid is None else storage.vault(tx).seal(openid, f"{mine}.wechat", mine)
    _keep(tx, wechat=sealed)
    return _shown(tx)


def _count(tx: Tx, person_id: str) -> None:
    row = store.choice(tx.conn, person_id, lock=True)
    if row is not None:
        store.keep(tx.conn, person_id, email_tries=row.email_tries + 1)


def _keep(tx: Tx, **values: object) -> None:
    row = store.choice(tx.conn, tx.actor.id, lock=True)
    quiet = (
        {} if row is not None else dict(zip(("quiet_from", "quiet_to"), limits.QUIET, strict=True))
    )
    store.keep(tx.conn, tx.actor.id, changed_at=tx.now, **quiet, **values)


def _minute(text: str, field: str) -> int:
    hour, _, minute = text.partition(":")
    if int(hour) >= HOURS or int(minute) >= MINUTES:
        raise Invalid(field=field, reason=said("没有这个时刻 / there is no such time of day"))
    return int(hour) * 60 + int(minute)


def _shown(tx: Tx) -> MessageChoices:
    row = store.choice(tx.conn, tx.actor.id)
    return choices_of(row, storage.vault(tx), tx.settings.channels)


# --------------------------------------------------------------------------------------------------
# Queueing


def after_told(tx: Tx, told: Sequence[Mapping[str, object]]) -> None:
    """Queue what of these messages goes out of the system.

    Args:
        tx: The transaction that tells.
        told: The rows of the messages.
    """
    queue(
        tx,
        [
            sending.Told(
                str(row["message_id"]), str(row["person_id"]), str(row["kind"]), kind.group,
                kind.urgent, tx.now,
            )
            for row in told
            for kind in [TELLS[str(row["kind"])]]
        ],
    )  # fmt: skip


def consume(tx: Tx, heard: list[Event]) -> None:
    """Queue what the other services have told, as each person wants to be told."""
    every = [(event, one) for event in heard for one in event.data.messages]
    named = {person_id for _, one in every for person_id in one.to}
    kept = identities.kept(tx.conn, storage.tables.persons, named)
    queue(
        tx,
        [
            sending.Told(
                one.message_id, person_id, one.kind, one.group, one.urgent, one.at, event.source,
                {"zh": one.text_zh, "en": one.text_en, "group": one.group},
            )
            for event, one in every
            if one.at + limits.GOOD_FOR > tx.now
            for person_id in identities.one_each(one.to, kept)
        ],
    )  # fmt: skip


def _has(own: Row | None, channel: str) -> bool:
    """Tell whether a person has given the address that a channel needs."""
    if channel in {"SMS", "APP"}:
        return True
    return own is not None and bool(own.email if channel == "EMAIL" else own.wechat)


def queue(tx: Tx, messages: Sequence[sending.Told]) -> None:
    """Queue by each channel that its person has chosen, and the district has, a message."""
    open_now = tx.settings.channels
    if not open_now or not messages:
        return
    chosen = store.choices(tx.conn, [one.person_id for one in messages])
    queued = []
    for one in messages:
        own = chosen.get(one.person_id)
        quiet = limits.QUIET if own is None else (own.quiet_from, own.quiet_to)
        wanted = None if own is None else own.channels
        for channel in limits.channels(wanted, one.group, urgent=one.urgent):
            if channel in open_now and _has(own, channel):
                at = limits.goes_at(tx.now, quiet, urgent=one.urgent)
                queued.append(sending.row(tx, one, channel, at))
    sending.keep(tx, queued)
