"""The worker of one service: relay, subscriptions, timers and jobs, in plain threads.

Any number of workers may run beside each other. The broker gives each queue to one of them (single
active consumer) and hands it to another at once when that one dies; their leases let each come
first at its share. A lock gives the relay to one; the worker that deletes a timer's row fires it; a
job belongs to the worker that holds its lease.
"""

from __future__ import annotations

import gc

from fivered.chassis import SELDOM

if __name__ == "__main__":
    gc.set_threshold(*SELDOM)

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial

import sqlalchemy as sa

from fivered.chassis import (
    audit_seals,
    digests,
    gauges,
    health,
    history,
    idempotency,
    inbox,
    jobs,
    leases,
    logs,
    metrics,
    own_data,
    process,
    sealing,
    supervised,
    telemetry,
    timers,
    topology,
    webhooks,
    years,
)
from fivered.chassis.blobs import forget_abandoned
from fivered.chassis.files import sweep_kept, sweep_uploads
from fivered.chassis.reconnect import Backoff
from fivered.chassis.relay import LOOK_S, Relay
from fivered.chassis.runtime import Runtime
from fivered.chassis.subscriber import Subscriber
from fivered.chassis.transaction import Tx
from fivered.chassis.webhook_sender import Sender

log = logging.getLogger("fivered.work")

DRAIN_S = 25.0
SWEEP_EVERY_S = 3600.0
_SWEEP_ROWS = 5_000
_LONGEST_WAIT_S = 5.0
_LEAST_SLEEP_S = 0.2
# How often a worker asks its database what waits. A commit that says, arms, queues or marks
# something wakes it; this is for what no commit tells: a job whose worker is gone, a clock step.
ASK_S = 5.0
# A failed timer is overdue and waits for its next try.
_FAILED_S = 0.2
_REST_S = 60.0


class Routine(threading.Thread):
    """A thread that does one thing again and again, and survives whatever happens in it."""

    def __init__(self, name: str, turn: Callable[[], float]) -> None:
        """Make the thread.

        Args:
            name: For logs and the health page.
            turn: Does the work; returns how long to sleep, unless woken.
        """
        super().__init__(name=name, daemon=True)
        self.beat = time.monotonic()
        self.wake = threading.Event()
        self.stopping = threading.Event()
        self._turn = turn

    def run(self) -> None:
        """Turn until stopped."""
        backoff = Backoff(0.2, _LONGEST_WAIT_S)
        while not self.stopping.is_set():
            self.beat = time.monotonic()
            try:
                sleep = self._turn()
                backoff.reset()
            except Exception as error:  # noqa: BLE001  it is logged, and the thread goes on
                inbox.log_failure(log, error, "routine_fault", routine=self.name)
                sleep = backoff.next()
            if sleep > 0:
                # Wakes come with every event that is said; a few turns a second are enough.
                least = min(sleep, _LEAST_SLEEP_S)
                if not self.stopping.wait(least):
                    self.wake.wait(sleep - least)
            self.wake.clear()

    def stop(self) -> None:
        """Ask for the end after the present turn."""
        self.stopping.set()
        self.wake.set()


class Worker:
    """All threads of a worker process."""

    def __init__(self, runtime: Runtime, url: str, installation: topology.Installation) -> None:
        self.runtime = runtime
        self.relay = Relay(runtime, url, installation, on_said=self._wake, on_placed=self._tell)
        self._installation = installation
        self._look_at = time.monotonic() + LOOK_S
        self._retries = False
        self.subscribers = [
            Subscriber(runtime, url, source, queues)
            for source, queues in _by_source(installation, runtime.name).items()
        ]
        self.leases = leases.Leases(runtime, _queues(self.subscribers), self._step_back)
        for subscriber in self.subscribers:
            subscriber.came = self.leases.came
        self._started = False
        self._sweep_at = time.monotonic() + 60
        self._keyed = False
        self._stand = timers.stand_of(runtime)
        runtime.on_commit = self._committed
        self.timers = Routine(f"timers-{runtime.name}", self._fire)
        self.jobs = Routine(f"jobs-{runtime.name}", self._job)
        self.keeper = Routine(f"keeper-{runtime.name}", self._keep)
        self.share = Routine(f"leases-{runtime.name}", self.leases.turn)
        self.routines = [self.timers, self.keeper, self.share]
        self.errands = Routine(f"errands-{runtime.name}", self._errand)
        if runtime.job_doors:
            self.routines.append(self.jobs)
        if runtime.quick_jobs:
            self.routines.append(self.errands)
        self.sender = Sender(runtime) if webhooks.is_on(runtime.process) else None

    def _wake(self) -> None:
        # What is said is often what also arms a timer or starts a job.
        self.timers.wake.set()
        self._tell()

    def _committed(self, tx: Tx) -> None:
        if tx.wakes:
            self.timers.wake.set()

    def _tell(self) -> None:
        # What is said is told when it has its place; what somebody asked for has none.
        if self.sender is not None:
            self.sender.wake()

    def _step_back(self, names: Collection[str], at_once: bool) -> None:
        for subscriber in self.subscribers:
            subscriber.step_back(names, at_once)

    def _fire(self) -> float:
        """Fire what is due, and wake who has something to do: one question for all of them."""
        seen = timers.look(self.runtime, self._stand)
        if seen.queued:
            self.jobs.wake.set()
            self.errands.wake.set()
        if seen.retries:
            self._retries = True
            self.keeper.wake.set()
        if seen.due_at is None:
            return ASK_S
        if seen.due_at > seen.now:
            return min(ASK_S, max(0.05, (seen.due_at - seen.now).total_seconds()))
        return 0.0 if timers.fire_due(self.runtime, until=seen.now) else _FAILED_S

    def _job(self) -> float:
        # `_fire` wakes it.
        quick = False if self.runtime.quick_jobs else None
        stopping = self.jobs.stopping.is_set
        return 0.0 if jobs.run_next(self.runtime, stopping=stopping, quick=quick) else _REST_S

    def _errand(self) -> float:
        stopping = self.errands.stopping.is_set
        return 0.0 if jobs.run_next(self.runtime, stopping=stopping, quick=True) else _REST_S

    def _look_for_queues(self) -> None:
        """Read the installation anew: a source may have another number of partitions now."""
        self._look_at = time.monotonic() + LOOK_S
        if not self._installation.file:
            return
        try:
            found = topology.current_installation(self.runtime.service_cls, self._installation.file)
        except topology.TopologyError:
            return  # the relay reads it as well, and says so
        now = _by_source(found, self.runtime.name)
        for subscriber in self.subscribers:
            queues = now.get(subscriber.source, subscriber.queues)
            if {one.name for one in queues} != {one.name for one in subscriber.queues}:
                subscriber.consume(queues)
                extra = {"service": self.runtime.name, "source": subscriber.source}
                log.info("partitions_changed", extra={**extra, "queues": len(queues)})
        self.leases.watch(_queues(self.subscribers))

    def _keep(self) -> float:
        if time.monotonic() >= self._look_at:
            self._look_for_queues()
            # A worker of the release before may still run beside this one.
            if process.take_up_parked(self.runtime):
                self.timers.wake.set()
        if self._retries:
            self._retries = False
            process.retry_parked(self.runtime)
        if not self._keyed:
            self._keyed = True
            digests.rekey(
                self.runtime.engine,
                self.runtime.chassis,
                self.runtime.digests,
                self.keeper.stopping.is_set,
            )
        if time.monotonic() >= self._sweep_at:
            self._sweep_at = time.monotonic() + SWEEP_EVERY_S
            sweep(self.runtime)
        # `_fire` wakes it where something is to be tried again.
        return max(0.0, self._look_at - time.monotonic())

    def start(self) -> None:
        """Start the threads."""
        # A batch makes and drops some hundred thousand objects without a circle among them. Looking
        # for circles each time, and through all that was loaded at the start, costs a twentieth.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*SELDOM)
        self._started = True
        try:
            # Before anything of the same subjects takes effect here.
            process.take_up_parked(self.runtime)
        except sa.exc.SQLAlchemyError as error:
            inbox.log_failure(log, error, "take_up_fault", service=self.runtime.name)
        self.relay.start()
        for subscriber in self.subscribers:
            subscriber.start()
        for routine in self.routines:
            routine.start()
        if self.sender is not None:
            self.sender.start()

    def stop(self, deadline_s: float = DRAIN_S) -> bool:
        """End: first what takes work in, last the relay. Returns whether all ended in time."""
        end = time.monotonic() + deadline_s
        for subscriber in self.subscribers:
            subscriber.stop()
        for routine in self.routines:
            routine.stop()
        threads: list[threading.Thread] = [
            thread for subscriber in self.subscribers for thread in reversed(subscriber.threads)
        ]
        if self.sender is not None:
            self.sender.stop()
            threads.append(self.sender)
        for thread in (*threads, *self.routines):
            thread.join(max(0.0, end - time.monotonic()))
        self.leases.leave()
        self.relay.stop()
        self.relay.join(max(1.0, end - time.monotonic()))
        return not any(t.is_alive() for t in (*threads, *self.routines, self.relay))

    def page(self, port: int) -> health.HealthPage:
        """Return the health page of this worker."""
        turning: dict[str, Callable[[], float]] = {
            self.relay.name: lambda: self.relay.state.beat if self.relay.is_alive() else -1e9
        }
        for routine in self.routines:
            turning[routine.name] = partial(_thread_beat, routine)
        for subscriber in self.subscribers:
            turning[subscriber.threads[0].name] = partial(_subscriber_beat, subscriber)
        if self.sender is not None:
            turning[self.sender.name] = partial(_thread_beat, self.sender)
        ready = {
            "database": health.database(self.runtime),
            "broker": self._broker,
            "outbox": health.outbox(self.runtime),
            "calendar": health.calendar(self.runtime),
            "topology": self._topology,
            "waiting": health.waiting(self.runtime),
            "leases": self._leases,
        }
        beats = health.beats(turning)

        def threads() -> health.Finding:
            # Before the database answers there is nothing that could turn.
            return beats() if self._started else health.Finding(True, "waiting for the database")

        return health.HealthPage(port, {"threads": threads}, ready)

    def _broker(self) -> health.Finding:
        state = self.relay.state
        away = {s.source: s.why for s in self.subscribers if not s.connected or s.missing}
        relay = (
            ("blocked" if state.blocked else "connected" if state.connected else state.why)
            if state.active
            else "standing by"
        )
        sends = not state.active or (state.connected and not state.blocked)
        # Standing by without having reached the broker or the database is not ready either.
        return health.Finding(
            sends and not away and not (state.why and not state.active),
            {"relay": relay, "sent": state.sent, "not_heard": away},
        )

    def _leases(self) -> health.Finding:
        found = {"held": sorted(self.leases.held), "workers": self.leases.workers}
        return health.Finding(True, found)

    def _topology(self) -> health.Finding:
        state = self.relay.state
        lacking = [f"{fact}.{partition}" for fact, partition in state.unroutable]
        refused = [f"{fact}.{partition}" for fact, partition in state.refused]
        return health.Finding(not lacking + refused, {"unroutable": lacking, "refused": refused})


def _by_source(
    installation: topology.Installation, subscriber: str
) -> dict[str, list[topology.Queue]]:
    found: dict[str, list[topology.Queue]] = {}
    for queue in installation.all_queues():
        if queue.subscriber == subscriber:
            found.setdefault(queue.source, []).append(queue)
    return found


def _queues(subscribers: Iterable[Subscriber]) -> dict[str, str]:
    """Return every queue, and what it belongs to: a source, or what was delivered too often."""
    return {
        queue.name: "" if queue.partition == topology.DEAD else subscriber.source
        for subscriber in subscribers
        for queue in subscriber.queues
    }


def _links(worker: Worker) -> Iterable[metrics.Sample]:
    """Tell how the worker stands with the broker."""
    name, state = worker.runtime.name, worker.relay.state
    sends = not state.active or (state.connected and not state.blocked)
    hears = all(s.connected and not s.missing for s in worker.subscribers)
    yield gauges.LINK_UP, (name, "relay"), float(sends and not state.why)
    yield gauges.LINK_UP, (name, "subscriptions"), float(hears)
    yield gauges.LINK_BLOCKED, (name, "relay"), float(state.blocked)
    yield gauges.RELAY_ACTIVE, (name,), float(state.active)
    yield gauges.HELD_KEYS, (name, "returned"), float(len(state.unroutable))
    yield gauges.HELD_KEYS, (name, "refused"), float(len(state.refused))
    held = worker.leases.held
    yield gauges.HELD_QUEUES, (name,), float(len(held))
    for subscriber in worker.subscribers:
        waits = [count for queue, count in subscriber.waiting().items() if queue in held]
        if waits:
            yield gauges.QUEUED, (name, subscriber.source), float(sum(waits))


def _thread_beat(thread: threading.Thread) -> float:
    # A job or a batch of timers may take long; a routine lives as long as its thread.
    return time.monotonic() if thread.is_alive() else -1e9


def _subscriber_beat(subscriber: Subscriber) -> float:
    alive = all(thread.is_alive() for thread in subscriber.threads)
    return subscriber.beat if alive else -1e9


def sweep(runtime: Runtime) -> dict[str, int]:
    """Forget keys, receipts and sent events that nobody can ask for any more.

    In small transactions, so that a big backlog never holds locks for long.
    """
    years.warn(runtime)
    sealing.look_again(runtime)
    webhooks.look_again(runtime)
    audit_seals.seal(runtime)
    own_data.erase_again(runtime)
    own_data.forget(runtime, runtime.now())
    forget_abandoned(runtime.process.blobs)
    sweep_uploads(runtime.process.blobs)
    sweep_kept(runtime)
    chassis, now = runtime.chassis, datetime.now(UTC)
    outbox, heard = chassis.outbox, chassis.inbox
    keep = timedelta(days=runtime.process.keep_events_days)
    old_sent = sa.select(outbox.c.id).where(outbox.c.sent_at < now - keep).limit(_SWEEP_ROWS)
    old_heard = (
        sa.select(heard.c.handler, heard.c.event_id)
        .where(heard.c.heard_at < now - inbox.KEEP)
        .limit(_SWEEP_ROWS)
    )
    receipts = sa.delete(heard).where(sa.tuple_(heard.c.handler, heard.c.event_id).in_(old_heard))
    forgetting: dict[str, Callable[[sa.Connection], int]] = {
        "outbox": lambda conn: history.forget(conn, chassis, old_sent),
        "inbox": lambda conn: conn.execute(receipts).rowcount,
    }
    gone: dict[str, int] = {}
    for name, forget in forgetting.items():
        while True:
            with runtime.engine.begin() as conn:
                count = forget(conn)
            gone[name] = gone.get(name, 0) + count
            if count < _SWEEP_ROWS:
                break
    with runtime.engine.begin() as conn:
        gone["idempotency"] = idempotency.sweep(conn, chassis.idempotency)
        webhooks.sweep(conn, chassis)
    if any(gone.values()):
        log.info("swept", extra={"service": runtime.name, **gone})
    return gone


def command(given: argparse.Namespace) -> int:
    """Carry out `fivered work`."""
    return run(given.service)


def run(service_name: str) -> int:
    """Run the worker of a service until SIGTERM or SIGINT. Returns the exit status.

    Args:
        service_name: An installed service, or "module:Class".

    Raises:
        NotInstalled: There is no such service here.
        SettingsError: Lists every missing or wrong variable.
    """
    runtime, installation = process.open_runtime(service_name)
    logs.configure(f"{runtime.name} work")
    telemetry.start(f"{runtime.name} work")
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    worker = Worker(runtime, runtime.process.broker_url, installation)
    metrics.tell_build(runtime.name, "work")
    metrics.READ.add(lambda: _links(worker))
    for result in metrics.CONFIRM_RESULTS:
        metrics.CONFIRMS[runtime.name, result].inc(0)
    gauges.watch(runtime)
    page = worker.page(runtime.process.health_port)
    page.start()
    if not process.wait_for_database(runtime, stopping.wait):
        return 0
    worker.start()
    log.info("working", extra={"service": runtime.name})
    supervised.tell_started()
    while not stopping.wait(3600):
        pass
    clean = worker.stop()
    log.info("stopped", extra={"service": runtime.name, "clean": clean})
    page.stop()
    if not clean:
        # A thread that does not end would hold the process; what it was doing is not committed
        # and not acknowledged, so it is done again elsewhere.
        os._exit(1)
    runtime.close()
    return 0


if __name__ == "__main__":
    sys.exit(process.main(run, sys.argv[1]))
