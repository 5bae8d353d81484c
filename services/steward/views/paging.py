"""Cursors: where a list goes on. Order is (created_at, id), so nothing is skipped or repeated."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec

from chassis.calendar import instant
from chassis.refusal import Invalid

Limit = Annotated[int, msgspec.Meta(ge=1, le=200)]


def read_cursor(cursor: str | None) -> tuple[datetime, str] | None:
    """Return the position that a cursor names.

    Raises:
        Invalid: It is none of ours.
    """
    if cursor is None:
        return None
    try:
        at, _, last = base64.urlsafe_b64decode(cursor.encode()).decode().partition("|")
        return instant(at), last
    except (ValueError, binascii.Error) as error:
        raise Invalid(field="cursor", reason="cursor 无效") from error


def page(
    rows: Sequence[Any],
    limit: int,
    key: str,
    card: Callable[[Any], dict[str, Any]],
    *,
    at: str = "created_at",
) -> dict[str, Any]:
    """Return a page of `limit` items out of `limit + 1` rows, and where the next one begins."""
    more = len(rows) > limit
    rows = rows[:limit]
    following = None
    if more:
        text = f"{getattr(rows[-1], at).isoformat()}|{getattr(rows[-1], key)}"
        following = base64.urlsafe_b64encode(text.encode()).decode()
    return {"items": [card(row) for row in rows], "next": following}
