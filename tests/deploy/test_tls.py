"""TLS and certificates on both sides, tried on real servers: who is let in, who is not, and what a
renewal asks of those who run."""

import os
import shutil
import socket
import ssl
import sys
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path

import pika
import psycopg
import pytest
from fivered_client import ConsumerError, connect

from fivered.chassis import broker, tls
from fivered.chassis.tests.distributed import PRIVATE, World
from testkit import servers
from testkit.authority import Authority
from testkit.waiting import wait_until

pytestmark = [pytest.mark.servers, pytest.mark.slow, pytest.mark.timeout(420)]

FIVERED = str(Path(sys.executable).with_name("fivered"))


class Secured:
    """A broker and a database that speak TLS only with who shows a certificate of ours."""

    def __init__(self, folder):
        self.authority = Authority(folder / "ours")
        self.port = servers.free_port()
        self.server = self.authority.issue("server")
        self.client = self.authority.issue("toy")
        self.rabbit = servers.Rabbit(conf="\n".join([
            f"listeners.ssl.1 = 127.0.0.1:{self.port}",
            f"ssl_options.cacertfile = {self.authority.path}",
            f"ssl_options.certfile = {self.server.certificate}",
            f"ssl_options.keyfile = {self.server.key}",
            "ssl_options.verify = verify_peer",
            "ssl_options.fail_if_no_peer_cert = true",
        ]))  # fmt: skip
        self.postgres = servers.Postgres()
        self.rabbit.start()
        self.postgres.start()
        self.url = self.rabbit.new_vhost().replace(
            f"amqp://guest:guest@127.0.0.1:{self.rabbit.port}",
            f"amqps://guest:guest@127.0.0.1:{self.port}",
        )
        self.database = self._database()

    def _database(self):
        data = self.postgres.base / "data"
        for one in (self.authority.path, self.server.certificate, self.server.key):
            shutil.copy(one, data / one.name)
            self.postgres.give(data / one.name)
        with psycopg.connect(self.postgres.url(), autocommit=True) as conn:
            conn.execute("CREATE ROLE toy LOGIN")
            conn.execute("CREATE DATABASE toy OWNER toy")
            for name, value in {
                "ssl": "on", "ssl_cert_file": "server.pem", "ssl_key_file": "server.key",
                "ssl_ca_file": self.authority.path.name,
            }.items():  # fmt: skip
                conn.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            rules = "host all postgres 127.0.0.1/32 trust\nhostssl all toy 127.0.0.1/32 cert\n"
            (data / "pg_hba.conf").write_text(rules)
            conn.execute("SELECT pg_reload_conf()")
        return self.database_url(self.client.certificate, self.client.key)

    def database_url(self, certificate=None, key=None, host="127.0.0.1", ca=None):
        shown = f"&sslcert={certificate}&sslkey={key}" if certificate else ""
        return (
            f"postgresql://toy@{host}:{self.postgres.port}/toy"
            f"?sslmode=verify-full&sslrootcert={ca or self.authority.path}{shown}"
        )

    def environment(self, folder):
        """Files of a process's own, of which a test may make what it likes."""
        folder.mkdir()
        given = {
            tls.CA: self.authority.path, tls.CERTIFICATE: self.client.certificate,
            tls.KEY: self.client.key,
        }  # fmt: skip
        for name, path in given.items():
            shutil.copy(path, folder / name)
        return {name: str(folder / name) for name in given}

    def shown(self):
        """The number of the certificate that the broker shows to a new connection."""
        return serial("127.0.0.1", self.port, self.authority, self.client)

    def stop(self):
        self.rabbit.stop()
        self.postgres.stop()


def trusting(authority, client=None):
    context = ssl.create_default_context(cafile=authority.path)
    if client is not None:
        context.load_cert_chain(client.certificate, client.key)
    return context


def serial(host, port, authority, client=None):
    with (
        socket.create_connection((host, port), 10) as plain,
        trusting(authority, client).wrap_socket(plain, server_hostname=host) as sock,
    ):
        return sock.getpeercert()["serialNumber"]


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    found = Secured(tmp_path_factory.mktemp("secured"))
    yield found
    found.stop()


@pytest.fixture
def world(secured, tmp_path, monkeypatch):
    files = secured.environment(tmp_path / "files")
    for name, path in files.items():
        monkeypatch.setenv(name, path)
    made = World(secured.url, secured.database, tmp_path)
    yield made
    made.close()


def renewed(secured):
    """Have broker and database show new certificates, as the page says, and lose all connections."""
    before = secured.shown()
    again = secured.authority.issue("server")
    data = secured.postgres.base / "data"
    for one in (again.certificate, again.key):
        (data / one.name).write_bytes(one.read_bytes())
    with psycopg.connect(secured.postgres.url(), autocommit=True) as conn:
        conn.execute("SELECT pg_reload_conf()")
        conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'toy'")
    secured.rabbit.ctl("eval", "ssl:clear_pem_cache().")
    assert wait_until(lambda: secured.shown() != before, 20, every=0.2)
    secured.rabbit.ctl("close_all_connections", "renewed")


def test_a_service_works_over_tls_and_outlives_a_renewal(world, secured, tmp_path):
    serve, work = world.start("serve"), world.start("work")
    world.wait_ready(serve, work)
    caller = world.caller()
    world.wait(caller.ready)
    assert caller.add("c", 3)["state"] == "ADDED"
    world.wait(lambda: world.entries() == 1)

    # Our own certificate first: the next connections show the new one.
    again = secured.authority.issue("toy", to="renewed")
    shutil.copy(again.certificate, tmp_path / "files" / tls.CERTIFICATE)
    shutil.copy(again.key, tmp_path / "files" / tls.KEY)
    renewed(secured)
    world.runtime.engine.dispose()
    caller.insist("c", 4)
    world.wait(lambda: world.entries() == 2)
    assert (serve.poll(), work.poll()) == (None, None)


def test_who_shows_no_certificate_of_ours_is_let_in_nowhere(world, secured, tmp_path, monkeypatch):
    def refused(url=secured.url):
        with pytest.raises(broker.FAILS) as found:
            broker.connected(url, "stranger").close()
        return broker.refusal(found.value)

    def refuses(why):
        # Sometimes the broker has hung up before we have read why.
        assert wait_until(lambda: why in (said.append(refused()) or said[-1]), 20), said
        left = [one for one in said if tls.CERTIFICATE not in one and "reset" not in one]
        assert left == []

    said = []
    others = Authority(tmp_path / "others", "others")
    with pytest.raises(broker.FAILS):
        pika.BlockingConnection(pika.URLParameters(secured.url.replace("amqps://", "amqp://")))
    assert "does not speak TLS" in refused(
        secured.url.replace(str(secured.port), str(secured.rabbit.port))
    )
    assert "not valid for 'localhost'" in refused(secured.url.replace("127.0.0.1", "localhost"))

    stranger = others.issue("toy")
    monkeypatch.setenv(tls.CERTIFICATE, str(stranger.certificate))
    monkeypatch.setenv(tls.KEY, str(stranger.key))
    refuses(f"refuses our certificate (unknown ca): {tls.CERTIFICATE}")
    expired = secured.authority.issue("toy", lasts=-timedelta(minutes=1), to="expired")
    monkeypatch.setenv(tls.CERTIFICATE, str(expired.certificate))
    monkeypatch.setenv(tls.KEY, str(expired.key))
    refuses("refuses our certificate (certificate expired)")
    monkeypatch.delenv(tls.CERTIFICATE)
    refuses("refuses our certificate (")
    monkeypatch.setenv(tls.CA, str(others.path))
    assert f"of nobody whom {tls.CA} names" in refused()
    monkeypatch.setenv(tls.CA, str(tmp_path / "nothing"))
    assert refused() == f"{tls.CA}, {tmp_path / 'nothing'}: No such file or directory"

    def database(why, url):
        with pytest.raises(psycopg.OperationalError, match=why):
            psycopg.connect(url).close()

    database("connection requires a valid client certificate", secured.database_url())
    database("unknown ca", secured.database_url(stranger.certificate, stranger.key))
    database("certificate verify failed", secured.database_url(ca=others.path))
    database("does not match host", secured.database_url(host="localhost"))
    plain = f"postgresql://toy@127.0.0.1:{secured.postgres.port}/toy?sslmode=disable"
    database("no pg_hba.conf entry", plain)


def test_a_consumer_outside_names_the_authority_and_shows_its_certificate(secured):
    with pytest.raises(ConsumerError, match="CERTIFICATE_VERIFY_FAILED"):
        connect(secured.url, name="board")
    context = trusting(secured.authority, secured.client)
    connect(secured.url, name="board", ssl_context=context).close()
    with pytest.raises(ValueError, match="is for amqps"):
        connect(secured.rabbit.url(), name="board", ssl_context=context)


@pytest.mark.parametrize("kind", ["work", "serve"])
def test_a_process_waits_for_the_right_authority_and_comes_back(world, secured, tmp_path, kind):
    ours = (tmp_path / "files" / tls.CA).read_bytes()
    others = Authority(tmp_path / "others", "others")
    shutil.copy(others.path, tmp_path / "files" / tls.CA)
    process = world.start(kind)
    why = f"of nobody whom {tls.CA} names"
    world.wait(lambda: why in process.log.read_text(), 40, process)
    assert world.page(process, "/live")[0] == 200
    assert world.page(process, "/ready")[0] == 503
    (tmp_path / "files" / tls.CA).write_bytes(ours)
    world.wait_ready(process)


def test_the_gateway_speaks_https_and_takes_a_renewed_certificate(world, secured, tmp_path):
    authority = Authority(tmp_path / "public", "public")
    shown = authority.issue("gateway")
    caller = authority.issue("caller")
    serve = world.start("serve")
    port, health = servers.free_port(), servers.free_port()
    log = tmp_path / "gateway.log"
    environment = world.env | {
        name: os.environ[name] for name in (tls.CA, tls.CERTIFICATE, tls.KEY)
    }
    with log.open("wb") as out:
        gateway = servers.spawn([FIVERED, "gateway"], cwd=tmp_path, stdout=out, stderr=out, env=environment | {
            "FIVERED_TOKEN_KEY": "k" * 32, "FIVERED_SERVICES": "toy",
            "FIVERED_GATEWAY_PORT": str(port), "FIVERED_HEALTH_PORT": str(health),
            "FIVERED_TLS_CERTIFICATE": str(shown.certificate),
            "FIVERED_TLS_KEY_PEM": str(shown.key),
            "FIVERED_TLS_CLIENT_CA": str(authority.path),
        } | PRIVATE)  # fmt: skip
    gateway.log, gateway.port = log, health
    world.processes.append(gateway)

    def asked(path="/v1/health", context=None):
        context = context or trusting(authority, caller)
        url = f"https://127.0.0.1:{port}{path}"
        with urllib.request.urlopen(url, timeout=10, context=context) as got:
            return got.status

    world.wait_ready(serve, gateway)
    assert asked() == 200
    with pytest.raises((urllib.error.URLError, OSError)):
        asked(context=trusting(authority))
    with pytest.raises((urllib.error.URLError, OSError)):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/live", timeout=10)

    first = serial("127.0.0.1", port, authority, caller)
    shown.certificate.write_text("half of a renewal")
    world.wait(lambda: "certificate_not_taken" in log.read_text(), 10)
    assert serial("127.0.0.1", port, authority, caller) == first
    authority.issue("gateway")
    world.wait(lambda: serial("127.0.0.1", port, authority, caller) != first, 10)
    assert asked() == 200
    # Other callers than before: nobody has to start anything anew.
    others = Authority(tmp_path / "others", "others")
    stranger = others.issue("caller")
    assert gateway.poll() is None
    authority.path.write_bytes(others.path.read_bytes())

    def let_in(client):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.load_cert_chain(client.certificate, client.key)
        try:
            return asked(context=context) == 200
        except OSError:
            return False

    world.wait(lambda: let_in(stranger), 10)
    assert not let_in(caller)
