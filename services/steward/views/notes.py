"""What was written to a case, for those who may read it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

from msgspec import UNSET

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Cursor, Limit, WithTotal
from fivered.chassis.i18n import in_words
from fivered.chassis.records import Row
from fivered.chassis.requests import Request
from fivered.services.steward import replies, storage


class NotesOf(Request, frozen=True):
    """备注与答复 / Of which request, and which part of its notes."""

    request_id: str
    sort: Annotated[Literal["at", "-at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def card(tx: Tx, row: Row, said: Callable[[str], str], *, staff: bool) -> replies.desk.NoteCard:
    """Return a note as the viewer reads it; who wrote it, to the staff alone."""
    return replies.desk.NoteCard.of(
        row,
        id=row.note_id,
        by_role=row.author_role,
        text=text_of(tx, row, said),
        author_id=row.author_id if staff else UNSET,
        receipt=row.receipt if staff else UNSET,
        **in_words("fivered.services.steward", "by_role", row.author_role),
    )


def text_of(tx: Tx, row: Row, said: Callable[[str], str]) -> str | None:
    """Return what a note says; None where its time was over."""
    column = "text" if row.internal is None else "internal"
    sealed = row.text if row.internal is None else row.internal
    text = storage.vault(tx).open_or_none(sealed, f"{row.note_id}.{column}")
    return said(text) if text is not None else None


def with_texts(
    tx: Tx, steps: Sequence[Row], said: Callable[[str], str]
) -> dict[str, dict[str, object]]:
    """Return, by the id of a note that stands in steps, what their details say instead."""
    named = {str(one.detail["note_id"]) for one in steps if "note_id" in one.detail}
    return {
        note_id: {"note_id": note_id, "text": text_of(tx, row, said)}
        for note_id, row in storage.desk.notes_of(tx.conn, named).items()
    }
