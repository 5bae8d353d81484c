"""Which worker of a service consumes which queue: a lease for each, in the service's database.

The leases only steer. Every worker consumes from every queue, and the broker makes one of them the
active one, so that order is kept whatever stands here, and the queues of a worker that dies go on
at once. Who holds a lease comes first: the others step back at that queue, behind all that consume
from it. A worker holds its even share of the leases; what lies beyond it gives back, and goes on
with until another one has taken it.

A worker lives while it beats, by the clock of the database. Nobody is taken for dead by one that
could not have seen it beat: after an outage of the database, or at its own start, a worker first
waits as long as a lease lasts.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.chassis.messages import new_uuid
from fivered.chassis.transaction import Opened

log = logging.getLogger("fivered.leases")

BEAT_S = 2.0
# While a lease is free, given up or has just changed hands.
SOON_S = 0.5
EXPIRES_S = 6.0
_FORGOTTEN_S = 60.0

_BEAT = sa.text(
    """
    WITH beat AS (
        INSERT INTO workers (id, host, pid, started_at, seen_at)
        VALUES (:id, :host, :pid, now(), now())
        ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at)
    SELECT id AS worker, NULL AS queue, 0 AS turn, extract(epoch FROM now() - seen_at) AS age
    FROM workers WHERE id <> :id
    UNION ALL SELECT worker, queue, turn, 0 FROM leases
    """
)
_GIVE = sa.text(
    "UPDATE leases SET worker = NULL, turn = turn + 1 WHERE worker = :id AND queue = ANY(:queues)"
)
_TAKE = sa.text(
    """
    INSERT INTO leases (queue, worker, turn) SELECT unnest(CAST(:queues AS text[])), :id, 1
    ON CONFLICT (queue) DO UPDATE SET worker = excluded.worker, turn = leases.turn + 1
    WHERE leases.worker IS NULL OR NOT leases.worker = ANY(:live)
    RETURNING queue
    """
)
_ASK = sa.text("UPDATE leases SET turn = turn + 1 WHERE worker = :id AND queue = ANY(:queues)")
_FORGET = sa.text("DELETE FROM workers WHERE seen_at < now() - make_interval(secs => :seconds)")
_LEAVE = sa.text(
    """
    WITH gone AS (DELETE FROM workers WHERE id = :id)
    UPDATE leases SET worker = NULL, turn = turn + 1 WHERE worker = :id
    """
)
_LISTED = sa.text(
    """
    SELECT id, host, pid, started_at, extract(epoch FROM now() - seen_at) AS seen_s,
        count(queue) AS held, coalesce(string_agg(queue, ' ' ORDER BY queue), '') AS queues
    FROM workers LEFT JOIN leases ON worker = id
    GROUP BY id, host, pid, started_at, seen_at ORDER BY host, pid
    """
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one beat has found.

    Attributes:
        ages: Every other worker, and when it beat last (s ago).
        leases: Queue -> who holds it, if anybody, and the turn.
    """

    ages: dict[str, float] = field(default_factory=dict)
    leases: dict[str, tuple[str | None, int]] = field(default_factory=dict)


def share(
    me: str, live: Collection[str], queues: Mapping[str, str], held: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    """Return what a worker has to give, and what it may take.

    All workers come to the same result: who holds most may hold one more than the others, where
    the queues cannot be divided evenly.

    Args:
        me: The worker, which is one of `live`.
        live: All that live.
        queues: Every queue, and what it belongs to: each worker takes of everything alike.
        held: Queue -> its holder, of those that live.
    """
    counts = Counter(held[queue] for queue in queues if queue in held)
    ranked = sorted(live, key=lambda one: (-counts[one], one))
    least, more = divmod(len(queues), len(live))
    due = least + (ranked.index(me) < more)
    mine = [queue for queue in queues if held.get(queue) == me]
    free = [queue for queue in queues if queue not in held]
    give: list[str] = []
    take: list[str] = []
    while len(mine) > due:
        crowd = Counter(queues[one] for one in mine)
        given = max(mine, key=lambda one: (crowd[queues[one]], one))
        mine.remove(given)
        give.append(given)
    while len(mine) < due and free:
        crowd = Counter(queues[one] for one in mine)
        taken = min(free, key=lambda one: (crowd[queues[one]], one))
        free.remove(taken)
        mine.append(taken)
        take.append(taken)
    return give, take


class Leases:
    """The leases of one worker.

    Attributes:
        id: The worker's name.
        held: The queues that it holds.
        workers: How many live, this one among them.

    Args:
        runtime: The service.
        queues: Every queue that the worker consumes, and what it belongs to.
        step_back: Lets others come first at queues; at once, or when what is in work has taken
            effect.
    """

    def __init__(
        self,
        runtime: Opened,
        queues: Mapping[str, str],
        step_back: Callable[[Collection[str], bool], None],
    ) -> None:
        self.id = new_uuid()
        self.held: frozenset[str] = frozenset()
        self.workers = 1
        self._engine = runtime.engine
        self._name = runtime.name
        self._queues = queues
        self._step_back = step_back
        self._who = {"id": self.id, "host": socket.gethostname()[:100], "pid": os.getpid()}
        # What the last beat has found; None before the first.
        self._known: Seen | None = None
        self._lock = threading.Lock()
        self._anew: set[str] = set()
        self._beat_at = self._steady_since = float("-inf")
        self._stood_back = False

    def watch(self, queues: Mapping[str, str]) -> None:
        """Share these queues from now on."""
        self._queues = queues

    def came(self, queues: Collection[str]) -> None:
        """Say that this worker has begun to consume from queues, behind all others: where it holds
        the lease, it asks them anew to let it come first."""
        with self._lock:
            self._anew.update(queues)

    def turn(self) -> float:
        """Beat, give and take. Returns how long to wait until the next turn (s)."""
        now = time.monotonic()
        try:
            with self._engine.connect() as plain:
                conn = plain.execution_options(isolation_level="AUTOCOMMIT")
                return self._turn(conn, now)
        except Exception:
            self._missed(now)
            raise

    def _turn(self, conn: sa.Connection, now: float) -> float:
        seen = self._beat(conn)
        if now - self._beat_at > EXPIRES_S:
            # The first beat, or one after an outage, or this process had stopped.
            self._steady_since = now
        self._beat_at, self._stood_back = now, False
        steady = now - self._steady_since >= EXPIRES_S
        others = {one for one, age in seen.ages.items() if not steady or age <= EXPIRES_S}
        live = {self.id, *others}
        held = {queue: one for queue, (one, _) in seen.leases.items() if one in live and one}
        give, take = share(self.id, live, self._queues, held)
        mine = {queue for queue in self._queues if held.get(queue) == self.id} - set(give)
        if give:
            conn.execute(_GIVE, {"id": self.id, "queues": give})
        if take:
            asked = {"id": self.id, "queues": take, "live": sorted(live)}
            mine.update(conn.execute(_TAKE, asked).scalars())
        with self._lock:
            anew, self._anew = self._anew, set()
        ask = sorted(anew & mine - set(take)) if others else []
        if ask:
            conn.execute(_ASK, {"id": self.id, "queues": ask})
        if steady and any(age > _FORGOTTEN_S for age in seen.ages.values()):
            conn.execute(_FORGET, {"seconds": _FORGOTTEN_S})
        changed = self._changed(seen, others)
        self._known = seen
        self._tell(frozenset(mine), len(live))
        if changed:
            self._step_back(changed, False)
        free = any(queue not in held for queue in self._queues)
        return SOON_S if give or take or ask or changed or free else BEAT_S

    def _beat(self, conn: sa.Connection) -> Seen:
        seen = Seen()
        for row in conn.execute(_BEAT, self._who):
            if row.queue is None:
                seen.ages[row.worker] = float(row.age)
            else:
                seen.leases[row.queue] = (row.worker, row.turn)
        return seen

    def _changed(self, seen: Seen, others: Collection[str]) -> list[str]:
        """Return the queues that another worker has taken, or asks for anew."""
        if self._known is None:
            return []
        before = self._known.leases
        return [
            queue
            for queue in self._queues
            if (now := seen.leases.get(queue)) and now[0] in others and now != before.get(queue)
        ]

    def _missed(self, now: float) -> None:
        """While the database is away from here others may have taken over; they come first, once
        for each outage."""
        if now - self._beat_at <= EXPIRES_S or self._stood_back or self.workers == 1:
            return
        self._stood_back = True
        self.came(self.held)
        self._step_back(self.held, True)

    def _tell(self, held: frozenset[str], workers: int) -> None:
        if held != self.held or workers != self.workers:
            log.info(
                "leases",
                extra={
                    "service": self._name,
                    "held": len(held),
                    "of": len(self._queues),
                    "workers": workers,
                },
            )
        self.held, self.workers = held, workers

    def leave(self) -> None:
        """Give everything back, so that the others need not wait. What cannot be said expires."""
        try:
            with self._engine.begin() as conn:
                conn.execute(_LEAVE, {"id": self.id})
        except sa.exc.SQLAlchemyError as error:
            log.warning("leases_expire", extra={"service": self._name, "why": repr(error)[:300]})


def listed(runtime: Opened) -> list[dict[str, object]]:
    """Return the workers of a service: where each runs, when it beat last (s ago), what it holds.
    There are none in one process."""
    if runtime.engine.dialect.name != "postgresql":
        return []
    with store.reading(runtime.engine) as conn:
        return [
            {
                **row,
                "started_at": row["started_at"].isoformat(),
                "seen_s": round(float(row["seen_s"]), 1),
            }
            for row in map(dict, conn.execute(_LISTED).mappings())
        ]
