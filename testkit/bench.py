"""Fixtures that travel with every service: a migrated database, a fixed clock, the real doors.

`FIVERED_TEST_PG` names a PostgreSQL server (as a superuser's URL); with it every test that uses
`bench` runs on both databases, without it on SQLite only.

The fixtures `private_rabbit`, `broker_url` and `postgres_url` start private servers when a test
asks for them (a session's first test waits some 6 s). `FIVERED_TEST_BROKER` (an AMQP URL) and
`FIVERED_TEST_PG` name servers to use instead. Where the programs are not installed such a test
fails and names the Debian package.
"""

from __future__ import annotations

import atexit
import copy
import functools
import gc
import os
import shutil
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from fivered.chassis import envelope as env
from fivered.chassis import inbox, jobs, timers, years
from fivered.chassis.blobs import Blobs
from fivered.chassis.bus import Service
from fivered.chassis.calendar import with_zone
from fivered.chassis.messages import (
    ANY_ROLE,
    PUBLIC,
    SYSTEM,
    Actor,
    Call,
    Replayed,
    Seen,
    new_uuid,
    partition_of,
)
from fivered.chassis.migrate import migrate_service
from fivered.chassis.runtime import Runtime
from fivered.chassis.settings import ProcessSettings, describe
from fivered.chassis.storage import Row
from testkit import promised, servers
from testkit.bodies import a_body
from testkit.drift import differences

promised.hold()
# Tests make and drop much that has no circle in it. Looking for circles after every 700 objects,
# as an interpreter does, takes a fifth of the time of a test.
gc.set_threshold(100_000, 20, 20)

KEY = "a-test-key-that-is-32-bytes-long-or-more"
START = "2025-03-03T09:00:00"
_DAY = timedelta(days=1)
# Of a process, by the names of its variables.
Settings = frozenset[tuple[str, str]]


def databases() -> list[str]:
    """Return the databases on which tests run here."""
    return ["sqlite", "postgresql"] if os.environ.get("FIVERED_TEST_PG") else ["sqlite"]


def instant(text: str | datetime) -> datetime:
    """Read a time; one without zone is local (Asia/Shanghai)."""
    at = text if isinstance(text, datetime) else datetime.fromisoformat(text)
    return with_zone(at).astimezone(UTC)


def environment(*settings: type[Any], **given: str) -> dict[str, str]:
    """Return an environment that satisfies the settings classes, for tests."""
    found = {"FIVERED_ACTOR_KEY": KEY}
    for cls in settings:
        for name, default, _help in describe(cls):
            if not default and name.endswith("_KEY"):
                found[name] = KEY
    return found | given


def fresh_database(kind: str, folder: Path) -> Iterator[str]:
    """Give a URL of an empty database, and remove it afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/{uuid.uuid4().hex}.sqlite"
        return
    yield from fresh_postgresql(os.environ["FIVERED_TEST_PG"])


def fresh_postgresql(server_url: str) -> Iterator[str]:
    """Give the URL of an empty database on a PostgreSQL server, and remove it afterwards."""
    server = sa.make_url(server_url).set(drivername="postgresql+psycopg")
    name = "t_" + uuid.uuid4().hex
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    _on_full_disks_too(admin, f'CREATE DATABASE "{name}"')
    try:
        plain = server.set(drivername="postgresql", database=name)
        yield plain.render_as_string(hide_password=False)
    finally:
        _on_full_disks_too(admin, f'DROP DATABASE "{name}" WITH (FORCE)')
        admin.dispose()


def _on_full_disks_too(admin: sa.Engine, statement: str) -> None:
    """Run a statement that asks the server to write everything out: it cannot while another test of
    the same server has filled a disk of its own."""
    end = time.monotonic() + 60
    while True:
        try:
            with admin.connect() as conn:
                conn.execute(sa.text(statement))
        except sa.exc.InternalError as error:
            if "checkpoint request failed" not in str(error.orig) or time.monotonic() > end:
                raise
            time.sleep(0.5)
        else:
            return


@dataclass
class Bench:
    """One service on a fresh database, entered through its real doors.

    Attributes:
        runtime: The opened service; its clock stands still until it is moved.
        actor: Who acts in the next calls.
    """

    runtime: Runtime
    actor: Actor = field(default_factory=lambda: Actor("per_nobody", "R_DISTRICT", "370811"))

    @property
    def now(self) -> datetime:
        """The domain time (UTC)."""
        assert self.runtime.fixed_now is not None
        return self.runtime.fixed_now

    def at(self, moment: str | datetime) -> Bench:
        """Set the domain time; a text without zone is local."""
        self.runtime.fixed_now = instant(moment)
        return self

    def as_(self, role: str, *, person: str = "per_nobody", scope: str = "370811") -> Bench:
        """Set who acts in the next calls."""
        self.actor = Actor(person, role, scope)
        return self

    def do(
        self,
        method: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        version: Seen | None = None,
    ) -> Any:
        """Run a command; raises its refusal. Without a key a new one is used."""
        return self._checked(Call(method, dict(body or {}), self.actor, key or new_uuid(), version))

    def send(self, method: str, place: str, text: str) -> Any:
        """Run a command in a role that may, with `text` at `place` of a body that can be read."""
        entry = self.runtime.entries[method]
        role = next((role for role in entry.door.roles if role not in {ANY_ROLE, PUBLIC}), "")
        self.as_(role or "R_DISTRICT")
        return self.do(method, a_body(entry.body_type, place, text), version=1)

    def ask(self, method: str, body: Mapping[str, Any] | None = None, *, lang: str = "zh") -> Any:
        """Run a query; raises its refusal."""
        return self._checked(Call(method, dict(body or {}), self.actor, lang=lang))

    def _checked(self, call: Call) -> Any:
        """Run a call and return its reply, which is what the door promises."""
        reply = self.runtime.call(call)
        if isinstance(reply, Replayed):
            reply = reply.reply
        entry = self.runtime.entries.get(call.method)
        if entry is not None and "reply" in entry.door.options:
            try:
                msgspec.convert(reply, entry.door.reply)
            except msgspec.ValidationError as error:
                raise AssertionError(
                    f"{call.method} answers what it does not promise: {error}"
                ) from error
        return reply

    def event(
        self,
        source: str,
        fact: str,
        data: Mapping[str, Any],
        *,
        subject: str = "thing_1",
        scope: str = "370811015901",
        occurred_at: str | datetime | None = None,
        period: str | None = None,
        event_id: str | None = None,
        sequence: int = 1,
        partition: int | None = None,
        correlation_id: str | None = None,
        actor: Actor | None = None,
    ) -> inbox.Delivery:
        """Build one delivery as the wire would bring it; without an actor the system says it."""
        at = instant(occurred_at) if occurred_at is not None else self.now
        body = env.encode(
            env.Envelope(
                id=event_id or new_uuid(),
                source=f"/fivered/{source}",
                type=f"{source}.{fact}",
                subject=subject,
                time=at,
                recordedat=self.now,
                aggregatetype="thing",
                sequence=f"{sequence:020d}",
                scope=scope,
                period=period or self.runtime.calendar.period(at),
                correlationid=correlation_id or new_uuid(),
                data=msgspec.Raw(msgspec.json.encode(data)),
                **({"actorid": actor.id, "actorrole": actor.role} if actor is not None else {}),
            )
        )
        chosen = partition_of(subject) if partition is None else partition
        return inbox.Delivery(body, source, chosen)

    def consume(self, source: str, fact: str, data: Mapping[str, Any], **attributes: Any) -> int:
        """Deliver one event through the inbox. Returns 1 when it took effect."""
        return self.deliver([self.event(source, fact, data, **attributes)])

    def deliver(self, deliveries: Sequence[inbox.Delivery]) -> int:
        """Deliver a batch of one source. Returns how many took effect."""
        return inbox.deliver(self.runtime, deliveries, pause=lambda _seconds: None)

    def staged(self, build: Callable[[Bench], Any]) -> Bench:
        """Bring this bench to where `build(bench)` leads: for fixtures.

        It is built once per run of the tests and kind of database; later benches get its rows, its
        time, who acted last and what it noted on the bench. So `build` begins where it always
        begins: at a fresh bench, or at the one stage that its fixture stands on.
        """
        key = (self.runtime.service_cls, self.runtime.engine.dialect.name, build)
        known = _STAGES.get(key)
        if known is None or not _put_back(self, known):
            build(self)
            _STAGES[key] = _keep_stage(self)
        return self

    def fire(self, until: str | datetime) -> int:
        """Fire what is due up to `until`, in order, and move the clock there. Returns how many."""
        end = instant(until)
        fired = 0
        while rows := self._due_until(end):
            self.runtime.fixed_now = max(rows[0].due_at, self.now)
            fired += timers.fire_rows(self.runtime, rows)
        parked = [row for row in self.parked() if row["source"] == "timer"]
        if parked:
            raise AssertionError(f"a timer failed: {parked[0]['error']}")
        self.runtime.fixed_now = max(end, self.now)
        return fired

    def _due_until(self, end: datetime) -> list[Row]:
        """Return what is due next: the timers of a day, which fire as a set."""
        rows = timers.due_until(self.runtime, end) or self._failed_until(end)
        return [row for row in rows if row.due_at - rows[0].due_at < _DAY]

    def _failed_until(self, end: datetime) -> list[Row]:
        """Return what has failed and waits for its next try, which is now."""
        table = self.runtime.chassis.timers
        with self.runtime.engine.begin() as conn:
            waiting = sa.update(table).where(table.c.due_at <= end).values(next_try_at=None)
            conn.execute(waiting)
        return timers.due_until(self.runtime, end)

    def published(self, fact: str | None = None) -> list[dict[str, Any]]:
        """Return what was said so far, as decoded CloudEvents, oldest first."""
        table = self.runtime.chassis.outbox
        asked = sa.select(table.c.body).order_by(table.c.id)
        if fact is not None:
            asked = asked.where(table.c.fact == fact)
        with self.runtime.engine.connect() as conn:
            return [msgspec.json.decode(bytes(body)) for (body,) in conn.execute(asked)]

    def parked(self) -> list[inbox.Parked]:
        """Return what is parked."""
        return inbox.parked_rows(self.runtime)

    def rows(self, statement: str, **params: Any) -> list[dict[str, Any]]:
        """Run a SELECT and return its rows."""
        with self.runtime.engine.connect() as conn:
            return [dict(row) for row in conn.execute(sa.text(statement), params).mappings()]

    def load(self, kind: str, text: str | bytes, *, dry_run: bool = False) -> dict[str, Any]:
        """Import a file and return the job's result; the bench needs FIVERED_BLOBS for it."""
        with Blobs(self.runtime.process.blobs).receive() as receiving:
            receiving.write(text if isinstance(text, bytes) else text.encode())
            blob = receiving.keep()
        order = {"kind": kind, "sha256": blob.sha256, "dry_run": dry_run}
        job_id = self.do("_start_import", order)["id"]
        while jobs.run_next(self.runtime):
            pass
        card = self.ask("_job", {"job_id": job_id})
        if card["state"] != "DONE":
            raise AssertionError(f"the import ended as {card['state']}: {card['error']}")
        return dict(card["result"])

    def load_twice(self, kind: str, text: str, *, batch: int) -> dict[str, Any]:
        """Try a file and then import it, in batches of some rows; both must say the same."""
        service: Any = self.runtime.service_cls
        importers = service.importers
        service.importers = tuple(replace(one, batch=batch) for one in importers)
        try:
            tried = self.load(kind, text, dry_run=True)
            done = self.load(kind, text)
        finally:
            service.importers = importers
        assert tried == done | {"dry_run": True}
        return done

    def transaction(self) -> Any:
        """Open a transaction as the system, for tests of storage."""
        return self.runtime.transaction(SYSTEM)


def open_bench(service_cls: type[Service], url: str, **environ: str) -> Bench:
    """Open a service on an empty database, migrate and prepare it.

    That takes longer than most tests, so it happens once per service, kind of database and
    settings; later ones are copies of that one.
    """
    _settle()
    given = environment(ProcessSettings, service_cls.settings_type, **environ)
    runtime = Runtime.open(service_cls, url, environ=given)
    if runtime.engine.dialect.name == "sqlite":
        # No test pulls the plug of the machine; waiting for its disk is half of a small commit.
        sa.event.listen(runtime.engine, "connect", _unsynchronised)
    runtime.fixed_now = instant(START)
    # What a start writes depends on all of them, except on where files are kept.
    settings = frozenset((name, it) for name, it in given.items() if name != "FIVERED_BLOBS")
    try:
        if not _put_in_place(runtime, url, settings):
            _migrated(service_cls, url, runtime.engine)
            _share_statements(runtime.engine)
            runtime.prepare()
            _keep_prepared(runtime, url, settings)
    except BaseException:
        runtime.close()
        raise
    return Bench(runtime)


@functools.cache
def _settle() -> None:
    """Once: what was imported stays, and no collection looks at it again."""
    gc.collect()
    gc.freeze()


# Dialects, by driver, with the statements that were compiled for them.
_COMPILED: dict[str, tuple[sa.Dialect, dict[Any, Any]]] = {}


def _share_statements(engine: sa.Engine) -> None:
    """Let the engines of all tests share what was compiled, as the requests of a process do.

    A compiled statement belongs to a dialect, of which each engine makes its own.
    """
    if engine.driver not in _COMPILED:
        with engine.connect():
            _COMPILED[engine.driver] = engine.dialect, {}
    engine.dialect, compiled = _COMPILED[engine.driver]
    engine.update_execution_options(compiled_cache=compiled)


def _unsynchronised(dbapi: Any, _record: Any) -> None:
    dbapi.execute("PRAGMA synchronous=OFF")


def migrate_and_let_go(service_cls: type[Service], engine: sa.Engine) -> None:
    """Migrate, and keep no connection: the database may be copied next."""
    migrate_service(service_cls, engine)
    engine.dispose()


# SQLite databases that nobody writes, as files: those that are migrated, and those of some settings
# that a start has prepared as well.
_MIGRATED: dict[type[Service], str] = {}
_PREPARED: dict[tuple[type[Service], Settings], str] = {}


@dataclass
class _Kept:
    """A PostgreSQL database that tests use one after the other.

    Making a database, and connecting to one, takes longer than most tests; emptying one does not.

    Attributes:
        name: Its name.
        service_cls: The service that it is migrated for; None before its first test.
        prepared: The schemas with the rows that a start has written, by its settings.
        pool: Its connections, which stay open between tests.
    """

    name: str
    service_cls: type[Service] | None = None
    prepared: dict[Settings, str] = field(default_factory=dict)
    pool: sa.Pool | None = None

    def lend(self, engine: sa.Engine) -> None:
        """Let an engine that has no connection yet use these connections."""
        if self.pool is None:
            self.pool = engine.pool
            # A test that closes its engine leaves the connections to the next one.
            self.end, pool = self.pool.dispose, self.pool
            vars(pool).update(dispose=lambda: None, recreate=lambda: pool)
        engine.pool = self.pool

    def take_back(self, server: sa.URL) -> None:
        """End what the test has left at work, so that nothing of it is locked any more."""
        _on_server(
            server,
            "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d"
            f" ON d.oid = l.database WHERE d.datname = '{self.name}' AND l.pid <> pg_backend_pid()",
        )
        if getattr(self.pool, "checkedout", int)():
            self.let_go()

    def let_go(self) -> None:
        """Close the connections."""
        if self.pool is not None:
            self.end()
            self.pool = None


# The databases whose tests have ended, by service, and those in use.
_FREE: dict[type[Service] | None, list[_Kept]] = {}
_TAKEN: dict[str, _Kept] = {}

# Stages that tests have reached, by service, kind of database and what led there.
_STAGES: dict[tuple[type[Service], str, Callable[[Bench], Any]], _Stage] = {}

# Empties every table and puts back the rows and numbers that a schema keeps.
_PUT_BACK = """
DO $$
DECLARE one record; columns text;
BEGIN
  SET LOCAL session_replication_role = replica;
  FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
             AND tablename <> 'alembic_version' LOOP
    EXECUTE format('DELETE FROM public.%%I', one.tablename);
  END LOOP;
  FOR one IN SELECT * FROM {schema}._numbers LOOP
    PERFORM setval(
      format('public.%%I', one.sequencename)::regclass,
      coalesce(one.last_value, one.start_value), one.last_value IS NOT NULL
    );
  END LOOP;
  FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = '{schema}'
             AND tablename <> '_numbers' LOOP
    -- By name: a migration that was taken back and made again has moved its columns to the end.
    SELECT string_agg(quote_ident(attname), ', ') INTO columns FROM pg_attribute
      WHERE attrelid = format('{schema}.%%I', one.tablename)::regclass
        AND attnum > 0 AND NOT attisdropped;
    EXECUTE format(
      'INSERT INTO public.%%I (%%s) SELECT %%s FROM {schema}.%%I',
      one.tablename, columns, columns, one.tablename
    );
  END LOOP;
END $$
"""
_KEEP = """
DO $$
DECLARE one record; filled boolean;
BEGIN
  CREATE SCHEMA {schema};
  CREATE TABLE {schema}._numbers AS
    SELECT sequencename, start_value, last_value FROM pg_sequences WHERE schemaname = 'public';
  FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
             AND tablename <> 'alembic_version' LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%%I)', one.tablename) INTO filled;
    IF filled THEN
      EXECUTE format(
        'CREATE TABLE {schema}.%%I AS TABLE public.%%I', one.tablename, one.tablename
      );
    END IF;
  END LOOP;
END $$
"""
_SEED = "seed"


def _migrated(service_cls: type[Service], url: str, engine: sa.Engine) -> None:
    """Bring an empty or kept database to the newest revision, the quickest way there is."""
    target = sa.make_url(url)
    name = str(target.database)
    kept = _TAKEN.get(name)
    if kept is not None and kept.service_cls is not service_cls:
        if kept.service_cls is not None:
            kept.let_go()
            _on_server(target, f'DROP DATABASE "{name}" WITH (FORCE)')
        _on_server(target, f'CREATE DATABASE "{name}"')
        migrate_and_let_go(service_cls, engine)
        kept.service_cls, kept.prepared = service_cls, {}
        kept.lend(engine)
        with engine.begin() as conn:
            conn.exec_driver_sql(_KEEP.format(schema=_SEED))
        return
    if kept is not None:
        kept.lend(engine)
        with engine.begin() as conn:
            conn.exec_driver_sql(_PUT_BACK.format(schema=_SEED))
        return
    template = _MIGRATED.get(service_cls)
    if target.get_backend_name() != "sqlite":
        migrate_and_let_go(service_cls, engine)
    elif template is not None:
        shutil.copyfile(template, name)
    else:
        migrate_and_let_go(service_cls, engine)
        _MIGRATED[service_cls] = _copy_of(name)


def _put_in_place(runtime: Runtime, url: str, settings: Settings) -> bool:
    """Bring a database to what a start with these settings made of it, if there was one.

    Returns whether there was.
    """
    name = str(sa.make_url(url).database)
    if runtime.engine.dialect.name == "sqlite":
        template = _PREPARED.get((runtime.service_cls, settings))
        if template is None:
            return False
        shutil.copyfile(template, name)
    else:
        kept = _TAKEN.get(name)
        if kept is None or kept.service_cls is not runtime.service_cls:
            return False
        if settings not in kept.prepared:
            return False
        kept.lend(runtime.engine)
        with runtime.engine.begin() as conn:
            conn.exec_driver_sql(_PUT_BACK.format(schema=kept.prepared[settings]))
    _share_statements(runtime.engine)
    years.warn(runtime)
    return True


def _keep_prepared(runtime: Runtime, url: str, settings: Settings) -> None:
    """Keep what a start has made of an empty database, for the next test with these settings."""
    name = str(sa.make_url(url).database)
    if runtime.engine.dialect.name == "sqlite":
        runtime.engine.dispose()
        _PREPARED[runtime.service_cls, settings] = _copy_of(name)
    elif name in _TAKEN:
        schema = f"prepared_{len(_TAKEN[name].prepared)}"
        with runtime.engine.begin() as conn:
            conn.exec_driver_sql(_KEEP.format(schema=schema))
        _TAKEN[name].prepared[settings] = schema


def _copy_of(path: str) -> str:
    """Copy a SQLite database that nobody has open; returns the file."""
    folder = servers.new_folder("stage-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # Copying the file alone would leave behind what is still in its write-ahead log.
    with closing(sqlite3.connect(path)) as live:
        live.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return str(shutil.copyfile(path, folder / "stage.sqlite"))


@dataclass(frozen=True, slots=True)
class _Stage:
    """Where some steps have led: the rows, the time, who acted last, and what they have noted.

    Attributes:
        place: The file, or the schema, that keeps the rows.
    """

    place: str
    now: datetime
    actor: Actor
    noted: dict[str, Any]


def _keep_stage(bench: Bench) -> _Stage:
    engine = bench.runtime.engine
    if engine.dialect.name == "sqlite":
        engine.dispose()
        place = _copy_of(str(engine.url.database))
    else:
        place = f"stage_{uuid.uuid4().hex}"
        with engine.begin() as conn:
            conn.exec_driver_sql(_KEEP.format(schema=place))
    own = {"runtime", "actor"}
    noted = {name: value for name, value in vars(bench).items() if name not in own}
    return _Stage(place, bench.now, bench.actor, copy.deepcopy(noted))


def _put_back(bench: Bench, stage: _Stage) -> bool:
    """Bring a bench to a stage. Returns whether its database has it."""
    engine = bench.runtime.engine
    if engine.dialect.name == "sqlite":
        engine.dispose()
        path = str(engine.url.database)
        for left in (f"{path}-wal", f"{path}-shm"):
            Path(left).unlink(missing_ok=True)
        shutil.copyfile(stage.place, path)
    else:
        with engine.begin() as conn:
            if conn.exec_driver_sql(f"SELECT to_regnamespace('{stage.place}')").scalar() is None:
                return False
            conn.exec_driver_sql(_PUT_BACK.format(schema=stage.place))
    vars(bench).update(copy.deepcopy(stage.noted))
    bench.at(stage.now).actor = stage.actor
    return True


def _kept_postgresql(server_url: str, service_cls: type[Service] | None) -> Iterator[str]:
    """Give the URL of a database that `open_bench` will migrate or empty for the next test."""
    server = sa.make_url(server_url).set(drivername="postgresql")
    if not _FREE:
        atexit.register(_drop_all, server)
    free = _FREE.setdefault(service_cls, [])
    kept = free.pop() if free else _Kept("t_" + uuid.uuid4().hex)
    _TAKEN[kept.name] = kept
    yield server.set(database=kept.name).render_as_string(hide_password=False)
    del _TAKEN[kept.name]
    if kept.service_cls is not None:
        kept.take_back(server)
        _FREE.setdefault(kept.service_cls, []).append(kept)


def _drop_all(server: sa.URL) -> None:
    names = [kept.name for free in _FREE.values() for kept in free]
    _FREE.clear()
    with suppress(sa.exc.SQLAlchemyError):
        _on_server(server, *(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)' for name in names))


@functools.cache
def _admin(server: sa.URL) -> sa.Engine:
    return sa.create_engine(server, isolation_level="AUTOCOMMIT", pool_size=1)


def _on_server(url: sa.URL, *statements: str) -> None:
    with _admin(url.set(drivername="postgresql+psycopg", database="postgres")).connect() as admin:
        for statement in statements:
            admin.exec_driver_sql(statement)


@pytest.fixture(params=databases())
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind that runs here, for `open_bench`."""
    if request.param == "sqlite":
        yield from fresh_database("sqlite", tmp_path)
    else:
        try:
            service_cls = request.getfixturevalue("service_cls")
        except pytest.FixtureLookupError:
            service_cls = None
        yield from _kept_postgresql(os.environ["FIVERED_TEST_PG"], service_cls)


@pytest.fixture
def bench(service_cls: type[Service], database_url: str) -> Iterator[Bench]:
    """The service under test on a fresh, migrated database, on 2025-03-03 at 09:00."""
    opened = open_bench(service_cls, database_url)
    yield opened
    opened.runtime.close()


@pytest.fixture
def files(service_cls: type[Service], database_url: str, tmp_path: Path) -> Iterator[Bench]:
    """The service under test as `bench`, with a folder for files that are sent to it."""
    opened = open_bench(service_cls, database_url, FIVERED_BLOBS=str(tmp_path / "blobs"))
    yield opened
    opened.runtime.close()


# --------------------------------------------------------------------------------------------------
# Servers


@pytest.fixture(scope="session")
def private_rabbit() -> Iterator[servers.Rabbit]:
    """A private RabbitMQ node that tests may kill; every test takes a vhost of its own."""
    try:
        node = servers.Rabbit()
    except servers.ServerMissing as error:
        pytest.fail(str(error), pytrace=False)
    try:
        yield node.start()
    finally:
        node.stop()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server: FIVERED_TEST_PG, or a private one."""
    given = os.environ.get("FIVERED_TEST_PG")
    if given:
        yield given
        return
    try:
        server = servers.Postgres()
    except servers.ServerMissing as error:
        pytest.fail(str(error), pytrace=False)
    try:
        yield server.start().url()
    finally:
        server.stop()


@pytest.fixture
def broker_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The AMQP URL of an empty vhost; of FIVERED_TEST_BROKER as it stands when that is set."""
    given = os.environ.get("FIVERED_TEST_BROKER")
    if given:
        yield given
        return
    node: servers.Rabbit = request.getfixturevalue("private_rabbit")
    url = node.new_vhost()
    yield url
    node.delete_vhost(url)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    yield from fresh_postgresql(postgres_server)


def assert_no_drift(service_cls: type[Service], engine: sa.Engine) -> None:
    """Fail when the migrated database and the service's tables disagree."""
    found = differences(service_cls, engine)
    assert not found, "\n".join(map(str, found))


__all__ = [
    "Bench",
    "assert_no_drift",
    "bench",
    "broker_url",
    "database_url",
    "environment",
    "instant",
    "open_bench",
    "postgres_server",
    "postgres_url",
    "private_rabbit",
]
