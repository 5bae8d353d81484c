"""Topology: which exchanges, queues and bindings an installation needs, and who may touch them.

An *installation* lists the services that are installed, what each says and hears. It is computed
from the installed service classes, or read from the file `FIVERED_INSTALLATION`, so that the
process of one service need not import the others.

Names:
    exchange `<service>.events` (topic): routing key `<fact>.v<n>.<partition>`, or
        `to.<subscriber>.<partition>` for what is said again to one subscriber
    queue `<subscriber>.<source>.<partition>`: quorum, single active consumer
    queue `history.<service>`: a stream of what the service publishes for everybody, where the
        installation wants one; each reader begins where it likes, and takes nothing away
    exchange `fivered.rpc` (topic): routing key = service; queue `rpc.<service>` (see `call_queue`)
    exchange `fivered.replies` (topic): routing key = the caller's reply queue
    queue `rpc.dead`: calls that could not be read, by way of `fivered.replies`
    exchange `fivered.dead` (headers); queue `dead.<subscriber>.<source>`: events that were
        delivered more often than a limit allows; the subscriber hears it as well, so that they come
        back

Calls and replies go through topic exchanges because only there RabbitMQ checks binding keys, so
that no service can bind itself to another's calls; and nobody needs the default exchange, which
would let a service put a message into any queue.
"""

from __future__ import annotations

import difflib
import importlib
import json
import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypedDict
from urllib.parse import unquote, urlsplit

from fivered.chassis import here, installed
from fivered.chassis.bus import Service, consumed_by
from fivered.chassis.facts import all_declared
from fivered.chassis.json_values import JsonObject
from fivered.chassis.messages import PARTITIONS
from fivered.chassis.settings import each_address

RPC_EXCHANGE = "fivered.rpc"
REPLY_EXCHANGE = "fivered.replies"
DEAD_EXCHANGE = "fivered.dead"
DEAD_CALLS = "rpc.dead"

# In place of a partition: what was delivered too often, of all partitions.
DEAD = -1
# RabbitMQ 4 gives a quorum queue a limit of 20, and losing a connection counts. A limit as high as
# this is none; releases before 4 do not know another way to say so.
DELIVERIES = 1_000_000_000


class TopologyError(Exception):
    """The installation cannot be read, or the broker refuses it; the message says why."""


# --------------------------------------------------------------------------------------------------
# The installation


@dataclass(frozen=True, slots=True)
class Member:
    """One installed service as the bus sees it.

    Attributes:
        publishes: Fact -> visibility ("public" or "internal").
        consumes: Source -> facts.
        partitions: Number of partitions of its exchange.
    """

    name: str
    publishes: Mapping[str, str] = field(default_factory=dict)
    consumes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    partitions: int = PARTITIONS


@dataclass(frozen=True, slots=True)
class Queue:
    """One subscription queue: what one subscriber hears of one partition of one source.

    The partition `DEAD` is the queue of what was delivered too often.
    """

    subscriber: str
    source: str
    partition: int
    keys: tuple[str, ...]

    @property
    def name(self) -> str:
        """The queue's name on the broker."""
        return queue_name(self.subscriber, self.source, self.partition)


@dataclass(frozen=True, slots=True)
class Installation:
    """The services that belong together.

    Attributes:
        file: What it was read from; empty where it was computed.
    """

    members: Mapping[str, Member]
    file: str = field(default="", compare=False)

    def consumed_of(self, source: str) -> frozenset[str]:
        """Return the facts of `source` that an installed subscriber hears.

        Only these are published as mandatory: a fact that nobody hears has no queue, and that is
        no fault.
        """
        return frozenset(
            fact for member in self.members.values() for fact in member.consumes.get(source, ())
        )

    def queues(self) -> Iterator[Queue]:
        """Return every subscription queue with its binding keys."""
        for member in self.members.values():
            for source, facts in sorted(member.consumes.items()):
                for partition in range(self.partitions_of(source)):
                    keys = tuple(f"{fact}.{partition}" for fact in sorted(facts))
                    yield Queue(member.name, source, partition, keys)

    def dead_queues(self) -> Iterator[Queue]:
        """Return the queues of what was delivered too often, one per subscriber and source."""
        for member in self.members.values():
            for source in sorted(member.consumes):
                yield Queue(member.name, source, DEAD, ())

    def all_queues(self) -> Iterator[Queue]:
        """Return every queue of events that `apply` makes."""
        yield from self.queues()
        yield from self.dead_queues()

    def partitions_of(self, source: str) -> int:
        """Return the number of partitions of a source; the default when it is not installed."""
        member = self.members.get(source)
        return member.partitions if member is not None else PARTITIONS

    def sources(self) -> list[str]:
        """Return the services whose exchanges are needed: who is installed or heard."""
        heard = {source for member in self.members.values() for source in member.consumes}
        return sorted(heard | set(self.members))

    def seen_by(self, name: str) -> str:
        """Return what the processes of a service read of the installation, as a text.

        It changes when they have to be started anew: what the service consumes, and how that is
        partitioned. Who consumes its own facts the relay reads again and again.
        """
        consumes = self.members[name].consumes if name in self.members else {}
        sources = {
            source: [self.partitions_of(source), sorted(facts)]
            for source, facts in consumes.items()
        }
        return json.dumps(sources, ensure_ascii=False, sort_keys=True)

    def partitioned(self, source: str, partitions: int) -> Installation:
        """Return the installation in which a source has another number of partitions."""
        changed = replace(self.members[source], partitions=partitions)
        return Installation({**self.members, source: changed}, self.file)

    def to_json(self) -> str:
        """Return the text of an installation file."""
        services = {
            name: {
                "says": dict(sorted(member.publishes.items())),
                "hears": {
                    source: sorted(facts) for source, facts in sorted(member.consumes.items())
                },
                "partitions": member.partitions,
            }
            for name, member in sorted(self.members.items())
        }
        return json.dumps({"services": services}, ensure_ascii=False, indent=2) + "\n"


def event_exchange(service: str) -> str:
    """Return the name of a service's event exchange."""
    return f"{service}.events"


def queue_name(subscriber: str, source: str, partition: int) -> str:
    """Return the name of a subscription queue."""
    if partition == DEAD:
        return f"dead.{subscriber}.{source}"
    return f"{subscriber}.{source}.{partition}"


def replay_key(subscriber: str, partition: int) -> str:
    """Return the key by which a source says something again to one subscriber only."""
    return f"to.{subscriber}.{partition}"


def history_queue(service: str) -> str:
    """Return the name of the stream of a service's public facts."""
    return f"history.{service}"


# What a stream keeps; it forgets whole segments, so these are small.
STREAM_KEEPS, STREAM_SEGMENT = "90D", 50_000_000


def history_arguments(most_bytes: int) -> JsonObject:
    """Return the arguments of a stream.

    Args:
        most_bytes: Beyond it the oldest facts go before their time.
    """
    return {
        "x-queue-type": "stream",
        "x-max-age": STREAM_KEEPS,
        "x-max-length-bytes": most_bytes,
        "x-stream-max-segment-size-bytes": STREAM_SEGMENT,
    }


def partition_of_dead(headers: Mapping[str, object] | None) -> int:
    """Return the partition that an event of a dead queue was said in."""
    number = str((headers or {}).get("x-first-death-queue", "")).rpartition(".")[2]
    return int(number) if number.isdigit() else 0


def call_queue(service: str) -> str:
    """Return the name of a service's call queue.

    It is no part of `apply`: the service's own process declares it, durable and auto-delete. It
    lives exactly as long as somebody consumes it, so that a call to a stopped service comes back
    at once as unroutable instead of waiting for its deadline in a queue that nobody reads. Where
    the broker was started again and nobody serves, it goes after half a minute.
    """
    return call_queues(service)[0]


def call_queues(service: str) -> tuple[str, ...]:
    """Return the names that a service's call queue may have: the second one while the node of a
    cluster that has the first one is away."""
    return f"rpc.{service}", f"rpc.{service}.2"


def member_of(cls: type[Service]) -> Member:
    """Describe a service class."""
    return Member(
        cls.name,
        {
            event.FACT: getattr(event, "VISIBILITY", "internal")
            for event in all_declared(cls.publishes)
        },
        consumed_by(cls),
    )


def installation_of(classes: Iterable[type[Service]]) -> Installation:
    """Describe the installation that consists of these service classes."""
    return Installation({cls.name: member_of(cls) for cls in classes})


def read_installation(path: str | Path) -> Installation:
    """Read an installation file.

    Raises:
        TopologyError: There is no such file, or it is not one.
    """
    try:
        stand = Path(path).stat()
        known = _READ.get(str(path))
        if known is not None and known[0] == _mark_of(stand):
            # Workers look every few seconds, and it changes once in months.
            return known[1]
        text = Path(path).read_text("utf-8")
        members = {
            name: Member(
                name,
                dict(said.get("says", {})),
                {source: tuple(facts) for source, facts in said.get("hears", {}).items()},
                int(said.get("partitions", PARTITIONS)),
            )
            for name, said in json.loads(text)["services"].items()
        }
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise TopologyError(f"{path} is no installation file: {error}") from error
    found = Installation(members, str(path))
    _READ[str(path)] = (_mark_of(stand), found)
    return found


# What was read last from each file, and the file's mark then.
_READ: dict[str, tuple[tuple[int, ...], Installation]] = {}


def _mark_of(stand: os.stat_result) -> tuple[int, ...]:
    return stand.st_dev, stand.st_ino, stand.st_size, stand.st_mtime_ns


def find_service(name: str) -> type[Service]:
    """Return the class of a service: by its installed name, or as "module:Class".

    Raises:
        NotInstalled: There is no such service here.
    """
    if ":" not in name:
        return installed.service_class(name)
    module, _, attribute = name.partition(":")
    found: type[Service] = getattr(importlib.import_module(module), attribute)
    return found


def looked_at() -> Installation:
    """Return the installation at which a command looks: that of the system that runs here, where
    the environment names none.

    Raises:
        TopologyError: Its file cannot be read.
        CommandFailed: In the folder that the command names there is none.
    """
    return current_installation(path=here.installation_file())


def current_installation(own: type[Service] | None = None, path: str | None = None) -> Installation:
    """Return the installation that this process belongs to.

    Args:
        own: The service of this process; it belongs to every installation, whatever the file says.
        path: The installation file; default the variable FIVERED_INSTALLATION.

    Raises:
        TopologyError: The file cannot be read.
    """
    path = os.environ.get("FIVERED_INSTALLATION", "") if path is None else path
    found = (
        read_installation(path)
        if path
        else installation_of(installed.service_class(name) for name in installed.service_names())
    )
    if own is None or own.name in found.members:
        return found
    return Installation({**found.members, own.name: member_of(own)}, found.file)


# --------------------------------------------------------------------------------------------------
# What the broker is to have; `broker` makes it


def queue_arguments() -> JsonObject:
    """Return the arguments of a subscription queue.

    No length limit: a full queue would make the broker refuse one event and take the next one of
    the same aggregate, and the outbox is the place where events wait. Should an operator set a
    limit by policy, `reject-publish` makes the relay wait instead of dropping the oldest event.
    Where the operator limits deliveries, what exceeds it goes to the subscriber's dead queue, and
    leaves this one only when it is there.
    """
    return EARLIER_ARGUMENTS[0] | {
        "x-delivery-limit": DELIVERIES,
        "x-dead-letter-exchange": DEAD_EXCHANGE,
        "x-dead-letter-strategy": "at-least-once",
    }


# What earlier releases gave their queues, newest first; never changed, for such queues exist.
EARLIER_ARGUMENTS: tuple[JsonObject, ...] = (
    {
        "x-queue-type": "quorum",
        "x-single-active-consumer": True,
        "x-overflow": "reject-publish",
    },
)


# Outside consumers, whatever they ask for.
EXT_MOST, EXT_KEPT_MS = 100_000, 7 * 24 * 3600 * 1000


# Of an installation, where its broker's address names no other.
VHOST = "fivered"


def vhost_of(url: str) -> str:
    """Return the vhost that an AMQP URL names; without one ours."""
    if not url:
        return VHOST
    return unquote(urlsplit(each_address(url)[0]).path.removeprefix("/")) or "/"


Policy = TypedDict(
    "Policy", {"pattern": str, "apply-to": str, "priority": int, "definition": dict[str, str | int]}
)


def policies() -> dict[str, Policy]:
    """Return the broker's policies by name, as its management interface takes them.

    They say for queues that exist what `queue_arguments` says for new ones, and hold the queues of
    outside consumers within limits, however those declare them.
    """
    return {
        "subscriptions": {
            "pattern": r"^(?!ext\.)[a-z0-9_-]+\.[a-z0-9_-]+\.[0-9]+$",
            "apply-to": "queues",
            "priority": 0,
            "definition": {
                "delivery-limit": DELIVERIES,
                "dead-letter-exchange": DEAD_EXCHANGE,
                "dead-letter-strategy": "at-least-once",
            },
        },
        "outside-consumers": {
            "pattern": r"^ext\.",
            "apply-to": "queues",
            "priority": 0,
            "definition": {
                "max-length": EXT_MOST,
                "overflow": "drop-head",
                "expires": EXT_KEPT_MS,
                "delivery-limit": DELIVERIES,
            },
        },
    }


def policy_commands(vhost: str) -> list[str]:
    """Return the commands that give a broker these policies."""
    return [
        f"rabbitmqctl set_policy -p {shlex.quote(vhost)} --apply-to {policy['apply-to']}"
        f" --priority {policy['priority']} {name} {shlex.quote(policy['pattern'])}"
        f" {shlex.quote(json.dumps(policy['definition']))} </dev/null"
        for name, policy in policies().items()
    ]


# --------------------------------------------------------------------------------------------------
# Permissions


# Matches no routing key; an empty pattern would mean something else to RabbitMQ.
_NOTHING = "^$a"
_REPLIES = r"amq\.gen-.*"


@dataclass(frozen=True, slots=True)
class TopicPermission:
    """Which routing and binding keys one broker user may use on one topic exchange."""

    exchange: str
    write: str
    read: str


@dataclass(frozen=True, slots=True)
class Permission:
    """What one broker user may do, as RabbitMQ's three patterns.

    Attributes:
        topics: What holds beyond them on topic exchanges.
    """

    user: str
    configure: str
    write: str
    read: str
    topics: tuple[TopicPermission, ...] = ()


def permissions(installation: Installation, gateway: str = "gateway") -> list[Permission]:
    """Return the permissions of every process of an installation, as data for the deployment.

    A service may publish to its own exchange and answer calls; it cannot speak as another service,
    read another's queues, take another's calls or call anybody. `topology apply` runs as an
    administrator, so services configure nothing but their own call queue, and the gateway nothing
    but its reply queue.
    """
    rpc, replies = re.escape(RPC_EXCHANGE), re.escape(REPLY_EXCHANGE)
    found = []
    for name, member in sorted(installation.members.items()):
        calls = "|".join(map(re.escape, call_queues(name)))
        # Whatever their number of partitions is.
        mine = sorted(
            rf"{re.escape(name)}\.{re.escape(source)}\.[0-9]+" for source in member.consumes
        )
        mine += sorted(
            re.escape(queue.name)
            for queue in installation.dead_queues()
            if queue.subscriber == name
        )
        own = re.escape(event_exchange(name))
        found.append(
            Permission(
                user=member.name,
                configure=f"^({calls})$",
                # Binding a queue is a write on the queue.
                write=f"^({own}|{replies}|{calls})$",
                # Binding reads the exchange that is bound to; the key is checked below.
                read="^(" + "|".join([*mine, calls, rpc]) + ")$",
                topics=(TopicPermission(RPC_EXCHANGE, _NOTHING, f"^{re.escape(name)}$"),),
            )
        )
    found.append(
        Permission(
            user=gateway,
            configure=f"^{_REPLIES}$",
            write=f"^({rpc}|{_REPLIES})$",
            read=f"^({replies}|{_REPLIES})$",
            topics=(TopicPermission(REPLY_EXCHANGE, _NOTHING, f"^{_REPLIES}$"),),
        )
    )
    return found


def public_keys(installation: Installation, service: str) -> list[str]:
    """Return the binding keys that outside consumers may use on a service's exchange.

    One per public fact, any partition. Person-level facts are internal and have none.
    """
    member = installation.members.get(service)
    if member is None:
        return []
    return [
        f"{fact}.*"
        for fact, visibility in sorted(member.publishes.items())
        if visibility == "public"
    ]


# No point, since `ext.<user>.` must not be the beginning of another's queues.
_OUTSIDE = re.compile(r"[A-Za-z0-9_-]{1,60}")
# Who applies the topology and lets consumers in, and whom a broker has from its beginning.
_ADMINISTRATORS = {"topology", "administrator", "guest"}


def consumer(installation: Installation, user: str, facts: Iterable[str]) -> Permission:
    """Return the permissions of an outside consumer: its own queues, exactly these public facts.

    Args:
        installation: What is installed.
        user: The consumer's user name; its queues begin with `ext.<user>.`.
        facts: What it may hear: "<service>:<fact>.v<n>", or a service for all that it has public
            today.

    Raises:
        TopologyError: It is no name, or that of a process of ours, whose rights would be replaced;
            or a fact is internal, or nobody publishes it.
    """
    if not _OUTSIDE.fullmatch(user):
        raise TopologyError(f"{user!r} is no user name: at most 60 letters, digits, - and _")
    if user in _ADMINISTRATORS or user in {one.user for one in permissions(installation)}:
        raise TopologyError(f"{user} is a user of this installation: name another")
    wanted = _by_service(chosen(installation, facts))
    queues = rf"ext\.{re.escape(user)}\..*"
    exchanges = "|".join(re.escape(one) for one in _readable(installation, wanted))
    return Permission(
        user=user,
        configure=f"^{queues}$",
        write=f"^{queues}$",
        read=f"^({queues}|{exchanges})$" if wanted else f"^{queues}$",
        topics=tuple(
            TopicPermission(event_exchange(service), _NOTHING, _bindable(named))
            for service, named in wanted.items()
        ),
    )


def chosen(installation: Installation, facts: Iterable[str]) -> list[str]:
    """Return public facts by name, each "<service>:<fact>.v<n>", sorted.

    Raises:
        TopologyError: One is internal, or nobody publishes it.
    """
    found: set[str] = set()
    for text in facts:
        service, colon, fact = text.partition(":")
        member = installation.members.get(service)
        if member is None:
            known = ", ".join(sorted(installation.members))
            raise TopologyError(f"{text}: no service {service!r} is installed (there are: {known})")
        public = [key.removesuffix(".*") for key in public_keys(installation, service)]
        if not colon:
            if not public:
                raise TopologyError(f"{service} publishes nothing that is public")
            found |= {f"{service}:{one}" for one in public}
        elif fact in public:
            found.add(text)
        elif fact in member.publishes:
            raise TopologyError(
                f"{text} is internal: no outside consumer may hear it"
                " (fivered events list says which are public)"
            )
        else:
            alike = difflib.get_close_matches(fact, public, 1) or public[:1]
            meant = f"; is {service}:{alike[0]} meant?" if alike else ""
            raise TopologyError(f"{text}: {service} publishes no {fact!r}{meant}")
    return sorted(found)


def _readable(installation: Installation, wanted: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield what a consumer reads from: exchanges, and the streams of which it may hear all."""
    for service, facts in wanted.items():
        yield event_exchange(service)
        if len(facts) == len(public_keys(installation, service)):
            yield history_queue(service)


def _by_service(facts: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for service, _, fact in (one.partition(":") for one in sorted(facts)):
        found.setdefault(service, []).append(fact)
    return found


def _bindable(facts: list[str]) -> str:
    # A binding key may name one partition or `*` for all, never `#`.
    return rf"^({'|'.join(map(re.escape, facts))})\.(\*|[0-9]+)$" if facts else _NOTHING


def facts_of(permission: Permission) -> list[str] | None:
    """Return what an outside consumer may hear; None where these are not the rights of one."""
    own = rf"^ext\.{re.escape(permission.user)}\..*$"
    if (permission.configure, permission.write) != (own, own):
        return None
    return sorted(
        f"{topic.exchange.removesuffix('.events')}:{fact}"
        for topic in permission.topics
        if (keys := _BINDABLE.fullmatch(topic.read)) is not None
        for fact in keys[1].replace("\\", "").split("|")
    )


_BINDABLE = re.compile(r"\^\((.+)\)\\\.\(\\\*\|\[0-9\]\+\)\$")


def without(before: Permission, now: Permission) -> Permission:
    """Return rights that take back what an outside consumer had of sources that it loses.

    Nothing said of an exchange would mean everything to RabbitMQ.
    """
    kept = {topic.exchange for topic in now.topics}
    lost = (topic.exchange for topic in before.topics if topic.exchange not in kept)
    return replace(
        now, topics=(*now.topics, *(TopicPermission(e, _NOTHING, _NOTHING) for e in lost))
    )


@dataclass(frozen=True, slots=True)
class Outside:
    """The queue of an outside consumer for one service.

    Bindings do not lead to the queue, but to an exchange of the same name that hands everything on
    to it: a consumer that no longer wants a fact replaces that exchange, since over AMQP nobody is
    told what a queue is bound to.

    Attributes:
        name: Of the queue, and of that exchange.
        source: The service.
        keys: What it is bound by.
    """

    name: str
    source: str
    keys: tuple[str, ...]


def outside_queues(user: str, facts: Iterable[str]) -> list[Outside]:
    """Return the queues of an outside consumer."""
    return [
        Outside(f"ext.{user}.{service}", service, tuple(f"{fact}.*" for fact in named))
        for service, named in _by_service(facts).items()
    ]


def outside_dead(user: str) -> str:
    """Return the name of the queue, and of its exchange, of what was delivered too often."""
    return f"ext.{user}.dead"


def outside_arguments(user: str) -> JsonObject:
    """Return the arguments of an outside consumer's queue; `fivered_client` declares the same."""
    return {
        "x-queue-type": "quorum",
        "x-single-active-consumer": True,
        "x-max-length": EXT_MOST,
        "x-overflow": "drop-head",
        "x-expires": EXT_KEPT_MS,
        "x-delivery-limit": DELIVERIES,
        "x-dead-letter-exchange": outside_dead(user),
    }


def commands(permission: Permission, vhost: str) -> list[str]:
    """Return the commands that give a broker user these permissions.

    What narrows comes first: should a later command not be carried out, the user may do less than
    meant, never more. And none of them reads the shell's own input.
    """
    quoted = [shlex.quote(part) for part in (permission.user, permission.configure)]
    given = [*quoted, shlex.quote(permission.write), shlex.quote(permission.read)]
    place = f"-p {shlex.quote(vhost)}"
    return [
        *(
            f"rabbitmqctl set_topic_permissions {place} {quoted[0]} {topic.exchange}"
            f" {shlex.quote(topic.write)} {shlex.quote(topic.read)} </dev/null"
            for topic in permission.topics
        ),
        f"rabbitmqctl set_permissions {place} {' '.join(given)} </dev/null",
    ]
