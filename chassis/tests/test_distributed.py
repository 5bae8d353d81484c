"""serve, work, relay and the gateway's client as real processes on RabbitMQ and PostgreSQL."""

import json
import os
import pwd
import threading
import time
from collections import Counter
from dataclasses import replace

import msgspec
import pika
import pytest
import sqlalchemy as sa

from fivered.chassis import broker, event_log, inbox, publisher, relay, rpc, subscriber, topology
from fivered.chassis.actors import Signer, new_pair
from fivered.chassis.messages import Actor, Replayed, new_uuid, partition_of
from fivered.chassis.tests.distributed import DISTRICT, SIGNER, World, terminate
from fivered.chassis.tests.toy.service import Toy
from fivered.chassis.work import Worker
from testkit import servers
from testkit.bench import Bench
from testkit.disks import small_disk
from testkit.waiting import wait_until

pytestmark = pytest.mark.servers


@pytest.fixture
def world(broker_url, postgres_url, tmp_path):
    world = World(broker_url, postgres_url, tmp_path)
    yield world
    world.close()


@pytest.fixture
def fragile(private_rabbit, postgres_url, tmp_path):
    """A world whose broker may be killed."""
    world = World(private_rabbit.new_vhost(), postgres_url, tmp_path)
    yield world
    world.close()


def event(world, amount, subject="s", note="", **more):
    bench = Bench(world.runtime)
    bench.runtime.fixed_now = world.runtime.now()
    try:
        data = {"amount": amount, "note": note}
        return bench.event("toy", "added.v1", data, subject=subject, **more).body
    finally:
        bench.runtime.fixed_now = None


def test_a_call_is_answered_and_its_event_is_heard(world):
    caller = world.caller()
    world.wait(caller.bus._ready.is_set)
    began = time.monotonic()
    with pytest.raises(rpc.ServiceUnavailable):
        caller.add("c")
    assert time.monotonic() - began < 1
    serve, work = world.start("serve"), world.start("work")
    world.wait_ready(serve, work)

    key = new_uuid()
    assert caller.add("c", 5, key=key)["version"] == 1
    assert caller.add("c", 5, key=key)["version"] == 1
    again = caller.add("c", 5, key=key, raw=True)
    assert isinstance(again, Replayed)
    assert msgspec.json.decode(again.reply)["version"] == 1
    with pytest.raises(rpc.CallRefused) as refused:
        caller.call("reset", {"counter_id": "c"}, key=new_uuid(), version="8,9")
    assert refused.value.payload["code"] == "VERSION_CONFLICT"
    assert caller.call("total", {"counter_id": "c"})["total"] == 5
    world.wait(lambda: world.amounts() == [5])
    assert world.one("SELECT count(*) FROM audit") == 1

    with pytest.raises(rpc.CallRefused) as refused:
        caller.add("c", 5000)
    assert refused.value.payload["guard"] == "TOO_MUCH"
    with pytest.raises(rpc.CallRefused) as refused:
        caller.call("no_such_method", {})
    assert refused.value.payload["code"] == "NOT_FOUND"
    with pytest.raises(rpc.CallRefused) as refused:
        caller.call("add", {"counter_id": "c", "amount": 1}, key="k", actor=Actor("p", "R_X", ""))
    assert refused.value.payload["code"] == "ROLE_DENIED"

    for process in (serve, work):
        assert world.page(process, "/live")[0] == 200
        page = world.page(process, "/ready")
        assert page[0] == 200, page
        assert page[1]["checks"]["database"]["detail"] == "0001"
    assert terminate(serve) == 0
    assert terminate(work) == 0
    began = time.monotonic()
    with pytest.raises(rpc.ServiceUnavailable):
        caller.add("c")
    assert time.monotonic() - began < 1


def test_what_strangers_send_stops_nobody_and_is_kept(world):
    serve = world.start("serve")
    caller = world.caller()
    world.wait_ready(serve)
    send = {"exchange": "fivered.rpc", "key": "toy"}
    world.publish(send["exchange"], send["key"], b'{"counter_id": "c"}', headers={"method": "add"})
    world.publish(send["exchange"], send["key"], b"\xff{no json", reply_to="nobody")
    world.publish(send["exchange"], send["key"], b"[1]", reply_to="nobody", content_encoding="x")
    world.publish(send["exchange"], send["key"], b"{}", reply_to="n", headers={"deadline-ms": "x"})
    world.wait(lambda: world.queue_length("rpc.dead") == 4)

    # Signed by somebody else: answered, because it can be.
    (stranger, _public), (system, _public) = new_pair(), new_pair()
    caller.bus._signer = Signer(people=stranger, system=system)
    with pytest.raises(rpc.CallRefused) as refused:
        caller.add("c")
    assert refused.value.payload["code"] == "ROLE_DENIED"
    caller.bus._signer = SIGNER

    # Its deadline has passed before it arrives: nothing happens.
    signed = SIGNER.sign(DISTRICT, "toy", "add")
    headers = {"method": "add", "actor": signed, "key": "late", "deadline-ms": 1}
    body = b'{"counter_id": "late", "amount": 1}'
    world.publish(send["exchange"], send["key"], body, reply_to="nobody", headers=headers)
    assert caller.add("c")["version"] == 1
    assert world.rows("SELECT * FROM counters WHERE counter_id = 'late'") == []
    assert serve.poll() is None
    assert world.page(serve, "/live")[0] == 200


def test_a_worker_hears_once_parks_poison_and_retries_it(world):
    (world.folder / "fails").write_text("always")
    work = world.start("work", TOY_FAIL='{"flaky": 2}')
    twice = event(world, 1, "a")
    world.publish_event(
        twice,
        twice,
        b"{unreadable",
        event(world, "many", "b"),
        event(world, 2, "c", note="flaky"),
        event(world, 3, "d", note="always"),
        event(world, 4, "d"),
        event(world, 5, "e"),
    )
    world.wait_ready(work)
    world.wait(lambda: sorted(world.amounts()) == [1, 2, 5])
    world.wait(lambda: len(inbox.parked_rows(world.runtime)) == 4)
    assert [(row["reason"], row["subject"]) for row in inbox.parked_rows(world.runtime)] == [
        ("UNREADABLE", None),
        ("SCHEMA", "b"),
        ("FAILED", "d"),
        ("BEHIND", "d"),
    ]
    (world.folder / "fails").write_text("")
    failed = inbox.parked_rows(world.runtime)[2]["id"]
    inbox.mark_parked(world.runtime, [failed], "RETRY", "operator")
    world.wait(lambda: sorted(world.amounts()) == [1, 2, 3, 4, 5])
    assert world.amounts()[-2:] == [3, 4]
    world.wait(lambda: world.queue_length("toy.toy.0") == 0)


def test_what_took_effect_a_moment_ago_is_not_brought_again_after_a_kill(world):
    """A single event is acknowledged although none follows it."""
    work = world.start("work")
    world.publish_event(event(world, 1, "c"))
    world.wait(lambda: world.amounts() == [1])
    time.sleep(0.5)
    work.kill()
    work.wait(10)
    assert not wait_until(lambda: world.queue_length("toy.toy.0"), 2, every=0.2)


def test_killing_the_worker_again_and_again_loses_and_doubles_nothing(world):
    count = 4000
    world.fill_outbox(count)
    for share in (0.1, 0.4, 0.7):
        work = world.start("work")
        world.wait(lambda s=share: world.entries() > count * s)
        work.kill()
        work.wait()
    world.start("work")
    world.wait(lambda: world.entries() == count)
    world.wait(lambda: world.one("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 0)
    assert world.one("SELECT count(DISTINCT event_id) FROM entries") == count
    assert world.one("SELECT sum(amount) FROM entries") == count * (count - 1) // 2
    # What was said about one subject was heard in that order.
    assert not world.rows(
        "SELECT 1 FROM (SELECT sequence, lag(sequence) OVER (PARTITION BY subject ORDER BY id)"
        " AS before FROM entries) AS s WHERE before > sequence"
    )


def test_killing_the_broker_under_load_loses_and_doubles_nothing(fragile, private_rabbit):
    world = fragile
    serve, work = world.start("serve"), world.start("work")
    caller = world.caller()
    world.wait_ready(serve, work)
    failures = []

    def load(name):
        try:
            for _ in range(40):
                caller.insist(name)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=load, args=(f"c{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    world.wait(lambda: world.entries() > 20)
    private_rabbit.kill9()
    private_rabbit.start()
    for thread in threads:
        thread.join(60)
    assert not failures, failures
    assert world.one("SELECT sum(total) FROM counters") == 160
    world.wait(lambda: world.entries() == 160)
    world.wait_ready(serve, work)


def test_a_second_worker_takes_over_at_once_and_nothing_is_done_twice(world):
    first = world.start("work")
    world.wait_ready(first)
    second = world.start("work")
    serve = world.start("serve")
    caller = world.caller()
    world.wait_ready(second, serve)
    job_id = caller.call("count_up", {"counter_id": "j", "amount": 30}, key=new_uuid())["id"]
    with world.runtime.transaction(DISTRICT) as tx:
        for number in range(30):
            tx.arm("reminder", f"r{number}", tx.now)
    world.fill_outbox(600)
    world.wait(lambda: world.entries() >= 100)
    first.kill()
    world.wait(lambda: world.entries() == 660, seconds=75)
    assert world.one("SELECT count(DISTINCT event_id) FROM entries") == 660
    assert world.one("SELECT count(*) FROM entries WHERE subject LIKE 'r%'") == 30
    world.wait(lambda: caller.call("_job", {"job_id": job_id})["state"] == "DONE")
    began = time.monotonic()
    caller.add("after")
    world.wait(lambda: world.entries() == 661)
    assert time.monotonic() - began < 5
    assert terminate(second) == 0


def test_a_database_that_ends_because_its_log_has_no_room_is_waited_for(broker_url, tmp_path):
    """PostgreSQL panics, cannot recover and ends. What it acknowledged is there afterwards, every
    process waits and comes back by itself, and nobody tells the same reason again and again."""
    owner = pwd.getpwnam("postgres").pw_uid
    folder = servers.new_folder("full-")
    with small_disk(folder, "48m", owner=owner) as disk:
        ahead = folder / "ahead"
        ahead.mkdir()
        os.chown(ahead, owner, owner)
        postgres = servers.Postgres(ahead=ahead).start()
        world = World(broker_url, postgres.create_database("toy"), tmp_path)
        try:
            serve, work = world.start("serve"), world.start("work")
            caller = world.caller()
            world.wait_ready(serve, work)
            caller.add("c")
            world.wait(lambda: world.entries() == 1)
            disk.fill()
            with world.runtime.engine.connect() as conn:
                conn.exec_driver_sql("SELECT pg_switch_wal()")
            with pytest.raises((rpc.ServiceUnavailable, rpc.OutcomeUnknown)):
                for _ in range(9):
                    caller.add("c", deadline_s=8)
            world.wait(lambda: not postgres.running)
            with pytest.raises(servers.ServerFailed, match="No space left on device"):
                postgres.start()
            world.publish_event(event_without_database(7, "d"), partition=partition_of("d"))
            with pytest.raises(rpc.ServiceUnavailable):
                caller.add("c", deadline_s=8)
            status, page = world.page(serve, "/ready")
            assert status == 503
            assert "connect" in page["checks"]["database"]["detail"].lower()
            told = [
                json.loads(line) for p in (serve, work) for line in p.log.read_text().splitlines()
            ]
            why = Counter(
                tuple(value for key, value in sorted(line.items()) if key not in {"at", "trace_id"})
                for line in told
                if line["event"] in {"call_outage", "storage_outage"}
            )
            assert set(why.values()) == {1}, why
            disk.empty()
            postgres.start()
            world.runtime.engine.dispose()
            caller.insist("c")
            world.wait(lambda: sorted(world.amounts()) == [1, 1, 7])
            world.wait_ready(serve, work)
            assert inbox.parked_rows(world.runtime) == []
        finally:
            world.close()
            postgres.stop()
    folder.rmdir()


def event_without_database(amount, subject):
    import msgspec

    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": new_uuid(),
            "source": "/fivered/toy",
            "type": "toy.added.v1",
            "subject": subject,
            "time": "2025-03-03T01:00:00Z",
            "recordedat": "2025-03-03T01:00:00Z",
            "aggregatetype": "counter",
            "sequence": "00000000000000000001",
            "scope": "370811",
            "period": "2025-03",
            "correlationid": new_uuid(),
            "data": {"amount": amount},
        }
    )


def test_a_call_under_way_is_finished_when_the_service_is_asked_to_end(world):
    serve = world.start("serve")
    caller = world.caller()
    world.wait_ready(serve)
    got = []
    body = {"counter_id": "c", "seconds": 1.5}
    thread = threading.Thread(target=lambda: got.append(caller.call("nap", body, key=new_uuid())))
    thread.start()
    world.wait(lambda: world.rows("SELECT 1 FROM pg_stat_activity WHERE query ~ '^SELECT pg_sl'"))
    assert terminate(serve) == 0
    thread.join(10)
    assert got[0]["version"] == 1


def test_a_fact_without_queue_waits_for_the_topology_and_blocks_nobody(
    broker_url, postgres_url, tmp_path, monkeypatch
):
    monkeypatch.setattr(relay, "AGAIN_S", 0.3)
    world = World(broker_url, postgres_url, tmp_path)
    sender = relay.Relay(world.runtime, broker_url, world.installation)
    try:
        sender.start()
        # Somebody deletes two of the queues while the relay is connected.
        world.wait(lambda: sender.state.connected)
        gone = [partition_of("c"), (partition_of("c") + 1) % 4]
        connection = pika.BlockingConnection(pika.URLParameters(broker_url))
        for partition in gone:
            connection.channel().queue_delete(f"toy.toy.{partition}")
        connection.close()
        bench = Bench(world.runtime)
        other = next(f"o{n}" for n in range(99) if partition_of(f"o{n}") not in gone)
        key = ("added.v1", partition_of("c"))
        bench.do("add", {"counter_id": "c", "amount": 1, "note": "1"})
        # It has come back: what is said from now on is not in one window with it.
        world.wait(lambda: key in sender.state.unroutable)
        for subject, note in (("c", "forget"), (other, "2"), ("c", "3")):
            bench.do("add", {"counter_id": subject, "amount": 1, "note": note})
        sent = "SELECT id FROM outbox WHERE sent_at IS NOT NULL ORDER BY id"
        # Nobody hears the second, but it would overtake the first.
        world.wait(lambda: [row["id"] for row in world.rows(sent)] == [3])
        assert key in sender.state.unroutable
        broker.apply(broker_url, world.installation)
        world.wait(lambda: [row["id"] for row in world.rows(sent)] == [1, 2, 3, 4])
        assert sender.state.unroutable == ()
    finally:
        sender.stop()
        sender.join(10)
        world.close()


def test_a_relay_learns_of_the_first_consumer_of_a_fact_while_it_runs(
    broker_url, postgres_url, tmp_path, monkeypatch
):
    """The producer had to be started anew: until then an event whose queue was gone was lost."""
    monkeypatch.setattr(relay, "LOOK_S", 0.2)
    world = World(broker_url, postgres_url, tmp_path)
    path = tmp_path / "installation.json"
    known = world.installation.members["toy"]
    path.write_text(topology.Installation({"toy": replace(known, consumes={})}).to_json())
    sender = relay.Relay(world.runtime, broker_url, topology.read_installation(path))
    try:
        sender.start()
        world.wait(lambda: sender.state.connected)
        connection = pika.BlockingConnection(pika.URLParameters(broker_url))
        connection.channel().queue_delete(f"toy.toy.{partition_of('c')}")
        connection.close()
        bench = Bench(world.runtime)
        bench.do("add", {"counter_id": "c", "amount": 1})
        # Nobody consumes it, so that nobody misses it.
        world.wait(lambda: world.one("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 0)
        path.write_text("half of a file")
        path.write_text(world.installation.to_json())
        world.wait(lambda: sender.consumed == {"added.v1"})
        bench.do("add", {"counter_id": "c", "amount": 1})
        world.wait(lambda: ("added.v1", partition_of("c")) in sender.state.unroutable)
        assert world.one("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 1
    finally:
        sender.stop()
        sender.join(10)
        world.close()


def test_a_full_queue_holds_back_its_own_subjects_only_and_is_told(
    fragile, private_rabbit, monkeypatch, caplog
):
    """The relay dropped its connection at each refusal, and all that the service says waited."""
    monkeypatch.setattr(relay, "AGAIN_S", 0.3)
    world, gone = fragile, partition_of("c")
    other = next(f"o{n}" for n in range(99) if partition_of(f"o{n}") != gone)
    name = topology.queue_name("toy", "toy", gone)
    # An operator limits a queue of ours; what exceeds it is refused, as the queue itself asks.
    limit = {"pattern": name, "apply-to": "queues", "priority": 9, "definition": {"max-length": 2}}
    private_rabbit.set_policies({"full": limit}, world.url.rpartition("/")[2])
    bench = Bench(world.runtime)
    worker = Worker(world.runtime, world.url, world.installation)
    sender = worker.relay
    hearers = [
        subscriber.Subscriber(world.runtime, world.url, "toy", [queue])
        for queue in world.installation.queues()
    ]
    full = next(one for one in hearers if one.queues[0].partition == gone)
    unsent = "SELECT count(*) FROM outbox WHERE sent_at IS NULL"
    try:
        sender.start()
        for one in hearers:
            if one is not full:
                one.start()
        world.wait(lambda: sender.state.connected)
        # One by one: a quorum queue takes some more before it refuses.
        for n in range(1, 9):
            bench.do("add", {"counter_id": "c", "amount": n})
            world.wait(lambda: world.one(unsent) == 0 or sender.state.refused)
        assert sender.state.refused == (("added.v1", gone),)
        assert sender.state.connected
        told = [record for record in caplog.records if record.getMessage() == "event_refused"]
        assert [record.keys for record in told] == [[f"added.v1.{gone}"]]
        page = worker._topology()
        assert (page.ok, page.detail["refused"]) == (False, [f"added.v1.{gone}"])
        # The others are heard meanwhile.
        bench.do("add", {"counter_id": other, "amount": 100})
        world.wait(lambda: world.amounts() == [100])
        assert world.one(unsent) > 0
        full.start()
        world.wait(lambda: len(world.amounts()) == 9)
        assert world.amounts()[1:] == list(range(1, 9))
        world.wait(lambda: world.one(unsent) == 0 and not sender.state.refused)
        assert worker._topology().ok
    finally:
        for one in hearers:
            if one.threads[0].ident:
                one.stop()
        sender.stop()
        sender.join(10)


def test_a_queue_of_calls_that_stood_in_goes_when_nobody_consumes_it(world):
    """Both could live on one node of a cluster, and with it no calls were answered any more."""
    connection = pika.BlockingConnection(pika.URLParameters(world.url))
    channel = connection.channel()
    _first, other = topology.call_queues("toy")
    channel.queue_declare(other, durable=True, arguments={"x-expires": 30_000})
    serve = world.start("serve")
    world.wait_ready(serve)
    assert world.caller().insist("c")["version"] == 1
    with pytest.raises(pika.exceptions.ChannelClosedByBroker) as gone:
        channel.queue_declare(other, passive=True)
    assert gone.value.reply_code == 404
    connection.close()


def test_an_event_whose_notice_comes_with_an_answer_of_the_database_goes_out_at_once(
    world, monkeypatch
):
    """Nothing woke the relay: it found the event a second later."""
    monkeypatch.setattr(relay, "POLL_S", 20.0)
    sender = relay.Relay(world.runtime, world.url, world.installation)
    mark, said = sender._mark, []

    def marked(database):
        if sender._unmarked and not said:
            said.append(world.fill_outbox(1))
        mark(database)

    monkeypatch.setattr(sender, "_mark", marked)
    try:
        world.fill_outbox(1)
        sender.start()
        asked = "SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL"
        world.wait(lambda: world.one(asked) == 2, 8)
    finally:
        sender.stop()
        sender.join(30)


def test_what_several_queues_have_refused_goes_out_soon_after_they_have_room(
    fragile, private_rabbit
):
    """As queues of a cluster do that have lost their leaders: the second refusal made all wait for
    five seconds, though there was room after half of one."""
    world, vhost = fragile, fragile.url.rpartition("/")[2]
    subjects = [
        next(f"s{n}" for n in range(99) if partition_of(f"s{n}") == partition)
        for partition in (0, 1)
    ]
    limit = {"pattern": r"^toy\.toy\.[01]$", "apply-to": "queues", "definition": {"max-length": 1}}
    private_rabbit.set_policies({"full": limit | {"priority": 9}}, vhost)
    sender = relay.Relay(world.runtime, world.url, world.installation)
    bench = Bench(world.runtime)
    unsent = "SELECT count(*) FROM outbox WHERE sent_at IS NULL"
    try:
        sender.start()
        world.wait(lambda: sender.state.connected)
        for subject in subjects:
            before = len(sender.state.refused)
            # One by one: a quorum queue takes some more before it refuses.
            for n in range(1, 9):
                bench.do("add", {"counter_id": subject, "amount": n})
                world.wait(lambda: not world.one(unsent) or sender.state.refused)
                if len(sender.state.refused) > before:
                    break
        world.wait(lambda: len(sender.state.refused) == 2)
        private_rabbit.api("DELETE", f"/policies/{vhost}/full")
        world.wait(lambda: not world.one(unsent), 3.5)
    finally:
        sender.stop()
        sender.join(10)


def test_a_queue_that_was_deleted_is_told_and_heard_again_once_it_is_there(
    broker_url, postgres_url, tmp_path, monkeypatch
):
    """K2: three of four partitions were heard on, the fourth never again, and nobody was told."""
    monkeypatch.setattr(subscriber, "LOST_AGAIN_S", 0.2)
    world = World(broker_url, postgres_url, tmp_path)
    queues = [one for one in world.installation.queues() if one.source == "toy"]
    hearer = subscriber.Subscriber(world.runtime, broker_url, "toy", queues)
    try:
        hearer.start()
        world.wait(lambda: hearer.connected)
        gone = partition_of("s")
        other = next(f"o{n}" for n in range(99) if partition_of(f"o{n}") != gone)
        connection = pika.BlockingConnection(pika.URLParameters(broker_url))
        connection.channel().queue_delete(f"toy.toy.{gone}")
        connection.close()
        world.wait(lambda: hearer.why == f"no queue toy.toy.{gone}")
        world.publish_event(event(world, 1, other), partition=partition_of(other))
        world.wait(lambda: world.amounts() == [1])
        broker.apply(broker_url, world.installation)
        world.wait(lambda: not hearer.why)
        world.publish_event(event(world, 2), partition=gone)
        world.wait(lambda: world.amounts() == [1, 2])
    finally:
        hearer.stop()
        world.close()


def test_a_worker_that_begins_while_a_queue_is_gone_hears_the_others(
    broker_url, postgres_url, tmp_path, monkeypatch
):
    """K2: its connection was given up for the one queue, again and again."""
    monkeypatch.setattr(subscriber, "LOST_AGAIN_S", 0.2)
    world = World(broker_url, postgres_url, tmp_path)
    queues = [one for one in world.installation.queues() if one.source == "toy"]
    gone = partition_of("s")
    other = next(f"o{n}" for n in range(99) if partition_of(f"o{n}") != gone)
    connection = pika.BlockingConnection(pika.URLParameters(broker_url))
    connection.channel().queue_delete(f"toy.toy.{gone}")
    connection.close()
    hearer = subscriber.Subscriber(world.runtime, broker_url, "toy", queues)
    try:
        hearer.start()
        world.publish_event(event(world, 1, other), partition=partition_of(other))
        world.wait(lambda: world.amounts() == [1])
        assert hearer.why == f"no queue toy.toy.{gone}"
        broker.apply(broker_url, world.installation)
        world.wait(lambda: not hearer.why)
        world.publish_event(event(world, 2), partition=gone)
        world.wait(lambda: world.amounts() == [1, 2])
    finally:
        hearer.stop()
        world.close()


def test_a_database_that_takes_no_writes_is_an_outage_that_is_told(world):
    """K2: a standby before its promotion answered every command with a fault."""
    serve = world.start("serve")
    world.wait_ready(serve)
    caller = world.caller()
    world.wait(caller.ready)
    name = world.runtime.engine.url.database
    # A setting counts for who connects anew; so nobody stays connected.
    others_end = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with world.runtime.engine.connect() as plain:
        admin = plain.execution_options(isolation_level="AUTOCOMMIT")
        admin.exec_driver_sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        admin.exec_driver_sql(others_end)
        world.wait(lambda: world.page(serve, "/ready")[0] == 503)
        assert "takes no writes" in str(world.page(serve, "/ready")[1])
        with pytest.raises(rpc.ServiceUnavailable):
            caller.add("c")
        admin.exec_driver_sql("SET transaction_read_only = off")
        admin.exec_driver_sql(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
        admin.exec_driver_sql(others_end)
    world.wait_ready(serve)
    assert caller.insist("c")["version"] == 1


def test_a_broker_in_an_alarm_holds_nothing_for_ever(fragile, private_rabbit, monkeypatch):
    monkeypatch.setattr(publisher, "DEADLINE_S", 1.5)
    sender = relay.Relay(fragile.runtime, fragile.url, fragile.installation)
    sender.start()
    try:
        fragile.wait(lambda: sender.state.connected)
        private_rabbit.ctl("set_vm_memory_high_watermark", "0.00001")
        Bench(fragile.runtime).do("add", {"counter_id": "c", "amount": 1})
        fragile.wait(lambda: sender.state.why)
        private_rabbit.ctl("set_vm_memory_high_watermark", "0.4")
        fragile.wait(lambda: fragile.one("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 0)
    finally:
        private_rabbit.ctl("set_vm_memory_high_watermark", "0.4")
        sender.stop()
        sender.join(10)
        assert not sender.is_alive()


def test_each_process_needs_no_more_than_its_own_permissions(
    private_rabbit, postgres_url, tmp_path
):
    admin_url = private_rabbit.new_vhost()
    vhost = admin_url.rpartition("/")[2]
    world = World(admin_url, postgres_url, tmp_path)
    for permission in topology.permissions(world.installation):
        user = f"{permission.user}-{vhost}"
        private_rabbit.api("PUT", f"/users/{user}", {"password": "p", "tags": ""})
        private_rabbit.api(
            "PUT",
            f"/permissions/{vhost}/{user}",
            {
                "configure": permission.configure,
                "write": permission.write,
                "read": permission.read,
            },
        )
        for topic in permission.topics:
            private_rabbit.api(
                "PUT",
                f"/topic-permissions/{vhost}/{user}",
                {"exchange": topic.exchange, "write": topic.write, "read": topic.read},
            )

    def url_of(user):
        return f"amqp://{user}-{vhost}:p@127.0.0.1:{private_rabbit.port}/{vhost}"

    try:
        own = {"FIVERED_BROKER_URL": url_of("toy")}
        serve, work = world.start("serve", **own), world.start("work", **own)
        world.url = url_of("gateway")
        caller = world.caller()
        world.wait_ready(serve, work)
        caller.add("c", 2)
        world.wait(lambda: world.amounts() == [2])
        channel = pika.BlockingConnection(pika.URLParameters(url_of("gateway")))
        with pytest.raises(pika.exceptions.ChannelClosedByBroker):
            channel.channel().basic_get("toy.toy.0")
        with pytest.raises(pika.exceptions.ChannelClosedByBroker):
            forged = channel.channel()
            forged.confirm_delivery()
            forged.basic_publish("toy.events", "added.v1.0", b"forged")
        channel.close()
    finally:
        world.close()


def test_an_outside_consumer_hears_public_facts_only(private_rabbit):
    url = private_rabbit.new_vhost()
    vhost = url.rpartition("/")[2]
    facts = {"told.v1": "public", "kept.v1": "internal"}
    installation = topology.Installation({"toy": topology.Member("toy", facts)})
    broker.apply(url, installation)
    rights = topology.consumer(installation, "reader", ["toy"])
    (topic,) = rights.topics
    private_rabbit.api("PUT", "/users/reader", {"password": "p", "tags": ""})
    private_rabbit.api(
        "PUT",
        f"/permissions/{vhost}/reader",
        {k: getattr(rights, k) for k in ("configure", "write", "read")},
    )
    private_rabbit.api(
        "PUT",
        f"/topic-permissions/{vhost}/reader",
        {"exchange": topic.exchange, "write": topic.write, "read": topic.read},
    )
    consumer = pika.BlockingConnection(
        pika.URLParameters(f"amqp://reader:p@127.0.0.1:{private_rabbit.port}/{vhost}")
    )
    channel = consumer.channel()
    channel.queue_declare("ext.reader.q", durable=True)
    assert topology.public_keys(installation, "toy") == ["told.v1.*"]
    channel.queue_bind("ext.reader.q", "toy.events", "told.v1.*")
    for key in ("kept.v1.*", "#", "*.v1.*"):
        with pytest.raises(pika.exceptions.ChannelClosedByBroker):
            consumer.channel().queue_bind("ext.reader.q", "toy.events", key)
    consumer.close()
    private_rabbit.api("DELETE", "/users/reader")


def test_an_installation_file_says_what_the_classes_say(tmp_path):
    installation = topology.installation_of([Toy])
    path = tmp_path / "installation.json"
    path.write_text(installation.to_json())
    assert topology.read_installation(path) == installation
    assert installation.consumed_of("toy") == {"added.v1"}
    path.write_text("{}")
    with pytest.raises(topology.TopologyError):
        topology.read_installation(path)


def test_a_full_disk_of_the_database_is_waited_out(broker_url, postgres_server, tmp_path):
    """Commands are told to come again, and nothing that is said or heard is lost or doubled."""
    owner = pwd.getpwnam("postgres").pw_uid
    admin = sa.create_engine(
        sa.make_url(postgres_server).set(drivername="postgresql+psycopg"),
        isolation_level="AUTOCOMMIT", poolclass=sa.NullPool,
    )  # fmt: skip
    name = "t_" + new_uuid().replace("-", "")
    folder = servers.new_folder("full-")
    with small_disk(folder, "32m", owner=owner) as disk, admin.connect() as conn:
        place = folder / "tables"
        place.mkdir()
        os.chown(place, owner, owner)
        conn.exec_driver_sql(f"CREATE TABLESPACE {name} LOCATION '{place}'")
        conn.exec_driver_sql(f"CREATE DATABASE {name} TABLESPACE {name}")
        url = sa.make_url(postgres_server).set(database=name)
        world = World(broker_url, url.render_as_string(hide_password=False), tmp_path)
        try:
            serve, work = world.start("serve"), world.start("work")
            caller = world.caller()
            world.wait_ready(serve, work)
            assert caller.insist("c")["version"] == 1
            disk.fill()
            done, big = 1, "x" * 20_000
            with pytest.raises(rpc.ServiceUnavailable):
                for _ in range(200):
                    caller.add("c", note=big)
                    done += 1
            assert caller.call("total", {"counter_id": "c"})["total"] == done
            disk.empty()
            assert caller.insist("c")["version"] == done + 1
            world.wait(lambda: world.amounts() == [1] * (done + 1))
            assert not [line for line in serve.log.read_text().splitlines() if "fault" in line]
        finally:
            world.close()
            conn.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
            conn.exec_driver_sql(f"DROP TABLESPACE {name}")
            admin.dispose()
    folder.rmdir()


def test_restarts_of_the_database_under_load_lose_and_double_nothing(private_rabbit, tmp_path):
    """With two workers: each process comes back by itself, and a call that is repeated by its key
    has one effect, wherever the restart met it."""
    postgres = servers.Postgres().start()
    url = private_rabbit.new_vhost()
    world = World(url, postgres.create_database("toy"), tmp_path)
    failures, over = [], threading.Event()
    counts = [0] * 4

    def load(n):
        try:
            while not over.is_set():
                caller.insist(f"c{n}", seconds=90)
                counts[n] += 1
        except BaseException as error:
            failures.append(error)

    try:
        processes = [world.start("serve"), world.start("work"), world.start("work")]
        caller = world.caller()
        world.wait_ready(*processes)
        threads = [threading.Thread(target=load, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for again in (postgres.restart, postgres.kill9, private_rabbit.kill9, postgres.restart):
            before = sum(counts)
            world.wait(lambda b=before: failures or sum(counts) > b + 8, 90)
            again()
            if again == postgres.kill9:
                postgres.start()
            if again == private_rabbit.kill9:
                private_rabbit.start()
        before = sum(counts)
        world.wait(lambda: failures or sum(counts) > before + 8, 90)
        over.set()
        for thread in threads:
            thread.join(100)
        assert not failures, failures
        world.runtime.engine.dispose()
        world.wait_ready(*processes)
        totals = world.rows("SELECT counter_id, total FROM counters ORDER BY counter_id")
        assert [row["total"] for row in totals] == counts
        world.wait(lambda: world.entries() == sum(counts))
        assert inbox.parked_rows(world.runtime) == []
        assert [process.poll() for process in processes] == [None] * 3
        for process in processes:
            assert "_fault" not in process.log.read_text(), process.log.read_text()
    finally:
        over.set()
        world.close()
        postgres.stop()


def test_saying_again_through_a_restart_of_the_broker_goes_on_where_it_stopped(
    fragile, private_rabbit, monkeypatch
):
    monkeypatch.setattr(event_log, "PAGE", 20)
    world = fragile
    work = world.start("work")
    world.wait_ready(work)
    world.fill_outbox(400)
    world.wait(lambda: world.entries() == 400)
    with world.runtime.engine.begin() as conn:
        # A database that was restored has forgotten them.
        conn.execute(sa.text("DELETE FROM entries"))
        conn.execute(sa.text("DELETE FROM inbox"))
    part, stopped = event_log.Part(), []
    killer = threading.Thread(target=private_rabbit.kill9)
    taken = event_log.Publisher.publish

    def publish(self, window, outcome):
        taken(self, window, outcome)
        if window[0].id > 100 and not stopped and not killer.ident:
            killer.start()
            killer.join()

    monkeypatch.setattr(event_log.Publisher, "publish", publish)

    def again():
        return event_log.again_to(world.runtime, part, "toy", world.installation, world.url)

    with pytest.raises(event_log.NotReplayed, match=r"go on with --after \d+") as told:
        again()
    last = int(str(told.value).rpartition(" ")[2])
    assert last > 100
    with pytest.raises(event_log.NotReplayed, match="the broker: "):
        again()
    private_rabbit.start()
    part = event_log.Part(after=last)
    assert again().last_id == 400
    world.wait(lambda: world.entries() == 400)
    assert world.one("SELECT count(DISTINCT event_id) FROM entries") == 400
