"""The consumer: an own queue per service, handlers by pattern, acknowledged when handled."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pika
import pika.exceptions

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
        except pika.exceptions.AMQPError as error:
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

        Raises:
            ConsumerError: A fact is not public, a service is not installed, or a queue of that
                name exists with other arguments.
            Exception: Whatever a handler raised; its event stays in the queue.
        """
        wait = _FIRST_WAIT_S
        while not self._stopping.is_set():
            try:
                if self._connection is None or self._connection.is_closed:
                    self._connection = pika.BlockingConnection(self._parameters)
                self._consume(self._connection)
                wait = _FIRST_WAIT_S
            except pika.exceptions.AMQPError as error:
                log.warning("connection lost, again in %.0f s: %r", wait, error)
                self._drop()
                self._stopping.wait(wait)
                wait = min(wait * 2, _LONGEST_WAIT_S)

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
        connection, self._connection = self._connection, None
        if connection is not None and connection.is_open:
            try:
                connection.close()
            except pika.exceptions.AMQPError as error:
                log.debug("while closing: %r", error)

    def _declare(self, channel: BlockingChannel) -> list[str]:
        queues = []
        for service in sorted({pattern.service for pattern, _ in self._wishes}):
            queue = self.queue_of(service)
            try:
                channel.queue_declare(queue, durable=True, arguments=self._arguments)
                for pattern, _ in self._wishes:
                    if pattern.service == service:
                        channel.queue_bind(queue, pattern.exchange, pattern.key)
            except pika.exceptions.ChannelClosedByBroker as error:
                # A broker that is just starting may not find a queue that it has; that passes.
                if error.reply_code in _FINAL or "no exchange" in error.reply_text:
                    raise ConsumerError(f"{queue}: {error.reply_text}") from error
                raise
            queues.append(queue)
        return queues

    def _consume(self, connection: pika.BlockingConnection) -> None:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=self._prefetch)
        for queue in self._declare(channel):
            channel.basic_consume(queue, self._on_message)
        while not self._stopping.is_set():
            connection.process_data_events(time_limit=_TICK_S)
            if channel.is_closed:
                raise pika.exceptions.ChannelClosed(0, "the broker closed the channel")
        # What was fetched and not handled goes back into the queue with the channel.
        channel.close()

    def _on_message(
        self, channel: BlockingChannel, method: Any, _properties: Any, body: bytes
    ) -> None:
        if self._stopping.is_set():
            return
        self._handle(method.exchange, method.routing_key, body)
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
