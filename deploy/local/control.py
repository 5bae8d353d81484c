"""Take one process of the distributed demonstration down, bring it back, or kill it.

python -m deploy.local.control list | stop NAME | start NAME | kill NAME

`kill` also takes the servers, which `list` names last; they are started again like the others.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Literal

from deploy.local.supervisor import STATE, Note
from deploy.local.up import running

# How long the supervisor may take to note that a process has ended, or runs again.
_NOTED_S = 15.0
# The servers, which the supervisor always starts again, and how it has noted their processes.
_SERVERS: dict[str, Literal["broker_pid", "postgres_pid"]] = {
    "rabbitmq": "broker_pid",
    "postgresql": "postgres_pid",
}


def _servers(found: Note) -> dict[str, int | None]:
    return {name: found[noted] for name, noted in _SERVERS.items()}


def _pid_of(state: Path, name: str) -> int | None:
    """Return the process of a name, as the supervisor has noted it; None while it is down.

    Raises:
        LookupError: Nothing runs here, or no process has that name.
    """
    found = running(state)
    if found is None:
        raise LookupError("nothing runs here (make up)")
    pids: dict[str, int | None] = {child: row["pid"] for child, row in found["children"].items()}
    pids |= _servers(found)
    if name not in pids:
        raise LookupError(f"no process {name!r}; there are {', '.join(pids)}")
    return pids[name]


def control(state: Path, action: str, name: str) -> None:
    """Act on one process: `stop` (stays down), `start`, or `kill` (-9; it is started again).

    Raises:
        LookupError: Nothing runs here, no process has that name, or it cannot be stopped.
    """
    pid = _pid_of(state, name)
    if action != "kill" and name in _SERVERS:
        raise LookupError(f"{name} can only be killed: it is started again")
    if action == "stop":
        (state / "stopped" / name).touch()
    elif action == "start":
        (state / "stopped" / name).unlink(missing_ok=True)
    else:
        _kill(state, name, pid)


def _kill(state: Path, name: str, pid: int | None) -> None:
    end = time.monotonic() + _NOTED_S
    while pid is not None:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            # It has ended just now; what comes in its place is noted in a moment.
            if time.monotonic() > end:
                raise LookupError(f"{name} has ended, and nothing came in its place") from None
            time.sleep(0.1)
            pid = _pid_of(state, name)
        else:
            return


def main() -> int:
    """Read the command line."""
    if len(sys.argv) == 2 and sys.argv[1] == "list":
        found = running()
        if found is not None:
            for name, row in found["children"].items():
                print(f"{name:<18} pid {row['pid']}  started {row['starts']}x")
            for name, pid in _servers(found).items():
                print(f"{name:<18} pid {pid}")
        return 0
    if len(sys.argv) != 3 or sys.argv[1] not in {"stop", "start", "kill"}:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        control(STATE, sys.argv[1], sys.argv[2])
    except LookupError as error:
        print(f"fivered: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
