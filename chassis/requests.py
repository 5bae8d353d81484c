"""What a caller sends to a door: the base of the services' own request types."""

from __future__ import annotations

from dataclasses import is_dataclass
from typing import TYPE_CHECKING, TypeGuard, cast

from msgspec import Struct

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of requests. Its members, their limits, texts and examples are the door's contract."""


def is_request(hint: object) -> TypeGuard[type]:
    """Tell whether a type is one of requests, or of objects in them."""
    return isinstance(hint, type) and (issubclass(hint, Struct) or is_dataclass(hint))


def members_of(kind: type) -> tuple[str, ...]:
    """Return the names of the members of a request type."""
    if issubclass(kind, Struct):
        return kind.__struct_fields__
    return tuple(cast("type[DataclassInstance]", kind).__dataclass_fields__)
