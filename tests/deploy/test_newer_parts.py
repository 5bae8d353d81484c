"""Nothing of ours needs what RabbitMQ has deprecated; `make test-next` runs this on a newer one."""

import re

import pytest

from testkit import servers
from testkit.waiting import wait_until
from tests.deploy.house import COMMUNITY, DISTRICT

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(
        servers.rabbitmq_version() < (3, 13),
        reason="this RabbitMQ does not tell what is deprecated: make test-next",
    ),
]

# The figures of the management interface, which the test kit itself turns on.
_OF_THE_KIT = {"management_metrics_collection"}


def used(house):
    return {one["name"] for one in house.rabbit.api("GET", "/deprecated-features/used")}


def denied(house):
    """Return what the broker's log says of deprecated features, beside what the kit turns on."""
    log = (house.rabbit.base / "log" / "rabbit.log").read_text("utf-8").splitlines()
    told = [(line, re.search(r"Deprecated features: `(\w+)`", line)) for line in log]
    return [line for line, found in told if found and found[1] not in _OF_THE_KIT]


def test_what_runs_uses_nothing_that_is_deprecated(house):
    api = house.api()
    body = {"code": COMMUNITY, "name": "春晖", "kind": "COMMUNITY"}
    api.post("/v1/steward/areas", DISTRICT, body, key=COMMUNITY)
    # What connects again, and what takes over from another, declares what it needs once more.
    house.rabbit.restart()
    house.replace("serve-steward", "work-steward")
    house.wait_ready()
    assert api.get(f"/v1/steward/areas/{COMMUNITY}", DISTRICT)["code"] == COMMUNITY
    fleeting = [
        queue["name"]
        for queue in house.rabbit.api("GET", "/queues/fivered")
        if not queue["durable"] and not queue["exclusive"]
    ]
    assert fleeting == []
    assert used(house) <= _OF_THE_KIT
    assert denied(house) == []


def test_a_use_of_what_is_deprecated_would_be_refused(house):
    """The test above sees what it is there to see."""
    connection = house.amqp("topology")
    with pytest.raises(Exception, match="transient_nonexcl_queues"):
        connection.channel().queue_declare("ext.fleeting", durable=False, exclusive=False)
    assert wait_until(lambda: any("transient_nonexcl_queues" in one for one in denied(house)), 10)
