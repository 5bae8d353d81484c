"""The nameko container of one service: answers its commands and queries over RabbitMQ.

Run as `python -m fivered.chassis.serve SERVICE` (`fivered serve` replaces itself by that): eventlet
must patch the standard library before anything else is imported. Subscriptions, timers and jobs are
inert here; the worker has them.

The call queue is durable and auto-delete: it lives exactly as long as somebody consumes it, so
a call to a stopped service comes back at once. Replies have a connection and a greenlet of their
own, because publishing through py-amqp also reads from the socket, and only one greenlet may.
"""

from __future__ import annotations

import gc
import warnings

from fivered.chassis import SELDOM

if __name__ == "__main__":
    gc.set_threshold(*SELDOM)

with warnings.catch_warnings():
    # eventlet announces its retirement at every import (DECISIONS 3).
    warnings.simplefilter("ignore")
    import eventlet

    if __name__ == "__main__":
        eventlet.monkey_patch()

import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import TypeAlias
from urllib.parse import urlsplit

import amqp
import kombu
import msgspec
from eventlet.event import Event
from eventlet.queue import Empty, LightQueue
from eventlet.semaphore import Semaphore
from nameko.containers import ServiceContainer

from fivered.chassis import (
    gauges,
    health,
    logs,
    metrics,
    process,
    rpc,
    supervised,
    telemetry,
    tls,
    topology,
)
from fivered.chassis.actors import believed_by
from fivered.chassis.broker import Addresses
from fivered.chassis.bus import CallDoor
from fivered.chassis.messages import Call
from fivered.chassis.reconnect import Patience, tell_fault
from fivered.chassis.refusal import NotFound, RoleDenied
from fivered.chassis.runtime import Runtime

log = logging.getLogger("fivered.serve")
ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType]

DRAIN_S = 25.0
HEARTBEAT_S = 10
# A broker that answers nothing for so long is given up, though the connection stands.
_ANSWER_S = 5.0
# While the last consumer says goodbye, calls that wait in its queue are still taken, this long.
_EMPTY_S = 5.0
_BIND_EVERY_S = 2.0
# After a restart of the broker nobody may ever consume it; then it goes by itself.
_CALLS_KEPT_MS = 30_000
# py-amqp meets a connection that another greenlet has closed as an AttributeError of None.
_BROKEN = (OSError, amqp.AMQPError, kombu.exceptions.KombuError, EOFError, AttributeError)


@dataclass(slots=True)
class _Letter:
    """One answer on its way, and the delivery that it ends."""

    to: str
    generation: int
    tag: int
    begun: float
    correlation_id: str | None = None
    ends_at: float | None = None
    body: bytes = b""
    headers: dict[str, str] | None = None


class Calls:
    """Takes a service's calls off the broker and sends the replies; one per container."""

    def __init__(self, container: CallContainer, runtime: Runtime, url: str) -> None:
        self.beat = time.monotonic()
        self.connected = self.answering = self.blocked = False
        self.answered = 0
        self._container = container
        self._runtime = runtime
        self._believed = believed_by(runtime.process)
        self._addresses = Addresses(url)
        name = runtime.name
        self._taking = Patience(log, made="serving", waits="broker_waits", service=name)
        self._sending = Patience(log, made="answering", waits="replies_wait", service=name)
        self._queue = topology.call_queue(runtime.name)
        self._doors: dict[str, CallDoor] = {}
        # None lets the greenlet that sends look at what has happened.
        self._letters: LightQueue[_Letter | None] = LightQueue()
        self._writing = Semaphore()
        self._channel: amqp.Channel = None
        # Counts connections: a delivery tag means nothing on the next one.
        self._generation = 0
        # Counts how often a broker has answered nothing: then no other connection is believed.
        self._silences = 0
        self._cancelled = False
        # Throws into the greenlet that waits for the broker with nothing else to do.
        self._waits: Callable[[BaseException], object] | None = None
        self.started = False
        self._stopping = False
        self._stopped = Event()
        self._flushing = False
        self._flushed = Event()

    @property
    def why(self) -> str:
        """Why no calls are taken; empty while they are."""
        return self._taking.why

    # ----------------------------------------------------------------------- what the doors call

    def register(self, door: CallDoor) -> None:
        """Learn a method."""
        self._doors[door.method_name] = door

    def start(self) -> None:
        """Begin, once for all doors."""
        if not self.started:
            self.started = True
            self._container.spawn_managed_thread(self._take, identifier="calls")
            self._container.spawn_managed_thread(self._send, identifier="replies")

    def stop(self) -> None:
        """Take no more calls; returns when none can come any more."""
        self._stopping = True
        if self.started:
            eventlet.hubs.get_hub().schedule_call_global(0, self._interrupt, self._waits)
            self._stopped.wait()

    def flush(self) -> None:
        """Send the replies that wait, then let go of the broker."""
        self._flushing = True
        if self.started:
            self._letters.put(None)
            self._flushed.wait()

    def kill(self) -> None:
        """Let go at once; unanswered calls go to another replica."""
        self._stopping = self._flushing = True

    # --------------------------------------------------------------------------------- taking calls

    def _take(self) -> None:
        patience = self._taking
        while not self._stopping:
            why: object = ""
            try:
                self._consume()
            except _BROKEN as error:
                why = error
            except Exception as error:  # noqa: BLE001  it is told, and tried again
                # An exception that leaves a managed thread would kill the container.
                why = error
                tell_fault(log, "calls_fault", error, service=self._runtime.name)
            self.connected = False
            self.beat = time.monotonic()
            self._generation += 1
            if not self._stopping:
                eventlet.sleep(patience.lost(why))
        if not self._stopped.ready():
            self._stopped.send(None)

    def _connect(self, what: str) -> kombu.Connection:
        url = self._addresses.next()
        parts = urlsplit(url)
        connection = kombu.Connection(
            url,
            ssl=tls.options(parts.hostname or "") if parts.scheme == "amqps" else False,
            heartbeat=HEARTBEAT_S,
            connect_timeout=5,
            transport_options={
                "client_properties": {
                    "connection_name": f"fivered {self._runtime.name} {what}",
                },
            },
        )
        try:
            connection.connect()
        except BaseException:
            connection.collect(socket_timeout=0.1)
            raise
        return connection

    def _consume(self) -> None:
        connection = self._connect("calls")
        try:
            with self._answered():
                channel = self._channel = self._open(connection)
                self._declare(connection, channel)
                channel = self._channel
                self._cancelled = False
                tag = channel.basic_consume(
                    self._queue,
                    callback=partial(self._arrived, self._generation),
                    on_cancel=self._queue_gone,
                )
                self._delete_others(connection)
            self.connected = True
            self._taking.good()
            self._turn(connection, channel)
            self._say_goodbye(connection, channel, tag)
            self._stopped.send(None)
            self._finish(connection)
            with eventlet.Timeout(2, False):
                connection.close()
        finally:
            self._channel = None
            # A broker that hangs must not hold us: the socket is closed, not the conversation.
            connection.collect(socket_timeout=0.1)

    @contextlib.contextmanager
    def _answered(self) -> Iterator[None]:
        """Give a broker up that does not answer: nothing else would end the wait, for a network
        that has forgotten a connection tells nobody.

        Raises:
            ConnectionError: It has not answered in time.
        """
        answered = False
        with eventlet.Timeout(_ANSWER_S, False):
            yield
            answered = True
        if not answered:
            self._silences += 1
            self._letters.put(None)
            raise ConnectionError(f"the broker has not answered in {_ANSWER_S:.0f} s")

    def _queue_gone(self, _tag: str) -> None:
        # The node of a cluster that had the queue is gone, or somebody has deleted it.
        self._cancelled = True

    def _open(self, connection: kombu.Connection) -> amqp.Channel:
        channel = connection.channel()
        # One call per worker: spawning never waits, so this greenlet always serves the connection.
        channel.basic_qos(0, self._container.max_workers, False)
        return channel

    def _declare(self, connection: kombu.Connection, channel: amqp.Channel) -> None:
        try:
            for exchange in (topology.RPC_EXCHANGE, topology.REPLY_EXCHANGE):
                channel.exchange_declare(exchange, "topic", passive=True)
        except amqp.NotFound:
            # A broker without topology. With a restricted user this fails, and the service waits
            # for `fivered topology apply`.
            channel = self._channel = self._open(connection)
            for exchange in (topology.RPC_EXCHANGE, topology.REPLY_EXCHANGE):
                channel.exchange_declare(exchange, "topic", durable=True, auto_delete=False)
        self._declare_queue(connection)
        self._bind(self._channel)

    def _declare_queue(self, connection: kombu.Connection) -> None:
        """Have one queue of calls, the same as every other replica.

        In a cluster a queue lives on one node. While that one is away nobody can make the queue
        again or delete it, so the replicas meet at another name. When the node is back, so is the
        old queue, for half a minute: a replica that comes then goes where the others are, and
        whatever went into that one, they have answered.
        """
        first, *others = topology.call_queues(self._runtime.name)
        self._queue = first
        try:
            found = self._channel.queue_declare(
                first,
                durable=True,
                exclusive=False,
                auto_delete=True,
                arguments={"x-expires": _CALLS_KEPT_MS},
            )
        except amqp.PreconditionFailed:
            # A replica of an earlier release has made it otherwise. Both consume that one; it goes
            # with its last consumer, and the next process makes it anew.
            self._channel = self._open(connection)
            self._channel.queue_declare(first, passive=True)
            return
        except amqp.NotFound:
            self._channel = self._open(connection)
            self._queue = self._declare_other(connection, others)
            return
        for name in others if found.consumer_count == 0 else ():
            trial = connection.channel()
            with contextlib.suppress(amqp.NotFound, amqp.AccessRefused):
                if trial.queue_declare(name, passive=True).consumer_count:
                    self._queue = name
                trial.close()

    def _declare_other(self, connection: kombu.Connection, names: Sequence[str]) -> str:
        for name in names:
            try:
                self._channel.queue_declare(
                    name,
                    durable=True,
                    exclusive=False,
                    auto_delete=True,
                    arguments={"x-expires": _CALLS_KEPT_MS},
                )
            except amqp.NotFound:
                self._channel = self._open(connection)
            else:
                return name
        raise ConnectionError("the nodes that have the queues of calls are away")

    def _delete_others(self, connection: kombu.Connection) -> None:
        """Delete the queue that stood in and that nobody consumes any more: it would stay where it
        is for half a minute, and should this node be lost meanwhile, both would be."""
        for name in topology.call_queues(self._runtime.name):
            if name != self._queue:
                refused = (amqp.NotFound, amqp.AccessRefused, amqp.PreconditionFailed)
                trial = connection.channel()
                with contextlib.suppress(*refused):
                    trial.queue_delete(name, if_unused=True)
                    trial.close()

    def _bind(self, channel: amqp.Channel) -> None:
        channel.queue_bind(self._queue, topology.RPC_EXCHANGE, self._runtime.name)

    def _turn(self, connection: kombu.Connection, channel: amqp.Channel) -> None:
        bind_at = time.monotonic() + _BIND_EVERY_S
        while not self._stopping:
            now = self.beat = time.monotonic()
            if self._cancelled:
                raise ConnectionError(f"queue {self._queue} is gone")
            if now >= bind_at:
                bind_at = now + _BIND_EVERY_S
                with self._writing:
                    connection.heartbeat_check()
                # A replica that ended in the same moment may have taken the binding with it.
                with self._answered():
                    self._bind(channel)
            self._waits = eventlet.getcurrent().throw
            with contextlib.suppress(TimeoutError):
                connection.drain_events(timeout=max(0.1, bind_at - time.monotonic()))
            self._waits = None

    def _interrupt(self, waits: Callable[[BaseException], object] | None) -> None:
        """End a wait for the broker as its timeout does."""
        if waits is not None and waits is self._waits:
            waits(TimeoutError())

    def _say_goodbye(self, connection: kombu.Connection, channel: amqp.Channel, tag: str) -> None:
        """Stop consuming without losing a call: the queue goes with its last consumer."""
        found = channel.queue_declare(self._queue, passive=True)
        if found.consumer_count <= 1:
            channel.queue_unbind(self._queue, topology.RPC_EXCHANGE, self._runtime.name)
            end = time.monotonic() + _EMPTY_S
            while found.message_count and time.monotonic() < end:
                with contextlib.suppress(TimeoutError):
                    connection.drain_events(timeout=0.1)
                found = channel.queue_declare(self._queue, passive=True)
        channel.basic_cancel(tag)

    def _finish(self, connection: kombu.Connection) -> None:
        """Keep the connection until the last reply is sent and acknowledged."""
        while not self._flushed.ready():
            with contextlib.suppress(TimeoutError):
                connection.drain_events(timeout=0.05)
            eventlet.sleep(0)

    def _arrived(self, generation: int, message: amqp.Message) -> None:
        """Take one message. Whatever is in it, the process stays up."""
        properties = message.properties
        body = message.body if isinstance(message.body, bytes) else str(message.body).encode()
        reply_to = properties.get("reply_to")
        if not reply_to:
            rpc.counted(self._runtime, "", {"unreadable": None}, time.perf_counter())
            self._bury(body, "there is no reply_to", generation, message.delivery_tag)
            return
        letter = _Letter(
            reply_to,
            generation,
            message.delivery_tag,
            time.perf_counter(),
            properties.get("correlation_id"),
        )
        try:
            call, letter.ends_at = rpc.read_call(
                body,
                properties.get("application_headers") or {},
                self._runtime.name,
                self._believed,
            )
            door = self._door(call.method)
        except (RoleDenied, NotFound) as refusal:
            self._answer(letter, rpc.failure(self._runtime, "", refusal), "")
            return
        except Exception as error:  # noqa: BLE001  a stranger's bytes may break anything
            self._bury(body, str(error), -1, 0)
            self._answer(letter, {"fault": {"id": "unreadable request"}}, "")
            return
        if letter.ends_at is not None and time.time() > letter.ends_at:
            # Nobody waits any more, and the caller was told that the outcome is unknown.
            log.info("call_expired", extra={"service": self._runtime.name, "method": call.method})
            rpc.counted(self._runtime, call.method, {"expired": None}, letter.begun)
            self._acknowledge(generation, message.delivery_tag)
            return
        self._container.spawn_worker(
            door, (call,), {}, handle_result=partial(self._handled, letter, call)
        )

    def _door(self, method: str) -> CallDoor:
        door = self._doors.get(method)
        if door is None:
            raise NotFound(kind="method", id=f"{self._runtime.name}.{method}"[:120])
        return door

    def _handled(
        self,
        letter: _Letter,
        call: Call,
        _context: object,
        result: object,
        exc_info: ExcInfo | None,
    ) -> tuple[object, None]:
        """Answer what a worker returned or raised. Raising here would kill the container."""
        if exc_info is None:
            said: Mapping[str, object] = rpc.said(result)
        else:
            with telemetry.within(call.traceparent):
                said = rpc.failure(self._runtime, call.method, exc_info[1])
        self._answer(letter, said, call.method)
        # nameko hands this on to dependencies only, and ours do not care.
        return result, None

    def _answer(self, letter: _Letter, said: Mapping[str, object], method: str) -> None:
        try:
            letter.body = msgspec.json.encode(said)
        except (TypeError, ValueError, msgspec.MsgspecError) as error:
            said = rpc.failure(self._runtime, method, error)
            letter.body = msgspec.json.encode(said)
        rpc.counted(self._runtime, method, said, letter.begun)
        self._letters.put(letter)

    def _bury(self, body: bytes, why: str, generation: int, tag: int) -> None:
        """Keep what cannot be read where people can look at it, with the reason."""
        log.error("call_unreadable", extra={"service": self._runtime.name, "why": why[:300]})
        headers = {"service": self._runtime.name, "reason": why[:300]}
        self._letters.put(
            _Letter(topology.DEAD_CALLS, generation, tag, 0.0, body=body, headers=headers)
        )

    def _acknowledge(self, generation: int, tag: int) -> None:
        channel = self._channel
        if channel is None or generation != self._generation:
            return
        with contextlib.suppress(*_BROKEN), self._writing:
            channel.basic_ack(tag)

    # ------------------------------------------------------------------------------ sending replies

    def _send(self) -> None:
        waiting: list[_Letter] = []
        while not self._flushed.ready():
            why: object = ""
            try:
                connection = self._connect("replies")
                try:
                    self._answer_all(connection, waiting)
                finally:
                    self.answering = self.blocked = False
                    connection.collect(socket_timeout=0.1)
            except _BROKEN as error:
                why = error
            except Exception as error:  # noqa: BLE001  it is told, and tried again
                why = error
                tell_fault(log, "replies_fault", error, service=self._runtime.name)
            if self._flushing and not self._flushed.ready():
                # The end does not wait for a broker that is away: nobody could read the replies.
                self._flushed.send(None)
            if not self._flushed.ready():
                eventlet.sleep(self._sending.lost(why))

    def _answer_all(self, connection: kombu.Connection, waiting: list[_Letter]) -> None:
        """Publish replies until the end, or until the connection breaks."""
        channel = connection.channel()
        transport = connection.connection
        transport.on_blocked = lambda *_: setattr(self, "blocked", True)
        transport.on_unblocked = lambda *_: setattr(self, "blocked", False)
        self.answering = True
        self._sending.good()
        beat_at, silences = 0.0, self._silences
        while True:
            if silences != self._silences:
                raise ConnectionError("the broker does not answer on the other connection")
            if time.monotonic() >= beat_at:
                beat_at = time.monotonic() + 5
                with contextlib.suppress(TimeoutError):
                    connection.drain_events(timeout=0.001)
                connection.heartbeat_check()
            if not waiting:
                try:
                    item = self._letters.get(timeout=max(0.1, beat_at - time.monotonic()))
                except Empty:
                    continue
                if item is None and not self._flushing:
                    continue
                if item is None:
                    with eventlet.Timeout(2, False):
                        connection.close()
                    self._flushed.send(None)
                    return
                waiting.append(item)
            letter = waiting[0]
            self._publish(channel, letter)
            waiting.clear()
            self.answered += 1
            self._acknowledge(letter.generation, letter.tag)

    def _publish(self, channel: amqp.Channel, letter: _Letter) -> None:
        properties: dict[str, object] = {"content_type": "application/json"}
        if letter.correlation_id is not None:
            properties["correlation_id"] = letter.correlation_id
        if letter.headers is not None:
            properties |= {"application_headers": letter.headers, "delivery_mode": 2}
        if letter.ends_at is not None:
            left_ms = int((letter.ends_at - time.time()) * 1000)
            if left_ms <= 0:
                return
            properties["expiration"] = str(left_ms)
        channel.basic_publish(
            amqp.Message(letter.body, **properties),
            exchange=topology.REPLY_EXCHANGE,
            routing_key=letter.to,
        )


class CallContainer(ServiceContainer):  # type: ignore[misc]  # nameko has no types
    """A nameko container whose doors share one consumer, and which ends in the right order."""

    def __init__(self, runtime: Runtime, url: str) -> None:
        self.fivered_runtime = runtime
        self.calls = Calls(self, runtime, url)
        super().__init__(runtime.service_cls, {"max_workers": runtime.process.pool_size})

    def stop(self) -> None:
        """Take no more calls, finish those under way, send their replies, let go."""
        self.calls.stop()
        self._worker_pool.waitall()
        self.calls.flush()
        super().stop()

    def page(self, port: int) -> health.HealthPage:
        """Return the health page of this process."""
        calls, runtime = self.calls, self.fivered_runtime

        def broker() -> health.Finding:
            ok = calls.connected and calls.answering and not calls.blocked
            detail = {"blocked": calls.blocked, "answered": calls.answered, "why": calls.why}
            return health.Finding(ok, detail)

        ready = {
            "database": health.database(runtime),
            "broker": broker,
            "outbox": health.outbox(runtime),
            "calendar": health.calendar(runtime),
        }
        # Before the database answers there is nothing that could turn.
        turned = {"calls": lambda: calls.beat if calls.started else time.monotonic()}
        live = {"greenlets": health.beats(turned)}
        return health.HealthPage(port, live, ready)


def _link(calls: Calls, service: str) -> Iterable[metrics.Sample]:
    """Tell how the process stands with the broker."""
    up = calls.connected and calls.answering and not calls.blocked
    yield gauges.LINK_UP, (service, "calls"), float(up)
    yield gauges.LINK_BLOCKED, (service, "calls"), float(calls.blocked)


def run(service_name: str) -> int:
    """Answer the calls of a service until SIGTERM or SIGINT. Returns the exit status.

    Args:
        service_name: An installed service, or "module:Class".

    Raises:
        NotInstalled: There is no such service here.
        SettingsError: Lists every missing or wrong variable.
    """
    runtime, _ = process.open_runtime(service_name, cooperative=True, consumes=False)
    logs.configure(f"{runtime.name} serve")
    telemetry.start(f"{runtime.name} serve")
    # It would log each refusal as an error with its traceback; `rpc.failure` logs what is one.
    logging.getLogger("nameko.containers").setLevel("CRITICAL")
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda signum, _frame: stopping.append(signum))
    return _serve(runtime, stopping)


def _serve(runtime: Runtime, stopping: list[int]) -> int:
    container = CallContainer(runtime, runtime.process.broker_url)
    metrics.tell_build(runtime.name, "serve")
    metrics.OUTAGES[runtime.name].inc(0)
    metrics.READ.add(lambda: _link(container.calls, runtime.name))
    page = container.page(runtime.process.health_port)
    page.start()

    # A signal that comes while nothing happens writes here, and so wakes the hub.
    woken, waker = socket.socketpair()
    signal.set_wakeup_fd(waker.fileno())

    def asked_to_end(seconds: float) -> bool:
        if not stopping:
            with contextlib.suppress(TimeoutError):
                woken.settimeout(seconds)
                woken.recv(1)
        return bool(stopping)

    if not process.wait_for_database(runtime, asked_to_end):
        return 0
    # What was loaded until now stays for good, and a call makes and drops up to some thousand
    # objects without a circle among them: not to be looked through again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    container.start()
    supervised.tell_started()
    while not asked_to_end(3600):
        pass
    clean = False
    with eventlet.Timeout(DRAIN_S, False):
        container.stop()
        clean = True
    log.info("stopped", extra={"service": runtime.name, "clean": clean})
    if not clean:
        # What is not committed is rolled back by the database, and its caller may repeat it.
        os._exit(1)
    page.stop()
    runtime.close()
    return 0


if __name__ == "__main__":
    sys.exit(process.main(run, sys.argv[1]))
