"""What everybody may read of requests."""

from typing import Annotated

from msgspec import Meta

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply


class CategoryPart(Reply, kw_only=True):
    """细类 / A part of a category."""

    category: str
    name_zh: str
    name_en: str
    priority: Annotated[
        str, Meta(description="默认优先级 / the priority, where nobody says another one")
    ]
    duties: Annotated[list[str], Meta(description="承办岗位 / who handles it, best first")]


class CategoryCard(CategoryPart, kw_only=True):
    """诉求事项 / A category of requests."""

    kind: Annotated[str, Meta(description="默认类别 / the kind, where nobody says another one")]
    common: Annotated[bool, Meta(description="办理情况公开 / how it goes is public")]
    subcategories: Annotated[
        list[CategoryPart], Meta(description="细类 / its parts, which a request may name")
    ]


class CategoryCards(Reply, kw_only=True):
    """诉求事项 / The categories of requests."""

    items: list[CategoryCard]
    standard_id: Annotated[
        str, Meta(description="现行办理标准 / the version of the service standards in force")
    ]


class OpenRequest(Reply, kw_only=True):
    """公开的办理情况 / How a request goes, without its words, its door and its people."""

    number: str
    category: str
    state: str
    state_zh: str
    state_en: str
    open: bool
    grid: str
    place: Annotated[str, Meta(description="所在网格 / the grid in which it lies")]
    lat: float | None = None
    lon: float | None = None
    filed_at: Instant
    updated_at: Instant
    due: Annotated[Instant, Meta(description="办结期限 / when it is due")]


class OpenStep(Reply, kw_only=True):
    """公开的办理步骤 / One step of such a request."""

    id: str
    number: str
    state: str
    open: bool
    at: Instant
    text_zh: str
    text_en: str
