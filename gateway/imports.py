"""Receives files for a service: the one door whose body is no JSON.

The body is written to the folder of files as it comes, never held in memory; the service is told
its digest, checks the header at once and takes the rows as a job.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Protocol

from msgspec import Meta
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from fivered.chassis.blobs import Blob, Blobs
from fivered.chassis.contracts import common_api
from fivered.chassis.file_imports import Imports
from fivered.chassis.json_values import JsonObject
from fivered.chassis.requests import Request as Asked
from fivered.chassis.rpc import CallRefused
from fivered.chassis.shapes import Shape
from fivered.gateway.addressed import read_params, read_places
from fivered.gateway.contract import doors_of
from fivered.gateway.dispatch import Gate, Locate, read_key
from fivered.gateway.doors import Door, Doors
from fivered.gateway.errors import BodyTooLarge, BodyTooSlow, FileTypeUnknown, FormUnreadable
from fivered.gateway.limits import check_announced

START = "_start_import"

# What a table may be announced as; Windows announces .csv as a workbook of Excel. What it is, its
# content shows (`fivered.chassis.sheets`).
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TABLES = ("text/csv", XLSX, "text/plain", "application/vnd.ms-excel")
_FORM = "multipart/form-data"
_PART = 1024 * 1024


class UploadParams(Asked, frozen=True):
    """How a file is taken."""

    dry_run: Annotated[
        bool, Meta(description="只检查,不写入 / check everything, write nothing")
    ] = False


_PARAMS = Shape.of(UploadParams)


def with_imports(doors: Doors) -> Doors:
    """Return the doors of a service with those by which files come in, if it takes any."""
    if not doors.imports:
        return doors
    for door in doors_of(common_api(Imports, doors.service, doors.tag)):
        if door.method == START:
            # Its body is the file; the service is told the digest.
            door = replace(door, body=None, params=_PARAMS, content=(*_TABLES, _FORM))  # noqa: PLW2901
        doors.adopt(door)
    return doors


def receiver(gate: Gate, door: Door, locate: Locate) -> Callable[[Request], Awaitable[Response]]:
    """Return what serves the door that takes a file."""

    async def serve(request: Request) -> Response:
        # Who may not send files is told so before a byte of the file is read.
        actor = gate.admit(request, door.roles, service=door.service, method=door.method)
        key = read_key(request)
        order: JsonObject = {"dry_run": False}
        order |= read_places(door, request) | read_params(_PARAMS, request)
        kind, parts = parse_options_header(request.headers.get("content-type", ""))
        boundary = parts.get(b"boundary") if kind == _FORM.encode() else None
        if not boundary and kind.decode("latin-1") not in _TABLES:
            raise FileTypeUnknown(xlsx=XLSX)
        blobs = Blobs(gate.settings.blobs)
        blob = await _receive(gate, request, blobs, boundary, f"{actor.id} {key}")
        try:
            reply = await gate.call(
                request,
                door.service,
                START,
                order | {"sha256": blob.name},
                actor=actor,
                key=key,
                raw=True,
            )
        except CallRefused:
            # It may hold what people told in confidence; nobody will come for it now.
            blobs.remove(blob.name)
            raise
        return gate.answer(door, request, reply, locate)

    return serve


class FormFile:
    """Takes the content of the one file out of a form, as it comes.

    Attributes:
        files: How many files have begun.
        name: What the last of them is called.
    """

    def __init__(self, boundary: bytes) -> None:
        self.files = 0
        self.name = ""
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
        if self._in_file:
            self.name = options[b"filename"].decode("utf-8", "replace")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file and self.files == 1:
            self._found += data[start:end]


async def _receive(
    gate: Gate, request: Request, blobs: Blobs, boundary: bytes | None, whose: str
) -> Blob:
    """Write the body to the folder as it comes.

    Raises:
        BodyTooLarge: It is longer than the setting.
        BodyTooSlow: Nothing came for as long as a whole body of another door may take.
    """
    limit = gate.settings.import_bytes
    check_announced(request, limit)
    with blobs.receive() as receiving:
        form = FormFile(boundary) if boundary else None
        await copy_body(gate, request, receiving, limit, form)
        if form is not None and form.files != 1:
            raise FormUnreadable
        return await asyncio.to_thread(receiving.keep, whose)


class Sink(Protocol):
    """Where a body goes as it comes."""

    size: int

    def write(self, part: bytes, /) -> None:
        """Take the next part."""


async def copy_body(
    gate: Gate, request: Request, sink: Sink, limit: int, form: FormFile | None = None
) -> None:
    """Write the body, or the file of a form, as it comes; what has come before a cut is written.

    Args:
        gate: The limits.
        request: What comes.
        sink: Where it goes; its `size` is what has gone there.
        limit: How large that may grow.
        form: What takes the file out of a form, where the body is one.

    Raises:
        BodyTooLarge: It grows larger.
        BodyTooSlow: Nothing came for as long as a whole body of another door may take.
        ClientDisconnect: The sender is gone.
    """
    parts = bytearray()
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(gate.settings.body_wait_s):
                part = await anext(stream, None)
        except (TimeoutError, ClientDisconnect) as cut:
            await asyncio.to_thread(sink.write, bytes(parts))
            if isinstance(cut, ClientDisconnect):
                raise
            raise BodyTooSlow(seconds=gate.settings.body_wait_s) from None
        if part is not None:
            parts += form.read(part) if form is not None else part
        if sink.size + len(parts) > limit:
            raise BodyTooLarge(limit=limit)
        if parts and (part is None or len(parts) >= _PART):
            await asyncio.to_thread(sink.write, bytes(parts))
            parts.clear()
        if part is None:
            return
