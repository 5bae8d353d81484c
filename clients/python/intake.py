"""What has arrived from one queue, and in which portions it is handled. No I/O in here."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from .event import Event, Unreadable, decode
from .patterns import Pattern
from .seen import Seen

log = logging.getLogger("fivered_client")


class HandlerFailed(Exception):
    """A handler raised; `error` is what."""

    def __init__(self, error: Exception) -> None:
        super().__init__(repr(error))
        self.error = error


@dataclass(frozen=True, slots=True)
class Wish:
    """A subscription.

    Attributes:
        patterns: What is wanted.
        handler: What is called; its result may be awaitable where the client is asynchronous.
        most: So many events are given at once; 0: one event, not a list.
        wait_s: How long a list may wait to fill.
    """

    patterns: tuple[Pattern, ...]
    handler: Callable[[Any], Any]
    most: int = 0
    wait_s: float = 0.0

    def wants(self, exchange: str, routing_key: str) -> bool:
        """Tell whether a delivery is meant."""
        return any(one.matches(exchange, routing_key) for one in self.patterns)


@dataclass(frozen=True, slots=True)
class Item:
    """A delivery.

    Attributes:
        event: None where it is no event.
        wishes: Who wants it.
        at: When it arrived, by the monotonic clock.
    """

    tag: int
    event: Event | None
    wishes: tuple[Wish, ...]
    at: float


@dataclass(frozen=True, slots=True)
class Call:
    """A handler is to be called with this."""

    wish: Wish
    given: Event | list[Event]


@dataclass(frozen=True, slots=True)
class Done:
    """These are handled: to be remembered and acknowledged.

    Attributes:
        items: All of them, in their order.
        events: What handlers were given, or nobody wanted.
    """

    items: list[Item]
    events: list[Event]


class Intake:
    """What has arrived from one queue and is not handled yet, in its order.

    Attributes:
        most: So many deliveries are of use at once.
    """

    def __init__(self, wishes: list[Wish], seen: Seen, dead_exchange: str, prefetch: int) -> None:
        self._wishes = wishes
        self._seen = seen
        self._dead_exchange = dead_exchange
        self._items: deque[Item] = deque()
        self.most = max([prefetch, *(wish.most for wish in wishes)])

    def arrive(self, method: Any, properties: Any, body: bytes) -> None:
        """Take a delivery as pika gives it."""
        exchange = method.exchange
        if exchange == self._dead_exchange:
            # It was said elsewhere, and is heard as it was said.
            exchange = (properties.headers or {}).get("x-first-death-exchange", exchange)
        event: Event | None = None
        wishes: tuple[Wish, ...] = ()
        try:
            event = decode(body)
        except Unreadable as error:
            log.warning("no event at %s %s: %s", exchange, method.routing_key, error)
        else:
            # What nobody wants now was bound by an earlier run, and is let go.
            wishes = tuple(w for w in self._wishes if w.wants(exchange, method.routing_key))
        self._items.append(Item(method.delivery_tag, event, wishes, time.monotonic()))

    def due_in(self) -> float | None:
        """Return after how many seconds something is to be handled; None where nothing is here."""
        if not self._items:
            return None
        portion, ends = self._portion()
        wait_s = max((wish.wait_s for wish in self._items[0].wishes), default=0.0)
        if ends or not wait_s:
            return 0.0
        return max(0.0, portion[0].at + wait_s - time.monotonic())

    def take(self) -> list[Item]:
        """Take out what is to be handled now, all of it wanted by the same; empty where nothing
        is due."""
        if self.due_in() != 0.0:
            return []
        portion, _ = self._portion()
        for _ in portion:
            self._items.popleft()
        return portion

    def _portion(self) -> tuple[list[Item], bool]:
        """Return what can be handled together, and whether nothing more can join it.

        It ends where another handler's event comes, so that handlers get events in their order.
        """
        wishes = self._items[0].wishes
        most = min((wish.most for wish in wishes if wish.most), default=1)
        found: list[Item] = []
        for item in self._items:
            # What is no event joins any list, for it is in nobody's.
            if item.event is not None and item.wishes != wishes:
                return found, True
            found.append(item)
            if len(found) >= most:
                return found, True
        return found, False

    def handle(self, items: list[Item]) -> Generator[Call | Done, None, None]:
        """Say step by step how these are handled; what a handler raises is thrown in.

        A list that fails is given again in halves, so that what can be handled is, and the event
        that cannot is alone at last.

        Raises:
            HandlerFailed: It is.
        """
        waiting = [items]
        while waiting:
            part = waiting.pop()
            fresh = self._fresh(part)
            events = [item.event for item in fresh if item.event is not None]
            try:
                for wish in fresh[0].wishes if fresh else ():
                    if wish.most:
                        yield Call(wish, events)
                        continue
                    for event in events:
                        yield Call(wish, event)
            except Exception as error:
                if len(fresh) == 1:
                    raise HandlerFailed(error) from error
                log.warning("a list of %d events is given again in halves: %r", len(fresh), error)
                middle = part.index(fresh[len(fresh) // 2])
                waiting += [part[middle:], part[:middle]]
                continue
            yield Done(part, events)

    def _fresh(self, items: list[Item]) -> list[Item]:
        """Return those that are events and were not handled before."""
        ids: set[str] = set()
        found = []
        for item in items:
            if item.event is None or item.event.id in ids or self._seen.known(item.event.id):
                continue
            ids.add(item.event.id)
            found.append(item)
        return found
