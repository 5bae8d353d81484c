"""Other systems: their service accounts, secrets and tokens (RFC 6749 4.4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.free_text import PublicText
from fivered.chassis.records import Row
from fivered.chassis.requests import UNIQUE, Request
from fivered.services.identity import replies
from fivered.services.identity.actions import keys, offices, signing_in, telling
from fivered.services.identity.errors import (
    InvalidClient,
    InvalidScope,
    OnceUsed,
    SecondPerson,
    UnsupportedGrantType,
)
from fivered.services.identity.fields import ClientSecret, Scope, SystemScope
from fivered.services.identity.rules import scopes as rules
from fivered.services.identity.storage import secrets
from fivered.services.identity.storage import systems as store
from fivered.services.identity.storage.moments import real_now
from fivered.services.identity.storage.tables import service_accounts

# So long the secret before counts too: the other system is changed by people.
BOTH = timedelta(days=7)


class ProposeSystem(Request, frozen=True):
    """提出系统账号 / Propose an account for another system."""

    name: Annotated[
        PublicText,
        Meta(
            min_length=2,
            max_length=100,
            description="系统名称 / what it is",
            examples=["12345 热线"],
        ),
    ]
    scopes: Annotated[
        list[SystemScope],
        Meta(
            min_length=1, max_length=10, description="范围 / scopes", examples=[["hotline.intake"]]
        ),
        UNIQUE,
    ]
    area: Annotated[Scope, Meta(description="办理区域 / the area in which it acts")]
    reason: Annotated[PublicText, Meta(min_length=2, max_length=500, examples=["热线对接"])]


class WhichSystem(Request, frozen=True):
    """Which service account is meant."""

    service_account_id: str


class EndSystem(Request, frozen=True):
    """终止或驳回系统账号 / End or refuse a service account."""

    service_account_id: str
    reason: Annotated[PublicText, Meta(min_length=2, max_length=500, examples=["合作结束"])]


class AskToken(Request, frozen=True):
    """取得系统令牌 / A token for another system."""

    grant_type: Annotated[
        str, Meta(max_length=100, description="client_credentials", examples=["client_credentials"])
    ]
    client_id: Annotated[
        str,
        Meta(
            max_length=100,
            description="系统账号的编号 / id of the service account",
            examples=["svc_0195d2b2-6f1c-7c3a-9d5e-2f6b1c0a7e44"],
        ),
    ]
    client_secret: ClientSecret
    scope: (
        Annotated[
            str,
            Meta(
                max_length=200,
                description="以空格分开;不填为全部 / separated by blanks; all without it",
                examples=["hotline.intake"],
            ),
        ]
        | None
    ) = None


def propose_service_account(tx: Tx, payload: ProposeSystem) -> replies.SystemCard:
    """提出系统账号,由另一人批准后生效 / Propose a service account; another person approves it.

    Raises:
        RoleDenied: The area lies outside the caller's.
        UnknownArea: There is no such area.
    """
    tx.require_scope(payload.area)
    offices.require_area(tx, payload.area, "area")
    values = records.values_from(
        payload, service_accounts, service_account_id=tx.new_id("svc"), state="PROPOSED",
        proposed_by=tx.actor.id, created_at=tx.now, version=1,
    )  # fmt: skip
    made = records.create(tx, service_accounts, step="proposed", note=payload.reason, **values)
    others = telling.administrators(tx, made.area)
    telling.of_system(tx, "SYSTEM_ASKED", made, *others, scope=made.area)
    return replies.system_card(made)


def _mine(tx: Tx, account_id: str) -> Row:
    """Return a service account of the caller's area, held.

    Raises:
        NotFound: There is none.
    """
    row = records.locked(tx.conn, service_accounts, account_id)
    tx.require_sight(row.area, kind="service_account", id=account_id)
    tx.check_version(row.version)
    return row


def approve_service_account(tx: Tx, payload: WhichSystem) -> replies.SystemCard:
    """批准系统账号 / Approve a service account; a secret is given out afterwards.

    Raises:
        NotFound: There is none in the caller's area.
        SecondPerson: The caller has proposed it.
        StateConflict: It is not proposed.
    """
    row = _mine(tx, payload.service_account_id)
    records.require_state(row, "PROPOSED")
    if row.proposed_by == tx.actor.id:
        raise SecondPerson
    telling.of_system(tx, "SYSTEM_APPROVED", row, row.proposed_by)
    return replies.system_card(
        records.change(
            tx, service_accounts, row, step="approved", state="ACTIVE", decided_by=tx.actor.id,
            decided_at=tx.now,
        )
    )  # fmt: skip


def refuse_service_account(tx: Tx, payload: EndSystem) -> replies.SystemCard:
    """驳回或撤回系统账号 / Refuse a proposal, or take back one's own.

    Raises:
        NotFound: There is none in the caller's area.
        StateConflict: It is not proposed.
    """
    row = _mine(tx, payload.service_account_id)
    records.require_state(row, "PROPOSED")
    telling.of_system(tx, "SYSTEM_REFUSED", row, row.proposed_by, reason=payload.reason)
    return replies.system_card(
        records.change(
            tx, service_accounts, row, step="refused", state="REFUSED", note=payload.reason,
            decided_by=tx.actor.id, decided_at=tx.now,
        )
    )  # fmt: skip


def end_service_account(tx: Tx, payload: EndSystem) -> replies.SystemCard:
    """终止系统账号,30 秒内失效 / End a service account; within 30 s no token of it counts.

    Raises:
        NotFound: There is none in the caller's area.
        StateConflict: It is not active.
    """
    row = _mine(tx, payload.service_account_id)
    records.require_state(row, "ACTIVE")
    store.end_secrets(tx.conn, row.service_account_id, real_now())
    telling.of_system(tx, "SYSTEM_ENDED", row, row.proposed_by, reason=payload.reason)
    return replies.system_card(
        records.change(
            tx, service_accounts, row, step="ended", state="ENDED", note=payload.reason,
            ended_at=tx.now,
        )
    )  # fmt: skip


def make_service_secret(tx: Tx, payload: WhichSystem) -> replies.SystemSecret:
    """生成或更换密钥,只显示这一次 / A new secret, shown once.

    先前的密钥再用 7 天;更早的随即作废。
    The one before counts for 7 days more. The same key again, where the answer was lost,
    puts another secret in the place of the lost one.

    Raises:
        NotFound: There is none in the caller's area.
        StateConflict: It is not active.
        OnceUsed: The call is a repeated one, and another secret was made since.
    """
    row = _mine(tx, payload.service_account_id)
    records.require_state(row, "ACTIVE")
    now = real_now()
    if tx.first is not None and row.version != tx.first["version"]:
        raise OnceUsed
    before = [
        one for one in store.counting(tx.conn, row.service_account_id, now)
        if tx.first is None or one.until is not None
    ]  # fmt: skip
    secret = secrets.new_token()
    store.replace_secret(
        tx.conn, row.service_account_id, until=now + BOTH, again=tx.first is not None,
        digest=signing_in.digest_of(secret), made_by=tx.actor.id, made_at=now,
    )  # fmt: skip
    if tx.first is None:
        row = records.change(tx, service_accounts, row, step="secret")
    return replies.SystemSecret(
        id=row.service_account_id,
        client_id=row.service_account_id,
        client_secret=secret,
        before_until=now + BOTH if before else None,
        version=row.version,
    )


def count_system_try(tx: Tx, payload: AskToken) -> None:
    """Count a try as failed before it is looked at, as a person's.

    Raises:
        TooManyTries: So many have failed that it is not looked at now.
    """
    if records.find(tx.conn, service_accounts, payload.client_id) is not None:
        tx.about(payload.client_id)
    signing_in.count(tx, payload.client_id)


def issue_token(tx: Tx, payload: AskToken) -> replies.SystemToken:
    """系统账号取得访问令牌 / A token for another system (OAuth 2.0 client credentials).

    以表单提交,凭证放在 HTTP Basic 或表单中;令牌 10 分钟有效,没有刷新令牌。

    Raises:
        UnsupportedGrantType: It is another grant than client_credentials.
        InvalidClient: The account or its secret is wrong, or the account has ended.
        InvalidScope: The account has no such scope.
        TooManyTries: Too many have failed from there.
    """
    if payload.grant_type != "client_credentials":
        raise UnsupportedGrantType(field="grant_type")
    now = real_now()
    account = records.find(tx.conn, service_accounts, payload.client_id)
    if account is not None:
        tx.about(account.service_account_id)
    given = signing_in.digest_of(payload.client_secret)
    if account is None or account.state != "ACTIVE":
        raise InvalidClient
    known = store.counting(tx.conn, account.service_account_id, now)
    if not any(secrets.alike(one.digest, given) for one in known):
        raise InvalidClient
    try:
        names = rules.asked(account.scopes, payload.scope)
    except KeyError as error:
        raise InvalidScope(field="scope", scope=str(error.args[0])[:100]) from None
    signing_in.succeeded(tx, payload.client_id)
    store.used(tx.conn, account.service_account_id, now)
    token, seconds = keys.signed_for_system(
        tx, account.service_account_id, rules.told(names, account.area), tx.settings.access
    )
    return replies.SystemToken(access_token=token, expires_in=seconds, scope=" ".join(names))
