"""A service as a table of doors, and the contract that is written from it."""

from dataclasses import dataclass
from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from fivered.chassis.bus import Service, entries
from fivered.chassis.contracts import api_contract, without_bound
from fivered.chassis.messages import Actor, Call
from fivered.chassis.refusal import Invalid
from fivered.chassis.replies import Reply
from fivered.chassis.rpc import answer
from fivered.chassis.table import command, query, refusals_of
from fivered.chassis.tests.toy import releases
from fivered.chassis.tests.toy.releases import First, raise_counter
from fivered.chassis.tests.toy.service import TooMuch
from testkit.bench import open_bench


def test_a_row_is_an_ordinary_entrypoint_of_its_service(database_url):
    opened = open_bench(First, database_url)
    opened.as_("R_DISTRICT")
    assert opened.do("raise_counter", {"counter_id": "c1", "amount": 5})["version"] == 1
    assert opened.ask("counter", {"counter_id": "c1"}) == {"id": "c1", "total": 5}
    with pytest.raises(Invalid) as refused:
        opened.do("raise_counter", {"counter_id": "c1", "amount": 0})
    assert refused.value.field == "amount"
    # P38: "Expected `str` matching regex '^[0-9]{4}-…'", in the Chinese sentence as well.
    with pytest.raises(Invalid, match="应为日期,如 2025-01-15"):
        opened.do("raise_counter", {"counter_id": "c1", "amount": 5, "on": "soon"})
    # H2-7: "Expected `int`, got `float`", in the Chinese sentence as well.
    with pytest.raises(Invalid, match="应为整数"):
        opened.do("raise_counter", {"counter_id": "c1", "amount": 5.0})
    opened.runtime.close()


def test_the_contract_says_all_that_a_row_says():
    contract = api_contract(First)
    assert contract["service"] == "toy"
    assert contract["title"] == "玩具 / Toy"
    named = ["raise_counter", "raise_more", "counter", "tally", "list_counters"]
    assert list(contract["doors"]) == named
    door = contract["doors"]["raise_counter"]
    assert {name: door[name] for name in ("kind", "verb", "path", "roles", "status")} == {
        "kind": "command",
        "verb": "POST",
        "path": "/counters",
        "roles": ["R_DISTRICT"],
        "status": 201,
    }
    assert door["summary"] == "计数 / Add"
    # What stands in English alone is no text for callers.
    assert door["description"] == "另有说明。\nMore is said here."
    assert contract["doors"]["list_counters"]["cost"] == 2
    assert door["refusals"] == ["TooMuch"]
    assert contract["refusals"]["TooMuch"] == {
        "status": 422,
        "code": "GUARD_FAILED",
        "guard": "TOO_MUCH",
        "text": f"{TooMuch.text} / {TooMuch.text.english}",
    }
    request = contract["schemas"][door["request"]["$ref"].rpartition("/")[2]]
    assert request["description"] == "计数 / Add to a counter."
    assert request["required"] == ["counter_id", "amount"]
    assert request["properties"]["amount"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 1000,
        "description": "数量 / amount",
        "examples": [5],
    }
    reply = contract["schemas"][door["reply"]["$ref"].rpartition("/")[2]]
    assert reply["required"] == ["id", "state", "version"]
    # What the chassis asks of every service is no door of this one.
    assert "_health" not in contract["doors"]


@dataclass(frozen=True, slots=True)
class Inside:
    marks: Annotated[list[str], Meta(max_length=3)]
    names: Annotated[list[Annotated[str, Meta(max_length=9)]], Meta(max_length=3)]
    others: list[int]


@dataclass(frozen=True, slots=True)
class Long:
    few: Annotated[list[Inside], Meta(max_length=5)] | None = None
    many: list[int] | None = None
    words: dict[str, str] | None = None


def test_a_request_has_no_list_without_a_bound():
    """K16: one call with 2,000 decisions held the service's only writer for minutes."""
    assert without_bound(Long) == [
        *("few[].marks[]", "few[].others", "many", "words", "words{}"),
    ]


def test_a_running_service_says_the_contract_of_its_release(database_url):
    opened = open_bench(First, database_url)
    assert opened.ask("_contract", {}) == msgspec.to_builtins(api_contract(First))
    opened.runtime.close()


@pytest.mark.parametrize(
    ("declare", "why"),
    [
        (lambda: command("POST counters", raise_counter, roles=("R",)), "verb and path"),
        (lambda: command("GET /counters", raise_counter, roles=("R",)), "asked by GET"),
        (lambda: query("POST /counters", raise_counter, roles=("R",)), "asked by GET"),
        (lambda: command("POST /counters", raise_counter, roles=()), "who may enter"),
        (
            lambda: command("POST /c", raise_counter, roles=("R",), status=204),
            "200, 201 or 202",
        ),
        (
            lambda: command("POST /c/{x}/y", raise_counter, roles=("R",)),
            "x stands in the path",
        ),
    ],
)  # fmt: skip
def test_a_row_that_contradicts_itself_is_refused_when_it_is_written(declare, why):
    with pytest.raises(TypeError, match=why):
        declare()


def test_two_rows_of_one_name_are_refused():
    row = releases.First.doors[0]
    with pytest.raises(TypeError, match="two ways in"):
        type("Twice", (Service,), {"name": "twice", "doors": (row, row)})


def test_the_entries_are_read_from_nameko_s_own_metadata():
    found = entries(First)["raise_counter"]
    assert found.kind == "command"
    assert found.body_type is releases.Raise


def _nobody_raises(tx, payload: releases.Raise) -> Reply:
    """试 / Try.

    Raises:
        TooMuch, NotThere: It is.
    """


def test_a_refusal_that_nobody_knows_is_named():
    with pytest.raises(TypeError, match="there is no exception NotThere"):
        refusals_of(_nobody_raises)


def test_a_service_names_all_that_is_wrong_at_once_whoever_calls(database_url):
    """The gateway compared refused bodies with the contract; a call over the bus heard of one."""
    opened = open_bench(First, database_url)
    body = {"amount": "7", "on": "x", "colour": "red", "parts": [{"title": "t" * 10}]}
    call = Call("raise_counter", body, Actor("per_1", "R_DISTRICT", "370811"), "key-1", None)
    refused = answer(opened.runtime, call)["refusal"]
    opened.runtime.close()
    assert (refused["code"], refused["status"]) == ("VALIDATION", 422)
    fields = ["counter_id", "amount", "on", "parts.0.title", "colour"]
    assert [one["field"] for one in refused["errors"]] == fields
    assert refused["message_zh"] == "请求内容有误:counter_id 缺少此项"
    assert refused["message_en"] == "The request cannot be read: counter_id is missing"
    assert {one["message_en"] for one in refused["errors"]} > {"must be a whole number"}
