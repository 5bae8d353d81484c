"""The tables and the only SQL of the forum service."""

from fivered.services.forum.storage import (
    agenda,
    attendance,
    escalations,
    heard,
    identities,
    invitations,
    liaison,
    messages,
    months,
    opinions,
    rows,
    sessions,
    supervisions,
    tables,
    tasks,
    topics,
    votes,
)
from fivered.services.forum.storage.tables import chassis, metadata

__all__ = [
    "agenda",
    "attendance",
    "chassis",
    "escalations",
    "heard",
    "identities",
    "invitations",
    "liaison",
    "messages",
    "metadata",
    "months",
    "opinions",
    "rows",
    "sessions",
    "supervisions",
    "tables",
    "tasks",
    "topics",
    "votes",
]
