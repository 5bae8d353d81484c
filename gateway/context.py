"""What is known about a request before anybody looks at its content: language and trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Scope

from fivered.chassis import telemetry

Lang = Literal["zh", "en"]
KEY = "fivered.context"
# Where the server puts what hangs up on the caller at once.
HANG_UP = "fivered.hang_up"
# What stands for the address of a request that has found no door.
UNMATCHED = "unmatched"


@dataclass(frozen=True, slots=True)
class Context:
    """Language and trace of one request."""

    lang: Lang
    trace_id: str
    traceparent: str


def language_of(header: str) -> Lang:
    """Return the language that `Accept-Language` prefers; Chinese unless English is preferred."""
    best: dict[Lang, float] = {"zh": 0.0, "en": 0.0}
    for part in header.split(",")[:20]:
        name, _, rest = part.strip().partition(";")
        try:
            weight = float(rest.partition("q=")[2] or 1.0) if rest else 1.0
        except ValueError:
            continue
        primary = name.strip().lower().partition("-")[0]
        if primary == "zh":
            best["zh"] = max(best["zh"], weight)
        elif primary == "en":
            best["en"] = max(best["en"], weight)
    return "en" if best["en"] > best["zh"] else "zh"


def read_context(headers: Mapping[str, str], span: telemetry.Span | None = None) -> Context:
    """Read the context off the headers; of a span that is told, its own position."""
    told = telemetry.parse(span.header) if span is not None and telemetry.recording() else None
    trace = told or telemetry.follow(headers.get("traceparent"))
    return Context(language_of(headers.get("accept-language", "")), trace.trace_id, trace.header())


def context_of(request: Request) -> Context:
    """Return the context that the outermost layer has put on the request."""
    found = request.scope.get(KEY)
    if not isinstance(found, Context):
        found = request.scope[KEY] = read_context(request.headers)
    return found


def template_of(scope: Scope) -> str:
    """Return the address of the door that a request has found, with its places unfilled, or
    `UNMATCHED`: what a caller has put into an address stands in no log and no metric."""
    route = scope.get("route")
    return route.path if isinstance(route, Route) else UNMATCHED
