"""The result of an owners' vote as PDF, to be sealed and hung up. Loaded with the first one, as
`certificate` is."""

from __future__ import annotations

import asyncio
import io

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from starlette.responses import Response

from fivered.chassis.json_values import JsonObject
from fivered.gateway.certificate import draw, fitted, is_rare, loaded, rare_signs, shown, width
from fivered.gateway.documents import PDF, Asked, font_at, public_url

_WIDE, _HIGH = A4
_MARGIN, _FOOT, _SIZE, _SMALL, _LEAD = 60.0, 80.0, 11, 8, 20.0


async def vote_paper(asked: Asked, reply: JsonObject) -> Response:
    """Return the paper of a result as PDF."""
    settings = asked.gate.settings
    made = await asyncio.to_thread(
        vote_pdf,
        reply,
        url=f"{public_url(settings)}/owners-votes/{reply['id']}",
        font=font_at(settings.font),
        rare=font_at(settings.rare_font),
    )
    said = {
        "Content-Disposition": f'inline; filename="{reply["number"]}.pdf"',
        "Cache-Control": "no-cache",
    }
    return Response(made, media_type=PDF, headers=said)


def vote_pdf(reply: JsonObject, *, url: str, font: str = "", rare: str = "") -> bytes:
    """Return the paper of a result as PDF: A4, as many pages as its lines take.

    Args:
        reply: What the service says of a vote that is counted.
        url: Where it is public; beneath it stands the digest of the text.
        font: As of `certificate.certificate_pdf`.
        rare: As above.
    """
    text = str(reply["document"])
    name = loaded(font)
    signs = rare_signs(rare if any(map(is_rare, text)) else "")

    def wide(line: str, size: int) -> float:
        return width(line, size, name)

    lines = [
        part
        for line in text.splitlines()
        for part in fitted(shown(line, signs)[0], _WIDE - 2 * _MARGIN, wide, sizes=[_SIZE])[0]
    ]
    most = int((_HIGH - 2 * _MARGIN - _FOOT) // _LEAD)
    parts = [lines[start : start + most] for start in range(0, len(lines), most)]
    made = io.BytesIO()
    # Without the time of making: the same result is the same file.
    canvas = Canvas(made, pagesize=A4, invariant=1, initialFontName=name)
    canvas.setTitle(f"业主共同决定表决结果 {reply['number']}")
    canvas.setAuthor("五红社区治理")
    for number, part in enumerate(parts, 1):
        for row, line in enumerate(part):
            draw(canvas, line, (_MARGIN, _HIGH - _MARGIN - row * _LEAD), _SIZE, name)
        for row, line in enumerate(
            (f"SHA-256 {reply['document_sha256']}", url, f"第 {number}/{len(parts)} 页")
        ):
            draw(canvas, line, (_MARGIN, _FOOT - row * 14), _SMALL, name)
        canvas.linkURL(url, (_MARGIN, _FOOT - 18, _WIDE - _MARGIN, _FOOT - 4))
        canvas.showPage()
    canvas.save()
    return made.getvalue()
