"""The relay: takes the events of a service from its outbox to the broker, in order.

One relay per service is active, whatever the number of workers: it holds an advisory lock on the
same connection with which it reads and marks, so that a relay which lost the lock cannot mark. The
connection of one that is frozen, and so says nothing to its database, is ended by those that stand
by.
Events go out in id order, some hundred in flight, each confirmed by the broker before it is marked
sent. What is in doubt is sent again; the inbox of the consumer drops it. Small windows are marked
together, a moment later: a commit for each of them would make the next event wait.

A fact that somebody hears is mandatory. When the broker has no queue for it, the event stays in
the outbox: the relay raises an alarm, goes on with the others (but not with later events of the
same subject, which would overtake it) and tries again every few seconds. So the operator's retry is
`fivered topology apply`; nothing else is to be done. An event that the broker refuses (a queue that
takes it is full) waits in the same way, until there is room.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import psycopg
import sqlalchemy as sa

from fivered.chassis import broker, history, metrics, topology
from fivered.chassis import storage as store
from fivered.chassis.messages import PARTITIONS
from fivered.chassis.partitioning import target
from fivered.chassis.publisher import Lost, Outcome, Publisher, Unsent
from fivered.chassis.reconnect import Patience, tell_fault
from fivered.chassis.runtime import Runtime

log = logging.getLogger("fivered.relay")
Database: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"

WINDOW = 500
# How often a relay that stands by tries to take over.
POLL_S = 1.0
# How often one that is active looks into its outbox: a commit that says something wakes it, so this
# is for notices that were lost, and tells those that stand by that it is not frozen.
ASK_S = 5.0
# How long what the broker has confirmed may wait to be marked with what follows it, unless it fills
# a window before: so much is sent again when the relay dies.
MARK_S = 0.05
AGAIN_S = 5.0
# What is refused is tried again sooner at first, and after so many tries less and less often: a
# queue of a cluster that has lost its leader has another one after some 0.1 to 1 s.
_AGAIN_FIRST_S = 0.1
_FIRST_TRIES = 8
# Over another connection so often a minute: a queue that is full is as full over any other.
_MOST_ANEW = 12
# How often the installation is read again: a fact may have got its first consumer.
LOOK_S = 15.0
# What goes on being refused is told again so often.
TELL_AGAIN_S = 60.0
# A relay asks its database every `ASK_S`, or waits for the broker for at most twice `DEADLINE_S`.
FROZEN_S = 30.0
_LOCK_CLASS = 5_170_002
_LOCK = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"
_END_FROZEN = """
    SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = %s::oid
        AND objid = (hashtext(%s)::bigint & 4294967295)::oid
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND state_change < clock_timestamp() - make_interval(secs => %s)
"""


class _Elsewhere(Exception):
    """Another connection is tried at once: nothing is wrong with the broker."""


@dataclass(slots=True)
class RelayState:
    """What the health page shows.

    Attributes:
        active: This relay holds the service's lock.
        unroutable: (fact, partition) whose queue the broker lacks.
        refused: (fact, partition) that a queue would not take when it was last tried.
        beat: When the thread last turned (monotonic).
    """

    active: bool = False
    connected: bool = False
    blocked: bool = False
    sent: int = 0
    unroutable: tuple[tuple[str, int], ...] = ()
    refused: tuple[tuple[str, int], ...] = ()
    why: str = ""
    beat: float = field(default_factory=time.monotonic)


class Relay(threading.Thread):
    """The relay thread of a worker.

    Attributes:
        consumed: The facts that somebody consumes, which are mandatory.
    """

    def __init__(
        self,
        runtime: Runtime,
        url: str,
        installation: topology.Installation,
        *,
        on_said: Callable[[], None] = lambda: None,
        on_placed: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(name=f"relay-{runtime.name}", daemon=True)
        self.runtime = runtime
        self.state = RelayState()
        self._addresses = broker.Addresses(url)
        # The broker that it is at, or tries.
        self._url = url
        self._installation = installation
        self.consumed = installation.consumed_of(runtime.name)
        self._on_said = on_said
        self._on_placed = on_placed
        self._patience = Patience(
            log, made="relay_connected", waits="relay_waits", service=runtime.name
        )
        self._stopping = threading.Event()
        self._database: Database | None = None
        self._publisher: Publisher | None = None
        self._unroutable: set[tuple[str, int]] = set()
        self._refused: set[tuple[str, int]] = set()
        # What was refused is tried again: how often that was, what has not been taken since, and
        # when it went over another connection.
        self._tries = 0
        self._tried: set[tuple[str, int]] = set()
        self._anew_at: deque[float] = deque(maxlen=_MOST_ANEW)
        self._moves = False
        # Keys of which this connection has had an event confirmed.
        self._proven: set[str] = set()
        self._told_at: dict[tuple[str, int], float] = {}
        self._try_again_at = self._look_at = 0.0
        self._window = WINDOW
        # The place that was given last.
        self._placed = 0
        # By how many events left last.
        self._partitions = PARTITIONS
        self._dirty = True
        # Confirmed by the broker and not marked yet, in the order in which it was sent; and until
        # when (monotonic).
        self._unmarked: list[int] = []
        self._mark_by = 0.0

    def stop(self) -> None:
        """Ask the thread to send what is there and to end."""
        self._stopping.set()
        if (publisher := self._publisher) is not None:
            with contextlib.suppress(Exception):
                # One that is being closed needs no waking.
                publisher.wake()

    def run(self) -> None:
        """Relay until stopped; every fault is logged, waited out and tried again."""
        while not self._stopping.is_set():
            why: object = ""
            try:
                if self._hold() and self._connect():
                    self._serve()
            except _Elsewhere:
                self._hang_up()
                self._moves = True
                continue
            except (Lost, psycopg.Error, *broker.FAILS) as error:
                # A broker in an alarm takes a connection and then nothing; after a fault one
                # message goes first, and the windows grow again when it is confirmed.
                self._window = 1
                why = error
            except Exception as error:  # noqa: BLE001  it is told, and tried again
                why = error
                tell_fault(log, "relay_fault", error, service=self.runtime.name)
            if why != "":
                self._drop()
            self.state.beat = time.monotonic()
            if not self._stopping.is_set():
                wait = self._patience.lost(str(why) or why)
                self.state.why = self._patience.why
                self._stopping.wait(wait)
        self._drop()

    def _hold(self) -> bool:
        """Own the service's lock; the other relays stand by and try once a second."""
        while not self._stopping.is_set():
            self.state.beat = time.monotonic()
            if self._database is None or self._database.closed:
                self._database = psycopg.connect(
                    _plain_url(self.runtime.engine.url),
                    autocommit=True,
                    connect_timeout=5,
                    application_name="fivered relay",
                    # A database host that vanished must be noticed, not waited for.
                    keepalives_idle=10,
                    keepalives_interval=5,
                    keepalives_count=3,
                )
                self._database.execute(f"LISTEN {store.CHANNEL}".encode())
            lock = (_LOCK_CLASS, self.runtime.name)
            row = self._database.execute(_LOCK, lock).fetchone()
            self._notified()
            if row is not None and row[0]:
                self._find_place(self._database)
                self.state.active = True
                return True
            # Another relay is active, and this one does what it can: what had made it let go of
            # the lock is no fault of the present.
            self.state.why = ""
            if self._database.execute(_END_FROZEN, (*lock, FROZEN_S)).fetchone():
                log.warning("frozen_relay_ended", extra={"service": self.runtime.name})
            self._stopping.wait(POLL_S)
        return False

    def _connect(self) -> bool:
        database = self._database
        if database is None:
            return False
        if self._publisher is None or not self._publisher.is_open:
            in_force = database.execute(
                "SELECT COALESCE(was, partitions) FROM partitioning WHERE id = 1"
            ).fetchone()
            self._partitions = in_force[0] if in_force else PARTITIONS
            self._proven.clear()
            self._publisher = self._reach()
            self._publisher.watch(database.fileno(), self._notified)
            if not self._moves:
                self._patience.good()
        self._moves = False
        self.state.connected = True
        self.state.why = ""
        self._dirty = True
        return True

    def _reach(self) -> Publisher:
        """Connect to the next broker; on a move, which has lost none, past one that is away."""
        left = len(self._addresses) if self._moves else 1
        while True:
            self._url, left = self._addresses.next(), left - 1
            try:
                self._look_for_queues()
                return Publisher(
                    self._url,
                    f"fivered {self.runtime.name} relay",
                    topology.event_exchange(self.runtime.name),
                )
            except (Lost, *broker.FAILS):
                if not left:
                    raise

    def _look_for_consumers(self) -> None:
        """Read who consumes the service's facts anew, so that a new consumer needs no new relay."""
        self._look_at = time.monotonic() + LOOK_S
        known = self._installation
        if not known.file:
            return
        try:
            found = topology.current_installation(self.runtime.service_cls, known.file)
        except topology.TopologyError as error:
            extra = {"service": self.runtime.name, "why": str(error)}
            log.warning("installation_unreadable", extra=extra)
            return
        self._installation = found
        self.consumed = found.consumed_of(self.runtime.name)

    def _look_for_queues(self) -> None:
        lacking = broker.missing_queues(self._url, self._installation, self.runtime.name)
        found = {
            (key.rpartition(".")[0], queue.partition)
            for queue in lacking
            # Those beyond the number in force are to come, or are going.
            if queue.partition < self._partitions
            for key in queue.keys
        }
        if found - self._unroutable:
            log.error(
                "topology_missing",
                extra={
                    "service": self.runtime.name,
                    "queues": [queue.name for queue in lacking],
                    "remedy": "fivered topology apply",
                },
            )
        self._set_unroutable(found)

    def _set_unroutable(self, found: set[tuple[str, int]]) -> None:
        self._unroutable = found
        self.state.unroutable = tuple(sorted(found))
        self._try_again_at = time.monotonic() + AGAIN_S

    def _set_refused(self, found: set[tuple[str, int]]) -> None:
        now = time.monotonic()
        if not self._refused:
            doubled = 2 ** max(0, self._tries - _FIRST_TRIES)
            self._try_again_at = now + min(_AGAIN_FIRST_S * doubled, AGAIN_S)
        self._refused |= found
        self.state.refused = tuple(sorted(self._refused))
        if news := {key for key in found if now - self._told_at.get(key, -1e9) >= TELL_AGAIN_S}:
            self._told_at |= dict.fromkeys(news, now)
            log.error(
                "event_refused",
                extra={
                    "service": self.runtime.name,
                    "keys": _keys(news),
                    "remedy": "a queue is full: rabbitmqctl list_queues name messages policy",
                },
            )

    def _try_again(self) -> None:
        """Look whether the queues are there, and send what was refused: one event first, for each
        try also reaches the queues that have taken it.

        Raises:
            _Elsewhere: It goes over another connection. In a cluster a channel that has met a queue
                while its leader was away may have it refused for good.
        """
        self._dirty = True
        if self._unroutable:
            self._look_for_queues()
        if not self._refused:
            return
        self._tries = min(self._tries + 1, _FIRST_TRIES + 10)
        self._tried |= self._refused
        self._refused.clear()
        self._window = 1
        now = time.monotonic()
        if len(self._anew_at) < _MOST_ANEW or now - self._anew_at[0] >= TELL_AGAIN_S:
            self._anew_at.append(now)
            raise _Elsewhere

    def _notified(self) -> None:
        database = self._database
        if database is None:
            return
        heard = bool(list(database.notifies(timeout=0)))
        # One that came right behind an answer was read with it: the socket has nothing more, and
        # libpq keeps what it has not looked at.
        while database.pgconn.notifies():
            heard = True
        if heard:
            self._dirty = True
            self._on_said()

    def _serve(self) -> None:
        """Send while there is something, sleep until there is, until a fault or the end."""
        publisher, database = self._publisher, self._database
        if publisher is None or database is None:
            return
        last_look = 0.0
        ending = False
        while True:
            if self._stopping.is_set() and not ending:
                # What was committed before the end was asked for goes out before the end.
                ending = self._dirty = True
            now = time.monotonic()
            self.state.beat = now
            self.state.blocked = publisher.blocked
            if now >= self._look_at:
                self._look_for_consumers()
            if (self._unroutable or self._refused) and now >= self._try_again_at:
                self._try_again()
            if self._unmarked and now >= self._mark_by:
                self._mark(database)
            late = now - last_look >= ASK_S
            if late or (self._dirty and not publisher.blocked):
                last_look = now
                if publisher.blocked:
                    # It is alive: see _END_FROZEN.
                    database.execute("SELECT 1")
                else:
                    # What is said while the broker is waited for is for the next window.
                    self._dirty = False
                    if self._send_window(publisher, database):
                        self._dirty = True
            if ending and (not self._dirty or publisher.blocked):
                return
            if not publisher.is_open:
                raise Lost("connection closed")
            if not self._dirty:
                # A notice that came with an answer of the database wakes nobody.
                self._notified()
            publisher.turn(self._idle_s(publisher, last_look))

    def _idle_s(self, publisher: Publisher, last_look: float) -> float:
        """Return how long there is nothing to do, unless something is said (s)."""
        if self._dirty and not publisher.blocked:
            return 0.0
        until = last_look + ASK_S
        if self._unmarked:
            until = min(until, self._mark_by)
        if self._unroutable or self._refused:
            until = min(until, self._try_again_at)
        return max(0.0, until - time.monotonic())

    def _send_window(self, publisher: Publisher, database: Database) -> bool:
        """Send one window. Returns whether more may be waiting."""
        if self._unroutable or self._refused:
            self._mark(database)
        found = self._read(database)
        if not found:
            return False
        rows = self._careful(found)
        full = len(found) == self._window or len(rows) < len(found)
        outcome = Outcome()
        try:
            publisher.publish(rows, outcome)
        finally:
            # What the broker has confirmed is marked also when the rest is in doubt.
            self._settle(database, rows, outcome.sent, soon=full)
            self._measure(outcome)
        if outcome.returned:
            log.error(
                "event_unroutable",
                extra={
                    "service": self.runtime.name,
                    "keys": _keys(outcome.returned),
                    "remedy": "fivered topology apply",
                },
            )
            self._set_unroutable(self._unroutable | outcome.returned)
        if outcome.refused:
            self._set_refused(outcome.refused)
        elif not (self._refused or full):
            self.state.refused = ()
        taken = set(outcome.sent)
        sent = [row for row in rows if row.id in taken]
        self._proven.update(row.key for row in sent)
        self._tried.difference_update((row.fact, row.partition) for row in sent)
        if not (self._tried or self._refused):
            self._tries = 0
        self._window = 1 if outcome.refused else min(WINDOW, self._window * 8)
        return full or bool(outcome.returned or outcome.refused)

    def _careful(self, found: list[Unsent]) -> list[Unsent]:
        """Keep what comes before the first event that could overtake: one of a partition of which
        this connection has just sent the first event to some key. A queue whose leader is away
        refuses that one, and may take the next one a moment later."""
        uncertain = set()
        for number, row in enumerate(found):
            if row.partition in uncertain:
                return found[:number]
            if row.key not in self._proven:
                uncertain.add(row.partition)
        return found

    def _find_place(self, database: Database) -> None:
        """Learn which place was given last; what the release before has sent gets one first."""
        database.execute(history.GIVE_LATE)
        found = database.execute(history.LAST).fetchone()
        self._placed = found[0] if found is not None else 0

    def _settle(
        self, database: Database, window: Sequence[Unsent], sent: list[int], *, soon: bool
    ) -> None:
        """Mark what of a window was sent: soon, or with what follows it."""
        if not self._unmarked:
            self._mark_by = time.monotonic() + MARK_S
        whole = len(sent) == len(window)
        if whole:
            self._unmarked += [row.id for row in window]
        if soon or not whole or len(self._unmarked) >= WINDOW:
            self._mark(database)
        if sent and not whole:
            self._give(database, [row.id for row in window], set(sent))
        self.state.sent += len(sent)

    def _mark(self, database: Database) -> None:
        """Mark what the broker has confirmed."""
        if ids := self._unmarked:
            self._give(database, ids, set(ids))
            self._unmarked = []

    def _give(self, database: Database, ids: list[int], taken: Collection[int]) -> None:
        """Mark what of a window was taken, and give all of it its place: what is sent again later
        must not stand behind later events of its subject."""
        before = max(self._placed, time.time_ns() // 1000)
        self._placed = before + len(ids)
        database.execute(history.GIVE, (before, ids, [row_id in taken for row_id in ids]))
        self._on_placed()

    def _measure(self, outcome: Outcome) -> None:
        service = self.runtime.name
        metrics.CONFIRM_SECONDS[service].add(*outcome.took)
        metrics.CONFIRMS[service, "confirmed"].inc(len(outcome.sent))
        for answer, count in outcome.answers.items():
            metrics.CONFIRMS[service, answer].inc(count)

    def _read(self, database: Database) -> list[Unsent]:
        # Never "id > the last one": a transaction that took its id earlier may commit later.
        # While the number of partitions is changed, what came after the change waits.
        columns = (
            "outbox.id, event_id, fact, partition, body, traceparent, subject, outbox.partitions,"
            " COALESCE(now.was, now.partitions)"
        )
        now = "LEFT JOIN partitioning AS now ON now.id = 1"
        waits = "sent_at IS NULL AND (now.was IS NULL OR outbox.id <= now.since)"
        held = self._unroutable | self._refused
        if not held:
            found = database.execute(
                f"SELECT {columns} FROM outbox {now} WHERE {waits}"
                " AND outbox.id <> ALL(%s::bigint[]) ORDER BY outbox.id LIMIT %s".encode(),
                (self._unmarked, self._window),
            )
        else:
            written = [
                (fact, one) for fact, partition in held for one in self._written_as(partition)
            ]
            found = database.execute(
                f"""
                WITH held AS (
                    SELECT subject, min(id) AS first FROM outbox
                    WHERE sent_at IS NULL AND (fact, partition) IN (
                        SELECT * FROM unnest(%s::text[], %s::int[]))
                    GROUP BY subject)
                SELECT {columns} FROM outbox LEFT JOIN held USING (subject) {now}
                WHERE {waits} AND (held.first IS NULL OR outbox.id < held.first)
                ORDER BY outbox.id LIMIT %s
                """.encode(),
                ([fact for fact, _ in written], [one for _, one in written], self._window),
            )
        return [self._unsent(row) for row in found]

    def _unsent(self, row: tuple[Any, ...]) -> Unsent:
        self._partitions = partitions = row[8] or PARTITIONS
        return Unsent(
            row[0],
            str(row[1]),
            row[2],
            target(row[3], row[7], row[6], partitions),
            bytes(row[4]),
            row[5],
            row[2] in self.consumed,
        )

    def _written_as(self, partition: int) -> set[int]:
        """Return what the outbox has for a partition: rows are written by their first number, and
        every number is a power of two."""
        same = min(self._partitions, PARTITIONS)
        written = {one for one in range(PARTITIONS) if one % same == partition % same}
        return written | {partition}

    def _hang_up(self) -> None:
        """Let go of the broker."""
        publisher, self._publisher = self._publisher, None
        if publisher is not None:
            publisher.close()

    def _drop(self) -> None:
        """Let go of both connections; with the database's goes the lock."""
        self.state.active = self.state.connected = self.state.blocked = False
        self._moves = False
        if self._database is not None:
            with contextlib.suppress(Exception):
                self._mark(self._database)
        # What could not be marked is sent again, perhaps by another relay.
        self._unmarked = []
        self._hang_up()
        database, self._database = self._database, None
        if database is not None:
            with contextlib.suppress(Exception):
                database.close()


def _keys(found: set[tuple[str, int]]) -> list[str]:
    return sorted(f"{fact}.{partition}" for fact, partition in found)


def _plain_url(url: sa.URL) -> str:
    """Return SQLAlchemy's URL as libpq reads it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
