"""Runs the application on uvicorn: one process, one socket, a clean end."""

from __future__ import annotations

import contextlib
import gc
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import uvicorn

from gateway.settings import GatewaySettings

if TYPE_CHECKING:
    from fastapi import FastAPI

log = logging.getLogger("fivered.gateway")

# How long requests that are being served may take after the signal to stop.
_LEAVE_S = 10


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
    """uvicorn's server, with two differences: it says when it is ready, and a signal only ends it.

    uvicorn raises the signal again after its shutdown, which would kill the process before the
    services have written their last batch.
    """

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets=sockets)
        if self.started:
            # What was loaded until now stays for good: no collection need look at it again.
            gc.freeze()
            self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM while serving, and give them back afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before: dict[signal.Signals, Any] = {
            taken: signal.signal(taken, self.handle_exit)
            for taken in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for taken, handler in before.items():
                signal.signal(taken, handler)


def serve(
    app: FastAPI,
    settings: GatewaySettings,
    *,
    sock: socket.socket,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGINT or SIGTERM; requests that are being served may end."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_LEAVE_S,
        h11_max_incomplete_event_size=64 * 1024,
        ws="none",
        lifespan="on",
    )
    server = Server(config, ready)
    # Taken before the event loop begins, which would put its own handler in place of Python's:
    # a Ctrl-C in that moment cancelled the start instead of ending the process.
    with contextlib.closing(sock), server.capture_signals():
        server.run(sockets=[sock])
