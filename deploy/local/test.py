"""`make test`: install what the tests need where it may, start nothing that stays, run everything.

Debian packages that are missing are installed when this user may do so; otherwise one line says
which ones, and nothing runs: a test that was skipped in silence proves nothing.
"""

from __future__ import annotations

import dataclasses
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from fivered.gateway.settings import GatewaySettings
from testkit import servers
from tests import turns

# How many tests may fail beside others and be tried alone.
SECOND_TRIES = 3


def missing() -> list[str]:
    """Return the Debian packages that are not there."""
    browser = [] if shutil.which("chromium") else ["chromium"]
    # What the gateway's documents are set in.
    named = next(one for one in dataclasses.fields(GatewaySettings) if one.name == "font")
    font = [] if Path(str(named.default)).is_file() else ["fonts-wqy-zenhei"]
    # promtool, which tries the rules of the alarms.
    prometheus = [] if shutil.which("promtool") else ["prometheus"]
    # What the receiver of webhooks in docs/webhooks.md is written for, beside Python.
    node = [] if shutil.which("node") else ["nodejs"]
    return [*servers.missing(), *browser, *font, *prometheus, *node]


def install(packages: list[str]) -> str:
    """Install Debian packages. Returns why it could not, or nothing."""
    if os.geteuid() != 0:
        return "only root may install them"
    if shutil.which("apt-get") is None:
        return "there is no apt-get here"
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    # The packages would start servers of their own; ours run on their own ports instead.
    policy = Path("/usr/sbin/policy-rc.d")
    made = not policy.exists()
    if made:
        policy.write_text("#!/bin/sh\nexit 101\n", "utf-8")
        policy.chmod(0o755)
    try:
        for command in (
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
        ):
            done = subprocess.run(
                command, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                check=False,
            )  # fmt: skip
            if done.returncode:
                return (done.stderr.strip().splitlines() or ["apt-get failed"])[-1]
    finally:
        if made:
            policy.unlink()
    return ""


def main() -> int:
    """Prepare and run pytest; the arguments go to it."""
    servers.tie_to_make()
    lacking = missing()
    if lacking:
        print(f"installing {' '.join(lacking)} ...", flush=True)
        why = install(lacking)
        lacking = missing()
        if lacking:
            print(
                f"fivered: the tests need {', '.join(lacking)}: {why}"
                f" (apt-get install -y {' '.join(lacking)})",
                file=sys.stderr,
            )
            return 1
    began = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chosen = sys.argv[1:]
    turn = os.environ.get(turns.VARIABLE) or turns.of_commit()
    if not chosen:
        os.environ[turns.VARIABLE] = turn
    code = run(Path(sys.prefix) / "compiled", chosen, together=not chosen)
    took, cores = time.monotonic() - began, os.cpu_count() or 1
    print(f"make test took {took:.0f} s; {busy():.0f} s of {took * cores:.0f} on {cores} cores")
    if not chosen and turn != turns.ALL:
        print(
            f"tests of whole installations take turns: this was turn {turn} of {len(turns.TURNS)}"
            f" ({turns.VARIABLE}={turn} make test); make test-all runs all of them"
        )
    return code


def busy() -> float:
    """Return the seconds that processes computed that this one, or one below it, saw end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(compiled: Path, chosen: Sequence[str], *, together: bool) -> int:
    """Run pytest beside a PostgreSQL server. Returns its exit code.

    Args:
        compiled: Where the processes that the tests start, hundreds of them, keep compiled code:
            once for all of them, for the next run too, and not in the checkout.
        chosen: Arguments of pytest.
        together: Run as many at a time as WORKERS says, in the order of tests/conftest.py.
    """
    postgres = servers.Postgres().start()
    try:
        # Every test of a service runs on both databases; tests that kill a server start their own.
        env = os.environ | {"FIVERED_TEST_PG": postgres.url()}
        env |= {"PYTHONPYCACHEPREFIX": str(compiled), "PYTHONDONTWRITEBYTECODE": ""}
        many = os.environ.get("WORKERS") or "4"
        side_by_side = ["-n", many, "--dist", "loadgroup", "--no-loadscope-reorder"]
        if not together:
            return _tried(chosen, env)
        return steady([*side_by_side, "--durations", "10", *chosen], env)
    finally:
        postgres.stop()
        # What the tests made in temporary folders nobody starts again.
        temporary = Path(tempfile.gettempdir()).resolve()
        shutil.rmtree(compiled / temporary.relative_to("/"), ignore_errors=True)


def steady(arguments: Sequence[str], env: Mapping[str, str], folder: Path | None = None) -> int:
    """Run tests side by side, and a few that failed once more, alone.

    Thousands of tests share two cores, real servers and their own clocks: one of them that passes
    alone says something about the load, seldom about the code. It is told, with what it said the
    first time, and does not hold up the others. More than SECOND_TRIES are a fault of the code.

    Args:
        arguments: Of pytest.
        env: Of its process.
        folder: Where it runs; here, if none.

    Returns:
        Its exit code.
    """
    with tempfile.TemporaryDirectory() as noted:
        failed = Path(noted) / "failed"
        env = {**env, "FIVERED_FAILED": str(failed)}
        code = _tried(["-p", "testkit.noted", *arguments], env, folder)
        names = failed.read_text("utf-8").splitlines() if failed.exists() else []
        if code != pytest.ExitCode.TESTS_FAILED or not 0 < len(names) <= SECOND_TRIES:
            return code
        print(f"once more, alone: {', '.join(names)}", flush=True)
        code = _tried(names, env, folder)
    if code == 0:
        print(f"UNSTEADY: failed beside others, passed alone: {', '.join(names)}", flush=True)
    return code


def _tried(arguments: Sequence[str], env: Mapping[str, str], folder: Path | None = None) -> int:
    return servers.spawn(
        [sys.executable, "-m", "pytest", "-q", *arguments],
        ending=signal.SIGTERM,
        stdin=subprocess.DEVNULL,
        env=dict(env),
        cwd=folder,
    ).wait()


if __name__ == "__main__":
    sys.exit(main())
