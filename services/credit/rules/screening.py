"""What a week's hours give reason to look at: flags for people, never deductions (DOMAIN 4.3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

What = Literal["OVER_DAY", "ONE_CONFIRMER"]
OVER_DAY: Final = "OVER_DAY"
ONE_CONFIRMER: Final = "ONE_CONFIRMER"
# One record of one helper is always wholly confirmed by one person: below this it says nothing.
LEAST_RECORDS: Final = 4


@dataclass(frozen=True, slots=True)
class Record:
    """A record of minutes as it stands now.

    Attributes:
        confirmed_by: Who confirmed it; None where it was no person.
        most: What of one day counts at most.
    """

    subject: str
    record_id: str
    day: date
    minutes: int
    confirmed_by: str | None
    most: int


@dataclass(frozen=True, slots=True)
class Flag:
    """Something to look at.

    Attributes:
        of: The minutes that it is measured against: what counts of a day, or all of the subject.
    """

    what: What
    subject: str
    minutes: int
    of: int
    records: tuple[str, ...]
    day: date | None = None
    confirmed_by: str | None = None


def over_day(records: Iterable[Record]) -> list[Flag]:
    """Return who has more in one day than counts of it."""
    days: dict[tuple[str, date], list[Record]] = defaultdict(list)
    for record in records:
        days[record.subject, record.day].append(record)
    return [
        Flag(OVER_DAY, subject, total, members[0].most, _ids(members), day=day)
        for (subject, day), members in sorted(days.items())
        if (total := sum(record.minutes for record in members)) > members[0].most
    ]


def one_confirmer(records: Iterable[Record]) -> list[Flag]:
    """Return whose minutes were, for more than half, confirmed by one and the same person."""
    subjects: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if record.minutes:
            subjects[record.subject].append(record)
    found = []
    for subject, members in sorted(subjects.items()):
        whole = sum(record.minutes for record in members)
        by: dict[str, list[Record]] = defaultdict(list)
        for record in members:
            if record.confirmed_by:
                by[record.confirmed_by].append(record)
        for person, own in sorted(by.items()):
            part = sum(record.minutes for record in own)
            if len(members) >= LEAST_RECORDS and 2 * part > whole:
                flag = Flag(ONE_CONFIRMER, subject, part, whole, _ids(own), confirmed_by=person)
                found.append(flag)
    return found


def _ids(members: Iterable[Record]) -> tuple[str, ...]:
    return tuple(sorted(record.record_id for record in members))
