"""How a service declares its doors, and what its actions are given.

`@command`, `@query`, `@subscribe`, `@timer` and `@job` put ordinary nameko entrypoints on the
methods of an ordinary nameko service class. Three hosts read them: the nameko container
(`serve`), the worker (`work`) and the embedded process (`embedded`). A method is called by a host
with a `Call`, a batch, a timer or a job; the decorator opens the transaction around it.
"""

from __future__ import annotations

import functools
import inspect
import typing
import uuid
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import sqlalchemy as sa
import uuid_utils

from chassis import envelope as env
from chassis import outbox
from chassis import storage as store
from chassis.calendar import Calendar, Counting, Year
from chassis.refusal import NotFound, PreconditionRequired, RoleDenied, VersionConflict
from chassis.settings import NoSettings

with warnings.catch_warnings():
    # nameko stands on eventlet, which announces its retirement at every import (DECISIONS 3).
    warnings.simplefilter("ignore")
    from nameko.extensions import (
        ENTRYPOINT_EXTENSIONS_ATTR,
        DependencyProvider,
        Entrypoint,
        register_entrypoint,
    )

if TYPE_CHECKING:
    from chassis.deadlines import Move
    from chassis.jobs import Job
    from chassis.runtime import Runtime
    from chassis.table import Row

ANY_ROLE = "*"
PUBLIC = "PUBLIC"
SYSTEM_ROLE = "R_SYSTEM"
PARTITIONS = 4

F = TypeVar("F", bound=Callable[..., Any])


def partition_of(subject: str, partitions: int = PARTITIONS) -> int:
    """Return the partition of an aggregate: stable over processes and releases."""
    return zlib.crc32(subject.encode()) % partitions


def new_uuid() -> str:
    """Return a UUIDv7 as text."""
    return str(uuid_utils.uuid7())


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, in which role, and where.

    Attributes:
        id: The person, or "" for a caller without a token, or "system".
        role: The acting role.
        scope: Unpadded area code; the role acts on that area and what lies in it.
    """

    id: str
    role: str
    scope: str

    def covers(self, area: str) -> bool:
        """Tell whether `area` lies in the actor's scope."""
        return area.startswith(self.scope)


SYSTEM = Actor("system", SYSTEM_ROLE, "")


@dataclass(frozen=True, slots=True)
class Call:
    """One command or query as a host received it."""

    method: str
    body: dict[str, Any]
    actor: Actor
    key: str | None = None
    version: int | None = None
    lang: str = "zh"
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """One event, its data read into the subscriber's own type.

    Attributes:
        data: An instance of the reader type that was named in `@subscribe`.
        partition: The partition of the source in which it arrived.
    """

    id: str
    fact: str
    source: str
    subject: str
    occurred_at: datetime
    recorded_at: datetime
    sequence: int
    scope: str
    period: str
    actor_id: str | None
    actor_role: str
    correlation_id: str
    partition: int
    data: Any


@dataclass(frozen=True, slots=True)
class Due:
    """A timer that has come due."""

    kind: str
    ref: str
    due_at: datetime
    data: dict[str, Any] = field(default_factory=dict)


# --------------------------------------------------------------------------------------------------
# Entrypoints


class Door(Entrypoint):  # type: ignore[misc]  # nameko has no types
    """Base of our entrypoints. nameko clones an extension from its arguments, so all state that
    must survive stands in them."""

    kind: ClassVar[str] = ""

    def __init__(self, **options: Any) -> None:
        self.options = options
        super().__init__()

    def __getattr__(self, name: str) -> Any:
        options = self.__dict__.get("options", {})
        if name in options:
            return options[name]
        raise AttributeError(name)


class CallDoor(Door):
    """A door that is entered by calls. In the nameko container all of a service's share one
    consumer, which the container brings along (`serve.CallContainer`)."""

    def setup(self) -> None:
        """Tell the container's consumer which method this door leads to."""
        self.container.calls.register(self)

    def start(self) -> None:
        """Begin to take calls; the first door that is started does it for all."""
        self.container.calls.start()

    def stop(self) -> None:
        """Take no more calls; those under way are finished by the container."""
        self.container.calls.stop()

    def kill(self) -> None:
        """Let go of the broker at once."""
        self.container.calls.kill()


class Command(CallDoor):
    """Changes something: one transaction, one idempotency key."""

    kind = "command"


class Query(CallDoor):
    """Answers a question; reads only."""

    kind = "query"


class Subscription(Door):
    """Hears facts of one source, in batches. Inert in the nameko container."""

    kind = "subscribe"


class Timer(Door):
    """Acts when a timer row comes due. Inert in the nameko container."""

    kind = "timer"


class JobDoor(Door):
    """Long work in many transactions. Inert in the nameko container."""

    kind = "job"


_RUN = {
    "command": "run_command",
    "query": "run_query",
    "subscribe": "run_batch",
    "timer": "run_timer",
    "job": "run_job",
}


def enter(door: Door, fn: F) -> F:
    """Return a method as the entrypoint that a host enters by `door`."""
    run = _RUN[door.kind]

    @functools.wraps(fn)
    def entered(self: Any, first: Any, *rest: Any) -> Any:
        # A host calls with a Call (or a batch, a timer, a job); an action under test calls the
        # method itself with a transaction that it has opened.
        if isinstance(first, (Tx,)):
            return fn(self, first, *rest)
        return getattr(self.runtime, run)(self, door, fn, first, *rest)

    register_entrypoint(entered, door)
    return typing.cast("F", entered)


def command(
    *, roles: Sequence[str], if_match: bool = False, unkept: Sequence[str] = ()
) -> Callable[[F], F]:
    """Declare a command: `method(self, tx, body)`.

    Args:
        roles: Acting roles that may call it; `ANY_ROLE` for every signed-in role.
        if_match: True where the caller must state the version that he has seen.
        unkept: Members of the reply that no database may hold. They are left out of what is kept
            under the key; where the key comes again, the method answers again (`Tx.first`).
    """

    def decorate(fn: F) -> F:
        door = Command(roles=tuple(roles), if_match=if_match, unkept=tuple(unkept))
        return enter(door, fn)

    return decorate


def query(*, roles: Sequence[str]) -> Callable[[F], F]:
    """Declare a query: `method(self, tx, body)`; `PUBLIC` admits callers without a token."""

    def decorate(fn: F) -> F:
        return enter(Query(roles=tuple(roles), if_match=False), fn)

    return decorate


def subscribe(source: str, *readers: type[Any]) -> Callable[[F], F]:
    """Declare what is heard of one source: `method(self, tx, heard)`.

    `heard` is a list of `Heard` in the order of arrival (per aggregate, the order in which the
    source said them). The inbox, the commit and the acknowledgement are the chassis's.

    Args:
        source: Name of the service that says the facts.
        readers: One reader type per fact, with FACT and SOURCE.
    """
    door = subscription(source, readers)

    def decorate(fn: F) -> F:
        return enter(door, fn)

    return decorate


def subscription(source: str, readers: Sequence[type[Any]]) -> Subscription:
    """Return the entrypoint of what is heard of a source.

    Raises:
        TypeError: A reader reads another source.
    """
    for reader in readers:
        if source != reader.SOURCE:
            raise TypeError(f"{reader.__name__} reads {reader.SOURCE}, not {source}")
    return Subscription(source=source, readers=tuple(readers))


def timer(
    kind: str,
    *,
    schedule: Callable[[datetime, Calendar], tuple[str, datetime]] | None = None,
    together: timedelta | None = None,
) -> Callable[[F], F]:
    """Declare a timer: `method(self, tx, due)`, with `tx.now == due.due_at`.

    Args:
        kind: Name under which actions arm it.
        schedule: For a recurring timer, (now, calendar) -> (ref, due_at) of the next one strictly
            after now; the chassis arms it.
        together: Where the method takes a list of timers, at each of which it acts (`Tx.at`): the
            span within which they fall. No such timer arms another one that is due sooner.
    """

    def decorate(fn: F) -> F:
        door = Timer(timer_kind=kind, schedule=schedule, together=together)
        return enter(door, fn)

    return decorate


def job(kind: str) -> Callable[[F], F]:
    """Declare long work: `method(self, job)`; it opens its own transactions through the job."""

    def decorate(fn: F) -> F:
        return enter(JobDoor(job_kind=kind), fn)

    return decorate


@dataclass(frozen=True, slots=True)
class Nothing:
    """The body of a question that needs none."""


@dataclass(frozen=True, slots=True)
class SetClock:
    """The instant to which the demonstration clock moves."""

    now: datetime


@dataclass(frozen=True, slots=True)
class JobQuestion:
    """Which job is meant."""

    job_id: str


@dataclass(frozen=True, slots=True)
class Projection:
    """Tables that one subscription keeps and that can be read again from their source.

    Attributes:
        name: What an operator calls it.
        source: The service whose facts it keeps.
        handler: The method that hears them; it does nothing else.
        tables: Names of the tables that are emptied first.
    """

    name: str
    source: str
    handler: str
    tables: tuple[str, ...]


def shown(**by: str) -> Mapping[str, str]:
    """Write `Service.shown_by`: `shown(request_id="request")`."""
    return MappingProxyType(by)


class RuntimeProvider(DependencyProvider):  # type: ignore[misc]  # nameko has no types
    """Gives each service instance the runtime of its process."""

    def get_dependency(self, worker_ctx: Any) -> Runtime:
        """Called by nameko for each worker; the host put the runtime on the container."""
        return typing.cast("Runtime", worker_ctx.container.fivered_runtime)


class Service:
    """Base of the five services.

    Attributes:
        name: The service's name on the wire.
        tables: Its metadata, the chassis's tables included.
        settings_type: What it reads from its environment.
        says: The facts that it may say.
        projections: What `fivered rebuild` may throw away and read again.
        counts: Members of replies that are deadlines in working days; those that rest on a year
            without data are named in `provisional` beside them.
        loads_calendar: Whether `load_year` takes a year's working days and says them to all.
        shown_by: What shows the thing that a call names: the first member of the call's body (or
            the call itself, where that member names something else there), and the query that
            answers it. Who is refused by that query is refused by every other door on the thing in
            the same words, so that nobody learns of it by a version or a state.
        doors: Every way in, one row each (`table`).
        title: Heading in the reference, "中文 / English".
    """

    name: ClassVar[str]
    tables: ClassVar[sa.MetaData]
    settings_type: ClassVar[type[Any]] = NoSettings
    says: ClassVar[tuple[type[Any], ...]] = ()
    projections: ClassVar[tuple[Projection, ...]] = ()
    counts: ClassVar[frozenset[str]] = frozenset()
    loads_calendar: ClassVar[bool] = False
    shown_by: ClassVar[Mapping[str, str]] = MappingProxyType({})
    doors: ClassVar[tuple[Row, ...]] = ()
    title: ClassVar[str] = ""
    runtime: Any = RuntimeProvider()

    def __init_subclass__(cls) -> None:
        """Make an entrypoint of each row of the table."""
        for row in cls.__dict__.get("doors", ()):
            if hasattr(cls, row.name):
                raise TypeError(f"{cls.__name__}: two ways in are called {row.name}")
            setattr(cls, row.name, row.method())

    def admit(self, tx: Tx) -> None:
        """Refuse a caller who may act no longer; every command asks before it does anything."""

    def deadline_moved(self, tx: Tx, move: Move) -> None:
        """Write into the service's own history that a deadline is later, and tell whoever waits."""

    def load_year(self, tx: Tx, year: Year) -> int:
        """Load a year's working days. Returns how many deadlines of this service moved."""
        raise NotImplementedError  # written by the one service that says `loads_calendar`

    @query(roles=(PUBLIC,))
    def _health(self, tx: Tx, _body: Nothing) -> dict[str, Any]:
        """Answer whether the database is reached and how much waits."""
        return tx.runtime.health(tx)

    @query(roles=(PUBLIC,))
    def _contract(self, tx: Tx, _body: Nothing) -> dict[str, Any]:
        """Answer the doors of the release that runs here."""
        return tx.runtime.contract

    @query(roles=(PUBLIC,))
    def _clock(self, tx: Tx, _body: Nothing) -> dict[str, Any]:
        """Answer the domain time and whether it may be set."""
        return {"now": tx.now.isoformat(), "demo": tx.runtime.process.demo_clock}

    @command(roles=(PUBLIC,))
    def _set_clock(self, tx: Tx, body: SetClock) -> dict[str, Any]:
        """Move the demonstration clock forward."""
        return tx.runtime.set_clock(tx, body.now)

    @query(roles=(ANY_ROLE,))
    def _job(self, tx: Tx, body: JobQuestion) -> dict[str, Any]:
        """Answer how far a job is."""
        return tx.runtime.job_card(tx, body.job_id)

    @command(roles=(ANY_ROLE,))
    def _cancel_job(self, tx: Tx, body: JobQuestion) -> dict[str, Any]:
        """Ask a job to stop at its next step."""
        return tx.runtime.cancel_job(tx, body.job_id)


@dataclass(frozen=True, slots=True)
class Entry:
    """One door of a service class: the method, its options and the type of its body."""

    method: str
    kind: str
    door: Door
    body_type: type[Any] | None


def entries(cls: type[Service]) -> dict[str, Entry]:
    """Read the doors of a service class from nameko's own metadata."""
    # Resolving the types of a hundred doors takes 30 ms, and a class does not change.
    if cls not in _ENTRIES:
        _ENTRIES[cls] = _read_entries(cls)
    return dict(_ENTRIES[cls])


_ENTRIES: dict[type[Service], dict[str, Entry]] = {}


def _read_entries(cls: type[Service]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for name, member in inspect.getmembers(cls, inspect.isfunction):
        for door in getattr(member, ENTRYPOINT_EXTENSIONS_ATTR, ()):
            body: type[Any] | None = None
            if door.kind in {"command", "query"}:
                # The last argument; before it stand the service and the transaction.
                method = inspect.unwrap(member)
                body = typing.get_type_hints(method)[list(inspect.signature(method).parameters)[-1]]
            found[name] = Entry(name, door.kind, door, body)
    return found


# --------------------------------------------------------------------------------------------------
# What actions are given


class Tx:
    """One transaction of a service.

    Everything that an action needs and that is not its order: the connection, the clock, the
    actor, the outbox and the timers. Nothing leaves before the commit.
    """

    __slots__ = (
        "_calendar",
        "_outgoing",
        "_timers",
        "actor",
        "after",
        "causation_id",
        "conn",
        "correlation_id",
        "expected_version",
        "first",
        "lang",
        "now",
        "recorded_at",
        "runtime",
        "said",
        "traceparent",
        "wakes",
        "writes",
    )

    def __init__(
        self,
        runtime: Runtime,
        conn: sa.Connection,
        *,
        now: datetime,
        actor: Actor,
        writes: bool,
        expected_version: int | None = None,
        correlation_id: str | None = None,
        causation_id: str | None = None,
        traceparent: str | None = None,
        recorded_at: datetime | None = None,
        lang: str = "zh",
    ) -> None:
        self.runtime = runtime
        self.lang = lang
        self.conn = conn
        self.now = now
        self.recorded_at = recorded_at or now
        self.actor = actor
        self.writes = writes
        self._calendar: Counting | None = None
        self._timers: dict[tuple[str, str], datetime | None] = {}
        self.expected_version = expected_version
        self.correlation_id = correlation_id or new_uuid()
        self.causation_id = causation_id
        self.traceparent = traceparent
        self.said = 0
        self.wakes = False
        self.after: list[Callable[[Tx], None]] = []
        # For a command whose reply is not kept whole, asked again with the same key: what was
        # kept of the first answer. It changes nothing then, and gives what was not kept anew.
        self.first: dict[str, Any] | None = None
        self._outgoing: list[dict[str, Any]] = []

    @property
    def calendar(self) -> Calendar:
        """The working-day calendar, with the years that are loaded."""
        return self._calendar or self.renew_calendar()

    def renew_calendar(self) -> Counting:
        """Read the calendar again, after a year was stored in this transaction."""
        self._calendar = Counting(self.runtime.years.read(self.conn))
        return self._calendar

    @property
    def dialect(self) -> str:
        """Name of the database: postgresql or sqlite."""
        return self.conn.dialect.name

    @property
    def settings(self) -> Any:
        """The service's own settings."""
        return self.runtime.settings

    @property
    def partitions(self) -> int:
        """Number of partitions of this service's exchange."""
        return PARTITIONS

    @staticmethod
    def partition_of(subject: str) -> int:
        """Return the partition in which facts about `subject` go out."""
        return partition_of(subject)

    @staticmethod
    def new_id(prefix: str) -> str:
        """Return a new id: the prefix and a UUIDv7."""
        return f"{prefix}_{new_uuid()}"

    def require_scope(self, area: str) -> None:
        """Refuse an actor whose scope does not cover `area`.

        Raises:
            RoleDenied: The area lies outside.
        """
        if not self.actor.covers(area):
            raise RoleDenied(role=self.actor.role, scope=self.actor.scope, area=area)

    def require_sight(self, area: str, *, kind: str, id: str) -> None:  # noqa: A002  see NotFound
        """Refuse an actor whose scope does not cover `area`, as if there were no such thing.

        For things that no query shows by themselves; see `Service.shown_by`.

        Raises:
            NotFound: The area lies outside.
        """
        if not self.actor.covers(area):
            raise NotFound(kind=kind, id=id)

    def check_version(self, version: int) -> None:
        """Compare the stored version with If-Match.

        Raises:
            VersionConflict: The row has changed since the caller read it.
        """
        if self.expected_version is not None and self.expected_version != version:
            raise VersionConflict(current=version, expected=self.expected_version)

    def say(
        self,
        event: Any,
        *,
        subject: str,
        scope: str,
        sequence: int,
        occurred_at: datetime | None = None,
        period: str | None = None,
        event_id: str | None = None,
        partition: int | None = None,
        cause: Heard | None = None,
    ) -> str:
        """Say a fact: it leaves if and only if this transaction commits.

        Args:
            event: Instance of one of the service's `says` types.
            subject: Id of the aggregate; facts about one subject stay in order.
            scope: Area code that the fact concerns.
            sequence: Version of the aggregate's row.
            occurred_at: Domain time of the fact; default now.
            period: Month that it belongs to; default that of `occurred_at`.
            event_id: Only for a second version of a fact said before.
            partition: Only for facts that go to one partition on purpose (markers).
            cause: The heard event that this one answers; gives correlation and causation.

        Returns:
            The event's id.
        """
        kind = type(event)
        if kind not in self.runtime.service_cls.says:
            raise TypeError(f"{kind.__name__} is not among what {self.runtime.name} says")
        at = occurred_at or self.now
        identity = event_id or new_uuid()
        chosen = partition_of(subject) if partition is None else partition
        body = env.encode(
            env.Envelope(
                id=identity,
                source=f"/fivered/{self.runtime.name}",
                type=f"{self.runtime.name}.{kind.FACT}",
                subject=subject,
                time=at,
                recordedat=self.recorded_at,
                aggregatetype=kind.AGGREGATE,
                sequence=f"{sequence:020d}",
                scope=scope,
                period=period or Calendar.period(at),
                correlationid=cause.correlation_id if cause else self.correlation_id,
                causationid=cause.id if cause else self.causation_id,
                actorrole=self.actor.role,
                actorid=self.actor.id or None,
                traceparent=self.traceparent,
                data=env.raw(event),
            )
        )
        self._outgoing.append(
            {
                "event_id": identity,
                "fact": kind.FACT,
                "partition": chosen,
                "subject": subject,
                "body": body,
                "traceparent": self.traceparent,
                "recorded_at": datetime.now(UTC),
                "sent_at": None,
            }
        )
        return identity

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of the transaction that may fail alone: its rows, and what was said in it, are
        undone and the rest goes on."""
        said = len(self._outgoing)
        try:
            with self.conn.begin_nested():
                yield
        except BaseException:
            del self._outgoing[said:]
            raise

    def arm(
        self, kind: str, ref: str, due_at: datetime, data: dict[str, Any] | None = None
    ) -> None:
        """Arm the timer (kind, ref); one that is armed already is moved.

        A time that `calendar` has counted is counted again when its year's notice arrives.
        """
        if kind not in self.runtime.timers:
            raise TypeError(f"{self.runtime.name} has no timer {kind!r}")
        since = self._calendar.since(due_at) if self._calendar else None
        self.put_timer(Due(kind, ref, due_at, data or {}), since)

    def put_timer(self, due: Due, since: date | None = None) -> None:
        """Put a timer's row, of whatever kind; one that is armed already is moved."""
        self._put_timers([due], since)

    def arm_all(self, kind: str, dues: Iterable[tuple[str, datetime]]) -> None:
        """Arm many timers of a kind by one statement; none of them counts working days."""
        if kind not in self.runtime.timers:
            raise TypeError(f"{self.runtime.name} has no timer {kind!r}")
        self._put_timers([Due(kind, ref, due_at) for ref, due_at in dues], None)

    def _put_timers(self, dues: Sequence[Due], since: date | None) -> None:
        if not dues:
            return
        self._timers |= {(due.kind, due.ref): due.due_at for due in dues}
        self.wakes = True
        self.conn.execute(
            _arming(self.runtime.chassis.timers, self.dialect),
            [
                {
                    "kind": due.kind,
                    "ref": due.ref,
                    "due_at": due.due_at,
                    "data": due.data,
                    "attempts": 0,
                    "next_try_at": None,
                    "since": since,
                }
                for due in dues
            ],
        )

    def afterwards(self, act: Callable[[Tx], None]) -> None:
        """Leave something behind a question that only reads: who read what of whom.

        It runs in a writing transaction of its own once the snapshot is closed, and before the
        answer goes out: what could not be noted is not answered.
        """
        self.after.append(act)

    def at(self, now: datetime) -> None:
        """Act at another time from here on: each timer of a set acts at its own."""
        self.now = now
        self.correlation_id = new_uuid()

    def begin_timers(self) -> None:
        """Forget which timers were set: from here on it is asked about those of a set."""
        self._timers.clear()

    def has_set(self, due: Due) -> bool:
        """Tell whether this transaction has armed, moved or disarmed the timer."""
        return (due.kind, due.ref) in self._timers

    def armed_before(self, at: datetime) -> bool:
        """Tell whether this transaction has armed a timer that is due before `at`."""
        return any(due is not None and due < at for due in self._timers.values())

    def disarm(self, kind: str, ref: str) -> None:
        """Disarm a timer; one that is not armed is none of our worry."""
        self._timers[kind, ref] = None
        table = self.runtime.chassis.timers
        self.conn.execute(sa.delete(table).where(table.c.kind == kind, table.c.ref == ref))

    def start_job(
        self, kind: str, params: dict[str, Any], *, area: str = "", total: int | None = None
    ) -> str:
        """Queue long work; a worker takes it up after the commit. Returns the job's id."""
        if kind not in self.runtime.job_doors:
            raise TypeError(f"{self.runtime.name} has no job {kind!r}")
        self.wakes = True
        job_id = self.new_id("job")
        at = datetime.now(UTC)
        self.conn.execute(
            self.runtime.chassis.jobs.insert().values(
                job_id=job_id,
                kind=kind,
                params=params,
                state="QUEUED",
                done=0,
                total=total,
                attempts=0,
                cancel=False,
                requested_by=self.actor.id,
                area=area or self.actor.scope,
                created_at=at,
                updated_at=at,
            )
        )
        return job_id

    def flush(
        self, *, keep: dict[str, Any] | None = None, audit: dict[str, Any] | None = None
    ) -> int:
        """Write what was said into the outbox; the host calls it last. Returns the number.

        Args:
            keep: For a command, the row that keeps its reply under its key.
            audit: For a command, its audit row.
        """
        rows, self._outgoing = self._outgoing, []
        if rows or keep is not None or audit is not None:
            outbox.write(self.conn, self.runtime.chassis, rows, keep=keep, audit=audit)
        self.said += len(rows)
        return self.said


@functools.cache
def _arming(timers: sa.Table, dialect: str) -> Any:
    """Return the statement that arms timers, written once: a month arms thousands."""
    statement = store.insert_of(dialect, timers)
    changing = ("due_at", "data", "since")
    return statement.on_conflict_do_update(
        index_elements=["kind", "ref"],
        set_={
            **{name: statement.excluded[name] for name in changing},
            "attempts": 0,
            "next_try_at": None,
        },
    )


# --------------------------------------------------------------------------------------------------
# Checks that every host makes the same way


def check_role(roles: Sequence[str], actor: Actor) -> None:
    """Refuse an actor whose role is not declared.

    Raises:
        RoleDenied: The role may not enter this door.
    """
    if PUBLIC in roles:
        return
    if ANY_ROLE in roles and actor.role not in {"R_ANONYMOUS", ""}:
        return
    if actor.role in roles:
        return
    raise RoleDenied(role=actor.role, roles=", ".join(roles))


def check_precondition(if_match: bool, version: int | None) -> None:
    """Refuse a change of something that exists when the caller does not say which version he saw.

    Raises:
        PreconditionRequired: There is no If-Match.
    """
    if if_match and version is None:
        raise PreconditionRequired


def is_uuid(text: str) -> bool:
    """Tell whether text is a UUID."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


__all__ = [
    "ANY_ROLE",
    "PUBLIC",
    "SYSTEM",
    "Actor",
    "Call",
    "Due",
    "Heard",
    "Job",
    "NotFound",
    "Projection",
    "Service",
    "Tx",
    "command",
    "job",
    "partition_of",
    "query",
    "shown",
    "subscribe",
    "timer",
]


def __getattr__(name: str) -> Any:
    if name == "Job":
        from chassis.jobs import Job  # noqa: PLC0415  jobs needs Tx, which stands here

        return Job
    raise AttributeError(name)
