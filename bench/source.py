"""What publishes for bench.bus: a service as ours are, that says one fact.

`python -m bench.source` works on FIVERED_SOURCE_DATABASE_URL and FIVERED_BROKER_URL: its relay
sends what waits in the outbox.
"""

from __future__ import annotations

import os
import signal
import threading

from bench import ledger
from chassis import logs, topology
from chassis import storage as store
from chassis.bus import Service
from chassis.facts import fact
from chassis.runtime import Runtime
from chassis.work import Worker

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


def main() -> None:
    logs.configure("bench source", "WARNING")
    runtime = Runtime.open(Source, os.environ["FIVERED_SOURCE_DATABASE_URL"], environ=ENVIRON)
    worker = Worker(runtime, os.environ["FIVERED_BROKER_URL"], installation())
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    worker.start()
    stopping.wait()
    worker.stop()
    runtime.close()


if __name__ == "__main__":
    main()
