"""The rules: pure; no clock, chance, database or broker."""

from fivered.services.steward.rules import (
    access,
    areas,
    codes,
    dwellings,
    hours,
    identity,
    pinyin,
    rates,
    requests,
    routing,
    words,
)

__all__ = [
    "access",
    "areas",
    "codes",
    "dwellings",
    "hours",
    "identity",
    "pinyin",
    "rates",
    "requests",
    "routing",
    "words",
]
