"""Which events were handled before: in memory, or in a file that survives a restart."""

from __future__ import annotations

import sqlite3
import time
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class Seen(Protocol):
    """Remembers the ids of handled events."""

    def known(self, event_id: str) -> bool:
        """Tell whether an event was handled."""

    def remember(self, event_id: str) -> None:
        """Note that an event was handled."""

    def close(self) -> None:
        """Let go of what is held."""


class MemorySeen:
    """Remembers the newest ids while the process lives.

    Args:
        most: How many; the oldest are forgotten first.
    """

    def __init__(self, most: int = 100_000) -> None:
        self._most = most
        self._ids: OrderedDict[str, None] = OrderedDict()

    def known(self, event_id: str) -> bool:
        """Tell whether an event was handled."""
        return event_id in self._ids

    def remember(self, event_id: str) -> None:
        """Note that an event was handled."""
        self._ids[event_id] = None
        self._ids.move_to_end(event_id)
        while len(self._ids) > self._most:
            self._ids.popitem(last=False)

    def close(self) -> None:
        """Nothing is held."""


class FileSeen:
    """Remembers ids in an SQLite file.

    Args:
        path: The file; it is made when it is not there.
        keep_days: How long an id is kept; longer than anything can be delivered again.
    """

    _SWEEP_EVERY = 10_000

    def __init__(self, path: str | Path, keep_days: int = 90) -> None:
        self._keep_s = keep_days * 86_400
        self._noted = 0
        self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA journal_mode=WAL")
        # What is noted is acknowledged to the broker as well: only both together would be missed.
        self._file.execute("PRAGMA synchronous=NORMAL")
        self._file.execute(
            "CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID"
        )
        self._sweep()

    def known(self, event_id: str) -> bool:
        """Tell whether an event was handled."""
        asked = self._file.execute("SELECT 1 FROM seen WHERE id = ?", (event_id,))
        return asked.fetchone() is not None

    def remember(self, event_id: str) -> None:
        """Note that an event was handled."""
        self.remember_all([event_id])

    def remember_all(self, event_ids: Sequence[str]) -> None:
        """Note that several were, all of them or none."""
        at = time.time()
        self._file.execute("BEGIN IMMEDIATE")
        try:
            self._file.executemany(
                "INSERT OR REPLACE INTO seen VALUES (?, ?)", [(one, at) for one in event_ids]
            )
        except BaseException:
            self._file.execute("ROLLBACK")
            raise
        self._file.execute("COMMIT")
        self._noted += len(event_ids)
        if self._noted >= self._SWEEP_EVERY:
            self._noted = 0
            self._sweep()

    def _sweep(self) -> None:
        self._file.execute("DELETE FROM seen WHERE at < ?", (time.time() - self._keep_s,))

    def close(self) -> None:
        """Close the file."""
        self._file.close()
