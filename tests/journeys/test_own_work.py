"""`GET /v1/me`: somebody comes in and is told who they are and what waits, also while a service is
down, or says nothing."""

import time
from datetime import timedelta

import anyio
import sqlalchemy as sa

from fivered.chassis.messages import SYSTEM, Call, new_uuid
from fivered.gateway import own_work
from fivered.services.steward.storage.corrections import corrections
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


def test_all_of_what_waits_is_read_in_pages_soonest_first(site):  # noqa: F811
    """`GET /v1/me` tells the first ten and looks at 200 of a list; a desk goes through all."""
    resident = [{"role": "R_RESIDENT", "scope": GRID}]
    asked = site.ask(
        "POST", "/v1/steward/corrections", person=WANG, grants=resident, json={"name": "王小莉"}
    ).json()
    with site.runtimes["steward"].transaction(SYSTEM) as tx:
        row = tx.conn.execute(sa.select(corrections)).one()._asdict()
        more = [
            row | {
                "correction_id": f"cor_{n:03d}", "person_id": f"per_asks_{n}",
                "wanted": None, "decide_by": row["decide_by"] + timedelta(hours=n % 7 - 3000),
            }
            for n in range(230)
        ]  # fmt: skip
        tx.conn.execute(sa.insert(corrections), more)

    def work(**params):
        answer = site.ask("GET", "/v1/me/work", person=CADRE, grants=CADRES, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    first = work(limit=90)
    assert (first["complete"], first["missing"]) == (False, [AWAY])
    counts = {one["kind"]: (one["count"], one["more"]) for one in first["counts"]}
    assert counts["CORRECTION_TO_DECIDE"] == (231, False)
    assert counts["REQUEST_TO_DISPATCH"] == (2, False)
    pages = [first]
    while pages[-1]["next"] is not None:
        pages.append(work(limit=90, cursor=pages[-1]["next"]))
        assert pages[-1]["counts"] == first["counts"]
    things = [one for page in pages for one in page["items"]]
    assert [len(page["items"]) for page in pages[:-1]] == [90] * (len(pages) - 1)
    assert len({(one["kind"], one["id"]) for one in things}) == len(things)
    assert len(things) == sum(count for count, _more in counts.values())
    dues = [one["due"] or "9999" for one in things]
    assert dues == sorted(dues)

    # By kind, by service, by what is due: the copies are overdue, the first is not.
    late = work(overdue=True, kind="CORRECTION_TO_DECIDE", limit=1)
    assert [one["count"] for one in late["counts"]] == [230]
    assert [one["kind"] for one in work(kind="REQUEST_TO_DISPATCH")["counts"]] == [
        "REQUEST_TO_DISPATCH"
    ]
    alone = work(service="steward", due_before=asked["decide_by"], kind="CORRECTION_TO_DECIDE")
    assert (alone["complete"], alone["missing"], alone["counts"][0]["count"]) == (True, [], 230)
    # A cursor is of its filters; a service that nobody has is named.
    for params, status in (
        ({"limit": 90, "overdue": True, "cursor": first["next"]}, 422),
        ({"cursor": "nonsense"}, 422),
        ({"service": "library"}, 404),
        ({"due_before": "tomorrow"}, 422),
    ):
        answer = site.ask("GET", "/v1/me/work", person=CADRE, grants=CADRES, params=params)
        assert answer.status_code == status, answer.text
    assert site.ask("GET", "/v1/me/work", grants=None).status_code == 401
