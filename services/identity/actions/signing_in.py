"""Sign in, stay signed in, sign out."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Annotated

import pyotp
from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Nothing, Tx
from fivered.chassis.person_keys import vault_of
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound, said
from fivered.chassis.requests import Request
from fivered.services.identity import replies
from fivered.services.identity.actions import keys, telling
from fivered.services.identity.errors import (
    CodeRequired,
    PasswordMustChange,
    PasswordWeak,
    SessionEnded,
    SignInFailed,
    TooManyTries,
)
from fivered.services.identity.fields import Code, Device, Login, Password, RefreshToken
from fivered.services.identity.rules import passwords
from fivered.services.identity.rules import tries as try_rules
from fivered.services.identity.rules.grants import asks_for_factor
from fivered.services.identity.storage import accounts as store
from fivered.services.identity.storage import secrets, sessions
from fivered.services.identity.storage.moments import real_now
from fivered.services.identity.storage.tables import accounts
from fivered.services.identity.storage.tables import sessions as session_table

# An answer may be lost on its way: who comes again so soon has not stolen anything.
AGAIN = timedelta(seconds=30)
_STEP_S = 30


class SignIn(Request, frozen=True):
    """登录 / Sign in."""

    login: Login
    password: Password
    code: Code | None = None
    new_password: Password | None = None
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


class Refresh(Request, frozen=True):
    """刷新 / Ask for the next tokens of a session."""

    refresh_token: RefreshToken


class WhichSession(Request, frozen=True):
    """Which session is meant."""

    session_id: str


def digest_of(token: str) -> str:
    """Return by what a token is stored: it has 256 bits, nobody tries them all."""
    return hashlib.sha256(token.encode()).hexdigest()


# --------------------------------------------------------------------------------------------------
# Tries


def count_try(tx: Tx, payload: SignIn) -> None:
    """Count a try as failed before it is looked at; one that succeeds is taken back.

    Codes of one account are counted together, from wherever they come, where the password with
    them is right. Who shows that this device was signed in before has counts of the own;
    who has signed in from this address before is not held up by others there.

    Raises:
        TooManyTries: So many have failed that it is not looked at now.
    """
    account = store.by_login(tx.conn, payload.login)
    if account is not None:
        tx.about(account.person_id)
    stored = None if account is None else account.password
    # It takes as long where there is no such account, or no authenticator.
    right = payload.code is not None and secrets.is_password(
        stored, passwords.normal(payload.password)
    )
    count_all(tx, _subjects_of(tx, payload, account, right=right))


def _subjects_of(tx: Tx, payload: SignIn, account: Row | None, *, right: bool) -> dict[str, int]:
    """Return by what a sign-in is counted; `right` where a code came with the right password."""
    login = payload.login.lower()
    if known := subjects_of_device(tx, account, payload.refresh_token, login):
        return known
    found = subjects(tx, login)
    if account is not None and _was_here(tx, account):
        found = {one: free for one, free in found.items() if free != try_rules.FREE_OF_ADDRESS}
    if right and account is not None:
        found |= _subject(tx, "code", account.account_id, try_rules.FREE_OF_CODES)
    return found


def is_known(tx: Tx, account: Row, refresh_token: str | None) -> bool:
    """Tell whether a device shows a token of a session of before of this account."""
    return bool(_known_device(tx, account, refresh_token))


def subjects_of_device(
    tx: Tx, account: Row | None, refresh_token: str | None, meant: str
) -> dict[str, int]:
    """Return by what tries of a device are counted that was signed in before; empty for others."""
    known = _known_device(tx, account, refresh_token)
    return _subject(tx, "try", f"{meant}\n{known}", try_rules.FREE) if known else {}


def _place(tx: Tx) -> str:
    return secrets.vault(tx.settings.keys).digest("place", tx.actor.address or "?")


def _was_here(tx: Tx, account: Row) -> bool:
    since = real_now() - try_rules.HERE
    return store.was_here(tx.conn, account.account_id, _place(tx), since)


def _known_device(tx: Tx, account: Row | None, refresh_token: str | None) -> str:
    """Return the session of before whose token is shown, if it was of this account; else ""."""
    if account is None or refresh_token is None:
        return ""
    row = sessions.token(tx.conn, digest_of(refresh_token))
    if row is None or row.void:
        return ""
    before = records.find(tx.conn, session_table, row.session_id)
    if before is None or before.account_id != account.account_id or before.ended_why == "REUSED":
        return ""
    return str(before.session_id)


def count(tx: Tx, meant: str) -> None:
    """Count a try of whoever is meant; of nobody in particular, where that is empty.

    Raises:
        TooManyTries: So many have failed that it is not looked at now.
    """
    count_all(tx, subjects(tx, meant))


def count_all(tx: Tx, subjects: dict[str, int]) -> None:
    """Count a try by all of these, with how many each has free.

    Raises:
        TooManyTries: So many have failed that it is not looked at now.
    """
    now = real_now()
    found = store.tried(tx.conn, subjects)
    for subject, free in subjects.items():
        row = found.get(subject)
        wait = 0 if row is None else try_rules.wait_s(row.failed, row.last_at, now, free)
        if wait:
            raise TooManyTries(seconds=wait)
    for subject in sorted(subjects):
        store.count_try(tx.conn, subject, now, now - try_rules.FORGOTTEN_AFTER)


def succeeded(tx: Tx, meant: str) -> None:
    """Take the try back that was counted."""
    forget(tx, subjects(tx, meant))


def forget(tx: Tx, subjects: dict[str, int]) -> None:
    """Take a try back that was counted by all of these."""
    for subject, free in subjects.items():
        store.forget_try(tx.conn, subject, wholly=free != try_rules.FREE_OF_ADDRESS)


def subjects(tx: Tx, meant: str) -> dict[str, int]:
    """Return by what a try is counted: who is meant and from where, and from where alone."""
    address = tx.actor.address or "?"
    found = _subject(tx, "address", address, try_rules.FREE_OF_ADDRESS)
    if meant:
        found |= _subject(tx, "try", f"{meant}\n{address}", try_rules.FREE)
    return found


def _subject(tx: Tx, kind: str, of: str, free: int) -> dict[str, int]:
    return {secrets.vault(tx.settings.keys).digest(kind, of): free}


# --------------------------------------------------------------------------------------------------
# Doors


def sign_in(tx: Tx, payload: SignIn) -> replies.Tokens:
    """登录 / Sign in with a password and, where it is on, a second factor.

    首次登录或重置后使用一次性密码,须同时提交 new_password。工作人员启用身份验证器前,令牌不含任何
    角色,只能办理本人账号事务。
    The first time a one-time password comes with `new_password`. Until staff have an authenticator,
    their token bears no role.

    Raises:
        SignInFailed: The name, the password or the code is wrong, or the account is closed.
        CodeRequired: The password is right, and a code is needed too.
        PasswordMustChange: It is a one-time password, and no new one came with it.
        PasswordWeak: The new password will not do.
        TooManyTries: Too many have failed from there.
    """
    now = real_now()
    account = store.by_login(tx.conn, payload.login)
    if account is not None:
        tx.about(account.person_id)
    stored = None if account is None else account.password
    right = secrets.is_password(stored, passwords.normal(payload.password))
    if account is None or not right or account.state != "ACTIVE":
        raise SignInFailed
    if account.once_until is not None and account.once_until <= now:
        raise SignInFailed
    if account.factor_since is not None:
        account = with_code(tx, account, payload.code, now)
    proven = account.factor_since is not None
    if account.once_until is not None and payload.new_password is None:
        raise PasswordMustChange(field="new_password")
    if payload.new_password is not None:
        account = set_password(tx, account, payload.new_password, "new_password")
    elif secrets.needs_rehash(account.password):
        renewed = secrets.hashed(passwords.normal(payload.password))
        account = records.update(tx.conn, accounts, account, password=renewed)
    forget(tx, _subjects_of(tx, payload, account, right=payload.code is not None))
    known = is_known(tx, account, payload.refresh_token)
    return begin(tx, account, payload.device, proven=proven, known=known)


def set_password(tx: Tx, account: Row, password: str, field: str) -> Row:
    """Give an account a password of its person's own.

    Raises:
        PasswordWeak: It will not do.
    """
    plain = passwords.normal(password)
    if why := passwords.fault(plain, account.login, secrets.common_passwords()):
        raise PasswordWeak(field=field, reason=why)
    if secrets.is_password(account.password, plain):
        raise PasswordWeak(field=field, reason=said("与当前密码相同 / it is the present one"))
    account = records.change(
        tx, accounts, account, step="password", password=secrets.hashed(plain), once_until=None
    )
    telling.of_account(tx, "PASSWORD_CHANGED", account)
    return account


def with_code(tx: Tx, account: Row, code: str | None, now: datetime) -> Row:
    """Return the account after a code of its authenticator was shown.

    Raises:
        CodeRequired: None was.
        SignInFailed: It is wrong, or was used already.
    """
    if code is None:
        raise CodeRequired(field="code")
    found = take_code(tx, account, code, now)
    if found is None:
        raise SignInFailed
    return found


def take_code(tx: Tx, account: Row, code: str, now: datetime) -> Row | None:
    """Use a code of the authenticator up, or a recovery code. Returns the account, or None where it
    is neither, or was used already."""
    plain = secrets.read_code(code)
    if not plain.isascii() or not plain.isdecimal() or len(plain) != 6:
        return account if _take_recovery_code(tx, account, plain, now) else None
    vault = vault_of(tx)
    secret = vault.open_or_none(account.factor, f"{account.account_id}.factor")
    if secret is None:  # the key of the person was destroyed: codes of no secret are everybody's
        return None
    made = pyotp.TOTP(secret)
    step = int(now.timestamp()) // _STEP_S
    # The step before and the one after count: clocks differ, and people take their time.
    for one in (step, step - 1, step + 1):
        if one > account.factor_step and secrets.alike(made.generate_otp(one), plain):
            return records.update(tx.conn, accounts, account, factor_step=one)
    return None


def _take_recovery_code(tx: Tx, account: Row, plain: str, now: datetime) -> bool:
    """Use a recovery code up; an account's codes have one salt, so one hash is made for all."""
    return any(
        store.take_recovery_code(
            tx.conn,
            account.account_id,
            digest_of(plain) if salt is None else secrets.hashed_code(plain, salt),
            now,
        )
        for salt in store.salts_of(tx.conn, account.account_id)
    )


def begin(
    tx: Tx,
    account: Row,
    device: str | None,
    *,
    proven: bool = False,
    by_phone: bool = False,
    known: bool = False,
) -> replies.Tokens:
    """Begin a session and return its first tokens.

    Args:
        tx: The transaction.
        account: Whose it is.
        device: What its owner calls the device.
        proven: Whether a code of the authenticator was shown.
        by_phone: Whether it began by a code that was sent.
        known: Whether the device has shown a token of before. Its owner hears of one that has not,
            and that comes from where the account has not been, unless it is the first of all.
    """
    now = real_now()
    kept = tx.first or {}
    known = known or _was_here(tx, account) or not sessions.has_any(tx.conn, account.account_id)
    store.is_here_now(tx.conn, account.account_id, _place(tx), now)
    tx.about(account.person_id)
    session = records.find(tx.conn, session_table, str(kept.get("id", "")))
    if session is None or session.account_id != account.account_id:
        session = records.add(
            tx.conn,
            session_table,
            session_id=tx.new_id("ses"),
            account_id=account.account_id,
            person_id=account.person_id,
            device=device,
            proven=proven,
            by_phone=by_phone,
            began_at=now,
            seen_at=now,
            ends_at=now + sessions.longest(tx, account),
        )
        if not known:
            telling.of_account(tx, "SIGN_IN_NEW", account)
    return _next(tx, account, session, now)


def ends_at(tx: Tx, account: Row, session: Row) -> datetime:
    """Return when a session ends: one of a resident who has a right of staff by now, when one of
    staff would."""
    return sessions.ends_at(session, sessions.longest(tx, account))


def _next(
    tx: Tx, account: Row, session: Row, now: datetime, parent: str | None = None
) -> replies.Tokens:
    held = keys.rights_of(tx, account)
    # Where an authenticator is on, nothing is done without it: who came by the provider shows it.
    shown = session.proven or account.factor_since is None
    # Nothing but a phone may be behind both: who came by it was given the authenticator there.
    phone_alone = session.by_phone and account.factor_by_phone
    of_staff = session.proven and not phone_alone
    rights = [one for one in held if (of_staff if asks_for_factor(one.role) else shown)]
    access, seconds = keys.signed(tx, account, session.session_id, rights)
    refresh = secrets.new_token()
    sessions.add_token(tx.conn, session.session_id, digest_of(refresh), now, parent)
    named = dict.fromkeys((one.role, one.scope) for one in rights)
    return replies.Tokens(
        id=session.session_id,
        person_id=account.person_id,
        login=account.login,
        access_token=access,
        expires_in=seconds,
        refresh_token=refresh,
        session_ends_at=ends_at(tx, account, session),
        second_factor=replies.factor_of(account, needed=len(rights) < len(held)),
        rights=[replies.Right(role=role, scope=scope) for role, scope in named],
    )


def notice_reuse(tx: Tx, payload: Refresh) -> None:
    """End a session of which a used token comes again: one of the two who have it has stolen it."""
    now = real_now()
    row = sessions.token(tx.conn, digest_of(payload.refresh_token))
    if row is None or (row.used_at is None and not row.void):
        return
    again = row.void or row.used_at + AGAIN < now
    if (again or sessions.has_used_child(tx.conn, row.digest)) and sessions.end_one(
        tx.conn, row.session_id, now, "REUSED"
    ):
        session = records.get(tx.conn, session_table, row.session_id)
        account = records.get(tx.conn, accounts, session.account_id)
        telling.of_account(tx, "SESSION_REUSED", account)


def refresh(tx: Tx, payload: Refresh) -> replies.Tokens:
    """刷新登录 / The next tokens of a session.

    刷新令牌只能用一次;已用过的令牌再次出现,说明可能被盗,整个登录随即结束。
    A refresh token that comes again ends the session: somebody else may have it.

    Raises:
        SessionEnded: The session has ended, or the token is none of ours.
    """
    now = real_now()
    row = sessions.token(tx.conn, digest_of(payload.refresh_token))
    if row is None:
        raise SessionEnded
    session = records.locked(tx.conn, session_table, row.session_id)
    account = records.locked(tx.conn, accounts, session.account_id)
    tx.about(account.person_id)
    if (
        session.ended_at is not None
        or ends_at(tx, account, session) <= now
        or account.state != "ACTIVE"
    ):
        raise SessionEnded
    if row.used_at is not None:
        # Its answer was lost: what that one held is not to be used beside what comes now.
        sessions.void_children(tx.conn, row.digest)
    sessions.use_token(tx.conn, row.digest, now)
    seen = session_table.update().where(session_table.c.session_id == session.session_id)
    tx.conn.execute(seen.values(seen_at=now))
    return _next(tx, account, session, now, row.digest)


def sign_out(tx: Tx, _payload: Nothing) -> replies.Done:
    """退出登录 / End the present session.

    Raises:
        NotFound: The caller has no session: an operator's token has none.
    """
    if not sessions.end_one(tx.conn, tx.actor.session, real_now(), "SIGNED_OUT"):
        raise NotFound(kind="session", id=tx.actor.session)
    return replies.Done(id=tx.actor.session, state="ENDED")


def end_session(tx: Tx, payload: WhichSession) -> replies.Done:
    """结束另一处登录 / End one of one's own sessions.

    Raises:
        NotFound: There is none, or it has ended.
    """
    account = store.of_person(tx.conn, tx.actor.id)
    mine = "" if account is None else account.account_id
    conditions = (
        session_table.c.account_id == mine, session_table.c.session_id == payload.session_id
    )  # fmt: skip
    if not sessions.end(tx.conn, real_now(), "SIGNED_OUT", *conditions):
        raise NotFound(kind="session", id=payload.session_id)
    return replies.Done(id=payload.session_id, state="ENDED")


def sign_out_everywhere(tx: Tx, _payload: Nothing) -> replies.Done:
    """全部退出 / End all of one's own sessions, this one too."""
    account = store.of_person(tx.conn, tx.actor.id)
    if account is not None:
        sessions.end_of_account(tx.conn, account.account_id, real_now(), "SIGNED_OUT")
    return replies.Done(id=tx.actor.id, state="ENDED")
