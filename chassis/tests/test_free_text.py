"""Texts that others read are checked where they are declared."""

from typing import Annotated, Any

import pytest
from msgspec import field

from fivered.chassis.free_text import PUBLIC, Office, Public, PublicText, Sealed, check, readers_of
from fivered.chassis.i18n import problem_of
from fivered.chassis.refusal import NumberOfAPerson
from fivered.chassis.requests import Request

PHONE = "打 138 1234 5678"


class Item(Request, frozen=True):
    title: PublicText
    own: Annotated[str, Sealed("the person who is written to")] = ""


class Order(Request, frozen=True):
    thing_id: str
    items: list[Item] = field(default_factory=list)
    reason: PublicText | None = None
    reasons: dict[str, PublicText] = field(default_factory=dict)
    document: Annotated[dict[str, Any], PUBLIC] | None = None
    note: Annotated[str, Office("the office")] = ""


@pytest.mark.parametrize(
    ("order", "places"),
    [
        ({"reason": PHONE}, ["reason"]),
        ({"items": [Item("好"), Item(PHONE)]}, ["items.1.title"]),
        ({"reasons": {"a": "好", "b": PHONE}}, ["reasons.b"]),
        ({"document": {"rules": [{"article": 1, "basis": PHONE}]}}, ["document.rules.0.basis"]),
        ({"reason": PHONE, "items": [Item(PHONE)]}, ["items.0.title", "reason"]),
    ],
)
def test_a_number_is_found_wherever_a_text_is_declared(order, places):
    with pytest.raises(NumberOfAPerson) as refused:
        check(Order("thing_1", **order))
    said = problem_of(refused.value, "fivered.chassis")
    assert said["field"] == places[0]
    assert [item["field"] for item in said["errors"]] == places


def test_what_the_office_keeps_and_what_is_no_text_is_not_looked_at():
    check(Order("thing_13812345678", [Item("好", own=PHONE)], note=PHONE))


def test_a_field_says_who_reads_it():
    assert isinstance(readers_of(PublicText | None), Public)
    assert readers_of(Annotated[str, Office("the office")]) == Office("the office")
    assert readers_of(str) is None
