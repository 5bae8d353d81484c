"""What every reply may hold, and lists: bases of the services' own reply types.

A reply's type is what a caller may rely on. A service may say more than is promised.
"""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from msgspec import Meta, Struct

ItemT = TypeVar("ItemT")


class Reply(Struct, kw_only=True):
    """Base of replies."""

    provisional: Annotated[
        list[str] | None,
        Meta(
            description="所列期限按暂定工作日历计算,可能顺延 / these deadlines rest on a year "
            "whose holidays are not announced; they may move later"
        ),
    ] = None


class Page(Reply, Generic[ItemT], kw_only=True):
    """One page of a list, and the cursors of the pages beside it; null where there is none."""

    items: list[ItemT]
    next: Annotated[str, Meta(description="后一页的游标 / cursor of the following page")] | None = (
        None
    )
    prev: Annotated[str, Meta(description="前一页的游标 / cursor of the page before")] | None = None
