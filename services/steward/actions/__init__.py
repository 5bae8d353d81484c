"""One function per command, timer or heard event: one transaction each."""

from services.steward.actions import (
    calendar,
    clocks,
    dispatch,
    endings,
    ground,
    handling,
    heard,
    merges,
    months,
    people,
    posts,
    ratings,
    records,
    reveals,
    standing,
    submission,
)

__all__ = [
    "calendar",
    "clocks",
    "dispatch",
    "endings",
    "ground",
    "handling",
    "heard",
    "merges",
    "months",
    "people",
    "posts",
    "ratings",
    "records",
    "reveals",
    "standing",
    "submission",
]
