"""Questions that the forum answers; reads only."""

from services.forum.views import (
    cards,
    escalations,
    liaison,
    messages,
    months,
    opinions,
    sessions,
    tasks,
    topics,
    votes,
)

__all__ = [
    "cards",
    "escalations",
    "liaison",
    "messages",
    "months",
    "opinions",
    "sessions",
    "tasks",
    "topics",
    "votes",
]
