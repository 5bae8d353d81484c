"""The gateway and the service know the same closed set of what a list may be filtered by."""

from typing import Annotated, Literal, get_args, get_origin

import pytest

from fivered.chassis import marks
from fivered.chassis.bus import entries
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.refusal import Invalid
from fivered.chassis.runtime import Runtime
from fivered.chassis.settings import ProcessSettings
from fivered.chassis.shapes import Shape
from fivered.gateway.app import doors_of
from fivered.services.forum import rules as forum
from testkit.bench import environment


def closed(hint):
    """Return the texts of every Literal in a type."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {one for one in parts if isinstance(one, str)}
    if origin is Annotated:
        return closed(parts[0])
    return {one for part in parts for one in closed(part)}


def words_of(schema):
    """Return the texts to which a member's schema restricts it, if it does."""
    parts = [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else [])]
    words = {one for one in schema.get("enum", ()) if isinstance(one, str)}
    return words | {one for part in parts for one in words_of(part)}


def filters(service):
    """Yield (path, name, what the door takes, what the service takes) of each query parameter."""
    known = entries(service_class(service))
    for door in doors_of(service):
        if door.kind != "query" or door.params is None:
            continue
        body = dict(marks.members(known[door.method].body_type))
        for name, schema in door.params.members.items():
            yield f"{door.full_path} {name}", words_of(schema), closed(body[name])


@pytest.mark.parametrize("service", service_names())
def test_door_and_service_filter_by_the_same_words(service):
    """GET /v1/credit/awards could not be asked for the repaired ones."""
    differ = {one: (door, inner) for one, door, inner in filters(service) if door != inner}
    assert differ == {}


def test_filters_are_closed_sets_at_all():
    """Or the comparison above would compare nothing."""
    closed_ones = {name for name in service_names() for *_, inner in filters(name) if inner}
    assert closed_ones


def test_a_topic_is_asked_for_by_every_state_that_has_a_step():
    assert set(get_args(forum.TopicState)) == set(forum.STEP_OF_STATE)


@pytest.mark.parametrize(
    ("service", "method", "body", "place", "known"),
    [
        ("property", "hold_meeting", {"decisions": [{"kind": "x"}]}, "decisions.0.kind", True),
        ("property", "hold_meeting", {"decisions": [{"text": 5}]}, "decisions.0.text", False),
        ("steward", "transfer_request", {"duty": "x"}, "duty", True),
    ],
)
def test_what_may_stand_at_a_place_is_found_through_lists_and_unions(
    service, method, body, place, known
):
    shape = Shape.of(entries(service_class(service))[method].body_type)
    said = {one.field: one.params for one in shape.refused(shape.flaws(body)).parts}
    assert bool(said[place].get("known")) is known


@pytest.mark.parametrize(
    ("service", "method", "name"),
    [
        ("credit", "commendations", "state"),
        ("forum", "topic_wall", "state"),
        ("forum", "task_ledger", "state"),
        ("partner", "partners", "state"),
        ("partner", "redemptions", "state"),
        ("partner", "statements", "state"),
        ("property", "rectifications", "state"),
        ("property", "overdue_rectifications", "state"),
        ("property", "works", "state"),
        ("property", "disclosures", "state"),
    ],
)
def test_a_service_says_itself_what_may_stand_there(service, method, name, opened):
    """Behind the gateway, and for what comes in another way."""
    with pytest.raises(Invalid) as refused:
        opened(service).read_body(method, {name: "OPNE"})
    assert refused.value.field == name
    known = dict(marks.members(entries(service_class(service))[method].body_type))[name]
    for word in closed(known):
        assert word in str(refused.value.params["reason"])


@pytest.fixture
def opened(tmp_path):
    """Open a service without its tables."""

    def one(service):
        url = f"sqlite:///{tmp_path}/{service}.sqlite"
        given = environment(ProcessSettings, service_class(service).settings_type)
        return Runtime.open(service_class(service), url, environ=given)

    return one
