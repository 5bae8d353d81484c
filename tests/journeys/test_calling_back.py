"""Calling back and the contact board, through HTTP: a number for the caller, this once."""

import json
import logging
import uuid

import pytest

from fivered.gateway.tests.conftest import problem_of
from fivered.services.steward.tests.ground import (
    CADRE,
    CHEN,
    COMMUNITY,
    GRID,
    LI,
    OTHER_CADRE,
    SECOND,
    STAFF,
    WANG,
)
from tests.journeys.test_requests import STEWARD, filed, made, site, tell  # noqa: F401

REVEAL = "/v1/pii/reveal"
PHONE = "12812345678"
WHY = "回电核实楼道灯的具体位置"
LINE = "05370000001"


@pytest.fixture
def house(site):  # noqa: F811
    """The small district, where a resident has a phone and a repairer sits there."""
    body = {"reason": "登记手机号码", "phone": PHONE}
    person = f"/v1/steward/people/{WANG}"
    tell(site, "R_CADRE", OTHER_CADRE, f"{person}/correct", body, version=1)
    return site


def reveal(house, role=None, person=STAFF, *, key=True, scope=COMMUNITY, **more):
    role = role or "R_STEWARD"
    return house.ask(
        "POST",
        REVEAL,
        grants=({"role": role, "scope": GRID if role == "R_STEWARD" else scope},),
        person=person,
        key=key,
        json={"subject": WANG, "reason": WHY} | more,
    )


def reads_of(house, person):
    answer = tell(house, "R_RESIDENT", person, "/v1/steward/person-reads", verb="GET")
    assert answer.status_code == 200, answer.text
    return [row for row in answer.json()["items"] if row["door"] == "reveal"]


def test_the_handler_calls_back_and_the_reporter_reads_it(house, caplog):
    """SP-D16: `/v1/pii/reveal` did not exist; handler and cadre saw a masked number."""
    caplog.set_level(logging.DEBUG)
    case = filed(house).json()
    key = uuid.uuid4().hex
    told = reveal(house, key=key, case_ref=case["number"])
    assert told.status_code == 200, told.text
    assert told.headers["cache-control"] == "no-store"
    assert (told.json()["value"], told.json()["request_id"]) == (PHONE, case["id"])
    assert reveal(house, key=key, case_ref=case["number"]).json() == told.json()
    other = reveal(house, key=key)
    assert problem_of(other)["code"] == "IDEMPOTENCY_MISMATCH"
    (row,) = reads_of(house, WANG)
    assert (row["role_zh"], row["role_en"]) == ("红色管家", "Red steward")
    assert (row["office"], row["field"], row["reason"]) == ("春晖社区第一网格", "phone", WHY)
    assert "actor_id" not in row
    assert PHONE not in caplog.text
    # The workbench and the card stay masked.
    card = tell(house, "R_STEWARD", STAFF, f"/v1/steward/people-cards?ids={WANG}", verb="GET")
    assert card.json()["items"][0]["phone"] == "128****5678"


def test_who_has_no_open_case_of_hers_gets_nothing(house):
    """SP-D16: before there is a case, another's, and when it is closed."""
    for answer in (reveal(house), reveal(house, subject="per_unknown")):
        refused = problem_of(answer)
        assert (refused["status"], refused["guard"]) == (422, "NO_OPEN_CASE")
    case = filed(house).json()
    assert reveal(house).status_code == 200
    assert problem_of(reveal(house, person=LI))["guard"] == "NO_OPEN_CASE"
    assert problem_of(reveal(house, subject=LI))["guard"] == "NO_OPEN_CASE"
    cancel = f"/v1/steward/requests/{case['id']}/cancel"
    assert tell(house, "R_RESIDENT", WANG, cancel, {}, version=case["version"]).status_code == 200
    assert problem_of(reveal(house))["guard"] == "NO_OPEN_CASE"
    closed = reveal(house, "R_CADRE", OTHER_CADRE, case_ref=case["id"])
    assert problem_of(closed)["guard"] == "NO_OPEN_CASE"
    assert len(reads_of(house, WANG)) == 1


def test_the_door_says_what_is_wrong(house):
    """SP-D16: roles, reasons, identity numbers, members that nobody knows."""
    filed(house)
    for role in ("R_RESIDENT", "R_STREET", "R_PM", "R_AUDITOR"):
        assert problem_of(reveal(house, role))["code"] == "ROLE_DENIED"
    assert house.ask("POST", REVEAL, grants=None, json={}).status_code == 401
    for more, field in (
        ({"reason": " 回电 "}, "reason"),
        ({"field": "id_no"}, "field"),
        ({"request": "x"}, "request"),
        ({"subject": ""}, "subject"),
    ):
        refused = problem_of(reveal(house, **more))
        assert (refused["status"], refused["field"]) == (422, field)
    assert reads_of(house, WANG) == []


def test_after_ten_of_one_and_twenty_of_all_it_is_said_when_there_are_more(house):
    """SP-D16: limits of its own, with the time, and not the gateway's."""
    for who, phone in ((CHEN, "12800000077"), (SECOND, "12800000078")):
        body = {"person_id": who, "name": "陈静", "synthetic": True, "grid": GRID, "phone": phone}
        tell(house, "R_CADRE", OTHER_CADRE, "/v1/steward/people", body)
    cadre = ("R_CADRE", OTHER_CADRE)
    for _ in range(10):
        assert reveal(house, *cadre).status_code == 200
    # This one person's number was shown ten times; another's is shown still.
    for who in (cadre, ("R_SECRETARY", CADRE)):
        answer = reveal(house, *who)
        refused = problem_of(answer)
        assert (refused["status"], refused["code"]) == (429, "RATE_LIMIT")
        assert "此人的号码今天已被查看 10 次" in refused["message_zh"]
        assert "was shown 10 times today" in refused["message_en"]
        assert 0 < int(answer.headers["retry-after"]) <= 15 * 3600
    for _ in range(10):
        assert reveal(house, *cadre, subject=CHEN).status_code == 200
    answer = reveal(house, *cadre, subject=SECOND)
    refused = problem_of(answer)
    assert (refused["status"], refused["code"]) == (429, "RATE_LIMIT")
    assert refused["params"]["again"] == "2025-03-04 00:00"
    assert "2025-03-04 00:00" in refused["message_zh"]
    assert 0 < int(answer.headers["retry-after"]) <= 15 * 3600


def test_the_reference_has_an_example_of_it(house):
    """SP-D16: the address that the specification names, with an example that fits."""
    document = json.loads(house.ask("GET", "/openapi.json", grants=None).content)
    operation = document["paths"][REVEAL]["post"]
    example = operation["requestBody"]["content"]["application/json"]["example"]
    assert reveal(house, "R_CADRE", OTHER_CADRE, **example | {"case_ref": None}).status_code == 200
    assert "身份证号" in json.dumps(document, ensure_ascii=False)
