"""What the worker's threads and the hosts stand on, on both databases."""

import json
import threading
import traceback
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from fivered.chassis import database_errors, health, inbox, jobs, outbox, rpc, telemetry, work
from fivered.chassis import storage as store
from fivered.chassis.messages import Call, new_uuid
from fivered.chassis.refusal import InFlight
from fivered.chassis.tests.toy.service import FAIL, Added, Toy, counters
from testkit.bench import open_bench


@pytest.fixture
def on_postgres(postgres_url):
    """The toy where several writers meet."""
    FAIL.clear()
    opened = open_bench(Toy, postgres_url)
    yield opened
    opened.runtime.close()


def test_the_sweep_forgets_only_what_is_old(bench):
    bench.do("add", {"counter_id": "c", "amount": 1})
    bench.do("add", {"counter_id": "c", "amount": 1})
    bench.do("add", {"counter_id": "c", "amount": 1})
    for _ in range(2):
        bench.consume("toy", "added.v1", {"amount": 1})
    chassis, long_ago = bench.runtime.chassis, datetime.now(UTC) - timedelta(days=400)
    oldest = bench.rows("SELECT min(id) AS id FROM outbox")[0]["id"]
    heard = sa.select(chassis.inbox.c.event_id).limit(1).scalar_subquery()
    with bench.runtime.engine.begin() as conn:
        # The second was never sent: it must wait for ever rather than be lost.
        conn.execute(
            sa.update(chassis.outbox)
            .where(chassis.outbox.c.id == oldest)
            .values(sent_at=long_ago, recorded_at=long_ago)
        )
        conn.execute(
            sa.update(chassis.outbox)
            .where(chassis.outbox.c.id == oldest + 1)
            .values(recorded_at=long_ago)
        )
        conn.execute(
            sa.update(chassis.inbox)
            .where(chassis.inbox.c.event_id == heard)
            .values(heard_at=long_ago)
        )
    # Where services may be put in later, it is kept for them.
    process = bench.runtime.process
    bench.runtime.process = replace(process, keep_events_days=3650)
    assert work.sweep(bench.runtime) == {"outbox": 0, "inbox": 1, "idempotency": 0}
    bench.runtime.process = process
    assert work.sweep(bench.runtime) == {"outbox": 1, "inbox": 0, "idempotency": 0}
    assert len(bench.published()) == 2
    assert len(bench.rows("SELECT * FROM inbox")) == 1


def test_a_job_that_another_worker_took_up_commits_nothing_more(bench):
    job_id = bench.do("count_up", {"counter_id": "c", "amount": 2})["id"]
    table = bench.runtime.chassis.jobs
    slow = jobs.Job(bench.runtime, jobs._claim(bench.runtime))
    with slow.step(done=1) as tx:
        tx.publish(Added(1), subject="c", scope="370811", sequence=1)
    with bench.runtime.engine.begin() as conn:
        conn.execute(sa.update(table).values(lease_until=datetime.now(UTC) - timedelta(hours=1)))
    assert jobs.run_next(bench.runtime)
    with pytest.raises(jobs.LeaseLost), slow.step(done=2) as tx:
        tx.publish(Added(1), subject="c", scope="370811", sequence=99)
    assert "99" not in {event["sequence"].lstrip("0") for event in bench.published()}
    assert bench.ask("_job", {"job_id": job_id})["state"] == "DONE"


def test_parts_that_run_at_once_and_lock_each_other_out_are_run_again(on_postgres):
    on_postgres.do("count_up", {"counter_id": "c", "amount": 1})
    running = jobs.Job(on_postgres.runtime, jobs._claim(on_postgres.runtime))
    for counter in ("a", "b"):
        on_postgres.do("add", {"counter_id": counter, "amount": 1})
    both, met = threading.Barrier(2), set()

    def work(tx, keys):
        first, second = keys[0], {"a": "b", "b": "a"}[keys[0]]
        for counter in (first, second):
            tx.conn.execute(
                sa.update(counters)
                .where(counters.c.counter_id == counter)
                .values(total=counters.c.total + 1)
            )
            if counter == first and first not in met:
                met.add(first)
                both.wait(10)

    running.parts(["a", "b"], work, size=1, at_once=2)
    assert {row["total"] for row in on_postgres.rows("SELECT total FROM counters")} == {3}
    assert on_postgres.ask("_job", {"job_id": running.job_id})["done"] == 2


def test_a_job_goes_back_to_the_queue_when_the_worker_ends(bench):
    job_id = bench.do("count_up", {"counter_id": "c", "amount": 5})["id"]
    steps = []

    def stopping():
        steps.append(1)
        return len(steps) > 2

    assert jobs.run_next(bench.runtime, stopping=stopping)
    card = bench.ask("_job", {"job_id": job_id})
    assert (card["state"], card["done"]) == ("QUEUED", 2)
    assert jobs.run_next(bench.runtime)
    assert bench.ask("_job", {"job_id": job_id})["state"] == "DONE"
    assert len(bench.published()) == 5


def test_many_events_of_one_transaction_keep_their_order(bench):
    for count in (1, outbox._INLINE, outbox._INLINE + 1, 60):
        before = len(bench.published())
        with bench.transaction() as tx:
            for number in range(count):
                tx.publish(Added(number), subject="c", scope="370811", sequence=number)
        said = bench.published()[before:]
        assert [event["data"]["amount"] for event in said] == list(range(count))


def test_an_event_that_no_broker_takes_is_not_said(bench):
    """In the outbox it held back all that the service said: the broker ended each connection."""
    with (
        pytest.raises(ValueError, match=r"added\.v1 of c has \d{7} bytes"),
        bench.transaction() as tx,
    ):
        tx.publish(Added(1, "x" * 1_100_000), subject="c", scope="370811", sequence=1)
    assert bench.published() == []


def test_a_key_that_was_kept_meanwhile_is_met_and_nothing_is_done_twice(on_postgres, monkeypatch):
    call = Call("add", {"counter_id": "c", "amount": 5}, on_postgres.actor, "one-key")
    assert on_postgres.runtime.call(call)["version"] == 1
    # As if the first had committed between our look and our keeping.
    real, looks = work.idempotency.claim, []

    def blind_once(tx, call, digest):
        looks.append(1)
        return None if len(looks) == 1 else real(tx, call, digest)

    monkeypatch.setattr("fivered.chassis.idempotency.claim", blind_once)
    assert on_postgres.runtime.call(call).reply["version"] == 1
    assert len(looks) == 2
    assert on_postgres.ask("total", {"counter_id": "c"})["total"] == 5


def test_connections_that_died_in_the_pool_are_replaced_without_a_word(on_postgres):
    admin = sa.create_engine(on_postgres.runtime.engine.url, isolation_level="AUTOCOMMIT")

    def cut_off():
        with admin.connect() as conn:
            conn.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )

    for amount in (1, 2):
        cut_off()
        assert on_postgres.do("add", {"counter_id": "c", "amount": amount})["version"] == amount
    cut_off()
    assert on_postgres.ask("total", {"counter_id": "c"})["total"] == 3
    admin.dispose()


def test_the_same_key_at_the_same_time_is_told_that_the_first_is_under_way(on_postgres):
    inside, go_on = threading.Event(), threading.Event()

    def first():
        with on_postgres.runtime.transaction(on_postgres.actor) as tx:
            work.idempotency.claim(tx, Call("add", {}, on_postgres.actor, "k"), "d")
            inside.set()
            go_on.wait(10)

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait(10)
    with pytest.raises(InFlight):
        on_postgres.do("add", {"counter_id": "c", "amount": 1}, key="k")
    go_on.set()
    thread.join(10)


def test_an_event_that_comes_while_the_last_parked_one_is_retried_is_not_forgotten(on_postgres):
    FAIL["bad"] = 1000
    bad = on_postgres.event("toy", "added.v1", {"amount": 1, "note": "bad"}, subject="b")
    on_postgres.deliver([bad])
    FAIL.clear()
    inbox.mark_parked(on_postgres.runtime, [on_postgres.parked()[0]["id"]], "RETRY", "operator")
    later = on_postgres.event("toy", "added.v1", {"amount": 2}, subject="b", sequence=2)
    table = on_postgres.runtime.chassis.parked
    with on_postgres.runtime.engine.begin() as conn:
        # A retry by another worker, up to the moment before its commit.
        inbox._hold_parking(conn, "toy")
        conn.execute(sa.update(table).values(state="DONE"))
        thread = threading.Thread(target=on_postgres.deliver, args=([later],))
        thread.start()
        waiting = sa.text(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        )
        for _ in range(200):
            with store.reading(on_postgres.runtime.engine) as reader:
                if reader.execute(waiting).scalar():
                    break
    thread.join(10)
    assert on_postgres.parked() == []
    assert [row["amount"] for row in on_postgres.rows("SELECT amount FROM entries")] == [2]


def test_the_health_page_tells_the_truth(bench):
    page = health.HealthPage(
        0,
        {"threads": health.beats({"dead": lambda: -1e9})},
        {
            "database": health.database(bench.runtime),
            "outbox": health.outbox(bench.runtime),
            "broken": lambda: 1 / 0,
        },
    )
    assert page.answer("/live")[0] == 503
    status, body = page.answer("/ready")
    checks = json.loads(body)["checks"]
    assert status == 503
    assert (checks["database"]["ok"], checks["outbox"]["ok"], checks["broken"]["ok"]) == (
        True,
        True,
        False,
    )
    bench.do("add", {"counter_id": "c", "amount": 1})
    with bench.runtime.engine.begin() as conn:
        conn.execute(
            sa.update(bench.runtime.chassis.outbox).values(
                recorded_at=datetime.now(UTC) - timedelta(minutes=5)
            )
        )
        conn.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    checks = json.loads(page.answer("/ready")[1])["checks"]
    assert not checks["outbox"]["ok"]
    assert checks["outbox"]["detail"]["oldest_s"] >= 299
    with bench.runtime.engine.begin() as conn:
        conn.execute(sa.text("DELETE FROM alembic_version"))
    checks = json.loads(page.answer("/ready")[1])["checks"]
    assert "fivered migrate toy" in checks["database"]["detail"]
    with bench.runtime.engine.begin() as conn:
        # A newer release has migrated already; this one goes on until it is replaced.
        conn.execute(sa.text("INSERT INTO alembic_version VALUES ('9999')"))
    assert json.loads(page.answer("/ready")[1])["checks"]["database"]["ok"]
    assert page.answer("/else")[0] == 404


def test_a_trace_is_followed_or_begun():
    header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert telemetry.follow(header).trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert telemetry.follow(header).span_id != "00f067aa0ba902b7"
    for nonsense in (None, "", "00-zz", header.upper(), "00-" + "0" * 32 + "-" + "1" * 16 + "-01"):
        assert telemetry.parse(nonsense) is None
        assert telemetry.parse(telemetry.follow(nonsense).header()) is not None


def test_a_reply_says_why_there_is_no_answer(bench):
    call = Call("add", {"counter_id": "c", "amount": 5000}, bench.actor, new_uuid())
    assert rpc.answer(bench.runtime, call)["refusal"]["guard"] == "TOO_MUCH"
    outage = sa.exc.TimeoutError("no connection within 5 s")
    assert rpc.failure(bench.runtime, "add", outage) == {"outage": {"retry_after_s": 2}}
    assert "id" in rpc.failure(bench.runtime, "add", ZeroDivisionError())["fault"]


def test_a_fault_of_the_database_tells_no_value_of_a_row(on_postgres):
    """K15: texts of residents stood in the log as parameters, and in the server's words."""
    secret = "我父亲患肺癌住院\n当天请假"
    table = on_postgres.runtime.chassis.jobs
    now = datetime.now(UTC)
    row = {"job_id": "j", "kind": "k", "params": {}, "state": secret, "done": 0, "attempts": 0}
    row |= {"cancel": False, "created_at": now, "updated_at": now, "note": secret}
    with on_postgres.runtime.engine.connect() as conn:
        for broken in (row, row | {"state": None}):
            with conn.begin(), pytest.raises(sa.exc.DBAPIError) as fault:
                conn.execute(sa.insert(table), broken)
            told = "".join(traceback.format_exception(fault.value))
            assert "肺癌" not in told
            assert "请假" not in told
            assert "jobs" in told


def test_a_database_that_cannot_be_reached_is_an_outage_and_a_wrong_statement_is_not(on_postgres):
    url = on_postgres.runtime.engine.url
    for cooperative in (False, True):
        for wrong in (url.set(port=1), url.set(database="there_is_none")):
            text = wrong.set(drivername="postgresql").render_as_string(hide_password=False)
            engine = store.open_engine(text, cooperative=cooperative)
            with pytest.raises(sa.exc.OperationalError) as unreachable:
                engine.connect()
            assert database_errors.is_outage(unreachable.value)
            engine.dispose()
    with pytest.raises(sa.exc.ProgrammingError) as wrong:
        on_postgres.rows("SELECT nonsense")
    assert not database_errors.is_outage(wrong.value)


def test_a_batch_asks_once_whether_it_is_new_and_has_to_wait(on_postgres):
    asked = []
    sa.event.listen(
        on_postgres.runtime.engine, "before_cursor_execute", lambda *of: asked.append(of[2])
    )
    assert on_postgres.consume("toy", "added.v1", {"amount": 1}) == 1
    assert on_postgres.rows("SELECT count(*) AS n FROM entries") == [{"n": 1}]
    found = [one for one in asked if "inbox" in one or "parked" in one]
    assert len(found) == 1, found
