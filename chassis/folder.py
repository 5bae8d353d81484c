"""A data folder: held by one process, closed to others, and the keys that lie in it."""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from fivered.chassis.here import keys_file, read_keys
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.settings import CommandFailed, ProcessSettings

if TYPE_CHECKING:
    from fivered.chassis.bus import Service

try:
    import fcntl
except ImportError:  # not on every system
    fcntl = None  # type: ignore[assignment]


def take_folder(data: Path) -> TextIO:
    """Make the folder and hold it, so that two processes never write the same databases."""
    # Everything in it is about people: nobody else on this machine reads it.
    os.umask(0o077)
    try:
        data.mkdir(parents=True, exist_ok=True)
        _shut(data)
    except OSError as error:
        raise CommandFailed(
            f"cannot write in {data}: {error.strerror} (--data names another)"
        ) from error
    return hold(data / "lock", f"another process runs on {data} (--data names another)")


def hold(path: Path, taken: str) -> TextIO:
    """Hold a file that stands for something that one process has at a time.

    Args:
        path: It is made where it is not there.
        taken: What is told where another process holds it.

    Raises:
        CommandFailed: Another one does, or nothing can be written there.
    """
    try:
        handle = path.open("a+")
    except OSError as error:
        raise CommandFailed(f"cannot write in {path.parent}: {error.strerror}") from error
    if fcntl is not None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            handle.close()
            raise CommandFailed(taken) from error
    return handle


def _shut(data: Path) -> None:
    """Close a folder of ours that an older release left readable for others, and its keys."""
    kept = keys_file(data)
    for path in kept.parent.glob(f"{kept.name}*"):
        path.chmod(0o600)
    ours = [path for path in data.iterdir() if path.name.startswith(("keys.json", "lock"))]
    if any(data.iterdir()) and not ours:
        return  # somebody's own folder; what we put there is closed by itself
    data.chmod(0o700)
    for path in (*ours, *data.glob("*.sqlite*"), *data.glob("running.json")):
        path.chmod(0o600)


def write_keys(path: Path, found: Mapping[str, str]) -> None:
    """Replace the file: a process that is killed in between leaves the old one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    with suppress(FileNotFoundError):
        fresh.unlink()
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(found, out, indent=2)
        out.flush()
        os.fsync(handle)
    fresh.replace(path)


def keys_of(data: Path) -> dict[str, str]:
    """Return the keys of a data folder; they are made at its first start and stay with it.

    One key per variable that ends in _KEY and is asked for by an installed unit. None is made up
    for what another key of the file has done until now.

    Raises:
        CommandFailed: They lie in the folder, and are wanted in another place.
    """
    path, own = keys_file(data), data / "keys.json"
    if own.exists() and not path.exists():
        raise CommandFailed(f"the keys of {data} lie in it: move {own} to {path}")
    found = read_keys(path)
    missing = [
        name
        for name, stands_in in wanted_keys().items()
        if name not in found and not (stands_in and stands_in in found)
    ]
    if missing:
        found |= {name: secrets.token_urlsafe(48) for name in missing}
        write_keys(path, found)
    return found


def wanted_keys() -> dict[str, str]:
    """Return the variables that hold a key, with the one that does its work while it is unset."""
    named = {"FIVERED_TOKEN_KEY": ""}  # nosec B105  # its default, none
    for kind in all_settings():
        for field in dataclasses.fields(kind):
            name = field.metadata.get("env", "")
            if name.endswith("_KEY"):
                named[name] = field.metadata["stands_in"]
    return dict(sorted(named.items()))


def keys_of_service(service: type[Service]) -> list[str]:
    """Return the variables that hold a key of a service, and those of the keys before."""
    names = {
        field.metadata.get("env", "")
        for kind in (ProcessSettings, service.settings_type)
        for field in dataclasses.fields(kind)
    }
    return sorted(name for name in names if name.endswith(("_KEY", "_KEY_BEFORE")))


def all_settings() -> list[type]:
    """Return what an installation reads from its environment, as settings classes."""
    return [ProcessSettings, *(service_class(name).settings_type for name in service_names())]
