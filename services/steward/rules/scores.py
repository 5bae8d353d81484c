"""The score of a steward's month: fair to who has few cases, and told with how it comes about.

A full-time steward is measured by the ratings of cases; a part-time one by what that person has in
hand alone, acceptance in time: how long a utility takes is its employer's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

# Below so many cases nothing is said; as so many cases of the grid's mean everybody begins; what
# stands where a grid has none at all.
LEAST, PRIOR_CASES, NEUTRAL = 5, 10, Fraction(75)
WEIGHTS = {"P1": 3, "P2": 2}
LATE = Fraction(8, 10)
# So many ratings of one household count in a month.
OF_ONE_HOUSEHOLD = 3
# Of so many ratings, all of five stars, so large a part by two households is looked into.
SUSPECT_RATINGS, SUSPECT_HOUSEHOLDS, SUSPECT_SHARE = 5, 2, Fraction(6, 10)
NOT_COUNTED = ("PENDING", "STREET", "NOT_UPHELD")


@dataclass(frozen=True, slots=True)
class RatedCase:
    """A case that its reporter has rated.

    Attributes:
        handler: The steward.
        grid: Where it lies.
        household: Whose rating it is.
        stars: 1 to 5.
        priority: P1 to P4.
        late: Whether it was resolved after its time.
        review: What came of looking into a bad rating, if it was.
    """

    handler: str
    grid: str
    household: str
    stars: int
    priority: str
    late: bool
    review: str | None

    @property
    def weight(self) -> int:
        """How much it counts: what is urgent counts more."""
        return WEIGHTS.get(self.priority, 1)

    @property
    def value(self) -> Fraction:
        """0 to 100: the stars, and four fifths of them where it was late."""
        plain = Fraction(25 * (self.stars - 1))
        return plain * LATE if self.late else plain


@dataclass(frozen=True, slots=True)
class Score:
    """A score and what it is made of.

    Attributes:
        score: 0 to 100 with a decimal, or None where there are too few cases.
        cases: How many count.
        left_out: How many do not: looked into, found unjust, or too many of one household.
        weight: The sum of the weights of those that count.
        own_mean: Their mean, or None where there are none.
        prior: The mean towards which it is drawn.
        suspect: Whether the ratings come from few and are all the best.
    """

    score: Fraction | None
    cases: int
    left_out: int
    weight: int
    own_mean: Fraction | None
    prior: Fraction
    suspect: bool


def points(value: Fraction | None) -> str | None:
    """Return a score as it is told: with one decimal."""
    return None if value is None else f"{round(value * 10) / 10:.1f}"


def counted(cases: Sequence[RatedCase]) -> list[RatedCase]:
    """Return the cases that count, in their order."""
    of_household: Counter[tuple[str, str]] = Counter()
    found = []
    for one in cases:
        if one.review in NOT_COUNTED:
            continue
        key = (one.handler, one.household)
        of_household[key] += 1
        if of_household[key] <= OF_ONE_HOUSEHOLD:
            found.append(one)
    return found


def mean(cases: Sequence[RatedCase]) -> Fraction | None:
    """Return the weighted mean of some cases, or None of none."""
    weight = sum(one.weight for one in cases)
    return sum((one.value * one.weight for one in cases), Fraction()) / weight if cases else None


def drawn(own: Fraction | None, weight: int, prior: Fraction) -> Fraction:
    """Return a mean drawn towards another one, as if that stood for ten cases."""
    return ((own or 0) * weight + prior * PRIOR_CASES) / (weight + PRIOR_CASES)


def of_cases(cases: Sequence[RatedCase], prior: Fraction | None) -> Score:
    """Return the score of a full-time steward by the cases of a month, oldest first."""
    kept, before = counted(cases), prior if prior is not None else NEUTRAL
    own, weight = mean(kept), sum(one.weight for one in kept)
    return Score(
        score=drawn(own, weight, before) if len(kept) >= LEAST else None,
        cases=len(kept),
        left_out=len(cases) - len(kept),
        weight=weight,
        own_mean=own,
        prior=before,
        suspect=is_suspect(cases),
    )


def of_orders(orders: int, on_time: int, prior: Fraction | None) -> Score:
    """Return the score of a part-time steward by the orders of a month and those accepted in
    time."""
    before = prior if prior is not None else NEUTRAL
    own = Fraction(100 * on_time, orders) if orders else None
    return Score(
        score=drawn(own, orders, before) if orders >= LEAST else None,
        cases=orders,
        left_out=0,
        weight=orders,
        own_mean=own,
        prior=before,
        suspect=False,
    )


def is_suspect(cases: Sequence[RatedCase]) -> bool:
    """Tell whether all ratings are the best and most come from the same few households."""
    if len(cases) < SUSPECT_RATINGS or any(one.stars < 5 for one in cases):
        return False
    few = Counter(one.household for one in cases).most_common(SUSPECT_HOUSEHOLDS)
    return Fraction(sum(count for _, count in few), len(cases)) >= SUSPECT_SHARE
