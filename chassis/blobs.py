"""Files that are too large for the bus: a folder where the name of a file is its SHA-256.

The receiver of a file writes it here and passes the name on; services keep the name. What comes in
bears a mark of its sender's command as well: two who send the same content send two files, and
neither goes with the other's job. The folder is shared by the processes of an installation (a
volume, where they run on several machines).
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO, Self

from fivered.chassis.reconnect import DISK_FULL
from fivered.chassis.refusal import Refusal

# Below the folder: what services keep for good, each in a folder of its own (`files`).
KEPT = "kept"
# How long a file waits for somebody to come for it.
ABANDONED_S = 24 * 3600
# What was read from a bucket lies here so long, under names that begin so (`kept.InBucket`).
FETCHED, FETCHED_S = ".got-", 3600
_NAME = re.compile(r"^[0-9a-f]{64}(\.[0-9a-f]{16})?$")


class NoBlobs(Refusal):
    """This installation has no folder for files."""

    status = 503
    text = (
        "本系统未设置文件目录 FIVERED_BLOBS,不能接收文件"
        " / This installation has no folder for files (FIVERED_BLOBS)"
    )


class BlobMissing(Refusal):
    """The file is not there (any more)."""

    status = 409
    text = "文件不在目录中,请重新上传 / The file is not there; upload it again"


class NoRoom(Refusal):
    """The disk of the folder is full. A job waits until it is not."""

    status = 507
    text = (
        "系统存储空间不足,文件未被接收,请稍后重试或联系管理员"
        " / There is no room for the file, and nothing was kept of it; come again later"
    )


@dataclass(frozen=True, slots=True)
class Blob:
    """A file that is kept; `name` is its digest, with the mark that it was kept with."""

    sha256: str
    size: int
    name: str


def mark_of(whose: str) -> str:
    """Return what tells the files of one sender, or command, from those of every other."""
    return hashlib.sha256(whose.encode()).hexdigest()[:16]


class Receiving:
    """A file on its way in; it is kept whole or not at all.

    Raises:
        NoRoom: The disk is full.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._digest = hashlib.sha256()
        with room():
            self._file: IO[bytes] = tempfile.NamedTemporaryFile(  # noqa: SIM115  closed in __exit__
                dir=folder, prefix=".in-", delete=False
            )
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        # What is still in its buffer finds no room either.
        with suppress(OSError):
            self._file.close()
        Path(self._file.name).unlink(missing_ok=True)

    def write(self, part: bytes) -> None:
        """Take the next part.

        Raises:
            NoRoom: The disk is full.
        """
        with room():
            self._file.write(part)
        self._digest.update(part)
        self.size += len(part)

    def keep(self, whose: str = "") -> Blob:
        """Put the file in its place. The same content of the same command is the same file.

        Args:
            whose: What tells one command from every other; without it all who keep the same
                content share one file.

        Raises:
            NoRoom: The disk is full.
        """
        with room():
            self._file.flush()
            # A row that names it is kept through a loss of power, and so is the file.
            os.fsync(self._file.fileno())
            self._file.close()
        digest = self._digest.hexdigest()
        mark = f".{mark_of(whose)}" if whose else ""
        found = Blob(digest, self.size, digest + mark)
        Path(self._file.name).replace(self._folder / found.name)
        return found


class Blobs:
    """The files of an installation.

    Args:
        folder: Where they lie; it is made when the first one comes.

    Raises:
        NoBlobs: The folder is not set.
    """

    def __init__(self, folder: str | Path) -> None:
        if not str(folder):
            raise NoBlobs
        self._folder = Path(folder)

    def receive(self) -> Receiving:
        """Begin to take a file; only its owner may read it.

        Raises:
            NoRoom: The disk is full.
        """
        with room():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Receiving(self._folder)

    def path(self, name: str) -> Path:
        """Return where a file lies.

        Raises:
            BlobMissing: It is not there, or that is no name of one.
        """
        if not _NAME.match(name):
            raise BlobMissing(field="sha256")
        found = self._folder / name
        if not found.is_file():
            raise BlobMissing(field="sha256")
        return found

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading.

        Raises:
            BlobMissing: It is not there.
        """
        return self.path(name).open("rb")

    def remove(self, name: str) -> None:
        """Delete a file; nothing happens where it is gone already."""
        with suppress(BlobMissing, FileNotFoundError):
            self.path(name).unlink()

    def sweep(self, older_than_s: float) -> int:
        """Forget files that nobody has come for. Returns how many."""
        gone = 0
        limit, fetched = time.time() - older_than_s, time.time() - FETCHED_S
        if not self._folder.is_dir():
            return 0
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):
                until = max(limit, fetched) if path.name.startswith(FETCHED) else limit
                if path.is_file() and path.stat().st_mtime < until:
                    path.unlink()
                    gone += 1
        return gone


def place_of(folder: Path, key: str) -> Path:
    """Return where a file lies: `name`, or `service/name` for one that a service keeps for good."""
    service, _, name = key.rpartition("/")
    return folder / KEPT / service / name[:2] / name if service else folder / name


@contextmanager
def room() -> Iterator[None]:
    """Say of a full disk that there is no room.

    Raises:
        NoRoom: The disk is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            raise NoRoom from error
        raise


def forget_abandoned(folder: str) -> int:
    """Forget the files of an installation that nobody has come for within a day.

    A sender who loses the connection leaves a part behind; it may hold names and
    numbers of people. Returns how many were forgotten.
    """
    return Blobs(folder).sweep(ABANDONED_S) if folder else 0


__all__ = [
    "ABANDONED_S",
    "FETCHED",
    "FETCHED_S",
    "KEPT",
    "Blob",
    "BlobMissing",
    "Blobs",
    "NoBlobs",
    "NoRoom",
    "Receiving",
    "forget_abandoned",
    "place_of",
    "room",
]
