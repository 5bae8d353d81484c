"""What the doors of a service lead to: checks, body, idempotency key, transaction, audit row."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import sqlalchemy as sa
from msgspec import Struct

from fivered.chassis import (
    audit,
    contracts,
    database_errors,
    deadlines,
    idempotency,
    own_data,
    sealing,
    telemetry,
    webhooks,
    years,
)
from fivered.chassis import storage as store
from fivered.chassis.bus import (
    Door,
    Due,
    Entry,
    Event,
    Job,
    Service,
    entries,
)
from fivered.chassis.calendar import Calendar, with_zone
from fivered.chassis.cards import Health, Step, Steps
from fivered.chassis.checks import check_precondition, check_role
from fivered.chassis.denials import Denials
from fivered.chassis.digests import Digest, Digests
from fivered.chassis.facts import declared
from fivered.chassis.json_values import JsonObject
from fivered.chassis.messages import SYSTEM, Actor, Call, Reader, Replayed
from fivered.chassis.outbox import KeyTaken
from fivered.chassis.reading import read
from fivered.chassis.refusal import (
    InFlight,
    NotFound,
    Refusal,
    RoleDenied,
)
from fivered.chassis.replies import plain
from fivered.chassis.requests import members_of, secrets_of
from fivered.chassis.settings import ProcessSettings, read_all
from fivered.chassis.timers import arm_next, armed_kinds
from fivered.chassis.transaction import Opened, Tx

log = logging.getLogger("fivered.runtime")
_RACES = 3
# The role that sees what lies in a district.
_DISTRICT = "R_DISTRICT"
# A fact that has waited so long for the relay is late.
_OUTBOX_LATE_S = 60.0


class Heard(list[Event]):
    """A batch of events. While it is gone through, what the transaction says follows from the event
    at hand; otherwise from the trace that all of them belong to, if that is one."""

    def __init__(self, tx: Tx, events: Sequence[Event]) -> None:
        super().__init__(events)
        self._tx = tx
        first = events[0].traceparent if events else None
        same = all(event.traceparent == first for event in events)
        self._all = tx.traceparent = first if same else None

    def __iter__(self) -> Iterator[Event]:
        """Go through the events."""
        try:
            for event in super().__iter__():
                self._tx.traceparent = event.traceparent
                yield event
        finally:
            self._tx.traceparent = self._all


class Runtime(Opened):
    """One service, opened, and entered by its doors."""

    service_cls: type[Service]

    def __init__(
        self,
        service_cls: type[Service],
        engine: sa.Engine,
        *,
        process: ProcessSettings,
        settings: object,
        calendar: Calendar | None = None,
    ) -> None:
        super().__init__(service_cls, engine, process=process, settings=settings, calendar=calendar)
        self.digests = Digests(process, service_cls.name)
        self.denials = Denials(self)
        self.look = idempotency.look(self)
        self.entries: dict[str, Entry] = entries(service_cls)
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
            if door.quick:
                self.quick_jobs |= {door.job_kind}
        elif entry.kind == "subscribe":
            facts = self.reads_of.setdefault(door.source, {})
            for reader in door.readers:
                fact = declared(reader).FACT
                if fact in facts:
                    raise TypeError(f"{self.name} hears {door.source}.{fact} twice")
                facts[fact] = Reader(method, reader)

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
        process, own = read_all([ProcessSettings, service_cls.settings_type], environ)
        engine = store.open_engine(url, pool_size=process.pool_size, cooperative=cooperative)
        return cls(service_cls, engine, process=process, settings=own)

    def prepare(self) -> None:
        """Make the rows that a fresh database needs: the demonstration clock, recurring timers.

        Raises:
            SettingsError: The keys are others than those with which the database was filled.
        """
        table = self.chassis.clock
        if self.process.demo_clock:
            start = with_zone(self.process.demo_start)
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
            webhooks.reseal(tx)
            for kind in self.schedules.keys() - armed_kinds(tx):
                arm_next(tx, kind, tx.now)
        own_data.erase_again(self)
        years.warn(self)

    # ----------------------------------------------------------------- what the doors lead to

    def call(self, call: Call) -> object:
        """Run one command or query. Hosts without nameko enter here.

        Raises:
            Refusal: A rule said no.
        """
        entry = self.entries.get(call.method)
        if entry is None or entry.kind not in {"command", "query"}:
            raise NotFound(kind="method", id=f"{self.name}.{call.method}")
        return getattr(self.instance(), call.method)(call)

    @functools.cached_property
    def contract(self) -> JsonObject:
        """The doors of this service, which the gateway asks for once a minute."""
        return contracts.api_contract(self.service_cls)

    @functools.cached_property
    def public_facts(self) -> list[JsonObject]:
        """What this service publishes for everybody, which the gateway shows."""
        found = contracts.facts_of(self.service_cls)
        return [cast("JsonObject", one) for one in found if one.get("visibility") == "public"]

    def read_body(self, method: str, body: JsonObject) -> object:
        """Read a body into the type that the action takes.

        Raises:
            Flawed: Names all that are wrong, each with its place.
            Invalid: One is beyond what can be kept.
            NumberOfAPerson: A text that others read holds one.
        """
        return read(self.entries[method].body_type, body)

    def run_command(
        self, service: Service, door: Door, fn: Callable[..., object], call: Call
    ) -> object:
        """Run a command: role, body, idempotency key, action, audit row; one transaction."""
        began, outcome = time.perf_counter(), "failed"
        with self._entered(door, call) as span:
            try:
                followed = replace(call, traceparent=span.header)
                reply = self._command(service, door, fn, followed)
                outcome = "replayed" if isinstance(reply, Replayed) else "done"
            except Refusal as refusal:
                outcome = refusal.guard or refusal.code
                self._note_denial(call, span.header, refusal)
                raise
            finally:
                log.info(
                    "command",
                    extra={
                        "door": f"{self.name}.{call.method}",
                        "role": call.actor.role,
                        "outcome": outcome,
                        "ms": round((time.perf_counter() - began) * 1000, 1),
                    },
                )
            return reply

    def _entered(self, door: Door, call: Call) -> AbstractContextManager[telemetry.Span]:
        return telemetry.doing(
            f"{self.name}.{call.method}",
            "server",
            call.traceparent,
            fivered__kind=door.kind,
            fivered__role=call.actor.role,
        )

    def _command(
        self, service: Service, door: Door, fn: Callable[..., object], call: Call
    ) -> object:
        check_role(door.roles, call.actor)
        check_precondition(door.if_match, call.version)
        body = self.read_body(call.method, call.body)
        digest = self.digests.of(call.method, _without_secrets(type(body), call.body))
        if door.before is not None:
            with self.transaction(call.actor) as tx:
                door.before(tx, body)
        found = door.ahead(self.settings, body) if door.ahead is not None else None

        def act(tx: Tx) -> object:
            tx.roles, tx.ahead = door.roles, found
            service.admit(tx)
            return deadlines.mark(tx, plain(fn(service, tx, body)))

        for attempt in range(_RACES):
            try:
                return self._command_once(door, act, call, digest)
            except Refusal as refusal:
                if refusal.of_caller:
                    raise
                raise self._as_seen(service, call, body, refusal) from None
            except KeyTaken:
                if attempt == _RACES - 1:
                    raise InFlight(field="Idempotency-Key") from None
            except sa.exc.DBAPIError as error:
                # Of two transactions that wait for each other the database ends one. A connection
                # of the pool may have died since it was last used; to ask first would cost every
                # command a round trip. The key makes it safe to run the command again, whether
                # the first try was kept or not.
                again = database_errors.is_lost_race(error) or error.connection_invalidated
                if not again or attempt == _RACES - 1:
                    raise
        raise AssertionError("unreachable")

    def _command_once(
        self, door: Door, act: Callable[[Tx], object], call: Call, digest: Digest
    ) -> object:
        after: list[Callable[[Tx], None]] = []
        try:
            return self._in_one_transaction(door, act, call, digest, after)
        except Refusal:
            self._leave(call, after)
            raise

    def _leave(self, call: Call, after: Sequence[Callable[[Tx], None]]) -> None:
        """Do what `Tx.afterwards` has asked for, in a transaction of its own."""
        if after:
            with self.transaction(call.actor, traceparent=call.traceparent) as writing:
                for act in after:
                    act(writing)

    def _in_one_transaction(
        self,
        door: Door,
        act: Callable[[Tx], object],
        call: Call,
        digest: Digest,
        after: list[Callable[[Tx], None]],
    ) -> object:
        with (
            telemetry.doing("transaction", "internal", call.traceparent) as span,
            self.transaction(
                call.actor, version=call.version, traceparent=span.header, claims=True
            ) as tx,
        ):
            tx.after = after
            stored = idempotency.claim(tx, call, digest)
            if stored is not None and not door.unkept:
                return Replayed(stored.reply)
            tx.first = stored.reply if stored is not None else None
            reply = act(tx)
            if stored is not None:
                return Replayed(reply)
            kept = reply
            if door.unkept and isinstance(reply, dict):
                kept = {name: value for name, value in reply.items() if name not in door.unkept}
            rows = {"keep": idempotency.row_of(call, digest.keyed, kept)}
            if tx.audited:
                rows["audit"] = audit.row_of(call, digest.keyed, reply, tx.concerns)
            tx.flush(**rows, last=True)
        return reply

    def run_query(
        self, service: Service, door: Door, fn: Callable[..., object], call: Call
    ) -> object:
        """Run a query in one snapshot."""
        with self._entered(door, call) as span:
            try:
                return self._query(service, door, fn, replace(call, traceparent=span.header))
            except Refusal as refusal:
                self._note_denial(call, span.header, refusal)
                raise

    def _note_denial(self, call: Call, trace: str | None, refusal: Refusal) -> None:
        """Let the audit say that somebody lacked a right."""
        if refusal.denies:
            kind = self.entries[call.method].body_type
            body = _without_secrets(kind, call.body)
            self.denials.note(replace(call, traceparent=trace), body, refusal)

    def _query(self, service: Service, door: Door, fn: Callable[..., object], call: Call) -> object:
        check_role(door.roles, call.actor)
        body = self.read_body(call.method, call.body)
        found = door.ahead(self.settings, body) if door.ahead is not None else None

        def ask(tx: Tx) -> object:
            tx.ahead = found
            return fn(service, tx, body)

        try:
            return self._query_once(service, ask, call)
        except Refusal as refusal:
            raise self._as_seen(service, call, body, refusal) from None
        except sa.exc.DBAPIError as error:
            if not (error.connection_invalidated or database_errors.is_lost_race(error)):
                raise
        # The connection had died in the pool, and the pool is fresh now; or a table was changed
        # under a statement that was prepared, and it is prepared anew.
        return self._query_once(service, ask, call)

    def _as_seen(self, service: Service, call: Call, body: object, refusal: Refusal) -> Refusal:
        """Return a refusal, or that by which the caller may not see the thing at all."""
        shown, named = self._shown(service, call, body)
        told = refusal
        if shown not in {"", call.method}:
            told = self._unseen(service, call, shown, named) or refusal
        if not isinstance(refusal, NotFound):
            told.unseen = told is not refusal
        elif not refusal.unseen:
            # Where the thing is not there at all, nobody lacks a right.
            told.unseen = self._is_there(service, call, shown, named)
        return told

    @staticmethod
    def _shown(service: Service, call: Call, body: object) -> tuple[str, JsonObject]:
        """Return what shows the thing that a call names, and what it is asked; empty where nothing
        does."""
        named = next(iter(members_of(type(body))), "") if isinstance(body, Struct) else ""
        shown = service.shown_by.get(call.method, service.shown_by.get(named, ""))
        if not shown or not isinstance(getattr(body, named), str):
            return "", {}
        return shown, {named: getattr(body, named)}

    def _unseen(
        self, service: Service, call: Call, shown: str, named: JsonObject
    ) -> Refusal | None:
        """Return why the caller may not see the thing that the refused call names, or None.

        Asked after the refusal: what is done was allowed, and most calls are done.
        """
        entry = self.entries[shown]
        try:
            check_role(entry.door.roles, call.actor)
        except RoleDenied:
            return None  # this role never reads such things; what it may do with them, it may
        question = self.read_body(shown, named)
        try:
            with self.snapshot(call.actor, call.lang) as tx:
                tx.actor = service.reads_as(tx)
                getattr(service, shown)(tx, question)
        except Refusal as refusal:
            return refusal
        return None

    def _is_there(self, service: Service, call: Call, shown: str, named: JsonObject) -> bool:
        """Tell whether the district would see what the caller was told not to be there."""
        district = Actor("system", _DISTRICT, call.actor.scope[:6])
        known = call.actor.id and district.scope and call.actor.role != _DISTRICT
        if not (shown and known):
            return False
        try:
            check_role(self.entries[shown].door.roles, district)
            with self.snapshot(district, call.lang) as tx:
                getattr(service, shown)(tx, self.read_body(shown, named))
        except Refusal:
            return False
        return True

    def _query_once(self, service: Service, ask: Callable[[Tx], object], call: Call) -> object:
        with self.snapshot(call.actor, call.lang) as tx:
            tx.actor = service.reads_as(tx)
            answer = deadlines.mark(tx, plain(ask(tx)))
        self._leave(call, tx.after)
        return answer

    def run_batch(
        self,
        service: Service,
        _door: Door,
        fn: Callable[..., object],
        tx_and_heard: tuple[Tx, list[Event]],
    ) -> None:
        """Give a batch to its method, in the transaction that the inbox has opened."""
        tx, heard = tx_and_heard
        fn(service, tx, Heard(tx, heard))

    def run_timer(
        self,
        service: Service,
        _door: Door,
        fn: Callable[..., object],
        fired: tuple[Tx, Due | list[Due]],
    ) -> None:
        """Give a due timer to its method, in the transaction that removed its row."""
        tx, due = fired
        fn(service, tx, due)

    def run_job(
        self, service: Service, _door: Door, fn: Callable[..., object], running: Job
    ) -> object:
        """Give a job to its method; the job opens the transactions."""
        return fn(service, running)

    # --------------------------------------------------------------------------------- for people

    def health(self, tx: Tx) -> Health:
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
        ).scalar_one()
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

    def first_steps(self, tx: Tx) -> Steps:
        """Return what a new installation needs of this service, and what of it is there."""
        steps = self.service_cls.first_steps
        if not steps:
            return {"steps": []}
        found = tx.conn.execute(sa.select(*(self._asked(one) for one in steps))).one()
        return {
            "steps": [
                {"code": one.code, "text": one.text, "done": bool(done), "needed": one.needed}
                for one, done in zip(steps, found, strict=True)
            ]
        }

    def _asked(self, step: Step) -> sa.ColumnElement[bool]:
        """Return what asks whether a step is done."""
        done = step.done
        return sa.literal(getattr(self.settings, done)) if isinstance(done, str) else done


def _without_secrets(kind: type, came: JsonObject) -> JsonObject:
    """Return a body as it is digested: a digest of a password would be guessed much faster than
    the password is."""
    hidden = secrets_of(kind) if issubclass(kind, Struct) else frozenset()
    return {name: value for name, value in came.items() if name not in hidden} if hidden else came


def open_all(services: Mapping[str, type[Service]], urls: Mapping[str, str]) -> dict[str, Runtime]:
    """Open several services; every settings problem of all of them is reported at once."""
    read_all([ProcessSettings, *(cls.settings_type for cls in services.values())])
    return {name: Runtime.open(cls, urls[name]) for name, cls in services.items()}


__all__ = ["Runtime", "open_all"]
