"""Serves a door: who asks, what he asks, the call over the bus, and its answer as HTTP."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Any, TypeVar, get_args, get_origin
from urllib.parse import urlencode

import msgspec
from pydantic import BaseModel, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError
from starlette.requests import Request
from starlette.responses import Response

from chassis import text
from chassis.calendar import with_zone
from chassis.messages import PUBLIC as PUBLIC_ROLE
from chassis.messages import Actor
from chassis.refusal import IdempotencyMismatch, KeyRequired, PreconditionRequired
from chassis.rpc import Caller, CallRefused
from gateway.bodies import Unfit, flawed, says_wrong, travelling
from gateway.context import context_of
from gateway.doors import Body, Door, Params
from gateway.errors import (
    BodyUnreadable,
    IfMatchUnreadable,
    KeyUnreadable,
    MediaTypeUnknown,
    TokenExpired,
    TokenInvalid,
)
from gateway.identity import IdentitySource, admit, who
from gateway.limits import Buckets, address_of, check_depth, check_values, read_body
from gateway.settings import GatewaySettings

_KEY = re.compile(r"^[\x21-\x7e]{1,200}$")
_VERSION = re.compile(r'^(?:W/)?(?:"([0-9]{1,9})"|([0-9]{1,9}))$')
_JSON = re.compile(r"^application/([a-z0-9.-]+\+)?json\s*(;.*)?$", re.IGNORECASE)
PLACE = re.compile(r"^[A-Za-z0-9_.:~-]{1,120}$")
_JOB = re.compile(r"^job_[0-9a-f-]{36}$")
ModelT = TypeVar("ModelT", bound=BaseModel)


class EmptyBody(Body):
    """What a command without a body may send: nothing, or an empty object."""


class NoParams(Params):
    """No query parameters."""


class Gate:
    """What every door of one gateway shares: the bus, the limits, and who people are."""

    def __init__(
        self, caller: Caller, settings: GatewaySettings, identities: IdentitySource
    ) -> None:
        self.caller = caller
        self.settings = settings
        self.identities = identities
        self._people = Buckets(settings.person_rate, settings.person_burst)
        # What a costly door takes beyond the one request that the outermost layer has counted.
        self._strangers = Buckets(settings.address_rate, settings.address_burst)

    def admit(self, request: Request, roles: tuple[str, ...], cost: int = 1) -> Actor:
        """Return who acts, or refuse.

        Args:
            request: What came.
            roles: Who may enter.
            cost: What the answer takes, in ordinary answers.

        Raises:
            Refusal: No token, no role, or too many requests.
        """
        try:
            identity = who(request.headers, self.identities)
        except TokenExpired:
            if PUBLIC_ROLE not in roles:
                raise
            identity = None  # what everybody may read does not end with somebody's token
        except TokenInvalid:
            # A forged token is paid for by the address that it comes from.
            self._strangers.take(address_of(request.scope))
            raise
        if identity is not None:
            request.scope["fivered.person"] = identity.person_id
            self._people.take(identity.person_id, cost)
        elif cost > 1:
            self._strangers.take(address_of(request.scope), cost - 1)
        actor = admit(roles, identity, request.headers.get("x-acting-role"))
        request.scope["fivered.actor"] = actor
        return actor

    async def call(
        self,
        request: Request,
        service: str,
        method: str,
        body: dict[str, Any],
        *,
        actor: Actor,
        key: str | None = None,
        version: int | None = None,
        deadline_s: float | None = None,
        raw: bool = False,
    ) -> Any:
        """Call a service on behalf of a request. See `Caller.call`.

        Raises:
            CallFailed: See `Caller.call`.
        """
        context = context_of(request)
        return await self.caller.call(
            service,
            method,
            body,
            actor=actor,
            key=key,
            version=version,
            deadline_s=deadline_s or self.settings.deadline_s,
            lang=context.lang,
            traceparent=context.traceparent,
            raw=raw,
        )

    async def enter(self, door: Door, request: Request, locate: Locate) -> Response:
        """Serve one request at a door.

        Raises:
            Refusal: The gateway refuses.
            CallFailed: The service refuses, or does not answer.
            ValidationError: The request is not what the door takes.
        """
        actor = self.admit(request, door.roles, door.cost)
        key = read_key(request) if door.kind == "command" else None
        version = read_version(request, required=door.if_match)
        places = read_places(door, request)
        members = read_params(door.params or NoParams, request)
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
            if door.moments is None:
                raise
            if says_wrong(refused):
                # Raises what names everything at once.
                read_whole(door, content)
            if refused.payload.get("code") != IdempotencyMismatch.code:
                raise
            # The gateways of 0.1.0 filled defaults in, and a key is bound to the body that came.
            filled = read_whole(door, content)
            if filled == members:
                raise
            reply = await call(places | filled)
        if self.settings.check_replies:
            check_reply(door, reply)
        return respond(door, request, reply, locate)

    async def read_content(self, door: Door, request: Request) -> bytes:
        """Return the body of a command, bounded; it may be empty where nothing is required.

        Raises:
            Refusal: It is too large, too slow, too deep, or not announced as JSON.
        """
        model = door.body or EmptyBody
        content = await read_body(request, self.settings)
        if not content and not any(f.is_required() for f in model.model_fields.values()):
            return b""
        if not _JSON.match(request.headers.get("content-type", "")):
            raise MediaTypeUnknown
        check_depth(content, self.settings.json_depth)
        check_values(content, self.settings.json_values)
        return content


def read_members(door: Door, content: bytes) -> dict[str, Any]:
    """Return the members of a command's body as they travel.

    Raises:
        BodyUnreadable: It is no JSON object.
        ValidationError: It is not what the door takes, as far as the gateway looks.
    """
    if door.moments is not None:
        with suppress(Unfit):
            found = travelling(content, door.moments)
            # A member that bears the name of a place would change which thing is meant.
            if found.keys().isdisjoint(door.places):
                return found
    return read_whole(door, content)


def read_whole(door: Door, content: bytes) -> dict[str, Any]:
    """Return the members of a body that is all that the door's contract says, defaults filled in.

    Raises:
        BodyUnreadable: It is no JSON object.
        ValidationError: It is not what the door takes; all of it is named.
    """
    return members_of(read_json(door.body or EmptyBody, content))


Locate = Callable[[Door, Any], str | None]


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


def read_version(request: Request, *, required: bool) -> int | None:
    """Return the version that If-Match names.

    Raises:
        PreconditionRequired: It is required and missing.
        IfMatchUnreadable: It is no version.
    """
    given = request.headers.get("if-match")
    if given is None:
        if required:
            raise PreconditionRequired(field="If-Match")
        return None
    found = _VERSION.match(given.strip())
    if found is None:
        raise IfMatchUnreadable(field="If-Match")
    return int(found[1] or found[2])


def read_places(door: Door, request: Request) -> dict[str, Any]:
    """Return the path's places.

    Raises:
        ValidationError: One is not as the door describes it.
    """
    places = {name: request.path_params[name] for name in door.places}
    if door.path_params is not None:
        return members_of(door.path_params.model_validate(places))
    for name, value in places.items():
        if not PLACE.match(value):
            complaint = _complaint((name,), "string_pattern_mismatch", pattern=PLACE.pattern)
            raise ValidationError.from_exception_data("request", [complaint])
    return places


def _complaint(
    at: tuple[str | int, ...], kind: str, said: str = "", **context: Any
) -> InitErrorDetails:
    """Return one complaint; `errors.validation_errors` has the sentences by kind."""
    return {"type": PydanticCustomError(kind, said, context), "loc": at, "input": None}


def read_params(model: type[Params], request: Request) -> dict[str, Any]:
    """Return the query parameters; one that is given twice is a list.

    Raises:
        ValidationError: One is unknown or wrong.
    """
    given: dict[str, Any] = {}
    for name in request.query_params:
        values = request.query_params.getlist(name)
        field = model.model_fields.get(name)
        if field is not None and _takes_many(field.annotation):
            # Both ways of writing a list are in use: ids=a&ids=b and ids=a,b.
            given[name] = [part for value in values for part in value.split(",") if part]
        else:
            given[name] = values[0] if len(values) == 1 else values
    tidied = text.tidied(given)
    return members_of(_validated(given, lambda: model.model_validate(tidied)))


def _takes_many(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin in {list, tuple, set, frozenset}:
        return True
    return any(_takes_many(part) for part in get_args(annotation)) if origin else False


def read_json(model: type[ModelT], content: bytes) -> ModelT:
    """Read a body; every text in it is tidied before anything looks at it.

    Raises:
        BodyUnreadable: It is no JSON, or no object.
        ValidationError: A member is missing, unknown or wrong.
    """
    try:
        given = msgspec.json.decode(content or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        given = _with_numbers_out_of_range(content)
    if not isinstance(given, dict):
        raise BodyUnreadable
    tidied = text.tidied(given)
    known = content or b"{}" if tidied == given else msgspec.json.encode(tidied)
    return _validated(given, lambda: model.model_validate_json(known))


_WIDE = msgspec.json.Decoder(float_hook=float)


def _with_numbers_out_of_range(content: bytes) -> Any:
    """Name the members whose number is too large for any field; other content is no JSON.

    Raises:
        BodyUnreadable: It is no JSON.
        ValidationError: `1e400` and its like: valid JSON, and no number that can be kept.
    """
    try:
        given = _WIDE.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BodyUnreadable from None
    beyond = [_complaint(at, "finite_number") for at in _infinite(given)]
    if not beyond:
        raise BodyUnreadable
    raise ValidationError.from_exception_data("request", beyond)


def _infinite(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the place of every number that is beyond what a number can be."""
    if isinstance(value, float) and not math.isfinite(value):
        yield at
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _infinite(inner, (*at, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _infinite(inner, (*at, number))


def _validated(given: Mapping[str, Any], validate: Callable[[], ModelT]) -> ModelT:
    """Validate, and name what is unreadable together with what is wrong.

    Raises:
        ValidationError: Something is.
    """
    complaints = [_complaint(at, kind, "", **context) for at, kind, context in flawed(given)]
    try:
        read = validate()
    except ValidationError as error:
        if not complaints:
            raise
        complaints += [
            _complaint(item["loc"], item["type"], item["msg"], **item.get("ctx", {}))
            for item in error.errors(include_url=False, include_input=False)
        ]
    else:
        complaints += [
            _complaint(at, "year_out_of_reach") for at in _days_beyond(read.model_dump())
        ]
        if not complaints:
            return read
    raise ValidationError.from_exception_data("request", complaints)


def _days_beyond(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the place of every day and instant from which no deadline can be counted."""
    if isinstance(value, date):
        if not text.in_reach(value):
            yield at
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _days_beyond(inner, (*at, name))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _days_beyond(inner, (*at, number))


def members_of(model: Body | Params) -> dict[str, Any]:
    """Return the members as they travel: defaults are filled in, and what was left out is not sent.

    A null that the caller wrote is sent; a null that stands for "not given" is not, so that the
    service's own default holds. A time without a zone is local, as people write it.
    """
    given = model.model_fields_set
    members = {
        name: _with_zone(value)
        for name, value in model.model_dump().items()
        if value is not None or name in given
    }
    travelling: dict[str, Any] = msgspec.to_builtins(members)
    return travelling


def _with_zone(value: Any) -> Any:
    if isinstance(value, datetime):
        return with_zone(value)
    if isinstance(value, Mapping):
        return {name: _with_zone(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_with_zone(inner) for inner in value]
    return value


def check_reply(door: Door, reply: Any) -> None:
    """Fail when a service says other than the door promises; for tests and staging.

    Raises:
        ReplyUnexpected: It does.
    """
    try:
        door.reply.model_validate_json(msgspec.json.encode(reply))
    except ValidationError as error:
        raise ReplyUnexpected(f"{door.service}.{door.method}: {error}") from error


class ReplyUnexpected(Exception):
    """A reply is not of the documented type: the contract or the service is wrong."""


def respond(door: Door, request: Request, reply: Any, locate: Locate) -> Response:
    """Return a reply as HTTP: ETag of its version, Location of what is new, Link to the rest."""
    headers = {"Vary": "Authorization, X-Acting-Role, Accept-Language"}
    content = msgspec.json.encode(reply)
    if content.startswith(b"{"):
        head = _HEAD.decode(content)
        if isinstance(head.version, int) and not isinstance(head.version, bool):
            headers["ETag"] = f'"{head.version}"'
        if door.status in {201, 202}:
            location = locate(door, head.id)
            if location is not None:
                headers["Location"] = location
        if isinstance(head.next, str) and head.next and bytes(head.items).startswith(b"["):
            headers["Link"] = f'<{_following(request, head.next)}>; rel="next"'
    return Response(content, door.status, headers, "application/json")


class _Head(msgspec.Struct):
    """What the gateway reads of a reply; it passes on the rest as it came."""

    id: Any = None
    version: Any = None
    next: Any = None
    items: msgspec.Raw = msgspec.Raw()


_HEAD = msgspec.json.Decoder(_Head)


def _following(request: Request, cursor: str) -> str:
    kept = [(n, v) for n, v in request.query_params.multi_items() if n != "cursor"]
    return f"{request.url.path}?{urlencode([*kept, ('cursor', cursor)])}"


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

    def locate(door: Door, thing: Any) -> str | None:
        if not isinstance(thing, str) or not PLACE.match(thing):
            return None
        if _JOB.match(thing):
            return f"/v1/{door.service}/jobs/{thing}"
        folder = readable.get(door.full_path)
        return f"{folder}/{thing}" if folder is not None else None

    return locate
