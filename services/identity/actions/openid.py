"""The district's own provider of OpenID Connect: what it publishes, and who has signed in there.

Nothing here runs in a transaction. One question takes at most 4 s in all; a provider that did not
answer is not asked again for 5 s, so that nobody waits for one that is down. Where it stands says
the operator alone: no address that an answer names leads elsewhere than to the same scheme.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec import Struct

from fivered.chassis.bus import Nothing
from fivered.chassis.typed import converted, decoded
from fivered.services.identity.errors import (
    ProviderMissing,
    ProviderRefused,
    ProviderUnavailable,
)
from fivered.services.identity.settings import IdentitySettings

if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session
    from joserfc.jwt import Token

log = logging.getLogger("fivered.identity")

_MOST_S = 4.0
_PAUSE_S = 5.0
_KEPT_S = 600.0
_MOST_BYTES = 256 * 1024
_LEEWAY_S = 60
_LONGEST = 255
_OK = 200
# Signatures by a key that only the provider has: neither `none` nor an HMAC.
_ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    "Ed25519",
)  # fmt: skip


class Published(Struct, frozen=True):
    """What is read of a discovery document (OpenID Connect Discovery 1.0, 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: list[str] | None = None
    authorization_response_iss_parameter_supported: bool = False


class Flow(Struct, frozen=True):
    """What was begun; it travels sealed, with whoever began it."""

    state: str
    nonce: str
    verifier: str
    until: datetime


class Told(NamedTuple):
    """Who has signed in: the provider's own name of that person, and how that was proven."""

    subject: str
    factors: frozenset[str]


class _Kept(NamedTuple):
    value: dict[str, object]
    until: float


# By address: what was fetched; by issuer: until when one that failed is not asked. There is one.
_kept: dict[str, _Kept] = {}
_failed_until: dict[str, float] = {}


def new_flow(until: datetime) -> Flow:
    """Return a new beginning of a sign-in, with 256 bits each."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return Flow(state, nonce, verifier, until)


def write_flow(flow: Flow) -> str:
    """Return a flow as it is sealed."""
    return msgspec.json.encode(flow).decode()


def read_flow(written: str) -> Flow:
    """Read a flow that was opened.

    Raises:
        ValueError: It is none.
    """
    return decoded(written.encode(), Flow)


def known(settings: IdentitySettings, _payload: Nothing | None = None) -> Published:
    """Return what the provider publishes about itself.

    Raises:
        ProviderMissing: This installation has none.
        ProviderUnavailable: It does not answer, or is another than was set.
    """
    with _asking(settings) as client:
        return _published(settings, client)


def _published(settings: IdentitySettings, client: OAuth2Session) -> Published:
    issuer = settings.oidc_issuer
    place = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    found = converted(_fetched(client, place), Published)
    endpoints = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
    if found.issuer != issuer:
        raise ValueError(f"it calls itself {found.issuer}")
    if issuer.startswith("https:") and not all(one.startswith("https:") for one in endpoints):
        raise ValueError("an endpoint is not of https")
    return found


def address(settings: IdentitySettings, published: Published, flow: Flow) -> str:
    """Return where somebody goes to sign in."""
    written, _state = _client(settings).create_authorization_url(
        published.authorization_endpoint,
        state=flow.state,
        nonce=flow.nonce,
        code_verifier=flow.verifier,
    )
    return str(written)


def exchange(settings: IdentitySettings, flow: Flow, code: str, issuer: str | None) -> Told:
    """Return who has signed in.

    Args:
        settings: Of this service.
        flow: What was begun.
        code: What the provider has sent back.
        issuer: Who has sent it back, where it said so (RFC 9207).

    Raises:
        ProviderMissing: This installation has none.
        ProviderUnavailable: It does not answer.
        ProviderRefused: It does not know the code, or what it says does not hold.
    """
    with _asking(settings) as client:
        published = _published(settings, client)
        says = published.authorization_response_iss_parameter_supported
        if (issuer is not None or says) and issuer != published.issuer:
            raise _refused("iss", "another provider has answered")
        token = _token_of(client, published, flow, code)
        return _read(client, published, flow, token)


def _token_of(
    client: OAuth2Session, published: Published, flow: Flow, code: str
) -> Mapping[str, object]:
    """Return what the provider gives for a code.

    Raises:
        ProviderRefused: It does not know the code, or not with this verifier.
        ValueError: It does not know us.
    """
    from authlib.integrations.base_client import OAuthError  # noqa: PLC0415  see `_client`

    methods = published.token_endpoint_auth_methods_supported or ["client_secret_basic"]
    if client.client_secret and "client_secret_basic" not in methods:
        client.token_endpoint_auth_method = "client_secret_post"  # noqa: S105  # nosec B105  # a method's name
    try:
        told: Mapping[str, object] = client.fetch_token(
            published.token_endpoint,
            grant_type="authorization_code",
            code=code,
            code_verifier=flow.verifier,
            allow_redirects=False,
        )
    except OAuthError as error:
        if error.error == "invalid_grant":
            raise _refused("code", str(error)) from None
        raise ValueError(str(error)) from None
    return told


def _read(
    client: OAuth2Session, published: Published, flow: Flow, token: Mapping[str, object]
) -> Told:
    """Return who an id token names, checked (OpenID Connect Core 1.0, 3.1.3.7).

    Raises:
        ProviderRefused: It does not hold.
    """
    from authlib.oidc.core import CodeIDToken  # noqa: PLC0415  see `_client`
    from joserfc import errors  # noqa: PLC0415  see `_client`

    written = token.get("id_token")
    if not isinstance(written, str):
        raise _refused("id_token", "there is none")
    keys = _fetched(client, published.jwks_uri)
    try:
        try:
            read = _verified(written, keys)
        except (errors.InvalidKeyIdError, errors.BadSignatureError):
            # The provider has a new key. Nobody else can make us ask: the token came from there.
            read = _verified(written, _fetched(client, published.jwks_uri, anew=True))
        claims = CodeIDToken(
            read.claims,
            read.header,
            {
                "iss": {"essential": True, "value": published.issuer},
                "aud": {"essential": True, "value": client.client_id},
            },
            {
                "nonce": flow.nonce,
                "client_id": client.client_id,
                "access_token": token.get("access_token"),
            },
        )
        claims.validate(now=int(time.time()), leeway=_LEEWAY_S)
    except (errors.JoseError, KeyError, ValueError, TypeError) as error:
        raise _refused("id_token", f"{type(error).__name__} {error}") from None
    subject, said = claims.get("sub"), claims.get("amr")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST:
        raise _refused("sub", "it is no name")
    factors = [one for one in said if isinstance(one, str)] if isinstance(said, list) else []
    if isinstance(claims.get("acr"), str):
        factors.append(claims["acr"])
    return Told(subject, frozenset(factors))


def _verified(written: str, keys: Mapping[str, object]) -> Token:
    from joserfc import jwk, jwt  # noqa: PLC0415  see `_client`

    return jwt.decode(written, jwk.KeySet.import_key_set(_verifying(keys)), list(_ALGORITHMS))


def _verifying(told: Mapping[str, object]) -> dict[str, list[object]]:
    """Return the keys of a set that verify signatures; the others are left out."""
    found = told.get("keys")
    if not isinstance(found, list):
        raise ValueError("it is no set of keys")  # noqa: TRY004  an answer is input
    return {
        "keys": [
            one
            for one in found
            if isinstance(one, dict)
            and one.get("kty") in {"RSA", "EC", "OKP"}
            and one.get("use", "sig") == "sig"
        ]
    }


def _refused(what: str, why: str) -> ProviderRefused:
    log.warning("provider_refused", extra={"what": what, "why": why[:200]})
    return ProviderRefused(field=what)


# --------------------------------------------------------------------------------------------------
# On the wire


@contextmanager
def _asking(settings: IdentitySettings) -> Iterator[OAuth2Session]:
    """Give out an HTTP session that ends in time.

    Raises:
        ProviderMissing: This installation has no provider.
        ProviderUnavailable: It does not answer, answers with what nobody can read, or did so a
            moment ago.
    """
    if not settings.oidc_issuer:
        raise ProviderMissing
    from requests import RequestException  # noqa: PLC0415  see `_client`

    if time.monotonic() < _failed_until.get(settings.oidc_issuer, 0.0):
        raise ProviderUnavailable
    client = _client(settings)
    try:
        yield client
    except (RequestException, ValueError) as error:
        _failed_until[settings.oidc_issuer] = time.monotonic() + _PAUSE_S
        log.warning("provider_unavailable", extra={"why": str(error)[:200]})
        raise ProviderUnavailable from None
    finally:
        client.close()


def _client(settings: IdentitySettings) -> OAuth2Session:
    # Most installations have no provider: they do not wait for this to be loaded.
    from authlib.integrations.requests_client import OAuth2Session  # noqa: PLC0415

    from fivered.services.identity.actions.bounded import Bounded  # noqa: PLC0415

    secret = settings.oidc_client_secret or None
    client = OAuth2Session(
        settings.oidc_client_id,
        secret,
        token_endpoint_auth_method="client_secret_basic" if secret else "none",
        redirect_uri=settings.oidc_redirect_uri,
        scope="openid",
        code_challenge_method="S256",
    )
    # Neither a proxy nor a password of the environment.
    client.trust_env = False
    client.verify = settings.oidc_ca or True
    for scheme in ("https://", "http://"):
        client.mount(scheme, Bounded(most_s=_MOST_S, most_bytes=_MOST_BYTES))
    return client


def _fetched(client: OAuth2Session, place: str, *, anew: bool = False) -> dict[str, object]:
    """Return a document of JSON, kept for ten minutes.

    Raises:
        ValueError: It is none.
    """
    kept = _kept.get(place)
    if kept is not None and not anew and time.monotonic() < kept.until:
        return kept.value
    answer = client.get(place, withhold_token=True, allow_redirects=False)
    if answer.status_code != _OK:
        raise ValueError(f"{place} answers {answer.status_code}")
    found = decoded(answer.content, dict[str, object])
    _kept[place] = _Kept(found, time.monotonic() + _KEPT_S)
    return found
