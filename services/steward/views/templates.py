"""Templates of replies, for who keeps and who uses them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Area, Cursor, Limit, WithTotal
from fivered.chassis.i18n import in_words, named
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.steward import rules, storage
from fivered.services.steward.fields import Category
from fivered.services.steward.replies import templates as told
from fivered.services.steward.views import cases

PACKAGE = "fivered.services.steward"
_MOST = 50


class TemplateList(Request, frozen=True):
    """答复模板筛选 / Which templates: those of an area, and of the areas above it."""

    scope: Area | None = None
    category: Category | None = None
    state: Literal["ACTIVE", "ENDED"] | None = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class VersionsOf(Request, frozen=True):
    """模板版本 / Of which template, and which part."""

    template_id: str
    sort: Annotated[Literal["version", "-version"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def _words(row: Row) -> dict[str, str | None]:
    return in_words(PACKAGE, "state", row.state)


def reply_templates(tx: Tx, payload: TemplateList) -> Page[told.TemplateCard]:
    """答复模板列表 / Templates of an area, with those of the areas above it.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
    """
    scope = payload.scope or tx.actor.scope
    tx.require_scope(scope)
    found = storage.templates.listed(
        tx.conn,
        areas=rules.areas.above(scope),
        scope=scope,
        category=payload.category,
        state=payload.state,
        part=payload,
    )
    return found.listed(lambda row: told.TemplateCard.of(row, id=row.template_id, **_words(row)))


def template_versions(tx: Tx, payload: VersionsOf) -> Page[told.TemplateVersion]:
    """模板版本 / What a template said, the newest first.

    Raises:
        NotFound: There is none in the caller's area, or above it.
    """
    row = storage.templates.find(tx.conn, payload.template_id)
    if row is None or not (tx.actor.covers(row.area) or tx.actor.scope.startswith(row.area)):
        raise NotFound(kind="reply_template", id=payload.template_id)
    found = storage.templates.versions(tx.conn, payload.template_id, payload)
    return found.listed(lambda one: told.TemplateVersion.of(one, id=one.template_id, **_words(one)))


def request_templates(tx: Tx, payload: cases.WhichRequest) -> told.FilledTemplates:
    """可用模板 / The templates that fit a request, filled for it; for its staff.

    Raises:
        NotFound: No such request, or the viewer is not of its staff.
    """
    row, own = cases.visible(tx, payload.request_id)
    if own is not None or not cases.staffs(tx, row):
        raise NotFound(kind="request", id=payload.request_id)
    areas = [*rules.areas.above(row.grid), row.grid]
    found = storage.templates.fitting(tx.conn, areas, row.category, _MOST)
    return told.FilledTemplates(
        items=[
            told.FilledTemplate.of(
                one,
                id=one.template_id,
                text_zh=_filled(tx, row, one.text_zh, "zh"),
                text_en=_filled(tx, row, one.text_en, "en") if one.text_en else UNSET,
            )
            for one in found
        ]
    )


def _filled(tx: Tx, row: Row, text: str, language: str) -> str:
    steward = storage.posts.known(tx.conn, row.handler) if row.handler is not None else None
    return rules.templates.fill_for(
        text,
        row,
        lambda code: named(code, language, PACKAGE),
        duty=steward.duty if steward is not None else None,
        due=tx.calendar.minute(row.due_resolve),
    )
