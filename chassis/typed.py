"""Values and JSON read into types, from any thread.

msgspec builds what it must know of a type when the type is read for the first time, and a thread
that reads it meanwhile finds it half built: the process dies (msgspec 0.22, seen at the first calls
after a start). So every type is built under one lock, before it is read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TypeVar, cast

import msgspec

T = TypeVar("T")

_building = threading.RLock()
_built: dict[object, msgspec.json.Decoder[object]] = {}


def decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    """Return what reads JSON into a type."""
    found = _built.get(kind)
    if found is None:
        with _building:
            found = _built.setdefault(kind, msgspec.json.Decoder(kind))
    return cast("msgspec.json.Decoder[T]", found)


def decoded(content: bytes | str, kind: type[T]) -> T:
    """Return JSON read into a type.

    Raises:
        msgspec.DecodeError: It is no JSON.
        msgspec.ValidationError: It is another thing.
    """
    return decoder(kind).decode(content)


def converted(
    value: object,
    kind: type[T],
    *,
    strict: bool = True,
    builtin_types: Iterable[type] | None = None,
    dec_hook: Callable[[type, object], object] | None = None,
) -> T:
    """Return a value of plain members, lists and texts read into a type; see `msgspec.convert`.

    Raises:
        msgspec.ValidationError: It is another thing.
    """
    decoder(kind)
    return msgspec.convert(
        value, kind, strict=strict, builtin_types=builtin_types, dec_hook=dec_hook
    )
