"""What publishes for bench.bus: a service as ours are, that says one fact.

`python -m bench.source` works on FIVERED_SOURCE_DATABASE_URL and FIVERED_BROKER_URL: its relay
sends what waits in the outbox.
"""

from __future__ import annotations

from bench import ledger
from fivered.chassis import storage as store
from fivered.chassis import topology
from fivered.chassis.bus import Service
from fivered.chassis.facts import fact

metadata = store.new_metadata()
chassis = store.chassis_tables(metadata)
ENVIRON = {"FIVERED_ACTOR_KEY": "k" * 32}


@fact("awarded.v1", about="account")
class Awarded:
    account: str
    points: int


class Source(Service):
    name = "source"
    tables = metadata
    publishes = (Awarded,)


def installation() -> topology.Installation:
    return topology.Installation(
        {"ledger": topology.member_of(ledger.Ledger), "source": topology.member_of(Source)}
    )


if __name__ == "__main__":
    ledger.work(Source, installation())
