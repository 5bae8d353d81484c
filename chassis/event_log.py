"""What a service has published: shown to people, and published again, by number or time of its
outbox."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from fivered.chassis import inbox, partitioning
from fivered.chassis import storage as store
from fivered.chassis.calendar import EARLIEST, LATEST, with_zone
from fivered.chassis.json_values import JsonObject
from fivered.chassis.partitioning import target
from fivered.chassis.publisher import Lost, Outcome, Publisher, Unsent
from fivered.chassis.topology import Installation, event_exchange, replay_key
from fivered.chassis.transaction import Opened

PAGE = 500
# A number of so many digits is no id of a database.
_DIGITS = 19


class NotReplayed(Exception):
    """It cannot be published again so; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an outbox. Places are ids, or times at which events were recorded.

    Attributes:
        after: Beyond this place.
        first: From this place on.
        last: Up to and with this place.
        facts: Of these facts only.
        partitions: Of these partitions only.
        unsent: What has not left yet only.
    """

    after: int | datetime | None = None
    first: int | datetime | None = None
    last: int | datetime | None = None
    facts: tuple[str, ...] = ()
    partitions: tuple[int, ...] = ()
    unsent: bool = False

    def where(self, outbox: sa.Table) -> list[sa.ColumnElement[bool]]:
        """Return the conditions."""

        def column(place: int | datetime) -> store.Column:
            return outbox.c.id if isinstance(place, int) else outbox.c.recorded_at

        found: list[sa.ColumnElement[bool]] = []
        if self.after is not None:
            found.append(column(self.after) > self.after)
        if self.first is not None:
            found.append(column(self.first) >= self.first)
        if self.last is not None:
            found.append(column(self.last) <= self.last)
        if self.facts:
            found.append(outbox.c.fact.in_(self.facts))
        if self.partitions:
            found.append(outbox.c.partition.in_(self.partitions))
        if self.unsent:
            found.append(outbox.c.sent_at.is_(None))
        return found


def place(text: str) -> int | datetime:
    """Read an outbox id, or a time; one without zone is local.

    Raises:
        ValueError: It is neither.
    """
    if text.isascii() and text.isdigit() and len(text) < _DIGITS:
        return int(text)
    try:
        at = with_zone(datetime.fromisoformat(text))
    except ValueError:
        at = None
    if at is None or not EARLIEST <= at <= LATEST:
        raise ValueError(f"{text!r} is no outbox id and no time (1200, 2026-11-28T09:30)")
    return at


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of an outbox a part is."""

    count: int
    first_id: int | None = None
    last_id: int | None = None
    first_at: datetime | None = None
    last_at: datetime | None = None

    def __str__(self) -> str:
        if not self.count:
            return "nothing"
        assert self.first_at is not None  # noqa: S101  there is at least one
        assert self.last_at is not None  # noqa: S101  as above
        return (
            f"outbox {self.first_id} to {self.last_id},"
            f" {self.first_at:%Y-%m-%dT%H:%M:%SZ} to {self.last_at:%Y-%m-%dT%H:%M:%SZ}"
        )


def extent(runtime: Opened, part: Part) -> Extent:
    """Count a part."""
    outbox = runtime.chassis.outbox
    ids, times = outbox.c.id, outbox.c.recorded_at
    asked = sa.select(
        sa.func.count(), sa.func.min(ids), sa.func.max(ids), sa.func.min(times), sa.func.max(times)
    ).where(*part.where(outbox))
    with store.reading(runtime.engine) as conn:
        return Extent(*conn.execute(asked).one())


def only_remembered(found: Extent) -> None:
    """Check that who consumed a part remembers all of it.

    Raises:
        NotReplayed: It reaches further back, and would take effect twice.
    """
    since = datetime.now(UTC) - inbox.KEEP
    if found.first_at is not None and found.first_at < since:
        raise NotReplayed(
            f"services remember what was published since {since:%Y-%m-%dT%H:%MZ}, and older events"
            f" would take effect twice: --from {since:%Y-%m-%dT%H:%MZ}; or --only-to a service that"
            " has never run, with --first-time"
        )


def newest(runtime: Opened, part: Part, count: int) -> list[JsonObject]:
    """Return the newest events of a part, oldest of them first, as they are shown to people."""
    outbox = runtime.chassis.outbox
    asked = sa.select(outbox).where(*part.where(outbox)).order_by(outbox.c.id.desc()).limit(count)
    with store.reading(runtime.engine) as conn:
        rows = conn.execute(asked).all()
    return [
        {
            "outbox_id": row.id,
            "recorded_at": row.recorded_at.isoformat(),
            "sent_at": row.sent_at.isoformat() if row.sent_at else None,
            **msgspec.json.decode(bytes(row.body)),
        }
        for row in reversed(rows)
    ]


def again(runtime: Opened, part: Part) -> Extent:
    """Have the relay say a part again, to everybody. Every inbox that knows an event drops it."""
    outbox = runtime.chassis.outbox
    found = extent(runtime, part)
    with runtime.engine.begin() as conn:
        conn.execute(sa.update(outbox).where(*part.where(outbox)).values(sent_at=None))
        store.notify(conn)
    return found


@dataclass(slots=True)
class Repeated:
    """What `again_to` has done: how many were said, and the last of them."""

    count: int = 0
    last_id: int = field(default=0)

    def until(self, why: object) -> str:
        """Return what is told when it ends too early."""
        return f"the broker took {self.count}, then: {why}; go on with --after {self.last_id}"


def again_to(
    runtime: Opened, part: Part, consumer: str, installation: Installation, url: str
) -> Repeated:
    """Say a part again to one consumer, by the keys that only its queues are bound to.

    The outbox stays as it is, and nobody else is disturbed.

    Raises:
        NotReplayed: It does not hear this service, or its queues are not bound so, or the broker
            does not take it.
    """
    part = consumed_by(part, runtime.name, consumer, installation)
    done = Repeated()
    try:
        publisher = Publisher(url, f"fivered {runtime.name} replay", event_exchange(runtime.name))
    except Lost as error:
        raise NotReplayed(f"the broker: {error}") from error
    try:
        for window in _windows(runtime, part, consumer):
            outcome = Outcome()
            publisher.publish(window, outcome)
            if outcome.returned:
                raise NotReplayed(f"no queue of {consumer} takes it: fivered topology apply")
            if outcome.refused:
                raise NotReplayed(done.until(f"a queue of {consumer} is full"))
            done.count += len(window)
            done.last_id = window[-1].id
    except Lost as error:
        raise NotReplayed(done.until(error)) from error
    finally:
        publisher.close()
    return done


def consumed_by(part: Part, source: str, consumer: str, installation: Installation) -> Part:
    """Narrow a part to what one consumer hears of it.

    Raises:
        NotReplayed: It hears nothing of it.
    """
    member = installation.members.get(consumer)
    if member is None:
        known = ", ".join(sorted(installation.members))
        raise NotReplayed(f"{consumer} is not installed ({known})")
    heard = member.consumes.get(source, ())
    facts = tuple(fact for fact in heard if not part.facts or fact in part.facts)
    if not facts:
        raise NotReplayed(f"{consumer} hears nothing of it from {source}")
    return Part(part.after, part.first, part.last, facts, part.partitions, part.unsent)


def _windows(runtime: Opened, part: Part, consumer: str) -> Iterator[list[Unsent]]:
    outbox = runtime.chassis.outbox
    with store.reading(runtime.engine) as conn:
        partitions = partitioning.read(conn, runtime.chassis).in_force
    after = -1
    while True:
        asked = (
            sa.select(outbox)
            .where(*part.where(outbox), outbox.c.id > after)
            .order_by(outbox.c.id)
            .limit(PAGE)
        )
        with store.reading(runtime.engine) as conn:
            rows = conn.execute(asked).all()
        if not rows:
            return
        after = rows[-1].id
        yield [_again(row, consumer, partitions) for row in rows]


def _again(row: sa.Row[Any], consumer: str, partitions: int) -> Unsent:
    chosen = target(row.partition, row.partitions, row.subject, partitions)
    return Unsent(
        row.id, str(row.event_id), row.fact, chosen, bytes(row.body), row.traceparent,
        mandatory=True, to=replay_key(consumer, chosen),
    )  # fmt: skip


def set_back(source: Opened, part: Part, consumer: Opened) -> Extent:
    """Have a consumer of the embedded mode read again from a part's first event on.

    Raises:
        NotReplayed: The part has an end, which a cursor cannot have.
    """
    if part.last is not None:
        raise NotReplayed("the embedded mode reads on to the end: leave out --to")
    found = extent(source, part)
    if found.first_id is not None:
        cursors = consumer.chassis.cursors
        with consumer.engine.begin() as conn:
            conn.execute(
                sa.update(cursors)
                .where(cursors.c.source == source.name, cursors.c.position >= found.first_id)
                .values(position=found.first_id - 1)
            )
    return found
