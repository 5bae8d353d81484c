"""Databases: column types that mean the same on both, engines, the chassis's own tables."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine

from fivered.chassis import column_types, file_table, told_tables
from fivered.chassis.sqlite_writers import writer_queue_of
from fivered.chassis.vault import Sealed

# What a statement gives is not known from `table.c`, whose columns have no Python type. These stand
# for SQLAlchemy's types of it everywhere; `Rows` is what `conn.execute` returns.
Select: TypeAlias = sa.Select[Any]
Table: TypeAlias = sa.Table[Any]
Column: TypeAlias = sa.Column[Any]
FromClause: TypeAlias = sa.FromClause[Any]
Expression: TypeAlias = sa.ColumnElement[Any]
Scalar: TypeAlias = sa.ScalarSelect[Any]
Rows: TypeAlias = sa.CursorResult[Any]

# Written in a module of their own, so that other modules may make tables for this one.
UtcDateTime = column_types.UtcDateTime
Id, Area, Period = column_types.Id, column_types.Area, column_types.Period
Json, BigId, Uuid = column_types.Json, column_types.BigId, column_types.Uuid

# What a program may give for a column, and the columns of a row with it.
Values: TypeAlias = Mapping[str, object]

if TYPE_CHECKING:

    class Row:
        """A row of a table, as it was read or as it is after a change: `row.state`."""

        def __getattr__(self, name: str) -> Any: ...

else:
    Row = sa.Row

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


# The key in a table's `info` that says why no backup holds its rows.
LEFT_OUT = "left_out"


def new_metadata() -> sa.MetaData:
    """Return metadata that names every constraint, so that migrations can name them too."""
    return sa.MetaData(naming_convention=NAMING)


@dataclass(frozen=True, slots=True)
class ChassisTables:
    """The tables that the mechanisms keep in each service's own database."""

    outbox: sa.Table
    inbox: sa.Table
    cursors: sa.Table
    parked: sa.Table
    idempotency: sa.Table
    timers: sa.Table
    jobs: sa.Table
    audit: sa.Table
    audit_seals: sa.Table
    audit_marks: sa.Table
    clock: sa.Table
    calendar_years: sa.Table
    keys_in_use: sa.Table
    person_keys: sa.Table
    webhooks: sa.Table
    webhook_deliveries: sa.Table
    workers: sa.Table
    leases: sa.Table
    partitioning: sa.Table
    files: sa.Table
    told: sa.Table
    told_read: sa.Table


def chassis_tables(metadata: sa.MetaData) -> ChassisTables:
    """Add the chassis's tables to a service's metadata and return them."""
    return ChassisTables(
        _outbox(metadata),
        _inbox(metadata),
        _cursors(metadata),
        _parked(metadata),
        _idempotency(metadata),
        _timers(metadata),
        _jobs(metadata),
        _audit(metadata),
        _audit_seals(metadata),
        _audit_marks(metadata),
        _clock(metadata),
        _calendar_years(metadata),
        _keys_in_use(metadata),
        _person_keys(metadata),
        _webhooks(metadata),
        _webhook_deliveries(metadata),
        _workers(metadata),
        _leases(metadata),
        _partitioning(metadata),
        file_table.files(metadata),
        told_tables.told(metadata),
        told_tables.told_read(metadata),
    )


def _where(rows: str, *, sqlite: str = "") -> dict[str, Any]:
    """Return the arguments by which an index holds some rows only."""
    return {"postgresql_where": sa.text(rows), "sqlite_where": sa.text(sqlite or rows)}


def _outbox(metadata: sa.MetaData) -> sa.Table:
    unsent, placed = _where("sent_at IS NULL"), _where("place IS NOT NULL")
    unplaced = _where("place IS NULL AND sent_at IS NOT NULL")
    return sa.Table(
        "outbox",
        metadata,
        sa.Column("id", BigId, sa.Identity(), primary_key=True),
        sa.Column("event_id", Uuid, nullable=False),
        sa.Column("fact", sa.String(80), nullable=False),
        sa.Column("partition", sa.SmallInteger, nullable=False),
        # Of how many its partition was chosen on purpose; empty where the subject says it.
        sa.Column("partitions", sa.SmallInteger),
        sa.Column("subject", Id, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("traceparent", sa.String(64)),
        sa.Column("recorded_at", UtcDateTime, nullable=False),
        sa.Column("sent_at", UtcDateTime),
        # See chassis/history.py; SQLite's stays empty.
        sa.Column("place", sa.BigInteger),
        # A version 2 of a fact goes out beside version 1 with the same event id.
        sa.UniqueConstraint("event_id", "fact"),
        sa.Index("ix_outbox_unsent", "id", **unsent),
        sa.Index("ix_outbox_place", "place", unique=True, **placed),
        sa.Index("ix_outbox_unplaced", "id", **unplaced),
        sqlite_autoincrement=True,
    )


def _inbox(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "inbox",
        metadata,
        sa.Column("handler", sa.String(80), primary_key=True),
        sa.Column("event_id", Uuid, primary_key=True),
        sa.Column("heard_at", UtcDateTime, nullable=False),
        sqlite_with_rowid=False,
    )


def _cursors(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "cursors",
        metadata,
        sa.Column("source", sa.String(40), primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
    )


def _parked(metadata: sa.MetaData) -> sa.Table:
    waiting = _where("state IN ('PARKED', 'RETRY')")
    return sa.Table(
        "parked",
        metadata,
        sa.Column("id", BigId, sa.Identity(), primary_key=True),
        sa.Column("handler", sa.String(80), nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("partition", sa.SmallInteger),
        sa.Column("event_id", sa.String(64)),
        sa.Column("fact", sa.String(80)),
        sa.Column("subject", sa.String(200)),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("parked_at", UtcDateTime, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("decided_at", UtcDateTime),
        sa.Column("decided_by", sa.String(80)),
        sa.Index("ix_parked_waiting", "source", **waiting),
        sqlite_autoincrement=True,
    )


def _idempotency(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "idempotency",
        metadata,
        sa.Column("actor", Id, primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("method", sa.String(80), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("reply", Json),
        sa.Column("created_at", UtcDateTime, nullable=False, index=True),
    )


def _timers(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "timers",
        metadata,
        sa.Column("kind", sa.String(60), primary_key=True),
        sa.Column("ref", sa.String(120), primary_key=True),
        sa.Column("due_at", UtcDateTime, nullable=False, index=True),
        sa.Column("data", Json, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_try_at", UtcDateTime),
        # The day after which the deadline's working days are counted; empty where it counts none.
        sa.Column("since", sa.Date),
        # How many those are, where it is due later than they say: a day that was free is worked.
        sa.Column("days", sa.SmallInteger),
    )


def _jobs(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "jobs",
        metadata,
        sa.Column("job_id", Id, primary_key=True),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("params", Json, nullable=False),
        sa.Column("state", sa.String(12), nullable=False, index=True),
        sa.Column("done", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger),
        sa.Column("note", sa.Text),
        sa.Column("saved", Json),
        sa.Column("result", Json),
        sa.Column("error", sa.Text),
        # Why it ended as FAILED, as a refusal travels; `error` is its sentence.
        sa.Column("problem", Json),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("cancel", sa.Boolean, nullable=False),
        sa.Column("lease_until", UtcDateTime),
        sa.Column("requested_by", Id),
        sa.Column("area", Area),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
    )


def _audit(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "audit",
        metadata,
        sa.Column("id", BigId, sa.Identity(), primary_key=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("actor", Id, nullable=False),
        sa.Column("role", sa.String(30), nullable=False),
        sa.Column("scope", Area, nullable=False),
        sa.Column("action", sa.String(80), nullable=False),
        sa.Column("target", sa.String(120)),
        sa.Column("result", sa.String(40), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("trace", sa.String(64)),
        sa.Column("session", Id),
        # From where the caller came: personal data, kept as long as the row.
        sa.Column("address", sa.String(45)),
        # Why a call was refused; empty where it took effect.
        sa.Column("refused", sa.String(60)),
        sqlite_autoincrement=True,
    )


def _audit_seals(metadata: sa.MetaData) -> sa.Table:
    # See chassis/audit_seals.py; rows are only added to these three (chassis/append_only.py).
    return sa.Table(
        "audit_seals",
        metadata,
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("day", sa.Date, nullable=False),
        # The last row that it and those before it seal; 0 where there was none.
        sa.Column("last_id", sa.BigInteger, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("marks", sa.String(64), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("sealed_at", UtcDateTime, nullable=False),
        sa.Column("sealed_by", sa.String(100), nullable=False),
        sa.UniqueConstraint("day"),
    )


def _audit_marks(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "audit_marks",
        metadata,
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
        # Of each row in turn its id (8 bytes) and its digest (32 bytes).
        sa.Column("marks", sa.LargeBinary, nullable=False),
    )


def _clock(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "clock",
        metadata,
        sa.Column("name", sa.String(20), primary_key=True),
        sa.Column("offset_us", sa.BigInteger, nullable=False),
    )


def _calendar_years(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "calendar_years",
        metadata,
        sa.Column("year", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("off", Json, nullable=False),
        sa.Column("make_up", Json, nullable=False),
        sa.Column("source", sa.String(300), nullable=False),
        sa.Column("loaded_at", UtcDateTime, nullable=False),
    )


def _keys_in_use(metadata: sa.MetaData) -> sa.Table:
    # Their ids only: the keys themselves stand in no database.
    return sa.Table(
        "keys_in_use",
        metadata,
        sa.Column("purpose", sa.String(8), primary_key=True),
        sa.Column("key_id", sa.String(16), primary_key=True),
        sa.Column("since", UtcDateTime, nullable=False),
    )


def _person_keys(metadata: sa.MetaData) -> sa.Table:
    # See chassis/person_keys.py. A key that was destroyed leaves its row.
    return sa.Table(
        "person_keys",
        metadata,
        sa.Column("person_id", Id, primary_key=True),
        sa.Column("handle", sa.String(32), nullable=False, unique=True),
        sa.Column("wrapped", Sealed("{person_id}.person_key")),
        sa.Column("made_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime),
        # After a restore, until the erasure is carried out again.
        sa.Column("waits", sa.Boolean, nullable=False),
        # Few ever do, and each start and each hour asks for them.
        sa.Index("ix_person_keys_waits", "person_id", **_where("waits", sqlite="waits = 1")),
        info={
            LEFT_OUT: "keys of persons: the newest lie beside the backups and are taken from there"
        },
    )


def _webhooks(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "webhooks",
        metadata,
        sa.Column("webhook_id", Id, primary_key=True),
        sa.Column("url", sa.String(500), nullable=False),
        # Facts, without the service's name; none: all that are public.
        sa.Column("facts", Json, nullable=False),
        sa.Column("scope", Area, nullable=False),
        sa.Column("description", sa.String(200), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        # Why it is paused.
        sa.Column("why", sa.String(20)),
        # Up to this place of the history the receiver was told, or nothing concerned it.
        sa.Column("position", sa.BigInteger, nullable=False),
        # Sealed by a key of their own, in base64 (`webhooks`); the one before signs until a time.
        sa.Column("secret", sa.String(300)),
        sa.Column("secret_before", sa.String(300)),
        sa.Column("before_until", UtcDateTime),
        # Of the event that could not be delivered yet: its row in the log, and its tries.
        sa.Column("delivery_id", Id),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("failing_since", UtcDateTime),
        sa.Column("next_try_at", UtcDateTime),
        sa.Column("lease_by", sa.String(64)),
        sa.Column("lease_until", UtcDateTime),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_by", Id, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
    )


def _webhook_deliveries(metadata: sa.MetaData) -> sa.Table:
    waiting = _where("state = 'WAITING'")
    return sa.Table(
        "webhook_deliveries",
        metadata,
        sa.Column("delivery_id", Id, primary_key=True),
        sa.Column("webhook_id", Id, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("event_id", Uuid, nullable=False),
        sa.Column("fact", sa.String(80), nullable=False),
        sa.Column("place", sa.BigInteger),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("status", sa.SmallInteger),
        sa.Column("duration_ms", sa.Integer),
        sa.Column("error", sa.String(200)),
        sa.Column("created_at", UtcDateTime, nullable=False, index=True),
        sa.Column("tried_at", UtcDateTime),
        sa.Index("ix_webhook_deliveries_webhook_id_delivery_id", "webhook_id", "delivery_id"),
        sa.Index("ix_webhook_deliveries_waiting", "webhook_id", **waiting),
    )


def _workers(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "workers",
        metadata,
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("host", sa.String(100), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=False),
        # By the clock of the database, so that those of the machines do not matter.
        sa.Column("seen_at", UtcDateTime, nullable=False),
    )


def _leases(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "leases",
        metadata,
        sa.Column("queue", sa.String(100), primary_key=True),
        sa.Column("worker", sa.String(36)),
        # Grows with each change: whoever holds it asks the others anew to let it come first.
        sa.Column("turn", sa.BigInteger, nullable=False),
    )


def _partitioning(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "partitioning",
        metadata,
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("partitions", sa.SmallInteger, nullable=False),
        sa.Column("since", sa.BigInteger),
        sa.Column("was", sa.SmallInteger),
    )


def rows(
    conn: Connection, asked: sa.Executable, given: Mapping[str, Any] | None = None
) -> list[Row]:
    """Return all rows of a query; `given` are the values of one that was written before."""
    return cast("list[Row]", conn.execute(asked, given).all())


def first(conn: Connection, asked: sa.Executable) -> Row | None:
    """Return the first row of a query, or None."""
    return cast("Row | None", conn.execute(asked).first())


def one(conn: Connection, asked: sa.Executable) -> Row:
    """Return the only row of a query, or of a statement that returns what it has written."""
    return cast("Row", conn.execute(asked).one())


def insert(conn: Connection, table: sa.Table) -> postgresql.Insert:
    """Return the database's own INSERT, which knows ON CONFLICT and RETURNING on both.

    Typed as PostgreSQL's; SQLite's has the same methods.
    """
    return insert_of(conn.dialect.name, table)


def insert_of(dialect: str, table: sa.Table) -> postgresql.Insert:
    """Return what `insert` gives, for a statement that is written once per kind of database."""
    if dialect == "postgresql":
        return postgresql.insert(table)
    return cast("postgresql.Insert", sqlite.insert(table))


def within(column: Expression, scope: str) -> sa.ColumnElement[bool]:
    """Return the condition that an area code lies in a scope, as a range that an index answers.

    Codes are digits only, so every collation orders them alike.
    """
    return column.between(scope, scope.ljust(15, "9")) if scope else sa.true()


def lock(
    query: Select,
    conn: Connection,
    *,
    skip_locked: bool = False,
    shared: bool = False,
    weak: bool = False,
) -> Select:
    """Lock the rows of a query until the transaction ends.

    SQLite has one writer at a time, so there the transaction itself is the lock.

    Args:
        query: What to lock.
        conn: The transaction.
        skip_locked: Leave out what others have locked.
        shared: Others may hold the same lock at the same time; only a whole lock keeps it out.
        weak: A lock that those who share the row need not wait for.
    """
    if conn.dialect.name != "postgresql":
        return query
    return query.with_for_update(skip_locked=skip_locked, read=shared, key_share=shared or weak)


def hold(conn: Connection, name: str) -> None:
    """Let others who hold the same name wait until the transaction ends: for what must be once, and
    of which there is no row yet that could be locked.

    SQLite has one writer; there nobody else can want it.
    """
    if is_postgresql(conn):
        key = sa.func.hashtextextended(name, 0)
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(key))).all()


def end_with_next(conn: Connection) -> bool:
    """Let COMMIT go with the next statement, whose result is lost then. Returns whether it will:
    not where the driver cannot, or the transaction is a part of another."""
    end = _of_driver(conn, "end_with_next")
    if end is None or conn.in_nested_transaction():
        return False
    end()
    return True


def _of_driver(conn: Connection, what: str) -> Callable[[], None] | None:
    """Return what `serve`'s driver alone can do, or None."""
    return cast("Callable[[], None] | None", getattr(conn.connection.dbapi_connection, what, None))


def is_postgresql(conn: Connection) -> bool:
    """Tell whether the statement may be PostgreSQL's own."""
    return conn.dialect.name == "postgresql"


# Where a commit tells the workers of a service that something was said, armed, queued or marked.
CHANNEL = "fivered_outbox"
_NOTIFY = sa.text(f"SELECT pg_notify('{CHANNEL}', '')")


def notify(conn: Connection) -> None:
    """Let the workers look once this transaction has committed; in one process they are woken."""
    if is_postgresql(conn):
        conn.execute(_NOTIFY)


def open_engine(url: str, *, pool_size: int = 12, cooperative: bool = False) -> Engine:
    """Open a database.

    Args:
        url: `postgresql://...` or `sqlite:///path`.
        pool_size: Most connections that this process holds.
        cooperative: True inside `serve`, where eventlet needs psycopg2; else psycopg 3 is used.
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed)
    driver = "postgresql+psycopg2" if cooperative else "postgresql+psycopg"
    connection: dict[str, Any] = {}
    if cooperative:
        from fivered.chassis.driver import Connection as Driven  # noqa: PLC0415  only `serve` needs it

        connection["connection_factory"] = Driven
    engine = _open_postgresql(parsed.set(drivername=driver), pool_size, connection)
    if not cooperative:
        sa.event.listen(engine, "connect", _uuids_as_text)
    reads_only = "readonly" if cooperative else "read_only"

    @sa.event.listens_for(engine, "checkin")
    def _as_the_server_says(dbapi: Any, _record: Any) -> None:
        # After a transaction that only reads SQLAlchemy asks for writing ones by name, even where
        # the server is set to take none; whether it does is the server's word.
        if dbapi is not None:
            setattr(dbapi, reads_only, None)

    return engine


def _uuids_as_text(dbapi: Any, _record: Any) -> None:
    # As psycopg2 gives them, and as they go through our code; an object for each would cost twice.
    from psycopg.types.string import TextLoader  # noqa: PLC0415  SQLite needs no driver

    dbapi.adapters.register_loader("uuid", TextLoader)


def _open_postgresql(url: sa.URL, pool_size: int, connection: Mapping[str, Any]) -> Engine:
    # Compiling a statement costs more than ours ever take: seconds, where they are set-based.
    options = "-c idle_in_transaction_session_timeout=60000 -c lock_timeout=15000 -c jit=off"
    # A statement writes days and instants as text in one form, whatever the server is set to.
    options += " -c datestyle=ISO -c timezone=UTC"
    engine = sa.create_engine(
        url,
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=5,
        # A lost connection is met where it is used: `Runtime` runs a command or query again, the
        # other hosts wait and try again. Asking before each use would cost each a round trip.
        pool_pre_ping=False,
        pool_recycle=1800,
        connect_args={
            "options": options,
            "connect_timeout": 5,
            "application_name": "fivered",
            **connection,
        },
    )
    sa.event.listen(engine, "handle_error", _without_values)
    return engine


def _without_values(context: Any) -> None:
    """Take the values of the row out of an error: what people wrote does not go into logs."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args:
            text = str(error.args[0])
            error.args = (_VALUES.sub("", text), *error.args[1:])


# The server tells them in parts of their own: the row that fails, the key that is there already.
_VALUES = re.compile(r"^(?:DETAIL|CONTEXT):.*?(?=^[A-Z]+:|^\[|\Z)", re.MULTILINE | re.DOTALL)


def _open_sqlite(url: sa.URL) -> Engine:
    engine = sa.create_engine(
        url, hide_parameters=True, connect_args={"timeout": 10}, pool_size=8, max_overflow=8
    )

    @sa.event.listens_for(engine, "connect")
    def _connect(dbapi: Any, _record: Any) -> None:
        # The driver would open transactions by itself and too late; `_begin` does it.
        dbapi.isolation_level = None
        # Setting the mode waits for a writer, also where it is set already; asking does not.
        if dbapi.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            dbapi.execute("PRAGMA journal_mode=WAL")
        dbapi.execute("PRAGMA synchronous=FULL")
        dbapi.execute("PRAGMA foreign_keys=ON")
        # What is deleted is overwritten; Debian's SQLite does so by itself.
        dbapi.execute("PRAGMA secure_delete=ON")
        dbapi.execute("PRAGMA cache_size=-16000")

    writers = writer_queue_of(engine)

    @sa.event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        dbapi: Any = conn.connection.dbapi_connection
        statement = "BEGIN"
        if not conn.get_execution_options().get("fivered_reads"):
            # A writer that began as a reader could find its snapshot stale in the middle.
            writers.take(dbapi)
            statement = "BEGIN IMMEDIATE"
        try:
            # Past the layer that prepares statements: it takes longer than most small reads.
            dbapi.execute(statement)
        except sqlite3.Error as error:
            raise sa.exc.OperationalError(statement, None, error) from error

    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads, with one snapshot on both databases."""
    if engine.dialect.name == "postgresql":
        with engine.connect() as plain:
            conn, read_next = plain, _of_driver(plain, "read_next")
            if read_next is not None:
                read_next()
            else:
                conn = plain.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            with conn.begin():
                yield conn
    else:
        with engine.connect() as plain:
            conn = plain.execution_options(fivered_reads=True)
            with conn.begin():
                yield conn


@contextmanager
def glancing(engine: Engine) -> Iterator[Connection]:
    """A connection for one statement that only reads: on PostgreSQL it goes without BEGIN and
    ROLLBACK, which are two more round trips."""
    if engine.dialect.name != "postgresql":
        with reading(engine) as conn:
            yield conn
        return
    with engine.connect() as plain:
        yield plain.execution_options(isolation_level="AUTOCOMMIT")


class LostChange(RuntimeError):
    """Rows that must be there were not changed; nothing of the transaction may be kept."""


def all_changed(found: int, wanted: int, what: str) -> None:
    """Check that a statement changed as many rows as it named: money, points and stock are never
    moved by half.

    Args:
        found: The count of the statement.
        wanted: How many rows it named.
        what: The table, for the reader of the log.

    Raises:
        LostChange: It changed fewer or more.
    """
    if found != wanted:
        raise LostChange(f"{what}: {found} of {wanted} rows were changed")


NO_WRITES = "it takes no writes: a standby, or set to read only"


def takes_writes(conn: sa.Connection) -> bool:
    """Tell whether the database takes writes: not on a standby, nor where it was set to read only,
    as managed servers are when their disk is full."""
    if not is_postgresql(conn):
        return True
    return bool(conn.execute(_TAKES_WRITES).scalar())


def shares_sessions(engine: Engine) -> bool:
    """Tell whether a pooler stands before the server that gives one of its sessions to several of
    our connections, as PgBouncer does unless its mode is `session`. There a lock that a session
    holds belongs to nobody, or to two, and what is listened for or prepared is lost."""
    if engine.dialect.name != "postgresql":
        return False
    # The engine's own pool may hold one connection only.
    asked = sa.select(sa.func.pg_backend_pid())
    with ExitStack() as stack:
        both = []
        for _ in range(2):
            alike = sa.Engine(engine.pool.recreate(), engine.dialect, engine.url)
            stack.callback(alike.dispose)
            held = stack.enter_context(alike.connect())
            both.append(held.execution_options(isolation_level="AUTOCOMMIT"))
        # Others of the pooler's callers may come between.
        return any(len({conn.execute(asked).scalar() for conn in both}) == 1 for _ in range(5))


SHARED_SESSIONS = (
    "a pooler before PostgreSQL gives a session to several connections (PgBouncer: pool_mode ="
    " session, or none; docs/bare-metal.md)"
)
_TAKES_WRITES = sa.text(
    "SELECT NOT pg_is_in_recovery() AND current_setting('default_transaction_read_only') = 'off'"
)
