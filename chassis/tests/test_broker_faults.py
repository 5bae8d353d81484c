"""Whatever befalls the broker, every client of it recovers alone (IN-A1, IN-A15, OP-m1)."""

import json
import logging
import socket
import threading

import pika
import pytest
from fivered_client import ConsumerError, connect

from fivered.chassis import broker, rpc, topology
from fivered.chassis.reconnect import Backoff, Patience
from fivered.chassis.tests.distributed import World
from fivered.chassis.tests.toy.service import Toy
from testkit.proxy import Proxy
from testkit.waiting import wait_until

pytestmark = pytest.mark.servers

# A resolver of one file: a name stands for what the file says, and for nothing before it says so.
RESOLVER = """
import json, os, socket

_real = socket.getaddrinfo

def getaddrinfo(host, *rest, **more):
    if host == "broker.fivered.test":
        with open(os.environ["HOSTS_OF_THIS_TEST"]) as file:
            host = json.load(file).get(host)
        if host is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return _real(host, *rest, **more)

socket.getaddrinfo = getaddrinfo
"""


class Fault:
    """One way in which a broker goes away, and back."""

    def __init__(self, node, vhost, hosts):
        self.node, self.vhost, self.hosts = node, vhost, hosts

    def cut(self):
        """Close every connection, so that each client has to come anew."""
        self.node.ctl("close_all_connections", "--vhost", self.vhost, "told to")

    def _write(self, hosts):
        fresh = self.hosts.with_suffix(".new")
        fresh.write_text(json.dumps(hosts))
        fresh.replace(self.hosts)

    def begin(self):
        raise NotImplementedError  # each fault below says how

    def mend(self):
        raise NotImplementedError  # each fault below says how


class Memory(Fault):
    def begin(self):
        self.node.ctl("set_vm_memory_high_watermark", "0.00001")

    def mend(self):
        self.node.ctl("set_vm_memory_high_watermark", "0.6")


class Disk(Fault):
    def begin(self):
        self.node.ctl("set_disk_free_limit", "900000000000000")

    def mend(self):
        self.node.ctl("set_disk_free_limit", "50MB")


class Login(Fault):
    def begin(self):
        self.node.api("PUT", f"/users/u{self.vhost}", {"password": "another", "tags": ""})
        self.cut()

    def mend(self):
        self.node.api("PUT", f"/users/u{self.vhost}", {"password": "p", "tags": ""})


class Vhost(Fault):
    """The vhost goes with all that is in it, and is made again as an operator would."""

    def begin(self):
        self.node.api("DELETE", f"/vhosts/{self.vhost}")

    def mend(self):
        self.node.api("PUT", f"/vhosts/{self.vhost}")
        for user in ("guest", f"u{self.vhost}"):
            rights = {"configure": ".*", "write": ".*", "read": ".*"}
            self.node.api("PUT", f"/permissions/{self.vhost}/{user}", rights)
        broker.apply(self.node.url(self.vhost), topology.installation_of([Toy]))


class Name(Fault):
    def begin(self):
        self._write({})
        self.cut()

    def mend(self):
        self._write({"broker.fivered.test": "127.0.0.1"})


@pytest.mark.timeout(240)
@pytest.mark.parametrize("fault", [Memory, Disk, Login, Vhost, Name])
def test_every_client_outlives_it_and_goes_on(
    private_rabbit, postgres_url, tmp_path, monkeypatch, fault
):
    """IN-A1: the gateway's client never came back after an alarm; IN-A15: nor did the consumer."""
    node = private_rabbit
    admin = node.new_vhost()
    vhost = admin.rpartition("/")[2]
    hosts = tmp_path / "hosts"
    monkeypatch.setenv("HOSTS_OF_THIS_TEST", str(hosts))
    real = socket.getaddrinfo
    exec(RESOLVER, {})
    monkeypatch.setattr(socket, "getaddrinfo", socket.getaddrinfo)
    broken = fault(node, vhost, hosts)
    Login.mend(broken)
    Name.mend(broken)
    rights = {"configure": ".*", "write": ".*", "read": ".*"}
    node.api("PUT", f"/permissions/{vhost}/u{vhost}", rights)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(RESOLVER)
    world = World(admin, postgres_url, tmp_path)
    world.url = f"amqp://u{vhost}:p@broker.fivered.test:{node.port}/{vhost}"
    own = {
        "FIVERED_BROKER_URL": world.url,
        "PYTHONPATH": f"{tmp_path / 'site'}:{world.env['PYTHONPATH']}",
    }
    heard, consumer = [], None
    try:
        serve, work = world.start("serve", **own), world.start("work", **own)
        caller = world.caller()
        consumer = connect(world.url, name="board")
        consumer.subscribe("toy:added.v1", heard.append)
        hearing = threading.Thread(target=consumer.run, daemon=True)
        hearing.start()
        world.wait_ready(serve, work)
        caller.insist("c")
        world.wait(lambda: world.entries() == 1 and len(heard) == 1)

        broken.begin()

        def noticed():
            try:
                caller.add("c", 2, key="while it lasts", deadline_s=2.0)
            except (rpc.ServiceUnavailable, rpc.OutcomeUnknown):
                return caller.run(caller.bus.state())["bus"] != "up"
            return False

        world.wait(noticed)
        if fault not in (Memory, Disk):
            # Each client has tried in vain before it is mended.
            world.wait(lambda: world.page(serve, "/ready")[0] == 503)
            world.wait(lambda: world.page(work, "/ready")[0] == 503)
        broken.mend()

        world.wait_ready(serve, work)
        caller.insist("c")
        world.wait(lambda: caller.run(caller.bus.state()) == {"bus": "up"})
        # The topology was gone for a while, and what was said then waits in the outbox.
        world.wait(lambda: world.one("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 0)
        total = world.one("SELECT sum(total) FROM counters")
        world.wait(lambda: sum(world.amounts()) == total)
        # The consumer's queue of a vhost that was deleted is gone, with what was in it.
        # What is said before it has made its queue anew, nobody keeps for it.
        for n in range(30):
            caller.insist(f"last{n}", note="last")
            if wait_until(lambda n=n: heard and heard[-1].subject == f"last{n}", 3):
                break
        else:
            pytest.fail("the consumer hears nothing any more")
        assert hearing.is_alive()
        assert serve.poll() is None
        assert work.poll() is None
        if fault not in (Memory, Disk):
            for process in (serve, work):
                lines = [json.loads(line) for line in process.log.read_text().splitlines()]
                again = [line for line in lines if line["event"] == "connected_again"]
                assert again, process.log
                faults = [line for line in lines if line["event"].endswith("_fault")]
                assert not faults, faults[0]["trace"]
    finally:
        broken.mend()
        if consumer is not None:
            consumer.stop()
            hearing.join(40)
            consumer.close()
        world.close()
        socket.getaddrinfo = real
        node.api("DELETE", f"/users/u{vhost}")
        node.delete_vhost(admin)


def test_the_waits_begin_anew_after_a_good_connection(monkeypatch, caplog):
    """OP-m1: after five losses in the life of a process each reconnect cost 30 s."""
    now = [1000.0]
    monkeypatch.setattr("fivered.chassis.reconnect.time.monotonic", lambda: now[0])
    # Chance leaves the whole of each wait.
    monkeypatch.setattr("fivered.chassis.reconnect.random.uniform", lambda _least, most: most)
    patience = Patience(logging.getLogger("t"), made="made", waits="waits", longest_s=5.0)
    caplog.set_level("INFO", "t")
    assert [patience.lost(OSError("no")) for _ in range(8)][-2:] == [5.0, 5.0]
    # Eight tries for one reason are one line; after five minutes somebody should look.
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    now[0] += 301
    patience.lost(OSError("no"))
    assert caplog.records[-1].levelname == "ERROR"
    assert caplog.records[-1].still_failing_since
    patience.good()
    assert caplog.records[-1].message == "made"
    # A connection that is gone at once is none.
    assert patience.lost("closed") == 5.0
    patience.good()
    assert caplog.records[-1].message == "connected_again"
    now[0] += 60
    assert patience.lost("closed") == 0.1


def test_processes_that_lost_one_broker_do_not_come_back_all_at_once():
    """ECOSYSTEM 6: the waits of all processes were the same, so they came in step."""
    every = [Backoff(0.1, 0.4) for _ in range(50)]
    for longest in (0.1, 0.2, 0.4, 0.4):
        waits = [one.next() for one in every]
        assert len(set(waits)) > 40
        assert all(longest / 2 <= wait <= longest for wait in waits)


def test_a_consumer_says_in_its_own_error_that_nobody_is_there():
    """IN-A15: socket.gaierror came out of `connect`."""
    with pytest.raises(ConsumerError):
        connect("amqp://guest:guest@no-such-host.invalid:5672/%2F", name="dns")


def test_a_consumer_waits_a_second_again_after_a_good_connection(private_rabbit, caplog):
    """OP-m1: "connection lost, again in 16 s" after a minute of good connection."""
    url = private_rabbit.new_vhost()
    broker.apply(url, topology.installation_of([Toy]))
    vhost = url.rpartition("/")[2]
    node = Fault(private_rabbit, vhost, None)
    heard = []
    caplog.set_level("WARNING", "fivered_client")

    def told():
        return [r.getMessage().split(":")[0] for r in caplog.records if r.name == "fivered_client"]

    def say(n):
        connection = pika.BlockingConnection(pika.URLParameters(url))
        body = {
            "specversion": "1.0", "id": f"e{n}", "source": "/fivered/toy", "type": "toy.added.v1",
            "subject": "s", "time": "2025-03-04T08:31:07Z", "sequence": "1", "data": {},
        }  # fmt: skip
        connection.channel().basic_publish("toy.events", "added.v1.0", json.dumps(body))
        connection.close()

    with connect(url, name="board") as consumer:
        consumer.subscribe("toy:added.v1", heard.append)
        consumer.prepare()
        thread = threading.Thread(target=consumer.run, daemon=True)
        thread.start()
        for n in (1, 2, 3):
            say(n)
            assert wait_until(lambda n=n: len(heard) == n, 30)
            # Until it has been good for a second; nothing but time tells a good one.
            assert wait_until(lambda: consumer._backoff.wait == 1.0, 20)
            if n < 3:
                before = len(told())
                # The broker lists a connection only some time after it was made.
                for _ in range(20):
                    node.cut()
                    if wait_until(lambda b=before: len(told()) > b, 3):
                        break
                assert wait_until(lambda b=before: len(told()) >= b + 2, 30)
        consumer.stop()
        thread.join(10)
    assert {line for line in told() if "lost" in line} == {"connection lost, again in 1 s"}
    assert [line for line in told() if "connected again" in line]
    private_rabbit.delete_vhost(url)


def test_a_network_that_forgets_a_connection_is_noticed(private_rabbit, postgres_url, tmp_path):
    """`serve` asked its broker for an answer that could not come, and waited for it for good."""
    admin = private_rabbit.new_vhost()
    network = Proxy(private_rabbit.port)
    world = World(admin, postgres_url, tmp_path)
    through = admin.replace(f":{private_rabbit.port}/", f":{network.port}/")
    try:
        serve = world.start("serve", FIVERED_BROKER_URL=through)
        caller = world.caller()
        world.wait(caller.ready, 40, serve)
        network.forget()
        world.wait(lambda: not caller.ready())
        world.wait(caller.ready, 40, serve)
        assert "the broker has not answered in 5 s" in serve.log.read_text()
    finally:
        world.close()
        network.close()
        private_rabbit.delete_vhost(admin)
