"""What every reply may hold, and lists: bases of the services' own reply types.

A function behind a door returns one of these types, and its members are all that leaves the
service: what is not declared cannot be said by mistake. A member that is left out for some callers
or in some states is `UNSET` there; one that is always there and may be empty is null.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
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

from msgspec import UNSET, Meta, Struct, UnsetType, to_builtins
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
        names = _told(cls, tuple(more))
        told: dict[str, Any] = dict(zip(names, _values(row, names), strict=True))
        told |= more
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
        names = _added(of, tuple(more))
        for name, value in zip(names, _values(row, names), strict=True):
            setattr(self, name, value)
        for name, value in more.items():
            setattr(self, name, value)


@functools.cache
def _added(kind: type[Reply], but: tuple[str, ...]) -> tuple[str, ...]:
    """Return the members that a type has and its bases have not."""
    bases = {name for base in kind.__bases__ for name in getattr(base, "__struct_fields__", ())}
    return tuple(name for name in kind.__struct_fields__ if name not in bases.union(but))


@functools.cache
def _told(kind: type[Reply], but: tuple[str, ...]) -> tuple[str, ...]:
    """Return the members that are taken from a row."""
    return tuple(
        one.name for one in fields(kind) if one.default is not UNSET and one.name not in but
    )


def _values(row: object, names: tuple[str, ...]) -> tuple[Any, ...]:
    """Return columns of a row. Lists have thousands."""
    if _is_mapping(cast("type", type(row))):
        return _several(itemgetter, names)(row)
    # A row that was read gives its columns by name five times faster than as attributes.
    mapping = getattr(row, "_mapping", None)
    if mapping is not None:
        try:
            return _several(itemgetter, names)(mapping)
        except KeyError as error:
            raise AttributeError(f"the row has no column {error}") from error
    return _several(attrgetter, names)(row)


@functools.cache
def _is_mapping(kind: type) -> bool:
    return issubclass(kind, Mapping)


@functools.cache
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
        return _zoned(said, to_builtins(said))
    if isinstance(said, date):
        return said.isoformat()
    return said


_PLAIN = frozenset({str, int, bool, float, type(None)})


def _zoned(said: Struct, told: dict[str, Any]) -> dict[str, Any]:
    """Return what msgspec has made of a struct, its instants as we write them.

    msgspec does it in a tenth of the time, but ends an instant of UTC with a Z. Our callers, and
    the replies that are kept under keys, have +00:00.
    """
    instants, others = _shape(type(said))
    for name in instants:
        at = told.get(name)
        if at is not None and at[-1] == "Z":
            told[name] = f"{at[:-1]}+00:00"
    for member, name in others:
        one = getattr(said, member)
        kind = type(one)
        if kind is list and one and isinstance(one[0], Struct):
            told[name] = [
                _zoned(each, made) if isinstance(each, Struct) else plain(each)
                for each, made in zip(one, told[name], strict=True)
            ]
        elif isinstance(one, Struct):
            _zoned(one, told[name])
        elif one is not UNSET and kind not in _PLAIN:
            told[name] = plain(one)
    return told


@functools.cache
def _shape(kind: type[Struct]) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Return the names on the wire of a type's instants, and of the members, with theirs, that may
    hold instants deeper in them."""
    hints, instants, others = get_type_hints(kind), [], []
    for member, name in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True):
        kinds = set(_kinds(hints[member]))
        if kinds <= _AS_TOLD:
            continue
        if kinds <= {datetime, date, type(None)}:
            instants.append(name)
        else:
            others.append((member, name))
    return tuple(instants), tuple(others)


# What msgspec tells as it is told here.
_AS_TOLD = _PLAIN | {date}


def _kinds(hint: object) -> Iterator[object]:
    """Yield of what a member may be made, UNSET and lists of it apart."""
    if get_origin(hint) in {Union, UnionType}:
        for one in get_args(hint):
            yield from _kinds(one)
    elif get_origin(hint) is list and set(_kinds(get_args(hint)[0])) <= _AS_TOLD:
        return
    elif get_origin(hint) is Literal:
        yield from map(type, get_args(hint))
    elif hint is not UnsetType:
        yield hint
