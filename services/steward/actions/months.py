"""The month's marker: what a month counted, said once per partition at its cut-off."""

from __future__ import annotations

from datetime import date

from fivered.chassis.bus import Due, Tx
from fivered.services.steward import events, rules, storage


def cut_off(tx: Tx, due: Due) -> None:
    """Say the markers of a month (ARCHITECTURE, ruling 1).

    Every known community stands in exactly one partition, zeros included. What this service says
    about the month later lies behind the marker and is late.
    """
    period = due.ref
    communities = _communities(tx, period)
    _settle_scores(tx, period)
    stewards = storage.months.steward_months(tx.conn, tx.calendar, period, tx.now)
    projects = _projects(tx, period)
    for partition in range(tx.partitions):

        def mine(
            row: events.CommunityMonth | events.StewardMonth | events.ProjectMonth,
            number: int = partition,
        ) -> bool:
            return tx.partition_of(row.community) == number

        tx.publish(
            events.MonthMeasured(
                period=period,
                partition=partition,
                partitions=tx.partitions,
                communities=[row for row in communities if mine(row)],
                stewards=[row for row in stewards if mine(row)],
                projects=[row for row in projects if mine(row)],
            ),
            subject=period,
            scope=rules.areas.DISTRICT,
            sequence=1,
            partition=partition,
            occurred_at=tx.now,
            period=period,
        )


def _settle_scores(tx: Tx, period: str) -> None:
    """Keep the scores of the month: what is rated later changes no month that was told."""
    start, end = tx.calendar.month_bounds(period)
    orders = storage.months.orders(tx.conn, start, end, tx.now)
    for community in storage.ground.communities(tx.conn):
        months = storage.scores.measured(tx.conn, community, start, end, orders)
        storage.scores.settle(tx.conn, period, community, months, tx.now)


def _communities(tx: Tx, period: str) -> list[events.CommunityMonth]:
    start, end = tx.calendar.month_bounds(period)
    submitted = storage.months.submitted(tx.conn, start, end)
    rated = storage.months.rated(tx.conn, start, end)
    first = date.fromisoformat(period + "-01")
    after = date.fromisoformat(tx.calendar.next_period(period) + "-01")
    minutes = storage.months.volunteered(tx.conn, first, after)
    return [
        events.CommunityMonth(
            code, submitted.get(code, 0), rated.get(code, 0), minutes.get(code, 0)
        )
        for code in storage.ground.communities(tx.conn)
    ]


def _projects(tx: Tx, period: str) -> list[events.ProjectMonth]:
    start, end = tx.calendar.month_bounds(period)
    contacts = storage.months.project_clocks(tx.conn, "CONTACT", start, end, tx.now)
    resolutions = storage.months.project_clocks(tx.conn, "RESOLVE", start, end, tx.now)
    ratings = storage.months.project_ratings(tx.conn, start, end)
    found = []
    for row in storage.months.all_projects(tx.conn):
        requests, contacted = contacts.get(row.project_id, (0, 0))
        due, resolved = resolutions.get(row.project_id, (0, 0))
        rated, satisfied = ratings.get(row.project_id, (0, 0))
        found.append(
            events.ProjectMonth(
                project_id=row.project_id,
                community=row.area,
                requests=requests,
                contacted_on_time=contacted,
                due_resolutions=due,
                resolved_on_time=resolved,
                rated=rated,
                satisfied=satisfied,
            )
        )
    return found
