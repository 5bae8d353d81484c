"""OpenAPI's links lead from an answer to the doors that take its ids; a caller can follow each."""

import pytest

from fivered.chassis import api
from fivered.chassis.settings import Secret
from fivered.gateway.app import create, routed
from fivered.gateway.settings import GatewaySettings

SCHEMAS = "#/components/schemas/"


@pytest.fixture(scope="module")
def document():
    settings = GatewaySettings(token_key=Secret("k" * 40), demo_clock=True)
    return create(None, settings=settings, services=routed()).state.document.build()


def operations(document):
    for path, verbs in document["paths"].items():
        for verb, operation in verbs.items():
            yield f"{verb.upper()} {path}", path, operation


def linked(document):
    """Yield each link: whose answer, the answer, its name and the link itself."""
    for label, _path, operation in operations(document):
        for answer in operation["responses"].values():
            for name, ref in answer.get("links", {}).items():
                key = ref["$ref"].removeprefix("#/components/links/")
                yield label, answer, name, document["components"]["links"][key]


def test_each_link_fills_the_address_of_a_door_from_what_the_answer_has(document):
    targets = {one["operationId"]: (path, one) for _label, path, one in operations(document)}
    schemas = document["components"]["schemas"]
    seen = 0
    for label, answer, name, link in linked(document):
        path, target = targets[link["operationId"]]
        assert name == link["operationId"]
        given = dict(link["parameters"])
        if "If-Match" in given:
            assert given.pop("If-Match") == "$response.header.ETag"
            assert {"$ref": "#/components/parameters/IfMatch"} in target["parameters"], label
        assert {f"{{{place}}}" for place in given} == {
            part for part in path.split("/") if part.startswith("{")
        }, f"{label} -> {name}"
        for where in given.values():
            schema = answer["content"]["application/json"]["schema"]
            for part in where.removeprefix("$response.body#/").split("/"):
                whole = api.resolved(schema, schemas)
                schema = whole["items"] if part == "0" else whole["properties"][part]
        seen += 1
    assert seen > 500


def test_what_is_made_leads_to_all_that_can_be_done_with_it_at_the_version_it_has(document):
    links = {(label, name): link for label, _answer, name, link in linked(document)}
    assert links["POST /v1/steward/requests", "steward_request"]["parameters"] == {
        "request_id": "$response.body#/id"
    }
    assert links["POST /v1/steward/requests", "steward_dispatch_request"]["parameters"] == {
        "request_id": "$response.body#/id",
        "If-Match": "$response.header.ETag",
    }
    assert links["GET /v1/partner/redemptions", "partner_redemption"]["parameters"] == {
        "redemption_id": "$response.body#/items/0/id"
    }
    assert links["POST /v1/credit/settlements/draft", "credit_job"]["parameters"] == {
        "job_id": "$response.body#/job_id"
    }


def test_the_kind_of_a_thing_is_not_taken_for_a_place(document):
    """A member `kind` or `code` is often no address: only ids lead somewhere."""
    for label, _answer, name, link in linked(document):
        if label != "POST /v1/steward/areas" and not label.startswith("GET"):
            assert not {"kind", "code"} & set(link["parameters"]), f"{label} -> {name}"
