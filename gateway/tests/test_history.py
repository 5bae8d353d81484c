"""What was published is read over HTTP: in pages by a cursor, and as a stream of events."""

from __future__ import annotations

import base64
import json
import signal
import socket
import threading
import time
import zlib
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import anyio
import pytest
import sqlalchemy as sa

from fivered.chassis import history as kept
from fivered.chassis.embedded import EmbeddedHost
from fivered.chassis.messages import Actor
from fivered.chassis.migrate import migrate_service
from fivered.chassis.replies import Reply
from fivered.chassis.rpc import ServiceUnavailable
from fivered.chassis.runtime import Runtime
from fivered.chassis.tests.toy.service import FAIL, Added, Forgotten, Toy
from fivered.chassis.work import sweep
from fivered.gateway import history, serving, streams
from fivered.gateway.doors import PUBLIC, Doors
from fivered.gateway.identity import issue
from fivered.gateway.serving import listen, serve
from fivered.gateway.tests.conftest import Site, problem_of, settings
from testkit.bench import KEY, environment
from testkit.listening import listening_to
from testkit.waiting import wait_until

pytestmark = pytest.mark.slow

CONSUMER = {"role": "R_CONSUMER", "scope": "370811"}
DISTRICT = Actor("per_1", "R_DISTRICT", "")
DOORS = (Doors("toy", "玩具 / Toy"), Doors("other", "其他 / Other"))
for one in DOORS:
    one.query("GET", "/total", "total", reply=Reply, roles=PUBLIC, summary="合计 / Total")


class Other(Toy):
    """A second service."""

    name = "other"


@pytest.fixture
def host(tmp_path):
    with services(tmp_path) as opened:
        yield opened


@contextmanager
def services(folder):
    FAIL.clear()
    given = environment(FIVERED_DEMO_CLOCK="1", FIVERED_DEMO_START="2025-01-02T09:00:00")
    runtimes = {}
    for cls in (Toy, Other):
        url = f"sqlite:///{folder}/{cls.name}.sqlite"
        runtime = runtimes[cls.name] = Runtime.open(cls, url, environ=given)
        migrate_service(Toy, runtime.engine)
        told = {"type": f"{cls.name}.added.v1", "visibility": "public"}
        runtime.__dict__["public_facts"] = [told]
    opened = EmbeddedHost(runtimes)
    opened.start()
    yield opened
    opened.stop()


class Town(Site):
    """Two services; each of them may be away."""

    def __init__(self, host):
        super().__init__(host)
        self.away, self.asked = set(), []
        call = host.call

        async def counted(service, method, body, **rest):
            self.asked.append((service, method))
            if service in self.away:
                raise ServiceUnavailable(service)
            return await call(service, method, body, **rest)

        host.call = counted

    def say(self, service, note, *, subject="c", scope="370811", fact=Added):
        with self.host.runtimes[service].transaction(DISTRICT) as tx:
            event = fact(1, note) if fact is Added else fact(1)
            tx.publish(event, subject=subject, scope=scope, sequence=1)

    def get(self, **params):
        return self.ask("GET", "/v1/events", params=params, grants=[CONSUMER])

    def page(self, **params):
        answer = self.get(**params)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def town(host):
    return Town(host).build(services=("toy", "other"), extra=DOORS)


def forget(town, count):
    """Have toy's first events be older than what is kept."""
    runtime = town.host.runtimes["toy"]
    with runtime.engine.begin() as conn:
        outbox = runtime.chassis.outbox
        old = datetime.now(UTC) - timedelta(days=91)
        conn.execute(sa.update(outbox).where(outbox.c.id <= count).values(sent_at=old))
    assert sweep(runtime)["outbox"] == count


def cursor_at(**places):
    """A cursor as the release before wrote it: it knows no events."""
    return history.written(history.Cursor(places))


def notes(events):
    return [one["data"]["note"] for one in events]


# ------------------------------------------------------------------------------------------- pages


def test_pages_hold_the_events_of_all_services_in_the_order_of_recording(town):
    for number in range(12):
        town.say("toy" if number % 3 else "other", str(number))
    found, cursor, pages = [], None, 0
    while True:
        page = town.page(limit=5, **({"after": cursor} if cursor else {}))
        assert page["complete"]
        assert page["away"] == []
        found += page["items"]
        cursor, pages = page["next"], pages + 1
        if not page["more"]:
            break
    assert notes(found) == [str(number) for number in range(12)]
    assert pages == 3
    assert {one["type"] for one in found} == {"toy.added.v1", "other.added.v1"}
    assert all(one["specversion"] == "1.0" for one in found)
    assert town.page(after=cursor)["items"] == []
    town.say("toy", "later")
    assert notes(town.page(after=cursor)["items"]) == ["later"]


def test_a_service_that_is_away_keeps_its_place(town):
    town.say("toy", "t1")
    town.say("other", "o1")
    town.away.add("other")
    page = town.page()
    assert (notes(page["items"]), page["complete"], page["away"]) == (["t1"], False, ["other"])
    town.say("other", "o2")
    town.away.clear()
    page = town.page(after=page["next"])
    assert (notes(page["items"]), page["complete"]) == (["o1", "o2"], True)
    town.away.add("other")
    town.say("toy", "t2")
    page = town.page(after=page["next"])
    assert notes(page["items"]) == ["t2"]
    town.say("other", "o3")
    town.away.clear()
    assert notes(town.page(after=page["next"])["items"]) == ["o3"]
    town.away |= {"toy", "other"}
    answer = town.get()
    assert (answer.status_code, problem_of(answer)["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert answer.headers["retry-after"]


PARTS = (
    ({"type": "toy.added.v1"}, ["a", "b"]),
    ({"type": ["toy.added.v1", "other.added.v1"]}, ["a", "b", "c"]),
    ({"service": "other"}, ["c"]),
    ({"service": "other", "type": "toy.added.v1"}, []),
    ({"subject": "s2"}, ["b"]),
    ({"scope": "370811015901"}, ["b"]),
    ({"since": "2020-01-01"}, ["a", "b", "c"]),
    ({"since": "2099-01-01T00:00:00+08:00"}, []),
)


def test_a_part_is_asked_for(town):
    town.say("toy", "a", subject="s1")
    town.say("toy", "b", subject="s2", scope="370811015901001")
    town.say("toy", "", fact=Forgotten)
    town.say("other", "c", scope="370811")
    town.say("other", "elsewhere", scope="370812")
    for params, found in PARTS:
        page = town.page(**params)
        assert notes(page["items"]) == found, params
        assert not page["more"]
        assert town.page(after=page["next"], **params)["items"] == []


WRONG = (
    ({"after": "nonsense"}, 422),
    ({"after": cursor_at(toy=1)[:-3]}, 422),
    ({"after": cursor_at(toy=10**17)}, 422),
    ({"after": "游标"}, 422),
    ({"limit": 201}, 422),
    ({"scope": "3708"}, 422),
    ({"type": "nonsense"}, 422),
    ({"since": "yesterday"}, 422),
    ({"colour": "red"}, 422),
    ({"service": "ghost"}, 404),
    ({"type": "ghost.added.v1"}, 404),
)


def test_what_cannot_be_asked_is_named(town):
    for params, status in WRONG:
        answer = town.get(**params)
        assert answer.status_code == status, params
        assert problem_of(answer)["message_en"]


PATHS = ("/v1/events", "/v1/events/stream")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", ["toy.nothing.v1", "toy.forgotten.v1"])
def test_a_type_that_is_no_public_event_is_named(town, path, kind):
    """A consumer with a typing error in its filter heard nothing for ever."""
    asked = {"type": [kind, "toy.added.v1", "other.added.v1"]}
    answer = town.ask("GET", path, grants=[CONSUMER], params=asked)
    assert (answer.status_code, problem_of(answer)["code"]) == (422, "VALIDATION")
    assert problem_of(answer)["field"] == "type"
    assert kind in problem_of(answer)["message_zh"]
    assert kind in problem_of(answer)["message_en"]
    assert "added" not in problem_of(answer)["message_en"]


def test_a_service_that_is_away_makes_no_type_unknown(town):
    town.say("toy", "t1")
    town.say("other", "o1")
    town.away.add("other")
    asked = {"type": ["toy.added.v1", "other.added.v1"]}
    page = town.page(**asked)
    assert (notes(page["items"]), page["away"]) == (["t1"], ["other"])
    assert town.get(type="other.added.v1").status_code == 503
    town.away.clear()
    assert notes(town.page(after=page["next"], **asked)["items"]) == ["o1"]


def test_a_service_of_a_release_that_does_not_tell_unknown_types_is_read_on(town):
    call = town.host.call

    async def before(service, method, body, **rest):
        told = await call(service, method, body, **rest)
        told.pop("unknown", None)
        return told

    town.host.call = before
    town.say("toy", "a")
    assert notes(town.page(type="toy.added.v1")["items"]) == ["a"]
    assert town.page(type="toy.nothing.v1")["items"] == []


@pytest.mark.parametrize("path", PATHS)
def test_an_area_outside_of_the_grant_is_refused(town, path):
    narrow = {"role": "R_CONSUMER", "scope": "370811015"}
    for grant, area in ((CONSUMER, "370812"), (narrow, "370811005")):
        answer = town.ask("GET", path, grants=[grant], params={"scope": area})
        problem = problem_of(answer)
        assert (answer.status_code, problem["code"]) == (403, "ROLE_DENIED")
        assert (problem["guard"], problem["field"]) == ("AREA_DENIED", "scope")
        assert (problem["params"]["scope"], problem["params"]["area"]) == (grant["scope"], area)
    town.say("toy", "a", scope="370811015901")
    wider = {"scope": "370811"}
    assert len(town.ask("GET", PATHS[0], grants=[narrow], params=wider).json()["items"]) == 1


def test_an_unknown_service_is_named_as_it_was_written(town):
    for asked, field, name in (
        ({"service": "STEWARD"}, "service", "STEWARD"),
        ({"service": ["toy", "Ghost"]}, "service", "Ghost"),
        ({"type": "ghost.added.v1"}, "type", "ghost"),
    ):
        problem = problem_of(town.get(**asked))
        assert (problem["code"], problem["field"]) == ("CAPABILITY_MISSING", field)
        assert f"服务 {name}" in problem["message_zh"]
        assert f"service {name} is" in problem["message_en"]


def test_a_wrong_cursor_is_named_by_where_it_stood(town):
    gone = cursor_at(toy=99)
    for cursor, status in (("nonsense", 422), (gone, 410)):
        for field, asked in (
            ("after", {"params": {"after": cursor}}),
            ("Last-Event-ID", {"headers": {"Last-Event-ID": cursor}}),
        ):
            answer = town.ask("GET", "/v1/events/stream", grants=[CONSUMER], **asked)
            assert (answer.status_code, problem_of(answer)["field"]) == (status, field)


def test_a_blank_where_a_plus_stood_is_told(town):
    """An address takes a + for a blank: the commonest mistake with a zone."""
    answer = town.get(since="2025-01-01T00:00:00 08:00")
    assert answer.status_code == 422
    assert "%2B" in problem_of(answer)["message_zh"]
    assert "%2B" in problem_of(answer)["message_en"]
    assert "%2B" not in problem_of(town.get(since="2025-01-01 noon"))["message_en"]


def test_the_openapi_document_says_of_a_stream_what_it_sends(town):
    paths = town.ask("GET", "/openapi.json").json()["paths"]
    page, stream = (paths[path]["get"] for path in PATHS)
    limits = {"RateLimit", "RateLimit-Policy"}
    assert page["responses"]["200"]["headers"].keys() == {"ETag", "Link"} | limits
    assert stream["responses"]["200"]["headers"].keys() == limits
    for one in (page, stream):
        assert one["description"].startswith("要哪些事件")


def test_only_some_may_read(town):
    town.say("toy", "a")
    resident = {"role": "R_RESIDENT", "scope": "370811015901"}
    for path in PATHS:
        assert town.ask("GET", path, grants=None).status_code == 401
        assert problem_of(town.ask("GET", path, grants=[resident]))["code"] == "ROLE_DENIED"
    elsewhere = {"role": "R_CONSUMER", "scope": "370812"}
    assert town.ask("GET", "/v1/events", grants=[elsewhere]).json()["items"] == []


def test_a_cursor_behind_which_events_were_forgotten_is_gone(town):
    town.say("toy", "a")
    first = town.page()["next"]
    town.say("toy", "b")
    town.say("toy", "c")
    forget(town, 2)
    answer = town.get(after=first)
    assert answer.status_code == 410
    assert problem_of(answer)["code"] == "EVENTS_FORGOTTEN"
    assert problem_of(answer)["params"]["services"] == "toy"
    assert (
        town.ask("GET", "/v1/events/stream", grants=[CONSUMER], params={"after": first}).status_code
        == 410
    )
    page = town.page()
    assert notes(page["items"]) == ["c"]
    assert town.page(after=page["next"])["items"] == []
    # As after a backup that was restored: the cursor knows more than the service.
    assert town.get(after=cursor_at(toy=99)).status_code == 410


@pytest.fixture
def elsewhere(tmp_path):
    """The same services in another installation, or as they are after a restored backup: other
    events at the same places."""
    (tmp_path / "elsewhere").mkdir()
    with services(tmp_path / "elsewhere") as opened:
        yield Town(opened).build(services=("toy", "other"), extra=DOORS)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("lower", [False, True])
def test_a_cursor_of_another_history_is_told(town, elsewhere, path, lower):
    """H11-8, H11-19: it was taken where as many events stood, and what stood before was lost."""
    for number in range(4):
        town.say("toy", f"here {number}")
        elsewhere.say("toy", f"there {number}")
    cursor = elsewhere.page(limit=2 if lower else 4)["next"]
    assert elsewhere.get(after=cursor).status_code == 200
    for field, asked in (
        ("after", {"params": {"after": cursor}}),
        ("Last-Event-ID", {"headers": {"Last-Event-ID": cursor}}),
    ):
        if path == PATHS[0] and field != "after":
            continue
        answer = town.ask("GET", path, grants=[CONSUMER], **asked)
        problem = problem_of(answer)
        assert (answer.status_code, problem["code"]) == (410, "EVENTS_FORGOTTEN")
        assert (problem["field"], problem["params"]["services"]) == (field, "toy")
        assert "另一系统" in problem["message_zh"]
        assert "another installation" in problem["message_en"]


def test_a_cursor_at_the_last_event_that_was_forgotten_is_known_by_it(town, elsewhere):
    for one in (town, elsewhere):
        one.say("toy", "a")
    own, other = town.page()["next"], elsewhere.page()["next"]
    forget(town, 1)
    town.say("toy", "b")
    assert notes(town.page(after=own)["items"]) == ["b"]
    assert town.get(after=other).status_code == 410


def test_a_cursor_of_the_release_before_is_read_on(town):
    for note in "abc":
        town.say("toy", note)
    assert notes(town.page(after=cursor_at(toy=2, other=0))["items"]) == ["c"]


def test_a_gateway_of_the_release_before_reads_a_cursor_on_and_its_cursor_is_read_on(town):
    """During an upgrade both stand behind one address."""
    for note in "abc":
        town.say("toy", note)
    plain = base64.urlsafe_b64decode(town.page(limit=1)["next"] + "==")[8:]
    members = json.loads(plain)
    assert all(type(one) is int for one in members.values())
    # It moves the place that it knows, and keeps what it does not know.
    moved = json.dumps(members | {"toy": 2}).encode()
    cursor = base64.urlsafe_b64encode(b"%08x" % zlib.crc32(moved) + moved).decode().rstrip("=")
    assert notes(town.page(after=cursor)["items"]) == ["c"]


def test_a_service_of_the_release_before_knows_no_marks_and_is_read_on(town):
    call = town.host.call

    async def before(service, method, body, **rest):
        told = await call(service, method, body, **rest)
        told.pop("marks", None)
        return told

    for note in "abc":
        town.say("toy", note)
    cursor = town.page(limit=1)["next"]
    town.host.call = before
    page = town.page(after=cursor, limit=1)
    assert notes(page["items"]) == ["b"]
    assert notes(town.page(after=page["next"])["items"]) == ["c"]


# ------------------------------------------------------------------------------------------ streams


@pytest.fixture
def live(town, monkeypatch):
    """The town behind the real server; polled often."""
    monkeypatch.setattr(streams, "POLL_S", 0.05)
    caught = []

    class Caught(serving.Server):
        def __init__(self, *given):
            super().__init__(*given)
            caught.append(self)

    monkeypatch.setattr(serving, "Server", Caught)
    sock = listen("127.0.0.1", 0)
    # So that a reader who does not read is noticed after little.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32 * 1024)
    town.port = sock.getsockname()[1]
    ready = threading.Event()
    chosen = settings(event_streams=3)
    town.build(services=("toy", "other"), extra=DOORS, event_streams=3)
    thread = threading.Thread(
        target=lambda: serve(town.app, chosen, sock=sock, ready=ready.set), daemon=True
    )
    thread.start()
    assert ready.wait(60)
    town.server, town.thread = caught[0], thread
    yield town
    if thread.is_alive():
        town.server.handle_exit(signal.SIGTERM, None)
    thread.join(10)
    assert not thread.is_alive()


def listening(town, query="", **headers):
    token = issue(KEY, "per_1", [CONSUMER], 1)
    return listening_to(f"http://127.0.0.1:{town.port}", token, query, **headers)


def test_a_stream_tells_what_is_published_from_now_on(live):
    live.say("toy", "before")
    with listening(live) as heard:
        assert heard.headers["content-type"] == "text/event-stream; charset=utf-8"
        live.say("toy", "1")
        live.say("other", "2", scope="370811015901")
        live.say("toy", "", fact=Forgotten)
        live.say("toy", "elsewhere", scope="370812")
        live.say("toy", "3")
        assert wait_until(lambda: len(heard.events) == 3, 5, every=0.01)
        # In order of each service; two of them may be heard in another turn.
        own = [event["data"]["note"] for _, kind, event in heard.events if kind == "toy.added.v1"]
        assert own == ["1", "3"]
        assert {event["specversion"] for _, _, event in heard.events} == {"1.0"}


def test_who_speaks_http_1_0_reads_a_stream_without_chunks(live):
    """It was sent chunks, whose sizes such a reader takes for a part of the text."""
    token = issue(KEY, "per_1", [CONSUMER], 1)
    asks = (
        "GET /v1/events/stream?since=2020-01-01 HTTP/1.0\r\nHost: 127.0.0.1\r\n"
        f"Connection: keep-alive\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    live.say("toy", "eins")
    with socket.create_connection(("127.0.0.1", live.port), 10) as line:
        line.sendall(asks.encode())
        with line.makefile("rb") as read:
            status = read.readline()
            head = [row.lower() for row in iter(read.readline, b"\r\n")]
            first = next(row for row in read if row.strip() and not row.startswith(b":"))
    assert status.split()[1] == b"200"
    assert b"connection: close\r\n" in head
    assert not [row for row in head if row.startswith((b"transfer-encoding", b"content-length"))]
    assert first.partition(b":")[0] in {b"id", b"event", b"data", b"retry"}


def test_a_stream_tells_nothing_that_was_recorded_before_the_time_that_is_asked_for(live):
    """H11-35: `since` of the year 2099 gave events at once, the page none."""
    with listening(live) as heard, listening(live, "?since=2099-01-01T00:00:00Z") as later:
        for number in (1, 2):
            live.say("toy", str(number))
            assert wait_until(lambda: len(heard.events) == number, 5, every=0.01)  # noqa: B023
        assert later.events == []


def test_what_was_missed_comes_in_the_order_of_recording(live):
    for number in range(30):
        live.say("toy" if number % 3 else "other", str(number))
    with listening(live, "?since=2020-01-01") as heard:
        heard.wait([str(number) for number in range(30)])


def test_a_stream_begins_where_a_page_ended_and_the_other_way_round(live):
    for note in "abcd":
        live.say("toy", note)
    page = live.page(limit=2)
    with listening(live, f"?after={page['next']}") as heard:
        heard.wait(["c", "d"])
        last = heard.events[0][0]
    assert notes(live.page(after=last)["items"]) == ["d"]
    with listening(live, "?since=2020-01-01&service=toy&subject=c") as heard:
        heard.wait(["a", "b", "c", "d"])


def test_a_reader_that_comes_back_again_and_again_loses_and_doubles_nothing(live):
    """Two services publish all the while; the reader reads some, goes, and comes by its last id."""

    def publish(service):
        for number in range(150):
            live.say(service, f"{service}.{number}")
            time.sleep(0.002)

    with listening(live) as heard:
        live.say("toy", "begin")
        heard.wait(["begin"])
        place = heard.place
    writers = [threading.Thread(target=publish, args=(name,)) for name in ("toy", "other")]
    for writer in writers:
        writer.start()
    seen, visits = [], 0
    while len(seen) < 300 and visits < 100:
        with listening(live, **{"Last-Event-ID": place}) as heard:
            wait_until(lambda h=heard: len(h.events) > 20, 1, every=0.005)
            events = list(heard.events)
        if events:
            place = events[-1][0]
            seen += [event["data"]["note"] for _, _, event in events]
        visits += 1
    for writer in writers:
        writer.join()
    assert len(seen) == len(set(seen)) == 300
    for name in ("toy", "other"):
        own = [note for note in seen if note.startswith(name)]
        assert own == [f"{name}.{number}" for number in range(150)]
    assert visits > 3


def test_what_a_service_has_published_while_it_was_away_comes_when_it_is_back(live):
    live.away.add("other")
    with listening(live) as heard:
        live.say("toy", "t1")
        live.say("other", "o1")
        heard.wait(["t1"])
        live.away.clear()
        heard.wait(["t1", "o1"])
        live.away.add("other")
        live.say("other", "o2")
        live.say("toy", "t2")
        heard.wait(["t1", "o1", "t2"])
        place = heard.place
    live.away.clear()
    with listening(live, **{"Last-Event-ID": place}) as heard:
        heard.wait(["o2"])


def test_the_services_are_asked_by_one_poller_and_only_while_somebody_listens(live, monkeypatch):
    monkeypatch.setattr(streams, "POLL_S", 0.2)

    def asked(seconds):
        before = len(live.asked)
        time.sleep(seconds)
        return len(live.asked) - before

    assert asked(0.5) == 0
    with listening(live) as one, listening(live) as two, listening(live) as three:
        live.say("toy", "a")
        for heard in (one, two, three):
            heard.wait(["a"])
        # Two services, some five times a second, however many listen.
        assert 4 <= asked(1.0) <= 14
        with listening(live) as refused:
            assert refused.status == 503
            assert refused.headers["retry-after"]
            assert refused.problem["code"] == "STREAMS_TAKEN"
    wait_until(lambda: live.app.state.streams.hub._polling is None, 5, every=0.05)
    assert asked(0.5) == 0


def test_signs_of_life_tell_the_place_when_nothing_fits(live, monkeypatch):
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.1)
    with listening(live, "?subject=rare") as heard:
        assert wait_until(lambda: heard.beats > 2, 5, every=0.01)
        before = heard.place
        live.say("toy", "often")
        assert wait_until(lambda: heard.place != before, 5, every=0.01)
        assert heard.events == []
        place = heard.place
    live.say("toy", "x", subject="rare")
    with listening(live, "?subject=rare", **{"Last-Event-ID": place}) as heard:
        heard.wait(["x"])


def test_a_reader_that_does_not_read_is_let_go_and_others_go_on(live, monkeypatch):
    monkeypatch.setattr(streams, "KEPT_EVENTS", 20)
    monkeypatch.setattr(streams, "WRITE_S", 0.5)
    token = issue(KEY, "per_1", [CONSUMER], 1)
    with socket.socket() as stalled, listening(live) as other:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.connect(("127.0.0.1", live.port))
        stalled.sendall(
            b"GET /v1/events/stream HTTP/1.1\r\nHost: x\r\n"
            b"Authorization: Bearer " + token.encode() + b"\r\n\r\n"
        )
        hub = live.app.state.streams.hub
        assert wait_until(lambda: hub._listeners == 2, 5, every=0.01)
        said = [f"{number}" + "x" * 20_000 for number in range(40)]
        for note in said:
            live.say("toy", note)
            assert wait_until(lambda n=note: other.notes[-1:] == [n], 5, every=0.005)
        assert wait_until(lambda: hub._listeners == 1, 10, every=0.05)
        # The connection is gone, not only the stream.
        stalled.settimeout(5)
        received = 0
        with pytest.raises(ConnectionError):
            while part := stalled.recv(65536):
                received += len(part)
            raise ConnectionError
        assert received < sum(map(len, said))
        assert other.notes == said


def test_a_stream_ends_where_a_service_was_restored_and_its_reader_is_told(live):
    """What was said between the backup's end and the poller's next turn was passed over."""
    for note in "ab":
        live.say("toy", note)
    with listening(live, "?since=2020-01-01") as heard:
        heard.wait(["a", "b"])
        runtime = live.host.runtimes["toy"]
        with runtime.engine.begin() as conn:
            # As the backup held it, and what was said again since.
            outbox = runtime.chassis.outbox
            row = conn.execute(sa.select(outbox).where(outbox.c.id == 2)).mappings().one()
            conn.execute(sa.delete(outbox).where(outbox.c.id == 2))
            event = json.loads(row["body"]) | {"id": "00000000-0000-7000-8000-000000000001"}
            told = {"event_id": event["id"], "body": json.dumps(event).encode()}
            conn.execute(sa.insert(outbox).values({**row, **told}))
        assert wait_until(lambda: heard.ended, 5, every=0.01)
        place = heard.place
    with listening(live, **{"Last-Event-ID": place}) as heard:
        assert (heard.status, heard.problem["code"]) == (410, "EVENTS_FORGOTTEN")


def test_a_gateway_that_ends_ends_its_streams(live):
    with listening(live) as heard:
        live.say("toy", "a")
        heard.wait(["a"])
        began = time.monotonic()
        live.server.handle_exit(signal.SIGTERM, None)
        live.thread.join(10)
        assert not live.thread.is_alive()
        assert time.monotonic() - began < 3
        assert wait_until(lambda: heard.ended, 2, every=0.01)


def test_the_place_of_what_was_published_is_the_same_everywhere(town):
    """A cursor says what each service says of itself."""
    town.say("toy", "a")
    runtime = town.host.runtimes["toy"]
    with runtime.engine.connect() as conn:
        last = kept.newest(conn, runtime.chassis)
    assert history.read(town.page()["next"]).places == {"toy": last, "other": 0}


# ------------------------------------------------------------------ a stream and the poller, in turn


@pytest.fixture
def in_turn(town, monkeypatch):
    """Run a test on the event loop, with the poller's turns taken by the test."""
    streamed = town.app.state.streams
    hub = streamed.hub
    wanted = history.Filter.of(
        history.Narrowed(), Actor("per_1", "R_CONSUMER", "370811"), ("toy", "other")
    )

    async def never(_hub):
        await anyio.sleep_forever()

    monkeypatch.setattr(streams.Hub, "_poll", never)

    async def within(test):
        with hub.listening():
            await hub._hear(wanted)
            await test(lambda: hub._hear(wanted), lambda **places: streams.Stream(
                hub, streamed._reader, wanted, history.Cursor(places)
            ))  # fmt: skip

    return lambda test: anyio.run(within, test)


async def missed(stream):
    return told("".join([text async for text in stream._missed()]))


def told(text):
    lines = [line for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(line.removeprefix("data: "))["data"]["note"] for line in lines]


def test_what_was_read_and_is_heard_as_well_comes_once(town, in_turn):
    async def test(hear, stream):
        one = stream(toy=0, other=0)
        town.say("toy", "a")
        await hear()
        assert await missed(one) == ["a"]
        assert told(one._heard()) == []
        town.say("toy", "b")
        await hear()
        assert await missed(one) == []
        assert told(one._heard()) == ["b"]

    in_turn(test)


def test_what_is_heard_waits_for_what_was_missed_before(town, in_turn):
    async def test(hear, stream):
        town.say("other", "1")
        one = stream(toy=0, other=0)
        town.say("other", "2")
        await hear()
        town.away.add("other")
        town.say("toy", "a")
        await hear()
        # The service is away when it is asked for what is missing, and the poller knows the second.
        assert await missed(one) == ["a"]
        assert told(one._heard()) == []
        town.away.clear()
        assert await missed(one) == ["1", "2"]
        assert told(one._heard()) == []

    in_turn(test)


def test_a_stream_that_is_behind_what_is_kept_ends(town, in_turn, monkeypatch):
    monkeypatch.setattr(streams, "KEPT_EVENTS", 2)

    async def test(hear, stream):
        one, other = stream(toy=0, other=0), stream(toy=0, other=0)
        for note in "ab":
            town.say("toy", note)
        await hear()
        assert await missed(other) == ["a", "b"]
        assert told(other._heard()) == []
        town.say("toy", "c")
        await hear()
        with pytest.raises(streams.TooSlow):
            one._heard()
        assert told(other._heard()) == ["c"]

    in_turn(test)


def test_a_service_of_which_a_page_has_room_for_nothing_begins_with_its_first_event(town):
    for service, note in (("toy", "1"), ("toy", "2"), ("toy", "3"), ("other", "4"), ("other", "5")):
        town.say(service, note)
    page = town.page(limit=2)
    assert (notes(page["items"]), page["more"]) == (["1", "2"], True)
    page = town.page(limit=2, after=page["next"])
    assert (notes(page["items"]), page["more"]) == (["3", "4"], True)
    page = town.page(limit=2, after=page["next"])
    assert (notes(page["items"]), page["more"]) == (["5"], False)
