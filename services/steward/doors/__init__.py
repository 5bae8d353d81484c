"""Commands and queries, one file per matter; `doors` of each are rows of the way in."""

from fivered.services.steward.doors import (
    escalations,
    ground,
    intake,
    own_data,
    records,
    requests,
    stewards,
    visits,
)

__all__ = [
    "escalations",
    "ground",
    "intake",
    "own_data",
    "records",
    "requests",
    "stewards",
    "visits",
]
