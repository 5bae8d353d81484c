"""Persons: who they are, where they live, and every place that names one."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from chassis import records
from services.property.storage import tables as t

Row = records.Row


def people_of(conn: sa.Connection, person_ids: Iterable[str]) -> dict[str, Row]:
    """Return what is known of these persons, by id."""
    asked = sa.select(t.people).where(t.people.c.person_id.in_(sorted(set(person_ids))))
    return {row.person_id: row for row in records.rows(conn, asked)}


def registered(conn: sa.Connection, person_ids: Iterable[str], grids: Iterable[str]) -> set[str]:
    """Return who of these is a registered adult who lives in one of the grids."""
    table = t.people
    asked = sa.select(table.c.person_id).where(
        table.c.person_id.in_(sorted(set(person_ids))),
        table.c.active,
        table.c.is_adult,
        table.c.grid.in_(sorted(set(grids))),
    )
    return set(conn.execute(asked).scalars())


def housemates(conn: sa.Connection, persons: Collection[str]) -> set[str]:
    """Return who lives in one household with any of these persons, without them."""
    table = t.people
    homes = sa.select(table.c.household_id).where(
        table.c.person_id.in_(sorted(persons)), table.c.active, table.c.household_id.is_not(None)
    )
    asked = sa.select(table.c.person_id).where(table.c.household_id.in_(homes), table.c.active)
    return set(conn.execute(asked).scalars()) - set(persons)


def same_household(conn: sa.Connection, one: str, other: str) -> bool:
    """Tell whether two persons live in one household."""
    return other in housemates(conn, {one})


# Where a person is named, as a column and inside a list.
_PERSONS: dict[sa.Table, tuple[tuple[str, ...], tuple[str, ...]]] = {
    t.companies: (
        ("uscc_override_by", "representatives_proposed_by"),
        ("representatives", "representatives_proposed"),
    ),
    t.projects: (("manager_person_id", "reopening_proposed_by"), ()),
    t.project_managers: (("person_id",), ()),
    t.owners_committees: (("chair",), ("members",)),
    t.appointments: (
        ("person_id", "proposed_by", "secretary_by", "company_by", "filed_by"),
        (),
    ),
    t.agreements: (("signed_by_project", "signed_by_community"), ()),
    t.commitments: (
        (
            "submitted_by",
            "accepted_by",
            "waived_by_project",
            "waived_by_community",
            "waived_by_street",
        ),
        (),
    ),
    t.meetings: (("chair",), ("attendees",)),
    t.complaints: (("complainant_id", "decided_by"), ()),
    t.undecided: (("complainant_id", "decided_by"), ()),
    t.messages: (("person_id",), ()),
    t.rectifications: (
        ("issued_by", "submitted_by", "checked_by", "withdraw_proposed_by", "extended_by"),
        (),
    ),
    t.works: (("delivered_by",), ()),
    t.disclosures: (("published_by",), ()),
    t.cadres: (("person_id",), ()),
    t.property_staff: (("person_id",), ()),
    t.liaisons: (("person_id",), ()),
    t.people: (("merged_into",), ()),
}
# What no view shows to the person who is none of the matter's people.
PERSON_COLUMNS = frozenset(
    name for columns, lists in _PERSONS.values() for name in (*columns, *lists)
)


def replace_person(conn: sa.Connection, former: str, now: str) -> None:
    """Let every reference to a person mean another one. The history stays as it was written.

    A second merge of the same person may be heard before the first one.
    """
    now = the_one(conn, [now]).get(now, now)
    if now == former:
        return
    for table, (columns, lists) in _PERSONS.items():
        for name in columns:
            conn.execute(sa.update(table).where(table.c[name] == former).values({name: now}))
        for name in lists:
            _replace_in_list(conn, table, table.c[name], former, now)
    records.put(
        conn,
        t.people,
        [
            {
                "person_id": former,
                "grid": None,
                "household_id": None,
                "is_adult": True,
                "active": False,
                "died": False,
                "merged_into": now,
                "sequence": 0,
                "sequences": None,
            }
        ],
        keep=("grid", "household_id", "is_adult", "died", "sequence", "sequences"),
    )


def may_name(column: sa.Column[Any], person_id: str) -> sa.ColumnElement[bool]:
    """Return the condition that a person may stand in a list; the list itself decides, because an
    underscore stands for any letter here."""
    return sa.cast(column, sa.Text).like(f'%"{person_id}"%')


def _replace_in_list(
    conn: sa.Connection, table: sa.Table, column: sa.Column[Any], former: str, now: str
) -> None:
    key = records.key_of(table)
    asked = sa.select(key, column).where(may_name(column, former))
    for ref, value in conn.execute(asked).all():
        conn.execute(
            sa.update(table).where(key == ref).values({column.name: _with(value, former, now)})
        )


def _with(value: Any, former: str, now: str) -> Any:
    if isinstance(value, dict):
        return {name: _with(part, former, now) for name, part in value.items()}
    return list(dict.fromkeys(now if one == former else one for one in value))


def the_one(conn: sa.Connection, person_ids: Iterable[str]) -> dict[str, str]:
    """Return whom an id means that was given up; one that was not is left out."""
    wanted = sorted(set(person_ids))
    table = t.people
    asked = sa.select(table.c.person_id, table.c.merged_into).where(
        table.c.person_id.in_(wanted), table.c.merged_into.is_not(None)
    )
    return {row[0]: row[1] for row in conn.execute(asked)}
