"""How every client outlives what it depends on: the one place for waits and words.

A client keeps nothing of a connection that is gone but its `Patience`: whatever else belongs to a
connection is made anew with the next one. So a broker may block, refuse, vanish, be renamed and
come back as often as it likes, and nobody has to start the client again.
"""

from __future__ import annotations

import errno
import logging
import random
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from fivered.chassis import metrics, tls

FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 5.0
# A connection that stood so long was a good one: after it the waits begin anew.
GOOD_S = 1.0
# The least part of a wait that chance leaves.
_LEAST = 0.5
# The same reason is not told with every try.
TELL_AGAIN_S = 60.0
# What has not failed for so long has ended; it fails anew.
OVER_S = 300.0
# From then on somebody should look.
ALARM_S = 300.0


# A disk without room, or without any for this user.
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(slots=True)
class _Failing:
    """Something that fails again and again.

    Attributes:
        since: When it failed first.
        met_at: When it failed last (s, monotonic).
        told_at: When that was told last (s, monotonic).
        times: How often it failed since it was told.
    """

    since: str
    met_at: float
    told_at: float
    times: int = 0


_FAILING: dict[tuple[str, ...], _Failing] = {}
_MOST_FAILING = 1000


def _repeats(*same: str) -> dict[str, object] | None:
    """Say how a line tells of a failure: nothing to add the first time; None while the line of the
    last minute stands for it; then since when it still fails, and how often since that line."""
    now = time.monotonic()
    failing = _FAILING.get(same)
    if failing is None or now - failing.met_at > OVER_S:
        if len(_FAILING) >= _MOST_FAILING:
            _FAILING.clear()
        _FAILING[same] = _Failing(_instant(time.time()), now, now)
        return {}
    failing.met_at = now
    failing.times += 1
    if now - failing.told_at < TELL_AGAIN_S:
        return None
    told: dict[str, object] = {"still_failing_since": failing.since, "times": failing.times}
    failing.told_at, failing.times = now, 0
    return told


def _instant(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _alike(text: str) -> str:
    # Numbers of processes and positions differ from try to try.
    return re.sub(r"[0-9]+", "", text)


def tell_outage(log: logging.Logger, event: str, error: object, **of: str) -> None:
    """Count that what a process depends on is away, and log it; what is met again and again is one
    line a minute, with `still_failing_since` and `times`: every thread and every call meets it.

    Args:
        log: Where it is told.
        event: The event of the line.
        error: Why.
        of: Whose turn it was.
    """
    metrics.OUTAGES[of.get("service", "")].inc()
    why = str(error)[:300]
    repeats = _repeats(log.name, event, *of.values(), _alike(why))
    if repeats is not None:
        log.warning(event, extra={**of, "why": why, **repeats})


def tell_fault(log: logging.Logger, event: str, error: Exception, **of: str) -> None:
    """Log a fault of ours that a loop outlives: with its trace the first time, then as
    `tell_outage` does.

    Args:
        log: Where it is told.
        event: The event of the line.
        error: The fault.
        of: Whose turn it was.
    """
    why = f"{type(error).__name__}: {error}"[:300]
    repeats = _repeats(log.name, event, *of.values(), _alike(why))
    if repeats is not None:
        log.error(event, extra={**of, "why": why, **repeats}, exc_info=None if repeats else error)


class Backoff:
    """Waits that double, from the first one up to the longest. Each is shorter by chance, up to a
    half, so that the processes that lost one broker do not come back to it all at once."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s, self._longest_s = first_s, longest_s
        self._wait = first_s

    def next(self) -> float:
        """Return the next wait (s)."""
        wait, self._wait = self._wait, min(self._wait * 2, self._longest_s)
        return wait * random.uniform(_LEAST, 1)  # nosec B311  # noqa: S311  no secret

    def reset(self) -> None:
        """Begin anew: something has gone well."""
        self._wait = self._first_s


class Patience:
    """The waits of one client between its connections, and what its log says of them.

    Attributes:
        why: Why there is no connection; empty while there is one.
    """

    def __init__(
        self,
        log: logging.Logger,
        *,
        made: str,
        waits: str,
        longest_s: float = LONGEST_WAIT_S,
        **who: object,
    ) -> None:
        """Make it.

        Args:
            log: Where it is told.
            made: The event of the first connection; later ones are `connected_again`.
            waits: The event of a connection that was lost or refused.
            longest_s: The waits double up to this one.
            who: Fields of every line.
        """
        self.why = "not connected yet"
        self._log, self._made, self._waits, self._who = log, made, waits, who
        self._backoff = Backoff(FIRST_WAIT_S, longest_s)
        self._been_connected = False
        self._good_since: float | None = None
        self._away_since = time.monotonic()
        self._tries = 0
        self._told_at = float("-inf")
        self._told = ""

    def good(self) -> None:
        """Say that the connection stands and can do its work."""
        now = time.monotonic()
        self.why = ""
        if self._been_connected:
            away = {"away_s": round(now - self._away_since, 1), "tries": self._tries + 1}
            self._log.warning("connected_again", extra={**self._who, **away})
        else:
            self._log.info(self._made, extra=self._who)
        self._been_connected = True
        self._good_since = now
        self._told = ""

    def lost(self, error: object) -> float:
        """Say that there is no connection. Returns how long to wait before the next try."""
        now = time.monotonic()
        if self._good_since is not None:
            self._away_since, self._tries = now, 0
            if now - self._good_since >= GOOD_S:
                self._backoff.reset()
            self._good_since = None
        self._tries += 1
        if isinstance(error, BaseException):
            error = tls.words(error) or error
        text = error if isinstance(error, str) and error else repr(error)
        self.why = text[:300]
        away = now - self._away_since
        due = ALARM_S if away >= ALARM_S else TELL_AGAIN_S
        if self.why != self._told or now - self._told_at >= due:
            level = logging.ERROR if away >= ALARM_S else logging.WARNING
            told = {"why": self.why, "away_s": round(away, 1), "tries": self._tries}
            if self._told:
                told["still_failing_since"] = _instant(time.time() - away)
            self._log.log(level, self._waits, extra={**self._who, **told})
            self._told, self._told_at = self.why, now
        return self._backoff.next()
