"""Replacing the keys of an installation.

`fivered keys rotate` makes a new key and keeps the one before, `status` says whether something
still needs that one, `drop` forgets it. Where processes have environments of their own it prints
what is to be set there, since nothing here can write them.
"""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fivered.chassis import here, migrate, person_keys, sealing, webhooks
from fivered.chassis.actors import PAIRS, new_pair
from fivered.chassis.folder import all_settings, take_folder, wanted_keys, write_keys
from fivered.chassis.here import keys_file, read_keys
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.messages import SYSTEM
from fivered.chassis.runtime import Runtime
from fivered.chassis.sealing import Sealing, reseal
from fivered.chassis.settings import CommandFailed, database_variable
from fivered.chassis.vault import match_key_of

BEFORE = "_BEFORE"
# While the second is unset, the first does its work.
_ACTOR, _DIGEST = "FIVERED_ACTOR_KEY", "FIVERED_DIGEST_KEY"
Say = Callable[[str], None]


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
        if self.data is None:
            return self.found.get(database_variable(service), "")
        return f"sqlite:///{self.data / service}.sqlite"

    def is_there(self, service: str) -> bool:
        """Tell whether a service has a database here."""
        if self.data is None:
            return bool(self.database(service))
        return (self.data / f"{service}.sqlite").exists()


def _place(data: str) -> _Place:
    folder = Path(data)
    path = keys_file(folder)
    names = [name for name in os.environ if name.startswith("FIVERED_")]
    if not here.is_named() and any(name.endswith("_DATABASE_URL") for name in names):
        return _Place(None, path, {name: os.environ[name] for name in names})
    if shared := here.shared():
        return _Place(None, path, shared)
    found = read_keys(path)
    if not found:
        raise CommandFailed(
            f"{path} holds no keys: --data names another folder (fivered up), the environment a"
            f" service (FIVERED_..._DATABASE_URL)"
        )
    return _Place(folder, path, found)


def rotatable() -> list[str]:
    """Return the keys for which the key before may be given as well."""
    names = {
        field.metadata.get("env", "")
        for kind in all_settings()
        for field in dataclasses.fields(kind)
    }
    return sorted(name for name in names if name + BEFORE in names)


def rotate(data: str, name: str, say: Say) -> int:
    """Make a new key and keep the one before; without a name, of each key that seals values here.

    Raises:
        CommandFailed: There is no such key here.
    """
    for one in _names_of(name, _place(data)):
        _rotate(_place(data), one, say)
    return 0


def _rotate(place: _Place, name: str, say: Say) -> None:
    old = place.found.get(name, "")
    if not old:
        raise CommandFailed(f"{name} is not set here")
    fresh = secrets.token_urlsafe(48)
    before = ",".join(dict.fromkeys([old, *_listed(place.found, name)]))
    match = _kept_settings(name, place.found)
    if place.data is None or name in os.environ:
        _print_steps(name, fresh, before, match, say)
        return
    write_keys(place.path, place.found | match | {name: fresh, name + BEFORE: before})
    say(f"{place.path}: {name} is new, {name}{BEFORE} is the key before")
    for service in _sealed_here(place, name):
        with _stopped(place.data) as alone:
            if not alone:
                say(f"{place.data} is in use: the next start seals the values of {service} anew")
                continue
            _reseal(_Place(place.data, place.path, read_keys(place.path)), service, name, say)
    say("when fivered keys status says that it is safe: fivered keys drop")


def _kept_settings(name: str, found: Mapping[str, str]) -> dict[str, str]:
    """Return what has to be set, so that digests made of this key stay what they are."""
    set_now = {}
    if name == _ACTOR and not found.get(_DIGEST):
        set_now[_DIGEST] = found[name]
    for service in _sealing(name):
        for match, stands_in in wanted_keys().items():
            if stands_in == name and not found.get(match):
                set_now[match] = match_key_of(service, found[name])
    return set_now


def persons(data: str, say: Say, *, begin: bool) -> int:
    """Say whether what is about a person is sealed with a key of that person, or begin with it.

    Args:
        data: The data folder.
        say: Takes one line.
        begin: From now on: the operator says that no process of the release before runs any more.

    Raises:
        CommandFailed: No service here seals what is about persons.
    """
    place = _place(data)
    found = [
        (service, name)
        for service, name in _sealing_services(filter(place.database, service_names())).items()
        if place.is_there(service) and person_keys.owners(service_class(service))
    ]
    if not found:
        raise CommandFailed("no service of this environment seals what is about persons")
    for service, name in found:
        _persons(place, service, name, say, begin=begin)
    return 0


def _persons(place: _Place, service: str, name: str, say: Say, *, begin: bool) -> None:
    with _opened(place, service) as runtime:
        if _is_behind(runtime):
            raise CommandFailed(f"the database of {service} is not migrated: fivered migrate")
        with runtime.transaction(SYSTEM) as tx:
            begun = person_keys.state(runtime, tx.conn) != ""
            if begin and not begun:
                person_keys.begin(runtime, tx.conn)
    if begin and not begun and place.data is not None:
        with _stopped(place.data) as alone:
            if alone:
                _reseal(place, service, name, say)
    status = _look(place, service)
    if status.waiting is None:
        say(f"{service}: people share the service's key; when no process of 0.2 runs any more:")
        say("  fivered keys persons --begin")
        return
    say(f"{service}: {status.persons} values have the key of their person, {status.waiting} wait")
    if status.waiting:
        say("  a running work (or fivered up) does it within the hour, a start at once")


def pair(say: Say) -> int:
    """Make the pairs of keys that sign who acts, and say where each half goes."""
    made = {private: new_pair() for private in PAIRS}
    say("# For the gateway; nobody else may know them:")
    for private, (secret, _public) in made.items():
        say(f"{private}={secret}")
    say("# For serve and work of each service (beside an old one, by comma, until it is replaced):")
    for private, (_secret, public) in made.items():
        say(f"{PAIRS[private]}={public}")
    return 0


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


def _names_of(name: str, place: _Place) -> list[str]:
    known = rotatable()
    if not name:
        found = [one for one in known if _sealing(one) and place.found.get(one)]
        if not found:
            raise CommandFailed(f"which key: {', '.join(known)}")
        return found
    if name not in known:
        raise CommandFailed(f"{name} is no key that can be rotated here ({', '.join(known)})")
    return [name]


def _listed(found: Mapping[str, str], name: str) -> list[str]:
    return [one.strip() for one in found.get(name + BEFORE, "").split(",") if one.strip()]


def _sealing(name: str) -> list[str]:
    """Return the services whose values a key seals."""
    found = _sealing_services(service_names())
    return [service for service, setting in found.items() if setting == name]


def _sealed_here(place: _Place, name: str) -> list[str]:
    """Return the services of which a key seals something in a database that is here."""
    if name != webhooks.KEY:
        return _sealing(name)
    return [service for service in service_names() if place.is_there(service)]


def _sealing_services(services: Iterable[str]) -> dict[str, str]:
    found = {}
    for service in services:
        cls = service_class(service)
        if issubclass(cls, Sealing):
            found[service] = cls.seals_with
    return found


@contextmanager
def _stopped(data: Path) -> Iterator[bool]:
    """Hold a data folder, so that nothing is started on it; tells whether nothing runs there."""
    try:
        held = take_folder(data)
    except CommandFailed:
        yield False
        return
    try:
        yield True
    finally:
        held.close()


def _reseal(place: _Place, service: str, name: str, say: Say) -> None:
    with _opened(place, service) as runtime:
        if _is_behind(runtime):
            say(f"{service}: the next start migrates the database and seals its values anew")
            return
        if name == webhooks.KEY:
            with runtime.transaction(SYSTEM) as tx:
                done = webhooks.reseal(tx)
        else:
            runtime.prepare()
            done = reseal(runtime, lambda _count: runtime.transaction(SYSTEM))
        say(f"{service}: {done} values are sealed anew")


def _is_behind(runtime: Runtime) -> bool:
    return migrate.is_behind(runtime.engine, migrate.package_of(runtime.service_cls))


@contextmanager
def _opened(place: _Place, service: str) -> Iterator[Runtime]:
    cls = service_class(service)
    url = place.database(service)
    if not url:
        raise CommandFailed(f"{database_variable(service)} is not set: the database of {service}")
    runtime = Runtime.open(cls, url, environ=place.found | dict(os.environ))
    try:
        yield runtime
    finally:
        runtime.close()


def status(data: str, say: Say, *, as_json: bool = False) -> int:
    """Say how many values each key has sealed, and whether the keys before may be dropped.

    Args:
        data: The data folder.
        say: Takes one line.
        as_json: An object per service.
    """
    place = _place(data)
    for service, found in _all_found(place):
        if as_json:
            say(json.dumps({"service": service, **dataclasses.asdict(found), "safe": found.safe}))
            continue
        say(f"{service}: {found.setting} is key {found.present}")
        roles = {found.present: "present", **dict.fromkeys(found.before, "before")}
        for one, count in sorted(found.values.items()):
            role = roles.get(one, "not given here") if one else "names no key: of before a rotation"
            say(f"  {one or '-':<8}  {count:>9} values  {role}")
        if found.persons:
            say(f"  persons   {found.persons:>9} values  each with the key of its person")
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


def _all_found(place: _Place) -> Iterator[tuple[str, sealing.Status]]:
    """Look at what is sealed here: values of people, then secrets of webhooks."""
    # A unit knows its own database: importing a service takes longer than to ask what it seals.
    found = list(_sealing_services(filter(place.database, service_names())))
    hooked = place.found.get(webhooks.KEY)
    if not found and not hooked:
        raise CommandFailed("no service of this environment seals values")
    for service in found:
        yield service, _look(place, service)
    for service in _sealed_here(place, webhooks.KEY) if hooked else ():
        secrets_here = _look_at_webhooks(place, service)
        if secrets_here.values or secrets_here.before:
            yield service, secrets_here


def _look(place: _Place, service: str) -> sealing.Status:
    with _opened(place, service) as runtime, runtime.snapshot(SYSTEM) as tx:
        found = sealing.status(tx)
    if found is None:
        raise CommandFailed(f"{service} seals nothing")
    return found


def _look_at_webhooks(place: _Place, service: str) -> sealing.Status:
    with _opened(place, service) as runtime:
        vault, counts = webhooks.vault_of(runtime), {}
        if not _is_behind(runtime):
            with runtime.snapshot(SYSTEM) as tx:
                counts = dict(webhooks.sealed_by(tx))
    before = tuple(vault.ids[1:])
    left = sum(count for one, count in counts.items() if one != vault.id) if before else 0
    return sealing.Status(webhooks.KEY, vault.id, before, counts, left)


def drop(data: str, name: str, say: Say) -> int:
    """Forget the key before, when nothing needs it any more; without a name, of each key that seals
    values here.

    Raises:
        CommandFailed: Something does, or the environment of the processes holds it.
    """
    for one in _names_of(name, _place(data)):
        _drop(_place(data), one, say)
    return 0


def _drop(place: _Place, name: str, say: Say) -> None:
    if not place.found.get(name + BEFORE):
        say(f"{name}{BEFORE} is not set here")
        return
    for service in _sealed_here(place, name):
        found = (_look_at_webhooks if name == webhooks.KEY else _look)(place, service)
        if not found.safe:
            raise CommandFailed(
                f"{found.left} values of {service} are not sealed with the present key yet: they"
                " could not be read any more (a start seals them anew; fivered keys status)"
            )
    if place.data is None or name + BEFORE in os.environ:
        say(f"# For every process that reads {name}, then restart them one by one:")
        say(f"{name}{BEFORE}=")
        return
    write_keys(place.path, {key: one for key, one in place.found.items() if key != name + BEFORE})
    say(f"{place.path}: {name}{BEFORE} is gone")
