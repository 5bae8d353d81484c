"""One trace from the call to the effect, over RabbitMQ, as a collector receives it."""

import json

import pytest

from fivered.chassis import rpc, telemetry
from fivered.chassis.messages import new_uuid
from fivered.chassis.tests.distributed import World
from testkit.collector import collecting
from testkit.waiting import wait_until

pytestmark = pytest.mark.servers

HEARS = "toy hears toy.added.v1"


@pytest.fixture
def world(broker_url, postgres_url, tmp_path):
    opened = World(broker_url, postgres_url, tmp_path)
    yield opened
    opened.close()


def test_one_trace_leads_from_the_call_to_the_effect(world):
    with collecting() as collector:
        told = collector.environment()
        serve, work = world.start("serve", **told), world.start("work", **told)
        caller = world.caller()
        world.wait_ready(serve, work)
        above = telemetry.new()
        caller.add("c", 5, key=new_uuid(), traceparent=above.header())
        with pytest.raises(rpc.CallRefused):
            caller.add("c", 5000, traceparent=above.header())
        assert wait_until(lambda: collector.named(HEARS), 20), (serve.log, work.log)
        [heard] = collector.named(HEARS)
        assert heard.trace_id == above.trace_id
        # Two processes send their spans by clocks of their own: the effect may be told before the call.
        whole = ["toy.add", "transaction", "toy.events publish", HEARS]
        assert wait_until(lambda: collector.way(heard) == whole, 20), collector.way(heard)
        assert wait_until(lambda: len(collector.named("toy.add")) == 2, 10)
    done, refused = sorted(collector.named("toy.add"), key=lambda one: len(one.attributes))
    assert {one.parent for one in (done, refused)} == {above.span_id}
    assert done.unit == "fivered toy serve"
    assert heard.unit == "fivered toy work"
    assert refused.attributes["fivered.refusal"]
    assert [done.kind, heard.kind] == [2, 5]
    [published] = collector.named("toy.events publish")
    assert published.kind == 4
    assert published.attributes["messaging.message.id"] == heard.attributes["messaging.message.id"]
    # Logs lead to the trace, and one line tells of each command.
    lines = [json.loads(line) for line in serve.log.read_text().splitlines() if line[:1] == "{"]
    commands = [line for line in lines if line["event"] == "command"]
    assert [line["outcome"] for line in commands] == ["done", "TOO_MUCH"]
    assert {line["trace_id"] for line in commands} == {above.trace_id}
    assert {line["role"] for line in commands} == {"R_DISTRICT"}
    assert all(line["ms"] > 0 for line in commands)


def test_without_a_collector_nothing_is_told_and_the_header_goes_on():
    assert not telemetry.recording()
    above = telemetry.new().header()
    with telemetry.doing("anything", "internal", above) as span:
        assert span.header == above
        assert telemetry.current.get() == telemetry.parse(above)
    assert telemetry.current.get() is None
