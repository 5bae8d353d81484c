"""A certificate as PDF. reportlab is slow to load, and few gateways write one in their first
minute, so that `documents` loads this module with the first certificate."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Container, Iterator, Sequence
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import NotRequired, TypedDict

from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from fivered.chassis.calendar import SHANGHAI
from fivered.chassis.text import SELECTORS
from fivered.gateway.kinds import FORMS, LEVELS

RARE = "rare"
_EMBEDDED, _BROUGHT = "Certificate", "STSong-Light"
_LAST_DRAWN = 0xFFFF
_SELECTED = re.compile(f"[{SELECTORS}]")
_MOST_NAMED = 12
# What stands for a sign that no font here draws: the printer's mark for a missing sort.
_GETA = "\u3013"


class Certificate(TypedDict):
    """What the service says of a certificate."""

    code: str
    number: str
    state: str
    title: str
    form: str
    level: str
    issuer: NotRequired[str | None]
    approval_doc_no: str | None
    granted_at: str


def certificate_pdf(
    reply: Certificate, *, name: str, url: str, font: str = "", rare: str = ""
) -> bytes:
    """Return a certificate as PDF, with a QR code that leads to where it is verified.

    Of its fonts those signs are embedded that it draws. Without a font it names one of the CID
    fonts that most readers bring along, and not all: it is neither for print nor for an archive.

    Args:
        reply: What the service says of the certificate.
        name: Whose it is, as far as the viewer may see.
        url: Where it is verified.
        font: A TrueType file, or a collection of which the first font is taken, or empty.
        rare: A TrueType file for signs beyond U+FFFF, or empty.
    """
    made = io.BytesIO()
    sheet = _Sheet(made, loaded(font))
    sheet.frame(reply["number"])
    texts = (name, reply["title"], reply["approval_doc_no"] or "", reply.get("issuer") or "")
    # Loaded with the first such sign: it takes half a second and 70 MB.
    signs_of = rare_signs(rare if any(map(is_rare, "".join(texts))) else "")
    (drawn, missing), (title, in_title), (document, in_document), (issuer, in_issuer) = (
        shown(text, signs_of) for text in texts
    )
    sheet.write(drawn, sheet.height - 190, range(28, 11, -2))
    for where, signs in (
        ("姓名", missing), ("表彰名称", in_title),
        ("批准文号", in_document), ("颁发单位", in_issuer),
    ):  # fmt: skip
        if signs:
            sheet.note(where, signs)
    level = LEVELS.get(reply["level"], reply["level"])
    form = FORMS.get(reply["form"], reply["form"])
    y = min(sheet.height - 235, sheet.y - 10)
    for line in wrapped(f"授予“{title}”({level}{form})", 30):
        sheet.centred(line, y, 20)
        y -= 28
    if issuer:
        (issuer, *_), size = fitted(issuer, sheet.room - 240, sheet.wide, sizes=range(16, 4, -1))
        sheet.centred(issuer, y - 14, size)
        y -= 24
    day = datetime.fromisoformat(reply["granted_at"]).astimezone(SHANGHAI)
    sheet.centred(f"{day.year}年{day.month}月{day.day}日", y - 14, 16)
    if document:
        number = f"批准文号:{document}"
        (number, *_), size = fitted(number, sheet.room - 240, sheet.wide, sizes=range(12, 4, -1))
        sheet.centred(number, y - 38, size)
    if reply["state"] == "REVOKED":
        sheet.centred("已撤销 REVOKED", y - 66, 26, 0.8)
    sheet.foot(reply["number"], url)
    return made.getvalue()


class _Sheet:
    """A page on which a certificate is drawn.

    Attributes:
        height: Of the page.
        room: How wide a line may be.
        y: Where the next line of a name or a note stands.
    """

    def __init__(self, made: io.BytesIO, font: str) -> None:
        self._font = font
        self._width, self.height = landscape(A4)
        self.room = self._width - 160
        self.y = 0.0
        # Without the time of making: the same certificate is the same file.
        self._canvas = Canvas(
            made, pagesize=(self._width, self.height), invariant=1, initialFontName=font
        )

    def frame(self, number: str) -> None:
        """Draw the border and the heading."""
        canvas = self._canvas
        canvas.setTitle(f"荣誉证书 {number}")
        canvas.setAuthor("五红社区治理")
        canvas.setStrokeColorRGB(0.72, 0.11, 0.11)
        canvas.setLineWidth(3)
        canvas.rect(28, 28, self._width - 56, self.height - 56)
        canvas.setLineWidth(1)
        canvas.rect(36, 36, self._width - 72, self.height - 72)
        self.centred("荣誉证书", self.height - 120, 44, 0.72)

    def wide(self, text: str, size: int) -> float:
        """Return how wide a text is at a size."""
        return width(text, size, self._font)

    def centred(self, text: str, y: float, size: int, red: float = 0.1) -> None:
        """Write a line in the middle."""
        self._canvas.setFillColorRGB(red, 0.1, 0.1)
        draw(
            self._canvas,
            text,
            (self._width / 2 - self.wide(text, size) / 2, y),
            size,
            self._font,
        )

    def write(self, text: str, y: float, sizes: Sequence[int]) -> None:
        """Write a text as large as it fits, in several lines where it must be."""
        self.y = y
        lines, size = fitted(text, self.room, self.wide, sizes=sizes)
        for line in lines:
            self.centred(line, self.y, size)
            self.y -= size * 1.3

    def note(self, where: str, signs: Sequence[str]) -> None:
        """Name the signs of a text that are not drawn."""
        said = "、".join(f"U+{ord(sign):X}" for sign in signs[:_MOST_NAMED])
        said += "等" if len(signs) > _MOST_NAMED else ""
        lines, _ = fitted(f"{where}中的“{_GETA}”依次为:{said}", self.room, self.wide, sizes=(11,))
        for line in lines:
            self.centred(line, self.y + 6, 11)
            self.y -= 15

    def foot(self, number: str, url: str) -> None:
        """Draw the QR code and where the certificate is verified, and end the page."""
        canvas, side = self._canvas, 110
        code = QrCodeWidget(url, barLevel="M")
        left, bottom, right, top = code.getBounds()
        scale = (side / (right - left), 0, 0, side / (top - bottom), 0, 0)
        drawing = Drawing(side, side, transform=list(scale))
        drawing.add(code)
        x = self._width - 60 - side
        renderPDF.draw(drawing, canvas, x, 62)
        canvas.linkURL(url, (x, 62, x + side, 62 + side))
        canvas.setFillColorRGB(0.25, 0.25, 0.25)
        canvas.setFont(self._font, 10)
        canvas.drawString(60, 92, f"证书编号:{number}")
        canvas.drawString(60, 76, "扫码核验真伪:")
        canvas.setFont(self._font if self._font == _EMBEDDED else "Helvetica", 8)
        canvas.drawString(60, 62, url)
        canvas.showPage()
        canvas.save()


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
    missing = [one for one in dict.fromkeys(name) if is_rare(one) and ord(one) not in rare]
    return "".join(_GETA if sign in missing else sign for sign in name), missing


def is_rare(sign: str) -> bool:
    """Tell whether a sign lies beyond the fonts that readers bring along."""
    return ord(sign) > _LAST_DRAWN


def width(text: str, size: int, font: str) -> float:
    """Return how wide a text is at a size, in points; rare signs are in a font of their own."""
    return sum(
        float(pdfmetrics.stringWidth(part, RARE if far else font, size)) for far, part in runs(text)
    )


def draw(canvas: Canvas, text: str, at: tuple[float, float], size: int, font: str) -> None:
    """Draw a line of text from a place on; rare signs in a font of their own."""
    line = canvas.beginText(*at)
    for far, part in runs(text):
        line.setFont(RARE if far else font, size)
        line.textOut(part)
    canvas.drawText(line)


def runs(text: str) -> Iterator[tuple[bool, str]]:
    """Part a text into (rare, run) by the font that draws it."""
    for far, signs in groupby(text, is_rare):
        yield far, "".join(signs)


@cache
def loaded(path: str) -> str:
    """Load the font of a file, or the one that readers bring along. Returns its name."""
    if path:
        pdfmetrics.registerFont(TTFont(_EMBEDDED, path))
        return _EMBEDDED
    pdfmetrics.registerFont(UnicodeCIDFont(_BROUGHT))
    return _BROUGHT


@cache
def rare_signs(path: str) -> Container[int]:
    """Load the font for rare signs. Returns the signs that it draws; nothing without a path."""
    if not path:
        return frozenset()
    font = TTFont(RARE, path)
    pdfmetrics.registerFont(font)
    return frozenset(font.face.charToGlyph)


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
