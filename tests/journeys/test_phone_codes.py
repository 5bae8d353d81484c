"""A resident signs in by a code on the phone, over HTTP, with a sender of the district that fails
first; what is kept and logged holds neither the code nor the number."""

import json
import re
import subprocess
import threading
import time

import httpx
import pytest

from fivered.chassis import jobs
from fivered.chassis.embedded import EmbeddedHost
from fivered.chassis.messages import SYSTEM
from fivered.chassis.migrate import migrate_service
from fivered.chassis.runtime import Runtime
from fivered.chassis.webhook_wire import new_secret, signature
from fivered.clients.demo import district as place
from fivered.clients.demo.api import token
from fivered.gateway.tests.conftest import Site
from fivered.services.steward.service import Steward
from fivered.services.steward.settings import StewardSettings
from testkit.bench import environment
from testkit.clear import Values, in_files, in_rows
from testkit.receiver import receiving
from testkit.waiting import wait_until
from tests.journeys.test_tools_beside_a_run import FIVERED

ASK, COME = "/v1/steward/phone-codes", "/v1/identity/sign-in-by-phone"
SECRET = new_secret()
MINE, SHARED, STAFFS, NOBODYS = "12855512401", "12855512402", "12855512403", "12855512404"


class Caller:
    def __init__(self, running):
        self.key = running.token_key
        self.http = httpx.Client(base_url=running.address, timeout=20, trust_env=False)
        self.number = 0

    def post(self, path, body, who=None, role=None):
        self.number += 1
        headers = {"Idempotency-Key": f"call-{self.number}"}
        if who is not None:
            headers["Authorization"] = f"Bearer {token(self.key, place.PEOPLE[who])}"
        if role is not None:
            headers["X-Acting-Role"] = role
        return self.http.post(path, json=body, headers=headers)

    def made(self, path, body):
        answer = self.post(path, body, "district")
        assert answer.status_code == 201, answer.text
        return answer.json()

    def resident(self, name, phone, **more):
        body = {"name": name, "phone": phone, "grid": place.GRID, "synthetic": True} | more
        return self.made("/v1/steward/people", body)["id"]

    def come(self, request_id, code):
        return self.post(COME, {"request_id": request_id, "phone_code": code})


@pytest.fixture
def sending(embedded):
    """A system with a sender, and people in it: alone with a phone, two with one, staff."""
    with receiving() as receiver:
        receiver.answer = lambda number, _handler: 503 if number == 0 else 200
        running = embedded.start(
            FIVERED_SENDER_URL=f"{receiver.address}/send",
            FIVERED_SENDER_SECRET=SECRET,
            FIVERED_LOG_LEVEL="DEBUG",
        )
        caller = Caller(running)
        for code, kind in ((place.COMMUNITY, "COMMUNITY"), (place.GRID, "GRID")):
            caller.made("/v1/steward/areas", {"code": code, "name": "春晖", "kind": kind})
        caller.person = caller.resident("王小丽", MINE)
        for name in ("陈静", "陈明"):
            caller.resident(name, SHARED, household_id="h1")
        post = {"person_id": caller.resident("史小燕", STAFFS), "type": "FULL_TIME"}
        post |= {"duty": "GRID_WORKER", "grids": [place.GRID], "work_phone": "0537-2345678"}
        caller.made("/v1/steward/stewards", post | {"board_consent": True, "consent_ref": "公示"})
        yield embedded, caller, receiver
        caller.http.close()


def arrived(receiver, phone):
    found = [json.loads(one.body) for one in list(receiver.arrived) if one.status == 200]
    return [one for one in found if one["to"] == phone]


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_resident_signs_in_by_a_code_on_the_phone_and_who_asks_learns_nothing(sending):
    embedded, caller, receiver = sending
    told = {one: caller.post(ASK, {"phone": one}) for one in (MINE, NOBODYS, SHARED, STAFFS)}
    assert {answer.status_code for answer in told.values()} == {200}
    asked = {one: answer.json() for one, answer in told.items()}
    shapes = {(*sorted(one), one["state"], len(one["request_id"])) for one in asked.values()}
    assert len(shapes) == 1
    heads = {(*sorted(set(one.headers) - {"content-encoding"}),) for one in told.values()}
    assert len(heads) == 1

    # The sender failed once, and is tried again with the same message.
    assert wait_until(lambda: arrived(receiver, MINE) and arrived(receiver, STAFFS), 20)
    first = receiver.arrived[0]
    stamp = int(first.headers["webhook-timestamp"])
    assert first.headers["webhook-signature"] == signature(SECRET, first.id, stamp, first.body)
    assert first.body in [one.body for one in receiver.arrived[1:]]
    (code,) = {one["code"] for one in arrived(receiver, MINE)}
    request = asked[MINE]["request_id"]

    # Wrong, of nobody, of several: one answer. Then the right one, once.
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    failed = [
        caller.come(request, wrong), caller.come(asked[NOBODYS]["request_id"], code),
        caller.come(asked[SHARED]["request_id"], code),
    ]  # fmt: skip
    assert {(one.status_code, one.json()["code"], one.json()["detail"]) for one in failed} == {
        (401, "PHONE_CODE_FAILED", failed[0].json()["detail"])
    }
    signed = caller.come(request, code)
    assert signed.status_code == 200, signed.text
    tokens = signed.json()
    assert tokens["person_id"] == caller.person
    assert tokens["rights"] == [{"role": "R_RESIDENT", "scope": place.GRID}]
    assert caller.come(request, code).status_code == 401
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}

    def mine():
        answer = caller.http.get(f"/v1/steward/people/{caller.person}", headers=bearer)
        return answer.status_code == 200 and answer.json()["phone"] == MINE

    # The gateway hears of a first signing key within seconds.
    assert wait_until(mine, 10)

    # Staff show an authenticator; a second code within a minute is refused, and says when again.
    (code_of_staff,) = {one["code"] for one in arrived(receiver, STAFFS)}
    staff = caller.come(asked[STAFFS]["request_id"], code_of_staff)
    assert (staff.status_code, staff.json()["code"]) == (403, "FACTOR_FIRST")
    again = [caller.post(ASK, {"phone": one}) for one in (MINE, NOBODYS)]
    assert {(one.status_code, one.json()["code"]) for one in again} == {(429, "RATE_LIMIT")}
    assert all(0 < int(one.headers["retry-after"]) <= 60 for one in again)
    bad = caller.post(ASK, {"phone": "0537-2345678"})
    assert (bad.status_code, bad.json()["field"]) == (422, "phone")

    setup = caller.http.get("/v1/setup", headers={
        "Authorization": f"Bearer {token(caller.key, place.PEOPLE['district'])}"
    }).json()  # fmt: skip
    (step,) = [one for one in setup["steps"] if one["code"] == "SENDER"]
    assert (step["done"], step["needed"]) == (True, False)
    assert embedded.stop() == 0
    nothing_is_left(embedded.folder, {code, code_of_staff}, [*asked.values()])


def nothing_is_left(folder, codes, asked):
    """Look through rows and files, logs and write-ahead logs among them."""
    halves = [one["request_id"].partition(".")[2] for one in asked]
    phones = {"mine": MINE, "shared": SHARED, "staff's": STAFFS, "nobody's": NOBODYS}
    values = Values(phones | {f"half {n}": one for n, one in enumerate(halves)})
    data = folder / "data"
    rows = [hit for one in sorted(data.glob("*.sqlite")) for hit in in_rows(values, one.stem, one)]
    assert rows + list(in_files(values, folder)) == []
    # Six digits stand in many ids; alone they stand nowhere.
    alone = re.compile(rb"(?<![0-9A-Za-z.])(" + "|".join(codes).encode() + rb")(?![0-9A-Za-z])")
    texts = [folder / "log", *data.glob("*.sqlite*")]
    assert {one.name for one in texts if alone.search(one.read_bytes())} == set()


@pytest.mark.slow
def test_a_district_without_a_sender_is_told_so_and_has_other_ways(embedded):
    embedded.mode = ()
    running = embedded.start(FIVERED_SYNTHETIC="1")
    caller = Caller(running)
    began = time.monotonic()
    refused = caller.post(ASK, {"phone": MINE})
    assert time.monotonic() - began < 5
    assert refused.status_code == 404
    assert refused.headers["content-type"] == "application/problem+json"
    assert (refused.json()["code"], "短信" in refused.json()["detail"]) == ("SENDER_MISSING", True)
    caller.http.close()
    said = subprocess.run(
        [FIVERED, "doctor", "--data", str(embedded.folder / "data")],
        capture_output=True, text=True, check=False, timeout=60,
    ).stdout  # fmt: skip
    (line,) = [one for one in said.splitlines() if "SENDER" in one]
    assert "may be added" in line and "FIVERED_SENDER_URL" in line


def test_a_code_goes_out_while_a_job_of_minutes_runs(tmp_path, monkeypatch):
    """Both lanes of the embedded host."""
    begun, over = threading.Event(), threading.Event()

    def lasts(_job, counts, _work):
        begun.set()
        assert over.wait(30)
        return counts

    monkeypatch.setattr(jobs.Job, "repeat", lasts)
    with receiving() as receiver:
        given = environment(
            StewardSettings,
            FIVERED_SYNTHETIC="1",
            FIVERED_SENDER_URL=f"{receiver.address}/send",
            FIVERED_SENDER_SECRET=SECRET,
        )
        runtime = Runtime.open(Steward, f"sqlite:///{tmp_path}/steward.sqlite", environ=given)
        migrate_service(Steward, runtime.engine)
        host = EmbeddedHost({"steward": runtime})
        host.start()
        site = Site(host).build(services=("steward",), extra=())
        try:
            person = {"name": "王小丽", "phone": MINE, "synthetic": True}
            assert site.ask("POST", "/v1/steward/people", json=person).status_code == 201
            with runtime.transaction(SYSTEM) as tx:
                tx.start_job("sweep", {})
            assert begun.wait(20)
            answer = site.ask("POST", ASK, grants=None, json={"phone": MINE})
            assert answer.status_code == 200, answer.text
            assert wait_until(lambda: arrived(receiver, MINE), 20)
            assert not over.is_set()
        finally:
            over.set()
            host.stop()
