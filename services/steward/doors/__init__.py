"""Commands and queries, one file per matter; `doors` of each are rows of the way in."""

from fivered.services.steward.doors import (
    activities,
    affected,
    escalations,
    ground,
    intake,
    messages,
    own_data,
    records,
    requests,
    return_visits,
    scores,
    standards,
    stewards,
    templates,
    visits,
)

__all__ = [
    "activities",
    "affected",
    "escalations",
    "ground",
    "intake",
    "messages",
    "own_data",
    "records",
    "requests",
    "return_visits",
    "scores",
    "standards",
    "stewards",
    "templates",
    "visits",
]
