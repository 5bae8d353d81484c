"""The month's marker: after our own cut-off and after all of steward's markers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from fivered.chassis.bus import Due, Event, Tx
from fivered.chassis.calendar import Calendar
from fivered.chassis.typed import converted
from fivered.services.property import events, rules
from fivered.services.property.storage import months
from fivered.services.property.storage.rows import Row, Values


def cut_off(tx: Tx, due: Due) -> None:
    """Our own cut-off of a month has come."""
    months.cut_off(tx.conn, due.ref, due.due_at)
    _publish_if_complete(tx, due.ref)


def consume_steward_months(tx: Tx, heard: list[Event]) -> None:
    """Keep steward's markers; with the last one of a month ours may go out."""
    for event in heard:
        data: events.StewardMonthHeard = event.data
        months.keep_steward_month(
            tx.conn,
            {
                "period": data.period,
                "partition": data.partition,
                "partitions": data.partitions,
                "projects": [asdict(project) for project in data.projects],
                "heard_at": tx.now,
            },
        )
    for period in sorted({event.data.period for event in heard}):
        _publish_if_complete(tx, period)


def _publish_if_complete(tx: Tx, period: str) -> None:
    state = months.month(tx.conn, period)
    if state.cutoff_at is None or state.said_at is not None:
        return
    markers = months.steward_month(tx.conn, period)
    if not markers or len(markers) < markers[0].partitions:
        return
    requests = {
        project["project_id"]: converted(project, events.ProjectRequests)
        for marker in markers
        for project in marker.projects
    }
    measured = _measure(tx, period, requests)
    months.freeze(tx.conn, [_frozen(tx, period, project) for project in measured])
    _publish(tx, period, measured)
    months.published(tx.conn, period, tx.now)


def _frozen(tx: Tx, period: str, project: events.ProjectMonth) -> Values:
    return {
        "project_id": project.project_id,
        "period": period,
        "area": project.community,
        "source": "MEASURED",
        "complaints": project.complaints_valid,
        "invalidated": 0,
        "households": project.households,
        "origin": None,
        "measured": msgspec.to_builtins(project),
        "sha256": rules.frozen_hash(
            project.project_id, period, project.complaints_valid, project.households
        ),
        "frozen_at": tx.now,
    }


def _publish(tx: Tx, period: str, measured: list[events.ProjectMonth]) -> None:
    """Say the marker once in every partition, with what belongs to its communities."""
    counts: dict[str, int] = dict.fromkeys(months.communities(tx.conn), 0)
    for project in measured:
        counts[project.community] += project.complaints_valid
    for partition in range(tx.partitions):
        tx.publish(
            events.MonthMeasured(
                period=period,
                partition=partition,
                partitions=tx.partitions,
                communities=[
                    events.CommunityMonth(community, count)
                    for community, count in sorted(counts.items())
                    if tx.partition_of(community) == partition
                ],
                projects=[
                    project
                    for project in measured
                    if tx.partition_of(project.community) == partition
                ],
            ),
            subject=period,
            scope="370811",
            sequence=1,
            partition=partition,
            occurred_at=tx.now,
            period=period,
        )


def _measure(
    tx: Tx, period: str, requests: dict[str, events.ProjectRequests]
) -> list[events.ProjectMonth]:
    """Measure every project as of the month's last day, whatever has happened since."""
    first, last = rules.days_of_period(period)
    begin, end = tx.calendar.month_bounds(period)
    gaps = months.gaps(tx.conn)
    agreements = months.agreement_spans(tx.conn)
    commitments = months.commitments_in(tx.conn, first, last)
    projects = months.all_projects(tx.conn, end)
    met = months.compounds_that_met(tx.conn, period, projects)
    overdue: dict[datetime, dict[str, int]] = {}
    windows = _Windows(tx, period)
    found = []
    for project in projects:
        project_id = project.project_id
        seen = requests.get(project_id) or events.ProjectRequests(project_id)  # nosec B113  # a dict
        served = _served(tx, project, first, last)
        # A project that was closed in the month stands as it did on its last day (DOMAIN 6 F19).
        closed = served is not None and served[1] < last
        until = served[1] if served is not None else last
        over = project.closed_at if closed else end
        if over not in overdue:
            overdue[over] = months.overdue_at(tx.conn, over)
        p2c = rules.presence(_spans(gaps[project_id, "P2C"]), period, until)
        c2p = rules.presence(_spans(gaps[project_id, "C2P"]), period, until)
        held = [agreement_span(tx, row) for row in agreements[project_id]]
        due, on_time = commitments.get(project_id, (0, 0))
        now, before = windows.of(project_id)
        compared = windows.known(project_id)
        found.append(
            events.ProjectMonth(
                project_id=project_id,
                company_id=project.company_id,
                community=project.area,
                in_service=_in_service(project, end),
                households=windows.households(project_id, period),
                requests=seen.requests,
                contacted_on_time=seen.contacted_on_time,
                due_resolutions=seen.due_resolutions,
                resolved_on_time=seen.resolved_on_time,
                rated=seen.rated,
                satisfied=seen.satisfied,
                complaints_valid=windows.complaints(project_id, period),
                rolling_complaints=now.complaints,
                rolling_complaints_before=before.complaints,
                rolling_households=now.mean,
                # As of a project that was not there.
                rolling_households_before=before.mean if compared else 0,
                rolling_households_twelfths=now.households if compared else None,
                rolling_households_before_twelfths=before.households if compared else None,
                p2c_active_last_day=p2c.active_last_day,
                c2p_active_last_day=c2p.active_last_day,
                p2c_gap_days=p2c.gap_days,
                c2p_gap_days=c2p.gap_days,
                # A project that came in the middle of the month was not there all of it.
                cross_full_month=p2c.full_month
                and c2p.full_month
                and project.created_at <= begin
                and not closed,
                agreements_active_last_day=rules.agreements_on(held, until),
                agreements_full_month=rules.agreements_all_month(held, period, until),
                commitments_due=due,
                commitments_on_time=on_time,
                tripartite_held=project_id in met,
                overdue_rectifications_open=overdue[over].get(project_id, 0),
                served_from=served[0] if served is not None else None,
                served_to=served[1] if served is not None else None,
                took_over=_took_over(tx, project),
            )
        )
    return found


def _served(tx: Tx, project: Row, first: date, last: date) -> tuple[date, date] | None:
    """Return the first and the last whole day of a month on which a project was in service; the
    day on which it was closed is none of them."""
    if project.in_service_from is None:
        return None
    since = max(first, tx.calendar.local_date(project.in_service_from))
    until = last
    if project.closed_at is not None:
        until = min(last, tx.calendar.local_date(project.closed_at) - timedelta(days=1))
    return (since, until) if since <= until else None


def _took_over(tx: Tx, project: Row) -> date | None:
    if project.predecessor_id is None or project.in_service_from is None:
        return None
    return tx.calendar.local_date(project.in_service_from)


def _in_service(project: Row, end: datetime) -> bool:
    """Tell whether a project was in service when the month ended."""
    since, closed = project.in_service_from, project.closed_at
    return since is not None and since < end and (closed is None or closed >= end)


def _spans(gaps: list[Row]) -> list[rules.Span]:
    return [rules.Span(gap.since, gap.until) for gap in gaps]


def agreement_span(tx: Tx, row: Row) -> rules.Agreed:
    """An agreement counts on a day at whose end it was in force."""
    over = row.ended_at
    return rules.Agreed(
        tx.calendar.local_date(row.active_from),
        tx.calendar.local_date(over) if over is not None else None,
        row.type,
    )


@dataclass(frozen=True, slots=True)
class _Window:
    """What twelve months come to: complaints, month-end counts of households, and their mean."""

    complaints: int
    households: int
    mean: int


class _Windows:
    """Complaints and households of every project over the two rolling windows of a month."""

    def __init__(self, tx: Tx, period: str) -> None:
        self.now = rules.months_between(Calendar.next_period(period, -11), period)
        self.before = rules.months_between(
            Calendar.next_period(period, -23), Calendar.next_period(period, -12)
        )
        begin, _ = tx.calendar.month_bounds(self.before[0])
        _, end = tx.calendar.month_bounds(period)
        self.live = months.live_complaints(tx.conn, begin=begin, end=end)
        self.frozen = months.frozen_months(tx.conn, first=self.before[0], last=period)
        self.steps: dict[str, list[tuple[Any, int]]] = defaultdict(list)
        self.steps.update(months.household_steps(tx.conn))

    def complaints(self, project_id: str, period: str) -> int:
        """The complaints of a month that count now."""
        frozen = self.frozen.get((project_id, period))
        count = self.live.get((project_id, period), 0)
        if frozen is not None and frozen.source == "IMPORTED":
            count += frozen.complaints - frozen.invalidated
        return count

    def households(self, project_id: str, period: str) -> int:
        """The households at the end of a month."""
        frozen = self.frozen.get((project_id, period))
        if frozen is not None:
            return int(frozen.households)
        _, last = rules.days_of_period(period)
        return months.households_on(self.steps[project_id], last)

    def of(self, project_id: str) -> tuple[_Window, _Window]:
        """What the twelve months come to, and the twelve before."""
        return self._sum(project_id, self.now), self._sum(project_id, self.before)

    def known(self, project_id: str) -> bool:
        """Tell whether the households of every month are known, so that the two can be compared."""
        return all(self.households(project_id, month) for month in self.now + self.before)

    def _sum(self, project_id: str, periods: list[str]) -> _Window:
        counts = [self.households(project_id, period) for period in periods]
        return _Window(
            complaints=sum(self.complaints(project_id, period) for period in periods),
            households=sum(counts),
            mean=rules.half_up(rules.average(counts)),
        )
