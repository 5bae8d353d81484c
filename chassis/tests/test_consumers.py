"""`fivered consumer`: from a name and a list of facts to a user, rights and queues, and back."""

import io
import json
import os
import stat

import pika
import pytest

from fivered.chassis import topology
from fivered.chassis.broker import apply
from fivered.chassis.cli import main

pytestmark = pytest.mark.servers

FACTS = {
    "steward": {"request_resolved.v1": "public", "request_closed.v1": "public",
                "request_rated.v1": "internal"},
    "partner": {"offer_published.v1": "public"},
    "credit": {"points_held.v1": "internal"},
}  # fmt: skip


@pytest.fixture
def house(private_rabbit, tmp_path, monkeypatch):
    """An installation on a vhost of its own, with the way to the broker's users."""
    url = private_rabbit.new_vhost()
    installation = topology.Installation(
        {name: topology.Member(name, publishes=said) for name, said in FACTS.items()}
    )
    (tmp_path / "installation.json").write_text(installation.to_json())
    monkeypatch.setenv("FIVERED_INSTALLATION", str(tmp_path / "installation.json"))
    monkeypatch.setenv("FIVERED_BROKER_URL", url)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FIVERED_BROKER_MANAGEMENT_URL", private_rabbit.management_url)
    apply(url, installation)
    made = []
    yield House(url, private_rabbit, made)
    for name in made:
        private_rabbit.forget_user(name)
    private_rabbit.delete_vhost(url)


class House:
    def __init__(self, url, rabbit, made):
        self.url, self.rabbit, self.made = url, rabbit, made
        self.name = "c" + os.urandom(5).hex()
        made.append(self.name)

    def say(self, service, fact, n, partition=0):
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        channel = connection.channel()
        channel.confirm_delivery()
        channel.basic_publish(f"{service}.events", f"{fact}.{partition}", str(n).encode())
        connection.close()


def run(capsys, *words, code=0):
    done = main(["consumer", *words])
    said = capsys.readouterr()
    assert done == code, said.out + said.err
    return said.out if code == 0 else said.err


def got(url, queue):
    """Return what waits in a queue, taken with these credentials."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    found = []
    for _method, _properties, body in channel.consume(queue, auto_ack=True, inactivity_timeout=0.4):
        if body is None:
            break
        found.append(body.decode())
    channel.cancel()
    connection.close()
    return found


def refused(url, act):
    """Return what the broker says to something that these credentials may not do."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        with pytest.raises(pika.exceptions.ChannelClosedByBroker) as error:
            act(connection.channel())
        return error.value.reply_text
    finally:
        connection.close()


def test_one_step_lets_a_consumer_in_to_what_is_named_and_to_nothing_else(house, capsys, tmp_path):
    name, file = house.name, tmp_path / "board.url"
    events = "steward:request_resolved.v1,partner"
    would = run(capsys, "add", name, "--events", events)
    assert "rabbitmqctl add_user" in would and "nothing is done yet" in would
    assert "no outside consumer" not in would
    said = run(capsys, "add", name, "--events", events, "--apply", "--credentials", str(file))
    url = file.read_text().strip()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    password = pika.URLParameters(url).credentials.password
    assert len(password) > 40 and password not in said

    # Facts wait from now on; what is not named does not.
    for n, fact in enumerate(("request_resolved.v1", "request_closed.v1", "request_rated.v1")):
        house.say("steward", fact, n, partition=n)
    house.say("partner", "offer_published.v1", 9)
    assert got(url, f"ext.{name}.steward") == ["0"]
    assert got(url, f"ext.{name}.partner") == ["9"]

    # What it cannot.
    queue = f"ext.{name}.steward"
    for key in ("request_rated.v1.*", "request_closed.v1.*", "*.v1.*", "#"):
        told = refused(url, lambda ch, key=key: ch.queue_bind(queue, "steward.events", key))
        assert "ACCESS_REFUSED" in told
        told = refused(url, lambda ch, key=key: ch.exchange_bind(queue, "steward.events", key))
        assert "ACCESS_REFUSED" in told
    other = house.name + "x"
    house.made.append(other)
    run(capsys, "add", other, "--events", "steward", "--apply")
    for act in (
        lambda ch: ch.basic_get(f"ext.{other}.steward"),
        lambda ch: ch.queue_bind(queue, f"ext.{other}.steward"),
        lambda ch: ch.queue_delete(f"ext.{other}.steward"),
        lambda ch: ch.queue_declare("mine"),
        lambda ch: (ch.confirm_delivery(), ch.basic_publish("steward.events", "x.v1.0", b"forged")),
    ):
        assert "ACCESS_REFUSED" in refused(url, act)

    # Again, nothing changes: the password stays.
    again = run(capsys, "add", name, "--events", events, "--apply")
    assert "it was there" in again and "amqp://" not in again
    assert got(url, queue) == []

    told = json.loads(run(capsys, "show", name, "--json"))
    assert told["events"] == ["partner:offer_published.v1", "steward:request_resolved.v1"]
    assert {one["name"] for one in told["queues"]} >= {queue, f"ext.{name}.dead"}
    assert name in run(capsys, "list")

    run(capsys, "remove", name, "--yes")
    with pytest.raises(pika.exceptions.ProbableAuthenticationError):
        pika.BlockingConnection(pika.URLParameters(url))
    assert "no consumer" in run(capsys, "show", name, code=2)
    connection = pika.BlockingConnection(pika.URLParameters(house.url))
    for left in (queue, f"ext.{name}.partner", f"ext.{name}.dead"):
        with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="NOT_FOUND"):
            connection.channel().queue_declare(left, passive=True)
        with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="NOT_FOUND"):
            connection.channel().exchange_declare(left, passive=True)
    connection.close()


def test_a_change_binds_what_is_new_and_unbinds_what_is_lost(house, capsys):
    name = house.name
    url = run(capsys, "add", name, "--events", "steward:request_resolved.v1,partner", "--apply")
    url = url.splitlines()[0]
    queue = f"ext.{name}.steward"
    # An earlier release has bound it without an exchange between.
    connection = pika.BlockingConnection(pika.URLParameters(house.url))
    connection.channel().queue_bind(queue, "steward.events", "request_resolved.v1.*")
    connection.close()
    said = run(capsys, "change", name, "--events", "steward:request_closed.v1", "--apply")
    assert f"{name} no longer hears partner:offer_published.v1" in said
    assert f"{name} may hear steward:request_closed.v1" in said
    house.say("steward", "request_resolved.v1", 1)
    house.say("steward", "request_closed.v1", 2)
    assert got(url, queue) == ["2"]
    for act in (
        lambda ch: ch.queue_bind(queue, "steward.events", "request_resolved.v1.*"),
        lambda ch: ch.queue_bind(queue, "partner.events", "offer_published.v1.*"),
    ):
        assert "ACCESS_REFUSED" in refused(url, act)
    assert "NOT_FOUND" in refused(url, lambda ch: ch.basic_get(f"ext.{name}.partner"))
    told = json.loads(run(capsys, "show", name, "--json"))
    assert told["events"] == ["steward:request_closed.v1"]


def test_a_new_password_shuts_out_the_old_one(house, capsys):
    name = house.name
    first = run(capsys, "add", name, "--events", "partner", "--apply").splitlines()[0]
    second = run(capsys, "password", name).splitlines()[0]
    with pytest.raises(pika.exceptions.ProbableAuthenticationError):
        pika.BlockingConnection(pika.URLParameters(first))
    pika.BlockingConnection(pika.URLParameters(second)).close()


def test_what_cannot_be_is_refused_before_anything_is_done(house, capsys, monkeypatch, tmp_path):
    name = house.name
    for words, why in (
        (("add", name, "--events", "steward:request_rated.v1", "--apply"), "is internal"),
        (("add", name, "--events", "credit", "--apply"), "nothing that is public"),
        (("add", name, "--events", "steward:request_resolvd.v1", "--apply"),
         "is steward:request_resolved.v1 meant"),
        (("add", name, "--events", "steward:*.v1", "--apply"), "publishes no"),
        (("add", name, "--events", "forum:x.v1", "--apply"), "no service 'forum'"),
        (("add", name, "--apply"), "needs --events"),
        (("add", "steward", "--events", "partner", "--apply"), "a user of this installation"),
        (("add", "guest", "--events", "partner", "--apply"), "a user of this installation"),
        (("add", "No Name", "--events", "partner", "--apply"), "is no user name"),
        (("add", "--events", "partner"), "needs the consumer's name"),
        (("list", name), "takes no name"),
        (("show", name), "no consumer"),
        (("change", name, "--events", "partner", "--apply"), "no consumer"),
        (("password", name), "no consumer"),
        (("remove", name, "--yes"), "no consumer"),
        (("show", name, "--apply"), "takes no --apply"),
        (("add", name, "--events", "partner", "--apply", "--credentials", "no/such/file"), "no/such"),
    ):  # fmt: skip
        assert why in run(capsys, *words, code=2), words
    assert name not in {one["name"] for one in house.rabbit.api("GET", "/users")}

    run(capsys, "add", name, "--events", "partner", "--apply")
    told = run(capsys, "add", name, "--events", "steward", "--apply", code=2)
    assert "consumer change" in told
    monkeypatch.setattr("sys.stdin", io.StringIO(name))
    assert "--yes" in run(capsys, "remove", name, code=2)
    house.rabbit.api("PUT", "/users/other", {"password": "p", "tags": "monitoring"})
    assert "tags" in run(capsys, "add", "other", "--events", "partner", "--apply", code=2)
    house.made.append("other")

    monkeypatch.setenv("FIVERED_BROKER_URL", f"{house.url}x")
    assert f"no vhost {house.url.rpartition('/')[2]}x" in run(capsys, "list", code=2)
    monkeypatch.setenv("FIVERED_BROKER_MANAGEMENT_URL", "http://guest:wrong@127.0.0.1:9")
    assert "FIVERED_BROKER_MANAGEMENT_URL" in run(capsys, "list", code=2)
    wrong = house.rabbit.management_url.replace("guest:guest", "guest:wrong")
    monkeypatch.setenv("FIVERED_BROKER_MANAGEMENT_URL", wrong)
    told = run(capsys, "list", code=2)
    assert "refused" in told and "wrong" not in told
    monkeypatch.delenv("FIVERED_BROKER_MANAGEMENT_URL")
    monkeypatch.setenv("FIVERED_RABBITMQCTL", str(tmp_path / "not-here"))
    assert "no way to the broker's users" in run(capsys, "list", code=2)


def test_a_first_attempt_that_ended_half_way_is_completed(house, capsys):
    name = house.name
    house.rabbit.api("PUT", f"/users/{name}", {"password": "nobody-knows", "tags": ""})
    url = run(capsys, "add", name, "--events", "partner", "--apply").splitlines()[0]
    house.say("partner", "offer_published.v1", 1)
    assert got(url, f"ext.{name}.partner") == ["1"]


def test_rabbitmqctl_does_the_same_and_no_list_of_processes_shows_a_password(
    house, capsys, tmp_path, monkeypatch
):
    """A call of it takes half a second of a core: only the ways that differ are gone here."""
    monkeypatch.delenv("FIVERED_BROKER_MANAGEMENT_URL")
    command, log = house.rabbit.ctl_command(tmp_path), tmp_path / "argv"
    command.write_text(command.read_text().replace("exec ", f'echo "$@" >> {log}\nexec ', 1))
    # With one word more, RabbitMQ 4's reads nothing from its input.
    monkeypatch.setenv("FIVERED_RABBITMQCTL", f"{command} -n {house.rabbit.nodename}")
    name = house.name
    first = run(capsys, "add", name, "--events", "partner", "--apply").splitlines()[0]
    second = run(capsys, "password", name).splitlines()[0]
    said = log.read_text()
    assert said.count("put_user") == 2
    for url in (first, second):
        assert pika.URLParameters(url).credentials.password not in said
    house.say("partner", "offer_published.v1", 1)
    queue = f"ext.{name}.partner"
    assert got(second, queue) == ["1"]
    assert "ACCESS_REFUSED" in refused(
        second, lambda ch: ch.queue_bind(queue, "steward.events", "request_closed.v1.*")
    )
    assert "with 2 queues" in run(capsys, "remove", name, "--yes")
    with pytest.raises(pika.exceptions.ProbableAuthenticationError):
        pika.BlockingConnection(pika.URLParameters(second))
