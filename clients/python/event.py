"""One fact as it comes off the wire: CloudEvents 1.0, structured mode, JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_OURS = frozenset(
    {
        "id", "source", "type", "subject", "time", "recordedat", "sequence", "scope", "period",
        "correlationid", "causationid", "specversion", "datacontenttype", "data",
    }
)  # fmt: skip


class Unreadable(ValueError):
    """The bytes are no event; the message says why."""


@dataclass(frozen=True, slots=True)
class Event:
    """One fact.

    Attributes:
        id: The same fact has the same id, however often it comes.
        type: "<service>.<fact>.v<n>".
        subject: Id of what the fact is about; facts about one subject come in order.
        time: When it happened.
        recorded_at: When the service stored it.
        scope: Area code, 6, 9, 12 or 15 digits.
        period: Local month "YYYY-MM" of `time`.
        sequence: Increases with every change of the subject; not gap-free.
        data: The fact's own members.
        extensions: Attributes of the envelope that this version does not know.
    """

    id: str
    type: str
    source: str
    subject: str
    time: datetime
    recorded_at: datetime | None
    scope: str
    period: str
    sequence: int
    correlation_id: str | None
    causation_id: str | None
    data: Mapping[str, Any]
    extensions: Mapping[str, Any] = field(default_factory=dict)

    @property
    def service(self) -> str:
        """The service that says it."""
        return self.type.partition(".")[0]

    @property
    def fact(self) -> str:
        """The type without the service, e.g. "request_resolved.v1"."""
        return self.type.partition(".")[2]


def decode(body: bytes) -> Event:
    """Read an event.

    Raises:
        Unreadable: It is not JSON, no CloudEvent 1.0, or lacks what every fact has.
    """
    try:
        found = json.loads(body)
    except (ValueError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"not JSON: {error}") from error
    if not isinstance(found, dict) or found.get("specversion") != "1.0":
        raise Unreadable("no CloudEvent of version 1.0")
    data = found.get("data")
    if not isinstance(data, dict):
        raise Unreadable("data is no object")
    return Event(
        id=_text(found, "id"),
        type=_text(found, "type"),
        source=_text(found, "source"),
        subject=_text(found, "subject"),
        time=_instant(found, "time"),
        recorded_at=_instant(found, "recordedat") if found.get("recordedat") else None,
        scope=str(found.get("scope") or ""),
        period=str(found.get("period") or ""),
        sequence=_number(found.get("sequence")),
        correlation_id=found.get("correlationid"),
        causation_id=found.get("causationid"),
        data=data,
        extensions={name: value for name, value in found.items() if name not in _OURS},
    )


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise Unreadable(f"{name} is missing")
    return value


def _instant(found: Mapping[str, Any], name: str) -> datetime:
    try:
        at = datetime.fromisoformat(_text(found, name))
    except ValueError as error:
        raise Unreadable(f"{name} is no time") from error
    if at.tzinfo is None:
        raise Unreadable(f"{name} has no zone")
    return at


def _number(value: Any) -> int:
    try:
        return int(value or 0)
    except (TypeError, ValueError) as error:
        raise Unreadable("sequence is no number") from error
