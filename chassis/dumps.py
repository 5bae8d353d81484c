"""The content of one database as a file, and a database filled from such a file.

PostgreSQL by its own client programs, SQLite by its online copy. Each file is of one moment, named
by a `Snapshot`, while the service goes on; a database is filled whole or left as it was.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, cast

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.chassis.settings import CommandFailed

_PACKAGE = "postgresql-client"
# A dump of an earlier or later moment is worth more than one that waits for a lock for ever.
LOCK_WAIT_MS = 30_000
_BUSY_S = 30.0
_LEAVE_TRIES = 10
_BLOCK = 1024 * 1024
# Where Debian keeps the programs of several versions.
VERSIONS = Path("/usr/lib/postgresql")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment of a database, held until its file is written.

    Attributes:
        conn: Reads that moment.
        token: Its name for PostgreSQL's programs; empty on SQLite.
    """

    conn: sa.Connection
    token: str = ""


@contextmanager
def snapshots(engines: Mapping[str, sa.Engine]) -> Iterator[dict[str, Snapshot]]:
    """Hold one moment of several databases; the same moment, where they are SQLite files.

    For SQLite the writers of all files wait some milliseconds, so that no file knows an event that
    another one has not said yet.
    """
    with ExitStack() as held, ExitStack() as writers:
        for engine in engines.values():
            if engine.dialect.name == "sqlite":
                writers.enter_context(_without_writers(engine))
        found = {}
        for name, engine in engines.items():
            conn = held.enter_context(store.reading(engine))
            found[name] = Snapshot(conn, _hold(conn))
        writers.close()
        yield found


@contextmanager
def _without_writers(engine: sa.Engine) -> Iterator[None]:
    with closing(sqlite3.connect(_path(engine.url), timeout=_BUSY_S, isolation_level=None)) as conn:
        conn.execute("BEGIN IMMEDIATE")
        yield
        conn.execute("ROLLBACK")


def _hold(conn: sa.Connection) -> str:
    if not store.is_postgresql(conn):
        # The first read takes the snapshot.
        conn.execute(sa.text("SELECT count(*) FROM sqlite_master")).all()
        return ""
    # As long as the dump takes, nothing is asked here.
    conn.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    return str(conn.execute(sa.text("SELECT pg_export_snapshot()")).scalar_one())


def replayed_at(conn: sa.Connection) -> datetime | None:
    """Return how far a server has come that follows another one, or goes through its archive; None
    where it does neither."""
    if not store.is_postgresql(conn):
        return None
    asked = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_xact_replay_timestamp() END"
    found: datetime | None = conn.execute(sa.text(asked)).scalar()
    return found


def suffix(engine: sa.Engine) -> str:
    """Return how the file of a database is called behind its dot."""
    return "dump" if engine.dialect.name == "postgresql" else "sqlite"


def write(engine: sa.Engine, snapshot: Snapshot, to: Path, left_out: Sequence[str] = ()) -> None:
    """Write what a database held at a moment into a new file.

    Args:
        engine: The database.
        snapshot: The moment.
        to: The file.
        left_out: Tables of which the file holds no row.

    Raises:
        CommandFailed: PostgreSQL's programs are missing, too old, or say no.
    """
    if engine.dialect.name == "postgresql":
        program = _program("pg_dump", server_major(snapshot.conn))
        url, environ = _address(engine.url)
        _run(
            [program, "-Fc", f"--snapshot={snapshot.token}", f"--lock-wait-timeout={LOCK_WAIT_MS}",
             "-n", "public", "--no-owner", "--no-acl", "-f", str(to), "-d", url,
             *(f"--exclude-table-data=public.{name}" for name in left_out)],
            environ,
        )  # fmt: skip
        return
    source = cast("sqlite3.Connection", snapshot.conn.connection.dbapi_connection)
    with closing(sqlite3.connect(to)) as target:
        source.backup(target)
        # A file by itself: no log beside it belongs to it.
        target.execute("PRAGMA journal_mode=DELETE")
        # What is left out is overwritten: a page that is only free could still be read.
        target.execute("PRAGMA secure_delete=ON")
        for name in left_out:
            target.execute(f'DELETE FROM "{name}"')
        target.commit()


def check(path: Path) -> str:
    """Look into a file of a database; returns what is wrong with it, or nothing."""
    if path.suffix == ".sqlite":
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as conn:
                said = conn.execute("PRAGMA quick_check(1)").fetchone()[0]
        except sqlite3.Error as error:
            return str(error)
        return "" if said == "ok" else str(said)
    try:
        listed = _run([_program("pg_restore", 0), "--list", str(path)], {})
    except CommandFailed as error:
        return str(error)
    return "" if " TABLE DATA " in listed else "it lists no table"


def is_empty(engine: sa.Engine) -> bool:
    """Tell whether a database holds no table."""
    if engine.dialect.name == "sqlite" and not Path(_path(engine.url)).exists():
        return True
    return not sa.inspect(engine).get_table_names()


def others(engine: sa.Engine, role: str = "") -> int:
    """Count who else is connected to a database of PostgreSQL as its user, or as a role: that is
    the service itself.

    One that has just ended is given a moment to leave.
    """
    if engine.dialect.name != "postgresql":
        return 0
    asked = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND usename IN (current_user, :role) AND pid <> pg_backend_pid()"
    ).bindparams(role=role)
    for _ in range(_LEAVE_TRIES):
        with store.reading(engine) as conn:
            found = int(conn.execute(asked).scalar_one())
        if not found:
            break
        time.sleep(0.2)
    return found


def fill(engine: sa.Engine, path: Path) -> None:
    """Put the content of a file in the place of everything that a database of PostgreSQL holds.

    One transaction: where it fails, the database is as it was.

    Raises:
        CommandFailed: PostgreSQL's programs are missing, too old, or say no.
    """
    with store.reading(engine) as conn:
        major = server_major(conn)
    url, environ = _address(engine.url)
    environ["PGOPTIONS"] = f"-c lock_timeout={LOCK_WAIT_MS}"
    # The schema `public` itself is there, and may be somebody else's.
    source = [_program("pg_restore", major), "-n", "public", "--no-owner", "--no-acl", "-f", "-"]
    target = [_program("psql", major), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url]
    with tempfile.TemporaryFile() as said:
        reading = subprocess.Popen(  # noqa: S603  a program that we have looked up
            [*source, str(path)], env=_environ({}), stdout=subprocess.PIPE, stderr=said
        )
        writing = subprocess.Popen(  # noqa: S603  as above
            target,
            env=_environ(environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        with reading, writing:
            _pass_on(reading, writing)
        if reading.returncode or writing.returncode:
            said.seek(0)
            why = " ".join(said.read().decode("utf-8", "replace").split())[:400]
            raise CommandFailed(f"psql, pg_restore: {why or 'ended'}")


def _pass_on(reading: subprocess.Popen[bytes], writing: subprocess.Popen[bytes]) -> None:
    """Pass what one program writes to the other, in one transaction; without its end, where the
    first one fails, the other one's connection ends and nothing is kept."""
    read, write = cast("IO[bytes]", reading.stdout), cast("IO[bytes]", writing.stdin)
    try:
        write.write(b"BEGIN;\n" + _CLEAR.encode())
        shutil.copyfileobj(read, write, _BLOCK)
        if reading.wait() == 0:
            write.write(b"\nCOMMIT;\n")
        else:
            writing.kill()
        write.close()
    except BrokenPipeError:
        reading.kill()


# What a service has made: its tables, and with them their sequences, indexes, keys and triggers;
# and what these call.
_CLEAR = """
SET client_min_messages = warning;
DO $$
DECLARE one record;
BEGIN
  FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('DROP TABLE public.%I CASCADE', one.tablename);
  END LOOP;
  DROP FUNCTION IF EXISTS public.fivered_append_only();
END $$;
"""


# --------------------------------------------------------------------------------------------------
# PostgreSQL's programs


def server_major(conn: sa.Connection) -> int:
    """Return the main version of a PostgreSQL server."""
    return int(conn.execute(sa.text("SHOW server_version_num")).scalar_one()) // 10_000


def _program(name: str, least: int) -> str:
    """Return a client program of the server's version, else of a newer one.

    Raises:
        CommandFailed: There is none.
    """
    places = [shutil.which(name), *map(str, VERSIONS.glob(f"*/bin/{name}"))]
    found = {place: _major(place) for place in places if place}
    fit = [place for place, major in found.items() if major == least]
    fit += sorted((one for one, major in found.items() if major > least), key=found.__getitem__)
    if least == 0:
        fit.reverse()
    if fit:
        return fit[0]
    wanted = f"{_PACKAGE}-{least}" if least else _PACKAGE
    if not found:
        raise CommandFailed(f"{name} is not installed: apt-get install {wanted}")
    raise CommandFailed(
        f"{name} is of PostgreSQL {max(found.values())} and the server of {least}: apt-get install"
        f" {wanted}"
    )


def _major(program: str) -> int:
    said = subprocess.run(  # noqa: S603  a program that we have looked up
        [program, "--version"], capture_output=True, text=True, check=False
    )
    found = re.search(r"([0-9]+)(\.[0-9]+|devel|beta|rc)", said.stdout)
    return int(found[1]) if found else 0


def _address(url: sa.URL) -> tuple[str, dict[str, str]]:
    """Return a database's address as the programs take it, and the password beside it: others on
    this machine see what a program was called with."""
    plain = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    return plain, {"PGPASSWORD": str(url.password)} if url.password else {}


def _run(command: Sequence[str], environ: Mapping[str, str]) -> str:
    done = subprocess.run(  # noqa: S603  a program that we have looked up
        command,
        env=_environ(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = " ".join(done.stderr.split())[:400]
        raise CommandFailed(f"{Path(command[0]).name}: {said or f'status {done.returncode}'}")
    return done.stdout


def _environ(more: Mapping[str, str]) -> dict[str, str]:
    """Return a program's environment; keys and passwords of ours are none of its business."""
    kept = {name: one for name, one in os.environ.items() if not name.startswith("FIVERED_")}
    return kept | {"PGCONNECT_TIMEOUT": "5", "LC_ALL": "C.UTF-8"} | dict(more)


def _path(url: sa.URL) -> str:
    return str(url.database)
