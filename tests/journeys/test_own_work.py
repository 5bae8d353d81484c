"""`GET /v1/me`: somebody comes in and is told who they are and what waits, also while a service is
down, or says nothing."""

import time

import anyio

from fivered.chassis.messages import SYSTEM, Call, new_uuid
from fivered.gateway import own_work
from fivered.services.steward.tests.ground import COMMUNITY, GRID, WANG
from tests.journeys.test_own_data import AWAY, site  # noqa: F401

CADRE = "per_cadre"
CADRES = [{"role": "R_CADRE", "scope": COMMUNITY}]


def me(site, who, grants):  # noqa: F811
    answer = site.ask("GET", "/v1/me", person=who, grants=grants)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def test_what_waits_is_told_while_a_service_is_down_and_gone_when_it_is_done(site):  # noqa: F811
    told = me(site, CADRE, CADRES)
    assert (told["person_id"], told["complete"], told["login"]) == (CADRE, True, None)
    assert told["grants"] == [{"role": "R_CADRE", "scope": COMMUNITY, "acts": True, "sources": []}]
    assert (told["waiting"]["complete"], told["waiting"]["missing"]) == (False, [AWAY])
    before = {one["kind"]: one["count"] for one in told["waiting"]["counts"]}

    wanted = site.ask(
        "POST", "/v1/steward/corrections", person=WANG, grants=[{"role": "R_RESIDENT", "scope": GRID}],
        json={"name": "王小莉"},
    )  # fmt: skip
    assert wanted.status_code == 201, wanted.text
    told = me(site, CADRE, CADRES)["waiting"]
    counts = {one["kind"]: one["count"] for one in told["counts"]}
    assert counts == before | {"CORRECTION_TO_DECIDE": 1}
    (thing,) = [one for one in told["first"] if one["kind"] == "CORRECTION_TO_DECIDE"]
    assert (thing["service"], thing["id"]) == ("steward", wanted.json()["id"])
    assert thing["due"] == wanted.json()["decide_by"]
    assert told["first"] == sorted(told["first"], key=lambda one: one["due"] or "9999")
    # Nobody else is told: neither its person nor who acts elsewhere.
    for who, grants in (
        (WANG, CADRES),
        (CADRE, [{"role": "R_CADRE", "scope": "370811015902"}]),
        (CADRE, [{"role": "R_PM", "scope": COMMUNITY}]),
    ):
        found = me(site, who, grants)["waiting"]["counts"]
        assert "CORRECTION_TO_DECIDE" not in {one["kind"] for one in found}

    # It is done by the address that was told.
    verb, path = thing["act"].split()
    answer = site.ask(
        verb, path, person=CADRE, grants=CADRES, json={"approved": True},
        headers={"If-Match": f'"{thing["version"]}"'},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    found = me(site, CADRE, CADRES)["waiting"]["counts"]
    assert {one["kind"]: one["count"] for one in found} == before
    assert site.ask("GET", "/v1/me", grants=None).status_code == 401


def test_a_service_that_thinks_too_long_holds_nobody_up(site, monkeypatch):  # noqa: F811
    call, slow = site.host.call, {"credit", "identity"}

    async def thinking(service, method, *args, **more):
        if service in slow:
            await anyio.sleep(30)
        return await call(service, method, *args, **more)

    monkeypatch.setattr(site.host, "call", thinking)
    begun = time.monotonic()
    told = me(site, CADRE, CADRES)
    assert time.monotonic() - begun < own_work.WITHIN_S + 10
    # A machine that is busy may keep another one from answering in time, too.
    assert {AWAY, *slow} <= set(told["waiting"]["missing"])
    # What the token says, without where it comes from.
    assert told["complete"] is False
    assert [(one["role"], one["sources"]) for one in told["grants"]] == [("R_CADRE", [])]


def test_rights_are_told_with_what_they_follow_from(site):  # noqa: F811
    made = site.runtimes["identity"]

    def called(method, body):
        return made.call(Call(method, body, SYSTEM, new_uuid()))

    person = called("_first_day", {"login": "zhou", "district": "370811"})["person_id"]
    told = me(site, person, CADRES)
    assert (told["login"], told["second_factor"]) == ("zhou", "NEEDED")
    rights = {one["role"]: one for one in told["grants"]}
    assert (rights["R_CADRE"]["acts"], rights["R_CADRE"]["sources"]) == (True, [])
    assert rights["R_DISTRICT"]["acts"] is False
    (source,) = rights["R_DISTRICT"]["sources"]
    assert (source["source"], source["to_at"]) == ("FIRST_DAY", None)
