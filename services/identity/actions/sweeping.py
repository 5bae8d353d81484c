"""What is forgotten in time: sessions that ended, tries, keys of which no token counts."""

from __future__ import annotations

from datetime import datetime, timedelta

from fivered.chassis.bus import Due, Tx
from fivered.chassis.calendar import Calendar
from fivered.services.identity.actions import keys, telling
from fivered.services.identity.rules.tries import HERE
from fivered.services.identity.storage import accounts, sessions
from fivered.services.identity.storage.moments import real_now

KEPT = timedelta(days=30)
# Every gateway has asked long before.
TOLD = timedelta(hours=2)


def sweep(tx: Tx, _due: Due) -> None:
    """Forget what nobody can ask for any more, by real time; tell of rights that run out."""
    now = real_now()
    sessions.sweep(tx.conn, now - KEPT, now - TOLD)
    accounts.sweep_flows(tx.conn, now - TOLD)
    accounts.sweep_tries(tx.conn, now - KEPT)
    accounts.sweep_places(tx.conn, now - HERE)
    keys.sweep(tx)
    telling.running_out(tx)


def next_sweep(now: datetime, _calendar: Calendar) -> tuple[str, datetime]:
    """Return when it is done next: daily."""
    at = (now + timedelta(days=1)).replace(minute=17, second=0, microsecond=0)
    return f"{at:%Y-%m-%d}", at
