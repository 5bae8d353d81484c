"""Messages that go out to people: to the phone by the district's sender, to a mailbox by SMTP.

A message stands in the inbox in any case. What goes out is queued in the transaction that tells,
and sent by a worker between two transactions. The phone is the register's; an e-mail address is
given by the person and confirmed by a code. What is kept of a delivery is neither text nor address.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from fivered.chassis import mailer, records, sender
from fivered.chassis.free_text import Sealed
from fivered.chassis.refusal import Invalid, NotFound, said
from fivered.chassis.requests import Request
from fivered.chassis.telling import text_of
from fivered.chassis.tells import Group
from fivered.chassis.webhook_wire import Answer
from fivered.services.steward import storage
from fivered.services.steward.errors import CodeLimit
from fivered.services.steward.errors.deliveries import EmailCodeWrong
from fivered.services.steward.messages import TELLS
from fivered.services.steward.replies.telling import MessageChoices, choices_of
from fivered.services.steward.rules import deliveries as limits
from fivered.services.steward.storage import deliveries as store

if TYPE_CHECKING:
    from fivered.chassis.bus import Due, Job, Tx
    from fivered.chassis.records import Row

log = logging.getLogger("fivered.steward")

JOB, TIMER = "deliver", "DELIVERY"
_NO_MAIL = "本区未接入邮件服务 / this district has no mail server"
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
HOURS, MINUTES = 24, 60
Channel = Literal["SMS", "EMAIL"]
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
        dict[Group, Annotated[list[Channel], Meta(max_length=2)]],
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
    _queue(tx, [_new(tx, None, mine, "EMAIL_CODE", tx.now)])
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
    settings = tx.settings
    return choices_of(row, storage.vault(tx), sms=settings.has_sender, mail=settings.has_mail)


# --------------------------------------------------------------------------------------------------
# Queueing


@dataclass(frozen=True, slots=True)
class _Out:
    delivery_id: str
    message_id: str | None
    person_id: str
    channel: str
    next_at: datetime


def _new(tx: Tx, message_id: str | None, person_id: str, channel: str, at: datetime) -> _Out:
    return _Out(tx.new_id("dlv"), message_id, person_id, channel, at)


def after_told(tx: Tx, told: Sequence[Mapping[str, object]]) -> None:
    """Queue what of these messages goes out of the system.

    Args:
        tx: The transaction that tells.
        told: The rows of the messages.
    """
    open_now = {"SMS": tx.settings.has_sender, "EMAIL": tx.settings.has_mail}
    if not any(open_now.values()):
        return
    chosen = store.choices(tx.conn, [str(row["person_id"]) for row in told])
    queued = []
    for row in told:
        person_id, kind = str(row["person_id"]), TELLS[str(row["kind"])]
        own = chosen.get(person_id)
        quiet = limits.QUIET if own is None else (own.quiet_from, own.quiet_to)
        wanted = None if own is None else own.channels
        for channel in limits.channels(wanted, kind.group, urgent=kind.urgent):
            if open_now[channel] and (channel != "EMAIL" or (own is not None and own.email)):
                at = limits.goes_at(tx.now, quiet, urgent=kind.urgent)
                queued.append(_new(tx, str(row["message_id"]), person_id, channel, at))
    _queue(tx, queued)


def _queue(tx: Tx, queued: Sequence[_Out]) -> None:
    rows = [
        {
            "delivery_id": one.delivery_id, "message_id": one.message_id,
            "person_id": one.person_id, "channel": one.channel, "state": "WAITING",
            "attempts": 0, "created_at": tx.now, "next_at": one.next_at,
        }
        for one in queued
    ]  # fmt: skip
    if not rows:
        return
    records.add_all(tx.conn, store.deliveries, rows)
    for one in queued:
        if one.next_at <= tx.now:
            tx.start_job(JOB, {"delivery_id": one.delivery_id})
        else:
            tx.arm(TIMER, one.delivery_id, one.next_at)


# --------------------------------------------------------------------------------------------------
# Sending


def again(tx: Tx, due: Due) -> None:
    """The quiet hours are over, or a try is made again."""
    tx.start_job(JOB, {"delivery_id": due.ref})


@dataclass(frozen=True, slots=True)
class _Letter:
    channel: str
    to: str
    kind: str
    text_zh: str
    text_en: str
    code: str
    until: datetime


def send(job: Job) -> dict[str, object]:
    """Hand a message to the sender or the mail server, between two transactions."""
    delivery_id = str(job.params["delivery_id"])
    with job.step() as tx:
        letter, settings = _written(tx, delivery_id), tx.settings
    if letter is None:
        return {"id": delivery_id}
    if letter.channel == "SMS":
        message = sender.Message(
            delivery_id, letter.kind, letter.to, letter.text_zh, letter.text_en, letter.code,
            letter.until,
        )  # fmt: skip
        answer = sender.send(settings.sender_url, settings.sender_secret, message)
    else:
        answer = mailer.send(
            settings.mail_server, settings.mail_from, letter.to, message_id=delivery_id,
            subject="五红消息 / Five Red", text=f"{letter.text_zh}\n\n{letter.text_en}\n",
        )  # fmt: skip
    with job.step() as tx:
        _note(tx, delivery_id, answer, letter.until)
    return {"id": delivery_id}


def _written(tx: Tx, delivery_id: str) -> _Letter | None:
    """Return what is to go, and where; None where nothing is."""
    row = records.find(tx.conn, store.deliveries, delivery_id, lock=True)
    if row is None or row.state != "WAITING":
        return None
    until = row.created_at + limits.GOOD_FOR
    if until <= tx.now:
        _end(tx, delivery_id, "LATE")
        return None
    letter = _code(tx, row) if row.channel == "EMAIL_CODE" else _message(tx, row, until)
    if letter is None:
        _end(tx, delivery_id, "NOBODY")
    return letter


def _message(tx: Tx, row: Row, until: datetime) -> _Letter | None:
    told = store.told(tx.conn, tx.runtime.chassis, row.message_id)
    to = _address(tx, row.person_id, row.channel)
    if told is None or to is None:
        return None
    zh, en = text_of(tx, told.kind, told.detail)
    return _Letter(row.channel, to, told.kind.lower(), zh, en, "", until)


def _address(tx: Tx, person_id: str, channel: str) -> str | None:
    vault = storage.vault(tx)
    if channel == "SMS":
        person = storage.people.person(tx.conn, person_id)
        if person is None or person.status != "ACTIVE":
            return None
        return vault.open_or_none(person.phone, f"{person_id}.phone")
    own = store.choice(tx.conn, person_id)
    return None if own is None else vault.open_or_none(own.email, f"{person_id}.email")


def _code(tx: Tx, row: Row) -> _Letter | None:
    own, vault = store.choice(tx.conn, row.person_id), storage.vault(tx)
    if own is None or own.email_digits is None or own.email_until <= tx.now:
        return None
    to = vault.open(own.email_new, f"{row.person_id}.email_new")
    digits = vault.open(own.email_digits, f"{row.person_id}.email_digits")
    zh = f"您的邮箱验证码是 {digits},30 分钟内有效。如非本人操作,请忽略。"
    en = f"Your code is {digits}; it is good for 30 minutes. If you did not ask for it, ignore it."
    return _Letter("EMAIL", to, "email_code", zh, en, digits, own.email_until)


def _note(tx: Tx, delivery_id: str, answer: Answer, until: datetime) -> None:
    """Keep what came of a try."""
    row = records.find(tx.conn, store.deliveries, delivery_id, lock=True)
    if row is None or row.state != "WAITING":
        return
    attempts = row.attempts + 1
    came = {"attempts": attempts, "status": answer.status, "error": answer.why[:200] or None}
    if answer.taken:
        _end(tx, delivery_id, "SENT", **came)
        return
    # A mail server's 5xx is for good; the district's sender says so by 410.
    final = answer.gone if row.channel == "SMS" else (answer.status or 0) >= 500
    at = None if final else limits.next_try(tx.now, attempts, answer.after_s)
    if at is None or at >= until:
        log.warning(
            "delivery_dead",
            extra={"id": delivery_id, "channel": row.channel, "status": answer.status},
        )
        _end(tx, delivery_id, "DEAD", **came)
        return
    store.change(tx.conn, delivery_id, next_at=at, **came)
    tx.arm(TIMER, delivery_id, at)


def _end(tx: Tx, delivery_id: str, state: str, **more: object) -> None:
    store.change(tx.conn, delivery_id, state=state, next_at=None, ended_at=tx.now, **more)
