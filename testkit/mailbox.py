"""A mail server on this machine: it keeps what arrives, and answers as a test says."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from testkit.servers import free_port


@dataclass
class Mailbox:
    """What has arrived.

    Attributes:
        answer: Gives the server's word for the nth recipient (from 0): `250 OK`, `550 no`.
        slow_s: How long the server thinks before it answers a recipient.
    """

    server: str = ""
    arrived: list[tuple[str, EmailMessage]] = field(default_factory=list)
    asked: int = 0
    answer: Callable[[int], str] = lambda _number: "250 OK"
    slow_s: float = 0.0

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Answer whether there is such a mailbox."""
        if self.slow_s:
            await asyncio.sleep(self.slow_s)
        said = self.answer(self.asked)
        self.asked += 1
        if said.startswith("250"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep a mail."""
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.arrived.append((envelope.rcpt_tos[0], mail))
        return "250 OK"


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """Open a mail server on a free port."""
    box = Mailbox()
    port = free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        box.server = f"smtp://127.0.0.1:{port}"
        yield box
    finally:
        controller.stop()
