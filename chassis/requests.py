"""What a caller sends to a door: the base of the services' own request types."""

from __future__ import annotations

from typing import TypeGuard

from msgspec import Struct


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of requests. Its members, their limits, texts and examples are the door's contract."""


def is_request(hint: object) -> TypeGuard[type[Struct]]:
    """Tell whether a type is one of requests, or of objects in them."""
    return isinstance(hint, type) and issubclass(hint, Struct)


def members_of(kind: type[Struct]) -> tuple[str, ...]:
    """Return the names of the members of a request type."""
    return kind.__struct_fields__
