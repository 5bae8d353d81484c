"""Entries of settlements: what a month says of each subject."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.credit.storage import bulk
from fivered.services.credit.storage import tables as t

# Entries of months that are over.
FINAL = ("FINAL", "PROVISIONAL")


def put_entries(conn: sa.Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Add entries that were computed outside the formula (companies)."""
    bulk.insert(conn, t.entries, rows)


def entries(
    conn: sa.Connection,
    settlement_id: str,
    *,
    states: Sequence[str] | None = None,
    kinds: Sequence[str] | None = None,
    subjects: Collection[str] | None = None,
) -> list[Row]:
    """Return entries of a settlement in the order of their subjects."""
    entry = t.entries.c
    asked = sa.select(t.entries).where(entry.settlement_id == settlement_id)
    if subjects is not None:
        asked = asked.where(bulk.members(entry.subject_id, sorted(subjects), conn))
    if states is not None:
        asked = asked.where(entry.state.in_(list(states)))
    if kinds is not None:
        asked = asked.where(entry.kind.in_(list(kinds)))
    return records.rows(conn, asked.order_by(entry.subject_id))


def entry(conn: sa.Connection, settlement_id: str, subject_id: str) -> Row | None:
    """Return and lock one entry, or None."""
    row = t.entries.c
    asked = sa.select(t.entries).where(
        row.settlement_id == settlement_id, row.subject_id == subject_id
    )
    return records.first(conn, store.lock(asked, conn))


def change_entry(
    conn: sa.Connection, settlement_id: str, subject_id: str, **values: object
) -> None:
    """Change columns of an entry."""
    row = t.entries.c
    conn.execute(
        sa.update(t.entries)
        .where(row.settlement_id == settlement_id, row.subject_id == subject_id)
        .values(**values)
    )


def change_entries(conn: sa.Connection, settlement_id: str, *, of: Sequence[str], to: str) -> int:
    """Change the state of all entries that are in one of the states."""
    row = t.entries.c
    return conn.execute(
        sa.update(t.entries)
        .where(row.settlement_id == settlement_id, row.state.in_(list(of)))
        .values(state=to)
    ).rowcount


def add_released(conn: sa.Connection, settlement_id: str, released: Mapping[str, int]) -> None:
    """Note what a release has made spendable per subject."""
    bulk.change(
        conn,
        t.entries,
        [
            {"settlement_id": settlement_id, "subject_id": subject, "released": points}
            for subject, points in sorted(released.items())
        ],
        keys=("settlement_id", "subject_id"),
        add=("released",),
    )


def entries_of(
    conn: sa.Connection, subject_id: str, *, period: str | None = None, final: bool = False
) -> list[Row]:
    """Return the entries of a subject, newest month first."""
    row = t.entries.c
    asked = sa.select(t.entries).where(row.subject_id == subject_id)
    if period is not None:
        asked = asked.where(row.period == period)
    if final:
        asked = asked.where(row.state.in_(FINAL))
    return records.rows(conn, asked.order_by(row.period.desc()))
