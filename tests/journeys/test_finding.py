"""Who calls is found through HTTP, by who may; the answer says what is wrong in both languages."""

import logging
import uuid

from fivered.gateway.tests.conftest import problem_of
from fivered.services.steward.tests.ground import COMMUNITY, GRID, IDS, OTHER_CADRE, WANG
from tests.journeys.test_requests import site, tell  # noqa: F401

SEARCH = "/v1/steward/people/search"


def search(site, role="R_CADRE", scope=COMMUNITY, *, key=True, **body):  # noqa: F811
    grants = ({"role": role, "scope": scope},)
    return site.ask("POST", SEARCH, grants=grants, person=OTHER_CADRE, key=key, json=body)


def found(answer):
    assert answer.status_code == 200, answer.text
    return [one["person_id"] for one in answer.json()["items"]]


def test_a_caller_is_found_by_who_keeps_the_area_and_reads_of_it(site, caplog):  # noqa: F811
    """SP-D15, OP-B4: by name, initials, number and dwelling; noted, and in no log or address."""
    caplog.set_level(logging.DEBUG)
    home = {"reason": "登记住处", "building": "3号楼", "unit": "2单元", "room": "502"}
    tell(site, "R_CADRE", OTHER_CADRE, f"/v1/steward/people/{WANG}/correct", home, version=1)
    key = uuid.uuid4().hex
    first = search(site, initials="wxl", key=key)
    assert found(first) == [WANG]
    assert search(site, initials="wxl", key=key).json() == first.json()
    assert problem_of(search(site, initials="wxq", key=key))["code"] == "IDEMPOTENCY_MISMATCH"
    assert found(search(site, name="王小丽")) == [WANG]
    (card,) = search(site, building="3栋", room="502室").json()["items"]
    assert card["dwelling"] == {"building": "3号楼", "unit": "2单元", "room": "502"}
    (masked,) = search(site, "R_STREET", COMMUNITY[:9], name="王小丽").json()["items"]
    assert (masked["name"], "dwelling" in masked) == ("王*丽", False)
    assert found(search(site, scope="370811015902", name="王小丽")) == []
    answer = tell(site, "R_RESIDENT", WANG, "/v1/steward/person-reads", verb="GET")
    noted = [row for row in answer.json()["items"] if row["door"] == "find_people"]
    assert [(row["why"], row["found"], row["role"]) for row in noted] == [
        ("NAME", 1, "R_STREET"), ("BUILDING", 1, "R_CADRE"), ("NAME", 1, "R_CADRE"),
        ("INITIALS", 1, "R_CADRE"), ("INITIALS", 1, "R_CADRE"),
    ]  # fmt: skip
    for sought in ("王小丽", "wxl", "502"):
        assert sought not in caplog.text


def test_who_may_not_search_is_told_so_and_nothing_else(site):  # noqa: F811
    """By role and by way; a stranger without a token, too."""
    for role in ("R_RESIDENT", "R_STEWARD", "R_PM", "R_PARTNER", "R_DEPUTY", "R_AUDITOR"):
        refused = problem_of(search(site, role, name="王小丽"))
        assert (refused["status"], refused["code"]) == (403, "ROLE_DENIED")
        assert WANG not in str(refused)
    for body in ({"initials": "wxl"}, {"building": "3"}):
        refused = problem_of(search(site, "R_STREET", COMMUNITY[:9], **body))
        assert (refused["status"], refused["field"]) == (403, *body)
    assert site.ask("POST", SEARCH, grants=None, json={"name": "王小丽"}).status_code == 401
    assert problem_of(search(site, name="王小丽", key=False))["status"] == 400


def test_the_door_says_what_is_wrong(site):  # noqa: F811
    for body, field, guard in (
        ({}, "name", None),
        ({"name": "王小丽", "phone": "12812345678"}, "phone", None),
        ({"name": "Wang"}, "name", "BAD_NAME"),
        ({"initials": "王"}, "initials", "BAD_INITIALS"),
        ({"room": "502"}, "building", "BUILDING_NEEDED"),
        ({"surname": "王"}, "surname", None),
    ):
        refused = problem_of(search(site, **body))
        assert (refused["status"], refused["field"], refused["guard"]) == (422, field, guard)
        assert refused["message_zh"] != refused["message_en"]


def test_an_intake_is_told_who_has_the_number_and_others_that_there_is_one(site):  # noqa: F811
    """SP-D15: 409 without the id was a dead end."""
    known = {"reason": "登记身份证号", "id_no": IDS["WANG"]}
    tell(site, "R_CADRE", OTHER_CADRE, f"/v1/steward/people/{WANG}/correct", known, version=1)
    body = {"name": "王小丽", "synthetic": True, "id_no": IDS["WANG"], "grid": GRID}
    answer = tell(site, "R_CADRE", OTHER_CADRE, "/v1/steward/people", body)
    refused = problem_of(answer)
    assert (refused["status"], refused["code"]) == (409, "PERSON_EXISTS")
    assert refused["params"]["person_id"] == WANG
    assert refused["params"]["name"] == "王*丽"
    assert f"王*丽, {WANG}" in refused["message_zh"]
    del body["grid"]
    grants = ({"role": "R_CADRE", "scope": "370811015902"},)
    other = site.ask(
        "POST", "/v1/steward/people", grants=grants, person=OTHER_CADRE, key=True, json=body
    )
    untold = problem_of(other)
    assert untold["code"] == "PERSON_EXISTS"
    assert WANG not in str(untold)
    assert "王" not in str(untold)
