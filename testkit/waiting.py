"""Waiting for what another process does: no test sleeps for a guess."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(check: Callable[[], bool], seconds: float, *, every: float = 0.02) -> bool:
    """Poll `check` until it holds or the time is over."""
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            return False
        time.sleep(every)
    return True
