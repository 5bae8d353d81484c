"""Receives files for a service: the one door whose body is no JSON.

The body is written to the folder of files as it comes, never held in memory; the service is told
its digest, checks the header at once and takes the rows as a job.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from pydantic import Field
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request
from starlette.responses import Response

from chassis.blobs import Blob, Blobs, Receiving
from chassis.rpc import CallRefused
from gateway.dispatch import Gate, Locate, check_reply, read_key, read_params, read_places, respond
from gateway.doors import Door, Doors, Page, Params, Reply
from gateway.errors import BodyTooLarge, BodyTooSlow, FileTypeUnknown, FormUnreadable

START = "_start_import"

_ROLES = ("R_DISTRICT", "R_STREET")
# What a table may be announced as; Windows announces .csv as a workbook of Excel. What it is, its
# content shows (`chassis.sheets`).
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TABLES = ("text/csv", XLSX, "text/plain", "application/vnd.ms-excel")
_FORM = "multipart/form-data"
_PART = 1024 * 1024


class UploadParams(Params):
    """How a file is taken."""

    dry_run: bool = Field(
        default=False, description="只检查,不写入 / check everything, write nothing"
    )


class ImportStarted(Reply):
    """The job that takes the file; GET /v1/<service>/jobs/{id} shows how far it is.

    Its result is {form, encoding, delimiter, lines, header_line, blank_lines, ignored,
    unread_sheets, rows, created, unchanged, refused, errors: [{line, column, code, message_zh,
    message_en, expected_zh, expected_en}]}; every line of the file is the header or above it,
    blank, or part of a row. Of a workbook the first sheet is read; `unread_sheets` names the others
    that hold something.
    """

    id: str
    state: str
    kind: str
    dry_run: bool


class ImportColumn(Reply):
    """One column of a file."""

    name: str
    meaning: str
    required: bool
    kind: Literal["text", "integer", "number", "yes_no", "date", "instant", "list"]
    expected_zh: str
    expected_en: str
    example: str


class ImportKind(Reply):
    """One kind of file; `template` is a file with the header and one example row."""

    kind: str
    title: str
    roles: list[str]
    columns: list[ImportColumn]
    template: str


def with_imports(doors: Doors) -> Doors:
    """Return the doors of a service with those by which files come in, if it takes any."""
    if not doors.imports:
        return doors
    doors.query(
        "GET",
        "/imports",
        "_importers",
        reply=Page[ImportKind],
        roles=_ROLES,
        summary="可导入的文件种类与各列 / Files that are taken, and their columns",
    )
    doors.query(
        "GET",
        "/imports/{kind}",
        "_importer",
        reply=ImportKind,
        roles=_ROLES,
        summary="一种导入文件的各列与模板 / Columns and template of one kind of file",
    )
    doors.adopt(
        Door(
            service=doors.service,
            tag=doors.tag,
            kind="command",
            verb="POST",
            path="/imports/{kind}",
            method=START,
            roles=_ROLES,
            summary="导入 CSV 或 .xlsx 文件(后台任务)/ Import a CSV or .xlsx file, as a job",
            description=(
                "正文为 CSV(UTF-8 或 GB18030)或 .xlsx,亦可用表单上传;行可重复导入,内容相同计为 "
                "unchanged。 The body is CSV in UTF-8 or GB18030, .xlsx, or a form with one file; "
                "rows may be imported again, the same content counts as unchanged."
            ),
            status=202,
            if_match=False,
            body=None,
            params=UploadParams,
            path_params=None,
            reply=ImportStarted,
            deadline_s=None,
            content=(*_TABLES, _FORM),
        )
    )
    return doors


def receiver(gate: Gate, door: Door, locate: Locate) -> Callable[[Request], Awaitable[Response]]:
    """Return what serves the door that takes a file."""

    async def serve(request: Request) -> Response:
        # Who may not send files is told so before a byte of the file is read.
        actor = gate.admit(request, door.roles)
        key = read_key(request)
        order: dict[str, Any] = {"dry_run": False}
        order |= read_places(door, request) | read_params(UploadParams, request)
        kind, parts = parse_options_header(request.headers.get("content-type", ""))
        boundary = parts.get(b"boundary") if kind == _FORM.encode() else None
        if not boundary and kind.decode("latin-1") not in _TABLES:
            raise FileTypeUnknown(xlsx=XLSX)
        blobs = Blobs(gate.settings.blobs)
        blob = await _receive(gate, request, blobs, boundary)
        try:
            reply = await gate.call(
                request, door.service, START, order | {"sha256": blob.sha256}, actor=actor, key=key
            )
        except CallRefused:
            # It may hold what people told in confidence; nobody will come for it now.
            blobs.remove(blob.sha256)
            raise
        if gate.settings.check_replies:
            check_reply(door, reply)
        return respond(door, request, reply, locate)

    return serve


class FormFile:
    """Takes the content of the one file out of a form, as it comes.

    Attributes:
        files: How many files have begun.
    """

    def __init__(self, boundary: bytes) -> None:
        self.files = 0
        self._found = bytearray()
        self._name, self._value = bytearray(), bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._in_file = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._headers.clear,
                "on_header_field": lambda data, start, end: self._name.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._header,
                "on_headers_finished": self._begin,
                "on_part_data": self._data,
            },
        )

    def read(self, part: bytes) -> bytes:
        """Return what a part of the body holds of the file.

        Raises:
            FormUnreadable: It is no form.
        """
        self._found.clear()
        try:
            self._parser.write(part)
        except FormParserError:
            raise FormUnreadable from None
        return bytes(self._found)

    def _header(self) -> None:
        self._headers[bytes(self._name).lower()] = bytes(self._value)
        self._name.clear()
        self._value.clear()

    def _begin(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._in_file = b"filename" in options
        self.files += self._in_file

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file and self.files == 1:
            self._found += data[start:end]


async def _receive(gate: Gate, request: Request, blobs: Blobs, boundary: bytes | None) -> Blob:
    """Write the body to the folder as it comes.

    Raises:
        BodyTooLarge: It is longer than the setting.
        BodyTooSlow: Nothing came for as long as a whole body of another door may take.
    """
    limit = gate.settings.import_bytes
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise BodyTooLarge(limit=limit)
    with blobs.receive() as receiving:
        form = FormFile(boundary) if boundary else None
        await _copy(gate, request, receiving, limit, form)
        if form is not None and form.files != 1:
            raise FormUnreadable
        return await asyncio.to_thread(receiving.keep)


async def _copy(
    gate: Gate, request: Request, receiving: Receiving, limit: int, form: FormFile | None
) -> None:
    parts = bytearray()
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(gate.settings.body_wait_s):
                part = await anext(stream, None)
        except TimeoutError:
            raise BodyTooSlow(seconds=gate.settings.body_wait_s) from None
        if part is not None:
            parts += form.read(part) if form is not None else part
        if receiving.size + len(parts) > limit:
            raise BodyTooLarge(limit=limit)
        if parts and (part is None or len(parts) >= _PART):
            await asyncio.to_thread(receiving.write, bytes(parts))
            parts.clear()
        if part is None:
            return


__all__ = ["START", "receiver", "with_imports"]
