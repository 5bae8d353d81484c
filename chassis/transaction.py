"""One service opened in this process: its database, its clock, and the transaction that every host
puts around a call, a batch and a timer.

`Tx` is what an action is given; `Opened` is what it stands on, and what the mechanisms (inbox,
timers, jobs, keys) are given. What the doors do with it stands above, in `runtime`.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any, ClassVar

import sqlalchemy as sa

from fivered.chassis import envelope as env
from fivered.chassis import facts, outbox, partitioning
from fivered.chassis import storage as store
from fivered.chassis.calendar import SHANGHAI, Calendar, Counting, Year, published, with_zone
from fivered.chassis.cards import ClockSet, Health, Step, Steps
from fivered.chassis.json_values import JsonObject
from fivered.chassis.known_years import Known
from fivered.chassis.messages import (
    PARTITIONS,
    Actor,
    Due,
    Event,
    Members,
    Move,
    Projection,
    Reader,
    Seen,
    has_seen,
    new_uuid,
    partition_of,
)
from fivered.chassis.metrics import Sample
from fivered.chassis.pace import Pace
from fivered.chassis.refusal import Invalid, NotFound, Refusal, RoleDenied, VersionConflict, said
from fivered.chassis.settings import NoSettings, ProcessSettings
from fivered.chassis.vault import Vault

# Months are known from 2000-01 to 2099-12, at every door.
_CLOCK_ENDS = datetime(2100, 1, 1, tzinfo=SHANGHAI)


# How somebody's registration stands; any other word is that it has ended otherwise.
ACTIVE, MERGED, DECEASED = "ACTIVE", "MERGED", "DECEASED"


class ClockBackwards(Refusal):
    """The demonstration clock only moves forward."""

    text = (
        "演示时钟只能向前:当前 {now} / The demonstration clock only moves forward; it is now {now}"
    )


class Declared:
    """What a service says of itself; `bus.Service` gives it its doors.

    Attributes:
        name: The service's name on the wire.
        tables: Its metadata, the chassis's tables included.
        settings_type: What it reads from its environment.
        publishes: The facts that it may publish.
        projections: What `fivered rebuild` may throw away and read again.
        deadline_words: What it calls its deadlines that count working days: timers, and what has
            none; `words.po` says what each is.
        counts: Members of replies that are deadlines in working days; those that rest on a year
            without data are named in `provisional` beside them.
        standing: One value that is read of the caller (bind parameter `actor`) with the key of
            each of the caller's commands; `admit` finds it in `Tx.standing`.
        merged: What a caller is refused by whose standing is MERGED.
        deceased: What a caller is refused by whose standing is DECEASED.
        moved_out: What one is refused by who acts as a resident in another standing than ACTIVE.
        loads_calendar: Whether `load_year` takes a year's working days and says them to all.
        shown_by: What shows the thing that a call names: the first member of the call's body (or
            the call itself, where that member names something else there), and the query that
            answers it. Who is refused by that query is refused by every other door on the thing in
            the same words, so that nobody learns of it by a version or a state.
        first_steps: What a new installation needs of this service (`GET /v1/setup`).
        title: Heading in the reference, "中文 / English".
        about: One sentence for the start page, "中文 / English".
        runtime: The service as it is opened here; each instance is given it.
    """

    name: ClassVar[str]
    tables: ClassVar[sa.MetaData]
    settings_type: ClassVar[type] = NoSettings
    publishes: ClassVar[tuple[type, ...]] = ()
    projections: ClassVar[tuple[Projection, ...]] = ()
    counts: ClassVar[frozenset[str]] = frozenset()
    deadline_words: ClassVar[tuple[str, ...]] = ()
    standing: ClassVar[store.Scalar | None] = None
    merged: ClassVar[type[Refusal] | None] = None
    deceased: ClassVar[type[Refusal] | None] = None
    moved_out: ClassVar[type[Refusal] | None] = None
    loads_calendar: ClassVar[bool] = False
    shown_by: ClassVar[Mapping[str, str]] = MappingProxyType({})
    first_steps: ClassVar[tuple[Step, ...]] = ()
    title: ClassVar[str] = ""
    about: ClassVar[str] = ""
    runtime: Any

    def admit(self, tx: Tx) -> None:
        """Refuse a caller who may act no longer; every command asks before it does anything.

        A token outlives its bearer's registration, the bearer's voice does not. Who is not
        registered at all may be anybody's staff or guest.

        Raises:
            Refusal: `merged`, `deceased` or `moved_out`.
        """
        if tx.standing in {None, ACTIVE}:
            return
        refusal = {MERGED: self.merged, DECEASED: self.deceased}.get(str(tx.standing))
        if refusal is None and tx.actor.role == "R_RESIDENT":
            refusal = self.moved_out
        if refusal is not None:
            raise refusal

    def reads_as(self, tx: Tx) -> Actor:
        """Return as whom the caller of a question reads: a token may name an area in which its
        bearer serves no longer."""
        return tx.actor

    def gauges(self, _tx: Tx) -> Iterable[Sample]:
        """Return figures of the service's own, read about once a minute: within two seconds."""
        return ()

    def deadline_moved(self, tx: Tx, move: Move) -> None:
        """Write into the service's own history that a deadline is later, and tell the people who
        wait."""

    def load_year(self, tx: Tx, year: Year) -> int:
        """Load a year's working days. Returns how many deadlines of this service moved."""
        raise NotImplementedError  # written by the one service that says `loads_calendar`


class _Together:
    """One transaction of several parts, and which of them have something to say when it commits."""

    def __init__(self, conn: sa.Connection) -> None:
        self.conn = conn
        self.done: list[Tx] = []

    @contextmanager
    def part(self) -> Iterator[sa.Connection]:
        with self.conn.begin_nested():
            yield self.conn


class _OfThread(threading.local):
    now: _Together | None = None


class Opened(ABC):
    """One service, opened: what its transactions and the mechanisms stand on.

    Attributes:
        name: The service's name.
        process: What every process of an installation reads.
        settings: What this service reads of its own.
        reads_of: The facts consumed per source, with their reader and method.
        unread: Parked events that this process could not read, and with which reader it tried.
        on_commit: Called after each commit that said something, armed a timer or queued a job; a
            host wakes the threads that wait for it.
        time: What a transaction must know of its time, to be read beside whatever else is read.
        look: The statement with which a command begins (`idempotency.look`).
    """

    look: store.Select

    def __init__(
        self,
        service_cls: type[Declared],
        engine: sa.Engine,
        *,
        process: ProcessSettings,
        settings: Any,
        calendar: Calendar | None = None,
    ) -> None:
        self.service_cls = service_cls
        self.name = service_cls.name
        self.engine = engine
        self.process = process
        self.settings = settings
        self.chassis = tables_of(service_cls.tables)
        self.years = Known(calendar or published(), self.chassis.calendar_years)
        self.timers: dict[str, str] = {}
        self.timers_together: dict[str, timedelta] = {}
        self.timer_pace = Pace()
        self.unread: dict[int, Reader | None] = {}
        self.schedules: dict[str, Callable[..., tuple[str, datetime]]] = {}
        self.job_doors: dict[str, str] = {}
        self.quick_jobs: frozenset[str] = frozenset()  # see table.job
        self.reads_of: dict[str, dict[str, Reader]] = {}
        self.on_commit: Callable[[Tx], None] = lambda _tx: None
        self.fixed_now: datetime | None = None
        self.seals_persons = self.keys_in_log = False  # see person_keys.is_begun, .forget
        self._together = _OfThread()
        clock = self.chassis.clock
        self._demo = sa.select(clock.c.offset_us).where(clock.c.name == "demo")
        offset: store.Expression = sa.null()
        if process.demo_clock:
            offset = sa.func.coalesce(self._demo.scalar_subquery(), 0)
        self.time = (offset.label("offset_us"), self.years.stand.label("years"))
        self._opening = sa.select(*self.time)

    def instance(self) -> Declared:
        """Return a service object whose doors lead to this runtime."""
        service = self.service_cls()
        service.runtime = self
        return service

    def now(self, conn: sa.Connection | None = None) -> datetime:
        """Return the domain time, to the millisecond."""
        if self.fixed_now is not None or not self.process.demo_clock:
            return self.now_with(0)
        if conn is not None:
            return self.now_with(conn.execute(self._demo).scalar() or 0)
        with store.reading(self.engine) as reader:
            return self.now_with(reader.execute(self._demo).scalar() or 0)

    def now_with(self, offset_us: int) -> datetime:
        """Return the domain time where the demonstration clock is so far from the real one."""
        if self.fixed_now is not None:
            return self.fixed_now
        at = datetime.now(UTC) + timedelta(microseconds=offset_us)
        return at.replace(microsecond=at.microsecond // 1000 * 1000)

    def _open(self, tx: Tx) -> Tx:
        """Let a transaction know its time, by one statement on a demonstration clock."""
        if self.process.demo_clock and self.fixed_now is None:
            row = tx.conn.execute(self._opening).one()
            tx.opened(row.offset_us or 0, row.years)
        return tx

    @property
    def calendar(self) -> Calendar:
        """The working-day calendar as of now; inside a transaction ask the transaction."""
        with store.reading(self.engine) as conn:
            return self.years.read(conn)

    def set_clock(self, tx: Tx, target: datetime) -> ClockSet:
        """Move the demonstration clock to `target`.

        Raises:
            NotFound: This is no demonstration.
            ClockBackwards: The target lies before the present domain time.
        """
        if not self.process.demo_clock:
            raise NotFound(kind="clock", id="demo")
        target = with_zone(target)
        if target < tx.now:
            raise ClockBackwards(now=tx.now.isoformat())
        if target >= _CLOCK_ENDS:
            raise Invalid(
                field="now",
                reason=said("演示时钟最远到 2099 年 / the clock ends with 2099"),
            )
        offset = int((target - datetime.now(UTC)).total_seconds() * 1_000_000)
        table = self.chassis.clock
        tx.conn.execute(
            store.insert(tx.conn, table)
            .values(name="demo", offset_us=offset)
            .on_conflict_do_update(index_elements=["name"], set_={"offset_us": offset})
        )
        # Timers may be due now.
        tx.wakes = True
        return {"now": target.astimezone(UTC).isoformat()}

    # -------------------------------------------------------------------------------- transactions

    @contextmanager
    def transaction(
        self,
        actor: Actor,
        *,
        now: datetime | None = None,
        version: Seen | None = None,
        correlation_id: str | None = None,
        traceparent: str | None = None,
        claims: bool = False,
    ) -> Iterator[Tx]:
        """Open one writing transaction; what was said leaves after its commit.

        Args:
            actor: Who acts.
            now: The domain time of the deed; default the clock's.
            version: What the caller says was seen.
            correlation_id: Default a new one.
            traceparent: For what this is done.
            claims: Whether a key is claimed first, which reads the clock too.
        """
        together = self._together.now
        with self.engine.begin() if together is None else together.part() as conn:
            tx = Tx(
                self,
                conn,
                now=self.now_with(0),
                actor=actor,
                writes=True,
                expected_version=version,
                correlation_id=correlation_id,
                traceparent=traceparent,
            )
            if not claims:
                self._open(tx)
            tx.now = now or tx.now
            try:
                yield tx
            except Refusal as refusal:
                refusal.concerns = refusal.concerns or tx.concerns
                raise
            said = tx.flush()
        if said or tx.wakes:
            if together is None:
                self.on_commit(tx)
            else:
                together.done.append(tx)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let the transactions that this thread opens in here be parts of one, with one commit: one
        that fails undoes itself alone, and what they say leaves after the commit.

        Who waits for their outcome is told of it after the end of this, not before.
        """
        with self.engine.begin() as conn:
            together = self._together.now = _Together(conn)
            try:
                yield
            finally:
                self._together.now = None
        for tx in together.done:
            self.on_commit(tx)

    @contextmanager
    def snapshot(self, actor: Actor, lang: str = "zh") -> Iterator[Tx]:
        """Open one transaction that only reads, for a caller who reads `lang`."""
        together = self._together.now
        with store.reading(self.engine) if together is None else nullcontext(together.conn) as conn:
            tx = Tx(self, conn, now=self.now_with(0), actor=actor, writes=False, lang=lang)
            yield self._open(tx)

    def consume(self, tx: Tx, method: str, heard: list[Event]) -> None:
        """Call a subscription's method with a batch."""
        getattr(self.instance(), method)((tx, heard))

    def fire(self, tx: Tx, kind: str, due: Due | list[Due]) -> None:
        """Call a timer's method, with one timer or with those that it takes together."""
        getattr(self.instance(), self.timers[kind])((tx, due))

    def close(self) -> None:
        """Close the database."""
        self.engine.dispose()

    # -------------------------------------------------------------- what stands above, in `Runtime`

    @property
    @abstractmethod
    def contract(self) -> JsonObject:
        """The doors of this service, which the gateway asks for once a minute."""

    @property
    @abstractmethod
    def public_facts(self) -> Sequence[JsonObject]:
        """What this service publishes for everybody, which the gateway shows."""

    @abstractmethod
    def health(self, tx: Tx) -> Health:
        """Tell what waits: unsent facts, parked events, overdue timers."""

    @abstractmethod
    def first_steps(self, tx: Tx) -> Steps:
        """Return what a new installation needs of this service, and what of it is there."""


class Tx:
    """One transaction of a service.

    Everything that an action needs and that is not its order: the connection, the clock, the
    actor, the outbox and the timers. Nothing leaves before the commit.
    """

    __slots__ = (
        "_armings",
        "_calendar",
        "_outgoing",
        "_partitions",
        "_timers",
        "_woken",
        "_years",
        "actor",
        "after",
        "ahead",
        "audited",
        "causation_id",
        "concerns",
        "conn",
        "correlation_id",
        "expected_version",
        "facts",
        "first",
        "lang",
        "now",
        "own_key",
        "queues",
        "recorded_at",
        "roles",
        "runtime",
        "said",
        "standing",
        "traceparent",
        "vault",
        "wakes",
        "writes",
    )

    def __init__(
        self,
        runtime: Opened,
        conn: sa.Connection,
        *,
        now: datetime,
        actor: Actor,
        writes: bool,
        expected_version: Seen | None = None,
        correlation_id: str | None = None,
        causation_id: str | None = None,
        traceparent: str | None = None,
        recorded_at: datetime | None = None,
        lang: str = "zh",
    ) -> None:
        self.runtime = runtime
        self.vault: Vault | None = None
        self.lang = lang
        self.conn = conn
        self.now = now
        self.recorded_at = recorded_at or now
        self.actor = actor
        self.writes = writes
        self._calendar: Counting | None = None
        self._years: str | None = None
        # Whose the command is; a refusal names who may do it instead.
        self.roles: tuple[str, ...] = ()
        # What `Declared.standing` asks of the caller of a command.
        self.standing: object = None
        # Of the caller of a command who has a key: whose it is, its handle and the key, sealed.
        self.own_key: tuple[str, str, bytes | None] | None = None
        self._timers: dict[tuple[str, str], datetime | None] = {}
        # Timers whose rows are written at the end, all by one statement.
        self._armings: dict[tuple[str, str], outbox.Armed] = {}
        self.expected_version = expected_version
        self.correlation_id = correlation_id or new_uuid()
        self.causation_id = causation_id
        self.traceparent = traceparent
        self.said = 0
        # Which facts were said, whether a timer was armed or a job queued, and whether a job was.
        self.facts: set[str] = set()
        self.wakes = self.queues = self._woken = False
        self.after: list[Callable[[Tx], None]] = []
        # For a command whose reply is not kept whole, asked again with the same key: what was
        # kept of the first answer. It changes nothing then, and gives what was not kept anew.
        self.first: Members | None = None
        # What was asked of other machines before the transaction began (`table.command`).
        self.ahead: Any = None
        # Whether a command leaves a row that says what it has done.
        self.audited = True
        # Whom a call is about that nobody signed in has made (`about`).
        self.concerns: str | None = None
        self._outgoing: list[outbox.Unsaid] = []
        self._partitions: int | None = None

    def opened(self, offset_us: int | None, years: str, standing: object = None) -> None:
        """Take what the first statement has read: the demonstration clock's offset, which years
        are loaded, and who calls."""
        self._years = years
        self.standing = standing
        if offset_us is not None:
            self.now = self.recorded_at = self.runtime.now_with(offset_us)

    @property
    def calendar(self) -> Calendar:
        """The working-day calendar, with the years that are loaded."""
        if self._calendar is None:
            self._calendar = Counting(self.runtime.years.read(self.conn, self._years))
        return self._calendar

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
        """Number of partitions of this service's exchange; it stays until the transaction ends."""
        if self._partitions is None:
            # In one process nothing leaves by partitions.
            self._partitions = (
                partitioning.read(self.conn, self.runtime.chassis, held=True).partitions
                if store.is_postgresql(self.conn)
                else PARTITIONS
            )
        return self._partitions

    def partition_of(self, subject: str) -> int:
        """Return the partition in which facts about `subject` go out."""
        return partition_of(subject, self.partitions)

    def about(self, who: str) -> None:
        """Say whom a call is about that comes before there is a session: a sign-in, a token.

        The audit names it as the actor once the call has taken effect, and as the target where it
        is refused, which proves nothing.

        Args:
            who: Id of a person or of a service account; never the text of a login.
        """
        self.concerns = who

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
            refusal = NotFound(kind=kind, id=id)
            refusal.unseen = True
            raise refusal

    def check_version(self, version: int) -> None:
        """Compare the stored version with If-Match; a call that is repeated for what was not kept
        of its answer has changed the row itself.

        Raises:
            VersionConflict: The row has changed since the caller read it.
        """
        if self.first is not None:
            return
        if self.expected_version is not None and not has_seen(self.expected_version, version):
            raise VersionConflict(current=version, expected=self.expected_version)

    def publish(
        self,
        event: object,
        *,
        subject: str,
        scope: str,
        sequence: int,
        occurred_at: datetime | None = None,
        period: str | None = None,
        event_id: str | None = None,
        partition: int | None = None,
        cause: Event | None = None,
    ) -> str:
        """Publish an event: it leaves if and only if this transaction commits.

        Args:
            event: Instance of one of the types that the service `publishes`.
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

        Raises:
            ValueError: It is larger than a broker takes: in the outbox it would hold back all that
                the service says.
        """
        kind = facts.declared(type(event))
        if kind not in self.runtime.service_cls.publishes:
            raise TypeError(f"{kind.__name__} is not among what {self.runtime.name} says")
        at = occurred_at or self.now
        identity = event_id or new_uuid()
        chosen = partition_of(subject) if partition is None else partition
        traceparent = cause.traceparent if cause else self.traceparent
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
                traceparent=traceparent,
                data=env.raw(event),
            )
        )
        if len(body) > env.MOST_BYTES:
            raise ValueError(
                f"{kind.FACT} of {subject} has {len(body)} bytes (at most {env.MOST_BYTES})"
            )
        self._outgoing.append(
            {
                "event_id": identity,
                "fact": kind.FACT,
                "partition": chosen,
                "partitions": None if partition is None else self.partitions,
                "subject": subject,
                "body": body,
                "traceparent": traceparent,
                "recorded_at": datetime.now(UTC),
                "sent_at": None,
            }
        )
        return identity

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of the transaction that may fail alone: its rows, and what was said in it, are
        undone and the rest goes on."""
        said, timers, armings = len(self._outgoing), dict(self._timers), dict(self._armings)
        try:
            with self.conn.begin_nested():
                yield
        except BaseException:
            del self._outgoing[said:]
            self._timers, self._armings = timers, armings
            raise

    def arm(self, kind: str, ref: str, due_at: datetime, data: Members | None = None) -> None:
        """Arm the timer (kind, ref); one that is armed already is moved.

        A time that `calendar` has counted is counted again when its year's notice arrives. The row
        is written when the transaction ends, with the others, by its last statement.
        """
        self._require_timer(kind)
        since = self._calendar.since(due_at) if self._calendar else None
        self._put(Due(kind, ref, due_at, data or {}), since)

    def arm_all(self, kind: str, dues: Iterable[tuple[str, datetime]]) -> None:
        """Arm many timers of a kind; none of them counts working days."""
        self._require_timer(kind)
        self.put_timers(Due(kind, ref, due_at) for ref, due_at in dues)

    def put_timers(self, dues: Iterable[Due]) -> None:
        """Arm timers of whatever kind; none of them counts working days."""
        for due in dues:
            self._put(due, None)

    def _require_timer(self, kind: str) -> None:
        if kind not in self.runtime.timers:
            raise TypeError(f"{self.runtime.name} has no timer {kind!r}")

    def _put(self, due: Due, since: date | None) -> None:
        self._timers[due.kind, due.ref] = due.due_at
        self._armings[due.kind, due.ref] = {
            "kind": due.kind,
            "ref": due.ref,
            "due_at": due.due_at,
            "data": due.data,
            "attempts": 0,
            "next_try_at": None,
            "since": since,
        }
        self.wakes = True

    def write_timers(self) -> None:
        """Write the timers that were armed so far, for a statement that looks for them."""
        if self._armings:
            outbox.arm(self.conn, self.runtime.chassis, list(self._armings.values()))
            self._armings.clear()

    def afterwards(self, act: Callable[[Tx], None]) -> None:
        """Leave something behind a question that only reads: who read what of whom; and behind a
        command, if it is refused.

        It runs in a writing transaction of its own once the snapshot is closed, or the command
        rolled back, and before the answer goes out: what could not be noted is not answered.
        """
        self.after.append(act)

    def at(self, now: datetime) -> None:
        """Act at another time from here on: each timer of a set acts at its own."""
        self.now = now
        # Nothing is recorded before it happens: a set may reach beyond a clock that stands still.
        self.recorded_at = max(self.recorded_at, now)
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
        """Disarm a timer; nothing happens where it is not armed."""
        self._timers[kind, ref] = None
        self._armings.pop((kind, ref), None)
        table = self.runtime.chassis.timers
        self.conn.execute(sa.delete(table).where(table.c.kind == kind, table.c.ref == ref))

    def start_job(
        self, kind: str, params: Members, *, area: str = "", total: int | None = None
    ) -> str:
        """Queue long work; a worker takes it up after the commit. Returns the job's id."""
        if kind not in self.runtime.job_doors:
            raise TypeError(f"{self.runtime.name} has no job {kind!r}")
        self.wakes = self.queues = True
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

    def flush(self, *, last: bool = False, **rows_of_command: store.Values) -> int:
        """Write what was said into the outbox; the host calls it last. Returns the number.

        Args:
            last: Whether nothing comes after it: it may commit the transaction.
            rows_of_command: `keep`, the row that keeps its reply under its key, and `audit`.
        """
        rows, self._outgoing = self._outgoing, []
        armed = list(self._armings.values())
        self._armings.clear()
        # A command has told it when its host comes here.
        wakes = self.wakes and (bool(armed) or not self._woken)
        if rows or wakes or rows_of_command:
            outbox.write(
                self.conn, self.runtime.chassis, rows,
                armed=armed, wakes=wakes, last=last, **rows_of_command,
            )  # fmt: skip
            self._woken = True
        self.said += len(rows)
        self.facts.update(row["fact"] for row in rows)
        return self.said


def tables_of(metadata: sa.MetaData) -> store.ChassisTables:
    """Return the chassis's tables among those of a service."""
    names = store.ChassisTables.__dataclass_fields__
    return store.ChassisTables(**{name: metadata.tables[name] for name in names})
