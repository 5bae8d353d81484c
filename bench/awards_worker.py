"""One worker process of credit, as `fivered work credit` is, for the partitions that it is given.

`python -m bench.awards_worker 0 1 2 3` works on FIVERED_LEDGER_DATABASE_URL and FIVERED_BROKER_URL.
With PROFILE set to a path it leaves the profile of its handling thread there.
"""

from __future__ import annotations

import cProfile
import os
import signal
import sys
import threading

from bench import frame
from fivered.chassis import logs, topology
from fivered.chassis.runtime import Runtime
from fivered.chassis.subscriber import Subscriber
from fivered.chassis.work import Worker
from fivered.services.credit.service import Credit


def installation() -> topology.Installation:
    credit = topology.member_of(Credit)
    only = {"steward": credit.consumes["steward"]}
    return topology.Installation(
        {
            "credit": topology.Member("credit", {}, only),
            "steward": topology.Member("steward", dict.fromkeys(only["steward"], "internal")),
        }
    )


def profiled(subscriber: Subscriber, path: str) -> threading.Thread:
    def handle() -> None:
        profile = cProfile.Profile()
        profile.runcall(subscriber._handle)  # noqa: SLF001  the bench looks inside
        profile.dump_stats(path)

    return threading.Thread(target=handle, daemon=True)


def main() -> None:
    logs.configure("bench credit", "WARNING")
    partitions = {int(number) for number in sys.argv[1:]}
    runtime = Runtime.open(Credit, os.environ["FIVERED_LEDGER_DATABASE_URL"], environ=frame.ENVIRON)
    worker = Worker(runtime, os.environ["FIVERED_BROKER_URL"], installation())
    for subscriber in worker.subscribers:
        subscriber.queues = [q for q in subscriber.queues if q.partition in partitions]
        if path := os.environ.get("PROFILE"):
            subscriber.threads = (subscriber.threads[0], profiled(subscriber, path))
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    worker.start()
    stopping.wait()
    worker.stop()
    runtime.close()


if __name__ == "__main__":
    main()
