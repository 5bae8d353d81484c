"""What a person is given of the own data, and what an erasure takes of it.

Both follow the data map (`personal`): rows that a mapped column says to be the person's, and of
these the columns that are classed as the person's. Nothing else is named here, so a new table is in
both.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Protocol, cast

import sqlalchemy as sa
from msgspec import Meta

from fivered.chassis import audit, person_keys, records
from fivered.chassis import storage as store
from fivered.chassis.fields import Cursor, Limit
from fivered.chassis.messages import SYSTEM, Event
from fivered.chassis.person_keys import vault_in
from fivered.chassis.personal import FILES, ROWS, TOLD, WORDS, DataMap, Held, Use, is_plain, listed
from fivered.chassis.refusal import Invalid, Refusal, said
from fivered.chassis.replies import Reply, plain
from fivered.chassis.requests import Request
from fivered.chassis.transaction import Opened, Tx
from fivered.chassis.vault import Sealed, Vault

log = logging.getLogger("fivered.own_data")

# So many rows are emptied or deleted in one transaction.
_ROWS_AT_ONCE = 500
# Under which the audit and the log of reads name it.
DOOR = "my_data"


class MyDataAsked(Request, frozen=True):
    """哪一部分 / Which part."""

    limit: Limit = 200
    cursor: Cursor | None = None


class OwnTable(Reply):
    """The rows of one table that are the caller's, and why they are kept."""

    table: str
    purpose: Annotated[str, Meta(description="目的 / why it is kept")]
    basis: Annotated[list[str], Meta(description="《个人信息保护法》条款 / articles")]
    kept: Annotated[str, Meta(description="保存期限 / how long")]
    words: Annotated[dict[str, str], Meta(description="各列含义 / what columns hold")]
    rows: list[dict[str, object]]


class MyData(Reply):
    """A part of what a service keeps about the caller."""

    tables: list[OwnTable]
    next: Annotated[str, Meta(description="后一部分的游标 / cursor of the next part")] | None = None


class _Part(Request, frozen=True):
    table: str
    limit: int
    cursor: str | None


class _Erases(Protocol):
    """A service (`bus.Service`)."""

    def erase_again(self, tx: Tx, person_ids: Sequence[str]) -> None:
        """Carry erasures out again."""


def _map_of(service_cls: type) -> DataMap:
    """Return what a service holds of people, what was said and sent among it."""
    return (*TOLD, *FILES, *cast("DataMap", getattr(service_cls, "data_map", ())))


class _Register:
    """The data map of a service with its tables, as it is asked about one person."""

    def __init__(self, tx: Tx, person_ids: Sequence[str]) -> None:
        service_cls = tx.runtime.service_cls
        self._tables = service_cls.tables.tables
        self._entries: dict[str, Held] = {held.table: held for held in _map_of(service_cls)}
        self.ids = self._with_given_up(tx.conn, person_ids)

    def _with_given_up(self, conn: sa.Connection, person_ids: Sequence[str]) -> list[str]:
        """Return the ids with those that were given up for one of them."""
        found = set(person_ids)
        for held in self._entries.values():
            if held.given_up:
                table = self.table(held)
                (own, _, _), *_others = held.owners
                asked = sa.select(table.c[own]).where(table.c[held.given_up].in_(sorted(found)))
                found |= set(conn.execute(asked).scalars())
        return sorted(found)

    def table(self, held: Held) -> store.Table:
        """Return the table of an entry."""
        return self._tables[held.table]

    def whole(self) -> list[Held]:
        """Return the entries of tables whose rows are somebody's; what follows others comes first,
        so that rows go before those that say whose they are."""
        mine = [held for held in self._entries.values() if held.whose]
        return sorted(mine, key=lambda held: -self._depth(held))

    def _depth(self, held: Held) -> int:
        return max(
            (1 + self._depth(self._entries[to]) if to else 0 for _, _, to in held.owners), default=0
        )

    def mine(self, held: Held) -> sa.ColumnElement[bool]:
        """Return the condition that a row is the person's."""
        table, conditions = self.table(held), list[sa.ColumnElement[bool]]()
        for name, form, leads_to in held.owners:
            column = table.c[name]
            if leads_to:
                of = self._entries[leads_to]
                (key,) = self.table(of).primary_key
                head, tail = form.split("{}")
                ids = sa.literal(head) + key + tail if head or tail else key
                conditions.append(column.in_(sa.select(ids).where(self.mine(of))))
            else:
                conditions.append(column.in_([form.format(one) for one in self.ids]))
        return sa.or_(*conditions)


# --------------------------------------------------------------------------------------------------
# What a person is given


def answer(tx: Tx, asked: MyDataAsked) -> MyData:
    """Return a part of what the service keeps about the caller, table by table.

    Raises:
        Invalid: The cursor is damaged.
    """
    register, vault = _Register(tx, [tx.actor.id]), vault_in(tx)
    entries = register.whole()
    first, inner = _read(asked.cursor, len(entries))
    left, found = asked.limit, list[OwnTable]()
    for place in range(first, len(entries)):
        if left <= 0:
            return MyData(tables=found, next=f"{place}.")
        held = entries[place]
        table = register.table(held)
        given = _given(table, held)
        part = _Part(held.table, left, inner or None)
        needed = [column for column in table.columns if column.name in _needed(table, given)]
        page = records.page(
            tx.conn, sa.select(*needed).where(register.mine(held)), part, list(table.primary_key)
        )
        inner = ""
        if page.rows:
            found.append(_told(held, [_row(given, row, vault) for row in page.rows]))
        if page.next is not None:
            return MyData(tables=found, next=f"{place}.{page.next}")
        left -= len(page.rows)
    return MyData(tables=found)


def _read(cursor: str | None, most: int) -> tuple[int, str]:
    if cursor is None:
        return 0, ""
    place, _, inner = cursor.partition(".")
    if not place.isdecimal() or int(place) >= most:
        raise Invalid(field="cursor", reason=said("游标已损坏 / the cursor is damaged"))
    return int(place), inner


def _given(table: store.Table, held: Held) -> list[store.Column]:
    """Return the columns that the person is given: an allow list."""
    classed = {name for name, _kind in listed(held)}
    told = set(held.told)
    return [
        column
        for column in table.columns
        if column.name in told or (is_plain(column) and column.name not in classed)
    ]


def _needed(table: store.Table, given: Sequence[store.Column]) -> set[str]:
    names = {column.name for column in (*given, *table.primary_key)}
    bounds = [column.type.bound for column in given if isinstance(column.type, Sealed)]
    return names | {one.name for one in table.columns for b in bounds if f"{{{one.name}}}" in b}


def _row(given: Sequence[store.Column], row: records.Row, vault: Vault | None) -> dict[str, object]:
    """Return a row as it is given out; what is empty is left out."""
    values = cast("Mapping[str, object]", row._mapping)  # noqa: SLF001  SQLAlchemy's public name
    told: dict[str, object] = {}
    for column in given:
        value = values[column.name]
        if value is not None and isinstance(column.type, Sealed) and vault is not None:
            value = vault.open(cast("bytes", value), column.type.bound_to(values))
            if column.type.parts:
                lines = value.split("\n")
                value = {
                    name: one for name, one in zip(column.type.parts, lines, strict=False) if one
                }
        if isinstance(value, bytes | memoryview):
            value = bytes(value).hex()
        if value is not None:
            told[column.name] = plain(value)
    return told


def _told(held: Held, rows: list[dict[str, object]]) -> OwnTable:
    use = cast("Use", held.use)
    named = {name for row in rows for name in row}
    return OwnTable(
        table=held.table,
        purpose=use.purpose,
        basis=list(use.basis),
        kept=use.kept,
        words={name: WORDS[name] for name in sorted(named & WORDS.keys())},
        rows=rows,
    )


def note(tx: Tx) -> None:
    """Note in the audit that somebody was given the own data."""
    row = audit.row(tx.actor, DOOR, "", result="READ", trace=tx.traceparent)
    tx.conn.execute(sa.insert(tx.runtime.chassis.audit), [row])


# --------------------------------------------------------------------------------------------------
# What fades by itself


def forget(runtime: Opened, now: datetime) -> dict[str, int]:
    """Empty or delete what the data map says to be over, in small transactions; done again it
    changes nothing.

    Args:
        runtime: The service.
        now: Domain time.

    Returns:
        How many rows of each table were touched.
    """
    touched: dict[str, int] = {}
    for held in _map_of(runtime.service_cls):
        if not held.fades:
            continue
        table = runtime.service_cls.tables.tables[held.table]
        names = [] if held.fades == ROWS else held.fades.split()
        before = _months_before(now, held.months)
        old = table.c[held.over] < before
        if names:
            old = sa.and_(old, sa.or_(*(_is_left(table.c[name]) for name in names)))
        count = _ROWS_AT_ONCE
        while count == _ROWS_AT_ONCE:
            with runtime.transaction(SYSTEM) as tx:
                count = _fade(tx, table, names, old)
            touched[held.table] = touched.get(held.table, 0) + count
    gone = {name: count for name, count in touched.items() if count}
    if gone:
        log.info("faded", extra={"service": runtime.name, **gone})
    return gone


def _fade(tx: Tx, table: store.Table, names: Sequence[str], old: sa.ColumnElement[bool]) -> int:
    key = list(table.primary_key)
    some = sa.select(*key).where(old).order_by(*key).limit(_ROWS_AT_ONCE)
    found = [tuple(row) for row in tx.conn.execute(some)]
    if not found:
        return 0
    mine = sa.tuple_(*key).in_(found)
    if names:
        return _empty(tx.conn, table, names, mine, vault_in(tx))
    return tx.conn.execute(sa.delete(table).where(mine)).rowcount


def _is_left(column: store.Column) -> sa.ColumnElement[bool]:
    """Return the condition that a column holds something."""
    if column.nullable:
        return column.is_not(None)
    if isinstance(column.type, sa.JSON):
        return sa.cast(column, sa.Text).not_in(["[]", "{}"])
    return column != ""


def _months_before(now: datetime, months: int) -> datetime:
    """Return the first instant of the month that lies so many months before."""
    past = now.year * 12 + now.month - 1 - months
    return datetime(past // 12, past % 12 + 1, 1, tzinfo=UTC)


# --------------------------------------------------------------------------------------------------
# What an erasure takes


def consume(tx: Tx, heard: Sequence[Event]) -> None:
    """Erase what is kept about the persons of facts that say so."""
    erase(tx, [event.data.person_id for event in heard])


def erase(tx: Tx, person_ids: Sequence[str]) -> dict[str, int]:
    """Empty or delete what the data map says, of persons and of the ids that were given up for
    them, and destroy their keys. Done again it changes nothing.

    Returns:
        How many rows of each table were touched.
    """
    register, vault = _Register(tx, person_ids), vault_in(tx)
    touched: dict[str, int] = {}
    for held in register.whole():
        table, mine = register.table(held), register.mine(held)
        if held.erased == ROWS:
            touched[held.table] = tx.conn.execute(sa.delete(table).where(mine)).rowcount
        elif held.erased:
            touched[held.table] = _empty(tx.conn, table, held.erased.split(), mine, vault)
    person_keys.destroy(tx, register.ids)
    return touched


def _empty(
    conn: sa.Connection,
    table: store.Table,
    names: Sequence[str],
    mine: sa.ColumnElement[bool],
    vault: Vault | None,
) -> int:
    key = list(table.primary_key)
    rows = conn.execute(sa.select(table).where(mine)).mappings().all()
    for row in rows:
        told = {str(name): value for name, value in row.items()}
        values = {name: _nothing(table.c[name], told, vault) for name in names}
        conn.execute(sa.update(table).where(*(one == row[one.name] for one in key)).values(values))
    # What was written goes, and so does what was shown with it.
    kept, ids = table.metadata.tables["files"], [str(row[key[0].name]) for row in rows]
    for first in range(0, len(ids), _ROWS_AT_ONCE):
        some = kept.c.thing_id.in_(ids[first : first + _ROWS_AT_ONCE])
        conn.execute(sa.delete(kept).where(some))
    return len(rows)


def _nothing(column: store.Column, row: Mapping[str, object], vault: Vault | None) -> object:
    """Return what stands in a column of which nothing is left."""
    kind = column.type
    if column.nullable:
        return None
    if isinstance(kind, Sealed) and vault is not None:
        return vault.seal("", kind.bound_to(row))
    if isinstance(kind, sa.JSON):
        return row[column.name] if not row[column.name] else type(row[column.name])()
    if column.unique:
        return next(row[one.name] for one in column.table.primary_key)
    return ""


def erase_again(runtime: Opened) -> int:
    """Carry out again, one by one, the erasures that a restore has found; what cannot be waits.

    Returns:
        How many were.
    """
    table = runtime.chassis.person_keys
    asked = sa.select(table.c.person_id).where(table.c.waits).order_by(table.c.person_id)
    with store.reading(runtime.engine) as conn:
        waiting = conn.execute(asked).scalars().all()
    done = 0
    for person_id in waiting:
        try:
            with runtime.transaction(SYSTEM) as tx:
                mine = store.lock(asked.where(table.c.person_id == person_id), tx.conn)
                if tx.conn.execute(mine).first() is not None:
                    cast("_Erases", runtime.instance()).erase_again(tx, [person_id])
                    done += 1
        except Refusal as refusal:
            log.warning(
                "erasure_waits",
                extra={"service": runtime.name, "person": person_id, "why": refusal.code},
            )
    if done:
        log.info("erased_again", extra={"service": runtime.name, "persons": done})
    return done


def waiting(tx: Tx) -> int:
    """Count the erasures that wait to be carried out again."""
    table = tx.runtime.chassis.person_keys
    asked = sa.select(sa.func.count()).select_from(table).where(table.c.waits)
    found: int = tx.conn.execute(asked).scalar_one()
    return found


__all__ = [
    "DOOR",
    "MyData",
    "MyDataAsked",
    "answer",
    "consume",
    "erase",
    "erase_again",
    "forget",
    "note",
    "waiting",
]
