"""A grid's contact board on paper: a page for the printer, and a sheet of A3 as PDF; each has a QR
code that leads to the board of today. Loaded with the first one, as `certificate` is."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Sequence
from datetime import datetime

from reportlab.graphics import renderPDF
from reportlab.graphics.barcode import qrencoder
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import A3, landscape
from reportlab.pdfgen.canvas import Canvas
from starlette.responses import Response

from fivered.chassis.calendar import Calendar
from fivered.chassis.json_values import Json, JsonObject
from fivered.chassis.rpc import CallFailed
from fivered.gateway.certificate import draw, fitted, is_rare, loaded, rare_signs, shown, width
from fivered.gateway.documents import PDF, Asked, font_at, public_url
from fivered.gateway.files import GOOD_S, address_of
from fivered.gateway.markup import escaped, filled, html_response
from fivered.gateway.pages import posts_table

# What a sheet shows of a post: member, heading, share of the width.
COLUMNS = (
    ("duty_zh", "岗位", 0.12), ("name", "姓名", 0.12), ("work_phone", "工作电话", 0.15),
    ("employer", "单位", 0.17), ("service_hours", "服务时间", 0.16),
    ("backup_name", "备岗", 0.14), ("note_zh", "说明", 0.14),
)  # fmt: skip
_MARGIN, _HEAD, _FOOT, _ROW, _SIDE = 40.0, 150.0, 150.0, 36.0, 100.0


def _public(asked: Asked, reply: JsonObject) -> str:
    return f"{public_url(asked.gate.settings)}/board?grid={reply['grid']}"


def posts_of(reply: JsonObject) -> list[JsonObject]:
    """Return the rows of a board; who has no name has the post that stands in beside the reason."""
    posts = reply.get("posts")
    found = [dict(one) for one in posts if isinstance(one, dict)] if isinstance(posts, list) else []
    for row in found:
        phone = row.get("backup_phone")
        name = row.get("backup_name") or row.get("backup_zh")
        row["backup_name"] = f"{name} {phone}" if name and phone else name
    return found


# --------------------------------------------------------------------------------------------------
# For the printer


def qr_svg(text: str) -> str:
    """Return a QR code as SVG."""
    code = qrencoder.QRCode(None, qrencoder.QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    side = code.getModuleCount()
    dark = "".join(
        f"M{x + 4} {y + 4}h1v1h-1z" for y in range(side) for x in range(side) if code.isDark(y, x)
    )
    return (
        f'<svg class="qr" role="img" aria-label="二维码 / QR code" viewBox="0 0 {side + 8} '
        f'{side + 8}"><path d="{dark}"></path></svg>'
    )


async def _face(asked: Asked, row: JsonObject) -> str:
    """Return the picture of a post's person; nothing without one, or where it is gone."""
    if not row.get("photo"):
        return ""
    try:
        file = await asked.ask("steward", "_file", {"file_id": row["photo"]})
    except CallFailed:
        return ""
    url = address_of(asked.gate.settings, file, int(time.time()) + GOOD_S)
    name = escaped(row.get("name", ""))
    duty = escaped(row.get("duty_zh", ""))
    return f'<li><img src="{escaped(url)}?size=small" alt="{name}">{duty} {name}</li>'


async def board_page(asked: Asked, reply: JsonObject) -> Response:
    """Return a board as a page that prints on A3."""
    url = _public(asked, reply)
    faces = [await _face(asked, row) for row in posts_of(reply)]
    body = filled(
        "sheet",
        grid_name=escaped(reply.get("grid_name", "")),
        listed=posts_table(reply),
        faces="".join(faces),
        code=await asyncio.to_thread(qr_svg, url),
        address=escaped(url),
        pdf=escaped(asked.request.url.path.rpartition("/board")[0] + "/board.pdf"),
    )
    settings = asked.gate.settings
    return html_response(
        "红色管家公示牌", body, demo=settings.demo_clock, installed=asked.installed
    )


# --------------------------------------------------------------------------------------------------
# As PDF


async def board_sheet(asked: Asked, reply: JsonObject) -> Response:
    """Return a board as a sheet of A3."""
    settings = asked.gate.settings
    made = await asyncio.to_thread(
        board_pdf,
        reply,
        url=_public(asked, reply),
        font=font_at(settings.font),
        rare=font_at(settings.rare_font),
    )
    name = f"{reply['grid']}-{reply['version']}.pdf"
    said = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "no-cache"}
    return Response(made, media_type=PDF, headers=said)


def board_pdf(reply: JsonObject, *, url: str, font: str = "", rare: str = "") -> bytes:
    """Return a board as PDF: A3 across, as many sheets as its rows take.

    Args:
        reply: What the service says of the board.
        url: Where its QR code leads.
        font: As of `certificate.certificate_pdf`.
        rare: As above.
    """
    made = io.BytesIO()
    rows = posts_of(reply)
    texts = "".join(str(row.get(name) or "") for row in rows for name, _, _ in COLUMNS)
    sheet = _Sheet(made, loaded(font), rare if any(map(is_rare, texts)) else "")
    most = int((sheet.height - _HEAD - _FOOT) // _ROW)
    parts = [rows[start : start + most] for start in range(0, len(rows), most)] or [[]]
    for number, part in enumerate(parts, 1):
        sheet.page(reply, part, url, f"{number}/{len(parts)}")
    sheet.end()
    return made.getvalue()


class _Sheet:
    """Sheets of A3 on which a board is drawn; its height is in points."""

    def __init__(self, made: io.BytesIO, font: str, rare: str) -> None:
        self._font, self._rare = font, rare_signs(rare)
        self._width, self.height = landscape(A3)
        # Without the time of making: the same board is the same file.
        self._canvas = Canvas(
            made, pagesize=(self._width, self.height), invariant=1, initialFontName=font
        )
        self._canvas.setTitle("红色管家公示牌")
        self._canvas.setAuthor("五红社区治理")

    def page(self, reply: JsonObject, rows: Sequence[JsonObject], url: str, part: str) -> None:
        """Draw a sheet: heading, rows, QR code."""
        canvas, top = self._canvas, self.height
        canvas.setFillColorRGB(0.72, 0.11, 0.11)
        title = f"红色管家公示牌  {reply.get('grid_name', '')}"
        self._line(title, self._width / 2 - self._wide(title, 34) / 2, top - 80, 34)
        canvas.setFillColorRGB(0.1, 0.1, 0.1)
        y = top - _HEAD + 16
        self._row({name: heading for name, heading, _ in COLUMNS}, y, 14)
        for row in rows:
            y -= _ROW
            self._row(row, y, 16)
        self._foot(reply, url, part)
        canvas.showPage()

    def end(self) -> None:
        """Write the file."""
        self._canvas.save()

    def _row(self, row: JsonObject, y: float, size: int) -> None:
        x, room = _MARGIN, self._width - 2 * _MARGIN
        for name, _, share in COLUMNS:
            self._cell(row.get(name), x, y, room * share - 10, size)
            x += room * share
        self._canvas.setLineWidth(0.5)
        self._canvas.line(_MARGIN, y - 8, self._width - _MARGIN, y - 8)

    def _cell(self, value: Json, x: float, y: float, room: float, size: int) -> None:
        text, _missing = shown(str(value or ""), self._rare)
        lines, size = fitted(text, room, self._wide, sizes=range(size, 8, -1))
        for number, line in enumerate(lines[:3]):
            self._line(line, x, y + (len(lines[:3]) - 1 - number) * size, size)

    def _wide(self, text: str, size: int) -> float:
        return width(text, size, self._font)

    def _line(self, text: str, x: float, y: float, size: int) -> None:
        draw(self._canvas, text, (x, y), size, self._font)

    def _foot(self, reply: JsonObject, url: str, part: str) -> None:
        code = QrCodeWidget(url, barLevel="M")
        left, bottom, right, top = code.getBounds()
        scale = (_SIDE / (right - left), 0, 0, _SIDE / (top - bottom), 0, 0)
        drawing = Drawing(_SIDE, _SIDE, transform=list(scale))
        drawing.add(code)
        renderPDF.draw(drawing, self._canvas, _MARGIN, 30)
        self._canvas.linkURL(url, (_MARGIN, 30, _MARGIN + _SIDE, 30 + _SIDE))
        since = Calendar.minute(datetime.fromisoformat(str(reply["published_at"])))
        beside = _MARGIN + _SIDE + 20
        for y, text in (
            (105, "扫码查看最新公示牌和此刻值班人员;遇紧急情况请拨 110、119、120"),
            (83, f"第 {reply['version']} 版,发布于 {since};第 {part} 页"),
            (61, url),
        ):
            self._line(text, beside, y, 13)
