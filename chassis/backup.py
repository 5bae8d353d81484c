"""`fivered backup`: one moment of a service's data as a folder that can be checked and restored.

A backup is there whole or not at all: it is made under a name that begins with a dot and renamed at
the end. Files of an installation (`blobs`) are named by their content, lie beside the backups, and
are copied once. Keys are never written in clear: the manifest says by id which ones are needed.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from fivered.chassis import __version__, dumps, here, kept_keys
from fivered.chassis import storage as store
from fivered.chassis.blobs import FETCHED, place_of
from fivered.chassis.folder import hold, keys_of_service
from fivered.chassis.here import keys_file, read_keys
from fivered.chassis.installed import ALL, service_class, service_names, services_of
from fivered.chassis.kept import kept_here
from fivered.chassis.migrate import histories, package_of
from fivered.chassis.refusal import Refusal
from fivered.chassis.settings import CommandFailed
from fivered.chassis.typed import decoded
from fivered.chassis.vault import key_id

MANIFEST = "manifest.json"
BLOBS, SEALED_KEYS = "blobs", "keys.sealed"
# All services of a data folder, of the same moment.
WHOLE = "data"
PASSPHRASE = "FIVERED_BACKUP_PASSPHRASE"  # nosec B105  # noqa: S105  the name of a variable
_LEAST_PASSPHRASE = 12
_FORMAT = 1
_PART = ".part-"
_KEPT_BLOB = re.compile(r"([a-z]+/)?[0-9a-f]{64}(\.[0-9a-f]{16})?")
_BLOB = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?:\.[0-9a-f]{16})?(?![0-9a-f.])")
_BLOCK = 1024 * 1024
Say = Callable[[str], None]


class Content(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of a backup, by its digest."""

    sha256: str
    size: int


class Key(Struct, frozen=True, forbid_unknown_fields=True):
    """A key that the service has: which one, and whether the backup holds it (sealed)."""

    ids: dict[str, str]
    sealed: bool


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """The database of one service at that moment.

    Attributes:
        file: Its name in the backup.
        database: `postgresql` or `sqlite`.
        server: Version of the server; of the library, for SQLite.
        schema: Revision by history of migrations (its table).
        outbox_id: The newest event that it had published; 0 where none.
        event_id: That event.
        recorded_at: When that was.
        keys_in_use: The ids of the keys with which its values are sealed.
        persons: How many persons have had a key: those lie beside the backups (`kept_keys`).
    """

    file: str
    database: str
    server: str
    schema: dict[str, str]
    outbox_id: int
    event_id: str | None
    recorded_at: datetime | None
    keys_in_use: list[str]
    persons: int = 0


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup is of, and what it holds.

    Attributes:
        of: A service, or `data` for all of a data folder.
        made_at: Everything up to here is in it.
        files: Every file of the folder but this one.
        keys: The keys by variable.
        blobs: The referenced files (`service/name`: kept for good) and their sizes; None where
            the folder of files was not given.
        left_out: What is not in it, for the person who reads this.
    """

    format: int
    release: str
    of: str
    made_at: datetime
    services: dict[str, Part]
    files: dict[str, Content]
    keys: dict[str, Key]
    blobs: dict[str, int] | None
    left_out: list[str]


# --------------------------------------------------------------------------------------------------
# Making one


@dataclass(frozen=True, slots=True)
class Beside:
    """What belongs to databases and lies beside them.

    Attributes:
        keys: Keys by variable; written only where there is a passphrase, and sealed then.
        blobs: The folder of files; empty where there is none.
        passphrase: What seals the keys; empty: they are left out.
    """

    keys: Mapping[str, str]
    blobs: str = ""
    passphrase: str = ""


def make(of: str, engines: Mapping[str, sa.Engine], to: Path, beside: Beside) -> Path:
    """Back databases up, all of one moment where they are files; returns the backup's folder.

    Args:
        of: The service, or `WHOLE`.
        engines: The databases by service.
        to: The folder that holds the backups.
        beside: Keys and files.

    Raises:
        CommandFailed: It could not be made; nothing is left of it.
    """
    os.umask(0o077)
    with _writing(to):
        part = to / f"{_PART}{of}-{os.getpid()}"
        part.mkdir()
        try:
            manifest, persons = _fill(part, of, engines, beside)
            _write(part / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2))
            wrong = problems(part)
            if wrong:
                raise CommandFailed(f"the backup cannot be read: {'; '.join(wrong)}")
            # What a backup needs is there before it is one.
            kept_keys.bring_up_to_date(to, persons)
            place = _free(to / f"{of}-{manifest.made_at:%Y%m%dT%H%M%SZ}")
            part.rename(place)
            _sync(to)
        except OSError as error:
            raise CommandFailed(f"{error.filename or to}: {error.strerror}") from error
        except sqlite3.Error as error:
            raise CommandFailed(f"{to}: {error}") from error
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return place


@contextmanager
def _writing(to: Path) -> Iterator[None]:
    """Hold the folder of backups; what a killed backup has left there is removed."""
    try:
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CommandFailed(f"cannot write in {to}: {error.strerror}") from error
    held = hold(to / ".lock", f"another backup is written to {to}")
    try:
        for left in to.glob(f"{_PART}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        held.close()


def _free(place: Path) -> Path:
    found, number = place, 1
    while found.exists():
        number += 1
        found = place.with_name(f"{place.name}-{number}")
    return found


def _fill(
    folder: Path, of: str, engines: Mapping[str, sa.Engine], beside: Beside
) -> tuple[Manifest, dict[str, kept_keys.Kept]]:
    parts: dict[str, Part] = {}
    persons: dict[str, kept_keys.Kept] = {}
    names: set[str] = set()
    why: list[str] = []
    made_at = datetime.now(UTC)
    with dumps.snapshots(engines) as held:
        for service, snapshot in held.items():
            made_at = min(made_at, dumps.replayed_at(snapshot.conn) or made_at)
            persons[service] = kept_keys.in_database(service, snapshot.conn)
            part = _part(service, engines[service], snapshot.conn, len(persons[service]))
            names |= _referenced(service, snapshot.conn)
            without = _without_rows(service)
            dumps.write(engines[service], snapshot, folder / part.file, list(without))
            parts[service] = part
            why += without.values()
    copied = None
    if beside.blobs:
        copied = _copy_blobs(names, beside.blobs, folder.parent / BLOBS)
    sealed = bool(beside.passphrase and beside.keys)
    if sealed:
        _write(folder / SEALED_KEYS, seal(beside.keys, beside.passphrase))
    files = {path.name: _content(path) for path in sorted(folder.iterdir())}
    noted = {
        name: Key({one: key_id(one, value) for one in parts}, sealed=sealed)
        for name, value in beside.keys.items()
        if value
    }
    made = Manifest(
        _FORMAT, __version__, of, made_at, parts, files, noted, copied,
        _left_out(noted, given=bool(beside.blobs), sealed=sealed) + sorted(set(why)),
    )  # fmt: skip
    return made, persons


def _part(service: str, engine: sa.Engine, conn: sa.Connection, persons: int) -> Part:
    tables = service_class(service).tables.tables
    outbox, in_use = tables["outbox"], tables["keys_in_use"]
    newest = conn.execute(
        sa.select(outbox.c.id, outbox.c.event_id, outbox.c.recorded_at)
        .order_by(outbox.c.id.desc())
        .limit(1)
    ).first()
    version = "SHOW server_version" if store.is_postgresql(conn) else "SELECT sqlite_version()"
    return Part(
        file=f"{service}.{dumps.suffix(engine)}",
        database=engine.dialect.name,
        server=str(conn.execute(sa.text(version)).scalar_one()),
        schema={
            history.table: str(
                conn.execute(sa.text(f"SELECT version_num FROM {history.table}")).scalar_one()
            )
            for history in histories(package_of(service_class(service)))
        },
        outbox_id=newest.id if newest else 0,
        event_id=str(newest.event_id) if newest else None,
        recorded_at=newest.recorded_at if newest else None,
        keys_in_use=list(
            conn.execute(sa.select(in_use.c.key_id).where(in_use.c.purpose == "SEAL")).scalars()
        ),
        persons=persons,
    )


def _without_rows(service: str) -> dict[str, str]:
    """Return the tables of which no backup holds a row, with what the manifest says of them."""
    tables = service_class(service).tables.tables.values()
    return {
        table.name: table.info[store.LEFT_OUT] for table in tables if store.LEFT_OUT in table.info
    }


def _referenced(service: str, conn: sa.Connection) -> set[str]:
    """Return the names of files in a database: those of jobs, and columns named by a digest."""
    found: set[str] = set()
    for table in service_class(service).tables.sorted_tables:
        if table.name == "jobs":
            columns = [table.c.params, table.c.saved, table.c.result]
        else:
            columns = [column for column in table.columns if column.name == "sha256"]
        kept = f"{service}/" if table.name == "files" else ""
        if columns:
            for row in conn.execute(sa.select(*columns)):
                for value in filter(None, row):
                    found.update(kept + name for name in _BLOB.findall(str(value)))
    return found


def bare(name: str) -> str:
    """Return what a file is called beside the backups: whose it is, only the manifest says."""
    return name.rpartition("/")[2]


def _copy_blobs(names: Iterable[str], blobs: str, to: Path) -> dict[str, int]:
    """Copy the files that are still there; one that nobody came for in a day is forgotten."""
    to.mkdir(mode=0o700, exist_ok=True)
    kept, found = kept_here(blobs), {}
    for name in sorted(names):
        copy = to / bare(name)
        try:
            # What waits, lies in the folder always.
            lies = place_of(Path(blobs), name) if bare(name) == name else None
            size = kept.size(name) if lies is None else lies.stat().st_size
            if size is not None and (not copy.is_file() or copy.stat().st_size != size):
                lies = lies or kept.fetch(name)
                if lies is not None:
                    _copy(lies, copy)
                    if lies.name.startswith(FETCHED):
                        lies.unlink(missing_ok=True)
        except FileNotFoundError:
            continue
        except Refusal as refusal:
            raise CommandFailed(f"files: {refusal} ({refusal.__cause__})") from refusal
        if size is not None:
            found[name] = size
    return found


def _copy(source: Path, to: Path) -> None:
    fresh = to.with_name(f"{_PART}{to.name}")
    digest = hashlib.sha256()
    with source.open("rb") as read, fresh.open("wb") as written:
        while block := read.read(_BLOCK):
            digest.update(block)
            written.write(block)
        written.flush()
        os.fsync(written.fileno())
    if digest.hexdigest() != to.name[:64]:
        fresh.unlink()
        raise CommandFailed(f"{source} is damaged: its name is not its digest")
    fresh.replace(to)


def _left_out(keys: Mapping[str, Key], *, given: bool, sealed: bool) -> list[str]:
    found = []
    if keys and not sealed:
        found.append(f"the keys {', '.join(sorted(keys))}: keep them in another place")
    if not given:
        found.append("files of jobs and exports: FIVERED_BLOBS is not set")
    found.append("messages on their way: the broker's; senders have them in their outboxes")
    return found


def _content(path: Path) -> Content:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
        os.fsync(file.fileno())
    return Content(digest.hexdigest(), path.stat().st_size)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# --------------------------------------------------------------------------------------------------
# Keys, sealed


class _SealedKeys(Struct, frozen=True):
    kdf: str
    n: int
    salt: str
    nonce: str
    sealed: str


# Some 64 MiB and a tenth of a second for each guess.
_COST = 2**16


def seal(keys: Mapping[str, str], passphrase: str) -> bytes:
    """Seal keys under a passphrase (scrypt, AES-256-GCM)."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  seldom needed

    salt, nonce = os.urandom(16), os.urandom(12)
    plain = msgspec.json.encode(dict(sorted(keys.items())))
    sealed = AESGCM(_stretched(passphrase, salt, _COST)).encrypt(nonce, plain, MANIFEST.encode())
    texts = (base64.b64encode(one).decode() for one in (salt, nonce, sealed))
    return msgspec.json.encode(_SealedKeys("scrypt", _COST, *texts))


def unseal(sealed: bytes, passphrase: str) -> dict[str, str]:
    """Return keys that were sealed.

    Raises:
        CommandFailed: Another passphrase sealed them.
    """
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415  seldom needed
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  as above

    found = decoded(sealed, _SealedKeys)
    salt, nonce, rest = (base64.b64decode(one) for one in (found.salt, found.nonce, found.sealed))
    try:
        plain = AESGCM(_stretched(passphrase, salt, found.n)).decrypt(
            nonce, rest, MANIFEST.encode()
        )
    except InvalidTag:
        raise CommandFailed("the keys were sealed with another passphrase") from None
    return decoded(plain, dict[str, str])


def _stretched(passphrase: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(
        passphrase.encode(), salt=salt, n=cost, r=8, p=1, maxmem=256 * cost * 8, dklen=32
    )


def passphrase_in(path: str | None) -> str:
    """Return the passphrase of a file, else of the environment, else nothing.

    Raises:
        CommandFailed: The file cannot be read, or it is too short.
    """
    found = os.environ.get(PASSPHRASE, "")
    if path:
        try:
            found = Path(path).read_text("utf-8").strip()
        except OSError as error:
            raise CommandFailed(f"{path}: {error.strerror}") from error
        except ValueError:
            raise CommandFailed(f"{path} holds no text in UTF-8") from None
    if (found or path) and len(found) < _LEAST_PASSPHRASE:
        raise CommandFailed(f"the passphrase is too short: at least {_LEAST_PASSPHRASE} characters")
    return found


# --------------------------------------------------------------------------------------------------
# Looking at those that are there


def manifest_of(folder: Path) -> Manifest:
    """Return what a backup says of itself.

    Raises:
        CommandFailed: It is none, or one that a later release has written.
    """
    try:
        found = decoded((folder / MANIFEST).read_bytes(), Manifest)
    except FileNotFoundError:
        raise CommandFailed(f"{folder} is no backup: it has no {MANIFEST}") from None
    except (OSError, msgspec.MsgspecError) as error:
        raise CommandFailed(f"{folder / MANIFEST}: {error}") from error
    if found.format != _FORMAT:
        raise CommandFailed(f"{folder} has form {found.format}; this release reads {_FORMAT}")
    _check_names(folder / MANIFEST, found)
    return found


def _check_names(at: Path, found: Manifest) -> None:
    """Refuse a manifest that leads anywhere but into its own folder, or to nothing."""
    if not found.services:
        raise CommandFailed(f"{at} names no service")
    named = [part.file for part in found.services.values()]
    for name in (*found.files, *named):
        if Path(name).name != name or name in {"", ".", ".."}:
            raise CommandFailed(f"{at} names {name!r}, which is no file of this folder")
    if lacking := set(named) - found.files.keys():
        raise CommandFailed(f"{at} has no digest of {', '.join(sorted(lacking))}")
    if strange := [name for name in found.blobs or {} if not _KEPT_BLOB.fullmatch(name)]:
        raise CommandFailed(f"{at} names {strange[0]!r}, which is no name of a file")


def _folders(folder: Path) -> list[Path]:
    if (folder / MANIFEST).exists():
        return [folder]
    return sorted(path.parent for path in folder.glob(f"[!.]*/{MANIFEST}"))


def backups_in(folder: Path, of: str | None = None) -> list[Path]:
    """Return the backups in a folder, or the one that it is; the oldest first.

    Raises:
        CommandFailed: One of them cannot be read.
    """
    folders = _folders(folder)
    if folders == [folder]:
        return folders
    found = {path: manifest_of(path) for path in folders}
    kept = [path for path, manifest in found.items() if of in {None, manifest.of}]
    return sorted(kept, key=lambda path: (found[path].made_at, path.name))


def problems(folder: Path) -> list[str]:
    """Compare a backup with its manifest; returns what is wrong, a line each."""
    manifest = manifest_of(folder)
    wrong = []
    for name, content in manifest.files.items():
        path = folder / name
        if not path.is_file():
            wrong.append(f"{name} is missing")
        elif _content(path) != content:
            wrong.append(f"{name} has changed since it was written")
    for part in manifest.services.values():
        if not wrong and (why := dumps.check(folder / part.file)):
            wrong.append(f"{part.file}: {why}")
    for service, part in manifest.services.items():
        kept_here = folder.parent / kept_keys.FOLDER / f"{service}.json"
        try:
            known = len(kept_keys.in_file(kept_here))
        except CommandFailed as error:
            wrong.append(str(error))
            continue
        # While a backup is made, they are not there yet.
        if known < part.persons and not folder.name.startswith(_PART):
            wrong.append(f"{kept_here.parent.name}/{kept_here.name} lacks keys of persons")
    kept = folder.parent / BLOBS
    for name in manifest.blobs or {}:
        file = kept / bare(name)
        if not file.is_file():
            wrong.append(f"{BLOBS}/{file.name} is missing")
        elif _content(file).sha256 != file.name[:64]:
            wrong.append(f"{BLOBS}/{file.name} has changed since it was written")
    return wrong


def forget_older(to: Path, of: str, keep: int) -> list[Path]:
    """Delete all but the newest backups of a service, and files that no backup names any more.

    Returns the deleted backups.
    """
    with _writing(to):
        gone = backups_in(to, of)[:-keep]
        for path in gone:
            # Its manifest first: half of a backup is none.
            (path / MANIFEST).unlink()
            shutil.rmtree(path)
        named: set[str] = set()
        for path in backups_in(to):
            named.update(map(bare, manifest_of(path).blobs or {}))
        for blob in (to / BLOBS).glob("*"):
            if blob.name not in named:
                blob.unlink()
    return gone


# --------------------------------------------------------------------------------------------------
# The command


def command(given: argparse.Namespace) -> int:
    """Carry out `fivered backup`."""
    asked: list[str] = given.service
    if asked[:1] == ["verify"]:
        return _verify(asked[1:], print, as_json=given.json)
    if given.json:
        raise CommandFailed("--json is for backup verify")
    if not given.to:
        raise CommandFailed("--to names the folder of the backups")
    if bool(asked) == bool(given.data):
        raise CommandFailed("which: the name of a service, all, or --data FOLDER of fivered up")
    to, passphrase = Path(given.to), passphrase_in(given.passphrase_file)
    whole = _data_folder(given.data) if given.data else databases(asked)
    # Files are backed up together: then each knows just what the others have said.
    together = given.data or (ALL in asked and _embedded(whole))
    apart = {name: {name: url} for name, url in whole.items()}
    for of, urls in ({WHOLE: whole} if together else apart).items():
        keys, blobs = _keys_and_blobs(given.data, urls)
        engines = {name: store.open_engine(url, pool_size=2) for name, url in urls.items()}
        try:
            made = make(of, engines, to, Beside(keys, blobs, passphrase))
        finally:
            for engine in engines.values():
                engine.dispose()
        _tell(made, print)
        if given.keep:
            for gone in forget_older(to, of, given.keep):
                print(f"{gone} is older than the newest {given.keep}: deleted")
    return 0


def databases(services: Iterable[str]) -> dict[str, str]:
    """Return the addresses of services' databases.

    Raises:
        CommandFailed: One is not set, or names no database of ours.
    """
    found = {}
    for name in services_of(list(services)):
        url = here.database_of(name)
        if url.startswith("sqlite") and not Path(url.removeprefix("sqlite:///")).exists():
            raise CommandFailed(f"{url.removeprefix('sqlite:///')}: no such database")
        found[name] = url
    return found


def _data_folder(data: str) -> dict[str, str]:
    found = {
        name: f"sqlite:///{Path(data) / name}.sqlite"
        for name in service_names()
        if (Path(data) / f"{name}.sqlite").exists()
    }
    if not found:
        raise CommandFailed(f"{data} holds no databases of an installed service")
    return found


def _embedded(urls: Mapping[str, str]) -> bool:
    return all(url.startswith("sqlite") for url in urls.values())


def _keys_and_blobs(data: str | None, urls: Mapping[str, str]) -> tuple[dict[str, str], str]:
    given = os.environ.get("FIVERED_BLOBS", "")
    if data:
        return read_keys(keys_file(Path(data))), given or str(Path(data) / BLOBS)
    wanted = {name for service in urls for name in keys_of_service(service_class(service))}
    found = {name: os.environ[name] for name in sorted(wanted) if os.environ.get(name)}
    beside = {str(Path(url.removeprefix("sqlite:///")).parent / BLOBS) for url in urls.values()}
    return found, given or (beside.pop() if _embedded(urls) else "")


def _verify(folders: list[str], say: Say, *, as_json: bool) -> int:
    if not folders:
        raise CommandFailed("backup verify FOLDER: a backup, or the folder that holds them")
    wrong = False
    for one in folders:
        found = _folders(Path(one))
        if not found:
            raise CommandFailed(f"{one} holds no backup")
        for path in found:
            # One that cannot be read says nothing of the others.
            manifest = None
            try:
                manifest = manifest_of(path)
                faults = problems(path)
            except CommandFailed as error:
                faults = [str(error)]
            wrong |= bool(faults)
            if as_json:
                told = {"backup": str(path), "problems": faults, "manifest": manifest}
                say(msgspec.json.encode(told).decode())
                continue
            for fault in faults:
                say(f"BAD  {path}: {fault}")
            if manifest is not None and not faults:
                say(f"ok   {path}: {_summary(manifest)}")
    return int(wrong)


def _tell(made: Path, say: Say) -> None:
    manifest = manifest_of(made)
    say(f"{made}: {_summary(manifest)}")
    for text in manifest.left_out:
        say(f"  not in it: {text}")


def _summary(manifest: Manifest) -> str:
    size = sum(one.size for one in manifest.files.values())
    many = f", {len(manifest.blobs)} files" if manifest.blobs else ""
    keys = ", keys sealed" if any(one.sealed for one in manifest.keys.values()) else ""
    return (
        f"{', '.join(manifest.services)} at {manifest.made_at:%Y-%m-%dT%H:%M:%SZ}, release"
        f" {manifest.release}, {size:,} bytes{many}{keys}"
    )


__all__ = [
    "Beside",
    "Content",
    "Key",
    "Manifest",
    "Part",
    "backups_in",
    "bare",
    "command",
    "databases",
    "forget_older",
    "make",
    "manifest_of",
    "passphrase_in",
    "problems",
    "seal",
    "unseal",
]
