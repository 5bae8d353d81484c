"""Messages to persons."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from fivered.chassis import records
from fivered.services.forum.storage.rows import part_of
from fivered.services.forum.storage.tables import messages


def message_page(conn: Connection, part: records.PartOfList, person_id: str) -> records.Page:
    """Return a person's messages, newest first."""
    return part_of(conn, messages, part, messages.c.person_id == person_id, newest_first=True)
