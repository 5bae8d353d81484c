"""The toy on a private broker and database, behind proxies, under load; and what must hold there.

Two `serve` and two `work`, whose relays wait for each other. Callers add to counters and repeat
each call with its key until it is answered, as the gateway's users are told to.
"""

from __future__ import annotations

import itertools
import os
import pwd
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from fivered.chassis import rpc
from fivered.chassis.messages import new_uuid
from fivered.chassis.tests.distributed import World
from testkit import servers
from testkit.bench import fresh_postgresql
from testkit.disks import SmallDisk, small_disk
from testkit.proxy import Proxy

CALLERS = 3
COUNTERS = 8
PAUSE_S = 0.03
# Longer than whatever a client may take to give a silent peer up.
PATIENCE_S = 120
# A caller waits so long for an answer before it asks again.
DEADLINE_S = 1.0


class Broken(AssertionError):
    """Something that must hold does not."""


class Calling:
    """Threads that call while they may; a thread's `_call(n)` asks `_may(n)` before each call.

    Attributes:
        answered: What was answered, counted.
        fault: Why a thread has ended; None while none has.
    """

    patience_s = PATIENCE_S

    def __init__(self, threads):
        self.answered = Counter()
        self.fault = None
        self._go = threading.Event()
        self._ending = False
        self._idle = [threading.Event() for _ in range(threads)]
        self._threads = [
            threading.Thread(target=self._call, args=(n,), daemon=True) for n in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def _call(self, n):
        raise NotImplementedError  # each load says what it calls

    def _may(self, n):
        """Wait while there is a pause. Returns whether to call on."""
        if not self._go.is_set():
            self._idle[n].set()
            self._go.wait()
        return not self._ending

    def _failed(self, n, why):
        self.fault = why
        self._idle[n].set()

    def begin(self):
        """Call, until `pause`."""
        for idle in self._idle:
            idle.clear()
        self._go.set()

    def pause(self):
        """Stop calling when each call is answered."""
        self._go.clear()
        for idle in self._idle:
            if not idle.wait(self.patience_s):
                raise Broken(f"a call is not answered within {self.patience_s} s")
        if self.fault:
            raise Broken(self.fault)

    def end(self):
        """Stop for good."""
        self._ending = True
        self._go.set()
        for thread in self._threads:
            thread.join(5)


class Load(Calling):
    """Callers that add, each to counters of its own, and remember what was answered."""

    def __init__(self, caller):
        self._caller = caller
        super().__init__(CALLERS)

    def _call(self, n):
        for turn in itertools.count():
            if not self._may(n):
                return
            counter = f"c{n}-{turn % COUNTERS}"
            try:
                insist(self._caller, counter)
                self.answered[counter] += 1
            except Exception as error:
                self._failed(n, f"{counter}: {error!r}")
                return
            time.sleep(PAUSE_S)


def insist(caller, counter):
    """Add one, again with the same key until it is answered; returns the counter's version."""
    key, end = new_uuid(), time.monotonic() + PATIENCE_S
    while True:
        try:
            return caller.add(counter, key=key, deadline_s=DEADLINE_S)["version"]
        except (rpc.ServiceUnavailable, rpc.OutcomeUnknown, rpc.CallRefused) as error:
            # A repeat that overtakes the first is told that the first is under way.
            again = ("IN_FLIGHT", *getattr(caller, "again", ()))
            if isinstance(error, rpc.CallRefused) and error.payload.get("code") not in again:
                raise
            if time.monotonic() > end:
                raise Broken(f"a call is not answered within {PATIENCE_S} s: {error}") from error
            time.sleep(0.05)


@dataclass
class Servers:
    """What the toy stands on.

    Attributes:
        disk: The small disk of the database; None where nobody may mount one.
    """

    rabbit: servers.Rabbit
    postgres: servers.Postgres
    disk: SmallDisk | None


def open_servers(stack: ExitStack) -> Servers:
    """Start a broker and a database, the latter on a small disk where that can be."""
    rabbit = servers.Rabbit()
    stack.callback(rabbit.stop)
    rabbit.start()
    folder = servers.new_folder("chaos-pg-")
    disk = None
    with suppress(pytest.skip.Exception):
        disk = stack.enter_context(small_disk(folder, "300m", owner=_owner()))
    conf = "min_wal_size=32MB\nmax_wal_size=64MB\nwal_recycle=off"
    postgres = servers.Postgres(folder, conf=conf)
    stack.callback(postgres.stop)
    return Servers(rabbit, postgres.start(), disk)


def _owner():
    return pwd.getpwnam("postgres").pw_uid if os.geteuid() == 0 else os.geteuid()


class Scene:
    """The toy, its processes by name, and the proxies before its servers."""

    def __init__(self, stack: ExitStack, on: Servers, folder):
        self.on = on
        admin = on.rabbit.new_vhost()
        database = next(made := fresh_postgresql(on.postgres.url()))
        stack.callback(made.close)
        self.database = Proxy(on.postgres.port)
        self.world = World(admin, database, folder)
        stack.callback(self.database.close)
        stack.callback(self.world.close)
        self.world.url = self._broker_url(stack, admin)
        self.world.env |= {
            "FIVERED_BROKER_URL": self.world.url,
            "FIVERED_TOY_DATABASE_URL": database.replace(
                f":{on.postgres.port}/", f":{self.database.port}/"
            ),
            "FIVERED_DEMO_CLOCK": "1",
            "FIVERED_LOG_LEVEL": "WARNING",
        }
        self.processes = {name: self._start(name) for name in NAMES}
        self.world.wait_ready(*self.processes.values(), seconds=PATIENCE_S)
        self.caller = self.world.caller()
        self.world.wait(self.caller.ready, PATIENCE_S)
        self._probed = 0
        self.load = Load(self.caller)
        stack.callback(self.load.end)

    def _broker_url(self, stack, admin):
        """Put a proxy before the broker, and return the address that leads through it."""
        self.broker = Proxy(self.on.rabbit.port)
        stack.callback(self.broker.close)
        return admin.replace(f":{self.on.rabbit.port}/", f":{self.broker.port}/")

    # --------------------------------------------------------------------------------- what is done

    def kill(self, name):
        """Kill a process without a word; it is started again at once, as a supervisor does."""
        self.processes[name].kill()
        self.processes[name].wait(10)
        self.processes[name] = self._start(name)

    def _start(self, name):
        return self.world.start(name[:-1])

    def set_clock(self, seconds):
        """Let the domain's clock jump."""
        with suppress(rpc.CallFailed):
            now = self.caller.call("_clock", {})["now"]
            later = datetime.fromisoformat(now) + timedelta(seconds=seconds)
            self.caller.call("_set_clock", {"now": later.isoformat()}, key=f"clock {later}")

    # -------------------------------------------------------------------------------- what is asked

    def recovered(self, since):
        """Wait until a call is answered and has taken effect. Returns how long that took (s)."""
        version = insist(self.caller, "probe")
        self._probed += 1
        asked = "SELECT count(*) FROM entries WHERE subject = 'probe' AND sequence = :version"
        self._until(lambda: self.world.one(asked, version=version) == 1, "the effect of a call")
        return time.monotonic() - since

    def _until(self, holds, what):
        end = time.monotonic() + PATIENCE_S
        while True:
            with suppress(sa.exc.DBAPIError):
                if holds():
                    return
            if time.monotonic() > end:
                raise Broken(f"{what} is not there after {PATIENCE_S} s")
            time.sleep(0.01)

    def settle(self):
        """Let the callers rest, and what is on its way arrive."""
        self.load.pause()
        asked = (
            "SELECT (SELECT count(*) FROM outbox WHERE sent_at IS NULL)"
            " + abs((SELECT count(*) FROM outbox) - (SELECT count(*) FROM entries))"
            " + (SELECT count(*) FROM parked)"
        )
        try:
            self._until(lambda: self.world.one(asked) == 0, "everything that was said")
        except Broken as late:
            parked = self.world.rows("SELECT reason, error FROM parked LIMIT 3")
            unsent = self.world.one("SELECT count(*) FROM outbox WHERE sent_at IS NULL")
            raise Broken(f"{late}; unsent {unsent}, parked {parked}, {self.lost()}") from late

    def lost(self):
        """Tell what was said and has no effect."""
        asked = (
            "SELECT o.event_id, o.subject FROM outbox o LEFT JOIN entries e"
            " ON e.event_id = o.event_id WHERE e.id IS NULL LIMIT 5"
        )
        return f"without effect: {self.world.rows(asked)}"

    def check(self):
        """Look at what must hold whenever everything has arrived.

        Raises:
            Broken: It does not.
        """
        wrong = self.world.rows(_OUT_OF_ORDER)
        if wrong:
            raise Broken(f"out of order: {wrong[:5]}")
        if self.world.one(_UNMATCHED):
            raise Broken(f"events and effects do not match: {self.lost()}")
        books = self.world.one(
            "SELECT (SELECT sum(total) FROM counters) - (SELECT sum(amount) FROM entries)"
        )
        if books:
            raise Broken(f"the books do not balance: {books}")
        asked = "SELECT counter_id, version FROM counters"
        done = {row["counter_id"]: row["version"] for row in self.world.rows(asked)}
        answered = self.load.answered + Counter(probe=self._probed)
        if done != answered:
            wrong = {name: (answered[name], done.get(name)) for name in answered}
            unlike = {name: pair for name, pair in wrong.items() if pair[0] != pair[1]}
            raise Broken(f"answered, and done: {unlike}")


NAMES = ("serve1", "serve2", "work1", "work2")
# What one subject says is numbered without a gap, and must be entered so.
_OUT_OF_ORDER = """
SELECT subject, sequence, before FROM (
    SELECT subject, sequence, lag(sequence, 1, 0) OVER (PARTITION BY subject ORDER BY id) AS before
    FROM entries WHERE subject NOT LIKE 'reminder %'
) AS entered WHERE sequence <> before + 1
"""
_UNMATCHED = """
SELECT count(*) FROM outbox o FULL JOIN entries e ON e.event_id = o.event_id
WHERE e.id IS NULL OR o.id IS NULL
"""
