"""Runs the application on uvicorn: one process, one socket, a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import http
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from fivered.chassis.i18n import problem_of
from fivered.chassis.refusal import Refusal
from fivered.gateway.context import HANG_UP, read_context
from fivered.gateway.errors import HeadTooLarge, HeadTooSlow, HostTwice, RequestUnreadable, problem
from fivered.gateway.settings import GatewaySettings
from fivered.gateway.tls import Certificate

if TYPE_CHECKING:
    from types import FrameType

    from starlette.applications import Starlette
    from uvicorn._types import ASGISendEvent

log = logging.getLogger("fivered.gateway")

# How long requests that are being served may take after the signal to stop.
_LEAVE_S = 10
# When what a start has left over is let go of, after it (s).
_TIDY_AFTER_S = 1.0


class PortTaken(Exception):
    """The address cannot be listened on; the message is the one line that the user sees."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        PortTaken: Another process has the port, or the address is not ours.
    """
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(512)
    except OSError as error:
        sock.close()
        raise PortTaken(f"cannot listen on {host}:{port}: {error.strerror}") from error
    sock.setblocking(False)
    return sock


class Server(uvicorn.Server):
    """uvicorn's server, with four differences: it says when it is ready, a signal only ends it,
    it ends what would go on for ever, and it looks once a second, not ten times, whether anything
    has changed.

    uvicorn raises the signal again after its shutdown, which would kill the process before the
    services have written their last batch.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[], None],
        leave: Callable[[], None],
        certificate: Certificate | None = None,
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._leave = leave
        self._certificate = certificate
        self._ended = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        """Keep the date of answers, until somebody ends it."""
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            if self._certificate is not None:
                self._certificate.renew()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), 1.0)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End, and wake the loop for it."""
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._ended.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()
            # Who waits for the first answer does not wait for this too: 0.2 s of computing.
            asyncio.get_running_loop().call_later(_TIDY_AFTER_S, _tidy)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what goes on until somebody ends it, then wait for the rest."""
        self._leave()
        await super().shutdown(sockets=sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM while serving, and give them back afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {
            taken: signal.signal(taken, self.handle_exit)
            for taken in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for taken, handler in before.items():
                signal.signal(taken, handler)


def _tidy() -> None:
    """Let go of what the start left; the rest stays for good and is not looked through again."""
    gc.collect()
    gc.freeze()


def _end_by_closing(cycle: RequestResponseCycle) -> None:
    """Let an answer whose length is not known end with the connection: HTTP/1.0 knows no chunks
    (RFC 9112, 6.3), which uvicorn would send to it all the same."""
    send, endless = cycle.send, False

    async def whole(message: ASGISendEvent) -> None:
        nonlocal endless
        if message["type"] == "http.response.start":
            lengths = [name for name, _ in message.get("headers", ()) if name == b"content-length"]
            endless = not lengths
            if endless:
                cycle.chunked_encoding = cycle.keep_alive = False
        elif endless and message["type"] == "http.response.body":
            cycle.expected_content_length = len(message.get("body", b""))
        await send(message)

    cycle.send = whole  # type: ignore[method-assign]  # of this one answer


class Guarded(HttpToolsProtocol):
    """uvicorn's protocol with limits of a request's head: its bytes, its headers and its time.

    uvicorn's own limit holds for h11 only; httptools takes a head of any length for ever.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: GatewaySettings,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = limits
        self._waiting: asyncio.TimerHandle | None = None
        self._head = self._counted = 0
        self._refused: Refusal | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count the bytes of a head that is not complete yet."""
        if self._refused is not None:
            return
        super().data_received(data)
        if self._waiting is not None:
            self._head += len(data)
            if self._head > self._limits.header_bytes and not self.transport.is_closing():
                self._refuse(self._too_large())
                self.send_400_response("")

    def on_message_begin(self) -> None:
        """Begin to wait for the head of a further request."""
        super().on_message_begin()
        self._wait()

    def on_url(self, url: bytes) -> None:
        """Count the request's line."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header."""
        super().on_header(name, value)
        self._count(len(name) + len(value) + 4)

    def on_headers_complete(self) -> None:
        """Pass the request on."""
        self._arrived()
        if sum(name == b"host" for name, _ in self.headers) > 1:
            raise self._refuse(HostTwice())
        cast("dict[str, object]", self.scope)[HANG_UP] = self.transport.abort
        super().on_headers_complete()
        if self.scope["http_version"] == "1.0":
            _end_by_closing(self.cycle)

    def send_400_response(self, msg: str) -> None:
        """Say why, and close."""
        refusal = self._refused or RequestUnreadable()
        context = read_context({})
        answer = problem(context, "", problem_of(refusal, "fivered.gateway"))
        if self._refused is None:
            log.warning("request_unreadable", extra={"address": self.client, "why": msg})
        head = [
            f"HTTP/1.1 {answer.status_code} {http.HTTPStatus(answer.status_code).phrase}".encode(),
            *(name + b": " + value for name, value in answer.raw_headers),
            b"connection: close",
        ]
        self.transport.write(b"\r\n".join(head) + b"\r\n\r\n" + bytes(answer.body))
        self.transport.close()

    def _count(self, length: int) -> None:
        self._counted += length
        if (
            self._counted > self._limits.header_bytes
            or len(self.headers) > self._limits.header_count
        ):
            raise self._refuse(self._too_large())

    def _too_large(self) -> Refusal:
        limits = self._limits
        return HeadTooLarge(limit=limits.header_bytes, count=limits.header_count)

    def _refuse(self, refusal: Refusal) -> Refusal:
        """Keep the reason; the parser tells its caller only that something was wrong."""
        self._refused = refusal
        self._arrived()
        log.warning("request_refused", extra={"address": self.client, "code": refusal.code})
        return refusal

    def _wait(self) -> None:
        self._arrived()
        self._head = self._counted = 0
        self._waiting = self.loop.call_later(self._limits.header_wait_s, self._too_slow)

    def _arrived(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _too_slow(self) -> None:
        self._refuse(HeadTooSlow(seconds=self._limits.header_wait_s))
        self.send_400_response("")


def serve(
    app: Starlette,
    settings: GatewaySettings,
    *,
    sock: socket.socket,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGINT or SIGTERM; requests that are being served may end.

    Raises:
        SettingsError: A file of HTTPS cannot be used.
    """
    certificate = Certificate(settings) if settings.tls_certificate else None
    config = uvicorn.Config(
        app,
        ssl_context_factory=(lambda *_: certificate.outer) if certificate is not None else None,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_LEAVE_S,
        http=functools.partial(Guarded, limits=settings),  # type: ignore[arg-type]
        ws="none",
        lifespan="on",
    )
    server = Server(config, ready, app.state.streams.hub.close, certificate)
    # Taken before the event loop begins, which would put its own handler in place of Python's:
    # a Ctrl-C in that moment cancelled the start instead of ending the process.
    with contextlib.closing(sock), server.capture_signals():
        server.run(sockets=[sock])
