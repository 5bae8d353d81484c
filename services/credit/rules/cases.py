"""Worked cases that a rule brings along: what is given, and what the rule makes of it.

They stand in the rule document beside the article's text, are read by the public with it, and are
computed by the same functions as live awards. A rule set that does not give what its own cases say
is refused when it is loaded, so that text, parameters and code cannot drift apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from fivered.chassis.calendar import Calendar
from fivered.services.credit.rules import awards, hours
from fivered.services.credit.rules.model import Case, Rule

_SUBJECT = "CASE"


def outcome(compiled: awards.Compiled, rule: Rule, case: Case) -> tuple[int, int]:
    """Return (score, points) that a rule gives for the facts of a case, after its own caps.

    All awards of the case are summed up, no matter for whom; everybody has consented, and
    nothing came before.
    """
    fired = list(_fired(compiled, rule, case))
    if rule.tiers is not None:
        return _hours(rule, fired)
    windows: dict[tuple[str, str], list[awards.Counted]] = defaultdict(list)
    for one in fired:
        window = ""
        # A measured rule counts its units under its cap itself.
        if rule.cap is not None and rule.metric is None:
            window = awards.window(rule.cap.per, one.on, one.deed)
        counted = awards.Counted(one.occurred_at, one.event_id, one.score, one.points)
        windows[one.subject, window].append(counted)
    cap = rule.cap if rule.metric is None else None
    left = [kept for members in windows.values() for kept in awards.apply_cap(cap, members)]
    return sum(kept.score for kept in left), sum(kept.points for kept in left)


def _fired(compiled: awards.Compiled, rule: Rule, case: Case) -> Iterator[awards.Fired]:
    for number, given in enumerate(case.given):
        name = f"{number:04d}"
        if not rule.bindings and rule.metric is None:
            yield awards.by_hand(
                rule,
                f"{rule.kind}:{_SUBJECT}",
                evidence_ref=given.deed or name,
                occurred_at=given.at or _end(given.period),
                level=given.level,
            )
            continue
        data = given.data
        if rule.metric is not None:
            data = {"period": given.period, rule.metric.rows: [given.data]}
        event = awards.Event(
            id=name,
            type=given.event or event_of(rule),
            occurred_at=given.at or _end(given.period),
            data=data,
            period=given.period,
        )
        for one in compiled.fires(event):
            if one.rule.code == rule.code:
                yield one


def event_of(rule: Rule) -> str:
    """Return the event type to which a rule is bound, or nothing where it is not just one."""
    found = {bound.event for bound in rule.bindings}
    if rule.metric is not None:
        found.add(rule.metric.event)
    return found.pop() if len(found) == 1 else ""


def _end(period: str) -> datetime:
    # As a draft does: a band belongs to the last millisecond of the month that it measures.
    following = date.fromisoformat(Calendar.next_period(period) + "-01")
    return Calendar.midnight(following) - timedelta(milliseconds=1)


def _hours(rule: Rule, fired: list[awards.Fired]) -> tuple[int, int]:
    by_subject: dict[str, list[hours.Hours]] = defaultdict(list)
    for one in fired:
        by_subject[one.subject].append(
            hours.Hours(
                event_id=one.event_id,
                record_id=one.deed or one.event_id,
                occurred_at=one.occurred_at,
                on=one.on,
                minutes=max(0, int(one.facts.get("minutes") or 0)),
                source=str(one.facts.get("source") or ""),
                period=Calendar.period(one.occurred_at),
                paid=True,
            )
        )
    score = points = 0
    for subject, facts in by_subject.items():
        for found in hours.hours_awards(rule, subject, facts):
            score += found.score + sum(part.score for part in found.slices)
            points += found.points + sum(part.points for part in found.slices)
    return score, points
