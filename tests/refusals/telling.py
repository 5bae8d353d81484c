"""The story, told in this process, with refused commands tried before its steps.

The system is a real embedded host behind the real gateway; only the network is missing. Before a
step of the story whatever stands in the table for it is tried in the state that the story has
reached, and what came of it is kept. So no state is set up by hand that the story brings anyway.
"""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import sqlalchemy as sa

from fivered.chassis.embedded import EmbeddedHost
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.migrate import migrate_service
from fivered.chassis.runtime import Runtime
from fivered.chassis.settings import ProcessSettings, Secret
from fivered.clients.demo import district as place
from fivered.clients.demo.api import Api, Person, Refused
from fivered.clients.demo.district import PEOPLE, District
from fivered.clients.demo.screen import Screen
from fivered.clients.demo.story import CHAPTERS, STEPS
from fivered.clients.demo.teller import Teller
from fivered.gateway.app import create
from fivered.gateway.settings import GatewaySettings
from testkit.bench import KEY, environment

# What the chassis keeps about calls themselves; a refusal may be noted there.
BOOKS = {"audit", "idempotency", "inbox", "cursors", "timers", "jobs", "alembic_version"}


class Loop:
    """An event loop of its own thread: an ASGI application asked as `httpx.Client` asks."""

    def __init__(self, app: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://gateway")

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Make one request."""
        asked = self._client.request(method, path, **options)
        return asyncio.run_coroutine_threadsafe(asked, self._loop).result(30)

    def close(self) -> None:
        """End the client and the thread."""
        asyncio.run_coroutine_threadsafe(self._client.aclose(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


@dataclass(frozen=True, slots=True)
class Try:
    """A command that must be refused.

    Attributes:
        name: Says in words what is refused.
        step: Before which step of the story it is tried.
        who: Who tries it.
        path: Where; "{here}" is the path of the story's own step, other names are what is known.
        body: The body; texts that begin with "{" are filled too.
        change: Where given, the body is that of the story's own step with these members changed
            (None takes a member out).
        status: The expected HTTP status.
        code: The expected code.
        guard: The expected guard, where the code is GUARD_FAILED.
        match: True sends the present version, a number that one, a text what is known by that
            name, None no If-Match.
        role: The acting role, where it is not the person's first.
    """

    name: str
    step: str
    who: str | Person
    path: str
    status: int
    code: str
    guard: str | None = None
    body: Mapping[str, Any] | None = None
    change: Mapping[str, Any] | None = None
    match: bool | int | str | None = None
    role: str | None = None


@dataclass(slots=True)
class Came:
    """What came of a try.

    Attributes:
        changed: Tables of the service that were not as before; empty as it should be.
    """

    status: int
    problem: dict[str, Any]
    changed: dict[str, Any]


@dataclass
class Witness(Teller):
    """A teller who remembers what his next step will be."""

    def post(
        self, step: str, path: str, who: str, body: dict[str, Any] | None = None, **options: Any
    ) -> Any:
        self._next(path, who, body, options.get("role"), None)
        made = super().post(step, path, who, body, **options)
        self.known[f"made-{step}"] = made
        return made

    def advance(self, step: str, path: str, verb: str, who: str, body: Any = None, *,
                role: str | None = None, reader: Person | None = None) -> Any:  # fmt: skip
        self._next(path, who, body, role, reader)
        return super().advance(step, path, verb, who, body, role=role, reader=reader)

    def _decide(self, step: str, path: str, verb: str, who: str) -> None:
        self._next(path, who, {}, None, None)
        super()._decide(step, path, verb, who)

    def _next(self, path: str, who: str, body: Any, role: Any, reader: Any) -> None:
        self.known |= {"here": path, "body": body or {}}
        self.known["reader"] = (reader, None) if reader else (PEOPLE[who], role)


class Site:
    """The system in this process.

    Args:
        folder: Where its databases are.
        environ: Settings beside those of a demonstration.
    """

    def __init__(self, folder: Any, **environ: str) -> None:
        names = service_names()
        runtimes = {}
        for name in names:
            cls = service_class(name)
            settings = environment(
                ProcessSettings,
                cls.settings_type,
                FIVERED_DEMO_CLOCK="1",
                FIVERED_DEMO_START="2025-01-02T09:00:00",
                FIVERED_SYNTHETIC="1",
                FIVERED_BLOBS=str(folder / "blobs"),
                **environ,
            )
            url = f"sqlite:///{folder}/{name}.sqlite"
            runtimes[name] = Runtime.open(cls, url, environ=settings)
            migrate_service(cls, runtimes[name].engine)
        self.host = EmbeddedHost(runtimes)
        gate = GatewaySettings(token_key=Secret(KEY), demo_clock=True, check_replies=True)
        app = create(self.host, settings=gate, services=names)
        # A door below /v1 itself names no service.
        self.doors = tuple(app.state.doors)
        self._common = {door.full_path: door.service for door in app.state.doors if door.common}
        self.loop = Loop(app)
        self.api = Api("http://gateway", KEY, patience_s=60)
        self.api._client.close()
        self.api._client = self.loop  # type: ignore[assignment]
        self.host.start()

    def close(self) -> None:
        """Stop everything."""
        self.loop.close()
        self.host.stop()

    def service_of(self, path: str) -> str:
        """Return the service to which a path leads."""
        return self._common.get(path) or path.split("/")[2]

    def standing(self, service: str) -> dict[str, tuple[int, int]]:
        """Return table -> (rows, sum of versions) of a service, the chassis's books left out."""
        runtime = self.host.runtimes[service]
        found = {}
        with runtime.engine.connect() as conn:
            for table in runtime.service_cls.tables.sorted_tables:
                if table.name in BOOKS:
                    continue
                total = sa.func.sum(table.c.version) if "version" in table.c else sa.literal(0)
                rows, versions = conn.execute(
                    sa.select(sa.func.count(), total).select_from(table)
                ).one()
                found[table.name] = (rows, versions or 0)
        return found


def tell(
    site: Site,
    tries: Iterable[Try],
    prepare: Mapping[str, Callable[[Witness], object]],
    afterwards: Callable[[Witness], None],
) -> dict[str, Came]:
    """Load the district and tell the story with the tries in it; returns name -> what came.

    Args:
        site: The system.
        tries: The table.
        prepare: Step -> what is done just before the tries of that step, beyond the story.
        afterwards: What is done when the story is over, before the tries of the step "afterwards".
    """
    came: dict[str, Came] = {}
    waiting: dict[str, list[Try]] = {}
    for one in tries:
        waiting.setdefault(one.step, []).append(one)

    def before(step: str) -> None:
        if step in prepare:
            prepare[step](witness)
        for one in waiting.pop(step, []):
            came[one.name] = attempt(site, witness, one)

    District(site.api).load()
    witness = Witness(site.api, Screen(STEPS, quiet=True), before)
    witness.known |= {
        name.lower(): value for name, value in vars(place).items() if isinstance(value, str)
    }
    for chapter in CHAPTERS:
        chapter(witness)
    afterwards(witness)
    before("afterwards")
    assert not waiting, f"steps that the story has not: {sorted(waiting)}"
    return came


def attempt(site: Site, witness: Witness, one: Try) -> Came:
    """Try one command. Events of the step before may still arrive: then it is tried again."""
    path = one.path.format(**witness.known)
    service = site.service_of(path)
    body = dict(one.body or {})
    if one.change is not None:
        changed = {**witness.known["body"], **one.change}
        body = {name: value for name, value in changed.items() if value is not None}
    body = _filled(body, witness.known)
    who = PEOPLE[one.who] if isinstance(one.who, str) else one.who
    for _ in range(8):
        version: Any = one.match
        if isinstance(one.match, str):
            version = witness.known[one.match]
        if one.match is True:
            version = _version(site.api, path.rpartition("/")[0], (who, one.role), witness)
        standing = site.standing(service)
        status, problem = _post(site.api, path, who, body, version=version, role=one.role)
        now = site.standing(service)
        differing = {
            name: (standing[name], now[name]) for name in now if standing[name] != now[name]
        }
        found = Came(status, problem, differing)
        # A timer that fired in between changed the version, or something else than the refusal did.
        outrun = status == 412 and one.match is True and one.status != 412
        if (not differing and not outrun) or status == 200:
            break
        time.sleep(0.05)
    return found


def _version(api: Api, thing: str, own: tuple[Person, str | None], witness: Witness) -> int:
    """Read a version: as who tries, or as the story's reader where that one may not look."""
    try:
        return int(api.get(thing, own[0], role=own[1])["version"])
    except Refused:
        reader, role = witness.known["reader"]
        return int(api.get(thing, reader, role=role)["version"])


def _filled(value: Any, known: Mapping[str, Any]) -> Any:
    """Fill "{names}" of what is known into the texts of a body."""
    if isinstance(value, str) and value.startswith("{"):
        return value.format(**known)
    if isinstance(value, Mapping):
        return {name: _filled(member, known) for name, member in value.items()}
    return [_filled(member, known) for member in value] if isinstance(value, list) else value


def _post(
    api: Api, path: str, who: Person, body: Any, *, version: Any, role: Any
) -> tuple[int, Any]:
    key = f"try-{uuid.uuid4().hex}"
    try:
        return 200, api.post(path, who, body, key=key, role=role, version=version)
    except Refused as refused:
        return refused.status, refused.problem
