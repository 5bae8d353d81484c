"""Sends what a service publishes to its webhooks: each in order, one at a time, at least once.

A webhook's place in the history moves in the transaction that writes what came of the try, so a
sender that is killed loses nothing and repeats one event at most. A lease gives each webhook to one
sender; when that one dies, another goes on after half a minute. While a receiver fails, its later
events wait; other receivers do not.

What somebody asked for by hand (a test, one event again) is tried once, ahead of the rest.
"""

from __future__ import annotations

import functools
import logging
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from fivered.chassis import __version__, history, inbox, metrics, webhooks
from fivered.chassis import envelope as env
from fivered.chassis import storage as store
from fivered.chassis.messages import new_uuid
from fivered.chassis.transaction import Opened
from fivered.chassis.vault import KeyMissing
from fivered.chassis.webhook_wire import (
    MOST_S,
    Answer,
    Deadlines,
    Line,
    flaw_of,
    read_url,
    signature,
)

log = logging.getLogger("fivered.webhooks")

AT_ONCE = 8
LEASE = timedelta(seconds=30)
# A lease that ends before a try could is renewed first.
_ENOUGH = timedelta(seconds=MOST_S + 5)
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 3600.0
GIVE_UP = timedelta(days=3)
# What another process writes is seen after so long; what is published wakes the sender.
LOOK_S = 5.0
_LEAST_S, _WATCH_S, _END_S = 0.2, 0.5, 2.0
# One receiver has its thread for so long before another one's turn comes.
_TURN_S = 20.0
_PAGE = 50
# A place that moved past what does not concern a receiver is written once in a while.
_SKIPPED_S = 10.0


class LeaseLost(Exception):
    """Another sender has taken this webhook, because this one was not heard of for too long."""


@dataclass(frozen=True, slots=True)
class _Message:
    """One event on its way.

    Attributes:
        asked: Its line of the log, where somebody asked for it by hand.
    """

    event_id: str
    fact: str
    body: bytes
    place: int | None = None
    asked: store.Row | None = None


def wait_after(attempts: int) -> float:
    """Return how long to wait after so many tries that failed (s): doubling, with chance, so that
    receivers that failed together are not tried together."""
    whole = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(attempts - 1, 20))
    return whole * random.uniform(0.75, 1.0)  # nosec B311  # noqa: S311  no secret


class Sender(threading.Thread):
    """The sender of one service: a thread that looks, and up to eight that send.

    Args:
        runtime: The service.
        give_up: After so long without success a webhook is paused.
    """

    def __init__(self, runtime: Opened, *, give_up: timedelta = GIVE_UP) -> None:
        super().__init__(name=f"webhooks-{runtime.name}", daemon=True)
        self.runtime = runtime
        self.beat = time.monotonic()
        self.give_up = give_up
        self._me = new_uuid()
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._deadlines = Deadlines()
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        # Up to where each was looked through, if that is further than its row says.
        self._seen: dict[str, tuple[int, int]] = {}
        self._written: dict[str, float] = {}
        # Until when one is left alone that met a fault of ours.
        self._rests: dict[str, float] = {}
        self._threads: ThreadPoolExecutor | None = None

    # ------------------------------------------------------------------------------------- looking

    def run(self) -> None:
        """Look and send until stopped."""
        while not self._stopping.is_set():
            self.beat = time.monotonic()
            self._wake.clear()
            try:
                sleep = self._turn()
            except Exception as error:  # noqa: BLE001  it is logged, and the thread goes on
                inbox.log_failure(log, error, "webhooks_fault", service=self.runtime.name)
                sleep = LOOK_S
            self._sleep(sleep)
        # What is being sent is given a moment; what is cut off is sent again later.
        cut = time.monotonic() + _END_S
        while self._sending():
            self._deadlines.enforce(everything=time.monotonic() > cut)
            time.sleep(0.05)
        if self._threads is not None:
            self._threads.shutdown()

    def wake(self) -> None:
        """Look at once: something was published, or somebody asked for a delivery."""
        self._wake.set()

    def stop(self) -> None:
        """Ask for the end, after the tries that are under way."""
        self._stopping.set()
        self._wake.set()

    def take_back(self) -> None:
        """End all leases, for a host that knows that nobody else sends."""
        table = self.runtime.chassis.webhooks
        with store.reading(self.runtime.engine) as conn:
            if conn.execute(sa.select(table.c.webhook_id).limit(1)).first() is None:
                return
        with self.runtime.engine.begin() as conn:
            conn.execute(sa.update(table).values(lease_by=None, lease_until=None))

    def _sending(self) -> bool:
        with self._lock:
            return bool(self._busy)

    def _sleep(self, seconds: float) -> None:
        # Wakes come with every commit that publishes; a few looks a second are enough.
        if self._stopping.wait(min(seconds, _LEAST_S)):
            return
        until = time.monotonic() + seconds - _LEAST_S
        while (left := until - time.monotonic()) > 0:
            sending = self._sending()
            if self._wake.wait(min(left, _WATCH_S) if sending else left):
                return
            self._deadlines.enforce()

    def _turn(self) -> float:
        """Give what is due to threads. Returns how long to sleep."""
        self._deadlines.enforce()
        now = datetime.now(UTC)
        with store.reading(self.runtime.engine) as conn:
            rows = store.rows(conn, self._due(now))
            newest = history.newest(conn, self.runtime.chassis) if rows else 0
        sleep = LOOK_S
        for row in rows:
            if self._is_due(row, newest, now):
                self._begin(row.webhook_id)
            elif row.next_try_at is not None and row.state == webhooks.ACTIVE:
                sleep = min(sleep, (row.next_try_at - now).total_seconds())
        return sleep

    def _due(self, now: datetime) -> store.Select:
        table, lines = self.runtime.chassis.webhooks, self.runtime.chassis.webhook_deliveries
        asked_for = sa.exists().where(
            lines.c.webhook_id == table.c.webhook_id, lines.c.state == webhooks.WAITING
        )
        free = sa.or_(table.c.lease_until.is_(None), table.c.lease_until < now)
        return (
            sa.select(
                table.c.webhook_id, table.c.state, table.c.position, table.c.next_try_at,
                asked_for.label("asked_for"),
            )
            .where(table.c.state != webhooks.ENDED, free)
            .order_by(table.c.next_try_at, table.c.webhook_id)
        )  # fmt: skip

    def _is_due(self, row: store.Row, newest: int, now: datetime) -> bool:
        if self._rests.get(row.webhook_id, 0.0) > time.monotonic():
            return False
        if row.asked_for:
            return True
        if row.state != webhooks.ACTIVE:
            return False
        if row.next_try_at is not None:
            return bool(row.next_try_at <= now)
        return self._looked_to(row) < newest

    def _looked_to(self, row: store.Row) -> int:
        """Return up to where a webhook's events are known to be told; from another place on where
        somebody has set it back."""
        position, seen = self._seen.get(row.webhook_id, (-1, 0))
        return seen if position == row.position else int(row.position)

    def _begin(self, webhook_id: str) -> None:
        with self._lock:
            if webhook_id in self._busy or len(self._busy) >= AT_ONCE:
                return
            self._busy.add(webhook_id)
        if self._threads is None:
            self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix=self.name)
        self._threads.submit(self._serve, webhook_id)

    # ------------------------------------------------------------------------------------- sending

    def _serve(self, webhook_id: str) -> None:
        """Send to one webhook for a while."""
        try:
            with self._leased(webhook_id) as row:
                if row is not None:
                    self._send_all(row)
        except LeaseLost:
            log.warning(
                "webhook_lease_lost",
                extra={"service": self.runtime.name, "webhook": webhook_id},
            )
        except Exception as error:  # noqa: BLE001  it is logged, and the next look tries again
            inbox.log_failure(log, error, "webhook_fault", service=self.runtime.name)
            self._rests[webhook_id] = time.monotonic() + LOOK_S
        finally:
            with self._lock:
                self._busy.discard(webhook_id)
            self._wake.set()

    @contextmanager
    def _leased(self, webhook_id: str) -> Iterator[store.Row | None]:
        """Hold a webhook; None where another sender does, or it is gone."""
        table, now = self.runtime.chassis.webhooks, datetime.now(UTC)
        free = sa.or_(table.c.lease_until.is_(None), table.c.lease_until < now)
        taken = (
            sa.update(table)
            .where(table.c.webhook_id == webhook_id, table.c.state != webhooks.ENDED, free)
            .values(lease_by=self._me, lease_until=now + LEASE)
            .returning(*table.c)
        )
        with self.runtime.engine.begin() as conn:
            row = store.first(conn, taken)
        try:
            yield row
        finally:
            if row is not None:
                mine = sa.and_(table.c.webhook_id == webhook_id, table.c.lease_by == self._me)
                with self.runtime.engine.begin() as conn:
                    conn.execute(
                        sa.update(table).where(mine).values(lease_by=None, lease_until=None)
                    )

    def _send_all(self, row: store.Row) -> None:
        end = time.monotonic() + _TURN_S
        line: Line | None = None
        # What comes next, as long as the row stands so: nobody has changed it or set it back, and
        # the event before was taken.
        waiting: list[_Message] = []
        stand = (row.version, row.position)
        try:
            while not self._stopping.is_set() and time.monotonic() < end:
                row, message = self._look(row.webhook_id)
                if message is None:
                    if row.state != webhooks.ACTIVE or _later(row.next_try_at):
                        return
                    if not waiting or (row.version, row.position) != stand:
                        row, waiting = self._next(row)
                        stand = (row.version, row.position)
                        if not waiting:
                            return
                        continue  # and look whether it still stands so
                    message = waiting.pop(0)
                    stand = (row.version, message.place or 0)
                row = self._with_time(row)
                line = self._line(row, line)
                self._note(row, message, self._post(row, line, message))
        finally:
            if line is not None:
                line.close()

    def _look(self, webhook_id: str) -> tuple[store.Row, _Message | None]:
        """Return a webhook as it is now, and what somebody asked for by hand and was not tried yet.

        Raises:
            LeaseLost: Another sender has it.
        """
        tables, given = self.runtime.chassis, {"hook": webhook_id, "me": self._me}
        with store.reading(self.runtime.engine) as conn:
            row = next(iter(store.rows(conn, _of_mine(tables.webhooks), given)), None)
            if row is None:
                raise LeaseLost
            waiting = store.rows(conn, _waiting(tables.webhook_deliveries), {"hook": webhook_id})
            if not waiting or row.state == webhooks.ENDED:
                return row, None
            found = waiting[0]
            event_id = str(found.event_id)
            if found.kind == webhooks.TEST:
                body: bytes | None = webhooks.test_body(self.runtime, row, event_id)
            else:
                body = webhooks.body_of(conn, self.runtime, event_id, found.fact)
        return row, _Message(event_id, found.fact, body or b"", found.place, found)

    def _next(self, row: store.Row) -> tuple[store.Row, list[_Message]]:
        """Return what a webhook is to be told next, and its row: its place moves past what does
        not concern it."""
        after = self._looked_to(row)
        facts = webhooks.public_facts(self.runtime)
        facts = facts.intersection(row.facts) if row.facts else facts
        page = history.Page([], after, more=True)
        with store.reading(self.runtime.engine) as conn:
            while page.more and not page.items and not self._stopping.is_set():
                page = history.page(
                    conn, self.runtime.chassis, page.next, facts, limit=_PAGE, scope=row.scope
                )
        found = [_Message(one.event_id, one.fact, one.body, one.place) for one in page.items]
        if not found and page.next > row.position:
            self._seen[row.webhook_id] = (row.position, page.next)
            if time.monotonic() > self._written.get(row.webhook_id, 0.0):
                self._written[row.webhook_id] = time.monotonic() + _SKIPPED_S
                row = self._move(row, page.next)
        return row, found

    def _line(self, row: store.Row, line: Line | None) -> Line | None:
        """Return a connection to where a webhook goes now, or None where nothing may go there."""
        receiver = read_url(row.url)
        if receiver is None or flaw_of(row.url, self.runtime.process.webhook_hosts) is not None:
            if line is not None:
                line.close()
            return None
        if line is not None and line.receiver == receiver:
            return line
        if line is not None:
            line.close()
        return Line(receiver, self._deadlines)

    def _post(self, row: store.Row, line: Line | None, message: _Message) -> Answer:
        if line is None:
            return Answer(None, "the operator does not list this host any more", 0)
        if not message.body:
            return Answer(None, "the event was forgotten", 0)
        now = datetime.now(UTC)
        at = int(now.timestamp())
        try:
            secrets = webhooks.secrets_of(self.runtime, row, now)
        except KeyMissing as refusal:
            return Answer(None, f"KEY_MISSING {refusal.params['key']}", 0)
        signed = (signature(one, message.event_id, at, message.body) for one in secrets)
        headers = {
            "Content-Type": env.CONTENT_TYPE,
            "User-Agent": f"FiveRed/{__version__}",
            "webhook-id": message.event_id,
            "webhook-timestamp": str(at),
            "webhook-signature": " ".join(signed),
        }
        if traceparent := env.decode(message.body).traceparent:
            headers["traceparent"] = traceparent
        return line.post(headers, message.body)

    # ------------------------------------------------------------------------------ what came of it

    def _held(self, conn: sa.Connection, webhook_id: str) -> store.Row:
        asked = _of_mine(self.runtime.chassis.webhooks, locks=store.is_postgresql(conn))
        found = store.rows(conn, asked, {"hook": webhook_id, "me": self._me})
        if not found:
            raise LeaseLost
        return found[0]

    def _with_time(self, row: store.Row) -> store.Row:
        """Return the row with a lease that lasts for one more try."""
        if row.lease_until > datetime.now(UTC) + _ENOUGH:
            return row
        with self.runtime.engine.begin() as conn:
            self._put(conn, self._held(conn, row.webhook_id))
            return self._held(conn, row.webhook_id)

    def _move(self, row: store.Row, position: int) -> store.Row:
        with self.runtime.engine.begin() as conn:
            if self._held(conn, row.webhook_id).position == row.position:
                self._put(conn, row, position=position)
            return self._held(conn, row.webhook_id)

    def _put(self, conn: sa.Connection, row: store.Row, **values: object) -> None:
        """Change a row that is held, and renew its lease."""
        given = {"its_id": row.webhook_id, "lease_until": datetime.now(UTC) + LEASE, **values}
        conn.execute(_change(self.runtime.chassis.webhooks), given)

    def _note(self, sent_as: store.Row, message: _Message, answer: Answer) -> None:
        """Write what came of a try, and move the place with it.

        Raises:
            LeaseLost: Another sender has the webhook now; it sends the event again.
        """
        with self.runtime.engine.begin() as conn:
            row = self._held(conn, sent_as.webhook_id)
            if message.asked is not None:
                outcome = "delivered" if answer.taken else "failed"
                state = webhooks.DELIVERED if answer.taken else webhooks.FAILED
                self._write_line(conn, message.asked, answer, state)
                self._put(conn, row)
            else:
                # Somebody may have set it back while the event was on its way.
                same = (row.position, row.delivery_id) == (sent_as.position, sent_as.delivery_id)
                line = self._line_of(conn, sent_as, message)
                outcome = self._note_event(conn, row, message, answer, line, stands=same)
        metrics.WEBHOOK_DELIVERIES[self.runtime.name, outcome].inc()
        if not answer.taken:
            log.warning(
                "webhook_failed",
                extra={
                    "service": self.runtime.name, "webhook": row.webhook_id, "outcome": outcome,
                    "why": answer.why, "attempts": row.attempts + 1,
                },
            )  # fmt: skip

    def _note_event(
        self,
        conn: sa.Connection,
        row: store.Row,
        message: _Message,
        answer: Answer,
        line: store.Row | None,
        *,
        stands: bool,
    ) -> str:
        outcome, state, values = self._verdict(row, answer)
        if not stands:
            state = webhooks.DELIVERED if answer.taken else webhooks.FAILED
        if line is None:
            line_id = self._new_line(conn, row, message, answer, state)
        else:
            line_id = line.delivery_id
            self._write_line(conn, line, answer, state)
        if not stands:
            values = {}
        elif answer.taken:
            values |= {"position": message.place, "delivery_id": None}
        else:
            values["delivery_id"] = line_id
        self._put(conn, row, **values)
        return outcome

    def _verdict(self, row: store.Row, answer: Answer) -> tuple[str, str, dict[str, object]]:
        """Return how a try is counted, the state of its line, and what changes of its webhook."""
        if answer.taken:
            done: dict[str, object] = {"attempts": 0, "failing_since": None, "next_try_at": None}
            return "delivered", webhooks.DELIVERED, done
        now = datetime.now(UTC)
        since = row.failing_since or now
        values: dict[str, object] = {"attempts": row.attempts + 1, "failing_since": since}
        why = ""
        if answer.gone:
            outcome, why = "gone", webhooks.GONE
        elif now - since >= self.give_up:
            outcome, why = "given_up", webhooks.GAVE_UP
        if not why:
            wait = max(wait_after(row.attempts + 1), min(answer.after_s, LONGEST_WAIT_S))
            values["next_try_at"] = now + timedelta(seconds=wait)
            return "retried", webhooks.RETRYING, values
        values["next_try_at"] = None
        if row.state == webhooks.ACTIVE:
            values |= {"state": webhooks.PAUSED, "why": why, "version": row.version + 1}
        return outcome, webhooks.FAILED, values

    def _line_of(self, conn: sa.Connection, row: store.Row, message: _Message) -> store.Row | None:
        """Return the line of the log of an event that failed before."""
        if row.delivery_id is None:
            return None
        table = self.runtime.chassis.webhook_deliveries
        found = store.first(conn, sa.select(table).where(table.c.delivery_id == row.delivery_id))
        return found if found is not None and found.place == message.place else None

    def _new_line(
        self, conn: sa.Connection, row: store.Row, message: _Message, answer: Answer, state: str
    ) -> str:
        line_id, table = f"whd_{new_uuid()}", self.runtime.chassis.webhook_deliveries
        given = {
            "delivery_id": line_id, "webhook_id": row.webhook_id, "kind": webhooks.EVENT,
            "event_id": message.event_id, "fact": message.fact, "place": message.place,
            "created_at": datetime.now(UTC), **_came(0, answer, state),
        }  # fmt: skip
        conn.execute(_into(table), given)
        return line_id

    def _write_line(self, conn: sa.Connection, line: store.Row, answer: Answer, state: str) -> None:
        given = {"its_id": line.delivery_id, **_came(line.attempts, answer, state)}
        conn.execute(_change(self.runtime.chassis.webhook_deliveries), given)


def _came(attempts: int, answer: Answer, state: str) -> dict[str, object]:
    """Return what the log says of a try."""
    return {
        "state": state, "attempts": attempts + 1, "status": answer.status,
        "duration_ms": answer.ms, "error": answer.why or None, "tried_at": datetime.now(UTC),
    }  # fmt: skip


# Statements that each event needs are written once: to build one costs as much as to run it.


@functools.cache
def _of_mine(webhooks_: sa.Table, *, locks: bool = False) -> store.Select:
    asked = sa.select(webhooks_).where(
        webhooks_.c.webhook_id == sa.bindparam("hook"), webhooks_.c.lease_by == sa.bindparam("me")
    )
    return asked.with_for_update(key_share=True) if locks else asked


@functools.cache
def _waiting(lines: sa.Table) -> store.Select:
    return (
        sa.select(lines)
        .where(lines.c.webhook_id == sa.bindparam("hook"), lines.c.state == webhooks.WAITING)
        .order_by(lines.c.delivery_id)
        .limit(1)
    )


@functools.cache
def _change(table: sa.Table) -> sa.Update:
    (key,) = table.primary_key
    return sa.update(table).where(key == sa.bindparam("its_id"))


@functools.cache
def _into(table: sa.Table) -> sa.Insert:
    return sa.insert(table)


def _later(at: datetime | None) -> bool:
    return at is not None and at > datetime.now(UTC)
