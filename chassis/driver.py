"""psycopg2 with fewer ways to the server, for `serve`: most of what a command costs is those.

* BEGIN goes with the first statement of the transaction, not before it; COMMIT with the last one,
  where whoever sends that says so.
* A statement of a writing transaction is prepared at its fifth use, by each connection for itself,
  and sent as `EXECUTE name(values)`. psycopg2 sends text, which the server parses and plans anew
  each time: more than half of what a command costs there. psycopg 3, which the other processes use,
  prepares by itself.

Reads are not prepared. Their lists ask for areas by range, where a plan made without the values can
be far worse than one made with them; a command asks by keys.

The values go as they went before, in SQL text, and the server is told what they are as psycopg 3
tells it: a text is of the type that its place asks for. What cannot be prepared is sent as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from psycopg2 import DataError, NotSupportedError, ProgrammingError, extensions

_FROM_USE: Final = 5
_MOST: Final = 1000

_CAN_BE: Final = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
_PLACE: Final = re.compile(r"%\((\w+)\)s|%%")

_LEVELS: Final = {
    extensions.ISOLATION_LEVEL_READ_UNCOMMITTED: " ISOLATION LEVEL READ UNCOMMITTED",
    extensions.ISOLATION_LEVEL_READ_COMMITTED: " ISOLATION LEVEL READ COMMITTED",
    extensions.ISOLATION_LEVEL_REPEATABLE_READ: " ISOLATION LEVEL REPEATABLE READ",
    extensions.ISOLATION_LEVEL_SERIALIZABLE: " ISOLATION LEVEL SERIALIZABLE",
}
_WRITES: Final = {None: "", True: " READ ONLY", False: " READ WRITE"}


class _Long(int):
    """The kind of a place where whole numbers of eight bytes stand."""


_TYPES: Final[Mapping[type | None, str]] = {
    None: "unknown",
    str: "unknown",
    bool: "boolean",
    int: "integer",
    _Long: "bigint",
    float: "double precision",
    Decimal: "numeric",
    datetime: "timestamptz",
    date: "date",
    bytes: "bytea",
    extensions.Binary: "bytea",
}


def _is_short(value: Any) -> bool:
    return bool(-0x80000000 <= value <= 0x7FFFFFFF)


@dataclass(slots=True)
class _Statement:
    """What one connection knows of a statement.

    Attributes:
        plain: It is sent as it is, for good.
        uses: How often it was sent as it is.
        kinds: By the name of a place, what stood there so far; None while it was always NULL.
        execute: What is sent instead, once it is prepared.
    """

    plain: bool
    uses: int = 0
    kinds: dict[str, type | None] = field(default_factory=dict)
    execute: str = ""

    def fits(self, values: Mapping[str, object]) -> bool:
        """Tell whether the values are of the kinds that were told to the server."""
        kinds = self.kinds
        for name, value in values.items():
            if value is None:
                continue
            kind = type(value)
            if kind is int:
                if kinds[name] is not _Long and (kinds[name] is not int or not _is_short(value)):
                    return False
            elif kind is not kinds[name]:
                return False
        return True

    def learn(self, values: Mapping[str, object]) -> None:
        """Take the kinds of these values too. A place that holds values of two kinds, or of a kind
        that is not in the table above, makes the statement plain."""
        for name, value in values.items():
            kind = None if value is None else type(value)
            if kind is int and not _is_short(value):
                kind = _Long
            known = self.kinds.setdefault(name, kind)
            if kind not in _TYPES:
                self.plain = True
            elif known is None or (known is int and kind is _Long):
                self.kinds[name] = kind
            elif kind not in {None, known} and not (kind is int and known is _Long):
                self.plain = True


class Connection(extensions.connection):
    """A connection for `connect(connection_factory=...)`.

    psycopg2 itself is told that each statement is a transaction of its own, so that it begins none;
    what SQLAlchemy says of transactions is kept here and goes with the first statement.

    Attributes:
        autocommit: Each statement is a transaction of its own indeed.
        readonly: What the next transaction says of writing; None is what the server is set to.
    """

    autocommit: bool = False
    readonly: bool | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        extensions.connection.autocommit.__set__(self, True)
        self.cursor_factory = _Cursor
        self._begun = False
        self._last = False
        self._snapshot = False
        self._level = ""
        self._statements: dict[str, _Statement] = {}
        self._names = 0

    def set_isolation_level(self, level: int | None) -> None:
        """Take a level, one of psycopg2's, for the transactions that follow."""
        self.autocommit = level == extensions.ISOLATION_LEVEL_AUTOCOMMIT
        self._level = _LEVELS.get(level, "")

    def begin(self) -> str:
        """Return what must go before a statement: BEGIN, once in a transaction."""
        if self._begun or self.autocommit:
            return ""
        self._begun = True
        if self._snapshot:
            return "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
        return f"BEGIN{self._level}{_WRITES[self.readonly]};"

    def read_next(self) -> None:
        """Let the next transaction read only, all of it as of one moment. SQLAlchemy's own way to
        say so sets the connection and sets it back, which takes as long as a small query."""
        self._snapshot = True

    @property
    def reads(self) -> bool:
        """Whether the transaction only reads."""
        return self._snapshot or bool(self.readonly)

    def end_with_next(self) -> None:
        """Let the next statement be the last of its transaction: COMMIT goes with it, and what it
        returns is not read. Where it fails the transaction is still open, to be rolled back."""
        self._last = True

    def end(self) -> str:
        """Return what must go behind a statement: COMMIT, where it is the last."""
        last, self._last = self._last, False
        return ";COMMIT" if last and not self.autocommit else ""

    def ended(self) -> None:
        """Know that the transaction is committed."""
        self._begun = self._snapshot = False

    def commit(self) -> None:
        """End the transaction, if a statement has begun it."""
        self._end("COMMIT", super().commit)

    def rollback(self) -> None:
        """Undo the transaction, if a statement has begun it."""
        self._end("ROLLBACK", super().rollback)

    def _end(self, how: str, otherwise: Callable[[], None]) -> None:
        self._snapshot = False
        if not self._begun:
            otherwise()  # it complains of a closed connection
            return
        self._begun = False
        with self.cursor() as cursor:
            extensions.cursor.execute(cursor, how)

    def prepared(self, cursor: _Cursor, text: str, values: Mapping[str, object]) -> str:
        """Return what to send for a statement: its text, or the name of what is prepared."""
        if (known := self._statements.get(text)) is None:
            if len(self._statements) >= _MOST:
                self._statements.clear()  # the server keeps what was prepared; its names are used
            known = self._statements[text] = _Statement(plain=_CAN_BE.match(text) is None)
        if not known.plain and not (known.execute and known.fits(values)):
            known.uses += 1
            known.learn(values)
            known.execute = ""
            if known.uses >= _FROM_USE and not known.plain:
                self._prepare(cursor, known, text)
        return known.execute or text

    def _prepare(self, cursor: _Cursor, known: _Statement, query: str) -> None:
        places = list(dict.fromkeys(name for name in _PLACE.findall(query) if name))
        numbers = {name: f"${number}" for number, name in enumerate(places, start=1)}
        text = _PLACE.sub(lambda place: numbers[place[1]] if place[1] else "%", query)
        self._names += 1
        name = f"fivered_{self._names}"
        types = ", ".join(_TYPES[known.kinds[place]] for place in places)
        head = f"{name} ({types})" if places else name
        try:
            extensions.cursor.execute(
                cursor,
                f"{self.begin()}SAVEPOINT {name};PREPARE {head} AS {text};RELEASE SAVEPOINT {name}",
            )
        except (ProgrammingError, DataError, NotSupportedError):
            # The server cannot tell what a place holds without its value.
            extensions.cursor.execute(cursor, f"ROLLBACK TO SAVEPOINT {name}")
            known.plain = True
        else:
            known.execute = f"EXECUTE {name}"
            if places:
                known.execute += f"({', '.join(f'%({place})s' for place in places)})"

    def forget(self) -> None:
        """Prepare all statements anew."""
        self._statements.clear()


class _Cursor(extensions.cursor):
    """Sends what its connection says."""

    connection: Connection

    def execute(self, query: str, values: Mapping[str, object] | None = None) -> None:
        conn = self.connection
        text, end = query, conn.end()
        if values and not (conn.reads or conn.autocommit) and isinstance(values, dict):
            text = conn.prepared(self, query, values)
        try:
            super().execute(conn.begin() + text + end, values)
        except NotSupportedError:
            if text is not query:
                conn.forget()  # a table was changed under the plan
            raise
        if end:
            conn.ended()

    def executemany(self, query: str, values: Any) -> None:
        begin = self.connection.begin()
        if begin:
            super().execute(begin)
        super().executemany(query, values)
