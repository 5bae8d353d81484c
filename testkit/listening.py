"""A reader of the gateway's stream of events."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from testkit.waiting import wait_until


class Listening:
    """A stream as it is read, by a thread of its own.

    Attributes:
        status: Of the answer.
        events: (id, type, event) of each.
        place: The last `id`, with or without an event.
        beats: How many signs of life.
        ended: Whether the stream has ended.
        problem: The answer where it is no stream.
    """

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status, self.headers = answer.status, answer.headers
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        self.place: str | None = None
        self.beats = 0
        self.ended = False
        self.problem: dict[str, Any] | None = None
        self._answer = answer
        if answer.status != http.client.OK:
            self.problem = json.loads(answer.read())
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        block: dict[str, str] = {}
        with suppress(OSError, ValueError, http.client.HTTPException):
            for raw in self._answer:
                line = raw.decode().rstrip("\n")
                if line.startswith(":"):
                    self.beats += 1
                elif line:
                    name, _, value = line.partition(": ")
                    block[name] = value
                else:
                    self._take(block)
                    block = {}
        self.ended = True

    def _take(self, block: dict[str, str]) -> None:
        self.place = block.get("id", self.place)
        if "data" in block:
            self.events.append((block["id"], block["event"], json.loads(block["data"])))

    @property
    def notes(self) -> list[str]:
        """The member `note` of each event, as the toy publishes it."""
        return [event["data"]["note"] for _, _, event in self.events]

    def wait(self, found: list[str], seconds: float = 5) -> None:
        """Wait until these notes have come; fails where others come."""
        wait_until(lambda: len(self.notes) >= len(found), seconds, every=0.01)
        assert self.notes == found


@contextmanager
def listening_to(address: str, token: str, query: str = "", **headers: str) -> Iterator[Listening]:
    """Listen to `GET /v1/events/stream` of a gateway."""
    where = urlsplit(address)
    connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=60)
    connection.request(
        "GET", f"/v1/events/stream{query}", headers={"Authorization": f"Bearer {token}", **headers}
    )
    heard = Listening(connection.getresponse())
    try:
        yield heard
    finally:
        if connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)
        heard.thread.join(5)
        connection.close()
