"""Where files lie that a service keeps for good: below the folder of files, or in a bucket.

The key of a file is `service/name`; in a bucket (S3 and what speaks it) it lies as
`kept/service/name`. What waits for a day stays in the folder either way: uploads, imports, exports.
What is read from a bucket is compared with its digest, and lies in the folder for an hour, to be
given as any file. Files that lay in the folder before there was a bucket are found there, until
`fivered files move` has moved them.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import hashlib
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeVar, cast

from fivered.chassis.blobs import FETCHED, FETCHED_S, KEPT, NoBlobs, place_of, room
from fivered.chassis.reconnect import tell_outage
from fivered.chassis.refusal import Refusal
from fivered.chassis.settings import CommandFailed, FileSettings, read

log = logging.getLogger(__name__)
T = TypeVar("T")

# Less than the gateway waits for the answer of a service (FIVERED_DEADLINE_S).
_CONNECT_S, _READ_S = 2, 4
# So long nobody tries again after the store was away: each attempt would hold up its caller.
_PAUSE_S = 3.0
_BLOCK = 1024 * 1024
_MOST_DELETED = 1000
_ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})


class FilesAway(Refusal):
    """The store does not answer, or refuses: its keys, its bucket. Nothing was changed."""

    status = 503
    text = (
        "文件存储暂不可用,请稍后重试;已上传的文件仍保留"
        " / The store of files does not answer; come again later, what was sent still waits"
    )


class KeptFileDamaged(Refusal):
    """What the store gives is not what was put there."""

    status = 503
    text = (
        "文件 {file} 内容已损坏,请联系管理员从备份恢复"
        " / The store gives file {file} damaged; it has to be restored from a backup"
    )


class Kept(Protocol):
    """The files that services keep for good, by key (`service/name`)."""

    def put(self, key: str, source: Path) -> None:
        """Keep a file; the same once more changes nothing.

        Raises:
            NoRoom: The disk is full.
            FilesAway: The store does not answer.
        """

    def size(self, key: str) -> int | None:
        """Return the bytes of a file, or None where there is none."""

    def fetch(self, key: str) -> Path | None:
        """Return where a file can be read now, or None where there is none.

        Raises:
            KeptFileDamaged: It is not what was put there.
        """

    def older(self, service: str, limit: float) -> Iterator[list[str]]:
        """Yield keys of a service's files that came before then (Unix seconds), some at a time."""

    def remove(self, key: str) -> None:
        """Delete a file; nothing happens where it is gone already."""


class InFolder:
    """Files below the folder of an installation."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, key: str, source: Path) -> None:
        """Keep a file."""
        to = place_of(self.folder, key)
        with room():
            to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _link(source, to)

    def size(self, key: str) -> int | None:
        """Return its bytes, or None."""
        with suppress(FileNotFoundError):
            return place_of(self.folder, key).stat().st_size
        return None

    def fetch(self, key: str) -> Path | None:
        """Return where it can be read now, or None."""
        found = place_of(self.folder, key)
        return found if found.is_file() else None

    def older(self, service: str, limit: float) -> Iterator[list[str]]:
        """Yield the keys of a service's files from before then."""
        top = self.folder / KEPT / service
        for part in sorted(top.iterdir()) if top.is_dir() else ():
            yield [f"{service}/{path.name}" for path in part.iterdir() if _is_older(path, limit)]

    def remove(self, key: str) -> None:
        """Delete it."""
        place_of(self.folder, key).unlink(missing_ok=True)


def _link(source: Path, to: Path) -> None:
    if to.exists():
        return
    try:
        os.link(source, to)
    except OSError:  # a file system without links
        fresh = to.with_name(f".in-{to.name}")
        shutil.copyfile(source, fresh)
        fresh.replace(to)


def _is_older(path: Path, limit: float) -> bool:
    try:
        return path.stat().st_mtime < limit
    except FileNotFoundError:
        return False


class _Body(Protocol):
    """What an object holds, as it comes."""

    def read(self, amount: int) -> bytes:
        """Return the next part; empty at the end."""


class _Pages(Protocol):
    """Lists a bucket."""

    def paginate(self, **asked: object) -> Iterator[dict[str, list[dict[str, object]]]]:
        """Yield a thousand objects at a time."""


class _Client(Protocol):
    """What is used of botocore's client of S3."""

    def put_object(self, **asked: object) -> dict[str, object]:
        """Keep an object."""

    def get_object(self, **asked: object) -> dict[str, object]:
        """Return an object."""

    def head_object(self, **asked: object) -> dict[str, object]:
        """Return what is known of an object."""

    def delete_object(self, **asked: object) -> dict[str, object]:
        """Delete an object."""

    def get_paginator(self, name: str) -> _Pages:
        """Return what lists."""


class InBucket:
    """Files in the bucket of a store that speaks S3; those that were never moved, in the folder.

    Args:
        settings: Where it is, and with which keys.
    """

    def __init__(self, settings: FileSettings) -> None:
        self._settings = settings
        self._folder = Path(settings.blobs)
        self.before = InFolder(self._folder)
        self._made: _Client | None = None
        self._making = threading.Lock()
        self._away_until = 0.0

    def put(self, key: str, source: Path) -> None:
        """Keep a file."""
        with source.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            self._asked(
                lambda client: client.put_object(
                    Bucket=self._settings.s3_bucket, Key=_key(key), Body=file,
                    Metadata={"sha256": digest},
                )
            )  # fmt: skip

    def size(self, key: str) -> int | None:
        """Return its bytes, or None."""
        found = self._asked(
            lambda client: client.head_object(Bucket=self._settings.s3_bucket, Key=_key(key))
        )
        return self.before.size(key) if found is None else cast("int", found["ContentLength"])

    def digest(self, key: str) -> str | None:
        """Return the digest of what the bucket has under a key, read whole, or None.

        Raises:
            FilesAway: The store does not answer.
        """
        digest = hashlib.sha256()
        there = self._asked(lambda client: self._read(client, key, digest.update))
        return None if there is None else digest.hexdigest()

    def fetch(self, key: str) -> Path | None:
        """Return where it can be read now, or None."""
        found = self._near(key)
        with suppress(FileNotFoundError):
            if found.stat().st_mtime > time.time() - FETCHED_S / 2:
                return found
        fresh = found.with_name(f"{found.name}.in-{os.getpid()}-{threading.get_ident()}")
        digest = hashlib.sha256()
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh.touch(0o600)
            with room(), fresh.open("wb") as file:

                def write(part: bytes) -> None:
                    file.write(part)
                    digest.update(part)

                told = self._asked(lambda client: self._read(client, key, write))
            if told is None:
                return self.before.fetch(key)
            name = key.rpartition("/")[2]
            # A file is named by its digest; a preview is not, and is made anew.
            if digest.hexdigest() != (told if _is_preview(name) else name[:64]):
                log.error("file_damaged", extra={"key": key})
                if _is_preview(name):
                    return None
                raise KeptFileDamaged(file=name[:16])
            fresh.replace(found)
        finally:
            fresh.unlink(missing_ok=True)
        return found

    def older(self, service: str, limit: float) -> Iterator[list[str]]:
        """Yield the keys of a service's files from before then."""
        asked = {"Bucket": self._settings.s3_bucket, "Prefix": f"{KEPT}/{service}/"}
        pages = self._asked(lambda client: client.get_paginator("list_objects_v2"))
        parts = iter(pages.paginate(**asked)) if pages is not None else iter(())
        while (page := self._asked(lambda _client: next(parts, None))) is not None:
            yield [
                str(one["Key"]).removeprefix(f"{KEPT}/")
                for one in page.get("Contents", [])
                if one["LastModified"].timestamp() < limit  # type: ignore[attr-defined]  # a time
            ]
        yield from self.before.older(service, limit)

    def remove(self, key: str) -> None:
        """Delete it."""
        self._asked(
            lambda client: client.delete_object(Bucket=self._settings.s3_bucket, Key=_key(key))
        )
        self._near(key).unlink(missing_ok=True)
        self.before.remove(key)

    def check(self) -> str:
        """Put, read and delete a small file; returns what is wrong, or nothing."""
        key = f"doctor/{os.getpid()}"
        content = os.urandom(16)
        bucket, self._away_until = self._settings.s3_bucket, 0.0
        got = bytearray()
        try:
            self._asked(
                lambda client: client.put_object(
                    Bucket=bucket, Key=_key(key), Body=content, Metadata={"sha256": ""}
                )
            )
            self._asked(lambda client: self._read(client, key, got.extend))
            self._asked(lambda client: client.delete_object(Bucket=bucket, Key=_key(key)))
        except FilesAway as away:
            return str(away.__cause__)
        return "" if bytes(got) == content else "what was put there is not what is read"

    def _near(self, key: str) -> Path:
        """Return where a file lies for an hour once it was read."""
        return self._folder / f"{FETCHED}{key.replace('/', '-')}"

    def _read(self, client: _Client, key: str, write: Callable[[bytes], object]) -> str:
        """Read an object, part by part; returns the digest that it was put with."""
        found = client.get_object(Bucket=self._settings.s3_bucket, Key=_key(key))
        body = cast("_Body", found["Body"])
        while part := body.read(_BLOCK):
            write(part)
        return cast("dict[str, str]", found["Metadata"]).get("sha256", "")

    def _asked(self, what: Callable[[_Client], T]) -> T | None:
        """Ask the store for something; None where there is no such object.

        Raises:
            FilesAway: It does not answer or refuses, or did so a moment ago.
        """
        # Loaded when the first file is kept: most processes never do.
        from botocore.exceptions import (  # noqa: PLC0415
            BotoCoreError,
            ClientError,
            ConnectionClosedError,
        )

        if time.monotonic() < self._away_until:
            raise FilesAway from TimeoutError("it was away a moment ago")
        client = self._client()
        try:
            try:
                return what(client)
            except ConnectionClosedError:
                # One that was kept open, and the store has been started anew since.
                return what(client)
        except ClientError as error:
            # A bucket that is missing is no file that is missing.
            if error.response.get("Error", {}).get("Code") in _ABSENT and self._has_bucket():
                return None
            why: Exception = error
        except BotoCoreError as error:
            why = error
            self._away_until = time.monotonic() + _PAUSE_S
        tell_outage(log, "files_away", why, bucket=self._settings.s3_bucket)
        raise FilesAway from why

    def _has_bucket(self) -> bool:
        """Tell whether the bucket is there; asked by HEAD an object says only 404 of both."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  as above

        client = self._client()
        try:
            pages = client.get_paginator("list_objects_v2")
            next(iter(pages.paginate(Bucket=self._settings.s3_bucket, MaxKeys=1)))
        except (BotoCoreError, ClientError):
            return False
        return True

    def _client(self) -> _Client:
        with self._making:
            if self._made is None:
                self._made = _client_of(self._settings)
            return self._made


def _is_preview(name: str) -> bool:
    """Tell whether a file is a smaller picture: `digest.mark.size` beside `digest.mark`."""
    return name.count(".") > 1


def _key(key: str) -> str:
    return f"{KEPT}/{key}"


def _client_of(settings: FileSettings) -> _Client:
    import botocore.session  # noqa: PLC0415  as above
    from botocore.config import Config  # noqa: PLC0415  as above

    session = botocore.session.Session()
    style = "path" if settings.s3_path_style else "virtual"
    made = session.create_client(
        "s3",
        endpoint_url=settings.s3_url,
        region_name=settings.s3_region,
        aws_access_key_id=settings.s3_key_id,
        aws_secret_access_key=str(settings.s3_secret),
        verify=settings.s3_ca or None,
        config=Config(
            signature_version="s3v4",
            connect_timeout=_CONNECT_S,
            read_timeout=_READ_S,
            retries={"mode": "standard", "total_max_attempts": 1},
            s3={"addressing_style": style},
            # Stores other than Amazon's do not know the newer sums; each body is signed as it is.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    return cast("_Client", made)


def kept_in(settings: FileSettings) -> Kept:
    """Return where the kept files of an installation lie.

    Raises:
        NoBlobs: The folder is not set.
    """
    if not settings.blobs:
        raise NoBlobs
    if not settings.s3_url:
        return InFolder(Path(settings.blobs))
    # Equal settings share a client, whatever else their process reads.
    mine = {one.name: getattr(settings, one.name) for one in dataclasses.fields(FileSettings)}
    return _bucket(FileSettings(**mine))


@functools.lru_cache(maxsize=8)
def _bucket(settings: FileSettings) -> InBucket:
    return InBucket(settings)


def move(bucket: InBucket, say: Callable[[str], None]) -> int:
    """Move the kept files of the folder into the bucket; done again it goes on where it ended.

    Each is deleted in the folder after the bucket has given it back as it was.

    Returns:
        How many were moved.

    Raises:
        FilesAway: The store does not answer; what was moved until then is.
        KeptFileDamaged: One is not what its name says, and stays.
    """
    top, count = bucket.before.folder / KEPT, 0
    for path in sorted(top.glob("*/*/*")):
        key = f"{path.relative_to(top).parts[0]}/{path.name}"
        if path.name.startswith("."):
            continue
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if not _is_preview(path.name) and digest != path.name[:64]:
            raise KeptFileDamaged(file=path.name[:16])
        if bucket.digest(key) != digest:
            bucket.put(key, path)
            if bucket.digest(key) != digest:
                raise KeptFileDamaged(file=path.name[:16])
        path.unlink()
        count += 1
    say(f"{count} files were moved")
    return count


def kept_here(blobs: str) -> Kept:
    """Return where the kept files lie of which the environment of a command says where.

    Args:
        blobs: The folder of files.

    Raises:
        SettingsError: The environment names half of a store.
    """
    given = os.environ | {"FIVERED_BLOBS": blobs}
    return kept_in(read(FileSettings, given))


def command(given: argparse.Namespace) -> int:
    """Carry out `fivered files move`."""
    blobs = os.environ.get("FIVERED_BLOBS", "")
    if not blobs:
        raise CommandFailed("FIVERED_BLOBS is not set: there is no folder to move files from")
    kept = kept_here(blobs)
    if not isinstance(kept, InBucket):
        raise CommandFailed("FIVERED_S3_URL is not set: there is no bucket to move files to")
    try:
        move(kept, print)
    except Refusal as refusal:
        why = refusal.__cause__ or refusal
        raise CommandFailed(f"{given.action}: {why}; what was moved is, do it again") from refusal
    return 0


__all__ = [
    "FilesAway",
    "InBucket",
    "InFolder",
    "Kept",
    "KeptFileDamaged",
    "command",
    "kept_here",
    "kept_in",
    "move",
]
