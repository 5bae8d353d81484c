"""A door of OAuth 2.0 (RFC 6749): a form comes in, and refusals go out in that standard's form.

Programs that speak OAuth send no Idempotency-Key and read no problem+json. What they ask, and who
is believed, is said by the service whose door it is.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Final, TypedDict
from urllib.parse import parse_qsl, unquote_plus

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from fivered.chassis.json_values import JsonObject
from fivered.chassis.messages import Replayed, new_uuid
from fivered.chassis.refusal import Problem, Refusal
from fivered.chassis.rpc import CallFailed
from fivered.gateway.bodies import NOTHING, fitting
from fivered.gateway.context import context_of
from fivered.gateway.dispatch import Gate, read_key
from fivered.gateway.doors import Door
from fivered.gateway.errors import explain
from fivered.gateway.limits import read_body

FORM: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS = 20
# RFC 6749 5.2. For what is the server's matter 4.1.2.1; who comes too often is told the only word
# that is registered for it (RFC 8628 3.5).
_ERRORS = frozenset(
    {"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client",
     "unsupported_grant_type", "invalid_scope"}
)  # fmt: skip


class OAuthProblem(TypedDict):
    """A refusal in the form of RFC 6749 5.2, with both languages beside it."""

    error: str
    error_description: str
    code: str
    message_zh: str
    message_en: str
    trace_id: str


# What such a door refuses with; every other refusal is `invalid_request`.
STATUSES: Final = (400, 401, 429, 503)


class FormRefused(Refusal):
    """What came is no request of OAuth 2.0."""

    code = "INVALID_REQUEST"
    status = 400
    text = (
        "请求须为 application/x-www-form-urlencoded,每个参数一次,客户端凭证只用一种方式"
        " / Send application/x-www-form-urlencoded, each parameter once, and the client's "
        "credentials in one way"
    )


class ClientMissing(Refusal):
    """Nobody has said which client asks, or in a way that is not known here."""

    code = "INVALID_CLIENT"
    status = 401
    text = (
        "缺少系统账号凭证:请用 HTTP Basic,或在表单中提交 client_id 与 client_secret"
        " / The client's credentials are missing: send HTTP Basic, or client_id and "
        "client_secret in the form"
    )


def receiver(gate: Gate, door: Door) -> Callable[[Request], Awaitable[Response]]:
    """Return what serves a door of OAuth 2.0."""

    async def serve(request: Request) -> Response:
        try:
            actor = gate.stranger(request)
            given = _read(request, await read_body(request, gate.settings))
            shape = door.body or NOTHING
            # Unknown parameters are ignored (RFC 6749 3.2).
            known = {name: one for name, one in given.items() if name in shape.members}
            key = read_key(request) if "idempotency-key" in request.headers else new_uuid()
            reply = await gate.call(
                request,
                door.service,
                door.method,
                fitting(shape, known),
                actor=actor,
                key=key,
                raw=True,
            )
        except (Refusal, CallFailed) as error:
            return _refused(request, error)
        said = reply.reply if isinstance(reply, Replayed) else reply
        return Response(msgspec.json.encode(said), 200, {"Pragma": "no-cache"}, "application/json")

    return serve


def _read(request: Request, content: bytes) -> JsonObject:
    """Return the parameters of a form; HTTP Basic names the client (RFC 6749 2.3.1).

    Raises:
        FormRefused: It is no form, or a parameter comes twice.
        ClientMissing: It bears no credentials, or none that can be read.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise FormRefused
    try:
        pairs = parse_qsl(
            content.decode(), keep_blank_values=True, errors="strict",
            max_num_fields=_MOST_FIELDS,
        )  # fmt: skip
    except ValueError:
        raise FormRefused from None
    found: JsonObject = {}
    for name, value in pairs:
        if name in found:
            raise FormRefused(field=name)
        found[name] = value
    # A parameter without a value is as if it had not come (3.2).
    found = {name: value for name, value in found.items() if value}
    header = request.headers.get("authorization")
    if header is None:
        for name in ("client_id", "client_secret"):
            if name not in found:
                raise ClientMissing(field=name)
        return found
    client, secret = _basic(header)
    if "client_secret" in found:
        raise FormRefused(field="client_secret")
    if found.get("client_id", client) != client:
        raise FormRefused(field="client_id")
    return found | {"client_id": client, "client_secret": secret}


def _basic(header: str) -> tuple[str, str]:
    """Return id and secret of HTTP Basic.

    Raises:
        ClientMissing: It is another scheme, or unreadable.
    """
    scheme, _, written = header.strip().partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ClientMissing(field="Authorization")
        client, _, secret = base64.b64decode(written.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise ClientMissing(field="Authorization") from None
    return unquote_plus(client), unquote_plus(secret)


def _refused(request: Request, error: Exception) -> Response:
    refused, headers = explain(error, request.scope)
    request.scope["fivered.refused"] = refused["code"]
    kind = _kind_of(refused)
    status = refused["status"]
    if kind == "invalid_client":
        headers["WWW-Authenticate"] = 'Basic realm="fivered", charset="UTF-8"'
    elif kind == "invalid_request":
        status = 400
    english = refused["message_en"].encode("ascii", "replace").decode()
    told: OAuthProblem = {
        "error": kind,
        # Neither quotes nor backslashes (RFC 6749 5.2).
        "error_description": english.replace('"', "'").replace("\\", "/"),
        "code": refused["guard"] or refused["code"],
        "message_zh": refused["message_zh"],
        "message_en": refused["message_en"],
        "trace_id": context_of(request).trace_id,
    }
    headers |= {"Pragma": "no-cache"}
    return Response(msgspec.json.encode(told), status, headers, "application/json")


def _kind_of(refused: Problem) -> str:
    named = refused["code"].lower()
    if named in _ERRORS:
        return named
    if refused["status"] == 429:
        return "slow_down"
    if refused["status"] == 503:
        return "temporarily_unavailable"
    return "server_error" if refused["status"] >= 500 else "invalid_request"
