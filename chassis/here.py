"""The system that runs beside a command: `make run` or `make up` in this folder.

An operator who looks at an installation gives its environment; beside a demonstration there is
none to give, but it leaves a note of what it runs with.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TypedDict, cast

from fivered.chassis.settings import CommandFailed, address_fault, database_variable

# The variable that names the file of the keys, or its folder, where it is not in the data folder.
KEYS = "FIVERED_KEYS"


class Running(TypedDict, total=False):
    """The note of a system that runs on a folder: of one process, or of several with a
    `supervisor` and the `environment` that they share.

    Attributes:
        born: When that process was started, as `born` tells it: its number may be another's later.
        pages: Where each of its processes tells what it does (/ready, /metrics), by its name.
        given: What it was given of `GIVEN`.
    """

    address: str
    mode: str
    pid: int
    supervisor: int
    born: str
    demo: bool
    keys: str
    environment: dict[str, str]
    pages: dict[str, str]
    given: dict[str, str]


# Variables of an embedded system, none of them a key, by which other commands judge what it does.
GIVEN = ("FIVERED_WEBHOOK_HOSTS",)
_NOTE = "running.json"
PLACES = (".fivered/data", ".fivered/up")
_told: list[str] = []


def environment() -> dict[str, str]:
    """Return the variables of the system that runs here; empty when none does."""
    for place in PLACES:
        folder = Path(place)
        found = running(folder)
        if found is None:
            continue
        if found.get("environment"):
            return dict(found["environment"])
        keys = _keys_in(folder)
        databases = {
            database_variable(path.stem): f"sqlite:///{path}"
            for path in sorted(folder.glob("*.sqlite"))
        }
        demo = {"FIVERED_DEMO_CLOCK": "1", "FIVERED_SYNTHETIC": "1"}
        given = found.get("given", {})
        return {**keys, **databases, **given, **(demo if found.get("demo") else {})}
    return {}


def pages() -> dict[str, str]:
    """Return where each process of the system that runs here tells what it does, by its name."""
    for place in PLACES:
        found = running(Path(place))
        if found is not None:
            return dict(found.get("pages", {}))
    return {}


def note_of(folder: Path) -> Running | None:
    """Return the note of a folder, also of a system that has ended; None where there is none."""
    try:
        return cast("Running", object_in(folder / _NOTE))
    except (OSError, ValueError):
        return None


def leave(folder: Path, note: Running) -> None:
    """Write the note of a folder. It holds keys, so that nobody else reads it, and nobody reads
    half of it."""
    fresh = folder / f"{_NOTE}.new"
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as out:
        json.dump(note, out, indent=2)
    fresh.replace(folder / _NOTE)


def forget(folder: Path) -> None:
    """Remove the note of a folder."""
    (folder / _NOTE).unlink(missing_ok=True)


def running(folder: Path) -> Running | None:
    """Return the note of the system that runs on a folder; None where none does."""
    found = note_of(folder)
    if found is None:
        return None
    # One that was killed leaves its note behind.
    pid = found.get("supervisor") or found.get("pid")
    if not _alive(pid) or found.get("born", born(pid)) != born(pid):
        return None
    return found


def born(pid: int | None) -> str:
    """Return when a process was started, as the system counts it; empty where it has ended, though
    nobody has asked how, and where the system does not tell."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if told[0] == "Z" else told[19]


def address_and_key(data: str | None = None) -> tuple[str, str]:
    """Return the address of the system that runs here and the key of its tokens.

    Args:
        data: Its folder; where it is not given, it is looked for.

    Raises:
        CommandFailed: Nothing runs here.
    """
    for folder in [Path(data)] if data else [Path(place) for place in PLACES]:
        found = running(folder)
        if found is not None:
            keys = found.get("environment") or _keys_in(folder)
            if "FIVERED_TOKEN_KEY" not in keys:
                raise CommandFailed(f"no token key in {keys_file(folder)}")
            return found["address"], keys["FIVERED_TOKEN_KEY"]
    raise CommandFailed("nothing runs here: make run (or make up) in another terminal first")


def object_in(path: Path) -> dict[str, object]:
    """Return the JSON object that a file holds.

    Raises:
        OSError: It cannot be opened.
        ValueError: It holds something else.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("it holds no JSON object")  # noqa: TRY004 - as for what is no JSON at all
    return found


def read_keys(path: Path) -> dict[str, str]:
    """Return the keys in a file; none when it is not there.

    Raises:
        CommandFailed: It cannot be read.
    """
    try:
        found = object_in(path)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CommandFailed(f"the keys in {path} cannot be read: {error}") from error
    keys = {name: key for name, key in found.items() if isinstance(key, str)}
    if len(keys) < len(found):
        raise CommandFailed(f"the keys in {path} cannot be read: it holds no names with texts")
    return keys


def _keys_in(folder: Path) -> dict[str, str]:
    return read_keys(keys_file(folder))


def keys_file(folder: Path) -> Path:
    """Return where the keys of a data folder lie: what the environment says, what the system that
    runs on it says, or in the folder itself."""
    named = os.environ.get(KEYS) or (note_of(folder) or {}).get("keys")
    path = Path(named or folder)
    return path if path.suffix == ".json" else path / "keys.json"


def adopt() -> bool:
    """Take what the environment does not say from the system that runs here, if one does."""
    if any(name.endswith("_DATABASE_URL") for name in os.environ if name.startswith("FIVERED_")):
        # A real installation's own environment is never mixed with a demonstration's.
        return False
    found = environment()
    for name, value in found.items():
        os.environ.setdefault(name, value)
    if found and not _told:
        _told.append("")
        print("fivered: of the system that runs here (make run, make up)", file=sys.stderr)
    return bool(found)


def database_of(service: str) -> str:
    """Return the address of a service's database: what the environment says, or the system that
    runs here.

    Raises:
        CommandFailed: Neither names one, or it is no database of ours.
    """
    variable = database_variable(service)
    if not os.environ.get(variable):
        adopt()
    url = os.environ.get(variable)
    if not url:
        raise CommandFailed(f"{variable} is not set: the database of {service}")
    if why := address_fault(url, "postgresql", "sqlite"):
        raise CommandFailed(f"{variable} {why}")
    return url


def _alive(pid: int | None) -> bool:
    if not pid:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return bool(born(pid)) or not Path("/proc/self/stat").exists()
