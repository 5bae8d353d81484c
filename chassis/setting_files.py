"""Settings that lie in files: keys and passwords that no list of a process's environment shows.

`FIVERED_SETTINGS` names a file of lines `NAME=value`, as an environment file has them, or a folder
with a file per variable, as Kubernetes mounts a Secret; or several of them, separated by colons,
of which a later one stands above an earlier one. `FIVERED_…_FILE` names the file that holds
one value. What stands in the environment itself is what counts beside the first, and is an error
beside the second.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from fivered.chassis.settings import SettingsError

SETTINGS, FILE = "FIVERED_SETTINGS", "_FILE"
_OURS = "FIVERED_"
_MOST_BYTES = 1 << 20


def take() -> None:
    """Put what the files say into this process's own variables; the kernel goes on showing those
    that it was started with. A program that is started from here would show them: none is.

    Raises:
        SettingsError: Lists every file that cannot be read.
    """
    os.environ.update(found(os.environ))


def found(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the files named in an environment add to it.

    Raises:
        SettingsError: Lists every file that cannot be read.
    """
    values: dict[str, str] = {}
    problems: list[str] = []
    for whole in map(Path, filter(None, environ.get(SETTINGS, "").split(os.pathsep))):
        try:
            read = _folder(whole) if whole.is_dir() else _lines(whole)
            values.update({name: text for name, text in read.items() if not environ.get(name)})
        except (OSError, ValueError) as error:
            problems.append(f"{SETTINGS}: {_why(error)}")
    for variable, path in environ.items():
        name = variable.removesuffix(FILE)
        if name == variable or not name.startswith(_OURS) or not path:
            continue
        if environ.get(name):
            problems.append(f"{name} and {variable} are both set: one of them")
            continue
        try:
            values[name] = _text(Path(path))
        except (OSError, ValueError) as error:
            problems.append(f"{variable}: {_why(error)}")
    if problems:
        raise SettingsError(sorted(problems))
    return values


def _folder(folder: Path) -> dict[str, str]:
    # A mounted Secret has its versions beside the names, which begin with dots.
    paths = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    return {path.name: _text(path) for path in paths if path.is_file()}


def _lines(path: Path) -> dict[str, str]:
    read = {}
    for number, line in enumerate(_text(path).splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not name.replace("_", "").isalnum():
            raise ValueError(f"line {number} of {path} is not NAME=value")
        read[name] = value
    return read


def _text(path: Path) -> str:
    """Return what a file holds, without the end of its last line."""
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"{path} is larger than 1 MiB")
    return path.read_text("utf-8").removesuffix("\n").removesuffix("\r")


def _why(error: Exception) -> str:
    """Return what is wrong; never what the file holds."""
    if isinstance(error, UnicodeError):
        return "is no UTF-8"
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}"
    return str(error)
