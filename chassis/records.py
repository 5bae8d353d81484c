"""Records: what every service does with the rows of its tables, written once.

Find or lock one row by its key, change it together with its version and its history, give it a
running number, and answer a list in pages. A row is what SQLAlchemy returns: `row.state`.

A list goes on from a cursor. A cursor names the last row that was shown, by the columns that order
the list, and the list and filters for which it was made. Rows that come or go in between are
neither skipped nor shown twice.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, TypeAlias, TypeVar, cast

import msgspec
import sqlalchemy as sa
from msgspec import UNSET

from fivered.chassis import cursors, many_rows, replies, rows_by_hand, sorting
from fivered.chassis import storage as store
from fivered.chassis.calendar import instant
from fivered.chassis.json_values import Json
from fivered.chassis.messages import is_uuid
from fivered.chassis.refusal import NotFound, StateConflict
from fivered.chassis.replies import ItemT
from fivered.chassis.requests import members_of
from fivered.chassis.transaction import Tx
from fivered.chassis.vault import Sealed

# --------------------------------------------------------------------------------------------------
# One row


# What reads rows stands beside the tables; services take it from here.
Row: TypeAlias = store.Row
rows, first, one = store.rows, store.first, store.one
unsaved, written = rows_by_hand.unsaved, rows_by_hand.written

Changing = TypeVar("Changing", sa.Insert, sa.Update)


def kind_of(table: sa.Table) -> str:
    """Return what a row is called on the wire: `info["kind"]`, or its table's name without s."""
    return str(table.info.get("kind") or table.name.removesuffix("s"))


def key_of(table: sa.Table) -> store.Column:
    """Return the column of the table's id."""
    return next(iter(table.primary_key.columns))


def values_of(row: Row | store.Values) -> Mapping[str, Any]:
    """Return a row's values by the names of its columns."""
    return row if isinstance(row, Mapping) else row._mapping  # noqa: SLF001  its name is public


def find(conn: sa.Connection, table: sa.Table, row_id: str, *, lock: bool = False) -> Row | None:
    """Return the row with this id, or None.

    Args:
        conn: The transaction.
        table: Where to look.
        row_id: The primary key.
        lock: Hold the row until the transaction ends. Ids never change, so the lock lets others
            insert rows that refer to this one.
    """
    asked = _by_id(table, conn.dialect.name if lock else "")
    return cast("Row | None", conn.execute(asked, {"its_id": row_id}).first())


@functools.cache
def _by_id(table: sa.Table, locks: str) -> store.Select:
    # Written once: to build a statement costs as much as to run it.
    asked = sa.select(table).where(key_of(table) == sa.bindparam("its_id"))
    return asked.with_for_update(key_share=True) if locks == "postgresql" else asked


def get(conn: sa.Connection, table: sa.Table, row_id: str) -> Row:
    """Return the row with this id.

    Raises:
        NotFound: There is none.
    """
    row = find(conn, table, row_id)
    if row is None:
        raise NotFound(kind=kind_of(table), id=row_id)
    return row


def locked(conn: sa.Connection, table: sa.Table, row_id: str) -> Row:
    """Return the row with this id and hold it until the transaction ends.

    Raises:
        NotFound: There is none.
    """
    row = find(conn, table, row_id, lock=True)
    if row is None:
        raise NotFound(kind=kind_of(table), id=row_id)
    return row


def known(conn: sa.Connection, table: sa.Table, row_id: str, *, lock: bool = False) -> Row:
    """Return a row that another row points at.

    Raises:
        LookupError: It is gone, which no action can bring about.
    """
    row = find(conn, table, row_id, lock=lock)
    if row is None:
        raise LookupError(f"{table.name} has no {row_id}")
    return row


def present(conn: sa.Connection, table: sa.Table, row_ids: Iterable[str]) -> set[str]:
    """Return which of the ids are there."""
    key = key_of(table)
    return set(conn.execute(sa.select(key).where(key.in_(list(row_ids)))).scalars())


def require_state(row: Row, *states: str) -> None:
    """Refuse a row in another state.

    Raises:
        StateConflict: It is in none of `states`.
    """
    if row.state not in states:
        raise StateConflict(state=row.state)


def values_from(payload: msgspec.Struct, table: sa.Table, /, **values: object) -> dict[str, object]:
    """Return the values of a new row: what the caller says in members that are called like a
    column, and `values`. So a field has no line of its own between the door and the table.

    Args:
        payload: What the caller sends.
        table: Where the row goes.
        values: What the service itself says; it stands in place of a member of the same name.

    Raises:
        TypeError: A column is sealed, and `values` does not hold what was sealed.
    """
    told = {
        name: getattr(payload, name)
        for name in _members_kept(type(payload), table)
        if name not in values
    }
    for name in told:
        if isinstance(table.c[name].type, Sealed):
            raise TypeError(f"{table.name}.{name} is sealed: say its value")
    return told | values


@functools.cache
def _members_kept(kind: type[msgspec.Struct], table: sa.Table) -> tuple[str, ...]:
    return tuple(name for name in members_of(kind) if name in table.c)


def add(conn: sa.Connection, table: sa.Table, **values: object) -> Row:
    """Insert a row and return it with every column."""
    made = conn.execute(sa.insert(table).values(**values).returning(*table.c)).one()
    return cast("Row", made)


def add_all(conn: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert several rows in one statement; none is fine."""
    many_rows.insert(conn, table, rows)


def add_rows(
    conn: sa.Connection, table: sa.Table, new: Sequence[Mapping[str, object]]
) -> list[Row]:
    """Insert several rows and return them with every column, in their order; none is fine."""
    if not new:
        return []
    statement = sa.insert(table).returning(*table.c, sort_by_parameter_order=True)
    return cast("list[Row]", conn.execute(statement, [dict(row) for row in new]).all())


def add_new(conn: sa.Connection, table: sa.Table, **values: object) -> Row | None:
    """Insert a row and return it with every column; None where one of its keys is taken."""
    statement = store.insert(conn, table).values(**values).on_conflict_do_nothing()
    # The count of an insert is not told alike by all drivers; what comes back is.
    return first(conn, statement.returning(*table.c))


def add_missing(
    conn: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]
) -> list[Row]:
    """Insert the rows none of whose keys is taken, and return these with every column."""
    if not rows:
        return []
    statement = store.insert(conn, table).on_conflict_do_nothing().returning(*table.c)
    return cast("list[Row]", conn.execute(statement, [dict(row) for row in rows]).all())


def along(statement: Changing, table: sa.Table, columns: Iterable[str], rows: int) -> Changing:
    """Return a statement that inserts so many rows of another table too, for PostgreSQL: one way
    there instead of two. `rows_along` gives their values. For statements that are written once."""
    names = tuple(columns)

    def value(number: int, column: store.Column) -> store.Expression:
        # A cast to a length would cut off what is too long; the column refuses it.
        kind = sa.Text() if isinstance(column.type, sa.String) else column.type
        return sa.cast(sa.bindparam(f"{table.name}_{number}_{column.name}", type_=kind), kind)

    # Rows as selections: SQLAlchemy compiles an insert of several VALUES anew at each use.
    new = [sa.select(*(value(number, table.c[name]) for name in names)) for number in range(rows)]
    inserted = sa.insert(table).from_select(names, sa.union_all(*new), include_defaults=False)
    return statement.add_cte(inserted.cte(f"with_{table.name}"))


def rows_along(table: sa.Table, rows: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """Return the values of the rows that a statement of `along` inserts too."""
    return {
        f"{table.name}_{number}_{name}": value
        for number, row in enumerate(rows)
        for name, value in row.items()
    }


def put(
    conn: sa.Connection,
    table: sa.Table,
    rows: Sequence[Mapping[str, object]],
    *,
    keep: Iterable[str] = (),
) -> None:
    """Insert rows, or overwrite those with the same key.

    Args:
        conn: The transaction.
        table: Where to.
        rows: All with the same columns; of two with one key the last one stands.
        keep: Columns that an existing row keeps.
    """
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    unique = {tuple(row[name] for name in keys): dict(row) for row in rows}
    statement = store.insert(conn, table)
    kept = {*keys, *keep}
    changes = {name: statement.excluded[name] for name in rows[0] if name not in kept}
    if changes:
        final = statement.on_conflict_do_update(index_elements=keys, set_=changes)
    else:
        final = statement.on_conflict_do_nothing()
    conn.execute(final, list(unique.values()))


def update(conn: sa.Connection, table: sa.Table, row: Row, **values: object) -> Row:
    """Change a row that the caller has locked; its version grows by one. Returns it afterwards.

    Raises:
        LostChange: The row is not what the caller has seen; nothing may be kept.
    """
    key = key_of(table)
    done = conn.execute(
        sa.update(table)
        .where(key == getattr(row, key.name), table.c.version == row.version)
        .values(version=row.version + 1, **values)
        .returning(*table.c)
    ).first()
    store.all_changed(int(done is not None), 1, table.name)
    return cast("Row", done)


# --------------------------------------------------------------------------------------------------
# What happened to a row


@dataclass(frozen=True, slots=True)
class History:
    """Which table keeps the steps of a service's rows, and what it calls their parts.

    Columns of the history that bear the name of a column of the row are filled from it.

    Attributes:
        table: The table. Its metadata know it from here on.
        kind: What kind of row; None where the table is about one kind only.
        ref: The id of the row.
        step: What was done.
        actor: Who did it.
        role: In which role.
        note: What else is to be known: a text, or an object.
        without_note: What stands there where nothing else is to be known.
    """

    table: sa.Table
    kind: str | None = "kind"
    ref: str = "ref"
    step: str = "step"
    actor: str = "actor"
    role: str = "role"
    note: str = "note"
    without_note: object = None

    def __post_init__(self) -> None:
        """Make the history known to the tables of the same metadata."""
        self.table.metadata.info["history"] = self

    def entry(
        self,
        tx: Tx,
        table: sa.Table,
        row: Row | Mapping[str, object],
        step: str,
        note: object = None,
        *,
        state: str | None = None,
    ) -> dict[str, object]:
        """Return one step of a row as it is now, to be written with others."""
        told = values_of(row)
        entry: dict[str, object] = {
            column.name: told[column.name]
            for column in self.table.c
            if column.name != "id" and column.name in told
        }
        entry |= {
            self.ref: told[key_of(table).name],
            self.step: step,
            "at": tx.now,
            self.actor: tx.actor.id,
            self.role: tx.actor.role,
            self.note: self.without_note if note is None else note,
        }
        if self.kind is not None:
            entry[self.kind] = kind_of(table)
        if state is not None:
            entry["state"] = state
        return entry

    def write(
        self,
        tx: Tx,
        table: sa.Table,
        row: Row | Mapping[str, object],
        step: str,
        note: object = None,
        *,
        state: str | None = None,
    ) -> None:
        """Write one step of a row as it is now."""
        entry = self.entry(tx, table, row, step, note, state=state)
        tx.conn.execute(sa.insert(self.table), entry)


def history_of(table: sa.Table) -> History:
    """Return the history that is kept for a table's rows."""
    kept: History = table.info.get("history") or table.metadata.info["history"]
    return kept


def note(
    tx: Tx,
    table: sa.Table,
    row: Row | Mapping[str, object],
    *,
    step: str,
    state: str | None = None,
    note: object = None,
) -> None:
    """Write one step of a row into the history.

    Args:
        tx: The transaction.
        table: Where the row stands.
        row: The row as it is now.
        step: What was done.
        state: What the history says of its state; the row's own by default.
        note: What else is to be known.
    """
    history_of(table).write(tx, table, row, step, note, state=state)


def note_all(tx: Tx, table: sa.Table, entries: Sequence[Mapping[str, object]]) -> None:
    """Write several steps, made by `History.entry`, in one statement."""
    add_all(tx.conn, history_of(table).table, entries)


def steps_of(
    conn: sa.Connection, table: sa.Table, row_id: str, *, most: int | None = None
) -> list[Row]:
    """Return what happened to a row, oldest first.

    Args:
        conn: The transaction.
        table: Where the row stands.
        row_id: Its id.
        most: Only so many of the newest.
    """
    kept = history_of(table)
    asked = sa.select(kept.table).where(kept.table.c[kept.ref] == row_id)
    if kept.kind is not None:
        asked = asked.where(kept.table.c[kept.kind] == kind_of(table))
    found = rows(conn, asked.order_by(key_of(kept.table).desc()).limit(most))
    return found[::-1]


def create(tx: Tx, table: sa.Table, *, step: str, note: object = None, **values: object) -> Row:
    """Insert a row, write its first step, and return the row with every column."""
    row = add(tx.conn, table, **values)
    history_of(table).write(tx, table, row, step, note)
    return row


def change(
    tx: Tx,
    table: sa.Table,
    row: Row,
    *,
    step: str,
    state: str | None = None,
    note: object = None,
    **values: object,
) -> Row:
    """Change a row that the caller has locked, and write its history.

    Args:
        tx: The transaction.
        table: Where the row stands.
        row: The row, locked.
        step: What is done, for the history.
        state: The state to which it goes; None leaves it where it is.
        note: What else the history says.
        values: Columns that change with it.

    Returns:
        The row afterwards; its version has grown by one.
    """
    if state is not None:
        values["state"] = state
    changed = update(tx.conn, table, row, **values)
    history_of(table).write(tx, table, changed, step, note)
    return changed


# --------------------------------------------------------------------------------------------------
# Running numbers


def count_on(conn: sa.Connection, counters: sa.Table, **series: object) -> int:
    """Return the next number of a series, from 1.

    The counter's row is held until the transaction ends, and rivals for the same series wait for
    that long. Ask for the number last, when all that may refuse has been looked at.

    Args:
        conn: The transaction.
        counters: A table of counters: its key, and `last`.
        series: The key.
    """
    asked = _counting(counters, conn.dialect.name)
    return int(conn.execute(asked, {"last": 1, **series}).scalar_one())


@functools.cache
def _counting(counters: sa.Table, dialect: str) -> sa.Executable:
    # Written once, as `_by_id`.
    counted = store.insert_of(dialect, counters).on_conflict_do_update(
        index_elements=list(counters.primary_key), set_={"last": counters.c.last + 1}
    )
    return counted.returning(counters.c.last)


def series_of(prefix: str, day: date, area: str) -> str:
    """Return the series of a kind of document in a community's day: DH-20250305-015901."""
    return f"{prefix}-{day:%Y%m%d}-{area.ljust(12, '0')[6:12]}"


def number_in(series: str, count: int) -> str:
    """Return a number as people read it: DH-20250305-015901-00001."""
    return f"{series}-{count:05d}"


def next_number(tx: Tx, counters: sa.Table, prefix: str, area: str) -> str:
    """Return the next number of a kind of document in a community's day, which is today's.

    Args:
        tx: The transaction; see `count_on`.
        counters: A table of counters with one column for the series.
        prefix: Two letters for the kind.
        area: Unpadded code; the last six of its twelve digits are used.
    """
    series = series_of(prefix, tx.calendar.local_date(tx.now), area)
    return number_in(series, count_on(tx.conn, counters, **{key_of(counters).name: series}))


# --------------------------------------------------------------------------------------------------
# Lists in pages


class PartOfList(Protocol):
    """A question about a list: filters, and which part is asked for (`fields.PartOfList`)."""

    @property
    def limit(self) -> int:
        """Most rows of the page."""

    @property
    def cursor(self) -> str | None:
        """`next` or `prev` of another page."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list.

    Attributes:
        rows: In the order of the list.
        next: Cursor of the following page; None on the last.
        prev: Cursor of the page before; None on the first.
        total: How many rows the list has, where that was asked for.
    """

    rows: list[Any]
    next: str | None
    prev: str | None
    total: int | None = None

    def listed(self, card: Callable[[Row], ItemT]) -> replies.Page[ItemT]:
        """Return the page as a service answers it.

        Args:
            card: Makes an item of a row.
        """
        return self.of([card(row) for row in self.rows])

    def of(self, items: list[ItemT]) -> replies.Page[ItemT]:
        """Return the page as a service answers it, its items made already."""
        total = UNSET if self.total is None else self.total
        return replies.Page(items=items, next=self.next, prev=self.prev, total=total)


@dataclass(frozen=True, slots=True)
class Shape:
    """What the statement that reads a part of a list depends on, beside its conditions: lists that
    are asked for often have theirs written once for each.

    Attributes:
        descending: Whether rows are read in descending order.
        begins: Whether the part lies beside a row that was shown.
        beside: Whether that row itself is none of the part.
    """

    descending: bool
    begins: bool
    beside: bool

    def bounds(
        self, by: Sequence[store.Expression], mark: Sequence[store.Expression]
    ) -> list[sa.ColumnElement[bool]]:
        """Return the condition that a row lies in the part.

        Args:
            by: The columns that order the list.
            mark: The values of the row beside which it lies, where it does.
        """
        if not self.begins:
            return []
        place, shown = sa.tuple_(*by), sa.tuple_(*mark)
        if self.beside:
            return [place < shown if self.descending else place > shown]
        return [place <= shown if self.descending else place >= shown]

    def order(self, by: Sequence[store.Expression]) -> list[store.Expression]:
        """Return the order in which the rows are read."""
        return [one.desc() if self.descending else one for one in by]


class Window:
    """Which part of a list a question asks for: made of its limit and its cursor.

    `page` is made of it. A list that more than one statement reads uses it alone: it asks for up
    to `wanted` rows by `bounds` and `order`, and gives them to `page`.

    Args:
        part: The question. All its members but limit, cursor and total are filters of the list.
        by: The columns that order the list; together they are unique.
        newest_first: Whether the order is descending.
        of: Names the list, where two lists of one order take the same question.

    Attributes:
        after: Values of `by` of the row beside which the page lies; None on the first page.
        back: Whether the page lies before that row.
        beside: Whether that row itself is none of the page: it was shown already.
        descending: Whether rows are read in descending order.
        wanted: How many rows are read: one more than is shown tells whether there are others.

    Raises:
        Invalid: The cursor is damaged, or was made for another list or other filters.
    """

    def __init__(
        self,
        part: PartOfList,
        by: Sequence[store.Expression],
        *,
        newest_first: bool = False,
        of: str = "",
    ) -> None:
        self._by = tuple(by)
        self._list = _list_of(part, self._by, of, newest_first=newest_first)
        self.after, self.back, self.beside = self._read(part.cursor)
        self.descending = newest_first != self.back
        self.wanted = part.limit + 1

    @property
    def shape(self) -> Shape:
        """What a statement that reads this part depends on; everything else are its values."""
        return Shape(descending=self.descending, begins=self.after is not None, beside=self.beside)

    def bounds(self) -> list[sa.ColumnElement[bool]]:
        """Return the condition that a row lies in this part of the list."""
        # Bound with the columns' own types, so that both databases compare instants alike.
        values = zip(self.after or (), self._by, strict=self.after is not None)
        return self.shape.bounds(self._by, [sa.literal(value, by.type) for value, by in values])

    def order(self) -> list[store.Expression]:
        """Return the order in which the rows are read."""
        return self.shape.order(self._by)

    def page(self, read: Sequence[object], total: int | None = None) -> Page:
        """Return the page of rows that were read in this order, up to `wanted` of them."""
        further = len(read) == self.wanted
        rows = cast("list[Row]", list(read[: self.wanted - 1]))
        if self.back:
            rows.reverse()
        following = self.back or further
        before = further if self.back else self.after is not None
        if not rows and self.after is not None:
            # What lay here is gone. The way back begins with the row beside which it lay.
            way = self._cursor(self.after, back=not self.back, beside=False)
            return Page(
                [], next=way if self.back else None, prev=None if self.back else way, total=total
            )
        return Page(
            rows,
            next=self.cursor(rows[-1], back=False) if rows and following else None,
            prev=self.cursor(rows[0], back=True) if rows and before else None,
            total=total,
        )

    def cursor(self, row: Row | store.Values, *, back: bool) -> str:
        """Return the cursor of the rows behind one of this list, or before it."""
        # A row that was read is asked by column: two of one name may stand in it.
        told = cast("Mapping[object, object]", values_of(row))
        return self._cursor([told[by] for by in self._by], back=back, beside=True)

    def _cursor(self, values: Sequence[object], *, back: bool, beside: bool) -> str:
        # A number says that the row of the values is of the page too.
        way = back if beside else int(back)
        plain = [way, *(v.isoformat() if isinstance(v, date) else v for v in values)]
        return cursors.written(self._list, plain)

    def _read(self, cursor: str | None) -> tuple[tuple[object, ...] | None, bool, bool]:
        if cursor is None:
            return None, False, True
        return cursors.read(self._list, cursor, self._placed)

    def _placed(self, told: list[Json]) -> tuple[tuple[object, ...], bool, bool]:
        """Return the values, and the direction. Raises ValueError where they are none of these."""
        back, *plain = told
        values = tuple(_value(one, by.type) for one, by in zip(plain, self._by, strict=True))
        return values, bool(back), isinstance(back, bool)


def _list_of(
    part: PartOfList, by: tuple[store.Expression, ...], of: str, *, newest_first: bool
) -> bytes:
    kind: type = type(part)
    filters = {
        name: getattr(part, name)
        for name in members_of(kind)
        if name not in {"limit", "cursor", "total"}
    }
    order = [f"{getattr(getattr(one, 'table', None), 'name', '')}.{one.name}" for one in by]
    return msgspec.json.encode([kind.__name__, of, order, newest_first, filters], order="sorted")


def _value(plain: Json, type_: sa.types.TypeEngine[object]) -> object:
    """Read one value of a cursor as its column holds it. Raises ValueError."""
    if isinstance(type_, sa.Integer):
        if not isinstance(plain, int):
            raise ValueError("no number")  # noqa: TRY004  one refusal for all
        return plain
    if not isinstance(plain, str) or "\0" in plain:
        raise ValueError("no text")
    if isinstance(type_, store.UtcDateTime):
        return instant(plain)
    if isinstance(type_, sa.Date):
        return date.fromisoformat(plain)
    if isinstance(type_, sa.Uuid) and not is_uuid(plain):
        raise ValueError("no id")
    return plain


def page(
    conn: sa.Connection,
    asked: store.Select,
    part: PartOfList,
    by: Sequence[store.Expression],
    *,
    newest_first: bool = False,
    counted: bool = False,
    of: str = "",
    sorts: sorting.Sorts | None = None,
) -> Page:
    """Return the part of a list that a question asks for.

    Where the question has a member `sort` it may ask for another order, and with `total` for the
    number of all rows.

    Args:
        conn: The transaction.
        asked: The list's query with all its conditions; it selects the columns of `by`.
        part: The question; see `Window`.
        by: The columns that order the list, for an index to serve; together they are unique.
        newest_first: Whether the order is descending.
        counted: Whether the whole list is counted even where that is not asked for.
        of: Names the list, where others of one order take the same question.
        sorts: The columns by which `sort` may order it beside the first of `by`, which every other
            name means. Rows that have nothing there come last, from the least on.

    Raises:
        Invalid: The cursor is damaged, or was made for another list, other filters or another
            order.
    """
    sort = sorting.sort_of(part)
    if sort is not None:
        newest_first = sort.descending
        if sorts is not None and sort.name in sorts:
            column = sorting.filled(sorts[sort.name])
            asked = asked if column is sorts[sort.name] else asked.add_columns(column)
            by = (column, by[-1])
    window = Window(part, by, newest_first=newest_first, of=of)
    read = conn.execute(
        asked.where(*window.bounds()).order_by(*window.order()).limit(window.wanted)
    ).all()
    total = None
    if counted or getattr(part, "total", False):
        count = asked.with_only_columns(sa.func.count(), maintain_column_froms=True)
        total = int(conn.execute(count).scalar_one())
    return window.page(read, total)


# Under this name stands the sequence of the columns that were kept before each had its own.
_REST = "*"


def newest(row: store.Values, said: store.Values, sequence: int) -> dict[str, object]:
    """Return a row that is kept of another service's facts, after one that says some columns.

    Each column is of the newest fact that said it, so that all orders of arrival end alike: a fact
    that comes late still says what no newer one has said.

    Args:
        row: As it is, with `sequence`, the newest that was heard, and `sequences`, that of each
            column; None where the row was written before they were kept.
        said: What the fact says.
        sequence: The fact's.
    """
    last = cast("int", row["sequence"])
    known = cast("dict[str, int] | None", row["sequences"])
    if known is None:
        known = {_REST: last}
    rest = known.get(_REST, -1)
    new = {name: value for name, value in said.items() if sequence >= known.get(name, rest)}
    return {
        **row,
        **new,
        "sequence": max(sequence, last),
        "sequences": known | dict.fromkeys(new, sequence),
    }
