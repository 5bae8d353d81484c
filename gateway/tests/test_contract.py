"""The gateway's doors are those of the services' contracts, of the releases that run."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import httpx
import pytest

from fivered.chassis import api, broker, topology
from fivered.chassis.contracts import api_contract
from fivered.chassis.embedded import EmbeddedHost
from fivered.chassis.migrate import migrate_service
from fivered.chassis.runtime import Runtime
from fivered.chassis.tests.toy.releases import First, Second
from fivered.chassis.tests.toy.service import Toy
from fivered.gateway.contract import doors_of
from fivered.gateway.tests.conftest import Site, problem_of
from fivered.gateway.tests.test_behind_rabbitmq import until
from fivered.gateway.tests.test_serving import ROOT
from testkit import servers
from testkit.bench import KEY, environment, postgres_server, postgres_url

pytestmark = pytest.mark.slow

__all__ = ["postgres_server", "postgres_url"]


def stated(service_cls, **other):
    """A contract as it comes over the bus."""
    return json.loads(json.dumps(api_contract(service_cls))) | other


@pytest.fixture
def first(tmp_path):
    given = environment(FIVERED_DEMO_CLOCK="1", FIVERED_DEMO_START="2025-01-02T09:00:00")
    runtime = Runtime.open(First, f"sqlite:///{tmp_path}/toy.sqlite", environ=given)
    migrate_service(First, runtime.engine)
    host = EmbeddedHost({"toy": runtime})
    host.start()
    yield Site(host).build(extra=(doors_of(api.read(stated(First))),))
    host.stop()


def test_a_door_of_a_contract_is_served(first):
    made = first.ask("POST", "/v1/toy/counters", json={"counter_id": "c1", "amount": 7})
    assert made.status_code == 201
    assert made.headers["location"] == "/v1/toy/counters/c1"
    assert first.ask("GET", "/v1/toy/counters/c1").json() == {"id": "c1", "total": 7}
    listed = first.ask("GET", "/v1/toy/counters?ids=c1,c2&least=3&level=2", grants=None).json()
    assert listed["items"] == [{"id": "c1", "total": 7}]
    refused = problem_of(first.ask("GET", "/v1/toy/counters?level=3", grants=None))
    assert refused["errors"][0]["field"] == "level"


def test_the_reference_says_what_a_door_may_refuse(first):
    document = first.ask("GET", "/openapi.json").json()
    answers = document["paths"]["/v1/toy/counters"]["post"]["responses"]
    assert "* `TOO_MUCH`: " in answers["422"]["description"]
    assert "TOO_MUCH" not in str(answers["409"])


def test_a_door_that_will_be_gone_says_so_in_every_answer_and_in_the_reference(first):
    path = "/v1/toy/tallies/c1"
    for answer in (first.ask("GET", path), first.ask("GET", path, grants=None)):
        assert answer.headers["deprecation"] == "@1795996800"
        assert answer.headers["sunset"] == "Wed, 30 Jun 2027 00:00:00 GMT"
    assert "deprecation" not in first.ask("GET", "/v1/toy/counters/c1").headers
    paths = first.ask("GET", "/openapi.json").json()["paths"]
    told = paths["/v1/toy/tallies/{counter_id}"]["get"]
    assert told["deprecated"] is True
    assert "2027-06-30" in told["description"]
    assert "deprecated" not in paths["/v1/toy/counters/{counter_id}"]["get"]


@pytest.mark.parametrize(
    ("more", "field", "said"),
    [
        ({"amount": 0}, "amount", "应不小于 1"),
        ({"counter_id": "c" * 21}, "counter_id", "至多 20 个字符"),
        ({"kind": "PLUMP"}, "kind", "应为以下之一"),
        ({"on": "2025-02-30"}, "on", "应为日期"),
        ({"on": "yesterday"}, "on", "格式不符:应为日期,如 2025-01-15"),
        ({"whatever": 1}, "whatever", "未知字段"),
    ],
)
def test_what_the_types_of_a_service_say_is_said_over_http(first, more, field, said):
    body = {"counter_id": "c1", "amount": 7} | more
    found = problem_of(first.ask("POST", "/v1/toy/counters", json=body))
    assert found["status"] == 422
    assert found["errors"][0]["field"] == field
    assert said in found["errors"][0]["message_zh"]


def test_all_that_is_wrong_is_said_at_once(first):
    found = problem_of(first.ask("POST", "/v1/toy/counters", json={"amount": "7", "on": "x"}))
    assert {one["field"] for one in found["errors"]} == {"counter_id", "amount", "on"}


def test_what_is_wrong_deep_inside_is_named_with_the_rest_in_both_languages(first):
    """A service stops at the first fault; the caller is told all of them, unknown members too."""
    parts = [{"title": "a"}, {"title": "t" * 10, "colour": "red", "until": "soon"}]
    body = {"counter_id": "c1", "amount": 7, "parts": parts, "kind": None}
    found = problem_of(first.ask("POST", "/v1/toy/counters", json=body))
    errors = {one["field"]: one for one in found["errors"]}
    assert set(errors) == {"parts.1.title", "parts.1.colour", "parts.1.until", "kind"}
    assert errors["parts.1.colour"]["message_zh"] == "未知字段"
    assert errors["parts.1.title"]["message_en"] == "must have at most 9 characters"


def test_a_member_of_the_body_never_stands_for_a_place_of_the_address(first):
    body = {"counter_id": "other", "amount": 7}
    found = problem_of(first.ask("POST", "/v1/toy/counters/c1/more", json=body))
    assert [one["field"] for one in found["errors"]] == ["counter_id"]
    assert first.ask("GET", "/v1/toy/counters/other").json()["total"] == 0


@pytest.mark.parametrize(
    "at", ["2025-01-02T09:00", "2025-01-02T09:00:00", "2025-01-02T09:00+08:00", None]
)
def test_a_time_is_taken_as_people_write_it(first, at):
    body = {"counter_id": "c1", "amount": 7, "at": at, "parts": [{"title": "a", "until": at}]}
    assert first.ask("POST", "/v1/toy/counters", json=body).status_code == 201


@pytest.mark.parametrize("at", ["2025-01-02", "2225-01-02T09:00:00Z", "2025-02-30T09:00:00Z", 7])
def test_a_time_that_is_none_is_named_where_it_stands(first, at):
    body = {"counter_id": "c1", "amount": 7, "parts": [{"title": "a", "until": at}]}
    found = problem_of(first.ask("POST", "/v1/toy/counters", json=body))
    assert [one["field"] for one in found["errors"]] == ["parts.0.until"]


def test_a_key_of_a_gateway_that_filled_defaults_in_is_known_again(first):
    """The release before sent every default along, and bound the key to them."""
    filled = {"counter_id": "c1", "amount": 7, "kind": "PLAIN", "parts": []}
    one = first.ask("POST", "/v1/toy/counters", json=filled, key="before")
    again = first.ask("POST", "/v1/toy/counters", json=dict(list(filled.items())[:2]), key="before")
    assert (one.status_code, again.status_code) == (201, 201)
    assert first.ask("GET", "/v1/toy/counters/c1").json()["total"] == 7
    other = first.ask("POST", "/v1/toy/counters", json={**filled, "amount": 8}, key="before")
    assert problem_of(other)["code"] == "IDEMPOTENCY_MISMATCH"


def test_the_reference_shows_the_types_of_the_service(first):
    document = first.app.state.document.build()
    body = document["paths"]["/v1/toy/counters"]["post"]["requestBody"]["content"]
    schema = document["components"]["schemas"][
        body["application/json"]["schema"]["$ref"].rpartition("/")[2]
    ]
    assert schema["properties"]["amount"]["maximum"] == 1000
    assert schema["properties"]["amount"]["description"] == "数量 / amount"
    assert body["application/json"]["example"]["counter_id"] == "c1"


def test_a_new_door_appears_and_one_that_went_is_gone_without_a_restart(first):
    table = first.app.state.table
    assert first.ask("GET", "/v1/toy/months/2025-01").status_code == 404
    assert table.take(stated(Second, version="0.2.0"))
    # The service of the first release has no such method: the address is there.
    told = problem_of(first.ask("GET", "/v1/toy/months/2025-01", grants=None))
    assert "toy.month" in told["message_en"]
    assert problem_of(first.ask("GET", "/v1/toy/months/x"))["status"] == 422
    assert first.ask("GET", "/v1/toy/counters").status_code == 405
    assert "/v1/toy/months/{period}" in first.app.state.document.build()["paths"]
    assert first.ask("GET", "/v1/toy/counters/c1").status_code == 200
    assert not table.take(stated(Second, version="0.2.0"))


def test_beside_the_older_release_the_newer_one_s_doors_stand_until_it_is_gone(first):
    table = first.app.state.table
    table.take(stated(First, version="0.9.0"))
    assert table.take(stated(Second, version="0.10.0"))
    for _ in range(5):
        assert not table.take(stated(First, version="0.9.0"))
    # Nobody has heard of it for long enough: it was rolled back.
    assert table.take(stated(First, version="0.9.0"))
    assert first.ask("GET", "/v1/toy/months/2025-01").status_code == 404


def test_a_door_of_a_contract_that_says_nobody_who_may_enter_is_not_taken(first):
    """Deny by default holds for what a running service says, too."""
    table = first.app.state.table
    said = stated(Second, version="0.2.0")
    said["doors"]["month"]["roles"] = []
    with pytest.raises(TypeError, match="who may enter"):
        table.take(said)
    assert first.ask("GET", "/v1/toy/months/2025-01", grants=None).status_code == 404
    assert first.ask("GET", "/v1/toy/counters/c1").status_code == 200


@pytest.mark.servers
@pytest.mark.timeout(180)
def test_a_service_deployed_with_another_door_needs_no_gateway_release(tmp_path, postgres_url):
    servers.require()
    node = servers.Rabbit().start()
    broker.apply(node.url(), topology.installation_of([Toy]))
    runtime = Runtime.open(First, postgres_url, environ={"FIVERED_ACTOR_KEY": KEY})
    migrate_service(First, runtime.engine)
    runtime.close()
    port = servers.free_port()
    env = os.environ | {
        "PYTHONPATH": str(ROOT),
        "FIVERED_ACTOR_KEY": KEY,
        "FIVERED_TOKEN_KEY": KEY,
        "FIVERED_BROKER_URL": node.url(),
        "FIVERED_TOY_DATABASE_URL": postgres_url,
        "FIVERED_GATEWAY_PORT": str(port),
        "FIVERED_SERVICES": "toy",
        "FIVERED_CONTRACTS_S": "0.2",
    }
    running = []

    def start(*module):
        health = str(servers.free_port())
        log = (tmp_path / f"{len(running)}.log").open("wb")
        running.append(
            servers.spawn(
                [sys.executable, "-W", "ignore", "-m", *module],
                cwd=ROOT, env=env | {"FIVERED_HEALTH_PORT": health},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        )  # fmt: skip
        log.close()
        return running[-1]

    def status(path):
        try:
            return client.get(path).status_code
        except httpx.TransportError:
            return 0

    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=15)
    try:
        start("fivered.gateway")
        until(lambda: status("/ready"), 200)
        # Nothing that is installed here states the toy's doors, and no toy runs.
        assert status("/v1/toy/counters") == 503
        first = start("fivered.chassis.serve", "fivered.chassis.tests.toy.releases:First")
        until(lambda: status("/v1/toy/counters"), 200)
        assert status("/v1/toy/months/2025-01") == 404
        first.terminate()
        first.wait(30)
        start("fivered.chassis.serve", "fivered.chassis.tests.toy.releases:Second")
        until(lambda: status("/v1/toy/months/2025-01"), 200)
        assert status("/v1/toy/counters") == 405
    finally:
        client.close()
        for process in running:
            process.terminate()
        for process in running:
            process.wait(30)
        node.stop()
