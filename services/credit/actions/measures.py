"""What the measures of a month give: awards that nobody proposes."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from fivered.chassis.calendar import Calendar
from fivered.services.credit.actions import amounts
from fivered.services.credit.rules import awards as award_rules
from fivered.services.credit.rules import standing
from fivered.services.credit.rules.award import Award, Decides
from fivered.services.credit.storage import awards as award_store
from fivered.services.credit.storage import months as month_store
from fivered.services.credit.storage.in_force import rules_in_force

if TYPE_CHECKING:
    from fivered.chassis.bus import Tx
    from fivered.chassis.records import Row


def give(tx: Tx, period: str, area: str, end: datetime) -> None:
    """Give what the month's measures give, or change what an earlier draft gave."""
    found = rules_in_force(tx.conn).on(last_day(end))
    rows = month_store.measures_of(tx.conn, period, area, end)
    if found is None or not rows:
        return
    code, compiled = found
    groups: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.source, row.fact, str(row.event_id)].append(row)
    wanted: list[Award] = []
    for (source, fact, event_id), members in sorted(groups.items()):
        measured: dict[str, list[object]] = defaultdict(list)
        for member in members:
            measured[member.rows].append(standing.row_as_settled(member.data))
        event = award_rules.Event(
            id=event_id,
            type=f"{source}.{fact}",
            # The last millisecond of the month: a band belongs to the month that it measures.
            occurred_at=end - timedelta(milliseconds=1),
            data={"period": period, **measured},
            period=period,
        )
        known = {member.subject_id: member for member in members}
        wanted += [
            _award(
                fired,
                code=code,
                source=source,
                fact=fact,
                period=period,
                area=area,
                data=known[fired.subject].data,
            )
            for fired in compiled.fires(event)
            if fired.subject in known
        ]
    facts = sorted({row.fact for row in rows})
    stored = award_store.measured_of(tx.conn, period, [row.subject_id for row in rows], facts)
    new = [award for award in wanted if award.award_id not in stored]
    added = award_store.add(tx.conn, new)
    amounts.post_new(tx, [award for award in new if award.award_id in added])
    changed = []
    now = {award.award_id: (award.score, award.points) for award in wanted}
    for award_id, award in stored.items():
        score, points = now.get(award_id, (0, 0))
        if not amounts.amended(award) and (award.score, award.points) != (score, points):
            changed.append(amounts.Change(award, score, points, capped=False))
    amounts.adjust_read(tx, changed)


def last_day(end: datetime) -> date:
    """Return the last day of the month that ends then."""
    return Calendar.local_date(end - timedelta(seconds=1))


def _award(
    fired: award_rules.Fired,
    *,
    code: str,
    source: str,
    fact: str,
    period: str,
    area: str,
    data: object,
) -> Award:
    deduction = fired.score < 0
    decides: Decides = "SETTLEMENT" if deduction else "NOBODY"
    return Award(
        award_id=fired.award_id,
        subject_id=fired.subject,
        kind=fired.rule.kind,
        rule_set=code,
        rule_code=fired.rule.code,
        source=source,
        fact=fact,
        event_id=fired.event_id,
        occurred_at=fired.occurred_at,
        day=fired.on,
        period=period,
        to_period=standing.last_period(period, fired.valid_periods),
        score=fired.score,
        points=fired.points,
        deduction=deduction,
        decides=decides,
        inputs={
            "value": str(fired.value) if fired.value is not None else None,
            "measured": data,
        },
        area=area,
        proposed_at=fired.occurred_at,
        decided_at=None if deduction else fired.occurred_at,
    )
