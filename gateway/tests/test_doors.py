"""Doors: what may be declared, and how a door is served."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import pytest
from msgspec import Meta

from fivered.chassis.fields import Instant
from fivered.chassis.messages import SELF, Actor
from fivered.chassis.refusal import Flawed, RoleDenied
from fivered.chassis.replies import Page, Reply
from fivered.chassis.requests import Request
from fivered.chassis.shapes import Shape
from fivered.gateway.app import doors_of, routed, with_jobs
from fivered.gateway.bodies import whole
from fivered.gateway.doors import ANY, PUBLIC, ROLES, Doors
from fivered.gateway.identity import Grant, Identity, admit
from fivered.gateway.tests.conftest import DISTRICT, RESIDENT, Site, problem_of
from fivered.gateway.tests.toy_routes import AddAmount


class Thing(Reply):
    id: str


def declare(**given):
    rest = {"reply": Thing, "roles": ANY, "summary": "x"} | given
    return Doors("x", tag="x").command(
        rest.pop("verb", "POST"), rest.pop("path", "/a"), "m", **rest
    )


@pytest.mark.covers("REQ-L09")
@pytest.mark.parametrize("roles", [(), None, "", []])
def test_a_door_that_does_not_say_who_may_enter_cannot_be_declared(roles):
    with pytest.raises(TypeError, match="who may enter"):
        declare(roles=roles)


@pytest.mark.parametrize(
    "wrong",
    [
        {"roles": ("R_KING",)},
        {"verb": "GET"},
        {"path": "a"},
        {"path": "/a/{b}/c/{b}"},
        {"status": 418},
        {"summary": ""},
        {"reply": dict},
        {"body": Thing},
        {"path": "/a/{amount}", "body": AddAmount},
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused_at_import(wrong):
    with pytest.raises(TypeError):
        declare(**wrong)


def test_the_same_verb_and_path_cannot_be_declared_twice():
    doors = Doors("x", tag="x")
    doors.query("GET", "/a", "m", reply=Thing, roles=ANY, summary="x")
    with pytest.raises(TypeError, match="twice"):
        doors.query("GET", "/a", "n", reply=Thing, roles=ANY, summary="x")


@pytest.mark.covers("REQ-L09")
def test_every_route_of_the_application_is_a_door_or_a_page_of_the_gateway(site):
    # Deny by default: nothing is served below /v1 that has not said who may enter.
    doors = {(door.verb, door.full_path): door for door in site.app.state.doors}
    own = {
        *(
            "/v1",
            "/v1/health",
            "/v1/clock",
            "/v1/setup",
            "/v1/me",
            "/v1/me/data",
            "/v1/me/work",
            "/v1/events",
        ),
        *("/v1/me/messages", "/v1/me/messages/{service}/{message_id}/read", "/v1/me/messages/read"),
        "/v1/events/stream",
        *("/v1/files", "/v1/files/{address}"),
        *("/v1/files/uploads", "/v1/files/uploads/{file_id}"),
    }
    for route in site.app.routes:
        path = route.path
        if path.startswith("/v1/") and path not in own and not path.endswith("{rest:path}"):
            for verb in route.methods - {"HEAD"}:
                assert doors[verb, path].roles
    for door in doors.values():
        if door.public:
            continue
        path = door.full_path.replace("{counter_id}", "c1").replace("{job_id}", "job_1")
        answer = site.ask(door.verb, path, grants=None)
        assert problem_of(answer)["code"] == "TOKEN_REQUIRED", door
        assert answer.status_code == 401


def test_the_doors_of_every_routes_file_stand_and_name_their_roles():
    for service in routed():
        doors = doors_of(service)
        assert len(doors)
        assert all(door.roles for door in with_jobs(doors))


def test_a_command_answers_with_its_version_its_place_and_the_trace(site):
    answer = site.add()
    assert answer.status_code == 201
    assert answer.json() == {"id": "c1", "state": "ADDED", "version": 1}
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == "/v1/toy/counters/c1"
    assert answer.headers["traceparent"].startswith("00-")
    assert site.ask("GET", "/v1/toy/counters/c1").json() == {"id": "c1", "total": 5}


def test_a_traceparent_that_came_in_goes_on_to_the_service_and_back(site):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = site.add(headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert answer.headers["traceparent"].split("-")[1] == trace
    runtime = site.host.runtimes["toy"]
    with runtime.snapshot(Actor("x", "R_DISTRICT", "")) as tx:
        kept = tx.conn.execute(runtime.chassis.outbox.select()).mappings().first()["traceparent"]
    assert kept == answer.headers["traceparent"]
    broken = site.ask("GET", "/v1", headers={"traceparent": f"00-{'0' * 32}-00f067aa0ba902b7-01"})
    assert broken.headers["traceparent"].split("-")[1] != "0" * 32


def test_the_same_key_gives_the_same_answer_and_one_effect(site):
    first = site.add(key="k-1")
    again = site.add(key='"k-1"')
    assert again.status_code == 201
    assert again.content == first.content
    assert site.ask("GET", "/v1/toy/counters/c1").json()["total"] == 5
    other = site.add(amount=6, key="k-1")
    assert other.status_code == 422
    assert problem_of(other)["code"] == "IDEMPOTENCY_MISMATCH"


def test_a_default_that_is_written_out_is_the_same_request(site):
    site.ask("POST", "/v1/toy/counters", key="k", json={"counter_id": "c1", "amount": 1})
    again = site.ask(
        "POST", "/v1/toy/counters", key="k", json={"counter_id": "c1", "amount": 1, "note": ""}
    )
    assert again.status_code == 201


def test_a_command_without_a_key_or_with_one_that_is_none_is_refused(site):
    assert problem_of(site.add(key=None))["code"] == "KEY_REQUIRED"
    assert site.add(key=None).status_code == 400
    assert problem_of(site.add(key="x" * 201))["code"] == "KEY_UNREADABLE"
    assert problem_of(site.add(key="a b"))["code"] == "KEY_UNREADABLE"


def test_a_transition_needs_the_version_that_was_seen(site):
    site.add()
    path = "/v1/toy/counters/c1/reset"
    missing = site.ask("POST", path)
    assert missing.status_code == 428
    assert problem_of(missing)["code"] == "PRECONDITION_REQUIRED"
    for unreadable in ("three", '"x"', '"1", "x"', '"1",', "-1"):
        answer = site.ask("POST", path, headers={"If-Match": unreadable})
        assert answer.status_code == 400
        assert problem_of(answer)["code"] == "IF_MATCH_UNREADABLE"
    stale = site.ask("POST", path, headers={"If-Match": '"9"'})
    assert stale.status_code == 412
    assert problem_of(stale)["code"] == "VERSION_CONFLICT"
    assert problem_of(stale)["params"]["current"] == "1"
    done = site.ask("POST", path, headers={"If-Match": "1"})
    assert done.status_code == 200
    assert done.headers["etag"] == '"2"'
    assert site.ask("POST", path, headers={"If-Match": done.headers["etag"]}).status_code == 200


class Listed(Reply):
    id: str


def test_a_list_says_where_it_goes_on(host):
    calls = []

    class Answering:
        """A bus that answers a page; what is under test is what the gateway makes of it."""

        async def call(self, service, method, body, **_rest):
            calls.append(body)
            return {"items": [{"id": "a", "total": 1}], "next": "after a"}

        async def state(self):
            return {"bus": "up"}

    site = Site(Answering()).build()
    answer = site.ask("GET", "/v1/toy/counters?limit=1&ids=a,b&ids=c", grants=None)
    assert answer.status_code == 200
    assert answer.headers["link"] == (
        '</v1/toy/counters?limit=1&ids=a%2Cb&ids=c&cursor=after+a>; rel="next"'
    )
    assert calls == [{"limit": 1, "ids": ["a", "b", "c"]}]
    site.ask("GET", "/v1/toy/counters?cursor=x", grants=None)
    assert calls[1] == {"limit": 50, "cursor": "x", "ids": []}
    for wrong in ("limit=0", "limit=201", "limit=x", "page=2", "limit=1&limit=2"):
        refused = site.ask("GET", f"/v1/toy/counters?{wrong}", grants=None)
        assert refused.status_code == 422, wrong
        assert problem_of(refused)["errors"][0]["field"].partition(".")[0] in {"limit", "page"}


def test_a_written_out_segment_goes_before_a_place(host):
    doors = Doors("toy", tag="x")
    doors.query("GET", "/counters/{counter_id}", "total", reply=Thing, roles=ANY, summary="x")
    doors.query("GET", "/counters/all", "_health", reply=Reply, roles=ANY, summary="x")
    site = Site(host).build(extra=(doors,))
    assert site.ask("GET", "/v1/toy/counters/all").json()["service"] == "toy"
    assert site.ask("GET", "/v1/toy/counters/c1").json()["id"] == "c1"


def test_a_place_with_a_type_of_its_own_travels_as_that_type(host):
    class Year(Request, frozen=True):
        counter_id: Annotated[int, Meta(ge=2000)]

    doors = Doors("toy", tag="x")
    doors.query(
        "GET",
        "/years/{counter_id}",
        "total",
        reply=Thing,
        roles=ANY,
        summary="x",
        path_params=Year,
    )
    site = Site(host).build(extra=(doors,))
    assert problem_of(site.ask("GET", "/v1/toy/years/abc"))["field"] == "counter_id"
    # The toy takes text, and says so: the number has arrived as a number.
    assert problem_of(site.ask("GET", "/v1/toy/years/2025"))["code"] == "VALIDATION"


def test_long_work_is_a_job_that_can_be_looked_at_and_stopped(site):
    started = site.ask("POST", "/v1/toy/counts", json={"counter_id": "c", "amount": 3})
    assert started.status_code == 202
    place = started.headers["location"]
    assert place == f"/v1/toy/jobs/{started.json()['id']}"
    card = site.ask("GET", place).json()
    assert card["kind"] == "count"
    assert card["state"] in {"QUEUED", "RUNNING", "DONE"}
    assert site.ask("POST", f"{place}/cancel").status_code == 200
    strange = site.ask("GET", place, grants=[RESIDENT], person="per_2")
    assert strange.status_code == 404


def test_a_method_that_the_service_does_not_know_is_not_found(site):
    answer = site.ask("GET", "/v1/toy/counters", grants=[DISTRICT])
    assert answer.status_code == 404
    assert problem_of(answer)["code"] == "NOT_FOUND"


class Place(Request, frozen=True):
    a: int


def test_a_public_list_type_is_generic_over_its_items():
    listed = Shape.of(Page[Thing])
    assert listed.flaws({"items": [{"id": "a"}], "next": None}) == []
    assert [one.place for one in listed.flaws({"items": [{"id": 1}]})] == [("items", 0, "id")]
    assert PUBLIC == ("PUBLIC",)
    with pytest.raises(Flawed, match="未知字段"):
        whole(Shape.of(Place), b'{"a": 1, "b": 2}')


@pytest.mark.covers("REQ-L09")
def test_no_role_enters_a_door_that_does_not_name_it():
    identities = {
        role: Identity("per_1", (Grant(role, "370811"),)) for role in ROLES | {"R_NOBODY"}
    }
    for service in routed():
        for door in with_jobs(doors_of(service)):
            open_to_all = {"*", "PUBLIC"} & set(door.roles)
            for role, identity in identities.items():
                if door.roles == (SELF,):
                    assert admit(door.roles, identity, None) == Actor("per_1", SELF, "")
                elif open_to_all or role in door.roles:
                    assert admit(door.roles, identity, None).role == role
                else:
                    with pytest.raises(RoleDenied):
                        admit(door.roles, identity, None)


class Item(Request, frozen=True):
    at: Instant


class Order(Request, frozen=True):
    at: Instant
    day: date
    items: tuple[Item, ...] = ()
    note: str | None = None
    limit: int = 3
    gone: str | None = None


def test_what_travels_is_plain_json_and_a_time_without_a_zone_is_local():
    found = whole(
        Shape.of(Order),
        b'{"at":"2025-01-15T09:00:00","day":"2025-01-16","gone":null,'
        b'"items":[{"at":"2025-01-15T01:00:00Z"}]}',
    )
    assert found == {
        "at": "2025-01-15T09:00:00+08:00",
        "day": "2025-01-16",
        "items": [{"at": "2025-01-15T01:00:00Z"}],
        "limit": 3,
        "gone": None,
    }
