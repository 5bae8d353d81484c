"""Logs: one JSON object per line on standard error, UTC, with event and trace ids.

Names, phones, tokens and keys never stand in a log: modules pass ids as `extra` fields.
"""

from __future__ import annotations

import functools
import logging
import os
import sys
from datetime import UTC, datetime

import msgspec

from fivered.chassis import telemetry
from fivered.chassis.json_values import JsonObject
from fivered.chassis.settings import SettingsError

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# What a line says of itself. A field of the same name stands beside it as `extra_NAME`.
_OWN = frozenset({"at", "level", "unit", "logger", "event", "trace"})
_HIDDEN = ("authorization", "password", "secret", "token", "phone", "actor_key")


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self.unit = unit

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: JsonObject = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "unit": self.unit,
            "logger": record.name,
            "event": record.getMessage(),
        }
        for name, value in vars(record).items():
            if name not in _STANDARD and (told := _told(name)) is not None:
                line[told[0]] = "***" if told[1] else value
        if "trace_id" not in line and (trace := telemetry.current.get()) is not None:
            line |= {"trace_id": trace.trace_id, "span_id": trace.span_id}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)[-6000:]
        return msgspec.json.encode(line, enc_hook=str).decode()


@functools.cache
def _told(name: str) -> tuple[str, bool] | None:
    """Return how a field is called in a line, and whether its value is hidden; None where it is
    nobody's business. Modules name few fields, and each of them in thousands of lines."""
    if name.startswith("_"):
        return None
    hidden = any(word in name.lower() for word in _HIDDEN)
    return f"extra_{name}" if name in _OWN else name, hidden


_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def configure(unit: str, level: str = "INFO") -> None:
    """Send every log of this process to standard error as JSON.

    Args:
        unit: What this process is, e.g. "NAME work".
        level: Least level that is written, where `FIVERED_LOG_LEVEL` does not say it.

    Raises:
        SettingsError: There is no such level.
    """
    level = os.environ.get("FIVERED_LOG_LEVEL") or level
    if level.upper() not in _LEVELS:
        raise SettingsError([f"FIVERED_LOG_LEVEL must be one of {', '.join(_LEVELS)}"])
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(unit))
    # No line names its thread, its process or its place in the code, and to find these out costs
    # as much as the line itself.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001  as the manual says ("Optimization")
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Seals of the audit are kept outside of the database: the log has them whatever its level.
    logging.getLogger("fivered.audit").setLevel("INFO")
    # pika tells every refused connection nine times; the hosts say it once, in their own words.
    logging.getLogger("pika").setLevel("CRITICAL")
    for noisy in ("amqp", "kombu", "nameko", "alembic", "httpx", "httpcore"):
        logging.getLogger(noisy).setLevel("WARNING")
