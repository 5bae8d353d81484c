"""Counts of fewer than five people, and what would tell them."""

from typing import Annotated

import pytest
from msgspec import UNSET, UnsetType, to_builtins

from fivered.chassis import few


class Shop(few.Counts, kw_only=True):
    """A reply with a number of each kind."""

    rated: Annotated[int, few.PEOPLE]
    content: Annotated[int, few.PEOPLE] | None = None
    angry: Annotated[int, few.PEOPLE] | UnsetType = UNSET
    stars: int = 0


@pytest.mark.parametrize(
    ("rated", "content", "shown"),
    [
        (0, 0, {"rated": 0, "content": 0}),
        (1, 0, {"rated": 0, "content": None, "few": ["content", "rated"]}),
        (4, 4, {"rated": 0, "content": None, "few": ["content", "rated"]}),
        (5, 5, {"rated": 5, "content": 5}),
        (9, 5, {"rated": 9, "content": None, "few": ["content"]}),
        (9, 4, {"rated": 9, "content": None, "few": ["content"]}),
        (10, 5, {"rated": 10, "content": 5}),
        (5, 0, {"rated": 5, "content": 0}),
    ],
)
def test_a_number_below_five_and_a_rest_below_five_are_hidden(rated, content, shown):
    reply = few.hide(Shop(rated=rated, content=content), parts={"content": "rated"})
    assert to_builtins(reply) == shown | {"stars": 0}


def test_what_is_told_together_is_hidden_together():
    reply = few.hide(Shop(rated=3, angry=2, stars=14), together={"stars": "rated"})
    assert to_builtins(reply) == {
        "rated": 0,
        "content": None,
        "stars": 0,
        "few": ["angry", "rated", "stars"],
    }


@pytest.mark.parametrize(
    ("parts", "hidden"),
    [
        ({"a": 7, "b": 5}, ""),
        ({"a": 0, "b": 9}, ""),
        # One alone is the whole without the others.
        ({"a": 2, "b": 9, "c": 30}, "ab"),
        # Two of one each are a sum of two.
        ({"a": 1, "b": 1, "c": 9, "d": 8}, "abd"),
        ({"a": 3, "b": 4, "c": 9}, "ab"),
        ({"a": 3}, "a"),
    ],
)
def test_a_small_part_takes_another_one_with_it(parts, hidden):
    assert few.hidden_parts(parts) == set(hidden)
