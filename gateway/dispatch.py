"""Serves a door: who asks, what is asked, the call over the bus, and its answer as HTTP."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from fivered.chassis import telemetry
from fivered.chassis.json_values import JsonObject
from fivered.chassis.messages import ANY_VERSION, Actor, Replayed, Seen
from fivered.chassis.messages import PUBLIC as PUBLIC_ROLE
from fivered.chassis.refusal import (
    IdempotencyMismatch,
    KeyRequired,
    PreconditionRequired,
    Refusal,
)
from fivered.chassis.rpc import Caller, CallRefused
from fivered.chassis.typed import decoder
from fivered.gateway.addressed import read_params, read_places
from fivered.gateway.bodies import NOTHING, Unfit, travelling, whole
from fivered.gateway.context import context_of
from fivered.gateway.denials import Denials
from fivered.gateway.doors import PLACE, Door
from fivered.gateway.errors import (
    IfMatchUnreadable,
    KeyUnreadable,
    MediaTypeUnknown,
    TokenExpired,
    TokenInvalid,
)
from fivered.gateway.identity import ANONYMOUS, Identity, IdentitySource, admit, let_in, who
from fivered.gateway.limits import (
    LEAVING,
    Buckets,
    address_of,
    check_depth,
    check_values,
    read_body,
)
from fivered.gateway.settings import GatewaySettings
from fivered.gateway.sparing import DIGEST, PACKED, digest_of, spared

_KEY = re.compile(r"^[\x21-\x7e]{1,200}$")
# A version, quoted or bare; the digest that GET's tag bears behind it says nothing here.
_VERSION = re.compile(rf'^(?:W/)?(?:"([0-9]{{1,9}})(?:-{DIGEST})?(?:{PACKED})?"|([0-9]{{1,9}}))$')
_MOST_TAGS = 20
_JSON = re.compile(r"^application/([a-z0-9.-]+\+)?json\s*(;.*)?$", re.IGNORECASE)
_JOB = re.compile(r"^job_[0-9a-f-]{36}$")


class Gate:
    """What every door of one gateway shares: the bus, the limits, and who people are."""

    def __init__(
        self,
        caller: Caller,
        settings: GatewaySettings,
        identities: IdentitySource,
        denials: Denials,
    ) -> None:
        self.caller = caller
        self.settings = settings
        self.identities = identities
        self.denials = denials
        self._people = Buckets("person", settings.person_rate, settings.person_burst)
        # What a costly door takes beyond the one request that the outermost layer has counted.
        self._strangers = Buckets("address", settings.address_rate, settings.address_burst)

    def admit(
        self,
        request: Request,
        roles: tuple[str, ...],
        cost: int = 1,
        *,
        service: str = "",
        method: str = "",
    ) -> Actor:
        """Return who acts, or refuse; the audit is told of a denial.

        Args:
            request: What came.
            roles: Who may enter.
            cost: What the answer takes, in ordinary answers.
            service: Whose door it is; empty for the gateway's own.
            method: Its name there.

        Raises:
            Refusal: No token, no role, or too many requests.
        """
        known: list[Identity] = []
        try:
            return self._admit(request, roles, cost, known)
        except Refusal as refusal:
            action = method or _door_of(request)
            self.denials.note(request, refusal, next(iter(known), None), service, action)
            raise

    def _admit(
        self, request: Request, roles: tuple[str, ...], cost: int, proved: list[Identity]
    ) -> Actor:
        try:
            identity = who(request.headers, self.identities)
        except TokenExpired:
            if PUBLIC_ROLE not in roles:
                raise
            identity = None  # what everybody may read does not end with somebody's token
        except TokenInvalid:
            # A forged token is paid for by the address that it comes from.
            self._strangers.take(request.scope, address_of(request.scope))
            raise
        if identity is not None:
            proved.append(identity)
            request.scope["fivered.person"] = identity.person_id
            self._people.take(request.scope, identity.person_id, cost)
            identity = let_in(identity, _door_of(request), public=PUBLIC_ROLE in roles)
        elif cost > 1:
            self._strangers.take(request.scope, address_of(request.scope), cost - 1)
        known = admit(roles, identity, request.headers.get("x-acting-role"))
        # The audit says from where, and who tries in vain to sign in is known by this alone.
        actor = replace(known, address=address_of(request.scope))
        request.scope["fivered.actor"] = actor
        return actor

    def charge(self, request: Request, actor: Actor, cost: int) -> None:
        """Count what an answer takes beyond what its door costs.

        Raises:
            TooManyRequests: It is more than the caller's share.
        """
        if actor.id:
            self._people.take(request.scope, actor.id, cost)
        else:
            self._strangers.take(request.scope, address_of(request.scope), cost)

    def stranger(self, request: Request) -> Actor:
        """Return who asks a door that looks at credentials itself; the address is counted where
        the outermost layer has left that to the door, because of the header."""
        if "authorization" in request.headers:
            self._strangers.take(request.scope, address_of(request.scope))
        return replace(ANONYMOUS, address=address_of(request.scope))

    async def call(
        self,
        request: Request,
        service: str,
        method: str,
        body: JsonObject,
        *,
        actor: Actor,
        key: str | None = None,
        version: Seen | None = None,
        deadline_s: float | None = None,
        raw: bool = False,
    ) -> Any:
        """Call a service on behalf of a request. See `Caller.call`.

        Raises:
            CallFailed: See `Caller.call`.
        """
        context = context_of(request)
        name = f"{service}.{method}"
        with telemetry.doing(name, "client", context.traceparent, rpc__system="fivered") as span:
            return await self.caller.call(
                service,
                method,
                body,
                actor=actor,
                key=key,
                version=version,
                deadline_s=deadline_s or self.settings.deadline_s,
                lang=context.lang,
                traceparent=span.header,
                raw=raw,
            )

    async def enter(self, door: Door, request: Request, locate: Locate) -> Response:
        """Serve one request at a door.

        Raises:
            Refusal: The gateway refuses.
            CallFailed: The service refuses, or does not answer.
            Flawed: The request is not what the door takes.
        """
        if door.leaving is not None:
            request.scope[LEAVING] = door.leaving.headers()
        actor = self.admit(request, door.roles, door.cost, service=door.service, method=door.method)
        key = read_key(request) if door.kind == "command" else None
        version = read_version(request, required=door.if_match)
        places = read_places(door, request)
        members = read_params(door.params, request)
        content = b""
        if door.kind == "command":
            content = await self.read_content(door, request)
            members = read_members(door, content)
        call = functools.partial(
            self.call,
            request,
            door.service,
            door.method,
            actor=actor,
            key=key,
            version=version,
            deadline_s=door.deadline_s,
            raw=True,
        )
        try:
            reply = await call(places | members)
        except CallRefused as refused:
            if door.moments is None or refused.payload.get("code") != IdempotencyMismatch.code:
                raise
            # The gateways of 0.1.0 filled defaults in, and a key is bound to the body that came.
            filled = whole(door.body or NOTHING, content)
            if filled == members:
                raise
            reply = await call(places | filled)
        return self.answer(door, request, reply, locate)

    def answer(self, door: Door, request: Request, reply: object, locate: Locate) -> Response:
        """Return a reply as HTTP, compared with what the door promises where that is asked for.

        Raises:
            ReplyUnexpected: It is other than documented.
        """
        if self.settings.check_replies:
            check_reply(door, reply)
        return respond(door, request, reply, locate)

    async def read_content(self, door: Door, request: Request) -> bytes:
        """Return the body of a command, bounded; it may be empty where nothing is required.

        Raises:
            Refusal: It is too large, too slow, too deep, or not announced as JSON.
        """
        content = await read_body(request, self.settings)
        if not content and not (door.body is not None and door.body.required):
            return b""
        if not _JSON.match(request.headers.get("content-type", "")):
            raise MediaTypeUnknown
        check_depth(content, self.settings.json_depth)
        check_values(content, self.settings.json_values)
        return content


def _door_of(request: Request) -> str:
    """Return verb and path of the door that a request has come to; a HEAD asks what GET does."""
    verb = "GET" if request.method == "HEAD" else request.method
    return f"{verb} {getattr(request.scope.get('route'), 'path', '')}"


def read_members(door: Door, content: bytes) -> JsonObject:
    """Return the members of a command's body as they travel.

    Raises:
        BodyUnreadable: It is no JSON object.
        Flawed: It is not what the door takes, as far as the gateway looks.
    """
    if door.moments is not None:
        with suppress(Unfit):
            found = travelling(content, door.body or NOTHING, door.moments)
            # A member that bears the name of a place would change which thing is meant.
            if found.keys().isdisjoint(door.places):
                return found
    return whole(door.body or NOTHING, content)


Locate = Callable[[Door, object], str | None]


def read_key(request: Request) -> str:
    """Return the idempotency key; the quotes of a structured header value may stand or not.

    Raises:
        KeyRequired: There is none.
        KeyUnreadable: It is no key.
    """
    given = request.headers.get("idempotency-key", "").strip()
    if len(given) > 1 and given[0] == given[-1] == '"':
        given = given[1:-1]
    if not given:
        raise KeyRequired(field="Idempotency-Key")
    if not _KEY.match(given):
        raise KeyUnreadable(field="Idempotency-Key")
    return given


def read_version(request: Request, *, required: bool) -> Seen | None:
    """Return the version that If-Match names; several, or any (RFC 9110, 13.1.1).

    Raises:
        PreconditionRequired: It is required and missing.
        IfMatchUnreadable: It is no version.
    """
    given = request.headers.get("if-match")
    if given is None:
        if required:
            raise PreconditionRequired(field="If-Match")
        return None
    if given.strip() == ANY_VERSION:
        return ANY_VERSION
    named = [_VERSION.match(one.strip()) for one in given.split(",")[:_MOST_TAGS]]
    versions = [int(found[1] or found[2]) for found in named if found is not None]
    if len(versions) != given.count(",") + 1:
        raise IfMatchUnreadable(field="If-Match")
    return versions[0] if len(versions) == 1 else ",".join(map(str, versions))


def check_reply(door: Door, reply: object) -> None:
    """Fail when a service says other than the door promises; for tests and staging.

    What is asked has years from 1900 to 2099; what follows from the last of them lies behind it.

    Raises:
        ReplyUnexpected: It does.
    """
    said = reply.reply if isinstance(reply, Replayed) else reply
    found = door.reply.flaws(msgspec.json.decode(msgspec.json.encode(said)))
    if flaws := [one for one in found if one.kind != "year"]:
        raise ReplyUnexpected(f"{door.service}.{door.method}: {flaws}")


class ReplyUnexpected(Exception):
    """A reply is not of the documented type: the contract or the service is wrong."""


def respond(door: Door, request: Request, reply: object, locate: Locate) -> Response:
    """Return a reply as HTTP: ETag of its version, Location of what is new, Link to the rest.

    What is read has a tag that names its content too: more than the thing itself may change in it.
    """
    headers = {"Vary": "Authorization, X-Acting-Role, Accept-Language"}
    if isinstance(reply, Replayed):
        headers["Idempotency-Replayed"] = "true"
        reply = reply.reply
    content = msgspec.json.encode(reply)
    tag = [digest_of(content)] if door.kind == "query" else []
    if content.startswith(b"{"):
        head = _HEAD.decode(content)
        if isinstance(head.version, int) and not isinstance(head.version, bool):
            tag.insert(0, str(head.version))
        if door.status in {201, 202}:
            location = locate(door, head.id)
            if location is not None:
                headers["Location"] = location
        if isinstance(head.next, str) and head.next and bytes(head.items).startswith(b"["):
            asked = request.query_params.multi_items()
            headers["Link"] = f'<{next_page(request.url.path, asked, head.next)}>; rel="next"'
    if tag:
        headers["ETag"] = f'"{"-".join(tag)}"'
    return spared(request, content, headers, "application/json", status=door.status)


class _Head(msgspec.Struct):
    """What the gateway reads of a reply; it passes on the rest as it came."""

    id: object = None
    version: object = None
    next: object = None
    items: msgspec.Raw = msgspec.Raw()


_HEAD = decoder(_Head)


def next_page(path: str, params: Iterable[tuple[str, str]], cursor: str) -> str:
    """Return the address of the page of a list that a cursor names, with the same filters."""
    kept = [(name, value) for name, value in params if name != "cursor"]
    return f"{path}?{urlencode([*kept, ('cursor', cursor)])}"


def locator(doors: Mapping[tuple[str, str], Door]) -> Locate:
    """Return the function that says where a new thing can be read.

    Args:
        doors: Every door by (verb, full path).
    """
    readable: dict[str, str] = {}
    for verb, path in doors:
        folder, _, place = path.rpartition("/")
        if verb == "GET" and place.startswith("{") and "{" not in folder:
            readable[folder] = folder

    def locate(door: Door, thing: object) -> str | None:
        if not isinstance(thing, str) or not PLACE.match(thing):
            return None
        if _JOB.match(thing):
            return f"/v1/{door.service}/jobs/{thing}"
        folder = readable.get(door.full_path)
        return f"{folder}/{thing}" if folder is not None else None

    return locate
