"""Schemas are named for people who generate code from them: no path of a module stands in them."""

from typing import Generic, TypeVar

import pytest

from fivered.chassis.replies import Reply
from fivered.chassis.requests import Request
from fivered.chassis.schemas import schemas_of

T = TypeVar("T")


class Page(Reply, Generic[T]):
    items: list[T]


class Thing(Reply):
    name: str


def kind(module, name, **members):
    made = type(name, (Request,), {"__annotations__": members, "__module__": f"x.{module}"})
    made.__doc__ = "One."
    return made


def test_types_that_are_called_alike_are_named_by_their_modules_where_they_differ():
    works, rooms = (kind(one, "Cancel", **{f"{one}_id": str}) for one in ("works", "day_rooms"))
    holder = kind("works", "Holder", one=works)
    refs, schemas = schemas_of([works, rooms, holder])
    assert [ref["$ref"] for ref in refs[:2]] == [
        "#/schemas/WorksCancel",
        "#/schemas/DayRoomsCancel",
    ]
    assert sorted(schemas) == ["DayRoomsCancel", "Holder", "WorksCancel"]
    assert schemas["Holder"]["properties"]["one"] == {"$ref": "#/schemas/WorksCancel"}
    assert "works_id" in schemas["WorksCancel"]["properties"]


def test_types_that_say_the_same_are_one():
    first, second = (kind(one, "Which", request_id=str) for one in ("actions.cases", "views.cases"))
    refs, schemas = schemas_of([first, second])
    assert {ref["$ref"] for ref in refs} == {"#/schemas/Which"}
    assert sorted(schemas) == ["Which"]


def test_a_page_of_things_is_named_after_them():
    _refs, schemas = schemas_of([Page[Thing]])
    assert sorted(schemas) == ["Thing", "ThingPage"]


def test_what_differs_and_cannot_be_told_apart_is_refused():
    first = kind("actions.cases", "Which", request_id=str)
    second = kind("views.cases", "Which", number=str)
    with pytest.raises(TypeError, match="CasesWhich"):
        schemas_of([first, second])
