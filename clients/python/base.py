"""What both kinds of client have: who they are, what they want, how they wait."""

from __future__ import annotations

import importlib.metadata
import logging
import random
import re
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pika
import pika.exceptions
from pika.adapters.utils.connection_workflow import AMQPConnectorException

from .declaring import Names, queues_of
from .intake import Done, Intake, Wish
from .patterns import Pattern
from .seen import FileSeen, MemorySeen, Seen

log = logging.getLogger("fivered_client")

_NAME = re.compile(r"^[a-z][a-z0-9_-]{0,60}$")
# What a connection may end in, or never begin with: the broker's own words, a host that is not
# there, a name that nobody resolves.
LOST = (pika.exceptions.AMQPError, AMQPConnectorException, OSError)
# A connection that stood so long was a good one: after it the waits begin anew.
GOOD_S = 1.0

OnLost = Callable[[Exception, float], Any]
OnAgain = Callable[[float], Any]


class Backoff:
    """How long to wait before the next attempt: about 1 s, 2 s, ... 30 s.

    Each wait is longer or shorter by chance, so that the consumers of a broker that comes back do
    not come all at once.

    Attributes:
        wait: The next one, before chance.
    """

    FIRST_S, LONGEST_S, CHANCE = 1.0, 30.0, 0.4

    def __init__(self) -> None:
        self.wait = self.FIRST_S

    def next(self) -> float:
        """Return the seconds to wait now; the next wait is twice as long."""
        wait = self.wait * random.uniform(1 - self.CHANCE, 1 + self.CHANCE)  # nosec B311  # noqa: S311  no secret
        self.wait = min(self.wait * 2, self.LONGEST_S)
        return wait

    def begin_anew(self) -> None:
        """Let the next wait be a short one."""
        self.wait = self.FIRST_S


@dataclass(frozen=True, slots=True)
class Options:
    """What a client is made with; see `connect`."""

    parameters: Sequence[pika.URLParameters]
    names: Names
    seen: Seen
    prefetch: int
    on_lost: OnLost | None
    on_again: OnAgain | None


def parameters_of(
    url: str, name: str, heartbeat_s: int, context: ssl.SSLContext | None = None
) -> list[pika.URLParameters]:
    """Return pika's parameters for each host of a URL.

    Raises:
        ValueError: The name or the URL is wrong.
    """
    if not _NAME.match(name):
        raise ValueError(f"{name!r} is no consumer's name: small letters, digits, - and _")
    found = [_parameters(one, name, heartbeat_s) for one in _each(url)]
    for one in found:
        if one.ssl_options is not None:
            trusted = context or ssl.create_default_context()
            one.ssl_options = pika.SSLOptions(trusted, one.host)
        elif context is not None:
            raise ValueError("ssl_context is for amqps://, and the URL is not")
    return found


def store(seen: Seen | str | Path | None) -> Seen:
    """Return what remembers handled events: given, in a file at this path, or in memory."""
    if seen is None:
        return MemorySeen()
    return FileSeen(seen) if isinstance(seen, str | Path) else seen


def _each(url: str) -> list[str]:
    """Return the addresses of a URL that may name several hosts of a cluster; as the services read
    it, of which this package needs none."""
    # By hand: some releases of Python refuse brackets that are not the whole of a host.
    scheme, mark, rest = url.partition("://")
    end = min((rest.find(one) for one in "/?#" if one in rest), default=len(rest))
    user, at, hosts = rest[:end].rpartition("@")
    return [f"{scheme}{mark}{user}{at}{host}{rest[end:]}" for host in hosts.split(",")]


def _parameters(url: str, name: str, heartbeat_s: int) -> pika.URLParameters:
    found = pika.URLParameters(url)
    found.heartbeat = heartbeat_s
    found.blocked_connection_timeout = heartbeat_s
    found.client_properties = {"connection_name": f"{name} (fivered-client {_version()})"}
    return found


def _version() -> str:
    try:
        return importlib.metadata.version("fivered-client")
    except importlib.metadata.PackageNotFoundError:
        return "from a checkout"


class Consumer:
    """What `Client` and `AsyncClient` have in common.

    Attributes:
        name: The consumer's.
        handled: How many events were handled.
        repeated: How many came again and were dropped.
        unreadable: How many messages were no events.
    """

    def __init__(self, given: Options) -> None:
        self.name = given.names.name
        self.handled = 0
        self.repeated = 0
        self.unreadable = 0
        self._given = given
        self._names = given.names
        self._wishes: list[Wish] = []
        self._backoff = Backoff()
        self._lost_at: float | None = None
        # What is bound beyond today's wishes is unbound once, at the first start.
        self._declared = False
        self._heard_before = False

    def queue_of(self, service: str) -> str:
        """Return the name of this consumer's queue for a service."""
        return self._names.of(service)

    @property
    def dead_queue(self) -> str:
        """The queue of events that were delivered too often; the consumer hears it as well."""
        return self._names.dead

    def subscribe(self, pattern: str, handler: Callable[..., Any]) -> None:
        """Have `handler(event)` called for every fact that matches; before `run`.

        An event that matches several patterns is given to each of their handlers.

        Raises:
            PatternError: The pattern cannot be read.
        """
        self._wishes.append(Wish((Pattern.parse(pattern),), handler))

    def subscribe_batch(
        self,
        pattern: str | Sequence[str],
        handler: Callable[..., Any],
        *,
        most: int = 500,
        wait_s: float = 0.0,
    ) -> None:
        """Have `handler(events)` called with what has arrived; before `run`.

        The list has events of one service in their order, and ends where an event comes that
        another handler wants. It is acknowledged once, after the handler has returned. When the
        handler raises, it is given the list again in halves, so that the event that it cannot
        take is alone at last; that one's error ends `run`. So whatever a failed call has done must
        be undone, or harmless to repeat.

        Args:
            pattern: One, or several that the same list may hold.
            handler: What is called, with a list of at least one event.
            most: The longest list.
            wait_s: How long the first event of a list may wait for others; 0: not at all.

        Raises:
            PatternError: A pattern cannot be read.
            ValueError: `most` is less than 1, or `wait_s` than 0.
        """
        if most < 1 or wait_s < 0:
            raise ValueError(f"a list of at most {most} events after {wait_s} s is none")
        patterns = [pattern] if isinstance(pattern, str) else pattern
        self._wishes.append(
            Wish(tuple(map(Pattern.parse, patterns)), handler, most=most, wait_s=wait_s)
        )

    # ------------------------------------------------------------------------------------ inside

    def _patterns(self) -> list[Pattern]:
        return list(dict.fromkeys(one for wish in self._wishes for one in wish.patterns))

    def _intakes(self) -> dict[str, Intake]:
        """Return an empty intake for each queue to hear."""
        seen, dead, prefetch = self._given.seen, self._names.dead, self._given.prefetch
        return {
            queue: Intake(self._wishes, seen, dead, prefetch)
            for queue in queues_of(self._names, self._patterns())
        }

    def _remember(self, done: Done) -> None:
        """Note what was handled, before it is acknowledged."""
        ids = [event.id for event in done.events]
        remember_all = getattr(self._given.seen, "remember_all", None)
        if remember_all is not None:
            if ids:
                remember_all(ids)
        else:
            for one in ids:
                self._given.seen.remember(one)
        unreadable = sum(item.event is None for item in done.items)
        self.handled += len(ids)
        self.unreadable += unreadable
        self.repeated += len(done.items) - len(ids) - unreadable

    def _is_good(self) -> None:
        """The connection stands and every queue is heard."""
        self._heard_before = True
        if self._lost_at is not None:
            away_s = time.monotonic() - self._lost_at
            self._lost_at = None
            log.warning("connected again after %.0f s", away_s)
            self._tell(self._given.on_again, away_s)

    def _is_lost(self, error: Exception) -> float:
        """The connection is gone. Returns how long to wait."""
        if self._lost_at is None:
            self._lost_at = time.monotonic()
        wait = self._backoff.next()
        log.warning("connection lost, again in %.0f s: %r", wait, error)
        self._tell(self._given.on_lost, error, wait)
        return wait

    @staticmethod
    def _tell(callback: Callable[..., Any] | None, *given: Any) -> None:
        if callback is None:
            return
        try:
            callback(*given)
        except Exception:
            log.exception("what was to be told of the connection raised")
