"""Webhooks: a real receiver is told in order, at least once, whatever it answers."""

import base64
import socket
import ssl
import subprocess
import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook, WebhookVerificationError

from fivered.chassis import doctor, gauges, webhook_sender, webhook_wire, webhooks, work
from fivered.chassis.messages import SYSTEM
from fivered.chassis.refusal import (
    Invalid,
    NotFound,
    RoleDenied,
    StateConflict,
    TooManyWebhooks,
    WebhookExists,
    WebhooksOff,
)
from fivered.chassis.runtime import Runtime
from fivered.chassis.settings import ProcessSettings
from fivered.chassis.tests.distributed import World, terminate
from fivered.chassis.tests.hooked import (  # noqa: F401
    DISTRICT,
    KEY,
    add,
    card,
    log_of,
    notes,
    place_all,
    quick,
    receiver_of_test,
    say,
    sender_of_test,
    told_of_test,
)
from fivered.chassis.tests.toy.service import Forgotten, Toy
from fivered.chassis.webhook_sender import Sender
from testkit import exposition
from testkit.bench import Bench, database_url, environment, open_bench  # noqa: F401
from testkit.receiver import Receiver, receiving
from testkit.waiting import wait_until

# ---------------------------------------------------------------------------------- the receiver


def test_what_is_published_arrives_in_order_and_signed(told, receiver, sender):
    say(told, "before")
    made = add(told, receiver)
    for number in range(5):
        say(told, str(number))
    receiver.wait_for(5)
    assert notes(receiver) == list("01234")
    verifier = Webhook(made["secret"])
    for one in receiver.arrived:
        assert verifier.verify(one.body, one.headers)["type"] == "toy.added.v1"
        assert one.id == one.event["id"]
        assert one.headers["content-type"] == "application/cloudevents+json"
        assert one.path == "/hook"
        with pytest.raises(WebhookVerificationError):
            verifier.verify(one.body + b" ", one.headers)
    assert wait_until(lambda: len(log_of(told, made)) == 5, 5)
    lines = log_of(told, made)[::-1]
    assert [line["event_id"] for line in lines] == [one.id for one in receiver.arrived]
    assert {(line["state"], line["attempts"], line["status"]) for line in lines} == {
        ("DELIVERED", 1, 200)
    }
    assert card(told, made)["position"] == lines[-1]["place"]


def test_a_receiver_that_fails_is_tried_again_and_later_events_wait(told, receiver, sender):
    receiver.answer = lambda number, _handler: 503 if number < 3 else 200
    made = add(told, receiver)
    say(told, "first")
    say(told, "second")
    receiver.wait_for(5)
    assert [one.status for one in receiver.arrived] == [503, 503, 503, 200, 200]
    assert len({one.id for one in receiver.arrived[:4]}) == 1
    assert notes(receiver) == ["first", "second"]
    assert wait_until(lambda: len(log_of(told, made, state="DELIVERED")) == 2, 5)
    second, first = log_of(told, made)
    assert (first["attempts"], second["attempts"]) == (4, 1)
    assert (card(told, made)["attempts"], card(told, made)["failing_since"]) == (0, None)


def test_order_holds_while_the_receiver_fails_by_chance(told, receiver, sender, monkeypatch):
    # Without a wait it is tried again by the thread that has the later events in hand already.
    monkeypatch.setattr(webhook_sender, "FIRST_WAIT_S", 0.0)
    receiver.answer = lambda number, _handler: (200, 500, 302, 200, 429)[number * 7 % 5]
    add(told, receiver)
    for number in range(20):
        say(told, str(number))
    assert wait_until(lambda: len(receiver.taken()) >= 20, 20)
    assert notes(receiver) == [str(number) for number in range(20)]


def test_what_a_failing_receiver_is_told_shows_in_its_card(told, receiver, sender):
    receiver.answer = lambda _number, _handler: 500
    made = add(told, receiver)
    say(told, "never")
    receiver.wait_for(3)
    assert wait_until(lambda: card(told, made)["attempts"] >= 2, 5)
    shown = card(told, made)
    assert (shown["state"], shown["why"]) == ("ACTIVE", None)
    assert shown["failing_since"]
    (line,) = log_of(told, made, state="RETRYING")
    assert (line["status"], line["error"]) == (500, "HTTP 500")


def test_a_receiver_that_is_gone_is_paused_at_once_and_goes_on_where_it_stopped(
    told, receiver, sender
):
    receiver.answer = lambda number, _handler: 410 if number == 0 else 200
    made = add(told, receiver)
    say(told, "first")
    say(told, "second")
    assert wait_until(lambda: card(told, made)["state"] == "PAUSED", 5)
    shown = card(told, made)
    assert shown["why"] == "GONE"
    assert len(receiver.arrived) == 1
    with told.runtime.snapshot(SYSTEM) as tx:
        (found,) = doctor._webhooks(tx)
        figures = {described.name: value for described, _labels, value in gauges.read(tx)}
    assert found == (
        False,
        f"webhook {made['id']} is paused: the receiver is gone (410) (docs/webhooks.md)",
    )
    assert figures["fivered_webhooks_paused"] == 1
    told.do("_resume_webhook", {"webhook_id": made["id"]}, version=shown["version"])
    receiver.wait_for(3)
    assert notes(receiver) == ["first", "second"]


def test_one_that_never_takes_anything_is_paused_in_the_end(told, receiver, sender):
    receiver.answer = lambda _number, _handler: 500
    made = add(told, receiver)
    say(told, "never")
    receiver.wait_for(2)
    table = told.runtime.chassis.webhooks
    with told.runtime.engine.begin() as conn:
        long_ago = datetime.now(UTC) - timedelta(days=3)
        conn.execute(sa.update(table).values(failing_since=long_ago))
    assert wait_until(lambda: card(told, made)["state"] == "PAUSED", 5)
    assert card(told, made)["why"] == "GAVE_UP"
    (line,) = log_of(told, made)
    assert line["state"] == "FAILED"


def test_a_receiver_that_is_away_is_told_when_it_comes_back(told, sender):
    with receiving() as away:
        port = away.port
    object.__setattr__(told.runtime.process, "webhook_hosts", (f"127.0.0.1:{port}",))
    made = add(told, away)
    say(told, "first")
    say(told, "second")
    assert wait_until(lambda: card(told, made)["attempts"] >= 2, 5)
    (line,) = log_of(told, made)
    assert line["error"] == "Connection refused"
    with receiving(Receiver(), port) as back:
        back.wait_for(2)
        assert notes(back) == ["first", "second"]


def test_one_failing_receiver_holds_up_no_other(told, receiver, sender):
    with receiving() as other:
        hosts = (*told.runtime.process.webhook_hosts, f"127.0.0.1:{other.port}")
        object.__setattr__(told.runtime.process, "webhook_hosts", hosts)
        receiver.answer = lambda _number, _handler: 500
        add(told, receiver)
        add(told, other)
        for number in range(10):
            say(told, str(number))
        other.wait_for(10)
        assert notes(other) == [str(number) for number in range(10)]


# --------------------------------------------------------------------------------- what is told


def test_only_the_types_and_the_area_that_were_asked_for_are_told(told, receiver, sender):
    made = add(told, receiver, types=["toy.added.v1"], scope="370811015")
    say(told, "elsewhere", scope="370811016001")
    say(told, "", kind=Forgotten, scope="370811015001")
    say(told, "here", scope="370811015001")
    say(told, "", kind=Forgotten, scope="370811015001")
    receiver.wait_for(1)
    assert wait_until(lambda: len(log_of(told, made)) == 1, 5)
    assert notes(receiver) == ["here"]


def test_a_test_event_is_sent_once_even_to_one_that_is_paused(told, receiver, sender):
    made = add(told, receiver)
    told.do("_pause_webhook", {"webhook_id": made["id"]}, version=1)
    say(told, "waits")
    told.do("_test_webhook", {"webhook_id": made["id"]})
    (sent,) = receiver.wait_for(1)
    assert sent.event["type"] == "toy.webhook_test.v1"
    assert (sent.event["actorrole"], sent.event["actorid"]) == (SYSTEM.role, SYSTEM.id)
    assert Webhook(made["secret"]).verify(sent.body, sent.headers)
    assert wait_until(lambda: log_of(told, made)[0]["state"] == "DELIVERED", 5)
    told.do("_resume_webhook", {"webhook_id": made["id"]}, version=2)
    receiver.wait_for(2)
    assert receiver.arrived[1].event["data"]["note"] == "waits"


def test_one_event_is_sent_again_and_a_failure_of_it_holds_up_nothing(told, receiver, sender):
    made = add(told, receiver)
    say(told, "first")
    receiver.wait_for(1)
    assert wait_until(lambda: log_of(told, made), 5)
    (line,) = log_of(told, made)
    receiver.answer = lambda number, _handler: 500 if number == 1 else 200
    told.do("_redeliver", {"webhook_id": made["id"], "delivery_id": line["id"]})
    receiver.wait_for(2)
    say(told, "second")
    receiver.wait_for(3)
    assert [one.id for one in receiver.arrived[:2]] == [line["event_id"]] * 2
    assert receiver.arrived[2].event["data"]["note"] == "second"
    assert wait_until(lambda: len(log_of(told, made)) == 3, 5)
    assert [(one["kind"], one["state"]) for one in log_of(told, made)[::-1]] == [
        ("EVENT", "DELIVERED"), ("AGAIN", "FAILED"), ("EVENT", "DELIVERED"),
    ]  # fmt: skip


def test_everything_is_told_again_from_a_place_or_a_time_on(told, receiver, sender):
    made = add(told, receiver)
    for number in range(4):
        say(told, str(number))
    receiver.wait_for(4)
    assert wait_until(lambda: len(log_of(told, made)) == 4, 5)
    place = log_of(told, made)[-2]["place"]
    told.do("_tell_again", {"webhook_id": made["id"], "after": place}, version=1)
    receiver.wait_for(6)
    assert notes(receiver) == ["0", "1", "2", "3", "2", "3"]
    assert wait_until(lambda: len(log_of(told, made)) == 6, 5)
    since = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    told.do("_tell_again", {"webhook_id": made["id"], "since": since}, version=2)
    receiver.wait_for(10)
    assert notes(receiver)[6:] == ["0", "1", "2", "3"]
    with pytest.raises(Invalid):
        told.do("_tell_again", {"webhook_id": made["id"]}, version=3)


def test_while_a_secret_is_replaced_both_sign(told, receiver, sender):
    made = add(told, receiver)
    fresh = told.do("_rotate_webhook_secret", {"webhook_id": made["id"]})
    assert fresh["secret"] != made["secret"]
    say(told, "both")
    (one,) = receiver.wait_for(1)
    for secret in (made["secret"], fresh["secret"]):
        assert Webhook(secret).verify(one.body, one.headers)
    table = told.runtime.chassis.webhooks
    with told.runtime.engine.begin() as conn:
        conn.execute(sa.update(table).values(before_until=datetime.now(UTC)))
    say(told, "new alone")
    _, one = receiver.wait_for(2)
    assert Webhook(fresh["secret"]).verify(one.body, one.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(one.body, one.headers)


def test_a_secret_that_leaked_is_replaced_while_webhooks_are_off(
    told, receiver, database_url  # noqa: F811
):  # fmt: skip
    made = add(told, receiver)
    told.runtime.close()

    def opened(**given):
        return Bench(Runtime.open(Toy, database_url, environ=environment(ProcessSettings, **given)))

    asked = {"webhook_id": made["id"]}
    off = opened(FIVERED_WEBHOOK_KEY=KEY)
    fresh = off.as_("R_DISTRICT", scope="").do("_rotate_webhook_secret", asked)
    assert fresh["secret"] not in {"", made["secret"]}
    with pytest.raises(WebhooksOff):
        off.as_("R_DISTRICT", scope="").do("_test_webhook", asked)
    off.runtime.close()
    keyless = opened(FIVERED_WEBHOOK_KEY="")
    # Nothing to seal it with.
    with pytest.raises(WebhooksOff) as refused:
        keyless.as_("R_DISTRICT", scope="").do("_rotate_webhook_secret", asked)
    assert refused.value.params["setting"] == "FIVERED_WEBHOOK_KEY"
    keyless.runtime.close()


def test_the_key_of_the_secrets_is_replaced(told, receiver, database_url):  # noqa: F811
    """The secrets stay what they are; the key before is needed until all are sealed anew."""
    made = add(told, receiver)
    fresh = told.do("_rotate_webhook_secret", {"webhook_id": made["id"]})
    told.runtime.close()

    def opened(key, before=""):
        environ = environment(
            ProcessSettings, FIVERED_WEBHOOK_KEY=key, FIVERED_WEBHOOK_KEY_BEFORE=before,
            FIVERED_WEBHOOK_HOSTS=f"127.0.0.1:{receiver.port}",
        )  # fmt: skip
        return Runtime.open(Toy, database_url, environ=environ)

    def row_of(runtime):
        with runtime.engine.connect() as conn:
            return conn.execute(sa.select(runtime.chassis.webhooks)).one()

    other = "another-key-of-webhooks-of-32-bytes-length"
    now = datetime.now(UTC)
    for key, before, done in ((other, KEY, 2), (other, KEY, 0), (other, "", 0)):
        runtime = opened(key, before)
        with runtime.transaction(SYSTEM) as tx:
            assert webhooks.reseal(tx) == done
            assert dict(webhooks.sealed_by(tx)) == {webhooks.vault_of(runtime).id: 2}
        found = webhooks.secrets_of(runtime, row_of(runtime), now)
        assert found == [fresh["secret"], made["secret"]]
        runtime.close()
    # A process that is given another key says so, and delivers when it has the right one.
    wrong = opened(KEY)
    hook = Bench(wrong)
    one = Sender(wrong)
    one.start()
    say(hook, "waits")
    assert wait_until(lambda: log_of(hook, made), 10)
    one.stop()
    one.join(15)
    assert log_of(hook, made)[0]["error"].startswith("KEY_MISSING")
    wrong.close()


# -------------------------------------------------------------------------------- several senders


def test_a_sender_that_dies_in_the_middle_loses_nothing(told, receiver, monkeypatch):
    """It has sent, and never writes that it has: another one sends that event again, and goes on."""
    made = add(told, receiver)
    for number in range(3):
        say(told, str(number))
    dying = Sender(told.runtime)
    reached, hang = threading.Event(), threading.Event()

    def killed(*_arguments):
        reached.set()
        hang.wait(20)
        raise SystemExit

    monkeypatch.setattr(dying, "_note", killed)
    dying.start()
    assert reached.wait(10)
    other = Sender(told.runtime)
    other.start()
    try:
        # The lease of the dead one is respected until it ends.
        assert not wait_until(lambda: len(receiver.arrived) > 1, 0.5)
        table = told.runtime.chassis.webhooks
        with told.runtime.engine.begin() as conn:
            conn.execute(sa.update(table).values(lease_until=datetime.now(UTC)))
        other.wake()
        receiver.wait_for(4)
        assert notes(receiver) == ["0", "0", "1", "2"]
    finally:
        hang.set()
        for one in (dying, other):
            one.stop()
            one.join(15)
    assert card(told, made)["attempts"] == 0


def test_two_senders_never_send_to_one_receiver_at_a_time(told, receiver):
    made = add(told, receiver)
    senders = [Sender(told.runtime) for _ in range(2)]
    for one in senders:
        one.start()
    try:
        for number in range(30):
            say(told, str(number))
            for one in senders:
                one.wake()
        assert wait_until(lambda: len(receiver.arrived) >= 30, 20)
    finally:
        for one in senders:
            one.stop()
            one.join(15)
    assert notes(receiver) == [str(number) for number in range(30)]
    assert len(log_of(told, made, limit=200)) == 30


@pytest.mark.servers
def test_over_rabbitmq_a_worker_that_is_killed_loses_nothing(
    broker_url, postgres_url, receiver, tmp_path
):
    """Real processes: what the relay has published is told in its order, whoever is killed."""
    world = World(broker_url, postgres_url, tmp_path)
    try:
        world.env |= {
            "FIVERED_WEBHOOK_KEY": KEY,
            "FIVERED_WEBHOOK_HOSTS": f"127.0.0.1:{receiver.port}",
        }
        serve, first = world.start("serve"), world.start("work")
        caller = world.caller()
        world.wait_ready(serve, first)
        hook = {"url": f"{receiver.address}/hook"}
        made = caller.call("_add_webhook", hook, key="hook")
        receiver.answer = lambda number, _handler: 500 if number in {3, 4} else 200
        for number in range(10):
            caller.add("c", number)
        receiver.wait_for(6)
        first.kill()
        for number in range(10, 20):
            caller.add("c", number)
        second = world.start("work")
        world.wait_ready(second)
        # It takes the webhook over when the lease of the dead one ends: now, for this test.
        table = world.runtime.chassis.webhooks
        with world.runtime.engine.begin() as conn:
            conn.execute(sa.update(table).values(lease_until=datetime.now(UTC)))
        world.wait(lambda: len({event["id"] for event in receiver.taken()}) == 20)
        told_first = list({event["id"]: event for event in receiver.taken()}.values())
        assert [event["data"]["amount"] for event in told_first] == list(range(20))
        assert len(receiver.taken()) <= 21
        for one in receiver.arrived:
            assert Webhook(made["secret"]).verify(one.body, one.headers)
        page = exposition.at(second.port)
        assert page("fivered_webhook_deliveries_total", outcome="delivered") >= 10
        assert page("fivered_webhooks_paused", service="toy") == 0
        assert page("fivered_webhook_oldest_undelivered_seconds", service="toy") < 60
        assert terminate(second) == 0
    finally:
        world.close()


@pytest.fixture
def certified(tmp_path, monkeypatch):
    """A certificate for localhost, of a CA that this process trusts and nobody else."""
    folder = tmp_path / "ca"
    folder.mkdir()
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate


def test_a_certificate_is_checked_with_the_name(told, certified, sender, monkeypatch):
    context, certificate = certified
    with receiving(context=context) as secured:
        hosts = (f"localhost:{secured.port}", f"127.0.0.1:{secured.port}")
        object.__setattr__(told.runtime.process, "webhook_hosts", hosts)
        made = told.do("_add_webhook", {"url": f"https://localhost:{secured.port}/"})
        say(told, "secret")
        assert wait_until(lambda: log_of(told, made, state="RETRYING"), 5)
        assert log_of(told, made)[0]["error"].startswith("TLS: ")
        assert secured.arrived == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        secured.wait_for(1)
        assert notes(secured) == ["secret"]
        # The certificate names localhost, and no address.
        other = told.do("_add_webhook", {"url": f"https://127.0.0.1:{secured.port}/"})
        told.do("_test_webhook", {"webhook_id": other["id"]})
        assert wait_until(lambda: log_of(told, other, state="FAILED"), 5)
        assert "127.0.0.1" in log_of(told, other)[0]["error"]


# ----------------------------------------------------------------------------------- the doors


def test_the_secret_is_shown_once_and_to_whom_repeats_the_request(told, receiver):
    made = told.do("_add_webhook", {"url": f"{receiver.address}/hook"}, key="k")
    again = told.do("_add_webhook", {"url": f"{receiver.address}/hook"}, key="k")
    assert again == made
    assert "secret" not in card(told, made)
    assert "secret" not in told.ask("_webhooks")["items"][0]
    keys, table = told.runtime.chassis.idempotency, told.runtime.chassis.webhooks
    with told.runtime.engine.connect() as conn:
        kept = conn.execute(sa.select(keys.c.reply)).scalars().all()
        sealed = conn.execute(sa.select(table.c.secret)).scalar_one()
    assert all("secret" not in reply for reply in kept)
    assert made["secret"].removeprefix("whsec_").encode() not in base64.b64decode(sealed)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.org/x", "https://other.example.org/x", "https://hooks.example.org:81/",
        "https://user:pass@hooks.example.org/", "https://hooks.example.org@evil.org/",
        "https://hooks.example.org/#a", "ftp://hooks.example.org/", "https://hooks.example.org\\@x/",
        "http://127.0.0.1:1/", "https://HOOKS.example.org/", "https://hooks.example.org/ a",
        "//hooks.example.org/", "https://hooks.example.org:99999/",
    ],
)  # fmt: skip
def test_only_listed_addresses_are_taken(told, url):
    with pytest.raises(Invalid) as refused:
        told.do("_add_webhook", {"url": url})
    assert refused.value.field == "url"


def test_a_listed_host_is_taken(told):
    assert told.do("_add_webhook", {"url": "https://hooks.example.org/a?b=c"})["state"] == "ACTIVE"


def test_a_listed_name_that_leads_to_this_machine_is_not_connected(monkeypatch):
    def lead(address):
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda *_a, **_k: [(2, 1, 6, "", (address, 443))]
        )

    receiver = webhook_wire.read_url("https://hooks.example.org/")
    for address in ("127.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "0.0.0.0"):
        lead(address)
        with pytest.raises(webhook_wire.NotReached):
            webhook_wire.address_of(receiver)
    lead("10.1.2.3")
    assert webhook_wire.address_of(receiver) == "10.1.2.3"


def test_who_may_and_where(told, receiver):
    with pytest.raises(RoleDenied):
        told.as_("R_STREET").do("_add_webhook", {"url": receiver.address})
    made = add(told.as_("R_DISTRICT", scope="370811"), receiver)
    assert told.as_("R_AUDITOR").ask("_webhooks")["items"][0]["id"] == made["id"]
    with pytest.raises(RoleDenied):
        told.do("_pause_webhook", {"webhook_id": made["id"]}, version=1)
    told.as_("R_DISTRICT", scope="370812")
    with pytest.raises(NotFound):
        told.ask("_webhook", {"webhook_id": made["id"]})
    assert told.ask("_webhooks")["items"] == []
    with pytest.raises(RoleDenied):
        add(told, receiver, scope="370811")


def test_what_is_no_public_event_is_refused(told, receiver):
    for wrong in ("added.v1", "toy.secret.v1", "other.added.v1"):
        with pytest.raises(Invalid) as refused:
            add(told, receiver, types=["toy.added.v1", wrong])
        assert refused.value.field == "types.1"


def test_no_more_than_fifty(told, receiver):
    made = [
        add(told, receiver, url=f"{receiver.address}/{number}")
        for number in range(webhooks.MOST_WEBHOOKS)
    ]
    with pytest.raises(TooManyWebhooks):
        add(told, receiver)
    ended = told.do("_end_webhook", {"webhook_id": made[0]["id"]}, version=1)
    assert ended["state"] == "ENDED"
    add(told, receiver)
    with pytest.raises(StateConflict):
        told.do("_resume_webhook", {"webhook_id": made[0]["id"]}, version=2)


def test_the_same_events_are_told_to_an_address_once(told, receiver):
    first = add(told, receiver)
    with pytest.raises(WebhookExists) as refused:
        add(told, receiver, types=[], description="again")
    assert refused.value.params["id"] == first["id"]
    told.do("_pause_webhook", {"webhook_id": first["id"]}, version=1)
    with pytest.raises(WebhookExists):
        add(told, receiver)
    # Other events, another area and another address are another matter.
    typed = add(told, receiver, types=["toy.added.v1"])
    add(told, receiver, scope="370811015")
    moved = add(told, receiver, url=f"{receiver.address}/other")
    for wrong, body in ((typed, {"types": []}), (moved, {"url": first["url"]})):
        with pytest.raises(WebhookExists):
            told.do("_change_webhook", {"webhook_id": wrong["id"], **body}, version=1)
    told.do("_end_webhook", {"webhook_id": first["id"]}, version=2)
    add(told, receiver)


def test_a_change_of_nothing_makes_no_version(told, receiver):
    """Whoever has seen it may still change it: the version that they name is the present one."""
    made = add(told, receiver, types=["toy.added.v1"], description="hotline")
    seen = {name: made[name] for name in ("url", "types", "scope", "description")}
    same = told.do("_change_webhook", {"webhook_id": made["id"], **seen}, version=1)
    assert same == card(told, made)
    assert same["version"] == 1
    for nothing in ({}, dict.fromkeys(seen)):
        with pytest.raises(Invalid):
            told.do("_change_webhook", {"webhook_id": made["id"], **nothing}, version=1)
    changed = told.do("_change_webhook", {"webhook_id": made["id"], "description": ""}, version=1)
    assert (changed["description"], changed["version"]) == ("", 2)


def test_what_is_still_to_come_is_not_told_again(told, receiver):
    """What was not told yet would be passed over for good, and nobody would know."""
    made = add(told, receiver)
    say(told, "first")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    for field, value in (("after", 10**9), ("since", tomorrow)):
        with pytest.raises(Invalid) as refused:
            told.do("_tell_again", {"webhook_id": made["id"], field: value}, version=1)
        assert refused.value.field == field
    assert card(told, made)["version"] == 1


def test_without_a_list_there_are_none(bench):
    with pytest.raises(WebhooksOff):
        bench.do("_add_webhook", {"url": "https://hooks.example.org/"})


def test_a_change_holds_from_the_next_event_on(told, receiver, sender):
    made = add(told, receiver)
    changed = told.do(
        "_change_webhook",
        {"webhook_id": made["id"], "url": f"{receiver.address}/other", "types": ["toy.added.v1"]},
        version=1,
    )
    assert (changed["types"], changed["version"]) == (["toy.added.v1"], 2)
    say(told, "moved")
    (one,) = receiver.wait_for(1)
    assert one.path == "/other"


def test_what_is_not_tried_any_more_is_not_said_to_be(told, receiver, sender):
    receiver.answer = lambda _number, _handler: 500
    made = add(told, receiver)
    say(told, "never")
    assert wait_until(lambda: log_of(told, made, state="RETRYING"), 5)
    place = log_of(told, made)[0]["place"]
    told.do("_tell_again", {"webhook_id": made["id"], "after": place}, version=1)
    assert wait_until(lambda: [one["state"] for one in log_of(told, made)] == ["FAILED"], 5)
    sender.stop()
    told.do("_test_webhook", {"webhook_id": made["id"]})
    told.do("_end_webhook", {"webhook_id": made["id"]}, version=2)
    assert [one["state"] for one in log_of(told, made)] == ["FAILED", "FAILED"]


def test_the_log_is_kept_for_thirty_days(told, receiver, sender):
    made = add(told, receiver)
    say(told, "old")
    receiver.wait_for(1)
    assert wait_until(lambda: log_of(told, made), 5)
    lines = told.runtime.chassis.webhook_deliveries
    with told.runtime.engine.begin() as conn:
        conn.execute(sa.update(lines).values(created_at=datetime.now(UTC) - timedelta(days=31)))
    work.sweep(told.runtime)
    assert log_of(told, made) == []


def test_waits_double_up_to_an_hour(monkeypatch):
    monkeypatch.undo()
    waits = [webhook_sender.wait_after(attempts) for attempts in range(1, 60)]
    assert 0.75 <= waits[0] <= 1
    assert 1.5 <= waits[1] <= 2
    assert all(2700 <= wait <= 3600 for wait in waits[12:])
