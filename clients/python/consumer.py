"""The consumer: an own queue per service, handlers by pattern, acknowledged when handled."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self

import pika
import pika.exceptions
from pika.adapters.utils.connection_workflow import AMQPConnectorException

from .event import Event, Unreadable, decode
from .patterns import Pattern
from .seen import FileSeen, MemorySeen, Seen

if TYPE_CHECKING:
    from pika.adapters.blocking_connection import BlockingChannel

log = logging.getLogger("fivered_client")

Handler = Callable[[Event], Any]

_NAME = re.compile(r"^[a-z][a-z0-9_-]{0,60}$")
_TICK_S = 0.5
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 30.0
_DAY_MS = 86_400_000
# Not permitted; exists with other arguments.
_FINAL = (403, 406)
# What a connection may end in, or never begin with: the broker's own words, a host that is not
# there, a name that nobody resolves.
_LOST = (pika.exceptions.AMQPError, AMQPConnectorException, OSError)
_OTHER_ARGUMENTS = 406
# A connection that stood so long was a good one: after it the waits begin anew.
_GOOD_S = 1.0
# RabbitMQ 4 drops an event at its 21st delivery unless a queue says otherwise.
_DELIVERIES = 1_000_000_000
_NEW_ARGUMENTS = ("x-delivery-limit", "x-dead-letter-exchange")


class ConsumerError(Exception):
    """The broker refuses what the consumer needs; trying again would not help."""


def connect(
    url: str,
    *,
    name: str,
    seen: Seen | str | Path | None = None,
    most: int = 100_000,
    keep_days: int = 7,
    prefetch: int = 50,
    heartbeat_s: int = 300,
) -> Client:
    """Connect to a broker.

    Args:
        url: `amqp://user:password@host:port/vhost`, or `amqps://`.
        name: The consumer's own name; its queues are `ext.<name>.<service>`.
        seen: A path to remember handled events in a file; None remembers them in memory.
        most: How many facts may wait in a queue; the oldest are dropped first.
        keep_days: How long a queue is kept while nobody consumes it.
        prefetch: How many facts are on their way to this process at most.
        heartbeat_s: How long a handler may take before the broker gives the connection up.

    Returns:
        A client that is connected and hears nothing yet.

    Raises:
        ConsumerError: The broker refuses the user or the vhost, or is not there.
        ValueError: The name or the URL is wrong.
    """
    if not _NAME.match(name):
        raise ValueError(f"{name!r} is no consumer's name: small letters, digits, - and _")
    parameters = pika.URLParameters(url)
    parameters.heartbeat = heartbeat_s
    parameters.blocked_connection_timeout = heartbeat_s
    remembered = MemorySeen() if seen is None else seen
    if isinstance(remembered, str | Path):
        remembered = FileSeen(remembered)
    arguments = {
        "x-queue-type": "quorum",
        "x-single-active-consumer": True,
        "x-max-length": most,
        "x-overflow": "drop-head",
        "x-expires": keep_days * _DAY_MS,
        "x-delivery-limit": _DELIVERIES,
        "x-dead-letter-exchange": f"ext.{name}.dead",
    }
    client = Client(parameters, name, remembered, arguments, prefetch)
    client.open()
    return client


class Client:
    """A consumer of public facts; made by `connect`.

    Attributes:
        handled: How many events were handled.
        repeated: How many came again and were dropped.
        unreadable: How many messages were no events.
    """

    def __init__(
        self,
        parameters: pika.URLParameters,
        name: str,
        seen: Seen,
        arguments: dict[str, Any],
        prefetch: int,
    ) -> None:
        self.name = name
        self.handled = 0
        self.repeated = 0
        self.unreadable = 0
        self._parameters = parameters
        self._seen = seen
        self._arguments = arguments
        self._prefetch = prefetch
        self._wishes: list[tuple[Pattern, Handler]] = []
        self._connection: pika.BlockingConnection | None = None
        self._wait = _FIRST_WAIT_S
        self._lost_at: float | None = None
        self._heard_before = False
        self._letting_go = False
        self._raised: Exception | None = None
        self._stopping = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def queue_of(self, service: str) -> str:
        """Return the name of this consumer's queue for a service."""
        return f"ext.{self.name}.{service}"

    @property
    def dead_queue(self) -> str:
        """The queue of events that were delivered too often; the consumer hears it as well."""
        return f"ext.{self.name}.dead"

    def subscribe(self, pattern: str, handler: Handler) -> None:
        """Have `handler(event)` called for every fact that matches; before `run`.

        An event that matches several patterns is given to each of their handlers.

        Raises:
            PatternError: The pattern cannot be read.
        """
        self._wishes.append((Pattern.parse(pattern), handler))

    def open(self) -> None:
        """Connect.

        Raises:
            ConsumerError: The broker refuses, or is not there.
        """
        try:
            self._connection = pika.BlockingConnection(self._parameters)
        except _LOST as error:
            raise ConsumerError(f"no connection: {error!r}") from error

    def prepare(self) -> None:
        """Declare the queues and bind them, so that facts are kept from now on.

        Raises:
            ConsumerError: A fact is not public, a service is not installed, or a queue of that
                name exists with other arguments.
        """
        if self._connection is None:
            self.open()
        assert self._connection is not None  # noqa: S101  `open` raises otherwise
        channel = self._connection.channel()
        self._declare(channel)
        channel.close()

    def run(self) -> None:
        """Hear until `stop` is called; connect again when the connection is lost.

        Once it has heard, it outlives whatever befalls the broker: a login that is refused, a
        vhost or an exchange that is missing, a name that does not resolve are waited for.

        Raises:
            ConsumerError: At the first connection: a fact is not public, a service is not
                installed, or a queue of that name exists with other arguments.
            Exception: Whatever a handler raised; its event stays in the queue.
        """
        while not self._stopping.is_set():
            try:
                if self._connection is None or self._connection.is_closed:
                    self._connection = pika.BlockingConnection(self._parameters)
                self._consume(self._connection)
                raised, self._raised = self._raised, None
            except ConsumerError as error:
                if not self._heard_before:
                    raise
                self._again(error)
            except _LOST as error:
                self._again(error)
            else:
                if raised is not None:
                    raise raised

    def _again(self, error: Exception) -> None:
        """Keep nothing of the connection, and wait: 1 s, 2 s, ... 30 s, anew after a good one."""
        self._drop()
        if self._lost_at is None:
            self._lost_at = time.monotonic()
        log.warning("connection lost, again in %.0f s: %r", self._wait, error)
        self._stopping.wait(self._wait)
        self._wait = min(self._wait * 2, _LONGEST_WAIT_S)

    def _good(self) -> None:
        """The connection stands and every queue is heard."""
        self._heard_before = True
        if self._lost_at is not None:
            log.warning("connected again after %.0f s", time.monotonic() - self._lost_at)
            self._lost_at = None

    def stop(self) -> None:
        """End `run` after the handler that runs now; from any thread."""
        self._stopping.set()

    def close(self) -> None:
        """Let go of the connection and of the memory of handled events."""
        self.stop()
        self._drop()
        self._seen.close()

    # ------------------------------------------------------------------------------------ inside

    def _drop(self) -> None:
        """Let go: what was fetched and not handled goes back into the queue, in its order."""
        connection, self._connection = self._connection, None
        if connection is None or not connection.is_open:
            return
        self._letting_go = True
        try:
            # pika rejects what it holds itself before the channel ends, and that would come before
            # what was given to us first; so everything is given to us, and nothing is rejected.
            connection.process_data_events(time_limit=0)
            connection.close()
        except _LOST as error:
            log.debug("while closing: %r", error)
        finally:
            self._letting_go = False

    def _declare(self, channel: BlockingChannel) -> list[str]:
        """Declare and bind everything. Returns the queues to hear."""
        self._refusable(self.dead_queue, lambda: self._declare_dead(channel))
        queues = [self.dead_queue]
        for service in sorted({pattern.service for pattern, _ in self._wishes}):
            queue = self.queue_of(service)
            self._declare_queue(channel, queue)
            for pattern, _ in self._wishes:
                if pattern.service == service:
                    self._refusable(
                        queue, partial(channel.queue_bind, queue, pattern.exchange, pattern.key)
                    )
            queues.append(queue)
        return queues

    def _declare_dead(self, channel: BlockingChannel) -> None:
        """Make the place of events that were delivered too often.

        A queue of the classic kind, because that one counts no deliveries; it holds as much and
        as long as the others. What fell off the head of a full queue is not kept.
        """
        channel.exchange_declare(self.dead_queue, "headers", durable=True)
        limits = {name: self._arguments[name] for name in ("x-max-length", "x-expires")}
        channel.queue_declare(
            self.dead_queue, durable=True, arguments={**limits, "x-single-active-consumer": True}
        )
        kept = {"x-match": "any-with-x", "x-first-death-reason": "delivery_limit"}
        channel.queue_bind(self.dead_queue, self.dead_queue, "", kept)

    def _declare_queue(self, channel: BlockingChannel, queue: str) -> None:
        connection = channel.connection
        trial = connection.channel()
        try:
            trial.queue_declare(queue, durable=True, arguments=self._arguments)
        except pika.exceptions.ChannelClosedByBroker as error:
            if error.reply_code != _OTHER_ARGUMENTS:
                self._refused(queue, error)
            # An earlier release of this package made it; it goes on with what it has.
            older = {k: v for k, v in self._arguments.items() if k not in _NEW_ARGUMENTS}
            self._refusable(
                queue,
                lambda: connection.channel().queue_declare(queue, durable=True, arguments=older),
            )
            log.warning(
                "%s was made by an earlier release and has no place for events that are delivered"
                " too often; delete it when it is empty, and it is made anew",
                queue,
            )
        else:
            trial.close()

    def _refusable(self, queue: str, act: Callable[[], Any]) -> None:
        try:
            act()
        except pika.exceptions.ChannelClosedByBroker as error:
            self._refused(queue, error)

    @staticmethod
    def _refused(queue: str, error: pika.exceptions.ChannelClosedByBroker) -> NoReturn:
        # A broker that is just starting may not find a queue that it has; that passes.
        if error.reply_code in _FINAL or "no exchange" in error.reply_text:
            hint = " (an outside user names each fact)" if "topic '*." in error.reply_text else ""
            raise ConsumerError(f"{queue}: {error.reply_text}{hint}") from error
        raise error

    def _consume(self, connection: pika.BlockingConnection) -> None:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=self._prefetch)
        queues = self._declare(channel)
        for queue in queues:
            channel.basic_consume(queue, self._on_message)
        self._good()
        good_at = time.monotonic() + _GOOD_S
        while not self._stopping.is_set():
            connection.process_data_events(time_limit=_TICK_S)
            if self._raised is not None:
                break
            if channel.is_closed:
                raise pika.exceptions.ChannelClosed(0, "the broker closed the channel")
            if len(channel.consumer_tags) < len(queues):
                # The broker cancels the consumer of a queue that somebody deletes.
                raise pika.exceptions.ChannelClosed(0, "a queue was deleted; it is made again")
            if time.monotonic() >= good_at:
                self._wait = _FIRST_WAIT_S
        self._drop()

    def _on_message(
        self, channel: BlockingChannel, method: Any, properties: Any, body: bytes
    ) -> None:
        if self._stopping.is_set() or self._letting_go or self._raised is not None:
            return
        exchange = method.exchange
        if exchange == self.dead_queue:
            # It was said elsewhere, and is heard as it was said.
            exchange = (properties.headers or {}).get("x-first-death-exchange", exchange)
        try:
            self._handle(exchange, method.routing_key, body)
        except Exception as error:  # noqa: BLE001  whatever it is, `run` raises it
            # Not here: pika would keep what else has arrived, and give it back before this one.
            self._raised = error
            return
        channel.basic_ack(method.delivery_tag)

    def _handle(self, exchange: str, routing_key: str, body: bytes) -> None:
        """Give one message to the handlers that want it, unless it was handled before."""
        try:
            event = decode(body)
        except Unreadable as error:
            self.unreadable += 1
            log.warning("no event at %s %s: %s", exchange, routing_key, error)
            return
        if self._seen.known(event.id):
            self.repeated += 1
            return
        # A binding of an earlier run may still stand; what nobody wants now is let go.
        for pattern, handler in self._wishes:
            if pattern.matches(exchange, routing_key):
                handler(event)
        self._seen.remember(event.id)
        self.handled += 1
