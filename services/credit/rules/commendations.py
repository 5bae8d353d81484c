"""Who may be commended, what keeps somebody back, and which rule rewards it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fivered.chassis.calendar import Calendar
from fivered.services.credit.rules import standing

NOTICE_WORKING_DAYS: Final = 5
LEAST_REVIEW: Final = 10
FORMS: Final = ("NOTICE", "STAR", "FORMAL")
# Level -> digits of the area that commends at it.
LEVELS: Final = {"COMMUNITY": 12, "STREET": 9, "DISTRICT": 6}
# Who approves and grants at a level.
APPROVERS: Final = {
    "COMMUNITY": ("R_STREET", "R_STREET_LEAD"),
    "STREET": ("R_STREET_LEAD", "R_DISTRICT"),
    "DISTRICT": ("R_DISTRICT_LEAD",),
}
RULES: Final = {
    "RES": "R-RES-13",
    "HH": "R-HH-05",
    "PRJ": "R-PRJ-19",
    "STW": "R-STW-10",
    "MER": "R-MER-09",
}

OPEN_OBJECTION: Final = "OPEN_OBJECTION"
NOT_ELIGIBLE: Final = "NOT_ELIGIBLE"
NO_CONSENT: Final = "NO_CONSENT"
VETO: Final = "VETO"
NEGATIVE_ITEM: Final = "NEGATIVE_ITEM"
CLOSED: Final = "CLOSED"
OBJECTION_UPHELD: Final = "OBJECTION_UPHELD"
# What may pass by itself holds a nominee back; everything else drops the nominee.
HOLDING: Final = frozenset({OPEN_OBJECTION})


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a subject when it is looked at for commendation.

    Attributes:
        months: period -> (score, grade) of its final months.
        consents: Whether the person consents to commendation; organisations need none.
        objected: An objection about it is open.
        vetoed: A veto stands.
        negatives: It has a published negative item that is not repaired.
        open: It still takes part.
    """

    months: Mapping[str, tuple[int | None, str]]
    consents: bool = True
    objected: bool = False
    vetoed: bool = False
    negatives: bool = False
    open: bool = True


def run_of(
    months: Mapping[str, tuple[int | None, str]], until: str
) -> list[tuple[int | None, str]]:
    """Return the months up to `until`, oldest first; a month that is missing is not rated."""
    known = sorted(period for period in months if period <= until)
    if not known:
        return []
    found = []
    period = known[0]
    while period <= known[-1]:
        found.append(months.get(period, (None, standing.NOT_RATED)))
        period = Calendar.next_period(period)
    return found


def grounds(kind: str, record: Record, until: str) -> tuple[str, ...]:
    """Return what keeps a subject from being commended, in a fixed order; empty is eligible."""
    run: Sequence[tuple[int | None, str]] = run_of(record.months, until)
    checks = (
        (CLOSED, not record.open),
        (NO_CONSENT, not record.consents),
        (NOT_ELIGIBLE, not standing.eligibility(kind, run).eligible),
        (VETO, record.vetoed),
        (NEGATIVE_ITEM, record.negatives),
        (OPEN_OBJECTION, record.objected),
    )
    return tuple(name for name, holds in checks if holds)


def state_of(found: Sequence[str]) -> str:
    """Return the state of a nominee with these grounds: held, not dropped, while all may pass."""
    if not found:
        return "ELIGIBLE"
    return "HELD" if set(found) <= HOLDING else "DISQUALIFIED"
