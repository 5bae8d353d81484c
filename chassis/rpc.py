"""Calls: what goes over the wire, how a service answers, and the gateway's client.

A request is a JSON body with headers (method, signed actor, key, version, deadline, language,
traceparent). A reply is one of {"ok": ...}, {"refusal": ...}, {"outage": ...}, {"fault": ...}.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, Protocol, TypedDict, cast

import msgspec
import pika
from pika.adapters.asyncio_connection import AsyncioConnection
from pika.channel import Channel
from pika.spec import Basic

from fivered.chassis import database_errors, metrics, telemetry
from fivered.chassis.actors import Believed, Signer, content_of
from fivered.chassis.broker import Addresses, parameters
from fivered.chassis.i18n import problem_of
from fivered.chassis.json_values import JsonObject
from fivered.chassis.messages import Actor, Call, Replayed, Seen, new_uuid
from fivered.chassis.migrate import package_of
from fivered.chassis.reconnect import Patience, tell_outage
from fivered.chassis.refusal import Problem, Refusal
from fivered.chassis.runtime import Runtime
from fivered.chassis.topology import RPC_EXCHANGE
from fivered.chassis.typed import decoder

log = logging.getLogger("fivered.rpc")

REPLIES = "fivered.replies"
_SEEN = re.compile(r"^(\*|[0-9]{1,9}(,[0-9]{1,9})*)$")


# --------------------------------------------------------------------------------------------------
# What the caller sees


class CallFailed(Exception):
    """Base of what a call can end in beside a reply."""


class CallRefused(CallFailed):
    """A rule said no.

    Attributes:
        payload: code, status, guard, field, message_zh, message_en, params.
    """

    def __init__(self, refusal: Problem) -> None:
        self.payload = refusal
        super().__init__(refusal.get("message_en") or refusal.get("code"))


class ServiceUnavailable(CallFailed):
    """Nobody took the call: nothing has happened, and it may be repeated."""

    def __init__(self, service: str, retry_after_s: int = 2) -> None:
        self.service = service
        self.retry_after_s = retry_after_s
        super().__init__(f"{service} is not available")


class OutcomeUnknown(CallFailed):
    """No answer within the deadline: the call may have taken effect; repeat with the same key."""

    def __init__(self, service: str) -> None:
        self.service = service
        super().__init__(f"{service} has not answered in time")


class CallFaulted(CallFailed):
    """The service has a bug; its log has the trace id."""

    def __init__(self, service: str, fault_id: str) -> None:
        self.service = service
        self.fault_id = fault_id
        super().__init__(f"{service} failed ({fault_id})")


class Outage(TypedDict, total=False):
    """Nobody takes the call now."""

    retry_after_s: int


class Fault(TypedDict):
    """There is a bug; the service's log has this id."""

    id: str


class Reply(TypedDict, total=False):
    """What comes back of a call: one of these."""

    ok: object
    replayed: bool
    refusal: Problem
    outage: Outage
    fault: Fault


class BusState(TypedDict):
    """Whether the bus is reached: `up`, `down` or `blocked`, and why it is not up."""

    bus: str
    why: NotRequired[str]


class Caller(Protocol):
    """What the gateway needs of the bus, in both run modes."""

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
        """Call a method of a service and return its reply; `raw` where it may be the JSON as it
        came (`msgspec.Raw`), and `Replayed` where the key had been used before.

        Raises:
            CallRefused: A rule said no.
            ServiceUnavailable: Nothing has happened.
            OutcomeUnknown: The deadline has passed.
            CallFaulted: The service has a bug.
        """

    async def state(self) -> BusState:
        """Tell whether the bus is reached."""

    async def close(self) -> None:
        """Let go of the bus."""


# --------------------------------------------------------------------------------------------------
# How a service answers


def answer(runtime: Runtime, call: Call) -> Reply:
    """Run a call and return the reply as it travels; never raises."""
    begun = time.perf_counter()
    with telemetry.within(call.traceparent):
        try:
            reply = said(runtime.call(call))
        except Exception as error:  # noqa: BLE001  whatever happens, the caller must be answered
            reply = failure(runtime, call.method, error)
    counted(runtime, call.method, reply, begun)
    return reply


def counted(runtime: Runtime, method: str, reply: Mapping[str, object], begun: float) -> None:
    """Count a call that was answered.

    Args:
        runtime: The service that answered.
        method: What was called; whatever somebody calls that is no door counts as one.
        reply: The reply as it travels.
        begun: When the call came, by `time.perf_counter`.
    """
    door = method if method in runtime.entries else "unknown"
    metrics.called(runtime.name, door, reply, time.perf_counter() - begun)


def answer_some(runtime: Runtime, calls: Sequence[Call], seconds: float) -> list[Reply]:
    """Run the first of some calls with one commit, and return their replies in order.

    A call that is refused undoes itself alone. Where anything else fails, nothing of them was
    committed, and each is run alone: its key makes that safe even if the commit itself is in doubt.

    Args:
        runtime: Their service.
        calls: At least one, all commands.
        seconds: No further call is begun after so long, for the first one waits for the last.
    """
    replies: list[Reply] = []
    begun: list[float] = []
    if len(calls) > 1:
        end = time.monotonic() + seconds
        try:
            with runtime.together():
                for call in calls:
                    begun.append(time.perf_counter())
                    replies.append(_part(runtime, call))
                    if time.monotonic() >= end:
                        break
        except Exception as error:  # noqa: BLE001  whatever it is, it is met again by its own call
            log.info(
                "calls_run_alone", extra={"service": runtime.name, "why": type(error).__name__}
            )
        else:
            # Each is answered when all are committed.
            for call, reply, at in zip(calls, replies, begun, strict=False):
                counted(runtime, call.method, reply, at)
            return replies
    return [answer(runtime, call) for call in calls]


def _part(runtime: Runtime, call: Call) -> Reply:
    with telemetry.within(call.traceparent):
        try:
            return said(runtime.call(call))
        except Refusal as refusal:
            return failure(runtime, call.method, refusal)


def said(reply: object) -> Reply:
    """Return what a call has answered as it travels."""
    if isinstance(reply, Replayed):
        return {"ok": reply.reply, "replayed": True}
    return {"ok": reply}


def failure(runtime: Runtime, method: str, error: BaseException) -> Reply:
    """Return the reply that tells a caller why there is no answer; faults are logged here."""
    if isinstance(error, Refusal):
        return {"refusal": problem_of(error, package_of(runtime.service_cls))}
    if database_errors.is_outage(error):
        tell_outage(log, "call_outage", error, service=runtime.name, method=method)
        return {"outage": {"retry_after_s": 2}}
    fault_id = new_uuid()
    log.error(
        "call_fault",
        exc_info=error,
        extra={"service": runtime.name, "method": method, "fault_id": fault_id},
    )
    return {"fault": {"id": fault_id}}


def unpack(service: str, reply: Reply, *, raw: bool = False) -> Any:
    """Return what a reply says, or raise what it means; see `Caller.call`."""
    if "ok" in reply:
        return Replayed(reply["ok"]) if raw and reply.get("replayed") else reply["ok"]
    if "refusal" in reply:
        raise CallRefused(reply["refusal"])
    if "outage" in reply:
        raise ServiceUnavailable(service, reply["outage"].get("retry_after_s", 2))
    raise CallFaulted(service, reply["fault"]["id"] if "fault" in reply else "")


def read_call(
    body: bytes, headers: Mapping[str, Any], service: str, believed: Believed
) -> tuple[Call, float | None]:
    """Read a request off the wire. Returns the call and its deadline (epoch seconds).

    Args:
        body: JSON.
        headers: What came with it.
        service: Who is called.
        believed: Who may have signed the actor.

    Raises:
        RoleDenied: The actor is not signed by us.
        ValueError: The bytes are no request.
    """
    method = str(headers.get("method", ""))
    decoded = msgspec.json.decode(body)
    if not isinstance(decoded, dict) or not method:
        raise ValueError("a request is a JSON object with a method header")
    version: Seen | None = headers.get("version")
    if version is not None and not _SEEN.match(str(version)):
        raise ValueError("the header version is no version")
    key = headers.get("key")
    content = content_of(body, key, version)
    actor = believed.read(str(headers.get("actor", "")), service, method, content)
    deadline = headers.get("deadline-ms")
    call = Call(
        method,
        decoded,
        actor,
        key=key,
        version=version,
        lang=str(headers.get("lang", "zh")),
        traceparent=headers.get("traceparent"),
    )
    return call, float(deadline) / 1000 if deadline is not None else None


# --------------------------------------------------------------------------------------------------
# The gateway's client over RabbitMQ


class _Answer(msgspec.Struct, omit_defaults=True):
    """A reply as it came; what it says is read where somebody reads it."""

    ok: msgspec.Raw = msgspec.Raw()
    replayed: bool = False
    refusal: dict[str, object] | None = None
    outage: Outage | None = None
    fault: Fault | None = None


_ANSWER = decoder(_Answer)


class _Connection(AsyncioConnection):  # type: ignore[misc]  # pika has no types
    """pika's connection, with one write to the socket for a call instead of one for each of its
    three frames, and for the broker one packet to read."""

    def _output_marshaled_frames(self, marshaled_frames: Sequence[bytes]) -> None:
        super()._output_marshaled_frames([b"".join(marshaled_frames)])


class _SoonWritten:
    """An event loop on which a socket is written to in the same turn.

    pika asks the loop each time to tell it when its socket takes bytes, which it does nearly
    always: that is two system calls and another turn for a call. Here it is told so at once, and
    the loop watches the socket only while it is full.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._soon: dict[int, asyncio.Handle] = {}
        # Until the connection stands, that there is room to write says that it was made.
        self.stands = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    def add_writer(self, fd: int, write: Callable[[], None]) -> None:
        """Let it write once at the end of this turn, and whenever there is room after that."""
        if self.stands:
            self._soon[fd] = self._loop.call_soon(self._write, fd, write)
        else:
            self._loop.add_writer(fd, write)

    def _write(self, fd: int, write: Callable[[], None]) -> None:
        mine = self._soon[fd]
        write()
        if self._soon.get(fd) is mine:
            del self._soon[fd]
            self._loop.add_writer(fd, write)

    def remove_writer(self, fd: int) -> bool:
        """Let it write no more."""
        soon = self._soon.pop(fd, None)
        if soon is None:
            return self._loop.remove_writer(fd)
        soon.cancel()
        return True


@dataclass(slots=True)
class _Pending:
    service: str
    future: asyncio.Future[_Answer]


class _Link:
    """One connection of the gateway, and everything that dies with it."""

    def __init__(self) -> None:
        self.pending: dict[str, _Pending] = {}
        self.connection: AsyncioConnection | None = None
        self.channel: Channel | None = None
        self.reply_to = ""
        self.blocked = False
        self.lost = asyncio.Event()
        self.why = ""

    async def open(self, url: str) -> None:
        """Connect, and be able to call.

        Raises:
            Exception: Whatever a broker, its name or a lack of topology may do.
        """
        loop = asyncio.get_running_loop()
        opened: asyncio.Future[AsyncioConnection] = loop.create_future()

        def settle(value: AsyncioConnection | BaseException) -> None:
            if not opened.done():
                if isinstance(value, BaseException):
                    opened.set_exception(value)
                else:
                    opened.set_result(value)
            elif not isinstance(value, BaseException):
                # It stands after all, but nobody waits for it any more.
                value.close()

        def failed(_connection: AsyncioConnection, error: object) -> None:
            settle(error if isinstance(error, BaseException) else ConnectionError(str(error)))
            self._gone(error)

        writing = _SoonWritten(loop)
        connection = self.connection = _Connection(
            # A broker in an alarm says itself when it is over, and one that hangs has no heartbeat.
            parameters(url, "fivered gateway", heartbeat_s=10, blocked_s=None, stack_s=15),
            on_open_callback=settle,
            on_open_error_callback=failed,
            on_close_callback=failed,
            custom_ioloop=cast("asyncio.AbstractEventLoop", writing),
        )
        async with asyncio.timeout(10):
            await opened
        writing.stands = True
        connection.add_on_connection_blocked_callback(lambda *_: self._block(True))
        connection.add_on_connection_unblocked_callback(lambda *_: self._block(False))
        async with asyncio.timeout(10):
            channel = await self._later(lambda cb: connection.channel(on_open_callback=cb))
            channel.add_on_close_callback(lambda _channel, error: self._gone(error))
            channel.add_on_return_callback(self._returned)
            # Its reply queue is all that the gateway makes. Where the exchanges are missing, it
            # is not connected until somebody has run `fivered topology apply`. A service that
            # does not run has no queue, and a call to it comes back at once.
            await self._later(
                lambda cb: channel.exchange_declare(RPC_EXCHANGE, passive=True, callback=cb)
            )
            declared = await self._later(
                lambda cb: channel.queue_declare("", exclusive=True, auto_delete=True, callback=cb)
            )
            self.reply_to = declared.method.queue
            await self._later(
                lambda cb: channel.queue_bind(
                    self.reply_to, REPLIES, routing_key=self.reply_to, callback=cb
                )
            )
            await self._later(
                lambda cb: channel.basic_consume(
                    self.reply_to, self._replied, auto_ack=True, callback=cb
                )
            )
        self.channel = channel

    async def _later(self, begin: Callable[[Callable[[object], None]], object]) -> Any:
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()

        def done(result: object) -> None:
            if not future.done():
                future.set_result(result)

        begin(done)
        lost = asyncio.create_task(self.lost.wait())
        try:
            await asyncio.wait((future, lost), return_when=asyncio.FIRST_COMPLETED)
        finally:
            lost.cancel()
        if not future.done():
            raise ConnectionError(self.why)
        return future.result()

    def _block(self, blocked: bool) -> None:
        self.blocked = blocked

    def _gone(self, error: object) -> None:
        self.why = self.why or str(error) or type(error).__name__
        self.lost.set()

    def _returned(
        self,
        _channel: Channel,
        _method: Basic.Return,
        properties: pika.BasicProperties,
        _body: bytes,
    ) -> None:
        waiting = self.pending.pop(properties.correlation_id, None)
        if waiting is not None and not waiting.future.done():
            waiting.future.set_exception(ServiceUnavailable(waiting.service))

    def _replied(
        self,
        _channel: Channel,
        _method: Basic.Deliver,
        properties: pika.BasicProperties,
        body: bytes,
    ) -> None:
        # A reply that comes after its deadline finds nobody, and that is all.
        waiting = self.pending.pop(properties.correlation_id, None)
        if waiting is None or waiting.future.done():
            return
        try:
            waiting.future.set_result(_ANSWER.decode(body))
        except msgspec.MsgspecError:
            waiting.future.set_result(_Answer(fault={"id": "unreadable reply"}))

    def drop(self) -> None:
        """Let go; a caller that waits for a reply learns that the outcome is unknown."""
        self.channel = None
        connection = self.connection
        if connection is not None and not (connection.is_closed or connection.is_closing):
            with contextlib.suppress(Exception):
                connection.close()
        for waiting in self.pending.values():
            if not waiting.future.done():
                waiting.future.set_exception(OutcomeUnknown(waiting.service))


class BusCaller:
    """Calls over RabbitMQ, on the gateway's own event loop.

    One connection; requests are mandatory and expire at their deadline, replies come to an
    exclusive queue. When the connection closes, every pending call fails at once (its outcome is
    unknown) and the client connects again.
    """

    def __init__(self, url: str, signer: Signer) -> None:
        self._addresses = Addresses(url)
        self._signer = signer
        self._link = _Link()
        self._ready = asyncio.Event()
        self._anew = asyncio.Event()
        self._ending = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._patience = Patience(log, made="bus_connected", waits="bus_unreachable", longest_s=3.0)

    async def start(self) -> None:
        """Begin to connect; calls made before it is connected are told to come again."""
        self._keeper = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        while not self._ending.is_set():
            link = self._link = _Link()
            why: object
            try:
                await link.open(self._addresses.next())
                self._patience.good()
                self._ready.set()
                self._anew.set()
                await link.lost.wait()
                why = link.why
            except Exception as error:  # noqa: BLE001  the broker may fail in any way
                why = error
            self._ready.clear()
            link.drop()
            if not self._ending.is_set():
                wait = self._patience.lost(why)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ending.wait(), wait)

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
        """See `Caller.call`."""
        link = self._link
        if not self._ready.is_set() or link.blocked or link.channel is None:
            raise ServiceUnavailable(service)
        ends_at = time.time() + deadline_s
        asked = msgspec.json.encode(body)
        content = content_of(asked, key, version)
        headers: dict[str, str | int] = {
            "method": method,
            "actor": self._signer.sign(actor, service, method, content),
            "deadline-ms": int(ends_at * 1000),
            "lang": lang,
        }
        if key is not None:
            headers["key"] = key
        if version is not None:
            headers["version"] = version
        if traceparent is not None:
            headers["traceparent"] = traceparent
        call_id = new_uuid()
        future: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()
        link.pending[call_id] = _Pending(service, future)
        properties = pika.BasicProperties(
            content_type="application/json",
            correlation_id=call_id,
            reply_to=link.reply_to,
            expiration=str(max(1, int(deadline_s * 1000))),
            headers=headers,
        )
        try:
            link.channel.basic_publish(RPC_EXCHANGE, service, asked, properties, mandatory=True)
            async with asyncio.timeout(deadline_s):
                answer = await future
            if bytes(answer.ok):
                if not raw:
                    return msgspec.json.decode(answer.ok)
                return Replayed(answer.ok) if answer.replayed else answer.ok
            return unpack(service, cast("Reply", msgspec.to_builtins(answer)))
        except TimeoutError:
            raise OutcomeUnknown(service) from None
        except CallFailed:
            raise
        except Exception as error:
            log.warning("call_not_sent", extra={"service": service, "why": str(error)[:200]})
            raise OutcomeUnknown(service) from error
        finally:
            link.pending.pop(call_id, None)

    async def state(self) -> BusState:
        """See `Caller.state`."""
        return self.found()

    def found(self) -> BusState:
        """Tell whether the bus is reached, to any thread."""
        if not self._ready.is_set():
            return {"bus": "down", "why": self._patience.why[:200]}
        if self._link.blocked:
            return {"bus": "blocked", "why": "the broker is in an alarm (memory or disk)"}
        return {"bus": "up"}

    async def reconnected(self, within_s: float) -> None:
        """Wait until the bus is reached anew, at most so long. For one waiter."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._anew.wait()
                self._anew.clear()

    async def close(self) -> None:
        """See `Caller.close`."""
        self._ending.set()
        connection = self._link.connection
        self._link.lost.set()
        if self._keeper is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        # The goodbye is a conversation of its own; without it the socket would be left open.
        for _ in range(100):
            if connection is None or connection.is_closed:
                return
            await asyncio.sleep(0.02)
