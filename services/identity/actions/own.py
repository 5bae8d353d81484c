"""One's own account: password, authenticator, and the way in by a code on paper."""

from __future__ import annotations

import io
from datetime import datetime, timedelta

import pyotp
import segno

from fivered.chassis import records
from fivered.chassis.bus import Nothing, Tx
from fivered.chassis.person_keys import vault_of
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.requests import Request
from fivered.services.identity import replies
from fivered.services.identity.actions import signing_in, telling
from fivered.services.identity.errors import (
    AccountClosed,
    AccountExists,
    CodeWrong,
    EnrolmentUnusable,
    FactorFirst,
    FactorNotBegun,
    FactorPresent,
    LoginTaken,
    PasswordWrong,
    UnknownPerson,
)
from fivered.services.identity.fields import Code, Device, Login, PaperCode, Password
from fivered.services.identity.rules import passwords
from fivered.services.identity.storage import accounts as store
from fivered.services.identity.storage import grants as grant_store
from fivered.services.identity.storage import secrets, sessions
from fivered.services.identity.storage.moments import real_now
from fivered.services.identity.storage.tables import accounts
from fivered.services.identity.storage.tables import sessions as session_table

_RECOVERY_CODES = 10
# The answer with the codes may be lost: so long the same call shows new ones.
_SHOWN_AGAIN = timedelta(minutes=10)
_ISSUER = "五红 Five Red"


class ChangePassword(Request, frozen=True):
    """修改密码 / A new password."""

    password: Password
    new_password: Password


class ConfirmFactor(Request, frozen=True):
    """验证码 / The first code of an authenticator."""

    code: Code


class Activate(Request, frozen=True):
    """激活账号 / Make an account with a code on paper."""

    code: PaperCode
    login: Login
    password: Password
    device: Device | None = None


def mine(tx: Tx) -> Row:
    """Return the caller's account and hold it.

    Raises:
        NotFound: The caller has none.
        AccountClosed: It is closed.
    """
    account = store.of_person(tx.conn, tx.actor.id, lock=True)
    if account is None:
        raise NotFound(kind="account", id=tx.actor.id)
    if account.state != "ACTIVE":
        raise AccountClosed
    return account


def count_own_try(tx: Tx, _payload: Request) -> None:
    """Count a try of who is signed in; a stolen token does not open the rest of the account.

    Raises:
        TooManyTries: Too many have failed.
    """
    signing_in.count(tx, tx.actor.id)


def change_password(tx: Tx, payload: ChangePassword) -> replies.Done:
    """修改密码,其他登录随即结束 / Change one's password; the other sessions end.

    Raises:
        NotFound: The caller has no account.
        AccountClosed: It is closed.
        PasswordWrong: The present password is another.
        PasswordWeak: The new one will not do.
        TooManyTries: Too many have failed.
    """
    account = mine(tx)
    if not secrets.is_password(account.password, passwords.normal(payload.password)):
        raise PasswordWrong(field="password")
    signing_in.set_password(tx, account, payload.new_password, "new_password")
    signing_in.succeeded(tx, tx.actor.id)
    sessions.end_of_account(
        tx.conn, account.account_id, real_now(), "PASSWORD", but=tx.actor.session
    )
    return replies.Done(id=account.account_id, state="CHANGED")


def begin_factor(tx: Tx, _payload: Nothing) -> replies.FactorBegun:
    """申请身份验证器密钥 / Begin to use an authenticator (TOTP, RFC 6238).

    密钥与二维码只显示这一次;以第一个验证码确认后启用。
    It is asked for once its first code has come.

    Raises:
        NotFound: The caller has no account.
        AccountClosed: It is closed.
        FactorPresent: There is one already.
        FactorFirst: The session began by phone, and the person has more than a resident's right.
    """
    account = mine(tx)
    if account.factor_since is not None:
        raise FactorPresent
    session = records.find(tx.conn, session_table, tx.actor.session)
    by_phone = session is not None and session.by_phone
    if by_phone and grant_store.is_staff(tx.conn, account, tx.now):
        # Else a phone alone would open the rights of staff.
        raise FactorFirst
    secret = pyotp.random_base32()
    sealed = vault_of(tx).seal(secret, f"{account.account_id}.factor", account.person_id)
    records.change(
        tx, accounts, account, step="factor_begun", factor=sealed, factor_step=0,
        factor_by_phone=by_phone,
    )  # fmt: skip
    uri = pyotp.TOTP(secret).provisioning_uri(name=account.login, issuer_name=_ISSUER)
    drawn = io.BytesIO()
    segno.make(uri, error="m").save(drawn, kind="svg", scale=4, xmldecl=False)
    return replies.FactorBegun(
        id=account.account_id, secret=secret, uri=uri, qr_svg=drawn.getvalue().decode()
    )


def confirm_factor(tx: Tx, payload: ConfirmFactor) -> replies.RecoveryCodes:
    """启用身份验证器 / Turn the authenticator on; recovery codes are shown once.

    请抄写保存恢复码:遗失验证器时每个恢复码可代替一次验证码。启用后刷新令牌即可取得角色。

    Raises:
        NotFound: The caller has no account.
        AccountClosed: It is closed.
        FactorPresent: It is on already.
        FactorNotBegun: No secret was asked for.
        CodeWrong: The code is wrong.
        TooManyTries: Too many have failed.
    """
    account = mine(tx)
    now = real_now()
    if tx.first is None:
        if account.factor_since is not None:
            raise FactorPresent
        if account.factor is None:
            raise FactorNotBegun
        taken = signing_in.take_code(tx, account, payload.code, now)
        if taken is None:
            raise CodeWrong(field="code")
        account = records.change(tx, accounts, taken, step="factor_on", factor_since=now)
        telling.of_account(tx, "FACTOR_ON", account)
        signing_in.succeeded(tx, tx.actor.id)
        # Who else is signed in has shown a password only.
        sessions.end_of_account(tx.conn, account.account_id, now, "FACTOR", but=tx.actor.session)
        sessions.prove(tx.conn, tx.actor.session)
    elif account.factor_since is None or account.factor_since + _SHOWN_AGAIN < now:
        raise FactorPresent
    written = [secrets.written_code(3) for _ in range(_RECOVERY_CODES)]
    salt = secrets.new_salt()
    digests = [secrets.hashed_code(secrets.read_code(one), salt) for one in written]
    store.put_recovery_codes(tx.conn, account.account_id, digests, salt)
    return replies.RecoveryCodes(id=account.account_id, recovery_codes=written)


def prove_session(tx: Tx, payload: ConfirmFactor) -> replies.Done:
    """在本次登录中出示验证码 / Show a code of the authenticator in a session that began without.

    经统一身份认证登录后,凭验证码取得角色;随后刷新令牌。

    Raises:
        NotFound: The caller has no account, or no session.
        AccountClosed: It is closed.
        FactorNotBegun: There is no authenticator.
        CodeWrong: The code is wrong.
        TooManyTries: Too many have failed.
    """
    account = mine(tx)
    if not tx.actor.session:
        raise NotFound(kind="session", id="")
    if account.factor_since is None:
        raise FactorNotBegun
    if signing_in.take_code(tx, account, payload.code, real_now()) is None:
        raise CodeWrong(field="code")
    signing_in.succeeded(tx, tx.actor.id)
    sessions.prove(tx.conn, tx.actor.session)
    return replies.Done(id=tx.actor.session, state="PROVEN")


def count_activation(tx: Tx, _payload: Activate) -> None:
    """Count a try by where it comes from.

    Raises:
        TooManyTries: Too many have failed from there.
    """
    signing_in.count(tx, "")


def _take(tx: Tx, written: str, now: datetime) -> Row | None:
    """Use a code on paper up; None where it does not count. At most one hash is made."""
    code = secrets.read_code(written)
    for row in store.enrolment_by(tx.conn, (signing_in.digest_of(code), secrets.found_by(code))):
        if row.hashed is None or secrets.is_whole(row.hashed, code):
            return store.take_enrolment(tx.conn, row.digest, now)
    return None


def activate(tx: Tx, payload: Activate) -> replies.Tokens:
    """用激活码开通账号并登录 / Make an account with the code on paper, and sign in.

    已有账号的人用激活码重设登录名和密码,其他登录随即结束;答复中的 login 为今后的登录名。
    Who has an account already gives it a new name and password; `login` of the answer counts.

    Raises:
        EnrolmentUnusable: The code is wrong, was used, or is too old.
        UnknownPerson: The person is not registered any more.
        AccountExists: The name is somebody else's.
        LoginTaken: It is, and the person has an account under another one.
        AccountClosed: The account is closed.
        PasswordWeak: The password will not do.
        TooManyTries: Too many have failed from there.
    """
    now = real_now()
    taken = _take(tx, payload.code, now)
    if taken is None:
        raise EnrolmentUnusable(field="code")
    tx.about(taken.person_id)
    person = store.person(tx.conn, taken.person_id)
    if person is None or store.is_gone(person):
        raise UnknownPerson(person_id=taken.person_id)
    account = store.of_person(tx.conn, taken.person_id, lock=True)
    named = store.by_login(tx.conn, payload.login)
    if account is None:
        if named is not None:
            raise AccountExists(field="login", login=payload.login)
        account = records.create(
            tx, accounts, step="activated", account_id=tx.new_id("acc"),
            person_id=taken.person_id, login=payload.login.lower(), kind="RESIDENT",
            state="ACTIVE", area=taken.area, factor_step=0, generation=0,
            created_by=taken.made_by, created_at=tx.now, version=1,
        )  # fmt: skip
    elif account.state != "ACTIVE":
        raise AccountClosed
    elif grant_store.is_staff(tx.conn, account, tx.now):
        raise EnrolmentUnusable(field="code")
    elif named is not None and named.account_id != account.account_id:
        raise LoginTaken(field="login", login=payload.login, own=account.login)
    else:
        # Who gave the code out has seen the person: an authenticator that was lost ends here.
        account = records.change(
            tx, accounts, account, step="activated", login=payload.login.lower(), factor=None,
            factor_since=None,
        )  # fmt: skip
    account = signing_in.set_password(tx, account, payload.password, "password")
    sessions.end_of_account(tx.conn, account.account_id, now, "PASSWORD")
    signing_in.succeeded(tx, "")
    return signing_in.begin(tx, account, payload.device)
