"""What the units promise each other: facts, calls and doors."""

import json

import jsonschema
import msgspec
import pytest

from fivered.chassis import contracts
from fivered.chassis.bus import Command, Query, entries
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.schemas import schema_of
from fivered.gateway.app import doors_of
from tests.architecture.imports import ROOT

SERVICES = service_names()
CLASSES = {name: service_class(name) for name in SERVICES}


def events_of(name):
    folder = contracts.folder_of(CLASSES[name]) / "events"
    return {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}


def readers_of(cls):
    return [
        reader
        for entry in entries(cls).values()
        if entry.kind == "subscribe"
        for reader in entry.door.readers
    ]


PUBLISHED = {name: events_of(name) for name in SERVICES}
ALL_READERS = [(name, reader) for name in SERVICES for reader in readers_of(CLASSES[name])]
# A service may be missing from a checkout; what is heard of it cannot be compared then.
READERS = [(name, reader) for name, reader in ALL_READERS if reader.SOURCE in PUBLISHED]
COMPLETE = READERS == ALL_READERS and {"gateway"} <= {p.name for p in ROOT.iterdir()}


@pytest.mark.parametrize("name", SERVICES)
def test_the_contract_files_are_what_the_code_does(name):
    assert contracts.check(CLASSES[name]).problems == []


@pytest.mark.parametrize("name", SERVICES)
def test_every_example_fits_its_schema_and_names_no_person(name):
    for fact, contract in PUBLISHED[name].items():
        for example in contract["examples"]:
            jsonschema.validate(example, contract["schema"])
            text = json.dumps(example, ensure_ascii=False)
            for word in ('"name"', '"phone"', '"id_no"'):
                # Places and organisations have names; people never do.
                assert word not in text or fact.startswith(("area_defined", "place_defined")), fact


@pytest.mark.parametrize(
    ("name", "reader"), READERS, ids=[f"{n}-hears-{r.SOURCE}.{r.FACT}" for n, r in READERS]
)
def test_every_reader_reads_every_published_example(name, reader):
    published = PUBLISHED[reader.SOURCE]
    assert reader.FACT in published, f"{reader.SOURCE} does not say {reader.FACT}"
    decoder = msgspec.json.Decoder(reader)
    for example in published[reader.FACT]["examples"]:
        decoder.decode(msgspec.json.encode(example | {"a_field_of_tomorrow": 1}))


@pytest.mark.parametrize("name", SERVICES)
def test_what_nobody_hears_is_a_public_promise(name):
    heard = {(reader.SOURCE, reader.FACT) for _, reader in READERS}
    for fact, contract in PUBLISHED[name].items():
        assert contract["visibility"] == "public" or (name, fact) in heard or not COMPLETE, (
            f"{name}.{fact} is internal and nobody hears it: keep it as a history row"
        )


def calls_of(service_cls):
    """Return what the commands and queries of a service take, by method."""
    found = {}
    for method, entry in sorted(entries(service_cls).items()):
        if not isinstance(entry.door, Command | Query):
            continue
        found[method] = {
            "kind": entry.kind,
            "roles": sorted(entry.door.roles),
            "if_match": entry.door.if_match,
            "request": schema_of(entry.body_type),
        }
    return found


@pytest.mark.parametrize("name", SERVICES)
def test_every_door_of_the_gateway_leads_to_a_method_with_the_same_roles_and_body(name):
    calls = calls_of(CLASSES[name])
    for door in doors_of(name):
        assert door.method in calls, f"{door.full_path} leads to no method {door.method}"
        call = calls[door.method]
        assert call["kind"] == door.kind, door.full_path
        assert set(call["roles"]) == set(door.roles), door.full_path
        assert call["if_match"] == door.if_match, door.full_path
        given = set(door.places)
        for shape in (door.body, door.params):
            given |= set(shape.members) if shape else set()
        taken = set(call["request"].get("properties", {}))
        assert given <= taken, f"{door.full_path} sends {sorted(given - taken)}"
        missing = set(call["request"].get("required", [])) - given
        assert not missing, f"{door.full_path} does not send {sorted(missing)}"


@pytest.mark.parametrize("name", SERVICES)
def test_every_method_has_a_door(name):
    doors = {door.method for door in doors_of(name)}
    own = {method for method in calls_of(CLASSES[name]) if method[0] != "_"}
    # People's names are composed by the gateway itself.
    assert own - doors <= {"people_cards"}


def test_a_changed_promise_is_noticed():
    old = {"properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "required": ["a"]}
    assert contracts.broken_promises(old, old) == []
    wider = {
        "properties": old["properties"] | {"c": {"type": "string", "default": ""}},
        "required": ["a"],
    }
    assert contracts.broken_promises(old, wider) == []
    gone = {"properties": {"a": {"type": "string"}}, "required": ["a"]}
    (lost,) = contracts.broken_promises(old, gone)
    assert lost.startswith("field 'b' was released and is gone: ")
    stricter = {"properties": old["properties"], "required": ["a", "b"]}
    assert "required now" in contracts.broken_promises(old, stricter)[0]
    retyped = {"properties": old["properties"] | {"b": {"type": "string"}}, "required": ["a"]}
    assert "another type" in contracts.broken_promises(old, retyped)[0]


def test_every_service_of_the_checkout_is_installed():
    folders = {path.parent.name for path in (ROOT / "services").glob("*/service.py")}
    assert folders == set(SERVICES)


def test_a_time_in_a_fact_says_that_it_is_one():
    """H11-32: `due_at`, `filed_at`, `before` and `after` were texts without a format."""

    def times(schema):
        if isinstance(schema, list):
            return [one for inner in schema for one in times(inner)]
        if not isinstance(schema, dict):
            return []
        found = [one for inner in schema.values() for one in times(inner)]
        is_time = schema.get("type") == "string" and "UTC" in schema.get("description", "")
        return [schema, *found] if is_time else found

    every = [
        one
        for name in service_names()
        for fact in contracts.facts_of(service_class(name))
        for one in times(fact["schema"])
    ]
    assert len(every) > 10
    assert [one for one in every if one.get("format") != "date-time"] == []
