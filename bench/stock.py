"""The same work in nameko as it comes: `@event_handler`, psycopg2, one commit for each event.

`python -m bench.stock` works on FIVERED_LEDGER_DATABASE_URL and FIVERED_BROKER_URL.
"""

# ruff: noqa: E402  eventlet must patch the standard library before anything else is imported

import warnings

warnings.simplefilter("ignore")
import eventlet

if __name__ == "__main__":
    eventlet.monkey_patch()

import os
import signal

import psycopg2.pool
from nameko.containers import ServiceContainer
from nameko.events import event_handler
from nameko.extensions import DependencyProvider


class Pool(DependencyProvider):
    def setup(self):
        self.pool = psycopg2.pool.ThreadedConnectionPool(
            10, 10, os.environ["FIVERED_LEDGER_DATABASE_URL"]
        )

    def get_dependency(self, _worker_ctx):
        return self.pool


class Stock:
    name = "stock"
    pool = Pool()

    @event_handler("source", "awarded")
    def on_awarded(self, event):
        conn = self.pool.getconn()
        try:
            with conn, conn.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO inbox (handler, event_id, heard_at) VALUES ('stock', %s, now())"
                    " ON CONFLICT DO NOTHING",
                    (event["id"],),
                )
                if cursor.rowcount == 0:
                    return
                cursor.execute(
                    "INSERT INTO entries (event_id, account, points) VALUES (%s, %s, %s)",
                    (event["id"], event["account"], event["points"]),
                )
                cursor.execute(
                    "INSERT INTO balances (account, points) VALUES (%s, %s) ON CONFLICT (account)"
                    " DO UPDATE SET points = balances.points + excluded.points",
                    (event["account"], event["points"]),
                )
        finally:
            self.pool.putconn(conn)


def main():
    container = ServiceContainer(
        Stock, {"AMQP_URI": os.environ["FIVERED_BROKER_URL"], "max_workers": 10}
    )
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    container.start()
    container.wait()


if __name__ == "__main__":
    main()
