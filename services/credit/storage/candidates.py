"""What is known of subjects when they are looked at for commendation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis.calendar import Calendar
from fivered.chassis.records import Row
from fivered.services.credit.rules import commendations as rules
from fivered.services.credit.rules import severity
from fivered.services.credit.storage import counting, honours, registry, repairs, voices
from fivered.services.credit.storage.in_force import InForce

# How many months back a record is read: more than hysteresis can remember.
RECORD_MONTHS = 24
# Kinds of whose commendation a natural person's name is part.
NAMED_PERSONS = ("RES", "HH", "STW")


def grounds_of(
    conn: sa.Connection,
    kind: str,
    subject_ids: Sequence[str],
    *,
    until: str,
    commendation_id: str | None,
    at: datetime,
    in_force: InForce,
) -> dict[str, tuple[str, ...]]:
    """Return what keeps each subject from being commended; empty where nothing does.

    Args:
        conn: The transaction.
        kind: The kind of all of them.
        subject_ids: Who is looked at.
        until: The last month whose final standing counts.
        commendation_id: Objections to nominees of this one count too.
        at: Now.
        in_force: The rule sets, which know how severe a deduction is.
    """
    period = Calendar.period(at)
    since = Calendar.next_period(until, 1 - RECORD_MONTHS)
    months = honours.months_of(conn, subject_ids, since=since, until=until)
    subjects = registry.subjects(conn, subject_ids)
    agree = willing(conn, kind, subjects)
    objected = _objected(conn, subjects, commendation_id, at)
    vetoed = counting.vetoed(conn, period, subject_ids)
    negative = _negative(conn, subject_ids, period, in_force)
    found = {}
    for subject_id in subject_ids:
        subject = subjects.get(subject_id)
        record = rules.Record(
            months=months.get(subject_id, {}),
            consents=subject_id in agree,
            objected=subject_id in objected,
            vetoed=subject_id in vetoed,
            negatives=subject_id in negative,
            open=subject is not None and subject.state == "ACTIVE" and subject.closed_at is None,
        )
        found[subject_id] = rules.grounds(kind, record, until)
    return found


def willing(conn: sa.Connection, kind: str, subjects: Mapping[str, Row]) -> set[str]:
    """Return who consents to be commended: natural persons by their own consent, a steward by
    that of the person; organisations need none."""
    if kind not in NAMED_PERSONS:
        return set(subjects)
    if kind != "STW":
        return registry.consented(conn, subjects, "COMMENDATION")
    own = {f"RES:{row.holder}": key for key, row in subjects.items() if row.holder}
    return {own[person] for person in registry.consented(conn, own, "COMMENDATION")}


def _objected(
    conn: sa.Connection, subjects: Mapping[str, Row], commendation_id: str | None, at: datetime
) -> set[str]:
    """Return about whom others object: what one says on one's own behalf holds nobody back."""
    found = set()
    for subject_id, persons in honours.objectors(conn, list(subjects), commendation_id).items():
        if any(not voices.speaks_for(conn, subject_id, person, at) for person in persons):
            found.add(subject_id)
    return found


def _negative(
    conn: sa.Connection, subject_ids: Sequence[str], period: str, in_force: InForce
) -> set[str]:
    """Return who has a negative item that is published and not repaired."""
    found = set()
    for award in repairs.negatives(conn, subject_ids, period):
        rule = in_force.rule_of(award)
        known = severity.SEVERITIES.get((rule.severity if rule is not None else None) or "")
        if known is not None and known.published:
            found.add(award.subject_id)
    return found
