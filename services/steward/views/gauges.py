"""What an operator sees of messages that go out."""

from __future__ import annotations

from collections.abc import Iterator

from fivered.chassis.bus import Tx
from fivered.chassis.metrics import Sample, gauge
from fivered.services.steward.rules import deliveries as limits
from fivered.services.steward.storage import deliveries

DELIVERIES = gauge(
    "fivered_steward_deliveries",
    "Messages to phones and mailboxes that wait (WAITING) or were given up (DEAD)",
    "state",
    "channel",
)


def gauges(tx: Tx) -> Iterator[Sample]:
    """Return how many messages wait, and how many were given up, by channel."""
    counts = deliveries.standing(tx.conn)
    for state in ("WAITING", "DEAD"):
        for channel in limits.CHANNELS:
            yield DELIVERIES, (state, channel), float(counts.get((state, channel), 0))


def looked_at(tx: Tx) -> Iterator[tuple[bool | None, str]]:
    """Tell the doctor how many messages were given up."""
    dead = sum(many for (state, _), many in deliveries.standing(tx.conn).items() if state == "DEAD")
    if dead:
        yield None, f"{dead} messages could not be delivered (GET /v1/steward/message-deliveries)"
