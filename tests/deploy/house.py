"""A small installation as `deploy/` sets it up: two services and the gateway on real servers."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pika
import psycopg

from deploy import fill_in, roles
from fivered.chassis import setting_files
from fivered.chassis.broker_users import password_hash
from fivered.chassis.setting_files import SETTINGS
from fivered.clients.demo.api import Api, Person
from testkit import servers
from testkit.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
FIVERED = str(Path(sys.executable).with_name("fivered"))
RUNNING = ("steward", "credit")
COMMUNITY, GRID = "370811015901", "370811015901001"
DISTRICT = Person(
    "district", "per_0190a000-0000-7000-8000-000000000001", (("R_DISTRICT", "370811"),)
)
RESIDENT = Person("resident", "per_0190a000-0000-7000-8000-000000000002", (("R_RESIDENT", GRID),))


class House:
    """A broker and a database as `deploy/` sets them up, and processes with their own users."""

    def __init__(self, folder):
        self.folder = folder
        self.processes = []
        self.apis = []
        definitions = folder / "env" / "definitions.json"
        conf = (ROOT / "deploy/rabbitmq/rabbitmq.conf").read_text()
        conf = conf.replace("/etc/rabbitmq/definitions.json", str(definitions))
        self.rabbit = servers.Rabbit(conf=conf)
        self.postgres = servers.Postgres()
        fill_in.fill_in(
            folder / "env",
            f"127.0.0.1:{self.rabbit.port}",
            f"127.0.0.1:{self.postgres.port}",
            f"http://127.0.0.1:{self.rabbit.management_port}",
        )
        whole = json.loads(definitions.read_text())
        # The broker's administrator; the image makes that user from its own environment.
        whole["users"].append(
            {"name": "guest", "password_hash": password_hash("guest"), "limits": {},
             "tags": ["administrator"], "hashing_algorithm": "rabbit_password_hashing_sha256"}
        )  # fmt: skip
        definitions.write_text(json.dumps(whole))

    def start(self):
        """Start the servers, and prepare them as the runbook says."""
        self.rabbit.start()
        self.postgres.start()
        self._roles()
        for name in RUNNING:
            self.run("migrate", name, unit=name)
        self.run("topology", "apply", unit="topology")

    def running(self):
        """Start the processes that do not run; returns this house. A test that failed half-way has
        left it without some, which is no reason for the next ones to fail."""
        self.processes = [process for process in self.processes if process.poll() is None]
        known = {process.log.stem for process in self.processes}
        wanted = [(kind, name) for name in RUNNING for kind in ("serve", "work")]
        missing = [one for one in wanted if "-".join(one) not in known]
        for kind, name in missing:
            self.spawn(kind, name, unit=name)
        if "gateway" not in known:
            self.port = servers.free_port()
            self.spawn_gateway()
        if missing or "gateway" not in known:
            self.wait_ready()
        return self

    def quiet(self):
        """End the processes; returns this house, with its servers only."""
        self._end(list(self.processes))
        return self

    def _roles(self):
        """Run init.sql, then ask everybody but the administrator for his password."""
        programs = servers.postgresql_bin()
        subprocess.run(
            [str(programs / "psql"), "-v", "ON_ERROR_STOP=1", "-q", "-f", str(self.folder / "env/init.sql"),
             self.postgres.url()],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        rules = (
            "host all,replication postgres 127.0.0.1/32 trust\n"
            "host all all 127.0.0.1/32 scram-sha-256\n"
        )
        (self.postgres.base / "data" / "pg_hba.conf").write_text(rules)
        with psycopg.connect(self.postgres.url()) as conn:
            conn.execute("SELECT pg_reload_conf()")

    def environment(self, unit, **more):
        """Return the settings of a unit: its file, and where this machine differs from it."""
        return setting_files.found({SETTINGS: self._file(unit)}) | self.given(unit, **more)

    def _file(self, unit):
        return str(self.folder / "env" / f"{unit}.env")

    def given(self, unit, **more):
        """Return what a process of a unit is started with: its file by name only, as in
        compose.yaml, and where this machine differs from it."""
        kept = {name: value for name, value in os.environ.items() if "FIVERED" not in name}
        return kept | {
            SETTINGS: self._file(unit),
            "FIVERED_INSTALLATION": str(ROOT / "deploy/installation.json"),
            "FIVERED_BLOBS": str(self.folder / "blobs"),
            "FIVERED_GATEWAY_HOST": "127.0.0.1",
            "FIVERED_HEALTH_PORT": "0",
            # A call that is lost is told from one that is slow on a busy machine.
            "FIVERED_DEADLINE_S": "14",
            # The people of this test are invented.
            "FIVERED_SYNTHETIC": "1",
        } | more  # fmt: skip

    def write(self, unit, text):
        """Write variables into a unit's environment file, as an operator does."""
        path = self.folder / "env" / f"{unit}.env"
        given = dict(line.split("=", 1) for line in text.splitlines() if line and line[0] != "#")
        kept = [
            line for line in path.read_text().splitlines() if line.partition("=")[0] not in given
        ]
        lines = [*kept, *(f"{name}={value}" for name, value in given.items())]
        path.write_text("\n".join(lines) + "\n")

    def run(self, *command, unit, code=0, **more):
        if command[0] in {"migrate", "restore"}:
            owner = self._file(roles.settings_of(unit))
            more = {SETTINGS: f"{self._file(unit)}:{owner}"} | more
        done = subprocess.run(
            [FIVERED, *command], env=self.given(unit, **more), cwd=ROOT, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def shell(self, text, **environment):
        """Have a shell read commands from its input, with the broker's own rabbitmqctl."""
        folder = self.folder / "bin"
        folder.mkdir(exist_ok=True)
        self.rabbit.ctl_command(folder)
        path = f"{folder}:{os.environ['PATH']}"
        subprocess.run(
            ["/bin/sh", "-e"], input=text, text=True, check=True, cwd=self.rabbit.base,
            capture_output=True, env=self.rabbit._env | environment | {"PATH": path},
        )  # fmt: skip

    def spawn(self, *command, unit, **more):
        measures = str(servers.free_port())
        health = more.get("FIVERED_GATEWAY_PORT") or measures
        path = self.folder / f"{'-'.join(command)}.log"
        with path.open("wb") as log:
            process = servers.spawn(
                [FIVERED, *command], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.given(unit, **({"FIVERED_HEALTH_PORT": measures} | more)),
            )  # fmt: skip
        process.health, process.log = health, path
        self.processes.append(process)

    def spawn_gateway(self, **more):
        self.spawn("gateway", unit="gateway", FIVERED_GATEWAY_PORT=str(self.port), **more)

    def end(self, *names):
        """End processes by name ("serve-credit")."""
        self._end(self._named(names))

    def replace(self, *names, **more):
        """Replace processes ("serve-steward"): the new ones are ready before the old ones end."""
        old = self._named(names)
        for name in names:
            kind, service = name.split("-")
            self.spawn(kind, service, unit=service, **more)
        new = self.processes[-len(names) :]
        assert wait_until(lambda: all(ready(one) for one in new), 60, every=0.1), self.logs()
        self._end(old)
        assert [one.returncode for one in old] == [0] * len(old)

    def _named(self, names):
        return [process for process in self.processes if process.log.stem in names]

    def _end(self, processes):
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)
            self.processes.remove(process)

    def queues(self):
        """Return how many messages wait in each queue of the broker."""
        said = self.rabbit.ctl("-q", "list_queues", "-p", "fivered", "name", "messages")
        return {name: int(many) for name, many in map(str.split, said.splitlines()[1:])}

    def wait_ready(self, seconds=60):
        for process in self.processes:
            assert wait_until(lambda p=process: ready(p), seconds, every=0.1), self.logs()

    def logs(self):
        return "\n".join(f"{p.log.name}: {p.log.read_text()[-1500:]}" for p in self.processes)

    def amqp(self, unit):
        """Connect to the broker with a unit's own user."""
        url = self.environment(unit)["FIVERED_BROKER_URL"]
        return pika.BlockingConnection(pika.URLParameters(url))

    def api(self):
        key = self.environment("gateway")["FIVERED_TOKEN_KEY"]
        opened = Api(f"http://127.0.0.1:{self.port}", key, patience_s=30)
        self.apis.append(opened)
        return opened

    def stop(self):
        for opened in self.apis:
            opened.close()
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.rabbit.stop()
        self.postgres.stop()


def ready(process):
    assert process.poll() is None, process.log.read_text()[-3000:]
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{process.health}/ready", timeout=5):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return False
    except OSError:
        return False
