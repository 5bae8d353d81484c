"""One world: three real services on SQLite, the bus double between them, one clock, one thread.

Whatever could differ from run to run is drawn from the seed: ids, the order of turns, the faults.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import uuid
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from fivered.chassis import embedded, messages, timers, topology
from fivered.chassis.messages import Call, Replayed
from fivered.services.credit.service import Credit
from fivered.services.partner.service import Partner
from fivered.services.steward.service import Steward
from testkit import servers
from testkit.bench import instant, open_bench
from tests.simulation import town
from tests.simulation.bus import Broker, Crash, Hearer, Sender

SERVICES = {"steward": Steward, "credit": Credit, "partner": Partner}
START = "2025-03-03T09:00:00"
# What waits is delivered before so much domain time has passed: within it a hold may come late.
_LONGEST_LAG = timedelta(minutes=6)
# A world that needs more turns than this does not come to rest.
_MOST_TURNS = 5_000

_NOTE = """
CREATE TABLE simulated (
    number INTEGER PRIMARY KEY, handler TEXT, event_id TEXT, source TEXT, subject TEXT)
"""


class Unlike(AssertionError):
    """A run ended as it must not; the message says how."""


class _Ids:
    """In the place of `uuid_utils`: ids that follow from the seed, in the order in which they are
    made."""

    def __init__(self):
        self.begin("home")

    def begin(self, seed):
        self._chance, self._count = random.Random(f"ids {seed}"), 0

    def uuid7(self):
        self._count += 1
        when, drawn = 0x0195_0000_0000 + self._count, self._chance.getrandbits(62)
        return uuid.UUID(int=when << 80 | 7 << 76 | 2 << 62 | drawn)


class Home:
    """The town before the first day: made once, copied for every run.

    Attributes:
        benches: The opened services, whose databases each run puts back.
    """

    def __init__(self, stack: ExitStack):
        self.ids = _Ids()
        messages.uuid_utils, before = self.ids, messages.uuid_utils
        stack.callback(setattr, messages, "uuid_utils", before)
        memory = Path("/dev/shm")
        self._folder = servers.new_folder("simulation-")
        self._live = Path(
            stack.enter_context(
                servers.temporary_folder(
                    f"{memory}/simulation-" if memory.is_dir() else "simulation-"
                )
            )
        )
        stack.callback(shutil.rmtree, self._folder, ignore_errors=True)
        self.benches = {}
        for name, cls in SERVICES.items():
            bench = open_bench(cls, f"sqlite:///{self._live}/{name}.sqlite", FIVERED_SYNTHETIC="1")
            stack.callback(bench.runtime.close)
            bench.at(START)
            self.benches[name] = bench
            with bench.runtime.engine.begin() as conn:
                conn.exec_driver_sql(_NOTE)
            _note_effects(bench.runtime)
        self.installation = topology.installation_of(SERVICES.values())
        world = World(self, None)
        town.settle_in(self.benches, world.drain)
        for name, bench in self.benches.items():
            with bench.runtime.engine.begin() as conn:
                conn.exec_driver_sql("DELETE FROM simulated")
            bench.runtime.engine.dispose()
            with closing(sqlite3.connect(self._live / f"{name}.sqlite")) as live:
                live.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            shutil.copyfile(self._live / f"{name}.sqlite", self._folder / f"{name}.sqlite")
        self._noted = dict(self.benches["partner"].noted)

    def fresh(self, seed):
        """Put every database and clock back to where the town began."""
        self.ids.begin(seed)
        for name, bench in self.benches.items():
            bench.runtime.engine.dispose()
            for left in (f"{name}.sqlite-wal", f"{name}.sqlite-shm"):
                (self._live / left).unlink(missing_ok=True)
            shutil.copyfile(self._folder / f"{name}.sqlite", self._live / f"{name}.sqlite")
            bench.at(START)


def _note_effects(runtime):
    """Note each event that is given to a method, in the transaction of its effect."""
    consume = runtime.consume

    def noting(tx, method, heard):
        consume(tx, method, heard)
        for one in heard:
            tx.conn.exec_driver_sql(
                "INSERT INTO simulated (handler, event_id, source, subject) VALUES (?, ?, ?, ?)",
                (method, one.id, one.source, one.subject),
            )

    runtime.consume = noting


class World:
    """One run of the town.

    Attributes:
        now: The domain time.
        faults: How often each thing went wrong.
    """

    def __init__(self, home, chance, *, host="broker"):
        """Begin.

        Args:
            home: The town.
            chance: What draws turns and faults; None for a run in which everything goes well.
            host: "broker" for relays and subscribers, "embedded" for writers with cursors.
        """
        self.benches = home.benches
        self._chance = chance
        self.now = instant(START)
        self._embedded = host == "embedded"
        self.broker = Broker(home.installation, chance)
        self.faults = self.broker.faults
        self._runtimes = {name: bench.runtime for name, bench in self.benches.items()}
        self._at_rest = self.now
        self._turns = {}
        for runtime in self._runtimes.values():
            runtime.on_commit = lambda _tx: None
        for name, runtime in self._runtimes.items():
            self._open(name, runtime, home.installation)

    def _open(self, name, runtime, installation):
        sources = [source for source in SERVICES if source in runtime.reads_of]
        if self._embedded:
            for source in sources:
                self._turns[f"{name} reads {source}"] = _Reader(self, runtime, source)
            return
        self._turns[f"{name} sends"] = _Sending(Sender(runtime, self.broker, installation), runtime)
        for source in sources:
            self._turns[f"{name} hears {source}"] = _Hearing(
                Hearer(runtime, self.broker, source), self.broker, name, source
            )

    # ------------------------------------------------------------------------------------ the turns

    def drain(self):
        """Take turns until nothing waits."""
        for _ in range(_MOST_TURNS):
            if not self.turn():
                self._at_rest = self.now
                return
        raise Unlike(f"not at rest after {_MOST_TURNS} turns: {self._waiting()}")

    def turn(self):
        """Let one of those who have work take a turn, whoever it is. Tells whether one had."""
        ready = self._waiting()
        if not ready:
            return False
        name = ready[0] if self._chance is None else self._chance.choice(ready)
        with self._mishap():
            self._turns[name].turn()
        return True

    def _waiting(self):
        return [name for name, one in self._turns.items() if one.waits()]

    @contextmanager
    def _mishap(self):
        """Let a commit fail now and then, as it does where the process ends before it."""
        armed = self._chance is not None and self._chance.random() < 0.08
        if armed:
            _ENDING.before = self._chance.randint(1, 2)
        try:
            yield
        except Crash:
            if armed and _ENDING.before == 0:
                self.faults["crash before commit"] += 1
        finally:
            _ENDING.before = None

    def pass_time(self, seconds):
        """Let domain time go on, and fire what becomes due, at each service on its own."""
        until = self.now + timedelta(seconds=seconds)
        names = list(self.benches)
        if self._chance is not None:
            self._chance.shuffle(names)
        for name in names:
            bench = self.benches[name]
            while bench.now < until:
                due = timers.next_due(bench.runtime)
                if due is None or due > until:
                    bench.at(until)
                    break
                with self._mishap():
                    bench.fire(until)
        self.now = until
        if self.now - self._at_rest > _LONGEST_LAG:
            self.drain()

    def command(self, service, actor, method, body, *, version=None):
        """Carry out a command; a caller who gets no answer repeats it with the same key."""
        call = Call(method, dict(body), actor, messages.new_uuid(), version)
        runtime = self._runtimes[service]
        while True:
            with self._mishap():
                reply = runtime.call(call)
                if self._chance is None or self._chance.random() >= 0.1:
                    return reply.reply if isinstance(reply, Replayed) else reply
                self.faults["answer lost"] += 1

    # -------------------------------------------------------------------------------------- a run

    def live(self, told):
        """Live through a script; a step waits for what it needs."""
        for seconds, story, number in told:
            if self._chance is None:
                self.drain()
            else:
                for _ in range(self._chance.choice((0, 0, 1, 3, 9))):
                    self.turn()
            self.pass_time(seconds)
            service, ready, act = story.steps[number]
            while not ready(self, story):
                if not self.turn():
                    self._wait_on(story, number)
            act(self, story, service)
        self.drain()
        # Vouchers that nobody showed expire.
        self.pass_time(timedelta(hours=town.VOUCHER_H + 1).total_seconds())
        self.drain()

    def _wait_on(self, story, number):
        raise Unlike(f"{story.name} waits in vain for its step {number}")


class _Ending:
    """Before which commit the process ends; None where it does not."""

    before: int | None = None


_ENDING = _Ending()


@sa.event.listens_for(sa.Engine, "commit")
def _end_before_commit(_conn):
    if _ENDING.before:
        _ENDING.before -= 1
        if _ENDING.before == 0:
            raise Crash


class _Sending:
    def __init__(self, sender, runtime):
        self._sender, self._engine = sender, runtime.engine
        self._dirty = True
        runtime.on_commit = self._said

    def _said(self, tx):
        self._dirty = self._dirty or bool(tx.facts)

    def waits(self):
        return self._dirty

    def turn(self):
        self._sender.turn()
        with self._engine.connect() as conn:
            asked = "SELECT EXISTS (SELECT 1 FROM outbox WHERE sent_at IS NULL)"
            self._dirty = bool(conn.exec_driver_sql(asked).scalar())


class _Hearing:
    def __init__(self, hearer, broker, subscriber, source):
        self._hearer, self._broker = hearer, broker
        self._whose = subscriber, source

    def waits(self):
        return self._broker.waits(*self._whose)

    def turn(self):
        self._hearer.turn()


class _Reader:
    """A writer of the embedded process, which reads one source behind its cursor."""

    def __init__(self, world, runtime, source):
        self._world, self._runtime, self._source = world, runtime, source
        self._from = world._runtimes[source]
        self._news = True
        before = self._from.on_commit

        def said(tx):
            before(tx)
            self._news = True

        self._from.on_commit = said
        self._begin()

    def _begin(self):
        self._writer = embedded.Writer(self._runtime, self._world._runtimes)

    def waits(self):
        return self._news

    def turn(self):
        chance = self._world._chance
        before = embedded.BATCH
        embedded.BATCH = 500 if chance is None else chance.choice((1, 2, 5, 500))
        try:
            self._news = self._writer._pump_source(self._source, self._from)
        except Crash:
            self._begin()
            raise
        finally:
            embedded.BATCH = before
        if chance is not None and chance.random() < 0.1:
            self._world.faults["crash after commit"] += 1
            self._news = True
            self._begin()


__all__ = ["SERVICES", "Crash", "Home", "Unlike", "World"]
