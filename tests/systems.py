"""Whole systems for the journeys: the embedded process and the distributed installation."""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from deploy.local import control, down, up
from fivered.chassis import here
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.migrate import migrate_service
from fivered.chassis.settings import database_variable
from fivered.chassis.storage import open_engine
from fivered.clients.demo.api import Api
from fivered.clients.demo.district import District
from fivered.clients.demo.screen import Screen
from fivered.clients.demo.story import STEPS, tell
from testkit import servers
from testkit.waiting import wait_until
from tests.kept import kept, made_once

ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Running:
    """A system that answers HTTP.

    Attributes:
        address: The gateway's address.
        token_key: Key that signs tokens.
    """

    address: str
    token_key: str


@functools.cache
def migrated() -> Path:
    """Return a folder with the empty databases of all services, as a first start makes them."""
    folder = servers.new_folder("migrated-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in service_names():
        engine = open_engine(f"sqlite:///{folder / name}.sqlite")
        migrate_service(service_class(name), engine)
        engine.dispose()
    return folder


class Embedded:
    """`fivered up --demo` in a process of its own; it can be killed and started again.

    Attributes:
        program: What is run in place of `fivered`, for a system that is disturbed from within.
        cwd: Where it is run; another release is run in its own folder.
        made: Whether its databases are there before its first start: it takes longer to make them
            than all else that a start does.
        mode: Of what kind of system it is; nothing: one that is no demonstration.
    """

    program: tuple[str, ...] = (str(Path(sys.executable).with_name("fivered")),)
    cwd: Path = ROOT
    made: bool = False
    mode: tuple[str, ...] = ("--demo",)

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = servers.free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, district: bool = False, **environ: str) -> Running:
        """Start and wait for the first answer (the district is loaded by the test itself)."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.made and not (self.folder / "data").exists():
            self.place()
        env = os.environ | {
            "FIVERED_LOG_LEVEL": "WARNING",
            "FIVERED_CHECK_REPLIES": "1",
            "FIVERED_DEMO_DISTRICT": "1" if district else "0",
            **environ,
        }
        log = (self.folder / "log").open("ab")
        self.process = servers.spawn(
            [
                *self.program, "up", *self.mode,
                "--data", str(self.folder / "data"), "--port", str(self.port),
            ],
            cwd=self.cwd, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        log.close()
        if not wait_until(self._answers, 60):
            raise RuntimeError(f"it has not answered: {(self.folder / 'log').read_text()[-3000:]}")
        keys = json.loads(here.keys_file(self.folder / "data").read_text())
        return Running(f"http://127.0.0.1:{self.port}", keys["FIVERED_TOKEN_KEY"])

    def _answers(self) -> bool:
        """Tell whether the process has noted that it answers.

        Raises:
            RuntimeError: It has ended.
        """
        assert self.process is not None
        if self.process.poll() is not None:
            raise RuntimeError((self.folder / "log").read_text()[-3000:])
        found = here.running(self.folder / "data")
        return found is not None and found["pid"] == self.process.pid

    def place(self) -> None:
        """Put the empty databases where the first start looks for them."""
        data = self.folder / "data"
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        for database in migrated().iterdir():
            shutil.copyfile(database, data / database.name)
            (data / database.name).chmod(0o600)

    def kill9(self) -> None:
        """Kill the process without a word."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        """Stop as Ctrl-C does; returns the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


class Distributed:
    """What `make up` starts, on a state folder of its own.

    Attributes:
        running: Where it answers.
    """

    running: Running

    def __init__(self, state: Path) -> None:
        self.state = state

    def start(self) -> Running:
        """Start everything and wait until every process is ready."""
        os.environ["FIVERED_CHECK_REPLIES"] = "1"
        try:
            found = up.start(self.state, servers.free_port(), tied=True)
        finally:
            os.environ.pop("FIVERED_CHECK_REPLIES", None)
        self.running = Running(found["address"], found["environment"]["FIVERED_TOKEN_KEY"])
        return self.running

    def control(self, action: str, name: str) -> None:
        """Stop, start or kill one process, or kill rabbitmq or postgresql."""
        control.control(self.state, action, name)

    def rows(self, service: str, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what a service's database answers."""
        found = up.running(self.state)
        assert found is not None
        # As the operator, who may see more than the service does.
        url = found["environment"][database_variable(service)]
        with psycopg.connect(url, user="postgres") as conn:
            return conn.execute(statement.encode(), values).fetchall()

    def stop(self) -> None:
        """Stop everything."""
        assert down.stop(self.state), "the installation did not stop"


def told(
    running: Running, before: Callable[[str], None] = lambda _step: None, *, exact: bool = False
) -> str:
    """Load the district, tell the story, return the end state as a JSON text.

    With `exact` it says how many postings there are too. That is no part of the state: what comes
    behind a later deed is booked as a difference, so their number depends on the order of arrival.
    """
    api = Api(running.address, running.token_key)
    try:
        District(api).load()
        state = tell(api, Screen(STEPS, quiet=True), before=before)
    finally:
        api.close()
    if not exact:
        del state["postings"]
    return json.dumps(state, ensure_ascii=False, indent=1, sort_keys=True)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """The folder of a system on which a story was told that nothing disturbed, in one process, and
    its end state in it; told once for all workers of a run."""

    def tell_in(folder):
        system = Embedded(folder)
        system.made = True
        try:
            ended = told(system.start())
        finally:
            system.stop()
        (folder / "expected.json").write_text(ended, "utf-8")

    return made_once(tmp_path_factory, "undisturbed", tell_in)


@pytest.fixture(scope="session")
def expected(undisturbed):
    """The end state of a story that nothing disturbed, in one process."""
    return (undisturbed / "expected.json").read_text("utf-8")


@pytest.fixture
def after_story(embedded, undisturbed):
    """An embedded system on which the story was told already; it is not started yet."""
    shutil.copytree(undisturbed / "data", embedded.folder / "data")
    return embedded


@pytest.fixture
def embedded(tmp_path):
    """An embedded system that is not started yet; it is stopped afterwards."""
    system = Embedded(tmp_path / "embedded")
    system.made = True
    yield system
    if system.process is not None:
        system.stop()


@pytest.fixture
def installation(tmp_path_factory):
    """The distributed installation, which runs; tests that follow one another share it."""
    return kept("installation", lambda: Distributed(tmp_path_factory.mktemp("up")))
