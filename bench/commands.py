"""The path of a command, from the socket of the gateway and back, beside two others.

Ours: the gateway, `fivered serve steward` and `fivered work steward` on RabbitMQ and PostgreSQL.
Beside it, on the same servers and in turns: nameko as it comes (`commands_stock`), and FastAPI with
FastStream (`commands_fast`), both with the same division into gateway and service. A light command
is `urge`: one row locked, changed, one line of history. `submit_request` takes a request, numbers
it, starts its clocks and gives it to a steward. Then the same on the embedded mode.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench import commands_sql, frame
from bench.frame import Figure, progress
from fivered.chassis.bus import Actor, Call
from fivered.chassis.migrate import migrate_service
from fivered.chassis.runtime import Runtime
from fivered.gateway.identity import issue
from fivered.services.steward.service import Steward
from testkit import servers

ROOT = Path(__file__).resolve().parents[1]
DISTRICT = "370811"
COMMUNITIES = tuple(f"{DISTRICT}0159{number:02d}" for number in range(1, 9))
STEWARDS = 4
CLIENTS = 8
LIST = 50
KEYS = {
    "FIVERED_ACTOR_KEY": "a" * 32,
    "FIVERED_TOKEN_KEY": "t" * 32,
    "FIVERED_STEWARD_PII_KEY": "p" * 32,
}
REPORTER = "per_00000000-0000-7000-8000-000000000001"
ORDER = {"channel": "PHONE", "kind": "REPAIR", "category": "REPAIR_COMMON", "text": "楼道灯不亮"}

Ask = tuple[str, str, dict[str, str], Any]


# --------------------------------------------------------------------------------------------------
# A client that costs little


async def _client(port: int, asks: Iterator[Ask], answers: list[Any], times: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for verb, path, headers, body in asks:
        content = json.dumps(body).encode() if body is not None else b""
        head = [f"{verb} {path} HTTP/1.1", "Host: bench", "Content-Type: application/json"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        head += [f"Content-Length: {len(content)}", "", ""]
        begun = time.perf_counter()
        writer.write("\r\n".join(head).encode() + content)
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        length = next(
            int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:")
        )
        answer = await reader.readexactly(length)
        times.append(time.perf_counter() - begun)
        if not lines[0].split()[1].startswith("2"):
            raise SystemExit(f"{verb} {path}: {lines[0]} {answer[:500].decode()}")
        answers.append(json.loads(answer))
    writer.close()


@dataclass
class Took:
    """What some requests took.

    Attributes:
        rate: Requests per second.
        p50: Median time of one (s).
        p95: Within which nineteen of twenty were answered (s).
        cpu: Processor seconds of each process, per request.
        answers: What was answered.
    """

    rate: float
    p50: float
    p95: float
    cpu: dict[str, float]
    answers: list[Any]


@dataclass
class System:
    """What is measured: its port, its processes, and how it is asked."""

    name: str
    port: int
    submit: Callable[[str], Ask]
    urge: Callable[[Any], Ask]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def take(self, asks: Sequence[Ask], clients: int = CLIENTS) -> Took:
        """Ask all of it, several at the same time."""
        answers: list[Any] = []
        times: list[float] = []
        left = iter(asks)

        async def all_of_them() -> None:
            await asyncio.gather(
                *(_client(self.port, left, answers, times) for _ in range(clients))
            )

        before = {name: frame.cpu_s(process.pid) for name, process in self.processes.items()}
        begun = time.perf_counter()
        asyncio.run(all_of_them())
        seconds = time.perf_counter() - begun
        cpu = {
            name: (frame.cpu_s(process.pid) - before[name]) / len(asks)
            for name, process in self.processes.items()
        }
        return Took(len(asks) / seconds, frame.median(times), frame.p95(times), cpu, answers)


# --------------------------------------------------------------------------------------------------
# The systems


class Processes:
    """Starts processes and ends them."""

    def __init__(self, stack: ExitStack) -> None:
        self._folder = stack.enter_context(servers.temporary_folder("bench-"))
        self._stack = stack

    def start(self, name: str, command: Sequence[str], **environ: str) -> subprocess.Popen[bytes]:
        with (self._folder / name).open("wb") as log:
            process = servers.spawn(
                [sys.executable, "-m", *command],
                cwd=ROOT, env=os.environ | environ, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log,
            )  # fmt: skip

        self._stack.callback(frame.end, process)
        return process

    def wait(self, system: System, ask: Ask, seconds: float = 60) -> None:
        """Wait until a system answers.

        Raises:
            SystemExit: It does not; what its processes said is on stderr.
        """
        end = time.monotonic() + seconds
        while True:
            try:
                system.take([ask], 1)
            except (OSError, asyncio.IncompleteReadError, SystemExit) as error:
                dead = [name for name, one in system.processes.items() if one.poll() is not None]
                if dead or time.monotonic() > end:
                    for path in sorted(self._folder.iterdir()):
                        sys.stderr.write(f"--- {path.name}\n{path.read_text()[-2000:]}\n")
                    raise SystemExit(f"{system.name} does not answer: {error} {dead}") from None
                time.sleep(0.2)
            else:
                return


def _baseline(
    processes: Processes,
    name: str,
    module: str,
    units: Sequence[str],
    *,
    broker: str,
    database: str,
) -> System:
    """Start one of the two others."""
    engine = sa.create_engine(sa.make_url(database).set(drivername="postgresql+psycopg"))
    with engine.begin() as conn:
        conn.exec_driver_sql(commands_sql.TABLES)
        for place, community in enumerate(COMMUNITIES):
            conn.exec_driver_sql(f"INSERT INTO areas VALUES ('{community}001', 'GRID')")
            for number in range(STEWARDS):
                conn.exec_driver_sql(
                    f"INSERT INTO stewards VALUES ('stw_{place}_{number}', 'per_{place}_{number}',"
                    f" '{community}')"
                )
    engine.dispose()
    system = System(
        name,
        servers.free_port(),
        lambda grid: ("POST", "/requests", {}, ORDER | {"grid": grid, "reporter_id": REPORTER}),
        lambda made: ("POST", f"/requests/{made['id']}/urge", {}, {"reporter_id": REPORTER}),
    )
    system.processes = {
        unit: processes.start(
            f"{name} {unit}", [module, unit], FIVERED_LEDGER_DATABASE_URL=database,
            FIVERED_BROKER_URL=broker,
            PORT=str(system.port if unit in {"gateway", "one"} else servers.free_port()),
        )
        for unit in units
    }  # fmt: skip
    processes.wait(system, system.submit(f"{COMMUNITIES[0]}001"))
    return system


def token(person: str, role: str, scope: str, key: str) -> dict[str, str]:
    token = issue(key, person, [{"role": role, "scope": scope}], 12)
    return {"Authorization": f"Bearer {token}"}


class Ours(System):
    """A gateway with steward behind it."""

    def __init__(self, name: str, port: int, token_key: str) -> None:
        super().__init__(name, port, self._submit, self._urge)
        self._resident = token(REPORTER, "R_RESIDENT", DISTRICT, token_key)
        self.district = token("per_bench", "R_DISTRICT", DISTRICT, token_key)

    def command(self, path: str, body: Any, *, resident: bool = False, **headers: str) -> Ask:
        who = self._resident if resident else self.district
        key = {"Idempotency-Key": str(uuid.uuid4())}
        return "POST", f"/v1/steward{path}", who | key | headers, body

    def _submit(self, grid: str) -> Ask:
        return self.command("/requests", ORDER | {"grid": grid}, resident=True)

    def _urge(self, made: Any) -> Ask:
        match = {"If-Match": f'"{made["version"]}"'}
        return self.command(f"/requests/{made['id']}/urge", {}, resident=True, **match)

    def list(self, community: str) -> Ask:
        return "GET", f"/v1/steward/requests?limit={LIST}&scope={community}", self.district, None

    def fill(self, communities: Sequence[str] = COMMUNITIES) -> None:
        """Define the ground and enrol its stewards, through the doors."""
        asks = [
            self.command("/areas", {"code": code, "name": f"社区{code}", "kind": "COMMUNITY"})
            for code in communities
        ]
        asks += [
            self.command(
                "/areas",
                {"code": f"{code}001", "name": "一", "kind": "GRID", "households": 400,
                 "persons": 1100},
            )
            for code in communities
        ]  # fmt: skip
        asks.append(self._person(REPORTER, communities[0]))
        for place, community in enumerate(communities):
            for number in range(STEWARDS):
                tail = f"00000000-0000-7000-8000-{place:06d}{number + 100:06d}"
                asks.append(self._person(f"per_{tail}", community))
                order = {
                    "steward_id": f"stw_{tail}", "person_id": f"per_{tail}",
                    "type": "FULL_TIME", "duty": "PROPERTY_STAFF", "grids": [f"{community}001"],
                    "work_phone": "05370000001", "board_consent": True, "consent_ref": "bench",
                }  # fmt: skip
                asks.append(self.command("/stewards", order))
        self.take(asks, 1)

    def _person(self, person: str, community: str) -> Ask:
        body = {"person_id": person, "name": "某人", "grid": f"{community}001", "synthetic": True}
        return self.command("/people", body)


def started(
    processes: Processes,
    *,
    broker: str,
    database: str,
    communities: Sequence[str] = COMMUNITIES,
) -> Ours:
    """Start a gateway, steward and its worker on an empty database, and fill in its ground."""
    runtime = opened(database)
    migrate_service(Steward, runtime.engine)
    runtime.prepare()
    runtime.close()
    ours = Ours("ours", servers.free_port(), KEYS["FIVERED_TOKEN_KEY"])
    environ = KEYS | {
        "FIVERED_BROKER_URL": broker,
        "FIVERED_STEWARD_DATABASE_URL": database,
        "FIVERED_SERVICES": "steward",
        "FIVERED_GATEWAY_PORT": str(ours.port),
        "FIVERED_PERSON_RATE": "100000",
        **_DEMO,
    }
    subprocess.run(
        [sys.executable, "-m", "fivered.chassis.cli", "topology", "apply"],
        cwd=ROOT, env=os.environ | environ, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    commands = {
        "service": ["fivered.chassis.serve", "steward"],
        "worker": ["fivered.chassis.cli", "work", "steward"],
        "gateway": ["fivered.chassis.cli", "gateway"],
    }
    ours.processes = {
        unit: processes.start(f"ours {unit}", command, **environ)
        for unit, command in commands.items()
    }
    processes.wait(ours, ours.list(DISTRICT))
    ours.fill(communities)
    return ours


_DEMO = {"FIVERED_SYNTHETIC": "1", "FIVERED_DEMO_CLOCK": "1"}


def opened(database: str) -> Runtime:
    return Runtime.open(Steward, database, environ=KEYS | _DEMO)


def _embedded(processes: Processes, folder: Path) -> Ours:
    port = servers.free_port()
    process = processes.start(
        "embedded",
        ["fivered.chassis.cli", "up", "--demo", "--data", str(folder), "--port", str(port)],
        FIVERED_DEMO_DISTRICT="0", FIVERED_PERSON_RATE="100000", FIVERED_LOG_LEVEL="INFO",
    )  # fmt: skip
    end = time.monotonic() + 60
    while not (folder / "running.json").exists():
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit("the embedded process does not start")
        time.sleep(0.1)
    keys = json.loads((folder / "keys.json").read_text("utf-8"))
    ours = Ours("embedded", port, keys["FIVERED_TOKEN_KEY"])
    ours.processes = {"embedded": process}
    processes.wait(ours, ours.list(DISTRICT))
    ours.fill()
    return ours


# --------------------------------------------------------------------------------------------------
# Measuring


@dataclass
class Round:
    """One system in one round."""

    many: Took
    one: Took
    light: Took
    alone: Took
    light_alone: Took


def _round(system: System, count: int) -> Round:
    """Submit requests, and urge each of them once."""
    everywhere = [system.submit(f"{COMMUNITIES[n % 8]}001") for n in range(count)]
    here = [system.submit(f"{COMMUNITIES[0]}001") for _ in range(count // 2)]
    few = max(20, count // 8)
    many, one = system.take(everywhere), system.take(here)
    alone = system.take([system.submit(f"{COMMUNITIES[n % 8]}001") for n in range(few)], 1)
    light = system.take([system.urge(made) for made in many.answers + one.answers])
    light_alone = system.take([system.urge(made) for made in alone.answers], 1)
    progress(
        f"commands: {system.name}: light {light.rate:.0f}/s {light.p50 * 1000:.1f} ms,"
        f" submit {many.rate:.0f}/s, in one {one.rate:.0f}/s; alone {light_alone.p50 * 1000:.1f}"
        f" and {alone.p50 * 1000:.1f} ms; CPU light {_shown(light.cpu)}, submit {_shown(many.cpu)}"
    )
    return Round(many, one, light, alone, light_alone)


def _shown(cpu: dict[str, float]) -> str:
    parts = [f"{name} {seconds * 1000:.2f}" for name, seconds in cpu.items()]
    return " + ".join(parts) + " ms"


@contextmanager
def _counting(runtime: Runtime) -> Iterator[list[str]]:
    """Collect the statements that a runtime sends."""
    found: list[str] = []

    def sent(_conn: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        found.append(statement)

    sa.event.listen(runtime.engine, "before_cursor_execute", sent)
    try:
        yield found
    finally:
        sa.event.remove(runtime.engine, "before_cursor_execute", sent)


def statements(database: str) -> tuple[list[str], list[str]]:
    """Return the statements of a submission and of a light command."""
    runtime = opened(database)
    actor = Actor(REPORTER, "R_RESIDENT", DISTRICT)
    body = ORDER | {"grid": f"{COMMUNITIES[0]}001"}
    try:
        with _counting(runtime) as submitting:
            made = runtime.call(Call("submit_request", body, actor, key=str(uuid.uuid4())))
        with _counting(runtime) as urging:
            asked = {"request_id": made["id"]}
            runtime.call(
                Call("urge_request", asked, actor, key=str(uuid.uuid4()), version=made["version"])
            )
    finally:
        runtime.close()
    return submitting, urging


def run(
    *, quick: bool = False, rounds: int = 3, events: int | None = None, only: Sequence[str] = ()
) -> list[Figure]:
    """Measure all of it.

    Args:
        quick: Small numbers, one round.
        rounds: How often each system is measured, in turns.
        events: How many requests are submitted over all communities.
        only: Which systems; default all.
    """
    count, rounds = (240, 1) if quick else (events or 1600, rounds)
    found: dict[str, list[Round]] = {}
    lists: list[Took] = []
    counted: tuple[list[str], list[str]] = ([], [])
    with ExitStack() as stack:
        processes = Processes(stack)
        if set(only) != {"embedded"}:
            postgres = stack.enter_context(frame.private_postgres())
            rabbit = servers.Rabbit()
            stack.callback(rabbit.stop)
            rabbit.start()
            systems = list(_systems(processes, postgres, rabbit, only))
            for _ in range(rounds):
                for system in systems:
                    found.setdefault(system.name, []).append(_round(system, count))
                    if isinstance(system, Ours):
                        lists.append(system.take([system.list(c) for c in COMMUNITIES * 40]))
            if "ours" in found:
                counted = statements(postgres.url("ours"))
        if not only or "embedded" in only:
            folder = stack.enter_context(servers.temporary_folder("bench-"))
            system = _embedded(processes, folder / "data")
            found["embedded"] = [_round(system, count // 2) for _ in range(rounds)]
    return list(_figures(found, lists, counted))


def _systems(
    processes: Processes, postgres: servers.Postgres, rabbit: servers.Rabbit, only: Sequence[str]
) -> Iterator[System]:
    both = ("service", "gateway")
    others = find_spec("faststream") is not None and find_spec("asyncpg") is not None
    if not others:
        progress("commands: without FastStream (pip install -r bench/requirements.txt)")
    for name, module, units in (
        ("nameko", "bench.commands_stock", both),
        ("faststream", "bench.commands_fast", both),
        ("one process", "bench.commands_fast", ("one",)),
    ):
        if (not only or name in only) and (others or name == "nameko"):
            yield _baseline(
                processes, name, module, units,
                broker=rabbit.new_vhost(), database=postgres.create_database(name),
            )  # fmt: skip
    if not only or "ours" in only:
        yield started(
            processes, broker=rabbit.new_vhost(), database=postgres.create_database("ours")
        )


# Name, unit, what it is, and the most or least of each system of which something is demanded.
_MEASURES: tuple[tuple[str, str, Callable[[Round], float], Any, Any], ...] = (
    ("light", "/s", lambda one: one.light.rate, None, {"embedded": 300}),
    ("submit, 8 communities", "/s", lambda one: one.many.rate, None,
     {"ours": 200, "embedded": 150}),
    ("submit, one community", "/s", lambda one: one.one.rate, None, {"ours": 100}),
    ("light, one client, p50", "ms", lambda one: one.light_alone.p50 * 1000, {"ours": 5}, None),
    ("submit, one client, p50", "ms", lambda one: one.alone.p50 * 1000, {"ours": 12}, None),
    ("processors, light", "ms", lambda one: sum(one.light.cpu.values()) * 1000, None, None),
    ("processors, submit", "ms", lambda one: sum(one.many.cpu.values()) * 1000, None, None),
)  # fmt: skip


def _figures(
    found: dict[str, list[Round]], lists: list[Took], counted: tuple[list[str], list[str]]
) -> Iterator[Figure]:
    def middle(name: str, of: Callable[[Round], float]) -> float:
        return frame.median([of(one) for one in found[name]])

    def ratio(name: str, of: Callable[[Round], float]) -> float:
        pairs = zip(found["ours"], found[name], strict=True)
        return frame.median([of(ours) / of(other) for ours, other in pairs])

    for name in found:
        for said, unit, of, most, least in _MEASURES:
            bounds = {"least": (least or {}).get(name), "most": (most or {}).get(name)}
            yield Figure(f"{name}: {said}", middle(name, of), unit, **bounds)
    if "ours" not in found:
        return
    for name, least in (("nameko", 1.5), ("faststream", 1.0), ("one process", None)):
        if name in found:
            light = ratio(name, lambda one: one.light.rate)
            yield Figure(f"light: ours / {name}", light, "x", least=least)
            yield Figure(f"submit: ours / {name}", ratio(name, lambda one: one.many.rate), "x")
    yield Figure(f"list of {LIST}", frame.median([one.rate for one in lists]), "/s", least=600)
    submitting, urging = counted
    yield Figure("statements of a submission", len(submitting), "", most=12)
    yield Figure("statements of a light command", len(urging), "")
