"""`make up`: start the distributed demonstration in the background and wait until it answers."""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import cast

from deploy.local.supervisor import KEEP, ROOT, STATE, Note, last_line
from fivered.chassis import here, installed
from testkit import servers

PATIENCE_S = 180.0
# The supervisor outlives this process on purpose; one that is forgotten would be complained about.
STARTED: list[subprocess.Popen[bytes]] = []


def running(state: Path = STATE) -> Note | None:
    """Return what runs on a state folder, or None."""
    return cast("Note | None", here.running(state))


def start(state: Path, port: int, *, patience_s: float = PATIENCE_S, tied: bool = False) -> Note:
    """Start the supervisor and wait until the gateway and all services are ready.

    Args:
        state: The folder of what runs.
        port: The gateway's port.
        patience_s: How long to wait (s).
        tied: Whether it ends with this process, whatever ends it. `make up` leaves it running.

    Raises:
        RuntimeError: It did not come up; the message says why, or where to look.
    """
    state.mkdir(parents=True, exist_ok=True)
    # The logs and notes of a day; a broker and a database that begin.
    for folder, needed in ((state, 16), (Path(tempfile.gettempdir()), 128)):
        free = shutil.disk_usage(folder).free // 2**20
        if free < needed:
            raise RuntimeError(f"no room in {folder}: {free} MB are free, {needed} MB are needed")
    with (state / "supervisor.log").open("ab") as log:
        begin = (
            functools.partial(servers.spawn, ending=signal.SIGTERM) if tied else subprocess.Popen
        )
        supervisor = begin(
            [sys.executable, "-m", "deploy.local.supervisor", str(state), str(port)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    STARTED.append(supervisor)
    try:
        found = _wait(state, supervisor, patience_s)
        _keep(supervisor, KEEP)
    except BaseException:
        # What cannot be used is not left behind.
        supervisor.terminate()
        supervisor.wait(60)
        _keep(supervisor, b"")
        raise
    return found


def _keep(supervisor: subprocess.Popen[bytes], word: bytes) -> None:
    """Tell the supervisor whether it shall outlive this process; unsaid, it ends with it."""
    assert supervisor.stdin is not None
    with suppress(BrokenPipeError), supervisor.stdin as told:
        told.write(word)


def _wait(state: Path, supervisor: subprocess.Popen[bytes], patience_s: float) -> Note:
    end = time.monotonic() + patience_s
    why = "nothing has answered yet"
    while time.monotonic() < end:
        ended = supervisor.poll() is not None
        # Its own note says why, also where it has ended since.
        found = cast("Note | None", here.note_of(state))
        if found is not None and found.get("supervisor") != supervisor.pid:
            found = None
        if found is not None and (error := found.get("error")):
            raise RuntimeError(error)
        if ended:
            log = state / "supervisor.log"
            raise RuntimeError(last_line(log) or f"the supervisor ended; see {log}")
        if found is not None and found["children"]:
            for name, child in found["children"].items():
                if child["why"]:
                    raise RuntimeError(f"{name} cannot start: {child['why']}")
            why = _not_ready(found)
            if not why:
                return found
        time.sleep(0.2)
    raise RuntimeError(f"not ready after {patience_s:.0f} s: {why}; logs are in {state}/logs")


def _not_ready(found: Note) -> str:
    asked = [("gateway", f"{found['address']}/ready")]
    for name, child in found["children"].items():
        if child["health"]:
            asked.append((name, f"http://127.0.0.1:{child['health']}/ready"))
    for name, address in asked:
        child = found["children"][name]
        if child["pid"] is None:
            return f"{name}: is down"
        try:
            os.kill(child["pid"], 0)
            with urllib.request.urlopen(address, timeout=5) as answer:  # nosec B310  # our own gateway
                page = json.loads(answer.read())
            if address.endswith(f":{child['health']}/ready") and page.get("pid") != child["pid"]:
                return f"{name}: somebody else answers on its port {child['health']}"
        except urllib.error.HTTPError as error:
            with error:
                return f"{name}: {error.read()[:300].decode('utf-8', 'replace')}"
        except OSError as error:
            return f"{name}: {error}"
    return ""


def main() -> int:
    """Start, load the demonstration district, and say where everything is."""
    servers.tie_to_make()
    already = running()
    if already is not None:
        print(f"already running on {already['address']} (make down stops it)")
        return 0
    needed = not os.environ.get("FIVERED_BROKER_URL")
    if needed:
        try:
            servers.require()
        except servers.ServerMissing as error:
            print(f"fivered: {error}", file=sys.stderr)
            return 2
    port = int(os.environ.get("PORT", "8000"))
    began = time.monotonic()
    try:
        found = start(STATE, port)
    except RuntimeError as error:
        print(f"fivered: {error}", file=sys.stderr)
        return 1
    print(f"五红 Five Red  {found['address']}  ({len(found['children'])} processes on RabbitMQ and")
    print(f"PostgreSQL, {time.monotonic() - began:.0f} s)   docs: {found['address']}/docs")
    print("演示环境 DEMONSTRATION: loopback only, the clock may be moved (FIVERED_DEMO_CLOCK=1)")
    load = installed.load(installed.DEMO)
    if load is not None:
        load(found["address"], found["environment"]["FIVERED_TOKEN_KEY"], print)
    print("make demo tells the story; make down stops everything")
    return 0


if __name__ == "__main__":
    sys.exit(main())
