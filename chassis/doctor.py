"""`fivered doctor`: look at what is installed and configured here, and say what is wrong.

It does what the processes do: it logs in to each database and to the broker, and looks for what
they need there. A mark WARN says that nothing is wrong yet.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol, TypeGuard, TypeVar, runtime_checkable

import pika
import sqlalchemy as sa
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from fivered.chassis import (
    append_only,
    audit_seals,
    broker,
    database_errors,
    here,
    leases,
    own_data,
    owners,
    partitioning,
    person_keys,
    sealing,
    topology,
    webhooks,
)
from fivered.chassis import storage as store
from fivered.chassis.blobs import KEPT, NoBlobs
from fivered.chassis.cards import Outlook, StepCard
from fivered.chassis.here import keys_file
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.kept import InBucket, kept_here
from fivered.chassis.messages import SYSTEM
from fivered.chassis.migrate import current_of, newest_of, package_of
from fivered.chassis.runtime import Runtime
from fivered.chassis.settings import (
    ACTOR_KEY,
    SettingsError,
    address_fault,
    database_variable,
    owner_variable,
)
from fivered.chassis.transaction import Tx

# None: nothing is wrong yet, and somebody has to do something before it is.
_MARKS: dict[bool | None, str] = {True: "ok", False: "BAD", None: "WARN"}
Found = tuple[bool | None, str]
T = TypeVar("T")


class Finding(NamedTuple):
    """What was looked at, how it is (`ok`, `WARN`, `BAD`), and what was found."""

    what: str
    state: str
    text: str


def run(say: Callable[[str], None], *, as_json: bool = False) -> int:
    """Look at every installed service and at the broker, and say what was found, a line each.
    Returns 1 when something is wrong."""
    wrong = False
    for one in findings():
        wrong |= one.state == _MARKS[False]
        plain = f"{one.state:<4} {one.what}: {one.text}"
        say(json.dumps(one._asdict(), ensure_ascii=False) if as_json else plain)
    return int(wrong)


def findings() -> Iterator[Finding]:
    """Look at every installed service and at the broker."""
    beside = here.adopt()
    mine = []
    left_out = set(service_names()) if beside else _left_out()
    for name in service_names():
        url = os.environ.get(database_variable(name))
        if not url and name in left_out:
            continue
        if url:
            mine.append(name)
        for ok, text in _service(name, url):
            yield Finding(name, _MARKS[ok], text)
    if here.is_named() and here.system() is None:
        yield Finding("up", _MARKS[None], here.nothing_runs())
    if os.environ.get("FIVERED_S3_URL"):
        ok, text = _files()
        yield Finding("files", _MARKS[ok], text)
    if mine and all(_is_embedded(os.environ[database_variable(name)]) for name in mine):
        yield Finding("broker", "ok", "none is needed, everything runs in one process")
    else:
        for ok, text in _broker(here.broker_url(), mine):
            yield Finding("broker", _MARKS[ok], text)


def _files() -> Found:
    """Look whether files can be kept in the bucket, and read and deleted there."""
    try:
        bucket = kept_here(os.environ.get("FIVERED_BLOBS", ""))
    except (SettingsError, NoBlobs) as error:
        return False, str(error)
    if isinstance(bucket, InBucket) and (why := bucket.check()):
        return False, f"the store does not keep files: {why}"
    left = sum(1 for _ in Path(os.environ["FIVERED_BLOBS"]).glob(f"{KEPT}/*/*/*"))
    if left:
        return None, f"{left} files lie in the folder still: fivered files move"
    return True, "the bucket takes files, gives them and deletes them"


def _left_out() -> set[str]:
    """Return the services that are installed here and that the installation file does not name."""
    if not os.environ.get("FIVERED_INSTALLATION"):
        return set()
    try:
        return set(service_names()) - set(topology.looked_at().members)
    except topology.TopologyError:
        return set()  # said where the broker is looked at


def _is_embedded(url: str) -> bool:
    return url.startswith("sqlite")


def _service(name: str, url: str | None) -> list[Found]:
    if not url:
        return [(False, f"{database_variable(name)} is not set")]
    if why := address_fault(url, "postgresql", "sqlite"):
        return [(False, f"{database_variable(name)} {why}")]
    cls = service_class(name)
    try:
        runtime = Runtime.open(cls, url)
    except SettingsError as error:
        return [(False, problem) for problem in error.problems]
    try:
        if store.shares_sessions(runtime.engine):
            return [(False, f"database: {store.SHARED_SESSIONS}")]
        current, head = current_of(runtime.engine, package_of(cls)), newest_of(package_of(cls))
        if current != head:
            return [
                (False, f"database is at {current}, the code at {head} (fivered migrate {name})")
            ]
        with runtime.snapshot(SYSTEM) as tx:
            if not store.takes_writes(tx.conn):
                return [(False, f"database: {store.NO_WRITES}")]
            card = runtime.health(tx)
            now = datetime.now(UTC)
            keys = [*_signatures(tx), *_clocks(tx, now), *_keys(tx), *_webhooks(tx)]
            keys += _erasures(tx)
            keys += _unsealed(tx, now)
            keys += _own(tx)
            changing = partitioning.read(tx.conn, runtime.chassis)
            steps = runtime.first_steps(tx)["steps"]
        workers = leases.listed(runtime)
    except sa.exc.SQLAlchemyError as error:
        return [(False, f"database: {_words(error)}")]
    finally:
        runtime.close()
    return [
        (True, f"database is at {head}"),
        _leaving(name, card["outbox_unsent"], card["outbox_oldest_s"]),
        (card["parked"] == 0, f"{card['parked']} events are parked (fivered parked list {name})"),
        (card["timers_late"] == 0, f"{card['timers_late']} timers are late"),
        _calendar(card["calendar"]),
        *_workers(name, workers),
        *_changing(name, changing),
        *keys,
        *_readable_by_others(url),
        *_left_to_do(steps),
    ]


def _left_to_do(steps: Iterable[StepCard]) -> Iterator[Found]:
    """Tell what a new installation still lacks, as `GET /v1/setup` does."""
    for step in steps:
        if not step["done"]:
            needed, said = step["needed"], f"{step['code']}: {step['text']}"
            yield None if needed else True, f"{'left to do' if needed else 'may be added'}, {said}"


def _signatures(tx: Tx) -> Iterator[Found]:
    """Tell whether every service can still sign who acts in the calls of the others."""
    if tx.runtime.process.actor_public and tx.runtime.process.actor_key:
        yield None, f"{ACTOR_KEY} is believed beside the pairs: empty it (docs/keys.md)"


def _erasures(tx: Tx) -> Iterator[Found]:
    """Tell whether a restored database still holds what was erased."""
    if many := own_data.waiting(tx):
        said = "a start carries them out again; its log says erasure_waits and why"
        yield False, f"{many} erasures of before the restore wait: {said}"


@runtime_checkable
class Looks(Protocol):
    """A service that has something to say to the doctor."""

    def looked_at(self, tx: Tx) -> Iterable[Found]:
        """Return whether it is well, and what is said of it."""


def _own(tx: Tx) -> Iterable[Found]:
    """Tell what the service itself finds."""
    service = tx.runtime.instance()
    return service.looked_at(tx) if isinstance(service, Looks) else ()


def _owner(tx: Tx) -> Iterator[Found]:
    """Tell whether the service's password can lift what protects the audit."""
    if owner := owners.owner_of_audit(tx.conn):
        yield True, f"the audit belongs to {owner}"
    elif store.is_postgresql(tx.conn):
        name = owner_variable(tx.runtime.name)
        yield None, f"the service's own role owns the audit: {name} (docs/bare-metal.md)"


def _webhooks(tx: Tx) -> Iterator[Found]:
    """Tell which webhooks the sender has paused, and whether any is active that nobody sends to."""
    name = tx.runtime.name
    for row in webhooks.paused(tx):
        why = "the receiver is gone (410)" if row.why == webhooks.GONE else "it took nothing"
        yield False, f"webhook {row.webhook_id} is paused: {why} (docs/webhooks.md)"
    if not webhooks.is_on(tx.runtime.process) and webhooks.active(tx):
        yield None, f"webhooks of {name} are not sent: FIVERED_WEBHOOK_HOSTS and {webhooks.KEY}"


def _unsealed(tx: Tx, now: datetime) -> Iterator[Found]:
    """Tell whether days of the audit wait for their seal, and whether its rows can be changed."""
    since = audit_seals.unsealed_since(tx.conn, tx.runtime.chassis)
    if since is not None and now - since > audit_seals.SEALED_WITHIN:
        yield None, f"the audit is not sealed since {since:%Y-%m-%d} (fivered work does it)"
    yield from _owner(tx)
    if may_change := append_only.open_tables(tx.conn):
        named = ", ".join(may_change)
        yield False, f"rows of {named} can be changed or removed: {_HOLD_AGAIN}"


_HOLD_AGAIN = "triggers or rights are away (fivered verify audit; fivered migrate)"


def _words(error: sa.exc.SQLAlchemyError) -> str:
    said = (
        database_errors.words_of(error)
        if isinstance(error, sa.exc.DBAPIError)
        else " ".join(str(error).split())
    )
    return said[:200]


def _leaving(name: str, count: int, oldest_s: float) -> Found:
    text = f"{count} facts wait to leave"
    if oldest_s < 60:
        return True, text
    told = "relay_waits, topology_missing or event_refused"
    return False, f"{text}, the oldest for {oldest_s:.0f} s (the log of work {name}: {told})"


def _workers(name: str, found: Sequence[Mapping[str, object]]) -> Iterator[Found]:
    """Say how many share the queues; that none runs is said where the queues are looked at."""
    live = [one for one in found if float(str(one["seen_s"])) <= leases.EXPIRES_S]
    if live:
        shares = ", ".join(str(one["held"]) for one in live)
        yield True, f"{len(live)} workers share the queues: {shares} (fivered workers {name})"
    if len(live) < len(found):
        yield None, f"{len(found) - len(live)} workers ended without a word within the last minute"


def _changing(name: str, found: partitioning.Partitioning) -> Iterator[Found]:
    if found.was is not None:
        go_on = f"fivered partitions {name} {found.partitions}"
        yield None, f"the change from {found.was} to {found.partitions} partitions waits ({go_on})"


def _clocks(tx: Tx, now: datetime) -> Iterator[Found]:
    """Compare this machine's clock with that of the database, and with the last fact: timers fire,
    tokens end and facts are recorded by it."""
    outbox = tx.runtime.chassis.outbox
    asked = sa.select(outbox.c.recorded_at).order_by(outbox.c.id.desc()).limit(1)
    recorded = tx.conn.execute(asked).scalar()
    if recorded is not None and recorded - now > _CLOCKS_DIFFER:
        behind = (recorded - now).total_seconds()
        yield False, f"the clock of this machine is {behind:.0f} s behind the last recorded fact"
    if store.is_postgresql(tx.conn):
        theirs = tx.conn.execute(sa.text("SELECT clock_timestamp()")).scalar_one()
        if abs(theirs - now) > _CLOCKS_DIFFER:
            apart = abs(theirs - now).total_seconds()
            yield False, f"the clocks of this machine and of the database differ by {apart:.0f} s"


_CLOCKS_DIFFER = timedelta(minutes=1)


def _keys(tx: Tx) -> Iterator[Found]:
    try:
        status = sealing.status(tx)
    except SettingsError as error:
        yield from ((False, problem) for problem in error.problems)
        return
    if status is None:
        return
    yield from ((False, problem) for problem in sealing.problems(tx))
    if status.waiting is None and person_keys.owners(tx.runtime.service_cls):
        yield None, "people share the service's key: when no 0.2 runs, fivered keys persons --begin"
    elif status.waiting:
        yield None, f"{status.waiting} values wait for the key of their person"
    if status.left:
        before = f"{status.setting}_BEFORE stays until then (fivered keys status)"
        yield None, f"{status.left} values wait to be sealed with the present key; {before}"
    elif status.before:
        yield None, f"nothing needs {status.setting}_BEFORE any more: drop it (fivered keys drop)"


def _readable_by_others(url: str) -> Iterator[Found]:
    """Look at the files of an embedded installation; a server's are the server's."""
    if not _is_embedded(url):
        return
    path = Path(str(sa.make_url(url).database))
    for one in (path.parent, path, keys_file(path.parent)):
        if one.exists() and one.stat().st_mode & 0o077:
            mode = "700" if one.is_dir() else "600"
            yield None, f"others on this machine may read {one} (chmod {mode} {one})"


def _calendar(card: Outlook) -> Found:
    text = f"working days {'are' if card['days_left'] >= 0 else 'were'} known until {card['until']}"
    if not card["ends_soon"]:
        return True, text
    return None, f"{text}; later ones are provisional (fivered calendar load FILE)"


# --------------------------------------------------------------------------------------------------
# The broker


def _broker(url: str, mine: list[str]) -> Iterator[Found]:
    """Log in as the processes do, look for what they need, and try what they may.

    Args:
        url: Of the user of this environment.
        mine: The services whose environment this is.
    """
    if not url:
        yield False, "FIVERED_BROKER_URL is not set"
        return
    if why := address_fault(url, "amqp", "amqps"):
        yield False, f"FIVERED_BROKER_URL {why}"
        return
    where = broker.where(url)
    try:
        connection = broker.connected(url, "fivered doctor", stack_s=5)
    except broker.FAILS as error:
        yield False, f"{where}: {broker.refusal(error)}"
        return
    yield True, f"{where}: logged in"
    try:
        installation = topology.looked_at()
        yield _exchanges(connection, installation)
        yield _queues(connection, installation)
        for name in mine:
            if name in installation.members:
                yield _rights(connection, installation, name)
                yield from _listeners(connection, installation, name)
    except topology.TopologyError as error:
        yield False, str(error)
    except broker.FAILS as error:
        yield False, f"{where}: {broker.refusal(error)}"
    finally:
        if connection.is_open:
            connection.close()


def _asks(
    connection: pika.BlockingConnection, ask: Callable[[BlockingChannel], T]
) -> T | ChannelClosedByBroker:
    """Ask on a channel of its own. Returns the answer, or the refusal that closed the channel."""
    channel = connection.channel()
    try:
        answer = ask(channel)
    except ChannelClosedByBroker as error:
        return error
    channel.close()
    return answer


def _is_refusal(answer: object) -> TypeGuard[ChannelClosedByBroker]:
    return isinstance(answer, ChannelClosedByBroker)


def _exchanges(connection: pika.BlockingConnection, installation: topology.Installation) -> Found:
    names = [topology.RPC_EXCHANGE, topology.REPLY_EXCHANGE, topology.DEAD_EXCHANGE]
    names += [topology.event_exchange(source) for source in installation.sources()]

    def lacks(name: str) -> bool:
        return _is_refusal(_asks(connection, lambda ch: ch.exchange_declare(name, passive=True)))

    lacking = [name for name in names if lacks(name)]
    if lacking:
        return False, f"exchanges are missing: {', '.join(lacking)} (fivered topology apply)"
    return True, f"{len(names)} exchanges are there"


def _queues(connection: pika.BlockingConnection, installation: topology.Installation) -> Found:
    queues = [queue.name for queue in installation.all_queues()]
    lacking = [name for name in queues if _look(connection, name) is None]
    if lacking:
        return False, f"queues are missing: {', '.join(lacking)} (fivered topology apply)"
    return True, f"{len(queues)} queues are there"


def _look(connection: pika.BlockingConnection, queue: str) -> pika.spec.Queue.DeclareOk | None:
    answer = _asks(connection, lambda ch: ch.queue_declare(queue, passive=True))
    return None if _is_refusal(answer) else answer.method


def _rights(
    connection: pika.BlockingConnection, installation: topology.Installation, name: str
) -> Found:
    """Try what the service's processes do, in ways that change nothing."""
    own = topology.event_exchange(name)

    def speaks(channel: BlockingChannel) -> None:
        channel.confirm_delivery()
        # Nobody is bound to this key.
        channel.basic_publish(own, "doctor", b"")

    tries: dict[str, Callable[[BlockingChannel], None]] = {f"publish to {own}": speaks}
    for queue in installation.queues():
        if queue.subscriber == name:
            # A queue with a single consumer refuses it even to a user who may read, in words of
            # its own.
            tries[f"read {queue.name}"] = _reads(queue.name)
    may_not = [
        what
        for what, attempt in tries.items()
        if _is_refusal(answer := _asks(connection, attempt)) and answer.reply_code == _MAY_NOT
    ]
    if may_not:
        return False, f"{name} may not {', '.join(may_not)} (fivered topology permissions)"
    return True, f"{name} may do what it needs"


_MAY_NOT = 403


def _reads(queue: str) -> Callable[[BlockingChannel], None]:
    def attempt(channel: BlockingChannel) -> None:
        method, _properties, _body = channel.basic_get(queue)
        if method is not None:
            channel.basic_nack(method.delivery_tag, requeue=True)

    return attempt


def _listeners(
    connection: pika.BlockingConnection, installation: topology.Installation, name: str
) -> Iterator[Found]:
    """Say when nobody runs: a warning only, since one may look before the processes start."""
    looked = [_look(connection, calls) for calls in topology.call_queues(name)]
    if not any(calls is not None and calls.consumer_count for calls in looked):
        yield None, f"nobody answers the calls of {name} (fivered serve {name})"
    unheard = 0
    waiting = 0
    for queue in installation.queues():
        if queue.subscriber == name:
            found = _look(connection, queue.name)
            if found is not None and found.consumer_count == 0:
                unheard += 1
                waiting += found.message_count
    if unheard:
        text = f"{unheard} queues of {name} have no consumer, {waiting} events wait"
        yield None, f"{text} (fivered work {name})"
