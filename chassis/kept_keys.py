"""Keys of persons beside the backups: the newest that are known, and who was erased.

No backup of a database holds a row of `person_keys`. Each `fivered backup` brings one file per
service up to date instead, in the folder `person-keys` beside the backups: a key that was destroyed
since is gone from it, so a person who was erased cannot be read in any backup, however old. Keys
are sealed with the service's key. Nobody's key is forgotten because a database does not know it;
who was erased in one place is so in all.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from fivered.chassis import person_keys
from fivered.chassis import storage as store
from fivered.chassis.installed import service_class
from fivered.chassis.settings import CommandFailed
from fivered.chassis.transaction import tables_of
from fivered.chassis.typed import decoded
from fivered.chassis.vault import HEAD, named

FOLDER = "person-keys"
_FORMAT = 1
_ROWS = 500


class KeptKey(Struct, frozen=True, forbid_unknown_fields=True):
    """A row of `person_keys`; `wrapped` is absent where the key was destroyed."""

    person_id: str
    handle: str
    made_at: datetime
    wrapped: bytes | None = None
    ended_at: datetime | None = None


Kept = dict[str, KeptKey]


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    service: str
    sha256: str
    keys: list[KeptKey]


def merged(*sources: Mapping[str, KeptKey]) -> Kept:
    """Return all keys that are known, by person; one that was destroyed anywhere is."""
    found: Kept = {}
    for source in sources:
        for person_id, key in source.items():
            known = found.get(person_id)
            if known is None or (known.ended_at is None and key.ended_at is not None):
                found[person_id] = key
    return found


def in_database(service: str, conn: sa.Connection) -> Kept:
    """Return the keys in the database of a service; none, where it is of a release before."""
    table = tables_of(service_class(service).tables).person_keys
    if not sa.inspect(conn).has_table(table.name):
        return {}
    return {
        row.person_id: KeptKey(
            row.person_id,
            row.handle,
            row.made_at,
            bytes(row.wrapped) if row.wrapped is not None else None,
            row.ended_at,
        )
        for row in conn.execute(sa.select(table))
    }


def in_file(path: Path) -> Kept:
    """Return the keys of a file; none, where there is no such file.

    Raises:
        CommandFailed: It is damaged, or was written by a later release.
    """
    try:
        found = decoded(path.read_bytes(), _File)
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        raise CommandFailed(f"{path}: {error}") from error
    if found.format != _FORMAT:
        raise CommandFailed(f"{path} has form {found.format}; this release reads {_FORMAT}")
    if _digest(found.keys) != found.sha256:
        raise CommandFailed(f"{path} has changed since it was written")
    return {key.person_id: key for key in found.keys}


def in_folder(place: Path) -> dict[str, Kept]:
    """Return the keys of all services in a folder of backups, or in `person-keys` itself.

    Raises:
        CommandFailed: A file is damaged.
    """
    folder = place / FOLDER if (place / FOLDER).is_dir() else place
    return {path.stem: in_file(path) for path in sorted(folder.glob("*.json"))}


def bring_up_to_date(to: Path, of: Mapping[str, Kept]) -> None:
    """Write the newest keys of services beside their backups.

    Raises:
        CommandFailed: A file that is there is damaged: what it holds may be needed.
    """
    for service, found in of.items():
        path = to / FOLDER / f"{service}.json"
        kept = merged(in_file(path), found)
        if not kept:
            continue
        path.parent.mkdir(mode=0o700, exist_ok=True)
        keys = [kept[one] for one in sorted(kept)]
        file = _File(_FORMAT, service, _digest(keys), keys)
        fresh = path.with_suffix(".new")
        with fresh.open("wb") as written:
            written.write(msgspec.json.encode(file))
            written.flush()
            os.fsync(written.fileno())
        fresh.replace(path)


def _digest(keys: Iterable[KeptKey]) -> str:
    return hashlib.sha256(msgspec.json.encode(list(keys))).hexdigest()


def sealed_with(kept: Mapping[str, KeptKey]) -> set[str]:
    """Return the ids of the service's keys that open them, as far as they say so."""
    found = {named(key.wrapped[:HEAD]) for key in kept.values() if key.wrapped is not None}
    return {one for one in found if one is not None}


def erased(every: Iterable[Mapping[str, KeptKey]]) -> Kept:
    """Return who was erased, in whatever service it is known."""
    found = merged(*every)
    return {one: key for one, key in found.items() if key.ended_at is not None}


def put(service: str, conn: sa.Connection, kept: Mapping[str, KeptKey]) -> int:
    """Write keys into a restored database. Whoever was erased is erased in it again at the next
    start. Returns how many those are."""
    chassis = tables_of(service_class(service).tables)
    table, in_use = chassis.person_keys, chassis.keys_in_use
    conn.execute(sa.delete(table))
    rows = [
        {**msgspec.structs.asdict(key), "waits": key.ended_at is not None} for key in kept.values()
    ]
    for at in range(0, len(rows), _ROWS):
        conn.execute(sa.insert(table), rows[at : at + _ROWS])
    if any(key.wrapped is not None for key in kept.values()):
        begun = {"purpose": person_keys.PERSON, "key_id": person_keys.BEGUN}
        asked = sa.select(in_use.c.purpose).where(in_use.c.purpose == person_keys.PERSON)
        if conn.execute(asked.limit(1)).first() is None:
            conn.execute(sa.insert(in_use), {**begun, "since": datetime.now(UTC)})
    return sum(key.ended_at is not None for key in kept.values())


def of_files(paths: Mapping[str, Path]) -> dict[str, Kept]:
    """Return the keys in the databases of services that are files; none, where one cannot be read:
    that is why it is restored."""
    found = {}
    for service, path in paths.items():
        if path.exists():
            engine = store.open_engine(f"sqlite:///{path}", pool_size=1)
            found[service] = of_engine(service, engine)
            engine.dispose()
    return found


def of_engine(service: str, engine: sa.Engine) -> Kept:
    """Return the keys in a database that is about to be replaced; none, where it cannot be read."""
    try:
        with store.reading(engine) as conn:
            return in_database(service, conn)
    except sa.exc.DBAPIError:
        return {}


__all__ = [
    "FOLDER",
    "Kept",
    "KeptKey",
    "bring_up_to_date",
    "erased",
    "in_database",
    "in_file",
    "in_folder",
    "merged",
    "of_engine",
    "of_files",
    "put",
    "sealed_with",
]
