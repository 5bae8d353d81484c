"""Each thing that happens moves its metric, and nothing else does."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from fivered.chassis import gauges, metrics, rpc, timers
from fivered.chassis.messages import Call, new_uuid
from fivered.chassis.subscriber import PREFETCH
from fivered.chassis.tests.distributed import World
from fivered.chassis.tests.toy.service import FAIL
from testkit import exposition


@pytest.fixture
def read(bench):
    """Read what this process tells; the service's database is among it."""
    with bench.runtime.engine.begin() as conn:
        conn.execute(sa.delete(bench.runtime.chassis.timers))
    source = gauges.waiting(bench.runtime)
    end = metrics.READ.add(source)

    def now():
        source._until = 0.0
        return exposition.here()

    yield now
    end()


def heard(page, result):
    return page("fivered_inbox_events_total", service="toy", source="toy", result=result)


def test_an_event_and_its_duplicate(bench, read):
    before = read()
    for _ in range(2):
        bench.consume(
            "toy", "added.v1", {"amount": 1, "note": ""}, subject="s",
            event_id="019aa5a6-8d1c-7e00-8000-000000000001",
        )  # fmt: skip
    after = read()
    assert heard(after, "effect") - heard(before, "effect") == 1
    assert heard(after, "duplicate") - heard(before, "duplicate") == 1
    delays = "fivered_event_effect_delay_seconds_count"
    assert after(delays, service="toy") - before(delays, service="toy") == 1


def test_a_parked_event_and_what_stands_behind_it(bench, read):
    before = read()
    assert before("fivered_parked_deliveries", service="toy") == 0
    FAIL["always"] = 99
    bench.consume("toy", "added.v1", {"amount": 1, "note": "always"}, subject="s")
    bench.consume("toy", "added.v1", {"amount": 2, "note": ""}, subject="s")
    bench.consume("toy", "added.v1", {"amount": "?"}, subject="t")
    after = read()
    for reason in ("FAILED", "BEHIND", "SCHEMA"):
        assert after("fivered_parked_deliveries", service="toy", reason=reason) == 1
    assert heard(after, "parked") - heard(before, "parked") == 3
    assert heard(after, "effect") == heard(before, "effect")


def test_a_timer_that_is_late_fires_and_fails(bench, read):
    due = bench.runtime.now() - timedelta(minutes=5)
    with bench.runtime.engine.begin() as conn:
        conn.execute(
            bench.runtime.chassis.timers.insert().values(
                kind="reminder", ref="late", due_at=due, data={}, attempts=0
            )
        )
    before = read()
    assert before("fivered_timers_late", service="toy") == 1
    assert before("fivered_timers_oldest_late_seconds", service="toy") == 300
    assert timers.fire_due(bench.runtime) == 1
    after = read()
    assert after("fivered_timers_late", service="toy") == 0
    assert after("fivered_timers_fired_total") - before("fivered_timers_fired_total") == 1


def test_calls_by_outcome_and_refusals_by_code(bench, read):
    def called(page, door, outcome):
        return page("fivered_calls_total", service="toy", door=door, outcome=outcome)

    def call(method, body):
        return rpc.answer(bench.runtime, Call(method, body, bench.actor, new_uuid()))

    before = read()
    assert "ok" in call("add", {"counter_id": "c", "amount": 5})
    refused = [call("add", {"counter_id": "c", "amount": "five"}), call("per_019aa5a6", {})]
    codes = {reply["refusal"]["code"] for reply in refused}
    assert len(codes) == 2
    after = read()
    assert called(after, "add", "ok") - called(before, "add", "ok") == 1
    assert called(after, "add", "refusal") - called(before, "add", "refusal") == 1
    # What a stranger calls is no label.
    assert called(after, "unknown", "refusal") - called(before, "unknown", "refusal") == 1
    assert not after.told("fivered_calls_total", door="per_019aa5a6")
    took = "fivered_call_duration_seconds_count"
    assert after(took, door="add") - before(took, door="add") == 2
    for code in codes:
        told = [
            page("fivered_refusals_total", service="toy", code=code) for page in (before, after)
        ]
        assert told[1] - told[0] == 1


def test_calls_that_share_a_commit_are_counted_once_each(bench, read):
    before = read()("fivered_calls_total", service="toy", door="add")
    calls = [
        Call("add", {"counter_id": "c", "amount": 1}, bench.actor, new_uuid()) for _ in range(3)
    ]
    assert len(rpc.answer_some(bench.runtime, calls, 10.0)) == 3
    assert read()("fivered_calls_total", service="toy", door="add") - before == 3


def test_a_database_that_is_away_is_told_and_the_page_still_answers(bench, read):
    assert read()("fivered_database_readable", service="toy") == 1
    renamed = "ALTER TABLE {} RENAME TO {}"
    with bench.runtime.engine.begin() as conn:
        conn.execute(sa.text(renamed.format("parked", "elsewhere")))
    try:
        page = read()
    finally:
        # Other tests go on with this database.
        with bench.runtime.engine.begin() as conn:
            conn.execute(sa.text(renamed.format("elsewhere", "parked")))
    assert page.told("fivered_database_readable", service="toy")
    assert page("fivered_database_readable", service="toy") == 0
    assert not page.told("fivered_parked_deliveries", service="toy")


def test_a_database_that_does_not_answer_does_not_hold_the_page(bench, monkeypatch):
    """Its own limit of a statement is of no use behind a network that swallows everything."""
    answered, begun = threading.Event(), []

    def ask(tx):
        begun.append(tx)
        assert answered.wait(30)
        return gauges.read(tx)

    monkeypatch.setattr(gauges, "_PATIENCE_S", 0.05)
    reading = gauges.Reading(bench.runtime, "waiting", ask, 60.0)
    for _ in range(3):
        assert list(reading()) == [(gauges.READABLE, ("toy", "waiting"), 0.0)]
    assert len(begun) == 1
    reader = reading._reader
    answered.set()
    reader.join(30)
    assert (gauges.READABLE, ("toy", "waiting"), 1.0) in reading()
    assert len(begun) == 1


def test_the_bounds_of_a_histogram_hold_what_lies_on_them():
    spread = metrics.Spread((0.1, 1.0))
    spread.add(0.1, 0.2, 1.0, 7.0)
    counts, total = spread.read()
    assert counts == [1, 2, 1]
    assert total == pytest.approx(8.3)


def test_names_keep_to_the_conventions():
    for name, described in metrics.DESCRIBED.items():
        assert name.startswith("fivered_")
        assert name.endswith("_total") == (described.kind == "counter")
        if described.kind == "histogram":
            assert name.endswith("_seconds")
        assert not {"person", "actor", "id", "subject", "area", "scope"} & set(described.labels)
        assert len(described.labels) <= 3


@pytest.mark.servers
def test_serve_and_work_tell_what_they_did(broker_url, postgres_url, tmp_path):
    world = World(broker_url, postgres_url, tmp_path)
    try:
        serve, work = world.start("serve"), world.start("work")
        world.wait_ready(serve, work)
        caller = world.caller()
        world.wait(caller.ready)
        caller.add("c", 5)
        with pytest.raises(rpc.CallRefused):
            caller.add("c", 5000)
        world.wait(lambda: world.amounts() == [5])
        # What was sent is marked with what follows it, or a moment later.
        world.wait(lambda: world.one("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 0)
        served, worked = exposition.at(serve.port), exposition.at(work.port)
    finally:
        world.close()
    assert served.told("fivered_build_info", unit="toy", process="serve")
    assert served("fivered_calls_total", door="add", outcome="ok") == 1
    assert served("fivered_calls_total", door="add", outcome="refusal") == 1
    assert served("fivered_call_duration_seconds_count", door="add") == 2
    assert served("fivered_refusals_total", code="GUARD_FAILED") == 1
    assert served("fivered_bus_connected", link="calls") == 1
    # One reader per service: what waits is told by its worker.
    assert not served.told("fivered_outbox_unsent_events")
    assert worked("fivered_relay_confirms_total", result="confirmed") == 1
    assert 0 < worked("fivered_relay_confirm_duration_seconds_sum") < 5
    assert worked("fivered_inbox_events_total", result="effect") == 1
    assert worked("fivered_event_effect_delay_seconds_count", source="toy") == 1
    assert 0 < worked("fivered_event_effect_delay_seconds_sum", source="toy") < 10
    assert worked("fivered_relay_active") == 1
    assert worked("fivered_database_readable") == 2
    assert worked("fivered_bus_connected") == len(worked.told("fivered_bus_connected")) == 2
    for zero in ("fivered_outbox_unsent_events", "fivered_parked_deliveries", "fivered_timers_late",
                 "fivered_bus_blocked", "fivered_relay_held_keys"):  # fmt: skip
        assert worked.told(zero)
        assert worked(zero) == 0
    assert worked.told("process_resident_memory_bytes")


@pytest.mark.servers
def test_a_worker_tells_what_waits_in_the_queues_that_it_holds(
    broker_url, postgres_url, tmp_path, request
):
    world = World(broker_url, postgres_url, tmp_path)
    request.addfinalizer(world.close)
    with world.runtime.engine.connect() as conn:
        # Nothing takes effect: what the worker was given stays with it, the rest in the queue.
        conn.execute(sa.text("LOCK TABLE entries"))
        worker = world.start("work")
        world.wait_ready(worker)
        world.fill_outbox(700, subjects=1)

        def waiting():
            return exposition.at(worker.port)("fivered_queue_waiting_events", source="toy")

        world.wait(lambda: waiting() == 700 - PREFETCH)
        conn.rollback()
    world.wait(lambda: world.entries() == 700)
    world.wait(lambda: waiting() == 0)
