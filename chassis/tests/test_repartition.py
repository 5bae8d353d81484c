"""The number of partitions is changed while events are published and consumed."""

import json
import threading

import pika
import pytest
import sqlalchemy as sa

from fivered.chassis import event_log, partitioning, repartition
from fivered.chassis.envelope import decode
from fivered.chassis.messages import partition_of
from fivered.chassis.settings import CommandFailed
from fivered.chassis.tests.distributed import DISTRICT, World, terminate
from fivered.chassis.tests.toy.service import Added

pytestmark = pytest.mark.servers
SUBJECTS = 24


@pytest.fixture
def world(broker_url, private_rabbit, postgres_url, tmp_path, monkeypatch):
    world = World(broker_url, postgres_url, tmp_path)
    monkeypatch.setenv("FIVERED_BROKER_URL", broker_url)
    monkeypatch.setenv("FIVERED_INSTALLATION", str(tmp_path / "installation.json"))
    monkeypatch.setenv("FIVERED_BROKER_MANAGEMENT_URL", private_rabbit.management_url)
    yield world
    world.close()


class Load:
    """Events of many subjects, each with its own count; a burst makes queues long."""

    def __init__(self, world):
        self.world, self.rounds = world, 0
        self._turn = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._say, daemon=True)
        self._thread.start()

    def say(self, rounds):
        with self._turn, self.world.runtime.transaction(DISTRICT) as tx:
            for number in range(self.rounds, self.rounds + rounds):
                for subject in range(SUBJECTS):
                    tx.publish(Added(1), subject=f"s{subject}", scope="370811", sequence=number)
            self.rounds += rounds

    def _say(self):
        while not self._over.wait(0.3):
            self.say(1)

    def end(self):
        self._over.set()
        self._thread.join(20)
        return self.rounds * SUBJECTS


def queues(private_rabbit, world):
    vhost = world.url.rpartition("/")[2]
    found = {one["name"] for one in private_rabbit.api("GET", f"/queues/{vhost}")}
    return {name for name in found if name.startswith("toy.toy.")}


def outside(world):
    """A consumer outside, whose one queue takes all partitions."""
    connection = pika.BlockingConnection(pika.URLParameters(world.url))
    channel = connection.channel()
    channel.queue_declare("ext.reader.all", durable=True)
    channel.queue_bind("ext.reader.all", "toy.events", "added.v1.*")
    connection.close()


def heard_outside(world):
    connection = pika.BlockingConnection(pika.URLParameters(world.url))
    channel, told = connection.channel(), []
    while True:
        method, _properties, body = channel.basic_get("ext.reader.all", auto_ack=True)
        if method is None:
            connection.close()
            return told
        event = decode(body)
        told.append((event.subject, int(event.sequence)))


def assert_in_order(told, rounds):
    for subject in range(SUBJECTS):
        heard = [number for one, number in told if one == f"s{subject}"]
        assert heard == list(range(rounds)), (subject, len(heard), rounds)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_from_four_to_eight_and_back_under_load_keeps_the_order_and_loses_nothing(
    world, private_rabbit
):
    outside(world)
    workers = [world.start("work"), world.start("work")]
    world.wait_ready(*workers)
    load, said = Load(world), []
    try:
        assert repartition.show(world.runtime) == "toy: 4 partitions"
        load.say(100)
        repartition.change(world.runtime, 8, said.append)
        assert repartition.show(world.runtime) == "toy: 8 partitions"
        assert queues(private_rabbit, world) == {f"toy.toy.{n}" for n in range(8)}
        world.wait(lambda: any("partitions_changed" in one.log.read_text() for one in workers))
        load.say(100)
        repartition.change(world.runtime, 4, said.append)
        assert queues(private_rabbit, world) == {f"toy.toy.{n}" for n in range(4)}
        told = json.loads((world.folder / "installation.json").read_text())
        assert told["services"]["toy"]["partitions"] == 4
        count = load.end()
        world.wait(lambda: world.entries() >= count, 60)
        rows = world.rows("SELECT subject, sequence FROM entries ORDER BY id")
        assert_in_order([(row["subject"], row["sequence"]) for row in rows], load.rounds)
        world.wait(lambda: world.queue_length("ext.reader.all") >= count)
        assert_in_order(heard_outside(world), load.rounds)
        assert sum("waits for what was published before" in line for line in said) == 2
        world.wait_ready(*workers)
        for worker in workers:
            assert "fault" not in worker.log.read_text()
            assert terminate(worker) == 0
    finally:
        load.end()


def test_what_comes_after_the_change_waits_for_what_came_before(world):
    """Stopped in the middle, it goes on with the same command, and with no other number."""
    world.fill_outbox(40)
    engine, tables = world.runtime.engine, world.runtime.chassis
    found = partitioning.begin(engine, tables, 8)
    assert (found.partitions, found.was, found.in_force) == (8, 4, 4)
    world.fill_outbox(40)
    work = world.start("work")
    world.wait_ready(work)
    world.wait(lambda: world.entries() == 40)
    # What has its effect already is marked as sent when the broker has confirmed it.
    world.wait(lambda: world.one("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 40)
    assert "which become 8" in repartition.show(world.runtime)
    told = json.loads(repartition.show(world.runtime, as_json=True))
    assert told == {"service": "toy", "partitions": 4, "becoming": 8}
    with pytest.raises(CommandFailed, match="the change to 8 is not complete"):
        repartition.change(world.runtime, 2, print)
    assert partitioning.begin(engine, tables, 8) == found
    world.wait(lambda: world.queue_length("toy.toy.0") == 0)
    partitioning.complete(engine, tables)
    # By the new number: into queues that nobody has made yet.
    world.wait(lambda: "event_unroutable" in work.log.read_text())


def test_a_marker_knows_the_number_and_holds_it_until_it_is_written(world):
    engine, tables = world.runtime.engine, world.runtime.chassis
    with world.runtime.transaction(DISTRICT) as tx:
        assert (tx.partitions, tx.partition_of("a")) == (4, partition_of("a", 4))
        begun = threading.Thread(target=partitioning.begin, args=(engine, tables, 8))
        begun.start()
        begun.join(0.5)
        assert begun.is_alive()
        tx.publish(Added(1), subject="m", scope="370811", sequence=1, partition=3)
    begun.join(5)
    assert not begun.is_alive()
    with world.runtime.transaction(DISTRICT) as tx:
        assert tx.partitions == 8
        tx.publish(Added(2), subject="m", scope="370811", sequence=2, partition=7)
    rows = world.rows("SELECT partition, partitions FROM outbox ORDER BY id")
    assert [(row["partition"], row["partitions"]) for row in rows] == [(3, 4), (7, 8)]
    since = world.one("SELECT since FROM partitioning")
    assert since == world.one("SELECT min(id) FROM outbox")


@pytest.mark.parametrize("number", [0, 3, 12, 128])
def test_a_number_that_is_none_is_named(number):
    with pytest.raises(CommandFailed, match=f"a power of two, at most 64, not {number}"):
        repartition.change(None, number, print)


def test_what_is_said_again_goes_where_the_number_in_force_says(world):
    world.fill_outbox(40)
    engine, tables = world.runtime.engine, world.runtime.chassis
    installation = world.installation.partitioned("toy", 8)
    repartition.broker.apply(world.url, installation)
    with engine.begin() as conn:
        conn.execute(sa.text("UPDATE partitioning SET partitions = 8"))
    assert partitioning.unsent(engine, tables, 40) == 40
    event_log.again_to(world.runtime, event_log.Part(), "toy", installation, world.url)
    subjects = [f"s{n % 40}" for n in range(40)]
    for number in range(8):
        wanted = sum(partition_of(one, 8) == number for one in subjects)
        world.wait(lambda n=number, w=wanted: world.queue_length(f"toy.toy.{n}") == w, 10)
