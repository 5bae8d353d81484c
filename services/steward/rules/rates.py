"""The three rates, exactly (DOMAIN 5, E15)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

WEIGHTS = (Fraction(2, 10), Fraction(4, 10), Fraction(4, 10))


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted in a window."""

    contacts_due: int
    contacted_on_time: int
    rated: int
    solved: int
    satisfied: int
    closed: int


def ratio(part: int, whole: int) -> Fraction | None:
    """Return part / whole, or None where nothing was counted: never 0 and never 100 %."""
    return Fraction(part, whole) if whole else None


def percent(value: Fraction | None) -> str | None:
    """Show a rate in percent with two decimals, rounded half up."""
    if value is None:
        return None
    hundredths = (abs(value) * 10000 + Fraction(1, 2)).__floor__()
    sign = "-" if value < 0 and hundredths else ""
    return f"{sign}{hundredths // 100}.{hundredths % 100:02d}"


def composite(
    response: Fraction | None, resolution: Fraction | None, satisfaction: Fraction | None
) -> Fraction | None:
    """Return the weighted sum of the three rates; unknown while one of them is."""
    if response is None or resolution is None or satisfaction is None:
        return None
    return response * WEIGHTS[0] + resolution * WEIGHTS[1] + satisfaction * WEIGHTS[2]


def three_rates(counts: Counts) -> dict[str, Fraction | None]:
    """Return M-03, M-04, M-06, M-07 and the coverage of ratings."""
    response = ratio(counts.contacted_on_time, counts.contacts_due)
    resolution = ratio(counts.solved, counts.rated)
    satisfaction = ratio(counts.satisfied, counts.rated)
    return {
        "M-03": response,
        "M-04": resolution,
        "M-06": satisfaction,
        "M-07": composite(response, resolution, satisfaction),
        "coverage": ratio(counts.rated, counts.closed),
    }
