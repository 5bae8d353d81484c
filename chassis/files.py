"""Files that prove or show something: a photo, a paper, the minutes of a meeting.

What the gateway has taken waits below the folder of `blobs`, in `uploads`, in a folder of its
uploader, for a day. A command that names a file by its id attaches it to the thing that it is about
(`attach`): the file goes to those that the service keeps (`kept`: a folder or a bucket), and a row
says whose it is, in the same transaction. What no row names after a day is swept, here as there; so
nothing has to be told of a command that was undone, or of a row that was erased.

Who may read a file, the thing says: the service asks its own door that shows it
(`Service.shown_by`), and gives those files that the answer names to this caller (`Files`). What the
gateway then gives is an address that is good for five minutes.
"""

from __future__ import annotations

import re
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Protocol, cast

import msgspec
import sqlalchemy as sa
from msgspec import Meta

from fivered.chassis import storage as store
from fivered.chassis.blobs import ABANDONED_S, NoBlobs, mark_of, room
from fivered.chassis.bus import PUBLIC, Door, Service, query
from fivered.chassis.checks import check_role
from fivered.chassis.fields import Id
from fivered.chassis.json_values import JsonObject
from fivered.chassis.kept import FilesAway, kept_in
from fivered.chassis.refusal import Guard, NotFound, Refusal
from fivered.chassis.replies import Reply, plain
from fivered.chassis.requests import Request
from fivered.chassis.transaction import Opened, Tx
from fivered.chassis.typed import decoded


class _Entered(Protocol):
    """A door of a service."""

    door: Door


class _Runs(Protocol):
    """What a service runs on, as far as its own doors are asked."""

    service_cls: type[Service]
    entries: Mapping[str, _Entered]

    def read_body(self, method: str, body: JsonObject) -> object:
        """Return the request of a door."""


FILE = r"^fil_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_FILE = re.compile(FILE)
_UPLOADS = "uploads"
_SPACE = uuid.UUID("0b6f3c1e-6f5d-4f0e-9a55-3d0f6a5f1c77")
# Pictures have two smaller ones beside them: their longer side in pixels.
PREVIEWS: Mapping[str, int] = {"small": 320, "medium": 1280}
_MOST_NAMED = 500

FileId = Annotated[
    str,
    Meta(
        pattern=FILE,
        description="文件编号 / id of a file",
        examples=["fil_5f0c1f0e-8a43-5d6c-9d1b-7a8f5b0c2d3e"],
    ),
]


class UnknownFile(Guard):
    """Not there, of somebody else, or older than a day: who asks for another's is told the same."""

    text = (
        "文件 {file} 不存在、不是您上传的或已过期,请重新上传"
        " / There is no file {file} that you have uploaded within a day; upload it again"
    )


class FileDiffers(Guard):
    """The digest that is stated is another file's."""

    text = "文件内容与所报摘要不符 / The file has another digest than is stated"


def is_file(given: object) -> bool:
    """Tell whether a value is the id of a file; any other text is a reference to a paper."""
    return isinstance(given, str) and _FILE.match(given) is not None


def file_id_of(person: str, key: str) -> str:
    """Return the id of the file that a person sends under a key."""
    return f"fil_{uuid.uuid5(_SPACE, f'{person} {key}')}"


# --------------------------------------------------------------------------------------------------
# What was sent, and waits


class Upload(msgspec.Struct):
    """A file on its way in, or one that waits for a command to name it.

    Attributes:
        file_id: Its id.
        name: What it is called.
        size: Bytes that will come; once it is there, those that are kept.
        sha256: The digest that its sender has announced, if any.
        sent: The digest of what came; empty until all has.
        kept: The digest of what is kept: a picture is written anew.
        media_type: What it is by its content.
        previews: Which smaller pictures lie beside it.
        made_at: When it began.
    """

    file_id: str
    name: str
    size: int
    made_at: datetime
    sha256: str = ""
    sent: str = ""
    kept: str = ""
    media_type: str = ""
    previews: list[str] = msgspec.field(default_factory=list)


class Uploads:
    """The files of one person that wait.

    Args:
        folder: That of the installation's files.
        person: Whose they are.

    Raises:
        NoBlobs: The folder is not set.
    """

    def __init__(self, folder: str | Path, person: str) -> None:
        if not str(folder):
            raise NoBlobs
        self._folder = Path(folder) / _UPLOADS / mark_of(person)

    def place(self, file_id: str) -> Path:
        """Return the folder of one file: `card`, `part`, `content` and its previews."""
        if not is_file(file_id):
            raise NotFound(kind="file", id=file_id[:60])
        return self._folder / file_id

    def write(self, upload: Upload) -> None:
        """Keep what is known of a file.

        Raises:
            NoRoom: The disk is full.
        """
        place = self.place(upload.file_id)
        with room():
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = place / ".card"
            fresh.write_bytes(msgspec.json.encode(upload))
            fresh.replace(place / "card")

    def find(self, file_id: str) -> Upload:
        """Return a file of this person.

        Raises:
            NotFound: There is none, or it has waited too long.
        """
        try:
            found = decoded((self.place(file_id) / "card").read_bytes(), Upload)
        except FileNotFoundError:
            raise NotFound(kind="file", id=file_id[:60]) from None
        if (datetime.now(UTC) - found.made_at).total_seconds() > ABANDONED_S:
            raise NotFound(kind="file", id=file_id[:60])
        return found

    def count(self) -> int:
        """Return how many wait."""
        return sum(1 for _ in self._folder.iterdir()) if self._folder.is_dir() else 0

    def drop(self, file_id: str) -> None:
        """Forget a file that nobody has named."""
        shutil.rmtree(self.place(file_id), ignore_errors=True)


def sweep_uploads(folder: str, older_than_s: float = ABANDONED_S) -> int:
    """Forget what nobody has named within a day. Returns how many."""
    gone = 0
    for place in Path(folder).glob(f"{_UPLOADS}/*/fil_*") if folder else ():
        with suppress(FileNotFoundError):
            if place.stat().st_mtime < time.time() - older_than_s:
                shutil.rmtree(place, ignore_errors=True)
                gone += 1
                with suppress(OSError):  # others of the same sender still wait
                    place.parent.rmdir()
    return gone


# --------------------------------------------------------------------------------------------------
# What a service keeps


def _named(given: object) -> Iterator[str]:
    if isinstance(given, str):
        if is_file(given):
            yield given
    elif isinstance(given, Mapping):
        for inner in given.values():
            yield from _named(inner)
    elif isinstance(given, msgspec.Struct):
        yield from _named(msgspec.structs.asdict(given))
    elif isinstance(given, Iterable):
        for inner in given:
            yield from _named(inner)


def attach(
    tx: Tx, given: object, *, field: str = "media", whose: str | None = None, **thing: str
) -> None:
    """Make the files that a command names those of a thing; done again it changes nothing.

    Args:
        tx: The transaction of the command; its actor has uploaded them.
        given: What was written: ids of files are found in lists and objects, and every other text
            is passed over.
        field: The member of the command.
        whose: The person whom they tell of, where they go when that person's data are erased.
        thing: The thing, as a request names it: `request_id=…`. A door of the service shows it.

    Raises:
        NoBlobs: This installation has no folder for files.
        UnknownFile: One is not there, of another uploader, or too old.
        FilesAway: The store of files does not answer; what was sent waits on.
    """
    ((of, of_id),) = thing.items()
    if of not in tx.runtime.service_cls.shown_by:
        raise TypeError(f"no door shows what {of} names; its files could be read by nobody")
    wanted = list(dict.fromkeys(_named(given)))
    if not wanted:
        return
    table = tx.runtime.chassis.files
    # What somebody else sent with the thing is not this person's to show.
    mine = sa.select(table.c.file_id).where(
        table.c.thing == of, table.c.thing_id == of_id, _own(tx, whose)
    )
    there = set(tx.conn.execute(mine.where(table.c.file_id.in_(wanted))).scalars())
    for file_id in wanted:
        if file_id not in there:
            tx.conn.execute(
                table.insert().values(
                    **_taken(tx, file_id, field, whose),
                    thing=of,
                    thing_id=of_id,
                    file_id=file_id,
                    person_id=whose,
                    added_by=tx.actor.id,
                    added_at=tx.recorded_at,
                )
            )


def attach_document(tx: Tx, file_id: str | None, sha256: str, **thing: str) -> None:
    """Make a file that of a thing which is known by a digest: a text that was signed, minutes.

    Args:
        tx: The transaction of the command.
        file_id: The file, where one is named.
        sha256: The digest that the command states.
        thing: As in `attach`.

    Raises:
        FileDiffers: It is another document.
        UnknownFile: See `attach`.
    """
    if file_id is None:
        return
    attach(tx, file_id, field="file", **thing)
    table = tx.runtime.chassis.files
    asked = sa.select(table.c.sha256).where(table.c.file_id == file_id).limit(1)
    if tx.conn.execute(asked).scalar_one()[:64] != sha256:
        raise FileDiffers(field="file")


def is_picture(tx: Tx, file_id: str) -> bool:
    """Tell whether a file that a thing has is a picture."""
    table = tx.runtime.chassis.files
    asked = sa.select(table.c.media_type).where(table.c.file_id == file_id).limit(1)
    return str(tx.conn.execute(asked).scalar_one()).startswith("image/")


def files_of(tx: Tx, thing_id: str) -> list[str]:
    """Return the ids of the files of a thing, in the order in which they came."""
    return [row.file_id for row in _rows(tx, tx.runtime.chassis.files.c.thing_id == thing_id)]


def documents_of(tx: Tx, ids: Sequence[str]) -> dict[tuple[str, str], str]:
    """Return the files of things by the thing's id and their digest, the newest of each."""
    table = tx.runtime.chassis.files
    asked = sa.select(table.c.thing_id, table.c.sha256, table.c.file_id)
    asked = asked.where(table.c.thing_id.in_(ids)).order_by(table.c.added_at)
    return {(row.thing_id, row.sha256[:64]): row.file_id for row in tx.conn.execute(asked)}


def _own(tx: Tx, whose: str | None) -> sa.ColumnElement[bool]:
    """Return the condition that a file is of who acts, or of the person of whom it tells."""
    table = tx.runtime.chassis.files
    return sa.or_(table.c.added_by == tx.actor.id, table.c.person_id == (whose or tx.actor.id))


def _taken(tx: Tx, file_id: str, field: str, whose: str | None) -> dict[str, object]:
    """Return what the row of a file says of it, once the file is among those of the service.

    Raises:
        UnknownFile: There is none of this uploader.
    """
    table = tx.runtime.chassis.files
    columns = [table.c.sha256, table.c.name, table.c.media_type, table.c.size]
    # What a person has sent with one thing, an office may carry over to what follows from it.
    asked = sa.select(*columns).where(table.c.file_id == file_id, _own(tx, whose))
    if known := tx.conn.execute(asked.limit(1)).mappings().first():
        return {str(name): value for name, value in known.items()}
    folder = tx.runtime.process.blobs
    uploads = Uploads(folder, tx.actor.id)
    try:
        found = uploads.find(file_id)
    except NotFound:
        found = None
    if found is None or not found.kept:
        raise UnknownFile(field=field, file=file_id)
    name = f"{found.kept}.{mark_of(file_id)}"
    place, key = uploads.place(file_id), f"{tx.runtime.name}/{name}"
    kept = kept_in(tx.runtime.process)
    for part in found.previews:
        kept.put(preview(key, part), place / part)
    kept.put(key, place / "content")
    return {
        "sha256": name, "name": found.name, "media_type": found.media_type, "size": found.size,
    }  # fmt: skip


def preview(key: str, size: str) -> str:
    """Return the key of a smaller picture, beside its file."""
    return f"{key}.{size}"


def sweep_kept(runtime: Opened, older_than_s: float = ABANDONED_S) -> int:
    """Delete files of a service that no row names: their command was undone, or their row erased.

    While the store is away nothing is deleted; the next time comes.

    Returns:
        How many files were deleted.
    """
    if not runtime.process.blobs:
        return 0
    kept, gone = kept_in(runtime.process), 0
    with suppress(FilesAway):
        for old in kept.older(runtime.name, time.time() - older_than_s):
            for first in range(0, len(old), _MOST_NAMED):
                for key in _unnamed(runtime, old[first:][:_MOST_NAMED]):
                    kept.remove(key)
                    gone += 1
    return gone


def _unnamed(runtime: Opened, keys: Sequence[str]) -> list[str]:
    """Return the files that no row names, of some."""
    names = {key: ".".join(key.rpartition("/")[2].split(".")[:2]) for key in keys}
    table = runtime.chassis.files
    with store.reading(runtime.engine) as conn:
        asked = sa.select(table.c.sha256).where(table.c.sha256.in_(set(names.values())))
        named = set(conn.execute(asked).scalars())
    return [key for key, name in names.items() if name not in named]


# --------------------------------------------------------------------------------------------------
# The doors


class FilesOf(Request, frozen=True):
    """哪一事项的文件 / The files of which thing."""

    thing: Annotated[Id, Meta(description="事项编号 / id of the thing", examples=["req_0193f0c1"])]


class WhichFile(Request, frozen=True):
    """哪个文件 / Which file."""

    file_id: FileId


class FileCard(Reply):
    """A file of a thing."""

    id: FileId
    thing_id: Annotated[str, Meta(description="事项编号 / id of the thing that it belongs to")]
    name: str
    media_type: str
    size: Annotated[int, Meta(description="字节 / bytes")]
    added_at: datetime


class FileCards(Reply):
    """The files of a thing, in the order in which they came."""

    items: list[FileCard]
    next: str | None


class KeptFile(FileCard):
    """A file of a thing, and where the gateway finds it."""

    sha256: str
    service: str


class Files:
    """Gives a service the doors by which its files are read."""

    @query(roles=(PUBLIC,), http="GET /files")
    def _files(self, tx: Tx, body: FilesOf) -> FileCards:
        """某一事项的文件 / The files of a thing.

        能查看该事项的人可查看其文件。
        Whoever may read the thing may read its files.

        Raises:
            NotFound: There is no such thing, it has no files, or the caller may not read it.
        """
        table = tx.runtime.chassis.files
        rows = _rows(tx, table.c.thing_id == body.thing)
        told = self._told(tx, rows[0]) if rows else frozenset[str]()
        rows = [row for row in rows if row.file_id in told]
        if not rows:
            raise NotFound(kind="file", id=body.thing)
        return FileCards([FileCard.of(row, id=row.file_id) for row in rows], None)

    @query(roles=(PUBLIC,), http="GET /files/{file_id}")
    def _file(self, tx: Tx, body: WhichFile) -> KeptFile:
        """文件的限时下载地址 / The address of a file, good for five minutes.

        能查看该文件所属事项的人可取得地址。
        Whoever may read a thing to which the file belongs is given the address.

        Raises:
            NotFound: There is no such file, or the caller may not read what it belongs to.
        """
        rows = _rows(tx, tx.runtime.chassis.files.c.file_id == body.file_id)
        found = next((row for row in rows if row.file_id in self._told(tx, row)), None)
        if found is None:
            raise NotFound(kind="file", id=body.file_id)
        return KeptFile.of(found, id=found.file_id, service=tx.runtime.name)

    def _told(self, tx: Tx, row: store.Row) -> frozenset[str]:
        """Return the files that the thing's own door names to the caller: who is shown the thing
        without what was sent with it is shown none."""
        runtime = cast("_Runs", tx.runtime)
        shown = runtime.service_cls.shown_by[row.thing]
        try:
            check_role(runtime.entries[shown].door.roles, tx.actor)
            answer = getattr(self, shown)(tx, runtime.read_body(shown, {row.thing: row.thing_id}))
        except Refusal:
            return frozenset()
        return frozenset(_named(plain(answer)))


def _rows(tx: Tx, which: sa.ColumnElement[bool]) -> Sequence[store.Row]:
    table = tx.runtime.chassis.files
    asked = sa.select(table).where(which).order_by(table.c.added_at, table.c.file_id)
    return cast("Sequence[store.Row]", tx.conn.execute(asked.limit(_MOST_NAMED)).all())


__all__ = [
    "FILE",
    "PREVIEWS",
    "FileCard",
    "FileCards",
    "FileDiffers",
    "FileId",
    "Files",
    "KeptFile",
    "UnknownFile",
    "Upload",
    "Uploads",
    "attach",
    "attach_document",
    "documents_of",
    "file_id_of",
    "files_of",
    "is_file",
    "preview",
    "sweep_kept",
    "sweep_uploads",
]
