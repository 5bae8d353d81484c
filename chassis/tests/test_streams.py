"""The broker's own history: a stream of each service's public facts, for who comes late."""

import json
import os
from dataclasses import replace

import pika
import pytest

from fivered.chassis import relay, topology
from fivered.chassis.broker import apply
from fivered.chassis.cli import main
from fivered.chassis.tests.distributed import World
from testkit.bench import Bench

pytestmark = pytest.mark.servers


@pytest.fixture
def world(broker_url, postgres_url, tmp_path, monkeypatch):
    """The toy, of whose facts `added` is public, and its relay."""
    opened = World(broker_url, postgres_url, tmp_path)
    member = replace(
        opened.installation.members["toy"],
        publishes={"added.v1": "public", "forgotten.v1": "internal"},
    )
    opened.installation = topology.Installation({"toy": member})
    (tmp_path / "installation.json").write_text(opened.installation.to_json())
    monkeypatch.setenv("FIVERED_INSTALLATION", str(tmp_path / "installation.json"))
    monkeypatch.setenv("FIVERED_BROKER_URL", broker_url)
    monkeypatch.chdir(tmp_path)
    sender = relay.Relay(opened.runtime, broker_url, opened.installation)
    sender.start()
    yield opened
    sender.stop()
    sender.join(10)
    opened.close()


def said(world, *notes):
    bench = Bench(world.runtime)
    for note in notes:
        bench.do("add", {"counter_id": "c", "amount": 1, "note": note})
    world.wait(lambda: world.one("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 0)


def read(url, offset, count, queue="history.toy"):
    """Read a stream as a consumer with pika does. Returns (offset, note) of each event."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=10)
        found = []
        asked = channel.consume(queue, arguments={"x-stream-offset": offset}, inactivity_timeout=1)
        for method, properties, body in asked:
            if method is None:
                break
            event = json.loads(body)
            found.append((properties.headers["x-stream-offset"], event["data"]["note"]))
            channel.basic_ack(method.delivery_tag)
            if len(found) == count:
                break
        return found
    finally:
        connection.close()


def test_who_comes_late_reads_all_that_is_public_from_the_first_on(world, capsys):
    said(world, "before there was a stream")
    assert main(["topology", "apply", "--streams"]) == 0
    assert main(["topology", "apply", "--streams"]) == 0, "it is safe to repeat"
    said(world, "1", "forget", "2", "3")
    found = read(world.url, "first", 4)
    assert [note for _, note in found] == ["1", "2", "3"]
    # Nothing is taken away, and a reader goes on behind what it has seen.
    assert read(world.url, found[1][0] + 1, 4) == found[2:]
    assert [note for _, note in read(world.url, "first", 4)] == ["1", "2", "3"]


def test_without_being_asked_for_there_is_none(world, monkeypatch, capsys):
    assert main(["topology", "apply"]) == 0
    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="NOT_FOUND"):
        read(world.url, "first", 1)
    assert main(["topology", "show", "--streams"]) == 2
    monkeypatch.setenv("FIVERED_STREAMS", "1")
    assert main(["topology", "apply"]) == 0
    assert read(world.url, "first", 1) == []


def test_a_consumer_who_may_hear_all_of_a_service_may_read_its_stream(
    world, private_rabbit, monkeypatch, capsys
):
    other = replace(world.installation.members["toy"], name="other", publishes={
        "told.v1": "public", "shown.v1": "public",
    })  # fmt: skip
    both = topology.Installation({**world.installation.members, "other": other})
    apply(world.url, both, stream_bytes=10_000_000)
    monkeypatch.setenv("FIVERED_BROKER_MANAGEMENT_URL", private_rabbit.management_url)
    (world.folder / "installation.json").write_text(both.to_json())
    name = "c" + os.urandom(5).hex()
    try:
        words = ["consumer", "add", name, "--events", "toy,other:told.v1", "--apply"]
        assert main([*words, "--credentials", str(world.folder / "url")]) == 0
        url = (world.folder / "url").read_text().strip()
        said(world, "1")
        assert [note for _, note in read(url, "first", 2)] == ["1"]
        # Of the other service it may hear one fact of two.
        with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="ACCESS_REFUSED"):
            read(url, "first", 1, "history.other")
    finally:
        private_rabbit.forget_user(name)
