"""Answers that are no JSON: the feed of notices, certificates, files that were asked for.

A service answers ids and numbers; the document is written here, with the names that this viewer
may see. A new kind of document is one function in `_WRITERS`.
"""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Awaitable, Callable, Container, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from chassis.blobs import Blobs
from chassis.calendar import SHANGHAI
from chassis.messages import Actor
from chassis.rpc import CallFailed
from chassis.text import SELECTORS
from gateway.dispatch import Gate, NoParams, read_params, read_places
from gateway.doors import Door, Doors
from gateway.settings import GatewaySettings

ATOM = "application/atom+xml"
PDF = "application/pdf"
FILE = "application/octet-stream"

_ATOM_NS = "http://www.w3.org/2005/Atom"
_VARY = "Authorization, X-Acting-Role, Accept-Language"
KINDS = {
    "SETTLEMENT": "月度赋分公示",
    "COMMENDATION": "表彰公示",
    "CONSULTATION": "规则征求意见",
    "RULES": "规则发布",
}
LEVELS = {"COMMUNITY": "社区级", "STREET": "街道级", "DISTRICT": "区级"}
FORMS = {"NOTICE": "通报表扬", "STAR": "星级光荣榜", "FORMAL": "评比达标表彰"}


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

    async def ask(self, service: str, method: str, body: dict[str, Any]) -> Any:
        """Ask a service as the viewer.

        Raises:
            CallFailed: It refuses, or does not answer.
        """
        return await self.gate.call(self.request, service, method, body, actor=self.actor)

    async def name_of(self, reply: Mapping[str, Any]) -> str:
        """Return the name that the viewer may see; without one, the number of an organisation.

        Services keep ids, never other people's names. An id of a person is shown to nobody.
        """
        person, ref = reply.get("person_id"), reply.get("ref")
        try:
            if person and "steward" in self.installed:
                cards = await self.ask("steward", "people_cards", {"ids": [person]})
                name = next((card.get("name") for card in cards["items"]), None)
            elif reply.get("kind") == "PRJ" and ref and "property" in self.installed:
                name = (await self.ask("property", "board", {"project_id": ref})).get("name")
            elif reply.get("kind") == "PTN" and ref and "partner" in self.installed:
                name = (await self.ask("partner", "partner", {"partner_id": ref})).get("name")
            else:
                name = None
        except CallFailed:
            name = None
        return str(name or (None if person else ref) or "不公开姓名")


Writer = Callable[[Asked, Any], Awaitable[Response]]


def public_url(settings: GatewaySettings) -> str:
    """Return the address under which everybody reaches this gateway.

    It is a setting: what a caller writes into the Host header stands in no document.
    """
    return settings.public_url.rstrip("/") or f"http://{settings.host}:{settings.port}"


def writer(
    gate: Gate, door: Door, installed: Mapping[str, Doors]
) -> Callable[[Request], Awaitable[Response]]:
    """Return what serves a door whose answer is a document.

    Raises:
        KeyError: Nobody writes documents of this type.
    """
    write = _WRITERS[door.produces]

    async def serve(request: Request) -> Response:
        actor = gate.admit(request, door.roles)
        body = read_places(door, request) | read_params(door.params or NoParams, request)
        asked = Asked(gate, door, request, actor, installed)
        reply = await asked.ask(door.service, door.method, body)
        response = await write(asked, reply)
        response.headers["Vary"] = _VARY
        return response

    return serve


# --------------------------------------------------------------------------------------------------
# Atom (RFC 4287)


async def _feed(asked: Asked, reply: Mapping[str, Any]) -> Response:
    base = public_url(asked.gate.settings)
    path, params = asked.request.url.path, asked.request.query_params.multi_items()
    return Response(
        atom(reply["items"], base=base, path=path, params=params, following=reply.get("next")),
        media_type=f"{ATOM}; charset=utf-8",
        headers={"Cache-Control": "public, max-age=300"},
    )


def atom(
    notices: Sequence[Mapping[str, Any]],
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
        kept = [pair for pair in params if pair[0] != "cursor"]
        more = urlencode([*kept, ("cursor", following)])
        ET.SubElement(feed, _tag("link"), {"rel": "next", "href": f"{base}{path}?{more}"})
    author = ET.SubElement(feed, _tag("author"))
    _text(author, "name", "五红社区治理 · 红色信用")
    for one in notices:
        feed.append(_entry(one, base))
    return bytes(ET.tostring(feed, encoding="utf-8", xml_declaration=True))


def _entry(notice: Mapping[str, Any], base: str) -> ET.Element:
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
    _text(entry, "summary", f"{notice['number']},公示至 {_local(notice['ends_at'])}")
    return entry


def _tag(name: str) -> str:
    return f"{{{_ATOM_NS}}}{name}"


# What XML 1.0 has no place for, not even as a reference: with one such sign nobody reads the feed.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _text(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, _tag(name)).text = _NOT_XML.sub("\ufffd", text)


def _local(at: str) -> str:
    return datetime.fromisoformat(at).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


# --------------------------------------------------------------------------------------------------
# Certificates


async def _certificate(asked: Asked, reply: Mapping[str, Any]) -> Response:
    name = await asked.name_of(reply)
    url = f"{public_url(asked.gate.settings)}/v1/credit/certificates/{reply['code']}"
    rare = rare_font(asked.gate.settings.rare_font)
    made = await asyncio.to_thread(certificate_pdf, reply, name=name, url=url, rare=rare)
    return Response(
        made,
        media_type=PDF,
        headers={
            "Content-Disposition": f'inline; filename="{reply["number"]}.pdf"',
            # It holds a name that this viewer may see and another may not.
            "Cache-Control": "private, no-store",
        },
    )


def certificate_pdf(reply: Mapping[str, Any], *, name: str, url: str, rare: str = "") -> bytes:
    """Return a certificate as PDF, with a QR code that leads to where it is verified.

    The font is one of the CID fonts that readers bring along. Of another one only the rare signs
    are embedded that it has to draw.

    Args:
        reply: What the service says of the certificate.
        name: Whose it is, as far as the viewer may see.
        url: Where it is verified.
        rare: A TrueType file for signs beyond U+FFFF, or empty.
    """
    # Loaded with the first certificate: few gateways ever write one in their first minute.
    from reportlab.graphics import renderPDF  # noqa: PLC0415
    from reportlab.graphics.barcode.qr import QrCodeWidget  # noqa: PLC0415
    from reportlab.graphics.shapes import Drawing  # noqa: PLC0415
    from reportlab.lib.pagesizes import A4, landscape  # noqa: PLC0415
    from reportlab.pdfbase import pdfmetrics  # noqa: PLC0415
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont  # noqa: PLC0415
    from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415

    font = "STSong-Light"
    if font not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(font))
    width, height = landscape(A4)
    made = io.BytesIO()
    # Without the time of making: the same certificate is the same file.
    canvas = Canvas(made, pagesize=(width, height), invariant=1)
    canvas.setTitle(f"荣誉证书 {reply['number']}")
    canvas.setAuthor("五红社区治理")
    canvas.setStrokeColorRGB(0.72, 0.11, 0.11)
    canvas.setLineWidth(3)
    canvas.rect(28, 28, width - 56, height - 56)
    canvas.setLineWidth(1)
    canvas.rect(36, 36, width - 72, height - 72)

    def wide(text: str, size: int) -> float:
        return sum(
            float(pdfmetrics.stringWidth(part, _RARE if far else font, size))
            for far, part in _runs(text)
        )

    def centred(text: str, y: float, size: int, red: float = 0.1) -> None:
        canvas.setFillColorRGB(red, 0.1, 0.1)
        line = canvas.beginText(width / 2 - wide(text, size) / 2, y)
        for far, part in _runs(text):
            line.setFont(_RARE if far else font, size)
            line.textOut(part)
        canvas.drawText(line)

    centred("荣誉证书", height - 120, 44, 0.72)
    texts = (name, reply["title"], reply.get("approval_doc_no") or "")
    # Loaded with the first such sign: it takes half a second and 70 MB.
    signs_of = _rare_signs(rare if any(map(_is_rare, "".join(texts))) else "")
    drawn, missing = shown(name, signs_of)
    room = width - 160

    y, size = height - 190, 28
    lines, size = fitted(drawn, room, wide, sizes=range(28, 11, -2))
    for line in lines:
        centred(line, y, size)
        y -= size * 1.3
    title, missing_there = shown(texts[1], signs_of)
    document, missing_below = shown(texts[2], signs_of)
    for where, signs in (
        ("姓名", missing), ("表彰名称", missing_there), ("批准文号", missing_below),
    ):  # fmt: skip
        if not signs:
            continue
        note = "、".join(f"U+{ord(sign):X}" for sign in signs[:_MOST_NAMED])
        note += "等" if len(signs) > _MOST_NAMED else ""
        for line in fitted(f"{where}中的“{_GETA}”依次为:{note}", room, wide, sizes=(11,))[0]:
            centred(line, y + 6, 11)
            y -= 15
    level = LEVELS.get(reply["level"], reply["level"])
    form = FORMS.get(reply["form"], reply["form"])
    y = min(height - 235, y - 10)
    for line in wrapped(f"授予“{title}”({level}{form})", 30):
        centred(line, y, 20)
        y -= 28
    day = datetime.fromisoformat(reply["granted_at"]).astimezone(SHANGHAI)
    centred(f"{day.year}年{day.month}月{day.day}日", y - 14, 16)
    if document:
        number = f"批准文号:{document}"
        (number, *_), size = fitted(number, room - 240, wide, sizes=range(12, 4, -1))
        centred(number, y - 38, size)
    if reply["state"] == "REVOKED":
        centred("已撤销 REVOKED", y - 66, 26, 0.8)

    side = 110
    code = QrCodeWidget(url, barLevel="M")
    left, bottom, right, top = code.getBounds()
    scale = (side / (right - left), 0, 0, side / (top - bottom), 0, 0)
    drawing = Drawing(side, side, transform=list(scale))
    drawing.add(code)
    x = width - 60 - side
    renderPDF.draw(drawing, canvas, x, 62)
    canvas.linkURL(url, (x, 62, x + side, 62 + side))
    canvas.setFillColorRGB(0.25, 0.25, 0.25)
    canvas.setFont(font, 10)
    canvas.drawString(60, 92, f"证书编号:{reply['number']}")
    canvas.drawString(60, 76, "扫码核验真伪:")
    canvas.setFont("Helvetica", 8)
    canvas.drawString(60, 62, url)
    canvas.showPage()
    canvas.save()
    return made.getvalue()


# What stands for a sign that no font here draws: the printer's mark for a missing sort.
_GETA = "\u3013"


def shown(name: str, rare: Container[int] = frozenset()) -> tuple[str, list[str]]:
    """Return a name as it can be drawn, and the signs of it that cannot.

    The fonts that readers bring along end with the first plane (U+FFFF); the register of persons
    does not. A sign that the font for rare ones lacks too is drawn as a mark and named by its
    number beneath, never left blank. What says in which form the character before it is drawn is
    no sign, and these fonts know one form.

    Args:
        name: The name.
        rare: The signs beyond U+FFFF that can be drawn.
    """
    name = _SELECTED.sub("", name)
    missing = [one for one in dict.fromkeys(name) if _is_rare(one) and ord(one) not in rare]
    return "".join(_GETA if sign in missing else sign for sign in name), missing


def rare_font(path: str) -> str:
    """Return the path of the font for rare signs where there is one, else nothing."""
    return path if path and Path(path).is_file() else ""


def _is_rare(sign: str) -> bool:
    return ord(sign) > _LAST_DRAWN


def _runs(text: str) -> Iterator[tuple[bool, str]]:
    """Part a text into (rare, run) by the font that draws it."""
    for far, signs in groupby(text, _is_rare):
        yield far, "".join(signs)


@cache
def _rare_signs(path: str) -> Container[int]:
    """Load the font for rare signs. Returns the signs that it draws; nothing without a path."""
    if not path:
        return frozenset()
    from reportlab.pdfbase import pdfmetrics  # noqa: PLC0415
    from reportlab.pdfbase.ttfonts import TTFont  # noqa: PLC0415

    font = TTFont(_RARE, path)
    pdfmetrics.registerFont(font)
    return frozenset(font.face.charToGlyph)


_RARE = "rare"
_LAST_DRAWN = 0xFFFF
_SELECTED = re.compile(f"[{SELECTORS}]")
_MOST_NAMED = 12


def fitted(
    text: str, room: float, wide: Callable[[str, int], float], *, sizes: Sequence[int]
) -> tuple[list[str], int]:
    """Return a text in lines that fit, and the largest size at which one line does; where none
    does, the smallest.

    Args:
        text: The text.
        room: How wide a line may be.
        wide: Tells how wide a text is at a size.
        sizes: From the largest to the smallest.
    """
    for size in sizes:
        if wide(text, size) <= room:
            return [text], size
    lines, line = [], ""
    for sign in text:
        if line and wide(line + sign, sizes[-1]) > room:
            lines.append(line)
            line = ""
        line += sign
    return [*lines, line], sizes[-1]


def wrapped(text: str, most: int) -> list[str]:
    """Return a text in lines of at most `most` characters."""
    return [text[start : start + most] for start in range(0, len(text), most)] or [""]


# --------------------------------------------------------------------------------------------------
# Files


async def _file(asked: Asked, reply: Mapping[str, Any]) -> Response:
    path = await asyncio.to_thread(Blobs(asked.gate.settings.blobs).path, reply["sha256"])
    return FileResponse(
        path,
        media_type=reply["media_type"],
        filename=reply["name"],
        headers={"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"},
    )


_WRITERS: dict[str, Writer] = {ATOM: _feed, PDF: _certificate, FILE: _file}

__all__ = ["ATOM", "FILE", "PDF", "atom", "certificate_pdf", "public_url", "writer"]
