"""Commands in FastAPI and FastStream with asyncpg; after the commit the fact is published (a dual
write).

`python -m bench.commands_fast gateway|service|one` works on FIVERED_LEDGER_DATABASE_URL,
FIVERED_BROKER_URL and PORT. `gateway` asks `service` over the bus; `one` is both in one process.
"""

import asyncio
import logging
import os
import sys
import uuid
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg
import uvicorn
from fastapi import FastAPI
from faststream import FastStream
from faststream.rabbit import RabbitBroker, RabbitExchange
from pydantic import BaseModel

from bench import commands_sql as sql


class Order(BaseModel):
    channel: str
    kind: str
    category: str
    grid: str
    text: str
    reporter_id: str


class Urge(BaseModel):
    reporter_id: str
    request_id: str = ""


broker = RabbitBroker(os.environ["FIVERED_BROKER_URL"])
events = RabbitExchange("fast.events", durable=True)
app = FastAPI()


async def submit(order: Order):
    request_id, day = f"req_{uuid.uuid4()}", datetime.now(UTC).strftime("%Y%m%d")
    community = order.grid[:12]
    async with app.state.pool.acquire() as conn, conn.transaction():
        assert await conn.fetchval(sql.GRID, order.grid)
        last = await conn.fetchval(sql.NUMBER, day, community)
        number = f"SR-{day}-{community[-6:]}-{last:05d}"
        handler = await conn.fetchval(sql.CHOOSE, community)
        await conn.execute(sql.TAKE, handler)
        row = sql.request_of(request_id, number, order.model_dump(), handler)
        await conn.execute(sql.INSERT, *row)
        await conn.execute(sql.CLOCKS, request_id)
        await conn.execute(sql.SUBMITTED, request_id)
    said = order.model_dump() | {"request_id": request_id, "number": number}
    await broker.publish(said, exchange=events, routing_key="request_submitted")
    return {"id": request_id, "number": number, "state": "DISPATCHED", "version": 2}


async def urge(order: Urge):
    async with app.state.pool.acquire() as conn, conn.transaction():
        found = await conn.fetchrow(sql.LOCK, order.request_id)
        assert (found["state"], found["reporter_id"]) == ("DISPATCHED", order.reporter_id)
        await conn.execute(sql.URGE, order.request_id)
        await conn.execute(sql.URGED, order.request_id, found["version"] + 1)
    return {"id": order.request_id, "state": found["state"], "version": found["version"] + 1}


async def ask(queue, order):
    return await (await broker.request(order, queue=queue, timeout=10)).decode()


def served(one):
    @app.post("/requests", status_code=201)
    async def submitted(order: Order):
        return await (submit(order) if one else ask("fast.submit", order))

    @app.post("/requests/{request_id}/urge")
    async def urged(request_id: str, order: Urge):
        order.request_id = request_id
        return await (urge(order) if one else ask("fast.urge", order))


@asynccontextmanager
async def opened(_app, database=True):
    if database:
        url = os.environ["FIVERED_LEDGER_DATABASE_URL"]
        app.state.pool = await asyncpg.create_pool(url, min_size=10, max_size=10)
    await broker.start()
    await broker.declare_exchange(events)
    yield
    await broker.stop()


def main():
    logging.disable(logging.INFO)
    if sys.argv[1] == "service":
        broker.subscriber("fast.submit")(submit)
        broker.subscriber("fast.urge")(urge)

        @asynccontextmanager
        async def lifespan():
            async with opened(app):
                yield

        asyncio.run(FastStream(broker, lifespan=lifespan).run())
        return
    one = sys.argv[1] == "one"
    served(one)
    app.router.lifespan_context = lambda _app: opened(_app, database=one)
    uvicorn.run(app, port=int(os.environ["PORT"]), access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
