"""The front of files: takes photos and papers, and gives them by an address for five minutes.

What comes waits in the folder of its sender (`fivered.chassis.files`) until a command of a service
names it. A sender on a bad line begins an upload and sends it in parts; how much has come is asked
for after a cut. Whether somebody may read a file is for the service to say; the address that is
given then is signed here, and needs no token, so that a browser can show a picture.
"""

from __future__ import annotations

import asyncio
import base64
import fcntl
import functools
import hashlib
import hmac
import os
import re
import time
import unicodedata
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Annotated, Literal, cast
from urllib.parse import urlencode

import msgspec
from msgspec import Meta
from python_multipart.multipart import parse_options_header
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from fivered.chassis import text
from fivered.chassis.blobs import ABANDONED_S, room
from fivered.chassis.fields import Sha256
from fivered.chassis.files import PREVIEWS, FileId, Upload, Uploads, file_id_of, preview
from fivered.chassis.json_values import JsonObject
from fivered.chassis.kept import Kept, kept_in
from fivered.chassis.messages import SELF
from fivered.chassis.refusal import IdempotencyMismatch, InFlight, NotFound, Refusal, StateConflict
from fivered.chassis.replies import Reply
from fivered.chassis.requests import Request as Asked
from fivered.chassis.shapes import Shape
from fivered.chassis.typed import converted, decoded
from fivered.gateway import measures
from fivered.gateway.addressed import read_params, read_places
from fivered.gateway.dispatch import Gate, read_key, read_members
from fivered.gateway.doors import ANY_FILE, PUBLIC, Door, Doors, of_gateway
from fivered.gateway.errors import BodyTooLarge, FormUnreadable
from fivered.gateway.file_kinds import BY_TYPE, KINDS, kind_of, limits_of
from fivered.gateway.imports import FormFile, copy_body
from fivered.gateway.limits import check_announced
from fivered.gateway.pictures import write_anew, write_smaller
from fivered.gateway.scanning import scan
from fivered.gateway.settings import GatewaySettings
from fivered.gateway.sparing import has

Serve = Callable[[Request], Awaitable[Response]]
# The door of every service that says where a file of it lies.
GIVEN = "_file"
GOOD_S = 300
_FORM = "multipart/form-data"
# Files that are looked at at the same time, by one gateway.
_AT_ONCE = 4
_MOST_NAME = 120
# What a browser may show by itself; anything else is saved.
_SHOWN = {one.media_type for one in KINDS.values() if one.picture} | {"application/pdf"}
_SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


# --------------------------------------------------------------------------------------------------
# Refusals


class FileChanged(Refusal):
    """What came is not what was announced."""

    status = 422
    text = "收到的内容与所报 sha256 不符 / What came has another sha256 than was announced"


class OffsetWrong(Refusal):
    """The part does not begin where the last one ended."""

    status = 409
    text = "应从第 {offset} 字节续传 / The next part begins at byte {offset}"


class TooManyFiles(Refusal):
    """A person may send so many in a day."""

    status = 429
    text = "每人每天最多上传 {limit} 个文件 / A person may send {limit} files a day"


class FileAddressExpired(Refusal):
    """It was good for five minutes."""

    status = 410
    text = "下载地址已过期,请重新获取 / The address has expired; ask for a new one"


# --------------------------------------------------------------------------------------------------
# What is asked and answered


class SendParams(Asked, frozen=True):
    """怎样称呼此文件 / What the file is called."""

    name: Annotated[
        str, Meta(max_length=200, description="文件名 / name of the file, where no form says it")
    ] = ""


class BeginUpload(Asked, frozen=True):
    """开始分段上传 / Begin to send a file in parts."""

    name: Annotated[str, Meta(max_length=200, description="文件名 / name", examples=["现场.jpg"])]
    size: Annotated[int, Meta(ge=1, description="字节 / bytes in all", examples=[2_400_000])]
    sha256: Sha256 | None = None


class WhichUpload(Asked, frozen=True):
    """哪个文件 / Which file."""

    file_id: FileId


class PartParams(Asked, frozen=True):
    """从何处续传 / Where the part begins."""

    offset: Annotated[int, Meta(ge=0, description="起始字节 / first byte of the part")]


class WhichAddress(Asked, frozen=True):
    """签名地址 / The signed part of an address."""

    address: Annotated[
        str, Meta(pattern=r"^[A-Za-z0-9_-]{1,1500}\.[A-Za-z0-9_-]{43}$", examples=["Wy4u.c2ln"])
    ]


class ViewParams(Asked, frozen=True):
    """多大 / How large."""

    size: Annotated[
        Literal["small", "medium"] | None,
        Meta(description="图片的预览:长边 320 或 1280 像素 / a picture's longer side: 320, 1280"),
    ] = None


class FileSent(Reply):
    """A file that has come whole; a command that names its id keeps it."""

    id: FileId
    name: str
    media_type: Annotated[str, Meta(description="按内容认定 / by its content")]
    size: Annotated[int, Meta(description="保存的字节数;图片已重新编码 / bytes that are kept")]
    sha256: Annotated[str, Meta(description="所保存内容的摘要 / digest of what is kept")]
    expires_at: Annotated[
        datetime, Meta(description="此前须在办理中引用 / until when a command has to name it")
    ]


class UploadCard(Reply):
    """A file that is sent in parts."""

    id: FileId
    name: str
    size: int
    offset: Annotated[int, Meta(description="已收到的字节数 / bytes that have come")]
    expires_at: datetime
    file: Annotated[FileSent | None, Meta(description="收齐后 / once all has come")] = None


class FileAddress(Reply):
    """Where a file can be read for five minutes, by whoever has the address."""

    id: FileId
    thing_id: str
    name: str
    media_type: str
    size: int
    added_at: datetime
    url: Annotated[str, Meta(description="无需令牌 / needs no token")]
    expires_at: datetime
    previews: Annotated[
        dict[str, str], Meta(description="图片的预览 / smaller ones of a picture, by size")
    ]


_GIVEN_REPLY = Shape.of(FileAddress)


def _ends(upload: Upload) -> datetime:
    return upload.made_at + timedelta(seconds=ABANDONED_S)


def _sent(upload: Upload) -> FileSent:
    return FileSent.of(
        msgspec.structs.asdict(upload),
        id=upload.file_id,
        sha256=upload.kept,
        expires_at=_ends(upload),
    )


# --------------------------------------------------------------------------------------------------
# Taking


class _Part:
    """What has come of a file, and goes on at its end; nobody else writes there meanwhile."""

    def __init__(self, place: Path) -> None:
        with room():
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Not truncated: what came before a cut is there.
            fd = os.open(place / "part", os.O_RDWR | os.O_CREAT, 0o600)
        self._file: IO[bytes] = os.fdopen(fd, "r+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise InFlight from None
        self.size = self._file.seek(0, os.SEEK_END)

    def begin_anew(self) -> None:
        self._file.truncate(0)
        self.size = self._file.seek(0)

    def write(self, part: bytes) -> None:
        """Add a part; of one for which there is no room nothing is left.

        Raises:
            NoRoom: The disk is full.
        """
        with room():
            try:
                self._file.write(part)
                self._file.flush()
            except OSError:
                with suppress(OSError):
                    self._file.truncate(self.size)
                raise
        self.size += len(part)

    def close(self) -> None:
        with suppress(OSError):
            self._file.close()


@contextmanager
def _part_of(place: Path) -> Iterator[_Part]:
    part = _Part(place)
    try:
        yield part
    finally:
        part.close()


class _Digest:
    """Where a body goes of which only the digest is asked."""

    def __init__(self) -> None:
        self.size = 0
        self.found = hashlib.sha256()

    def write(self, part: bytes) -> None:
        self.found.update(part)
        self.size += len(part)


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_UNSAID = re.compile(r"[\\/:*?\"<>|]+")


def named(given: str, ending: str) -> str:
    """Return the name of a file: without folders, signs that nobody sees and numbers of people, and
    with the ending of what it is."""
    last = unicodedata.normalize("NFC", given).replace("\\", "/").rpartition("/")[2]
    stem = last.rpartition(".")[0] or last
    seen = "".join(one for one in stem if one.isprintable())
    stem = _UNSAID.sub("_", text.without_numbers(seen)).strip(" .")[:_MOST_NAME]
    return f"{stem or 'file'}.{ending}"


def _finish(uploads: Uploads, upload: Upload, settings: GatewaySettings) -> Upload:
    """Look at what came, and keep it as what it is; nothing is kept of what is refused.

    Raises:
        Refusal: It is not what was announced, not taken, damaged or infected; there is no room.
    """
    try:
        found = _looked_at(uploads, upload, settings)
    except Refusal as refusal:
        uploads.drop(upload.file_id)
        measures.FILES["unknown", refusal.code].inc()
        raise
    except BaseException:
        uploads.drop(upload.file_id)
        raise
    measures.FILES[BY_TYPE[found.media_type].name, "KEPT"].inc()
    return found


def _looked_at(uploads: Uploads, upload: Upload, settings: GatewaySettings) -> Upload:
    place = uploads.place(upload.file_id)
    part, content = place / "part", place / "content"
    sent = _digest_of(part)
    if upload.sha256 not in {"", sent}:
        raise FileChanged(field="sha256")
    scan(part, settings.file_scanner)
    kind = kind_of(part, limits_of(settings.file_kinds))
    upload.previews = list(PREVIEWS) if kind.picture else []
    with room():
        if kind.picture:
            smaller = {size: (place / size, side) for size, side in PREVIEWS.items()}
            write_anew(part, kind, content, smaller, settings.file_points)
            part.unlink()
        else:
            part.replace(content)
        with content.open("rb") as written:
            os.fsync(written.fileno())
    upload.media_type = kind.kept_as.media_type
    upload.name = named(upload.name, kind.kept_as.name)
    upload.size, upload.kept, upload.sent = content.stat().st_size, _digest_of(content), sent
    uploads.write(upload)
    return upload


class Front:
    """Takes files for one gateway, and gives them."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._limits = limits_of(gate.settings.file_kinds)
        # Of its own: a picture takes a second, and others wait for the common ones.
        self._looking = ThreadPoolExecutor(_AT_ONCE, "files")
        # So does who reads from a store that does not answer.
        self._reading = ThreadPoolExecutor(_AT_ONCE, "kept")

    def doors(self) -> list[tuple[Door, Serve]]:
        """Return each door with what serves it."""
        declared, mine = of_gateway(), (SELF,)
        types = [KINDS[name].media_type for name in self._limits]
        send = declared.command(
            "POST", "/v1/files", "send_file", params=SendParams, reply=FileSent, roles=mine,
            status=201, summary="上传文件 / Send a photo or a paper",
        )  # fmt: skip
        begin = declared.command(
            "POST", "/v1/files/uploads", "begin_upload", body=BeginUpload, reply=UploadCard,
            roles=mine, status=201, summary="开始分段上传 / Begin to send a file in parts",
        )  # fmt: skip
        go_on = declared.command(
            "PATCH", "/v1/files/uploads/{file_id}", "send_part", path_params=WhichUpload,
            params=PartParams, reply=UploadCard, roles=mine,
            summary="续传一段 / Send the next part of a file",
        )  # fmt: skip
        asked = declared.query(
            "GET", "/v1/files/uploads/{file_id}", "upload", path_params=WhichUpload,
            reply=UploadCard, roles=mine, summary="已收到多少 / How much of a file has come",
        )  # fmt: skip
        read = declared.query(
            "GET", "/v1/files/{address}", "read_file", path_params=WhichAddress,
            params=ViewParams, reply=FileSent, roles=PUBLIC, produces=ANY_FILE,
            summary="按限时地址读取文件 / A file, by its address of five minutes",
        )  # fmt: skip
        send = replace(send, content=(*types, ANY_FILE, _FORM))
        go_on = replace(go_on, content=(ANY_FILE,))
        serving = (
            (send, self.send), (begin, self.begin), (go_on, self.go_on), (asked, self.upload),
            (read, self.read),
        )  # fmt: skip
        return [(door, functools.partial(serve, door)) for door, serve in serving]

    # ---------------------------------------------------------------------------------- taking

    async def send(self, door: Door, request: Request) -> Response:
        """Take a file whole.

        Raises:
            Refusal: It is not taken; nothing is kept of it.
        """
        actor = self._gate.admit(request, door.roles)
        file_id = file_id_of(actor.id, read_key(request))
        params = converted(read_params(door.params, request), SendParams)
        kind, parts = parse_options_header(request.headers.get("content-type", ""))
        boundary = parts.get(b"boundary") if kind == _FORM.encode() else None
        if kind == _FORM.encode() and not boundary:
            raise FormUnreadable
        form = FormFile(boundary) if boundary else None
        uploads = Uploads(self._gate.settings.blobs, actor.id)
        limit = max(self._limits.values())
        check_announced(request, limit)
        known = _known(uploads, file_id)
        if known is not None and known.sent:
            # The key has come before: the same file is the same answer.
            digest = _Digest()
            await copy_body(self._gate, request, digest, limit, form)
            if digest.found.hexdigest() != known.sent:
                raise IdempotencyMismatch
            return _answer(_sent(known), file_id, 201, {"Idempotency-Replayed": "true"})
        self._check_count(uploads)
        upload = Upload(file_id, params.name, 0, datetime.now(UTC))
        try:
            with _part_of(uploads.place(file_id)) as part:
                part.begin_anew()
                await copy_body(self._gate, request, part, limit, form)
                upload.name = params.name or _name_in(form)
                found = await self._finished(uploads, upload)
        except InFlight:
            raise
        except BaseException:
            uploads.drop(file_id)
            raise
        return _answer(_sent(found), file_id, 201)

    async def begin(self, door: Door, request: Request) -> Response:
        """Begin to take a file in parts.

        Raises:
            Refusal: It would be too large, or too many.
        """
        actor = self._gate.admit(request, door.roles)
        key = read_key(request)
        content = await self._gate.read_content(door, request)
        asked = converted(read_members(door, content), BeginUpload)
        limit = max(self._limits.values())
        if asked.size > limit:
            raise BodyTooLarge(limit=limit)
        uploads = Uploads(self._gate.settings.blobs, actor.id)
        upload = Upload(
            file_id_of(actor.id, key), asked.name, asked.size, datetime.now(UTC), asked.sha256 or ""
        )
        known = _known(uploads, upload.file_id)
        if known is not None:
            if not known.sent and (known.size, known.sha256) != (upload.size, upload.sha256):
                raise IdempotencyMismatch
            said = {"Idempotency-Replayed": "true"}
            return _answer(_card(uploads, known), known.file_id, 201, said)
        self._check_count(uploads)
        uploads.write(upload)
        return _answer(_card(uploads, upload), upload.file_id, 201)

    async def go_on(self, door: Door, request: Request) -> Response:
        """Take the next part. What has come before a cut stays.

        Raises:
            Refusal: It begins elsewhere, is too long, or what came in all is not taken.
        """
        actor = self._gate.admit(request, door.roles)
        file_id = str(read_places(door, request)["file_id"])
        offset = converted(read_params(door.params, request), PartParams).offset
        uploads = Uploads(self._gate.settings.blobs, actor.id)
        upload = uploads.find(file_id)
        if upload.sent:
            raise StateConflict(field="file_id", state="SENT")
        with _part_of(uploads.place(file_id)) as part:
            if offset != part.size:
                raise OffsetWrong(field="offset", offset=part.size)
            check_announced(request, upload.size - part.size)
            await copy_body(self._gate, request, part, upload.size)
            if part.size == upload.size:
                upload = await self._finished(uploads, upload)
        return _answer(_card(uploads, upload), file_id)

    async def upload(self, door: Door, request: Request) -> Response:
        """Answer how much has come.

        Raises:
            NotFound: Nothing of this sender.
        """
        actor = self._gate.admit(request, door.roles)
        file_id = str(read_places(door, request)["file_id"])
        uploads = Uploads(self._gate.settings.blobs, actor.id)
        return _answer(_card(uploads, uploads.find(file_id)))

    async def _finished(self, uploads: Uploads, upload: Upload) -> Upload:
        loop, settings = asyncio.get_running_loop(), self._gate.settings
        return await loop.run_in_executor(self._looking, _finish, uploads, upload, settings)

    def _check_count(self, uploads: Uploads) -> None:
        limit = self._gate.settings.files_a_day
        if uploads.count() >= limit:
            raise TooManyFiles(limit=limit)

    # ---------------------------------------------------------------------------------- giving

    async def give(self, door: Door, request: Request) -> Response:
        """Answer the address of a file that the caller may read.

        Raises:
            CallFailed: The service says that there is none for this caller.
        """
        actor = self._gate.admit(request, door.roles, service=door.service, method=door.method)
        asked = read_places(door, request)
        told = await self._gate.call(request, door.service, door.method, asked, actor=actor)
        file = cast("JsonObject", told)
        ends = int(time.time()) + GOOD_S
        url = address_of(self._gate.settings, file, ends)
        kind = BY_TYPE.get(str(file["media_type"]))
        sizes = PREVIEWS if kind is not None and kind.picture else ()
        answer = FileAddress.of(
            file,
            url=url,
            expires_at=datetime.fromtimestamp(ends, UTC),
            previews={size: f"{url}?{urlencode({'size': size})}" for size in sizes},
        )
        return _answer(answer)

    async def read(self, door: Door, request: Request) -> Response:
        """Give a file to whoever has its address.

        Raises:
            FileAddressExpired: It was good for five minutes.
            NotFound: It was altered, or the file is gone.
            FilesAway: The store of files does not answer.
        """
        self._gate.admit(request, door.roles)
        address = str(read_places(door, request)["address"])
        size = converted(read_params(door.params, request), ViewParams).size
        ends, key, media_type, name = _opened(self._key, address)
        if ends < time.time():
            raise FileAddressExpired
        kept = kept_in(self._gate.settings)
        path = await asyncio.get_running_loop().run_in_executor(
            self._reading, _sized, kept, key, media_type, size
        )
        tag = f'"{key.rpartition("/")[2][:16]}{f"-{size}" if size else ""}"'
        said = {
            "ETag": tag,
            "Cache-Control": f"private, max-age={GOOD_S}",
            "Content-Security-Policy": _SANDBOX,
            "X-Content-Type-Options": "nosniff",
        }
        if has(request, tag):
            return Response(None, 304, said)
        shown = "inline" if media_type in _SHOWN else "attachment"
        return FileResponse(
            path, media_type=media_type, filename=name, headers=said, content_disposition_type=shown
        )

    @functools.cached_property
    def _key(self) -> bytes:
        return _key_of(self._gate.settings)


def _name_in(form: FormFile | None) -> str:
    """Return what a form calls its file.

    Raises:
        FormUnreadable: It holds none, or several.
    """
    if form is not None and form.files != 1:
        raise FormUnreadable
    return form.name if form is not None else ""


def _known(uploads: Uploads, file_id: str) -> Upload | None:
    try:
        return uploads.find(file_id)
    except NotFound:
        return None


def _card(uploads: Uploads, upload: Upload) -> UploadCard:
    part = uploads.place(upload.file_id) / "part"
    come = part.stat().st_size if part.exists() else 0
    return UploadCard.of(
        msgspec.structs.asdict(upload),
        id=upload.file_id,
        offset=upload.size if upload.sent else come,
        expires_at=_ends(upload),
        file=_sent(upload) if upload.sent else None,
    )


def _answer(
    said: Reply, file_id: str = "", status: int = 200, more: dict[str, str] | None = None
) -> Response:
    headers = {"Vary": "Authorization, X-Acting-Role"} | (more or {})
    if status == 201:
        headers["Location"] = f"/v1/files/uploads/{file_id}"
    if isinstance(said, UploadCard):
        headers["Upload-Offset"] = str(said.offset)
    return Response(msgspec.json.encode(said), status, headers, "application/json")


# --------------------------------------------------------------------------------------------------
# Addresses


def _key_of(settings: GatewaySettings) -> bytes:
    return hmac.digest(settings.token_key.encode(), b"fivered.files", "sha256")


def address_of(settings: GatewaySettings, file: JsonObject, ends: int) -> str:
    """Return the address of a file that a service has told of, good until then (Unix seconds)."""
    what = [ends, f"{file['service']}/{file['sha256']}", file["media_type"], file["name"]]
    return f"/v1/files/{signed(_key_of(settings), msgspec.json.encode(what))}"


def signed(key: bytes, what: bytes) -> str:
    """Return a content as an address that nobody else can make."""
    told = base64.urlsafe_b64encode(what).rstrip(b"=")
    mark = base64.urlsafe_b64encode(hmac.digest(key, told, "sha256")).rstrip(b"=")
    return f"{told.decode()}.{mark.decode()}"


def _opened(key: bytes, address: str) -> tuple[int, str, str, str]:
    """Return what an address says.

    Raises:
        NotFound: It is none of ours.
    """
    told = address.rpartition(".")[0].encode()
    content = base64.urlsafe_b64decode(told + b"=" * (-len(told) % 4))
    if not hmac.compare_digest(signed(key, content).encode(), address.encode()):
        raise NotFound(kind="file", id="—")
    return decoded(content, tuple[int, str, str, str])


def _sized(kept: Kept, key: str, media_type: str, size: str | None) -> Path:
    """Return where a file lies, or a smaller one of a picture; after a restore that is made anew.

    Raises:
        NotFound: There is none.
        FilesAway: The store of files does not answer.
    """
    kind = BY_TYPE.get(media_type)
    picture = kind is not None and kind.picture
    if size and picture and (smaller := kept.fetch(preview(key, size))) is not None:
        return smaller
    content = kept.fetch(key)
    if content is None or (size and not picture):
        raise NotFound(kind="file", id="—")
    if not size or kind is None:
        return content
    found = content.with_name(preview(content.name, size))
    with room():
        fresh = found.with_name(f".in-{found.name}")
        write_smaller(content, kind, fresh, PREVIEWS[size])
        fresh.replace(found)
    return found


def with_addresses(doors: Doors) -> Doors:
    """Return the doors of a service with that of its files as the gateway answers it."""
    own = Doors(doors.service, doors.tag, doors.imports, doors.about)
    for door in doors:
        own.adopt(replace(door, reply=_GIVEN_REPLY) if door.method == GIVEN else door)
    return own


__all__ = ["GIVEN", "FileAddress", "FileSent", "Front", "UploadCard", "named", "with_addresses"]
