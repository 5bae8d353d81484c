"""Messages are sent: to phones by the district's sender, to mailboxes, to its app, by WeChat.

A delivery is a row with a job; a worker that is killed loses none. What is kept of it is no
address, and no text once it is over.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from fivered.chassis import mailer, records, sender, wechat
from fivered.chassis.calendar import Calendar
from fivered.chassis.telling import text_of
from fivered.chassis.tells import GROUPS, Group
from fivered.chassis.webhook_wire import Answer
from fivered.services.steward import storage
from fivered.services.steward.messages import TELLS
from fivered.services.steward.rules import deliveries as limits
from fivered.services.steward.settings import StewardSettings
from fivered.services.steward.storage import deliveries as store

if TYPE_CHECKING:
    from fivered.chassis.bus import Due, Job, Tx
    from fivered.chassis.records import Row
    from fivered.chassis.storage import Values

log = logging.getLogger("fivered.steward")

JOB, TIMER = "deliver", "DELIVERY"


@dataclass(frozen=True, slots=True)
class Told:
    """A message to one person that may go out.

    Attributes:
        message_id: Its id, in the service of origin.
        person_id: To whom.
        kind: Its kind, as that service calls it.
        group, urgent: For what channels are chosen, and whether it goes out in quiet hours.
        at: When it was told.
        source: The service of origin; None is this one, which has its text.
        said: What it says, where another service has told it: `zh` and `en`.
    """

    message_id: str
    person_id: str
    kind: str
    group: str
    urgent: bool
    at: datetime
    source: str | None = None
    said: Mapping[str, str] | None = None


def row(tx: Tx, message: Told, channel: str, at: datetime) -> dict[str, object]:
    """Return the row of a delivery that is to go out at a time."""
    return {
        "delivery_id": tx.new_id("dlv"), "message_id": message.message_id or None,
        "person_id": message.person_id, "channel": channel, "state": "WAITING",
        "attempts": 0, "created_at": message.at, "next_at": at, "source": message.source,
        "kind": message.kind, "said": message.said,
    }  # fmt: skip


def keep(tx: Tx, rows: Sequence[Values]) -> None:
    """Queue deliveries."""
    if not rows:
        return
    records.add_all(tx.conn, store.deliveries, rows)
    for one in rows:
        start(tx, str(one["delivery_id"]), cast("datetime", one["next_at"]))


def start(tx: Tx, delivery_id: str, at: datetime) -> None:
    """Have a delivery sent at a time."""
    if at <= tx.now:
        tx.start_job(JOB, {"delivery_id": delivery_id})
    else:
        tx.arm(TIMER, delivery_id, at)


def again(tx: Tx, due: Due) -> None:
    """The quiet hours are over, or a try is made again."""
    tx.start_job(JOB, {"delivery_id": due.ref})


@dataclass(frozen=True, slots=True)
class _Letter:
    channel: str
    to: str
    service: str
    kind: str
    group: Group
    text_zh: str
    text_en: str
    code: str
    at: datetime
    until: datetime


def send(job: Job) -> dict[str, object]:
    """Hand a message to the sender or the mail server, between two transactions."""
    delivery_id = str(job.params["delivery_id"])
    with job.step() as tx:
        letter, settings = _written(tx, delivery_id), tx.settings
    if letter is None:
        return {"id": delivery_id}
    answer = _BY[letter.channel](settings, delivery_id, letter)
    with job.step() as tx:
        _note(tx, delivery_id, answer, letter.until)
    return {"id": delivery_id}


def _by_phone(settings: StewardSettings, delivery_id: str, letter: _Letter) -> Answer:
    message = sender.Message(
        delivery_id, letter.kind, letter.to, letter.text_zh, letter.text_en, letter.code,
        letter.until,
    )  # fmt: skip
    return sender.send(settings.sender_url, settings.sender_secret, message)


def _by_mail(settings: StewardSettings, delivery_id: str, letter: _Letter) -> Answer:
    return mailer.send(
        settings.mail_server, settings.mail_from, letter.to, message_id=delivery_id,
        subject="五红消息 / Five Red", text=f"{letter.text_zh}\n\n{letter.text_en}\n",
    )  # fmt: skip


def _by_app(settings: StewardSettings, delivery_id: str, letter: _Letter) -> Answer:
    message = sender.Push(
        delivery_id, letter.to, letter.service, letter.kind, letter.group, letter.text_zh,
        letter.text_en, letter.until,
    )  # fmt: skip
    return sender.push(settings.app_url, settings.app_secret, message)


def _by_wechat(settings: StewardSettings, _delivery_id: str, letter: _Letter) -> Answer:
    known = wechat.templates(settings.wechat_templates)
    template = known.get(letter.group) or known.get("*")
    if template is None:
        return Answer(410, f"no template of {letter.group}", 0)
    filled = wechat.Said(
        letter.text_zh, str(GROUPS[letter.group]), letter.service, Calendar.minute(letter.at)
    )
    return wechat.send(settings.wechat, letter.to, template, filled)


_BY = {"SMS": _by_phone, "EMAIL": _by_mail, "APP": _by_app, "WECHAT": _by_wechat}


def _written(tx: Tx, delivery_id: str) -> _Letter | None:
    """Return what is to go, and where; None where nothing is."""
    row = records.find(tx.conn, store.deliveries, delivery_id, lock=True)
    if row is None or row.state != "WAITING":
        return None
    until = (row.retried_at or row.created_at) + limits.GOOD_FOR
    if until <= tx.now:
        _end(tx, delivery_id, "LATE")
        return None
    letter = _code(tx, row) if row.channel == "EMAIL_CODE" else _message(tx, row, until)
    if letter is None:
        _end(tx, delivery_id, "NOBODY")
    return letter


def _message(tx: Tx, row: Row, until: datetime) -> _Letter | None:
    to, texts = _address(tx, row.person_id, row.channel), _texts(tx, row)
    if to is None or texts is None:
        return None
    kind, group, zh, en = texts
    service = row.source or tx.runtime.name
    return _Letter(row.channel, to, service, kind.lower(), group, zh, en, "", row.created_at, until)


def _texts(tx: Tx, row: Row) -> tuple[str, Group, str, str] | None:
    """Return the kind of a message, its group and what it says, in Chinese and in English."""
    if row.source is not None:
        said = row.said
        kind = f"{row.source}_{row.kind}"
        return (kind, said["group"], said["zh"], said["en"]) if said else None
    told = store.told(tx.conn, tx.runtime.chassis, row.message_id)
    if told is None:
        return None
    known = TELLS.get(told.kind)
    group: Group = "MATTERS" if known is None else known.group
    return told.kind, group, *text_of(tx, told.kind, told.detail)


def _address(tx: Tx, person_id: str, channel: str) -> str | None:
    vault = storage.vault(tx)
    if channel in {"SMS", "APP"}:
        person = storage.people.person(tx.conn, person_id)
        if person is None or person.status != "ACTIVE":
            return None
        if channel == "APP":
            return person_id
        return vault.open_or_none(person.phone, f"{person_id}.phone")
    own = store.choice(tx.conn, person_id)
    name = "email" if channel == "EMAIL" else "wechat"
    return None if own is None else vault.open_or_none(getattr(own, name), f"{person_id}.{name}")


def _code(tx: Tx, row: Row) -> _Letter | None:
    own, vault = store.choice(tx.conn, row.person_id), storage.vault(tx)
    if own is None or own.email_digits is None or own.email_until <= tx.now:
        return None
    to = vault.open(own.email_new, f"{row.person_id}.email_new")
    digits = vault.open(own.email_digits, f"{row.person_id}.email_digits")
    zh = f"您的邮箱验证码是 {digits},30 分钟内有效。如非本人操作,请忽略。"
    en = f"Your code is {digits}; it is good for 30 minutes. If you did not ask for it, ignore it."
    return _Letter(
        "EMAIL", to, tx.runtime.name, "email_code", "ACCOUNT", zh, en, digits, tx.now,
        own.email_until,
    )  # fmt: skip


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
    # A mail server's 5xx is for good; the others say so by 410.
    by_mail = row.channel.startswith("EMAIL")
    final = (answer.status or 0) >= 500 if by_mail else answer.gone
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
    # One that is given up may be tried again, and then says the same.
    said = {} if state == "DEAD" else {"said": None}
    store.change(tx.conn, delivery_id, state=state, next_at=None, ended_at=tx.now, **more, **said)
