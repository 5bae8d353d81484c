"""The worker of one service: relay, subscriptions, timers and jobs, in plain threads.

Any number of workers may run beside each other. The broker gives each partition to one of them
(single active consumer) and hands it to another at once when that one dies; a lock gives the relay
to one; the worker that deletes a timer's row fires it; a job belongs to the worker that holds its
lease.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pika
import sqlalchemy as sa
from pika.adapters.blocking_connection import BlockingChannel

from chassis import (
    broker,
    digests,
    gauges,
    health,
    history,
    idempotency,
    inbox,
    jobs,
    logs,
    metrics,
    process,
    sealing,
    telemetry,
    timers,
    topology,
    webhooks,
    years,
)
from chassis.blobs import forget_abandoned
from chassis.reconnect import Backoff, Patience, tell_fault, tell_outage
from chassis.relay import Relay
from chassis.runtime import Runtime
from chassis.settings import SettingsError
from chassis.webhook_sender import Sender

log = logging.getLogger("fivered.work")

# A batch is one transaction. Beyond some 500 events the rate does not grow any more (measured with
# bench/subscribe.py), but a failing batch takes longer to halve and its locks are held longer.
BATCH = 500
# Per queue, and there is one per partition: the next batch has arrived while one is in work.
PREFETCH = 500
DRAIN_S = 25.0
# All poison of one batch together pauses at most so long, however many events fail.
MOST_PAUSE_S = 4.0
SWEEP_EVERY_S = 3600.0
_SWEEP_ROWS = 5_000
_LONGEST_WAIT_S = 5.0
_LEAST_SLEEP_S = 0.2
_DEAD_AGAIN_S = 60.0
LOST_AGAIN_S = 5.0


# A queue gives itself to the consumer that came first. A worker with a share takes its own
# partitions at once and waits this long before it stands by for the others, so that the worker
# that they belong to comes first; when that one dies, this one takes over at once.
STANDBY_AFTER_S = 5.0


def share(
    queues: Sequence[topology.Queue], text: str
) -> tuple[list[topology.Queue], list[topology.Queue]]:
    """Return the queues that a worker takes first, and those for which it stands by.

    Args:
        queues: Of one source.
        text: "2/3" for the second of three workers; empty for one that takes all.

    Raises:
        SettingsError: It is no share.
    """
    if not text:
        return list(queues), []
    number, _, of = text.partition("/")
    if not (number.isdigit() and of.isdigit() and 1 <= int(number) <= int(of)):
        raise SettingsError([f"FIVERED_WORKER_SHARE is wrong: {text!r} is not like 1/2"])
    mine = [queue for queue in queues if queue.partition % int(of) == int(number) - 1]
    # With more workers than partitions some stand by for everything.
    return mine, [queue for queue in queues if queue not in mine]


def _tag(queue: topology.Queue) -> str:
    return f"{queue.name}.{os.getpid()}"


class Subscriber:
    """Hears one source: one thread holds the connection, one takes batches into effect.

    So the connection lives (heartbeats, acknowledgements) however long a batch takes.
    """

    def __init__(
        self, runtime: Runtime, url: str, source: str, queues: Sequence[topology.Queue]
    ) -> None:
        self.runtime = runtime
        self.source = source
        self.connected = False
        self.beat = time.monotonic()
        self._addresses = broker.Addresses(url)
        self._patience = Patience(
            log, made="subscribed", waits="subscriber_waits", service=runtime.name, source=source
        )
        self._queues = list(queues)
        self._stopping = threading.Event()
        self._done = threading.Event()
        self._news = threading.Condition()
        self._arrived: deque[tuple[int, inbox.Delivery]] = deque()
        # Counts connections: a delivery tag means nothing on the next one.
        self._generation = 0
        # By the tag of its consumer, what is consumed on this connection; and what is gone of it.
        self._heard: dict[str, topology.Queue] = {}
        self.missing: set[str] = set()
        self._connection: pika.BlockingConnection | None = None
        self._channel: BlockingChannel = None
        name = f"{runtime.name}-hears-{source}"
        self.threads = (
            threading.Thread(target=self._listen, name=name, daemon=True),
            threading.Thread(target=self._handle, name=f"{name}-effect", daemon=True),
        )

    @property
    def why(self) -> str:
        """Why nothing, or not all, is heard; empty while all is."""
        if self.connected and self.missing:
            return f"no queue {', '.join(sorted(self.missing))}"
        return self._patience.why

    def start(self) -> None:
        """Start both threads."""
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """Ask for the end: the batch in work is finished, the rest stays with the broker."""
        self._stopping.set()
        with self._news:
            self._news.notify_all()

    # ------------------------------------------------------------------------------ the connection

    def _listen(self) -> None:
        while not self._done.is_set():
            why: object = ""
            try:
                self._consume()
            except broker.FAILS as error:
                why = error
            except Exception as error:  # noqa: BLE001  it is told, and tried again
                why = error
                tell_fault(log, "subscriber_fault", error, service=self.runtime.name)
            self.connected = False
            self._forget()
            self.beat = time.monotonic()
            if not self._done.is_set():
                self._done.wait(self._patience.lost(why))

    def _consume(self) -> None:
        connection = pika.BlockingConnection(
            broker.parameters(
                self._addresses.next(), f"fivered {self.runtime.name} hears {self.source}"
            )
        )
        try:
            channel = connection.channel()
            channel.basic_qos(prefetch_count=PREFETCH)
            with self._news:
                self._generation += 1
                self._connection, self._channel = connection, channel
            self._heard.clear()
            self.missing.clear()
            alive = [queue for queue in self._queues if queue.partition != topology.DEAD]
            first, later = share(alive, self.runtime.process.worker_share)
            self._consume_from(channel, first)
            standby_at = time.monotonic() + STANDBY_AFTER_S
            dead = [queue for queue in self._queues if queue.partition == topology.DEAD]
            dead_at = lost_at = 0.0
            self.connected = True
            self._patience.good()
            while not self._done.is_set():
                self.beat = time.monotonic()
                connection.process_data_events(time_limit=1.0)
                if not channel.is_open:
                    # The broker cancels a consumer whose queue was deleted.
                    raise ConnectionError("channel closed")
                if later and time.monotonic() > standby_at:
                    self._consume_from(channel, later)
                    later = []
                lost = self._lost(channel)
                if lost and time.monotonic() > lost_at:
                    lost_at = time.monotonic() + LOST_AGAIN_S
                    self._consume_from(
                        channel, [one for one in lost if self._is_there(connection, one)]
                    )
                if dead and time.monotonic() > dead_at:
                    dead_at = time.monotonic() + _DEAD_AGAIN_S
                    dead = self._consume_dead(connection, channel, dead)
        finally:
            with contextlib.suppress(Exception):
                connection.close()

    def _consume_from(self, channel: BlockingChannel, queues: Sequence[topology.Queue]) -> None:
        for queue in queues:
            # People find out by the tag which process hears a queue.
            self._heard[_tag(queue)] = queue
            channel.basic_consume(
                queue.name, partial(self._take, queue.partition), consumer_tag=_tag(queue)
            )
            self.missing.discard(queue.name)

    def _lost(self, channel: BlockingChannel) -> list[topology.Queue]:
        """Return the queues that were consumed and are gone: the broker cancels the consumer of a
        queue that is deleted. The other queues are heard meanwhile."""
        tags = set(channel.consumer_tags)
        lost = [queue for tag, queue in self._heard.items() if tag not in tags]
        if new := {queue.name for queue in lost} - self.missing:
            self.missing |= new
            log.error(
                "queue_gone",
                extra={
                    "service": self.runtime.name,
                    "queues": sorted(new),
                    "remedy": "fivered topology apply, then fivered events replay",
                },
            )
        return lost

    @staticmethod
    def _is_there(connection: pika.BlockingConnection, queue: topology.Queue) -> bool:
        """Tell whether somebody has made a queue again; asked on a channel of its own, which the
        broker closes where there is none."""
        trial = connection.channel()
        try:
            trial.queue_declare(queue.name, passive=True)
        except pika.exceptions.ChannelClosedByBroker:
            return False
        trial.close()
        return True

    def _consume_dead(
        self,
        connection: pika.BlockingConnection,
        channel: BlockingChannel,
        queues: list[topology.Queue],
    ) -> list[topology.Queue]:
        """Consume the queues of what was delivered too often. Returns those that cannot be.

        An installation of an earlier release may lack them, or the right to hear them. That must
        not keep this worker from what it hears otherwise; so it is tried on another channel.
        """
        for queue in queues:
            trial = connection.channel()
            try:
                trial.basic_consume(queue.name, lambda *_: None)
                trial.close()
            except pika.exceptions.ChannelClosedByBroker as error:
                log.warning(
                    "dead_not_heard",
                    extra={
                        "service": self.runtime.name,
                        "queue": queue.name,
                        "why": repr(error)[:300],
                        "remedy": "fivered topology apply, fivered topology permissions",
                    },
                )
                return queues
        self._consume_from(channel, queues)
        return []

    def _take(
        self,
        partition: int,
        _channel: BlockingChannel,
        method: pika.spec.Basic.Deliver,
        properties: pika.spec.BasicProperties,
        body: bytes,
    ) -> None:
        if partition == topology.DEAD:
            partition = topology.partition_of_dead(properties.headers)
        sent = (properties.headers or {}).get("traceparent")
        traceparent = sent if isinstance(sent, str) else None
        delivery = inbox.Delivery(body, self.source, partition, traceparent=traceparent)
        with self._news:
            self._arrived.append((method.delivery_tag, delivery))
            self._news.notify()

    def _forget(self) -> None:
        """Drop what has arrived on a connection that is gone; the broker brings it again."""
        with self._news:
            self._generation += 1
            self._connection = self._channel = None
            self._arrived.clear()
            self._news.notify_all()

    # --------------------------------------------------------------------------------- the effect

    def _handle(self) -> None:
        while not self._stopping.is_set():
            with self._news:
                while not self._arrived and not self._stopping.is_set():
                    self._news.wait(1.0)
                if self._stopping.is_set():
                    break
            self.take_batch(BATCH)
        if self._connection is not None:
            with contextlib.suppress(Exception):
                # Queued behind the last acknowledgement, so that it goes out before the end.
                self._connection.add_callback_threadsafe(self._done.set)
        else:
            self._done.set()

    def take_batch(self, most: int) -> None:
        """Take the next batch of what has arrived into effect, and acknowledge it."""
        with self._news:
            count = min(len(self._arrived), most)
            batch = [self._arrived.popleft() for _ in range(count)]
            generation = self._generation
        # What had arrived may have gone meanwhile, with its connection.
        if batch and self._deliver([delivery for _, delivery in batch], generation):
            self._acknowledge(batch[-1][0], generation)

    def _deliver(self, deliveries: list[inbox.Delivery], generation: int) -> bool:
        """Bring a batch into effect, however long the database is away.

        Returns whether it may be acknowledged: not when the worker ends or the connection is lost.
        """
        backoff = Backoff(0.2, 10.0)
        while True:
            left = MOST_PAUSE_S

            def pause(seconds: float) -> None:
                nonlocal left
                seconds = min(seconds, left)
                left -= seconds
                self._stopping.wait(seconds)

            try:
                inbox.deliver(self.runtime, deliveries, pause=pause)
            except inbox.Outage as outage:
                tell_outage(log, "storage_outage", outage, service=self.runtime.name)
            except Exception as error:  # noqa: BLE001  it is told, and tried again
                # Our own code or the parking place failed (what a handler cannot take is parked):
                # an event that took no effect is not acknowledged.
                tell_fault(log, "delivery_fault", error, service=self.runtime.name)
            else:
                return True
            if self._stopping.wait(backoff.next()) or generation != self._generation:
                return False

    def _acknowledge(self, tag: int, generation: int) -> None:
        """Acknowledge everything up to `tag`: batches are taken in order, one at a time."""
        connection, channel = self._connection, self._channel
        if connection is None or generation != self._generation:
            return

        def acknowledge() -> None:
            if generation == self._generation and channel.is_open:
                channel.basic_ack(tag, multiple=True)

        with contextlib.suppress(pika.exceptions.AMQPError):
            connection.add_callback_threadsafe(acknowledge)


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
        self.relay = Relay(runtime, url, installation, on_said=self._wake)
        share([], runtime.process.worker_share)  # a wrong one ends the process before it begins
        by_source: dict[str, list[topology.Queue]] = {}
        for queue in installation.all_queues():
            if queue.subscriber == runtime.name:
                by_source.setdefault(queue.source, []).append(queue)
        self.subscribers = [
            Subscriber(runtime, url, source, queues) for source, queues in by_source.items()
        ]
        self._started = False
        self._sweep_at = time.monotonic() + 60
        self._keyed = False
        self.timers = Routine(f"timers-{runtime.name}", self._fire)
        self.jobs = Routine(f"jobs-{runtime.name}", self._job)
        self.keeper = Routine(f"keeper-{runtime.name}", self._keep)
        self.routines = [self.timers, self.keeper]
        if runtime.job_doors:
            self.routines.append(self.jobs)
        self.sender = Sender(runtime) if webhooks.is_on(runtime.process) else None

    def _wake(self) -> None:
        # What is said is often what also arms a timer or starts a job.
        self.timers.wake.set()
        self.jobs.wake.set()
        if self.sender is not None:
            self.sender.wake()

    def _fire(self) -> float:
        limit = 200
        if timers.fire_due(self.runtime, limit=limit) == limit:
            return 0.0
        due = timers.next_due(self.runtime)
        if due is None:
            return 1.0
        # Never longer than a second: another process may arm an earlier one or move the clock. A
        # failed timer is overdue and waits for its next try.
        return min(1.0, max(0.05, (due - self.runtime.now()).total_seconds()))

    def _job(self) -> float:
        return 0.0 if jobs.run_next(self.runtime, stopping=self.jobs.stopping.is_set) else 1.0

    def _keep(self) -> float:
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
        return 1.0

    def start(self) -> None:
        """Start the threads."""
        # A batch makes and drops some hundred thousand objects without a circle among them. Looking
        # for circles each time, and through all that was loaded at the start, costs a twentieth.
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 20, 20)
        self._started = True
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

    def _topology(self) -> health.Finding:
        state = self.relay.state
        lacking = [f"{fact}.{partition}" for fact, partition in state.unroutable]
        refused = [f"{fact}.{partition}" for fact, partition in state.refused]
        return health.Finding(not lacking + refused, {"unroutable": lacking, "refused": refused})


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
    forget_abandoned(runtime.process.blobs)
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
