"""The application: the doors of the installed services, and what the gateway answers itself."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, cast

import msgspec
from msgspec import Meta
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from fivered.chassis import __version__, api, cards, contracts, supervised
from fivered.chassis.api import ApiContract
from fivered.chassis.bus import Service
from fivered.chassis.history import READERS
from fivered.chassis.installed import service_names
from fivered.chassis.json_values import JsonObject
from fivered.chassis.messages import SYSTEM
from fivered.chassis.refusal import Refusal
from fivered.chassis.replies import Reply
from fivered.chassis.requests import Request as Asked
from fivered.chassis.rpc import BusCaller, Caller, CallFailed, CallRefused, ServiceUnavailable
from fivered.chassis.settings import BusSettings, SettingsError, read, read_all
from fivered.chassis.table import VERBS
from fivered.gateway import (
    contract,
    documents,
    exports,
    files,
    history,
    imports,
    measures,
    oauth,
    open311,
    own_data,
    own_messages,
    own_work,
    pages,
    streams,
)
from fivered.gateway.addresses import Address, Addresses
from fivered.gateway.context import context_of
from fivered.gateway.denials import Denials
from fivered.gateway.dispatch import Gate, Locate, locator, read_key, read_members
from fivered.gateway.doors import ANY, PUBLIC, Door, Doors, of_gateway
from fivered.gateway.errors import CapabilityMissing, StreamsTaken, explain
from fivered.gateway.identity import ANONYMOUS, IdentitySource, Tokens
from fivered.gateway.keyring import SERVICE, Keyring
from fivered.gateway.limits import Outermost
from fivered.gateway.openapi import Document
from fivered.gateway.serving import listen, serve
from fivered.gateway.settings import GatewaySettings, SigningSettings

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator

    from fivered.chassis.embedded import EmbeddedHost

log = logging.getLogger("fivered.gateway")

# A release that has not answered so often is no longer there.
_RELEASE_GONE = 5
# What an answer costs for which every service is asked.
_EVERY_SERVICE = 5
_SETTING_UP = ("R_DISTRICT", "R_AUDITOR")
# How long `/ready` waits for the outlook of the calendar, and how long it repeats it.
_OUTLOOK_WAIT_S = 0.5
_OUTLOOK_KEPT_S = 5.0
# What a page of another origin may send and read. A token is a header, never a cookie.
_SENT = (
    "Accept-Language", "Authorization", "Content-Type", "Idempotency-Key", "If-Match",
    "If-None-Match", "Last-Event-ID", "traceparent", "X-Acting-Role",
)  # fmt: skip
_READ = (
    "Deprecation", "ETag", "Idempotency-Replayed", "Link", "Location", "RateLimit",
    "RateLimit-Policy", "Retry-After", "Sunset", "traceparent",
)  # fmt: skip
Serve = Callable[[Request], Awaitable[Response]]
TITLE = "五红社区治理 / Five Red"


# --------------------------------------------------------------------------------------------------
# What is installed


def routed() -> list[str]:
    """Return the names of the services whose doors are known here."""
    return [name for name in sorted(service_names()) if contract.contract_of(name) is not None]


def doors_of(service: str) -> Doors | None:
    """Return the doors of an installed service, or None when none is installed here."""
    stated = contract.contract_of(service)
    return contract.doors_of(stated) if stated is not None else None


def with_jobs(doors: Doors) -> Doors:
    """Return the doors of a service with those that every service has: its jobs."""
    own = Doors(doors.service, doors.tag, doors.imports, doors.about)
    for door in doors:
        own.adopt(door)
    # A service may describe its jobs more closely than the chassis does.
    known = {(door.verb, door.path) for door in own}
    for door in contract.doors_of(contracts.common_api(Service, doors.service, doors.tag)):
        if (door.verb, door.path) not in known:
            own.adopt(door)
    return own


# --------------------------------------------------------------------------------------------------
# What the gateway answers itself


class SetClock(Asked, frozen=True):
    """把演示时钟向前拨 / Move the demonstration clock forward."""

    now: Annotated[
        datetime,
        Meta(
            tz=True,
            description="新的业务时间;无时区时为本地时间 / local when without a zone",
            examples=["2025-02-05T00:10:00+08:00"],
        ),
    ]


class Clock(Reply):
    """The domain time of each service."""

    now: str | None
    demo: bool
    services: dict[str, object]


class ClockSet(Reply):
    """What each service has done. `complete` is false when one could not be reached."""

    now: str
    complete: bool
    services: dict[str, object]


class Health(Reply):
    """Whether all are there, and what waits."""

    state: str
    bus: dict[str, object]
    services: dict[str, object]


class Setup(Reply):
    """What a new installation needs, and what of it is there; `missed` names who did not answer."""

    done: bool
    steps: list[dict[str, object]]
    missed: dict[str, object]


class Index(Reply):
    """What this installation offers."""

    services: list[dict[str, object]]
    missing: list[dict[str, object]]
    links: dict[str, str]


class Own:
    """The gateway's own answers."""

    _setting: Door

    def __init__(
        self, gate: Gate, installed: Mapping[str, Doors], missing: Mapping[str, str]
    ) -> None:
        self.gate = gate
        self.installed = installed
        self.missing = missing
        # How far the calendar reaches, as `/ready` tells it, and when that is asked again.
        self._outlook: cards.Outlook | None = None
        self._ask_at = 0.0

    def doors(self) -> list[tuple[Door, Serve]]:
        """Return each own door with what serves it."""
        declared = of_gateway()
        open_to_all: tuple[tuple[str, str, type[Reply], str, Serve], ...] = (
            ("/v1", "index", Index, "系统目录 / Index", self.index),
            ("/v1/health", "health", Health, "运行状况 / Health of every service", self.health),
            ("/v1/clock", "clock", Clock, "业务时间 / Domain time", self.clock),
        )
        found: list[tuple[Door, Serve]] = [
            (declared.query("GET", path, name, reply=kind, roles=PUBLIC, summary=said), serve)
            for path, name, kind, said, serve in open_to_all
        ]
        said = "启用清单 / What is left to do before the installation can be used"
        listed = declared.query(
            "GET", "/v1/setup", "setup", reply=Setup, roles=_SETTING_UP, summary=said
        )
        found.append((listed, self.setup))
        if self.gate.settings.demo_clock:
            self._setting = declared.command(
                "POST",
                "/v1/clock",
                "set_clock",
                body=SetClock,
                reply=ClockSet,
                roles=ANY,
                summary="拨动演示时钟 / Move the demonstration clock",
            )
            found.append((self._setting, self.set_clock))
        return found

    async def index(self, request: Request) -> Response:
        """Answer what is installed here and where it is."""
        self.gate.admit(request, PUBLIC)
        return _json(
            {
                "name": TITLE,
                "version": __version__,
                "demo": self.gate.settings.demo_clock,
                "services": [
                    {
                        "name": name,
                        "title": doors.tag,
                        "href": f"/v1/{name}",
                        "docs": f"/docs#{name}",
                        "doors": len(doors),
                    }
                    for name, doors in self.installed.items()
                ],
                "missing": [
                    {"name": name, "capability": "missing", "why": why}
                    for name, why in self.missing.items()
                ],
                "links": {
                    "docs": "/docs",
                    "openapi": "/openapi.json",
                    "events": "/events",
                    "history": "/v1/events",
                    "stream": "/v1/events/stream",
                    "asyncapi": "/asyncapi.json",
                    "problems": "/problems",
                    "health": "/v1/health",
                    "clock": "/v1/clock",
                    "setup": "/v1/setup",
                    "open311": f"{open311.BASE}/discovery.json",
                    "me": "/v1/me",
                    "work": "/v1/me/work",
                    "live": "/live",
                    "ready": "/ready",
                },
            }
        )

    async def health(self, request: Request) -> Response:
        """Ask every service at the same time how it is."""
        actor = self.gate.admit(request, PUBLIC, _EVERY_SERVICE)
        bus, told = await asyncio.gather(
            self.gate.caller.state(),
            self._each(
                request,
                lambda name: self.gate.call(request, name, "_health", {}, actor=actor),
            ),
        )
        services = {
            name: {"state": "DOWN", **card} if "code" in card else {"state": "UP", **card}
            for name, card in told.items()
        }
        up = bus.get("bus") == "up" and all(card["state"] == "UP" for card in services.values())
        return _json({"state": "UP" if up else "DEGRADED", "bus": bus, "services": services})

    async def setup(self, request: Request) -> Response:
        """Ask every service what a new installation needs of it."""
        self.gate.admit(request, _SETTING_UP)
        told = await self._each(
            request, lambda name: self.gate.call(request, name, "_setup", {}, actor=SYSTEM)
        )
        missed = {name: card for name, card in told.items() if "code" in card}
        steps: list[dict[str, object]] = [
            {"service": name, **step}
            for name, card in told.items()
            for step in cast("cards.Steps", card).get("steps", ())
        ]
        done = not missed and all(step["done"] for step in steps if step["needed"])
        return _json({"done": done, "steps": steps, "missed": missed})

    async def clock(self, request: Request) -> Response:
        """Ask every service for its domain time."""
        actor = self.gate.admit(request, PUBLIC, _EVERY_SERVICE)
        told = await self._each(
            request, lambda name: self.gate.call(request, name, "_clock", {}, actor=actor)
        )
        times = [str(card["now"]) for card in told.values() if "now" in card]
        now, demo = min(times, default=None), self.gate.settings.demo_clock
        return _json({"now": now, "demo": demo, "services": told})

    async def set_clock(self, request: Request) -> Response:
        """Move the clock of every service, under one key; repeating it mends what was missed."""
        actor = self.gate.admit(request, ANY)
        key = read_key(request)
        content = await self.gate.read_content(self._setting, request)
        body = read_members(self._setting, content)
        failures: list[Exception] = []
        told = await self._each(
            request,
            lambda name: self.gate.call(request, name, "_set_clock", body, actor=actor, key=key),
            failures,
        )
        if failures and len(failures) == len(told):
            # All say the same no, or none is there: that is the answer.
            refused = [failure for failure in failures if isinstance(failure, CallRefused)]
            raise (refused or failures)[0]
        for card in told.values():
            card["state"] = "MISSED" if "code" in card else "SET"
        times = [str(card["now"]) for card in told.values() if "now" in card]
        return _json({"now": min(times), "complete": not failures, "services": told})

    async def _each(
        self,
        request: Request,
        ask: Callable[[str], Awaitable[JsonObject]],
        failures: list[Exception] | None = None,
    ) -> dict[str, JsonObject]:
        """Ask every service at the same time; one that fails answers with its code."""

        async def one(name: str) -> JsonObject:
            try:
                return dict(await ask(name))
            except CallFailed as error:
                if failures is not None:
                    failures.append(error)
                refused, _headers = explain(error, request.scope)
                english = context_of(request).lang == "en"
                return {
                    "code": refused["code"],
                    "detail": refused["message_en" if english else "message_zh"],
                }

        answers = await asyncio.gather(*(one(name) for name in self.installed))
        return dict(zip(self.installed, answers, strict=True))

    async def live(self, _request: Request) -> Response:
        """Answer that the process runs."""
        return _json({"state": "LIVE"})

    async def ready(self, request: Request) -> Response:
        """Answer whether a call would get through, and, when that is soon, how far the calendar
        reaches."""
        state = await self.gate.caller.state()
        up = state.get("bus") == "up"
        card = {"state": "READY" if up else "WAITING", **state}
        outlook = await self._calendar(request) if up else None
        if outlook is not None and outlook["ends_soon"]:
            card["calendar"] = outlook
        return _json(card, 200 if up else 503)

    async def _calendar(self, request: Request) -> cards.Outlook | None:
        """Return how far the working days are known, asked for once in a while of any service;
        None where none answers: a call would get through all the same."""
        now = asyncio.get_running_loop().time()
        if now >= self._ask_at:
            self._ask_at = now + _OUTLOOK_KEPT_S
            with suppress(TimeoutError, Refusal):
                async with asyncio.timeout(_OUTLOOK_WAIT_S):
                    await self._ask_outlook(request)
        return self._outlook

    async def _ask_outlook(self, request: Request) -> None:
        actor = self.gate.admit(request, PUBLIC)
        for name in self.installed:
            with suppress(CallFailed):
                health: cards.Health = await self.gate.call(
                    request, name, "_health", {}, actor=actor
                )
                self._outlook = health["calendar"]
                return


def _json(answer: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(answer), status, media_type="application/json")


# --------------------------------------------------------------------------------------------------
# Putting it together


class _Application(Starlette):
    """An application without Starlette's two layers for what is raised: `Outermost` answers it."""

    def build_middleware_stack(self) -> ASGIApp:
        """Put the layers that were added around the router."""
        app: ASGIApp = self.router
        for layer, args, named in reversed(self.user_middleware):
            app = layer(app, *args, **named)
        return app


def create(
    caller: Caller,
    *,
    settings: GatewaySettings,
    services: Sequence[str],
    identities: IdentitySource | None = None,
    extra: Iterable[Doors] = (),
) -> Starlette:
    """Build the application.

    Args:
        caller: The bus; opened and closed by its maker.
        settings: What the environment says.
        services: Which services this installation has; those without a contract here are declared
            as missing under GET /v1 until they have said theirs.
        identities: Who people are; default the tokens of `settings.token_key`.
        extra: Doors that no contract states (tests, an adapter of the installation).
    """
    given = {doors.service: doors for doors in extra}
    installed: dict[str, Doors] = {}
    missing: dict[str, str] = {}
    for name in services:
        doors = given.get(name) or doors_of(name)
        if doors is None:
            missing[name] = "no contract"
        else:
            installed[name] = _completed(doors)
    for name in routed():
        if name not in installed:
            missing.setdefault(name, "not installed")

    believed = Keyring(Tokens(settings.token_key), signed_in=SERVICE in services)
    gate = Gate(caller, settings, identities or believed, Denials(services))
    app = _Application()
    app.state.keyring = believed
    app.state.gate = gate
    app.state.table = DoorTable(app, gate, installed, missing, set(services))
    app.state.streams = app.state.table.streams
    app.add_middleware(Outermost, settings=settings)
    if settings.cors_origins:
        # Outside of all: a page must be able to read refusals as well.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=sorted(VERBS),
            allow_headers=_SENT,
            expose_headers=_READ,
        )
    return app


class DoorTable:
    """Which door stands at which address, as the services' contracts say at this moment.

    It begins with the contracts of the installed packages. A running service may be of another
    release: it is asked for its own, and its doors are replaced while requests are served.

    Args:
        app: Where the addresses stand.
        gate: What every door shares.
        installed: The doors of each service whose contract is known.
        missing: Why another service has none here.
        services: Which services this installation has.
    """

    def __init__(
        self,
        app: Starlette,
        gate: Gate,
        installed: dict[str, Doors],
        missing: dict[str, str],
        services: set[str],
    ) -> None:
        self._app = app
        # A thing has one address; a redirect would also repeat the Host header that somebody sent.
        self._addresses = app.router = Addresses(redirect_slashes=False)
        self._gate = gate
        self._installed = installed
        self._missing = missing
        self._services = services
        # Of each service: its releases that answer, with how often another one has since; and the
        # contract whose doors stand here.
        self._heard: dict[str, dict[tuple[int, ...], tuple[int, ApiContract]]] = {}
        self._laid = {name: contract.contract_of(name) for name in installed}
        self._own = Own(gate, installed, missing)
        self._export = own_data.Export(gate, installed)
        self._exports = exports.Exports()
        self._open311 = open311.Open311(gate, installed)
        self._files = files.Front(gate)
        self._messages = own_messages.Messages(gate, installed)
        self._work = own_work.Own(gate, installed, self._messages.unread)
        reader = history.Reader(gate, installed)
        self._history = history.History(gate, reader)
        self.streams = streams.Streams(gate, reader)
        self._lay()

    def take(self, told: object) -> bool:
        """Take the contract that a running service has said. Returns whether its doors change.

        While two releases of a service run side by side both answer: the newer one's doors stand
        until it has not been heard of for a while.

        Raises:
            ValueError: It is no contract.
        """
        said = api.read(told)
        name = said.service
        releases = self._heard.setdefault(name, {})
        for version in list(releases):
            releases[version] = (releases[version][0] + 1, releases[version][1])
            if releases[version][0] > _RELEASE_GONE:
                del releases[version]
        releases[version_of(said)] = (0, said)
        newest = releases[max(releases)][1]
        if self._laid.get(name) == newest:
            return False
        self._installed[name] = _completed(contract.doors_of(newest))
        self._laid[name] = newest
        self._missing.pop(name, None)
        self._lay()
        return True

    async def ask(self) -> None:
        """Ask every service for its contract; one that is down keeps the last one."""
        for name in sorted(self._services):
            try:
                told = await self._gate.caller.call(name, "_contract", {}, actor=ANONYMOUS)
            except CallFailed:
                continue
            try:
                said = api.read(told)
                # A service without a table has none to say; each speaks for itself only.
                if said.service == name and said.doors and self.take(said):
                    log.info("contract_taken", extra={"service": name, "doors": len(said.doors)})
            except (LookupError, TypeError, ValueError):
                log.exception("contract_unreadable", extra={"service": name})

    async def follow(self, reconnected: Callable[[float], Awaitable[None]], every_s: float) -> None:
        """Ask at once, whenever the bus is reached anew, and every so often."""
        while True:
            await self.ask()
            await reconnected(every_s)

    def _lay(self) -> None:
        """Lay out the addresses anew; requests under way go on at the old ones."""
        given = self._export.door()
        own: list[tuple[Door, Serve]] = [
            *self._own.doors(),
            *self._of_history(),
            (given, functools.partial(self._export.serve, given)),
            *self._work.doors(),
            *self._files.doors(),
            *self._messages.doors(),
        ]
        every = {(d.verb, d.full_path): d for doors in self._installed.values() for d in doors}
        document = Document(
            title=TITLE,
            version=__version__,
            doors=[*(door for door, _ in own), *every.values()],
            demo=self._gate.settings.demo_clock,
            contact=self._gate.settings.contact,
        )
        silent = [name for name in self._missing if name in self._services]
        shown = pages.addresses(self._gate, document, self._installed, silent)
        self._app.state.doors = list(every.values())
        self._app.state.document = document
        found: list[BaseRoute] = [
            *(_route(door.full_path, serve, door.verb, door.method) for door, serve in own),
            _route("/live", self._own.live),
            _route("/ready", self._own.ready),
            *(_route(path, serve) for path, serve in shown),
            *(_route(path, serve, verb) for verb, path, serve in self._open311.addresses()),
        ]
        locate = locator(every)
        # A written-out segment goes before a place: /people/import is no person called "import".
        for door in sorted(every.values(), key=_openness):
            serve = _serving(self._gate, door, locate, self._installed, self._files)
            serve = exports.server(self._gate, door, self._exports, serve)
            found.append(_route(door.full_path, serve, door.verb, f"{door.service}.{door.method}"))
        for name in self._missing:
            refusal = ServiceUnavailable if name in self._services else CapabilityMissing
            serve = _refusing(refusal, name)
            found.append(Address(f"/v1/{name}/{{rest:path}}", serve, methods=list(VERBS)))
        self._addresses.lay(found)

    def _of_history(self) -> Iterator[tuple[Door, Serve]]:
        """Yield the doors of what was published, with what serves each."""
        declared = of_gateway()
        listed = declared.query(
            "GET",
            "/v1/events",
            "history",
            params=history.EventsAsked,
            reply=history.EventPage,
            roles=READERS,
            summary="已发布的公开事件 / Public events that were published",
        )
        streamed = declared.query(
            "GET",
            "/v1/events/stream",
            "stream",
            params=history.Narrowed,
            reply=history.EventPage,
            roles=READERS,
            produces=streams.MEDIA_TYPE,
            summary="公开事件流(服务器推送)/ Public events as they are published",
        )
        listed = history.refusing(listed)
        yield listed, functools.partial(self._history.events, listed)
        streamed = history.refusing(streamed, StreamsTaken)
        yield streamed, functools.partial(self.streams.stream, streamed)


def version_of(said: ApiContract) -> tuple[int, ...]:
    """Return a contract's release as numbers that compare."""
    return tuple(int(part) for part in said.version.split("."))


def _route(path: str, serve: Serve, verb: str = "GET", name: str | None = None) -> Address:
    return Address(path, serve, methods=[verb], name=name)


def _completed(doors: Doors) -> Doors:
    """Return a service's doors with those that every service has."""
    return documents.with_forms(files.with_addresses(imports.with_imports(with_jobs(doors))))


def _openness(door: Door) -> tuple[bool, ...]:
    return tuple("{" in segment for segment in door.full_path.split("/"))


def _serving(
    gate: Gate, door: Door, locate: Locate, installed: Mapping[str, Doors], kept: files.Front
) -> Serve:
    """Return what serves a door: JSON both ways, a file that comes in, or a document."""
    if door.method == files.GIVEN:
        return functools.partial(kept.give, door)
    if door.content:
        return imports.receiver(gate, door, locate)
    if door.oauth:
        return oauth.receiver(gate, door)
    if door.produces:
        return documents.writer(gate, door, installed)
    serve = functools.partial(gate.enter, door, locate=locate)
    if not door.or_produces or not door.service:
        return serve
    others = documents.others_of(door, installed[door.service])
    return documents.chosen(
        serve, {one.produces: documents.writer(gate, one, installed) for one in others}
    )


def _refusing(refusal: type[CapabilityMissing | ServiceUnavailable], service: str) -> Serve:
    """Serve a service that is not part of this installation, or has not yet said its doors."""

    async def serve(_request: Request) -> Response:
        raise refusal(service=service)

    return serve


# --------------------------------------------------------------------------------------------------
# Serving


def serve_embedded(
    host: EmbeddedHost,
    *,
    services: Sequence[str],
    sock: socket.socket,
    ready: Callable[[], None] = lambda: None,
    settings: GatewaySettings | None = None,
) -> None:
    """Serve in this process, in its main thread, until SIGINT or SIGTERM.

    Args:
        host: The embedded bus; started and stopped by the caller of this function.
        services: Which services are in it.
        sock: The bound, listening socket.
        ready: Called once when the first request can be answered.
        settings: Default: read from the environment.

    Raises:
        SettingsError: A variable is missing or wrong.
    """
    chosen = settings or read(GatewaySettings)
    app = create(host, settings=chosen, services=services)
    # In one process a right ends as soon as it is known; the keys are asked for at the start.
    app.router.lifespan_context = _following(app, host, services)
    serve(app, chosen, sock=sock, ready=ready)


Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


def _following(app: Starlette, caller: Caller, services: Sequence[str]) -> Lifespan:
    """Return what tells services whom the gateway has refused, and keeps asking whose tokens count,
    where people can sign in at all."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        following = [asyncio.create_task(app.state.gate.denials.follow(caller))]
        if SERVICE in services:
            following.append(asyncio.create_task(app.state.keyring.follow(caller)))
        try:
            yield
        finally:
            for one in following:
                one.cancel()
            await asyncio.gather(*following, return_exceptions=True)

    return lifespan


def run(ready: Callable[[], None] = lambda: None, extra: Iterable[Doors] = ()) -> int:
    """Serve as a process of its own, with the services behind RabbitMQ; returns the exit code.

    Args:
        ready: Called once when the first request can be answered.
        extra: See `create`.

    Raises:
        SettingsError: A variable is missing or wrong.
        PortTaken: The address cannot be listened on.
    """
    process, settings, signing = read_all([BusSettings, GatewaySettings, SigningSettings])
    if not process.broker_url:
        raise SettingsError(["FIVERED_BROKER_URL is not set: the broker behind which services are"])
    services = settings.services or routed()
    if not services and not extra:
        raise SettingsError(["FIVERED_SERVICES is not set, and no service is installed here"])
    sock = listen(settings.host, settings.port)
    caller = BusCaller(process.broker_url, signing.signer())
    app = create(caller, settings=settings, services=services, extra=extra)

    believing = _following(app, caller, services)

    @asynccontextmanager
    async def lifespan(served: Starlette) -> AsyncIterator[None]:
        # The bus lives on the server's own event loop, so it begins and ends with it.
        await caller.start()
        following = asyncio.create_task(
            app.state.table.follow(caller.reconnected, settings.contracts_s)
        )
        try:
            async with believing(served):
                yield
        finally:
            following.cancel()
            await caller.close()

    app.router.lifespan_context = lifespan

    def started() -> None:
        supervised.tell_started()
        ready()

    with measures.told(process.health_port, caller):
        serve(app, settings, sock=sock, ready=started)
    return 0
