"""Commands and queries, one file per matter; `doors` of each are rows of the way in."""

from fivered.services.steward.doors import (
    affected,
    escalations,
    ground,
    intake,
    messages,
    own_data,
    records,
    requests,
    stewards,
    visits,
)

__all__ = [
    "affected",
    "escalations",
    "ground",
    "intake",
    "messages",
    "own_data",
    "records",
    "requests",
    "stewards",
    "visits",
]
