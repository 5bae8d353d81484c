"""What an error of the database means: wait and try again, run it again at once, or mend it."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis.reconnect import DISK_FULL


def is_outage(error: BaseException) -> bool:
    """Tell a fault of the database, or a full disk (wait and try again), from a fault of the
    statement."""
    if isinstance(error, sa.exc.TimeoutError):
        return True
    if isinstance(error, OSError):
        return error.errno in DISK_FULL
    if not isinstance(error, sa.exc.DBAPIError):
        return False
    if error.connection_invalidated or isinstance(error, sa.exc.InterfaceError):
        return True
    state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
    if state is not None:
        # 08 connection, 53 resources, 57P0x shutdown, 40 serialization and deadlock, 55P03 lock,
        # 25006 takes no writes now; a standby says 0A000 (not supported) of a writing transaction.
        if state == "0A000":
            return "recovery" in str(error.orig)
        return state[:2] in {"08", "53", "40"} or state[:4] == "57P0" or state in {"55P03", "25006"}
    if isinstance(error, sa.exc.OperationalError):
        if error.statement is None:
            # It could not connect, or the connection broke in the commit. Under eventlet psycopg2
            # gives neither code nor a common word here ("the database system is starting up").
            return True
        words = str(error.orig).lower()
        return any(
            word in words
            for word in ("locked", "disk", "connection", "could not connect", "full", "readonly")
        )
    return False


def is_of_database(error: BaseException) -> bool:
    """Tell whether an operator can mend it: the database cannot be reached, is none, has no room,
    is not migrated, or does not let its user do this. A wrong statement is a fault of ours."""
    if not isinstance(error, sa.exc.DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
    return (
        isinstance(error, sa.exc.OperationalError)
        # SQLite's word for a file that is no database.
        or type(error) is sa.exc.DatabaseError
        or state in {"42501", "42P01"}
    )


def words_of(error: sa.exc.DBAPIError) -> str:
    """Return in one line what the database has said."""
    said = " ".join(str(error.orig).split())
    if "no such table" in said or getattr(error.orig, "sqlstate", None) == "42P01":
        return f"{said} (fivered migrate)"
    return said


def broken(error: sa.exc.IntegrityError) -> str | None:
    """Return the name of the constraint that PostgreSQL says is broken."""
    name: str | None = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    return name


def is_lost_race(error: BaseException) -> bool:
    """Tell whether the transaction may be run again at once: the database chose it to give way,
    another one has just written a key that it had looked for in vain, or a migration changed a
    table under a statement that was prepared."""
    if not isinstance(error, sa.exc.DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
    if state == "0A000":
        return "cached plan" in str(error.orig)
    # 40 serialization and deadlock; 23505 a key that is taken: the second look finds the row.
    return bool(state) and (str(state)[:2] == "40" or state == "23505")
