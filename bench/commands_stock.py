"""Commands in nameko as it comes: an `@http` gateway, RpcProxy, a service with psycopg2.

`python -m bench.commands_stock gateway|service` works on FIVERED_LEDGER_DATABASE_URL,
FIVERED_BROKER_URL and PORT. After the commit the fact is dispatched as an event (a dual write).
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
import sys
import uuid
from datetime import UTC, datetime

from nameko.containers import ServiceContainer
from nameko.events import EventDispatcher
from nameko.rpc import RpcProxy, rpc
from nameko.web.handlers import http

from bench import commands_sql as sql
from bench.stock import Pool


class Gateway:
    name = "gateway"
    service = RpcProxy("requests")

    @http("POST", "/requests")
    def submit(self, request):
        return 201, json.dumps(self.service.submit(json.loads(request.get_data())))

    @http("POST", "/requests/<string:request_id>/urge")
    def urge(self, request, request_id):
        return 200, json.dumps(self.service.urge(request_id, json.loads(request.get_data())))


class Requests:
    name = "requests"
    pool = Pool()
    say = EventDispatcher()

    @rpc
    def submit(self, order):
        request_id, day = f"req_{uuid.uuid4()}", datetime.now(UTC).strftime("%Y%m%d")
        community = order["grid"][:12]
        conn = self.pool.getconn()
        try:
            with conn, conn.cursor() as cursor:

                def run(statement, *values):
                    cursor.execute(sql.psycopg(statement), sql.params(*values))
                    return cursor.fetchone() if cursor.description else None

                assert run(sql.GRID, order["grid"])
                number = f"SR-{day}-{community[-6:]}-{run(sql.NUMBER, day, community)[0]:05d}"
                handler = run(sql.CHOOSE, community)[0]
                run(sql.TAKE, handler)
                run(sql.INSERT, *sql.request_of(request_id, number, order, handler))
                run(sql.CLOCKS, request_id)
                run(sql.SUBMITTED, request_id)
        finally:
            self.pool.putconn(conn)
        self.say("request_submitted", order | {"request_id": request_id, "number": number})
        return {"id": request_id, "number": number, "state": "DISPATCHED", "version": 2}

    @rpc
    def urge(self, request_id, order):
        conn = self.pool.getconn()
        try:
            with conn, conn.cursor() as cursor:
                asked = sql.params(request_id)
                cursor.execute(sql.psycopg(sql.LOCK), asked)
                state, reporter, _urged, version = cursor.fetchone()
                assert (state, reporter) == ("DISPATCHED", order["reporter_id"])
                cursor.execute(sql.psycopg(sql.URGE), asked)
                cursor.execute(sql.psycopg(sql.URGED), sql.params(request_id, version + 1))
        finally:
            self.pool.putconn(conn)
        return {"id": request_id, "state": state, "version": version + 1}


def main():
    kind = {"gateway": Gateway, "service": Requests}[sys.argv[1]]
    address = f"127.0.0.1:{os.environ['PORT']}"
    config = {"AMQP_URI": os.environ["FIVERED_BROKER_URL"], "WEB_SERVER_ADDRESS": address}
    container = ServiceContainer(kind, config | {"max_workers": 10})
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    container.start()
    container.wait()


if __name__ == "__main__":
    main()
