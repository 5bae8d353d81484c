"""Events into effect: `@subscribe` beside stock nameko and beside a consumer written by hand.

`python -m bench.subscribe [--events 20000]` starts a private RabbitMQ and PostgreSQL, brings the
same events (inbox row, entry, balance of one of 200 accounts) through each of the three, one after
the other, checks that each did all of the work once, and prints the rates and both ratios.

Everything waits in the queues before a consumer starts; a rate is measured from the first effect
to the last, so that starting a process costs nobody anything. Ours and the hand-written one read
four quorum queues; stock nameko reads its own classic queue, as it would.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import uuid
from pathlib import Path

import msgspec
import pika
import psycopg
import sqlalchemy as sa

from bench import frame, ledger
from fivered.chassis import broker, topology
from fivered.chassis import envelope as env
from fivered.chassis.messages import new_uuid, partition_of
from testkit import servers

ACCOUNTS = 200


def bodies_of(count: int) -> list[tuple[str, bytes]]:
    """Return (account, CloudEvent) of each event."""
    found = []
    for number in range(count):
        account = f"acc_{number % ACCOUNTS}"
        found.append(
            (
                account,
                msgspec.json.encode(
                    {
                        "specversion": "1.0",
                        "id": new_uuid(),
                        "source": "/fivered/source",
                        "type": "source.awarded.v1",
                        "subject": account,
                        "time": "2025-03-03T01:00:00Z",
                        "recordedat": "2025-03-03T01:00:00Z",
                        "aggregatetype": "account",
                        "sequence": f"{number:020d}",
                        "scope": "370811015901",
                        "period": "2025-03",
                        "correlationid": str(uuid.uuid4()),
                        "datacontenttype": "application/json",
                        "data": {"account": account, "points": number % 7},
                    }
                ),
            )
        )
    return found


def publish(url: str, exchange: str, messages: list[tuple[str, bytes]], content_type: str) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    properties = pika.BasicProperties(content_type=content_type, delivery_mode=2)
    for key, body in messages:
        channel.basic_publish(exchange, key, body, properties)
    # A round trip behind the last of them: all have arrived.
    channel.queue_declare("", exclusive=True)
    connection.close()


def measure(module: str, url: str, database: str, count: int, points: int) -> float:
    """Run one consumer on a fresh set of tables and return events per second."""
    process = servers.spawn(
        [sys.executable, "-m", module],
        cwd=Path(__file__).resolve().parents[1],
        env=os.environ | {"FIVERED_LEDGER_DATABASE_URL": database, "FIVERED_BROKER_URL": url},
    )
    try:
        with psycopg.connect(database, autocommit=True) as conn:
            first = 0
            began = ended = 0.0
            while True:
                done = conn.execute("SELECT count(*) FROM entries").fetchone()[0]
                now = time.monotonic()
                if done and not first:
                    first, began = done, now
                if done >= count:
                    ended = now
                    break
                if process.poll() is not None:
                    raise SystemExit(f"{module} ended with {process.returncode}")
                time.sleep(0.01)
            entered = conn.execute("SELECT count(DISTINCT event_id), sum(points) FROM entries")
            balance = conn.execute("SELECT sum(points) FROM balances").fetchone()[0]
            assert entered.fetchone() == (count, points), f"{module} did not do the work once"
            assert balance == points, f"{module} has wrong balances"
    finally:
        frame.end(process)
    return (count - first) / max(ended - began, 1e-9)


def fresh_tables(postgres: servers.Postgres, name: str) -> str:
    database = postgres.create_database(name)
    engine = sa.create_engine(sa.make_url(database).set(drivername="postgresql+psycopg"))
    ledger.metadata.create_all(engine)
    engine.dispose()
    return database


def prepare_stock(url: str, messages: list[tuple[str, bytes]]) -> None:
    """Queue the events as nameko's own dispatcher would have."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    queue = "evt-source-awarded--stock.on_awarded"
    channel.exchange_declare("source.events", "topic", durable=True, auto_delete=False)
    channel.queue_declare(queue, durable=True)
    channel.queue_bind(queue, "source.events", "awarded")
    connection.close()
    plain = []
    for _, body in messages:
        event = json.loads(body)
        plain.append(("awarded", json.dumps({"id": event["id"], **event["data"]}).encode()))
    publish(url, "source.events", plain, "application/json")


def prepare_partitions(url: str, name: str, messages: list[tuple[str, bytes]]) -> None:
    heard = topology.member_of(ledger.Ledger).consumes
    broker.apply(
        url,
        topology.Installation(
            {
                name: topology.Member(name, {}, heard),
                "source": topology.Member("source", {"awarded.v1": "internal"}),
            }
        ),
    )
    keyed = [(f"awarded.v1.{partition_of(account)}", body) for account, body in messages]
    publish(url, "source.events", keyed, env.CONTENT_TYPE)


def run(count: int) -> dict[str, float]:
    """Measure all three on private servers; returns their rates."""
    messages = bodies_of(count)
    points = sum(number % 7 for number in range(count))
    postgres = servers.Postgres(durable=True)
    rabbit = servers.Rabbit()
    rates = {}
    try:
        postgres.start()
        rabbit.start()
        for name in ("stock", "ledger", "hand"):
            url = rabbit.new_vhost()
            if name == "stock":
                prepare_stock(url, messages)
            else:
                prepare_partitions(url, name, messages)
            rates[name] = measure(f"bench.{name}", url, fresh_tables(postgres, name), count, points)
            rabbit.delete_vhost(url)
    finally:
        rabbit.stop()
        postgres.stop()
    return rates


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    try:
        servers.require()
    except servers.ServerMissing as error:
        print(error, file=sys.stderr)
        return 1
    rates = run(given.events)
    figures = {
        "events": given.events,
        "stock_nameko_per_s": round(rates["stock"]),
        "subscribe_per_s": round(rates["ledger"]),
        "hand_written_per_s": round(rates["hand"]),
        "times_stock": round(rates["ledger"] / rates["stock"], 2),
        "of_hand_written": round(rates["ledger"] / rates["hand"], 2),
    }
    if given.json:
        print(json.dumps(figures))
        return 0
    for name, value in figures.items():
        print(f"{name:20} {value:>10}")
    print("expected: times_stock at least 4, of_hand_written at least 0.4")
    return 0 if figures["times_stock"] >= 4 and figures["of_hand_written"] >= 0.4 else 2


if __name__ == "__main__":
    sys.exit(main())
