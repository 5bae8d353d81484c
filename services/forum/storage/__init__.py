"""The tables and the only SQL of the forum service."""

from services.forum.storage import (
    escalations,
    heard,
    liaison,
    messages,
    months,
    opinions,
    rows,
    sessions,
    tables,
    tasks,
    topics,
)
from services.forum.storage.tables import chassis, metadata

__all__ = [
    "chassis",
    "escalations",
    "heard",
    "liaison",
    "messages",
    "metadata",
    "months",
    "opinions",
    "rows",
    "sessions",
    "tables",
    "tasks",
    "topics",
]
