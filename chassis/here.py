"""The system that a command looks at: one that runs beside it (`make run` or `make up` in this
folder), or the one of a folder that it names (`--data`).

An operator who looks at an installation gives its environment; beside a demonstration there is
none to give, but it leaves a note of what it runs with.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypedDict, cast
from urllib.parse import quote

from fivered.chassis.settings import CommandFailed, address_fault, database_variable

# The variable that names the file of the keys, or its folder, where it is not in the data folder.
KEYS = "FIVERED_KEYS"
BROKER = "FIVERED_BROKER_URL"
INSTALLATION = "FIVERED_INSTALLATION"


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
_DATABASE, _OWNER = "_DATABASE_URL", "_OWNER_URL"
PLACES = (".fivered/data", ".fivered/up")
_told: list[str] = []
# The folder of `--data`, of the command that is carried out.
_named: list[Path | None] = []


@contextmanager
def at(folder: str | None) -> Iterator[None]:
    """Look at the system of one folder (`--data`) as long as this is open: what it says stands
    above the environment, and it need not run. Without a folder, at what runs here."""
    _named.append(Path(folder) if folder else None)
    try:
        yield
    finally:
        _named.pop()


def is_named() -> bool:
    """Tell whether the command names the folder of the system at which it looks."""
    return _folder() is not None


def _folder() -> Path | None:
    return _named[-1] if _named else None


def _places() -> list[Path]:
    named = _folder()
    return [Path(place) for place in PLACES] if named is None else [named]


def system() -> Running | None:
    """Return the note of the system that runs here; None where none does."""
    return next(filter(None, map(running, _places())), None)


def environment() -> dict[str, str]:
    """Return the variables of the system that runs here; empty when none does.

    Raises:
        CommandFailed: In the folder that the command names there is none.
    """
    for folder in _places():
        note = running(folder)
        if note is None and not is_named():
            continue
        note = note or note_of(folder) or {}
        if note.get("environment"):
            return dict(note["environment"])
        files = sorted(folder.glob("*.sqlite"))
        databases = {database_variable(path.stem): f"sqlite:///{path}" for path in files}
        if not databases and is_named():
            raise CommandFailed(f"there are no databases in {folder} (fivered up --data {folder})")
        demo = {"FIVERED_DEMO_CLOCK": "1", "FIVERED_SYNTHETIC": "1"}
        told = {**_keys_in(folder), **databases, **note.get("given", {})}
        return told | (demo if note.get("demo") or any(map(_has_clock, files)) else {})
    return {}


def shared() -> dict[str, str]:
    """Return the variables that the processes of the system that runs here share; empty where it is
    one process, or none runs."""
    for folder in _places():
        note = running(folder) or (note_of(folder) if is_named() else None)
        if note is not None:
            return dict(note.get("environment", {}))
    return {}


def _has_clock(database: Path) -> bool:
    """Tell whether a database has the clock of a demonstration, which nothing notes once it has
    ended."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True)) as conn:
            return conn.execute("SELECT 1 FROM clock WHERE name = 'demo'").fetchone() is not None
    except sqlite3.Error:
        return False


def pages() -> dict[str, str]:
    """Return where each process of the system that runs here tells what it does, by its name."""
    return dict((system() or {}).get("pages", {}))


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
    note = note_of(folder)
    if note is None:
        return None
    # One that was killed leaves its note behind.
    pid = note.get("supervisor") or note.get("pid")
    if not _alive(pid) or note.get("born", born(pid)) != born(pid):
        return None
    return note


def born(pid: int | None) -> str:
    """Return when a process was started, as the system counts it; empty where it has ended, though
    nobody has asked how, and where the system does not tell."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if told[0] == "Z" else told[19]


def address_and_key() -> tuple[str, str]:
    """Return the address of the system that runs here and the key of its tokens.

    Raises:
        CommandFailed: Nothing runs here.
    """
    for folder in _places():
        note = running(folder)
        if note is not None:
            keys = note.get("environment") or _keys_in(folder)
            if "FIVERED_TOKEN_KEY" not in keys:
                raise CommandFailed(f"no token key in {keys_file(folder)}")
            return note["address"], keys["FIVERED_TOKEN_KEY"]
    raise CommandFailed(nothing_runs())


def nothing_runs() -> str:
    """Say that nothing runs here, and what starts it."""
    named = _folder()
    if named is not None:
        return f"nothing runs here: fivered up --data {named} in another terminal first"
    return "nothing runs here: make run (or make up) in another terminal first"


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
    """Take what the environment does not say from the system that runs here, if one does; of a
    folder that the command names, all that it says.

    Raises:
        CommandFailed: In the folder that the command names there is none.
    """
    if is_named():
        taken = environment()
        # Of another installation, which this command does not look at.
        for name in {*_servers(), *_named_by(_OWNER), BROKER} & os.environ.keys():
            del os.environ[name]
        os.environ.update(taken)
        return True
    if _servers():
        # A real installation's own environment is never mixed with a demonstration's.
        return False
    taken = environment()
    for name, value in taken.items():
        os.environ.setdefault(name, value)
    if taken:
        _say_whose()
    return bool(taken)


def _servers() -> list[str]:
    """Return the variables of the environment that name databases."""
    return _named_by(_DATABASE)


def _named_by(end: str) -> list[str]:
    return [one for one in os.environ if one.startswith("FIVERED_") and one.endswith(end)]


def _found_here(name: str) -> str:
    """Return a variable of the system that runs here; empty where none does, or it says none."""
    value = environment().get(name, "")
    if value:
        _say_whose()
    return value


def _say_whose() -> None:
    if not _told:
        _told.append("")
        print("fivered: of the system that runs here (make run, make up)", file=sys.stderr)


def database_of(service: str) -> str:
    """Return the address of a service's database: what the environment says, or the system that
    runs here.

    Raises:
        CommandFailed: Neither names one, or it is no database of ours.
    """
    variable = database_variable(service)
    if is_named() or not os.environ.get(variable):
        adopt()
    url = os.environ.get(variable)
    if not url:
        if is_named():
            raise CommandFailed(f"there is no database of {service} in {_folder()}")
        raise CommandFailed(f"{variable} is not set: the database of {service}")
    if why := address_fault(url, "postgresql", "sqlite"):
        raise CommandFailed(f"{variable} {why}")
    return url


def broker_url() -> str:
    """Return the address of the broker: what the environment says, or the system that runs here;
    empty where neither names one, or it has none."""
    if is_named() or not os.environ.get(BROKER):
        adopt()
    return os.environ.get(BROKER, "")


def installation_file() -> str:
    """Return where the file of the installation lies at which a command looks: what the environment
    says, or the system that runs here; empty where neither does. It takes nothing else from there.

    Raises:
        CommandFailed: In the folder that the command names there is none.
    """
    given = os.environ.get(INSTALLATION, "")
    if is_named():
        return environment().get(INSTALLATION, "") or given
    return given if given or os.environ.get(BROKER) or _servers() else _found_here(INSTALLATION)


def needed_broker_url(of_whom: str) -> str:
    """Return the address of the broker.

    Args:
        of_whom: The user in it, as it is told where there is none.

    Raises:
        CommandFailed: There is none.
    """
    url = broker_url()
    if not url:
        refuse_one_process()
        raise CommandFailed(
            f"{BROKER} is not set: amqp(s)://user:password@host:port/vhost of the user {of_whom}"
        )
    return url


def refuse_one_process() -> None:
    """Refuse to go on where everything runs in one process.

    Raises:
        CommandFailed: It does.
    """
    if not broker_url() and (is_named() or system() is not None):
        raise CommandFailed(
            "the system that runs here is one process, without a broker: outside systems read"
            " GET /v1/events or its stream, or are told by webhooks"
        )


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
