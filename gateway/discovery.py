"""What somebody finds who knows only the address: codes of refusals, and well-known files."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from fivered.chassis.refusal import Refusal, Sentence
from fivered.gateway.doors import Door
from fivered.gateway.errors import TITLES, NoSuchPath
from fivered.gateway.markup import both, escaped, filled, html_response
from fivered.gateway.settings import GatewaySettings
from fivered.gateway.sparing import digest_of, spared

# A crawler has nothing to look for at the doors; what is published for everybody may be found.
_ROBOTS = b"User-agent: *\nDisallow: /v1/\nDisallow: /web/\nAllow: /\n"


@dataclass(slots=True)
class Code:
    """A code of refusals, or a guard: what it says, and which doors answer it.

    Attributes:
        texts: "中文 / English" each, with the names of what is filled in.
        doors: "VERB path" each; empty where every door may answer it.
    """

    status: int
    texts: dict[str, None] = field(default_factory=dict)
    doors: list[str] = field(default_factory=list)


def codes_of(doors: Iterable[Door]) -> dict[str, Code]:
    """Return every code that may be answered: those that any door may, then those of the doors."""
    found: dict[str, Code] = {}
    for kind in _kinds(Refusal):
        if kind.__module__.startswith(("fivered.chassis.", "fivered.gateway.")):
            code = found.setdefault(kind.guard or kind.code, Code(kind.status))
            further = [value for name, value in vars(kind).items() if name.startswith("text_")]
            for text in (Sentence(kind.text), *further):
                code.texts[f"{text} / {text.english}"] = None
    anywhere = frozenset(found)
    for door in doors:
        for one in door.refusals:
            code = found.setdefault(one.code, Code(one.status))
            code.texts[one.text] = None
            if one.code not in anywhere:
                code.doors.append(f"{door.verb} {door.full_path}")
    return dict(sorted(found.items()))


def _kinds(kind: type[Refusal]) -> Iterable[type[Refusal]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


class Discovery:
    """These answers of one gateway.

    Args:
        doors: Every door.
        settings: What the environment says.
        installed: The services to whose pages each page leads.
    """

    def __init__(
        self, doors: Iterable[Door], settings: GatewaySettings, installed: Collection[str]
    ) -> None:
        self._installed = installed
        self._doors = tuple(doors)
        self._settings = settings
        self._codes: dict[str, Code] = {}

    def _known(self) -> dict[str, Code]:
        self._codes = self._codes or codes_of(self._doors)
        return self._codes

    async def problems(self, request: Request) -> Response:
        """Show every code, or give them as JSON to who asks for that."""
        known = self._known()
        if not reads_html(request):
            return as_json(request, {code: _told(code, one) for code, one in known.items()})
        listed = "".join(
            f'<li><a href="/problems/{code}">{code}</a> {one.status} '
            f"{both(next(iter(one.texts), ''))}</li>\n"
            for code, one in known.items()
        )
        return self._page("错误代码 / Codes", filled("problems", listed=listed))

    async def problem(self, request: Request) -> Response:
        """Show one code.

        Raises:
            NoSuchPath: There is no such code.
        """
        code = request.path_params["code"]
        one = self._known().get(code)
        if one is None:
            raise NoSuchPath(path=request.url.path)
        if not reads_html(request):
            return as_json(request, _told(code, one))
        title = " / ".join(TITLES.get(one.status, ("", "")))
        texts = "".join(f"<p>{both(text)}</p>\n" for text in one.texts)
        doors = "".join(f"<li><code>{escaped(door)}</code></li>\n" for door in one.doors)
        everywhere = f"<p>{both('任何接口 / Any door')}</p>"
        shown = f'<ul class="links">{doors}</ul>' if doors else everywhere
        parts = {"code": code, "status": str(one.status), "title": both(title)}
        return self._page(code, filled("problem", **parts, texts=texts, doors=shown))

    def _page(self, title: str, body: str) -> Response:
        demo = self._settings.demo_clock
        return html_response(title, body, demo=demo, installed=self._installed)

    async def robots(self, _request: Request) -> Response:
        """Say what a crawler may look at."""
        return Response(_ROBOTS, media_type="text/plain; charset=utf-8")

    async def security(self, request: Request) -> Response:
        """Say whom to tell of a weakness (RFC 9116).

        Raises:
            NoSuchPath: The installation names nobody.
        """
        contact, expires = self._settings.security_contact, self._settings.security_expires
        if not contact or not expires:
            raise NoSuchPath(path=request.url.path)
        said = f"Contact: {contact}\nExpires: {expires}\nPreferred-Languages: zh, en\n"
        return Response(said.encode(), media_type="text/plain; charset=utf-8")


def reads_html(request: Request) -> bool:
    """Tell whether the caller asks for a page."""
    return "text/html" in request.headers.get("accept", "")


def _told(code: str, one: Code) -> dict[str, object]:
    return {"code": code, "status": one.status, "texts": list(one.texts), "doors": one.doors}


def as_json(request: Request, found: object, media_type: str = "application/json") -> Response:
    """Return what a page shows, for programs."""
    content = msgspec.json.encode(found)
    said = {"ETag": f'"{digest_of(content)}"', "Cache-Control": "no-cache", "Vary": "Accept"}
    return spared(request, content, said, media_type)
