"""Replays of months under other rules: their working rows, their sums and results.

Nothing here touches what is live: the working rows of a job are its own, and go as it sums them up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.records import Row
from fivered.services.credit.storage import bulk
from fivered.services.credit.storage import tables as t

_COUNTS = ("awards", "score", "points")
BOTH = tuple(f"{what}_{side}" for what in _COUNTS for side in ("before", "after"))
SUMMED = ("subjects", "gaining", "losing", *BOTH, "assumed")
ALL = "ALL"
# SQLite takes a limited number of values per statement.
_SQLITE_VALUES = 500


def clear(conn: sa.Connection, keep: str) -> None:
    """Remove what jobs left behind that are over without having summed up."""
    jobs = t.chassis.jobs.c
    alive = sa.select(jobs.job_id).where(jobs.state.in_(("QUEUED", "RUNNING")))
    parts = t.what_if_parts
    conn.execute(sa.delete(parts).where(parts.c.job_id != keep, parts.c.job_id.not_in(alive)))


def add_parts(conn: sa.Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Store working rows; one that is there already is left alone."""
    bulk.insert(conn, t.what_if_parts, rows, ignore=True)


def take_back(conn: sa.Connection, job_id: str) -> None:
    """Remove the rows whose deed was taken back, and the rows that say so."""
    part = t.what_if_parts.c
    backs = sa.and_(part.job_id == job_id, part.subject_id == "")
    deeds: dict[tuple[str, str], set[str]] = {}
    for row in conn.execute(sa.select(part.side, part.rule_code, part.deed).where(backs)):
        deeds.setdefault((row.side, row.rule_code), set()).add(row.deed)
    # Orders in error are few, so the job's rows are gone through a few times and need no index.
    for (side, code), known in sorted(deeds.items()):
        wanted = sorted(known)
        for start in range(0, len(wanted), _SQLITE_VALUES):
            chosen = wanted[start : start + _SQLITE_VALUES]
            conn.execute(
                sa.delete(t.what_if_parts).where(
                    part.job_id == job_id,
                    part.side == side,
                    part.rule_code == code,
                    bulk.members(part.deed, chosen, conn),
                )
            )
    conn.execute(sa.delete(t.what_if_parts).where(backs))


def subjects(conn: sa.Connection, job_id: str, after: str, limit: int) -> list[str]:
    """Return the next subjects that have working rows."""
    part = t.what_if_parts.c
    asked = (
        sa.select(part.subject_id)
        .where(part.job_id == job_id, part.subject_id > after)
        .distinct()
        .order_by(part.subject_id)
        .limit(limit)
    )
    return [row.subject_id for row in conn.execute(asked)]


def count_subjects(conn: sa.Connection, job_id: str) -> int:
    """Return how many subjects have working rows."""
    part = t.what_if_parts.c
    asked = sa.select(sa.func.count(part.subject_id.distinct())).where(part.job_id == job_id)
    return int(conn.execute(asked).scalar() or 0)


def parts(conn: sa.Connection, job_id: str, first: str, last: str) -> list[Row]:
    """Return the working rows of the subjects from `first` to `last`."""
    part = t.what_if_parts.c
    asked = (
        sa.select(t.what_if_parts)
        .where(part.job_id == job_id, part.subject_id >= first, part.subject_id <= last)
        .order_by(part.subject_id)
    )
    return records.rows(conn, asked)


def drop_parts(conn: sa.Connection, job_id: str, first: str, last: str) -> None:
    """Remove the working rows of subjects that are summed up."""
    part = t.what_if_parts.c
    conn.execute(
        sa.delete(t.what_if_parts).where(
            part.job_id == job_id, part.subject_id >= first, part.subject_id <= last
        )
    )


def states(conn: sa.Connection, award_ids: Iterable[str]) -> dict[str, tuple[str, str | None]]:
    """Return (state, cause) of awards that exist, by id."""
    wanted = sorted(set(award_ids))
    if not wanted:
        return {}
    award = t.awards.c
    found: dict[str, tuple[str, str | None]] = {}
    for start in range(0, len(wanted), _SQLITE_VALUES):
        asked = sa.select(award.award_id, award.state, award.cause).where(
            bulk.members(award.award_id, wanted[start : start + _SQLITE_VALUES], conn)
        )
        found |= {str(row.award_id): (row.state, row.cause) for row in conn.execute(asked)}
    return found


def measures_page(
    conn: sa.Connection,
    periods: Sequence[str],
    after: tuple[str, str, str] | None,
    limit: int,
) -> list[Row]:
    """Return measured rows of months in the order (month, subject, source)."""
    row = t.measures.c
    asked = sa.select(t.measures).where(row.period.in_(list(periods)))
    if after is not None:
        month, subject_id, source = after
        later = sa.or_(
            row.subject_id > subject_id, sa.and_(row.subject_id == subject_id, row.source > source)
        )
        asked = asked.where(sa.or_(row.period > month, sa.and_(row.period == month, later)))
    return records.rows(conn, asked.order_by(row.period, row.subject_id, row.source).limit(limit))


def count_measures(conn: sa.Connection, periods: Sequence[str]) -> int:
    """Return how many measured rows the months have."""
    asked = sa.select(sa.func.count()).where(t.measures.c.period.in_(list(periods)))
    return int(conn.execute(asked).scalar() or 0)


def by_hand_page(
    conn: sa.Connection, since: str, until: str, after: str | None, limit: int
) -> list[Row]:
    """Return the awards that persons proposed and approved, in the order of their ids."""
    award = t.awards.c
    asked = sa.select(t.awards).where(
        award.decides == "PERSON",
        award.event_id.is_(None),
        award.state.in_(("APPROVED", "REPAIRED")),
        award.period >= since,
        award.period <= until,
    )
    if after is not None:
        asked = asked.where(award.award_id > sa.literal(after, award.award_id.type))
    return records.rows(conn, asked.order_by(award.award_id).limit(limit))


def carried(
    conn: sa.Connection, subject_ids: Sequence[str], before: str, valid_in: str
) -> dict[str, tuple[int, int]]:
    """Return (G, B) of the awards from before a month that still count in another."""
    award = t.awards.c
    loss = sa.case((award.deduction, -award.score), else_=0)
    asked = (
        sa.select(
            award.subject_id,
            sa.func.sum(sa.case((award.deduction, 0), else_=award.score)),
            sa.func.sum(loss),
        )
        .where(
            bulk.members(award.subject_id, list(subject_ids), conn),
            award.period < before,
            award.to_period >= valid_in,
            award.effective,
        )
        .group_by(award.subject_id)
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in conn.execute(asked)}


# --------------------------------------------------------------------------------------------------
# Results


def drop_results(conn: sa.Connection, job_id: str) -> None:
    """Remove the results of a job."""
    for table in (t.what_if_subjects, t.what_if_sums):
        conn.execute(sa.delete(table).where(table.c.job_id == job_id))


def put_subjects(conn: sa.Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Store what changes for subjects."""
    bulk.insert(conn, t.what_if_subjects, rows, ignore=True)


def add_sums(conn: sa.Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Add to sums."""
    keys = ("job_id", "what", "area", "kind", "name")
    bulk.upsert(conn, t.what_if_sums, rows, keys=keys, add=SUMMED)


def sums(
    conn: sa.Connection, job_id: str, what: str, *by: str, name: str | None = None
) -> list[Row]:
    """Return sums by some of their keys; of groups, those of one dimension or of ALL."""
    row = t.what_if_sums.c
    keys = [row[key] for key in by]
    asked = sa.select(
        *keys,
        *(
            # A sum of big integers is NUMERIC on PostgreSQL.
            sa.cast(sa.func.coalesce(sa.func.sum(row[column]), 0), sa.BigInteger).label(column)
            for column in SUMMED
        ),
    ).where(row.job_id == job_id, row.what == what)
    if name == ALL:
        asked = asked.where(row.name == ALL)
    elif what == "GROUP":
        asked = asked.where(row.name != ALL)
    if keys:
        asked = asked.group_by(*keys).order_by(*keys)
    return records.rows(conn, asked)


def groups(conn: sa.Connection, job_id: str) -> list[Row]:
    """Return every group: community, kind and dimension, and ALL of its dimensions."""
    row = t.what_if_sums.c
    asked = (
        sa.select(row.area, row.kind, row.name.label("dimension"), *(row[n] for n in SUMMED))
        .where(row.job_id == job_id, row.what == "GROUP")
        .order_by(row.area, row.kind, row.name)
    )
    return records.rows(conn, asked)


def largest(conn: sa.Connection, job_id: str, limit: int, *, losing: bool) -> list[Row]:
    """Return the subjects that lose or gain most: by score, then by points."""
    row = t.what_if_subjects.c
    points = row.points_after - row.points_before
    score, points = (row.change, points) if losing else (-row.change, -points)
    asked = (
        sa.select(t.what_if_subjects)
        .where(row.job_id == job_id, sa.or_(score < 0, sa.and_(score == 0, points < 0)))
        .order_by(score, points, row.subject_id)
        .limit(limit)
    )
    return records.rows(conn, asked)


def grade_changes(conn: sa.Connection, job_id: str) -> list[Row]:
    """Return (kind, grade before, grade after, number) where grades differ."""
    row = t.what_if_subjects.c
    asked = (
        sa.select(row.kind, row.grade_before, row.grade_after, sa.func.count().label("n"))
        .where(row.job_id == job_id, row.grade_before != row.grade_after)
        .group_by(row.kind, row.grade_before, row.grade_after)
        .order_by(row.kind, row.grade_before, row.grade_after)
    )
    return records.rows(conn, asked)


def subjects_page(conn: sa.Connection, job_id: str, after: str | None, limit: int) -> list[Row]:
    """Return the subjects for whom something changes, in the order of their ids."""
    row = t.what_if_subjects.c
    asked = sa.select(t.what_if_subjects).where(row.job_id == job_id)
    if after:
        asked = asked.where(row.subject_id > after)
    return records.rows(conn, asked.order_by(row.subject_id).limit(limit))


def line(row: Row) -> dict[str, object]:
    """Return what changes for a subject as it is shown."""
    return {
        "subject": row.subject_id,
        "kind": row.kind,
        "area": row.area,
        **{name: getattr(row, name) for name in BOTH},
        "grade_before": row.grade_before,
        "grade_after": row.grade_after,
    }


def earlier_jobs(conn: sa.Connection, rule_set_id: str, but: str) -> list[str]:
    """Return the jobs that replayed the same draft before and are over."""
    jobs = t.chassis.jobs.c
    asked = sa.select(jobs.job_id).where(
        jobs.kind == "what_if",
        jobs.job_id != but,
        jobs.state.not_in(("QUEUED", "RUNNING")),
        jobs.params["rule_set_id"].as_string() == rule_set_id,
    )
    return [row.job_id for row in conn.execute(asked)]
