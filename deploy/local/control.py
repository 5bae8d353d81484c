"""Take one process of the distributed demonstration down, bring it back, or kill it.

python -m deploy.local.control list | stop NAME | start NAME | kill NAME
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from deploy.local.supervisor import STATE
from deploy.local.up import running


def control(state: Path, action: str, name: str) -> None:
    """Act on one process: `stop` (stays down), `start`, or `kill` (-9; it is started again).

    Raises:
        LookupError: Nothing runs here, or no process has that name.
    """
    found = running(state)
    if found is None:
        raise LookupError("nothing runs here (make up)")
    pids = {child: row["pid"] for child, row in found["children"].items()}
    pids |= {"rabbitmq": found["broker_pid"], "postgresql": found["postgres_pid"]}
    if name not in pids:
        raise LookupError(f"no process {name!r}; there are {', '.join(pids)}")
    if action == "stop":
        (state / "stopped" / name).touch()
    elif action == "start":
        (state / "stopped" / name).unlink(missing_ok=True)
    elif pids[name] is not None:
        os.kill(pids[name], signal.SIGKILL)


def main() -> int:
    """Read the command line."""
    if len(sys.argv) == 2 and sys.argv[1] == "list":
        found = running()
        for name, row in (found or {"children": {}})["children"].items():
            print(f"{name:<18} pid {row['pid']}  started {row['starts']}x")
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
