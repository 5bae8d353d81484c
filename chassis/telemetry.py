"""W3C trace context: the one header that ties a request, its calls and its events together."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

_PARENT = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")


@dataclass(frozen=True, slots=True)
class Trace:
    """One position in a trace."""

    trace_id: str
    span_id: str
    flags: str = "01"

    def header(self) -> str:
        """Return it as a `traceparent` header."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"

    def child(self) -> Trace:
        """Return a new position below this one."""
        return Trace(self.trace_id, secrets.token_hex(8), self.flags)


def new() -> Trace:
    """Begin a trace."""
    return Trace(secrets.token_hex(16), secrets.token_hex(8))


def parse(header: str | None) -> Trace | None:
    """Read a `traceparent` header; None when there is none or it is not well-formed."""
    found = _PARENT.match(header or "")
    if found is None or not (found[1].strip("0") and found[2].strip("0")):
        return None
    return Trace(found[1], found[2], found[3])


def follow(header: str | None) -> Trace:
    """Go on with the trace of a header, or begin one: what came from outside may be anything."""
    parent = parse(header)
    return parent.child() if parent is not None else new()


# What this thread (or greenlet) is doing something for; every line of its log says so.
current: ContextVar[Trace | None] = ContextVar("trace", default=None)


@contextmanager
def within(header: str | None) -> Iterator[None]:
    """Do something for a trace, or for none when the header is none."""
    token = current.set(parse(header))
    try:
        yield
    finally:
        current.reset(token)
