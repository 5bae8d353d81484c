"""The broker by way of pika: connections with a limit on every wait, and making the topology."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pika
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
from pika.adapters.utils.connection_workflow import (
    AMQPConnectorException,
    AMQPConnectorStackTimeout,
)

from fivered.chassis import tls
from fivered.chassis.settings import each_address, setting
from fivered.chassis.topology import (
    DEAD_CALLS,
    DEAD_EXCHANGE,
    EARLIER_ARGUMENTS,
    EXT_KEPT_MS,
    EXT_MOST,
    REPLY_EXCHANGE,
    RPC_EXCHANGE,
    Installation,
    Queue,
    TopologyError,
    call_queues,
    event_exchange,
    history_arguments,
    history_queue,
    outside_arguments,
    outside_dead,
    outside_queues,
    public_keys,
    queue_arguments,
    queue_name,
    replay_key,
    vhost_of,
)

# What a broker that is away, refuses or does not answer ends in; a broker that stops answering in
# the handshake gives an error of pika's that is none of the others.
FAILS = (pika.exceptions.AMQPError, AMQPConnectorException, OSError)

# Dead calls are kept for people to look at, not as a record.
_DEAD_KEPT_MS = 7 * 24 * 3600 * 1000
_DEAD_MOST = 10_000


def parameters(
    url: str,
    name: str,
    *,
    heartbeat_s: int = 10,
    blocked_s: float | None = 60,
    stack_s: float = 10,
) -> pika.URLParameters:
    """Return pika's parameters for a URL, with limits on every wait.

    Without them a broker that hangs would hold the process until its own heartbeat gives up.

    Args:
        url: AMQP URL of one broker.
        name: What the broker shows of this connection.
        heartbeat_s: After twice this silence the other side is given up.
        blocked_s: How long a broker in an alarm may stop what is sent; None without limit.
        stack_s: How long reaching and greeting the broker may take.

    Raises:
        tls.Unusable: A file of TLS cannot be used.
    """
    found = pika.URLParameters(url)
    if urlsplit(url).scheme == "amqps":
        found.ssl_options = pika.SSLOptions(tls.context(), found.host)
    found.heartbeat = heartbeat_s
    found.blocked_connection_timeout = blocked_s
    found.socket_timeout = 5
    found.stack_timeout = stack_s
    found.connection_attempts = 1
    found.client_properties = {"connection_name": name}
    return found


class Addresses:
    """The brokers of a URL, of which a client asks for the next one whenever it connects: so it
    leaves a node that is gone at once, and comes to each in turn."""

    def __init__(self, url: str) -> None:
        self._urls = deque(each_address(url))
        # Not every process begins at the first, so that each node has its part of them.
        self._urls.rotate(random.randrange(len(self._urls)))  # nosec B311  # noqa: S311  no secret

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._urls)

    def next(self) -> str:
        """Return the URL of the broker to try now."""
        self._urls.rotate(-1)
        return self._urls[-1]


def where(url: str) -> str:
    """Return how an address is told to people: without its password."""
    found = [urlsplit(one) for one in each_address(url)]
    hosts = ",".join(f"{one.hostname}:{one.port or 5672}" for one in found)
    return f"{found[0].username}@{hosts}, vhost {vhost_of(url)}"


def refusal(error: BaseException) -> str:
    """Return in one sentence why the broker does not let us in, or what it did not do."""
    if said := tls.words(error):
        return said
    if isinstance(error, AMQPConnectorStackTimeout):
        return "it took the connection and does not answer"
    if isinstance(error, pika.exceptions.ProbableAuthenticationError):
        return "the broker refuses user and password"
    if isinstance(error, pika.exceptions.ProbableAccessDeniedError):
        return f"the vhost is missing, or the user may not enter it ({error.args[-1]})"
    if isinstance(error, pika.exceptions.ConnectionClosedByBroker):
        return str(error.reply_text)
    cause = error.args[0] if isinstance(error, pika.exceptions.AMQPConnectionError) else None
    reason = getattr(cause, "exception", None)
    if isinstance(reason, OSError):
        return reason.strerror or str(reason)
    return " ".join((str(error) or repr(error)).split())[:200]


def connected(url: str, name: str, *, stack_s: float = 10) -> BlockingConnection:
    """Connect to the first broker of a URL that can be reached, for work that waits for each
    answer."""
    return pika.BlockingConnection(
        [parameters(one, name, stack_s=stack_s) for one in each_address(url)]
    )


@dataclass(frozen=True, slots=True)
class Applied:
    """What `apply` has found and made.

    Attributes:
        queues: Every queue of events.
        older: Those of them that an earlier release has made. They cannot be changed, and go on
            with what they have: what their arguments lack, `policies` says.
    """

    queues: tuple[str, ...]
    older: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """Whether the broker keeps a history of its own for outside consumers, and how much."""

    wanted: bool = setting(
        "FIVERED_STREAMS",
        help="1: `fivered topology apply` makes a stream of each service's public facts",
        default=False,
    )
    most_bytes: int = setting(
        "FIVERED_STREAM_BYTES",
        help="Largest such stream; the oldest facts go first, all of them after 90 days",
        default=5_000_000_000,
    )


def apply(url: str, installation: Installation, *, stream_bytes: int | None = None) -> Applied:
    """Declare exchanges, queues and bindings; what is there already stays. Safe to repeat.

    Bindings of our own queues that the installation does not name any more are not removed: a
    subscriber of the older release may still need them during an upgrade.

    Args:
        url: AMQP URL of a user that may configure everything.
        installation: What is installed.
        stream_bytes: How large a stream of public facts may become; None makes none.

    Returns:
        The queues that are there now.

    Raises:
        TopologyError: The broker cannot be reached, or a queue exists with arguments that no
            release has given it.
    """
    names, older = [], []
    try:
        connection = connected(url, "fivered topology")
    except FAILS as error:
        raise TopologyError(f"FIVERED_BROKER_URL, {where(url)}: {refusal(error)}") from error
    try:
        channel = connection.channel()
        for source in installation.sources():
            channel.exchange_declare(event_exchange(source), "topic", durable=True)
        channel.exchange_declare(RPC_EXCHANGE, "topic", durable=True)
        channel.exchange_declare(REPLY_EXCHANGE, "topic", durable=True)
        channel.exchange_declare(DEAD_EXCHANGE, "headers", durable=True)
        _declare_dead_calls(channel)
        for queue in installation.dead_queues():
            _declare_dead_events(channel, queue, installation.partitions_of(queue.source))
            names.append(queue.name)
        for queue in installation.queues():
            if _declare_queue(connection, queue.name):
                older.append(queue.name)
            for key in (*queue.keys, replay_key(queue.subscriber, queue.partition)):
                channel.queue_bind(queue.name, event_exchange(queue.source), key)
            names.append(queue.name)
        if stream_bytes is not None:
            names += _declare_streams(channel, installation, stream_bytes)
    except FAILS as error:
        raise TopologyError(f"the broker refuses the topology: {error!r}") from error
    finally:
        if connection.is_open:
            connection.close()
    return Applied(tuple(names), tuple(older))


def _declare_streams(
    channel: BlockingChannel, installation: Installation, most_bytes: int
) -> list[str]:
    """Declare a stream for each service that publishes something for everybody."""
    names = []
    for service in sorted(installation.members):
        if keys := public_keys(installation, service):
            name = history_queue(service)
            channel.queue_declare(name, durable=True, arguments=history_arguments(most_bytes))
            for key in keys:
                channel.queue_bind(name, event_exchange(service), key)
            names.append(name)
    return names


def _declare_queue(connection: BlockingConnection, name: str) -> bool:
    """Declare a subscription queue. Returns whether it is one of an earlier release."""
    refused: Exception | None = None
    for arguments in (queue_arguments(), *EARLIER_ARGUMENTS):
        # A refusal ends the channel.
        channel = connection.channel()
        try:
            channel.queue_declare(name, durable=True, arguments=arguments)
        except pika.exceptions.ChannelClosedByBroker as error:
            if error.reply_code != _OTHER_ARGUMENTS:
                raise
            refused = refused or error
        else:
            channel.close()
            return refused is not None
    assert refused is not None  # noqa: S101  the loop has ended in refusals only
    raise refused


_OTHER_ARGUMENTS = 406


def _declare_dead_events(channel: BlockingChannel, queue: Queue, partitions: int) -> None:
    # Of the classic kind, which counts no deliveries: what is here leaves only when it is heard.
    channel.queue_declare(queue.name, durable=True, arguments={"x-single-active-consumer": True})
    for partition in range(partitions):
        died_in = queue_name(queue.subscriber, queue.source, partition)
        kept = {"x-match": "any-with-x", "x-first-death-queue": died_in}
        channel.queue_bind(queue.name, DEAD_EXCHANGE, "", kept)


def _declare_dead_calls(channel: BlockingChannel) -> None:
    channel.queue_declare(
        DEAD_CALLS,
        durable=True,
        arguments={
            "x-message-ttl": _DEAD_KEPT_MS,
            "x-max-length": _DEAD_MOST,
            "x-overflow": "drop-head",
        },
    )
    channel.queue_bind(DEAD_CALLS, REPLY_EXCHANGE, DEAD_CALLS)


def admit(url: str, user: str, facts: Collection[str], public: Collection[str]) -> list[str]:
    """Make an outside consumer's queues and bind them to exactly these facts. Safe to repeat.

    A queue that is there stays as it is, with what waits in it; that of a service of which it may
    hear nothing is deleted.

    Args:
        url: AMQP URL of a user that may configure everything.
        user: The consumer.
        facts: What it hears, "<service>:<fact>.v<n>".
        public: Every fact that it might be bound to: what of these is not among `facts` is unbound.

    Returns:
        The names of its queues.

    Raises:
        TopologyError: The broker cannot be reached, or refuses.
    """
    with _for_consumer(url) as connection:
        channel = connection.channel()
        _admit_dead(connection, outside_dead(user))
        bound = outside_queues(user, facts)
        for queue in bound:
            if _lacking(connection, queue.name):
                channel.queue_declare(queue.name, durable=True, arguments=outside_arguments(user))
            channel.exchange_declare(queue.name, "fanout", durable=True, auto_delete=True)
            channel.queue_bind(queue.name, queue.name)
            for key in queue.keys:
                channel.exchange_bind(queue.name, event_exchange(queue.source), key)
        names = [queue.name for queue in bound]
        for queue in outside_queues(user, public):
            if queue.name not in names:
                _delete_both(channel, queue.name)
                continue
            for key in queue.keys:
                # Without that exchange between, as earlier releases have bound it.
                channel.queue_unbind(queue.name, event_exchange(queue.source), key)
                if f"{queue.source}:{key.removesuffix('.*')}" not in facts:
                    channel.exchange_unbind(queue.name, event_exchange(queue.source), key)
    return [*names, outside_dead(user)]


def dismiss(url: str, names: Iterable[str]) -> None:
    """Delete an outside consumer's queues, with what waits in them, and their exchanges.

    Raises:
        TopologyError: The broker cannot be reached, or refuses.
    """
    with _for_consumer(url) as connection:
        channel = connection.channel()
        for name in names:
            _delete_both(channel, name)


@contextmanager
def _for_consumer(url: str) -> Iterator[BlockingConnection]:
    connection = None
    try:
        connection = connected(url, "fivered consumer")
        yield connection
    except FAILS as error:
        raise TopologyError(f"FIVERED_BROKER_URL, {where(url)}: {refusal(error)}") from error
    finally:
        if connection is not None and connection.is_open:
            connection.close()


def _admit_dead(connection: BlockingConnection, name: str) -> None:
    """Make the place of what was delivered too often, as `fivered_client` does."""
    channel = connection.channel()
    channel.exchange_declare(name, "headers", durable=True)
    if _lacking(connection, name):
        limits = {"x-max-length": EXT_MOST, "x-expires": EXT_KEPT_MS}
        alone = {"x-single-active-consumer": True}
        channel.queue_declare(name, durable=True, arguments=limits | alone)
    kept = {"x-match": "any-with-x", "x-first-death-reason": "delivery_limit"}
    channel.queue_bind(name, name, "", kept)


def _delete_both(channel: BlockingChannel, name: str) -> None:
    channel.queue_delete(name)
    channel.exchange_delete(name)


def _lacking(connection: BlockingConnection, queue: str) -> bool:
    # A refusal ends the channel.
    channel = connection.channel()
    try:
        channel.queue_declare(queue, passive=True)
    except pika.exceptions.ChannelClosedByBroker:
        return True
    channel.close()
    return False


def remove(url: str, installation: Installation) -> None:
    """Delete the queues and exchanges of an installation, with what waits in them.

    Raises:
        TopologyError: The broker cannot be reached.
    """
    try:
        connection = connected(url, "fivered topology")
        channel = connection.channel()
        for queue in installation.all_queues():
            channel.queue_delete(queue.name)
        channel.queue_delete(DEAD_CALLS)
        for name in installation.members:
            for calls in call_queues(name):
                channel.queue_delete(calls)
        for source in installation.sources():
            channel.exchange_delete(event_exchange(source))
        channel.exchange_delete(RPC_EXCHANGE)
        channel.exchange_delete(REPLY_EXCHANGE)
        channel.exchange_delete(DEAD_EXCHANGE)
        connection.close()
    except FAILS as error:
        raise TopologyError(f"FIVERED_BROKER_URL, {where(url)}: {refusal(error)}") from error


def delete_queues(url: str, names: Iterable[str]) -> None:
    """Delete queues in which nothing is.

    Raises:
        TopologyError: The broker cannot be reached.
    """
    try:
        connection = connected(url, "fivered topology")
        channel = connection.channel()
        for name in sorted(names):
            channel.queue_delete(name)
        connection.close()
    except FAILS as error:
        raise TopologyError(f"FIVERED_BROKER_URL, {where(url)}: {refusal(error)}") from error


def missing_queues(url: str, installation: Installation, source: str) -> list[Queue]:
    """Return the queues that hear `source` and that the broker does not have.

    A mandatory message only comes back when *no* queue takes it; a single missing one among
    several would lose events without a word, so the relay asks before it sends.
    """
    lacking = []
    connection = connected(url, "fivered topology")
    try:
        channel = connection.channel()
        for queue in installation.queues():
            if queue.source != source:
                continue
            try:
                channel.queue_declare(queue.name, passive=True)
            except pika.exceptions.ChannelClosedByBroker:
                lacking.append(queue)
                channel = connection.channel()
    finally:
        if connection.is_open:
            connection.close()
    return lacking
