"""Windows of messages on their way to the broker, each confirmed by it."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pika
from pika.adapters.select_connection import IOLoop
from pika.channel import Channel

from fivered.chassis import broker, telemetry
from fivered.chassis import envelope as env

DEADLINE_S = 10.0


class Lost(Exception):
    """The broker did not take what was sent in time; the connection is of no more use."""


@dataclass(frozen=True, slots=True)
class Unsent:
    """One row of the outbox on its way.

    Attributes:
        to: A routing key in place of its own, for one consumer only.
    """

    id: int
    event_id: str
    fact: str
    partition: int
    body: bytes
    traceparent: str | None
    mandatory: bool
    to: str = ""

    @property
    def key(self) -> str:
        """The routing key."""
        return self.to or f"{self.fact}.{self.partition}"


@dataclass(slots=True)
class Outcome:
    """What became of one window.

    Attributes:
        sent: The ids of the rows that the broker has taken.
        returned: (fact, partition) for which it has no queue.
        refused: (fact, partition) that a queue would not take.
        answers: How many came to which end, of `metrics.CONFIRM_RESULTS`.
        took: How long the broker took to answer, for each that it answered (s).
    """

    sent: list[int] = field(default_factory=list)
    returned: set[tuple[str, int]] = field(default_factory=set)
    refused: set[tuple[str, int]] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    took: list[float] = field(default_factory=list)


class _Sent(NamedTuple):
    """A message that the broker has not answered for, and when it was sent (`perf_counter`)."""

    row: Unsent
    at: float
    span: telemetry.Span


class Publisher:
    """A connection to the broker that publishes windows of messages and waits for the confirms.

    It turns pika's event loop by hand, so that one plain thread can wait for the broker and for
    the database at the same time.
    """

    def __init__(self, url: str, name: str, exchange: str) -> None:
        self._exchange = exchange
        self._loop = IOLoop()
        self._loop.activate_poller()
        self._open = False
        self._closed: str | None = None
        self.blocked = False
        self._next_tag = 1
        self._waiting: dict[int, _Sent] = {}
        self._returned: set[tuple[str, str]] = set()
        self._outcome = Outcome()
        self._channel: Channel = None
        self._connection = pika.SelectConnection(
            broker.parameters(url, name),
            on_open_callback=self._opened,
            on_open_error_callback=lambda _c, error: self._gone(error),
            on_close_callback=lambda _c, error: self._gone(error),
            custom_ioloop=self._loop,
        )
        try:
            self._until(lambda: self._open, DEADLINE_S)
        except Lost:
            self.close()
            raise

    # ------------------------------------------------------------------------------- pika's calls

    def _opened(self, connection: pika.SelectConnection) -> None:
        connection.add_on_connection_blocked_callback(lambda *_: self._set_blocked(True))
        connection.add_on_connection_unblocked_callback(lambda *_: self._set_blocked(False))
        connection.channel(on_open_callback=self._channel_opened)

    def _channel_opened(self, channel: Channel) -> None:
        self._channel = channel
        channel.add_on_close_callback(lambda _ch, why: self._gone(why))
        channel.add_on_return_callback(self._came_back)
        channel.confirm_delivery(self._confirmed, callback=lambda _frame: self._ready())

    def _ready(self) -> None:
        self._open = True

    def _set_blocked(self, blocked: bool) -> None:
        self.blocked = blocked

    def _gone(self, why: object) -> None:
        said = broker.refusal(why) if isinstance(why, BaseException) else str(why)
        self._closed = self._closed or said or type(why).__name__

    def _came_back(
        self,
        _channel: Channel,
        method: pika.spec.Basic.Return,
        properties: pika.spec.BasicProperties,
        _body: bytes,
    ) -> None:
        self._returned.add((properties.message_id, method.routing_key))

    def _confirmed(self, frame: pika.frame.Method) -> None:
        method = frame.method
        nack = isinstance(method, pika.spec.Basic.Nack)
        tags = (
            [tag for tag in self._waiting if tag <= method.delivery_tag]
            if method.multiple
            else [method.delivery_tag]
        )
        now = time.perf_counter()
        outcome = self._outcome
        for tag in tags:
            waited = self._waiting.pop(tag, None)
            if waited is None:
                continue
            row = waited.row
            outcome.took.append(now - waited.at)
            waited.span.end("refused" if nack else "")
            if nack:
                outcome.answers["refused"] += 1
                outcome.refused.add((row.fact, row.partition))
            elif (row.event_id, row.key) in self._returned:
                outcome.answers["returned"] += 1
            else:
                outcome.sent.append(row.id)

    # ---------------------------------------------------------------------------------- for us

    @property
    def is_open(self) -> bool:
        """Whether the connection stands."""
        return self._open and self._closed is None

    def _until(self, done: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not done():
            if self._closed is not None:
                raise Lost(self._closed)
            left = end - time.monotonic()
            if left <= 0:
                raise Lost("blocked" if self.blocked else f"no answer in {seconds} s")
            self.turn(left)

    def turn(self, seconds: float) -> None:
        """Let the connection live for at most `seconds`, or until something happens."""
        timer = self._loop.call_later(max(seconds, 0.0), lambda: None)
        self._loop.poll()
        self._loop.process_timeouts()
        self._loop.remove_timeout(timer)

    def watch(self, fd: int, readable: Callable[[], None]) -> None:
        """Also wake up when a file descriptor becomes readable."""
        self._loop.add_handler(fd, lambda _fd, _events: readable(), IOLoop.READ)

    def wake(self) -> None:
        """End the present `turn`, from another thread."""
        self._loop.add_callback_threadsafe(lambda: None)

    def publish(self, window: Sequence[Unsent], outcome: Outcome) -> None:
        """Publish a window and wait until the broker has answered for each of it.

        Args:
            window: In the order in which they must arrive.
            outcome: Filled as confirms arrive, so that it is right also after a `Lost`.

        Raises:
            Lost: A closed connection, or no answer in time; what `outcome.sent` does not list must
                be sent again.
        """
        self._outcome = outcome
        self._returned.clear()
        for unanswered in self._waiting.values():
            unanswered.span.end("no answer")
        self._waiting.clear()
        if self._closed is not None:
            raise Lost(self._closed)
        for row in window:
            span = telemetry.begin(
                f"{self._exchange} publish",
                "producer",
                row.traceparent,
                messaging__system="rabbitmq",
                messaging__message__id=row.event_id,
                messaging__rabbitmq__destination__routing_key=row.key,
            )
            headers = {} if span.header is None else {"traceparent": span.header}
            self._channel.basic_publish(
                self._exchange,
                row.key,
                row.body,
                pika.BasicProperties(
                    content_type=env.CONTENT_TYPE,
                    delivery_mode=2,
                    message_id=row.event_id,
                    headers=headers,
                ),
                mandatory=row.mandatory,
            )
            self._waiting[self._next_tag] = _Sent(row, time.perf_counter(), span)
            self._next_tag += 1
        try:
            self._until(lambda: not self._waiting, DEADLINE_S)
        finally:
            back = self._returned
            outcome.returned.update(
                (row.fact, row.partition) for row in window if (row.event_id, row.key) in back
            )

    def close(self) -> None:
        """Close; a broker that does not answer the goodbye within a second is hung up on."""
        with contextlib.suppress(Exception):
            if not (self._connection.is_closed or self._connection.is_closing):
                self._connection.close()
            self._turn_until_closed(1.0)
        with contextlib.suppress(Exception):
            if self._closed is None:
                # pika has no public way to close the socket of a connection that hangs.
                self._connection._transport.abort()  # noqa: SLF001
                self._turn_until_closed(1.0)
        with contextlib.suppress(Exception):
            self._loop.close()

    def _turn_until_closed(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._connection.is_closed and time.monotonic() < end:
            self.turn(0.1)
