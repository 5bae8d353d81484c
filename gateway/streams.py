"""Events as they are published, over HTTP: server-sent events.

One poller of a gateway asks each service once a second, while anybody listens, and keeps what it
has heard for a while. A stream reads what it has missed by itself, then goes on with what the
poller hears. It holds no more than its place: a reader that is slower than what is kept is let go,
and comes back with the `id` of the last event that it has seen.
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
    Filter,
    Places,
    Reader,
    check_kept,
    check_known,
    in_order,
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
        places: To where each service was heard; one that has not answered yet is missing.
        first: The number of the oldest event that is kept.
    """

    def __init__(self, reader: Reader, most: int) -> None:
        self._reader = reader
        self._most = most
        self.places: Places = {}
        self.first = 0
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
        self.places = {}

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
        self.places |= {told[0]: told[1]["next"] for told in answers if told}
        while len(self._kept) > KEPT_EVENTS or self._bytes > KEPT_BYTES:
            self._bytes -= self._kept.popleft().size
            self.first += 1
        return any(told[1]["more"] for told in answers if told)

    async def _ask(self, service: str, wanted: Filter) -> tuple[str, Told] | None:
        place = self.places.get(service)
        try:
            # Who listens first listens from now on.
            limit = 0 if place is None else MOST
            told = await self._reader.ask(service, place, limit, wanted)
        except CallFailed as error:
            log.debug("history_away", extra={"service": service, "why": str(error)})
            return None
        if place is None or told["last"] < place:
            # New here; or a backup was restored, and what is said from now on is news.
            told |= {"items": [], "next": told["last"], "more": False}
        return service, told


class Stream(Response):
    """One reader's events, until it leaves, or is too slow, or the gateway ends.

    Args:
        hub: What is new.
        reader: What was before.
        wanted: Which events.
        places: After which; of a service that is missing here, from now on.
    """

    def __init__(self, hub: Hub, reader: Reader, wanted: Filter, places: Places) -> None:
        super().__init__(media_type=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._hub = hub
        self._reader = reader
        self._wanted = wanted
        self._places = places
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
        while not self._hub.ending and time.monotonic() < ends_at:
            sent = False
            async for text in self._missed():
                await put(text)
                sent = True
            # What is awaited here was heard meanwhile, so the end is looked for anew each time.
            while text := self._heard():
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

    async def _missed(self) -> AsyncIterator[str]:
        """Yield what was published between the stream's places and the poller's; a service that is
        away is asked again when the poller has had its next turn."""
        while targets := {
            name: self._hub.places[name] for name in self._behind & self._hub.places.keys()
        }:
            wanted = replace(self._wanted, services=tuple(sorted(targets)))
            places = {name: self._places[name] for name in targets}
            try:
                found = await self._reader.page(wanted, places, MOST)
            except CallFailed:
                return
            text = ""
            for name, one in found.items:
                if one["place"] <= targets[name]:
                    self._places[name] = one["place"]
                    text += self._event(one)
            for name in targets.keys() - set(found.away):
                self._places[name] = max(self._places[name], min(found.places[name], targets[name]))
                if name in found.read or found.places[name] >= targets[name]:
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
            if place <= self._places.get(one.service, 0):
                continue
            self._places[one.service] = place
            if self._wanted.takes(one.told):
                text += self._event(one.told)
        return text

    def _event(self, told: PublishedEvent) -> str:
        event = told["event"]
        self._told = written(self._places)
        data = msgspec.json.encode(event).decode()
        return f"id: {self._told}\nevent: {event['type']}\ndata: {data}\n\n"

    def _beat(self) -> str:
        """Return a sign of life; it also tells a new place, which dispatches no event."""
        cursor = written(self._places)
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
        cursor, field = (last, LAST_EVENT_ID) if last else (asked.after, AFTER)
        places = history.read(cursor, field) if cursor else {}
        now = since_of(asked.since or datetime.now(UTC))
        answers = await self._reader.places(wanted)
        check_known(answers)
        check_kept(places, answers, field)
        for name in wanted.services:
            if name not in places:
                known = name in answers and not asked.since
                places[name] = answers[name]["last"] if known else now
        if request.method == "HEAD":
            return Response(media_type=MEDIA_TYPE)
        return Stream(self.hub, self._reader, wanted, places)
