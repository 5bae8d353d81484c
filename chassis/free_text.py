"""Declares who reads a free text, at the field of a command's body in which it is written.

Numbers of people must not stand in what others read (K15). A field says so by its type, every host
checks it before the action begins, and an architecture test demands that each free text says it:

    title: PublicText                                     checked
    note: Annotated[str, Office("the case's handlers")]   may hold a number; who reads it, says why
    text: Annotated[str, Sealed("…")]                     the same, and stored encrypted

`Annotated[anything, PUBLIC]` checks every text in it. A column of a file has `public=True`.
"""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fivered.chassis.marks import Place, marked
from fivered.chassis.refusal import NumberOfAPerson
from fivered.chassis.text import personal_number, texts


@dataclass(frozen=True, slots=True)
class Readers:
    """Who reads a text, and why that is well."""

    why: str


class Public(Readers):
    """Others than the author and the office: no numbers of people."""


class Office(Readers):
    """The author and the office alone; `why` says where that is held."""


class Sealed(Readers):
    """As in the office, and nobody reads it in the database; `why` says who may open it."""


PUBLIC = Public("others read it")
PublicText = Annotated[str, PUBLIC]


def check(body: object) -> None:
    """Refuse a command's body in whose public texts stands somebody's number.

    Raises:
        NumberOfAPerson: Names each place and what kind of number it is, never the number.
    """
    _refuse(
        found for place, value in marked(type(body), body, PUBLIC) for found in texts(value, place)
    )


def check_texts(given: Mapping[str, str]) -> None:
    """Refuse to publish texts that no door has checked, since they are older than the check.

    Raises:
        NumberOfAPerson: As `check`.
    """
    _refuse(((name,), text) for name, text in given.items())


def _refuse(public: Iterable[tuple[Place, str]]) -> None:
    found = [
        NumberOfAPerson(field=".".join(map(str, at)), kind=kind)
        for at, text in public
        if (kind := personal_number(text)) is not None
    ]
    if found:
        raise NumberOfAPerson.of(found)


def readers_of(hint: object) -> Readers | None:
    """Return who reads a field, by its type; None where it does not say."""
    if typing.get_origin(hint) is Annotated:
        for mark in typing.get_args(hint)[1:]:
            if isinstance(mark, Readers):
                return mark
    for part in typing.get_args(hint):
        found = readers_of(part)
        if found is not None:
            return found
    return None


__all__ = [
    "PUBLIC",
    "Office",
    "Public",
    "PublicText",
    "Readers",
    "Sealed",
    "check",
    "check_texts",
    "readers_of",
]
