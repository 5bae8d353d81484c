"""What was published is read again: in order, whole, once, whatever is committed meanwhile."""

import json
import random
import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import sqlalchemy as sa

from fivered.chassis import event_log, history, relay, topology, work
from fivered.chassis import storage as store
from fivered.chassis.messages import Actor
from fivered.chassis.refusal import RoleDenied
from fivered.chassis.tests.distributed import World
from fivered.chassis.tests.toy.service import Added, Toy
from testkit.bench import open_bench

FACTS = ("added.v1",)
DISTRICT = Actor("per_1", "R_DISTRICT", "")


@pytest.fixture
def postgres_bench(postgres_url):
    """The toy where transactions meet."""
    opened = open_bench(Toy, postgres_url)
    yield opened
    opened.runtime.close()


def relayed(runtime):
    """Do what a relay does with its database: read a window, mark it. Returns what was in it."""
    if runtime.engine.dialect.name == "sqlite":
        return []
    one = relay.Relay(runtime, "", topology.installation_of([Toy]))
    with psycopg.connect(relay._plain_url(runtime.engine.url), autocommit=True) as database:
        one._find_place(database)
        rows = one._read(database)
        one._settle(database, rows, [row.id for row in rows], soon=True)
    return rows


def say(runtime, note, subject="c", scope="370811"):
    with runtime.transaction(DISTRICT) as tx:
        tx.publish(Added(1, note), subject=subject, scope=scope, sequence=1)


def note_of(published):
    return json.loads(published.body)["data"]["note"]


class Reader:
    """Reads on from where it has come to."""

    def __init__(self, runtime, **filters):
        self.runtime, self.filters, self.place, self.seen = runtime, filters, 0, []

    def read(self):
        with store.reading(self.runtime.engine) as conn:
            page = history.page(
                conn, self.runtime.chassis, self.place, FACTS, **{"limit": 7} | self.filters
            )
        self.place = page.next
        self.seen += [note_of(one) for one in page.items]
        return page

    def read_all(self):
        while self.read().more:
            pass
        return self.seen


def test_pages_hold_all_in_order_and_none_twice(bench):
    for number in range(20):
        say(bench.runtime, str(number))
    relayed(bench.runtime)
    reader = Reader(bench.runtime)
    assert reader.read_all() == [str(number) for number in range(20)]
    assert not reader.read().items
    say(bench.runtime, "later")
    relayed(bench.runtime)
    assert reader.read_all()[20:] == ["later"]


def test_a_lower_id_that_is_committed_later_is_not_lost(postgres_bench):
    """A cursor by id had gone past it."""
    runtime = postgres_bench.runtime
    reader = Reader(runtime)
    with runtime.transaction(DISTRICT) as slow:
        slow.publish(Added(1, "first id"), subject="a", scope="370811", sequence=1)
        slow.flush()
        say(runtime, "second id", "b")
        relayed(runtime)
        assert reader.read_all() == ["second id"]
    assert not reader.read().items, "it is not published yet"
    relayed(runtime)
    assert reader.read_all() == ["second id", "first id"]
    ids = postgres_bench.rows("SELECT id FROM outbox ORDER BY place")
    assert [row["id"] for row in ids] == [2, 1]


def test_writers_a_relay_and_a_reader_at_once_lose_and_double_nothing(postgres_bench):
    """Each subject's events come in their order, each event once, while all of them run."""
    runtime, done = postgres_bench.runtime, threading.Event()
    reader = Reader(runtime)
    # At least once a commit overtakes another: the first writer has its id and waits.
    taken, overtaken = threading.Event(), threading.Event()

    def write(writer):
        chance = random.Random(writer)
        first = writer == "w0"
        if not first:
            assert taken.wait(30)
        for number in range(40):
            with runtime.transaction(DISTRICT) as tx:
                tx.publish(
                    Added(number, f"{writer}.{number}"), subject=writer, scope="370811", sequence=1
                )
                tx.flush()
                if first:
                    taken.set()
                    assert overtaken.wait(30)
                # The id is taken; others commit before.
                threading.Event().wait(chance.random() / 200)
            if not first:
                overtaken.set()

    def relay_all():
        while not done.is_set():
            relayed(runtime)
        relayed(runtime)

    writers = [threading.Thread(target=write, args=(f"w{n}",)) for n in range(4)]
    relaying = threading.Thread(target=relay_all)
    for thread in (*writers, relaying):
        thread.start()
    while any(thread.is_alive() for thread in writers):
        reader.read()
    done.set()
    relaying.join()
    reader.read_all()
    assert len(reader.seen) == len(set(reader.seen)) == 160
    for writer in range(4):
        own = [note for note in reader.seen if note.startswith(f"w{writer}.")]
        assert own == [f"w{writer}.{number}" for number in range(40)]
    by_id = postgres_bench.rows("SELECT id FROM outbox ORDER BY place")
    assert by_id != sorted(by_id, key=lambda row: row["id"]), "no commit overtook another"


def test_a_second_relay_goes_on_behind_the_first_whose_clock_was_ahead(postgres_bench, monkeypatch):
    runtime = postgres_bench.runtime
    say(runtime, "1")
    ahead = relay.time.time_ns() + 10**15
    with monkeypatch.context() as patched:
        patched.setattr(relay.time, "time_ns", lambda: ahead)
        relayed(runtime)
    reader = Reader(runtime)
    assert reader.read_all() == ["1"]
    say(runtime, "2")
    relayed(runtime)
    assert reader.read_all() == ["1", "2"]


def test_what_the_release_before_has_sent_gets_its_place(postgres_bench):
    """Its relay does not know of places, and may run until this one takes over."""
    runtime = postgres_bench.runtime
    say(runtime, "1")
    relayed(runtime)
    for number in (2, 3, 4):
        say(runtime, str(number))
    with runtime.engine.begin() as conn:
        conn.execute(sa.text("UPDATE outbox SET sent_at = now() WHERE sent_at IS NULL"))
    say(runtime, "5")
    reader = Reader(runtime)
    assert reader.read_all() == ["1"]
    relayed(runtime)
    assert reader.read_all() == ["1", "2", "3", "4", "5"]
    with runtime.engine.begin() as conn:
        conn.execute(sa.text("UPDATE outbox SET place = NULL"))
    relayed(runtime)
    assert Reader(runtime).read_all() == ["1", "2", "3", "4", "5"]


def test_what_is_published_again_keeps_its_place(postgres_bench):
    runtime = postgres_bench.runtime
    for number in range(3):
        say(runtime, str(number))
    relayed(runtime)
    reader = Reader(runtime)
    reader.read_all()
    event_log.again(runtime, event_log.Part())
    assert len(relayed(runtime)) == 3
    assert reader.read_all() == ["0", "1", "2"]
    assert Reader(runtime).read_all() == ["0", "1", "2"]


def test_what_the_broker_did_not_take_at_once_stays_before_what_followed_it(postgres_bench):
    """Of one subject the second was confirmed and the first was not: it is sent again, later."""
    runtime = postgres_bench.runtime
    say(runtime, "1")
    say(runtime, "2")
    one = relay.Relay(runtime, "", topology.installation_of([Toy]))
    with psycopg.connect(relay._plain_url(runtime.engine.url), autocommit=True) as database:
        rows = one._read(database)
        one._settle(database, rows, [rows[1].id], soon=True)
    assert [
        row["id"] for row in postgres_bench.rows("SELECT id FROM outbox WHERE sent_at IS NULL")
    ] == [rows[0].id]
    assert [row.id for row in relayed(runtime)] == [rows[0].id]
    assert Reader(runtime).read_all() == ["1", "2"]


def test_small_windows_are_marked_together_and_none_of_them_is_read_again(postgres_bench):
    """Of the third window only the second event was confirmed: what came before has its places."""
    runtime = postgres_bench.runtime
    one = relay.Relay(runtime, "", topology.installation_of([Toy]))
    windows = []
    with psycopg.connect(relay._plain_url(runtime.engine.url), autocommit=True) as database:
        for notes in (["1"], ["2"], ["3", "4"]):
            for note in notes:
                say(runtime, note)
            rows = one._read(database)
            windows.append([row.id for row in rows])
            if len(windows) < 3:
                one._settle(database, rows, windows[-1], soon=False)
                assert Reader(runtime).read_all() == []
        one._settle(database, rows, windows[2][1:], soon=False)
        assert [row.id for row in one._read(database)] == windows[2][:1]
    assert list(map(len, windows)) == [1, 1, 2]
    assert Reader(runtime).read_all() == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"subject": "b"}, ["1", "3"]),
        ({"scope": "370811015"}, ["2", "3"]),
        ({"scope": "370811015901001"}, ["3"]),
        ({"scope": "3708110159"}, ["2", "3"]),
        ({"scope": "%"}, []),
        ({"subject": "b", "scope": "370811015"}, ["3"]),
        ({"since": datetime.now(UTC) + timedelta(hours=1)}, []),
        ({"limit": 1}, ["0", "1", "2", "3"]),
    ],
)
def test_a_part_is_narrowed(bench, filters, found):
    say(bench.runtime, "0", "a", "370811")
    say(bench.runtime, "1", "b", "370812")
    say(bench.runtime, "2", "c", "370811015901")
    say(bench.runtime, "3", "b", "370811015901001")
    relayed(bench.runtime)
    assert Reader(bench.runtime, **filters).read_all() == found


def test_one_answer_looks_at_so_many_places_only(bench, monkeypatch):
    monkeypatch.setattr(history, "LOOKED_AT", 3)
    for number in range(8):
        say(bench.runtime, str(number), "rare" if number == 7 else "often")
    relayed(bench.runtime)
    reader = Reader(bench.runtime, subject="rare")
    assert [reader.read().more for _ in range(3)] == [True, True, False]
    assert reader.seen == ["7"]


def aged(bench, days):
    """Let all that was said be so old."""
    with bench.runtime.engine.begin() as conn:
        at = datetime.now(UTC) - timedelta(days=days)
        conn.execute(sa.update(bench.runtime.chassis.outbox).values(recorded_at=at, sent_at=at))


def test_a_time_leads_to_a_place_before_what_was_recorded_since(bench):
    for number in range(9):
        say(bench.runtime, str(number))
    relayed(bench.runtime)
    aged(bench, 3)
    for number in range(9, 12):
        say(bench.runtime, str(number))
    relayed(bench.runtime)
    since = datetime.now(UTC) - timedelta(days=1)
    with store.reading(bench.runtime.engine) as conn:
        found = history.before(conn, bench.runtime.chassis, since)
        behind = history.page(conn, bench.runtime.chassis, found, FACTS)
        assert [note_of(one) for one in behind.items] == ["9", "10", "11"]
        assert history.before(conn, bench.runtime.chassis, datetime.now(UTC)) == found
        long_ago = datetime.now(UTC) - timedelta(days=9)
        assert history.before(conn, bench.runtime.chassis, long_ago) == 0


def test_it_is_known_up_to_where_events_were_forgotten(bench):
    say(bench.runtime, "0")
    say(bench.runtime, "1")
    relayed(bench.runtime)
    aged(bench, 400)
    say(bench.runtime, "2")
    relayed(bench.runtime)
    reader = Reader(bench.runtime)
    with store.reading(bench.runtime.engine) as conn:
        assert history.forgotten(conn, bench.runtime.chassis) == 0
    reader.read()
    assert work.sweep(bench.runtime)["outbox"] == 2
    with store.reading(bench.runtime.engine) as conn:
        first = history.forgotten(conn, bench.runtime.chassis)
        page = history.page(conn, bench.runtime.chassis, 0, FACTS)
    assert [note_of(one) for one in page.items] == ["2"]
    assert 0 < first < page.items[0].place
    assert bench.ask("_history")["first"] == first


def test_it_is_told_by_which_event_a_place_is_known_again(bench):
    for note in "abc":
        say(bench.runtime, note)
        relayed(bench.runtime)
    first, second, third = bench.ask("_history")["items"]

    def mark(one):
        return history.mark_of(one["event"]["id"])

    def marks(**asked):
        return bench.ask("_history", asked)["marks"]

    last = {"next": mark(third), "last": mark(third)}
    assert marks() == last
    assert marks(after=first["place"]) == {"after": mark(first)} | last
    assert marks(after=first["place"], limit=0) == {
        "after": mark(first), "next": mark(first), "last": mark(third)
    }  # fmt: skip
    assert marks(after=third["place"] + 1)["after"] == history.NOTHING
    assert len({mark(first), mark(second), mark(third), history.NOTHING}) == 4
    aged(bench, 400)
    assert work.sweep(bench.runtime)["outbox"] == 3
    # The last one that was forgotten is still known; of those before nobody knows.
    at_last = third["place"]
    assert marks(after=at_last)["after"] == mark(third)
    assert "after" not in marks(after=first["place"])


# ------------------------------------------------------------------------------ what a caller sees


@pytest.fixture
def public(bench):
    """Of the two facts `added` is public."""
    bench.runtime.__dict__["public_facts"] = [{"type": "toy.added.v1", "visibility": "public"}]
    bench.do("add", {"counter_id": "a", "amount": 1, "note": "0"})
    bench.do("add", {"counter_id": "b", "amount": 2, "note": "forget"})
    say(bench.runtime, "1", "a", "370811015901")
    relayed(bench.runtime)
    return bench


def notes(answer):
    return [one["event"]["data"]["note"] for one in answer["items"]]


@pytest.mark.parametrize("types", [[], ["toy.forgotten.v1"], ["toy.forgotten.v1", "toy.added.v1"]])
def test_an_internal_fact_is_found_by_nobody(public, types):
    answer = public.ask("_history", {"types": types})
    # Nothing but what the caller wrote itself; the same is said of a word that means nothing.
    assert answer.pop("unknown") == [one for one in types if one != "toy.added.v1"]
    assert "forgotten" not in json.dumps(answer)
    assert notes(answer) == ([] if types == ["toy.forgotten.v1"] else ["0", "1"])
    # Who reads on does not look at the same again.
    assert answer["next"] == answer["last"]


def test_a_role_sees_what_concerns_its_area(public):
    consumer = public.as_("R_CONSUMER", scope="370811015")
    assert notes(consumer.ask("_history")) == ["1"]
    assert notes(consumer.ask("_history", {"scope": "370811015901"})) == ["1"]
    assert notes(consumer.ask("_history", {"scope": "370811"})) == ["1"]
    assert notes(consumer.ask("_history", {"scope": "370812"})) == []
    assert notes(public.as_("R_AUDITOR", scope="").ask("_history")) == ["0", "1"]


@pytest.mark.parametrize("role", ["R_RESIDENT", "R_ANONYMOUS", "R_CADRE"])
def test_others_may_not_read_it(public, role):
    with pytest.raises(RoleDenied):
        public.as_(role).ask("_history")


def test_the_places_alone_can_be_asked_for(public):
    answer = public.ask("_history", {"limit": 0})
    assert (answer["items"], answer["next"], answer["more"]) == ([], 0, True)
    assert answer["last"] > 0


@pytest.mark.servers
def test_the_relay_gives_places_while_it_publishes(broker_url, postgres_url, tmp_path):
    world = World(broker_url, postgres_url, tmp_path)
    sender = relay.Relay(world.runtime, broker_url, world.installation)
    reader = Reader(world.runtime, limit=200)
    try:
        sender.start()
        world.fill_outbox(700)
        world.wait(lambda: world.one("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 0)
        reader.read_all()
        assert len(reader.seen) == 700
        # In the order in which they were recorded, from the first window of a connection on.
        placed = [row["id"] for row in world.rows("SELECT id FROM outbox ORDER BY place")]
        assert len(placed) == 700
        assert placed == sorted(placed)
    finally:
        sender.stop()
        sender.join(10)
        world.close()
