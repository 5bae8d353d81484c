"""The toy: `add` says `added.v1`; what it hears is entered; failures are made on purpose."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar

import sqlalchemy as sa
from msgspec import Meta, field

from fivered.chassis import storage as store
from fivered.chassis.bus import Job, Service, command, job, query, subscribe, timer
from fivered.chassis.facts import fact, reads
from fivered.chassis.fields import Instant
from fivered.chassis.free_text import PublicText
from fivered.chassis.messages import Due, Event
from fivered.chassis.reading import read_lines
from fivered.chassis.refusal import Guard, NotFound, Refusal
from fivered.chassis.requests import UNIQUE, Line, Request
from fivered.chassis.telling import Tells
from fivered.chassis.transaction import Tx

metadata = store.new_metadata()
chassis = store.chassis_tables(metadata)
counters = sa.Table(
    "counters",
    metadata,
    sa.Column("counter_id", store.Id, primary_key=True),
    sa.Column("total", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)
entries = sa.Table(
    "entries",
    metadata,
    sa.Column("id", store.BigId, sa.Identity(), primary_key=True),
    sa.Column("event_id", store.Uuid, nullable=False, unique=True),
    sa.Column("subject", store.Id, nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sqlite_autoincrement=True,
)


@fact("added.v1", about="counter")
class Added:
    amount: int
    note: str = ""


@fact("forgotten.v1", about="counter")
class Forgotten:
    """Nobody hears this one."""

    amount: int


@reads("toy", "added.v1")
class AddedHeard:
    amount: int
    note: str = ""


class Add(Request, frozen=True):
    counter_id: str
    amount: int
    note: PublicText = ""
    words: list[PublicText] = field(default_factory=list)


class Reading(Request, frozen=True):
    counter_id: str
    at: Instant
    amount: int


class ReadingLine(Line[Reading]):
    of = Reading


class AddReadings(Request, frozen=True):
    readings: Annotated[list[ReadingLine], Meta(max_length=10)]
    meters: Annotated[list[str], UNIQUE, Meta(max_length=10)] = field(default_factory=list)


class Which(Request, frozen=True):
    counter_id: str


class Nap(Request, frozen=True):
    counter_id: str
    seconds: float


class TooMuch(Guard):
    text = "超过上限 {limit} / more than the limit {limit}"


# How often each note is still to fail; tests set it. In a process of its own it comes from the
# variable TOY_FAIL, and the file TOY_FAIL_FILE lists the notes that fail as long as they stand there.
FAIL: dict[str, int] = json.loads(os.environ.get("TOY_FAIL", "{}"))


def always_fails(note: str) -> bool:
    """Tell whether the file of failures names this note now."""
    path = os.environ.get("TOY_FAIL_FILE")
    return bool(path and note and note in Path(path).read_text().split())


class Toy(Service):
    """Adds, hears itself, and fails when told to."""

    name = "toy"
    tables = metadata
    publishes = (Added, Forgotten)
    tells: ClassVar = {
        "COUNTED": Tells(
            "计数 {number} 为 {amount} / counter {number} stands at {amount}",
            to="记数人 / who counts",
            when="每次计数 / each time it is counted",
        ),
        "COUNT_LATE": Tells(
            "计数 {number} 逾期 / counter {number} is overdue",
            to="记数人 / who counts",
            when="到期 / when it is due",
            group="DUTIES",
            urgent=True,
        ),
    }

    @command(roles=("R_DISTRICT",))
    def add(self, tx: Tx, order: Add) -> dict[str, Any]:
        if order.amount > 1000:
            raise TooMuch(limit=1000, field="amount")
        row = tx.conn.execute(
            store.lock(
                sa.select(counters).where(counters.c.counter_id == order.counter_id), tx.conn
            )
        ).first()
        version = row.version + 1 if row else 1
        statement = store.insert(tx.conn, counters).values(
            counter_id=order.counter_id, total=order.amount, version=1
        )
        tx.conn.execute(
            statement.on_conflict_do_update(
                index_elements=["counter_id"],
                set_={
                    "total": counters.c.total + order.amount,
                    "version": counters.c.version + 1,
                },
            )
        )
        fact = (
            Forgotten(order.amount) if order.note == "forget" else Added(order.amount, order.note)
        )
        tx.publish(fact, subject=order.counter_id, scope="370811", sequence=version)
        return {"id": order.counter_id, "state": "ADDED", "version": version}

    @command(roles=("R_DISTRICT",))
    def add_readings(self, tx: Tx, order: AddReadings) -> dict[str, Any]:
        said = []
        for line in read_lines(order.readings):
            if isinstance(line, Refusal):
                said.append(f"{line.field}: {line.params.get('reason', '')}")
            else:
                self.add(tx, Add(line.counter_id, line.amount))
                said.append(line.at.isoformat())
        return {"id": "readings", "said": said}

    @command(roles=("R_DISTRICT",), if_match=True)
    def reset(self, tx: Tx, order: Which) -> dict[str, Any]:
        row = tx.conn.execute(
            sa.select(counters).where(counters.c.counter_id == order.counter_id)
        ).first()
        if row is None:
            raise NotFound(kind="counter", id=order.counter_id)
        tx.check_version(row.version)
        tx.conn.execute(
            sa.update(counters)
            .where(counters.c.counter_id == order.counter_id)
            .values(total=0, version=row.version + 1)
        )
        return {"id": order.counter_id, "state": "RESET", "version": row.version + 1}

    @command(roles=("R_DISTRICT",), unkept=("secret",))
    def whisper(self, tx: Tx, order: Add) -> dict[str, Any]:
        done = self.add(tx, order) if tx.first is None else tx.first
        return {**done, "secret": f"whisper {order.amount * 7}"}

    @command(roles=("R_DISTRICT",))
    def nap(self, tx: Tx, order: Nap) -> dict[str, Any]:
        tx.conn.execute(sa.select(sa.func.pg_sleep(order.seconds)))
        return self.add(tx, Add(order.counter_id, 1))

    @command(roles=("R_DISTRICT",))
    def remind(self, tx: Tx, order: Which) -> dict[str, Any]:
        tx.arm("reminder", order.counter_id, tx.now + timedelta(hours=1), {"why": "test"})
        return {"id": order.counter_id, "state": "ARMED"}

    @command(roles=("R_DISTRICT",))
    def count_up(self, tx: Tx, order: Add) -> dict[str, Any]:
        job_id = tx.start_job("count", {"counter": order.counter_id, "to": order.amount})
        return {"id": job_id, "state": "QUEUED"}

    @query(roles=("*",))
    def total(self, tx: Tx, q: Which) -> dict[str, Any]:
        total = tx.conn.execute(
            sa.select(counters.c.total).where(counters.c.counter_id == q.counter_id)
        ).scalar()
        return {"id": q.counter_id, "total": total or 0}

    @subscribe("toy", AddedHeard)
    def on_toy(self, tx: Tx, heard: list[Event]) -> None:
        for event in heard:
            left = FAIL.get(event.data.note, 0)
            if always_fails(event.data.note):
                raise RuntimeError(f"told to fail at {event.data.note}")
            if left:
                FAIL[event.data.note] = left - 1
                raise RuntimeError(f"told to fail at {event.data.note}")
        tx.conn.execute(
            entries.insert(),
            [
                {
                    "event_id": e.id,
                    "subject": e.subject,
                    "sequence": e.sequence,
                    "amount": e.data.amount,
                }
                for e in heard
            ],
        )

    @timer("reminder")
    def on_reminder(self, tx: Tx, due: Due) -> None:
        if FAIL.get("timer", 0):
            FAIL["timer"] -= 1
            raise RuntimeError("told to fail in the timer")
        tx.publish(
            Added(0, f"reminded at {tx.now.isoformat()}"),
            subject=due.ref,
            scope="370811",
            sequence=99,
        )

    @timer("monthly", schedule=lambda now, calendar: calendar.next_cutoff(now))
    def on_month(self, tx: Tx, due: Due) -> None:
        tx.publish(Added(0, f"month {due.ref}"), subject="month", scope="370811", sequence=1)

    @job("count")
    def count(self, running: Job) -> dict[str, Any]:
        start = running.saved["at"] if running.saved else 0
        for n in range(start, running.params["to"]):
            if FAIL.get("job", 0) == n + 1:
                raise KeyboardInterrupt
            if FAIL.get("job bug", 0) == n + 1:
                raise ZeroDivisionError(running.params["counter"])
            with running.step(done=n + 1, total=running.params["to"], saved={"at": n + 1}) as tx:
                tx.publish(
                    Added(1), subject=running.params["counter"], scope="370811", sequence=n + 1
                )
        return {"counted": running.params["to"]}


_: datetime
