"""What Prometheus reads of a whole system after the story."""

import httpx
import pytest

from deploy import metrics
from deploy.local import up
from fivered.chassis.installed import service_names
from fivered.clients.demo.api import Api, Refused
from fivered.clients.demo.district import PEOPLE
from testkit import exposition, servers
from tests.journeys.test_year_end import address
from tests.systems import told

SERVICES = ("credit", "forum", "partner", "property", "steward")


def asked_and_refused(running):
    """Ask for a thing that is not there: the story itself may meet no refusal."""
    api = Api(*address(running))
    try:
        api.get("/v1/health", PEOPLE["district"])
        with pytest.raises(Refused):
            api.get("/v1/steward/requests/req_none", PEOPLE["district"])
    finally:
        api.close()


def test_a_story_in_one_process_moves_every_metric(embedded):
    port = str(servers.free_port())
    running = embedded.start(FIVERED_HEALTH_PORT=port)
    told(running)
    asked_and_refused(running)
    page = exposition.at(port)
    assert httpx.get(f"http://127.0.0.1:{port}/ready").json()["ok"]
    # Only who reaches the other port reads them.
    assert httpx.get(f"{running.address}/metrics").status_code == 404

    assert page.told("fivered_build_info", unit="fivered", process="up")
    for service in SERVICES:
        assert page("fivered_calls_total", service=service, outcome="ok") > 0
        assert page("fivered_call_duration_seconds_count", service=service) > 0
        assert page("fivered_inbox_events_total", service=service, result="effect") > 0
        assert page("fivered_database_readable", service=service) == 2
        assert page("fivered_database_writable", service=service) == 1
        assert page("fivered_parked_deliveries", service=service) == 0
        assert page("fivered_outbox_unsent_events", service=service) == 0
        assert page("fivered_storage_outages_total", service=service) == 0
        assert page("fivered_calendar_remaining_days", service=service) > 0
    assert page("fivered_calls_total", outcome="fault") == 0
    assert page("fivered_timers_fired_total") > 0
    assert page("fivered_jobs_ended_total", state="DONE") > 0
    assert page("fivered_jobs_ended_total", state="FAILED") == 0
    assert page("fivered_jobs") == 0
    assert page.told("fivered_credit_ledger_sum_points")
    assert page("fivered_credit_ledger_sum_points") == 0
    assert page("fivered_credit_settlements", state="SETTLED") > 0
    assert page("fivered_credit_settlements_incomplete") == 0
    asked = {"method": "POST", "route": "/v1/steward/requests", "status": "2xx"}
    assert page("fivered_http_requests_total", **asked) > 0
    assert page("fivered_http_request_duration_seconds_count", route=asked["route"]) > 0
    assert page("fivered_http_problems_total") >= page("fivered_refusals_total") > 0
    arrived = page("fivered_event_effect_delay_seconds_count")
    assert arrived == page("fivered_inbox_events_total", result="effect")
    # An event is on its way for milliseconds, but where the demonstration's clock was moved meanwhile.
    assert page("fivered_event_effect_delay_seconds_bucket", le="5.0") > 0.9 * arrived


@pytest.mark.servers
@pytest.mark.timeout(400)
def test_every_process_of_an_installation_tells_its_share(installation):
    asked_and_refused(installation.running)
    children = up.running(installation.state)["children"]
    pages = {name: exposition.at(child["health"]) for name, child in children.items()}
    assert len(pages) == 1 + 2 * len(service_names())
    for name, page in pages.items():
        process, _, unit = name.partition("-")
        assert page.told("fivered_build_info", process=process, unit=unit or "gateway")
        assert page.told("process_cpu_seconds_total")
        links = page.told("fivered_bus_connected")
        assert links, name
        assert page("fivered_bus_connected") == len(links), name
        assert page("fivered_bus_blocked") == 0
        if process == "work":
            assert page("fivered_database_readable", service=unit) == 2
            assert page("fivered_relay_active", service=unit) == 1
            assert page.told("fivered_outbox_oldest_age_seconds", service=unit)
        if process == "serve":
            assert page("fivered_calls_total", service=unit, door="_health", outcome="ok") > 0
    # Whatever the runbook lists and the dashboard asks for, some process tells.
    families = {name for page in pages.values() for name in page.families}
    assert {one.name for one in metrics.described()} <= families
    gateway = pages["gateway"]
    assert gateway("fivered_http_problems_total", code="NOT_FOUND") > 0
    assert pages["serve-steward"]("fivered_refusals_total", code="NOT_FOUND") > 0
    labels = {"method": "GET", "route": "/v1/health", "status": "2xx"}
    assert gateway("fivered_http_requests_total", **labels) > 0
    assert gateway("fivered_http_request_duration_seconds_sum", route="/v1/health") > 0
    assert httpx.get(f"{installation.running.address}/metrics").status_code == 404
