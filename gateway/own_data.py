"""`GET /v1/me/data`: what all services keep about the caller, in one answer, as JSON or CSV.

Services do not call each other: each gives the own part at its own door, and they are put together
here. A service that does not answer is named; nothing is left out in silence.
"""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal, cast

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from fivered.chassis import spreadsheets
from fivered.chassis.json_values import JsonObject
from fivered.chassis.messages import SELF, Actor
from fivered.chassis.replies import Reply
from fivered.chassis.requests import Request as Asked
from fivered.chassis.rpc import CallFailed
from fivered.chassis.typed import converted
from fivered.gateway.addressed import read_params
from fivered.gateway.dispatch import Gate
from fivered.gateway.doors import Door, Doors, of_gateway

# Every service is asked, and each reads all that is the caller's.
COST = 10
# Notes who asks, and how often a day; it is asked first, and nothing is given without it.
FIRST = "steward"
_METHOD = "_my_data"
_ROWS = 200
# A person with more pages in one service is told that this is not all.
_PAGES = 500
_ZIP = "application/zip"
# Of an answer that is one caller's alone.
SAVED = {"Cache-Control": "no-store", "Vary": "Authorization, X-Acting-Role"}


class DataAsked(Asked, frozen=True):
    """哪种格式 / In which form."""

    format: Annotated[
        Literal["json", "csv"],
        Meta(description="csv:每表一个文件的压缩包 / csv: a zip with one file per table"),
    ] = "json"


class OwnData(Reply):
    """What is kept about the caller."""

    person_id: str
    complete: Annotated[
        bool, Meta(description="各服务是否都已全部给出 / whether every service has given all")
    ]
    missing: Annotated[
        list[str], Meta(description="未答复或未给全的服务 / services that have not", examples=[[]])
    ]
    services: Annotated[
        dict[str, object], Meta(description="各服务各表的行 / rows by service and table")
    ]


class Export:
    """Gathers what the services of one gateway keep about a caller."""

    def __init__(self, gate: Gate, installed: Mapping[str, Doors]) -> None:
        self._gate = gate
        self._installed = installed

    def door(self) -> Door:
        """Return the door's declaration."""
        door = of_gateway().query(
            "GET",
            "/v1/me/data",
            "my_data",
            params=DataAsked,
            reply=OwnData,
            roles=(SELF,),
            summary="本人的全部信息 / What all services keep about the caller",
        )
        return replace(door, cost=COST, or_produces=(_ZIP,))

    async def serve(self, door: Door, request: Request) -> Response:
        """Answer what all services keep about the caller.

        Raises:
            Refusal: The caller may not, or asks too often.
            CallFailed: Who notes it does not answer, or the limit of the day is reached.
        """
        actor = self._gate.admit(request, door.roles, door.cost)
        asked = converted(read_params(door.params, request), DataAsked)
        found, failures = dict[str, list[JsonObject]](), dict[str, CallFailed]()
        names = sorted(self._installed, key=lambda name: (name != FIRST, name))
        if FIRST in names:
            await self._of(request, actor, names.pop(0), found, failures)
            if refused := failures.get(FIRST):
                raise refused
        await asyncio.gather(*(self._of(request, actor, one, found, failures) for one in names))
        if failures and not found:
            # Without the service that notes there may be nobody at all.
            raise next(iter(failures.values()))
        told: JsonObject = {
            "person_id": actor.id,
            "complete": not failures,
            "missing": [*sorted(failures)],
            "services": {
                name: {"title": self._installed[name].tag, "tables": [*tables]}
                for name, tables in sorted(found.items())
            },
        }
        if asked.format == "csv":
            return _zipped(told, found)
        return Response(
            msgspec.json.encode(told), media_type="application/json", headers=dict(SAVED)
        )

    async def _of(
        self,
        request: Request,
        actor: Actor,
        service: str,
        found: dict[str, list[JsonObject]],
        failures: dict[str, CallFailed],
    ) -> None:
        """Read all parts of one service; a failure is kept with what was read before it."""
        tables = dict[str, JsonObject]()
        body: JsonObject = {"limit": _ROWS}
        try:
            for _page in range(_PAGES):
                told = await self._gate.call(request, service, _METHOD, dict(body), actor=actor)
                found[service] = _added(tables, cast("JsonObject", told))
                if told["next"] is None:
                    return
                body["cursor"] = told["next"]
            failures[service] = CallFailed(service)
        except CallFailed as error:
            failures[service] = error


def _added(tables: dict[str, JsonObject], told: JsonObject) -> list[JsonObject]:
    """Add a part to the tables of a service; a table may go on in the next part."""
    for table in cast("list[JsonObject]", told["tables"]):
        known = tables.setdefault(str(table["table"]), {**table, "rows": [], "words": {}})
        cast("list[object]", known["rows"]).extend(cast("list[object]", table["rows"]))
        cast("JsonObject", known["words"]).update(cast("JsonObject", table["words"]))
    return list(tables.values())


def _zipped(told: JsonObject, found: Mapping[str, list[JsonObject]]) -> Response:
    """Return a zip of one CSV file per table, and a page that says what they are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        lines = ["\ufeff本人信息 / Your data", f"编号 / id: {told['person_id']}", ""]
        missing = cast("list[str]", told["missing"])
        if missing:
            lines += [f"未答复的服务,请稍后再取 / not answered: {', '.join(missing)}", ""]
        for service, tables in sorted(found.items()):
            for table in tables:
                name = f"{service}/{table['table']}.csv"
                packed.writestr(name, _csv(table))
                basis = ", ".join(cast("list[str]", table["basis"]))
                lines += [name, f"  {table['purpose']}", f"  {table['kept']}", f"  PIPL {basis}"]
                words = cast("dict[str, str]", table["words"])
                lines += [f"  {column}: {word}" for column, word in words.items()]
        packed.writestr("README.txt", "\r\n".join(lines))
    headers = {**SAVED, "Content-Disposition": 'attachment; filename="my-data.zip"'}
    return Response(out.getvalue(), media_type=_ZIP, headers=headers)


def _csv(table: JsonObject) -> bytes:
    rows = cast("list[JsonObject]", table["rows"])
    columns = list(dict.fromkeys(name for row in rows for name in row))
    told = [[_cell(row.get(name)) for name in columns] for row in rows]
    return spreadsheets.MARK + spreadsheets.lines([columns, *told])


def _cell(value: object) -> object:
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else value
