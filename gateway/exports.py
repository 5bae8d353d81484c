"""Lists as files: `?format=csv` or `?format=xlsx` at every list, whole, with the same filters and
the same rights.

The list is read page by page by its own door and cursors, and written as it is read, so that a
hundred thousand rows take no more memory than one page. The columns are the members that the door's
reply type declares: what the list does not show, no file does. Who took which list away stands in
the audit of its service before the first row is sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Literal, cast
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from fivered.chassis import api, spreadsheets
from fivered.chassis.api import Schema, Schemas
from fivered.chassis.calendar import SHANGHAI
from fivered.chassis.fields import MOST_ROWS
from fivered.chassis.i18n import named
from fivered.chassis.json_values import JsonObject
from fivered.chassis.messages import SYSTEM, Actor, new_uuid
from fivered.chassis.refusal import Invalid, said
from fivered.chassis.shapes import told_of
from fivered.gateway.addressed import read_params, read_places
from fivered.gateway.columns import COLUMNS
from fivered.gateway.context import HANG_UP, Lang, context_of
from fivered.gateway.dispatch import Gate
from fivered.gateway.doors import Door
from fivered.gateway.errors import ExportsTaken, ExportTooLarge
from fivered.gateway.own_data import SAVED

log = logging.getLogger("fivered.gateway")

FORMAT = "format"
CSV, XLSX = "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMS = {"csv": CSV, "xlsx": XLSX}
Form = Literal["csv", "xlsx"]
# How the reference describes the parameter.
PARAMETER: Schema = {"type": "string", "enum": [*FORMS]}
ABOUT = (
    "整个列表存为文件(CSV 或 XLSX),筛选与权限同列表,最多 100000 行;不与 limit、cursor 同用 / "
    "the whole list as a file, by the same filters and rights, of at most 100,000 rows; not with "
    "limit or cursor"
)
MOST = 100_000
# What an export costs beside its pages, each of which is an ordinary answer.
_COST = 10
# So many files are written at the same time in a process of the gateway.
AT_ONCE = 4
_PART = 1024 * 1024
# So many words of codes are remembered while a file is written.
_WORDS = 1000
_CODE = re.compile(r"^[A-Z][A-Z0-9_]+$")
# What somebody wrote, or how something is called: no code, though it may look like one.
_WRITTEN = frozenset({"name", "title", "text", "note", "number", "code", "ref", "place", "login"})


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file.

    Attributes:
        path: Where its value stands in a line.
        head: What it is called.
        moment: Whether it is a time.
        coded: Whether what looks like a code is one, and is told in words.
    """

    path: tuple[str, ...]
    head: str
    moment: bool
    coded: bool


def columns_of(door: Door) -> tuple[Column, ...]:
    """Return the columns of a door's list, from its reply's type; none where it is no list."""
    items = door.reply.members.get("items")
    fields = door.params.members if door.params is not None else {}
    if door.kind != "query" or door.produces or not items or not {"limit", "cursor"} <= {*fields}:
        return ()
    if FORMAT in fields:
        return ()
    schemas = door.reply.schemas
    line = told_of(api.inner(told_of(items, schemas).get("items")), schemas)
    return tuple(_columns(line, schemas, ()))


def _columns(line: Schema, schemas: Schemas, at: tuple[str, ...]) -> Iterator[Column]:
    for name, schema in line.get("properties", {}).items():
        if name == "provisional":
            continue
        one = told_of(schema, schemas)
        path = (*at, name)
        if "properties" in one and not at:
            yield from _columns(one, schemas, path)
        else:
            about = str(schema.get("description", "")).partition(" / ")[0]
            called = [COLUMNS.get(part) for part in path[:-1]]
            called.append(COLUMNS.get(name) or (about if 0 < len(about) < 20 else None))
            words = "·".join(filter(None, called))
            wire = ".".join(path)
            head = f"{words} / {wire}" if words else wire
            moment = one.get("format") == "date-time"
            yield Column(path, head, moment, name not in _WRITTEN)


class Exports:
    """The files that are being written."""

    def __init__(self) -> None:
        self._running = 0

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """Hold the place of one file.

        Raises:
            ExportsTaken: There is none.
        """
        if self._running >= AT_ONCE:
            raise ExportsTaken(limit=AT_ONCE)
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1


@dataclass(slots=True)
class _List:
    """A list that is read page by page."""

    gate: Gate
    door: Door
    request: Request
    actor: Actor
    asked: JsonObject
    columns: Sequence[Column]
    lang: Lang
    words: dict[str, str] = field(default_factory=dict)

    async def page(self, cursor: str | None, *, first: bool = False) -> JsonObject:
        body = {**self.asked, "limit": _most_of(self.door)}
        if first and self.door.params is not None and "total" in self.door.params.members:
            body["total"] = True
        if cursor is not None:
            body["cursor"] = cursor
        told = await self.gate.call(
            self.request, self.door.service, self.door.method, body, actor=self.actor
        )
        return cast("JsonObject", told)

    async def rows(self, first: JsonObject) -> AsyncIterator[list[spreadsheets.Row]]:
        """Yield the rows of each page; the head stands before those of the first."""
        page, count = first, 0
        head: list[spreadsheets.Row] = [[one.head for one in self.columns]]
        while True:
            items = cast("list[JsonObject]", page["items"])
            yield head + [self._row(one) for one in items]
            head, count = [], count + len(items)
            cursor = cast("str | None", page.get("next"))
            if cursor is None:
                return
            if count >= MOST:
                raise ExportTooLarge(limit=MOST)
            page = await self.page(cursor)

    def _row(self, line: JsonObject) -> spreadsheets.Row:
        return [self._cell(column, line) for column in self.columns]

    def _cell(self, column: Column, line: JsonObject) -> object:
        value: object = line
        for name in column.path:
            value = value.get(name) if isinstance(value, dict) else None
        return None if value is None else self._told(value, column)

    def _told(self, value: object, column: Column) -> object:
        if isinstance(value, str):
            if column.moment:
                at = datetime.fromisoformat(value)
                return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
            return self._word(value) if column.coded and _CODE.match(value) else value
        if isinstance(value, bool):
            return ("是" if value else "否") if self.lang == "zh" else ("yes" if value else "no")
        if isinstance(value, list):
            return "; ".join(str(self._told(one, column)) for one in value)
        if isinstance(value, Mapping):
            # What is not there has no word: None says nothing to who reads it.
            return ", ".join(
                f"{self._called(name)}: {self._told(one, column)}"
                for name, one in value.items()
                if one is not None
            )
        return value if isinstance(value, int) else str(value)

    def _called(self, name: str) -> str:
        return COLUMNS.get(name, name) if self.lang == "zh" else name

    def _word(self, code: str) -> str:
        known = self.words.get(code)
        if known is None:
            known = named(code, self.lang, f"fivered.services.{self.door.service}")
            if len(self.words) < _WORDS:
                self.words[code] = known
        return known


def _most_of(door: Door) -> int:
    limit = door.params.members["limit"] if door.params is not None else {}
    return int(cast("int", told_of(limit, {}).get("maximum", MOST_ROWS)))


def server(
    gate: Gate, door: Door, exports: Exports, otherwise: Callable[[Request], Awaitable[Response]]
) -> Callable[[Request], Awaitable[Response]]:
    """Return what serves a list: as a file where the address asks for one."""
    columns = columns_of(door)
    if not columns:
        return otherwise

    async def serve(request: Request) -> Response:
        if FORMAT not in request.query_params:
            return await otherwise(request)
        actor = gate.admit(
            request, door.roles, door.cost + _COST, service=door.service, method=door.method
        )
        form, asked = _asked(door, request)
        wanted = _List(gate, door, request, actor, asked, columns, context_of(request).lang)
        with contextlib.ExitStack() as undone:
            undone.enter_context(exports.one())
            response = await _answer(wanted, form, undone)
            # From here on whoever sends it tidies up behind it.
            response.undone = undone.pop_all()
        return response

    return serve


def _asked(door: Door, request: Request) -> tuple[Form, JsonObject]:
    """Return the form of the file, and what is asked of the list.

    Raises:
        Invalid: There is no such form, or a part of the list is asked for.
        Flawed: The filters are wrong.
    """
    form = request.query_params[FORMAT]
    if form not in FORMS:
        raise Invalid(
            field=FORMAT,
            reason=said("应为 {known} / it is one of {known}", known="、".join(FORMS)),
        )
    kept = []
    for name, value in request.query_params.multi_items():
        if name in {"limit", "cursor"}:
            raise Invalid(
                field=name,
                reason=said("导出的是整个列表 / an export is of the whole list"),
            )
        if name != FORMAT:
            kept.append((name, value))
    narrowed = Request({**request.scope, "query_string": urlencode(kept).encode()})
    return cast("Form", form), read_places(door, request) | read_params(door.params, narrowed)


class _Sent(StreamingResponse):
    """An answer that is written while it is sent, and behind which something is tidied up."""

    undone: contextlib.ExitStack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        with self.undone:
            await super().__call__(scope, receive, send)


async def _answer(wanted: _List, form: Form, undone: contextlib.ExitStack) -> _Sent:
    first = await wanted.page(None, first=True)
    total = first.get("total")
    if isinstance(total, int):
        if total > MOST:
            raise ExportTooLarge(limit=MOST)
        # The first page is paid for.
        wanted.gate.charge(wanted.request, wanted.actor, total // _most_of(wanted.door))
    await _note(wanted, form, total if isinstance(total, int) else None)
    parts = _lines(wanted, first)
    if wanted.request.method == "HEAD":
        parts = _nothing()
    elif form == "xlsx":
        # A workbook can be sent when it is whole: what goes wrong is told as a refusal.
        parts = _file(await _book(wanted, first, undone))
    name = f"{wanted.door.service}-{wanted.door.method}-{datetime.now(SHANGHAI):%Y%m%d}.{form}"
    headers = {**SAVED, "Content-Disposition": f'attachment; filename="{name}"'}
    return _Sent(_whole(wanted, parts), headers=headers, media_type=FORMS[form])


async def _note(wanted: _List, form: Form, total: int | None) -> None:
    """Let the audit of the list's service say who takes it away."""
    actor = wanted.actor
    told: JsonObject = {
        "door": wanted.door.method,
        "form": form,
        "filters": urlencode(sorted((name, str(value)) for name, value in wanted.asked.items()))[
            :4000
        ],
        "actor": actor.id,
        "role": actor.role,
        "scope": actor.scope,
        "session": actor.session,
        "address": actor.address,
    }
    if total is not None:
        told["rows"] = total
    await wanted.gate.call(
        wanted.request, wanted.door.service, "_exported", told, actor=SYSTEM, key=new_uuid()
    )


async def _whole(wanted: _List, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        async for part in parts:
            yield part
    except Exception:
        # A part is sent already: who reads sees that the connection ends before the file does.
        log.exception("export_broken", extra={"door": wanted.door.full_path})
        if HANG_UP in wanted.request.scope:
            wanted.request.scope[HANG_UP]()
        raise


async def _nothing() -> AsyncIterator[bytes]:
    yield b""


async def _lines(wanted: _List, first: JsonObject) -> AsyncIterator[bytes]:
    yield spreadsheets.MARK
    async for rows in wanted.rows(first):
        yield spreadsheets.lines(rows)


def _begun(undone: contextlib.ExitStack) -> tuple[spreadsheets.Book, IO[bytes]]:
    folder = undone.enter_context(tempfile.TemporaryDirectory())
    file = undone.enter_context(Path(folder, "book").open("w+b"))  # noqa: SIM115  see there
    book = spreadsheets.Book(file, folder)
    undone.callback(book.drop)
    return book, file


async def _book(wanted: _List, first: JsonObject, undone: contextlib.ExitStack) -> IO[bytes]:
    book, file = _begun(undone)
    async for rows in wanted.rows(first):
        for row in rows:
            book.add(row)
    await asyncio.to_thread(book.close)
    file.seek(0)
    return file


async def _file(file: IO[bytes]) -> AsyncIterator[bytes]:
    while part := file.read(_PART):
        yield part
