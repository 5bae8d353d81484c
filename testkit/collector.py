"""A collector of traces: it takes what processes send by OTLP over HTTP, and keeps it."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Told:
    """A span as it was sent.

    Attributes:
        unit: The process that sent it.
        parent: The span above it, or empty.
        kind: As in OTLP: 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
    """

    unit: str
    name: str
    trace_id: str
    span_id: str
    parent: str
    kind: int
    ns: int
    attributes: dict[str, str]


@dataclass
class Collector:
    """What has arrived."""

    address: str = ""
    spans: list[Told] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        """Return the variables of a process that sends its spans here."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.address, "OTEL_BSP_SCHEDULE_DELAY": "100"}

    def named(self, name: str) -> list[Told]:
        """Return the spans of a name."""
        return [span for span in list(self.spans) if span.name == name]

    def way(self, span: Told) -> list[str]:
        """Return the names from the first span of its trace down to this one."""
        known = {(one.trace_id, one.span_id): one for one in list(self.spans)}
        names = [span.name]
        while (above := known.get((span.trace_id, span.parent))) is not None:
            names.append(above.name)
            span = above
        return names[::-1]

    def take(self, body: bytes) -> None:
        """Keep what a process has sent."""
        asked = ExportTraceServiceRequest.FromString(body)
        for sent in asked.resource_spans:
            unit = next(
                one.value.string_value
                for one in sent.resource.attributes
                if one.key == "service.name"
            )
            for scope in sent.scope_spans:
                self.spans.extend(
                    Told(
                        unit,
                        span.name,
                        span.trace_id.hex(),
                        span.span_id.hex(),
                        span.parent_span_id.hex(),
                        span.kind,
                        span.end_time_unix_nano - span.start_time_unix_nano,
                        {
                            one.key: one.value.string_value or str(one.value.int_value)
                            for one in span.attributes
                        },
                    )
                    for span in scope.spans
                )


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        cast("_Server", self.server).collector.take(body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as the base has it
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, collector: Collector) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.collector = collector


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector."""
    collector = Collector()
    with _Server(collector) as server:
        collector.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join(10)
