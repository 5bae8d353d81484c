"""What every page is made of: escaped text in two languages, the frame, the answer."""

from __future__ import annotations

import functools
import html
from collections.abc import Collection
from importlib import resources
from string import Template

from starlette.responses import Response

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def escaped(text: object) -> str:
    """Return a text that HTML holds as it is."""
    return html.escape(str(text), quote=True)


def both(text: str) -> str:
    """Return "中文 / English" as HTML, the English marked as such."""
    zh, slash, en = text.partition(" / ")
    return (
        f'{escaped(zh)} <span class="en" lang="en">{escaped(en)}</span>' if slash else escaped(zh)
    )


# Pages that show what one service answers: which, where, what they are called.
BOARDS = (
    ("credit", "/notices", "公示", "信用公示 / Public notices of credit"),
    ("steward", "/board", "联系牌", "网格联系牌 / Contact board of a grid"),
)


def page(
    title: str, body: str, *, demo: bool, installed: Collection[str], script: bool = False
) -> bytes:
    """Return a page: its body in the frame that all share, which leads to what is installed."""
    frame = {"banner": _template("demo").template if demo else "", "body": body}
    frame["boards"] = "".join(
        f' <a href="{address}">{text}</a>' for name, address, text, _ in BOARDS if name in installed
    )
    frame["script"] = '<script src="/web/docs.js" defer></script>' if script else ""
    return filled("frame", title=escaped(title), **frame).encode()


def filled(name: str, **parts: str) -> str:
    """Return a page of `web/pages` with its parts, each of which is HTML already."""
    return _template(name).substitute(parts)


@functools.cache
def _template(name: str) -> Template:
    text = (
        resources.files("fivered.gateway")
        .joinpath("web", "pages", f"{name}.html")
        .read_text("utf-8")
    )
    return Template(text)


def html_response(
    title: str, body: str, *, demo: bool, installed: Collection[str], status: int = 200
) -> Response:
    """Return the answer that shows a page; see `page`."""
    return Response(
        page(title, body, demo=demo, installed=installed),
        status,
        {"Content-Security-Policy": CSP, "Cache-Control": "no-cache"},
        "text/html; charset=utf-8",
    )
