"""In how many partitions a service's events go out: a row of its database, not a constant.

The relay chooses an event's partition when it sends it, by the subject, so that no process can
write with a number that is not in force any more. While the number is changed, what was written
before the change goes out by the old one, and what came after it waits until all of that has taken
effect everywhere: `chassis/repartition.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.chassis.messages import PARTITIONS, partition_of

MOST = 64
_ONE = 1


@dataclass(frozen=True, slots=True)
class Partitioning:
    """How many partitions a service has.

    Attributes:
        partitions: The number in force, or that will be when the change is complete.
        since: While it is changed: up to this row of the outbox the old number counts.
        was: While it is changed: the old number.
    """

    partitions: int = PARTITIONS
    since: int | None = None
    was: int | None = None

    @property
    def in_force(self) -> int:
        """The number by which events leave now."""
        return self.partitions if self.was is None else self.was


def target(written: int, of: int | None, subject: str, partitions: int) -> int:
    """Return the partition in which an event leaves.

    Args:
        written: What its row says: a partition of the first number, or one chosen on purpose.
        of: Of how many it was chosen on purpose; None where the subject says it.
        subject: Of the event.
        partitions: The number in force.
    """
    if partitions == PARTITIONS or of is not None:
        return written % partitions
    return partition_of(subject, partitions)


def read(conn: sa.Connection, tables: store.ChassisTables, *, held: bool = False) -> Partitioning:
    """Return what is in force.

    Args:
        conn: Where.
        tables: The service's own.
        held: It does not change until this transaction has ended.
    """
    table = tables.partitioning
    asked = sa.select(table.c.partitions, table.c.since, table.c.was).where(table.c.id == _ONE)
    if held:
        asked = asked.with_for_update(read=True)
    row = conn.execute(asked).first()
    return Partitioning() if row is None else Partitioning(row.partitions, row.since, row.was)


def begin(engine: sa.Engine, tables: store.ChassisTables, partitions: int) -> Partitioning:
    """Begin to change the number. Returns what is in force then.

    Whoever writes events is waited for, and waits meanwhile, for a moment: each row of the outbox
    belongs to the time before or to the time after, whatever a transaction has seen.

    Raises:
        sqlalchemy.exc.OperationalError: Somebody writes for longer than four seconds; try again.
    """
    table = tables.partitioning
    with engine.begin() as conn:
        conn.execute(sa.text("SET LOCAL lock_timeout = '4s'"))
        asked = sa.select(table.c.id).where(table.c.id == _ONE).with_for_update()
        conn.execute(asked)
        found = read(conn, tables)
        if found.was is not None or found.partitions == partitions:
            return found
        conn.execute(sa.text("LOCK TABLE outbox IN SHARE ROW EXCLUSIVE MODE"))
        since = conn.execute(sa.select(sa.func.max(tables.outbox.c.id))).scalar() or 0
        changing = Partitioning(partitions, since, found.partitions)
        conn.execute(
            sa.update(table)
            .where(table.c.id == _ONE)
            .values(partitions=partitions, since=since, was=found.partitions)
        )
        return changing


def complete(engine: sa.Engine, tables: store.ChassisTables) -> None:
    """End the change: what waits goes out by the new number."""
    table = tables.partitioning
    with engine.begin() as conn:
        conn.execute(sa.update(table).where(table.c.id == _ONE).values(since=None, was=None))
        store.notify(conn)


def unsent(engine: sa.Engine, tables: store.ChassisTables, until: int) -> int:
    """Return how many events up to a row of the outbox have not left yet."""
    outbox = tables.outbox
    asked = sa.select(sa.func.count()).where(outbox.c.sent_at.is_(None), outbox.c.id <= until)
    with store.reading(engine) as conn:
        return int(conn.execute(asked).scalar() or 0)
