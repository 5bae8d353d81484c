"""Questions about accounts, sessions and rights."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

import sqlalchemy as sa
from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Nothing, Tx
from fivered.chassis.fields import SORT, Area, Cursor, Limit, PersonId, WithTotal
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.identity import replies
from fivered.services.identity.fields import AccountState, GrantState, Role
from fivered.services.identity.rules.grants import asks_for_factor
from fivered.services.identity.storage import accounts as store
from fivered.services.identity.storage import grants as grant_store
from fivered.services.identity.storage import sessions as session_store
from fivered.services.identity.storage.moments import real_now
from fivered.services.identity.storage.tables import accounts, enrolments, grants

# What ended earlier is known to every gateway, or in no token that still counts.
_BEFORE = timedelta(seconds=30)


class AccountList(Request, frozen=True):
    """账号筛选 / Which accounts."""

    scope: Area | None = None
    state: AccountState | None = None
    sort: Annotated[Literal["login", "-login"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class WhichAccount(Request, frozen=True):
    """Which account is meant."""

    account_id: str


class WhichGrant(Request, frozen=True):
    """Which right is meant."""

    grant_id: str


class EnrolmentList(Request, frozen=True):
    """激活码筛选 / Which codes."""

    scope: Area | None = None
    person_id: PersonId | None = None
    sort: Annotated[Literal["made_at", "-made_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class GrantList(Request, frozen=True):
    """授权筛选 / Which rights; those that hold where no state is named."""

    scope: Area | None = None
    role: Annotated[Role, Meta(examples=["R_STREET"])] | None = None
    person_id: PersonId | None = None
    state: GrantState = "ACTIVE"
    end_proposed: (
        Annotated[
            bool,
            Meta(description="终止待另一人同意的 / those whose end waits for another person"),
        ]
        | None
    ) = None
    sort: Annotated[Literal["id", "-id"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def me(tx: Tx, _payload: Nothing) -> replies.Me:
    """我的账号与授权 / Who I am, what I may do, and what each right follows from."""
    account = store.of_person(tx.conn, tx.actor.id)
    left = 0 if account is None else store.recovery_codes_left(tx.conn, account.account_id)
    held = grant_store.held_by(tx.conn, tx.actor.id, tx.now)
    needed = any(asks_for_factor(row.role) for row in held)
    return replies.Me(
        person_id=tx.actor.id,
        login=None if account is None else account.login,
        kind=None if account is None else account.kind,
        session_id=tx.actor.session or None,
        provider_subject=None if account is None else account.provider_subject,
        second_factor="OFF" if account is None else replies.factor_of(account, needed=needed),
        recovery_codes_left=left,
        grants=[replies.grant_card(row) for row in held],
    )


def my_sessions(tx: Tx, _payload: Nothing) -> replies.Sessions:
    """我的登录列表 / My sessions that have not ended."""
    account = store.of_person(tx.conn, tx.actor.id)
    if account is None:
        return replies.Sessions(items=[])
    now = real_now()
    found = session_store.open_sessions(tx.conn, account.account_id, now)
    longest = session_store.longest(tx, account)
    ends = {row.session_id: session_store.ends_at(row, longest) for row in found}
    return replies.Sessions(
        items=[
            replies.SessionCard.of(
                row, id=row.session_id, present=row.session_id == tx.actor.session,
                ends_at=ends[row.session_id],
            )
            for row in found
            if ends[row.session_id] > now
        ]
    )  # fmt: skip


def account_list(tx: Tx, payload: AccountList) -> Page[replies.AccountCard]:
    """账号列表 / Accounts of an area.

    Raises:
        RoleDenied: The area lies outside the caller's.
        Invalid: The cursor is damaged, or was made for another list.
    """
    scope = payload.scope or tx.actor.scope
    tx.require_scope(scope)
    asked = sa.select(accounts).where(accounts.c.area.startswith(scope, autoescape=True))
    if payload.state is not None:
        asked = asked.where(accounts.c.state == payload.state)
    now = real_now()
    found = records.page(tx.conn, asked, payload, (accounts.c.login,))
    return found.listed(lambda row: replies.account_card(row, now))


def account(tx: Tx, payload: WhichAccount) -> replies.AccountCard:
    """查看账号 / One account.

    Raises:
        NotFound: There is none in the caller's area.
    """
    row = records.get(tx.conn, accounts, payload.account_id)
    tx.require_sight(row.area, kind="account", id=payload.account_id)
    return replies.account_card(row, real_now())


def grant_list(tx: Tx, payload: GrantList) -> Page[replies.GrantCard]:
    """谁在何处有何权限 / Who holds what in an area, and what it follows from.

    Raises:
        RoleDenied: The area lies outside the caller's.
        Invalid: The cursor is damaged, or was made for another list.
    """
    scope = payload.scope or tx.actor.scope
    tx.require_scope(scope)
    asked = sa.select(grants).where(
        grants.c.scope.startswith(scope, autoescape=True), grants.c.state == payload.state
    )
    if payload.end_proposed is not None:
        waits = grants.c.end_proposed_by.is_not(None)
        asked = asked.where(waits if payload.end_proposed else ~waits)
    if payload.role is not None:
        asked = asked.where(grants.c.role == payload.role)
    if payload.person_id is not None:
        asked = asked.where(grants.c.person_id == payload.person_id)
    return records.page(tx.conn, asked, payload, (grants.c.grant_id,)).listed(replies.grant_card)


def grant(tx: Tx, payload: WhichGrant) -> replies.GrantCard:
    """查看授权 / One right.

    Raises:
        NotFound: There is none in the caller's area.
    """
    row = records.get(tx.conn, grants, payload.grant_id)
    tx.require_sight(row.scope, kind="grant", id=payload.grant_id)
    return replies.grant_card(row)


def enrolment_list(tx: Tx, payload: EnrolmentList) -> Page[replies.EnrolmentCard]:
    """激活码记录 / Which codes were given out in an area, newest first.

    Raises:
        RoleDenied: The area lies outside the caller's.
        Invalid: The cursor is damaged, or was made for another list.
    """
    scope = payload.scope or tx.actor.scope
    tx.require_scope(scope)
    asked = sa.select(enrolments).where(enrolments.c.area.startswith(scope, autoescape=True))
    if payload.person_id is not None:
        asked = asked.where(enrolments.c.person_id == payload.person_id)
    found = records.page(tx.conn, asked, payload, (enrolments.c.enrolment_id,), newest_first=True)
    return found.listed(lambda row: replies.EnrolmentCard.of(row, id=row.enrolment_id))


def public_keys(tx: Tx, _payload: Nothing) -> replies.Keys:
    """访问令牌的公钥 / The keys that verify access tokens (RFC 7517)."""
    return replies.Keys(keys=_verifying(tx))


def standing(tx: Tx, _payload: Nothing) -> replies.Standing:
    """Answer what a gateway must know to believe a token: keys, and what ended lately."""
    now = real_now()
    since = now - tx.settings.access - _BEFORE
    return replies.Standing(
        now=now,
        keys=_verifying(tx),
        endings=[
            *(replies.Ended.of(row) for row in session_store.endings_since(tx.conn, since)),
            # These count for as long as a year, so they are told until then.
            *(
                replies.Ended(kind="TOKEN", ref=row.token_id, generation=0)
                for row in session_store.tokens_ended(tx.conn, now)
            ),
        ],
    )


def _verifying(tx: Tx) -> list[replies.Key]:
    found = session_store.verifying(tx.conn, real_now(), tx.settings.access)
    return [replies.Key(kid=row.key_id, x=row.public) for row in found]
