"""Disclosures: what a project must publish to its owners, and by when."""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from typing import Annotated, Literal

from msgspec import Meta, field, to_builtins

from fivered.chassis import files, records
from fivered.chassis.blobs import NoBlobs
from fivered.chassis.bus import Due, Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.fields import Sha256
from fivered.chassis.files import FileDiffers, FileId, UnknownFile
from fivered.chassis.free_text import PUBLIC, PublicText
from fivered.chassis.requests import Request
from fivered.chassis.telling import tell
from fivered.chassis.text import fold
from fivered.services.property import errors, events, replies
from fivered.services.property.actions import ground
from fivered.services.property.fields import DisclosureKind
from fivered.services.property.storage import closings, rooms, rows, tables
from fivered.services.property.storage import disclosures as stored
from fivered.services.property.storage.rows import Row

# Named under `Raises:` of the doors below.
_OF_FILES = (FileDiffers, UnknownFile, NoBlobs)
# So often a disclosure is put right: the board shows each document that stood there.
MOST_CORRECTIONS = 20


class Schedule(Request, frozen=True):
    """安排公示 / What a project must publish by the end of a day."""

    project_id: Annotated[str, Meta(examples=["prj_honghe"])]
    kind: Annotated[
        DisclosureKind,
        Meta(examples=["FEES"]),
    ]
    title: Annotated[
        str, Meta(min_length=1, max_length=200, examples=["2025 年一季度收支"]), PUBLIC
    ]
    due_date: Annotated[date, Meta(examples=["2025-04-15"])]


def schedule_disclosure(tx: Tx, payload: Schedule) -> replies.MadeDue:
    """安排公示 / Schedule a disclosure.

    Put a disclosure on a project's list.

    Raises:
        NotFound: There is no such project.
        DueInPast: The day has passed.
        DisclosureScheduled: The same paper stands on the list for that day.
    """
    project = ground.project_to_decide(tx, payload.project_id)
    ground.require_open(project)
    due_at = tx.calendar.midnight(payload.due_date + timedelta(days=1))
    if due_at <= tx.now:
        raise errors.DueInPast(field="due_date", due=str(payload.due_date))
    _require_new(tx, payload)
    row = records.create(
        tx,
        tables.disclosures,
        step="SCHEDULED",
        **records.values_from(
            payload,
            tables.disclosures,
            disclosure_id=tx.new_id("dsc"),
            due_at=due_at,
            state="SCHEDULED",
            area=project.area,
            version=1,
            created_at=tx.now,
        ),
    )
    tx.arm("dsc_due", row.disclosure_id, due_at)
    return ground.reply(replies.MadeDue, tables.disclosures, row, due=due_at)


def _require_new(tx: Tx, payload: Schedule) -> None:
    """Refuse a twin: only one of the two would be published (t2 B6)."""
    # Two clerks at one moment: the project's row decides who is first.
    ground.found(tx, tables.projects, payload.project_id)
    for one in rows.disclosures_like(
        tx.conn, project_id=payload.project_id, kind=payload.kind, due_date=payload.due_date
    ):
        if fold(one.title) == fold(payload.title):
            raise errors.DisclosureScheduled(field="title", disclosure_id=one.disclosure_id)


Side = Literal["IN", "OUT", "BALANCE"]


class Figure(Request, frozen=True):
    """一行收支 / One line of income and expenditure, or what is left."""

    side: Annotated[Side, Meta(examples=["IN"])]
    item: Annotated[str, Meta(min_length=1, max_length=100, examples=["物业费"]), PUBLIC]
    amount_fen: Annotated[
        int,
        Meta(ge=-(10**13), le=10**13, description="金额,分 / amount in fen", examples=[12_000_000]),
    ]


class Content(Request, frozen=True):
    """公示内容 / What everybody reads: a text, figures, files; or at least a document's digest."""

    doc_sha256: (
        Annotated[
            Sha256,
            Meta(description="文件摘要,不给则按内容计算 / of the paper, or of what stands here"),
        ]
        | None
    ) = None
    file: Annotated[
        FileId | None,
        Meta(description="公示文件,给出摘要时须相同 / the document; of the digest, if given"),
    ] = None
    text: Annotated[str, Meta(max_length=20_000, examples=["一季度收入…,支出…"]), PUBLIC] = ""
    figures: Annotated[
        list[Figure], Meta(max_length=200, description="收支明细 / income and expenditure")
    ] = field(default_factory=list)
    files: Annotated[
        list[FileId], Meta(max_length=20, description="附件:已上传的文件 / files sent before")
    ] = field(default_factory=list)


class Publish(Content, frozen=True, kw_only=True):
    """发布公示 / What is published."""

    disclosure_id: str


def publish_disclosure(tx: Tx, payload: Publish) -> replies.Submitted:
    """发布公示 / Publish.

    The manager publishes; only in time is it said, because credit rewards what is said.

    Raises:
        NotTheManager: The actor does not manage the project.
        StateConflict: It is published.
        NothingToRead: Neither text, figures, files nor a digest is given.
        FileDiffers: The document is another one than the digest says.
        UnknownFile, NoBlobs: A file is not there; see `POST /v1/files`.
    """
    row = ground.meant(tx, tables.disclosures, payload.disclosure_id)
    records.require_state(row, "SCHEDULED", "OVERDUE")
    late = tx.now >= row.due_at
    state = "PUBLISHED_LATE" if late else "PUBLISHED"
    version = _written(tx, row.disclosure_id, payload)
    row = records.change(
        tx,
        tables.disclosures,
        row,
        step=state,
        state=state,
        note={"doc_sha256": version.doc_sha256},
        published_at=tx.now,
        published_by=tx.actor.id,
        doc_sha256=version.doc_sha256,
    )
    tx.disarm("dsc_due", payload.disclosure_id)
    if not late:
        tx.publish(
            fact_of(events.DisclosurePublished, row),
            subject=row.disclosure_id,
            scope=row.area,
            sequence=row.version,
        )
    about = ("disclosure", row.disclosure_id)
    tell(tx, "DISCLOSURE_NEW", _owners(tx, row), about=about, what=row.kind)
    return ground.reply(replies.Submitted, tables.disclosures, row, late=late)


def _owners(tx: Tx, row: Row) -> set[str]:
    return rooms.owners_in(tx.conn, row.project_id, ground.today(tx)) - {tx.actor.id}


def _written(tx: Tx, disclosure_id: str, content: Content, note: str | None = None) -> Row:
    """Write what everybody reads from now on.

    Raises:
        NothingToRead: There is nothing.
        FileDiffers: The document is another one than the digest says.
        UnknownFile, NoBlobs: A file is not there.
    """
    named = [content.file] if content.file is not None else []
    named += [one for one in content.files if one != content.file]
    digest = content.doc_sha256
    if digest is None:
        if not (content.text.strip() or content.figures or named):
            raise errors.NothingToRead(field="text")
        said = [content.text, to_builtins(content.figures), named]
        digest = hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()
        files.attach(tx, content.file, field="file", disclosure_id=disclosure_id)
    else:
        files.attach_document(tx, content.file, digest, disclosure_id=disclosure_id)
    files.attach(tx, content.files, field="files", disclosure_id=disclosure_id)
    return stored.add(
        tx.conn,
        disclosure_id,
        doc_sha256=digest,
        text=content.text,
        figures=to_builtins(content.figures),
        files=named,
        note=note,
        published_at=tx.now,
        published_by=tx.actor.id,
    )


class Correct(Content, frozen=True, kw_only=True):
    """更正公示 / What is right instead of what is published, as a whole, and why."""

    disclosure_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["误传草稿,更换为定稿"])]


def correct_disclosure(tx: Tx, payload: Correct) -> replies.Made:
    """更正已公布的公示 / Put a published disclosure right.

    The manager publishes a new version; those before stay readable, with what differs.

    Whether it was in time stays as it was: the first publication counts.

    Raises:
        NotTheManager: The actor does not manage the project.
        ReasonRequired: There is no reason.
        StateConflict: It is not published, or the project is closed.
        NothingChanges: It is what is published.
        NothingToRead, FileDiffers, UnknownFile, NoBlobs: As of `publish`.
        CorrectedTooOften: It was put right twenty times.
    """
    row = ground.meant(tx, tables.disclosures, payload.disclosure_id)
    ground.require_open(ground.project(tx, row.project_id))
    ground.require_reason(payload.reason)
    records.require_state(row, "PUBLISHED", "PUBLISHED_LATE")
    former = list(row.former or [])
    if len(former) >= MOST_CORRECTIONS:
        raise errors.CorrectedTooOften(most=MOST_CORRECTIONS)
    version = _written(tx, row.disclosure_id, payload, payload.reason)
    if row.doc_sha256 == version.doc_sha256:
        raise errors.NothingChanges
    former.append(
        {"doc_sha256": row.doc_sha256, "until": tx.now.isoformat(), "reason": payload.reason}
    )
    row = records.change(
        tx,
        tables.disclosures,
        row,
        step="CORRECTED",
        doc_sha256=version.doc_sha256,
        former=former,
        note={"reason": payload.reason, "before": former[-1]["doc_sha256"]},
    )
    tell(
        tx,
        "DISCLOSURE_CORRECTED",
        _owners(tx, row),
        about=("disclosure", row.disclosure_id),
        what=row.kind,
        reason=payload.reason,
    )
    return ground.reply(replies.Made, tables.disclosures, row)


def fall_due(tx: Tx, due: Due) -> None:
    """What is not published at its due instant is overdue."""
    row = records.find(tx.conn, tables.disclosures, due.ref, lock=True)
    if row is None or row.state != "SCHEDULED":
        return
    row = records.change(
        tx, tables.disclosures, row, step="OVERDUE", state="OVERDUE", overdue_at=due.due_at
    )
    tx.publish(
        fact_of(events.DisclosureOverdue, row),
        subject=row.disclosure_id,
        scope=row.area,
        sequence=row.version,
    )


class Cancel(Request, frozen=True):
    """理由 / A reason that others can read."""

    disclosure_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["双方协商一致"])]


def cancel_disclosure(tx: Tx, payload: Cancel) -> replies.Made:
    """取消公示安排 / Take a disclosure off the list.

    The community takes a disclosure off the list before it is due, afterwards the street does.

    That an overdue one was filed by mistake is the street's to say: the project pays for it.

    Raises:
        ReasonRequired: There is no reason.
        ConflictOfInterest: The person holds a post in the project.
        StateConflict: It is published; or overdue, and the actor is not of the street.
    """
    row = ground.meant(tx, tables.disclosures, payload.disclosure_id, may=ground.uninterested)
    ground.require_reason(payload.reason)
    may = ("SCHEDULED", "OVERDUE") if tx.actor.role == "R_STREET" else ("SCHEDULED",)
    records.require_state(row, *may)
    cancelled = _cancelled(tx, row, payload.reason)
    if row.state == "OVERDUE":
        tx.publish(
            events.DisclosureWithdrawn(row.disclosure_id, row.project_id),
            subject=row.disclosure_id,
            scope=row.area,
            sequence=cancelled.version,
        )
    return ground.reply(replies.Made, tables.disclosures, cancelled)


def _cancelled(tx: Tx, row: Row, reason: str) -> Row:
    row = records.change(
        tx,
        tables.disclosures,
        row,
        step="CANCELLED",
        state="CANCELLED",
        note={"reason": reason},
        cancel_reason=reason,
    )
    tx.disarm("dsc_due", row.disclosure_id)
    return row


def list_again(tx: Tx, project_id: str) -> tuple[int, list[str]]:
    """Put on the list again what a project that is reopened still has to publish. Returns how many
    that are, and the ids of those whose day has passed meanwhile."""
    listed, late = 0, []
    for row in closings.disclosures_ended(tx.conn, project_id):
        if row.due_at <= tx.now:
            late.append(row.disclosure_id)
            continue
        records.change(
            tx,
            tables.disclosures,
            row,
            step="SCHEDULED",
            state="SCHEDULED",
            cancel_reason=None,
            note={"reason": "PROJECT_REOPENED"},
        )
        tx.arm("dsc_due", row.disclosure_id, row.due_at)
        listed += 1
    return listed, late


def end_for_closed_project(tx: Tx, project_id: str) -> None:
    """Take what a closed project would still have had to publish off its list."""
    for row in rows.disclosures_to_come(tx.conn, project_id):
        _cancelled(tx, row, "PROJECT_CLOSED")
