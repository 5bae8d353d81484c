"""The interface keeps what it promised at a860143: doors, status, members and limits."""

import json
from pathlib import Path

import pytest

from fivered.chassis.settings import Secret
from fivered.gateway.app import create, routed
from fivered.gateway.settings import GatewaySettings
from tests.contracts.openapi import broken, reduced

BEFORE = json.loads(Path(__file__).with_name("openapi_a860143.json").read_text("utf-8"))
# What was changed on purpose since, and why.
MEANT = {
    "POST /v1/credit/budget-grants gives no budget": "a grant waits for a second person now",
    "POST /v1/credit/budget-grants gives no unfunded_points": "a grant waits for a second person now",
    "POST /v1/forum/sessions body.invitees: maxItems was 200 and is 1000": "a large compound",
    "POST /v1/forum/sessions/{session_id}/attendance body.person_ids: maxItems was 500 and is 1000":
        "as many as may be invited",
    "GET /v1/steward/stewards gives no items[].person_id": "strangers do not learn who it is",
    "GET /v1/steward/stewards/{steward_id} gives no person_id": "strangers do not learn who it is",
    "POST /v1/partner/redemptions/{redemption_id}/refund/deny body.reasons is required now":
        "the holder reads why",
    "POST /v1/steward/stewards body.work_phone: maxLength was 20 and is 30": "with an extension",
}  # fmt: skip


@pytest.fixture(scope="module")
def today():
    settings = GatewaySettings(token_key=Secret("k" * 40), demo_clock=True)
    return reduced(create(None, settings=settings, services=routed()).state.document.build())


def test_who_called_the_interface_then_may_call_it_now(today):
    found = set(broken(BEFORE, today))
    assert found - MEANT.keys() == set()
    assert MEANT.keys() - found == set(), "no longer so: take it off the list"


def test_what_is_lost_is_noticed():
    door = {
        "status": "200",
        "roles": ["R_CADRE"],
        "takes": {"body": {}, "body.n": {"maximum": 5}, "body.k": {"enum": ["A", "B"]}},
        "gives": ["id"],
    }
    assert list(broken({"d": door}, {"d": door})) == []
    assert list(broken({"d": door}, {})) == ["d is gone"]
    other = {
        "status": "201",
        "roles": ["R_GRID"],
        "takes": {
            "body": {},
            "body.n": {"maximum": 6},
            "body.k": {"enum": ["A"]},
            "body.new": {"required": True},
        },
        "gives": [],
    }
    assert list(broken({"d": door}, {"d": other})) == [
        "d answers 201, not 200",
        "d is closed to R_CADRE",
        "d gives no id",
        "d body.n: maximum was 5 and is 6",
        "d body.k: B is taken no more",
        "d body.new is required now",
    ]
