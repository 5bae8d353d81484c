"""Real time: sessions and tokens do not follow the clock of a demonstration."""

from datetime import UTC, datetime


def real_now() -> datetime:
    """Return the time now, to the second: as a token tells it."""
    return datetime.now(UTC).replace(microsecond=0)
