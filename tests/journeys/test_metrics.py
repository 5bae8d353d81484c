"""What Prometheus reads of a whole system after the story."""

import httpx

from testkit import exposition, servers
from tests.systems import told

SERVICES = ("credit", "forum", "partner", "property", "steward")


def test_a_story_in_one_process_moves_every_metric(embedded):
    port = str(servers.free_port())
    running = embedded.start(FIVERED_HEALTH_PORT=port)
    told(running)
    page = exposition.at(port)
    assert httpx.get(f"http://127.0.0.1:{port}/ready").json()["ok"]
    # Only who reaches the other port reads them.
    assert httpx.get(f"{running.address}/metrics").status_code == 404

    assert page.told("fivered_build_info", unit="fivered", process="up")
    for service in SERVICES:
        assert page("fivered_calls_total", service=service, outcome="ok") > 0
        assert page("fivered_call_duration_seconds_count", service=service) > 0
        assert page("fivered_inbox_events_total", service=service, result="effect") > 0
        assert page("fivered_database_readable", service=service) == 1
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
    arrived = page("fivered_event_effect_delay_seconds_count")
    assert arrived == page("fivered_inbox_events_total", result="effect")
    # An event is on its way for milliseconds, but where the demonstration's clock was moved meanwhile.
    assert page("fivered_event_effect_delay_seconds_bucket", le="5.0") > 0.9 * arrived
