"""Somebody hears, in the inbox and on the phone, of a password and of a locked account; over HTTP."""

import json

import pytest

from fivered.chassis.webhook_wire import new_secret
from fivered.clients.demo import district as place
from fivered.clients.demo.api import token
from testkit.receiver import receiving
from testkit.waiting import wait_until
from tests.journeys.test_phone_codes import Caller

PHONE, PASSWORD = "12855512431", "a fine long sentence 7"


@pytest.fixture
def sending(embedded):
    with receiving() as receiver:
        running = embedded.start(
            FIVERED_SENDER_URL=f"{receiver.address}/send", FIVERED_SENDER_SECRET=new_secret()
        )
        caller = Caller(running)
        for code, kind in ((place.COMMUNITY, "COMMUNITY"), (place.GRID, "GRID")):
            caller.made("/v1/steward/areas", {"code": code, "name": "春晖", "kind": kind})
        yield caller, receiver
        caller.http.close()


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_password_and_a_locked_account_reach_the_inbox_and_the_phone(sending):
    caller, receiver = sending
    person = caller.resident("王小丽", PHONE)
    enrolments, codes = "/v1/identity/enrolments", []

    def enrolled():
        # Identity has not heard of the person at once.
        answer = caller.post(enrolments, {"person_id": person}, "cadre", "R_CADRE")
        assert answer.status_code in {201, 422}, answer.text
        if answer.status_code == 201:
            codes.append(answer.json()["code"])
        return codes

    assert wait_until(enrolled, 20)
    own = {"login": "wang.xiaoli", "password": PASSWORD}
    begun = caller.post("/v1/identity/activate", own | {"code": codes[0], "device": "手机"})
    assert begun.status_code == 200, begun.text
    bearer = {"Authorization": f"Bearer {begun.json()['access_token']}"}

    def inbox():
        answer = caller.http.get("/v1/me/messages?service=identity", headers=bearer)
        return answer.json()["items"] if answer.status_code == 200 else None

    # The gateway hears of a first signing key within seconds.
    assert wait_until(lambda: inbox() is not None, 10)
    (message,) = inbox()
    assert (message["kind"], message["service"]) == ("PASSWORD_CHANGED", "identity")

    acting = {"Authorization": f"Bearer {token(caller.key, place.PEOPLE['district'])}"}
    listed = caller.http.get("/v1/identity/accounts?limit=200", headers=acting).json()["items"]
    (account,) = [one for one in listed if one["person_id"] == person]
    answer = caller.http.post(
        f"/v1/identity/accounts/{account['id']}/lock", json={"reason": "核实身份"},
        headers=acting | {"Idempotency-Key": "lock", "If-Match": f'"{account["version"]}"'},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text

    def sent():
        found = [json.loads(one.body) for one in list(receiver.arrived)]
        return {one["kind"]: one for one in found if one["to"] == PHONE}

    wanted = {"identity_password_changed", "identity_account_locked"}
    assert wait_until(lambda: wanted <= {*sent()}, 20), sent()
    # What the administrator has written stays in the inbox.
    assert "核实身份" not in json.dumps(sent(), ensure_ascii=False)
    assert PHONE not in message["text_zh"] + message["text_en"]
