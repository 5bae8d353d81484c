"""Tells people something by the district's own sender: a program that passes messages on to phones.

A message is one HTTP request, signed as webhooks are (Standard Webhooks), to the address that an
operator has set. Nothing of it is kept or logged here; who sends it keeps what came of it, and
tries again or not.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import msgspec

from fivered.chassis import __version__
from fivered.chassis.webhook_wire import Answer, Deadlines, Line, read_url, signature

# From the first look for the address to the head of the answer, s.
PATIENCE_S = 5.0
# What an operator may set as an address, and how that is said.
ADDRESS = (
    re.compile(
        r"(https://[a-z0-9.\[\]-][a-z0-9.:\[\]-]*(/[!-\"$-~]*)?"
        r"|http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?(/[!-\"$-~]*)?)?\Z"
    ),
    "https address with its host in lower case, nor one of http on this machine",
)
# `whsec_` and base64, as a webhook's.
SECRET = (
    re.compile(r"(whsec_[A-Za-z0-9+/]{24,120}={0,2})?\Z"),
    "secret: whsec_ and a key of 24 signs or more, as webhooks have it",
)


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be said to whom.

    Attributes:
        message_id: The same at each try; the sender leaves out what it has sent already.
        kind: What it is, such as `sign_in_code`: a sender may have a template for it.
        to: The phone, its digits.
        text_zh, text_en: What the person reads.
        code: What of the text a template has a place for.
        until: When it is of no use any more.
    """

    message_id: str
    kind: str
    to: str
    text_zh: str
    text_en: str
    code: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Push:
    """What the district's own app shows: no phone, and the person by the registration.

    Attributes:
        message_id: The same at each try.
        person_id: To whom.
        service, kind, group: Who has told it, which message it is, and for what it is chosen.
        text_zh, text_en: What the person reads.
        until: When it is of no use any more.
    """

    message_id: str
    person_id: str
    service: str
    kind: str
    group: str
    text_zh: str
    text_en: str
    until: datetime


def send(url: str, secret: str, message: Message, *, patience_s: float = PATIENCE_S) -> Answer:
    """Hand one message to the sender, once. Whatever happens is an answer, and names neither the
    phone nor what was said.

    Args:
        url: Where the sender listens.
        secret: `whsec_` and base64.
        message: What is to be said.
        patience_s: How long the whole try may take, s.
    """
    return hand(url, secret, message.message_id, msgspec.json.encode(message), patience_s)


def push(url: str, secret: str, message: Push, *, patience_s: float = PATIENCE_S) -> Answer:
    """Hand one message to the district's own app, once; see `send`."""
    return hand(url, secret, message.message_id, msgspec.json.encode(message), patience_s)


def hand(url: str, secret: str, message_id: str, body: bytes, patience_s: float) -> Answer:
    """Send one signed request. Whatever happens is an answer."""
    receiver = read_url(url)
    if receiver is None:
        return Answer(None, "the address is none", 0)
    at = int(datetime.now(UTC).timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"fivered/{__version__}",
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": signature(secret, message_id, at, body),
    }
    deadlines = Deadlines()
    # A sender that sends a byte now and then would never meet a socket's own limit.
    end = threading.Timer(patience_s, partial(deadlines.enforce, everything=True))
    end.daemon = True
    end.start()
    line = Line(receiver, deadlines, most_s=patience_s)
    try:
        return line.post(headers, body)
    finally:
        end.cancel()
        line.close()
