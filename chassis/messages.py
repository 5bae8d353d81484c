"""What goes in and out of a service: calls, events, timers, and who acts.

Values only. Every other module of the bus stands on these and none of them stands below.
"""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

import msgspec
import uuid_utils

from fivered.chassis.json_values import JsonObject
from fivered.chassis.typed import decoder

# What a service has written for itself and reads again: it knows the types.
Members: TypeAlias = dict[str, Any]

ANY_ROLE = "*"
PUBLIC = "PUBLIC"
# A door of who is signed in, whatever roles that person has: one's own account. It is the acting
# role there, too, and acts nowhere else.
SELF = "SELF"
SYSTEM_ROLE = "R_SYSTEM"
ANONYMOUS_ROLE = "R_ANONYMOUS"
PARTITIONS = 4


def partition_of(subject: str, partitions: int = PARTITIONS) -> int:
    """Return the partition of an aggregate: stable over processes and releases."""
    return zlib.crc32(subject.encode()) % partitions


def new_uuid() -> str:
    """Return a UUIDv7 as text."""
    return str(uuid_utils.uuid7())


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, in which role, and where.

    Attributes:
        id: The person, or "" for a caller without a token, or "system".
        role: The acting role.
        scope: Unpadded area code; the role acts on that area and what lies in it.
        session: The session in which the person is signed in; empty without one.
        address: The network address from which the call came; empty for the system.
    """

    id: str
    role: str
    scope: str
    session: str = ""
    address: str = ""

    @property
    def is_service_account(self) -> bool:
        """Tell whether this is another system, not a person."""
        return self.id.startswith("svc_")

    def covers(self, area: str) -> bool:
        """Tell whether `area` lies in the actor's scope."""
        return area.startswith(self.scope)


SYSTEM = Actor("system", SYSTEM_ROLE, "")


# What If-Match says that the caller has seen: one version, several ("3,4"), or any ("*").
Seen = int | str
ANY_VERSION = "*"


def has_seen(seen: Seen, version: int) -> bool:
    """Tell whether a version is one that the caller says was seen."""
    return seen == ANY_VERSION or str(version) in str(seen).split(",")


@dataclass(frozen=True, slots=True)
class Call:
    """One command or query as a host received it."""

    method: str
    body: JsonObject
    actor: Actor
    key: str | None = None
    version: Seen | None = None
    lang: str = "zh"
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """The reply of a command whose key was used before: nothing was done this time."""

    reply: object


@dataclass(frozen=True, slots=True)
class Event:
    """One event, its data read into the subscriber's own type.

    Attributes:
        data: An instance of the reader type that was named in `@subscribe`.
        partition: The partition of the source in which it arrived.
        traceparent: For what it is taken into effect.
    """

    id: str
    fact: str
    source: str
    subject: str
    occurred_at: datetime
    recorded_at: datetime
    sequence: int
    scope: str
    period: str
    actor_id: str | None
    actor_role: str
    correlation_id: str
    partition: int
    data: Any
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """A timer that has come due."""

    kind: str
    ref: str
    due_at: datetime
    data: Members = field(default_factory=dict)


def is_uuid(text: str) -> bool:
    """Tell whether text is a UUID."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


class Reader:
    """How one fact is read: the method that hears it and the decoder of its data."""

    __slots__ = ("decoder", "method", "type")

    def __init__(self, method: str, kind: type) -> None:
        self.method = method
        self.type = kind
        self.decoder: msgspec.json.Decoder[object] = decoder(kind)


@dataclass(frozen=True, slots=True)
class Projection:
    """Tables that one subscription keeps and that can be read again from their source.

    Attributes:
        name: What an operator calls it.
        source: The service whose facts it keeps.
        handler: The method that hears them; it does nothing else.
        tables: Names of the tables that are emptied first.
    """

    name: str
    source: str
    handler: str
    tables: tuple[str, ...]


@dataclass(frozen=True)
class Move:
    """One deadline that is later now.

    Attributes:
        what: Kind of its timer, or the name of what has none.
        ref: What it belongs to, as its timer names it.
        rows: Table name and row, as it stands now, of whatever shows the deadline.
    """

    what: str
    ref: str
    before: datetime
    after: datetime
    data: Mapping[str, object] = field(default_factory=dict)
    rows: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
