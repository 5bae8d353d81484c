"""The bus double: what stands between real outboxes and real inboxes in a simulation.

The relay's own `_send_window` and the subscriber's own `take_batch` run here, in one thread. What
they talk to is a double: a broker of deques, a publisher without a socket, and SQLite where the
relay expects PostgreSQL. What may go wrong is drawn; what a broker promises is kept: a confirmed
message is in every queue that is bound, and what one source says about one subject keeps its order.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace

import pika

from fivered.chassis import envelope, topology
from fivered.chassis import relay as relays
from fivered.chassis.subscriber import Consumer, Subscriber


class Crash(BaseException):
    """The process ends here, without a word: nothing that waits for an `Exception` sees it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One event on its way.

    Attributes:
        closes: It is the marker of a month: what lies before it counts in that month.
    """

    event_id: str
    subject: str
    body: bytes
    closes: bool


class Queue:
    """One queue, with what its consumer has not acknowledged."""

    def __init__(self, partition):
        self.partition = partition
        self.waiting: deque[Message] = deque()
        self.out: list[Message] = []

    def take(self, chance):
        """Give the next message, or one of another subject that may overtake it; nothing overtakes
        the marker of a month."""
        first = {}
        for message in self.waiting:
            if message.closes and first:
                break
            first.setdefault(message.subject, message)
            if message.closes:
                break
        chosen = self.waiting[0] if chance is None else chance.choice(list(first.values()))
        self.waiting.remove(chosen)
        self.out.append(chosen)
        return chosen

    def requeue(self):
        """Put back, in their order, what was not acknowledged."""
        self.waiting.extendleft(reversed(self.out))
        self.out.clear()


class Broker:
    """Queues of every subscriber and source, bound as the installation says.

    Attributes:
        faults: How often each thing went wrong.
    """

    def __init__(self, installation, chance):
        self.chance = chance
        self.faults = Counter()
        self.queues = {}
        self._bound = {}
        for queue in installation.queues():
            made = Queue(queue.partition)
            self.queues.setdefault((queue.subscriber, queue.source), []).append(made)
            for key in queue.keys:
                self._bound.setdefault((queue.source, key), []).append(made)

    def route(self, source, row):
        """Put an event into the queues of its key."""
        subject = envelope.decode(row.body).subject
        for queue in self._bound.get((source, row.key), ()):
            closes = row.fact.startswith("month_measured.")
            queue.waiting.append(Message(row.event_id, subject, row.body, closes))

    def waits(self, subscriber, source):
        """Tell whether anything waits for a subscriber."""
        return any(queue.waiting or queue.out for queue in self.queues[subscriber, source])


class Publisher:
    """In the place of `publisher.Publisher`."""

    blocked = False

    def __init__(self, broker, source, met):
        """Begin.

        Args:
            broker: Where it leads.
            source: Who publishes.
            met: The keys that were taken on this connection; it is kept as long as that one.
        """
        self._broker, self._source, self._met = broker, source, met

    def publish(self, window, outcome):
        """Publish a window; part of it may not arrive, and of what arrives part of the confirms."""
        broker, chance = self._broker, self._broker.chance
        fate = "well" if chance is None else chance.choice(("well",) * 6 + FATES)
        if fate == "well":
            arrive = confirmed = len(window)
        else:
            broker.faults[fate] += 1
            arrive = chance.randint(0, len(window))
            confirmed = 0 if fate == "crash after publish" else chance.randint(0, arrive)
        refused = set()
        for row in window[:arrive]:
            if chance is not None and row.key not in self._met and chance.random() < 0.1:
                # A queue whose leader is away; the next event finds it.
                broker.faults["refused"] += 1
                refused.add(row.id)
                outcome.refused.add((row.fact, row.partition))
                continue
            self._met.add(row.key)
            broker.route(self._source, row)
        if fate == "crash after publish":
            raise Crash
        if fate == "confirms scattered":
            # The broker answers for each queue when that one has it: not in the order of sending.
            sent = [row.id for row in window[:arrive] if chance.random() < 0.5]
        else:
            sent = [row.id for row in window[:confirmed]]
        outcome.sent += [row_id for row_id in sent if row_id not in refused]
        if fate != "well":
            raise relays.Lost(fate)


FATES = ("confirm dropped", "confirms scattered", "crash after publish")


class Outbox:
    """In the place of the relay's connection to PostgreSQL: the same statements, on SQLite."""

    def __init__(self, engine):
        self._engine = engine

    def execute(self, statement, parameters=()):
        """Run one of the relay's statements."""
        text = statement.decode() if isinstance(statement, bytes) else statement
        for ours, theirs in _DIALECT:
            text = text.replace(ours, theirs)
        values = tuple(
            json.dumps(value) if isinstance(value, list) else value for value in parameters
        )
        with self._engine.begin() as conn:
            found = conn.exec_driver_sql(text, values)
            return found.all() if found.returns_rows else []


_DIALECT = (
    ("now()", "CURRENT_TIMESTAMP"),
    (
        "unnest(%s::bigint[], %s::boolean[]) WITH ORDINALITY AS taken (row_id, sent, n)",
        (
            "(SELECT one.value AS row_id, two.value AS sent, one.key + 1 AS n FROM json_each(?)"
            " AS one JOIN json_each(?) AS two ON one.key = two.key) AS taken"
        ),
    ),
    ("<> ALL(%s::bigint[])", "NOT IN (SELECT value FROM json_each(?))"),
    ("%s", "?"),
)


class Sender:
    """The relay of one service, without its thread."""

    def __init__(self, runtime, broker, installation):
        self._runtime, self._broker = runtime, broker
        self._installation = installation
        self.begin()

    def begin(self):
        """Start anew, as after a crash."""
        self._relay = relays.Relay(self._runtime, "amqp://double/", self._installation)
        self._met = set()

    def turn(self):
        """Send one window, as the relay's thread would; it marks it at once, or with a later one."""
        chance = self._broker.chance
        publisher = Publisher(self._broker, self._runtime.name, self._met)
        outbox = Outbox(self._runtime.engine)
        try:
            self._relay._send_window(publisher, outbox)
            if chance is None or chance.random() < 0.5:
                self._relay._mark(outbox)
        except relays.Lost:
            self._relay._window = 1
            self._relay._proven.clear()
            self._met.clear()
        except Crash:
            self.begin()
            raise
        # What was refused is tried again at once; the wait is the thread's.
        self._relay._refused.clear()


class Hearer:
    """One subscription of a worker, without its threads: it is given what the broker has for it."""

    def __init__(self, runtime, broker, source):
        self._runtime, self._broker, self._source = runtime, broker, source
        self._queues = broker.queues[runtime.name, source]
        self._tag = self._subscriber = self._consumers = None
        self._out = {}
        self.begin()

    def begin(self):
        """Start anew, as after a crash: what was not acknowledged comes again."""
        self._subscriber = Subscriber(self._runtime, "amqp://double/", self._source, [])
        self._connect()

    def _connect(self):
        for queue in self._queues:
            queue.requeue()
        self._out.clear()
        self._tag = 0
        self._consumers = {queue.partition: self._consumer(queue) for queue in self._queues}
        connection = SimpleNamespace(add_callback_threadsafe=self._called_back)
        subscriber = self._subscriber
        subscriber._connection = connection
        subscriber._consumers = dict(self._consumers)

    def _consumer(self, queue):
        channel = SimpleNamespace(is_open=True, basic_ack=partial(self._acknowledged, queue))
        named = topology.Queue(self._runtime.name, self._source, queue.partition, ())
        return Consumer(named, channel)

    def lose_connection(self):
        """Lose the connection: the process lives on."""
        self._subscriber._forget()
        self._connect()

    def _called_back(self, callback):
        chance = self._broker.chance
        if chance is not None and chance.random() < 0.12:
            self._broker.faults["crash after commit"] += 1
            raise Crash
        if chance is not None and chance.random() < 0.12:
            self._broker.faults["acknowledgement lost"] += 1
            self._subscriber._forget()  # the callback then finds another connection
            callback()
            self._connect()
            return
        callback()

    def _acknowledged(self, queue, tag, multiple):
        assert multiple
        for known, (of, message) in list(self._out.items()):
            if known <= tag and of is queue:
                del self._out[known]
                queue.out.remove(message)

    def turn(self):
        """Let some messages arrive and take a batch of them into effect."""
        chance = self._broker.chance
        most = 100 if chance is None else chance.choice((1, 1, 2, 3, 8, 30))
        for _ in range(most):
            filled = [queue for queue in self._queues if queue.waiting]
            if not filled:
                break
            queue = filled[0] if chance is None else chance.choice(filled)
            message = queue.take(chance)
            self._tag += 1
            self._out[self._tag] = queue, message
            self._arrive(queue, message)
            if chance is not None and chance.random() < 0.05:
                self._broker.faults["duplicate"] += 1
                # Told again, behind whatever waits: a relay that was not sure has sent it twice.
                queue.waiting.append(message)
        try:
            self._subscriber.take_batch(most if chance is None else chance.choice((1, 3, 100)))
            if self._subscriber._ended and (chance is None or chance.random() < 0.5):
                # A small batch is acknowledged by the connection's thread, with others.
                self._called_back(self._subscriber._acknowledge)
        except Crash:
            self.begin()
            raise

    def _arrive(self, queue, message):
        method = pika.spec.Basic.Deliver(delivery_tag=self._tag)
        properties = pika.BasicProperties(message_id=message.event_id)
        consumer = self._consumers[queue.partition]
        self._subscriber._take(consumer, consumer.channel, method, properties, message.body)
