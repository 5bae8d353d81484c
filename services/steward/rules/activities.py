"""The code of a volunteer activity is another one every ten minutes."""

from __future__ import annotations

from datetime import UTC, datetime

_TURN_S = 600


def turn_of(at: datetime) -> int:
    """Return in which turn of ten minutes an instant lies."""
    return int(at.timestamp()) // _TURN_S


def end_of(turn: int) -> datetime:
    """Return when a code is not shown any more."""
    return datetime.fromtimestamp((turn + 1) * _TURN_S, UTC)
