"""What the forum tells a resident arrives on the phone that steward knows; over HTTP."""

import json

import pytest

from fivered.chassis.embedded import EmbeddedHost
from fivered.chassis.migrate import migrate_service
from fivered.chassis.runtime import Runtime
from fivered.chassis.webhook_wire import new_secret, signature
from fivered.gateway.tests.conftest import Site
from fivered.services.forum.service import Forum
from fivered.services.steward.service import Steward
from fivered.services.steward.tests.ground import CADRE, COMMUNITY, GRID, LI, WANG
from testkit.bench import environment
from testkit.receiver import receiving
from testkit.waiting import wait_until

SECRET = new_secret()
RESIDENT = [{"role": "R_RESIDENT", "scope": GRID}]
OFFICE = [{"role": "R_CADRE", "scope": COMMUNITY}]
TOPIC = {
    "title": "小院停车", "description": "小院车位不够,消防通道常被占用。", "way": "ONLINE",
    "category": "PARKING", "level": "GRID", "scope": [GRID],
}  # fmt: skip


@pytest.fixture
def site(tmp_path):
    with receiving() as receiver:
        kinds = (Steward, Forum)
        given = environment(
            *(kind.settings_type for kind in kinds), FIVERED_DEMO_CLOCK="1",
            FIVERED_DEMO_START="2025-03-03T09:00:00", FIVERED_SYNTHETIC="1",
            FIVERED_SENDER_URL=f"{receiver.address}/send", FIVERED_SENDER_SECRET=SECRET,
        )  # fmt: skip
        opened = {}
        for kind in kinds:
            path = f"sqlite:///{tmp_path}/{kind.name}.sqlite"
            opened[kind.name] = Runtime.open(kind, path, environ=given)
            migrate_service(kind, opened[kind.name].engine)
        host = EmbeddedHost(opened)
        host.start()
        site = Site(host).build(services=("steward", "forum"), extra=())
        site.receiver = receiver
        for code, kind in ((COMMUNITY, "COMMUNITY"), (GRID, "GRID")):
            area = {"code": code, "name": "春晖", "kind": kind}
            assert site.ask("POST", "/v1/steward/areas", json=area).status_code == 201
        for who, phone in ((WANG, "12812345678"), (LI, "12800000002")):
            person = {"person_id": who, "name": "王丽", "phone": phone, "grid": GRID}
            person |= {"synthetic": True, "birth_year": 1980}
            assert site.ask("POST", "/v1/steward/people", json=person).status_code == 201
        yield site
        host.stop()


def file_topic(site, who):
    def filed():
        # The forum has not heard of the person at once.
        answer = site.ask("POST", "/v1/forum/topics", person=who, grants=RESIDENT, json=TOPIC)
        assert answer.status_code in {201, 422, 403}, answer.text
        return answer.json() if answer.status_code == 201 else None

    assert wait_until(filed, 10)


def test_the_forum_tells_a_phone_and_what_cannot_be_told_is_sent_again(site):
    chosen = {"channels": {"MATTERS": ["SMS"]}}
    path = "/v1/steward/message-preferences"
    assert site.ask("POST", path, person=WANG, grants=RESIDENT, json=chosen).status_code == 200
    site.receiver.answer = lambda _number, _handler: 410
    file_topic(site, LI)
    file_topic(site, WANG)
    listed = "/v1/steward/message-deliveries?state=DEAD"

    def dead():
        return site.ask("GET", listed, person=CADRE, grants=OFFICE).json()["items"]

    assert wait_until(dead, 10)
    (one,) = dead()
    assert (one["service"], one["person_id"], one["status"]) == ("forum", WANG, 410)
    site.receiver.answer = lambda _number, _handler: 200
    retry = f"/v1/steward/message-deliveries/{one['id']}/retry"
    assert site.ask("POST", retry, person=WANG, grants=RESIDENT).status_code == 403
    answer = site.ask("POST", retry, person=CADRE, grants=OFFICE)
    assert (answer.status_code, answer.json()["state"]) == (200, "WAITING"), answer.text
    site.receiver.wait_for(2)
    first, second = (json.loads(one.body) for one in site.receiver.arrived)
    assert {first["to"], second["to"]} == {"12812345678"}
    (message,) = site.ask("GET", "/v1/me/messages", person=WANG, grants=RESIDENT).json()["items"]
    assert (second["kind"], second["text_zh"]) == ("forum_topic_collected", message["text_zh"])
    stamp = int(site.receiver.arrived[1].headers["webhook-timestamp"])
    body = site.receiver.arrived[1].body
    expected = signature(SECRET, site.receiver.arrived[1].id, stamp, body)
    assert site.receiver.arrived[1].headers["webhook-signature"] == expected
