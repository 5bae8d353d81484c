"""A session as a calendar entry (RFC 5545)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta


def _escape(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return plain.replace("\r\n", "\n").replace("\n", "\\n")


def _fold(line: str) -> list[str]:
    """Fold a line at 75 octets without cutting a character (RFC 5545, 3.1)."""
    parts, part, size = [], "", 0
    for char in line:
        octets = len(char.encode())
        if size + octets > 75:
            parts.append(part)
            part, size = " ", 1
        part += char
        size += octets
    return [*parts, part]


def icalendar(
    *,
    session_id: str,
    start: datetime,
    place: str,
    titles: Sequence[str],
    version: int,
    stamp: datetime,
    cancelled: bool,
) -> str:
    """Return a session as an iCalendar text (RFC 5545) of two hours' length."""
    end = start + timedelta(hours=2)
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Five Red//forum//ZH",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{session_id}@fivered",
        f"SEQUENCE:{version}",
        f"DTSTAMP:{stamp.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART:{start.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTEND:{end.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"SUMMARY:{_escape('协商会:' + '、'.join(titles))}",
        f"LOCATION:{_escape(place)}",
        f"STATUS:{'CANCELLED' if cancelled else 'CONFIRMED'}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "\r\n".join(part for line in lines for part in _fold(line)) + "\r\n"
