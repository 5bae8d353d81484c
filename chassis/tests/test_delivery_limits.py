"""An event that is delivered again and again comes back or is parked; it is never gone (IN-A9)."""

import json
import threading
import uuid

import pika
import pytest
from fivered_client import connect

from fivered.chassis import broker, topology
from fivered.chassis.cli import main
from fivered.chassis.tests.distributed import World
from fivered.chassis.tests.toy.service import Toy
from testkit import servers
from testkit.waiting import wait_until

pytestmark = pytest.mark.servers

THREE = {"delivery-limit": 3}


@pytest.fixture
def url(private_rabbit):
    url = private_rabbit.new_vhost()
    yield url
    private_rabbit.delete_vhost(url)


def lose(url, queue, times):
    """Take what a queue has and lose the connection, again and again, as a crashing process.

    Returns how many times there was something to take.
    """
    for count in range(times):
        connection = pika.BlockingConnection(pika.URLParameters(url))
        got = []
        connection.channel().basic_consume(queue, lambda *_, got=got: got.append(1))
        found = wait_until(lambda c=connection, g=got: c.process_data_events(0.1) or g, 2)
        connection.close()
        if not found:
            return count
    return times


def limit(node, url, pattern, **more):
    policy = {"pattern": pattern, "apply-to": "queues", "priority": 9, "definition": THREE | more}
    node.api("PUT", f"/policies/{url.rpartition('/')[2]}/limit", policy)


def test_a_queue_of_ours_keeps_an_event_over_25_lost_connections(url):
    """IN-A9: RabbitMQ 4 drops it at the 21st unless the queue says otherwise."""
    broker.apply(url, topology.installation_of([Toy]))
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.confirm_delivery()
    channel.basic_publish("toy.events", "added.v1.0", b"kept")
    connection.close()
    assert lose(url, "toy.toy.0", 26) == 26


def event(subject="s", amount=7):
    return json.dumps(
        {
            "specversion": "1.0", "id": str(uuid.uuid4()), "source": "/fivered/toy",
            "type": "toy.added.v1", "subject": subject, "time": "2025-03-03T01:00:00Z",
            "recordedat": "2025-03-03T01:00:00Z", "aggregatetype": "counter",
            "sequence": "00000000000000000001", "scope": "370811", "period": "2025-03",
            "correlationid": str(uuid.uuid4()), "data": {"amount": amount},
        }
    ).encode()  # fmt: skip


@pytest.mark.parametrize("earlier", [False, True], ids=["our queue", "queue of an earlier release"])
def test_beyond_a_limit_of_three_an_event_comes_back(
    private_rabbit, url, postgres_url, tmp_path, earlier
):
    """IN-A9: at a limit the broker dropped it without a word."""
    if earlier:
        connection = pika.BlockingConnection(pika.URLParameters(url))
        for partition in range(4):
            connection.channel().queue_declare(
                f"toy.toy.{partition}", durable=True, arguments=topology.EARLIER_ARGUMENTS[0]
            )
        connection.close()
    world = World(url, postgres_url, tmp_path)
    try:
        # What the arguments of an existing queue lack, the policy says.
        more = topology.policies()["subscriptions"]["definition"] if earlier else {}
        limit(private_rabbit, url, r"^toy\.toy\.[0-9]$", **(more | THREE))
        world.publish_event(event(), partition=2)
        assert lose(url, "toy.toy.2", 8) == 4
        assert world.queue_length("toy.toy.2") == 0
        work = world.start("work")
        world.wait(lambda: world.amounts() == [7])
        world.publish_event(b"{no event", partition=2)
        world.wait(lambda: world.one("SELECT count(*) FROM parked") == 1)
        work.kill()
        work.wait()
        # Poison takes the same way, and is parked where it came from.
        world.publish_event(b"{another", partition=1)
        assert lose(url, "toy.toy.1", 8) == 4
        world.start("work")
        world.wait(lambda: world.one("SELECT count(*) FROM parked") == 2)
        assert world.one("SELECT partition FROM parked ORDER BY id DESC LIMIT 1") == 1
        world.wait(lambda: world.queue_length("dead.toy.toy") == 0)
    finally:
        world.close()


def test_applying_to_queues_of_an_earlier_release_keeps_them_and_says_what_they_lack(
    url, tmp_path, monkeypatch, capsys
):
    """K18: new arguments are no reason to refuse a queue that exists, with events in it."""
    installation = topology.installation_of([Toy])
    (tmp_path / "installation.json").write_text(installation.to_json())
    monkeypatch.setenv("FIVERED_INSTALLATION", str(tmp_path / "installation.json"))
    monkeypatch.setenv("FIVERED_BROKER_URL", url)
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.queue_declare("toy.toy.0", durable=True, arguments=topology.EARLIER_ARGUMENTS[0])
    channel.basic_publish("", "toy.toy.0", b"waits")
    assert main(["topology", "apply"]) == 0
    said = capsys.readouterr().out
    assert "1 of them" in said
    assert f"rabbitmqctl set_policy -p {url.rpartition('/')[2]}" in said
    assert channel.queue_declare("toy.toy.0", passive=True).method.message_count == 1
    # An operator who made it quite otherwise is told.
    connection.channel().queue_delete("toy.toy.1")
    connection.channel().queue_declare("toy.toy.1", durable=True)
    assert main(["topology", "apply"]) == 2
    assert "toy.toy.1" in capsys.readouterr().err
    connection.close()


@pytest.fixture
def permissive_url():
    """A vhost of a node that allows what earlier releases declared."""
    node = servers.Rabbit(permits=("transient_nonexcl_queues",))
    try:
        yield node.start().new_vhost()
    finally:
        node.stop()


def test_a_serve_joins_the_call_queue_of_an_earlier_release(permissive_url, postgres_url, tmp_path):
    """K18: its queue was transient; a durable declaration beside it is refused with 406."""
    url = permissive_url
    world = World(url, postgres_url, tmp_path)
    old = pika.BlockingConnection(pika.URLParameters(url))
    try:
        channel = old.channel()
        channel.queue_declare("rpc.toy", durable=False, auto_delete=True)
        channel.queue_bind("rpc.toy", "fivered.rpc", "toy")
        tag = channel.basic_consume("rpc.toy", lambda *_: None)
        serve = world.start("serve")
        world.wait_ready(serve)
        # The last replica of the earlier release ends.
        channel.basic_cancel(tag)
        old.close()
        caller = world.caller()
        caller.insist("c")
        serve.terminate()
        serve.wait(20)
        # What comes after it makes the queue as it is today.
        world.wait_ready(world.start("serve"))
        fresh = pika.BlockingConnection(pika.URLParameters(url))
        with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="durable"):
            fresh.channel().queue_declare("rpc.toy", durable=False, auto_delete=True)
        fresh.close()
        caller.insist("c")
    finally:
        world.close()


def test_a_consumer_whose_handler_raises_is_given_the_event_again(private_rabbit, url):
    """IN-A9 for the consumer package: its docstring says that the event stays in the queue."""
    broker.apply(url, topology.installation_of([Toy]))
    limit(private_rabbit, url, r"^ext\.")

    def raises(_event):
        raise OSError("the disk of the dashboard is full")

    tried = 0
    with connect(url, name="board") as client:
        client.subscribe("toy:added.v1", raises)
        client.prepare()
        connection = pika.BlockingConnection(pika.URLParameters(url))
        connection.channel().basic_publish("toy.events", "added.v1.0", event(amount=1))
        connection.channel().basic_publish("toy.events", "added.v1.0", event(amount=2))
        connection.close()
        for _ in range(8):
            # What looks like a lost connection is the handler's own fault, and `run` says so.
            with pytest.raises(OSError, match="dashboard"):
                client.run()
            tried += 1
    assert tried == 8
    heard = []
    with connect(url, name="board") as client:
        client.subscribe("toy:added.v1", heard.append)
        thread = threading.Thread(target=client.run, daemon=True)
        thread.start()
        assert wait_until(lambda: len(heard) == 2, 20)
        client.stop()
        thread.join(10)
    assert sorted(one.data["amount"] for one in heard) == [1, 2]


def test_a_consumer_of_an_earlier_release_keeps_its_queue(url):
    """K18: the package asks for more than the queue has that it made itself."""
    broker.apply(url, topology.installation_of([Toy]))
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    older = {
        "x-queue-type": "quorum",
        "x-single-active-consumer": True,
        "x-max-length": 100_000,
        "x-overflow": "drop-head",
        "x-expires": 7 * 86_400_000,
    }
    channel.queue_declare("ext.board.toy", durable=True, arguments=older)
    channel.basic_publish("", "ext.board.toy", event(), pika.BasicProperties(delivery_mode=2))
    channel.queue_bind("ext.board.toy", "toy.events", "added.v1.*")
    channel.basic_publish("toy.events", "added.v1.0", event(amount=9))
    connection.close()
    heard = []
    with connect(url, name="board") as client:
        client.subscribe("toy:added.v1", heard.append)
        thread = threading.Thread(target=client.run, daemon=True)
        thread.start()
        assert wait_until(lambda: heard, 20)
        client.stop()
        thread.join(10)
    assert heard[-1].data["amount"] == 9
