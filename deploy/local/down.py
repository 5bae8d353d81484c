"""`make down`: stop what `make up` started, and wait until it has ended."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from deploy.local.supervisor import STATE
from deploy.local.up import STARTED, running
from fivered.chassis import here


def stop(state: Path, *, patience_s: float = 60.0) -> bool:
    """Stop the supervisor of a state folder. Returns whether it has ended in time."""
    found = running(state)
    if found is None:
        return True
    os.kill(found["supervisor"], signal.SIGTERM)
    end = time.monotonic() + patience_s
    while running(state) is not None:
        if time.monotonic() > end:
            return False
        for process in STARTED:
            # Our own child stays in the process table until it is asked how it ended.
            process.poll()
        time.sleep(0.1)
    here.forget(state)
    # One that is dropped before it was asked warns that it still runs.
    STARTED[:] = [one for one in STARTED if one.poll() is None]
    return True


def main() -> int:
    """Stop, and say so."""
    if running() is None:
        print("nothing runs here")
        return 0
    if not stop(STATE):
        print("fivered: it has not stopped within a minute", file=sys.stderr)
        return 1
    print("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
