"""Questions answered; reads only."""

from fivered.services.steward.views import (
    calendar,
    cases,
    corrections,
    erasures,
    finding,
    ground,
    people,
    posts,
    records,
    waiting,
)

__all__ = [
    "calendar",
    "cases",
    "corrections",
    "erasures",
    "finding",
    "ground",
    "people",
    "posts",
    "records",
    "waiting",
]
