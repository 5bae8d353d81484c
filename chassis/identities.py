"""One person under two ids: what is told of an id that was given up is told of the kept one.

Facts come in any order between aggregates: a post, a signature or a second merge may name an id
after its own merge was heard.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.chassis.messages import Event

# The members of facts that name persons, alone or in a list.
PERSONS = (
    "person_id",
    "reporter_id",
    "proposer",
    "operators",
    "representatives",
    "members",
    "barred",
    "concerned",
)

# One id, or a list of them.
_Ids = str | list[str]
# Lists of ids by what they are called.
_Members = dict[str, list[str]]
Kept = Callable[[Collection[str]], Mapping[str, str]]


def redirected(heard: Sequence[Event], kept: Kept, *, own: Collection[type]) -> list[Event]:
    """Return events that name the kept id wherever they named one that was given up.

    Args:
        heard: A batch.
        kept: Returns, for those of some ids that were given up, the id that is kept.
        own: Facts of the registry about one registration; it stays the one that they name.
    """
    found = [_named(event.data, own) for event in heard]
    wanted = {one for named in found for value in named.values() for one in _each(value)}
    instead = kept(wanted) if wanted else {}
    if not instead:
        return list(heard)
    return [_with(event, named, instead) for event, named in zip(heard, found, strict=True)]


def one_each(people: Sequence[str], instead: Mapping[str, str]) -> list[str]:
    """Return people under the ids that are kept, each once, in their order."""
    return list(dict.fromkeys(instead.get(one, one) for one in people))


def _named(data: object, own: Collection[type]) -> dict[str, _Ids]:
    names = () if type(data) in own else PERSONS
    found = {name: getattr(data, name, None) for name in names}
    return {name: value for name, value in found.items() if value}


def _each(value: _Ids) -> list[str]:
    return [value] if isinstance(value, str) else value


def _with(event: Event, named: Mapping[str, _Ids], instead: Mapping[str, str]) -> Event:
    changed = {
        name: instead[value] if isinstance(value, str) else one_each(value, instead)
        for name, value in named.items()
        if not instead.keys().isdisjoint(_each(value))
    }
    return replace(event, data=replace(event.data, **changed)) if changed else event


def kept(conn: sa.Connection, register: store.Table, person_ids: Iterable[str]) -> dict[str, str]:
    """Return, for those of some ids that were given up, the id that is kept.

    Args:
        conn: The transaction.
        register: Where the service notes it: a table with `person_id` and `merged_into`.
        person_ids: Of whom that is asked.
    """
    row = register.c
    asked = sa.select(row.person_id, row.merged_into).where(
        row.person_id.in_(sorted(set(person_ids))), row.merged_into.is_not(None)
    )
    return {found.person_id: found.merged_into for found in conn.execute(asked)}


def give_up(
    conn: sa.Connection, register: store.Table, given_up: str, kept_id: str, **blank: object
) -> None:
    """Note that an id was given up for another one, also of whom nothing is registered yet.

    Args:
        conn: The transaction.
        register: As in `kept`.
        given_up: The id that is given up.
        kept_id: The id that is kept.
        blank: The other columns of a row that is not there yet.
    """
    statement = store.insert(conn, register).values(
        person_id=given_up, merged_into=kept_id, **blank
    )
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["person_id"], set_={"merged_into": statement.excluded.merged_into}
        )
    )


def hand_over(conn: sa.Connection, columns: Iterable[store.Column], old: str, new: str) -> None:
    """Put one id where another one stands, in columns of ids and in lists of them."""
    for column in columns:
        if isinstance(column.type, sa.JSON):
            _in_list(conn, column, old, new)
        else:
            conn.execute(sa.update(column.table).where(column == old).values({column.name: new}))


def hand_over_once(
    conn: sa.Connection, column: store.Column, old: str, new: str, *, within: Sequence[str]
) -> None:
    """Put one id where another one stands; a row that there is for both stays once, the kept one's.

    Args:
        conn: The transaction.
        column: Of the ids.
        old: The id that is given up.
        new: The id that is kept.
        within: The other columns of the key.
    """
    table = column.table
    other = table.alias()
    there = sa.exists().where(
        other.c[column.name] == new, *(other.c[name] == table.c[name] for name in within)
    )
    conn.execute(sa.delete(table).where(column == old, there))
    hand_over(conn, (column,), old, new)


def may_name(column: store.Column, person_id: str) -> sa.ColumnElement[bool]:
    """Return the condition that a person may stand in a list; the list itself decides, because an
    underscore stands for any letter here."""
    return sa.cast(column, sa.Text).like(f'%"{person_id}"%')


def _in_list(conn: sa.Connection, column: store.Column, old: str, new: str) -> None:
    key = list(column.table.primary_key)
    asked = sa.select(*key, column).where(may_name(column, old))
    for *ids, value in conn.execute(asked).all():
        same = [part == one for part, one in zip(key, ids, strict=True)]
        put = {column.name: _put(value, old, new)}
        conn.execute(sa.update(column.table).where(*same).values(put))


def _put(value: _Members | list[str], old: str, new: str) -> _Members | list[str]:
    if isinstance(value, dict):
        return {name: one_each(part, {old: new}) for name, part in value.items()}
    return one_each(value, {old: new})
