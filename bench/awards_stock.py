"""Awards in nameko as it comes: `@event_handler`, psycopg2, one commit for each event.

`python -m bench.awards_stock` works on FIVERED_LEDGER_DATABASE_URL and FIVERED_BROKER_URL.
"""

# ruff: noqa: E402  eventlet must patch the standard library before anything else is imported

import warnings

warnings.simplefilter("ignore")
import eventlet

if __name__ == "__main__":
    eventlet.monkey_patch()

import json
import os
import signal
import uuid
import zlib

from nameko.containers import ServiceContainer
from nameko.events import event_handler

from bench import awards_sql as sql
from bench.stock import Pool


def effect(cursor, fact, event):
    """Take one event into effect."""
    cursor.execute(sql.INBOX, ([event["id"]],))
    if not cursor.fetchall():
        return
    shard = zlib.crc32(event["id"].encode()) % 4
    row = sql.base(event["id"], fact, event["data"], event["time"], event["scope"], shard)

    def run(statement):
        cursor.execute(statement, (json.dumps([row]),))

    run(sql.FACTS)
    subject = [row["subject"]]
    if row["kind"] == "STW":
        run(sql.SUBJECTS)
        cursor.execute(sql.LOCK, (subject,))
        cursor.execute(sql.USED, (subject,))
        sql.rate(row, {found[0]: (int(found[1]), int(found[2])) for found in cursor.fetchall()})
    else:
        cursor.execute(sql.CONSENTED, (subject,))
        if not cursor.fetchall():
            return
        cursor.execute(sql.LOCK, (subject,))
        cursor.execute(sql.HOURS_USED, (subject,))
        totals = {found[0]: (int(found[1]), int(found[2] or 0)) for found in cursor.fetchall()}
        run(sql.HOURS)
        sql.count_hours(row, totals)
    run(sql.AWARDS)
    if row["points"]:
        row["posting_id"] = str(uuid.uuid4())
        run(sql.POSTINGS)
        run(sql.LINES)
        run(sql.PENDINGS)
        run(sql.SYSTEM)


class Stock:
    name = "stock"
    pool = Pool()

    @event_handler("steward", "request_rated.v1")
    def on_rated(self, event):
        self._hear("request_rated.v1", event)

    @event_handler("steward", "volunteer_hours_confirmed.v1")
    def on_hours(self, event):
        self._hear("volunteer_hours_confirmed.v1", event)

    def _hear(self, fact, event):
        conn = self.pool.getconn()
        try:
            with conn, conn.cursor() as cursor:
                effect(cursor, fact, event)
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
