"""Webhooks through HTTP: the district registers a receiver, and it is told what happens."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook

from fivered.chassis import keys
from fivered.chassis import storage as store
from fivered.chassis.embedded import EmbeddedHost
from fivered.chassis.migrate import migrate_service
from fivered.chassis.runtime import Runtime
from fivered.clients.demo.api import Api
from fivered.clients.demo.district import PEOPLE
from fivered.gateway.tests.conftest import Site
from fivered.services.steward.service import Steward
from fivered.services.steward.settings import StewardSettings
from fivered.services.steward.tests.ground import COMMUNITY, GRID, WANG
from testkit.bench import environment
from testkit.receiver import Receiver, receiving
from testkit.waiting import wait_until
from tests.journeys.test_year_end import address

HOOKS = "/v1/steward/webhooks"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"


@pytest.fixture
def receiver():
    with receiving() as one:
        yield one


@pytest.fixture
def site(tmp_path, receiver):
    given = environment(
        StewardSettings,
        FIVERED_SYNTHETIC="1",
        FIVERED_WEBHOOK_HOSTS=f"127.0.0.1:{receiver.port}",
        FIVERED_WEBHOOK_KEY="a-key-of-webhooks-that-is-32-bytes-long",
    )
    runtime = Runtime.open(Steward, f"sqlite:///{tmp_path}/steward.sqlite", environ=given)
    migrate_service(Steward, runtime.engine)
    host = EmbeddedHost({"steward": runtime})
    host.start()
    timers = runtime.chassis.timers

    def announced():
        with store.reading(runtime.engine) as conn:
            asked = sa.select(timers.c.ref).where(timers.c.kind == "SHIPPED_AREAS")
            return conn.execute(asked).first() is None

    # Areas that are there from the beginning are told once, a moment after the start.
    assert wait_until(announced, 20)
    yield Site(host).build(services=("steward",), extra=())
    host.stop()


def made(answer):
    assert answer.status_code in {200, 201, 202}, answer.text
    return answer.json()


def test_a_receiver_is_registered_and_told_of_a_request(site, receiver):
    answer = site.ask(
        "POST", HOOKS, json={"url": f"{receiver.address}/told", "description": "市民热线"}
    )
    hook = made(answer)
    place = f"{HOOKS}/{hook['id']}"
    assert answer.headers["Location"] == place
    # Two signatures from here on: with the secret that was shown, and with the new one.
    fresh = made(site.ask("POST", f"{place}/rotate-secret"))
    made(site.ask("POST", f"{place}/test"))
    assert receiver.wait_for(1)[0].event["type"] == "steward.webhook_test.v1"

    for code, name, kind in ((COMMUNITY, "春晖社区", "COMMUNITY"), (GRID, "第一网格", "GRID")):
        area = {"code": code, "name": name, "kind": kind}
        made(site.ask("POST", "/v1/steward/areas", json=area))
    person = {"person_id": WANG, "name": "王小丽", "synthetic": True, "grid": GRID}
    made(site.ask("POST", "/v1/steward/people", json=person))
    asked = {"channel": "APP", "kind": "REPAIR", "category": "LIFT", "grid": GRID, "text": "电梯停"}
    grant = ({"role": "R_RESIDENT", "scope": COMMUNITY},)
    filed = made(site.ask("POST", "/v1/steward/requests", json=asked, grants=grant, person=WANG))
    receiver.wait_for(4)
    told = [(one.event["type"], one.event["subject"], one.id) for one in receiver.arrived]
    assert [kind for kind, _, _ in told[1:4]] == [
        "steward.area_defined.v1", "steward.area_defined.v1", "steward.request_submitted.v1",
    ], (told, made(site.ask("GET", f"{place}/deliveries")))  # fmt: skip
    submitted = receiver.arrived[3]
    assert submitted.event["subject"] == filed["id"]
    assert submitted.headers["traceparent"]
    for secret in (hook["secret"], fresh["secret"]):
        assert Webhook(secret).verify(submitted.body, submitted.headers)

    assert wait_until(lambda: len(made(site.ask("GET", f"{place}/deliveries"))["items"]) == 4, 5)
    newest = made(site.ask("GET", f"{place}/deliveries", params={"limit": 1}))
    assert newest["items"][0]["event_id"] == submitted.id
    assert newest["next"]
    again = f"{place}/deliveries/{newest['items'][0]['id']}/redeliver"
    made(site.ask("POST", again))
    assert receiver.wait_for(5)[4].id == submitted.id


def block(language, word):
    """Return the page's block in a language that holds a word."""
    found = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (text,) = [text for text in found if word in text]
    return text


def by_python(given):
    page: dict[str, object] = {}
    exec(block("python", "def verify"), page)
    return [
        page["verify"](given["secret"], one["headers"], one["body"].encode())
        for one in given["sent"]
    ]


def by_node(given):
    node = shutil.which("node")
    assert node, "not installed: apt-get install -y nodejs"
    end = """
      const given = JSON.parse(require("node:fs").readFileSync(0));
      console.log(JSON.stringify(given.sent.map(
        (one) => verify(given.secret, one.headers, Buffer.from(one.body)))));
    """
    done = subprocess.run(
        [node, "-e", block("js", "function verify") + end],
        input=json.dumps(given), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


@pytest.mark.parametrize("verified", [by_python, by_node])
def test_the_programs_of_the_page_tell_ours_from_others(site, receiver, verified):
    hook = made(site.ask("POST", HOOKS, json={"url": receiver.address}))
    made(site.ask("POST", f"{HOOKS}/{hook['id']}/rotate-secret"))
    made(site.ask("POST", f"{HOOKS}/{hook['id']}/test"))
    (one,) = receiver.wait_for(1)
    ours = {"headers": one.headers, "body": one.body.decode()}
    old = dict(one.headers) | {
        "webhook-timestamp": str(int(one.headers["webhook-timestamp"]) - 400)
    }
    others = [
        ours | {"body": one.body.decode() + " "},
        ours | {"headers": one.headers | {"webhook-id": "another"}},
        ours | {"headers": one.headers | {"webhook-signature": "v1,AAAA"}},
        ours | {"headers": old},
    ]
    # The secret of before: it signs as well, behind the new one.
    given = {"secret": hook["secret"], "sent": [ours, *others]}
    assert verified(given) == [True, False, False, False, False]


def test_the_page_names_doors_that_there_are(site):
    paths = made(site.ask("GET", "/openapi.json"))["paths"]
    rows = re.findall(r"^\| (`.*?) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    named = set()
    for row in rows:
        verb = "GET"
        for text in re.findall(r"`([^`]+)`", row):
            said, _, path = text.rpartition(" ")
            verb = said or verb
            path = path.partition("?")[0]
            if path.startswith(("…", "/")):
                named.add((verb.lower(), path.replace("…", HOOKS).replace("{id}", "{webhook_id}")))
    there = {
        (verb, path.replace("{delivery_id}", "{delivery}"))
        for path, verbs in paths.items()
        if path.startswith(HOOKS)
        for verb in verbs
        if verb in {"get", "post", "patch"}
    }
    assert named == there - {("post", HOOKS)}


def test_a_webhook_is_changed_paused_resumed_and_ended(site, receiver):
    hook = made(site.ask("POST", HOOKS, json={"url": receiver.address}))
    place = f"{HOOKS}/{hook['id']}"
    assert "secret" not in made(site.ask("GET", place))
    assert site.ask("PATCH", place, json={"description": "x"}).status_code == 428

    def step(verb, path, version, **body):
        answer = site.ask(verb, path, headers={"If-Match": f'"{version}"'}, json=body)
        return made(answer)

    types = ["steward.request_submitted.v1"]
    assert step("PATCH", place, 1, types=types)["types"] == types
    assert step("POST", f"{place}/pause", 2)["why"] == "BY_HAND"
    assert made(site.ask("GET", HOOKS, params={"state": "PAUSED"}))["items"][0]["id"] == hook["id"]
    assert step("POST", f"{place}/resume", 3)["state"] == "ACTIVE"
    assert step("POST", f"{place}/tell-again", 4, after=0)["position"] == 0
    assert step("POST", f"{place}/end", 5)["state"] == "ENDED"
    refused = site.ask("POST", f"{place}/test")
    assert (refused.status_code, refused.json()["code"]) == (409, "STATE_CONFLICT")


def test_what_may_not_be_is_refused_in_words(site):
    answer = site.ask("POST", HOOKS, json={"url": "https://evil.example.org/"})
    assert answer.status_code == 422
    said = answer.json()
    assert "FIVERED_WEBHOOK_HOSTS" in said["message_zh"]
    assert "the operator does not list evil.example.org" in said["message_en"]
    denied = site.ask(
        "POST", HOOKS, json={"url": "https://x.example.org/"},
        grants=({"role": "R_STREET", "scope": COMMUNITY[:9]},),
    )  # fmt: skip
    assert denied.status_code == 403


def test_a_delivery_that_failed_is_called_so(site, receiver):
    hook = made(site.ask("POST", HOOKS, json={"url": receiver.address}))
    answer = site.ask("GET", f"{HOOKS}/{hook['id']}/deliveries", params={"state": "LOST"})
    assert answer.status_code == 422
    said = answer.json()
    assert "失败(FAILED)" in said["message_zh"]


@pytest.mark.slow
def test_a_process_that_is_killed_forgets_no_event_and_no_secret(embedded):
    """`fivered up` is killed with -9 while the receiver fails; the next start goes on in order."""
    with receiving(Receiver(answer=lambda _number, _handler: 503)) as receiver:
        hosts = {"FIVERED_WEBHOOK_HOSTS": f"127.0.0.1:{receiver.port}"}
        api = Api(*address(embedded.start(**hosts)))

        def define(number):
            area = {
                "code": f"3708110159{number + 1:02d}",
                "name": f"社区{number}",
                "kind": "COMMUNITY",
            }
            api.post("/v1/steward/areas", PEOPLE["district"], area, key=f"area-{number}")

        hook = api.post(HOOKS, PEOPLE["district"], {"url": receiver.address}, key="hook")
        for number in range(5):
            define(number)
        receiver.wait_for(2)
        embedded.kill9()
        receiver.answer = lambda _number, _handler: 200
        embedded.start(**hosts)
        for number in range(5, 8):
            define(number)
        assert wait_until(lambda: len(receiver.taken()) >= 8, 20)
        told = [event["subject"] for event in receiver.taken()]
        assert told == [f"3708110159{number + 1:02d}" for number in range(8)]
        for one in receiver.arrived:
            assert Webhook(hook["secret"]).verify(one.body, one.headers)
        again = api.post(HOOKS, PEOPLE["district"], {"url": receiver.address}, key="hook")
        assert again["secret"] == hook["secret"]

        # The key under which the secrets are kept is replaced; they stay what they are.
        embedded.stop()
        data, said = str(embedded.folder / "data"), []
        keys.rotate(data, "FIVERED_WEBHOOK_KEY", said.append)
        assert "steward: 1 values are sealed anew" in said
        keys.status(data, said.append)
        assert any(line.startswith("steward: FIVERED_WEBHOOK_KEY is key") for line in said)
        keys.drop(data, "FIVERED_WEBHOOK_KEY", said.append)
        embedded.start(**hosts)
        define(8)
        assert wait_until(lambda: len(receiver.taken()) >= 9, 20)
        newest = receiver.arrived[-1]
        assert Webhook(hook["secret"]).verify(newest.body, newest.headers)
        api.close()


def test_the_reference_shows_the_doors(site):
    paths = made(site.ask("GET", "/openapi.json"))["paths"]
    assert {"get", "post"} <= set(paths[HOOKS])
    assert "patch" in paths[f"{HOOKS}/{{webhook_id}}"]


def test_the_examples_of_the_reference_are_taken(site, receiver):
    """An example that is refused, or that changes nothing, shows nobody how."""
    paths = made(site.ask("GET", "/openapi.json"))["paths"]
    hook = made(site.ask("POST", HOOKS, json={"url": f"{receiver.address}/old"}))
    examples = {
        verb + path: paths[f"{HOOKS}/{{webhook_id}}{path}"][verb]["requestBody"]["content"][
            "application/json"
        ]["example"]
        for verb, path in (("patch", ""), ("post", "/tell-again"))
    }
    # Its address is no one that the operator has listed here; another one is.
    assert list(examples["patch"]) == ["url"]
    changes = {"url": receiver.address}
    place = f"{HOOKS}/{hook['id']}"
    changed = made(site.ask("PATCH", place, headers={"If-Match": '"1"'}, json=changes))
    assert changed["version"] == 2
    again = site.ask(
        "POST", f"{place}/tell-again", headers={"If-Match": '"2"'}, json=examples["post/tell-again"]
    )
    assert made(again)["version"] == 3
