"""What a caller sends to a door: the base of the services' own request types."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeGuard, TypeVar

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


def members_of(kind: type[Struct]) -> tuple[str, ...]:
    """Return the names of the members of a request type."""
    return kind.__struct_fields__
