"""A person is given the own data: noted as every look at a person, and a few times a day."""

from __future__ import annotations

import logging
from datetime import timedelta

from fivered.chassis.bus import Tx
from fivered.chassis.own_data import DOOR
from fivered.services.steward import storage
from fivered.services.steward.errors import OwnDataLimit

log = logging.getLogger("fivered.steward")

# So often a day a person is given all of the own data.
PER_DAY = 5


def note(tx: Tx) -> None:
    """Note that the caller is given the own data.

    Raises:
        OwnDataLimit: There was enough today.
    """
    today = tx.calendar.local_date(tx.now)
    since = tx.calendar.midnight(today)
    if storage.people.reads_since(tx.conn, tx.actor.id, DOOR, since) >= PER_DAY:
        again = tx.calendar.midnight(today + timedelta(days=1))
        log.warning("own_data_limit", extra={"service": "steward", "actor": tx.actor.id})
        raise OwnDataLimit(
            limit=PER_DAY,
            again=tx.calendar.minute(again),
            seconds=int((again - tx.now).total_seconds()),
        )
    row = storage.people.person(tx.conn, tx.actor.id)
    storage.people.write_reads(
        tx.conn, tx.actor, [row] if row else [], at=tx.now, door=DOOR, why="SELF", reason=None
    )
