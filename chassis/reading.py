"""Reads the body of a call into the type that its action takes, and says what is wrong where."""

from __future__ import annotations

import functools
import re
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, TypeVar, cast

import msgspec
from msgspec import Struct

from chassis import free_text
from chassis.forms import form_of
from chassis.refusal import Choices, Invalid, Refusal, said, sentences
from chassis.requests import UNIQUE, Line, is_request, members_of

# How msgspec says what does not fit; nobody who fills in a form reads regular expressions.
_PATTERN = re.compile("matching regex '(.*)'")
_TYPE = re.compile(r"Expected `(\w+)(?: \| null)?`, got")
_MEMBER = re.compile(r"Object (missing required|contains unknown) field `(.*)`")
_BOUND = re.compile(
    r"Expected `(\w+)(?: \| null)?`(?P<many> of length)? (?P<sign>[<>]=?) (?P<limit>\S+)"
)
_MOMENTS = {
    "Invalid RFC3339 encoded datetime": "datetime",
    "Expected `datetime` with a timezone component": "datetime",
    "Invalid RFC3339 encoded date": "date",
}
_BOUNDS = sentences(
    {
        ">=": "应不小于 {limit} / should be at least {limit}",
        "<=": "应不大于 {limit} / should be at most {limit}",
        ">": "应大于 {limit} / should be more than {limit}",
        "<": "应小于 {limit} / should be less than {limit}",
        "str >=": "至少 {limit} 个字符 / should have {limit} or more characters",
        "str <=": "至多 {limit} 个字符 / should have at most {limit} characters",
        "many >=": "至少 {limit} 项 / should have {limit} or more items",
        "many <=": "至多 {limit} 项 / should have at most {limit} items",
    }
)
_TYPES = sentences(
    {
        "int": "整数 / a whole number",
        "float": "数字 / a number",
        "str": "文本 / text",
        "bool": "true 或 false / true or false",
        "array": "列表 / a list",
        "object": "对象 / an object",
        "datetime": "日期时间(ISO 8601) / a date and time (ISO 8601)",
        "date": "日期(YYYY-MM-DD) / a date (YYYY-MM-DD)",
    }
)
_MOST_INT = 2**63

LineT = TypeVar("LineT", bound=Struct)
_Place = tuple[str | int, ...]


def read(kind: type[Struct], given: object) -> Struct:
    """Read what came into a type of requests.

    Raises:
        Invalid: Says what is wrong and where.
        NumberOfAPerson: A text that others read holds one.
    """
    if isinstance(given, dict) and (unknown := given.keys() - set(members_of(kind))):
        name = min(unknown)
        raise Invalid(field=name, reason=said("未知字段 {name} / unknown member {name}", name=name))
    try:
        found = msgspec.convert(given, kind, strict=True, builtin_types=(), dec_hook=_line)
    except msgspec.ValidationError as error:
        raise _unreadable(kind, str(error)) from error
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
            found.append(cast("LineT", read(line.of, line.given)))
        except Refusal as refusal:
            found.append(refusal)
    return found


def _line(kind: type[Line[Struct]], given: object) -> Line[Struct]:
    return kind(given)


def _unreadable(kind: type[Struct], error: str) -> Invalid:
    """Return the refusal of what msgspec says does not fit."""
    reason, _, where = error.partition(" - at `$")
    where = where.strip("`.")
    place = where.replace("[", ".[").strip(".").split(".") if where else []
    if asked := _MEMBER.match(reason):
        # The member itself is named, not what it should stand in.
        where = ".".join(filter(None, [where, asked[2]]))
        if asked[1] == "missing required":
            return Invalid(field=where, reason=said("缺少此项 / is missing"))
        return Invalid(
            field=where, reason=said("未知字段 {name} / unknown member {name}", name=asked[2])
        )
    return Invalid(field=where, reason=_asked_for(free_text.choices(kind, place), reason))


def _asked_for(known: Sequence[object], reason: str) -> str:
    """Return in both languages what msgspec asks for; `known` is the choice where there is one."""
    form = _TYPES.get(_MOMENTS.get(reason, ""))
    if known:
        return said(
            "应为以下之一:{known} / should be one of {known}", known=Choices(*map(str, known))
        )
    if asked := _PATTERN.search(reason):
        form = form_of(asked[1])
    elif asked := _BOUND.match(reason):
        counted = "" if asked["many"] is None else "str " if asked[1] == "str" else "many "
        return said(_BOUNDS[counted + asked["sign"]], limit=asked["limit"])
    elif (asked := _TYPE.search(reason)) and asked[1] in _TYPES:
        form = _TYPES[asked[1]]
    return said("应为 {form} / should be {form}", form=form) if form else reason


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
    """Refuse a list that is a set and holds a value twice.

    Raises:
        Invalid: Names the list and the value.
    """
    for at, value in _twice(kind, found, ()):
        raise Invalid(
            field=".".join(map(str, at)),
            reason=said("{value} 重复 / {value} stands there twice", value=value),
        )


@functools.cache
def holds_unique(hint: object) -> bool:
    """Tell whether a list in a type is a set."""
    if is_request(hint):
        return any(holds_unique(inner) for _name, inner in free_text.members(hint))
    if typing.get_origin(hint) is Annotated and UNIQUE in typing.get_args(hint):
        return True
    return any(holds_unique(part) for part in typing.get_args(hint) if not isinstance(part, str))


def _twice(hint: object, value: object, at: _Place) -> Iterator[tuple[_Place, str]]:
    """Yield (place, value) of each value that stands twice in a list that is a set."""
    if value is None or not holds_unique(hint):
        return
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        if UNIQUE in parts and isinstance(value, list):
            seen: set[str] = set()
            for one in map(str, value):
                if one in seen:
                    yield at, one
                seen.add(one)
        yield from _twice(parts[0], value, at)
    elif origin in {typing.Union, types.UnionType}:
        for part in parts:
            yield from _twice(part, value, at)
    elif is_request(hint):
        if isinstance(value, hint):
            for name, inner in free_text.members(hint):
                yield from _twice(inner, getattr(value, name), (*at, name))
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _twice(parts[-1], inner, (*at, str(name)))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _twice(parts[0], inner, (*at, number))
