"""Sign in by a code that steward has sent to a phone. No phone is known here."""

from __future__ import annotations

import secrets as chance
from typing import Annotated

from msgspec import Meta

from fivered.chassis import digests, records
from fivered.chassis.bus import Tx
from fivered.chassis.records import Row
from fivered.chassis.requests import SECRET, Request
from fivered.services.identity import replies
from fivered.services.identity.actions import signing_in
from fivered.services.identity.errors import FactorFirst, PhoneCodeFailed
from fivered.services.identity.fields import Code, Device, RefreshToken
from fivered.services.identity.rules import tries
from fivered.services.identity.storage import accounts as store
from fivered.services.identity.storage import grants as grant_store
from fivered.services.identity.storage import secrets
from fivered.services.identity.storage.moments import real_now
from fivered.services.identity.storage.tables import accounts


class SignInByPhone(Request, frozen=True):
    """短信验证码登录 / Sign in by a code that was sent to a phone."""

    request_id: Annotated[
        str,
        Meta(
            max_length=200,
            description="申请验证码时答复的 request_id / as `POST /v1/steward/phone-codes` told it",
            examples=["cod_01941f29-7c00-7000-8000-000000000001.5b1e"],
            extra=SECRET,
        ),
    ]
    phone_code: Annotated[
        str,
        Meta(
            pattern="^[0-9]{6}$",
            description="短信中的 6 位验证码 / the 6 digits of the message",
            examples=["492039"],
            extra=SECRET,
        ),
    ]
    code: Code | None = None
    device: Device | None = None
    refresh_token: (
        Annotated[
            RefreshToken,
            Meta(
                description="本设备先前登录的刷新令牌:他人的失败尝试不影响本设备 / of a sign-in "
                "of before on this device: then tries of others do not hold it up"
            ),
        ]
        | None
    ) = None


def count_try(tx: Tx, payload: SignInByPhone) -> None:
    """Count a try as failed before it is looked at, whether there is such a code or not.

    Raises:
        TooManyTries: So many have failed that it is not looked at now.
    """
    code_id = _code_id(payload)
    row = store.phone_code(tx.conn, code_id)
    if row is not None:
        tx.about(row.person_id)
    signing_in.count_all(tx, _subjects(tx, payload, row))
    store.count_code_try(tx.conn, code_id)


def _code_id(payload: SignInByPhone) -> str:
    return payload.request_id.partition(".")[0]


def _subjects(tx: Tx, payload: SignInByPhone, row: Row | None) -> dict[str, int]:
    account = None if row is None else store.of_person(tx.conn, row.person_id)
    meant = f"phone\n{_code_id(payload)}"
    known = signing_in.subjects_of_device(tx, account, payload.refresh_token, meant)
    return known or signing_in.subjects(tx, meant)


def sign_in_by_phone(tx: Tx, payload: SignInByPhone) -> replies.Tokens:
    """短信验证码登录 / Sign in by a code that was sent to a phone.

    首次登录的居民由此开通账号。启用身份验证器的,须同时提交其验证码;工作人员启用前不能用此方式。
    A resident who comes for the first time has an account from then on. Who has an authenticator
    shows its `code` as well; staff sign in so only once they have one.

    Raises:
        PhoneCodeFailed: The code is wrong, used, too old or not known yet, or nobody may sign in
            by it.
        CodeRequired: The code is right, and one of the authenticator is needed too.
        SignInFailed: That one is wrong.
        FactorFirst: Staff need an authenticator first.
        TooManyTries: Too many have failed from there.
    """
    now = real_now()
    row = store.phone_code(tx.conn, _code_id(payload), lock=True)
    if row is None or row.tries > tries.OF_PHONE_CODE or row.until <= now or _was_used(tx, row):
        raise PhoneCodeFailed(field="phone_code")
    tx.about(row.person_id)
    if not secrets.alike(row.digest, _digest_of(payload)):
        raise PhoneCodeFailed(field="phone_code")
    account = _account_of(tx, row)
    good = account.factor_since is not None and not account.factor_by_phone
    if not good and grant_store.is_staff(tx.conn, account, tx.now):
        raise FactorFirst
    if account.factor_since is not None:
        account = signing_in.with_code(tx, account, payload.code, now)
    signing_in.forget(tx, _subjects(tx, payload, row))
    proven = account.factor_since is not None
    known = signing_in.is_known(tx, account, payload.refresh_token)
    told = signing_in.begin(tx, account, payload.device, proven=proven, by_phone=True, known=known)
    store.use_phone_code(tx.conn, row.code_id, told.id)
    return told


def _was_used(tx: Tx, row: Row) -> bool:
    """Tell whether a code has begun another session than that of a repeated call."""
    return row.session_id is not None and row.session_id != (tx.first or {}).get("id")


def _digest_of(payload: SignInByPhone) -> str:
    token = payload.request_id.partition(".")[2]
    return digests.of_code(token, payload.phone_code)


def _account_of(tx: Tx, row: Row) -> Row:
    """Return the account of whom a code was sent to, who may have moved, died or been erased since.

    Raises:
        PhoneCodeFailed: Nobody signs in by it any more.
    """
    person = store.person(tx.conn, row.person_id)
    account = store.of_person(tx.conn, row.person_id, lock=True)
    if not store.is_here(person) or (account is not None and account.state != "ACTIVE"):
        raise PhoneCodeFailed(field="phone_code")
    if account is not None:
        return account
    if person is None or person.grid is None:
        raise PhoneCodeFailed(field="phone_code")
    return records.create(
        tx, accounts, step="by_phone", account_id=tx.new_id("acc"), person_id=row.person_id,
        login=f"r.{chance.token_hex(8)}", kind="RESIDENT", state="ACTIVE", area=person.grid,
        factor_step=0, generation=0, created_by=row.person_id, created_at=tx.now, version=1,
    )  # fmt: skip
