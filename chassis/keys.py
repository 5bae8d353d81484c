"""The keys of an installation: the file in which a data folder keeps them, and replacing them.

`fivered keys rotate` makes a new key and keeps the one before, `status` says whether something
still needs that one, `drop` forgets it. Where processes have environments of their own it prints
what is to be set there, since nothing here can write them.
"""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chassis.cli import CommandFailed, database_variable
from chassis.here import keys_file

if TYPE_CHECKING:
    from chassis.bus import Service
    from chassis.runtime import Runtime

BEFORE = "_BEFORE"
Say = Callable[[str], None]


# --------------------------------------------------------------------------------------------------
# The file


def read(path: Path) -> dict[str, str]:
    """Return the keys in a file; none when it is not there.

    Raises:
        CommandFailed: It cannot be read.
    """
    try:
        found: dict[str, str] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CommandFailed(f"the keys in {path} cannot be read: {error}") from error
    return found


def write(path: Path, found: Mapping[str, str]) -> None:
    """Replace the file: whoever is killed in between has left the one of before."""
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


def of_folder(data: Path) -> dict[str, str]:
    """Return the keys of a data folder; they are made at its first start and stay with it.

    One key per variable that ends in _KEY and is asked for by an installed unit. None is made up
    for what another key of the file has done until now.

    Raises:
        CommandFailed: They lie in the folder, and are wanted in another place.
    """
    path, own = keys_file(data), data / "keys.json"
    if own.exists() and not path.exists():
        raise CommandFailed(f"the keys of {data} lie in it: move {own} to {path}")
    found = read(path)
    missing = [
        name
        for name, stands_in in _wanted().items()
        if name not in found and not (stands_in and stands_in in found)
    ]
    if missing:
        found |= {name: secrets.token_urlsafe(48) for name in missing}
        write(path, found)
    return found


def _wanted() -> dict[str, str]:
    """Return the variables that hold a key, with the one that does its work while it is unset."""
    named = {"FIVERED_TOKEN_KEY": ""}
    for kind in _settings():
        for field in dataclasses.fields(kind):
            name = field.metadata.get("env", "")
            if name.endswith("_KEY"):
                named[name] = field.metadata["stands_in"]
    return dict(sorted(named.items()))


def _settings() -> list[type[Any]]:
    from chassis.installed import service_class, service_names  # noqa: PLC0415  see chassis.up
    from chassis.settings import ProcessSettings  # noqa: PLC0415  see chassis.up

    return [ProcessSettings, *(service_class(name).settings_type for name in service_names())]


# --------------------------------------------------------------------------------------------------
# Replacing


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the keys stand: a file of ours, or the environment of each process.

    Attributes:
        data: The data folder; None where services have databases of their own.
        path: The file of the keys.
        found: The keys.
    """

    data: Path | None
    path: Path
    found: dict[str, str]

    def database(self, service: str) -> str:
        variable = database_variable(service)
        if self.data is None:
            return os.environ.get(variable, "")
        return f"sqlite:///{self.data / service}.sqlite"


def _place(data: str) -> _Place:
    folder = Path(data)
    path = keys_file(folder)
    names = [name for name in os.environ if name.startswith("FIVERED_")]
    if any(name.endswith("_DATABASE_URL") for name in names):
        return _Place(None, path, {name: os.environ[name] for name in names})
    found = read(path)
    if not found:
        raise CommandFailed(
            f"{path} holds no keys: --data names another folder (fivered up), the environment a"
            f" service (FIVERED_..._DATABASE_URL)"
        )
    return _Place(folder, path, found)


def rotatable() -> list[str]:
    """Return the keys for which the key before may be given as well."""
    names = {
        field.metadata.get("env", "") for kind in _settings() for field in dataclasses.fields(kind)
    }
    return sorted(name for name in names if name + BEFORE in names)


def rotate(data: str, name: str, say: Say) -> int:
    """Make a new key and keep the one before.

    Raises:
        CommandFailed: There is no such key here.
    """
    place = _place(data)
    name = _name_of(name)
    old = place.found.get(name, "")
    if not old:
        raise CommandFailed(f"{name} is not set here")
    fresh = secrets.token_urlsafe(48)
    before = ",".join(dict.fromkeys([old, *_listed(place.found, name)]))
    match = _match_setting(name, place.found)
    if place.data is None or name in os.environ:
        _print_steps(name, fresh, before, match, say)
        return 0
    write(place.path, place.found | match | {name: fresh, name + BEFORE: before})
    say(f"{place.path}: {name} is new, {name}{BEFORE} is the key before")
    for service in _sealing(name):
        with _stopped(place.data) as alone:
            if not alone:
                say(f"{place.data} is in use: the next start seals the values of {service} anew")
                continue
            _reseal(_Place(place.data, place.path, read(place.path)), service, say)
    say("when fivered keys status says that it is safe: fivered keys drop")
    return 0


def _match_setting(name: str, found: Mapping[str, str]) -> dict[str, str]:
    """Return the match key that has to be set, so that digests stay what they are."""
    from chassis.vault import match_key_of  # noqa: PLC0415  see chassis.up

    set_now = {}
    for service in _sealing(name):
        for match, stands_in in _wanted().items():
            if stands_in == name and not found.get(match):
                set_now[match] = match_key_of(service, found[name])
    return set_now


def _print_steps(name: str, fresh: str, before: str, match: Mapping[str, str], say: Say) -> None:
    say(f"# 1. For every process that reads {name}, then restart them one by one:")
    say(f"{name}{BEFORE}={','.join([fresh, *before.split(',')[1:]])}")
    for variable, value in match.items():
        say(f"{variable}={value}")
    say("# 2. When all run with it, for the same processes, and restart them one by one:")
    say(f"{name}={fresh}")
    say(f"{name}{BEFORE}={before}")
    say("# 3. When fivered keys status says that it is safe, for the same processes:")
    say(f"{name}{BEFORE}=")


def _name_of(name: str) -> str:
    known = rotatable()
    if not name:
        found = [one for one in known if _sealing(one)]
        if len(found) != 1:
            raise CommandFailed(f"which key: {', '.join(known)}")
        return found[0]
    if name not in known:
        raise CommandFailed(f"{name} is no key that can be rotated here ({', '.join(known)})")
    return name


def _listed(found: Mapping[str, str], name: str) -> list[str]:
    return [one.strip() for one in found.get(name + BEFORE, "").split(",") if one.strip()]


def _sealing(name: str) -> list[str]:
    """Return the services whose values a key seals."""
    return [service for service, setting in _sealing_services().items() if setting == name]


def _sealing_services() -> dict[str, str]:
    from chassis.installed import service_class, service_names  # noqa: PLC0415  see chassis.up
    from chassis.sealing import Sealing  # noqa: PLC0415  see chassis.up

    found = {}
    for service in service_names():
        cls = service_class(service)
        if issubclass(cls, Sealing):
            found[service] = cls.seals_with
    return found


@contextmanager
def _stopped(data: Path) -> Iterator[bool]:
    """Hold a data folder, so that nothing is started on it; tells whether nothing runs there."""
    from chassis.up import take_folder  # noqa: PLC0415  it loads this module

    try:
        held = take_folder(data)
    except CommandFailed:
        yield False
        return
    try:
        yield True
    finally:
        held.close()


def _reseal(place: _Place, service: str, say: Say) -> None:
    from chassis import migrate  # noqa: PLC0415  see chassis.up
    from chassis.bus import SYSTEM  # noqa: PLC0415  see chassis.up
    from chassis.sealing import reseal  # noqa: PLC0415  see chassis.up

    with _opened(place, service) as runtime:
        if migrate.is_behind(runtime.engine, migrate.package_of(runtime.service_cls)):
            say(f"{service}: the next start migrates the database and seals its values anew")
            return
        runtime.prepare()
        done = reseal(runtime, lambda _count: runtime.transaction(SYSTEM))
        say(f"{service}: {done} values are sealed anew")


@contextmanager
def _opened(place: _Place, service: str) -> Iterator[Runtime]:
    from chassis.installed import service_class  # noqa: PLC0415  see chassis.up
    from chassis.runtime import Runtime  # noqa: PLC0415  see chassis.up

    cls: type[Service] = service_class(service)
    url = place.database(service)
    if not url:
        raise CommandFailed(f"{database_variable(service)} is not set: the database of {service}")
    runtime = Runtime.open(cls, url, environ=place.found | dict(os.environ))
    try:
        yield runtime
    finally:
        runtime.close()


def status(data: str, say: Say) -> int:
    """Say how many values each key has sealed, and whether the keys before may be dropped."""
    place = _place(data)
    for service in _here(place):
        found = _look(place, service)
        say(f"{service}: {found.setting} is key {found.present}")
        roles = {found.present: "present", **dict.fromkeys(found.before, "before")}
        for one, count in sorted(found.values.items()):
            role = roles.get(one, "not given here") if one else "names no key: of before a rotation"
            say(f"  {one or '-':<8}  {count:>9} values  {role}")
        if found.before:
            left = (
                ""
                if found.safe
                else f" ({found.left} values are not sealed with the present key yet)"
            )
            say(f"safe to drop the key before: {'yes' if found.safe else 'no'}{left}")
        else:
            say("there is no key before")
    return 0


def _here(place: _Place) -> list[str]:
    found = [service for service in _sealing_services() if place.database(service)]
    if not found:
        raise CommandFailed("no service of this environment seals values")
    return found


def _look(place: _Place, service: str) -> Any:
    from chassis import sealing  # noqa: PLC0415  see chassis.up
    from chassis.bus import SYSTEM  # noqa: PLC0415  see chassis.up

    with _opened(place, service) as runtime, runtime.snapshot(SYSTEM) as tx:
        return sealing.status(tx)


def drop(data: str, name: str, say: Say) -> int:
    """Forget the key before, when nothing needs it any more.

    Raises:
        CommandFailed: Something does, or the environment of the processes holds it.
    """
    place = _place(data)
    name = _name_of(name)
    if not place.found.get(name + BEFORE):
        say(f"{name}{BEFORE} is not set here")
        return 0
    for service in _sealing(name):
        found = _look(place, service)
        if not found.safe:
            raise CommandFailed(
                f"{found.left} values of {service} are not sealed with the present key yet: they"
                " could not be read any more (a start seals them anew; fivered keys status)"
            )
    if place.data is None or name + BEFORE in os.environ:
        say(f"# For every process that reads {name}, then restart them one by one:")
        say(f"{name}{BEFORE}=")
        return 0
    write(place.path, {key: one for key, one in place.found.items() if key != name + BEFORE})
    say(f"{place.path}: {name}{BEFORE} is gone")
    return 0
