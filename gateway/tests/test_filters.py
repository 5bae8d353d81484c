"""A filter that is misspelt is refused; an empty list would say that there is nothing."""

import functools
from typing import Any

import pytest

from fivered.gateway.app import doors_of, routed
from fivered.gateway.openapi import Document
from fivered.gateway.tests.conftest import Site, problem_of

# What a text that is asked for may be beside one of a closed set, by the parameter's name.
OPEN = {
    "kind": "of a leaderboard: persons are refused there by a reason of their own",
    "cursor": "the `next` of the page before",
    "ids": "ids of persons",
    "root": "an area's code",
    "since": "a rule set's id or code",
    "subject": "a subject's id",
    "target": "an area's code or a household's id",
    "uscc": "a unified social credit code",
    "number": "the number of a request, as its caller says it",
    "phone": "a person's number",
    "id_no": "a person's number",
    "found_good_by": "a person's id",
    "place_code": "a registered place's code",
    "building": "what a building is called there",
    "compound": "a compound's name or code",
    "parent": "a place's id",
    "name": "what something is called, or the beginning of it",
    "q": "a part of what something is called",
    "rule": "a rule's code in some rule set",
    "category": "a topic's, as the street calls it",
    "external_ref": "a number that another system has given",
    "unit": "what a unit of a building is called there",
}


def texts_of(schema: dict[str, Any]):
    """Yield the schemas of a parameter that take a text."""
    for part in schema.get("anyOf", [schema]):
        if part.get("type") == "array":
            yield from texts_of(part["items"])
        elif part.get("type") == "string":
            yield part


def asked(service):
    """Yield (path, parameter) of each query parameter of a service's document."""
    doors = list(doors_of(service))
    paths = Document(title="x", version="1", doors=doors, demo=False).build()["paths"]
    for path, operations in paths.items():
        for parameter in operations.get("get", {}).get("parameters", ()):
            if parameter.get("in") == "query":
                yield path, parameter


@functools.cache
def closed():
    """Return (path, name, what may stand there) of each parameter with a closed set."""
    return [
        (path, parameter["name"], part["enum"] if "enum" in part else [part["const"]])
        for service in routed()
        for path, parameter in asked(service)
        for part in texts_of(parameter["schema"])
        if {"enum", "const"} & set(part)
    ]


@pytest.mark.parametrize("service", routed())
def test_a_text_that_is_asked_for_is_one_of_a_closed_set_or_says_what_else_it_is(service):
    """State, kind and level of eleven doors took any text."""
    silent = [
        f"{path} {parameter['name']}"
        for path, parameter in asked(service)
        for part in texts_of(parameter["schema"])
        if not {"enum", "const", "pattern", "format"} & set(part)
        if parameter["name"] not in OPEN and not parameter["name"].endswith("_id")
    ]
    assert silent == [], "a Literal, or a line in OPEN that says why it is none"


TOOK_ANY_TEXT = {
    *(
        (f"/v1/{path}", "state")
        for path in (
            "credit/commendations",
            "forum/topics",
            "forum/tasks",
            "partner/partners",
            "partner/redemptions",
            "partner/statements",
            "property/rectifications",
            "property/overdue-rectifications",
            "property/works",
            "property/disclosures",
        )
    ),
}


# What stands in an address in place of 370811, where that is none.
PLACES = {"grid": "370811015901001"}


def test_a_misspelt_filter_is_refused_with_what_may_stand_there(host):
    """GET /v1/forum/topics?state=ADOPTD answered an empty list."""
    site = Site(host).build(services=routed(), extra=())
    doors = {door.full_path: door for name in routed() for door in doors_of(name)
             if door.verb == "GET"}  # fmt: skip
    assert {(path, name) for path, name, _known in closed()} >= TOOK_ANY_TEXT
    for path, name, known in closed():
        door = doors[path]
        role = "R_DISTRICT" if door.public or "*" in door.roles else door.roles[0]
        where = path
        for place in door.places:
            where = where.replace(f"{{{place}}}", PLACES.get(place, "370811"))
        answer = site.ask(
            "GET", f"{where}?{name}={known[0]}X", grants=[{"role": role, "scope": "370811"}]
        )
        assert answer.status_code == 422, (path, name, answer.text)
        found = problem_of(answer)
        assert found["code"] == "VALIDATION"
        wrong = {one["field"].partition(".")[0]: one for one in found.get("errors", [found])}
        for text in known:
            assert text in wrong[name]["message_zh"], (path, name)
            assert text in wrong[name]["message_en"], (path, name)
