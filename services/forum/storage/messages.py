"""Messages to persons."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from services.forum.storage.rows import Page, Row, part_of
from services.forum.storage.tables import messages


def message_page(conn: Connection, page: Page, person_id: str) -> list[Row]:
    """Return a person's messages, newest first."""
    return part_of(conn, messages, page, messages.c.person_id == person_id, newest_first=True)
