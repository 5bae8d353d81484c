"""The month of a settlement: its timeline, and the digest of what it says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fivered.chassis.calendar import Calendar

NOTICE_WORKING_DAYS = 5
CLOSE_WORKING_DAYS = 20
NOTICE_DOWN_DAYS = 30
# Who reviews and confirms the month of an area, by the digits of its code.
REVIEWERS: dict[int, tuple[str, ...]] = {
    12: ("R_SECRETARY",),
    9: ("R_STREET",),
    6: ("R_DISTRICT",),
}
CONFIRMERS: dict[int, tuple[str, ...]] = {
    12: ("R_STREET",),
    9: ("R_DISTRICT",),
    6: ("R_DISTRICT", "R_DISTRICT_LEAD"),
}


@dataclass(frozen=True, slots=True)
class Timeline:
    """When each step of a settlement is due. All instants are UTC and exclusive ends.

    Attributes:
        cutoff: End of working day 2 of the next month; what occurred in the period and has
            arrived before it counts in the period.
        draft: Working day 3 begins; drafting follows when every marker has come.
        review: End of working day 4; review and confirmation are due before it.
        publish: Working day 5, 09:00 local.
    """

    period: str
    cutoff: datetime
    draft: datetime
    review: datetime
    publish: datetime


def timeline(calendar: Calendar, period: str, *, later_days: int = 0) -> Timeline:
    """Return the timeline of a period.

    Args:
        calendar: The working-day calendar.
        period: The month that is settled.
        later_days: Working days by which the batch runs later (the district batch: 1).
    """
    after = calendar.next_period(period)

    def day(n: int) -> datetime:
        return calendar.midnight(calendar.nth_working_day(after, n + later_days))

    return Timeline(
        period=period,
        cutoff=calendar.cutoff(period),
        draft=day(3),
        review=day(4) + timedelta(days=1),
        publish=day(5) + timedelta(hours=9),
    )


def publish_at(calendar: Calendar, planned: datetime, confirmed_at: datetime) -> datetime:
    """Return when a settlement is published: as planned, or at 09:00 of the first working day
    after a confirmation that came too late. Publication slips day by day and is never skipped."""
    if confirmed_at <= planned:
        return planned
    day = calendar.local_date(confirmed_at)
    if calendar.is_working_day(day) and confirmed_at <= calendar.at(day, 9):
        return calendar.at(day, 9)
    return calendar.at(calendar.next_working_day(day), 9)


def notice_ends(calendar: Calendar, published_at: datetime) -> datetime:
    """Return the midnight that ends the 5th working day after the day of publication."""
    return calendar.due(published_at, NOTICE_WORKING_DAYS)


def closes(calendar: Calendar, published_at: datetime) -> datetime:
    """Return the midnight that ends the 20th working day after the day of publication."""
    return calendar.due(published_at, CLOSE_WORKING_DAYS)


def notice_down(ends_at: datetime) -> datetime:
    """Return when a notice is taken down: 30 days after it has ended."""
    return ends_at + timedelta(days=NOTICE_DOWN_DAYS)


def award_period(calendar: Calendar, on_period: str, recorded: datetime) -> tuple[str, bool]:
    """Return (period of an award, whether it is LATE).

    It is the period of the deed if that was not yet cut off when the record arrived; otherwise the
    first period that was still open then.

    Args:
        calendar: The working-day calendar.
        on_period: The month in which the deed occurred.
        recorded: When the record arrived.
    """
    period = on_period
    while calendar.cutoff(period) <= recorded:
        period = calendar.next_period(period)
    return period, period != on_period


# --------------------------------------------------------------------------------------------------
# Digest


@dataclass(frozen=True, slots=True)
class AwardLine:
    """An award as the digest sees it: no id, and the local date of the deed ("YYYY-MM-DD")."""

    rule: str
    on: str
    score: int
    points: int


@dataclass(frozen=True, slots=True)
class EntryLine:
    """An entry of a settlement as the digest sees it."""

    subject: str
    gain: int
    loss: int
    score: int | None
    grade: str
    gates_failed: tuple[str, ...]
    awards: tuple[AwardLine, ...]


def entry_digest(entry: EntryLine) -> str:
    """Return the SHA-256 of one entry.

    Ids and times made at run time are left out and lists are sorted, so that two runs on the same
    log, on whatever database and in whatever order, give the same digest (ruling 2). An award that
    gives nothing is left out too: a running total that moved may leave one behind.
    """
    content = [
        entry.subject,
        entry.gain,
        entry.loss,
        entry.score,
        entry.grade,
        sorted(entry.gates_failed),
        sorted(
            [award.rule, award.on, award.score, award.points]
            for award in entry.awards
            if award.score or award.points
        ),
    ]
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def header(*, rules: str, period: str, community: str) -> str:
    """Return the line with which the digest of a settlement begins."""
    return f"{rules}|{period}|{community}\n"


class SettlementDigest:
    """The digest of a settlement, fed one entry at a time in the order of the subjects."""

    __slots__ = ("_hash", "_last")

    def __init__(self, *, rules: str, period: str, community: str) -> None:
        self._hash = hashlib.sha256(
            header(rules=rules, period=period, community=community).encode()
        )
        self._last = ""

    def add(self, subject: str, entry: str) -> None:
        """Add the digest of one entry.

        Raises:
            ValueError: Subjects are not strictly rising; the digest would depend on the order.
        """
        if subject <= self._last:
            raise ValueError(f"{subject} does not come after {self._last}")
        self._last = subject
        self._hash.update(f"{subject}:{entry}\n".encode())

    def value(self) -> str:
        """Return the digest of what was added so far."""
        return self._hash.hexdigest()


def settlement_digest(
    entries: Iterable[EntryLine], *, rules: str, period: str, community: str
) -> str:
    """Return the digest of a whole settlement; the order of `entries` does not matter."""
    digest = SettlementDigest(rules=rules, period=period, community=community)
    for entry in sorted(entries, key=lambda entry: entry.subject):
        digest.add(entry.subject, entry_digest(entry))
    return digest.value()
