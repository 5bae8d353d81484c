"""Events as they are published, over HTTP: server-sent events.

One poller of a gateway asks each service once a second, while anybody listens, and keeps what it
has heard for a while. A stream reads what it has missed by itself, then goes on with what the
poller hears. It holds no more than its place: a reader that is slower than what is kept is let go,
and comes back with the `id` of the last event that it has seen. Where a service was restored from
a backup all streams end: who comes back is told that its place is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from fivered.chassis.cards import History as Told
from fivered.chassis.cards import PublishedEvent
from fivered.chassis.history import MOST, READERS
from fivered.chassis.messages import Actor
from fivered.chassis.refusal import Refusal
from fivered.chassis.rpc import CallFailed
from fivered.chassis.typed import converted
from fivered.gateway import history
from fivered.gateway.addressed import read_params
from fivered.gateway.context import HANG_UP
from fivered.gateway.dispatch import Gate
from fivered.gateway.doors import Door
from fivered.gateway.errors import StreamsTaken
from fivered.gateway.history import (
    AFTER,
    LAST_EVENT_ID,
    Cursor,
    Filter,
    Reader,
    check_kept,
    check_known,
    in_order,
    is_gone,
    mark_of,
    since_of,
    written,
)

log = logging.getLogger("fivered.gateway")

MEDIA_TYPE = "text/event-stream"
POLL_S = 1.0
HEARTBEAT_S = 15.0
# A reader that takes nothing for so long is let go.
WRITE_S = 30.0
# A stream ends after so long, so that who reads is asked for a token that still holds.
LASTS_S = 3600.0
# How much the poller keeps.
KEPT_EVENTS = 5_000
KEPT_BYTES = 16 * 1024 * 1024
# When a reader should come back (ms).
_RETRY_MS = 3_000


class TooSlow(Exception):
    """The reader has not kept up."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An event that the poller has heard."""

    service: str
    told: PublishedEvent
    size: int


class Hub:
    """What all streams of one gateway share: the poller, and what it has heard.

    Args:
        reader: Asks the services.
        most: Most streams.

    Attributes:
        cursor: To where each service was heard; one that has not answered yet is missing.
        first: The number of the oldest event that is kept.
        restored: How often a service was found that had been restored from a backup.
    """

    def __init__(self, reader: Reader, most: int) -> None:
        self._reader = reader
        self._most = most
        self.cursor = Cursor()
        self.first = 0
        self.restored = 0
        self._kept: deque[Heard] = deque()
        self._bytes = 0
        self._listeners = 0
        self._polling: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self.ending = False

    @property
    def end(self) -> int:
        """The number of the next event."""
        return self.first + len(self._kept)

    def check(self) -> None:
        """Look whether there is room for one more.

        Raises:
            StreamsTaken: There is none, or the gateway ends.
        """
        if self.ending or self._listeners >= self._most:
            raise StreamsTaken(limit=self._most)

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Have the poller run.

        Raises:
            StreamsTaken: See `check`.
        """
        self.check()
        self._listeners += 1
        if self._polling is None:
            self._polling = asyncio.create_task(self._poll())
        try:
            yield
        finally:
            self._listeners -= 1
            if self._listeners == 0:
                self._polling.cancel()
                self._polling = None
                self._forget()

    def close(self) -> None:
        """End all streams: their readers come back elsewhere, or later."""
        self.ending = True
        self._tell()

    async def changed(self, seconds: float) -> None:
        """Wait until the poller has heard something, or comes to its next turn, or so long."""
        news = self._news
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await news.wait()

    def since(self, number: int) -> list[Heard]:
        """Return what was heard from a number on, a hundred events at most.

        Raises:
            TooSlow: Some of it is no longer kept.
        """
        if number < self.first:
            raise TooSlow
        skipped = number - self.first
        return (
            [one for at, one in enumerate(self._kept) if at >= skipped] if number < self.end else []
        )

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _forget(self) -> None:
        self.first = self.end
        self._kept.clear()
        self._bytes = 0
        self.cursor = Cursor()

    async def _poll(self) -> None:
        every, actor = history.Narrowed(), Actor("gateway", READERS[0], "")
        while True:
            began = time.monotonic()
            try:
                more = await self._hear(Filter.of(every, actor, self._reader.installed))
            except Exception:
                more = False
                log.exception("history_fault")
            self._tell()
            if not more:
                await asyncio.sleep(max(0.0, POLL_S - (time.monotonic() - began)))

    async def _hear(self, wanted: Filter) -> bool:
        """Ask every service for what is new. Returns whether there is more already."""
        answers = await asyncio.gather(*(self._ask(name, wanted) for name in wanted.services))
        every = in_order([(told[0], one) for one in told[1]["items"]] for told in answers if told)
        for name, one in every:
            size = len(msgspec.json.encode(one["event"]))
            self._kept.append(Heard(name, one, size))
            self._bytes += size
        for name, told in filter(None, answers):
            self.cursor.put(name, told["next"], told.get("marks", {}).get("next"))
        while len(self._kept) > KEPT_EVENTS or self._bytes > KEPT_BYTES:
            self._bytes -= self._kept.popleft().size
            self.first += 1
        return any(told[1]["more"] for told in answers if told)

    async def _ask(self, service: str, wanted: Filter) -> tuple[str, Told] | None:
        place = self.cursor.places.get(service)
        try:
            # Who listens first listens from now on.
            limit = 0 if place is None else MOST
            told = await self._reader.ask(service, place, limit, wanted)
        except CallFailed as error:
            log.debug("history_away", extra={"service": service, "why": str(error)})
            return None
        restored = is_gone(self.cursor, service, told)
        self.restored += restored
        if place is None or restored:
            # What is said from now on is news.
            marks = told.get("marks", {})
            if "last" in marks:
                marks |= {"next": marks["last"]}
            told |= {"items": [], "next": told["last"], "more": False, "marks": marks}
        return service, told


class Stream(Response):
    """One reader's events, until it leaves, or is too slow, or the gateway ends.

    Args:
        hub: What is new.
        reader: What was before.
        wanted: Which events.
        cursor: After which places; of a service that is missing here, from now on.
    """

    def __init__(self, hub: Hub, reader: Reader, wanted: Filter, cursor: Cursor) -> None:
        super().__init__(media_type=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._hub = hub
        self._reader = reader
        self._wanted = wanted
        self._cursor = cursor
        self._restored = hub.restored
        # Services of which something stands between their place and what the poller keeps.
        self._behind = set(wanted.services)
        self._number = hub.end
        self._told = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the end."""
        scope["fivered.streamed"] = True
        with self._hub.listening():
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            writing = asyncio.create_task(self._write(send))
            leaving = asyncio.create_task(_left(receive))
            try:
                await asyncio.wait({writing, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if writing.done():
                    writing.result()
            except Refusal:
                pass  # the reader comes back, and is told so
            except (TooSlow, OSError):
                log.info("stream_too_slow", extra={"person": self._wanted.actor.id})
                if HANG_UP in scope:
                    # What waits for it in the socket would keep the connection.
                    scope[HANG_UP]()
                    await asyncio.wait({leaving}, timeout=1.0)
            finally:
                for task in (writing, leaving):
                    task.cancel()
                await asyncio.gather(writing, leaving, return_exceptions=True)

    async def _write(self, send: Send) -> None:
        async def put(text: str, *, more: bool = True) -> None:
            try:
                async with asyncio.timeout(WRITE_S):
                    await send(
                        {"type": "http.response.body", "body": text.encode(), "more_body": more}
                    )
            except TimeoutError:
                raise TooSlow from None

        ends_at = time.monotonic() + LASTS_S
        await put(f"retry: {_RETRY_MS}\n\n")
        beat_at = 0.0
        while self._goes_on() and time.monotonic() < ends_at:
            sent = False
            async for text in self._missed():
                await put(text)
                sent = True
            # What is awaited here was heard meanwhile, so the end is looked for anew each time.
            while self._goes_on() and (text := self._heard()):
                await put(text)
                sent = True
            now = time.monotonic()
            if sent:
                beat_at = now + HEARTBEAT_S
            elif now >= beat_at:
                beat_at = now + HEARTBEAT_S
                await put(self._beat())
            if self._number == self._hub.end:
                await self._hub.changed(max(0.1, min(beat_at, ends_at) - now))
        await put(": bye\n\n", more=False)

    def _goes_on(self) -> bool:
        return not self._hub.ending and self._hub.restored == self._restored

    async def _missed(self) -> AsyncIterator[str]:
        """Yield what was published between the stream's places and the poller's; a service that is
        away is asked again when the poller has had its next turn."""
        while self._behind & (heard := self._hub.cursor.copy()).places.keys():
            targets = {name: at for name, at in heard.places.items() if name in self._behind}
            wanted = replace(self._wanted, services=tuple(sorted(targets)))
            try:
                found = await self._reader.page(wanted, self._cursor, MOST)
            except CallFailed:
                return
            text = ""
            for name, one in found.items:
                if one["place"] <= targets[name]:
                    self._cursor.put(name, one["place"], mark_of(one))
                    text += self._event(one)
            for name in targets.keys() - set(found.away):
                self._pass_over(name, found.cursor, heard)
                if name in found.read or found.cursor.places[name] >= targets[name]:
                    self._behind.discard(name)
            if text:
                yield text
            if targets.keys() & self._behind <= set(found.away):
                return

    def _heard(self) -> str:
        """Return what the poller has heard since, a hundred events at most.

        Raises:
            TooSlow: Some of it is no longer kept.
        """
        text = ""
        for one in self._hub.since(self._number):
            self._number += 1
            place = one.told["place"]
            if one.service in self._behind or one.service not in self._wanted.services:
                continue
            if place <= self._cursor.places.get(one.service, 0):
                continue
            self._cursor.put(one.service, place, mark_of(one.told))
            if self._wanted.takes(one.told):
                text += self._event(one.told)
        return text

    def _pass_over(self, service: str, read: Cursor, heard: Cursor) -> None:
        """Go on to where a service was read, but not beyond what the poller had heard."""
        behind = min(read, heard, key=lambda one: one.places[service])
        if behind.places[service] > self._cursor.places[service]:
            self._cursor.put(service, behind.places[service], behind.marks.get(service))

    def _event(self, told: PublishedEvent) -> str:
        event = told["event"]
        self._told = written(self._cursor)
        data = msgspec.json.encode(event).decode()
        return f"id: {self._told}\nevent: {event['type']}\ndata: {data}\n\n"

    def _beat(self) -> str:
        """Return a sign of life; it also tells a new place, which dispatches no event."""
        cursor = written(self._cursor)
        if cursor == self._told:
            return ": still here\n\n"
        self._told = cursor
        return f": still here\nid: {cursor}\n\n"


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class Streams:
    """`GET /v1/events/stream` of one gateway.

    Attributes:
        hub: What its streams share.
    """

    def __init__(self, gate: Gate, reader: Reader) -> None:
        self._gate = gate
        self._reader = reader
        settings = gate.settings
        # What is asked beside them must still be served.
        self.hub = Hub(reader, min(settings.event_streams, settings.concurrency // 2))

    async def stream(self, door: Door, request: Request) -> Response:
        """Begin a stream.

        Raises:
            Refusal: The caller may not, asks too often, or names a cursor that leads nowhere; or
                all streams are taken.
        """
        actor = self._gate.admit(request, door.roles, door.cost)
        asked = converted(read_params(door.params, request), history.Narrowed)
        wanted = Filter.of(asked, actor, self._reader.installed)
        self.hub.check()
        last = request.headers.get(LAST_EVENT_ID, "").strip()
        given, field = (last, LAST_EVENT_ID) if last else (asked.after, AFTER)
        cursor = history.read(given, field) if given else Cursor()
        now = since_of(asked.since or datetime.now(UTC))
        answers = await self._reader.places(wanted, cursor)
        check_known(answers)
        check_kept(cursor, answers, field)
        for name in wanted.services:
            if name in cursor.places:
                continue
            if name in answers and not asked.since:
                told = answers[name]
                cursor.put(name, told["last"], told.get("marks", {}).get("last"))
            else:
                cursor.put(name, now, None)
        if request.method == "HEAD":
            return Response(media_type=MEDIA_TYPE)
        return Stream(self.hub, self._reader, wanted, cursor)
