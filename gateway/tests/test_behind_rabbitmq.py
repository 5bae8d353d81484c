"""The gateway as a process of its own, in front of a broker that comes and goes."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import httpx
import pytest

from fivered.chassis import broker, topology
from fivered.chassis.tests.toy.service import Toy
from fivered.gateway.identity import issue
from fivered.gateway.tests.conftest import DISTRICT, problem_of
from fivered.gateway.tests.test_serving import ROOT
from testkit import servers
from testkit.bench import KEY

pytestmark = pytest.mark.servers


@pytest.fixture
def rabbit(tmp_path_factory):
    servers.require()
    node = servers.Rabbit().start()
    # The gateway declares nothing but its own replies; the rest is the administrator's.
    broker.apply(node.url(), topology.installation_of([Toy]))
    yield node
    node.stop()


def until(ask, wanted, seconds=40):
    end = time.monotonic() + seconds
    while ask() != wanted:
        assert time.monotonic() < end, f"never became {wanted!r}"
        time.sleep(0.05)


def test_a_broker_that_is_killed_and_comes_back_is_told_truly_all_the_while(rabbit):
    port = servers.free_port()
    env = os.environ | {
        "FIVERED_ACTOR_KEY": KEY,
        "FIVERED_TOKEN_KEY": KEY,
        "FIVERED_BROKER_URL": rabbit.url(),
        "FIVERED_GATEWAY_PORT": str(port),
        "FIVERED_SERVICES": "toy",
    }
    with (
        servers.spawn(
            [sys.executable, "-W", "ignore", "-m", "fivered.gateway.tests.serve_bus"],
            cwd=ROOT,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=15) as client,
    ):
        try:
            assert process.stdout.readline() == "ready\n"
            headers = {
                "Authorization": f"Bearer {issue(KEY, 'per_1', [DISTRICT], 1)}",
                "Idempotency-Key": "k",
            }

            def add():
                body = {"counter_id": "c1", "amount": 1}
                return client.post("/v1/toy/counters", json=body, headers=headers)

            until(lambda: client.get("/ready").status_code, 200)
            # No service has ever run on this broker: nobody takes the call, and that is said.
            started = time.monotonic()
            answer = add()
            assert answer.status_code == 503
            assert problem_of(answer)["code"] in {"SERVICE_UNAVAILABLE", "OUTCOME_UNKNOWN"}
            assert answer.headers["retry-after"]
            assert time.monotonic() - started < 8
            rabbit.kill9()
            until(lambda: client.get("/ready").status_code, 503)
            assert client.get("/live").status_code == 200
            assert problem_of(add())["code"] == "SERVICE_UNAVAILABLE"
            assert client.get("/v1/health").json()["state"] == "DEGRADED"
            rabbit.restart()
            until(lambda: client.get("/ready").status_code, 200)
        finally:
            process.terminate()
        assert process.wait(20) == 0
