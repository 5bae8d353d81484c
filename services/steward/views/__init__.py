"""Questions answered; reads only."""

from fivered.services.steward.views import (
    calendar,
    cases,
    codes,
    corrections,
    erasures,
    finding,
    ground,
    incidents,
    opened,
    people,
    places,
    posts,
    records,
    rota,
    waiting,
)

__all__ = [
    "calendar",
    "cases",
    "codes",
    "corrections",
    "erasures",
    "finding",
    "ground",
    "incidents",
    "opened",
    "people",
    "places",
    "posts",
    "records",
    "rota",
    "waiting",
]
