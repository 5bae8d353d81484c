"""What every reply may hold, and lists: bases of the services' own reply types.

A function behind a door returns one of these types, and its members are all that leaves the
service: what is not declared cannot be said by mistake. A member that is left out for some callers
or in some states is `UNSET` there; one that is always there and may be empty is null.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Generic, Self, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import fields

ItemT = TypeVar("ItemT")


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
        of = row.__getitem__ if isinstance(row, Mapping) else functools.partial(getattr, row)
        told = {name: of(name) for name in _told(cls) if name not in more}
        return cls(**told | more)


@functools.cache
def _told(kind: type[Reply]) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind) if one.default is not UNSET)


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
        found = {}
        for member, name in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True):
            one = getattr(said, member)
            if one is not UNSET:
                found[name] = one if type(one) in _PLAIN else plain(one)
        return found
    if isinstance(said, date):
        return said.isoformat()
    return said


_PLAIN = frozenset({str, int, bool, float, type(None)})
