"""How much one caller may ask: size, depth, rate, number at once; and what every answer carries."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import OrderedDict
from math import ceil

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fivered.chassis import telemetry
from fivered.gateway import measures
from fivered.gateway.context import KEY, UNMATCHED, read_context, template_of
from fivered.gateway.errors import (
    BodyTooDeep,
    BodyTooLarge,
    BodyTooMany,
    BodyTooSlow,
    Busy,
    TooManyRequests,
    answer_error,
)
from fivered.gateway.settings import GatewaySettings

log = logging.getLogger("fivered.access")

_REMEMBERED = 50_000
# A string of any length or a bracket. A string that never ends swallows the rest, so that no input
# is looked at twice.
_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
_SECURITY = tuple(
    (name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()
)
# Where a browser came by HTTPS (here, or to a proxy that is believed): for a year by HTTPS only.
_HTTPS_ONLY = b"max-age=31536000; includeSubDomains"
_SHARED = (b"ratelimit-policy", b"ratelimit")


# What a caller has left, as the headers RateLimit-Policy and RateLimit say it; and where a request
# keeps it.
Share = tuple[str, str]
SHARE = "fivered.share"
# Where it keeps what is said of its door, when that will be gone.
LEAVING = "fivered.leaving"


class Buckets:
    """A token bucket per name, in memory; each gateway process counts for itself.

    Args:
        of: Whose they are, as the header says it: `person` or `address`.
        rate: Tokens per second; 0 = no limit.
        burst: Most tokens that a bucket holds.
    """

    def __init__(self, of: str, rate: float, burst: int) -> None:
        self._of = of
        self._rate = rate
        self._burst = max(1, burst)
        # How the draft of the RateLimit headers says it: so many in so many seconds.
        window = ceil(self._burst / rate) if rate > 0 else 0
        self._policy = f'"{of}";q={self._burst};w={max(1, window)}'
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, scope: Scope, name: str, tokens: int = 1, *, now: float | None = None) -> None:
        """Take tokens; one request of a costly kind takes several. Its scope keeps what is left.

        Raises:
            TooManyRequests: The bucket is empty; it says in how many seconds it is not.
        """
        if self._rate <= 0:
            return
        at = time.monotonic() if now is None else now
        level, seen = self._levels.pop(name, (float(self._burst), at))
        level = min(self._burst, level + (at - seen) * self._rate)
        # What costs more than a bucket holds is let through by a full one.
        allowed = level >= min(tokens, self._burst)
        left = level - tokens if allowed else level
        self._levels[name] = (left, at)
        if len(self._levels) > _REMEMBERED:
            # The one that was not seen for longest is full again or nearly so.
            self._levels.popitem(last=False)
        full_in_s = ceil((self._burst - left) / self._rate)
        scope[SHARE] = (self._policy, f'"{self._of}";r={max(0, int(left))};t={full_in_s}')
        if not allowed:
            raise TooManyRequests(seconds=max(1, int((tokens - level) / self._rate + 0.999)))


def check_depth(body: bytes, limit: int) -> None:
    """Refuse JSON that is nested deeper than `limit`, before anything parses it.

    Raises:
        BodyTooDeep: It is.
    """
    if body.count(b"{") + body.count(b"[") <= limit:
        return
    depth = 0
    for token in _TOKENS.finditer(body):
        first = body[token.start()]
        if first in b"[{":
            depth += 1
            if depth > limit:
                raise BodyTooDeep(limit=limit)
        elif first in b"]}":
            depth -= 1


def check_values(body: bytes, limit: int) -> None:
    """Refuse JSON of more than about `limit` values: to say of each what is wrong would cost more
    than a request may.

    Raises:
        BodyTooMany: It holds more.
    """
    if body.count(b",") + body.count(b":") > limit:
        raise BodyTooMany(limit=limit)


def check_announced(request: Request, limit: int) -> None:
    """Refuse a body that says beforehand that it is too long.

    Raises:
        BodyTooLarge: It does.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise BodyTooLarge(limit=limit)


async def read_body(request: Request, settings: GatewaySettings) -> bytes:
    """Read the body, as long as it keeps to its limits; a chunked one is counted as it comes.

    Raises:
        BodyTooLarge: It is longer than the setting.
        BodyTooSlow: It has not arrived in time.
    """
    limit = settings.body_bytes
    check_announced(request, limit)
    parts: list[bytes] = []
    length = 0
    try:
        async with asyncio.timeout(settings.body_wait_s):
            async for part in request.stream():
                length += len(part)
                if length > limit:
                    raise BodyTooLarge(limit=limit)
                parts.append(part)
    except TimeoutError:
        raise BodyTooSlow(seconds=settings.body_wait_s) from None
    return b"".join(parts)


class Outermost:
    """The outermost layer: context, number at once, rate per address, what was refused or went
    wrong, headers, access log.

    Plain ASGI, so that nothing stands between the server and an answer that streams.
    """

    def __init__(self, app: ASGIApp, settings: GatewaySettings) -> None:
        self._app = app
        self._settings = settings
        self._addresses = Buckets("address", settings.address_rate, settings.address_burst)
        self._serving = 0
        self._warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        method = measures.verb_of(scope)
        span = telemetry.begin(
            f"HTTP {method}", "server", headers.get("traceparent"), http__request__method=method
        )
        context = scope[KEY] = read_context(headers, span)
        started = time.perf_counter()
        answered: dict[str, object] = {}

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered["status"] = message["status"]
                if "fivered.refused" in scope:
                    answered["code"] = scope["fivered.refused"]
                _dress(message, context.traceparent, scope)
            await send(message)

        try:
            self._admit(scope)
            self._serving += 1
            try:
                await self._app(scope, receive, dressed)
            finally:
                self._serving -= 1
        except Exception as error:  # noqa: BLE001  whatever happens, the caller must be answered
            response = answer_error(Request(scope, receive), error)
            if "status" not in answered:
                await response(scope, receive, dressed)
        seconds = time.perf_counter() - started
        status = answered.get("status")
        measures.answered(scope, status if isinstance(status, int) else 0, seconds)
        _end(span, scope, status if isinstance(status, int) else 0)
        log.info(
            "request",
            extra={
                # Of the door, not as it came: people are named in addresses, too.
                "method": method,
                "path": template_of(scope),
                "status": answered.get("status", 0),
                "ms": round(seconds * 1000, 1),
                "trace_id": context.trace_id,
                "actor": _actor_of(scope),
                "address": address_of(scope),
                **({"code": answered["code"]} if "code" in answered else {}),
            },
        )

    def _admit(self, scope: Scope) -> None:
        """Refuse what is too much.

        Raises:
            Busy: Too many requests are being served.
            TooManyRequests: This address asks more than its share.
        """
        if self._serving >= self._settings.concurrency:
            raise Busy
        headers = Headers(scope=scope)
        if "x-forwarded-for" in headers and not self._settings.trusted_proxies:
            self._warn_of_proxy(address_of(scope))
        if "authorization" in headers:
            # A person's own bucket counts; people behind one address are not each other's limit.
            return
        self._addresses.take(scope, address_of(scope))

    def _warn_of_proxy(self, address: str) -> None:
        if not self._warned:
            self._warned = True
            log.warning(
                "proxy_not_trusted",
                extra={
                    "address": address,
                    "remedy": "FIVERED_TRUSTED_PROXIES: everybody behind it is one address",
                },
            )


def _end(span: telemetry.Span, scope: Scope, status: int) -> None:
    """End the span of a request under the address of its door, which names no thing."""
    route = template_of(scope)
    if route != UNMATCHED:
        span.call(f"{measures.verb_of(scope)} {route}")
        span.tell(http__route=route)
    span.tell(http__response__status_code=status)
    if "fivered.refused" in scope:
        span.tell(fivered__refusal=str(scope["fivered.refused"]))
    span.end(str(status) if status >= 500 else "")


def address_of(scope: Scope) -> str:
    """Return the network address that a request came from."""
    return str((scope.get("client") or ("?",))[0])


def _actor_of(scope: Scope) -> str:
    """Return who asked, also where that was refused before a role was taken."""
    actor = scope.get("fivered.actor")
    if actor is None:
        return str(scope.get("fivered.person", ""))
    return f"{actor.role} {actor.id}".strip()


def _dress(message: Message, traceparent: str, scope: Scope) -> None:
    """Give an answer the headers that every answer has; its own stand."""
    given: list[tuple[bytes, bytes]] = message["headers"]
    own = {name for name, _ in given}
    share: Share | None = scope.get(SHARE)
    said = zip(_SHARED, share, strict=True) if share is not None else ()
    ours = {name: value.encode("latin-1") for name, value in said}
    if scope["scheme"] == "https":
        ours[b"strict-transport-security"] = _HTTPS_ONLY
    ours[b"traceparent"] = traceparent.encode("latin-1")
    leaving: dict[str, str] = scope.get(LEAVING, {})
    message["headers"] = [
        *(one for one in given if one[0] not in ours),
        *ours.items(),
        *((name.lower().encode(), value.encode("latin-1")) for name, value in leaving.items()),
        *(one for one in _SECURITY if one[0] not in own),
    ]
