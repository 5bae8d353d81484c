"""What fields of a body are marked with, in their types: `Annotated[anything, MARK]`."""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Union

from fivered.chassis.requests import is_request, members_of

# Where a member stands, from the outside in.
Place = tuple[str | int, ...]


@functools.cache
def members(cls: type) -> tuple[tuple[str, object], ...]:
    """Return (name, type) of a body's fields, the marks included."""
    hints = typing.get_type_hints(cls, include_extras=True)
    return tuple((name, hints[name]) for name in members_of(cls))


@functools.cache
def holds(hint: object, mark: object) -> bool:
    """Tell whether a type bears a mark, itself or somewhere in it."""
    if is_request(hint):
        return any(holds(inner, mark) for _name, inner in members(hint))
    if typing.get_origin(hint) is Annotated and mark in typing.get_args(hint):
        return True
    return any(holds(part, mark) for part in typing.get_args(hint) if not isinstance(part, str))


def marked(
    hint: object, value: object, mark: object, at: Place = ()
) -> Iterator[tuple[Place, object]]:
    """Yield (place, value) of every value whose type bears a mark; what lies in it goes with it."""
    if value is None or not holds(hint, mark):
        return
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        if mark in parts:
            yield at, value
        else:
            yield from marked(parts[0], value, mark, at)
    elif origin in {Union, types.UnionType}:
        for part in parts:
            yield from marked(part, value, mark, at)
    elif is_request(hint):
        if isinstance(value, hint):
            for name, inner in members(hint):
                yield from marked(inner, getattr(value, name), mark, (*at, name))
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from marked(parts[-1], inner, mark, (*at, str(name)))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, inner in enumerate(value):
            yield from marked(parts[0], inner, mark, (*at, number))
