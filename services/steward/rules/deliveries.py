"""When and how a message goes out of the system: channels, quiet hours, tries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from fivered.chassis.calendar import Calendar

CHANNELS = ("SMS", "EMAIL", "APP", "WECHAT")
# Without a choice of the person's own only what is urgent goes to the phone.
URGENT_BY = ("SMS",)
# Minutes after midnight, Asia/Shanghai: 21:00 to 08:00.
QUIET = (21 * 60, 8 * 60)
# A message is of no use after that.
GOOD_FOR = timedelta(days=3)
# Waits between tries.
WAITS = tuple(timedelta(seconds=s) for s in (30, 120, 600, 3600, 3 * 3600, 12 * 3600, 24 * 3600))
# Of a code by which an e-mail address is confirmed.
CODE_FOR = timedelta(minutes=30)
CODE_TRIES = 5
CODES_PER_DAY = 5


def channels(chosen: Mapping[str, Sequence[str]] | None, group: str, *, urgent: bool) -> list[str]:
    """Return by which channels a message goes out.

    Args:
        chosen: What the person has chosen for each group; None where nothing was.
        group: The message's.
        urgent: Whether it is.
    """
    if chosen is None:
        return list(URGENT_BY) if urgent else []
    return [one for one in CHANNELS if one in chosen.get(group, ())]


def goes_at(now: datetime, quiet: tuple[int, int], *, urgent: bool) -> datetime:
    """Return when a message may go out: now, or at the end of the quiet hours.

    Args:
        now: The time.
        quiet: From and to, minutes after midnight; the same twice is never quiet.
        urgent: Whether it goes at any hour.
    """
    begins, ends = quiet
    local = Calendar.local(now)
    minute = local.hour * 60 + local.minute
    within = begins <= minute < ends if begins <= ends else minute >= begins or minute < ends
    if urgent or not within:
        return now
    day = local.date() + timedelta(days=1 if minute >= ends else 0)
    return Calendar.at(day, ends // 60, ends % 60)


def next_try(now: datetime, attempts: int, after_s: float = 0.0) -> datetime | None:
    """Return when a failed try is made again; None where it is given up."""
    if attempts > len(WAITS):
        return None
    return now + max(WAITS[attempts - 1], timedelta(seconds=after_s))
