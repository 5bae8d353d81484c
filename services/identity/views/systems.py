"""Questions about the accounts of other systems."""

from __future__ import annotations

from typing import Annotated, Literal

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.bus import Nothing, Tx
from fivered.chassis.fields import SORT, Area, Cursor, Limit, WithTotal
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.identity import replies
from fivered.services.identity.fields import GrantState
from fivered.services.identity.rules.scopes import SCOPES
from fivered.services.identity.storage import systems as store
from fivered.services.identity.storage.moments import real_now
from fivered.services.identity.storage.tables import operator_tokens, service_accounts


class SystemList(Request, frozen=True):
    """系统账号筛选 / Which service accounts."""

    scope: Area | None = None
    state: GrantState | None = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class WhichSystem(Request, frozen=True):
    """Which service account is meant."""

    service_account_id: str


def service_account_list(tx: Tx, payload: SystemList) -> Page[replies.SystemCard]:
    """系统账号列表 / Service accounts of an area.

    Raises:
        RoleDenied: The area lies outside the caller's.
        Invalid: The cursor is damaged, or was made for another list.
    """
    scope = payload.scope or tx.actor.scope
    tx.require_scope(scope)
    asked = sa.select(service_accounts).where(
        service_accounts.c.area.startswith(scope, autoescape=True)
    )
    if payload.state is not None:
        asked = asked.where(service_accounts.c.state == payload.state)
    found = records.page(tx.conn, asked, payload, (service_accounts.c.service_account_id,))
    return found.listed(replies.system_card)


def service_account(tx: Tx, payload: WhichSystem) -> replies.SystemDetail:
    """查看系统账号 / One service account, and until when its secrets count.

    Raises:
        NotFound: There is none in the caller's area.
    """
    row = records.get(tx.conn, service_accounts, payload.service_account_id)
    tx.require_sight(row.area, kind="service_account", id=payload.service_account_id)
    found = store.counting(tx.conn, row.service_account_id, real_now())
    return replies.SystemDetail.of(
        row, id=row.service_account_id, secrets=[replies.SecretCard.of(one) for one in found]
    )


class OperatorTokenList(Request, frozen=True):
    """命令行令牌筛选 / Which tokens of the command line."""

    sort: Annotated[Literal["made_at", "-made_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def operator_token_list(tx: Tx, payload: OperatorTokenList) -> Page[replies.OperatorToken]:
    """命令行令牌 / Tokens that operators have made by `fivered token`, newest first.

    Raises:
        Invalid: The cursor is damaged, or was made for another list.
    """
    asked = sa.select(operator_tokens).where(
        operator_tokens.c.area.startswith(tx.actor.scope, autoescape=True)
    )
    found = records.page(tx.conn, asked, payload, (operator_tokens.c.token_id,), newest_first=True)
    return found.listed(
        lambda row: replies.OperatorToken.of(
            row, id=row.token_id, grants=[replies.Right(**one) for one in row.grants]
        )
    )


def scope_list(_tx: Tx, _payload: Nothing) -> replies.Scopes:
    """系统账号可用的范围 / The scopes of service accounts, and what each opens."""
    return replies.Scopes(
        items=[
            replies.ScopeCard(
                name=name, title=one.text, role=one.role or None, doors=list(one.doors)
            )
            for name, one in SCOPES.items()
        ]
    )
