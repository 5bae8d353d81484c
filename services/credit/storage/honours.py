"""Commendations, who is nominated for them, certificates; and boards of organisations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as chassis_store
from fivered.chassis.records import Row
from fivered.services.credit.rules.standing import NOT_RATED
from fivered.services.credit.storage import bulk, registry
from fivered.services.credit.storage import entries as entry_store
from fivered.services.credit.storage import objections as objection_store
from fivered.services.credit.storage import tables as t


def add(conn: sa.Connection, **values: object) -> Row:
    """Store a commendation, and return it."""
    return records.add(conn, t.commendations, **values)


def commendation(conn: sa.Connection, commendation_id: str, *, lock: bool = False) -> Row | None:
    """Return a commendation, or None."""
    return records.find(conn, t.commendations, commendation_id, lock=lock)


def known(conn: sa.Connection, commendation_id: str, *, lock: bool = False) -> Row:
    """Return a commendation that another row names.

    Raises:
        LookupError: It is gone, which no action can bring about.
    """
    return records.known(conn, t.commendations, commendation_id, lock=lock)


def change(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a locked commendation, and return it as it is now."""
    return records.update(conn, t.commendations, row, **values)


def formal_of(conn: sa.Connection, area: str, year: int) -> Row | None:
    """Return the formal commendation of a year that was not cancelled, or None."""
    row = t.commendations.c
    asked = sa.select(t.commendations).where(
        row.area == area, row.year == year, row.form == "FORMAL", row.state != "CANCELLED"
    )
    return records.first(conn, asked)


def page(
    conn: sa.Connection, *, area: str, state: str | None, part: records.PartOfList
) -> records.Page:
    """Return the commendations of an area and what lies in it."""
    row = t.commendations.c
    asked = sa.select(t.commendations).where(row.area.like(f"{area}%"))
    if state:
        asked = asked.where(row.state == state)
    return records.page(conn, asked, part, (row.opened_at, row.commendation_id), newest_first=True)


# --------------------------------------------------------------------------------------------------
# Nominees


def add_nominee(conn: sa.Connection, **values: object) -> None:
    """Store a nominee."""
    records.add(conn, t.nominees, **values)


def nominees(
    conn: sa.Connection, commendation_id: str, *, states: Sequence[str] | None = None
) -> list[Row]:
    """Return the nominees of a commendation, in the order of their ids."""
    row = t.nominees.c
    asked = sa.select(t.nominees).where(row.commendation_id == commendation_id)
    if states is not None:
        asked = asked.where(row.state.in_(list(states)))
    return records.rows(conn, asked.order_by(row.subject_id))


def nominee(conn: sa.Connection, commendation_id: str, subject_id: str) -> Row | None:
    """Return a nominee, or None."""
    row = t.nominees.c
    asked = sa.select(t.nominees).where(
        row.commendation_id == commendation_id, row.subject_id == subject_id
    )
    return records.first(conn, asked)


def known_nominee(conn: sa.Connection, commendation_id: str, subject_id: str) -> Row:
    """Return a nominee that another row names.

    Raises:
        LookupError: It is gone, which no action can bring about.
    """
    found = nominee(conn, commendation_id, subject_id)
    if found is None:
        raise LookupError(f"{commendation_id} has no nominee {subject_id}")
    return found


def change_nominee(
    conn: sa.Connection, commendation_id: str, subject_id: str, **values: object
) -> None:
    """Change columns of a nominee."""
    row = t.nominees.c
    conn.execute(
        sa.update(t.nominees)
        .where(row.commendation_id == commendation_id, row.subject_id == subject_id)
        .values(**values)
    )


def honours_of(conn: sa.Connection, subject_ids: Sequence[str]) -> list[Row]:
    """Return the certificates of subjects, with their commendation, the newest first."""
    certificate = t.certificates.c
    asked = (
        sa.select(
            t.certificates,
            t.commendations.c.title,
            t.commendations.c.level,
            t.commendations.c.form,
        )
        .select_from(
            t.certificates.join(
                t.commendations,
                t.commendations.c.commendation_id == certificate.commendation_id,
            )
        )
        .where(bulk.members(certificate.subject_id, sorted(set(subject_ids)), conn))
        .order_by(certificate.granted_at.desc(), certificate.code)
    )
    return records.rows(conn, asked)


# --------------------------------------------------------------------------------------------------
# Objections to nominees


def add_objection(conn: sa.Connection, **values: object) -> Row:
    """Store an objection to a nominee, and return it."""
    return records.add(conn, t.nominee_objections, **values)


def objection(conn: sa.Connection, objection_id: str, *, lock: bool = False) -> Row | None:
    """Return an objection to a nominee, or None."""
    return records.find(conn, t.nominee_objections, objection_id, lock=lock)


def known_objection(conn: sa.Connection, objection_id: str, *, lock: bool = False) -> Row:
    """Return an objection to a nominee that was there a moment ago.

    Raises:
        LookupError: It is gone, which no action can bring about.
    """
    return records.known(conn, t.nominee_objections, objection_id, lock=lock)


def undated_objections(conn: sa.Connection) -> list[Row]:
    """Return, locked, the open objections to nominees that nobody has to decide by a day."""
    return records.rows(conn, _UNDATED)


# Asked every day, and written once.
_UNDATED = (
    sa.select(t.nominee_objections)
    .where(t.nominee_objections.c.state == "OPEN", t.nominee_objections.c.decide_due.is_(None))
    .order_by(t.nominee_objections.c.objection_id)
    .with_for_update()
)


def objections_page(
    conn: sa.Connection, *, area: str, state: str | None, part: records.PartOfList
) -> records.Page:
    """Return the objections to nominees of an area and what lies in it."""
    row = t.nominee_objections.c
    asked = sa.select(t.nominee_objections).where(row.area.like(f"{area}%"))
    if state:
        asked = asked.where(row.state == state)
    return records.page(conn, asked, part, (row.filed_at, row.objection_id), newest_first=True)


def objections(conn: sa.Connection, commendation_id: str, *, lock: bool = False) -> list[Row]:
    """Return the objections to nominees of a commendation, oldest first."""
    row = t.nominee_objections.c
    asked = (
        sa.select(t.nominee_objections)
        .where(row.commendation_id == commendation_id)
        .order_by(row.filed_at, row.objection_id)
    )
    return records.rows(conn, chassis_store.lock(asked, conn) if lock else asked)


def change_objection(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a locked objection to a nominee, and return it as it is now."""
    return records.update(conn, t.nominee_objections, row, **values)


def objectors(
    conn: sa.Connection, subject_ids: Sequence[str], commendation_id: str | None
) -> dict[str, set[str]]:
    """Return subject -> who has an objection about it open: about its score, or its nomination."""
    found: dict[str, set[str]] = defaultdict(set)
    known, own = t.objections.c, t.nominee_objections.c
    asked = sa.select(known.subject_id, known.person_id).where(
        bulk.members(known.subject_id, sorted(set(subject_ids)), conn),
        known.state.in_(objection_store.GOING_ON),
    )
    for row in conn.execute(asked):
        found[row.subject_id].add(row.person_id)
    if commendation_id is not None:
        asked = sa.select(own.subject_id, own.person_id).where(
            own.commendation_id == commendation_id, own.state == "OPEN"
        )
        for row in conn.execute(asked):
            found[row.subject_id].add(row.person_id)
    return found


# --------------------------------------------------------------------------------------------------
# Certificates


def add_certificate(conn: sa.Connection, **values: object) -> None:
    """Store a certificate."""
    records.add(conn, t.certificates, **values)


def certificate(conn: sa.Connection, code: str) -> Row | None:
    """Return a certificate, or None."""
    return records.find(conn, t.certificates, code)


def revoke_certificate(conn: sa.Connection, code: str, at: datetime) -> None:
    """Say that a certificate does not hold any more."""
    row = t.certificates
    conn.execute(
        sa.update(row)
        .where(row.c.code == code)
        .values(state="REVOKED", revoked_at=at, version=row.c.version + 1)
    )


def revoked_page(conn: sa.Connection, *, area: str, part: records.PartOfList) -> records.Page:
    """Return the certificates of an area that were revoked, the last one first."""
    row = t.certificates.c
    asked = sa.select(t.certificates).where(row.area.like(f"{area}%"), row.state == "REVOKED")
    return records.page(conn, asked, part, (row.revoked_at, row.code), newest_first=True)


# --------------------------------------------------------------------------------------------------
# Records: what candidates and boards are made of


def candidate_ids(
    conn: sa.Connection, *, kind: str, area: str, since: str, until: str, after: str, limit: int
) -> list[str]:
    """Return the subjects of an area with at least three good final months, by id."""
    entry, subject = t.entries.c, t.subjects.c
    asked = (
        sa.select(subject.subject_id)
        .select_from(t.subjects.join(t.entries, entry.subject_id == subject.subject_id))
        .where(
            subject.kind == kind,
            subject.area.like(f"{area}%"),
            subject.state != "CLOSED",
            subject.subject_id > after,
            entry.period >= since,
            entry.period <= until,
            entry.state.in_(entry_store.FINAL),
            entry.grade.in_(("AA", "AAA")),
        )
        .group_by(subject.subject_id)
        .having(sa.func.count() >= 3)
        .order_by(subject.subject_id)
        .limit(limit)
    )
    return [row.subject_id for row in conn.execute(asked)]


def months_of(
    conn: sa.Connection, subject_ids: Sequence[str], *, since: str, until: str
) -> dict[str, dict[str, tuple[int | None, str]]]:
    """Return subject -> period -> (score, grade) of final months.

    A person who was registered twice has the months of both ids; where both were rated, that of
    the kept one.
    """
    before = registry.accounts_given_up_for(conn, subject_ids)
    entry = t.entries.c
    asked = sa.select(entry.subject_id, entry.period, entry.score, entry.grade).where(
        bulk.members(entry.subject_id, sorted({*subject_ids, *before}), conn),
        entry.period >= since,
        entry.period <= until,
        entry.state.in_(entry_store.FINAL),
    )
    found: dict[str, dict[str, tuple[int | None, str]]] = defaultdict(dict)
    for row in conn.execute(asked):
        found[row.subject_id][row.period] = (row.score, row.grade)
    for given_up, kept in sorted(before.items()):
        for period, rated in found.pop(given_up, {}).items():
            if found[kept].get(period, (None, NOT_RATED))[1] == NOT_RATED:
                found[kept][period] = rated
    return found


def latest_final(conn: sa.Connection, *, kind: str, area: str) -> str | None:
    """Return the newest month that is final for subjects of a kind in an area."""
    entry, subject = t.entries.c, t.subjects.c
    asked = (
        sa.select(sa.func.max(entry.period))
        .select_from(t.entries.join(t.subjects, subject.subject_id == entry.subject_id))
        .where(
            entry.kind == kind,
            entry.state.in_(entry_store.FINAL),
            subject.area.like(f"{area}%"),
        )
    )
    found = conn.execute(asked).scalar()
    return str(found) if found else None


def board(
    conn: sa.Connection, *, kind: str, area: str, period: str, part: records.PartOfList
) -> records.Page:
    """Return the final entries of organisations of an area in a month, best first, ranked; those
    under a veto behind all others."""
    entry, subject = t.entries.c, t.subjects.c
    vetoed = sa.case((entry.gates_failed.like("%VETO%"), 1), else_=0)
    ranked = (
        sa.select(
            entry.subject_id,
            entry.score,
            entry.grade,
            entry.gates_failed,
            subject.area,
            sa.func.rank().over(order_by=(vetoed, entry.score.desc())).label("rank"),
            vetoed.label("vetoed"),
            (-entry.score).label("from_best"),
        )
        .select_from(t.entries.join(t.subjects, subject.subject_id == entry.subject_id))
        .where(
            entry.kind == kind,
            entry.period == period,
            entry.state.in_(entry_store.FINAL),
            entry.score.is_not(None),
            subject.area.like(f"{area}%"),
        )
        .subquery("ranked")
    )
    by = (ranked.c.vetoed, ranked.c.from_best, ranked.c.subject_id)
    return records.page(conn, sa.select(ranked), part, by)
