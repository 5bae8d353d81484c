"""What the gateway answers itself: index, health, clock, liveness, the OpenAPI document."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from fivered.chassis import LICENCE, __version__
from fivered.chassis.rpc import ServiceUnavailable
from fivered.gateway.app import doors_of, routed
from fivered.gateway.openapi import Document
from fivered.gateway.tests.conftest import RESIDENT, Site, problem_of

pytestmark = pytest.mark.slow


@pytest.mark.covers("N25")
def test_the_index_lists_what_is_installed_and_declares_what_is_missing(host):
    site = Site(host).build(services=("toy", "ghost"))
    found = site.ask("GET", "/v1", grants=None).json()
    assert found["version"] == __version__
    assert [service["name"] for service in found["services"]] == ["toy"]
    missing = {entry["name"]: entry["why"] for entry in found["missing"]}
    assert missing == {"ghost": "no contract"} | dict.fromkeys(routed(), "not installed")
    # It belongs to this installation and has not said its doors; the others do not.
    answer = site.ask("GET", "/v1/ghost/anything")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert problem_of(answer)["params"] == {"service": "ghost"}
    answer = site.ask("GET", f"/v1/{routed()[0]}/anything")
    assert answer.status_code == 404
    assert problem_of(answer)["code"] == "CAPABILITY_MISSING"
    assert problem_of(answer)["params"] == {"service": routed()[0]}


def test_health_is_degraded_while_events_are_parked(host):
    """OP 2.6: `UP` with two parked events and four late timers."""
    site = Site(host).build()
    runtime = host.runtimes["toy"]
    with runtime.engine.begin() as conn:
        conn.execute(
            runtime.chassis.parked.insert().values(
                handler="on_toy", source="toy", partition=0, reason="UNREADABLE", error="no event",
                attempts=1, body=b"{", parked_at=datetime.now(UTC), state="PARKED",
            )
        )  # fmt: skip
    found = site.ask("GET", "/v1/health", grants=None).json()
    assert found["state"] == "DEGRADED"
    assert found["services"]["toy"]["state"] == "DEGRADED"
    assert found["services"]["toy"]["parked"] == 1


def test_health_asks_every_service_and_tells_the_truth(host):
    site = Site(host).build()
    found = site.ask("GET", "/v1/health", grants=None).json()
    assert found["state"] == "UP"
    assert found["bus"] == {"bus": "up"}
    assert found["services"]["toy"]["state"] == "UP"
    assert found["services"]["toy"]["parked"] == 0
    gone = Site(host).build(services=("toy", "gone"), extra=(*_with("gone"), *_with("toy")))
    found = gone.ask("GET", "/v1/health", grants=None).json()
    assert found["state"] == "DEGRADED"
    assert found["services"]["gone"]["state"] == "DOWN"
    assert found["services"]["gone"]["code"] == "SERVICE_UNAVAILABLE"


def _with(name):
    from fivered.chassis.replies import Reply
    from fivered.gateway.doors import ANY, Doors

    doors = Doors(name, tag=name)
    doors.query("GET", "/x", "_health", reply=Reply, roles=ANY, summary="x")
    return (doors,)


def test_liveness_is_the_process_and_readiness_is_the_bus(host):
    site = Site(host).build()
    assert site.ask("GET", "/live", grants=None).json() == {"state": "LIVE"}
    assert site.ask("GET", "/ready", grants=None).json() == {"state": "READY", "bus": "up"}
    host.writers["toy"].stop()
    host.writers["toy"].join(10)
    answer = site.ask("GET", "/ready", grants=None)
    assert answer.status_code == 503
    assert answer.json()["bus"] == "down"
    assert site.ask("GET", "/live", grants=None).status_code == 200


def test_readiness_says_that_the_calendar_ends_soon(host):
    """B10: with three days left only the health told it."""
    site = Site(host).build()
    move = {"now": "2026-12-28T09:00:00"}
    assert site.ask("POST", "/v1/clock", json=move, grants=[RESIDENT]).status_code == 200
    answer = site.ask("GET", "/ready", grants=None)
    outlook = {"until": "2026-12-31", "days_left": 3, "ends_soon": True}
    assert answer.status_code == 200
    assert answer.json() == {"state": "READY", "bus": "up", "calendar": outlook}
    # Whose health cannot be asked takes nothing from the others.
    alone = Site(host).build(services=("gone", "toy"), extra=(*_with("gone"), *_with("toy")))
    assert alone.ask("GET", "/ready", grants=None).json()["calendar"] == outlook


def test_the_demonstration_clock_moves_in_every_service_and_only_forward(site):
    before = site.ask("GET", "/v1/clock", grants=None).json()
    assert before["demo"] is True
    assert before["now"].startswith("2025-01-02T01:00")
    move = {"now": "2025-02-05T00:10:00"}
    answer = site.ask("POST", "/v1/clock", json=move, grants=[RESIDENT], key="k")
    assert answer.status_code == 200
    assert answer.json()["complete"] is True
    assert answer.json()["services"]["toy"]["state"] == "SET"
    assert site.ask("POST", "/v1/clock", json=move, grants=[RESIDENT], key="k").status_code == 200
    now = site.ask("GET", "/v1/clock", grants=None).json()["now"]
    assert now.startswith("2025-02-04T16:10")
    back = site.ask("POST", "/v1/clock", json={"now": "2025-01-05T00:10:00"})
    assert back.status_code == 422
    assert problem_of(back)["code"] == "CLOCK_BACKWARDS"
    assert site.ask("POST", "/v1/clock", json=move, grants=None).status_code == 401
    assert site.ask("POST", "/v1/clock", json=move, key=None).status_code == 400
    assert site.ask("POST", "/v1/clock", json={"now": "soon"}).status_code == 422


def test_a_service_that_missed_the_clock_is_named_and_catches_up_with_the_same_key(host):
    class Stopped:
        """The real host, with one service that is not reached for a while."""

        stopped = True

        async def call(self, service, *args, **rest):
            if service == "gone":
                if self.stopped:
                    raise ServiceUnavailable(service)
                return {"now": "2025-02-04T16:10:00+00:00"}
            return await host.call(service, *args, **rest)

        async def state(self):
            return await host.state()

    bus = Stopped()
    site = Site(bus).build(services=("toy", "gone"), extra=(*_with("gone"), *_with("toy")))
    move = {"now": "2025-02-05T00:10:00"}
    first = site.ask("POST", "/v1/clock", json=move, key="k").json()
    assert first["complete"] is False
    assert first["services"]["gone"]["state"] == "MISSED"
    bus.stopped = False
    assert site.ask("POST", "/v1/clock", json=move, key="k").json()["complete"] is True


def test_there_is_no_clock_command_outside_of_a_demonstration(host):
    site = Site(host).build(demo_clock=False)
    answer = site.ask("POST", "/v1/clock", json={"now": "2025-02-05T00:10:00"})
    assert answer.status_code == 405
    assert site.ask("GET", "/v1/clock").json()["demo"] is False
    assert "post" not in site.ask("GET", "/openapi.json").json()["paths"]["/v1/clock"]


def test_the_openapi_document_is_valid_and_says_what_a_door_needs(site):
    answer = site.ask("GET", "/openapi.json", grants=None)
    assert answer.headers["content-type"] == "application/json"
    found = answer.json()
    assert found["openapi"] == "3.1.0"
    assert found["info"]["version"] == __version__
    assert found["info"]["license"]["identifier"] == LICENCE["identifier"]
    assert "运行单位" in found["info"]["contact"]["name"]
    OpenAPIV31SpecValidator(found).validate()
    add = found["paths"]["/v1/toy/counters"]["post"]
    assert add["x-roles"] == ["R_DISTRICT"]
    assert add["security"] == [{"bearer": []}]
    assert set(add["responses"]) >= {"201", "400", "401", "403", "404", "409", "422", "503"}
    content = add["requestBody"]["content"]["application/json"]
    assert content["example"] == {"counter_id": "c1", "amount": 5}
    assert content["schema"] == {"$ref": "#/components/schemas/AddAmount"}
    assert found["components"]["schemas"]["AddAmount"]["additionalProperties"] is False
    names = [p.get("$ref", p.get("name")) for p in add["parameters"]]
    assert "#/components/parameters/IdempotencyKey" in names
    reset = found["paths"]["/v1/toy/counters/{counter_id}/reset"]["post"]
    assert set(reset["responses"]) >= {"412", "428"}
    listed = found["paths"]["/v1/toy/counters"]["get"]
    assert listed["security"] == [{}, {"bearer": []}]
    limit = next(p for p in listed["parameters"] if p.get("name") == "limit")
    assert limit["schema"]["maximum"] == 200
    operations = [op for path in found["paths"].values() for op in path.values()]
    ids = [op["operationId"] for op in operations]
    assert len(ids) == len(set(ids))


def described(host, *services):
    found = Site(host).build(services=services, extra=()).app.state.document.build()
    return json.loads(json.dumps(found))


def test_the_openapi_document_of_every_routes_file_is_valid(host):
    document = described(host, *routed())
    OpenAPIV31SpecValidator(document).validate()
    # Names of which generators of code can make names.
    assert [one for one in document["components"]["schemas"] if not one.isalnum()] == []


REFERENCE = re.compile(r'("#/components/[a-z]+/)([^"]+)"', re.IGNORECASE)


def unnamed(part):
    """A part of a document without the names it refers to: those differ by who else is there."""
    titled = re.sub(r'"title": "\w+"', '"title": ""', json.dumps(part))
    return json.loads(REFERENCE.sub(r'\1"', titled))


def test_the_openapi_document_of_fewer_services_is_made_of_parts_of_that_of_all(host):
    """So that of any of them is valid where that of all is: its parts are, and all are there."""
    everything = described(host, *routed())
    paths = unnamed(everything["paths"])
    known = {kind: list(unnamed(of).values()) for kind, of in everything["components"].items()}
    for services in (*((one,) for one in routed()), routed()[:-1]):
        alone = described(host, *services)
        assert any(f"/{services[0]}/" in path for path in alone["paths"])
        assert unnamed(alone["paths"]) == {path: paths[path] for path in alone["paths"]}
        for kind, of in unnamed(alone["components"]).items():
            assert [name for name, part in of.items() if part not in known[kind]] == [], kind
        there = {
            f'"#/components/{kind}/{name}"'
            for kind, of in alone["components"].items()
            for name in of
        }
        assert {found[0] for found in REFERENCE.finditer(json.dumps(alone))} <= there
        # What it says of itself names what is installed.
        of_its_own = {"paths", "components", "tags", "info"}
        assert {name: alone[name] for name in alone.keys() - of_its_own} == {
            name: everything[name] for name in everything.keys() - of_its_own
        }
        assert alone["info"].keys() == everything["info"].keys()


@pytest.mark.parametrize("verb", ["GET", "HEAD"])
def test_the_framework_has_left_no_page_of_its_own(site, verb):
    for path in ("/redoc", "/docs/oauth2-redirect"):
        assert site.ask(verb, path, grants=None).status_code in {404, 405}


def test_every_example_of_the_reference_is_one_that_the_door_takes():
    for service in routed():
        doors = doors_of(service)
        document = Document(title="x", version="1", doors=list(doors), demo=False).build()
        for door in doors:
            if door.body is None:
                continue
            operation = document["paths"][door.full_path][door.verb.lower()]
            (sent,) = operation["requestBody"]["content"].values()
            example = sent["example"]
            assert door.body.flaws(example) == [], door.full_path


@pytest.mark.parametrize(
    ("said", "member"),
    [
        ("https://five.example.org/help", {"url": "https://five.example.org/help"}),
        ("mailto:help@five.example.org", {"email": "help@five.example.org"}),
        ("help@five.example.org", {"email": "help@five.example.org"}),
        ("任城区 59 社区", {"name": "任城区 59 社区"}),
    ],
)
def test_the_document_says_who_answers_for_the_installation(host, said, member):
    site = Site(host).build(contact=said)
    found = site.ask("GET", "/openapi.json", grants=None).json()
    OpenAPIV31SpecValidator(found).validate()
    assert member.items() <= found["info"]["contact"].items()
    assert found["info"]["contact"]["name"]


def test_a_file_of_any_kind_is_declared_as_that():
    """An export is CSV or a workbook; the reference said octets, which it never is."""
    document = Document(title="x", version="1", doors=list(doors_of("credit")), demo=False).build()
    answers = document["paths"]["/v1/credit/exports/{export_id}/file"]["get"]["responses"]
    assert set(answers["200"]["content"]) == {"*/*"}


def test_the_reference_declares_each_status_that_a_door_says_it_may_answer():
    """A fund's budget is raised with If-Match; the reference named neither the header nor 428."""
    for service in routed():
        doors = list(doors_of(service))
        paths = Document(title="x", version="1", doors=doors, demo=False).build()["paths"]
        for door in doors:
            answers = paths[door.full_path][door.verb.lower()]["responses"]
            assert {str(one.status) for one in door.refusals} <= set(answers), door.full_path
    funds = Document(title="x", version="1", doors=list(doors_of("partner")), demo=False).build()
    asked = funds["paths"]["/v1/partner/funds"]["post"]["parameters"]
    assert {"$ref": "#/components/parameters/IfMatchWhereItExists"} in asked
    assert not funds["components"]["parameters"]["IfMatchWhereItExists"]["required"]


def test_the_document_has_no_example_that_breaks_its_schema_and_no_part_that_nobody_uses(host):
    """ECOSYSTEM 1: linters found 924 examples whose `type` was no "uri", an example of a clock
    without its zone, and six components to which nothing refers."""
    document = Site(host).build(services=routed()).app.state.document.build()
    components, whole = document["components"], json.dumps(document)
    problem = components["responses"]["Problem404"]["content"]["application/problem+json"]
    bodies = [
        operation["requestBody"]["content"]["application/json"]
        for path in document["paths"].values()
        for operation in path.values()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    ]
    for media in (problem, *bodies):
        checked = Draft202012Validator(
            {**media["schema"], "components": components},
            format_checker=Draft202012Validator.FORMAT_CHECKER,
        )
        assert [one.message for one in checked.iter_errors(media["example"])] == []
    # "/problems/CODE" stands on the address of the system.
    assert components["schemas"]["Problem"]["properties"]["type"]["format"] == "uri-reference"
    for kind in ("schemas", "responses", "headers", "parameters"):
        assert [
            name for name in components[kind] if f"#/components/{kind}/{name}" not in whole
        ] == []
    told = document["paths"]["/v1/events"]["get"]["responses"]
    for answer in (told["200"], components["responses"]["Problem429"]):
        assert {"RateLimit", "RateLimit-Policy"} <= set(answer["headers"])


def test_the_document_has_what_generators_of_clients_trip_over_nowhere(host):
    """ECOSYSTEM: two models of one title lost seven calls, and a default of null made 370 members
    required for TypeScript."""
    document = Site(host).build(services=routed()).app.state.document.build()
    schemas = document["components"]["schemas"]
    titles = [one["title"] for one in schemas.values() if "title" in one]
    assert len(titles) == len(set(titles))
    assert '"default": null' not in json.dumps(document)
    calls = [call["operationId"] for path in document["paths"].values() for call in path.values()]
    assert len(calls) == len(set(calls))


def test_an_answer_that_may_be_asked_for_in_another_form_is_declared_in_both(site):
    """`GET /v1/me/data?format=csv` is a zip: make fuzz found that the document did not say so."""
    operation = site.ask("GET", "/openapi.json", grants=None).json()["paths"]["/v1/me/data"]["get"]
    assert set(operation["responses"]["200"]["content"]) == {"application/json", "application/zip"}
