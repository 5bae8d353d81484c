"""What a worker asks of its servers while nothing happens, and that it hears at once what does."""

import gc
import threading
from contextlib import contextmanager
from functools import partial

import pytest
import sqlalchemy as sa

from fivered.chassis import inbox, relay, topology, work
from fivered.chassis.messages import Call, new_uuid
from fivered.chassis.publisher import Publisher
from fivered.chassis.runtime import Runtime
from fivered.chassis.tests.distributed import DISTRICT, World
from fivered.chassis.tests.toy.service import Toy
from testkit.bench import KEY

pytestmark = pytest.mark.servers


@pytest.fixture
def world(broker_url, postgres_url, tmp_path):
    opened = World(broker_url, postgres_url, tmp_path)
    yield opened
    opened.close()


@contextmanager
def worker_of(world):
    """A worker in this process, whose statements can be counted."""
    runtime = Runtime.open(Toy, world.database, environ={"FIVERED_ACTOR_KEY": KEY})
    installation = topology.read_installation(world.folder / "installation.json")
    gains = gc.get_threshold()
    worker = work.Worker(runtime, world.url, installation)
    worker.start()
    try:
        world.wait(lambda: worker.relay.state.connected and worker.subscribers[0].connected)
        yield worker
    finally:
        worker.stop()
        runtime.close()
        gc.unfreeze()
        gc.set_threshold(*gains)


def test_a_worker_with_nothing_to_do_asks_its_database_hardly_once_a_second(world, monkeypatch):
    asked = []
    read = relay.Relay._read
    monkeypatch.setattr(
        relay.Relay, "_read", lambda self, conn: (asked.append("outbox"), read(self, conn))[1]
    )
    with worker_of(world) as worker:
        world.wait(lambda: len(worker.leases.held) == len(worker.leases._queues))
        # What a start leaves to do.
        threading.Event().wait(3)
        sa.event.listen(
            worker.runtime.engine, "before_cursor_execute", lambda *of: asked.append(of[2][:60])
        )
        asked.clear()
        threading.Event().wait(10)
    # Timers, jobs and what was parked: one question in five seconds. A beat in two, the outbox in
    # five, and two questions in a quarter of a minute for what the release before had parked:
    # 3 + 6 + 3 + 2 at most in ten seconds, wherever they begin.
    assert len(asked) <= 14, asked


def test_what_is_armed_queued_or_marked_wakes_the_worker_though_nothing_is_said(world, monkeypatch):
    for module, name in ((work, "ASK_S"), (work, "LOOK_S"), (relay, "ASK_S"), (relay, "LOOK_S")):
        monkeypatch.setattr(module, name, 300.0)
    parked = partial(inbox.parked_rows, world.runtime)
    with worker_of(world):
        # A job.
        count = Call("count_up", {"counter_id": "c", "amount": 2}, DISTRICT, key=new_uuid())
        world.runtime.call(count)
        world.wait(lambda: world.amounts() == [1, 1])
        # A timer.
        with world.runtime.transaction(DISTRICT) as tx:
            tx.arm("reminder", "now", tx.now)
        world.wait(lambda: world.amounts() == [1, 1, 0])
        # What an operator wants to be tried again.
        world.publish_event(b"no event")
        world.wait(parked)
        [row] = parked()
        inbox.mark_parked(world.runtime, [row["id"]], "RETRY", "operator")
        world.wait(lambda: parked()[0]["attempts"] > row["attempts"])


def test_what_is_said_while_the_broker_is_waited_for_goes_out_at_once(world, monkeypatch):
    monkeypatch.setattr(relay, "ASK_S", 300.0)
    once, publish = iter([True]), Publisher.publish

    def meanwhile(self, window, outcome):
        publish(self, window, outcome)
        if next(once, False):
            world.fill_outbox(1)
            # Its notice arrives here.
            self.turn(5)

    monkeypatch.setattr(Publisher, "publish", meanwhile)
    with worker_of(world):
        world.fill_outbox(1)
        world.wait(lambda: world.entries() == 2)
