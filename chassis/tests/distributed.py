"""The toy as real processes on real servers: what the tests of the distributed hosts stand on."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pika
import sqlalchemy as sa

from fivered.chassis import broker, rpc, topology
from fivered.chassis.actors import PAIRS, Signer, new_pair
from fivered.chassis.envelope import CONTENT_TYPE
from fivered.chassis.messages import Actor, new_uuid
from fivered.chassis.migrate import migrate_service
from fivered.chassis.runtime import Runtime
from fivered.chassis.tests.toy.service import Toy
from testkit import servers
from testkit.bench import KEY
from testkit.waiting import wait_until

TOY = "fivered.chassis.tests.toy.service:Toy"
ROOT = Path(__file__).resolve().parents[2]
DISTRICT = Actor("per_1", "R_DISTRICT", "370811")
_MADE = {private: new_pair() for private in PAIRS}
# What the processes know of the keys that sign who acts, and who signs.
PUBLIC = {PAIRS[private]: public for private, (_secret, public) in _MADE.items()}
# What the gateway alone is given.
PRIVATE = {private: secret for private, (secret, _public) in _MADE.items()}
SIGNER = Signer(people=PRIVATE["FIVERED_ACTOR_PRIVATE"], system=PRIVATE["FIVERED_SYSTEM_PRIVATE"])


class Caller:
    """The gateway's client, for tests that are not asyncio."""

    def __init__(self, url):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.bus = self.run(self._open(url))

    async def _open(self, url):
        bus = rpc.BusCaller(url, SIGNER)
        await bus.start()
        return bus

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    def call(self, method, body, *, key=None, actor=DISTRICT, deadline_s=5.0, **more):
        coroutine = self.bus.call(
            "toy", method, body, actor=actor, key=key, deadline_s=deadline_s, **more
        )
        return self.run(coroutine)

    def add(self, counter, amount=1, *, note="", key=None, **more):
        body = {"counter_id": counter, "amount": amount, "note": note}
        return self.call("add", body, key=key or new_uuid(), **more)

    def insist(self, counter, amount=1, *, seconds=40, note=""):
        """Call as the gateway's users are told to: again with the same key until it is answered."""
        key, end = new_uuid(), time.monotonic() + seconds
        while True:
            try:
                return self.add(counter, amount, note=note, key=key, deadline_s=3.0)
            except (rpc.ServiceUnavailable, rpc.OutcomeUnknown, rpc.CallRefused) as error:
                # A repeat that overtakes the first is told that the first is under way.
                in_flight = getattr(error, "payload", {}).get("code") == "IN_FLIGHT"
                if isinstance(error, rpc.CallRefused) and not in_flight:
                    raise
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def ready(self):
        """Tell whether the service answers."""
        try:
            self.call("total", {"counter_id": "c"}, deadline_s=2.0)
        except rpc.CallFailed:
            return False
        return True

    def close(self):
        self.run(self.bus.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        self.loop.close()


class World:
    """One vhost, one database, and the processes of the toy on them."""

    def __init__(self, url, database, folder, *, apply=True):
        self.url, self.database, self.folder = url, database, folder
        self.installation = topology.installation_of([Toy])
        self.processes = []
        self.callers = []
        if apply:
            broker.apply(url, self.installation)
        (folder / "installation.json").write_text(self.installation.to_json())
        (folder / "fails").write_text("")
        self.env = os.environ | {
            "PYTHONPATH": str(ROOT),
            "FIVERED_INSTALLATION": str(folder / "installation.json"),
            "FIVERED_BROKER_URL": url,
            "FIVERED_TOY_DATABASE_URL": database,
            **PUBLIC,
            "FIVERED_DIGEST_KEY": KEY,
            "TOY_FAIL_FILE": str(folder / "fails"),
        }
        self.runtime = Runtime.open(Toy, database, environ=PUBLIC | {"FIVERED_DIGEST_KEY": KEY})
        migrate_service(Toy, self.runtime.engine)
        self.runtime.prepare()
        with self.runtime.engine.begin() as conn:
            # The months since the demonstration began would fire into every test.
            conn.execute(sa.delete(self.runtime.chassis.timers))
            conn.execute(
                self.runtime.chassis.timers.insert().values(
                    kind="monthly",
                    ref="far",
                    due_at=sa.text("now() + interval '9 years'"),
                    data={},
                    attempts=0,
                )
            )

    def start(self, kind, **env):
        """Start `serve` or `work` of the toy; its log goes to a file."""
        port = servers.free_port()
        path = self.folder / f"{kind}{len(self.processes)}.log"
        with path.open("wb") as log:
            process = servers.spawn(
                [sys.executable, "-m", f"fivered.chassis.{kind}", TOY],
                env=self.env | {"FIVERED_HEALTH_PORT": str(port)} | env,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        process.port, process.log = port, path
        self.processes.append(process)
        return process

    def caller(self):
        caller = Caller(self.url)
        self.callers.append(caller)
        return caller

    def page(self, process, path):
        """Return (status, decoded body) of a process's health page, or (0, why)."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{process.port}{path}", timeout=5) as got:
                return got.status, json.loads(got.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())
        except OSError as error:
            return 0, str(error)

    def wait_ready(self, *processes, seconds=40):
        for process in processes:
            self.wait(lambda p=process: self.page(p, "/ready")[0] == 200, seconds, process)

    def wait(self, check, seconds=30, process=None):
        """Wait until `check` holds; a failure shows the end of the logs."""
        if not wait_until(check, seconds, every=0.05):
            logs = "\n".join(f"{p.log.name}: {p.log.read_text()[-3000:]}" for p in self.processes)
            page = self.page(process, "/ready") if process is not None else ""
            raise AssertionError(f"not within {seconds} s; {page}\n{logs}")

    def rows(self, statement, **params):
        with self.runtime.engine.connect() as conn:
            return [dict(row) for row in conn.execute(sa.text(statement), params).mappings()]

    def one(self, statement, **params):
        (row,) = self.rows(statement, **params)
        (value,) = row.values()
        return value

    def entries(self):
        return self.one("SELECT count(*) FROM entries")

    def amounts(self):
        return [row["amount"] for row in self.rows("SELECT amount FROM entries ORDER BY id")]

    def fill_outbox(self, count, subjects=40):
        """Say `count` facts at once, as a service that was cut off from its relay would have."""
        with self.runtime.transaction(DISTRICT) as tx:
            from fivered.chassis.tests.toy.service import Added

            for number in range(count):
                tx.publish(
                    Added(number), subject=f"s{number % subjects}", scope="370811", sequence=number
                )

    def publish(self, exchange, key, *bodies, **properties):
        """Publish as a stranger would."""
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        channel = connection.channel()
        for body in bodies:
            channel.basic_publish(exchange, key, body, pika.BasicProperties(**properties))
        connection.close()

    def publish_event(self, *bodies, partition=0):
        self.publish(
            "toy.events", f"added.v1.{partition}", *bodies, content_type=CONTENT_TYPE,
            delivery_mode=2,
        )  # fmt: skip

    def queue_length(self, name):
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        try:
            return connection.channel().queue_declare(name, passive=True).method.message_count
        finally:
            connection.close()

    def close(self):
        for caller in self.callers:
            caller.close()
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait(10)
        self.runtime.close()


def terminate(process, seconds=28):
    """Ask a process to end and return its status."""
    process.send_signal(signal.SIGTERM)
    return process.wait(seconds)
