"""The writers of one SQLite file are served in the order in which they came.

SQLite lets the writer that asks at the right moment begin, and the others ask again after a while:
a job that writes batch after batch would keep commands waiting until their deadline. The turn is a
courtesy; SQLite's own lock is what keeps the file whole, so a turn that is not given back in time
is passed on.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from contextlib import closing

import sqlalchemy as sa

PATIENCE_S = 5.0


class WriterQueue:
    """First come, first served, among the threads of this process."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._holder: object | None = None
        self._waiting: deque[tuple[object, threading.Event]] = deque()

    def take(self, who: object) -> None:
        """Wait for the turn; after a while go on without it."""
        with self._lock:
            if self._holder is None or self._holder is who:
                self._holder = who
                return
            mine = (who, threading.Event())
            self._waiting.append(mine)
        if not mine[1].wait(self._patience_s):
            with self._lock:
                if mine in self._waiting:
                    self._waiting.remove(mine)
                self._holder = who

    def give(self, who: object) -> None:
        """Let the next one go; only the holder can."""
        with self._lock:
            if self._holder is not who:
                return
            if self._waiting:
                self._holder, called = self._waiting.popleft()
                called.set()
            else:
                self._holder = None


def writer_queue_of(engine: sa.Engine) -> WriterQueue:
    """Return the queue of an SQLite engine's writers; a turn ends with its transaction.

    A transaction that writes takes the turn first (`storage` does); readers do not wait.
    """
    queue = WriterQueue()

    @sa.event.listens_for(engine, "commit")
    def _commit(conn: sa.Connection) -> None:
        queue.give(conn.connection.dbapi_connection)

    @sa.event.listens_for(engine, "rollback")
    def _rollback(conn: sa.Connection) -> None:
        queue.give(conn.connection.dbapi_connection)

    @sa.event.listens_for(engine, "checkin")
    def _checkin(dbapi: object, _record: object) -> None:
        queue.give(dbapi)

    return queue


def empty_log(engine: sa.Engine) -> bool:
    """Write the write-ahead log of an SQLite file into it and empty the log; waits for nobody.

    Returns:
        Whether it is empty; that of a server is its own affair.
    """
    if engine.dialect.name != "sqlite" or not engine.url.database:
        return True
    # Of its own: it waits for no reader, while the connections of the pool would for seconds.
    with closing(sqlite3.connect(engine.url.database, timeout=0)) as dbapi:
        (busy, _pages, _moved) = dbapi.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return int(busy) == 0


__all__ = ["WriterQueue", "empty_log", "writer_queue_of"]
