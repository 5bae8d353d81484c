"""Finds the door of an address without trying all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route, Router, compile_path, get_name
from starlette.types import Receive, Scope, Send

_Shape = tuple[int, str]


class Address(Route):
    """An address whose endpoint is `async (request) -> response`. What it raises is answered by
    `limits.Outermost`, once; Starlette's own would look at each message on its way for it.

    Its pattern is compiled when it is first asked for: there are 800 addresses, and a start need
    not wait for the patterns of them all.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[[Request], Awaitable[Response]],
        *,
        methods: Sequence[str],
        name: str | None = None,
    ) -> None:
        # In place of Route's, which compiles the pattern.
        self.path = path
        self.endpoint = endpoint
        self.name = get_name(endpoint) if name is None else name
        self.include_in_schema = False
        self.methods = {*methods, "HEAD"} if "GET" in methods else {*methods}

    def __getattr__(self, name: str) -> object:
        """Return what the pattern is made of, the first time."""
        if name not in {"path_regex", "path_format", "param_convertors"}:
            raise AttributeError(name)
        self.path_regex, self.path_format, self.param_convertors = compile_path(self.path)
        return getattr(self, name)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; one of another verb is refused as ever."""
        if self.methods and scope["method"] not in self.methods:
            await super().handle(scope, receive, send)
            return
        answer = await self.endpoint(Request(scope, receive, send))
        await answer(scope, receive, send)


class Addresses(Router):
    """A router that first looks among the addresses of the same length and the same third part
    (`/v1/service/requests/...`). What is not there, all of them are asked for, as ever."""

    _near: dict[_Shape, list[Route]]

    def lay(self, routes: Sequence[BaseRoute]) -> None:
        """Lay out the addresses anew."""
        plain = [
            (route, *_shape(route.path))
            for route in routes
            if isinstance(route, Route) and ":path}" not in route.path
        ]
        # Those whose third part may be anything stand between, in the order of the list.
        self._near = {
            (length, third): [
                route for route, parts, own in plain if parts == length and own in {third, ""}
            ]
            for length, third in {(parts, own) for _, parts, own in plain}
        }
        self.routes[:] = routes

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request at the first address that fits it wholly."""
        if scope["type"] == "http":
            for route in self._near.get(_shape(scope["path"]), ()):
                match, found = route.matches(scope)
                if match is Match.FULL:
                    scope.update({"router": self, "route": route, **found})
                    await route.handle(scope, receive, send)
                    return
        await super().app(scope, receive, send)


def _shape(path: str) -> _Shape:
    """Return a path's number of parts and its third part; "" where that is a place, or missing."""
    parts = path.split("/", 4)
    third = parts[3] if len(parts) > 3 else ""
    return path.count("/"), "" if third.startswith("{") else third
