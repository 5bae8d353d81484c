"""Settlements: the month of an area, and how far it is."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.services.credit.storage import tables as t
from fivered.services.credit.storage.counting import listed

OPEN = ("OPEN", "DRAFTED", "REVIEWED")


PUBLISHED = ("PUBLISHED", "FINALISING", "SETTLED")


CONFIRMED = ("CONFIRMED", *PUBLISHED)


def by_state(conn: sa.Connection) -> tuple[dict[str, int], int]:
    """Return how many settlements are in each state, and how many drafts are incomplete."""
    row = t.settlements.c
    asked = sa.select(row.state, row.complete, sa.func.count()).group_by(row.state, row.complete)
    counts = dict.fromkeys((*OPEN, *CONFIRMED), 0)
    incomplete = 0
    for state, complete, count in conn.execute(asked):
        counts[state] += int(count)
        if state in OPEN[1:] and not complete:
            incomplete += int(count)
    return counts, incomplete


def confirmed_periods(conn: sa.Connection, area: str, since: str) -> set[str]:
    """Return the months from `since` on that are confirmed in an area.

    The others are not confirmed before the transaction ends, so that what it changes in them is
    seen by the person who confirms. Drafts go on meanwhile.
    """
    row = t.settlements.c
    asked = (
        sa.select(row.period, row.state)
        .where(row.area == area, row.period >= since)
        .order_by(row.period)
    )
    found = conn.execute(store.lock(asked, conn, shared=True))
    return {month.period for month in found if month.state in CONFIRMED}


def drafted_since(conn: sa.Connection, period: str) -> list[str]:
    """Return the months from one on whose draft has begun, oldest first.

    Also while a draft is still running: what it has read by then may be outdated.
    """
    month = t.months.c
    asked = sa.select(month.period).where(month.period >= period, month.draft_job.is_not(None))
    return list(conn.execute(asked.order_by(month.period)).scalars())


def open_months(conn: sa.Connection, area: str) -> list[str]:
    """Return the months of an area that are drafted and not published, oldest first."""
    row = t.settlements.c
    asked = sa.select(row.period).where(
        row.area == area, row.state.in_((*OPEN, "CONFIRMED")), row.digest.is_not(None)
    )
    return list(conn.execute(asked.order_by(row.period)).scalars())


def is_published(conn: sa.Connection, period: str, area: str) -> bool:
    """Tell whether the month of an area is published: from then on it is not drafted again."""
    row = t.settlements.c
    asked = sa.select(row.settlement_id).where(
        row.period == period, row.area == area, row.state.in_(PUBLISHED)
    )
    return conn.execute(asked).first() is not None


def settlement(conn: sa.Connection, settlement_id: str, *, lock: bool = False) -> Row | None:
    """Return a settlement, or None."""
    asked = sa.select(t.settlements).where(t.settlements.c.settlement_id == settlement_id)
    return records.first(conn, store.lock(asked, conn) if lock else asked)


def locked(conn: sa.Connection, settlement_id: str) -> Row:
    """Return and lock a settlement. Those who change awards of its month wait too, as they do not
    for `records.locked`: they only share the row's key.

    Raises:
        NotFound: There is none.
    """
    row = settlement(conn, settlement_id, lock=True)
    if row is None:
        raise NotFound(kind="settlement", id=settlement_id)
    return row


def known(conn: sa.Connection, settlement_id: str) -> Row:
    """Return a settlement to which something else points."""
    return records.known(conn, t.settlements, settlement_id)


def of_month(conn: sa.Connection, period: str, area: str, *, weak: bool = False) -> Row | None:
    """Return and lock the settlement of a month and area, or None.

    Args:
        conn: The transaction.
        period: The month.
        area: The area.
        weak: Those who change awards of the month need not wait, as for a draft they need not.
    """
    return records.first(conn, store.lock(_of_month(period, area), conn, weak=weak))


def _of_month(period: str, area: str) -> store.Select:
    row = t.settlements.c
    return sa.select(t.settlements).where(row.period == period, row.area == area)


def begin(conn: sa.Connection, settlement_id: str, period: str, area: str, at: datetime) -> Row:
    """Make the settlement of a month and area if there is none; return and lock it."""
    records.add_new(
        conn,
        t.settlements,
        settlement_id=settlement_id,
        period=period,
        area=area,
        state="OPEN",
        complete=False,
        missing=[],
        entries=0,
        unfunded_points=0,
        to_check=[],
        checked=[],
        created_at=at,
        version=1,
    )
    return records.one(conn, store.lock(_of_month(period, area), conn, weak=True))


def change(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change columns of a settlement that the caller has locked. Returns it afterwards."""
    return records.update(conn, t.settlements, row, **values)


def areas_of(conn: sa.Connection, end: datetime) -> list[str]:
    """Return the areas in which subjects settle at the end of a month, the small ones first."""
    subject, here = t.subjects.c, t.belonging(end)
    asked = (
        sa.select(here.c.area)
        .select_from(t.subjects.join(here, here.c.subject_id == subject.subject_id))
        .where(
            subject.opened_at < end,
            sa.or_(subject.closed_at.is_(None), subject.closed_at >= end),
            sa.or_(subject.state != "CLOSED", subject.closed_at.is_not(None)),
        )
        .distinct()
    )
    found = [row.area for row in conn.execute(asked)]
    return sorted(found, key=lambda code: (-len(code), code))


def waited_for(conn: sa.Connection, settlement_id: str, period: str) -> list[Row]:
    """Return earlier settlements, oldest first, that hold a deduction which would count in this
    one as well, and whose notice has not ended."""
    award, row = t.awards.c, t.settlements.c
    here, earlier = t.entries.alias("here").c, t.entries.alias("earlier").c
    asked = (
        sa.select(row.settlement_id, row.period, row.state, row.objection_until)
        .where(
            here.settlement_id == settlement_id,
            award.subject_id == here.subject_id,
            award.period < period,
            award.to_period >= period,
            award.effective.is_(False),
            listed(award.period),
            earlier.subject_id == award.subject_id,
            earlier.period == award.period,
            row.settlement_id == earlier.settlement_id,
            row.state.in_((*OPEN, "CONFIRMED", "PUBLISHED")),
        )
        .distinct()
        .order_by(row.period, row.settlement_id)
    )
    return records.rows(conn, asked)


def unconfirmed_project_areas(conn: sa.Connection, period: str, district: str) -> list[str]:
    """Return the areas with projects whose settlement of a month is not confirmed."""
    project, row = t.projects.c, t.settlements.c
    begun = sa.select(row.area).where(row.period == period)
    done = begun.where(row.state.in_(CONFIRMED))
    asked = (
        sa.select(project.area)
        .where(
            project.area.like(f"{district}%"),
            project.area.not_in(done),
            # Where the last project is closed, nothing may settle at all any more.
            sa.or_(project.status != "CLOSED", project.area.in_(begun)),
        )
        .distinct()
        .order_by(project.area)
    )
    return [found.area for found in conn.execute(asked)]


def waiting_for_funds(conn: sa.Connection, district: str) -> list[Row]:
    """Return and lock the settlements with points that no budget has covered, oldest first."""
    row = t.settlements.c
    asked = (
        sa.select(t.settlements)
        .where(row.unfunded_points > 0, row.area.like(f"{district}%"))
        .order_by(row.period, row.area)
    )
    return records.rows(conn, store.lock(asked, conn))


def districts_that_wait(conn: sa.Connection) -> list[str]:
    """Return the districts with points that no budget has covered."""
    row = t.settlements.c
    district = sa.func.substr(row.area, 1, 6)
    asked = sa.select(district).where(row.unfunded_points > 0).distinct().order_by(district)
    return list(conn.execute(asked).scalars())
