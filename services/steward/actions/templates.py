"""Templates of replies: who keeps them, and replies that are made of one."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import Area
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.i18n import named
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.requests import Request
from fivered.services.steward import replies, rules, storage
from fivered.services.steward.actions import notes
from fivered.services.steward.actions.cases import MAX_TEXT, locked
from fivered.services.steward.errors import NotHandler
from fivered.services.steward.errors.templates import NoEnglish, TemplateUnfit
from fivered.services.steward.fields import Category
from fivered.services.steward.replies.templates import TemplateReply

_PLACES = "占位符 / places: " + " ".join("{" + one + "}" for one in rules.templates.PLACES)
Title = Annotated[str, Meta(min_length=2, max_length=60, examples=["配件已订"]), PUBLIC]
TextZh = Annotated[
    str,
    Meta(
        min_length=2, max_length=800, description=_PLACES,
        examples=["您的诉求 {number} 已订配件,预计 {due} 前办结。"],
    ),
    PUBLIC,
]  # fmt: skip
TextEn = Annotated[
    str,
    Meta(
        min_length=2, max_length=800, description=_PLACES,
        examples=["The part for {number} is ordered; it is to be done by {due}."],
    ),
    PUBLIC,
]  # fmt: skip


class AddTemplate(Request, frozen=True):
    """新建答复模板 / A template of replies for an area."""

    area: Area
    title: Title
    text_zh: TextZh
    text_en: TextEn | None = None
    category: (
        Annotated[Category, Meta(description="不给则各事项通用 / for every matter when left out")]
        | None
    ) = None


class ChangeTemplate(Request, frozen=True):
    """修改答复模板 / What it says from now on; what was said before stays as a version."""

    template_id: str
    title: Title
    text_zh: TextZh
    text_en: TextEn | None = None
    category: Category | None = None


class WhichTemplate(Request, frozen=True):
    """Which template is meant."""

    template_id: str


class ReplyByTemplate(Request, frozen=True):
    """用模板答复 / A reply made of a template."""

    request_id: str
    template_id: Annotated[str, Meta(min_length=1, max_length=64)]
    language: Annotated[Literal["zh", "en", "both"], Meta(description="语言 / language")] = "zh"


def add_template(tx: Tx, payload: AddTemplate) -> TemplateReply:
    """新建答复模板 / Keep a template of replies.

    Raises:
        RoleDenied: The area lies outside the caller's.
        UnknownPlace: The text has a place that nobody fills.
    """
    tx.require_scope(payload.area)
    _check(payload)
    row = storage.templates.add(
        tx.conn,
        **records.values_from(
            payload,
            storage.templates.reply_templates,
            template_id=tx.new_id("tpl"),
            state="ACTIVE",
            created_at=tx.now,
            changed_at=tx.now,
            changed_by=tx.actor.id,
            version=1,
        ),
    )
    return TemplateReply.of(row, id=row.template_id)


def _check(payload: AddTemplate | ChangeTemplate) -> None:
    rules.templates.check(payload.text_zh, "text_zh")
    rules.templates.check(payload.text_en, "text_en")


def _own(tx: Tx, template_id: str) -> Row:
    row = storage.templates.locked(tx.conn, template_id)
    if not tx.actor.covers(row.area):
        raise NotFound(kind="reply_template", id=template_id)
    tx.check_version(row.version)
    records.require_state(row, "ACTIVE")
    return row


def change_template(tx: Tx, payload: ChangeTemplate) -> TemplateReply:
    """修改答复模板 / Change a template; the versions before stay readable.

    Raises:
        NotFound: There is none in the caller's area.
        StateConflict: It is out of use.
        UnknownPlace: The text has a place that nobody fills.
    """
    row = _own(tx, payload.template_id)
    _check(payload)
    values = records.values_from(
        payload,
        storage.templates.reply_templates,
        changed_by=tx.actor.id,
        changed_at=tx.now,
    )
    values.pop("template_id")
    row = storage.templates.change(tx.conn, row, **values)
    return TemplateReply.of(row, id=row.template_id)


def end_template(tx: Tx, payload: WhichTemplate) -> TemplateReply:
    """停用答复模板 / Take a template out of use.

    Raises:
        NotFound: There is none in the caller's area.
        StateConflict: It is out of use.
    """
    row = _own(tx, payload.template_id)
    row = storage.templates.change(
        tx.conn, row, state="ENDED", changed_by=tx.actor.id, changed_at=tx.now
    )
    return TemplateReply.of(row, id=row.template_id)


def reply_by_template(tx: Tx, payload: ReplyByTemplate) -> replies.desk.NoteReply:
    """用模板答复诉求人 / Answer the reporter by a template.

    The places are filled from the request; which version it was stands in the timeline.

    Raises:
        NotHandler: The caller neither has it in hand nor decides for the place.
        NotFound: No such request or template.
        TemplateUnfit: The template is for another area or matter, or out of use.
        NoEnglish: It has no English text.
        ConflictOfInterest: The caller is a party of the matter.
        NotesFull: It has as many notes as it can hold.
    """
    row = locked(tx, payload.request_id)
    if not notes.takes_part(tx, row):
        if not tx.actor.covers(row.grid):
            raise NotFound(kind="request", id=payload.request_id)
        raise NotHandler
    template = storage.templates.find(tx.conn, payload.template_id)
    if template is None:
        raise NotFound(kind="reply_template", id=payload.template_id)
    fits = template.category in {None, row.category} and row.grid.startswith(template.area)
    if template.state != "ACTIVE" or not fits:
        raise TemplateUnfit(field="template_id")
    if payload.language != "zh" and template.text_en is None:
        raise NoEnglish(field="language")
    languages = ("zh", "en") if payload.language == "both" else (payload.language,)
    text = "\n".join(filled(tx, row, template, one) for one in languages)
    order = notes.AddNote(request_id=row.request_id, text=text[:MAX_TEXT])
    used = {"template_id": template.template_id, "template_version": template.version}
    return notes.add(tx, order, used)


def filled(tx: Tx, row: Row, template: Row, language: str) -> str:
    """Return what a template says of a request, in a language."""
    steward = storage.posts.known(tx.conn, row.handler) if row.handler is not None else None
    return rules.templates.fill_for(
        (template.text_zh if language == "zh" else template.text_en) or "",
        row,
        lambda code: named(code, language, "fivered.services.steward"),
        duty=steward.duty if steward is not None else None,
        due=tx.calendar.minute(row.due_resolve),
    )
