"""One function per command, timer or heard event: one transaction each."""

from services.steward.actions import (
    calendar,
    cases,
    clocks,
    ground,
    heard,
    merges,
    months,
    people,
    posts,
    records,
    reveals,
    standing,
)

__all__ = [
    "calendar",
    "cases",
    "clocks",
    "ground",
    "heard",
    "merges",
    "months",
    "people",
    "posts",
    "records",
    "reveals",
    "standing",
]
