"""Answers that are no JSON: the feed of notices, certificates, files that were asked for.

A service answers ids and numbers; the document is written here, with the names that this viewer
may see. A new kind of document is one function in `_WRITERS`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Required, TypedDict, cast
from urllib.parse import urlencode
from xml.etree import ElementTree as ET  # nosec B405  # writes only, reads nothing

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from fivered.chassis.blobs import Blobs
from fivered.chassis.calendar import Calendar
from fivered.chassis.json_values import JsonObject
from fivered.chassis.messages import Actor
from fivered.chassis.rpc import CallFailed
from fivered.gateway.addressed import read_params, read_places
from fivered.gateway.dispatch import Gate, next_page
from fivered.gateway.doors import ANY_FILE, Door, Doors
from fivered.gateway.kinds import KINDS
from fivered.gateway.settings import GatewaySettings
from fivered.gateway.sparing import digest_of, spared

if TYPE_CHECKING:
    from fivered.gateway.certificate import Certificate

ATOM = "application/atom+xml"
PDF = "application/pdf"

_ATOM_NS = "http://www.w3.org/2005/Atom"
_VARY = "Authorization, X-Acting-Role, Accept-Language"


class Asked:
    """One request for a document: who asks, and what the service answered."""

    def __init__(
        self, gate: Gate, door: Door, request: Request, actor: Actor, installed: Mapping[str, Doors]
    ) -> None:
        self.gate = gate
        self.door = door
        self.request = request
        self.actor = actor
        self.installed = installed

    async def ask(self, service: str, method: str, body: JsonObject) -> JsonObject:
        """Ask a service as the viewer.

        Raises:
            CallFailed: It refuses, or does not answer.
        """
        told = await self.gate.call(self.request, service, method, body, actor=self.actor)
        return cast("JsonObject", told)

    async def name_of(self, reply: JsonObject) -> str:
        """Return the name that the viewer may see; without one, the number of an organisation.

        Services keep ids, never other people's names. An id of a person is shown to nobody.
        """
        person, ref = reply.get("person_id"), reply.get("ref")
        try:
            if person and "steward" in self.installed:
                cards = await self.ask("steward", "people_cards", {"ids": [person]})
                name = next((card["name"] for card in rows_of(cards) if "name" in card), None)
            elif reply.get("kind") == "PRJ" and ref and "property" in self.installed:
                name = (await self.ask("property", "board", {"project_id": ref})).get("name")
            elif reply.get("kind") == "PTN" and ref and "partner" in self.installed:
                name = (await self.ask("partner", "partner", {"partner_id": ref})).get("name")
            else:
                name = None
        except CallFailed:
            name = None
        return str(name or (None if person else ref) or "不公开姓名")


def rows_of(reply: JsonObject) -> list[JsonObject]:
    """Return the objects of a list that a service has answered."""
    items = reply.get("items")
    return [one for one in items if isinstance(one, dict)] if isinstance(items, list) else []


Writer = Callable[[Asked, JsonObject], Awaitable[Response]]


def public_url(settings: GatewaySettings) -> str:
    """Return the address under which everybody reaches this gateway.

    It is a setting: what a caller writes into the Host header stands in no document.
    """
    scheme = "https" if settings.tls_certificate else "http"
    return settings.public_url.rstrip("/") or f"{scheme}://{settings.host}:{settings.port}"


def writer(
    gate: Gate, door: Door, installed: Mapping[str, Doors]
) -> Callable[[Request], Awaitable[Response]]:
    """Return what serves a door whose answer is a document.

    Raises:
        KeyError: Nobody writes documents of this type.
    """
    write = _OWN.get(door.method) or _WRITERS[door.produces]

    async def serve(request: Request) -> Response:
        actor = gate.admit(request, door.roles, service=door.service, method=door.method)
        body = read_places(door, request) | read_params(door.params, request)
        asked = Asked(gate, door, request, actor, installed)
        reply = await asked.ask(door.service, door.method, body)
        return await write(asked, reply)

    return serve


# --------------------------------------------------------------------------------------------------
# One answer in several forms (RFC 9110, 12.5.1)

_JSON = "application/json"
Serve = Callable[[Request], Awaitable[Response]]


def others_of(door: Door, doors: Doors) -> list[Door]:
    """Return the doors that give the answer of one in other forms: at its path, with an ending."""
    begins = f"{door.path}."
    return [one for one in doors if one.produces and one.path.startswith(begins)]


def with_forms(doors: Doors) -> Doors:
    """Return the doors of a service; each says in which other forms its answer can be had."""
    own = Doors(doors.service, doors.tag, doors.imports, doors.about)
    for door in doors:
        forms = tuple(one.produces for one in others_of(door, doors)) if not door.produces else ()
        own.adopt(replace(door, or_produces=forms) if door.path and forms else door)
    return own


def preferred(accept: str, forms: Collection[str]) -> str:
    """Return the form that a caller prefers: JSON where another one is not asked for by name."""
    best, found = 0.0, _JSON
    for part in accept.lower().split(","):
        kind, *params = (one.strip() for one in part.split(";"))
        weight = next((one[2:] for one in params if one.startswith("q=")), "1")
        try:
            said = float(weight)
        except ValueError:
            continue
        if said > best and kind in {_JSON, "*/*", "application/*", *forms}:
            best, found = said, kind if kind in forms else _JSON
    return found


def chosen(serve: Serve, forms: Mapping[str, Serve]) -> Serve:
    """Return what serves a door whose answer has other forms, as `Accept` asks for it."""

    async def answer(request: Request) -> Response:
        kind = preferred(request.headers.get("accept", ""), forms)
        said = await forms.get(kind, serve)(request)
        said.headers["Vary"] = ", ".join(filter(None, (said.headers.get("Vary"), "Accept")))
        return said

    return answer


# --------------------------------------------------------------------------------------------------
# Atom (RFC 4287)


async def _feed(asked: Asked, reply: JsonObject) -> Response:
    base = public_url(asked.gate.settings)
    path, params = asked.request.url.path, asked.request.query_params.multi_items()
    notices = cast("list[Notice]", reply["items"])
    following = cast("str | None", reply.get("next"))
    content = atom(notices, base=base, path=path, params=params, following=following)
    # The same for everybody, in any language, so that one copy serves all readers.
    said = {"ETag": f'"{digest_of(content)}"', "Cache-Control": "public, max-age=300"}
    if notices:
        said["Last-Modified"] = format_datetime(_newest(notices), usegmt=True)
    return spared(asked.request, content, said, f"{ATOM}; charset=utf-8")


def _newest(notices: Sequence[Notice]) -> datetime:
    return max(datetime.fromisoformat(one["published_at"]) for one in notices).astimezone(UTC)


class Notice(TypedDict, total=False):
    """A notice, as the feed tells it."""

    id: Required[str]
    kind: Required[str]
    number: Required[str]
    published_at: Required[str]
    ends_at: Required[str]
    title: str | None
    scope: str
    period: str
    corrects: str | None


def atom(
    notices: Sequence[Notice],
    *,
    base: str,
    path: str,
    params: Sequence[tuple[str, str]],
    following: str | None,
) -> bytes:
    """Return notices as an Atom feed.

    Args:
        notices: Newest first.
        base: The gateway's public address.
        path: Path of the feed.
        params: Query of the feed.
        following: Cursor of the next page, or None.
    """
    ET.register_namespace("", _ATOM_NS)
    feed = ET.Element(_tag("feed"), {"{http://www.w3.org/XML/1998/namespace}lang": "zh-CN"})
    scope = next((value for name, value in params if name == "scope"), "")
    query = f"?{urlencode(params)}" if params else ""
    _text(feed, "id", f"{base}{path}{query}")
    _text(feed, "title", f"信用公示 {scope}".strip())
    # An empty feed was never changed; a time must stand there all the same.
    newest = max((one["published_at"] for one in notices), default="1970-01-01T00:00:00+00:00")
    _text(feed, "updated", newest)
    ET.SubElement(feed, _tag("link"), {"rel": "self", "type": ATOM, "href": f"{base}{path}{query}"})
    ET.SubElement(feed, _tag("link"), {"rel": "alternate", "href": f"{base}/notices"})
    if following:
        more = base + next_page(path, params, following)
        ET.SubElement(feed, _tag("link"), {"rel": "next", "href": more})
    author = ET.SubElement(feed, _tag("author"))
    _text(author, "name", "五红社区治理 · 红色信用")
    for one in notices:
        feed.append(_entry(one, base))
    return bytes(ET.tostring(feed, encoding="utf-8", xml_declaration=True))


def _entry(notice: Notice, base: str) -> ET.Element:
    entry = ET.Element(_tag("entry"))
    kind = KINDS.get(notice["kind"], notice["kind"])
    title = notice.get("title") or f"{notice['scope']} {notice['period']}"
    _text(entry, "id", f"urn:fivered:notice:{notice['id']}")
    _text(entry, "title", f"{kind} {title}")
    _text(entry, "published", notice["published_at"])
    _text(entry, "updated", notice["published_at"])
    ET.SubElement(
        entry, _tag("link"), {"rel": "alternate", "href": f"{base}/notices/{notice['id']}"}
    )
    if notice.get("corrects"):
        href = f"{base}/notices/{notice['corrects']}"
        ET.SubElement(entry, _tag("link"), {"rel": "related", "href": href})
    ET.SubElement(entry, _tag("category"), {"term": notice["kind"], "label": kind})
    until = Calendar.minute(datetime.fromisoformat(notice["ends_at"]))
    _text(entry, "summary", f"{notice['number']},公示至 {until}")
    return entry


def _tag(name: str) -> str:
    return f"{{{_ATOM_NS}}}{name}"


# What XML 1.0 has no place for, not even as a reference: with one such sign nobody reads the feed.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _text(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, _tag(name)).text = _NOT_XML.sub("\ufffd", text)


# --------------------------------------------------------------------------------------------------
# Certificates


def font_at(path: str) -> str:
    """Return the path of a font where there is one, else nothing."""
    return path if path and Path(path).is_file() else ""


async def _certificate(asked: Asked, reply: JsonObject) -> Response:
    from fivered.gateway.certificate import certificate_pdf  # noqa: PLC0415  see there

    name = await asked.name_of(reply)
    settings = asked.gate.settings
    made = await asyncio.to_thread(
        certificate_pdf,
        cast("Certificate", reply),
        name=name,
        url=f"{public_url(settings)}/certificates/{reply['code']}",
        font=font_at(settings.font),
        rare=font_at(settings.rare_font),
    )
    return Response(
        made,
        media_type=PDF,
        headers={
            "Content-Disposition": f'inline; filename="{reply["number"]}.pdf"',
            # It holds a name that this viewer may see and another may not.
            "Cache-Control": "private, no-store",
            "Vary": _VARY,
        },
    )


# --------------------------------------------------------------------------------------------------
# Files


async def _file(asked: Asked, reply: JsonObject) -> Response:
    path = await asyncio.to_thread(Blobs(asked.gate.settings.blobs).path, str(reply["sha256"]))
    return FileResponse(
        path,
        media_type=str(reply["media_type"]),
        filename=str(reply["name"]),
        headers={
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
            "Vary": _VARY,
        },
    )


# --------------------------------------------------------------------------------------------------
# Entries for a calendar and an address book


def _text_of(member: str, media_type: str, ending: str) -> Writer:
    """Return what gives a member of a reply as a file of its own, named as the address says."""

    async def write(asked: Asked, reply: JsonObject) -> Response:
        name = "-".join(asked.request.path_params.values()).replace(":", "-")
        said = {"Content-Disposition": f'inline; filename="{name}.{ending}"', "Vary": _VARY}
        content = str(reply[member]).encode()
        said["ETag"] = f'"{digest_of(content)}"'
        return spared(asked.request, content, said, f"{media_type}; charset=utf-8")

    return write


async def _board_page(asked: Asked, reply: JsonObject) -> Response:
    from fivered.gateway.boards import board_page  # noqa: PLC0415  as `_certificate`

    return await board_page(asked, reply)


async def _board_sheet(asked: Asked, reply: JsonObject) -> Response:
    from fivered.gateway.boards import board_sheet  # noqa: PLC0415  as `_certificate`

    return await board_sheet(asked, reply)


async def _vote_paper(asked: Asked, reply: JsonObject) -> Response:
    from fivered.gateway.vote_paper import vote_paper  # noqa: PLC0415  as `_certificate`

    return await vote_paper(asked, reply)


# Doors that write the answer of a type in their own way.
_OWN: dict[str, Writer] = {
    "contact_board_page": _board_page, "contact_board_sheet": _board_sheet,
    "owners_vote_paper": _vote_paper,
}  # fmt: skip
_WRITERS: dict[str, Writer] = {
    ATOM: _feed,
    PDF: _certificate,
    ANY_FILE: _file,
    "text/plain": _text_of("receipt", "text/plain", "txt"),
    "text/calendar": _text_of("ical", "text/calendar", "ics"),
    "text/vcard": _text_of("vcard", "text/vcard", "vcf"),
}
