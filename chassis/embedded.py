"""The embedded host: all services in one process, on SQLite, without a broker.

One writer thread per service runs its commands, batches and timers; queries run on a few reader
threads. A subscriber reads its sources' outboxes behind one cursor per source, which is committed
with the effect: a killed process loses nothing and starts without scanning.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from fivered.chassis import (
    audit_seals,
    digests,
    gauges,
    health,
    idempotency,
    inbox,
    jobs,
    metrics,
    own_data,
    person_keys,
    process,
    rpc,
    sealing,
    timers,
    webhooks,
    years,
)
from fivered.chassis import storage as store
from fivered.chassis.blobs import forget_abandoned
from fivered.chassis.files import sweep_kept, sweep_uploads
from fivered.chassis.json_values import JsonObject
from fivered.chassis.messages import Actor, Call, Seen
from fivered.chassis.reconnect import tell_fault, tell_outage
from fivered.chassis.runtime import Runtime
from fivered.chassis.transaction import Tx
from fivered.chassis.webhook_sender import Sender

log = logging.getLogger("fivered.embedded")

BATCH = 500
# Calls that are taken in one turn, and for how long those that share a commit are run.
_AT_ONCE = 50
_TOGETHER_S = 0.05
# What another process writes (`fivered parked retry`, a year's calendar) is seen after so long;
# everything else wakes whom it concerns.
LOOK_S = 2.0


class _Wake:
    """Something was said, or the clock was moved."""


_WAKE = _Wake()


class Writer(threading.Thread):
    """The one thread that writes a service's database."""

    def __init__(self, runtime: Runtime, sources: Mapping[str, Runtime]) -> None:
        super().__init__(name=f"writer-{runtime.name}", daemon=True)
        self.runtime = runtime
        self.sources = {
            name: source for name, source in sources.items() if name in runtime.reads_of
        }
        self.work: queue.SimpleQueue[tuple[Call, Future[rpc.Reply]] | _Wake | None] = (
            queue.SimpleQueue()
        )
        self._woken = False
        # To where each source is read, and what of it the database holds.
        self._read_to: dict[str, int] = {}
        self._kept: dict[str, int] = {}
        # Sources that have something new for this service.
        self._news = set(self.sources)
        self._look_at = 0.0
        self._stand = timers.stand_of(runtime)
        self._due_at: datetime | None = None
        self._stopping = threading.Event()
        self._next_sweep = time.monotonic() + 60
        self._next_forget = 0.0
        self._taken_up = False

    def run(self) -> None:
        """Serve until stopped. A fault of one turn is logged and does not end the thread."""
        dirty = True
        while not self._stopping.is_set():
            try:
                dirty = self._turn(wait=not dirty)
            except inbox.Outage as outage:
                tell_outage(log, "storage_outage", outage, service=self.runtime.name)
                self._stopping.wait(0.2)
            except Exception as error:  # noqa: BLE001  it is told, and tried again
                tell_fault(log, "writer_fault", error, service=self.runtime.name)
                self._stopping.wait(0.5)
        self._refuse_rest()

    def consume(self, name: str, facts: Collection[str]) -> None:
        """Let the thread look at once where a source has said something that it listens to."""
        if any(fact in self.runtime.reads_of[name] for fact in facts):
            self._news.add(name)
            self.wake()

    def wake(self) -> None:
        """Let the thread look at once: something was said, or a timer was armed beside it."""
        if not self._woken:
            self._woken = True
            self.work.put(_WAKE)

    def _turn(self, *, wait: bool) -> bool:
        """Do what waits. Returns whether more may be waiting."""
        if not self._taken_up:
            process.take_up_parked(self.runtime)
            self._taken_up = True
        item = self._next(self._until() if wait else None)
        waiting: list[tuple[Call, Future[rpc.Reply]]] = []
        while item is not None:
            if isinstance(item, _Wake):
                self._woken = False
            elif item[1].set_running_or_notify_cancel():
                waiting.append(item)
            item = self._next(None) if len(waiting) < _AT_ONCE else None
        self._serve(waiting)
        more = self._pump()
        # One question a turn, for there are turns as many as commands.
        seen = timers.look(self.runtime, self._stand)
        self._due_at = seen.due_at
        fired = 0
        if seen.due_at is not None and seen.due_at <= seen.now:
            fired = timers.fire_due(self.runtime, waits=lambda: not self.work.empty())
        if seen.retries:
            process.retry_parked(self.runtime)
        if self.runtime.keys_in_log and time.monotonic() > self._next_forget:
            self._next_forget = time.monotonic() + (0 if person_keys.forget(self.runtime) else 5)
        if time.monotonic() > self._next_sweep:
            self._next_sweep = time.monotonic() + 3600
            self._sweep()
        return more or fired > 0

    def _until(self) -> float:
        """Return when to look again (monotonic), unless somebody wakes the thread before."""
        wait = LOOK_S
        if self._due_at is not None:
            # A timer that failed is overdue and waits for its next try.
            wait = min(wait, max(0.05, (self._due_at - self.runtime.now()).total_seconds()))
        return time.monotonic() + wait

    def _next(self, until: float | None) -> tuple[Call, Future[rpc.Reply]] | _Wake | None:
        try:
            if until is None:
                return self.work.get_nowait()
            return self.work.get(timeout=max(0.001, until - time.monotonic()))
        except queue.Empty:
            return None

    def _serve(self, waiting: Sequence[tuple[Call, Future[rpc.Reply]]]) -> None:
        """Answer calls; those that wait at the same time share a commit."""
        while waiting:
            replies = rpc.answer_some(self.runtime, [call for call, _ in waiting], _TOGETHER_S)
            for (_call, future), reply in zip(waiting, replies, strict=False):
                future.set_result(reply)
            waiting = waiting[len(replies) :]

    def _pump(self) -> bool:
        """Take what is new. What another process has written is found by a look at all sources."""
        if time.monotonic() >= self._look_at:
            self._news.update(self.sources)
            self._look_at = time.monotonic() + LOOK_S
            for name in self._read_to:
                self._look_back(name)
        more = False
        for name in sorted(self._news):
            # Whatever is said from here on is news again.
            self._news.discard(name)
            try:
                full = self._pump_source(name, self.sources[name])
            except BaseException:
                self._news.add(name)
                raise
            if full:
                self._news.add(name)
                more = True
        return more

    def _pump_source(self, name: str, source: Runtime) -> bool:
        if name not in self._read_to:
            self._read_to[name] = self._kept[name] = self._cursor(name)
        outbox = source.chassis.outbox
        asked = (
            sa.select(
                outbox.c.id, outbox.c.fact, outbox.c.partition, outbox.c.body, outbox.c.traceparent
            )
            .where(outbox.c.id > self._read_to[name])
            .order_by(outbox.c.id)
            .limit(BATCH)
        )
        with store.reading(source.engine) as conn:
            rows = conn.execute(asked).all()
        if not rows:
            return False
        last = rows[-1].id
        wanted = self.runtime.reads_of[name]
        deliveries = [
            inbox.Delivery(bytes(row.body), name, row.partition, row.id, row.traceparent)
            for row in rows
            if row.fact in wanted
        ]
        if deliveries:
            inbox.deliver(
                self.runtime,
                deliveries,
                pause=self._pause,
                also=lambda tx: self._advance(tx, name, last),
            )
        self._read_to[name] = last
        return (bool(deliveries) and self._look_back(name)) or len(rows) == BATCH

    def _look_back(self, name: str) -> bool:
        """Look whether an operator has set a source back (`fivered events replay`, `rebuild`), and
        read it again from there if so. Tells whether that is so."""
        before, self._kept[name] = self._kept[name], self._cursor(name)
        if self._kept[name] >= before:
            return False
        self._read_to[name] = self._kept[name]
        return True

    def _pause(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _cursor(self, name: str) -> int:
        table = self.runtime.chassis.cursors
        with store.reading(self.runtime.engine) as conn:
            found = conn.execute(sa.select(table.c.position).where(table.c.source == name)).scalar()
        return int(found or 0)

    def _advance(self, tx: Tx, name: str, position: int) -> None:
        table = self.runtime.chassis.cursors
        statement = store.insert(tx.conn, table).values(source=name, position=position)
        tx.conn.execute(
            statement.on_conflict_do_update(
                index_elements=["source"],
                set_={"position": statement.excluded.position},
                # Who has set it back since it was read is not overruled.
                where=table.c.position >= self._kept[name],
            )
        )

    def _sweep(self) -> None:
        """Forget keys, deliveries and receipts that nobody can ask for any more."""
        years.warn(self.runtime)
        sealing.look_again(self.runtime)
        webhooks.look_again(self.runtime)
        audit_seals.seal(self.runtime)
        own_data.erase_again(self.runtime)
        own_data.forget(self.runtime, self.runtime.now())
        forget_abandoned(self.runtime.process.blobs)
        sweep_uploads(self.runtime.process.blobs)
        sweep_kept(self.runtime)
        chassis = self.runtime.chassis
        with self.runtime.engine.begin() as conn:
            idempotency.sweep(conn, chassis.idempotency)
            webhooks.sweep(conn, chassis)
            conn.execute(
                sa.delete(chassis.inbox).where(
                    chassis.inbox.c.heard_at < datetime.now(UTC) - inbox.KEEP
                )
            )

    def _refuse_rest(self) -> None:
        while True:
            item = self._next(None)
            if item is None:
                return
            if not isinstance(item, _Wake):
                item[1].set_result({"outage": {"retry_after_s": 1}})

    def stop(self) -> None:
        """Ask the thread to end after its present turn."""
        self._stopping.set()
        self.work.put(_WAKE)


def _lanes(runtime: Runtime) -> tuple[bool | None, ...]:
    """Return which jobs each of a service's runners takes up."""
    return (False, True) if runtime.quick_jobs else (None,)


class JobRunner(threading.Thread):
    """Runs a service's jobs beside its writer, all of them, quick ones, or the others."""

    def __init__(self, runtime: Runtime, quick: bool | None = None) -> None:
        super().__init__(name=f"{'errands' if quick else 'jobs'}-{runtime.name}", daemon=True)
        self._quick = quick
        self.runtime = runtime
        self.wake = threading.Event()
        self._stopping = threading.Event()

    def run(self) -> None:
        """Take up jobs until stopped."""
        while not self._stopping.is_set():
            try:
                stopping = self._stopping.is_set
                if not jobs.run_next(self.runtime, stopping=stopping, quick=self._quick):
                    self.wake.wait(LOOK_S)
                    self.wake.clear()
            except Exception as error:  # noqa: BLE001  it is logged, and the thread goes on
                inbox.log_failure(log, error, "job_runner_fault", service=self.runtime.name)
                self._stopping.wait(1)

    def stop(self) -> None:
        """Ask the thread to end after the present step of its job, which goes back to the queue."""
        self._stopping.set()
        self.wake.set()


class EmbeddedHost:
    """The bus of the embedded process; the gateway's `Caller` there."""

    def __init__(self, runtimes: Mapping[str, Runtime]) -> None:
        self.runtimes = dict(runtimes)
        self.writers = {
            name: Writer(runtime, self.runtimes) for name, runtime in self.runtimes.items()
        }
        self.job_runners = {
            name: [JobRunner(runtime, quick) for quick in _lanes(runtime)]
            for name, runtime in self.runtimes.items()
            if runtime.job_doors
        }
        self.senders = {
            name: Sender(runtime)
            for name, runtime in self.runtimes.items()
            if webhooks.is_on(runtime.process)
        }
        self._stopping = threading.Event()
        self._rekeying = threading.Thread(target=self._rekey, name="rekey", daemon=True)
        self._readers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="reader")
        for name, runtime in self.runtimes.items():
            runtime.on_commit = self._waker(name)

    def _waker(self, name: str) -> Callable[[Tx], None]:
        consumers = [w for w in self.writers.values() if name in w.sources]
        own, runners = self.writers[name], self.job_runners.get(name, [])
        sender = self.senders.get(name)

        def wake(tx: Tx) -> None:
            for writer in consumers:
                writer.consume(name, tx.facts)
            for runner in runners if tx.queues else ():
                runner.wake.set()
            if sender is not None:
                sender.wake()
            if tx.wakes and threading.current_thread() is not own:
                own.wake()

        return wake

    def start(self) -> None:
        """Start the threads."""
        for runtime in self.runtimes.values():
            runtime.prepare()
            # The folder is ours alone: the process that ran these jobs was killed.
            jobs.take_back(runtime)
        for writer in self.writers.values():
            writer.start()
        for runner in self._runners():
            runner.start()
        for sender in self.senders.values():
            sender.take_back()
            sender.start()
        self._rekeying.start()

    def _runners(self) -> list[JobRunner]:
        return [one for runners in self.job_runners.values() for one in runners]

    def _rekey(self) -> None:
        for runtime in self.runtimes.values():
            digests.rekey(runtime.engine, runtime.chassis, runtime.digests, self._stopping.is_set)

    def stop(self) -> None:
        """End the threads cleanly and close the databases."""
        self._stopping.set()
        for runner in self._runners():
            runner.stop()
        for writer in self.writers.values():
            writer.stop()
        for sender in self.senders.values():
            sender.stop()
        threads = (*self.writers.values(), *self._runners(), *self.senders.values())
        for thread in (*threads, self._rekeying):
            if thread.is_alive():
                thread.join(10)
        self._readers.shutdown(wait=True)
        for runtime in self.runtimes.values():
            runtime.close()

    def submit(self, service: str, call: Call) -> Future[rpc.Reply]:
        """Hand a call to its service's threads.

        Raises:
            ServiceUnavailable: The service is not installed here.
        """
        runtime = self.runtimes.get(service)
        if runtime is None:
            raise rpc.ServiceUnavailable(service)
        entry = runtime.entries.get(call.method)
        if entry is not None and entry.kind == "query":
            return self._readers.submit(rpc.answer, runtime, call)
        future: Future[rpc.Reply] = Future()
        self.writers[service].work.put((call, future))
        return future

    def page(self) -> health.HealthPage:
        """Return the health page of this process, which also tells what waits in each service: at
        the port that the environment names, or at any that is free."""
        metrics.tell_build("fivered", "up")
        for runtime in self.runtimes.values():
            gauges.watch(runtime)
        port = max(runtime.process.health_port for runtime in self.runtimes.values())
        ready = {name: health.database(runtime) for name, runtime in self.runtimes.items()}
        return health.HealthPage(port or None, {"writers": self._writing}, ready)

    def _writing(self) -> health.Finding:
        dead = [name for name, writer in self.writers.items() if not writer.is_alive()]
        return health.Finding(not dead, {"ended": dead} if dead else {"writers": len(self.writers)})

    async def call(
        self,
        service: str,
        method: str,
        body: JsonObject,
        *,
        actor: Actor,
        key: str | None = None,
        version: Seen | None = None,
        deadline_s: float = 5.0,
        lang: str = "zh",
        traceparent: str | None = None,
        raw: bool = False,
    ) -> Any:
        """See `rpc.Caller.call`."""
        call = Call(method, body, actor, key, version, lang, traceparent)
        future = asyncio.wrap_future(self.submit(service, call))
        try:
            async with asyncio.timeout(deadline_s):
                reply = await asyncio.shield(future)
        except TimeoutError:
            raise rpc.OutcomeUnknown(service) from None
        return rpc.unpack(service, reply, raw=raw)

    async def state(self) -> rpc.BusState:
        """See `rpc.Caller.state`."""
        dead = [name for name, writer in self.writers.items() if not writer.is_alive()]
        return {"bus": "down", "why": f"stopped: {', '.join(dead)}"} if dead else {"bus": "up"}

    async def close(self) -> None:
        """See `rpc.Caller.close`."""
        await asyncio.to_thread(self.stop)


__all__ = ["EmbeddedHost", "JobRunner", "Writer"]
