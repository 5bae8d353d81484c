"""Accounts of staff: made, reset, locked, closed; codes on paper for residents."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import Area, PersonId
from fivered.chassis.free_text import Office, PublicText
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.requests import Request
from fivered.chassis.roles import ADMINISTER
from fivered.services.identity import replies
from fivered.services.identity.actions import keys, offices, telling
from fivered.services.identity.errors import (
    AccountAbove,
    AccountExists,
    EnrolmentUnusable,
    NotYours,
    OnceUsed,
    OwnAccount,
    PersonHasAccount,
    PersonHasAccountElsewhere,
    ProviderBound,
    ProviderMissing,
    StaffAccount,
    UnknownPerson,
)
from fivered.services.identity.fields import Login
from fivered.services.identity.storage import accounts as store
from fivered.services.identity.storage import grants as grant_store
from fivered.services.identity.storage import secrets, sessions
from fivered.services.identity.storage.moments import real_now
from fivered.services.identity.storage.tables import accounts, enrolments

# How long a one-time password, and a code on paper, may lie.
ONCE = timedelta(hours=72)
ON_PAPER = timedelta(days=14)


class CreateAccount(Request, frozen=True):
    """新建工作人员账号 / An account for a member of staff."""

    login: Login
    area: Annotated[Area, Meta(description="管理区域 / the area that administers it")]
    person_id: (
        Annotated[
            PersonId,
            Meta(
                description="已登记人员的编号;不填则新编号 / of somebody who is registered; "
                "without it a new id"
            ),
        ]
        | None
    ) = None


class FirstDay(Request, frozen=True):
    """区级管理员 / An administrator of the district."""

    login: Login
    district: Annotated[
        str, Meta(pattern=r"^[0-9]{6}$", description="区县代码 / the district", examples=["370811"])
    ]


class WithReason(Request, frozen=True):
    """说明原因 / Why."""

    account_id: str
    reason: Annotated[PublicText, Meta(min_length=2, max_length=500, examples=["忘记密码"])]


class BindProvider(Request, frozen=True):
    """绑定统一身份认证 / Who somebody is at the district's own provider."""

    account_id: str
    subject: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=255,
            description="身份提供方的 sub / the provider's `sub`, exactly",
            examples=["f2c1d4e8-77a1"],
        ),
        Office("administrators; it is the provider's own name for somebody"),
    ]
    reason: Annotated[PublicText, Meta(min_length=2, max_length=500, examples=["统一身份认证"])]


class Enrol(Request, frozen=True):
    """为居民开具激活码 / A code on paper for a resident."""

    person_id: PersonId


def create_account(tx: Tx, payload: CreateAccount) -> replies.NewAccount:
    """新建工作人员账号,一次性密码只显示这一次 / Make an account; its password is shown once.

    一次性密码 72 小时内有效,只能用来设置新密码。
    此人已凭短信验证码登录、尚无密码的,原账号改用此登录名并重置。
    A person who has signed in by phone and has no password has an account: it gets this login and
    a one-time password, and its sessions end, as in a reset.

    Raises:
        RoleDenied: The area lies outside the caller's.
        UnknownArea: There is no such area.
        UnknownPerson: The person is not registered, or is nobody of the caller's area.
        AccountAbove: The person has a right beyond the caller's area.
        AccountExists: The name is taken.
        PersonHasAccount: The person has an account with a password.
        PersonHasAccountElsewhere: The person has one that somebody else administers.
        OwnAccount: The person is the caller, who has one by phone.
        OnceUsed: The call is a repeated one, and its password was used.
    """
    tx.require_scope(payload.area)
    offices.require_area(tx, payload.area, "area")
    named = payload.person_id
    if named is not None and tx.first is None:
        _require_within(tx, named)
    person_id = named or str((tx.first or {}).get("person_id") or tx.new_id("per"))
    account = _made(tx, payload.login, person_id, payload.area)
    return _once(tx, account, "reset" if tx.first else "given")


def _require_within(tx: Tx, person_id: str) -> None:
    """Refuse an account for somebody whose rights go beyond the caller: who makes it sees its first
    password, and could act as that person.

    Raises:
        UnknownPerson: The person is not registered, or all rights lie elsewhere: whether somebody
            is registered there is not told to who serves here.
        AccountAbove: The person has a right here, and one beyond.
    """
    above = _beyond(tx, person_id)
    held = grant_store.held_by(tx.conn, person_id, tx.now) if above else ()
    elsewhere = above and not any(tx.actor.covers(row.scope) for row in held)
    if elsewhere or not store.is_here(store.person(tx.conn, person_id)):
        raise UnknownPerson(field="person_id", person_id=person_id)
    if above:
        raise AccountAbove(field="person_id", scope=above)


def _made(tx: Tx, login: str, person_id: str, area: str) -> Row:
    if tx.first is not None:
        return records.locked(tx.conn, accounts, str(tx.first["id"]))
    named, had = store.by_login(tx.conn, login), store.of_person(tx.conn, person_id, lock=True)
    if named is not None and (had is None or named.account_id != had.account_id):
        raise AccountExists(field="login", login=login)
    if had is not None:
        account = _without_factor(tx, _of_phone(tx, had), None)
        return records.change(
            tx, accounts, account, step="made_staff", note=had.login, login=login.lower(),
            kind="STAFF", area=area,
        )  # fmt: skip
    return records.create(
        tx, accounts, step="created", account_id=tx.new_id("acc"), person_id=person_id,
        login=login.lower(), kind="STAFF", state="ACTIVE", area=area, factor_step=0, generation=0,
        created_by=tx.actor.id, created_at=tx.now, version=1,
    )  # fmt: skip


def _of_phone(tx: Tx, account: Row) -> Row:
    """Return an account that its person made by phone and that has no password: who administers it
    gives it one.

    Raises:
        PersonHasAccount: It has one.
        PersonHasAccountElsewhere: The caller does not administer it.
        OwnAccount: It is the caller's own.
    """
    if not tx.actor.covers(account.area):
        raise PersonHasAccountElsewhere(field="person_id")
    if account.kind == "STAFF" or account.password is not None:
        raise PersonHasAccount(
            field="person_id", account_id=account.account_id, login=account.login
        )
    if account.person_id == tx.actor.id:
        raise OwnAccount
    return account


def _once(tx: Tx, account: Row, step: str) -> replies.NewAccount:
    if tx.first is not None and account.once_until is None:
        raise OnceUsed
    password = secrets.written_code(4)
    until = real_now() + ONCE
    account = records.change(
        tx, accounts, account, step=step, password=secrets.hashed(password), once_until=until
    )
    return replies.NewAccount(
        id=account.account_id,
        person_id=account.person_id,
        login=account.login,
        state=account.state,
        password=password,
        password_until=until,
        version=account.version,
    )


def first_day(tx: Tx, payload: FirstDay) -> replies.NewAccount:
    """Make an administrator of the district, from the operator's command line, or reset one.

    Raises:
        AccountExists: The name is somebody else's.
        DistrictBegun: There are enough; they grant the rest among themselves.
        UnknownArea: Steward has told of areas, and the district is none of them.
    """
    offices.require_area(tx, payload.district, "district", among=0)
    keys.begin(tx)
    known = store.by_login(tx.conn, payload.login)
    if known is not None and tx.first is None:
        held = grant_store.held_by(tx.conn, known.person_id, tx.now)
        if ("R_DISTRICT", payload.district) in {(row.role, row.scope) for row in held}:
            return _once(tx, _without_factor(tx, known, None), "reset")
    account = _made(tx, payload.login, tx.new_id("per"), payload.district)
    if tx.first is None:
        offices.first(tx, account.person_id, payload.district)
    return _once(tx, account, "given")


def end_first_day(tx: Tx, payload: FirstDay) -> replies.FirstDayEnded:
    """End an administrator's right, from the operator's command line; says how many are left.

    Raises:
        NotFound: Nobody of this name administers the district.
    """
    known = store.by_login(tx.conn, payload.login)
    if known is None:
        raise NotFound(kind="account", id=payload.login)
    offices.end_first(tx, known.person_id, payload.district)
    left = store.administrators(tx.conn)
    return replies.FirstDayEnded(id=known.account_id, state="ENDED", administrators=left)


def _administered(tx: Tx, account_id: str) -> Row:
    """Return an account that the caller administers, held; nobody administers the own one, nor that
    of somebody who may do something beyond the caller's area.

    Raises:
        NotFound: There is none in the caller's area.
        OwnAccount: It is the caller's own.
        AccountAbove: Its person has a right beyond the caller's area.
    """
    account = records.locked(tx.conn, accounts, account_id)
    tx.require_sight(account.area, kind="account", id=account_id)
    tx.check_version(account.version)
    if account.person_id == tx.actor.id:
        raise OwnAccount
    if above := _beyond(tx, account.person_id):
        raise AccountAbove(scope=above)
    return account


def _beyond(tx: Tx, person_id: str) -> str | None:
    """Return an area in which a person has a right that is beyond the caller, or None: outside of
    the caller's area, or one to administer the whole of it: peers take over no peer."""
    held = grant_store.held_by(tx.conn, person_id, tx.now)
    return next(
        (
            row.scope
            for row in held
            if not tx.actor.covers(row.scope)
            or (row.role in ADMINISTER and row.scope == tx.actor.scope)
        ),
        None,
    )


def reset_account(tx: Tx, payload: WithReason) -> replies.NewAccount:
    """重置账号:新的一次性密码,停用身份验证器,结束全部登录 / Reset an account.

    Raises:
        NotFound: There is none in the caller's area.
        OwnAccount: It is the caller's own.
        AccountAbove: Its person has a right beyond the caller's area.
        UnknownPerson: The person has died, or has another registration.
        OnceUsed: The call is a repeated one, and its password was used.
    """
    account = _administered(tx, payload.account_id)
    if tx.first is not None:
        return _once(tx, account, "reset")
    if store.is_gone(store.person(tx.conn, account.person_id)):
        raise UnknownPerson(person_id=account.person_id)
    account = _without_factor(tx, account, payload.reason)
    telling.of_account(tx, "ACCOUNT_RESET", account, reason=payload.reason)
    return _once(tx, account, "reset")


def _without_factor(tx: Tx, account: Row, note: str | None) -> Row:
    """Take an account's authenticator away and end its sessions; it is open afterwards."""
    account = records.change(
        tx, accounts, account, step="factor_off", state="ACTIVE", note=note, factor=None,
        factor_since=None, provider_issuer=None, provider_subject=None,
    )  # fmt: skip
    store.put_recovery_codes(tx.conn, account.account_id, ())
    sessions.end_of_account(tx.conn, account.account_id, real_now(), "FACTOR")
    return account


def lock_account(tx: Tx, payload: WithReason) -> replies.AccountCard:
    """锁定账号,全部登录随即结束 / Lock an account; its sessions end.

    Raises:
        NotFound: There is none in the caller's area.
        OwnAccount: It is the caller's own.
        AccountAbove: Its person has a right beyond the caller's area.
        StateConflict: It is not active.
    """
    return _moved(tx, payload, "ACTIVE", to="LOCKED", step="locked")


def unlock_account(tx: Tx, payload: WithReason) -> replies.AccountCard:
    """解锁账号 / Unlock an account.

    Raises:
        NotFound: There is none in the caller's area.
        OwnAccount: It is the caller's own.
        AccountAbove: Its person has a right beyond the caller's area.
        StateConflict: It is not locked.
    """
    return _moved(tx, payload, "LOCKED", to="ACTIVE", step="unlocked")


def close_account(tx: Tx, payload: WithReason) -> replies.AccountCard:
    """停用账号;重置可重新启用 / Close an account; a reset opens it again.

    Raises:
        NotFound: There is none in the caller's area.
        OwnAccount: It is the caller's own.
        AccountAbove: Its person has a right beyond the caller's area.
        StateConflict: It is closed.
    """
    return _moved(tx, payload, "ACTIVE", "LOCKED", to="CLOSED", step="closed")


def _moved(tx: Tx, payload: WithReason, *of: str, to: str, step: str) -> replies.AccountCard:
    account = _administered(tx, payload.account_id)
    records.require_state(account, *of)
    account = records.change(tx, accounts, account, step=step, state=to, note=payload.reason)
    if to != "ACTIVE":
        sessions.end_of_account(tx.conn, account.account_id, real_now(), "CLOSED")
    telling.of_account(tx, f"ACCOUNT_{step.upper()}", account, reason=payload.reason)
    return replies.account_card(account, real_now())


def bind_provider(tx: Tx, payload: BindProvider) -> replies.AccountCard:
    """绑定统一身份认证,全部登录随即结束 / Bind an account to an identity at the provider.

    只按提供方的 sub 认人,从不按姓名或邮箱。
    Sessions end, so that its person notices who has bound it.

    Raises:
        NotFound: There is none in the caller's area.
        OwnAccount: It is the caller's own.
        AccountAbove: Its person has a right beyond the caller's area.
        ProviderMissing: This installation has no provider.
        ProviderBound: Another account is bound to it.
        StateConflict: It is not active.
    """
    account = _administered(tx, payload.account_id)
    records.require_state(account, "ACTIVE")
    issuer = tx.settings.oidc_issuer
    if not issuer:
        raise ProviderMissing
    known = store.by_provider(tx.conn, issuer, payload.subject)
    if known is not None and known.account_id != account.account_id:
        raise ProviderBound(field="subject")
    account = records.change(
        tx, accounts, account, step="provider_bound", note=payload.reason, provider_issuer=issuer,
        provider_subject=payload.subject,
    )  # fmt: skip
    sessions.end_of_account(tx.conn, account.account_id, real_now(), "PROVIDER")
    telling.of_account(tx, "PROVIDER_BOUND", account)
    return replies.account_card(account, real_now())


def unbind_provider(tx: Tx, payload: WithReason) -> replies.AccountCard:
    """解除统一身份认证绑定,全部登录随即结束 / Take the binding away; the sessions end.

    Raises:
        NotFound: There is none in the caller's area.
        OwnAccount: It is the caller's own.
        AccountAbove: Its person has a right beyond the caller's area.
    """
    account = _administered(tx, payload.account_id)
    account = records.change(
        tx, accounts, account, step="provider_unbound", note=payload.reason, provider_issuer=None,
        provider_subject=None,
    )  # fmt: skip
    sessions.end_of_account(tx.conn, account.account_id, real_now(), "PROVIDER")
    telling.of_account(tx, "PROVIDER_UNBOUND", account)
    return replies.account_card(account, real_now())


def enrol(tx: Tx, payload: Enrol) -> replies.Enrolment:
    """为居民开具激活码,请打印并当面交给本人 / A code on paper, handed over in person.

    激活码 14 天内可用一次;再次开具后,先前的激活码作废。

    Raises:
        UnknownPerson: The person is not registered, or does not live in the caller's area.
        NotYours: It is the caller.
        AccountAbove: The person has a right beyond the caller's area.
        StaffAccount: The person has an account of staff, or one with more than a resident's right.
        EnrolmentUnusable: The call is a repeated one, and its code was used or replaced.
    """
    person = store.person(tx.conn, payload.person_id)
    grid = person.grid if person is not None and store.is_here(person) else None
    # Whether somebody is registered elsewhere is not told to who serves here.
    if person is None or grid is None or not tx.actor.covers(grid):
        raise UnknownPerson(field="person_id", person_id=payload.person_id)
    if person.person_id == tx.actor.id:
        raise NotYours(field="person_id")
    if above := _beyond(tx, payload.person_id):
        raise AccountAbove(field="person_id", scope=above)
    account = store.of_person(tx.conn, payload.person_id)
    if account is not None and grant_store.is_staff(tx.conn, account, tx.now):
        raise StaffAccount(field="person_id")
    now = real_now()
    if tx.first is not None:
        shown = records.find(tx.conn, enrolments, str(tx.first["id"]))
        if shown is None or shown.used_at is not None:
            raise EnrolmentUnusable
    store.void_enrolments(tx.conn, payload.person_id, now)
    written = _unlike_others(tx)
    code = secrets.read_code(written)
    made = records.add(
        tx.conn, enrolments, enrolment_id=tx.new_id("enr"), person_id=payload.person_id,
        digest=secrets.found_by(code), hashed=secrets.hashed_whole(code), area=person.grid,
        made_by=tx.actor.id, made_at=now, until=now + ON_PAPER,
    )  # fmt: skip
    return replies.Enrolment(
        id=made.enrolment_id, person_id=made.person_id, code=written, until=made.until
    )


def _unlike_others(tx: Tx) -> str:
    """Return a code on paper that is found by another part than all that are kept: the first group
    is no secret, the three behind it are."""
    while True:
        written = secrets.written_code(4)
        if not store.enrolment_by(tx.conn, [secrets.found_by(secrets.read_code(written))]):
            return written
