"""Numbers as people read them: shares in per cent, decimals, money. Exact and pure; half goes up.

Source:
    DOMAIN 0.2 (rounding).
"""

from __future__ import annotations

from fractions import Fraction


def ratio(part: int, whole: int) -> Fraction | None:
    """Return part / whole, or None where nothing was counted: never 0 and never 100 %."""
    return Fraction(part, whole) if whole else None


def percent(value: Fraction | None) -> str | None:
    """Return a ratio in per cent with two decimals; None where there is none."""
    return decimal(value * 100) if value is not None else None


def decimal(value: Fraction | None, places: int = 2) -> str | None:
    """Return a number with so many decimals (at least one); None where there is none."""
    return _written(value, places) if value is not None else None


def yuan(fen: int) -> str:
    """Return an amount of money, kept in fen, as people write it: 12.50."""
    return _written(Fraction(fen, 100), 2)


def _written(value: Fraction, places: int) -> str:
    unit = 10**places
    # Whole-number arithmetic, so that a half is a half.
    whole = (abs(value.numerator) * unit * 2 + value.denominator) // (value.denominator * 2)
    sign = "-" if value < 0 and whole else ""
    return f"{sign}{whole // unit}.{whole % unit:0{places}d}"
