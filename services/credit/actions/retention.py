"""What is deleted when its time is over: facts and the logs of months (REQ-L08).

Awards and their postings stay: they are the account of a person or organisation. What they were
computed from is kept until the last award of its month has expired, and for a while after that; a
month that something open still needs is kept whole. The notice keeps its digests for good, so a log
that somebody has exported can be verified later too.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from fivered.chassis.bus import Due, Job, Tx
from fivered.chassis.calendar import Calendar
from fivered.chassis.jobs import Params
from fivered.services.credit.storage import retention as store
from fivered.services.credit.storage.in_force import rules_in_force

# So many facts, or logs of areas, are deleted in one transaction.
FACTS = 5000
LOGS = 20


def next_run(now: datetime, calendar: Calendar) -> tuple[str, datetime]:
    """Return (ref, instant) of the next run: 02:30 local of the first day of a month."""
    period = calendar.period(now)
    at = _run_of(period)
    if at <= now:
        period = calendar.next_period(period)
        at = _run_of(period)
    return period, at


def _run_of(period: str) -> datetime:
    first = datetime.fromisoformat(period + "-01").date()
    return Calendar.midnight(first) + timedelta(hours=2, minutes=30)


def first_kept(tx: Tx) -> str:
    """Return the first month of which everything is kept: those before it lie behind the last
    month in which an award of them can count, and the months of the setting after that."""
    longest = 1
    for _, _, _, compiled in rules_in_force(tx.conn).everything():
        for rule in compiled.rule_set.rules:
            levels = [level.code for level in rule.levels]
            longest = max([longest, rule.valid(), *(rule.valid(code) for code in levels)])
    back = longest - 1 + max(0, tx.settings.keep_months)
    return Calendar.next_period(tx.calendar.period(tx.now), -back)


def on_due(tx: Tx, _due: Due) -> None:
    """Start a sweep where there is something to delete."""
    before, held = _bounds(tx)
    if store.month_of_facts(tx.conn, before, held) or store.old_logs(tx.conn, before, held, 1):
        tx.start_job("sweep", {})


def _bounds(tx: Tx) -> tuple[str, set[str]]:
    before = first_kept(tx)
    return before, store.held(tx.conn, before, tx.calendar.period(tx.now))


def run(job: Job) -> Params:
    """Delete in many small transactions."""
    return job.repeat({"facts": 0, "logs": 0}, _drop)


def _drop(tx: Tx, saved: Params) -> bool:
    """Delete some facts, or else some logs, and count them. Returns whether there were any."""
    before, held = _bounds(tx)
    saved |= {"before": before, "held": sorted(held)}
    month = store.month_of_facts(tx.conn, before, held)
    if month is not None:
        saved["facts"] += store.drop_facts(tx.conn, month, FACTS)
        return True
    found = store.old_logs(tx.conn, before, held, LOGS)
    store.drop_logs(tx.conn, found)
    saved["logs"] += len(found)
    return bool(found)
