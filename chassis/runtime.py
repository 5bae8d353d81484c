"""One service opened in this process: its database, clock and settings, and the transaction that
every host puts around a call, a batch and a timer."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from chassis import audit, deadlines, free_text, idempotency, inbox, jobs, sealing, years
from chassis import storage as store
from chassis.bus import (
    SYSTEM,
    SYSTEM_ROLE,
    Actor,
    Call,
    Door,
    Due,
    Entry,
    Heard,
    Service,
    Tx,
    check_precondition,
    check_role,
    entries,
)
from chassis.calendar import SHANGHAI, Calendar, published
from chassis.digests import Digest, Digests
from chassis.outbox import KeyTaken
from chassis.refusal import Choices, InFlight, Invalid, NotFound, Refusal, RoleDenied, said
from chassis.settings import ProcessSettings
from chassis.timers import ARM, Pace, arm_next

log = logging.getLogger("fivered.runtime")

_RACES = 3
# A fact that has waited so long for the relay is late.
_OUTBOX_LATE_S = 60.0
# Months are known from 2000-01 to 2099-12, at every door.
_CLOCK_ENDS = datetime(2100, 1, 1, tzinfo=SHANGHAI)
_MOST_INT = 2**63
# Who sees the jobs of others in his area, and who may stop them. Everybody sees and stops his own.
JOB_STOPPERS = frozenset({"R_DISTRICT", SYSTEM_ROLE})
JOB_READERS = JOB_STOPPERS | {"R_STREET", "R_AUDITOR"}


class ClockBackwards(Refusal):
    """The demonstration clock only moves forward."""

    code = "CLOCK_BACKWARDS"
    text = "演示时钟只能向前:当前 {now}"


class Runtime:
    """One service, opened.

    Attributes:
        name: The service's name.
        process: What every process of an installation reads.
        settings: What this service reads of its own.
        reads_of: The facts heard per source, with their reader and method.
        on_commit: Called after each commit that said something, armed a timer or queued a job; a
            host wakes whoever waits for it.
    """

    def __init__(
        self,
        service_cls: type[Service],
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
        self.digests = Digests(process, service_cls.name)
        self.chassis = _tables_of(service_cls.tables)
        self.years = years.Known(calendar or published(), self.chassis.calendar_years)
        self.entries: dict[str, Entry] = entries(service_cls)
        self.timers: dict[str, str] = {}
        self.timers_together: dict[str, timedelta] = {}
        self.timer_pace = Pace()
        self.schedules: dict[str, Callable[..., tuple[str, datetime]]] = {}
        self.job_doors: dict[str, str] = {}
        self.reads_of: dict[str, dict[str, inbox.Reader]] = {}
        self.on_commit: Callable[[], None] = lambda: None
        self.fixed_now: datetime | None = None
        self._offset: timedelta | None = None
        self._offset_read_at = 0.0
        self._offset_lock = threading.Lock()
        for method, entry in self.entries.items():
            self._learn(method, entry)

    def _learn(self, method: str, entry: Entry) -> None:
        door = entry.door
        if entry.kind == "timer":
            self.timers[door.timer_kind] = method
            if door.together is not None:
                self.timers_together[door.timer_kind] = door.together
            if door.schedule is not None:
                self.schedules[door.timer_kind] = door.schedule
        elif entry.kind == "job":
            self.job_doors[door.job_kind] = method
        elif entry.kind == "subscribe":
            facts = self.reads_of.setdefault(door.source, {})
            for reader in door.readers:
                if reader.FACT in facts:
                    raise TypeError(f"{self.name} hears {door.source}.{reader.FACT} twice")
                facts[reader.FACT] = inbox.Reader(method, reader)

    @classmethod
    def open(
        cls,
        service_cls: type[Service],
        url: str,
        *,
        environ: Mapping[str, str] | None = None,
        cooperative: bool = False,
    ) -> Runtime:
        """Open a service on the database `url` with the settings of the environment.

        Raises:
            SettingsError: Lists every missing or wrong variable.
        """
        from chassis.settings import read_all  # noqa: PLC0415  keeps the module's names few

        process, own = read_all([ProcessSettings, service_cls.settings_type], environ)
        engine = store.open_engine(url, pool_size=process.pool_size, cooperative=cooperative)
        return cls(service_cls, engine, process=process, settings=own)

    def instance(self) -> Service:
        """Return a service object whose doors lead to this runtime."""
        service = self.service_cls()
        service.runtime = self
        return service

    # ---------------------------------------------------------------------------------------- time

    def now(self, conn: sa.Connection | None = None) -> datetime:
        """Return the domain time, to the millisecond."""
        if self.fixed_now is not None:
            return self.fixed_now
        at = datetime.now(UTC)
        if self.process.demo_clock:
            at += self._clock_offset(conn)
        return at.replace(microsecond=at.microsecond // 1000 * 1000)

    def _clock_offset(self, conn: sa.Connection | None) -> timedelta:
        asked = _demo_offset(self.chassis.clock)
        if conn is not None:
            found = conn.execute(asked).scalar()
        else:
            with store.reading(self.engine) as reader:
                found = reader.execute(asked).scalar()
        return timedelta(microseconds=found or 0)

    @property
    def calendar(self) -> Calendar:
        """The working-day calendar as of now; inside a transaction ask the transaction."""
        with store.reading(self.engine) as conn:
            return self.years.read(conn)

    def prepare(self) -> None:
        """Make the rows that a fresh database needs: the demonstration clock, recurring timers.

        Raises:
            SettingsError: The keys are others than those with which the database was filled.
        """
        table = self.chassis.clock
        if self.process.demo_clock:
            start = datetime.fromisoformat(self.process.demo_start)
            if start.tzinfo is None:
                start = start.replace(tzinfo=SHANGHAI)
            offset = start - datetime.now(UTC)
            with self.engine.begin() as conn:
                conn.execute(
                    store.insert(conn, table)
                    .values(name="demo", offset_us=int(offset.total_seconds() * 1_000_000))
                    .on_conflict_do_nothing()
                )
        with self.transaction(SYSTEM) as tx:
            sealing.check(tx)
            sealing.begin(tx)
            timers = self.chassis.timers
            for kind in self.schedules:
                own = sa.and_(timers.c.kind == ARM, timers.c.ref == kind)
                armed = sa.select(sa.func.count()).where(sa.or_(timers.c.kind == kind, own))
                if not tx.conn.execute(armed).scalar():
                    arm_next(tx, kind, tx.now)
        years.warn(self)

    def set_clock(self, tx: Tx, target: datetime) -> dict[str, Any]:
        """Move the demonstration clock to `target`.

        Raises:
            NotFound: This is no demonstration.
            ClockBackwards: The target lies before the present domain time.
        """
        if not self.process.demo_clock:
            raise NotFound(kind="clock", id="demo")
        if target.tzinfo is None:
            target = target.replace(tzinfo=SHANGHAI)
        if target < tx.now:
            raise ClockBackwards(now=tx.now.isoformat())
        if target >= _CLOCK_ENDS:
            raise Invalid(field="now", reason="演示时钟最远到2099年 / the clock ends with 2099")
        offset = int((target - datetime.now(UTC)).total_seconds() * 1_000_000)
        table = self.chassis.clock
        tx.conn.execute(
            store.insert(tx.conn, table)
            .values(name="demo", offset_us=offset)
            .on_conflict_do_update(index_elements=["name"], set_={"offset_us": offset})
        )
        return {"now": target.astimezone(UTC).isoformat()}

    # -------------------------------------------------------------------------------- transactions

    @contextmanager
    def transaction(
        self,
        actor: Actor,
        *,
        now: datetime | None = None,
        version: int | None = None,
        correlation_id: str | None = None,
        traceparent: str | None = None,
    ) -> Iterator[Tx]:
        """Open one writing transaction; what was said leaves after its commit."""
        with self.engine.begin() as conn:
            wall = self.now(conn)
            tx = Tx(
                self,
                conn,
                now=now or wall,
                actor=actor,
                writes=True,
                expected_version=version,
                correlation_id=correlation_id,
                traceparent=traceparent,
                recorded_at=wall,
            )
            yield tx
            said = tx.flush()
        if said or tx.wakes:
            self.on_commit()

    @contextmanager
    def snapshot(self, actor: Actor, lang: str = "zh") -> Iterator[Tx]:
        """Open one transaction that only reads, for a caller who reads `lang`."""
        with store.reading(self.engine) as conn:
            yield Tx(self, conn, now=self.now(conn), actor=actor, writes=False, lang=lang)

    # ----------------------------------------------------------------- what the doors lead to

    def call(self, call: Call) -> Any:
        """Run one command or query. Hosts without nameko enter here.

        Raises:
            Refusal: A rule said no.
        """
        entry = self.entries.get(call.method)
        if entry is None or entry.kind not in {"command", "query"}:
            raise NotFound(kind="method", id=f"{self.name}.{call.method}")
        return getattr(self.instance(), call.method)(call)

    @functools.cached_property
    def contract(self) -> dict[str, Any]:
        """The doors of this service, which the gateway asks for once a minute."""
        from chassis.contracts import api_contract  # noqa: PLC0415  contracts reads services

        return api_contract(self.service_cls)

    def read_body(self, method: str, body: dict[str, Any]) -> Any:
        """Read a body into the type that the action takes.

        Raises:
            Invalid: Says what is wrong and where.
            NumberOfAPerson: A text that others read holds one.
        """
        body_type = self.entries[method].body_type
        unknown = set(body) - set(getattr(body_type, "__dataclass_fields__", body))
        if unknown:
            name = min(unknown)
            raise Invalid(field=name, reason=said("未知字段 {name}", name=name))
        try:
            read = msgspec.convert(body, body_type, strict=True, builtin_types=())
        except msgspec.ValidationError as error:
            reason, _, where = str(error).partition(" - at `$")
            where = where.strip("`.")
            place = where.replace("[", ".[").strip(".").split(".") if where else []
            if known := free_text.choices(body_type, place):
                reason = said("应为以下之一:{known}", known=Choices(*map(str, known)))
            raise Invalid(field=where, reason=reason) from error
        for name in getattr(body_type, "__dataclass_fields__", ()):
            _refuse_beyond(name, getattr(read, name))
        free_text.check(read)
        return read

    def run_command(self, service: Service, door: Door, fn: Callable[..., Any], call: Call) -> Any:
        """Run a command: role, body, idempotency key, action, audit row; one transaction."""
        check_role(door.roles, call.actor)
        check_precondition(door.if_match, call.version)
        body = self.read_body(call.method, call.body)
        digest = self.digests.of(call.method, call.body)
        if before := door.options.get("before"):
            with self.transaction(call.actor) as tx:
                before(tx, body)

        def act(tx: Tx) -> Any:
            service.admit(tx)
            return deadlines.mark(tx, fn(service, tx, body))

        for attempt in range(_RACES):
            try:
                return self._command_once(door, act, call, digest)
            except Refusal as refusal:
                if refusal.of_caller:
                    raise
                raise self._unseen(service, call, body) or refusal from None
            except KeyTaken:
                if attempt == _RACES - 1:
                    raise InFlight(field="Idempotency-Key") from None
            except sa.exc.DBAPIError as error:
                # The database may choose one of two transactions to give way, and a connection of
                # the pool may have died since it was last used (asking first would cost every
                # command a round trip). Whatever became of the first, the key makes it safe to
                # run again.
                again = store.is_lost_race(error) or error.connection_invalidated
                if not again or attempt == _RACES - 1:
                    raise
        raise AssertionError("unreachable")

    def _command_once(
        self, door: Door, act: Callable[[Tx], Any], call: Call, digest: Digest
    ) -> Any:
        with self.transaction(call.actor, version=call.version, traceparent=call.traceparent) as tx:
            stored = idempotency.claim(tx, call, digest)
            if stored is not None and not door.unkept:
                return stored.reply
            tx.first = stored.reply if stored is not None else None
            reply = act(tx)
            if stored is not None:
                return reply
            kept = reply
            if door.unkept:
                kept = {name: value for name, value in reply.items() if name not in door.unkept}
            tx.flush(
                keep=idempotency.row_of(call, digest.keyed, kept),
                audit=audit.row_of(call, digest.keyed, reply),
            )
        return reply

    def run_query(self, service: Service, door: Door, fn: Callable[..., Any], call: Call) -> Any:
        """Run a query in one snapshot."""
        check_role(door.roles, call.actor)
        body = self.read_body(call.method, call.body)
        try:
            return self._query_once(service, fn, call, body)
        except Refusal as refusal:
            raise self._unseen(service, call, body) or refusal from None
        except sa.exc.DBAPIError as error:
            if not error.connection_invalidated:
                raise
        # The connection had died in the pool; the pool is fresh now.
        return self._query_once(service, fn, call, body)

    def _unseen(self, service: Service, call: Call, body: Any) -> Refusal | None:
        """Return why the caller may not see the thing that his refused call names, or None.

        Asked after the refusal: what is done was allowed, and most calls are done.
        """
        named = next(iter(getattr(body, "__dataclass_fields__", ())), "")
        shown = service.shown_by.get(call.method, service.shown_by.get(named, ""))
        if shown in {"", call.method} or not isinstance(getattr(body, named), str):
            return None
        entry = self.entries[shown]
        try:
            check_role(entry.door.roles, call.actor)
        except RoleDenied:
            return None  # his role never reads such things; what it may do with them, it may
        question = self.read_body(shown, {named: getattr(body, named)})
        try:
            with self.snapshot(call.actor, call.lang) as tx:
                getattr(service, shown)(tx, question)
        except Refusal as refusal:
            return refusal
        return None

    def _query_once(self, service: Service, fn: Callable[..., Any], call: Call, body: Any) -> Any:
        with self.snapshot(call.actor, call.lang) as tx:
            answer = deadlines.mark(tx, fn(service, tx, body))
        if tx.after:
            with self.transaction(call.actor, traceparent=call.traceparent) as writing:
                for act in tx.after:
                    act(writing)
        return answer

    def run_batch(
        self, service: Service, _door: Door, fn: Callable[..., Any], tx_and_heard: Any
    ) -> None:
        """Give a batch to its method, in the transaction that the inbox has opened."""
        tx, heard = tx_and_heard
        fn(service, tx, heard)

    def run_timer(self, service: Service, _door: Door, fn: Callable[..., Any], fired: Any) -> None:
        """Give a due timer to its method, in the transaction that removed its row."""
        tx, due = fired
        fn(service, tx, due)

    def run_job(self, service: Service, _door: Door, fn: Callable[..., Any], running: Any) -> Any:
        """Give a job to its method; the job opens the transactions."""
        return fn(service, running)

    def hear(self, tx: Tx, method: str, heard: list[Heard]) -> None:
        """Call a subscription's method with a batch."""
        getattr(self.instance(), method)((tx, heard))

    def fire(self, tx: Tx, kind: str, due: Due | list[Due]) -> None:
        """Call a timer's method, with one timer or with those that it takes together."""
        getattr(self.instance(), self.timers[kind])((tx, due))

    # --------------------------------------------------------------------------------- for people

    def health(self, tx: Tx) -> dict[str, Any]:
        """Tell what waits: unsent facts, parked events, overdue timers.

        Its `state` is DEGRADED where somebody should look: events are parked, timers do not fire,
        facts do not leave. In the embedded mode nothing has to leave.
        """
        outbox, parked, timers = self.chassis.outbox, self.chassis.parked, self.chassis.timers
        unsent, oldest = 0, None
        if store.is_postgresql(tx.conn):
            unsent, oldest = tx.conn.execute(
                sa.select(sa.func.count(), sa.func.min(outbox.c.recorded_at)).where(
                    outbox.c.sent_at.is_(None)
                )
            ).one()
        waiting = tx.conn.execute(
            sa.select(sa.func.count()).where(parked.c.state.in_(("PARKED", "RETRY")))
        ).scalar()
        overdue = timers.c.due_at <= tx.now - timedelta(minutes=1)
        # A clock that was moved makes timers late that fire in their turn; one that has failed is
        # late on any clock.
        counts = tx.conn.execute(
            sa.select(sa.func.count(), sa.func.count().filter(timers.c.attempts > 0)).where(overdue)
        ).one()
        late, failing = counts
        age = round((datetime.now(UTC) - oldest).total_seconds(), 1) if oldest else 0.0
        alarming = failing if self.process.demo_clock else late
        return {
            "service": self.name,
            "state": "DEGRADED" if waiting or alarming or age >= _OUTBOX_LATE_S else "UP",
            "now": tx.now.isoformat(),
            "outbox_unsent": unsent,
            "outbox_oldest_s": age,
            "parked": waiting,
            "timers_late": late,
            "calendar": years.outlook(tx.calendar, tx.now),
            "keys": sealing.outlook(tx),
        }

    def job_card(self, tx: Tx, job_id: str) -> dict[str, Any]:
        """Return a job's state.

        Raises:
            NotFound: No such job, or not of the caller.
        """
        row = self._job(tx, job_id)
        return {
            "id": row["job_id"],
            "kind": row["kind"],
            "state": row["state"],
            "done": row["done"],
            "total": row["total"],
            "note": row["note"],
            "result": row["result"],
            # Releases before wrote the traceback here.
            "error": row["error"] if row["problem"] or not row["error"] else jobs.OLD_FAULT,
            "problem": row["problem"],
        }

    def cancel_job(self, tx: Tx, job_id: str) -> dict[str, Any]:
        """Mark a job to stop at its next step. Whoever asked for it does, or the district.

        Raises:
            NotFound: No such job, or not of the caller.
            RoleDenied: He may read it only.
        """
        row = self._job(tx, job_id)
        if tx.actor.role not in JOB_STOPPERS and tx.actor.id != row["requested_by"]:
            raise RoleDenied(role=tx.actor.role)
        table = self.chassis.jobs
        tx.conn.execute(
            sa.update(table)
            .where(table.c.job_id == job_id, table.c.state.in_(("QUEUED", "RUNNING")))
            .values(cancel=True)
        )
        return {"id": job_id, "state": row["state"]}

    def _job(self, tx: Tx, job_id: str) -> sa.RowMapping:
        """Return a job that the caller may see.

        Raises:
            NotFound: No such job, or not of the caller.
        """
        table = self.chassis.jobs
        row = tx.conn.execute(sa.select(table).where(table.c.job_id == job_id)).mappings().first()
        if row is None or not (
            tx.actor.id == row["requested_by"]
            or (tx.actor.role in JOB_READERS and tx.actor.covers(row["area"]))
        ):
            raise NotFound(kind="job", id=job_id)
        return row

    def close(self) -> None:
        """Close the database."""
        self.engine.dispose()


@functools.cache
def _demo_offset(clock: sa.Table) -> sa.Select[Any]:
    return sa.select(clock.c.offset_us).where(clock.c.name == "demo")


def _refuse_beyond(where: str, value: Any) -> None:
    """Refuse what no column and no calendar holds, so that no database has to complain of it.

    Raises:
        Invalid: A whole number beyond 64 bits, a time outside 1900 to 2200, a text with NUL.
    """
    match value:
        case bool() | None:
            return
        case int() if not -_MOST_INT <= value < _MOST_INT:
            raise Invalid(field=where, reason=said("{where} 数值过大", where=where))
        case datetime() if not 1900 <= value.year < 2200:
            raise Invalid(
                field=where, reason=said("{where} 应在 1900 年至 2199 年之间", where=where)
            )
        case str() if "\0" in value:
            raise Invalid(field=where, reason=said("{where} 不能含有空字符", where=where))
        case Mapping():
            for name, inner in value.items():
                _refuse_beyond(where, name)
                _refuse_beyond(f"{where}.{name}", inner)
        case list() | tuple():
            for place, inner in enumerate(value):
                _refuse_beyond(f"{where}.{place}", inner)
        case _ if hasattr(value, "__dataclass_fields__"):
            for name in value.__dataclass_fields__:
                _refuse_beyond(f"{where}.{name}", getattr(value, name))
        case _:
            return


def _tables_of(metadata: sa.MetaData) -> store.ChassisTables:
    names = store.ChassisTables.__dataclass_fields__
    return store.ChassisTables(**{name: metadata.tables[name] for name in names})


def open_all(services: Mapping[str, type[Service]], urls: Mapping[str, str]) -> dict[str, Runtime]:
    """Open several services; every settings problem of all of them is reported at once."""
    from chassis.settings import read_all  # noqa: PLC0415  keeps the module's names few

    read_all([ProcessSettings, *(cls.settings_type for cls in services.values())])
    return {name: Runtime.open(cls, urls[name]) for name, cls in services.items()}


def wait_until(check: Callable[[], bool], seconds: float, *, every: float = 0.02) -> bool:
    """Poll `check` until it holds or the time is over."""
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            return False
        time.sleep(every)
    return True


__all__ = ["Runtime", "open_all", "wait_until"]
