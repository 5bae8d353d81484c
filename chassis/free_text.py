"""Declares who reads a free text, at the field of a command's body in which it is written.

Numbers of people must not stand in what others read (K15). A field says so by its type, every host
checks it before the action begins, and an architecture test demands that each free text says it:

    title: PublicText                                     checked
    note: Annotated[str, Office("the case's handlers")]   may hold a number; who reads it, says why
    text: Annotated[str, Sealed("…")]                     the same, and stored encrypted

`Annotated[anything, PUBLIC]` checks every text in it. A column of a file has `public=True`.
"""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Union

from chassis.refusal import NumberOfAPerson
from chassis.requests import is_request, members_of
from chassis.text import personal_number, texts


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


_Place = tuple[str | int, ...]

PUBLIC = Public("others read it")
PublicText = Annotated[str, PUBLIC]


def check(body: object) -> None:
    """Refuse a command's body in whose public texts stands somebody's number.

    Raises:
        NumberOfAPerson: Names each place and what kind of number it is, never the number.
    """
    _refuse(_public(type(body), body, ()))


def check_texts(given: Mapping[str, str]) -> None:
    """Refuse to publish texts that no door has checked, since they are older than the check.

    Raises:
        NumberOfAPerson: As `check`.
    """
    _refuse(((name,), text) for name, text in given.items())


def _refuse(public: Iterable[tuple[_Place, str]]) -> None:
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


@functools.cache
def members(cls: type) -> tuple[tuple[str, object], ...]:
    """Return (name, type) of a body's fields, the marks included."""
    hints = typing.get_type_hints(cls, include_extras=True)
    return tuple((name, hints[name]) for name in members_of(cls))


@functools.cache
def holds_public(hint: object) -> bool:
    """Tell whether others than the author and the office read a text of a field, by its type."""
    if is_request(hint):
        return any(holds_public(inner) for _name, inner in members(hint))
    if typing.get_origin(hint) is Annotated and PUBLIC in typing.get_args(hint):
        return True
    return any(holds_public(part) for part in typing.get_args(hint) if not isinstance(part, str))


def _public(hint: object, value: object, at: _Place) -> Iterator[tuple[_Place, str]]:
    """Yield (place, text) of every text that is declared to be read by others."""
    if value is None or not holds_public(hint):
        return
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        if PUBLIC in parts:
            yield from texts(value, at)
        else:
            yield from _public(parts[0], value, at)
    elif origin in {Union, types.UnionType}:
        for part in parts:
            yield from _public(part, value, at)
    elif is_request(hint):
        if isinstance(value, hint):
            for name, inner in members(hint):
                yield from _public(inner, getattr(value, name), (*at, name))
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _public(parts[-1], inner, (*at, str(name)))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, inner in enumerate(value):
            yield from _public(parts[0], inner, (*at, number))


__all__ = [
    "PUBLIC",
    "Office",
    "Public",
    "PublicText",
    "Readers",
    "Sealed",
    "check",
    "check_texts",
    "holds_public",
    "members",
    "readers_of",
]
