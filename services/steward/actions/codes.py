"""Codes that are sent to phones, by which people sign in.

The door does the same whether the phone is anybody's or not: it counts, keeps a row and queues a
job. The job looks whose the phone is, tells identity a digest of the code, and hands the code to
the district's sender. Identity learns no phone, and who asks learns nothing.
"""

from __future__ import annotations

import logging
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from fivered.chassis import digests, records, sender
from fivered.chassis.requests import Request
from fivered.chassis.webhook_wire import Answer
from fivered.services.steward import events, replies, rules, storage
from fivered.services.steward.errors import CodeLimit, SenderMissing
from fivered.services.steward.rules import codes as limits
from fivered.services.steward.storage import codes as store
from fivered.services.steward.storage.tables import phone_codes

if TYPE_CHECKING:
    from fivered.chassis.bus import Due, Job, Tx
    from fivered.chassis.records import Row

log = logging.getLogger("fivered.steward")

JOB, TIMER = "send_code", "PHONE_CODE"


class AskPhoneCode(Request, frozen=True):
    """申请登录验证码 / A code to sign in with."""

    phone: Annotated[
        str,
        Meta(max_length=30, description="登记的手机号 / as registered", examples=["12812345678"]),
    ]


def ask_phone_code(tx: Tx, payload: AskPhoneCode) -> replies.CodeAsked:
    """申请短信登录验证码 / Ask for a code to sign in with, sent to a phone.

    无论号码是否登记,答复相同;验证码 5 分钟内有效,凭 request_id 与验证码在 `POST
    /v1/identity/sign-in-by-phone` 登录。号码须只登记于一人名下。
    The answer is the same whether or not the phone is registered; it gets a code where exactly one
    person is registered with it. One a minute, five a day to a phone.

    Raises:
        BadPhone: It is no mobile number.
        SenderMissing: This district has no sender.
        CodeLimit: Codes were asked for too often, with this phone or from this address.
    """
    if not (tx.settings.has_sender or _shows_codes(tx)):
        raise SenderMissing
    phone = rules.identity.check_sought_phone(payload.phone)
    if tx.first is not None:
        # The answer was lost: it is told again, and nothing is sent twice.
        return _told(tx, str(tx.first["id"]), datetime.fromisoformat(str(tx.first["until"])))
    now = store.real_now()
    vault = storage.vault(tx)
    of_address = limits.of_address(tx.settings.codes_of_address_per_hour)
    _count(tx, vault.digest("code_address", tx.actor.address or "?"), of_address, now)
    _count(tx, vault.digest("code_phone", phone), limits.OF_PHONE, now)
    code_id = tx.new_id("cod")
    row = records.add(
        tx.conn, phone_codes, code_id=code_id, phone=vault.seal(phone, f"{code_id}.phone"),
        state="ASKED", attempts=0, asked_at=now, until=now + limits.SPAN,
    )  # fmt: skip
    tx.start_job(JOB, {"code_id": code_id})
    return _told(tx, code_id, row.until)


def _shows_codes(tx: Tx) -> bool:
    """Tell whether codes go to the log: in a demonstration without a sender, with invented people
    alone."""
    return bool(tx.runtime.process.demo_clock and tx.settings.synthetic)


def _count(tx: Tx, subject: str, limit: limits.Limit, now: datetime) -> None:
    before = store.asked_before(tx.conn, subject, now)
    if before is not None and (seconds := limits.wait_s(before, limit, now)):
        raise CodeLimit(seconds=seconds)
    store.write_asked(tx.conn, subject, limits.counted(before, limit, now))


def _token_of(tx: Tx, code_id: str) -> str:
    """Return the half of a request's id that is kept nowhere: without it a digest tells nothing."""
    return storage.vault(tx).digest("code_token", code_id)


def _told(tx: Tx, code_id: str, until: datetime) -> replies.CodeAsked:
    request_id = f"{code_id}.{_token_of(tx, code_id)}"
    return replies.CodeAsked(id=code_id, state="ASKED", request_id=request_id, until=until)


# --------------------------------------------------------------------------------------------------
# Sending


def again(tx: Tx, due: Due) -> None:
    """Try the sender again."""
    tx.start_job(JOB, {"code_id": due.ref})


def send(job: Job) -> dict[str, object]:
    """Hand a code to the sender, between two transactions: its slowness holds no lock."""
    code_id = str(job.params["code_id"])
    with job.step() as tx:
        message, shows = _written(tx, code_id), _shows_codes(tx)
        settings = tx.settings
    if message is None:
        return {"id": code_id}
    if settings.has_sender:
        answer = sender.send(settings.sender_url, settings.sender_secret, message)
    elif shows:
        log.info("code_of_the_demonstration", extra={"id": code_id, "digits": message.code})
        answer = Answer(200, "", 0)
    else:
        answer = Answer(None, "no sender", 0)
    with job.step() as tx:
        _note(tx, code_id, answer)
    return {"id": code_id}


def _written(tx: Tx, code_id: str) -> sender.Message | None:
    """Return the message that is to go, made at the first try; None where nobody is to get one."""
    row = records.find(tx.conn, phone_codes, code_id, lock=True)
    if row is None or row.phone is None:
        # Erased meanwhile, or another worker has done it.
        return None
    if row.until <= store.real_now():
        _end(tx, code_id, "FAILED")
        return None
    vault = storage.vault(tx)
    phone = vault.open(row.phone, f"{code_id}.phone")
    holders = store.living_with(tx.conn, vault.digest("phone", phone))
    if len(holders) != 1 or row.person_id not in {None, holders[0].person_id}:
        _end(tx, code_id, "NOBODY")
        return None
    if row.digits is not None:
        return _message(row, phone, vault.open(row.digits, f"{code_id}.digits"))
    if _is_too_much(tx, holders[0].person_id):
        _end(tx, code_id, "HELD", person_id=holders[0].person_id)
        return None
    return _message(row, phone, _made(tx, row, holders[0]))


def _made(tx: Tx, row: Row, person: Row) -> str:
    """Make the code, and tell identity by what it is known."""
    code = f"{secrets.randbelow(1_000_000):06d}"
    sealed = storage.vault(tx).seal(code, f"{row.code_id}.digits", person.person_id)
    store.change(tx.conn, row.code_id, state="WAITING", digits=sealed, person_id=person.person_id)
    tx.publish(
        events.SignInCodeMade(
            code_id=row.code_id,
            person_id=person.person_id,
            digest=digests.of_code(_token_of(tx, row.code_id), code),
            until=row.until,
        ),
        subject=row.code_id,
        scope=person.area,
        sequence=1,
    )
    return code


def _is_too_much(tx: Tx, person_id: str) -> bool:
    """Tell whether a code is held back: who asked is not told, for that would tell of the phone."""
    now = store.real_now()
    if store.went_since(tx.conn, now - limits.DAY, person_id) >= limits.OF_PERSON:
        return True
    most = tx.settings.codes_per_hour
    if store.went_since(tx.conn, now - timedelta(hours=1)) < most:
        return False
    log.warning("codes_held_back", extra={"service": "steward", "limit": most})
    return True


def _message(row: Row, phone: str, code: str) -> sender.Message:
    minutes = int(limits.SPAN.total_seconds()) // 60
    return sender.Message(
        message_id=row.code_id,
        kind="sign_in_code",
        to=phone,
        text_zh=f"您的登录验证码是 {code},{minutes} 分钟内有效,请勿告诉他人。",
        text_en=f"Your code to sign in is {code}. It is good for {minutes} minutes; tell nobody.",
        code=code,
        until=row.until,
    )


def _note(tx: Tx, code_id: str, answer: Answer) -> None:
    """Keep what came of a try; while the code is good a sender that failed is tried again."""
    row = records.find(tx.conn, phone_codes, code_id, lock=True)
    if row is None or row.phone is None:
        return
    now, attempts = store.real_now(), row.attempts + 1
    came = {
        "attempts": attempts, "status": answer.status, "error": answer.why or None, "tried_at": now,
    }  # fmt: skip
    wait = timedelta(seconds=max(limits.try_again_s(attempts), answer.after_s))
    if answer.taken:
        _end(tx, code_id, "SENT", **came)
    elif answer.gone or now + wait >= row.until:
        log.warning("code_not_sent", extra={"id": code_id, "status": answer.status})
        _end(tx, code_id, "FAILED", **came)
    else:
        store.change(tx.conn, code_id, **came)
        tx.arm(TIMER, code_id, tx.now + wait)


def _end(tx: Tx, code_id: str, state: str, **more: object) -> None:
    """Keep what became of a code, and neither it nor the phone."""
    store.change(tx.conn, code_id, state=state, phone=None, digits=None, **more)
