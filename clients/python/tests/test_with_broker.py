"""The client against a real broker."""

import json
import socket
import threading
import uuid

import pika
import pytest
from fivered_client import ConsumerError, connect

from testkit.waiting import wait_until

pytestmark = pytest.mark.servers


@pytest.fixture
def house(broker_url):
    """A service's exchange, and a way to say facts on it."""
    connection = pika.BlockingConnection(pika.URLParameters(broker_url))
    channel = connection.channel()
    channel.confirm_delivery()
    channel.exchange_declare("steward.events", "topic", durable=True)

    def say(fact="request_resolved.v1", *, partition=0, event_id=None, body=None, **data):
        event = {
            "specversion": "1.0",
            "id": event_id or str(uuid.uuid4()),
            "source": "/fivered/steward",
            "type": f"steward.{fact}",
            "subject": "req_1",
            "time": "2025-03-04T08:31:07Z",
            "sequence": "1",
            "data": data,
        }
        channel.basic_publish(
            "steward.events",
            f"{fact}.{partition}",
            json.dumps(event).encode() if body is None else body,
            pika.BasicProperties(content_type="application/cloudevents+json", delivery_mode=2),
        )

    yield say
    connection.close()


@pytest.fixture
def name():
    return "t" + uuid.uuid4().hex[:12]


def running(client):
    """Run a client on a thread; what `run` raised is found in the returned list."""
    raised = []

    def run():
        try:
            client.run()
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, raised


def test_facts_wait_in_an_own_queue_and_come_once_in_order(broker_url, house, name):
    heard = []
    with connect(broker_url, name=name) as client:
        client.subscribe("steward:request_resolved.v1", heard.append)
        client.prepare()
        same = str(uuid.uuid4())
        house(n=1, event_id=same)
        house(n=1, event_id=same)
        house("request_closed.v1", n=0)
        house(body=b"no event")
        house(n=2, partition=3)
        thread, raised = running(client)
        assert wait_until(lambda: client.handled == 2 and client.unreadable == 1, 20)
        client.stop()
        thread.join(10)
    assert [event.data["n"] for event in heard] == [1, 2]
    assert (client.repeated, raised) == (1, [])


def test_an_event_whose_handler_fails_stays_in_the_queue(broker_url, house, name):
    def fail(_event):
        raise RuntimeError("told to fail")

    with connect(broker_url, name=name) as client:
        client.subscribe("steward:request_resolved.v1", fail)
        client.prepare()
        house(n=1)
        house(n=2)
        thread, raised = running(client)
        thread.join(20)
        assert [str(error) for error in raised] == ["told to fail"]
    heard = []
    with connect(broker_url, name=name) as client:
        client.subscribe("steward:request_resolved.v1", heard.append)
        thread, raised = running(client)
        assert wait_until(lambda: client.handled == 2, 20)
        client.stop()
        thread.join(10)
    assert [event.data["n"] for event in heard] == [1, 2]


def test_a_file_drops_what_was_handled_before_a_restart(broker_url, house, name, tmp_path):
    heard, same = [], str(uuid.uuid4())
    for _ in range(2):
        with connect(broker_url, name=name, seen=tmp_path / "seen.sqlite") as client:
            client.subscribe("steward:*.v1", heard.append)
            client.prepare()
            house(n=1, event_id=same)
            thread, _raised = running(client)
            assert wait_until(lambda c=client: c.handled + c.repeated == 1, 20)
            client.stop()
            thread.join(10)
    assert len(heard) == 1


def test_a_lost_connection_is_made_again_and_nothing_is_lost(broker_url, house, name):
    heard = []
    with connect(broker_url, name=name) as client:
        client.subscribe("steward:request_resolved.v1", heard.append)
        thread, raised = running(client)
        client_queue = client.queue_of("steward")
        assert wait_until(lambda: _consumers(broker_url, client_queue) == 1, 20)
        house(n=1)
        assert wait_until(lambda: client.handled == 1, 20)
        # The socket goes away beneath the client, as when a broker dies.
        client._connection._impl._transport._sock.shutdown(socket.SHUT_RDWR)
        house(n=2)
        assert wait_until(lambda: client.handled == 2, 30)
        client.stop()
        thread.join(10)
    assert [event.data["n"] for event in heard] == [1, 2]
    assert raised == []


def _consumers(url, queue):
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        found = connection.channel().queue_declare(queue, passive=True)
    except pika.exceptions.ChannelClosedByBroker:
        return None
    else:
        return found.method.consumer_count
    finally:
        connection.close()


def test_a_queue_that_was_deleted_is_made_again(broker_url, house, name, caplog):
    """K2: the consumer went on and heard nothing, without a word."""
    heard = []
    with connect(broker_url, name=name) as client:
        client.subscribe("steward:request_resolved.v1", heard.append)
        thread, raised = running(client)
        queue = client.queue_of("steward")
        assert wait_until(lambda: _consumers(broker_url, queue) == 1, 20)
        operator = pika.BlockingConnection(pika.URLParameters(broker_url))
        operator.channel().queue_delete(queue)
        operator.close()
        assert wait_until(lambda: "a queue was deleted" in caplog.text, 20)
        assert wait_until(lambda: _consumers(broker_url, queue) == 1, 20)
        house(n=2)
        assert wait_until(lambda: client.handled == 1, 20)
        client.stop()
        thread.join(10)
    assert raised == []


def test_a_full_queue_drops_the_oldest(broker_url, house, name):
    heard = []
    with connect(broker_url, name=name, most=3) as client:
        client.subscribe("steward:request_resolved.v1", heard.append)
        client.prepare()
        for n in range(6):
            house(n=n)
        thread, _raised = running(client)
        assert wait_until(lambda: heard and heard[-1].data["n"] == 5, 20)
        client.stop()
        thread.join(10)
    assert [event.data["n"] for event in heard] == [3, 4, 5]


def test_what_the_broker_refuses_is_said_at_once(broker_url, name):
    with connect(broker_url, name=name) as client:
        client.subscribe("nobody:fact.v1", print)
        with pytest.raises(ConsumerError, match=r"nobody\.events"):
            client.prepare()
    with pytest.raises(ConsumerError):
        connect(broker_url.replace("guest:guest", "guest:wrong"), name=name)
    with pytest.raises(ConsumerError):
        connect("amqp://guest:guest@127.0.0.1:9/%2F", name=name)
    with pytest.raises(ValueError, match="name"):
        connect(broker_url, name="No Name")


def test_an_outside_user_hears_public_facts_only(private_rabbit, name):
    from chassis.topology import Installation, Member, consumer

    publishes = {"request_resolved.v1": "public", "request_rated.v1": "internal"}
    installation = Installation({"steward": Member("steward", publishes=publishes)})
    granted = consumer(installation, name, ["steward"])
    inside = private_rabbit.new_vhost()
    vhost = inside.rpartition("/")[2]
    connection = pika.BlockingConnection(pika.URLParameters(inside))
    connection.channel().exchange_declare("steward.events", "topic", durable=True)
    rights = {kind: getattr(granted, kind) for kind in ("configure", "write", "read")}
    api = private_rabbit.api
    api("PUT", f"/users/{name}", {"password": "secret", "tags": ""})
    api("PUT", f"/permissions/{vhost}/{name}", rights)
    (topic,) = granted.topics
    spoken = {"exchange": topic.exchange, "write": topic.write, "read": topic.read}
    api("PUT", f"/topic-permissions/{vhost}/{name}", spoken)
    url = inside.replace("guest:guest", f"{name}:secret")
    for pattern, public in (
        ("steward:request_resolved.v1", True),
        ("steward:request_rated.v1", False),
        ("steward:*.v1", False),
    ):
        with connect(url, name=name) as client:
            client.subscribe(pattern, print)
            if public:
                client.prepare()
            else:
                with pytest.raises(ConsumerError, match="ACCESS_REFUSED"):
                    client.prepare()
    with connect(url, name="somebody-else") as client:
        client.subscribe("steward:request_resolved.v1", print)
        with pytest.raises(ConsumerError, match="ACCESS_REFUSED"):
            client.prepare()
    connection.close()
    api("DELETE", f"/users/{name}")
    private_rabbit.delete_vhost(inside)
