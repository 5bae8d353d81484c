"""The outer shape of every event: CloudEvents 1.0, structured mode, as JSON.

The attributes are frozen in `contracts/envelope.v1.json`. `data` is left undecoded, so that each
subscriber reads it straight into its own type.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from fivered.chassis.typed import decoder

# The broker of `deploy` takes 1 MiB and ends the connection of who sends more.
MOST_BYTES = 1024 * 1024
CONTENT_TYPE = "application/cloudevents+json"


class Unreadable(ValueError):
    """The bytes are no event of this house; the message says what is wrong and where."""


class Envelope(msgspec.Struct, frozen=True, omit_defaults=False, kw_only=True):
    """One event.

    Attributes:
        id: UUID of the event; the key of every inbox.
        source: "/fivered/<service>".
        type: "<service>.<fact>.v<n>".
        subject: Id of the aggregate that the event is about.
        time: When it happened (domain time, UTC).
        recordedat: When the producer stored it.
        sequence: Zero-padded version of the aggregate's row: increasing, not gap-free.
        scope: Area code, 6, 9, 12 or 15 digits.
        period: Local month "YYYY-MM" of `time`.
        data: The fact itself, as JSON.
    """

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    recordedat: datetime
    aggregatetype: str
    sequence: str
    scope: str
    period: str
    correlationid: str
    causationid: str | None = None
    actorrole: str = "R_SYSTEM"
    actorid: str | None = None
    traceparent: str | None = None
    specversion: str = "1.0"
    datacontenttype: str = "application/json"
    data: msgspec.Raw

    @property
    def fact(self) -> str:
        """The type without the service's name, e.g. "request_rated.v1"."""
        return self.type.partition(".")[2]

    @property
    def service(self) -> str:
        """The service that says it."""
        return self.source.rpartition("/")[2]


_decoder = decoder(Envelope)
_encoder = msgspec.json.Encoder()


def encode(envelope: Envelope) -> bytes:
    """Return the JSON bytes of an event."""
    return _encoder.encode(envelope)


def raw(fact: object) -> msgspec.Raw:
    """Return a fact (a dataclass of plain types) as undecoded JSON."""
    return msgspec.Raw(_encoder.encode(fact))


def decode(body: bytes) -> Envelope:
    """Read the bytes of an event.

    Raises:
        Unreadable: Not JSON, an attribute is missing or wrong, or another CloudEvents version.
    """
    try:
        envelope = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable(str(error)) from error
    if envelope.specversion != "1.0":
        raise Unreadable(f"specversion {envelope.specversion!r} is not 1.0 - at `$.specversion`")
    if not envelope.id or not envelope.subject or envelope.time.tzinfo is None:
        raise Unreadable("id and subject must not be empty and time needs a zone")
    return envelope
