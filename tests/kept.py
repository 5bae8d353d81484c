"""What takes long is made once: a folder for all workers of a run, or a thing that runs.

What runs is kept while the next test asks for it too, and then stopped. A fixture of the session
would hold processes until the end of the run, and they do something all the time; one of a module
cannot be shared by files.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest

from testkit import servers


class Runs(Protocol):
    """A thing that runs until it is stopped."""

    def start(self) -> Any:
        """Start it."""

    def stop(self) -> Any:
        """Stop it."""


Kept = TypeVar("Kept", bound=Runs)

# The fixtures whose things are kept; tests that ask for one of them run in one process.
NAMES = ("installation", "shared_house")
_KEPT: dict[str, Any] = {}


def kept(name: str, make: Callable[[], Kept]) -> Kept:
    """Return the thing of a name in NAMES; it is made and started when none is kept."""
    assert name in NAMES
    if name not in _KEPT:
        servers.require()
        made = make()
        try:
            made.start()
        except BaseException:
            made.stop()
            raise
        _KEPT[name] = made
    found: Kept = _KEPT[name]
    return found


def asked(item: pytest.Item | None) -> set[str]:
    """Return the names in NAMES that a test asks for, itself or through another fixture."""
    return set(NAMES) & set(getattr(item, "fixturenames", ()))


def let_go(nextitem: pytest.Item | None) -> None:
    """Stop what the next test does not ask for."""
    for name in set(_KEPT) - asked(nextitem):
        _KEPT.pop(name).stop()


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Any]) -> Path:
    """Return a folder that all workers of a run share; `make` fills it for the first who asks."""
    mine = factory.getbasetemp()
    target = (mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine) / name
    with target.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            making = factory.mktemp(name)
            make(making)
            making.rename(target)
    return target
