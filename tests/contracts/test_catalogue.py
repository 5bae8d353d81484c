"""The catalogue of facts: each says what it means, when it is said, after what, since when."""

import json
import re

import pytest

from fivered.chassis.bus import entries
from fivered.chassis.contracts import folder_of
from fivered.chassis.fact_schemas import parts_of, unsaid
from fivered.chassis.facts import all_declared
from fivered.chassis.installed import service_class, service_names
from testkit import promised
from tests.contracts.test_contracts import PUBLISHED

SERVICES = service_names()
# Also those that stay inside: an operator reads of them, and who writes their next consumer.
FACTS = [(name, fact, contract) for name in SERVICES for fact, contract in PUBLISHED[name].items()]
PUBLIC = [one for one in FACTS if one[2]["visibility"] == "public"]
NAMES = [f"{name}.{fact}" for name, fact, _ in PUBLIC]
BOTH = re.compile(r"[\u4e00-\u9fff].* / .*[A-Za-z]")


@pytest.mark.parametrize(("name", "fact", "contract"), PUBLIC, ids=NAMES)
def test_every_member_of_a_public_fact_says_what_it_means(name, fact, contract):
    assert unsaid(contract["schema"]) == []
    for at, member in parts_of(contract["schema"]):
        assert BOTH.search(member["description"]), f"{at}: both languages"
        for word, meaning in member.get("x-words", {}).items():
            assert BOTH.search(meaning), f"{at}: {word}"
        assert set(member.get("x-words", {})) == set(member.get("x-extensible-enum", ()))


@pytest.mark.parametrize(
    ("name", "fact", "contract"), FACTS, ids=[f"{name}.{fact}" for name, fact, _ in FACTS]
)
def test_every_fact_says_when_by_what_after_what_and_since_when(name, fact, contract):
    assert BOTH.search(contract["title"])
    assert BOTH.search(contract["schema"]["description"])
    assert "\n" not in contract["schema"]["description"]
    assert BOTH.search(contract["when"])
    assert contract["by"], "what says it"
    assert re.fullmatch(r"\d+\.\d+\.\d+", contract["since"])
    kinds = {kind.FACT: kind for kind in all_declared(service_class(name).publishes)}
    for earlier in contract["after"]:
        before = kinds[earlier.partition(".")[2]]
        assert contract["about"] == before.AGGREGATE, "order is kept for one subject only"
    doors = {
        entry.door.http
        for entry in entries(service_class(name)).values()
        if "http" in entry.door.options
    }
    for one in contract["by"]:
        if one.startswith(("POST", "PUT", "PATCH", "DELETE")):
            assert one.replace(f" /v1/{name}", " ") in doors


@pytest.mark.parametrize("name", [s for s in SERVICES if "deadline_moved.v1" in PUBLISHED[s]])
def test_each_deadline_that_may_move_is_named_in_words(name):
    """H11-32: `what` listed no words, though they are a fixed set."""
    what = PUBLISHED[name]["deadline_moved.v1"]["schema"]["properties"]["what"]
    runtime = entries(service_class(name)).values()
    timers = {one.door.timer_kind for one in runtime if one.kind == "timer"}
    assert set(what["x-extensible-enum"]) - timers <= {"award"}
    assert "cutoff" in what["x-words"]
    assert PUBLISHED[name]["deadline_moved.v1"]["examples"][0]["what"] in what["x-words"]


def test_a_member_without_meaning_unit_or_words_is_found():
    schema = {
        "properties": {"a": {"type": "string"}, "n": {"type": "integer", "description": "数 / n"}}
    }
    assert unsaid(schema) == [
        "member 'a' does not say what it means",
        "member 'n' does not say its unit (fivered.chassis.facts.measure)",
    ]
    said = {"description": "词 / word", "type": "string", "x-words": {"A": "甲 / a", "B": ""}}
    assert unsaid({"properties": {"w": said}}) == [
        "member 'w': the word B has no entry in words.po"
    ]
    inside = {"$defs": {"Row": {"properties": {"n": {"type": "boolean"}}}}}
    assert unsaid(inside) == ["member 'Row.n' does not say what it means"]


def test_a_fact_of_the_last_release_keeps_the_release_in_which_it_came():
    for name in SERVICES:
        file = folder_of(service_class(name)) / "released.json"
        if not file.exists():
            continue  # the service came after the last release
        released = json.loads(file.read_text("utf-8"))
        for fact, contract in PUBLISHED[name].items():
            if fact in released:
                assert contract["since"] == released[fact]["since"]


def test_the_bench_refuses_what_a_fact_does_not_promise():
    offer = class_of("partner", "offer_published.v1")
    promised.check(offer("off_1", "ptn_1", "GOODS", 5))
    with pytest.raises(AssertionError, match="kind = 'FREE', which its type does not list"):
        promised.check(offer("off_1", "ptn_1", "FREE", 5))
    with pytest.raises(AssertionError, match="points_price"):
        promised.check(offer("off_1", "ptn_1", "GOODS", "five"))
    month = class_of("credit", "settlement_finalised.v1")
    entry = {"subject": "PRJ:1", "kind": "DOG", "ref": "1", "score": 1, "grade": "A"}
    with pytest.raises(AssertionError, match=r"entries\[\]\.kind = 'DOG'"):
        promised.check(month("stl_1", "2025-03", "370811015901", [entry | {"gates_failed": []}]))


def class_of(service, fact):
    (found,) = (one for one in service_class(service).publishes if fact == one.FACT)
    return found
