"""Questions that the forum answers; reads only."""

from fivered.services.forum.views import (
    cards,
    escalations,
    invitations,
    liaison,
    messages,
    months,
    opinions,
    sessions,
    supervisions,
    tasks,
    topics,
    votes,
    waiting,
)

__all__ = [
    "cards",
    "escalations",
    "invitations",
    "liaison",
    "messages",
    "months",
    "opinions",
    "sessions",
    "supervisions",
    "tasks",
    "topics",
    "votes",
    "waiting",
]
