"""The generated users on real servers: the files of `deploy.fill_in`, and nobody with more rights.

Two services and the gateway run with their own users only; whatever they may not do is then tried
with those users' own passwords.
"""

import base64
import json
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pika
import psycopg
import pytest
from fivered_client import ConsumerError, connect

from fivered.clients.demo.api import Refused
from testkit.waiting import wait_until
from tests.deploy.house import COMMUNITY, DISTRICT, GRID, RESIDENT, RUNNING, ready

pytestmark = pytest.mark.servers


def refused(house, unit, attempt):
    """Try something with a unit's user; returns the broker's reason, or None where it let it."""
    connection = house.amqp(unit)
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        attempt(channel)
    except pika.exceptions.ChannelClosedByBroker as closed:
        assert closed.reply_code == 403, closed
        return closed.reply_text
    finally:
        connection.close()
    return None


def test_a_call_and_an_event_get_through_with_the_least_rights(house):
    api = house.api()
    for code, kind in ((COMMUNITY, "COMMUNITY"), (GRID, "GRID")):
        api.post(
            "/v1/steward/areas", DISTRICT, {"code": code, "name": "春晖", "kind": kind}, key=code
        )
    api.post(
        "/v1/steward/people",
        DISTRICT,
        {
            "person_id": RESIDENT.person_id,
            "name": "王小丽",
            "birth_year": 1976,
            "grid": GRID,
            "synthetic": True,
        },
        key="person",
    )

    def heard():
        # Credit takes a consent only of a person that steward's event has told it of.
        body = {"notice_version": "2025.1", "purposes": ["SCORING", "POINTS"]}
        try:
            return api.post("/v1/credit/consents", RESIDENT, body, key="consent")
        except Refused as refusal:
            if refusal.problem.get("guard") not in {"IDENTITY_NOT_VERIFIED", "UNKNOWN_PERSON"}:
                raise
            return None

    api.wait("credit hears of the resident", heard, seconds=30)
    # A service that does not run is told at once, by the broker, with the gateway's own rights.
    api.patience_s = 0
    with pytest.raises(Exception, match=r"SERVICE_UNAVAILABLE|503"):
        api.get("/v1/forum/topics", DISTRICT)
    api.close()


@pytest.mark.covers("REQ-L09")
def test_whom_the_gateway_refuses_stands_in_the_audit_of_the_service(house):
    """It signs for the system over the bus, with its own key, and the service believes it."""
    api = house.api()
    area = {"code": COMMUNITY, "name": "春晖", "kind": "COMMUNITY"}
    with pytest.raises(Refused, match="ROLE_DENIED"):
        api.post("/v1/steward/areas", RESIDENT, area, key="not-mine")
    api.close()
    own = house.environment("steward")["FIVERED_STEWARD_DATABASE_URL"]
    asked = "SELECT action, refused, address FROM audit WHERE result = 'DENIED' AND actor = %s"
    with psycopg.connect(own, autocommit=True) as conn:
        assert wait_until(lambda: conn.execute(asked, [RESIDENT.person_id]).fetchone(), 15)
        found = conn.execute(asked, [RESIDENT.person_id]).fetchone()
    assert found == ("define_area", "ROLE_DENIED", "127.0.0.1")


ATTEMPTS = {
    "publish as another service": lambda ch: ch.basic_publish(
        "steward.events", "request_rated.v1.0", b"forged"
    ),
    "put an event straight into a queue": lambda ch: ch.basic_publish(
        "", "property.steward.0", b"forged"
    ),
    "call another service": lambda ch: ch.basic_publish("fivered.rpc", "steward", b"{}"),
    "read what another hears": lambda ch: ch.basic_get("property.steward.0"),
    "consume another's calls": lambda ch: ch.basic_consume("rpc.steward", print),
    "bind itself to another's calls": lambda ch: ch.queue_bind(
        "rpc.credit", "fivered.rpc", "steward"
    ),
    "bind itself to all calls": lambda ch: ch.queue_bind("rpc.credit", "fivered.rpc", "#"),
    "bind itself to the replies": lambda ch: ch.queue_bind("rpc.credit", "fivered.replies", "#"),
    "hear more than its contract says": lambda ch: ch.queue_bind(
        "credit.steward.0", "steward.events", "#"
    ),
    "unbind what another hears": lambda ch: ch.queue_unbind(
        "property.steward.0", "steward.events", "request_submitted.v1.0"
    ),
    "make a queue": lambda ch: ch.queue_declare("spy", durable=True),
    "make a queue with a made name": lambda ch: ch.queue_declare("", exclusive=True),
    "delete another's queue": lambda ch: ch.queue_delete("property.steward.0"),
    "empty another's queue": lambda ch: ch.queue_purge("property.steward.0"),
    "delete its own exchange": lambda ch: ch.exchange_delete("credit.events"),
}


@pytest.mark.covers("REQ-L09")
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_service_cannot(house, attempt):
    assert "ACCESS_REFUSED" in (refused(house, "credit", ATTEMPTS[attempt]) or "it could")


@pytest.mark.parametrize(
    "attempt",
    {
        "speak as a service": lambda ch: ch.basic_publish("steward.events", "x.v1.0", b"forged"),
        "put an event straight into a queue": lambda ch: ch.basic_publish(
            "", "property.steward.0", b"forged"
        ),
        "answer a call": lambda ch: ch.basic_publish("fivered.replies", "amq.gen-x", b"{}"),
        "hear events": lambda ch: ch.queue_bind(
            ch.queue_declare("", exclusive=True).method.queue, "steward.events", "#"
        ),
        "hear calls": lambda ch: ch.queue_bind(
            ch.queue_declare("", exclusive=True).method.queue, "fivered.rpc", "#"
        ),
        "hear the replies to another gateway": lambda ch: ch.queue_bind(
            ch.queue_declare("", exclusive=True).method.queue, "fivered.replies", "#"
        ),
        "take a service's calls": lambda ch: ch.basic_get("rpc.steward"),
        "delete the calls' exchange": lambda ch: ch.exchange_delete("fivered.rpc"),
    }.items(),
    ids=lambda pair: pair[0] if isinstance(pair, tuple) else None,
)
def test_the_gateway_cannot(house, attempt):
    assert "ACCESS_REFUSED" in (refused(house, "gateway", attempt[1]) or "it could")


def test_what_a_service_needs_it_may(house):
    def speaks(channel):
        channel.basic_publish("credit.events", "nobody_hears.v1.0", b"{}")
        channel.queue_bind("rpc.credit", "fivered.rpc", "credit")

    assert refused(house, "credit", speaks) is None


def test_no_key_and_no_password_stands_in_the_environment_of_a_process(house):
    """What `docker inspect` and /proc/PID/environ show to who may look at processes."""
    kept = json.loads((house.folder / "env" / "passwords.json").read_text())
    assert len(house.processes) == 2 * len(RUNNING) + 1
    for process in house.processes:
        shown = Path(f"/proc/{process.pid}/environ").read_bytes().decode()
        assert "FIVERED_SETTINGS=" in shown
        assert [name for name, secret in kept.items() if secret in shown] == []


def test_a_service_reaches_no_database_but_its_own(house):
    own = house.environment("credit")["FIVERED_CREDIT_DATABASE_URL"]
    with psycopg.connect(own, autocommit=True) as conn:
        assert conn.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("CREATE ROLE friend")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("CREATE DATABASE another")
        for table in ("audit", "audit_seals", "audit_marks"):
            changes = ("TRUNCATE {}", "DELETE FROM {}", "UPDATE {} SET place = 1")
            for change in (*changes[:2], *(changes[2:] if table != "audit" else ())):
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
                    conn.execute(change.format(table))
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
            conn.execute("UPDATE audit SET actor = 'per_9'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="must be owner"):
            conn.execute("ALTER TABLE audit DISABLE TRIGGER ALL")
    for other in ("fivered_steward", "postgres", "template1"):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(own.replace("fivered_credit", other))
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(own.replace("credit:", "credit:not", 1))


def test_a_service_cannot_administer_the_broker(house):
    url = pika.URLParameters(house.environment("credit")["FIVERED_BROKER_URL"])
    known = f"{url.credentials.username}:{url.credentials.password}".encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{house.rabbit.management_port}/api/queues",
        headers={"Authorization": "Basic " + base64.b64encode(known).decode()},
    )
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(request)
    assert answer.value.code == 401
    answer.value.close()


def test_an_outside_consumer_hears_public_facts_and_nothing_else(house):
    # As an operator would: the page says `| sh`, and rabbitmqctl reads what the shell should.
    said = house.run("consumer", "add", "board", "--events", "steward", unit="topology")
    house.shell(said, PASSWORD="a-password")
    # The operator's own login, which may change users and put nothing into the vhost.
    shown = house.run("consumer", "show", "board", unit="consumers")
    assert "may hear steward:area_defined.v1" in shown
    login = house.environment("consumers")["FIVERED_BROKER_MANAGEMENT_URL"].partition("@")[0]
    inside = f"amqp{login.removeprefix('http')}@127.0.0.1:{house.rabbit.port}/fivered"
    with pytest.raises(pika.exceptions.ProbableAccessDeniedError):
        pika.BlockingConnection(pika.URLParameters(inside))
    url = f"amqp://board:a-password@127.0.0.1:{house.rabbit.port}/fivered"
    for pattern in ("steward:request_rated.v1", "credit:notice_published.v1"):
        with connect(url, name="board") as client:
            client.subscribe(pattern, print)
            with pytest.raises(ConsumerError, match="ACCESS_REFUSED"):
                client.prepare()
    for exchange, queue in (("", "property.steward.0"), ("steward.events", "area_defined.v1.0")):
        connection = pika.BlockingConnection(pika.URLParameters(url))
        channel = connection.channel()
        channel.confirm_delivery()
        with pytest.raises(pika.exceptions.ChannelClosedByBroker):
            channel.basic_publish(exchange, queue, b"forged")
        connection.close()

    heard = []
    with connect(url, name="board") as client:
        client.subscribe("steward:area_defined.v1", heard.append)
        client.prepare()
        thread = threading.Thread(target=client.run, daemon=True)
        thread.start()
        api = house.api()
        other = {"code": "370811015902", "name": "和韵", "kind": "COMMUNITY"}
        api.post("/v1/steward/areas", DISTRICT, other, key="370811015902")
        api.close()
        assert wait_until(lambda: heard, 30)
        client.stop()
        thread.join(10)
    assert [event.data["code"] for event in heard] == ["370811015902"]
    # However he declares his queue, it cannot fill the broker.
    # Asked of the broker itself: what its management interface tells is late on a busy machine.
    board = 'rabbit_misc:r(<<"fivered">>, queue, <<"ext.board.steward">>)'
    ask = "{ok, Queue} = rabbit_amqqueue:lookup(%s), rabbit_policy:effective_definition(Queue)."
    said = house.rabbit.ctl("eval", ask % board)
    assert "100000" in said and "604800000" in said, said


def test_a_restart_of_the_broker_locks_nobody_out(house):
    house.rabbit.restart()
    assert wait_until(lambda: all(ready(process) for process in house.processes), 60, every=0.2)
    house.amqp("credit").close()


def test_what_a_failed_test_has_ended_runs_for_the_next_one(house):
    house.end("serve-credit", "gateway")
    house.running()
    assert refused(house, "credit", lambda ch: ch.queue_declare("rpc.credit", passive=True)) is None
    assert len(house.processes) == 2 * len(RUNNING) + 1
    house.running()
    assert len(house.processes) == 2 * len(RUNNING) + 1
