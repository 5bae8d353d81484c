"""Processes of `make up`, forked from one that has loaded what they all run.

To load the code of a service takes a second of computing and 50 MB; a dozen processes on one
machine need not do it a dozen times. What runs is the same as with `fivered serve`, `fivered work`
and `fivered gateway`, each in a process and a session of its own, with its own environment.

`Forker` talks to `python -m deploy.local.forked KIND` by a pipe, a line of JSON for each message.
There are two kinds, as the processes of `serve` need the patch of eventlet before anything else.
Nothing of eventlet's may run before the fork: processes would share what it waits on.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, Any, Literal, cast

from testkit.tied import tie_to

Kind = Literal["serve", "work"]
# How long a fork may take on a busy machine, s.
_PATIENCE_S = 60.0


class Forked:
    """A process that was forked; what a `Popen` is asked for here.

    Attributes:
        pid: Its process id.
        returncode: As of a `Popen`: None while it runs, negative for a signal.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = threading.Event()

    def note_end(self, code: int) -> None:
        """Note how it has ended; who forked it has heard."""
        self.returncode = code
        self._ended.set()

    def poll(self) -> int | None:
        """Return how it has ended; None while it runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Raises:
            subprocess.TimeoutExpired: It runs still.
        """
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return cast("int", self.returncode)

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it runs."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Forker:
    """Starts the process of a kind that others are forked from, and has it fork.

    Args:
        kind: What is loaded: `serve`, or `work` with the gateway.
        services: Whose code is loaded ahead.
        spawn: Starts a program that ends with this process.
    """

    def __init__(
        self, kind: Kind, services: Sequence[str], spawn: Callable[..., subprocess.Popen[bytes]]
    ) -> None:
        self._kind, self._services, self._spawn = kind, services, spawn
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._children: dict[int, Forked] = {}
        self._made: list[Forked] = []
        self._heard = threading.Condition(self._lock)

    def begin(self) -> None:
        """Start to load; the first fork waits until that is done."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                return
            self._process = self._spawn(
                [sys.executable, "-m", "deploy.local.forked", self._kind, *self._services],
                ending=signal.SIGTERM,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
            self._children, self._made = {}, []
            listening = (self._process, self._children, self._made)
            threading.Thread(target=self._listen, args=listening, daemon=True).start()

    def start(self, argv: Sequence[str], env: Mapping[str, str], log: Path, cwd: Path) -> Forked:
        """Fork a process.

        Args:
            argv: Of the `fivered` command, such as `work steward`.
            env: The whole of its environment.
            log: Where it writes to; it is added to.
            cwd: Where it runs.

        Raises:
            OSError: The process that forks has ended.
        """
        self.begin()
        asked = json.dumps({"argv": [*argv], "env": {**env}, "log": str(log), "cwd": str(cwd)})
        with self._lock:
            process = cast("subprocess.Popen[bytes]", self._process)
            line = cast("IO[bytes]", process.stdin)
            if not line.closed:
                line.write(asked.encode() + b"\n")
                line.flush()
                self._heard.wait_for(lambda: self._made or line.closed, _PATIENCE_S)
            if not self._made:
                raise OSError(f"what {self._kind} processes are forked from does not answer")
            return self._made.pop()

    def end(self) -> None:
        """End it; what it has forked ends with it."""
        if self._process is not None:
            _close(self._process)
            self._process.wait()

    def _listen(
        self, process: subprocess.Popen[bytes], children: dict[int, Forked], made: list[Forked]
    ) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                told = json.loads(line)
                with self._heard:
                    if "code" in told:
                        children.pop(told["pid"]).note_end(told["code"])
                    else:
                        made.append(Forked(told["pid"]))
                        children[told["pid"]] = made[-1]
                    self._heard.notify_all()
        process.wait()
        with self._heard:
            _close(process)
            self._heard.notify_all()
        # The kernel has told them to end (see `_begin`), and nobody is told how they did.
        for child in children.values():
            _ended(child.pid)
            child.note_end(-signal.SIGTERM)


def _close(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.close()


def _ended(pid: int) -> None:
    """Wait until a process that is nobody's child has ended; one that takes long is killed."""
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            if not select.select([handle], [], [], _PATIENCE_S)[0]:
                os.kill(pid, signal.SIGKILL)
        finally:
            os.close(handle)


def _load(kind: str, services: Sequence[str]) -> Callable[[list[str]], int]:
    """Load what a kind runs. Returns what carries out a command of it."""
    if kind == "serve":
        import warnings  # noqa: PLC0415

        with warnings.catch_warnings():
            # eventlet announces its retirement at every import (DECISIONS 3).
            warnings.simplefilter("ignore")
            import eventlet  # noqa: PLC0415

            eventlet.monkey_patch()
    # After eventlet's patch.
    from fivered.chassis.cli import main as carry_out  # noqa: PLC0415
    from fivered.chassis.installed import service_class  # noqa: PLC0415

    for name in services:
        service_class(name)
    if kind == "serve":
        from fivered.chassis.process import main as host  # noqa: PLC0415
        from fivered.chassis.serve import run  # noqa: PLC0415

        return lambda argv: host(run, argv[1])
    for module in ("fivered.chassis.work", "fivered.gateway.app", "fivered.gateway.commands"):
        importlib.import_module(module)
    return carry_out


def _begin(asked: Mapping[str, Any], parent: int) -> None:
    """Make this process, a moment after the fork, what was asked for."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    if not tie_to(parent):
        os._exit(1)
    log = os.open(asked["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for own, given in ((0, nothing), (1, log), (2, log)):
        os.dup2(given, own)
    os.close(log)
    os.close(nothing)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.argv = ["fivered", *asked["argv"]]


def _tell(out: int, **told: int) -> None:
    os.write(out, json.dumps(told).encode() + b"\n")


def _reap(out: int, *_: object) -> None:
    with suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            _tell(out, pid=found[0], code=os.waitstatus_to_exitcode(found[1]))


def main(kind: str, services: Sequence[str]) -> int:
    """Fork a process for each line that comes, until none can come any more.

    Returns:
        In this process and in each that was forked, the exit code.
    """
    from fivered.chassis import SELDOM  # noqa: PLC0415  after nothing, and before all else

    gc.set_threshold(*SELDOM)
    # Not the standard streams themselves: what was forked has its own there.
    told, out = os.dup(0), os.dup(1)
    carry_out = _load(kind, services)
    gc.collect()
    # What was loaded is never looked through again, and so its pages stay shared.
    gc.freeze()
    me = os.getpid()
    signal.signal(signal.SIGCHLD, partial(_reap, out))
    waiting = b""
    while True:
        while b"\n" not in waiting:
            part = os.read(told, 65536)
            if not part:
                return 0
            waiting += part
        line, _, waiting = waiting.partition(b"\n")
        asked = json.loads(line)
        # A child that ends at once is not told of before its beginning is.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        pid = os.fork()
        if not pid:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
            os.close(told)
            os.close(out)
            _begin(asked, me)
            return carry_out(asked["argv"])
        _tell(out, pid=pid)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
