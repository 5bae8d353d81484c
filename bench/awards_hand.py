"""Awards by hand for speed: pika, psycopg, a dozen set-based statements a batch, one thread.

No envelope is checked, nothing is parked or tried again, the rules are written into the code.
`python -m bench.awards_hand` works on FIVERED_LEDGER_DATABASE_URL and FIVERED_BROKER_URL.
"""

import os

import msgspec
import pika
import psycopg
import uuid_utils

from bench import awards_sql as sql

BATCH = 500


def effect(conn, bodies):
    """Take a batch into effect, in one transaction."""
    events = [msgspec.json.decode(body) for _, _, body in bodies]
    shards = [shard for _, shard, _ in bodies]
    cursor = conn.cursor()

    def run(statement, rows):
        if rows:
            cursor.execute(statement, (msgspec.json.encode(rows).decode(),))

    cursor.execute(sql.INBOX, ([event["id"] for event in events],))
    fresh = {str(row[0]) for row in cursor.fetchall()}
    rows = [
        sql.base(e["id"], e["type"].partition(".")[2], e["data"], e["time"], e["scope"], shard)
        for e, shard in zip(events, shards, strict=True)
        if e["id"] in fresh
    ]
    run(sql.FACTS, rows)
    ratings = [row for row in rows if row["kind"] == "STW"]
    hours = [row for row in rows if row["kind"] == "RES"]
    run(sql.SUBJECTS, rows)
    people = sorted({row["subject"] for row in rows})
    cursor.execute(sql.LOCK, (people,))
    cursor.execute(sql.USED, ([row["subject"] for row in ratings],))
    used = {row[0]: (int(row[1]), int(row[2])) for row in cursor.fetchall()}
    for row in ratings:
        sql.rate(row, used)
    residents = [row["subject"] for row in hours]
    cursor.execute(sql.CONSENTED, (residents,))
    consented = {row[0] for row in cursor.fetchall()}
    hours = [row for row in hours if row["subject"] in consented]
    cursor.execute(sql.HOURS_USED, (residents,))
    totals = {row[0]: (int(row[1]), int(row[2] or 0)) for row in cursor.fetchall()}
    run(sql.HOURS, hours)
    for row in hours:
        sql.count_hours(row, totals)
    rows = ratings + hours
    run(sql.AWARDS, rows)
    paid = [row for row in rows if row["points"]]
    for row in paid:
        row["posting_id"] = str(uuid_utils.uuid7())
        del row["data"]
    run(sql.POSTINGS, paid)
    run(sql.LINES, paid)
    run(sql.PENDINGS, paid)
    run(sql.SYSTEM, paid)
    conn.commit()


def main():
    database = psycopg.connect(os.environ["FIVERED_LEDGER_DATABASE_URL"])
    connection = pika.BlockingConnection(pika.URLParameters(os.environ["FIVERED_BROKER_URL"]))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=BATCH)
    arrived = []
    for partition in range(4):
        channel.basic_consume(
            f"hand.steward.{partition}",
            lambda _ch, method, _p, body, at=partition: arrived.append(
                (method.delivery_tag, at, body)
            ),
        )
    while True:
        connection.process_data_events(time_limit=1)
        while arrived:
            batch, arrived[:BATCH] = arrived[:BATCH], []
            effect(database, batch)
            channel.basic_ack(batch[-1][0], multiple=True)


if __name__ == "__main__":
    main()
