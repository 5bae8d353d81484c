"""Cursors: where a list goes on. Order is (created_at, id), so nothing is skipped or repeated."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.calendar import instant
from chassis.refusal import Invalid, said

# What the cursor of the page before begins with; base64 has no such sign.
_BACK = "~"


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
        raise Invalid(
            field="cursor", reason=said("cursor 无效 / the cursor is none of this list")
        ) from error


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins: behind an item, or (going back) before it."""

    at: datetime
    last: str
    back: bool = False


def read_position(cursor: str | None) -> Position | None:
    """Return the position that a cursor of either direction names.

    Raises:
        Invalid: It is none of ours.
    """
    back = cursor is not None and cursor.startswith(_BACK)
    found = read_cursor(cursor.removeprefix(_BACK) if cursor is not None else None)
    return Position(*found, back=back) if found is not None else None


def window(
    rows: Sequence[Any],
    limit: int,
    position: Position | None,
    key: Callable[[Any], tuple[datetime, str]],
    card: Callable[[Any], dict[str, Any]],
) -> dict[str, Any]:
    """Return a page out of up to `limit + 1` rows, which lie in the direction in which it is read,
    with the cursors of the pages behind and before it."""
    back = position is not None and position.back
    more = len(rows) > limit
    rows = list(rows[:limit])
    if back:
        rows.reverse()

    def write(row: Any) -> str:
        at, last = key(row)
        return base64.urlsafe_b64encode(f"{at.isoformat()}|{last}".encode()).decode()

    behind = more if not back else True
    before = more if back else position is not None
    return {
        "items": [card(row) for row in rows],
        "next": write(rows[-1]) if rows and behind else None,
        "prev": _BACK + write(rows[0]) if rows and before else None,
    }


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
