"""Requests are counted by door; what strangers make up is one value, and the public port is mute."""

import socket
import subprocess
import sys

from fivered.gateway.settings import GatewaySettings
from fivered.gateway.tests.conftest import Site
from testkit import exposition
from testkit.bench import environment

COUNTERS = "/v1/toy/counters"


def told(page, **labels):
    return page("fivered_http_requests_total", **labels)


def test_requests_are_counted_by_the_template_of_their_address(site):
    before = exposition.here()
    assert site.add().status_code == 201
    assert site.ask("GET", f"{COUNTERS}/c1").status_code == 200
    assert site.ask("GET", f"{COUNTERS}/c2").status_code == 200
    after = exposition.here()
    for verb, route, status, count in (
        ("POST", COUNTERS, "2xx", 1),
        ("GET", f"{COUNTERS}/{{counter_id}}", "2xx", 2),
    ):
        labels = {"method": verb, "route": route, "status": status}
        assert told(after, **labels) - told(before, **labels) == count
        took = "fivered_http_request_duration_seconds_count"
        of = {"method": verb, "route": route}
        assert after(took, **of) - before(took, **of) == count


def test_what_a_stranger_makes_up_is_one_value(site):
    before = exposition.here()
    for path in ("/v1/toy/per_019aa5a6", "/wp-login.php", "/v1/dogs/1"):
        assert site.ask("GET", path).status_code == 404
    site.ask("BREW", "/nowhere")
    after = exposition.here()
    lost = {"method": "GET", "route": "unmatched", "status": "4xx"}
    assert told(after, **lost) - told(before, **lost) >= 2
    assert after.told("fivered_http_requests_total", method="other", route="unmatched")
    routes = {labels["route"] for labels in after.told("fivered_http_requests_total")}
    assert not [route for route in routes if "019aa5a6" in route or "php" in route]
    problems = after("fivered_http_problems_total", code="NOT_FOUND")
    assert problems - before("fivered_http_problems_total", code="NOT_FOUND") >= 2


def test_the_public_port_does_not_show_them(host):
    answer = Site(host).build().ask("GET", "/metrics")
    assert answer.status_code == 404
    assert b"fivered_" not in answer.content


def test_a_port_that_is_taken_is_one_line_that_names_it():
    with socket.socket() as taken, socket.socket() as free:
        for one in (taken, free):
            one.bind(("127.0.0.1", 0))
        taken.listen()
        port, other = (str(one.getsockname()[1]) for one in (taken, free))
        free.close()
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "fivered.gateway"],
            env=environment(
                GatewaySettings,
                FIVERED_BROKER_URL="amqp://nobody:x@127.0.0.1:1/none",
                FIVERED_GATEWAY_PORT=other,
                FIVERED_HEALTH_PORT=port,
                FIVERED_SERVICES="toy",
            ),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )  # fmt: skip
    assert done.returncode == 2, done.stderr
    lines = [line for line in done.stderr.splitlines() if port in line and "is taken" in line]
    assert len(lines) == 1, done.stderr
