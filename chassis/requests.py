"""What a caller sends to a door: the base of the services' own request types."""

from __future__ import annotations

import functools
from types import UnionType
from typing import (
    ClassVar,
    Generic,
    TypeGuard,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from msgspec import Meta, Struct


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of requests. Its members, their limits, texts and examples are the door's contract."""


LineT = TypeVar("LineT", bound=Struct)


class Line(Generic[LineT]):
    """A line of a batch as it came: each line is judged by itself, so that one that cannot be read
    stops no other. `reading.read_lines` reads them.

    A request names a subclass of its own: `class VisitLine(Line[VisitItem])` with `of = VisitItem`.
    The contract shows the type that a line has; the gateway leaves what is wrong in it to the
    service.

    Attributes:
        of: The type of the line.
        given: What came.
    """

    of: ClassVar[type[Struct]]

    def __init__(self, given: object) -> None:
        self.given = given


# Marks a list in which no value may stand twice: `Annotated[list[Grid], UNIQUE]`.
UNIQUE = Meta(extra_json_schema={"uniqueItems": True})


def is_request(hint: object) -> TypeGuard[type[Struct]]:
    """Tell whether a type is one of requests, or of objects in them."""
    return isinstance(hint, type) and issubclass(hint, Struct)


def is_line(hint: object) -> TypeGuard[type[Line[Struct]]]:
    """Tell whether a type is that of lines which are judged one by one."""
    return isinstance(hint, type) and issubclass(hint, Line)


# Of a member: `Meta(extra=SECRET)`.
SECRET = {"secret": True}  # nosec B105  # a mark


@functools.cache
def secrets_of(kind: type[Struct]) -> frozenset[str]:
    """Return the members of a request type that are marked `SECRET`. They
    are no part of the digest by which a request is known again, nor of anything else that is kept.
    """
    hints = get_type_hints(kind, include_extras=True)
    return frozenset(name for name, hint in hints.items() if _is_secret(hint))


def _is_secret(hint: object) -> bool:
    if get_origin(hint) in {Union, UnionType}:
        return any(map(_is_secret, get_args(hint)))
    marks = getattr(hint, "__metadata__", ())
    return any(isinstance(one, Meta) and bool((one.extra or {}).get("secret")) for one in marks)


def members_of(kind: type[Struct]) -> tuple[str, ...]:
    """Return the names of the members of a request type."""
    return kind.__struct_fields__
