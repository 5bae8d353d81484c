"""Requests through HTTP: whose reference, whose voice, whose list."""

import pytest

from fivered.chassis.embedded import EmbeddedHost
from fivered.chassis.migrate import migrate_service
from fivered.chassis.runtime import Runtime
from fivered.gateway.tests.conftest import Site
from fivered.services.steward.service import Steward
from fivered.services.steward.settings import StewardSettings
from fivered.services.steward.tests.ground import COMMUNITY, GRID, LI, OTHER_CADRE, STAFF, WANG
from testkit.bench import environment

REQUESTS = "/v1/steward/requests"
STEWARD = "stw_00000000-0000-7000-8000-000000000013"


@pytest.fixture
def site(tmp_path):
    given = environment(
        StewardSettings,
        FIVERED_DEMO_CLOCK="1",
        FIVERED_DEMO_START="2025-03-03T09:00:00",
        FIVERED_SYNTHETIC="1",
        FIVERED_BLOBS=str(tmp_path / "blobs"),
    )
    runtime = Runtime.open(Steward, f"sqlite:///{tmp_path}/steward.sqlite", environ=given)
    migrate_service(Steward, runtime.engine)
    host = EmbeddedHost({"steward": runtime})
    host.start()
    opened = Site(host).build(services=("steward",), extra=(), blobs=str(tmp_path / "blobs"))
    for code, name, kind in ((COMMUNITY, "春晖社区", "COMMUNITY"), (GRID, "第一网格", "GRID")):
        made(opened, "/v1/steward/areas", {"code": code, "name": name, "kind": kind})
    for who, name in ((WANG, "王小丽"), (LI, "李明"), (STAFF, "赵工")):
        person = {"person_id": who, "name": name, "synthetic": True, "grid": GRID}
        made(opened, "/v1/steward/people", person)
    made(
        opened,
        "/v1/steward/stewards",
        {
            "steward_id": STEWARD,
            "person_id": STAFF,
            "type": "FULL_TIME",
            "duty": "PROPERTY_STAFF",
            "grids": [GRID],
        },
    )
    yield opened
    host.stop()


def made(site, path, body):
    answer = site.ask("POST", path, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def tell(site, role, person, path, body=None, *, scope=COMMUNITY, version=None, verb="POST"):
    headers = {"If-Match": f'"{version}"'} if version is not None else {}
    if role == "R_STEWARD":
        scope = GRID
    sent = {"json": body} if body is not None else {}
    return site.ask(
        verb,
        path,
        grants=({"role": role, "scope": scope},),
        person=person,
        headers=headers,
        **sent,
    )


def filed(site, role="R_RESIDENT", person=WANG, **more):
    body = {
        "channel": "APP",
        "kind": "REPAIR",
        "category": "LIFT",
        "grid": GRID,
        "text": "电梯停了",
    } | more
    return tell(site, role, person, REQUESTS, body)


def test_a_reference_is_its_caller_s(site):
    """SP-D2, SEC-H2, IN-A3, through the open door."""
    hotline = {"channel": "HOTLINE_12345", "external_ref": "JN2025021900099"}
    squatted = filed(site, **hotline)
    assert (squatted.status_code, squatted.json()["code"]) == (403, "ROLE_DENIED")
    order = filed(site, "R_CADRE", OTHER_CADRE, category="GAS", priority="P1", **hotline)
    assert (order.status_code, order.json()["duplicate"]) == (201, False)
    wide = hotline | {"external_ref": "ＪＮ2025021900099 "}
    again = filed(site, "R_CADRE", OTHER_CADRE, category="GAS", priority="P1", **wide)
    assert (again.json()["id"], again.json()["duplicate"]) == (order.json()["id"], True)
    other = filed(site, "R_CADRE", OTHER_CADRE, category="NOISE", **hotline)
    assert (other.status_code, other.json()["code"]) == (409, "REFERENCE_TAKEN")
    assert other.json()["params"]["number"] == order.json()["number"]
    # A resident's own key tells him nothing of the desk's.
    own = [filed(site, person=who, channel="PHONE", external_ref="0001") for who in (WANG, LI)]
    assert [answer.status_code for answer in own] == [201, 201]
    assert own[0].json()["id"] != own[1].json()["id"]


@pytest.mark.parametrize(
    "more",
    [
        {"text": "   "},
        {"text": "\u200b"},
        {"external_ref": " "},
        {"media": ["m" * 900_000]},
        {"media": [" "]},
        {"channel": "FORUM"},
        {"channel": "PATROL"},
        {"priority": "P1", "category": "NOISE"},
    ],
    ids=str,
)
def test_what_a_request_cannot_say(site, more):
    """IN-A18, IN-B8, SP-D18, SP-D27."""
    answer = filed(site, **more)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_note_of_two_blanks_is_no_note(site):
    """IN-A18: it is what the reporter is told."""
    request = filed(site).json()
    path = f"{REQUESTS}/{request['id']}/reject"
    body = {"reason": "NO_SUBSTANCE", "note": "  "}
    answer = tell(site, "R_CADRE", OTHER_CADRE, path, body, version=request["version"])
    assert answer.status_code == 422


def test_urging_needs_no_body_and_has_a_limit(site):
    """IN-B9, SP-D24."""
    path = f"{REQUESTS}/{filed(site).json()['id']}/urge"
    assert tell(site, "R_RESIDENT", WANG, path).status_code == 200
    again = tell(site, "R_RESIDENT", WANG, path)
    assert (again.status_code, again.json()["guard"]) == (422, "URGED_JUST_NOW")
    refused = tell(site, "R_CADRE", OTHER_CADRE, path)
    assert (refused.status_code, refused.json()["guard"]) == (422, "NOT_REPORTER")
    for_her = tell(site, "R_CADRE", OTHER_CADRE, path, {"receipt": "来电录音 07"})
    assert (for_her.status_code, for_her.json()["guard"]) == (422, "REPORTER_ACTS")


def test_a_merged_reporter_keeps_his_voice_and_no_more(site):
    """SP-D14, IN-A4."""
    stays, other = filed(site).json(), filed(site, person=LI, text="电梯又停").json()
    path = f"{REQUESTS}/{stays['id']}"
    merged = tell(
        site, "R_CADRE", OTHER_CADRE, f"{REQUESTS}/{other['id']}/merge", {"into": stays["id"]},
        version=other["version"],
    )  # fmt: skip
    assert merged.status_code == 200
    seen = tell(site, "R_RESIDENT", LI, path, verb="GET").json()
    assert "text" not in seen
    assert "reporter_id" not in seen
    taken = tell(site, "R_RESIDENT", LI, f"{path}/cancel", {}, version=seen["version"])
    assert (taken.status_code, taken.json()["guard"]) == (422, "NOT_REPORTER")
    card = seen
    for verb, body in (
        ("accept", None),
        ("contact", {"note": "已电话联系"}),
        ("resolve", {"outcome": "SOLVED", "note": "已修", "media": ["sha256:1"]}),
    ):
        answer = tell(site, "R_STEWARD", STAFF, f"{path}/{verb}", body, version=card["version"])
        assert answer.status_code == 200, answer.text
        card = answer.json()
    bad = {"stars": 1, "solved": False}
    assert tell(site, "R_RESIDENT", LI, f"{path}/rate", bad).status_code == 200
    good = {"stars": 5, "solved": True}
    assert tell(site, "R_RESIDENT", WANG, f"{path}/rate", good).json()["state"] == "RATED"
    mine = tell(site, "R_RESIDENT", LI, f"{REQUESTS}/{other['id']}", verb="GET").json()
    assert (mine["stars"], mine["case"]["outcome"]) == (1, "SOLVED")


def test_lists_take_several_states_and_go_both_ways(site):
    """SP-D13, SP-D30."""
    for _ in range(3):
        filed(site)
    request = filed(site).json()
    tell(site, "R_STEWARD", STAFF, f"{REQUESTS}/{request['id']}/accept", version=request["version"])

    def asked(query, role="R_CADRE", person=OTHER_CADRE, path=REQUESTS):
        answer = tell(site, role, person, f"{path}?{query}", verb="GET")
        assert answer.status_code == 200, answer.text
        return answer.json()

    both = asked("state=DISPATCHED&state=ACCEPTED")
    assert both["total"] == len(both["items"]) == 4
    assert asked("state=ACCEPTED")["total"] == 1
    assert asked("state=ACCEPTED,DISPATCHED")["total"] == 4
    page = asked("limit=3", "R_STEWARD", STAFF, "/v1/steward/workbench")
    rest = asked(f"limit=3&cursor={page['next']}", "R_STEWARD", STAFF, "/v1/steward/workbench")
    assert (len(page["items"]), len(rest["items"]), rest["next"]) == (3, 1, None)
    back = asked(f"limit=3&cursor={rest['prev']}", "R_STEWARD", STAFF, "/v1/steward/workbench")
    assert back["items"] == page["items"]
    # One value is one value.
    answer = tell(site, "R_CADRE", OTHER_CADRE, f"{REQUESTS}?limit=1&limit=2", verb="GET")
    assert answer.status_code == 422
