"""The way of an event: sent by the relay, from commit to effect, and a backlog that is caught up.

Source and ledger are services as ours are, each with its worker in a process of its own, on real
RabbitMQ and PostgreSQL that sync. The relay sends with publisher confirms into quorum queues.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import sqlalchemy as sa

from bench import frame, ledger, source
from bench.frame import Figure, progress
from fivered.chassis import broker, top
from fivered.chassis.messages import SYSTEM
from fivered.chassis.runtime import Runtime
from testkit import servers
from testkit.waiting import wait_until

ACCOUNTS = 200
SCOPE = "370811015901"
# How many events one transaction says while the outbox is filled.
_WINDOW = 500
BACKLOG = 1_000_000
_PATIENCE_S = 120.0


class Bus:
    """Both services on servers of their own; nothing runs yet."""

    def __init__(self, postgres: servers.Postgres, rabbit: servers.Rabbit) -> None:
        self.url = rabbit.new_vhost()
        self.databases = {
            "source": postgres.create_database("source"),
            "ledger": postgres.create_database("ledger"),
        }
        for name, metadata in (("source", source.metadata), ("ledger", ledger.metadata)):
            address = sa.make_url(self.databases[name]).set(drivername="postgresql+psycopg")
            engine = sa.create_engine(address)
            metadata.create_all(engine)
            engine.dispose()
        broker.apply(self.url, source.installation())
        self.runtime = Runtime.open(source.Source, self.databases["source"], environ=source.ENVIRON)
        self.said = 0

    def say(self, count: int) -> None:
        """Say events in one transaction."""
        with self.runtime.transaction(SYSTEM) as tx:
            for number in range(self.said, self.said + count):
                account = f"acc_{number % ACCOUNTS}"
                tx.publish(
                    source.Awarded(account, number % 7),
                    subject=account,
                    scope=SCOPE,
                    sequence=number,
                )
        self.said += count

    def fill(self, count: int) -> None:
        """Say many, without a relay: they wait in the outbox."""
        for begun in range(0, count, _WINDOW):
            self.say(min(_WINDOW, count - begun))
            progress("bus: outbox", begun + _WINDOW, count)

    @contextmanager
    def running(self, module: str) -> Iterator[str]:
        """Run a worker. Gives the address of its page."""
        port = str(servers.free_port())
        environment = {
            "FIVERED_SOURCE_DATABASE_URL": self.databases["source"],
            "FIVERED_LEDGER_DATABASE_URL": self.databases["ledger"],
            "FIVERED_BROKER_URL": self.url,
            "FIVERED_HEALTH_PORT": port,
        }
        process = servers.spawn(
            [sys.executable, "-m", module],
            cwd=Path(__file__).resolve().parents[1],
            env=os.environ | environment,
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            frame.end(process)

    def unsent(self) -> int:
        return self._count("source", "outbox WHERE sent_at IS NULL")

    def effects(self) -> int:
        return self._count("ledger", "entries")

    def _count(self, database: str, of: str) -> int:
        with psycopg.connect(self.databases[database], autocommit=True) as conn:
            [found] = conn.execute(f"SELECT count(*) FROM {of}").fetchone() or (0,)
        return int(found)


def _rate(left: Callable[[], int], what: str) -> float:
    """Return how many a second are done, from the first one on until none is left."""
    begun = 0.0
    first = total = left()
    while True:
        now, count = time.monotonic(), left()
        if not begun and count < total:
            begun, first = now, count
        progress(f"bus: {what}", total - count, total)
        if count == 0:
            return first / (now - begun)
        time.sleep(0.02)


def _wait(check: Callable[[], bool], what: str) -> None:
    if not wait_until(check, _PATIENCE_S, every=0.05):
        raise SystemExit(f"bus: {what} did not come within {_PATIENCE_S:.0f} s")


def _within(before: top.Page, now: top.Page, seconds: float) -> float:
    """Return which share of the events between two readings took effect within a time."""

    def counted(name: str, **labels: str) -> float:
        whole = f"fivered_event_effect_delay_seconds_{name}"
        return (top.total(now, whole, **labels) or 0) - (top.total(before, whole, **labels) or 0)

    return counted("bucket", le=str(seconds)) / counted("count")


def _latency(bus: Bus, seconds: float) -> list[Figure]:
    """Say events one by one, first as fast as they can be committed, then half as fast."""
    with bus.running("bench.source"), bus.running("bench.ledger") as address:
        _wait(lambda: not top.read(address).why, "the worker's page")
        begun, before = time.monotonic(), bus.said
        while time.monotonic() - begun < seconds / 2:
            bus.say(1)
        fastest = (bus.said - before) / (time.monotonic() - begun)
        _wait(lambda: bus.effects() == bus.said, "all effects")
        quiet = top.read(address)
        begun, before = time.monotonic(), bus.said
        while time.monotonic() - begun < seconds:
            bus.say(1)
            ahead = (bus.said - before) / (fastest / 2) - (time.monotonic() - begun)
            time.sleep(max(0.0, ahead))
        _wait(lambda: bus.effects() == bus.said, "all effects")
        now = top.read(address)
    return [
        Figure("one by one, as fast as they can be committed", fastest, "/s"),
        Figure("half as fast: effect within 10 ms", 100 * _within(quiet, now, 0.01), "%", least=50),
        Figure("half as fast: effect within 50 ms", 100 * _within(quiet, now, 0.05), "%", least=99),
    ]


def run(*, quick: bool = False, full: bool = False, events: int | None = None) -> list[Figure]:
    """Measure all three on private servers."""
    count = events or (20_000 if quick else BACKLOG if full else 100_000)
    postgres = servers.Postgres(durable=True, conf=frame.POSTGRES)
    rabbit = servers.Rabbit()
    try:
        postgres.start()
        rabbit.start()
        bus = Bus(postgres, rabbit)
        bus.fill(count)
        with bus.running("bench.source"):
            sent = _rate(bus.unsent, "sent")
        with bus.running("bench.ledger"):
            heard = _rate(lambda: count - bus.effects(), "effects")
        latency = _latency(bus, 5 if quick else 20)
        bus.runtime.close()
    finally:
        rabbit.stop()
        postgres.stop()
    return [
        Figure(f"relay: {count:,} events with confirms", sent, "/s", least=5_000),
        Figure(f"backlog of {count:,}, one consumer", heard, "/s", least=BACKLOG / 120),
        *latency,
    ]
