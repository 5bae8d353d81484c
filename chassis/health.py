"""The health page of a process: /live says that its threads turn, /ready that it can do its work,
/metrics what Prometheus reads.

Plain HTTP on FIVERED_HEALTH_PORT, loopback unless FIVERED_HEALTH_HOST says otherwise; 200 or 503
and JSON with the reason of each check. What a check cannot find out is not ready. A page that is
200 may say DEGRADED: what waits for people stands in its detail.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import sqlalchemy as sa

from fivered.chassis import metrics, migrate, years
from fivered.chassis import storage as store
from fivered.chassis.messages import SYSTEM
from fivered.chassis.runtime import Runtime
from fivered.chassis.settings import SettingsError

log = logging.getLogger("fivered.health")

STALE_S = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check has found.

    Attributes:
        degraded: The process can do its work, and somebody should look.
    """

    ok: bool
    detail: object = None
    degraded: bool = False


Check = Callable[[], Finding]


class HealthPage:
    """The HTTP server of one process.

    Args:
        port: Where it listens. 0 means that there is none; None takes any that is free.
        live: What /live asks; None where the process answers that at another port.
        ready: What /ready asks.
    """

    def __init__(
        self, port: int | None, live: Mapping[str, Check] | None, ready: Mapping[str, Check]
    ) -> None:
        self._pages = {} if live is None else {"/live": dict(live)}
        self._pages["/ready"] = dict(ready)
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self._stopping = False
        if port != 0:
            host = os.environ.get("FIVERED_HEALTH_HOST", "127.0.0.1")
            try:
                self._server = ThreadingHTTPServer((host, port or 0), self._handler())
            except OSError as error:
                why = "is taken" if error.errno == errno.EADDRINUSE else f"({error.strerror})"
                raise SettingsError(
                    [f"FIVERED_HEALTH_PORT: port {port} of {host} {why}"]
                ) from error
            self._server.daemon_threads = True

    @property
    def address(self) -> str:
        """Where this machine reaches it; empty where there is none."""
        return f"http://127.0.0.1:{self._server.server_port}" if self._server else ""

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        page = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 5

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path == "/metrics":
                    status, body, kind = 200, metrics.text(), metrics.CONTENT_TYPE
                else:
                    (status, body), kind = page.answer(path), "application/json"
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                """Probes come every few seconds and say nothing."""

        return Handler

    def answer(self, path: str) -> tuple[int, bytes]:
        """Return the status and the JSON of a page."""
        checks = self._pages.get(path)
        if checks is None:
            return 404, json.dumps({"pages": [*self._pages, "/metrics"]}).encode()
        findings = {name: _ask(name, check) for name, check in checks.items()}
        ok = all(finding.ok for finding in findings.values())
        degraded = any(finding.degraded for finding in findings.values())
        shown = {
            "ok": ok,
            "state": "WAITING" if not ok else "DEGRADED" if degraded else "READY",
            "pid": os.getpid(),
            "checks": {
                name: {"ok": finding.ok, "detail": finding.detail}
                for name, finding in findings.items()
            },
        }
        return 200 if ok else 503, json.dumps(shown, default=str, ensure_ascii=False).encode()

    def start(self) -> None:
        """Serve until the process ends."""
        if self._server is not None:
            self._thread = threading.Thread(
                target=self._serve, args=(self._server,), name="health", daemon=True
            )
            self._thread.start()
            log.info("health_page", extra={"port": self._server.server_address[1]})

    def _serve(self, server: ThreadingHTTPServer) -> None:
        # `serve_forever` would look twice a second whether it is to end.
        while not self._stopping:
            server.handle_request()

    def stop(self) -> None:
        """Close the port."""
        if self._server is None:
            return
        self._stopping = True
        if self._thread is not None:
            # The thread waits for somebody who asks.
            host = str(self._server.server_address[0])
            with contextlib.suppress(OSError):
                socket.create_connection((host, self._server.server_port), 1).close()
            self._thread.join(2)
        self._server.server_close()


def _ask(name: str, check: Check) -> Finding:
    try:
        return check()
    except Exception as error:  # noqa: BLE001  a check that fails is a finding, not a fault
        return Finding(False, f"{name}: {error}"[:300])


def beats(threads: Mapping[str, Callable[[], float]]) -> Check:
    """Return a check that every thread has turned within the last minute.

    Args:
        threads: Name -> when it last turned (monotonic); a dead thread answers -inf.
    """

    def check() -> Finding:
        now = time.monotonic()
        late = {
            name: round(now - beat(), 1) for name, beat in threads.items() if now - beat() > STALE_S
        }
        return Finding(not late, late or {"threads": sorted(threads)})

    return check


def database(runtime: Runtime) -> Check:
    """Return a check that the database answers and has every migration of this release."""

    def check() -> Finding:
        package = migrate.package_of(runtime.service_cls)
        if migrate.is_behind(runtime.engine, package):
            return Finding(False, f"migrations are pending: fivered migrate {runtime.name}")
        with store.reading(runtime.engine) as conn:
            if not store.takes_writes(conn):
                return Finding(False, store.NO_WRITES)
        # The service's own; doctor tells that of the chassis as well.
        return Finding(True, migrate.histories(package)[-1].current(runtime.engine))

    return check


def calendar(runtime: Runtime) -> Check:
    """Return a check that tells how far the working-day calendar reaches. It never fails: a year
    without data is counted provisionally."""
    return lambda: Finding(True, years.outlook(runtime.calendar, runtime.now()))


def waiting(runtime: Runtime) -> Check:
    """Return what waits: parked events and late timers, values of a key that was replaced.

    They are no reason to take the process away: it does the rest of its work, and another one
    would find the same.
    """

    def check() -> Finding:
        with runtime.snapshot(SYSTEM) as tx:
            card = runtime.health(tx)
        # Values of a key before: while it is given, a job of the service seals them anew.
        detail = {name: card[name] for name in ("parked", "timers_late", "keys")}
        return Finding(True, detail, degraded=card["state"] != "UP")

    return check


def outbox(runtime: Runtime) -> Check:
    """Return a check that nothing has waited for more than a minute in the outbox."""

    def check() -> Finding:
        table = runtime.chassis.outbox
        asked = sa.select(sa.func.min(table.c.recorded_at)).where(table.c.sent_at.is_(None))
        with store.reading(runtime.engine) as conn:
            oldest = conn.execute(asked).scalar()
        age = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
        return Finding(age < STALE_S, {"oldest_s": round(age, 1)})

    return check
