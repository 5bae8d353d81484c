"""`fivered doctor reconcile`: what others have heard of a service that was restored, and that it
does not know any more.

A restored service has forgotten what it published after its backup; those who heard it have taken
effect of it. Their inboxes hold the ids of events, and an id holds the time at which it was made.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

from fivered.chassis import here, topology
from fivered.chassis import storage as store
from fivered.chassis.bus import entries
from fivered.chassis.calendar import with_zone
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.settings import CommandFailed, database_variable

Say = Callable[[str], None]
# An outbox forgets what is older than 90 days, and then everything would look forgotten.
_DAYS, _MOST_DAYS = 7, 90
_CHUNK = 500
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Heard:
    """An event that took effect in a service.

    Attributes:
        consumer: That service.
        handler: What it was taken by.
        event_id: The event.
    """

    consumer: str
    handler: str
    event_id: str

    @property
    def made_at(self) -> datetime:
        """When the event was made (UTC)."""
        return datetime.fromtimestamp((UUID(self.event_id).int >> 80) / 1000, UTC)


def since_of(text: str | None) -> datetime:
    """Return from when on is looked: a week, unless something else is said.

    Raises:
        CommandFailed: It is no time, or further back than outboxes reach.
    """
    now = datetime.now(UTC)
    if not text:
        return now - timedelta(days=_DAYS)
    try:
        found = with_zone(datetime.fromisoformat(text))
    except ValueError:
        raise CommandFailed(f"--from {text!r} is no time (2026-11-28T09:30)") from None
    if found < now - timedelta(days=_MOST_DAYS):
        raise CommandFailed(f"--from reaches further back than outboxes do ({_MOST_DAYS} days)")
    return found


def heard(consumer: str, source: str, since: datetime) -> list[Heard]:
    """Return what a service has taken effect of that another one has published since then.

    Raises:
        CommandFailed: Its database is not set here, or it hears nothing of that one.
    """
    doors = entries(service_class(consumer))
    handlers = [
        method
        for method, entry in doors.items()
        if entry.kind == "subscribe" and entry.door.source == source
    ]
    if not handlers:
        raise CommandFailed(f"{consumer} hears nothing of {source}")
    inbox = service_class(consumer).tables.tables["inbox"]
    first = str(UUID(int=int(since.timestamp() * 1000) << 80))
    asked = (
        sa.select(inbox.c.handler, inbox.c.event_id)
        .where(inbox.c.handler.in_(handlers), inbox.c.event_id >= first)
        .order_by(inbox.c.event_id)
    )
    with _reading(consumer) as conn:
        return [Heard(consumer, row.handler, str(row.event_id)) for row in conn.execute(asked)]


def forgotten(service: str, found: Iterable[Heard]) -> list[Heard]:
    """Return which of these events the service that published them does not know."""
    whole = sorted(found, key=lambda one: one.event_id)
    outbox = service_class(service).tables.tables["outbox"]
    ids = sorted({one.event_id for one in whole})
    known: set[str] = set()
    with _reading(service) as conn:
        for at in range(0, len(ids), _CHUNK):
            asked = sa.select(outbox.c.event_id).where(outbox.c.event_id.in_(ids[at : at + _CHUNK]))
            known.update(str(one) for one in conn.execute(asked).scalars())
    return [one for one in whole if one.event_id not in known]


@contextmanager
def _reading(service: str) -> Iterator[sa.Connection]:
    """Read a service's database."""
    engine = store.open_engine(here.database_of(service), pool_size=1)
    try:
        with store.reading(engine) as conn:
            yield conn
    finally:
        engine.dispose()


def tell_heard(consumer: str, source: str, since: datetime, say: Say) -> int:
    """Print what a service has heard of another one, a line each, for `reconcile --heard`."""
    here.adopt()
    for one in heard(consumer, source, since):
        say(json.dumps(asdict(one)))
    return 0


@dataclass(frozen=True, slots=True)
class Compared:
    """What others have heard of a service that was restored.

    Attributes:
        service: That service.
        since: Events made since then (UTC).
        lost: By consumer, what took effect there and is not known here.
        unasked: Consumers whose database is not set here.
    """

    service: str
    since: datetime
    lost: dict[str, list[Heard]]
    unasked: list[str]


def reconcile(service: str, files: Iterable[str], since: datetime) -> Compared:
    """Compare what others have heard of a service with what it knows.

    Raises:
        CommandFailed: A file cannot be read, or the service's database is not set here.
    """
    here.adopt()
    service_class(service)
    found = list(_read(files))
    asked = {one.consumer for one in found}
    unasked = []
    members = topology.looked_at().members
    for name in sorted(name for name, one in members.items() if service in one.consumes):
        if name in asked or name not in service_names():
            continue
        if os.environ.get(database_variable(name)):
            found += heard(name, service, since)
            asked.add(name)
        else:
            unasked.append(name)
    lost = forgotten(service, [one for one in found if one.made_at >= since])
    by_consumer = {name: [one for one in lost if one.consumer == name] for name in sorted(asked)}
    return Compared(service, since, by_consumer, unasked)


def tell(found: Compared, say: Say, *, as_json: bool) -> int:
    """Say what was compared; returns 1 where something is not known, or somebody was not asked."""
    service = found.service
    for name, lost in found.lost.items():
        if as_json:
            for one in lost:
                say(json.dumps({**asdict(one), "made_at": one.made_at.isoformat()}))
        else:
            _tell(service, name, lost, say)
    for name in found.unasked:
        say(
            json.dumps({"consumer": name, "asked": False})
            if as_json
            else f"WARN {name}: not asked. With its environment: fivered doctor heard {name}"
            f" {service} --from {found.since:%Y-%m-%dT%H:%MZ} > FILE; then here: --heard FILE"
        )
    return int(bool(found.unasked or any(found.lost.values())))


def _tell(service: str, name: str, lost: list[Heard], say: Say) -> None:
    if not lost:
        say(f"ok   {name}: knows nothing of {service} that {service} does not know itself")
        return
    say(
        f"BAD  {name}: {len(lost)} events of {service} took effect that {service} does not know,"
        f" {lost[0].made_at:%Y-%m-%dT%H:%M:%SZ} to {lost[-1].made_at:%Y-%m-%dT%H:%M:%SZ}"
    )
    for one in lost[:_SHOWN]:
        say(f"     {one.made_at:%Y-%m-%dT%H:%M:%SZ}  {one.event_id}  {one.handler}")
    if len(lost) > _SHOWN:
        say(f"     and {len(lost) - _SHOWN} more (--json: all)")


def _read(files: Iterable[str]) -> Iterator[Heard]:
    for path in files:
        try:
            for line in Path(path).read_text("utf-8").splitlines():
                one = Heard(**json.loads(line))
                UUID(one.event_id)
                yield one
        except OSError as error:
            raise CommandFailed(f"{path}: {error.strerror}") from error
        except (ValueError, TypeError) as error:
            raise CommandFailed(
                f"{path} is not what fivered doctor heard has printed: {error}"
            ) from error
