"""What the indicators of an area count: consents, points, months, grades, objections."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.credit.storage import tables as t
from fivered.services.credit.storage.settlement import areas_of

_PUBLISHED = t.entries.join(
    t.settlements, t.settlements.c.settlement_id == t.entries.c.settlement_id
)

# Which account of the subject says how many points a posting is about.
_SIDE_OF = {"RELEASE": "PENDING", "CAPTURE": "HELD", "REFUND": "AVAILABLE"}

LENGTH_OF_AREA = {"COMMUNITY": 12, "STREET": 9, "DISTRICT": 6}


def consenting_adults(conn: sa.Connection, area: str, at: datetime) -> tuple[int, int]:
    """Return (adult residents of an area whose own consent stood just before a time, adult
    residents who lived there then)."""
    person, span, home = t.people.c, t.consent_spans.c, _home_at(at)
    consented = sa.exists().where(
        span.subject_id == sa.literal("RES:") + person.person_id,
        span.purpose == "SCORING",
        span.since < at,
        sa.or_(span.until.is_(None), span.until >= at),
    )
    asked = (
        sa.select(sa.func.sum(sa.case((consented, 1), else_=0)), sa.func.count())
        .select_from(
            t.people.join(home, home.c.subject_id == sa.literal("RES:") + person.person_id)
        )
        .where(
            sa.func.coalesce(home.c.grid, person.area).like(f"{area}%"),
            person.is_adult,
            person.state == "ACTIVE",
        )
    )
    granted, adults = conn.execute(asked).one()
    return int(granted or 0), int(adults)


def points_moved(
    conn: sa.Connection, area: str, since: datetime | None, until: datetime
) -> dict[str, int]:
    """Return the points released to, captured from and given back to subjects of an area, by kind
    of posting, in [since, until)."""
    posting, line, subject = t.postings.c, t.lines.c, t.subjects.c
    asked = (
        sa.select(posting.kind, sa.func.sum(sa.func.abs(line.amount)))
        .select_from(
            t.postings.join(t.lines, line.posting_id == posting.posting_id).join(
                t.subjects, subject.subject_id == line.owner
            )
        )
        .where(
            posting.kind.in_(tuple(_SIDE_OF)),
            posting.posted_at < until,
            line.side == sa.case(_SIDE_OF, value=posting.kind),
            subject.area.like(f"{area}%"),
        )
        .group_by(posting.kind)
    )
    if since is not None:
        asked = asked.where(posting.posted_at >= since)
    return {kind: int(total) for kind, total in conn.execute(asked)}


_OUTSTANDING = ("AVAILABLE", "HELD", "RECEIVABLE", "PENDING")


@dataclass(frozen=True, slots=True)
class Outstanding:
    """The points of the subjects of an area, by the account they lie in."""

    available: int
    held: int
    receivable: int
    pending: int


def points_outstanding(conn: sa.Connection, area: str, until: datetime) -> Outstanding:
    """Return the points that subjects of an area had at a time, by the account they lay in."""
    posting, line, subject = t.postings.c, t.lines.c, t.subjects.c
    asked = (
        sa.select(line.side, sa.func.sum(line.amount))
        .select_from(
            t.postings.join(t.lines, line.posting_id == posting.posting_id).join(
                t.subjects, subject.subject_id == line.owner
            )
        )
        .where(
            posting.posted_at < until,
            line.side.in_(_OUTSTANDING),
            subject.area.like(f"{area}%"),
        )
        .group_by(line.side)
    )
    found = {side: int(total) for side, total in conn.execute(asked)}
    return Outstanding(*(found.get(side, 0) for side in _OUTSTANDING))


def communities(conn: sa.Connection, area: str, period: str, end: datetime) -> list[Row]:
    """Return (code, published_at) of each community of an area in which anybody settles: when its
    month was published."""
    known, settlement = t.areas.c, t.settlements.c
    asked = (
        sa.select(known.code, settlement.published_at)
        .select_from(
            t.areas.outerjoin(
                t.settlements,
                sa.and_(settlement.area == known.code, settlement.period == period),
            )
        )
        .where(known.kind == "COMMUNITY", known.code.like(f"{area}%"))
        .order_by(known.code)
    )
    settling = set(areas_of(conn, end))
    return [row for row in records.rows(conn, asked) if row.published_at or row.code in settling]


def grades(conn: sa.Connection, area: str, period: str) -> dict[str, dict[str, int]]:
    """Return kind -> grade -> how many entries of a month that is published have it."""
    asked = (
        sa.select(t.entries.c.kind, t.entries.c.grade, sa.func.count())
        .select_from(_PUBLISHED)
        .where(*_of(area, period))
        .group_by(t.entries.c.kind, t.entries.c.grade)
        .order_by(t.entries.c.kind, t.entries.c.grade)
    )
    found: dict[str, dict[str, int]] = {}
    for kind, grade, count in conn.execute(asked):
        found.setdefault(kind, {})[grade] = int(count)
    return found


def entries(conn: sa.Connection, area: str, period: str) -> int:
    """Return how many entries an area's month has that is published."""
    asked = sa.select(sa.func.count()).select_from(_PUBLISHED).where(*_of(area, period))
    return int(conn.execute(asked).scalar() or 0)


@dataclass(frozen=True, slots=True)
class Objections:
    """How many objections there are to an area's month; `due` are decided or overdue."""

    filed: int
    decided: int
    upheld: int
    partly: int
    due: int
    in_time: int


def objections(conn: sa.Connection, area: str, period: str) -> Objections:
    """Return of the objections to an area's month: filed, decided, upheld, in part, and of those
    that are decided or overdue how many there are and how many were in time.

    What a review decided stands for the decision before it.
    """
    row = t.objections.c
    outcome = sa.func.coalesce(row.review_outcome, row.outcome)
    # What was withdrawn or has lapsed has ended, and nobody has decided it.
    decided = row.outcome.is_not(None)

    def count(name: str, condition: sa.ColumnElement[bool]) -> sa.Label[int]:
        return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0).label(name)

    asked = sa.select(
        sa.func.count().label("filed"),
        count("decided", decided),
        count("upheld", outcome == "UPHELD"),
        count("partly", outcome == "PARTLY"),
        count("due", sa.and_(row.state != "WITHDRAWN", sa.or_(decided, row.overdue))),
        count("in_time", sa.and_(decided, sa.not_(row.overdue))),
    ).where(row.kind == "OBJECTION", row.period == period, row.area.like(f"{area}%"))
    return Objections(*map(int, conn.execute(asked).one()))


def spread_of_points(conn: sa.Connection, area: str, period: str) -> tuple[int, int, int, int]:
    """Return of the residents' points of a month that is published: (persons, points, sum of
    rank x points with the poorest first, points of the richest tenth, rounded up)."""
    points = t.entries.c.points_pending
    ranked = (
        sa.select(
            points.label("points"),
            sa.func.row_number().over(order_by=(points, t.entries.c.subject_id)).label("rank"),
            sa.func.count().over().label("persons"),
        )
        .select_from(_PUBLISHED)
        .where(*_of(area, period), t.entries.c.kind == "RES")
        .subquery()
        .c
    )
    first_of_tenth = ranked.persons - (ranked.persons + 9) // 10
    asked = sa.select(
        sa.func.count(),
        sa.func.coalesce(sa.func.sum(ranked.points), 0),
        sa.func.coalesce(sa.func.sum(ranked.rank * ranked.points), 0),
        sa.func.coalesce(
            sa.func.sum(sa.case((ranked.rank > first_of_tenth, ranked.points), else_=0)), 0
        ),
    )
    persons, total, weighted, top = conn.execute(asked).one()
    return int(persons), int(total), int(weighted), int(top)


def _of(area: str, period: str) -> tuple[sa.ColumnElement[bool], ...]:
    settlement = t.settlements.c
    return (
        settlement.period == period,
        settlement.area.like(f"{area}%"),
        settlement.published_at.is_not(None),
    )


# --------------------------------------------------------------------------------------------------
# Sums by where subjects belonged when the month ended


def _home_at(end: datetime) -> sa.Subquery:
    """Return (subject, grid, household) of each resident just before `end`."""
    home, newer = t.homes.c, t.homes.alias("newer").c
    latest = (
        sa.select(sa.func.max(newer.since))
        .where(newer.person_id == home.person_id, newer.since < end)
        .scalar_subquery()
    )
    return (
        sa.select(
            (sa.literal("RES:") + home.person_id).label("subject_id"), home.grid, home.household_id
        )
        .where(home.since == latest)
        .subquery("home")
    )


def sums(
    conn: sa.Connection,
    *,
    by: str,
    area: str,
    period: str,
    end: datetime,
    part: records.PartOfList,
) -> records.Page:
    """Return (group, kind, entries, rated, good, bad, points, score) of a month that is published.

    Households, grids and projects sum up the residents who belonged to them when the month ended;
    areas sum up every kind that settled in them.
    """
    entry = t.entries.c
    rows = _PUBLISHED
    where = list(_of(area, period))
    group: store.Expression
    if by in LENGTH_OF_AREA:
        # A literal: PostgreSQL takes two parameters of one value for two different groups.
        length: sa.ColumnElement[int] = sa.literal_column(str(LENGTH_OF_AREA[by]))
        group = sa.func.substr(t.settlements.c.area, 1, length)
        where.append(sa.func.length(t.settlements.c.area) >= length)
    else:
        home = _home_at(end)
        rows = rows.join(home, home.c.subject_id == entry.subject_id)
        group = home.c.grid if by == "GRID" else home.c.household_id
        if by == "PROJECT":
            compound = t.compounds.c
            served = sa.or_(compound.until.is_(None), compound.until >= end)
            here = sa.and_(compound.grid == home.c.grid, compound.since < end, served)
            rows = rows.join(t.compounds, here)
            group = compound.project_id
        where += [entry.kind == "RES", group.is_not(None)]
    summed = (
        sa.select(
            group.label("group"),
            entry.kind,
            sa.func.count().label("entries"),
            sa.func.count(entry.score).label("rated"),
            sa.func.sum(entry.good).label("good"),
            sa.func.sum(entry.bad).label("bad"),
            sa.func.sum(entry.points_pending).label("points"),
            sa.func.sum(entry.score).label("score"),
        )
        .select_from(rows)
        .where(*where)
        .group_by(group, entry.kind)
        .subquery("sums")
    )
    return records.page(conn, sa.select(summed), part, (summed.c.group, summed.c.kind))
