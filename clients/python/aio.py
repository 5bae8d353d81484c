"""The client for asyncio: the same queues, promises and names as the one for threads."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import ssl
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pika.exceptions
from pika.adapters.asyncio_connection import AsyncioConnection
from pika.channel import Channel
from pika.exceptions import ChannelClosedByBroker as Refusal

from .base import GOOD_S, LOST, Consumer, OnAgain, OnLost, Options, parameters_of, store
from .declaring import ConsumerError, Names, Pause, advance, declaring
from .intake import Call, Done, HandlerFailed, Intake, Item
from .seen import Seen

log = logging.getLogger("fivered_client")


async def aconnect(
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
) -> AsyncClient:
    """Connect to a broker, in the event loop that runs.

    Args:
        url: `amqp://user:password@host:port/vhost`, or `amqps://`;
            of a cluster `host:port,host:port`.
        name: The consumer's own name; its queues are `ext.<name>.<service>`.
        seen: A path to remember handled events in a file; None remembers them in memory.
        most: How many facts may wait in a queue; the oldest are dropped first.
        keep_days: How long a queue is kept while nobody consumes it.
        prefetch: How many facts are on their way to this process at most.
        heartbeat_s: How long the event loop may stand still before the broker gives the
            connection up; a handler that awaits may take longer.
        ssl_context: For `amqps://`: who may have signed the broker's certificate, and our own
            (`load_cert_chain`, again after a renewal); None trusts the system's authorities.
        on_lost: Called with the error and the seconds until the next attempt; a plain function.
        on_again: Called with the seconds that it was away, when it is connected again.

    Returns:
        A client that is connected and hears nothing yet.

    Raises:
        ConsumerError: The broker refuses the user or the vhost, or is not there.
        ValueError: The name or the URL is wrong.
    """
    names = Names(name, most, keep_days)
    parameters = parameters_of(url, name, heartbeat_s, ssl_context)
    client = AsyncClient(Options(parameters, names, store(seen), prefetch, on_lost, on_again))
    await client.open()
    return client


class AsyncClient(Consumer):
    """A consumer of public facts; made by `aconnect`. Handlers may be plain or `async` functions.

    Attributes:
        handled: How many events were handled.
        repeated: How many came again and were dropped.
        unreadable: How many messages were no events.
    """

    def __init__(self, given: Options) -> None:
        super().__init__(given)
        self._wire: _Wire | None = None
        self._stopping = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Connect.

        Raises:
            ConsumerError: The broker refuses, or is not there.
        """
        try:
            self._wire = await _Wire.connected(self._given)
        except LOST as error:
            raise ConsumerError(f"no connection: {error!r}") from error

    async def prepare(self) -> None:
        """Declare the queues and bind them, so that facts are kept from now on; what an earlier
        run has bound beyond that is unbound.

        Raises:
            ConsumerError: A fact is not public, a service is not installed, or a queue of that
                name exists with other arguments.
        """
        if self._wire is None:
            await self.open()
        assert self._wire is not None  # noqa: S101  `open` raises otherwise
        await self._declare(self._wire)

    async def run(self) -> None:
        """Hear until `stop` is called; connect again when the connection is lost.

        Once it has heard, it outlives whatever befalls the broker: a login that is refused, a
        vhost or an exchange that is missing, a name that does not resolve are waited for. When the
        task is cancelled, what was not handled goes back into the queue.

        Raises:
            ConsumerError: At the first connection: a fact is not public, a service is not
                installed, or a queue of that name exists with other arguments.
            Exception: Whatever a handler raised; its event stays in the queue.
        """
        try:
            while not self._stopping.is_set():
                try:
                    if self._wire is None or self._wire.lost.done():
                        self._wire = await _Wire.connected(self._given)
                    await self._consume(self._wire)
                except ConsumerError as error:
                    if not self._heard_before:
                        raise
                    await self._again(error)
                except LOST as error:
                    await self._again(error)
        except HandlerFailed as failed:
            raise failed.error from None
        finally:
            await self._drop()

    def stop(self) -> None:
        """End `run` after the handler that runs now; from the event loop."""
        self._stopping.set()

    async def close(self) -> None:
        """Let go of the connection and of the memory of handled events."""
        self.stop()
        await self._drop()
        self._given.seen.close()

    # ------------------------------------------------------------------------------------ inside

    async def _again(self, error: Exception) -> None:
        await self._drop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), self._is_lost(error))

    async def _drop(self) -> None:
        """Let go: what was fetched and not handled goes back into the queue, in its order."""
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.close()

    async def _declare(self, wire: _Wire) -> None:
        steps = declaring(self._names, self._patterns(), anew=not self._declared)
        channel = await wire.channel()
        refusal: Refusal | None = None
        while (step := advance(steps, refusal)) is not None:
            refusal = None
            if isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
                continue
            if channel.is_closed:
                # A refusal has ended it.
                channel = await wire.channel()
            try:
                await wire.ask(channel, step.method, **step.given)
            except Refusal as error:
                refusal = error
        channel.close()
        self._declared = True

    async def _consume(self, wire: _Wire) -> None:
        await self._declare(wire)
        heard: list[tuple[Channel, Intake]] = []
        for queue, intake in self._intakes().items():
            # Each has a channel, so that a list is acknowledged with one word.
            channel = await wire.channel()
            await wire.ask(channel, "basic_qos", prefetch_count=intake.most)
            channel.add_on_cancel_callback(wire.cancelled)
            await wire.ask(
                channel, "basic_consume", queue=queue, on_message_callback=wire.into(intake)
            )
            heard.append((channel, intake))
        self._is_good()
        good = asyncio.get_running_loop().call_later(GOOD_S, self._backoff.begin_anew)
        stopped = asyncio.ensure_future(self._stopping.wait())
        try:
            while not self._stopping.is_set():
                wire.arrived.clear()
                for channel, intake in heard:
                    if (items := intake.take()) and not self._stopping.is_set():
                        await self._handle(wire, channel, intake, items)
                due = [seconds for _, one in heard if (seconds := one.due_in()) is not None]
                await wire.something(stopped, min(due, default=None))
        finally:
            good.cancel()
            stopped.cancel()
        await self._drop()

    async def _handle(
        self, wire: _Wire, channel: Channel, intake: Intake, items: list[Item]
    ) -> None:
        """Have handlers take these, and acknowledge them."""
        steps = intake.handle(items)
        failed: Exception | None = None
        while (step := advance(steps, failed)) is not None:
            failed = None
            if isinstance(step, Call):
                try:
                    made = step.wish.handler(step.given)
                    if inspect.isawaitable(made):
                        await made
                except Exception as error:  # noqa: BLE001  whatever it is, `run` raises it
                    failed = error
            else:
                self._done(wire, channel, step)

    def _done(self, wire: _Wire, channel: Channel, done: Done) -> None:
        self._remember(done)
        # What was handled beside a lost connection comes again, and is known by its id.
        wire.check()
        channel.basic_ack(done.items[-1].tag, multiple=True)


_BY_US = pika.exceptions.ChannelClosedByClient


class _Wire:
    """A connection of pika's for asyncio, with what it tells by callbacks as something to await.

    Attributes:
        lost: Done with the reason when the connection or one of its channels has ended.
        arrived: Set when something has come.
    """

    def __init__(self, connection: AsyncioConnection) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[Exception] = self._loop.create_future()
        self.arrived = asyncio.Event()
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._asked: dict[int, asyncio.Future[None]] = {}
        connection.add_on_close_callback(self._on_close)

    @classmethod
    async def connected(cls, given: Options) -> _Wire:
        """Connect to the first host that can be reached."""
        loop = asyncio.get_running_loop()
        made: asyncio.Future[Any] = loop.create_future()

        def on_done(result: Any) -> None:
            if not made.done():
                made.set_result(result)
            elif isinstance(result, AsyncioConnection):
                result.close()

        workflow = AsyncioConnection.create_connection(
            given.parameters, on_done=on_done, custom_ioloop=loop
        )
        try:
            result = await made
        except asyncio.CancelledError:
            workflow.abort()
            raise
        if isinstance(result, BaseException):
            raise result
        return cls(result)

    async def channel(self) -> Channel:
        """Open a channel."""
        self.check()
        channel = self._connection.channel(on_open_callback=self._answer)
        channel.add_on_close_callback(self._on_channel_close)
        await self._ask(channel)
        return channel

    async def ask(self, channel: Channel, method: str, **given: Any) -> None:
        """Call a method of a channel and await the broker's word.

        Raises:
            pika.exceptions.ChannelClosedByBroker: The broker refuses.
        """
        self.check()
        answer = self._ask(channel)
        getattr(channel, method)(**given, callback=lambda *_: self._answer(channel))
        await answer

    def _ask(self, channel: Channel) -> asyncio.Future[None]:
        answer: asyncio.Future[None] = self._loop.create_future()
        self._asked[channel.channel_number] = answer
        return answer

    def _answer(self, channel: Channel, error: Exception | None = None) -> bool:
        """Give who asked of a channel his answer. Returns whether somebody did."""
        asked = self._asked.pop(channel.channel_number, None)
        if asked is None or asked.done():
            return False
        if error is None:
            asked.set_result(None)
        else:
            asked.set_exception(error)
        return True

    def into(self, intake: Intake) -> Any:
        """Return what puts deliveries into an intake."""

        def on_message(_channel: object, method: Any, properties: Any, body: bytes) -> None:
            intake.arrive(method, properties, body)
            self.arrived.set()

        return on_message

    def cancelled(self, _frame: object) -> None:
        """The broker cancels the consumer of a queue that somebody deletes."""
        self._end(pika.exceptions.ChannelClosed(0, "a queue was deleted; it is made again"))

    async def something(self, stopped: asyncio.Future[Any], seconds: float | None) -> None:
        """Wait until something has come, a list is due, or all ends.

        Raises:
            Exception: The connection is lost; why.
        """
        if seconds == 0.0:
            # All others of the loop have their turn, and so has the connection.
            await asyncio.sleep(0)
            self.check()
            return
        coming = asyncio.ensure_future(self.arrived.wait())
        try:
            first = asyncio.FIRST_COMPLETED
            await asyncio.wait((coming, stopped, self.lost), timeout=seconds, return_when=first)
        finally:
            coming.cancel()
        self.check()

    def check(self) -> None:
        """Raise why the connection is lost, if it is."""
        if self.lost.done():
            raise self.lost.result()

    def _end(self, reason: Exception) -> None:
        if not self.lost.done():
            self.lost.set_result(reason)

    def _on_close(self, _connection: object, reason: Exception) -> None:
        self._end(reason)
        if not self._closed.done():
            self._closed.set_result(None)

    def _on_channel_close(self, channel: Channel, reason: Exception) -> None:
        # It may be the answer to what was asked.
        if not self._answer(channel, reason) and not isinstance(reason, _BY_US):
            self._end(reason)

    async def close(self) -> None:
        """Close, and await that it is; what is not acknowledged goes back in its order."""
        if not self._connection.is_closed and not self._connection.is_closing:
            self._connection.close()
        if not self._closed.done():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._closed), 10)
