"""How a worker consumes one source: every queue on a channel of its own, effects in batches.

Every worker consumes from every queue. The broker gives what is in a queue to one of them, and to
the next one when that one ends or steps back (`leases` says when).
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import pika
from pika.adapters.blocking_connection import BlockingChannel

from fivered.chassis import broker, inbox, topology
from fivered.chassis.reconnect import Backoff, Patience, tell_fault, tell_outage
from fivered.chassis.runtime import Runtime

log = logging.getLogger("fivered.work")

# A batch is one transaction. Beyond some 500 events the rate does not grow any more (measured with
# bench/subscribe.py), but a failing batch takes longer to halve and its locks are held longer.
BATCH = 500
# Per queue, and there is one per partition: the next batch has arrived while one is in work.
PREFETCH = 500
# All poison of one batch together pauses at most so long, however many events fail.
MOST_PAUSE_S = 4.0
_DEAD_AGAIN_S = 60.0
LOST_AGAIN_S = 5.0
# How long a small batch that has ended may wait to be acknowledged with what follows it: each
# acknowledgement costs the broker a write. So much is brought again when the worker dies.
ACKNOWLEDGE_S = 0.02
# A larger one is acknowledged at once, so that the broker goes on sending.
_LARGE = PREFETCH // 10
# After twice or three times this silence (s) the broker gives the queues of a worker to another
# one. One that dies is known at once; this is for machines that vanish and processes that stop.
HEARTBEAT_S = 5
# How long the connection of a worker is left alone where nothing happens: what others want of it
# wakes it. A queue that is lost is looked for more often.
_IDLE_S, _SEARCH_S = 10.0, 1.0
# How often the broker is asked what waits, while somebody reads it (s).
_LOOK_EVERY_S = 5.0
# How long a worker that steps back waits for the batch that is in work (s).
_FINISH_S = 5.0
# What the broker says of a queue that it has not.
_NOT_FOUND = 404


def _tag(queue: topology.Queue) -> str:
    return f"{queue.name}.{os.getpid()}"


class Consumer:
    """The consumer of one queue, on a channel of its own.

    Attributes:
        open: What it has brought may be acknowledged.
        leaving: It is to step back: what it brings is not taken any more.
        busy: How many batches with something of it are in work.
    """

    def __init__(self, queue: topology.Queue, channel: BlockingChannel) -> None:
        self.queue = queue
        self.channel = channel
        self.tag = _tag(queue)
        self.open = True
        self.leaving = False
        self.busy = 0
        self.until = 0.0

    @property
    def is_lost(self) -> bool:
        """Whether the broker has cancelled it, or it could not be opened again."""
        return not self.open or self.tag not in self.channel.consumer_tags


class _Arrived(NamedTuple):
    """What a consumer was given, and its tag for the broker."""

    by: Consumer
    tag: int
    delivery: inbox.Delivery


def leave(channel: BlockingChannel) -> None:
    """Close a channel without cancelling its consumers first, as pika does by itself.

    RabbitMQ makes the next consumer of a queue the active one as soon as this one is cancelled,
    although this one has not acknowledged what it was given: the other would get the later events
    first. When a channel ends, what was not acknowledged goes back before anybody gets anything.
    """
    inside = channel._impl  # noqa: SLF001  pika has no public way, see above
    inside._cancelled.update(inside._consumers)  # noqa: SLF001  as above
    inside.close()
    channel._flush_output(lambda: channel.is_closed)  # noqa: SLF001  as above
    channel._cleanup()  # noqa: SLF001  as above


class Subscriber:
    """Hears one source: one thread holds the connection, one takes batches into effect.

    So the connection lives (heartbeats, acknowledgements) however long a batch takes.
    """

    def __init__(
        self, runtime: Runtime, url: str, source: str, queues: Sequence[topology.Queue]
    ) -> None:
        self.runtime = runtime
        self.source = source
        self.queues = list(queues)
        self.connected = False
        self.beat = time.monotonic()
        self.missing: set[str] = set()
        # Is told the queues that are consumed from now on, behind whoever consumes them already.
        self.came: Callable[[Collection[str]], None] = lambda _names: None
        self._addresses = broker.Addresses(url)
        self._patience = Patience(
            log, made="subscribed", waits="subscriber_waits", service=runtime.name, source=source
        )
        self._stopping = threading.Event()
        self._done = threading.Event()
        self._news = threading.Condition()
        self._arrived: deque[_Arrived] = deque()
        # Batches that are in work, and what those that have ended leave to be acknowledged.
        self._in_work = 0
        self._ended: list[tuple[Mapping[Consumer, int], bool]] = []
        self._acknowledge_at = 0.0
        # By the name of its queue; a lost connection takes all of them along.
        self._consumers: dict[str, Consumer] = {}
        # Queues at which to step back, and whether at once.
        self._back: dict[str, bool] = {}
        # By the name of its queue, what waited when the broker was asked last.
        self._depths: dict[str, int] = {}
        self._depths_wanted = True
        self._connection: pika.BlockingConnection | None = None
        name = f"{runtime.name}-hears-{source}"
        self.threads = (
            threading.Thread(target=self._listen, name=name, daemon=True),
            threading.Thread(target=self._handle, name=f"{name}-effect", daemon=True),
        )

    @property
    def why(self) -> str:
        """Why nothing, or not all, is heard; empty while all is."""
        if self.connected and self.missing:
            return f"no queue {', '.join(sorted(self.missing))}"
        return self._patience.why

    def waiting(self) -> Mapping[str, int]:
        """Return how many events wait in each queue, as far as known, and have the broker asked
        anew: after its start it is not, while nobody wants to know."""
        if not self._depths_wanted:
            self._depths_wanted = True
            self._poke()
        return self._depths

    def start(self) -> None:
        """Start both threads."""
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """Ask for the end: the batch in work is finished, the rest stays with the broker."""
        self._stopping.set()
        with self._news:
            self._news.notify_all()

    def consume(self, queues: Sequence[topology.Queue]) -> None:
        """Consume from these queues from now on, and from no other."""
        self.queues = list(queues)
        self._poke()

    def step_back(self, names: Collection[str], at_once: bool) -> None:
        """Go behind all others that consume from queues: at once, or after the batch in work."""
        with self._news:
            for queue in self.queues:
                if queue.name in names:
                    self._back[queue.name] = at_once
            asked = bool(self._back)
        if asked:
            self._poke()

    def _poke(self) -> None:
        """Let the thread of the connection look at what is wanted of it."""
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(pika.exceptions.AMQPError):
                connection.add_callback_threadsafe(lambda: None)

    # ------------------------------------------------------------------------------ the connection

    def _listen(self) -> None:
        while not self._done.is_set():
            why: object = ""
            try:
                self._consume()
            except broker.FAILS as error:
                why = error
            except Exception as error:  # noqa: BLE001  it is told, and tried again
                why = error
                tell_fault(log, "subscriber_fault", error, service=self.runtime.name)
            self.connected = False
            self._forget()
            self.beat = time.monotonic()
            if not self._done.is_set():
                self._done.wait(self._patience.lost(why))

    def _consume(self) -> None:
        name = f"fivered {self.runtime.name} hears {self.source}"
        parameters = broker.parameters(self._addresses.next(), name, heartbeat_s=HEARTBEAT_S)
        connection = pika.BlockingConnection(parameters)
        try:
            with self._news:
                self._connection = connection
            self.missing.clear()
            alive = [queue for queue in self.queues if queue.partition != topology.DEAD]
            self.came(self._open_those_there(connection, alive))
            dead = [queue for queue in self.queues if queue.partition == topology.DEAD]
            dead_at = lost_at = look_at = 0.0
            self.connected = True
            self._patience.good()
            while not self._done.is_set():
                self.beat = time.monotonic()
                if time.monotonic() >= self._acknowledge_at:
                    self._acknowledge()
                if any(one.open and not one.channel.is_open for one in self._consumers.values()):
                    # The broker did it; what it says is in its log.
                    raise ConnectionError("channel closed")
                self._leave_others()
                self._go_back(connection)
                lost = self._lost()
                if lost and time.monotonic() > lost_at:
                    lost_at = time.monotonic() + LOST_AGAIN_S
                    self._open_again(connection, lost)
                if self._depths_wanted and time.monotonic() > look_at:
                    look_at = time.monotonic() + _LOOK_EVERY_S
                    self._look()
                if dead and time.monotonic() > dead_at:
                    dead_at = time.monotonic() + _DEAD_AGAIN_S
                    dead = self._consume_dead(connection, dead)
                connection.process_data_events(time_limit=self._wait_s())
        finally:
            with contextlib.suppress(Exception):
                for one in self._consumers.values():
                    if one.channel.is_open:
                        leave(one.channel)
            with contextlib.suppress(Exception):
                connection.close()

    def _wait_s(self) -> float:
        """Return how long nothing is to be acknowledged, unless something arrives (s)."""
        with self._news:
            soon = bool(self._arrived or self._in_work or self._ended)
        if soon:
            return ACKNOWLEDGE_S
        return _SEARCH_S if self.missing or self._back or self._depths_wanted else _IDLE_S

    def _acknowledge(self) -> None:
        """Acknowledge what has taken effect: everything up to the tags, for batches are taken in
        order, one at a time. What a connection that is gone has brought is gone with it."""
        self._acknowledge_at = time.monotonic() + ACKNOWLEDGE_S
        with self._news:
            ended, self._ended = self._ended, []
        tags: dict[Consumer, int] = {}
        for last, done in ended:
            if done:
                tags.update(last)
        for one, tag in tags.items():
            if one.open and one.channel.is_open:
                one.channel.basic_ack(tag, multiple=True)
        with self._news:
            for last, _ in ended:
                for one in last:
                    one.busy -= 1

    def _finish(self) -> None:
        """Let the connection end, behind the last acknowledgement."""
        self._acknowledge()
        self._done.set()

    def _look(self) -> None:
        """Ask the broker what waits in the queues."""
        self._depths_wanted = False
        found = {}
        for name, one in list(self._consumers.items()):
            if one.open and not one.is_lost and one.channel.is_open:
                found[name] = one.channel.queue_declare(name, passive=True).method.message_count
        self._depths = found

    def _open(self, connection: pika.BlockingConnection, queue: topology.Queue) -> None:
        """Consume from a queue, behind all others that do."""
        channel = connection.channel()
        channel.basic_qos(prefetch_count=PREFETCH)
        one = Consumer(queue, channel)
        channel.basic_consume(queue.name, partial(self._take, one), consumer_tag=one.tag)
        self._consumers[queue.name] = one
        self.missing.discard(queue.name)

    def _open_those_there(
        self, connection: pika.BlockingConnection, queues: Sequence[topology.Queue]
    ) -> list[str]:
        """Consume from queues. Returns the names of those that are there: one that is not must
        not keep this worker from the others; it is lost, and looked for."""
        found = []
        for queue in queues:
            try:
                self._open(connection, queue)
            except pika.exceptions.ChannelClosedByBroker as error:
                if error.reply_code != _NOT_FOUND:
                    raise
            else:
                found.append(queue.name)
        return found

    def _leave_others(self) -> None:
        """Let go of queues that are not to be consumed any more, after the batch in work."""
        wanted = {queue.name for queue in self.queues}
        if gone := [name for name in self._consumers if name not in wanted]:
            with self._news:
                self._back |= dict.fromkeys(gone, False)

    def _go_back(self, connection: pika.BlockingConnection) -> None:
        """Go behind the others where that was asked for and nothing is in work any more."""
        if self._back:
            self._acknowledge()
        now = time.monotonic()
        with self._news:
            asked, self._back = self._back, {}
            for name, at_once in asked.items():
                if one := self._consumers.get(name):
                    one.until = now if at_once else one.until if one.leaving else now + _FINISH_S
                    one.leaving = True
            if asked:
                # The broker brings it again, to whoever comes first then.
                self._arrived = deque(one for one in self._arrived if not one.by.leaving)
            leaving = [
                one
                for one in self._consumers.values()
                if one.open and one.leaving and (not one.busy or now >= one.until)
            ]
        for one in leaving:
            one.open = False
            leave(one.channel)
            if one.queue not in self.queues:
                del self._consumers[one.queue.name]
                self.missing.discard(one.queue.name)
                continue
            with contextlib.suppress(pika.exceptions.ChannelClosedByBroker):
                # A queue that is gone meanwhile is lost, and looked for again.
                self._open(connection, one.queue)

    def _lost(self) -> list[topology.Queue]:
        """Return the queues that are to be consumed and are not: the broker cancels the consumer
        of a queue that is deleted. The other queues are heard meanwhile."""
        known = self._consumers
        lost = [
            queue
            for queue in self.queues
            if (known[queue.name].is_lost if queue.name in known else queue.partition >= 0)
        ]
        if new := {queue.name for queue in lost} - self.missing:
            self.missing |= new
            log.error(
                "queue_gone",
                extra={
                    "service": self.runtime.name,
                    "queues": sorted(new),
                    "remedy": "fivered topology apply, then fivered events replay",
                },
            )
        return lost

    def _open_again(
        self, connection: pika.BlockingConnection, lost: Sequence[topology.Queue]
    ) -> None:
        there = [queue for queue in lost if self._is_there(connection, queue)]
        for queue in there:
            before = self._consumers.get(queue.name)
            if before is not None and before.channel.is_open:
                leave(before.channel)
        self.came(self._open_those_there(connection, there))

    @staticmethod
    def _is_there(connection: pika.BlockingConnection, queue: topology.Queue) -> bool:
        """Tell whether somebody has made a queue again; asked on a channel of its own, which the
        broker closes where there is none."""
        trial = connection.channel()
        try:
            trial.queue_declare(queue.name, passive=True)
        except pika.exceptions.ChannelClosedByBroker:
            return False
        trial.close()
        return True

    def _consume_dead(
        self, connection: pika.BlockingConnection, queues: list[topology.Queue]
    ) -> list[topology.Queue]:
        """Consume the queues of what was delivered too often. Returns those that cannot be.

        An installation of an earlier release may lack them, or the right to hear them. That must
        not keep this worker from what it hears otherwise.
        """
        for queue in queues:
            try:
                self._open(connection, queue)
            except pika.exceptions.ChannelClosedByBroker as error:
                log.warning(
                    "dead_not_heard",
                    extra={
                        "service": self.runtime.name,
                        "queue": queue.name,
                        "why": repr(error)[:300],
                        "remedy": "fivered topology apply, fivered topology permissions",
                    },
                )
                return queues
        self.came([queue.name for queue in queues])
        return []

    def _take(
        self,
        one: Consumer,
        _channel: BlockingChannel,
        method: pika.spec.Basic.Deliver,
        properties: pika.spec.BasicProperties,
        body: bytes,
    ) -> None:
        partition = one.queue.partition
        if partition == topology.DEAD:
            partition = topology.partition_of_dead(properties.headers)
        sent = (properties.headers or {}).get("traceparent")
        traceparent = sent if isinstance(sent, str) else None
        delivery = inbox.Delivery(body, self.source, partition, traceparent=traceparent)
        with self._news:
            if not one.leaving:
                self._arrived.append(_Arrived(one, method.delivery_tag, delivery))
                self._news.notify()

    def _forget(self) -> None:
        """Drop what has arrived on a connection that is gone; the broker brings it again."""
        with self._news:
            for one in self._consumers.values():
                one.open = False
            self._consumers.clear()
            self._back.clear()
            self._connection = None
            self._arrived.clear()
            self._news.notify_all()

    # --------------------------------------------------------------------------------- the effect

    def _handle(self) -> None:
        while not self._stopping.is_set():
            with self._news:
                while not self._arrived and not self._stopping.is_set():
                    self._news.wait()
                if self._stopping.is_set():
                    break
            self.take_batch(BATCH)
        if self._connection is not None:
            with contextlib.suppress(Exception):
                self._connection.add_callback_threadsafe(self._finish)
        else:
            self._done.set()

    def take_batch(self, most: int) -> None:
        """Take the next batch of what has arrived into effect, and acknowledge it."""
        with self._news:
            count = min(len(self._arrived), most)
            batch = [self._arrived.popleft() for _ in range(count)]
            # The last of each, for what came before it is acknowledged with it.
            last = {one.by: one.tag for one in batch}
            for consumer in last:
                consumer.busy += 1
            self._in_work += bool(batch)
        # What had arrived may have gone meanwhile, with its connection.
        if batch:
            done = self._deliver([one.delivery for one in batch], last)
            self._end(last, done=done, large=len(batch) >= _LARGE)

    def _deliver(self, deliveries: list[inbox.Delivery], consumers: Collection[Consumer]) -> bool:
        """Bring a batch into effect, however long the database is away.

        Returns whether it may be acknowledged: not when the worker ends or the connection is lost.
        """
        backoff = Backoff(0.2, 10.0)
        while True:
            left = MOST_PAUSE_S

            def pause(seconds: float) -> None:
                nonlocal left
                seconds = min(seconds, left)
                left -= seconds
                self._stopping.wait(seconds)

            try:
                inbox.deliver(self.runtime, deliveries, pause=pause)
            except inbox.Outage as outage:
                tell_outage(log, "storage_outage", outage, service=self.runtime.name)
            except Exception as error:  # noqa: BLE001  it is told, and tried again
                # Our own code or the parking place failed (what a handler cannot take is parked):
                # an event that took no effect is not acknowledged.
                tell_fault(log, "delivery_fault", error, service=self.runtime.name)
            else:
                return True
            if self._stopping.wait(backoff.next()) or not any(one.open for one in consumers):
                return False

    def _end(self, last: Mapping[Consumer, int], *, done: bool, large: bool) -> None:
        """End a batch; it is acknowledged where it is done, a large one at once."""
        with self._news:
            self._in_work -= 1
            self._ended.append((last, done))
        connection = self._connection
        if large and connection is not None:
            with contextlib.suppress(pika.exceptions.AMQPError):
                connection.add_callback_threadsafe(self._acknowledge)
