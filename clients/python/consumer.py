"""The client for threads: an own queue per service, acknowledged when handled."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pika
import pika.exceptions
from pika.exceptions import ChannelClosedByBroker as Refusal

from .base import GOOD_S, LOST, Consumer, OnAgain, OnLost, Options, parameters_of, store
from .declaring import ConsumerError, Names, Pause, advance, declaring
from .intake import Call, Done, HandlerFailed, Intake, Item
from .seen import Seen

if TYPE_CHECKING:
    from pika.adapters.blocking_connection import BlockingChannel

log = logging.getLogger("fivered_client")

_TICK_S = 0.5
# So long events are handled before the connection is looked after again.
_SERVE_S = 0.05


def connect(
    url: str,
    *,
    name: str,
    seen: Seen | str | Path | None = None,
    most: int = 100_000,
    keep_days: int = 7,
    prefetch: int = 50,
    heartbeat_s: int = 300,
    ssl_context: ssl.SSLContext | None = None,
    on_lost: OnLost | None = None,
    on_again: OnAgain | None = None,
) -> Client:
    """Connect to a broker.

    Args:
        url: `amqp://user:password@host:port/vhost`, or `amqps://`;
            of a cluster `host:port,host:port`.
        name: The consumer's own name; its queues are `ext.<name>.<service>`.
        seen: A path to remember handled events in a file; None remembers them in memory.
        most: How many facts may wait in a queue; the oldest are dropped first.
        keep_days: How long a queue is kept while nobody consumes it.
        prefetch: How many facts are on their way to this process at most.
        heartbeat_s: How long a handler may take before the broker gives the connection up.
        ssl_context: For `amqps://`: who may have signed the broker's certificate, and our own
            (`load_cert_chain`, again after a renewal); None trusts the system's authorities.
        on_lost: Called with the error and the seconds until the next attempt.
        on_again: Called with the seconds that it was away, when it is connected again.

    Returns:
        A client that is connected and hears nothing yet.

    Raises:
        ConsumerError: The broker refuses the user or the vhost, or is not there.
        ValueError: The name or the URL is wrong.
    """
    names = Names(name, most, keep_days)
    parameters = parameters_of(url, name, heartbeat_s, ssl_context)
    client = Client(Options(parameters, names, store(seen), prefetch, on_lost, on_again))
    client.open()
    return client


class Client(Consumer):
    """A consumer of public facts; made by `connect`.

    Attributes:
        handled: How many events were handled.
        repeated: How many came again and were dropped.
        unreadable: How many messages were no events.
    """

    def __init__(self, given: Options) -> None:
        super().__init__(given)
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

    def open(self) -> None:
        """Connect.

        Raises:
            ConsumerError: The broker refuses, or is not there.
        """
        try:
            self._connection = pika.BlockingConnection(self._given.parameters)
        except LOST as error:
            raise ConsumerError(f"no connection: {error!r}") from error

    def prepare(self) -> None:
        """Declare the queues and bind them, so that facts are kept from now on; what an earlier
        run has bound beyond that is unbound.

        Raises:
            ConsumerError: A fact is not public, a service is not installed, or a queue of that
                name exists with other arguments.
        """
        if self._connection is None:
            self.open()
        assert self._connection is not None  # noqa: S101  `open` raises otherwise
        self._declare(self._connection)

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
                    self._connection = pika.BlockingConnection(self._given.parameters)
                self._consume(self._connection)
            except HandlerFailed as failed:
                self._drop()
                raise failed.error from None
            except ConsumerError as error:
                if not self._heard_before:
                    raise
                self._again(error)
            except LOST as error:
                self._again(error)

    def stop(self) -> None:
        """End `run` after the handler that runs now; from any thread."""
        self._stopping.set()

    def close(self) -> None:
        """Let go of the connection and of the memory of handled events."""
        self.stop()
        self._drop()
        self._given.seen.close()

    # ------------------------------------------------------------------------------------ inside

    def _again(self, error: Exception) -> None:
        """Keep nothing of the connection, and wait."""
        self._drop()
        self._stopping.wait(self._is_lost(error))

    def _drop(self) -> None:
        """Let go: what was fetched and not handled goes back into the queue, in its order."""
        connection, self._connection = self._connection, None
        if connection is None or not connection.is_open:
            return
        try:
            # pika rejects what it holds itself before the channel ends, and that would come before
            # what was given to us first; so everything is given to us, and nothing is rejected.
            connection.process_data_events(time_limit=0)
            connection.close()
        except LOST as error:
            log.debug("while closing: %r", error)

    def _declare(self, connection: pika.BlockingConnection) -> None:
        steps = declaring(self._names, self._patterns(), anew=not self._declared)
        channel = connection.channel()
        refusal: Refusal | None = None
        while (step := advance(steps, refusal)) is not None:
            refusal = None
            if isinstance(step, Pause):
                connection.sleep(step.seconds)
                continue
            if channel.is_closed:
                # A refusal has ended it.
                channel = connection.channel()
            try:
                getattr(channel, step.method)(**step.given)
            except Refusal as error:
                refusal = error
        channel.close()
        self._declared = True

    def _consume(self, connection: pika.BlockingConnection) -> None:
        self._declare(connection)
        heard: list[tuple[BlockingChannel, Intake]] = []
        for queue, intake in self._intakes().items():
            # Each has a channel, so that a list is acknowledged with one word.
            channel = connection.channel()
            channel.basic_qos(prefetch_count=intake.most)
            channel.basic_consume(queue, _into(intake))
            heard.append((channel, intake))
        self._is_good()
        good_at = time.monotonic() + GOOD_S
        while not self._stopping.is_set():
            due = [seconds for _, one in heard if (seconds := one.due_in()) is not None]
            connection.process_data_events(time_limit=min([_TICK_S, *due]))
            if any(channel.is_closed for channel, _ in heard):
                raise pika.exceptions.ChannelClosed(0, "the broker closed the channel")
            if not all(channel.consumer_tags for channel, _ in heard):
                # The broker cancels the consumer of a queue that somebody deletes.
                raise pika.exceptions.ChannelClosed(0, "a queue was deleted; it is made again")
            if time.monotonic() >= good_at:
                self._backoff.begin_anew()
            until = time.monotonic() + _SERVE_S
            for channel, intake in heard:
                while (items := intake.take()) and not self._stopping.is_set():
                    self._handle(channel, intake, items)
                    if time.monotonic() >= until:
                        break
        self._drop()

    def _handle(self, channel: BlockingChannel, intake: Intake, items: list[Item]) -> None:
        """Have handlers take these, and acknowledge them."""
        steps = intake.handle(items)
        failed: Exception | None = None
        while (step := advance(steps, failed)) is not None:
            failed = None
            if isinstance(step, Call):
                try:
                    step.wish.handler(step.given)
                except Exception as error:  # noqa: BLE001  whatever it is, `run` raises it
                    failed = error
            else:
                self._done(channel, step)

    def _done(self, channel: BlockingChannel, done: Done) -> None:
        self._remember(done)
        channel.basic_ack(done.items[-1].tag, multiple=True)


def _into(intake: Intake) -> Any:
    def on_message(_channel: object, method: Any, properties: Any, body: bytes) -> None:
        intake.arrive(method, properties, body)

    return on_message
