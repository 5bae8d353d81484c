"""Timers fire at their due time; jobs go on where they stopped."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from fivered.chassis import inbox, jobs, timers
from fivered.chassis.messages import Call
from fivered.chassis.refusal import NotFound, RoleDenied
from fivered.chassis.tests.toy.service import FAIL, Added
from testkit.bench import instant


def test_a_timer_acts_at_its_due_time_however_late_the_worker_is(bench):
    bench.do("remind", {"counter_id": "c"})
    bench.at("2025-03-03T18:00")
    assert timers.fire_due(bench.runtime) == 1
    said = bench.published()[0]
    assert said["time"] == "2025-03-03T02:00:00Z"
    assert said["recordedat"] == "2025-03-03T10:00:00Z"
    assert timers.fire_due(bench.runtime) == 0


def test_a_timer_that_is_armed_again_is_moved(bench):
    bench.do("remind", {"counter_id": "c"})
    bench.at("2025-03-03T09:30").do("remind", {"counter_id": "c"})
    bench.fire("2025-03-03T10:15")
    assert bench.published() == []
    bench.fire("2025-03-03T10:30")
    assert len(bench.published()) == 1


@pytest.mark.covers("REQ-L20")
def test_a_recurring_timer_is_armed_for_each_month_in_turn(bench):
    bench.fire("2025-06-30T00:00")
    assert [event["data"]["note"] for event in bench.published()] == [
        "month 2025-02",
        "month 2025-03",
        "month 2025-04",
        "month 2025-05",
    ]


def test_a_timer_that_always_fails_is_parked_and_can_be_retried(bench):
    bench.do("remind", {"counter_id": "c"})
    bench.at("2025-03-03T18:00")
    FAIL["timer"] = 1000
    table = bench.runtime.chassis.timers
    for _ in range(timers.TRIES):
        timers.fire_due(bench.runtime)
        with bench.runtime.engine.begin() as conn:
            conn.execute(sa.update(table).values(next_try_at=None))
    assert [row["source"] for row in bench.parked()] == ["timer"]
    FAIL.clear()
    inbox.mark_parked(bench.runtime, [bench.parked()[0]["id"]], "RETRY", "operator")
    assert timers.retry_parked_timers(bench.runtime) == 1
    assert timers.fire_due(bench.runtime) == 1
    assert bench.published()[0]["time"] == "2025-03-03T02:00:00Z"


def test_what_waits_for_its_next_try_is_not_taken_with_a_set_that_bears_its_names(bench):
    due = bench.rows("SELECT kind, ref FROM timers")
    assert due == [{"kind": "monthly", "ref": "2025-02"}]
    bench.do("remind", {"counter_id": "2025-02"})
    bench.do("remind", {"counter_id": "c"})
    table = bench.runtime.chassis.timers
    hour = timedelta(hours=1)
    waits = {"attempts": 1, "next_try_at": datetime.now(UTC) + hour, "due_at": bench.now + hour}
    with bench.runtime.engine.begin() as conn:
        conn.execute(sa.update(table).where(table.c.ref == "c").values(due_at=bench.now + 2 * hour))
        failed = (table.c.kind == "reminder", table.c.ref == "2025-02")
        conn.execute(sa.update(table).where(*failed).values(**waits))
    bench.at("2025-03-31T09:00")
    assert timers.fire_due(bench.runtime) == 2
    left = bench.rows("SELECT ref FROM timers WHERE kind = 'reminder'")
    assert left == [{"ref": "2025-02"}]
    notes = {event["data"]["note"] for event in bench.published()}
    assert notes == {"month 2025-02", "reminded at 2025-03-03T03:00:00+00:00"}


def job_of(bench, job_id):
    return bench.ask("_job", {"job_id": job_id})


def test_a_job_reports_its_progress_and_its_result(bench):
    job_id = bench.do("count_up", {"counter_id": "c", "amount": 3})["id"]
    assert job_of(bench, job_id)["state"] == "QUEUED"
    assert jobs.run_next(bench.runtime)
    card = job_of(bench, job_id)
    assert (card["state"], card["done"], card["total"]) == ("DONE", 3, 3)
    assert card["result"] == {"counted": 3}
    assert not jobs.run_next(bench.runtime)


def test_a_job_whose_process_died_goes_on_where_it_stopped(bench):
    job_id = bench.do("count_up", {"counter_id": "c", "amount": 5})["id"]
    FAIL["job"] = 3
    with pytest.raises(KeyboardInterrupt):
        jobs.run_next(bench.runtime)
    FAIL.clear()
    assert not jobs.run_next(bench.runtime)  # the lease still stands
    table = bench.runtime.chassis.jobs
    with bench.runtime.engine.begin() as conn:
        conn.execute(sa.update(table).values(lease_until=instant("2020-01-01")))
    assert jobs.run_next(bench.runtime)
    assert job_of(bench, job_id)["state"] == "DONE"
    assert [event["sequence"][-1] for event in bench.published()] == ["1", "2", "3", "4", "5"]


def test_a_fault_in_a_job_is_told_by_its_number_and_logged_with_its_trace(bench, caplog):
    """A card of a job showed four thousand characters of traceback, with what it worked on."""
    FAIL["job bug"] = 2
    job_id = bench.do("count_up", {"counter_id": "secret_name", "amount": 4})["id"]
    while jobs.run_next(bench.runtime):
        pass
    FAIL.clear()
    card = bench.ask("_job", {"job_id": job_id})
    assert (card["state"], card["problem"]["code"]) == ("FAILED", "INTERNAL_FAULT")
    fault_id = card["problem"]["params"]["fault_id"]
    assert fault_id in card["problem"]["message_zh"] and fault_id in card["problem"]["message_en"]
    assert "Traceback" not in str(card) and "secret_name" not in str(card)
    (logged,) = [record for record in caplog.records if record.message == "job_failed"]
    assert logged.fault_id == fault_id
    assert logged.exc_info[0] is ZeroDivisionError


def test_what_a_release_before_wrote_of_a_failed_job_is_not_shown(bench):
    job_id = bench.do("count_up", {"counter_id": "c", "amount": 1})["id"]
    with bench.runtime.engine.begin() as conn:
        conn.execute(sa.text("update jobs set state = 'FAILED', error = 'Traceback: secret_name'"))
    card = bench.ask("_job", {"job_id": job_id})
    assert "secret_name" not in str(card)
    assert card["error"]


def test_a_cancelled_job_stops_at_its_next_step(bench):
    job_id = bench.do("count_up", {"counter_id": "c", "amount": 3})["id"]
    bench.do("_cancel_job", {"job_id": job_id})
    jobs.run_next(bench.runtime)
    assert job_of(bench, job_id)["state"] == "CANCELLED"
    assert bench.published() == []


def test_a_job_is_seen_and_stopped_by_who_asked_for_it(bench):
    """SEC-M2: any neighbour whose scope covers the area read and stopped it."""
    place = "370811015901"
    bench.as_("R_DISTRICT", person="per_asked", scope=place)
    job_id = bench.do("count_up", {"counter_id": "c", "amount": 3})["id"]
    for role in ("R_RESIDENT", "R_PARTNER", "R_STEWARD", "R_CADRE"):
        bench.as_(role, person="per_neighbour", scope=place)
        for ask in (bench.ask, bench.do):
            method = "_job" if ask == bench.ask else "_cancel_job"
            with pytest.raises(NotFound):
                ask(method, {"job_id": job_id})
    bench.as_("R_AUDITOR", person="per_auditor", scope="370811")
    assert job_of(bench, job_id)["state"] == "QUEUED"
    with pytest.raises(RoleDenied):
        bench.do("_cancel_job", {"job_id": job_id})
    bench.as_("R_RESIDENT", person="per_asked", scope=place)
    bench.do("_cancel_job", {"job_id": job_id})
    jobs.run_next(bench.runtime)
    assert job_of(bench, job_id)["state"] == "CANCELLED"


def claimed(bench):
    bench.do("count_up", {"counter_id": "c", "amount": 1})
    return jobs.Job(bench.runtime, jobs._claim(bench.runtime))


def publish_each(tx, keys):
    for key in keys:
        tx.publish(Added(int(key)), subject="c", scope="370811", sequence=int(key))


def test_parts_of_a_job_are_each_done_once_and_counted(bench):
    running = claimed(bench)
    running.parts([str(n) for n in range(7)], publish_each, size=2, at_once=3, total=8)
    running.parts(["7"], publish_each, size=2, total=8)
    assert sorted(event["data"]["amount"] for event in bench.published()) == list(range(8))
    card = job_of(bench, running.job_id)
    assert (card["done"], card["total"]) == (8, 8)


def test_parts_that_were_done_before_a_fault_are_not_done_again(bench):
    running = claimed(bench)

    def work(tx, keys):
        publish_each(tx, keys)
        if "3" in keys and not FAIL.get("mended"):
            raise ValueError(keys)

    with pytest.raises(ValueError, match="3"):
        running.parts([str(n) for n in range(5)], work, size=1, at_once=2)
    FAIL["mended"] = 1
    with bench.runtime.engine.begin() as conn:
        conn.execute(sa.update(bench.runtime.chassis.jobs).values(state="QUEUED"))
    again = jobs.Job(bench.runtime, jobs._claim(bench.runtime))
    again.parts([str(n) for n in range(5)], work, size=1, at_once=2)
    assert sorted(event["data"]["amount"] for event in bench.published()) == list(range(5))


def test_the_clock_may_be_moved_only_in_a_demonstration(bench):

    call = Call("_set_clock", {"now": "2025-04-01T00:00:00+08:00"}, bench.actor, "k")
    with pytest.raises(NotFound):
        bench.runtime.call(call)
