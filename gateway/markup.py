"""What every page is made of: escaped text in two languages, the frame, the answer."""

from __future__ import annotations

import html

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


def page(title: str, body: str, *, demo: bool, script: bool = False) -> bytes:
    """Return a page: its body in the frame that all share."""
    banner = (
        '<p class="demo" role="note"><strong>演示环境</strong>：虚构人员与数据，业务时钟可拨动。'
        ' <span lang="en">Demonstration: invented people and figures, the clock can be moved.'
        "</span></p>"
        if demo
        else ""
    )
    more = '<script src="/web/docs.js" defer></script>' if script else ""
    return f"""<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escaped(title)}</title>
<link rel="icon" href="/web/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/web/fivered.css">
{more}
</head>
<body>
<a class="skip" href="#main">跳到正文 <span lang="en">Skip to content</span></a>
<header class="top">
<a class="brand" href="/"><span aria-hidden="true" class="mark"></span>五红社区治理</a>
<nav aria-label="主导航 / Main">
<a href="/">首页</a> <a href="/notices">公示</a> <a href="/board">联系牌</a>
<a href="/docs">接口文档</a>
</nav>
</header>
{banner}
{body}
</body>
</html>
""".encode()


def html_response(content: bytes, status: int = 200) -> Response:
    """Return the answer that carries a page."""
    return Response(
        content,
        status,
        {"Content-Security-Policy": CSP, "Cache-Control": "no-cache"},
        "text/html; charset=utf-8",
    )
