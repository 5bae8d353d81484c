"""The rules: pure; no clock, chance, database or broker."""

from fivered.services.steward.rules import (
    access,
    areas,
    codes,
    dwellings,
    hours,
    identity,
    incidents,
    opened,
    pinyin,
    places,
    rates,
    requests,
    routing,
    shapes,
    words,
)

__all__ = [
    "access",
    "areas",
    "codes",
    "dwellings",
    "hours",
    "identity",
    "incidents",
    "opened",
    "pinyin",
    "places",
    "rates",
    "requests",
    "routing",
    "shapes",
    "words",
]
