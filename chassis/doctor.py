"""`fivered doctor`: look at what is installed and configured here, and say what is wrong."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from chassis.bus import SYSTEM
from chassis.cli import database_variable
from chassis.installed import service_class, service_names
from chassis.migrate import current_of, newest_of, package_of
from chassis.runtime import Runtime
from chassis.settings import SettingsError

# None: nothing is wrong yet, and somebody has to do something before it is.
_MARKS: dict[bool | None, str] = {True: "ok  ", False: "BAD ", None: "WARN"}


def run(say: Callable[[str], None]) -> int:
    """Look at every installed service and at the broker. Returns 1 when something is wrong."""
    wrong = 0
    for name in service_names():
        for ok, text in _service(name):
            wrong += ok is False
            say(f"{_MARKS[ok]} {name}: {text}")
    ok, text = _broker(os.environ.get("FIVERED_BROKER_URL", ""))
    wrong += not ok
    say(f"{'ok  ' if ok else 'BAD '} broker: {text}")
    return 1 if wrong else 0


def _service(name: str) -> list[tuple[bool | None, str]]:
    url = os.environ.get(database_variable(name))
    if not url:
        return [(False, f"{database_variable(name)} is not set")]
    cls = service_class(name)
    try:
        runtime = Runtime.open(cls, url)
    except SettingsError as error:
        return [(False, problem) for problem in error.problems]
    try:
        current, head = current_of(runtime.engine, package_of(cls)), newest_of(package_of(cls))
        if current != head:
            return [
                (False, f"database is at {current}, the code at {head} (fivered migrate {name})")
            ]
        with runtime.snapshot(SYSTEM) as tx:
            card = runtime.health(tx)
    except sa.exc.SQLAlchemyError as error:
        return [(False, f"database: {str(error).splitlines()[0]}")]
    finally:
        runtime.close()
    return [
        (True, f"database is at {head}"),
        (card["outbox_oldest_s"] < 60, f"{card['outbox_unsent']} facts wait to leave"),
        (card["parked"] == 0, f"{card['parked']} events are parked (fivered parked list {name})"),
        (card["timers_late"] == 0, f"{card['timers_late']} timers are late"),
        _calendar(card["calendar"]),
    ]


def _calendar(card: dict[str, Any]) -> tuple[bool | None, str]:
    text = f"working days are known until {card['until']}"
    if not card["ends_soon"]:
        return True, text
    return None, f"{text}; later ones are provisional (fivered calendar load FILE)"


def _broker(url: str) -> tuple[bool, str]:
    if not url:
        return False, "FIVERED_BROKER_URL is not set"
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 5672), 3).close()
    except OSError as error:
        return False, f"{parts.hostname}:{parts.port}: {error}"
    return True, f"{parts.hostname}:{parts.port} accepts connections"
