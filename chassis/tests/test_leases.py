"""How the workers of a service share its queues, on RabbitMQ and PostgreSQL."""

import json
import random
import signal
import threading
import time
from collections import Counter

import pytest
import sqlalchemy as sa

from fivered.chassis import leases, relay, subscriber
from fivered.chassis.leases import Leases, share
from fivered.chassis.migrate import migrate_service
from fivered.chassis.runtime import Runtime
from fivered.chassis.tests.distributed import DISTRICT, World, terminate
from fivered.chassis.tests.toy.service import Added, Toy
from testkit.bench import KEY

QUEUES = {f"toy.{source}.{n}": source for source in ("a", "b", "c") for n in range(4)}


def test_whatever_comes_and_goes_every_queue_is_held_once_and_the_shares_are_even():
    chance = random.Random(11)
    for _ in range(300):
        held, live = {}, set()
        for number in range(chance.randint(1, 6)):
            live.add(f"w{number}{chance.random()}")
            if len(live) > 2 and chance.random() < 0.4:
                live.discard(chance.choice(sorted(live)))
            for _turn in range(12):
                held = {queue: one for queue, one in held.items() if one in live}
                for one in chance.sample(sorted(live), len(live)):
                    give, take = share(one, live, QUEUES, held)
                    for queue in give:
                        assert held.pop(queue) == one
                    held |= dict.fromkeys(take, one)
            counts = Counter(dict.fromkeys(live, 0)) + Counter(held.values())
            assert set(held) == set(QUEUES)
            assert max(counts.values()) - min(counts[one] for one in live) <= 1
            assert all(share(one, live, QUEUES, held) == ([], []) for one in live)


def test_who_is_alone_takes_all_and_who_comes_takes_of_every_source_alike():
    give, take = share("one", {"one"}, QUEUES, {})
    assert (give, set(take)) == ([], set(QUEUES))
    give, _ = share("one", {"one", "two"}, QUEUES, dict.fromkeys(QUEUES, "one"))
    assert Counter(QUEUES[queue] for queue in give) == {"a": 2, "b": 2, "c": 2}
    # More workers than queues: the surplus stands by.
    live = {f"w{n:02}" for n in range(20)}
    held = {queue: f"w{n:02}" for n, queue in enumerate(QUEUES)}
    assert all(share(one, live, QUEUES, held) == ([], []) for one in live)


class Engine:
    """An engine that can be cut off."""

    def __init__(self, real):
        self._real, self.away = real, False
        self.dialect = real.dialect

    def connect(self):
        if self.away:
            raise sa.exc.TimeoutError("no connection")
        return self._real.connect()

    def begin(self):
        return self._real.begin()


class Opened:
    name = "toy"

    def __init__(self, engine):
        self.engine = Engine(engine)


@pytest.fixture
def runtime(postgres_url):
    runtime = Runtime.open(Toy, postgres_url, environ={"FIVERED_ACTOR_KEY": KEY})
    migrate_service(Toy, runtime.engine)
    yield runtime
    runtime.close()


class Crew:
    """Workers without a broker: what each was told to step back from."""

    def __init__(self, runtime, count):
        self.opened = [Opened(runtime.engine) for _ in range(count)]
        self.back = [[] for _ in range(count)]
        self.all = [
            Leases(one, QUEUES, lambda names, at_once, to=to: to.append((sorted(names), at_once)))
            for one, to in zip(self.opened, self.back, strict=True)
        ]

    def turn(self, *numbers, times=1):
        for _ in range(times):
            for number in numbers:
                self.all[number].turn()

    def held(self, *numbers):
        return [len(self.all[number].held) for number in numbers]


@pytest.mark.servers
def test_leases_move_when_workers_come_go_and_die(runtime, monkeypatch):
    monkeypatch.setattr(leases, "EXPIRES_S", 0.4)
    crew = Crew(runtime, 3)
    assert crew.all[0].turn() == leases.SOON_S
    assert crew.held(0) == [12]
    assert crew.all[0].turn() == leases.BEAT_S
    crew.turn(1)
    crew.turn(0, 1, times=2)
    assert crew.held(0, 1) == [6, 6]
    # Nobody who holds a queue is told to let others come first there.
    told = {queue for names, _ in crew.back[0] for queue in names}
    assert told == crew.all[1].held
    assert crew.back[1] == []
    crew.turn(2, 0, 1, times=3)
    assert crew.held(0, 1, 2) == [4, 4, 4]
    listed = leases.listed(runtime)
    assert [row["held"] for row in listed] == [4, 4, 4]
    assert json.dumps(listed[0]["seen_s"]).replace(".", "").isdigit()
    assert set(listed[0]) == {"id", "host", "pid", "started_at", "seen_s", "held", "queues"}
    # One ends, and says so: the others need not wait.
    crew.all[2].leave()
    crew.turn(0, 1)
    assert crew.held(0, 1) == [6, 6]
    # One dies: the others take over when its leases have expired, and not before.
    crew.turn(0)
    assert crew.held(0) == [6]
    time.sleep(0.5)
    crew.turn(0)
    time.sleep(0.2)
    crew.turn(0)
    # It had not beaten itself meanwhile, and knows nothing of the other.
    assert crew.held(0) == [6]
    time.sleep(0.25)
    crew.turn(0)
    assert crew.held(0) == [12]


@pytest.mark.servers
def test_an_outage_of_the_database_moves_no_lease(runtime, monkeypatch):
    monkeypatch.setattr(leases, "EXPIRES_S", 0.4)
    crew = Crew(runtime, 2)
    crew.turn(0, 1, 0, 1)
    time.sleep(0.5)
    crew.turn(0, 1, 0, 1)
    assert crew.held(0, 1) == [6, 6]
    before = [one.held for one in crew.all]
    crew.back[0].clear()
    crew.back[1].clear()
    for one in crew.opened:
        one.engine.away = True
    time.sleep(0.5)
    for _ in range(3):
        for one in crew.all:
            with pytest.raises(sa.exc.TimeoutError):
                one.turn()
    # Others may have come first meanwhile: said once, not again and again.
    assert crew.back == [[(sorted(held), True)] for held in before]
    for one in crew.opened:
        one.engine.away = False
    crew.turn(0, 1, times=3)
    assert [one.held for one in crew.all] == before
    # Each asks the other to let it come first again.
    assert [set(told[-1][0]) for told in crew.back] == [set(before[1]), set(before[0])]


@pytest.mark.servers
def test_a_worker_alone_does_not_step_back(runtime, monkeypatch):
    monkeypatch.setattr(leases, "EXPIRES_S", 0.1)
    crew = Crew(runtime, 1)
    crew.turn(0)
    crew.opened[0].engine.away = True
    time.sleep(0.2)
    with pytest.raises(sa.exc.TimeoutError):
        crew.turn(0)
    assert crew.back == [[]]


# --------------------------------------------------------------------------------------------------
# With a broker


class Load:
    """Events of twenty subjects, said all the time; each subject counts its own."""

    def __init__(self, world):
        self.world, self.said = world, 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._say, daemon=True)
        self._thread.start()

    def _say(self):
        while not self._over.wait(0.2):
            with self.world.runtime.transaction(DISTRICT) as tx:
                for subject in range(20):
                    tx.publish(
                        Added(1), subject=f"s{subject}", scope="370811", sequence=self.said // 20
                    )
            self.said += 20

    def end(self):
        """Stop, and check that each event has one effect, in the order of its subject."""
        self._over.set()
        self._thread.join(10)
        self.world.wait(lambda: self.world.entries() >= self.said, 60)
        rows = self.world.rows("SELECT subject, sequence FROM entries ORDER BY id")
        for subject in range(20):
            heard = [row["sequence"] for row in rows if row["subject"] == f"s{subject}"]
            assert heard == list(range(self.said // 20)), (subject, heard[:50])


def in_order(world):
    rows = world.rows("SELECT subject, sequence FROM entries ORDER BY id")
    told = {row["subject"]: [] for row in rows}
    for row in rows:
        told[row["subject"]].append(row["sequence"])
    return all(heard == sorted(heard) for heard in told.values())


@pytest.mark.servers
@pytest.mark.parametrize("at_once", [False, True])
def test_stepping_back_in_the_middle_of_a_backlog_keeps_the_order(
    broker_url, postgres_url, tmp_path, at_once, monkeypatch
):
    """pika cancels a consumer before it closes the channel; the broker then gave the next one what
    came behind the events that this one still had."""
    monkeypatch.setattr(subscriber, "BATCH", 50)
    monkeypatch.setattr(subscriber, "PREFETCH", 100)
    world = World(broker_url, postgres_url, tmp_path)
    queues = list(world.installation.all_queues())
    names = [queue.name for queue in queues]
    hearers = [subscriber.Subscriber(world.runtime, broker_url, "toy", queues) for _ in range(2)]
    sender = relay.Relay(world.runtime, broker_url, world.installation)
    try:
        world.fill_outbox(3000)
        sender.start()
        world.wait(lambda: world.queue_length("toy.toy.0") > 300)
        for one in hearers:
            one.start()
        turns, end = 0, time.monotonic() + 120
        while world.entries() < 3000:
            hearers[turns % 2].step_back(names, at_once)
            turns += 1
            # Two that have the same in work lock each other out for a second. The first goes back
            # at once: a fast machine is through with all of it in half a second.
            time.sleep(0.5 if at_once and turns > 1 else 0.1)
            assert time.monotonic() < end
        assert turns > 1
        assert in_order(world)
        world.wait(lambda: all(world.queue_length(name) == 0 for name in names))
        # The end of one is as clean: the other goes on where it stopped.
        world.fill_outbox(1000)
        world.wait(lambda: world.entries() > 3100)
        hearers[0].stop()
        world.wait(lambda: world.entries() == 4000)
        rows = world.rows("SELECT subject, sequence FROM entries WHERE id > 3000 ORDER BY id")
        assert len(rows) <= 1000
        last = {}
        for row in rows:
            assert row["sequence"] > last.get(row["subject"], -1)
            last[row["subject"]] = row["sequence"]
    finally:
        for one in hearers:
            one.stop()
        sender.stop()
        sender.join(10)
        world.close()


def shares(world):
    """Return pid -> queues, as the leases say it."""
    led = {row["pid"]: set(row["queues"].split()) for row in leases.listed(world.runtime)}
    return {pid: queues for pid, queues in led.items() if queues}


def active(node, world):
    found = {}
    for row in node.api("GET", f"/consumers/{world.url.rpartition('/')[2]}"):
        if row["active"]:
            pid = int(row["consumer_tag"].rpartition(".")[2])
            found.setdefault(pid, set()).add(row["queue"]["name"])
    return found


@pytest.mark.slow
@pytest.mark.servers
def test_workers_share_evenly_within_ten_seconds_while_they_come_go_die_and_stop(
    broker_url, private_rabbit, postgres_url, tmp_path
):
    world = World(broker_url, postgres_url, tmp_path)

    def settled(*workers, seconds=15):
        """Wait until these share all, and the broker thinks so too; it tells it 5 s late."""
        began = time.monotonic()

        def even():
            led = shares(world)
            counts = [len(led.get(one.pid, ())) for one in workers]
            even = sum(counts) == 5 and max(counts) - min(counts) <= 1
            return even and active(private_rabbit, world) == led

        world.wait(even, seconds)
        return time.monotonic() - began

    try:
        first = world.start("work")
        world.wait_ready(first)
        load = Load(world)
        settled(first)
        second = world.start("work")
        world.wait_ready(second)
        took = {"second comes": settled(first, second)}
        third = world.start("work")
        world.wait_ready(third)
        took["third comes"] = settled(first, second, third)
        before = world.entries()
        first.kill()
        # What it consumed goes on at once, whatever the leases say.
        world.wait(lambda: world.entries() > before + 200, 5)
        took["first dies"] = settled(second, third)
        # One that stops without an end keeps its queues until the broker gives it up.
        second.send_signal(signal.SIGSTOP)
        time.sleep(4)
        second.send_signal(signal.SIGCONT)
        took["second was away"] = settled(second, third)
        third.send_signal(signal.SIGSTOP)
        took["third stops"] = settled(second, seconds=30)
        third.send_signal(signal.SIGCONT)
        took["third is back"] = settled(second, third)
        assert terminate(second) == 0
        took["second ends"] = settled(third)
        print({name: round(seconds, 1) for name, seconds in took.items()})
        load.end()
        assert "_fault" not in third.log.read_text()
    finally:
        world.close()


@pytest.mark.slow
@pytest.mark.servers
def test_a_relay_that_is_frozen_is_taken_over_from_and_nothing_is_lost_or_done_twice(
    broker_url, postgres_url, tmp_path, monkeypatch
):
    """Its lock stays, and its host answers for it, so that nobody else could send."""
    monkeypatch.setattr(relay, "FROZEN_S", 2.5)
    world = World(broker_url, postgres_url, tmp_path)
    standing_by = relay.Relay(world.runtime, broker_url, world.installation)

    def all_sent():
        return world.one("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 0

    try:
        first = world.start("work")
        world.wait_ready(first)
        world.fill_outbox(50)
        world.wait(all_sent)
        standing_by.start()
        # Of one that is well, and has nothing to send, nobody takes the lock.
        time.sleep(5)
        assert not standing_by.state.active
        first.send_signal(signal.SIGSTOP)
        world.fill_outbox(200)
        world.wait(all_sent, 30)
        assert standing_by.state.active
        first.send_signal(signal.SIGCONT)
        world.wait(lambda: world.entries() == 250, 60)
        # The first one stands by now, and comes back when it is needed.
        standing_by.stop()
        standing_by.join(10)
        world.fill_outbox(50)
        world.wait(lambda: world.entries() == 300, 30)
        heard = world.rows("SELECT subject, sequence FROM entries ORDER BY id")
        of_one = [row["sequence"] for row in heard if row["subject"] == "s0"]
        assert of_one == [0, 40, 0, 40, 80, 120, 160, 0, 40]
        assert world.one("SELECT count(*) FROM parked") == 0
    finally:
        standing_by.stop()
        standing_by.join(10)
        world.close()
