"""The distributed installation at the end of the story that the release before has told; each of
its processes is of that release or of this one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import psycopg

from fivered.chassis.messages import new_uuid
from fivered.chassis.settings import database_variable
from fivered.chassis.up import DEMO
from fivered.clients.demo import district as place
from fivered.clients.demo.api import Api
from fivered.clients.demo.district import PEOPLE
from testkit import servers
from testkit.waiting import wait_until
from tests.chaos.scene import Broken, Calling
from tests.systems import ROOT
from tests.upgrade import ladder

OLD, NEW = "before", "this"
_OLD_CODE = "import sys; from chassis.cli import main; sys.exit(main(sys.argv[1:]))"
READY_S = 180
# Where is kept what people make: service, table, column of its id.
PEOPLE_OF = ("steward", "persons", "person_id")
REQUESTS = ("steward", "requests", "request_id")
HOURS = ("steward", "volunteer_hours", "record_id")
REDEMPTIONS = ("partner", "redemptions", "redemption_id")
# A client asks again after so long, and gives up after so long.
AGAIN_S, PATIENCE_S = 0.05, 180


@dataclass
class Process:
    """One process.

    Attributes:
        unit: "serve-credit", "work-credit", "gateway".
        release: OLD or NEW.
        page: Where it says that it is ready.
    """

    unit: str
    release: str
    page: str
    running: subprocess.Popen[bytes]
    log: Path


class Installation:
    """Servers, and the processes of both releases on them.

    Attributes:
        address: Of the gateway that clients are sent to; a balancer stands there elsewhere.
    """

    def __init__(self, stack: ExitStack, folder: Path, services: Sequence[str]) -> None:
        self.services = services
        self._folder = folder
        self._old = ladder.code_of_the_release_before(folder / "old")
        # The release before has call queues that later brokers forbid, unless they are told.
        rabbit = servers.Rabbit(permits=("transient_nonexcl_queues",))
        stack.callback(rabbit.stop)
        self.rabbit = rabbit.start()
        self.postgres = servers.Postgres()
        stack.callback(self.postgres.stop)
        self.postgres.start()
        self.urls = {
            name: ladder.restore_postgresql(name, self.postgres.create_database(f"fivered_{name}"))
            for name in services
        }
        keys = json.loads((ladder.FOLDER / "keys.json").read_text("utf-8"))
        self.token_key = keys["FIVERED_TOKEN_KEY"]
        self._env = os.environ | DEMO | keys | {
            "FIVERED_BLOBS": str(folder / "blobs"),
            "FIVERED_BROKER_URL": self.rabbit.url(),
            "FIVERED_CHECK_REPLIES": "1",
            # No busy machine lets a call run into it: what has no answer by then is lost.
            "FIVERED_DEADLINE_S": "30",
            "FIVERED_LOG_LEVEL": "WARNING",
            "FIVERED_SERVICES": ",".join(services),
            **{database_variable(name): url for name, url in self.urls.items()},
        }  # fmt: skip
        for release in (OLD, NEW):
            members = {name: self._installed(release)[name] for name in services}
            self._file(release).write_text(json.dumps({"services": members}), "utf-8")
        self.now: dict[str, Process] = {}
        self._begun: list[Process] = []
        self.address = ""
        stack.callback(self._kill)

    def _file(self, release: str) -> Path:
        return self._folder / f"installation.{release}.json"

    def _installed(self, release: str) -> dict[str, dict]:
        folder = self._old if release == OLD else ROOT
        file = folder / "deploy" / "installation.json"
        return json.loads(file.read_text("utf-8"))["services"]

    def _command(self, release: str, *words: str) -> dict[str, object]:
        """Return how a command of a release is run."""
        folder = self._old if release == OLD else ROOT
        program = (
            [sys.executable, "-c", _OLD_CODE]
            if release == OLD
            else [str(Path(sys.executable).with_name("fivered"))]
        )
        known = {"FIVERED_INSTALLATION": str(self._file(release))}
        return {"args": [*program, *words], "cwd": folder, "env": self._env | known}

    def carry_out(self, release: str, *words: str) -> str:
        """Run a command to its end; returns what it said."""
        done = subprocess.run(
            **self._command(release, *words), stdin=subprocess.DEVNULL, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{release} fivered {' '.join(words)}: {done}"
        return done.stdout

    # ------------------------------------------------------------------------------- the processes

    def start(self, release: str, *units: str) -> list[Process]:
        """Start processes, and wait until each is ready."""
        started = [self.begin(release, unit) for unit in units]
        for one in started:
            self.wait(one)
        return started

    def begin(self, release: str, unit: str) -> Process:
        """Start a process, and do not wait for it."""
        port = servers.free_port()
        command = self._command(release, *unit.split("-"))
        own = {"FIVERED_HEALTH_PORT": str(port)}
        if unit == "gateway":
            own = {"FIVERED_GATEWAY_HOST": "127.0.0.1", "FIVERED_GATEWAY_PORT": str(port)}
        command["env"] = command["env"] | own
        log = self._folder / f"{unit}.{release}.log"
        with log.open("ab") as out:
            running = servers.spawn(
                command.pop("args"), ending=signal.SIGTERM, stdin=subprocess.DEVNULL, stdout=out,
                stderr=out, **command,
            )  # fmt: skip
        one = Process(unit, release, f"http://127.0.0.1:{port}/ready", running, log)
        self._begun.append(one)
        return one

    def wait(self, one: Process) -> None:
        """Wait until a process is ready, and know it as the one of its unit."""
        assert wait_until(lambda: self._ready(one), READY_S, every=0.3), (
            f"{one.unit} of {one.release} is not ready: {self.page(one)} {one.log.read_text()[-3000:]}"
        )
        self.now[one.unit] = one
        if one.unit == "gateway":
            self.address = one.page.removesuffix("/ready")

    @staticmethod
    def _ready(one: Process) -> bool:
        assert one.running.poll() is None, one.log.read_text()[-3000:]
        try:
            with urllib.request.urlopen(one.page, timeout=20):
                return True
        except OSError:
            return False

    @staticmethod
    def page(one: Process) -> str:
        """Return what a process says of itself."""
        try:
            with urllib.request.urlopen(one.page, timeout=5) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.read().decode()
        except OSError as error:
            return repr(error)

    def stop(self, one: Process) -> None:
        """Stop a process as a deployment does."""
        one.running.terminate()
        assert one.running.wait(40) == 0, one.log.read_text()[-3000:]

    def replace(self, release: str, *units: str) -> None:
        """Start processes of a release beside those that run, and stop these when they are ready."""
        before = [self.now[unit] for unit in units]
        self.start(release, *units)
        for one in before:
            self.stop(one)

    def _kill(self) -> None:
        for one in self._begun:
            if one.running.poll() is None:
                one.running.kill()
                one.running.wait(10)

    # -------------------------------------------------------------------------------- what is asked

    def rows(self, service: str, statement: str, *values: object) -> list[tuple]:
        """Return what a service's database answers."""
        with psycopg.connect(self.urls[service]) as conn:
            return conn.execute(statement.encode(), values).fetchall()

    def unsent(self) -> dict[str, int]:
        """Return how many events wait in the outbox of each service."""
        asked = "SELECT count(*) FROM outbox WHERE sent_at IS NULL"
        return {name: count for name in self.services if (count := self.rows(name, asked)[0][0])}

    def newest(self) -> dict[str, int]:
        """Return the number of the newest event of each service."""
        asked = "SELECT coalesce(max(id), 0) FROM outbox"
        return {name: self.rows(name, asked)[0][0] for name in self.services}

    def wrong_effects(self, hears: dict[str, dict], after: dict[str, int]) -> list[str]:
        """Return each event that has not exactly one effect at each service that consumes it.

        Args:
            hears: Service -> source -> facts.
            after: Source -> the newest event that is not looked at.
        """
        wrong = []
        for source in self.services:
            asked = "SELECT event_id::text, fact FROM outbox WHERE id > %s ORDER BY id"
            said = self.rows(source, asked, after.get(source, 0))
            for name in self.services:
                facts = hears[name].get(source, ())
                wanted = {event: fact for event, fact in said if fact in facts}
                found = "SELECT event_id::text FROM inbox WHERE event_id = ANY(%s::uuid[])"
                counted = Counter(row[0] for row in self.rows(name, found, list(wanted)))
                wrong += [
                    f"{name} of {source}: {fact} {event} has {counted[event]}"
                    for event, fact in wanted.items()
                    if counted[event] != 1
                ]
        return wrong

    def hears(self, release: str) -> dict[str, dict]:
        """Return what each service of a release consumes."""
        return {name: said["hears"] for name, said in self._installed(release).items()}

    def waiting_in_queues(self) -> dict[str, int]:
        """Return how many messages wait in each queue of the broker that is not empty."""
        said = self.rabbit.ctl("-q", "list_queues", "--no-table-headers", "name", "messages")
        found = (line.rsplit(None, 1) for line in said.splitlines())
        return {name: int(count) for name, count in found if int(count)}

    def parked(self) -> list[tuple]:
        """Return what waits for an operator."""
        asked = "SELECT source, fact, reason, state FROM parked WHERE state IN ('PARKED', 'RETRY')"
        return [(name, *row) for name in self.services for row in self.rows(name, asked)]


class Load(Calling):
    """People who file requests, record hours, redeem and give back, and look at what there is.

    Attributes:
        kept: What was accepted: (service, table, its column) -> ids.
        there: What was there before, in the same way.
        troubles: (when, service, what) of each answer that was no success.
    """

    patience_s = PATIENCE_S + 10

    def __init__(self, on: Installation) -> None:
        self._on = on
        self._deeds = (self._file, self._redeem, self._look)
        self.kept: dict[tuple[str, str, str], list[str]] = {where: [] for where in (
            PEOPLE_OF, REQUESTS, HOURS, REDEMPTIONS,
        )}  # fmt: skip
        self.there = {
            (service, table, column): {
                row[0] for row in on.rows(service, f"SELECT {column} FROM {table}")
            }
            for service, table, column in self.kept
        }
        self.troubles: list[tuple[float, str, str]] = []
        self._tokens = Api(on.address, on.token_key)
        self._yesterday = (self._tokens.now() - timedelta(days=1)).date().isoformat()
        super().__init__(len(self._deeds))

    def _call(self, n):
        with httpx.Client(timeout=40, trust_env=False) as client:
            while self._may(n):
                try:
                    self._deeds[n](client)
                except Exception as error:
                    self._failed(n, f"{self._deeds[n].__name__}: {error!r}")
                    return
                self.answered[self._deeds[n].__name__] += 1
                time.sleep(0.3)

    def end(self) -> None:
        """Stop for good."""
        super().end()
        self._tokens.close()

    def more(self) -> None:
        """Wait until each of them has got through once from beginning to end, and is at it again.

        Raises:
            Broken: One was refused, or waits too long.
        """
        then = {deed.__name__: self.answered[deed.__name__] + 2 for deed in self._deeds}
        wait_until(
            lambda: self.fault or all(self.answered[name] >= n for name, n in then.items()),
            PATIENCE_S,
        )
        if self.fault or any(self.answered[name] < n for name, n in then.items()):
            raise Broken(self.fault or f"{self.answered} and not {then}")

    def _send(self, client, method, path, who, body=None, *, role=None, key=None, version=None):
        """Ask until there is an answer, with the same key; returns what was said."""
        headers = self._tokens._headers(PEOPLE[who], role)
        if key is not None:
            headers["Idempotency-Key"] = key
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                answer = client.request(method, self._on.address + path, headers=headers, json=body)
            except httpx.TransportError as error:
                why = repr(error)
            else:
                if answer.is_success:
                    return answer.json()
                problem = answer.json()
                why = problem.get("code", str(answer.status_code))
                assert answer.status_code == 503 or why == "IN_FLIGHT", (
                    f"{method} {path}: {answer.status_code} {problem}"
                )
            self.troubles.append((time.monotonic(), path.split("/")[2], why))
            assert time.monotonic() < end, f"{method} {path}: {why} for {PATIENCE_S} s"
            time.sleep(AGAIN_S)

    def _file(self, client):
        number = len(self.kept[REQUESTS])
        made = self._send(
            client, "POST", "/v1/steward/requests", "resident",
            {"kind": "REPAIR", "category": "LIFT", "channel": "APP", "grid": place.GRID,
             "text": f"第 {number} 次:电梯停了"},
            key=new_uuid(),
        )  # fmt: skip
        self.kept[REQUESTS].append(made["id"])
        self._send(client, "GET", f"/v1/steward/requests/{made['id']}", "resident")
        person = f"per_{new_uuid()}"
        self._send(
            client, "POST", "/v1/steward/people", "district",
            {"person_id": person, "name": "王新来", "birth_year": 1980, "synthetic": True,
             "grid": place.GRID},
            key=new_uuid(),
        )  # fmt: skip
        self.kept[PEOPLE_OF].append(person)
        record = f"vol_{new_uuid()}"
        made = self._send(
            client, "POST", "/v1/steward/volunteer-hours", "grid_worker",
            {"record_id": record, "person_id": PEOPLE["resident"].person_id, "minutes": 1,
             "source": "QR", "date": self._yesterday, "activity": f"第 {number} 次清洁"},
            key=new_uuid(), role="R_GRID",
        )  # fmt: skip
        self.kept[HOURS].append(record)
        self._send(
            client, "POST", f"/v1/steward/volunteer-hours/{record}/confirm", "cadre",
            {"minutes": 1}, key=new_uuid(), role="R_CADRE", version=made["version"],
        )  # fmt: skip

    def _redeem(self, client):
        made = self._send(
            client, "POST", "/v1/partner/redemptions", "resident",
            {"offer_id": place.HAIRCUT, "qty": 1, "wallet": "RES"}, key=new_uuid(),
        )  # fmt: skip
        self.kept[REDEMPTIONS].append(made["id"])
        path, end = f"/v1/partner/redemptions/{made['id']}", time.monotonic() + PATIENCE_S
        while (card := self._send(client, "GET", path, "resident"))["state"] == "REQUESTED":
            assert time.monotonic() < end, f"{path} waits for its points"
            time.sleep(0.1)
        assert card["state"] == "RESERVED", card
        self._send(
            client, "POST", f"{path}/cancel", "resident", {}, key=new_uuid(),
            version=card["version"],
        )  # fmt: skip

    def _look(self, client):
        for path, who in (
            ("/v1/steward/requests", "resident"),
            ("/v1/credit/trial-balance", "auditor"),
            ("/v1/property/projects", "street"),
            ("/v1/forum/officials", "street"),
            ("/v1/partner/offers", "resident"),
        ):
            if path.split("/")[2] in self._on.services:
                self._send(client, "GET", path, who)
