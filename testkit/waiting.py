"""Waiting for what another process does: no test sleeps for a guess."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(check: Callable[[], bool], seconds: float, *, every: float = 0.02) -> bool:
    """Poll `check` until it holds or the time is over.

    What has not come at once is asked for less and less often, down to every tenth of a second: to
    ask a broker or a database takes the computing that they need to get there.
    """
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            return False
        time.sleep(every)
        every = max(every, min(every * 1.3, 0.1))
    return True
