"""Score, grade and gates: the reference for the formula that settlement runs in SQL (ruling 10)."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from fivered.chassis.calendar import Calendar
from fivered.services.credit.events import MonthRow

# Kinds of natural persons and their households: nothing is taken from them.
PERSONS: Final = ("RES", "HH")
NOT_RATED: Final = "NR"
# From the lowest up; NR is no grade and stands in no order.
GRADES: Final = ("D", "C", "B", "A", "AA", "AAA")


@dataclass(frozen=True, slots=True)
class Scale:
    """How gain and loss become a score, and a score a grade.

    Attributes:
        good_cap: Gain above this does not count; None is without limit.
        losses: Whether losses count at all. For persons they never do.
        thresholds: (least score, grade), highest first; the last one takes the rest.
        low_water: While eligible for commendation one stays so down to this score (ruling 9).
    """

    base: int
    floor: int
    ceiling: int
    good_cap: int | None
    losses: bool
    thresholds: tuple[tuple[int, str], ...]
    low_water: int


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of subject: its scale, whether it can spend points, and its gates for AAA."""

    scale: str
    spends: bool
    gates: tuple[str, ...] = ()


# B, C and D stand on the scale of persons only for later rules with a legal document: its floor
# is its base, so that no natural person can be graded below A (REQ-L01).
SCALES: Final = {
    "PERSON": Scale(
        base=1000,
        floor=1000,
        ceiling=1200,
        good_cap=None,
        losses=False,
        thresholds=((1050, "AAA"), (1030, "AA"), (960, "A"), (850, "B"), (600, "C"), (0, "D")),
        low_water=1025,
    ),
    "ORG": Scale(
        base=75,
        floor=0,
        ceiling=115,
        good_cap=40,
        losses=True,
        thresholds=((85, "AAA"), (80, "AA"), (70, "A"), (60, "B"), (40, "C"), (0, "D")),
        low_water=78,
    ),
    "DUTY": Scale(
        base=75,
        floor=0,
        ceiling=115,
        good_cap=40,
        losses=True,
        thresholds=((85, "AAA"), (80, "AA"), (70, "A"), (60, "B"), (40, "C"), (0, "D")),
        low_water=78,
    ),
}

TWO_AGREEMENTS: Final = "TWO_AGREEMENTS"
CROSS_APPOINTMENT: Final = "CROSS_APPOINTMENT"
NO_OVERDUE_RECTIFICATION: Final = "NO_OVERDUE_RECTIFICATION"
TEN_REDEMPTIONS: Final = "TEN_REDEMPTIONS"
ENOUGH_SERVICE: Final = "ENOUGH_SERVICE"
PROJECTS_AT_LEAST_B: Final = "PROJECTS_AT_LEAST_B"
VETO: Final = "VETO"

KINDS: Final = {
    "RES": Kind("PERSON", spends=True),
    "HH": Kind("PERSON", spends=True),
    "STW": Kind("DUTY", spends=True, gates=(ENOUGH_SERVICE,)),
    "PRJ": Kind(
        "ORG",
        spends=False,
        gates=(TWO_AGREEMENTS, CROSS_APPOINTMENT, NO_OVERDUE_RECTIFICATION),
    ),
    "PCO": Kind("ORG", spends=False, gates=(PROJECTS_AT_LEAST_B,)),
    "MER": Kind("ORG", spends=False),
    "PTN": Kind("ORG", spends=False, gates=(TEN_REDEMPTIONS,)),
    "UNT": Kind("ORG", spends=False),
}


@dataclass(frozen=True, slots=True)
class Measures:
    """The inputs of gates and of "not rated", as of the last day of the period.

    Only those of the subject's own kind are looked at. `active` is: the status of an organisation
    on the last day; that a project served in the month, which settles it for the last time if it
    was closed since; that a steward had an order, a visit or a shift; that a person consents.
    """

    active: bool = True
    agreements: int = 0
    p2c_active: bool = False
    c2p_active: bool = False
    overdue_rectifications: int = 0
    redeemed: int = 0
    orders: int = 0
    visits: int = 0
    visit_quota: int = 0
    projects_below_b: int = 0
    vetoed: bool = False


# The source whose rows say whether a kind is rated and which of its gates are missed.
GATE_SOURCE: Final = {"STW": "steward", "PRJ": "property", "PTN": "partner"}


# The formula changes with its release: months that were published by an earlier one are verified
# by it. 1: a steward who had left by the last day was not rated. 2: a person who served is. 3: so
# is a project that was closed or handed over within the month, as of its last day of service; and
# a company that has taken one over has time to sign agreements.
FORMULA: Final = 3
# So many days, with that of the hand-over, has a company to sign agreements of its own.
DAYS_TO_SIGN: Final = 60


def row_as_settled(row: MonthRow, formula: int = FORMULA) -> MonthRow:
    """Return a row of a month marker as rules and gates read it.

    All that property says of a project as of the last day, it says of one that was closed or handed
    over within the month as of `served_to`; on that day the project was in service. A project that
    did not serve in the month at all has no such day. A company that has taken a project over loses
    nothing for lack of agreements for 60 days (F19): how many it has on the last day of a month
    until then is not told to the rules. The gate for AAA asks for them all the same.

    Args:
        row: A row as it was told.
        formula: By which formula the month was published.
    """
    if formula < 3 or not row.get("served_to"):
        return row
    read = {**row, "in_service": True}
    if took_over := row.get("took_over"):
        has_had_it = date.fromisoformat(row["served_to"]) - date.fromisoformat(took_over)
        if has_had_it.days < DAYS_TO_SIGN:
            read["agreements_active_last_day"] = None
    return read


def measures_of(
    kind: str, row: MonthRow, *, vetoed: bool = False, formula: int = FORMULA
) -> Measures:
    """Return the inputs of the gates from the row of a month marker.

    What a row does not say never serves the subject: it counts as nothing.

    Args:
        kind: PRJ, STW or PTN; other kinds are not measured.
        row: A row of `projects`, `stewards` or `partners`.
        vetoed: Whether a veto is in force on the last day of the period.
        formula: By which formula the month was published.

    Raises:
        KeyError: The kind is not measured.
    """
    if kind == "PRJ":
        return Measures(
            active=bool(row_as_settled(row, formula).get("in_service", True)),
            agreements=row.get("agreements_active_last_day") or 0,
            p2c_active=bool(row.get("p2c_active_last_day")),
            c2p_active=bool(row.get("c2p_active_last_day")),
            overdue_rectifications=row.get("overdue_rectifications_open") or 0,
            vetoed=vetoed,
        )
    if kind == "STW":
        served = any(
            row.get(name) for name in ("orders", "visits", "proactive_closed", "attendance_full")
        )
        return Measures(
            active=bool(served and (formula > 1 or row.get("on_roster", True))),
            orders=row.get("orders") or 0,
            visits=row.get("visits") or 0,
            visit_quota=row.get("visit_quota") or 0,
            vetoed=vetoed,
        )
    if kind == "PTN":
        return Measures(
            active=bool(row.get("active", True)),
            redeemed=row.get("redeemed") or 0,
            vetoed=vetoed,
        )
    raise KeyError(kind)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a settlement says of a subject; score and raw grade are None and NR when not rated."""

    score: int | None
    raw_grade: str
    gates_failed: tuple[str, ...]
    grade: str


@functools.cache
def last_period(period: str, valid_periods: int) -> str:
    """Return the last period in which an award of `period` counts: it counts in P .. P+v-1."""
    return Calendar.next_period(period, valid_periods - 1)


def sums(scores: Iterable[tuple[int, bool]]) -> tuple[int, int]:
    """Return (G, B) of (score, is a correction) of the awards that count.

    A correction takes back what was once given: it lowers G and is never a deduction. That is how
    a resident's hours can be corrected although nobody deducts from residents.
    """
    gain = loss = 0
    for score, correction in scores:
        if score > 0 or correction:
            gain += score
        else:
            loss -= score
    return gain, loss


def score_of(kind: str, gain: int, loss: int) -> int:
    """Return the score of G and B.

    PERSON: clamp(1000 + G, 1000, 1200). ORG and DUTY: clamp(75 + min(40, G) - B, 0, 115).
    """
    scale = SCALES[KINDS[kind].scale]
    good = gain if scale.good_cap is None else min(scale.good_cap, gain)
    raw = scale.base + good - (loss if scale.losses else 0)
    return max(scale.floor, min(scale.ceiling, raw))


def grade_of(kind: str, score: int) -> str:
    """Return the grade of a score by plain thresholds (ruling 9)."""
    thresholds = SCALES[KINDS[kind].scale].thresholds
    return next((grade for least, grade in thresholds if score >= least), thresholds[-1][1])


def gates_failed(kind: str, measures: Measures) -> tuple[str, ...]:
    """Return the gates for AAA that the subject does not meet, in a fixed order."""
    met = {
        TWO_AGREEMENTS: measures.agreements >= 2,
        CROSS_APPOINTMENT: measures.p2c_active and measures.c2p_active,
        NO_OVERDUE_RECTIFICATION: measures.overdue_rectifications == 0,
        TEN_REDEMPTIONS: measures.redeemed >= 10,
        # 80 % of the quota, in whole numbers so that no rounding decides.
        ENOUGH_SERVICE: measures.orders >= 10
        or (measures.visit_quota > 0 and measures.visits * 100 >= measures.visit_quota * 80),
        PROJECTS_AT_LEAST_B: measures.projects_below_b == 0,
    }
    return tuple(gate for gate in KINDS[kind].gates if not met[gate])


def standing_of(kind: str, gain: int, loss: int, measures: Measures) -> Standing:
    """Return score, grade and gates of a subject in a period.

    Gates only lower: a missed gate caps AAA at AA and is recorded whatever the score is; an active
    veto gives D. A subject that is not active is NR, which no consumer may treat worse than A.
    """
    return standing_of_score(kind, score_of(kind, gain, loss), measures)


def standing_of_score(kind: str, score: int, measures: Measures) -> Standing:
    """Return the standing where the score is known already, as for a company."""
    if not measures.active:
        return Standing(None, NOT_RATED, (), NOT_RATED)
    raw = grade_of(kind, score)
    failed = gates_failed(kind, measures)
    grade = "AA" if raw == "AAA" and failed else raw
    # A natural person cannot be vetoed: no rule may take anything from a person.
    if measures.vetoed and SCALES[KINDS[kind].scale].losses:
        return Standing(score, raw, (*failed, VETO), "D")
    return Standing(score, raw, failed, grade)


def company_score(projects: Sequence[tuple[int, int]], own: int) -> int | None:
    """Return the score of a company, or None when no project of it is rated.

    Args:
        projects: (score, households) of its rated projects in the district.
        own: Sum of the company's own awards that count, signed.

    Returns:
        The half-up mean weighted by households plus `own`, clamped to the scale. Where no project
        has households, each weighs the same.
    """
    if not projects:
        return None
    weights = [households for _, households in projects]
    if not any(weights):
        weights = [1] * len(projects)
    total = sum(score * weight for (score, _), weight in zip(projects, weights, strict=True))
    bottom = sum(weights)
    scale = SCALES["ORG"]
    mean = (2 * total + bottom) // (2 * bottom)
    return max(scale.floor, min(scale.ceiling, mean + own))


def at_least(grade: str, least: str) -> bool:
    """Tell whether a grade is at least another. NR reaches nothing and is below nothing."""
    return grade in GRADES and GRADES.index(grade) >= GRADES.index(least)


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Whether the subject may be nominated, and whether it is warned that it will soon not be."""

    eligible: bool
    warned: bool


def eligibility(kind: str, months: Sequence[tuple[int | None, str]]) -> Eligibility:
    """Return the eligibility for commendation after the given finalised months (oldest first).

    One becomes eligible by AA or better in each of three months in a row. It is lost only below
    the low-water mark, or in a second month in a row below AA; the first such month warns
    (hysteresis, ruling 9).

    Args:
        kind: The kind of the subject.
        months: (score, grade) per finalised period; the score of an NR month is None.
    """
    low = SCALES[KINDS[kind].scale].low_water
    run, state = 0, Eligibility(eligible=False, warned=False)
    for score, grade in months:
        good = at_least(grade, "AA")
        run = run + 1 if good else 0
        if good:
            state = Eligibility(eligible=state.eligible or run >= 3, warned=False)
            continue
        graced = (
            state.eligible
            and not state.warned
            and score is not None
            and score >= low
            and at_least(grade, "A")
        )
        state = Eligibility(eligible=graced, warned=graced)
    return state
