"""The subject of bench.subscribe: a service as ours are, with one set-based handler.

`python -m bench.ledger` works on FIVERED_LEDGER_DATABASE_URL and FIVERED_BROKER_URL.
"""

from __future__ import annotations

import os
import signal
import threading

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from fivered.chassis import logs, topology
from fivered.chassis import storage as store
from fivered.chassis.bus import Service, subscribe
from fivered.chassis.facts import reads
from fivered.chassis.messages import Event
from fivered.chassis.runtime import Runtime
from fivered.chassis.settings import database_variable
from fivered.chassis.transaction import Tx
from fivered.chassis.work import Worker

metadata = store.new_metadata()
chassis = store.chassis_tables(metadata)
entries = sa.Table(
    "entries",
    metadata,
    sa.Column("id", store.BigId, sa.Identity(), primary_key=True),
    sa.Column("event_id", store.Uuid, nullable=False),
    sa.Column("account", store.Id, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
)
balances = sa.Table(
    "balances",
    metadata,
    sa.Column("account", store.Id, primary_key=True),
    sa.Column("points", sa.BigInteger, nullable=False),
)


@reads("source", "awarded.v1")
class AwardedHeard:
    account: str
    points: int


class Ledger(Service):
    name = "ledger"
    tables = metadata

    @subscribe("source", AwardedHeard)
    def on_source(self, tx: Tx, heard: list[Event]) -> None:
        sums: dict[str, int] = {}
        for event in heard:
            sums[event.data.account] = sums.get(event.data.account, 0) + event.data.points
        enter(
            tx.conn,
            [{"event_id": e.id, "account": e.data.account, "points": e.data.points} for e in heard],
            [{"account": account, "points": points} for account, points in sorted(sums.items())],
        )


_ENTER = sa.text(
    "WITH entered AS (INSERT INTO entries (event_id, account, points) SELECT * FROM"
    " unnest(CAST(:ids AS uuid[]), CAST(:accounts AS varchar[]), CAST(:points AS bigint[])))"
    " INSERT INTO balances (account, points) SELECT * FROM"
    " unnest(CAST(:to AS varchar[]), CAST(:sums AS bigint[]))"
    " ON CONFLICT (account) DO UPDATE SET points = balances.points + excluded.points"
)


def enter(conn: sa.Connection, rows: list[store.Values], sums: list[store.Values]) -> None:
    """Write entries, and add to balances: one statement on PostgreSQL."""
    if store.is_postgresql(conn):
        asked = {
            "ids": [row["event_id"] for row in rows],
            "accounts": [row["account"] for row in rows],
            "points": [row["points"] for row in rows],
            "to": [one["account"] for one in sums],
            "sums": [one["points"] for one in sums],
        }
        conn.execute(_ENTER, asked)
        return
    conn.execute(entries.insert(), rows)
    adding = sqlite.insert(balances)
    adding = adding.on_conflict_do_update(
        index_elements=["account"], set_={"points": balances.c.points + adding.excluded.points}
    )
    conn.execute(adding, sums)


def installation() -> topology.Installation:
    return topology.Installation(
        {
            "ledger": topology.member_of(Ledger),
            "source": topology.Member("source", {"awarded.v1": "internal"}),
        }
    )


def work(service_cls: type[Service], whole: topology.Installation) -> None:
    """Be the worker of a service until SIGTERM; databases and broker stand in the environment."""
    logs.configure(f"bench {service_cls.name}", "WARNING")
    runtime = Runtime.open(
        service_cls,
        os.environ[database_variable(service_cls.name)],
        environ=os.environ | {"FIVERED_ACTOR_KEY": "k" * 32},
    )
    worker = Worker(runtime, os.environ["FIVERED_BROKER_URL"], whole)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    page = worker.page(runtime.process.health_port)
    page.start()
    worker.start()
    stopping.wait()
    worker.stop()
    page.stop()
    runtime.close()


if __name__ == "__main__":
    work(Ledger, installation())
