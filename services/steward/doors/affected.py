"""Timers by which people are told of what was announced where they live."""

from __future__ import annotations

from fivered.chassis.table import timer
from fivered.services.steward.actions import affected

doors = (
    timer(affected.NEAR, affected.on_announced),
    timer(affected.MOVED, affected.on_moved),
    timer(affected.OVER, affected.on_over),
    timer(affected.OFF, affected.on_off),
)
