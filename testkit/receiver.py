"""A receiver of webhooks: it keeps what arrives, and answers as a test says."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from testkit.waiting import wait_until


@dataclass(frozen=True)
class Arrived:
    """One request, with what was answered."""

    path: str
    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def event(self) -> dict[str, Any]:
        """The CloudEvent."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def id(self) -> str:
        """The header `webhook-id`."""
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """What has arrived.

    Attributes:
        answer: Gives the status for the nth request (from 0). It may wait, and it may send more
            than a status itself: then it returns None.
    """

    address: str = ""
    port: int = 0
    arrived: list[Arrived] = field(default_factory=list)
    answer: Callable[[int, BaseHTTPRequestHandler], int | None] = lambda _number, _handler: 200

    def taken(self) -> list[dict[str, Any]]:
        """Return the events that were answered with success, in order."""
        return [one.event for one in list(self.arrived) if one.status < 300]

    def wait_for(self, count: int, seconds: float = 20.0) -> list[Arrived]:
        """Wait until so many requests have come. Returns them all."""
        assert wait_until(lambda: len(self.arrived) >= count, seconds), self.arrived
        return list(self.arrived)


class _Taking(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        receiver = cast("_Server", self.server).receiver
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with cast("_Server", self.server).lock:
            number = len(receiver.arrived)
            status = receiver.answer(number, self)
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.arrived.append(Arrived(self.path, headers, body, status or 0))
        if status is not None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as the base has it
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, receiver: Receiver, port: int, context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", port), _Taking)
        self.context = context
        self.receiver = receiver
        # One answer at a time: what arrives while one waits is two at a time.
        self.lock = threading.Lock()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection, in its own thread: the handshake keeps nobody waiting."""
        if self.context is None:
            super().finish_request(request, client_address)
            return
        with self.context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a sender that has gone."""


@contextmanager
def receiving(
    receiver: Receiver | None = None, port: int = 0, context: ssl.SSLContext | None = None
) -> Iterator[Receiver]:
    """Run a receiver.

    Args:
        receiver: One that goes on with what it has.
        port: Where, if that matters.
        context: For TLS.
    """
    receiver = receiver or Receiver()
    with _Server(receiver, port, context) as server:
        receiver.port = server.server_port
        receiver.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join(10)
