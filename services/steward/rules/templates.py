"""Templates of replies: which places they may have, and how these are filled."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Protocol

from fivered.services.steward.errors.templates import UnknownPlace

# All that a template may say of a request: nothing of a person.
PLACES = ("number", "category", "state", "due", "duty", "grid", "building")
_PLACE = re.compile(r"\{([^{}]*)\}")


def check(text: str | None, field: str) -> None:
    """Refuse a text with a place that nobody fills, or half a brace.

    Raises:
        UnknownPlace: It has one.
    """
    if text is None:
        return
    for name in _PLACE.findall(text):
        if name not in PLACES:
            raise UnknownPlace(place=name, places="、".join(PLACES), field=field)
    if set("{}") & set(_PLACE.sub("", text)):
        raise UnknownPlace(place="{ }", places="、".join(PLACES), field=field)


def fill(text: str, values: Mapping[str, str | None]) -> str:
    """Return a text with its places filled; what is not known is a dash."""
    return _PLACE.sub(lambda found: values.get(found[1]) or "—", text)


class _Request(Protocol):
    number: str
    category: str
    state: str
    grid: str
    building: str | None


def fill_for(
    text: str, row: _Request, word: Callable[[str], str], *, duty: str | None, due: str
) -> str:
    """Return a text filled for a request, its codes in words of a language.

    Args:
        text: The template's.
        row: The request.
        word: What a code is called in the language of the text.
        duty: The post that has it, if any.
        due: By when it is to be resolved, as people read it.
    """
    values = {
        "number": row.number,
        "category": word(row.category),
        "state": word(row.state),
        "due": due,
        "duty": word(duty) if duty is not None else None,
        "grid": row.grid,
        "building": row.building,
    }
    return fill(text, values)
