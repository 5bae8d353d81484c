"""Sign in at the district's own provider of OpenID Connect: begun here, and back from there."""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import Annotated

from cryptography.exceptions import InvalidTag
from msgspec import Meta

from fivered.chassis.bus import Nothing, Tx
from fivered.chassis.refusal import Refusal
from fivered.chassis.requests import SECRET, Request
from fivered.services.identity import replies
from fivered.services.identity.actions import openid, signing_in
from fivered.services.identity.errors import ProviderRefused, ProviderUnbound
from fivered.services.identity.fields import Device
from fivered.services.identity.settings import IdentitySettings
from fivered.services.identity.storage import accounts as store
from fivered.services.identity.storage import secrets
from fivered.services.identity.storage.moments import real_now

# How long somebody may take at the provider.
_FLOW = timedelta(minutes=10)
_BOUND = "oidc.flow"


class Callback(Request, frozen=True):
    """回到本系统 / What the provider has sent back."""

    code: Annotated[
        str,
        Meta(
            min_length=1, max_length=2000, description="授权码 / the code", examples=["SplxlOBe…"],
            extra=SECRET,
        ),
    ]  # fmt: skip
    state: Annotated[str, Meta(max_length=200, examples=["af0ifjsl…"])]
    flow: Annotated[
        str,
        Meta(
            max_length=2000, description="开始时取得 / from the beginning", examples=["01c47e…"],
            extra=SECRET,
        ),
    ]  # fmt: skip
    iss: (
        Annotated[str, Meta(max_length=300, description="若提供方返回则原样提交 / as it came")]
        | None
    ) = None
    device: Device | None = None


def _opened(settings: IdentitySettings, payload: Callback) -> openid.Flow:
    """Return what was begun.

    Raises:
        ProviderRefused: It is none of ours, too old, or its state is another.
    """
    try:
        sealed = bytes.fromhex(payload.flow)
        written = secrets.vault(settings.keys).open(sealed, _BOUND)
        flow = openid.read_flow(written)
    except (ValueError, InvalidTag, Refusal):
        raise ProviderRefused(field="flow") from None
    if flow.until <= real_now():
        raise ProviderRefused(field="flow")
    if not hmac.compare_digest(flow.state.encode(), payload.state.encode()):
        raise ProviderRefused(field="state")
    return flow


def start_at_provider(tx: Tx, _payload: Nothing) -> replies.ProviderBegun:
    """开始统一身份认证登录 / Begin a sign-in at the district's own provider.

    请保存 flow 并转到 address;回来后把 code、state、flow 提交到 /oidc/callback。

    Raises:
        ProviderMissing: This installation has none.
        ProviderUnavailable: It does not answer.
    """
    flow = openid.new_flow(real_now() + _FLOW)
    sealed = secrets.vault(tx.settings.keys).seal(openid.write_flow(flow), _BOUND)
    return replies.ProviderBegun(
        address=openid.address(tx.settings, tx.ahead, flow),
        state=flow.state,
        flow=sealed.hex(),
        expires_in=int(_FLOW.total_seconds()),
    )


def use_flow(tx: Tx, payload: Callback) -> None:
    """Let what was begun come back once, whatever becomes of it; a try is counted for its address.

    Raises:
        TooManyTries: Too many have failed from there.
        ProviderRefused: It is none of ours, too old, came back before, or its state is another.
    """
    signing_in.count(tx, payload.flow)
    _opened(tx.settings, payload)
    if not store.use_flow(tx.conn, signing_in.digest_of(payload.flow), real_now()):
        raise ProviderRefused(field="flow")


def ask_provider(settings: IdentitySettings, payload: Callback) -> openid.Told:
    """Ask the provider who has come, outside of any transaction.

    Raises:
        ProviderMissing: This installation has none.
        ProviderUnavailable: It does not answer.
        ProviderRefused: It does not know the code, or what it says does not hold.
    """
    return openid.exchange(settings, _opened(settings, payload), payload.code, payload.iss)


def come_from_provider(tx: Tx, payload: Callback) -> replies.Tokens:
    """完成统一身份认证登录 / Sign in with what the provider has sent back.

    账号由管理员事先按 sub 绑定。除非另有设置,须出示验证码(/second-factor/prove)才有角色。

    Raises:
        ProviderMissing: This installation has none.
        ProviderUnavailable: It does not answer.
        ProviderRefused: It does not fit what was begun, came before, or does not hold.
        ProviderUnbound: No account that is open is bound to this identity.
        TooManyTries: Too many have failed from there.
    """
    told: openid.Told = tx.ahead
    account = store.by_provider(tx.conn, tx.settings.oidc_issuer, told.subject)
    if account is None or account.state != "ACTIVE":
        raise ProviderUnbound
    signing_in.succeeded(tx, payload.flow)
    proven = not told.factors.isdisjoint(tx.settings.oidc_factors)
    return signing_in.begin(tx, account, payload.device, proven=proven)
