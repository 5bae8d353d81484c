"""Calls that wait at the same time share a commit, and each is as if it were alone."""

import pytest
import sqlalchemy as sa

from fivered.chassis import embedded, event_log, projections, rpc
from fivered.chassis.embedded import EmbeddedHost
from fivered.chassis.messages import Actor, Call, new_uuid
from fivered.chassis.migrate import migrate_service
from fivered.chassis.projections import Projection
from fivered.chassis.runtime import Runtime
from fivered.chassis.tests.toy.service import Toy
from testkit.bench import environment

ACTOR = Actor("per_one", "R_DISTRICT", "370811")
LONG_S = 60.0


def add(amount, key=None, counter="c"):
    order = {"counter_id": counter, "amount": amount}
    return Call("add", order, ACTOR, key=key or new_uuid())


@pytest.fixture
def commits(bench):
    return _counted(bench.runtime)


def _counted(runtime):
    """Return the list of commits of what writes."""
    found = []

    @sa.event.listens_for(runtime.engine, "commit")
    def _commit(conn):
        if not conn.get_execution_options().get("fivered_reads"):
            found.append(conn)

    return found


def test_a_refusal_undoes_itself_alone(bench, commits):
    calls = [add(5), add(2000), add(6)]
    first, refused, last = rpc.answer_some(bench.runtime, calls, LONG_S)
    assert (first["ok"]["version"], last["ok"]["version"]) == (1, 2)
    assert refused["refusal"]["guard"] == "TOO_MUCH"
    assert len(commits) == 1
    assert [event["data"]["amount"] for event in bench.published("added.v1")] == [5, 6]
    assert len(bench.rows("select 1 as one from audit")) == 2


def test_a_key_that_comes_twice_has_one_effect(bench):
    first, second = rpc.answer_some(bench.runtime, [add(5, "k"), add(5, "k")], LONG_S)
    assert second == {**first, "replayed": True}
    assert bench.ask("total", {"counter_id": "c"})["total"] == 5


def test_nobody_is_woken_and_nobody_answered_before_the_commit(bench, monkeypatch):
    seen = []

    def woken(_tx):
        seen.append(bench.ask("total", {"counter_id": "c"})["total"])

    monkeypatch.setattr(bench.runtime, "on_commit", woken)
    rpc.answer_some(bench.runtime, [add(5), add(6)], LONG_S)
    assert seen == [11, 11]


def test_a_fault_of_one_is_no_fault_of_the_others(bench, monkeypatch):
    runtime = bench.runtime
    service, door = runtime.instance(), runtime.entries["add"].door

    def failing(toy, tx, order):
        if order.amount == 7:
            raise RuntimeError("told to fail")
        return toy.add(tx, order)

    monkeypatch.setattr(
        runtime, "call", lambda call: runtime.run_command(service, door, failing, call)
    )
    first, failed, last = rpc.answer_some(runtime, [add(5), add(7), add(6)], LONG_S)
    assert "fault" in failed
    assert (first["ok"]["version"], last["ok"]["version"]) == (1, 2)
    assert [event["data"]["amount"] for event in bench.published("added.v1")] == [5, 6]


def test_a_commit_in_doubt_is_asked_about_by_the_keys(bench):
    broken = [True]

    @sa.event.listens_for(bench.runtime.engine, "commit")
    def _lost(conn):
        if broken:
            broken.clear()
            # It has taken effect, and its answer was lost.
            conn.connection.dbapi_connection.commit()
            raise ConnectionError("lost")

    replies = rpc.answer_some(bench.runtime, [add(5), add(6)], LONG_S)
    assert [reply["ok"]["version"] for reply in replies] == [1, 2]
    assert bench.ask("total", {"counter_id": "c"})["total"] == 11
    assert len(bench.published("added.v1")) == 2


def test_no_call_is_begun_after_its_time(bench):
    assert len(rpc.answer_some(bench.runtime, [add(5), add(6)], 0.0)) == 1
    assert bench.ask("total", {"counter_id": "c"})["total"] == 5


def test_what_has_built_up_in_the_embedded_mode_is_one_commit(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "_TOGETHER_S", LONG_S)
    runtime = Runtime.open(Toy, f"sqlite:///{tmp_path}/toy.sqlite", environ=environment())
    migrate_service(Toy, runtime.engine)
    host = EmbeddedHost({"toy": runtime})
    futures = [host.submit("toy", add(2000 if n == 3 else 1, counter="d")) for n in range(10)]
    runtime.prepare()
    commits = _counted(runtime)
    writer = host.writers["toy"]
    writer._turn(wait=False)
    replies = [future.result(0) for future in futures]
    assert "refusal" in replies.pop(3)
    assert [reply["ok"]["version"] for reply in replies] == list(range(1, 10))
    # One for the calls, and one for the toy, which consumes its own facts.
    assert len(commits) == 2
    host.stop()


@pytest.fixture
def running(tmp_path):
    """Three facts, heard by a writer whose turns the test gives it."""
    runtime = Runtime.open(Toy, f"sqlite:///{tmp_path}/toy.sqlite", environ=environment())
    migrate_service(Toy, runtime.engine)
    host = EmbeddedHost({"toy": runtime})
    runtime.prepare()
    say(host, 3)
    assert entries(runtime) == 3
    yield host
    host.stop()


def say(host, count):
    for _ in range(count):
        host.submit("toy", add(1))
    turn(host)


def turn(host):
    writer = host.writers["toy"]
    writer._look_at = 0.0
    while writer._turn(wait=False):
        pass


def entries(runtime):
    with runtime.engine.connect() as conn:
        return conn.execute(sa.text("SELECT count(*) FROM entries")).scalar()


def cleared(runtime):
    return projections.clear(runtime, Projection("entries", "toy", "on_toy", ("entries",)))


def test_a_projection_that_is_rebuilt_beside_a_run_is_read_again_at_once(running):
    runtime = running.runtimes["toy"]
    assert cleared(runtime) == 3
    turn(running)
    assert entries(runtime) == 3


def test_a_fact_that_comes_before_the_next_look_does_not_overrule_who_sets_back(running):
    runtime = running.runtimes["toy"]
    cleared(runtime)
    running.writers["toy"]._look_at = float("inf")
    running.submit("toy", add(1))
    while running.writers["toy"]._turn(wait=False):
        pass
    turn(running)
    assert entries(runtime) == 4


def test_a_part_that_is_said_again_beside_a_run_is_read_from_its_first_fact(running):
    runtime = running.runtimes["toy"]
    with runtime.engine.begin() as conn:
        conn.execute(sa.text("DELETE FROM entries"))
        conn.execute(sa.text("DELETE FROM inbox"))
    first = runtime.chassis.outbox
    with runtime.engine.connect() as conn:
        second = conn.execute(sa.select(first.c.id).order_by(first.c.id)).scalars().all()[1]
    event_log.set_back(runtime, event_log.Part(first=second), runtime)
    turn(running)
    assert entries(runtime) == 2
