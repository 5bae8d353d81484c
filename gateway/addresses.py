"""Finds the door of an address without trying all of them."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import Receive, Scope, Send

_Shape = tuple[int, str]


class Address(Route):
    """An address whose endpoint is `async (request) -> response`. What it raises is answered by
    `limits.Outermost`, once; Starlette's own would look at each message on its way for it."""

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
