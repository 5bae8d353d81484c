"""The same work written by hand for speed: pika, psycopg, one PostgreSQL-only statement a batch.

No schema check, no parking, no retries, no second thread: the limit of one Python consumer.
`python -m bench.hand` works on FIVERED_LEDGER_DATABASE_URL and FIVERED_BROKER_URL.
"""

import json
import os

import pika
import psycopg

STATEMENT = """
WITH batch AS (
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::bigint[]) AS t (event_id, account, points)),
new AS (
    INSERT INTO inbox (handler, event_id, heard_at) SELECT 'hand', event_id, now() FROM batch
    ON CONFLICT DO NOTHING RETURNING event_id),
fresh AS (SELECT * FROM batch JOIN new USING (event_id)),
entered AS (
    INSERT INTO entries (event_id, account, points) SELECT event_id, account, points FROM fresh)
INSERT INTO balances (account, points)
SELECT account, sum(points) FROM fresh GROUP BY account ORDER BY account
ON CONFLICT (account) DO UPDATE SET points = balances.points + excluded.points
"""


def main():
    database = psycopg.connect(os.environ["FIVERED_LEDGER_DATABASE_URL"], autocommit=True)
    connection = pika.BlockingConnection(pika.URLParameters(os.environ["FIVERED_BROKER_URL"]))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=500)
    arrived = []
    for partition in range(4):
        channel.basic_consume(
            f"hand.source.{partition}",
            lambda _ch, method, _p, body: arrived.append((method.delivery_tag, body)),
        )
    while True:
        connection.process_data_events(time_limit=1)
        while arrived:
            batch, arrived[:500] = arrived[:500], []
            events = [json.loads(body) for _, body in batch]
            database.execute(
                STATEMENT,
                (
                    [event["id"] for event in events],
                    [event["data"]["account"] for event in events],
                    [event["data"]["points"] for event in events],
                ),
            )
            channel.basic_ack(batch[-1][0], multiple=True)


if __name__ == "__main__":
    main()
