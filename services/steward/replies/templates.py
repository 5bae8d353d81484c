"""What is answered of templates of replies."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply


class TemplateReply(Reply, kw_only=True):
    """模板 / A template after a step."""

    id: str
    state: Annotated[str, Meta(examples=["ACTIVE"])]
    version: int


class TemplateVersion(Reply, kw_only=True):
    """模板版本 / What a template said."""

    id: str
    version: int
    category: str | None
    title: str
    text_zh: str
    text_en: str | None
    state: str
    state_zh: str
    state_en: str
    changed_at: Instant


class TemplateCard(TemplateVersion, kw_only=True):
    """答复模板 / A template of replies."""

    area: str
    created_at: Instant


class FilledTemplate(Reply, kw_only=True):
    """可用模板 / A template as it would stand in a reply to this request."""

    id: str
    version: int
    title: str
    text_zh: str
    text_en: str | UnsetType | None = UNSET


class FilledTemplates(Reply, kw_only=True):
    """可用模板 / The templates that fit a request, filled."""

    items: list[FilledTemplate]
    next: None = None
