"""Both forms of the client against a real broker: the same promises."""

import asyncio
import json
import socket
import threading
import time
import uuid

import pika
import pytest
from fivered_client import ConsumerError, MemorySeen, PatternError, aconnect, connect

from testkit.waiting import wait_until

pytestmark = pytest.mark.servers


class Threads:
    """`connect`, and `run` on a thread of its own; what it raised is in `raised`."""

    def __init__(self, url, **given):
        self.raised = []
        self._thread = None
        self.client = connect(url, **given)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __getattr__(self, name):
        return getattr(self.client, name)

    def start(self):
        def run():
            try:
                self.client.run()
            except Exception as error:
                self.raised.append(error)

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        return self

    def wait(self, seconds=20):
        self._thread.join(seconds)
        assert not self._thread.is_alive()

    def end(self):
        self.client.stop()
        self.wait()

    def cut(self):
        """Take the socket away beneath the client, as when a broker dies."""
        self.client._connection._impl._transport._sock.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.client.close()


class Loop(Threads):
    """`aconnect`, in an event loop on a thread of its own; handlers are `async` functions."""

    def __init__(self, url, **given):
        self.raised = []
        self._running = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        try:
            self.client = self._do(aconnect(url, **given))
        except BaseException:
            self._end_loop()
            raise

    def _do(self, coroutine, seconds=30):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(seconds)

    def _end_loop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def subscribe(self, pattern, handler):
        self.client.subscribe(pattern, self._awaited(handler))

    def subscribe_batch(self, pattern, handler, **given):
        self.client.subscribe_batch(pattern, self._awaited(handler), **given)

    @staticmethod
    def _awaited(handler):
        async def handle(given):
            await asyncio.sleep(0.001)
            handler(given)

        return handle

    def prepare(self):
        self._do(self.client.prepare())

    def start(self):
        self._running = asyncio.run_coroutine_threadsafe(self.client.run(), self._loop)
        return self

    def wait(self, seconds=20):
        error = self._running.exception(seconds)
        if error is not None:
            self.raised.append(error)

    def end(self):
        self._loop.call_soon_threadsafe(self.client.stop)
        self.wait()

    def cancel(self):
        self._running.cancel()

    def cut(self):
        self.client._wire._connection._transport._sock.shutdown(socket.SHUT_RDWR)

    def close(self):
        self._do(self.client.close())
        self._end_loop()


@pytest.fixture
def house(broker_url):
    """A service's exchange, and a way to say facts on it."""
    connection = pika.BlockingConnection(pika.URLParameters(broker_url))
    channel = connection.channel()
    channel.confirm_delivery()
    channel.exchange_declare("steward.events", "topic", durable=True)

    def say(fact="request_resolved.v1", *, partition=0, event_id=None, body=None, **data):
        event = {
            "specversion": "1.0",
            "id": event_id or str(uuid.uuid4()),
            "source": "/fivered/steward",
            "type": f"steward.{fact}",
            "subject": "req_1",
            "time": "2025-03-04T08:31:07Z",
            "sequence": "1",
            "data": data,
        }
        channel.basic_publish(
            "steward.events",
            f"{fact}.{partition}",
            json.dumps(event).encode() if body is None else body,
            pika.BasicProperties(content_type="application/cloudevents+json", delivery_mode=2),
        )

    yield say
    connection.close()


@pytest.fixture
def name():
    return "t" + uuid.uuid4().hex[:12]


@pytest.fixture(params=[Threads, Loop], ids=["threads", "asyncio"])
def form(request):
    return request.param


RESOLVED, CLOSED = "steward:request_resolved.v1", "steward:request_closed.v1"


def numbers(heard):
    return [event.data["n"] for event in heard]


def _asked(url, queue):
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        return connection.channel().queue_declare(queue, passive=True).method
    except pika.exceptions.ChannelClosedByBroker:
        return None
    finally:
        connection.close()


def _consumers(url, queue):
    return getattr(_asked(url, queue), "consumer_count", None)


def _waiting(url, queue):
    return getattr(_asked(url, queue), "message_count", None)


def test_facts_wait_in_an_own_queue_and_come_once_in_order(form, broker_url, house, name):
    heard = []
    with form(broker_url, name=name) as client:
        client.subscribe(RESOLVED, heard.append)
        client.prepare()
        same = str(uuid.uuid4())
        house(n=1, event_id=same)
        house(n=1, event_id=same)
        house("request_closed.v1", n=0)
        house(body=b"no event")
        house(n=2, partition=3)
        client.start()
        assert wait_until(lambda: client.handled == 2 and client.unreadable == 1, 20)
        client.end()
        assert (client.repeated, client.raised) == (1, [])
    assert numbers(heard) == [1, 2]


def test_an_event_whose_handler_fails_stays_in_the_queue(form, broker_url, house, name):
    def fail(_event):
        raise RuntimeError("told to fail")

    with form(broker_url, name=name) as client:
        client.subscribe(RESOLVED, fail)
        client.prepare()
        house(n=1)
        house(n=2)
        client.start()
        client.wait()
        assert [str(error) for error in client.raised] == ["told to fail"]
    heard = []
    with form(broker_url, name=name) as client:
        client.subscribe(RESOLVED, heard.append)
        client.start()
        assert wait_until(lambda: client.handled == 2, 20)
        client.end()
    assert numbers(heard) == [1, 2]


def test_a_file_drops_what_was_handled_before_a_restart(form, broker_url, house, name, tmp_path):
    heard, same = [], str(uuid.uuid4())
    for _ in range(2):
        with form(broker_url, name=name, seen=tmp_path / "seen.sqlite") as client:
            client.subscribe(RESOLVED, heard.append)
            client.prepare()
            house(n=1, event_id=same)
            client.start()
            assert wait_until(lambda c=client: c.handled + c.repeated == 1, 20)
            client.end()
    assert len(heard) == 1


def test_a_lost_connection_is_made_again_and_nothing_is_lost(form, broker_url, house, name, caplog):
    heard, told = [], []

    def again(away_s):
        told.append(("again", away_s))
        raise RuntimeError("what is told may fail")

    with form(
        broker_url, name=name, on_again=again,
        on_lost=lambda error, wait_s: told.append(("lost", wait_s, error)),
    ) as client:  # fmt: skip
        client.subscribe(RESOLVED, heard.append)
        client.start()
        assert wait_until(lambda: _consumers(broker_url, client.queue_of("steward")) == 1, 20)
        house(n=1)
        assert wait_until(lambda: client.handled == 1, 20)
        for n in (2, 3):
            # After a good connection the waits begin anew.
            assert wait_until(lambda: client._backoff.wait == 1.0, 10)
            client.cut()
            house(n=n)
            assert wait_until(lambda n=n: client.handled == n, 30)
        client.end()
        assert client.raised == []
    assert numbers(heard) == [1, 2, 3]
    assert [one[0] for one in told] == ["lost", "again"] * 2
    assert all(0.6 <= one[1] <= 1.4 for one in told if one[0] == "lost")
    assert caplog.text.count("connected again after") == 2


def test_a_queue_that_was_deleted_is_made_again(form, broker_url, house, name, caplog):
    """K2: the consumer went on and heard nothing, without a word."""
    heard = []
    with form(broker_url, name=name) as client:
        client.subscribe(RESOLVED, heard.append)
        client.start()
        queue = client.queue_of("steward")
        assert wait_until(lambda: _consumers(broker_url, queue) == 1, 20)
        operator = pika.BlockingConnection(pika.URLParameters(broker_url))
        operator.channel().queue_delete(queue)
        operator.close()
        assert wait_until(lambda: "a queue was deleted" in caplog.text, 20)
        assert wait_until(lambda: _consumers(broker_url, queue) == 1, 20)
        house(n=2)
        assert wait_until(lambda: client.handled == 1, 20)
        client.end()
        assert client.raised == []


def test_a_full_queue_drops_the_oldest(form, broker_url, house, name):
    heard = []
    with form(broker_url, name=name, most=3) as client:
        client.subscribe(RESOLVED, heard.append)
        client.prepare()
        for n in range(6):
            house(n=n)
        client.start()
        assert wait_until(lambda: heard and heard[-1].data["n"] == 5, 20)
        client.end()
    assert numbers(heard) == [3, 4, 5]


def test_what_the_broker_refuses_is_said_at_once(form, broker_url, name):
    with form(broker_url, name=name) as client:
        client.subscribe("nobody:fact.v1", print)
        with pytest.raises(ConsumerError, match=r"nobody\.events"):
            client.prepare()
    with pytest.raises(ConsumerError):
        form(broker_url.replace("guest:guest", "guest:wrong"), name=name)
    with pytest.raises(ConsumerError):
        form("amqp://guest:guest@127.0.0.1:9/%2F", name=name)
    with pytest.raises(ValueError, match="name"):
        form(broker_url, name="No Name")


def test_one_of_several_hosts_will_do(form, broker_url, name):
    several = broker_url.replace("@127.0.0.1", "@127.0.0.1:9,127.0.0.1")
    form(several, name=name).close()


# --------------------------------------------------------------------------------------------------
# Lists


def test_a_list_holds_what_has_arrived_and_is_acknowledged_once(form, broker_url, house, name):
    lists, singles, waiting = [], [], []
    with form(broker_url, name=name, seen=Counting()) as client:
        client.subscribe_batch(
            RESOLVED,
            lambda events: (
                waiting.append(_waiting(broker_url, client.queue_of("steward"))),
                lists.append(numbers(events)),
            ),
            most=4, wait_s=3,
        )  # fmt: skip
        client.subscribe(CLOSED, lambda event: singles.append((len(lists), event.data["n"])))
        client.prepare()
        same = str(uuid.uuid4())
        for n in range(1, 7):
            house(n=n, event_id=same if n < 3 else None)
        house("request_closed.v1", n=7)
        house(n=8)
        client.start()
        assert wait_until(lambda: client.handled == 7, 20)
        client.end()
        assert (client.repeated, client.raised) == (1, [])
        # Noted together as well.
        assert max(map(len, client._given.seen.noted)) == 3
    # Never longer than asked for, what came twice only once, in order around another's event.
    assert lists == [[1, 3, 4], [5, 6], [8]]
    assert singles == [(2, 7)]
    assert _waiting(broker_url, f"ext.{name}.steward") == 0


class Counting(MemorySeen):
    def __init__(self):
        super().__init__()
        self.noted = []

    def remember_all(self, ids):
        self.noted.append(ids)
        for one in ids:
            self.remember(one)


def test_a_list_that_fails_is_halved_until_the_event_that_cannot_be_is_alone(
    form, broker_url, house, name
):
    lists, taken = [], []

    def store(events):
        lists.append(numbers(events))
        if 6 in lists[-1]:
            raise ValueError("no place for 6")
        taken.extend(lists[-1])

    with form(broker_url, name=name) as client:
        client.subscribe_batch(RESOLVED, store, most=8, wait_s=1)
        client.prepare()
        for n in range(1, 9):
            house(n=n)
        client.start()
        client.wait()
        assert [str(error) for error in client.raised] == ["no place for 6"]
    assert lists == [[*range(1, 9)], [1, 2, 3, 4], [5, 6, 7, 8], [5, 6], [5], [6]]
    assert taken == [1, 2, 3, 4, 5]
    heard = []
    with form(broker_url, name=name) as client:
        client.subscribe(RESOLVED, heard.append)
        client.start()
        assert wait_until(lambda: client.handled == 3, 20)
        client.end()
    assert numbers(heard) == [6, 7, 8]


def test_a_list_may_wait_to_fill(form, broker_url, house, name):
    lists = []
    with form(broker_url, name=name) as client:
        client.subscribe_batch(
            [RESOLVED, CLOSED], lambda events: lists.append(numbers(events)), most=3, wait_s=1.5
        )
        client.prepare()
        client.start()
        assert wait_until(lambda: _consumers(broker_url, client.queue_of("steward")) == 1, 20)
        begun = time.monotonic()
        for n in (1, 2):
            house(n=n)
        house("request_closed.v1", n=3)
        # Full, it goes at once.
        assert wait_until(lambda: lists == [[1, 2, 3]], 20)
        full_s = time.monotonic() - begun
        house(n=4)
        house(n=5)
        assert wait_until(lambda: len(lists) == 2, 20)
        client.end()
    assert lists == [[1, 2, 3], [4, 5]]
    assert time.monotonic() - begun - full_s >= 1.4


def test_a_list_of_no_events_is_none(form, broker_url, name):
    with form(broker_url, name=name) as client:
        for wrong in ({"most": 0}, {"wait_s": -1}):
            with pytest.raises(ValueError, match="is none"):
                client.subscribe_batch(RESOLVED, print, **wrong)


# --------------------------------------------------------------------------------------------------
# Bindings


def test_what_a_consumer_no_longer_wants_is_unbound_at_its_next_start(
    form, broker_url, house, name
):
    with form(broker_url, name=name) as client:
        client.subscribe(RESOLVED, print)
        client.subscribe(CLOSED, print)
        client.prepare()
        queue = client.queue_of("steward")
    # As releases before 0.2 have bound it.
    operator = pika.BlockingConnection(pika.URLParameters(broker_url))
    channel = operator.channel()
    channel.queue_bind(queue, "steward.events", "request_resolved.v1.*")
    house("request_closed.v1", n=1)
    heard = []
    with form(broker_url, name=name) as client:
        client.subscribe(RESOLVED, heard.append)
        client.prepare()
        house("request_closed.v1", n=2)
        house(n=3)
        # The one from before waits, and is let go; the new one does not come.
        assert wait_until(lambda: _waiting(broker_url, queue) == 2, 10)
        client.start()
        assert wait_until(lambda: client.handled == 2, 20)
        client.end()
    assert numbers(heard) == [3]
    channel.exchange_delete(queue)
    house(n=4)
    assert _waiting(broker_url, queue) == 0
    operator.close()


def test_no_event_is_missed_or_doubled_while_bindings_are_replaced(broker_url, house, name):
    """Three processes of one consumer start again and again while facts come in."""
    for _ in range(2):
        with connect(broker_url, name=name) as client:
            client.subscribe(RESOLVED, print)
            client.prepare()
    done, failed = threading.Event(), []

    def start_again():
        try:
            while not done.is_set():
                with connect(broker_url, name=name) as client:
                    client.subscribe(RESOLVED, print)
                    client.prepare()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=start_again) for _ in range(3)]
    for thread in threads:
        thread.start()
    for n in range(150):
        house(n=n)
    done.set()
    for thread in threads:
        thread.join(20)
    assert failed == []
    heard = []
    with connect(broker_url, name=name) as client:
        client.subscribe(RESOLVED, heard.append)
        client_thread = threading.Thread(target=client.run)
        client_thread.start()
        assert wait_until(lambda: client.handled == 150, 20)
        client.stop()
        client_thread.join(10)
        assert client.repeated == 0
    assert numbers(heard) == [*range(150)]


def test_a_task_that_is_cancelled_gives_back_what_it_has_not_handled(broker_url, house, name):
    heard = []
    with Loop(broker_url, name=name) as client:
        client.client.subscribe(RESOLVED, _never_ends)
        client.prepare()
        house(n=1)
        client.start()
        assert wait_until(lambda: _waiting(broker_url, client.queue_of("steward")) == 0, 20)
        client.cancel()
        assert wait_until(lambda: _waiting(broker_url, client.queue_of("steward")) == 1, 20)
    with Loop(broker_url, name=name) as client:
        client.subscribe(RESOLVED, heard.append)
        client.start()
        assert wait_until(lambda: client.handled == 1, 20)
        client.end()
    assert numbers(heard) == [1]


async def _never_ends(_event):
    await asyncio.Event().wait()


def test_an_outside_user_hears_public_facts_only(form, private_rabbit, name):
    from fivered.chassis.topology import Installation, Member, consumer

    publishes = {"request_resolved.v1": "public", "request_rated.v1": "internal"}
    installation = Installation({"steward": Member("steward", publishes=publishes)})
    granted = consumer(installation, name, ["steward"])
    inside = private_rabbit.new_vhost()
    vhost = inside.rpartition("/")[2]
    connection = pika.BlockingConnection(pika.URLParameters(inside))
    connection.channel().exchange_declare("steward.events", "topic", durable=True)
    rights = {kind: getattr(granted, kind) for kind in ("configure", "write", "read")}
    api = private_rabbit.api
    api("PUT", f"/users/{name}", {"password": "secret", "tags": ""})
    api("PUT", f"/permissions/{vhost}/{name}", rights)
    (topic,) = granted.topics
    spoken = {"exchange": topic.exchange, "write": topic.write, "read": topic.read}
    api("PUT", f"/topic-permissions/{vhost}/{name}", spoken)
    url = inside.replace("guest:guest", f"{name}:secret")
    for pattern, public in ((RESOLVED, True), ("steward:request_rated.v1", False)):
        with form(url, name=name) as client:
            client.subscribe(pattern, print)
            if public:
                client.prepare()
            else:
                with pytest.raises(ConsumerError, match="ACCESS_REFUSED"):
                    client.prepare()
            # `*` was a promise that only an administrator's login kept.
            with pytest.raises(PatternError, match="name each"):
                client.subscribe("steward:*.v1", print)
    with form(url, name="somebody-else") as client:
        client.subscribe(RESOLVED, print)
        with pytest.raises(ConsumerError, match="ACCESS_REFUSED"):
            client.prepare()
    connection.close()
    api("DELETE", f"/users/{name}")
    private_rabbit.delete_vhost(inside)
