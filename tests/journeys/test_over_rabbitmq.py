"""What needs the distributed installation and leaves it as useful as it was; one serves them all."""

import hashlib
import io
from pathlib import Path

import httpx
import psycopg
import pytest
from PIL import Image

from deploy.local import up
from fivered.chassis.installed import service_names
from fivered.chassis.settings import database_variable, owner_variable
from fivered.clients.demo.api import Api
from fivered.clients.demo.api import token as bearer_of
from fivered.clients.demo.district import GRID, PEOPLE, District
from fivered.clients.load.files import write
from fivered.clients.load.generator import District as Made
from fivered.clients.load.sending import Sender, token
from fivered.gateway.identity import issue
from testkit.listening import listening_to
from testkit.waiting import wait_until
from tests.journeys.test_year_end import UNTIL, YEAR, address, nothing_parked, outlooks

pytestmark = [pytest.mark.servers, pytest.mark.timeout(400)]


def test_a_year_reaches_all_five_services_over_rabbitmq(installation):
    """K1: an event to all; each keeps the year in its own PostgreSQL."""
    api = Api(*address(installation.running))
    try:
        proposed = api.post("/v1/steward/calendar-years", PEOPLE["district"], YEAR, key="year")
        loading = f"/v1/steward/calendar-years/{proposed['id']}/approve"
        api.post(loading, PEOPLE["district2"], key="load", version=1)
        api.wait("2027 everywhere", lambda: {row["until"] for row in outlooks(api)} == {UNTIL})
        nothing_parked(api)
    finally:
        api.close()


def test_a_file_that_the_gateway_receives_is_read_by_another_process(installation, tmp_path):
    folder = tmp_path / "district"
    written = write(Made(600, 7), folder)
    running = installation.running
    sender = Sender(running.address, token(running.token_key), folder)
    for file in written:
        outcome = sender.take(file, lambda _done, _total: None)
        assert outcome.state == "DONE", (file.kind, outcome.error)
        assert outcome.result["rows"] == file.rows
        # Consents wait until credit has heard of the people; nobody is refused.
        assert outcome.result["refused"] == 0, (file.kind, outcome.result["errors"][:3])
    sender.close()


# By whoever has the password of `serve` and `work`.
AGAINST_THE_AUDIT = (
    "ALTER TABLE {} ADD COLUMN mine text",
    "ALTER TABLE {} DISABLE TRIGGER ALL",
    "DROP TRIGGER {}_row ON {}",
    "TRUNCATE {}",
    "DELETE FROM {}",
    "DROP TABLE {}",
)


@pytest.mark.covers("REQ-L09")
def test_no_service_can_lift_what_protects_its_audit(installation):
    note = up.running(installation.state)
    told = note["environment"]
    for name in service_names():
        with psycopg.connect(told[database_variable(name)], autocommit=True) as conn:
            conn.execute("INSERT INTO audit SELECT * FROM audit WHERE false")
            for table in ("audit", "audit_seals", "audit_marks"):
                for statement in AGAINST_THE_AUDIT:
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        conn.execute(statement.replace("{}", table))
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(f"SET ROLE {name}_owner")
        # The owner could.
        with psycopg.connect(told[owner_variable(name)]) as conn:
            conn.execute("ALTER TABLE audit DISABLE TRIGGER ALL")
            conn.rollback()
    for child in note["children"].values():
        assert b"_OWNER_URL" not in Path(f"/proc/{child['pid']}/environ").read_bytes()


def test_a_topic_becomes_a_request_and_a_request_a_topic_over_rabbitmq(installation):
    """FP-D7, SP-D7: each was shown in its own service; nobody had seen one become the other."""
    api = Api(*address(installation.running))
    mine, secretary = PEOPLE["neighbour"], PEOPLE["secretary"]

    def raised(key, title, **more):
        body = {"title": title, "description": "夜里不亮", "way": "ONLINE",
                "category": "REPAIR_COMMON", "level": "GRID", "scope": [GRID]} | more  # fmt: skip
        return api.post("/v1/forum/topics", mine, body, key=key)["id"]

    def redirected(topic, **more):
        body = {"reason": "单户事项,转红色管家"} | more
        api.advance(f"/v1/forum/topics/{topic}", "redirect", secretary, body, key=f"to-{topic}")
        card = f"/v1/forum/topics/{topic}"
        return api.wait(f"{topic} is a request", lambda: api.get(card, mine).get("request_number"))

    def requests_of(*topics):
        found = api.get("/v1/steward/requests", mine, limit=200)["items"]
        cards = [api.get(f"/v1/steward/requests/{one['id']}", mine) for one in found]
        return [card for card in cards if card.get("topic_id") in topics]

    try:
        District(api).load()
        # A matter of one household: the stewards register it, and its proposer reads the number.
        lamp = raised("lamp", "我家门口的灯")
        number = redirected(lamp)
        (request,) = requests_of(lamp)
        assert (request["number"], request["channel"]) == (number, "FORUM")
        told = api.get("/v1/forum/messages", mine)["items"]
        assert number in next(one for one in told if one["code"] == "TOPIC_REQUEST")["text"]

        # The request becomes a topic; where that names it, the stewards file nothing anew.
        again = raised("again", "楼道的灯", source_request=request["id"])
        assert api.get(f"/v1/forum/topics/{again}", mine)["source_request"] == request["id"]
        body = {"reason": "已有诉求", "request_id": request["id"]}
        api.advance(f"/v1/forum/topics/{again}", "redirect", secretary, body, key="known")
        # One behind it in the same queue has come back: the stewards have looked at it by then.
        other = raised("other", "我家窗前的灯")
        assert redirected(other) != number
        assert len(requests_of(lamp, again, other)) == 2
        nothing_parked(api)
    finally:
        api.close()


def test_a_photo_that_the_gateway_has_taken_is_kept_by_another_process(installation):
    """The gateway takes it, the service links it, and the gateway reads it where that one keeps it."""
    running = installation.running
    api = Api(*address(running))
    resident, out = PEOPLE["resident"], io.BytesIO()
    Image.new("RGB", (400, 300), "red").save(out, "JPEG")
    bearer = {"Authorization": f"Bearer {bearer_of(running.token_key, resident)}"}
    try:
        District(api).load()
        with httpx.Client(base_url=running.address, headers=bearer) as http:
            key = {"Idempotency-Key": "photo"}
            sent = http.post("/v1/files?name=a.jpg", content=out.getvalue(), headers=key)
            assert sent.status_code == 201, sent.text
            file = sent.json()
            body = {"kind": "REPAIR", "category": "LIFT", "channel": "APP", "grid": GRID,
                    "text": "电梯门坏了", "media": [file["id"]]}  # fmt: skip
            api.post("/v1/steward/requests", resident, body, key="with-a-photo")
            url = api.get(f"/v1/steward/files/{file['id']}", resident)["url"]
            got = http.get(url)
        assert hashlib.sha256(got.content).hexdigest() == file["sha256"]
    finally:
        api.close()


def test_a_reader_over_http_misses_nothing_while_relay_service_and_broker_are_killed(installation):
    """The stream and the pages tell each filed request once, in order."""
    running = installation.running
    key = issue(running.token_key, "per_board", [{"role": "R_CONSUMER", "scope": "370811"}], 1)
    query = "?type=steward.request_submitted.v1"
    api = Api(*address(running))
    filed, heard, place = [], [], ""

    def file(number):
        body = {"kind": "REPAIR", "category": "LIFT", "channel": "APP", "grid": GRID,
                "text": f"电梯第 {number} 次停"}  # fmt: skip
        answer = api.post("/v1/steward/requests", PEOPLE["resident"], body, key=f"history-{number}")
        filed.append(answer["id"])

    def subjects(stream):
        return [event["subject"] for _, _, event in stream.events]

    try:
        District(api).load()
        for step, broken in enumerate(("work-steward", "serve-steward", "rabbitmq")):
            back = {"Last-Event-ID": place} if place else {}
            with listening_to(running.address, key, query, **back) as stream:
                assert wait_until(lambda s=stream: s.place, 30, every=0.05)
                for number in range(3):
                    file(step * 10 + number)
                installation.control("kill", broken)
                for number in range(3, 6):
                    file(step * 10 + number)
                there = len(heard)
                assert wait_until(
                    lambda s=stream, t=there: subjects(s) == filed[t:], 60, every=0.05
                ), (broken, subjects(stream), filed)
                heard += subjects(stream)
                place = stream.place
        told, after = [], "&since=2020-01-01"
        # So many pages hold twenty times what this installation has said.
        for _ in range(200):
            page = api.get(f"/v1/events{query}{after}&limit=200", PEOPLE["auditor"])
            assert page["complete"]
            told += [one["subject"] for one in page["items"]]
            after = f"&after={page['next']}"
            if not page["more"]:
                break
        else:
            pytest.fail(f"there is always more: {len(told)} told, {len(set(told))} different")
        assert told[-len(filed) :] == filed == heard
    finally:
        api.close()
