"""What a process says of itself: parked and late are told, and take no process away."""

import json
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from fivered.chassis import doctor, health
from fivered.chassis.messages import SYSTEM
from fivered.chassis.tests.toy.service import FAIL


def card_of(bench):
    with bench.runtime.snapshot(SYSTEM) as tx:
        return bench.runtime.health(tx)


def page_of(bench):
    page = health.HealthPage(0, {}, {"waiting": health.waiting(bench.runtime)})
    status, body = page.answer("/ready")
    return status, json.loads(body)


def test_a_parked_event_is_told_by_health_and_ready(bench):
    """OP 2.6: `UP` with two parked events, and nothing of it in /ready."""
    with bench.runtime.engine.begin() as conn:
        conn.execute(sa.delete(bench.runtime.chassis.timers))
    assert card_of(bench)["state"] == "UP"
    assert page_of(bench)[1]["state"] == "READY"
    FAIL["always"] = 99
    bench.consume("toy", "added.v1", {"amount": 1, "note": "always"}, subject="s")
    card = card_of(bench)
    assert (card["state"], card["parked"]) == ("DEGRADED", 1)
    status, page = page_of(bench)
    assert status == 200
    assert page["state"] == "DEGRADED"
    assert page["checks"]["waiting"]["detail"]["parked"] == 1


def test_a_timer_that_does_not_fire_is_told(bench):
    with bench.runtime.engine.begin() as conn:
        conn.execute(sa.delete(bench.runtime.chassis.timers))
        conn.execute(
            bench.runtime.chassis.timers.insert().values(
                kind="reminder",
                ref="late",
                due_at=bench.runtime.now() - timedelta(minutes=2),
                data={},
                attempts=0,
            )
        )
    card = card_of(bench)
    assert (card["state"], card["timers_late"]) == ("DEGRADED", 1)


def test_a_clock_that_is_wrong_by_a_day_is_told(bench):
    """K18: the doctor found nothing."""
    bench.do("add", {"counter_id": "c", "amount": 5})
    postgresql = bench.runtime.engine.dialect.name == "postgresql"
    with bench.runtime.snapshot(SYSTEM) as tx:
        now, day = datetime.now(UTC), timedelta(days=1)
        assert list(doctor._clocks(tx, now)) == []
        behind = [text for ok, text in doctor._clocks(tx, now - day) if not ok]
        ahead = [text for ok, text in doctor._clocks(tx, now + day) if not ok]
    apart = ["the clocks of this machine and of the database differ by 86400 s"] * postgresql
    assert behind[1:] == apart
    assert "86400 s behind the last recorded fact" in behind[0]
    assert ahead == apart


def test_where_nobody_sends_nothing_waits_to_be_sent(bench):
    """OP 1.2: the embedded mode showed `outbox_unsent: 10267, outbox_oldest_s: 846.6`."""
    bench.do("add", {"counter_id": "c", "amount": 5})
    embedded = bench.runtime.engine.dialect.name == "sqlite"
    assert card_of(bench)["outbox_unsent"] == (0 if embedded else 1)
