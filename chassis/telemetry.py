"""Traces: one header ties a request, its calls and its events together (W3C trace context).

Where `OTEL_EXPORTER_OTLP_ENDPOINT` says where to, each part of that way is told there as a span, by
the OpenTelemetry SDK over OTLP/HTTP; its other variables (`OTEL_TRACES_SAMPLER`, `OTEL_BSP_...`,
`OTEL_SERVICE_NAME`) hold as well. Otherwise the header goes on and nothing is told. No span holds a
name, a text that somebody wrote, or an id of a person.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from opentelemetry.trace import Span as Recording
    from opentelemetry.trace import Tracer

_PARENT = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
Kind = Literal["internal", "server", "client", "producer", "consumer"]


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


# --------------------------------------------------------------------------------------------------
# Spans


_tracer: Tracer | None = None


def start(unit: str) -> None:
    """Tell spans from now on, where the environment says where to.

    Args:
        unit: What this process is, e.g. "work NAME".
    """
    global _tracer  # noqa: PLW0603  one of a process, as its log is
    if _tracer is not None or not any(os.environ.get(name) for name in _ENDPOINTS):
        return
    # 60 MB and half a second, which nobody pays who has no collector.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    named = os.environ.get("OTEL_SERVICE_NAME") or f"fivered {unit}"
    provider = TracerProvider(resource=Resource.create({"service.name": named}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = provider.get_tracer("fivered")


def recording() -> bool:
    """Tell whether spans are told at all."""
    return _tracer is not None


class Span:
    """Something that is done for a trace.

    Attributes:
        header: Its position, for what follows from it; None where there is no trace.
    """

    __slots__ = ("_told", "header")

    def __init__(self, header: str | None, told: Recording | None = None) -> None:
        self.header = header
        self._told = told

    def tell(self, **attributes: str | int) -> None:
        """Say more of it; `__` in a name stands for a point."""
        if self._told is not None:
            for name, value in attributes.items():
                self._told.set_attribute(name.replace("__", "."), value)

    def call(self, name: str) -> None:
        """Give it a name that was not known when it began."""
        if self._told is not None:
            self._told.update_name(name)

    def end(self, fault: str = "") -> None:
        """End it; `fault` says what went wrong, as a class or a code."""
        if self._told is not None:
            if fault:
                from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415

                self._told.set_status(Status(StatusCode.ERROR, fault))
            self._told.end()


def begin(name: str, kind: Kind, parent: str | None, **attributes: str | int) -> Span:
    """Begin a span below the position of a header, or a new trace; it must be ended.

    Args:
        name: What is done: few names, none of a thing or a person.
        kind: As OpenTelemetry has them.
        parent: A `traceparent` header.
        attributes: See `Span.tell`.
    """
    if _tracer is None:
        return Span(parent)
    from opentelemetry import trace as otel  # noqa: PLC0415
    from opentelemetry.context import Context  # noqa: PLC0415

    context, above = Context(), parse(parent)
    if above is not None:
        place = otel.SpanContext(
            int(above.trace_id, 16),
            int(above.span_id, 16),
            is_remote=True,
            trace_flags=otel.TraceFlags(int(above.flags, 16)),
        )
        context = otel.set_span_in_context(otel.NonRecordingSpan(place), context)
    told = _tracer.start_span(name, context, otel.SpanKind[kind.upper()])
    at = told.get_span_context()
    span = Span(f"00-{at.trace_id:032x}-{at.span_id:016x}-{at.trace_flags:02x}", told)
    span.tell(**attributes)
    return span


@contextmanager
def doing(name: str, kind: Kind, parent: str | None, **attributes: str | int) -> Iterator[Span]:
    """Do something as a span; see `begin`. What is refused is told by its code and is no fault."""
    span = begin(name, kind, parent, **attributes)
    token, fault = current.set(parse(span.header)), ""
    try:
        yield span
    except BaseException as error:
        code = getattr(error, "code", None)
        if isinstance(code, str):
            span.tell(fivered__refusal=code)
        else:
            fault = type(error).__name__
        raise
    finally:
        current.reset(token)
        span.end(fault)
