"""Awards in the database, and what caps and running totals ask of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from typing import cast

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.calendar import Calendar
from fivered.chassis.records import Row
from fivered.services.credit.rules import awards as rules
from fivered.services.credit.rules.award import Award
from fivered.services.credit.rules.causes import Cause
from fivered.services.credit.storage import bulk
from fivered.services.credit.storage import tables as t
from fivered.services.credit.storage.bulk import constant

_UPDATED = (
    "score",
    "points",
    "capped",
    "recount",
)


def add(conn: sa.Connection, rows: Sequence[Award]) -> set[str]:
    """Store awards; one that is there already is left alone. Returns the ids that are new."""
    return set(bulk.insert(conn, t.awards, rows, ignore=True, returning="award_id"))


def award(conn: sa.Connection, award_id: str, *, lock: bool = False) -> Row | None:
    """Return an award, or None."""
    return records.find(conn, t.awards, award_id, lock=lock)


def known(conn: sa.Connection, award_id: str, *, lock: bool = False) -> Row:
    """Return an award that another row names.

    Raises:
        LookupError: It is gone, which no action can bring about.
    """
    return records.known(conn, t.awards, award_id, lock=lock)


def by_ids(conn: sa.Connection, award_ids: Sequence[str]) -> dict[str, Row]:
    """Return awards by their ids."""
    if not award_ids:
        return {}
    asked = sa.select(t.awards).where(bulk.members(t.awards.c.award_id, list(award_ids), conn))
    return {str(row.award_id): row for row in records.rows(conn, asked)}


def unchanged(conn: sa.Connection, rows: Iterable[Row]) -> set[str]:
    """Lock awards that were read without a lock; return the ids of those that nobody has changed
    since."""
    read = {str(row.award_id): row.version for row in rows}
    if not read:
        return set()
    award = t.awards.c
    asked = (
        sa.select(award.award_id, award.version)
        .where(bulk.members(award.award_id, sorted(read), conn))
        .order_by(award.award_id)
    )
    found = conn.execute(store.lock(asked, conn))
    return {str(row.award_id) for row in found if row.version == read[str(row.award_id)]}


def change(conn: sa.Connection, award_id: str, **values: object) -> None:
    """Change columns of an award."""
    conn.execute(
        sa.update(t.awards)
        .where(t.awards.c.award_id == award_id)
        .values(**values, version=t.awards.c.version + 1)
    )


def put_amounts(conn: sa.Connection, rows: bulk.Rows) -> None:
    """Store what caps and totals have left of awards: award_id, score, points, capped, recount."""
    rows = [{**row, "version": 1} for row in rows]
    done = bulk.change(conn, t.awards, rows, keys=("award_id",), put=_UPDATED, add=("version",))
    store.all_changed(done, len(rows), t.awards.name)


@dataclass(frozen=True, slots=True)
class Used:
    """What awards of a cap window have used of it."""

    count: int
    score: int
    points: int
    last_at: datetime
    capped: bool

    @property
    def taken(self) -> rules.Taken:
        """The same as caps see it."""
        return rules.Taken(self.count, self.score, self.points)


Window = tuple[str, str, str]
# What a cap window gives at most: awards, |score|, points.
Limit = tuple[int | None, int | None, int | None]

_PG_USED = sa.text(
    "SELECT a.subject_id, a.rule_code, a.cap_window, count(*) AS n, sum(abs(a.score)) AS score,"
    " sum(a.points) AS points, max(a.occurred_at) AS last_at, bool_or(a.capped) AS capped"
    " FROM unnest(CAST(:s AS varchar[]), CAST(:r AS varchar[]), CAST(:w AS varchar[]))"
    "   AS k(s, r, w)"
    " JOIN awards a ON a.subject_id = k.s AND a.rule_code = k.r AND a.cap_window = k.w"
    " WHERE a.state IN ('APPROVED', 'PROPOSED')"
    "   AND (a.state = 'APPROVED' OR a.decides <> 'PERSON')"
    " GROUP BY 1, 2, 3"
)


def _counting() -> sa.ColumnElement[bool]:
    award = t.awards.c
    return sa.or_(
        award.state == constant("APPROVED"),
        sa.and_(award.state == constant("PROPOSED"), award.decides != constant("PERSON")),
    )


def used(conn: sa.Connection, windows: Iterable[Window]) -> dict[Window, Used]:
    """Return what is used of cap windows (subject, rule, window)."""
    wanted = sorted(set(windows))
    if not wanted:
        return {}
    if store.is_postgresql(conn):
        found = conn.execute(
            _PG_USED,
            {
                "s": [key[0] for key in wanted],
                "r": [key[1] for key in wanted],
                "w": [key[2] for key in wanted],
            },
        )
    else:
        award = t.awards.c
        asked = (
            sa.select(
                award.subject_id,
                award.rule_code,
                award.cap_window,
                sa.func.count().label("n"),
                sa.func.sum(sa.func.abs(award.score)).label("score"),
                sa.func.sum(award.points).label("points"),
                sa.func.max(award.occurred_at).label("last_at"),
                sa.func.max(award.capped).label("capped"),
            )
            .where(
                sa.tuple_(award.subject_id, award.rule_code, award.cap_window).in_(wanted),
                _counting(),
            )
            .group_by(award.subject_id, award.rule_code, award.cap_window)
        )
        found = conn.execute(asked)
    return {
        (row.subject_id, row.rule_code, row.cap_window): Used(
            int(row.n), int(row.score), int(row.points), row.last_at, bool(row.capped)
        )
        for row in found
    }


def in_window(conn: sa.Connection, window: Window) -> list[Row]:
    """Return the awards of one cap window that count, oldest first."""
    award = t.awards.c
    asked = (
        sa.select(t.awards)
        .where(
            award.subject_id == window[0],
            award.rule_code == window[1],
            award.cap_window == window[2],
            _counting(),
        )
        .order_by(award.occurred_at, award.event_id)
    )
    return records.rows(conn, asked)


def recount_window(conn: sa.Connection, window: Window, period: str) -> None:
    """Let the draft of a month, or of a later one, compute a cap window again."""
    award = t.awards.c
    conn.execute(
        sa.update(t.awards)
        .where(
            award.subject_id == window[0],
            award.rule_code == window[1],
            award.cap_window == window[2],
            award.period >= period,
        )
        .values(recount=True)
    )


def windows_to_recount(
    conn: sa.Connection,
    period: str,
    areas: Sequence[str],
    end: datetime,
    limits: Mapping[str, Limit],
) -> list[Window]:
    """Return the cap windows of a month and areas whose sums go beyond their cap, or in which the
    order of arrival could matter.

    Args:
        conn: The transaction.
        period: The month.
        areas: The subjects' areas at the end of the month.
        end: That end.
        limits: Rule code -> (count, score, points); None is without limit.
    """
    if not limits:
        return []
    asked = _windows(tuple(sorted(limits.items())))
    given = {"its_period": period, "its_end": end, "areas": list(areas)}
    return [(row.subject_id, row.rule_code, row.cap_window) for row in conn.execute(asked, given)]


def windows_in_doubt(conn: sa.Connection, subject_id: str) -> list[tuple[Window, str]]:
    """Return the cap windows of a subject in which the order of arrival could matter, each with its
    first month."""
    award = t.awards.c
    asked = (
        sa.select(award.rule_code, award.cap_window, sa.func.min(award.period).label("period"))
        .where(award.subject_id == subject_id, award.cap_window.is_not(None), _counting())
        .group_by(award.rule_code, award.cap_window)
        .having(_IN_DOUBT)
        .order_by(award.rule_code, award.cap_window)
    )
    return [
        ((subject_id, row.rule_code, row.cap_window), row.period) for row in conn.execute(asked)
    ]


_IN_DOUBT = sa.func.max(sa.case((t.awards.c.recount, 1), else_=0)) == 1


# Written once for the rules in force: it names each of them.
@lru_cache(maxsize=16)
def _windows(limits: tuple[tuple[str, Limit], ...]) -> store.Select:
    award = t.awards.c
    here = t.belonging(sa.bindparam("its_end", type_=store.UtcDateTime))
    touched = (
        sa.select(award.subject_id, award.rule_code, award.cap_window)
        .select_from(t.awards.join(here, here.c.subject_id == award.subject_id))
        .where(
            award.period == sa.bindparam("its_period"),
            award.cap_window.is_not(None),
            here.c.area.in_(sa.bindparam("areas", expanding=True)),
        )
        .distinct()
        .subquery()
    )
    over = []
    for code, (count, score, points) in limits:
        beyond = []
        if count is not None:
            beyond.append(sa.func.count().filter(sa.not_(award.capped)) > count)
        if score is not None:
            beyond.append(sa.func.sum(sa.func.abs(award.score)) > score)
        if points is not None:
            beyond.append(sa.func.sum(award.points) > points)
        if beyond:
            over.append(sa.and_(award.rule_code == code, sa.or_(*beyond)))
    return (
        sa.select(award.subject_id, award.rule_code, award.cap_window)
        .select_from(
            t.awards.join(
                touched,
                sa.and_(
                    touched.c.subject_id == award.subject_id,
                    touched.c.rule_code == award.rule_code,
                    touched.c.cap_window == award.cap_window,
                ),
            )
        )
        .where(_counting())
        .group_by(award.subject_id, award.rule_code, award.cap_window)
        .having(sa.or_(_IN_DOUBT, *over))
        .order_by(award.subject_id, award.rule_code, award.cap_window)
    )


# --------------------------------------------------------------------------------------------------
# Running totals


def add_hours(conn: sa.Connection, rows: bulk.Rows) -> None:
    """Store records of hours."""
    bulk.insert(conn, t.hours, rows, ignore=True)


Hour = tuple[str, str, str, datetime, date, int, str, str]


def hours_of(
    conn: sa.Connection, rule_code: str, subject_ids: Iterable[str], since: date, until: date
) -> list[Hour]:
    """Return (subject, event, record, occurred_at, day, minutes, source, period) of the records of
    subjects for deeds in [since, until)."""
    hour = t.hours.c
    asked = sa.select(
        hour.subject_id,
        hour.event_id,
        hour.record_id,
        hour.occurred_at,
        hour.day,
        hour.minutes,
        hour.source,
        hour.period,
    ).where(
        bulk.members(hour.subject_id, sorted(set(subject_ids)), conn),
        hour.rule_code == rule_code,
        hour.day >= since,
        hour.day < until,
    )
    return cast("list[Hour]", conn.execute(asked).all())


def hours_in(
    conn: sa.Connection, area: str, since: date, until: date
) -> list[tuple[Row, str | None]]:
    """Return the records of the subjects of a community for deeds in [since, until), each as its
    last correction left it, and who confirmed it."""
    hour, subject = t.hours.c, t.subjects.c
    asked = (
        sa.select(t.hours)
        .join(t.subjects, subject.subject_id == hour.subject_id)
        .where(subject.area == area, hour.day >= since, hour.day < until)
        .order_by(hour.period, hour.occurred_at, hour.event_id)
    )
    found: dict[tuple[str, str, str], Row] = {}
    confirmed: dict[tuple[str, str, str], str | None] = {}
    for row in records.rows(conn, asked):
        key = (row.subject_id, row.rule_code, row.record_id)
        found[key] = row
        # A person who corrects a record did not confirm it.
        confirmed.setdefault(key, row.confirmed_by)
    return [(found[key], confirmed[key]) for key in sorted(found)]


def awards_of_rule(
    conn: sa.Connection, rule_code: str, subject_ids: Iterable[str], since: date, until: date
) -> dict[str, Row]:
    """Return the awards of a rule to subjects for deeds in [since, until), by id."""
    award = t.awards.c
    asked = sa.select(t.awards).where(
        bulk.members(award.subject_id, sorted(set(subject_ids)), conn),
        award.rule_code == rule_code,
        award.day >= since,
        award.day < until,
    )
    return {str(row.award_id): row for row in records.rows(conn, asked)}


# --------------------------------------------------------------------------------------------------
# Other questions


STANDING = ("PROPOSED", "APPROVED")
STATES = (*STANDING, "REJECTED", "REVERSED", "REPAIRED")


def by_deeds(
    conn: sa.Connection, deeds: Iterable[str], states: Sequence[str] = STANDING
) -> list[Row]:
    """Return and lock the awards for deeds that still stand, or are in any of some states."""
    wanted = sorted(set(deeds))
    if not wanted:
        return []
    award = t.awards.c
    asked = (
        sa.select(t.awards)
        .where(bulk.members(award.deed, wanted, conn), award.state.in_(states))
        .order_by(award.award_id)
    )
    return records.rows(conn, store.lock(asked, conn))


def measured_of(
    conn: sa.Connection, period: str, subject_ids: Sequence[str], facts: Sequence[str]
) -> dict[str, Row]:
    """Return the awards of a month that followed from markers, by id."""
    award = t.awards.c
    asked = sa.select(t.awards).where(
        bulk.members(award.subject_id, list(subject_ids), conn),
        award.period == period,
        award.fact.in_(list(facts)),
    )
    return {str(row.award_id): row for row in records.rows(conn, asked)}


def of_subject(
    conn: sa.Connection,
    subject_ids: Sequence[str],
    *,
    period: str | None = None,
    valid_in: str | None = None,
) -> list[Row]:
    """Return awards of subjects: those of one month, or those that count in one, newest first."""
    award = t.awards.c
    asked = sa.select(t.awards).where(bulk.members(award.subject_id, list(subject_ids), conn))
    if period is not None:
        asked = asked.where(award.period == period)
    if valid_in is not None:
        asked = asked.where(award.period <= valid_in, award.to_period >= valid_in)
    return records.rows(conn, asked.order_by(award.occurred_at.desc(), award.award_id))


def ended_before(conn: sa.Connection, subject_id: str, period: str) -> list[Row]:
    """Return the awards of a subject that were taken back or repaired and count no more from a
    month on, or were taken back within it, newest first."""
    award = t.awards.c
    before = Calendar.next_period(period, -1)
    asked = sa.select(t.awards).where(
        award.subject_id == subject_id,
        award.state.in_(("REVERSED", "REPAIRED")),
        award.to_period == before,
        award.period <= period,
    )
    return records.rows(conn, asked.order_by(award.occurred_at.desc(), award.award_id))


def cancel_open(conn: sa.Connection, subject_id: str, cause: Cause, at: datetime) -> int:
    """Reject what is still proposed for a subject. Returns how many."""
    award = t.awards.c
    return conn.execute(
        sa.update(t.awards)
        .where(award.subject_id == subject_id, award.state == "PROPOSED")
        .values(state="REJECTED", decided_at=at, version=award.version + 1, **cause.columns())
    ).rowcount


def lapse(conn: sa.Connection, at: datetime, until: datetime, levels: Mapping[str, str]) -> int:
    """Pass the proposals that are due to the next level.

    Args:
        conn: The transaction.
        at: Now.
        until: When they are due there.
        levels: Level -> the next one; what waits for another one stays.

    Returns:
        How many.
    """
    passing = _lapsing(tuple(levels.items()), locks=store.is_postgresql(conn))
    return conn.execute(passing, {"at": at, "until": until}).rowcount


@cache
def _lapsing(levels: tuple[tuple[str, str], ...], *, locks: bool) -> sa.Update:
    """Return the statement of every night, written once: it costs more to write than to run."""
    award = t.awards.c
    overdue = (
        sa.select(award.award_id)
        .where(
            award.state == constant("PROPOSED"),
            award.due_at.is_not(None),
            award.due_at <= sa.bindparam("at"),
            award.waits_for.in_([level for level, _ in levels]),
        )
        .order_by(award.award_id)
    )
    # In the order of their ids, as every lock of several is taken.
    locked = overdue.with_for_update() if locks else overdue
    return (
        sa.update(t.awards)
        .where(award.award_id.in_(locked))
        .values(
            waits_for=sa.case(dict(levels), value=award.waits_for),
            lapsed_at=sa.bindparam("at"),
            due_at=sa.bindparam("until"),
            due_days=None,
        )
    )


def add_veto(conn: sa.Connection, row: bulk.Values) -> None:
    """Store a veto; one for the same award is left alone."""
    records.add_new(conn, t.vetoes, **{"version": 1, **row})


def end_veto(conn: sa.Connection, award_id: str) -> None:
    """End the veto that an award brought."""
    conn.execute(sa.update(t.vetoes).where(t.vetoes.c.award_id == award_id).values(state="LIFTED"))


def vetoes_of_rule(conn: sa.Connection, subject_id: str, rule_code: str) -> list[Row]:
    """Return the vetoes that awards of a rule brought, each with the month of its award."""
    veto, award = t.vetoes.c, t.awards.c
    asked = (
        sa.select(veto.award_id, award.period)
        .join(t.awards, award.award_id == veto.award_id)
        .where(veto.subject_id == subject_id, veto.rule_code == rule_code, veto.state == "ACTIVE")
        .order_by(veto.award_id)
    )
    return records.rows(conn, asked)


def negatives_of_rule(conn: sa.Connection, subject_id: str, rule_code: str) -> list[str]:
    """Return the periods of the awards of a rule to a subject that count for good: what was taken
    back or repaired is no repetition any more."""
    award = t.awards.c
    asked = sa.select(award.period).where(
        award.subject_id == subject_id,
        award.rule_code == rule_code,
        award.effective,
        award.state == "APPROVED",
    )
    return [row.period for row in conn.execute(asked)]
