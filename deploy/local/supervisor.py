"""Keeps the distributed demonstration alive: servers, `serve` and `work` per service, the gateway.

A process that dies is started again. An operator who wants one to stay down puts a file with its
name into `stopped/` (`python -m deploy.local.control stop NAME`), as an operator would scale it to
zero.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, TypedDict

from deploy import roles
from deploy.local.forked import Forked, Forker
from fivered.chassis import here, topology
from fivered.chassis.actors import PAIRS, new_pair
from fivered.chassis.folder import all_settings, keys_of
from fivered.chassis.installed import service_names
from fivered.chassis.reconnect import Backoff
from fivered.chassis.settings import (
    ACTOR_KEY,
    CommandFailed,
    database_variable,
    owner_variable,
    read_all,
)
from fivered.chassis.up import DEMO, take_port
from fivered.gateway.settings import GatewaySettings
from testkit import servers

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".fivered" / "up"
DRAIN_S = 26.0
# What is read where the system shall outlive who has started it.
KEEP = b"keep"
# A process that ends sooner has not started: on a busy machine a dozen take half a minute.
LASTED_S = 30.0
# The exit code of one whose settings are wrong.
WRONG_SETTINGS = 2
HEALTH_PORT = "FIVERED_HEALTH_PORT"
Process: TypeAlias = Forked | subprocess.Popen[bytes]


class ChildNote(TypedDict):
    """What is noted of a process; `why` it cannot start is empty where it can."""

    pid: int | None
    starts: int
    health: str | None
    why: str


class Note(here.Running, total=False):
    """What the supervisor notes of what it keeps running."""

    error: str | None
    children: dict[str, ChildNote]
    broker_pid: int | None
    postgres_pid: int | None


@dataclass
class Child:
    """One process that is kept running.

    Attributes:
        argv: Of the `fivered` command.
        begin: Starts it: its arguments, environment, log and folder.
    """

    name: str
    argv: list[str]
    env: dict[str, str]
    log: Path
    begin: Callable[[list[str], dict[str, str], Path, Path], Process]
    process: Process | None = None
    started_at: float = 0.0
    next_try_at: float = 0.0
    backoff: Backoff = field(default_factory=lambda: Backoff(0.2, 5.0))
    starts: int = field(default=0)
    failures: int = 0
    ended: int | None = None

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    @property
    def why(self) -> str:
        """Why it cannot start: the last line that it wrote when it ended twice by itself, or once
        for its settings, which nobody mends meanwhile. A port that was taken is another's turn."""
        told = last_line(self.log) if self.failures else ""
        if self.failures == 1 and (self.ended != WRONG_SETTINGS or HEALTH_PORT in told):
            return ""
        return (told or "it wrote nothing") if self.failures else ""

    def start(self) -> None:
        """Start the process; one that keeps dying is started less and less often."""
        now = time.monotonic()
        if now < self.next_try_at:
            return
        lasted = now - self.started_at > LASTED_S
        self.ended = ended = self.process.returncode if self.process is not None else None
        # A negative code is a signal: somebody else ended it.
        self.failures = self.failures + 1 if not lasted and ended is not None and ended > 0 else 0
        if self.failures and HEALTH_PORT in self.env:
            # The process that took its port meanwhile will keep it.
            self.env[HEALTH_PORT] = str(servers.free_port())
        if lasted:
            self.backoff.reset()
        self.started_at, self.next_try_at = now, now + self.backoff.next()
        try:
            self.process = self.begin(self.argv, self.env, self.log, ROOT)
        except OSError as error:
            # It was killed, and is started again at the next try.
            print(error, file=sys.stderr, flush=True)
            return
        self.starts += 1

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Ask the process to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)


def last_line(log: Path) -> str:
    """Return the last line of a log, cut to the length of a message; empty where there is none."""
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    return lines[-1][:500] if lines else ""


@contextlib.contextmanager
def alone(state: Path) -> Iterator[None]:
    """Hold a state folder, so that nobody else starts or runs on it.

    Raises:
        RuntimeError: Somebody does.
    """
    with (state / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RuntimeError(
                f"another one starts or runs on {state} (make down stops it)"
            ) from None
        yield


class Supervisor:
    """Starts everything in order and keeps it running until SIGTERM."""

    def __init__(self, state: Path, port: int) -> None:
        self.state = state
        self.port = port
        # What the gateway alone is given: it signs who acts.
        self.private: dict[str, str] = {}
        # What commands of the operator alone are given: who owns the tables.
        self.owners: dict[str, str] = {}
        self.stopping = threading.Event()
        self.rabbit: servers.Rabbit | None = None
        self.postgres: servers.Postgres | None = None
        self.children: list[Child] = []
        names = service_names()
        self.serving = Forker("serve", names, servers.spawn)
        self.working = Forker("work", names, servers.spawn)
        self.next_server_at = 0.0
        self.server_waits = Backoff(1.0, 30.0)
        self.stopped = state / "stopped"
        self.stopped.mkdir(parents=True, exist_ok=True)
        for old in self.stopped.iterdir():
            old.unlink()

    def run(self) -> int:
        """Run until stopped; returns the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stopping.set())
        try:
            env = self._checked()
            # They load while the servers start.
            self.serving.begin()
            self.working.begin()
            self._prepare(env)
            self._begin(env)
            while not self.stopping.wait(0.1):
                self._look()
        except Exception as error:  # noqa: BLE001  the one line that `make up` shows
            self._write(error=str(error) or type(error).__name__)
            return 1
        finally:
            self._end()
        return 0

    def _checked(self) -> dict[str, str]:
        """Return the environment of every process, and look before anything is started whether
        they can start with it.

        Raises:
            CommandFailed: The gateway's port is taken.
            SettingsError: A variable is wrong.
        """
        env = dict(os.environ)
        for name, value in (DEMO | keys_of(self.state)).items():
            env.setdefault(name, value)
        env.setdefault("FIVERED_BLOBS", str((self.state / "blobs").resolve()))
        for name in map(owner_variable, service_names()):
            if address := env.pop(name, ""):
                self.owners[name] = address
        if ACTOR_KEY not in os.environ:
            del env[ACTOR_KEY]
            for name, of_services in PAIRS.items():
                self.private[name], env[of_services] = new_pair()
        read_all([*all_settings(), GatewaySettings], env)
        try:
            take_port("127.0.0.1", self.port).close()
        except CommandFailed as error:
            raise CommandFailed(f"gateway cannot start: {error}") from error
        if not env.get("FIVERED_INSTALLATION"):
            # Without it each process imports all services, to know who consumes what: a second.
            known = (self.state / "installation.json").resolve()
            known.write_text(topology.current_installation().to_json(), "utf-8")
            env["FIVERED_INSTALLATION"] = str(known)
        return env

    def _prepare(self, env: dict[str, str]) -> None:
        """Start the servers that the environment does not name, name them in it, and make the
        databases and queues. Broker and databases do not wait for each other."""
        with ThreadPoolExecutor(2) as pool:
            done = [pool.submit(self._prepare_broker, env), pool.submit(self._prepare_stores, env)]
        for one in done:
            one.result()

    def _prepare_broker(self, env: dict[str, str]) -> None:
        if not env.get("FIVERED_BROKER_URL"):
            # Both servers are new at every start: events that waited in a kept broker would meet
            # an empty database.
            self.rabbit = servers.Rabbit().start()
            self.rabbit.set_policies(topology.policies())
            env["FIVERED_BROKER_URL"] = self.rabbit.url()
            env["FIVERED_BROKER_MANAGEMENT_URL"] = self.rabbit.management_url
        _carry_out(env, "topology", "apply")

    def _prepare_stores(self, env: dict[str, str]) -> None:
        wanted = {name: database_variable(name) for name in service_names()}
        if any(not env.get(variable) for variable in wanted.values()):
            self.postgres = servers.Postgres(durable=True).start()
            for name, variable in wanted.items():
                if not env.get(variable):
                    own, owner = roles.create(name, self.postgres.url())
                    env[variable], self.owners[owner_variable(name)] = own, owner
        _carry_out(env | self.owners, "migrate", "all")

    def _begin(self, env: dict[str, str]) -> None:
        logs = self.state / "logs"
        logs.mkdir(exist_ok=True)
        for name in service_names():
            for kind, forker in (("serve", self.serving), ("work", self.working)):
                own = env | {HEALTH_PORT: str(servers.free_port())}
                unit = f"{kind}-{name}"
                self.children.append(
                    Child(unit, [kind, name], own, logs / f"{unit}.log", forker.start)
                )
        own = (
            env
            | self.private
            | {"FIVERED_GATEWAY_HOST": "127.0.0.1", "FIVERED_GATEWAY_PORT": str(self.port)}
        )
        own[HEALTH_PORT] = str(servers.free_port())
        self.children.append(
            Child("gateway", ["gateway"], own, logs / "gateway.log", self.working.start)
        )
        self._look()

    def _look(self) -> None:
        """Start again what has died; stop what shall be down. Says who runs when that changes."""
        changed = False
        for server in (self.rabbit, self.postgres):
            if server is not None and not server.running:
                changed = self._start_again(server) or changed
        for child in self.children:
            down = (self.stopped / child.name).exists()
            if down and child.running:
                child.stop()
            elif not down and not child.running:
                child.start()
                changed = True
        if changed:
            self._write()

    def _start_again(self, server: servers.Rabbit | servers.Postgres) -> bool:
        """Start a server that crashed or was killed; clients reconnect by themselves. Returns
        whether it runs: one without room on its disk ends again, and is tried until it has some."""
        if time.monotonic() < self.next_server_at:
            return False
        try:
            server.start()
        except servers.ServerFailed as error:
            print(f"{type(server).__name__} cannot start: {error}", file=sys.stderr, flush=True)
            self.next_server_at = time.monotonic() + self.server_waits.next()
            return False
        self.server_waits.reset()
        return True

    def _write(self, error: str | None = None) -> None:
        children: dict[str, ChildNote] = {
            child.name: {
                "pid": child.process.pid if child.process else None,
                "starts": child.starts,
                "health": child.env.get(HEALTH_PORT),
                "why": child.why,
            }
            for child in self.children
        }
        whole: Note = {
            "mode": "distributed",
            "address": f"http://127.0.0.1:{self.port}",
            "supervisor": os.getpid(),
            "born": here.born(os.getpid()),
            "error": error,
            "children": children,
            "broker_pid": _pid(self.rabbit),
            "postgres_pid": _pid(self.postgres),
            "pages": {
                name: f"http://127.0.0.1:{child['health']}" for name, child in children.items()
            },
            "environment": {
                name: value
                for name, value in (self.children[0].env if self.children else {}).items()
                if name.startswith("FIVERED_") and name != HEALTH_PORT
            }
            | self.owners,
        }
        here.leave(self.state, whole)

    def _end(self) -> None:
        for child in self.children:
            child.stop()
        end = time.monotonic() + DRAIN_S
        for child in self.children:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.stop(signal.SIGKILL)
                child.process.wait()
        for forker in (self.serving, self.working):
            forker.end()
        for server in (self.rabbit, self.postgres):
            if server is not None:
                server.stop()


def _carry_out(env: dict[str, str], *command: str) -> None:
    # A copy: the other half of the preparations writes into it meanwhile.
    done = subprocess.run(
        [_fivered(), *command], env=dict(env), cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        tail = (done.stdout + done.stderr).strip().splitlines()[-3:]
        raise RuntimeError(f"fivered {' '.join(command)}: {' | '.join(tail)}")


def _pid(server: Any) -> int | None:
    process = getattr(server, "_process", None)
    return process.pid if process is not None else None


def _fivered() -> str:
    return str(Path(sys.executable).with_name("fivered"))


def _ends_with_its_starter() -> None:
    """End at once where who started this was killed before all was ready. All that was started ends
    with this process."""
    # Not by sys.stdin, whose lock this thread would hold at the end of the process.
    if os.read(0, len(KEEP)) != KEEP:
        os._exit(1)


def main(state: Path, port: int) -> int:
    """Supervise until stopped. Returns the exit code."""
    threading.Thread(target=_ends_with_its_starter, name="starter", daemon=True).start()
    try:
        with alone(state):
            # Of one that was killed.
            here.forget(state)
            return Supervisor(state, port).run()
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
