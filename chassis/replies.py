"""What every reply may hold, and lists: bases of the services' own reply types.

A function behind a door returns one of these types, and its members are all that leaves the
service: what is not declared cannot be said by mistake. A member that is left out for some callers
or in some states is `UNSET` there; one that is always there and may be empty is null.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import date, datetime
from operator import attrgetter, itemgetter
from types import UnionType
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    Self,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import fields

ItemT = TypeVar("ItemT")
_Getter = Callable[[object], tuple[Any, ...]]


class Reply(Struct, kw_only=True):
    """Base of replies."""

    provisional: (
        Annotated[
            list[str],
            Meta(
                description="所列期限按暂定工作日历计算,可能顺延 / these deadlines rest on a year "
                "whose holidays are not announced; they may move later"
            ),
        ]
        | UnsetType
    ) = UNSET

    @classmethod
    def of(cls, row: object, /, **more: object) -> Self:
        """Return the reply about a row: its columns by the names of the members, and `more`.

        Members that may be UNSET are never taken from the row: who says them says so.

        Args:
            row: A row of a table, or a mapping.
            more: Members that the row does not have under their names.

        Raises:
            AttributeError, KeyError: The row has no such column, and `more` does not say it.
        """
        names, of_row, of_mapping = _told(cls, tuple(more))
        values = of_mapping(row) if isinstance(row, Mapping) else of_row(row)
        told: dict[str, Any] = dict(zip(names, values, strict=True)) | more
        return cls(**told)

    def tell(self, row: object, of: type[Reply], /, **more: object) -> None:
        """Set the members that one of the reply's types adds: the row's columns of these names.

        It is how a viewer who sees more is told more: what only that viewer reads stands in a type
        of its own, and a member that is added there is told to that viewer and to nobody else.

        Args:
            row: A row of a table.
            of: The type; what its bases declare stays as it is.
            more: Members that the row does not have under their names, or that stay UNSET.

        Raises:
            AttributeError: The row has no such column, and `more` does not say it.
        """
        for name in _added(of):
            setattr(self, name, more[name] if name in more else getattr(row, name))


@functools.cache
def _added(kind: type[Reply]) -> tuple[str, ...]:
    """Return the members that a type has and its bases have not."""
    bases = {name for base in kind.__bases__ for name in getattr(base, "__struct_fields__", ())}
    return tuple(name for name in kind.__struct_fields__ if name not in bases)


@functools.cache
def _told(kind: type[Reply], but: tuple[str, ...]) -> tuple[tuple[str, ...], _Getter, _Getter]:
    """Return the members that are taken from a row, and what takes them: lists have thousands."""
    names = tuple(
        one.name for one in fields(kind) if one.default is not UNSET and one.name not in but
    )
    return names, _several(attrgetter, names), _several(itemgetter, names)


def _several(getter: Callable[..., Any], names: tuple[str, ...]) -> _Getter:
    if len(names) > 1:
        several: _Getter = getter(*names)
        return several
    one = getter(*names) if names else None
    return lambda row: (one(row),) if one is not None else ()


class Page(Reply, Generic[ItemT], kw_only=True):
    """One page of a list, and the cursors of the pages beside it; null where there is none."""

    items: list[ItemT]
    next: Annotated[str, Meta(description="后一页的游标 / cursor of the following page")] | None = (
        None
    )
    prev: Annotated[str, Meta(description="前一页的游标 / cursor of the page before")] | None = None
    total: Annotated[int, Meta(description="全部条数 / how many the list has")] | UnsetType = UNSET


def plain(said: Any) -> Any:
    """Return what a function said as JSON holds it: objects, lists, texts, numbers.

    Instants and days become text (ISO 8601); what is UNSET is left out.
    """
    kind = type(said)
    if kind in _PLAIN:
        return said
    if kind is list or kind is tuple:
        return [plain(one) for one in said]
    if kind is dict:
        return {name: plain(one) for name, one in said.items()}
    if isinstance(said, Struct):
        names, of, others = _shape(cast("type[Struct]", kind))
        found = dict(zip(names, of(said), strict=True))
        for name in others:
            one = found[name]
            if one is UNSET:
                del found[name]
            elif one is not None:
                found[name] = one.isoformat() if type(one) is datetime else plain(one)
        return found
    if isinstance(said, date):
        return said.isoformat()
    return said


_PLAIN = frozenset({str, int, bool, float, type(None)})


@functools.cache
def _shape(kind: type[Struct]) -> tuple[tuple[str, ...], _Getter, tuple[str, ...]]:
    """Return the names of a type's members on the wire, what takes their values, and the names of
    those that may have to be changed for it."""
    hints, names = get_type_hints(kind), kind.__struct_encode_fields__
    others = (
        name
        for member, name in zip(kind.__struct_fields__, names, strict=True)
        if not _travels(hints[member])
    )
    return names, _several(attrgetter, kind.__struct_fields__), tuple(others)


def _travels(hint: object) -> bool:
    """Tell whether each value of a type is JSON as it stands."""
    if get_origin(hint) in {Union, UnionType}:
        return all(map(_travels, get_args(hint)))
    return get_origin(hint) is Literal or hint in _PLAIN
