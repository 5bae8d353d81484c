"""The toy with webhooks: its receiver, its sender, and what is asked of them."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from fivered.chassis import webhook_sender
from fivered.chassis.messages import Actor
from fivered.chassis.tests.toy.service import Added, Toy
from fivered.chassis.webhook_sender import Sender
from testkit.bench import database_url, open_bench  # noqa: F401
from testkit.receiver import receiving

DISTRICT = Actor("per_1", "R_DISTRICT", "370811")
KEY = "a-key-of-webhooks-that-is-32-bytes-long"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Let the waits be short; how they grow is looked at by itself."""
    monkeypatch.setattr(webhook_sender, "FIRST_WAIT_S", 0.02)
    monkeypatch.setattr(webhook_sender, "LONGEST_WAIT_S", 0.1)
    monkeypatch.setattr(webhook_sender, "_LEAST_S", 0.02)
    monkeypatch.setattr(webhook_sender, "_WATCH_S", 0.05)


@pytest.fixture(name="receiver")
def receiver_of_test():
    with receiving() as one:
        yield one


@pytest.fixture(name="told")
def told_of_test(database_url, receiver):  # noqa: F811
    """The toy, which may tell the receiver."""
    opened = open_bench(
        Toy, database_url, FIVERED_WEBHOOK_KEY=KEY,
        FIVERED_WEBHOOK_HOSTS=f"127.0.0.1:{receiver.port},hooks.example.org",
    )  # fmt: skip
    yield opened
    opened.runtime.close()


@pytest.fixture(name="sender")
def sender_of_test(told):
    one = Sender(told.runtime)
    told.runtime.on_commit = lambda _tx: one.wake()
    one.start()
    yield one
    one.stop()
    one.join(15)
    assert not one.is_alive()


def say(told, note, *, subject="c", scope="370811", kind=Added):
    with told.runtime.transaction(DISTRICT) as tx:
        event = kind(1, note) if kind is Added else kind(1)
        tx.publish(event, subject=subject, scope=scope, sequence=1)
    if told.runtime.engine.dialect.name == "postgresql":
        place_all(told)
        told.runtime.on_commit(tx)


def place_all(told):
    """Give what was said its place, as the relay does."""
    outbox = told.runtime.chassis.outbox
    with told.runtime.engine.begin() as conn:
        last = conn.execute(sa.select(sa.func.max(outbox.c.place))).scalar() or 0
        asked = sa.select(outbox.c.id).where(outbox.c.place.is_(None)).order_by(outbox.c.id)
        for number, one in enumerate(conn.execute(asked).scalars().all(), last + 1):
            conn.execute(sa.update(outbox).where(outbox.c.id == one).values(place=number))


def add(told, receiver, **more):
    return told.do("_add_webhook", {"url": f"{receiver.address}/hook", **more})


def card(told, made):
    return told.ask("_webhook", {"webhook_id": made["id"]})


def log_of(told, made, **more):
    found = told.ask("_webhook_deliveries", {"webhook_id": made["id"], **more})
    return found["items"]


def notes(receiver):
    return [event["data"]["note"] for event in receiver.taken()]


def webhook_row(told):
    with told.runtime.engine.connect() as conn:
        return conn.execute(sa.select(told.runtime.chassis.webhooks)).one()
