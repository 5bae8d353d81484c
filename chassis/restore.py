"""`fivered restore`: fill a database from a backup, and say what belongs to it.

A database that holds something is replaced only where its name is given a second time. Nothing
takes effect twice by it: what a service hears again it drops where it knows it, by event id.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from fivered.chassis import append_only, backup, dumps, kept_keys, owners, topology
from fivered.chassis import storage as store
from fivered.chassis.backup import BLOBS, SEALED_KEYS, WHOLE, Manifest, Part, bare
from fivered.chassis.folder import keys_of_service, take_folder, write_keys
from fivered.chassis.here import keys_file, read_keys
from fivered.chassis.inbox import KEEP
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.kept import InFolder, kept_here
from fivered.chassis.kept_keys import Kept
from fivered.chassis.migrate import current_of, histories, migrate_service, package_of
from fivered.chassis.refusal import Refusal
from fivered.chassis.settings import CommandFailed
from fivered.chassis.vault import key_id

# Clocks of several machines differ; what is heard twice is dropped.
_MARGIN = timedelta(minutes=5)
Say = Callable[[str], None]


def command(given: argparse.Namespace) -> int:
    """Carry out `fivered restore`."""
    if bool(given.service) == bool(given.data):
        raise CommandFailed("which: the name of a service, or --data FOLDER of fivered up")
    if given.keys_to and given.data:
        raise CommandFailed(
            "--keys-to is for one service: a data folder gets the sealed keys of its backup by"
            f" itself ({keys_file(Path(given.data))})"
        )
    of = given.service or WHOLE
    found = _newest(Path(given.source), of)
    manifest = backup.manifest_of(found)
    known = _keys_of_persons(found, given)
    # With newer ones at hand, those beside it are not needed.
    beside = f"{kept_keys.FOLDER}/"
    wrong = [
        one for one in backup.problems(found) if not (given.person_keys and one.startswith(beside))
    ]
    if wrong:
        raise CommandFailed(f"{found} is damaged: {'; '.join(wrong)}")
    if given.keys_to:
        _write_keys(found, given)
    if given.data:
        _folder(found, manifest, given, known, print)
    else:
        _service(found, manifest, given, known, print)
    _print_lost(manifest, [of] if given.service else list(manifest.services), print)
    return 0


def _newest(source: Path, of: str) -> Path:
    """Return the newest backup of a service; one of a whole folder has it as well."""
    found = [
        path
        for path in backup.backups_in(source)
        if of in {(manifest := backup.manifest_of(path)).of, *manifest.services}
    ]
    if not found:
        raise CommandFailed(f"{source} holds no backup of {of}")
    return found[-1]


def _part(manifest: Manifest, service: str) -> Part:
    """Return a service's part, if this release can go on with it."""
    part = manifest.services[service]
    for history in histories(package_of(service_class(service))):
        revision = part.schema.get(history.table, "")
        if not history.knows(revision):
            raise CommandFailed(
                f"the backup is of release {manifest.release}, whose database ({revision}) this"
                f" release does not know: restore it with that release"
            )
    return part


# --------------------------------------------------------------------------------------------------
# One service


def _keys_of_persons(found: Path, given: argparse.Namespace) -> dict[str, Kept]:
    """Return the newest keys that lie beside the backup, or where somebody says, by service."""
    known = kept_keys.in_folder(found.parent / kept_keys.FOLDER)
    if given.person_keys:
        place = Path(given.person_keys)
        named = kept_keys.in_folder(place)
        if not named:
            raise CommandFailed(f"{place} holds no keys of persons ({kept_keys.FOLDER})")
        for service, kept in named.items():
            known[service] = kept_keys.merged(known.get(service, {}), kept)
    return known


def _wanted(
    service: str,
    part: Part,
    known: Mapping[str, Kept],
    replaced: Mapping[str, Kept],
    keys: Iterable[str],
) -> Kept:
    """Return the keys of persons for a restored database: the newest, from beside the backup and
    from databases that are there; and who was erased, in whatever service it is known.

    Raises:
        CommandFailed: Some are nowhere, or the key that opens them is not set here.
    """
    own = kept_keys.merged(known.get(service, {}), replaced.get(service, {}))
    if len(own) < part.persons:
        raise CommandFailed(
            f"{service} has {part.persons} persons with a key of their own, and {len(own)} keys are"
            f" here: --person-keys names the folder of backups that has {kept_keys.FOLDER}"
        )
    _check_ids(service, kept_keys.sealed_with(own), keys)
    return kept_keys.merged(own, kept_keys.erased([*known.values(), *replaced.values()]))


def _service(
    found: Path,
    manifest: Manifest,
    given: argparse.Namespace,
    known: Mapping[str, Kept],
    say: Say,
) -> None:
    service, replace = str(given.service), given.replace
    part = _part(manifest, service)
    url = owners.database_of(service)
    keys = {name: os.environ.get(name, "") for name in keys_of_service(service_class(service))}
    _check_keys(service, part, keys.values())
    engine = store.open_engine(url, pool_size=2)
    try:
        if engine.dialect.name != part.database:
            raise CommandFailed(f"the backup is of {part.database}, and the database is not")
        if engine.dialect.name == "sqlite":
            path = Path(str(engine.url.database))
            held = take_folder(path.parent)
            try:
                _may_replace(engine, service, replace)
                engine.dispose()
                beside = {service: path, **{one.stem: one for one in _readers(path)}}
                replaced = kept_keys.of_files(beside)
                persons = _wanted(service, part, known, replaced, keys.values())
                read = max(_last_number(path), _read_by_others(service, _readers(path)))
                _put({path: found / part.file})
                _begin_behind(path, read)
            finally:
                held.close()
        else:
            _may_replace(engine, service, replace)
            with engine.connect() as conn:
                owners.check(service, conn)
            if many := dumps.others(engine, owners.role_of(service)):
                raise CommandFailed(
                    f"{many} others are connected to the database of {service}: stop its serve and"
                    " work"
                )
            replaced = {service: kept_keys.of_engine(service, engine)}
            persons = _wanted(service, part, known, replaced, keys.values())
            dumps.fill(engine, found / part.file)
        _migrate(service, engine, manifest, persons, say)
    finally:
        engine.dispose()
    _put_blobs(found, manifest, os.environ.get("FIVERED_BLOBS", ""), say)
    _print_steps(service, manifest, part, say)


def _may_replace(engine: sa.Engine, name: str, replace: str | None) -> None:
    if replace is not None and replace != name:
        raise CommandFailed(f"--replace names {replace!r}, and this is {name}")
    if replace is None and not dumps.is_empty(engine):
        raise CommandFailed(
            f"the database of {name} is not empty: --replace {name} gives up what it holds"
        )


def _check_keys(service: str, part: Part, values: Iterable[str]) -> None:
    """Refuse where people's data could not be read afterwards."""
    _check_ids(service, part.keys_in_use, values)


def _check_ids(service: str, needed: Iterable[str], values: Iterable[str]) -> None:
    here_now = {key_id(service, one.strip()) for value in values for one in value.split(",")}
    lacking = sorted(set(needed) - here_now)
    if lacking:
        raise CommandFailed(
            f"values of {service} are sealed with key {', '.join(lacking)}, which is not set here:"
            " set it first (--keys-to FILE writes the keys of a backup that holds them)"
        )


def _migrate(service: str, engine: sa.Engine, manifest: Manifest, persons: Kept, say: Say) -> None:
    cls = service_class(service)
    migrate_service(cls, engine)
    # A backup holds no rights.
    with engine.begin() as conn:
        append_only.hold(conn)
        erased = kept_keys.put(service, conn, persons)
        owners.give(service, conn)
    say(
        f"{service}: restored as it was at {manifest.made_at:%Y-%m-%dT%H:%M:%SZ}; the database is"
        f" at {current_of(engine, package_of(cls))}"
    )
    if erased:
        say(f"  {erased} persons were erased: the next start of {service} erases them again")


# --------------------------------------------------------------------------------------------------
# Files of the embedded mode


def _folder(
    found: Path,
    manifest: Manifest,
    given: argparse.Namespace,
    known: Mapping[str, Kept],
    say: Say,
) -> None:
    """Put all databases of a data folder in their place; nothing runs on it meanwhile."""
    data = Path(given.data)
    if manifest.of != WHOLE:
        raise CommandFailed(f"{found} is of {manifest.of} only: fivered restore {manifest.of}")
    parts = {service: _part(manifest, service) for service in manifest.services}
    new = not data.exists()
    held = take_folder(data)
    try:
        _fill_folder(parts, found, manifest, given, known=known, say=say)
    except BaseException:
        if new:
            shutil.rmtree(data, ignore_errors=True)
        raise
    finally:
        held.close()


def _fill_folder(
    parts: Mapping[str, Part],
    found: Path,
    manifest: Manifest,
    given: argparse.Namespace,
    *,
    known: Mapping[str, Kept],
    say: Say,
) -> None:
    data = Path(given.data)
    if given.replace is not None and Path(given.replace).resolve() != data.resolve():
        raise CommandFailed(f"--replace names {given.replace!r}, and this is {data}")
    if given.replace is None and any(data.glob("*.sqlite")):
        raise CommandFailed(f"{data} is not empty: --replace {data} gives up what it holds")
    kept = keys_file(data)
    if (found / SEALED_KEYS).exists() and not kept.exists():
        write_keys(kept, _unsealed(found, given))
    for service, part in parts.items():
        _check_keys(service, part, read_keys(kept).values())
    for path in data.glob("*.sqlite"):
        if path.stem in service_names() and path.stem not in parts:
            raise CommandFailed(f"the backup has no {path.stem}: it would not fit the others")
    places = {service: data / f"{service}.sqlite" for service in parts}
    replaced, keys = kept_keys.of_files(places), read_keys(kept).values()
    persons = {
        service: _wanted(service, part, known, replaced, keys) for service, part in parts.items()
    }
    # Whoever has read on to an event that is gone now must not take another one for it.
    read = {service: _last_number(place) for service, place in places.items()}
    _put({place: found / parts[service].file for service, place in places.items()})
    for service, place in places.items():
        _begin_behind(place, read[service])
        engine = store.open_engine(f"sqlite:///{place}", pool_size=1)
        _migrate(service, engine, manifest, persons[service], say)
        engine.dispose()
    _put_blobs(found, manifest, os.environ.get("FIVERED_BLOBS") or str(data / BLOBS), say)


def _put(files: Mapping[Path, Path]) -> None:
    """Put files (by place) in the place of databases; what was there is kept beside them."""
    fresh = {place: place.with_name(f"{place.name}.new") for place in files}
    try:
        for place, source in files.items():
            shutil.copyfile(source, fresh[place])
            with fresh[place].open("rb") as written:
                os.fsync(written.fileno())
    except OSError as error:
        for left in fresh.values():
            left.unlink(missing_ok=True)
        raise CommandFailed(f"{next(iter(files)).parent}: {error.strerror}") from error
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    for place in files:
        # With its log, where one is left of a process that was killed.
        for one in ("-wal", "-shm", ""):
            old = place.with_name(place.name + one)
            if old.exists():
                old.rename(place.with_name(f"{place.name}.before-{stamp}{one}"))
        fresh[place].replace(place)


def _readers(path: Path) -> list[Path]:
    """Return the databases of the other services beside one."""
    found = (path.with_name(f"{name}.sqlite") for name in service_names())
    return [other for other in found if other != path and other.exists()]


def _last_number(path: Path) -> int:
    """Return the number of the last event that a database has ever published; 0 where it has none,
    or is not there or cannot be read any more."""
    if not path.exists():
        return 0
    try:
        with closing(sqlite3.connect(path)) as conn:
            asked = "SELECT seq FROM sqlite_sequence WHERE name = 'outbox'"
            row = conn.execute(asked).fetchone()
    except sqlite3.DatabaseError:
        return 0
    return int(row[0]) if row else 0


def _read_by_others(service: str, readers: Iterable[Path]) -> int:
    """Return the number of the last event of a service that the others have read."""
    read = 0
    for other in readers:
        with closing(sqlite3.connect(other)) as conn:
            asked = "SELECT position FROM cursors WHERE source = ?"
            row = conn.execute(asked, (service,)).fetchone()
            read = max(read, row[0] if row else 0)
    return read


def _begin_behind(path: Path, read: int) -> None:
    """Begin the outbox behind what anybody can have read of it, so that they read on."""
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("DELETE FROM sqlite_sequence WHERE name = 'outbox' AND seq < ?", (read,))
        conn.execute(
            "INSERT INTO sqlite_sequence (name, seq) SELECT 'outbox', ?"
            " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'outbox')",
            (read,),
        )


# --------------------------------------------------------------------------------------------------
# Keys and files


def _unsealed(found: Path, given: argparse.Namespace) -> dict[str, str]:
    passphrase = backup.passphrase_in(given.passphrase_file)
    if not passphrase:
        raise CommandFailed("--passphrase-file names the file with what seals the keys")
    return backup.unseal((found / SEALED_KEYS).read_bytes(), passphrase)


def _write_keys(found: Path, given: argparse.Namespace) -> None:
    """Write the sealed keys as lines of an environment file, which only its owner reads."""
    if not (found / SEALED_KEYS).exists():
        raise CommandFailed(f"{found} holds no keys: it was made without a passphrase")
    keys = _unsealed(found, given)
    place = Path(given.keys_to)
    try:
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise CommandFailed(f"{place}: {error.strerror}") from error
    with os.fdopen(handle, "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in sorted(keys.items()))
    for name, value in keys.items():
        os.environ.setdefault(name, value)


def _put_blobs(found: Path, manifest: Manifest, blobs: str, say: Say) -> None:
    if not manifest.blobs:
        return
    if not blobs:
        say(f"{len(manifest.blobs)} files are not restored: FIVERED_BLOBS is not set")
        return
    place, count = Path(blobs), 0
    where = " and the bucket" if os.environ.get("FIVERED_S3_URL") else ""
    kept, waits = kept_here(blobs), InFolder(place)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, size in manifest.blobs.items():
        # What waits, lies in the folder always.
        to = waits if bare(name) == name else kept
        try:
            if to.size(name) != size:
                to.put(name, found.parent / BLOBS / bare(name))
                count += 1
        except Refusal as refusal:
            raise CommandFailed(
                f"{count} of {len(manifest.blobs)} files are back, then: {refusal}"
                f" ({refusal.__cause__}); the database is restored, restore again with --replace"
            ) from refusal
    say(f"{count} files are back in {place}{where}; those of jobs wait a day for somebody to come")


# --------------------------------------------------------------------------------------------------
# What belongs to it


def _print_steps(service: str, manifest: Manifest, part: Part, say: Say) -> None:
    since = manifest.made_at - _MARGIN
    if since < datetime.now(UTC) - KEEP:
        say(
            f"THE BACKUP IS OLDER THAN {KEEP.days} DAYS: services remember no longer what they"
            " heard before, and nothing can be said to it again without taking effect twice"
        )
        return
    installation = topology.looked_at()
    member = installation.members.get(service)
    heard = sorted(member.consumes) if member else []
    hears = sorted(name for name, one in installation.members.items() if service in one.consumes)
    say("next:")
    at = f"{since:%Y-%m-%dT%H:%M:%SZ}"
    if part.database == "sqlite":
        say("  it reads by itself what the others have published since")
    else:
        for source in heard:
            say(
                f"  fivered events replay {source} --only-to {service} --from {at}"
                f"   # with {source}'s environment"
            )
    if hears:
        say(
            f"  fivered doctor reconcile {service} --from {at}"
            f"   # what {', '.join(hears)} have heard of it since, and it does not know"
        )
    for name in hears:
        for one in service_class(name).projections if name in service_names() else ():
            if one.source == service:
                say(f"  fivered rebuild {name} {one.name}   # it may show rows that are gone")
    say(f"  start work, then serve; fivered doctor; fivered parked list {service}")


def _print_lost(manifest: Manifest, services: list[str], say: Say) -> None:
    at = f"{manifest.made_at:%Y-%m-%dT%H:%M:%SZ}"
    say("not restored:")
    say(f"  commands of {', '.join(services)} after {at}, and what it published then: enter again")
    say("  timers that fired since fire again, and what they publish is new to the others")
    say("  jobs that ran begin again; those that were asked for since are gone")
    say("  answers kept by Idempotency-Key since: the same key takes effect once more")
    for text in manifest.left_out:
        say(f"  {text}")


__all__ = ["command"]
