"""How often somebody may ask for a code to sign in, and when a sender is tried again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

# How long a code is good.
SPAN = timedelta(minutes=5)
# So many codes go to one person within a day, whatever phones the person had.
OF_PERSON, DAY = 5, timedelta(days=1)
_FIRST_S, _TIMES, _LONGEST_S = 1, 3, 60


@dataclass(frozen=True, slots=True)
class Limit:
    """So many within a span, with a pause after each."""

    most: int
    span: timedelta
    pause: timedelta = timedelta()


OF_PHONE = Limit(5, DAY, timedelta(minutes=1))


def of_address(most: int) -> Limit:
    """Return how often one network address may ask."""
    return Limit(most, timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Asked:
    """How often somebody has asked: so often since then, and last."""

    asked: int
    since: datetime
    last_at: datetime


def wait_s(before: Asked, limit: Limit, now: datetime) -> int:
    """Return how many seconds are left until one may ask again, or 0."""
    free_at = before.last_at + limit.pause
    if before.asked >= limit.most:
        free_at = max(free_at, before.since + limit.span)
    return max(0, -int((now - free_at) // timedelta(seconds=1)))


def counted(before: Asked | None, limit: Limit, now: datetime) -> Asked:
    """Return what is kept of one who asks now."""
    if before is None or before.since + limit.span <= now:
        return Asked(1, now, now)
    return Asked(before.asked + 1, before.since, now)


def try_again_s(attempts: int) -> int:
    """Return how long a sender is left alone after so many tries that failed, s."""
    return int(min(_FIRST_S * _TIMES ** (attempts - 1), _LONGEST_S))
