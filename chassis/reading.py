"""Reads the body of a call into the type that its action takes, and says what is wrong where."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar, cast

import msgspec
from msgspec import Struct

from fivered.chassis import free_text
from fivered.chassis.marks import Place, marked
from fivered.chassis.refusal import Invalid, Refusal, said
from fivered.chassis.requests import UNIQUE, Line, members_of
from fivered.chassis.shapes import Flaw, Shape, unreadable_in
from fivered.chassis.typed import converted

_MOST_INT = 2**63

LineT = TypeVar("LineT", bound=Struct)


def read(kind: type[Struct], given: object) -> Struct:
    """Read what came into a type of requests.

    Raises:
        Flawed: Names all that are wrong, each with its place.
        Invalid: One is beyond what can be kept.
        NumberOfAPerson: A text that others read holds one.
    """
    try:
        found = converted(given, kind, strict=True, builtin_types=(), dec_hook=_line)
    except msgspec.ValidationError as error:
        shape = Shape.of(kind)
        flaws = shape.flaws(msgspec.to_builtins(given)) or [shape.unsaid(_place_in(str(error)))]
        raise shape.refused(flaws) from error
    for name in members_of(kind):
        _refuse_beyond(name, getattr(found, name))
    _refuse_twice(kind, found)
    free_text.check(found)
    return found


def read_lines(lines: Sequence[Line[LineT]]) -> list[LineT | Refusal]:
    """Return each line of a batch read, or why it cannot be."""
    found: list[LineT | Refusal] = []
    for line in lines:
        try:
            if flaws := list(unreadable_in(line.given)):
                raise Shape.of(line.of).refused(flaws)
            found.append(cast("LineT", read(line.of, line.given)))
        except Refusal as refusal:
            found.append(refusal)
    return found


def _line(kind: type[Line[Struct]], given: object) -> Line[Struct]:
    return kind(given)


def _place_in(said: str) -> Place:
    """Return the place that msgspec names: `… - at `$.items[0].title``."""
    where = said.partition(" - at `$")[2].strip("`")
    return tuple(int(one) if one.isdecimal() else one for one in re.findall(r"[^.\[\]]+", where))


def _refuse_beyond(where: str, value: object) -> None:
    """Refuse what no column and no calendar holds, so that no database has to complain of it.

    Raises:
        Invalid: A whole number beyond 64 bits, a time outside 1900 to 2200, a text with NUL.
    """
    match value:
        case bool() | None:
            return
        case int() if not -_MOST_INT <= value < _MOST_INT:
            raise Invalid(
                field=where, reason=said("{where} 数值过大 / {where} is too large", where=where)
            )
        case datetime() if not 1900 <= value.year < 2200:
            raise Invalid(
                field=where,
                reason=said(
                    ("{where} 应在 1900 年至 2199 年之间 / {where} is a time from 1900 to 2199"),
                    where=where,
                ),
            )
        case str() if "\0" in value:
            raise Invalid(
                field=where,
                reason=said("{where} 不能含有空字符 / {where} holds no NUL", where=where),
            )
        case Mapping():
            for name, inner in value.items():
                _refuse_beyond(where, name)
                _refuse_beyond(f"{where}.{name}", inner)
        case list() | tuple():
            for place, inner in enumerate(value):
                _refuse_beyond(f"{where}.{place}", inner)
        case Struct():
            for name in value.__struct_fields__:
                _refuse_beyond(f"{where}.{name}", getattr(value, name))
        case _:
            return


def _refuse_twice(kind: type[Struct], found: Struct) -> None:
    """Refuse lists that are sets and hold a value twice.

    Raises:
        Flawed: Names each list and the value.
    """
    twice = [
        Flaw(at, "twice", {"value": value})
        for at, values in marked(kind, found, UNIQUE)
        for value in _again(values)
    ]
    if twice:
        raise Shape.of(kind).refused(twice)


def _again(values: object) -> Iterator[str]:
    """Yield each value of a list that has stood before it."""
    seen: set[str] = set()
    for one in map(str, cast("list[object]", values)):
        if one in seen:
            yield one
        seen.add(one)
