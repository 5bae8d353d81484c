"""What is known about a request before anybody looks at its content: language and trace."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request

Lang = Literal["zh", "en"]
KEY = "fivered.context"
_TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")


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


def trace_of(header: str | None) -> tuple[str, str]:
    """Return (trace id, our traceparent), a child of the caller's when he sent a readable one."""
    found = _TRACEPARENT.match(header or "")
    if found and found[1] != "0" * 32 and found[2] != "0" * 16:
        trace_id, flags = found[1], found[3]
    else:
        trace_id, flags = secrets.token_hex(16), "01"
    return trace_id, f"00-{trace_id}-{secrets.token_hex(8)}-{flags}"


def read_context(headers: Mapping[str, str]) -> Context:
    """Read the context off the headers."""
    trace_id, traceparent = trace_of(headers.get("traceparent"))
    return Context(language_of(headers.get("accept-language", "")), trace_id, traceparent)


def context_of(request: Request) -> Context:
    """Return the context that the outermost layer has put on the request."""
    found = request.scope.get(KEY)
    if not isinstance(found, Context):
        found = request.scope[KEY] = read_context(request.headers)
    return found
