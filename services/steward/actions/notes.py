"""What is written to a case beside its steps: by its staff for each other or to its reporter, and
by the reporter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, field

from fivered.chassis import files
from fivered.chassis.bus import Tx
from fivered.chassis.files import FileId
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, said
from fivered.chassis.requests import Request
from fivered.services.steward import replies, rules, storage
from fivered.services.steward.actions import telling
from fivered.services.steward.actions.cases import Receipt, Text, locked, note_step, speaker
from fivered.services.steward.actions.parties import require_impartial
from fivered.services.steward.actions.standing import require_serving
from fivered.services.steward.errors.desk import NotesFull, TooManyNotes

MOST = 500
# So many photos and papers a request has at most.
MOST_MEDIA = 50
_NOT_INTERNAL = "内部备注不附照片,请随答复附上 / photos come with a reply alone"
# So much its reporter adds on one day.
PER_DAY = 10
SPOKEN = ("INFO", "URGE")
# What is internal, and what the step of a note is called.
STEPS = {"NOTE": "note", "REPLY": "reply", "INFO": "inform"}


class AddNote(Request, frozen=True):
    """备注、答复或补充 / A note for the staff, a reply to the reporter, or what one adds."""

    request_id: str
    text: Annotated[Text, Meta(examples=["物业已订配件,周三到货后上门更换"])]
    visibility: Annotated[
        Literal["INTERNAL", "PUBLIC"],
        Meta(
            description="INTERNAL:仅承办方可见;PUBLIC:诉求人可见 / read by the staff of the case "
            "alone, or by the reporter too"
        ),
    ] = "PUBLIC"
    media: Annotated[
        list[FileId],
        Meta(
            max_length=9,
            description="照片或文件,并入诉求的附件;内部备注不附 / photos or papers, which become "
            "the request's; none with what is internal",
        ),
    ] = field(default_factory=list)
    receipt: Receipt | None = None


def add_note(tx: Tx, payload: AddNote) -> replies.desk.NoteReply:
    """备注、答复、补充 / Write to a case.

    承办方写内部备注或答复诉求人;诉求人补充情况;为无账号的诉求人补充须有凭据;其他系统可补充由其提交的
    诉求。
    The staff of a case write for each other or answer the reporter; the reporter adds to it, and
    staff for one without an account, against a receipt; another system to what it has filed.

    Raises:
        NotFound: It is none of the caller's business.
        NotReporter: The caller neither handles nor reported it.
        ReporterActs: Staff speak for nobody who has an account.
        ReceiptUnknown: Nor without the receipt of this request.
        ConflictOfInterest: Staff who are a party of the matter write nothing for each other.
        RoleDenied: The reporter writes nothing internal.
        StateConflict: It was rejected or taken back: its reporter adds nothing more.
        TooManyNotes: The reporter has added enough today.
        NotesFull: It has as many notes, or photos, as it can hold.
        Invalid: Photos come with what is internal.
    """
    return add(tx, payload, {})


def add(tx: Tx, payload: AddNote, more: Mapping[str, object]) -> replies.desk.NoteReply:
    """Write to a case; see `add_note`. `more` stands in the timeline beside it."""
    row = locked(tx, payload.request_id)
    if tx.actor.is_service_account:
        # Another system adds to what it has filed, and is none of the staff.
        if row.recorded_by != tx.actor.id:
            raise NotFound(kind="request", id=payload.request_id)
        if payload.visibility == "INTERNAL" or payload.receipt is not None:
            raise RoleDenied(role=tx.actor.role, field="visibility")
        rules.requests.check("add", row.state)
        kind = "INFO"
    elif payload.receipt is None and takes_part(tx, row):
        if tx.actor.id != row.handler_person:
            require_serving(tx)
        require_impartial(tx, row)
        kind = "NOTE" if payload.visibility == "INTERNAL" else "REPLY"
    else:
        row = speaker(tx, row, payload.receipt)
        if payload.visibility == "INTERNAL":
            raise RoleDenied(role=tx.actor.role, field="visibility")
        rules.requests.check("add", row.state)
        kind = "INFO"
    add_media(tx, row, kind, payload.media)
    note_id = write(tx, row, kind, payload.text, payload.receipt)
    told = {"note_id": note_id, **more}
    note_step(tx, row, STEPS[kind], told)
    # What a reporter adds to a request that was merged is for who has the case in hand.
    about = storage.cases.root(tx.conn, row) if kind == "INFO" else row
    telling.of_step(tx, about, STEPS[kind], told)
    return replies.desk.NoteReply(
        id=note_id, request_id=row.request_id, kind=kind, state=row.state, version=row.version
    )


def add_media(tx: Tx, row: Row, kind: str, media: list[str]) -> None:
    """Let what is sent with a note be among the photos of its request.

    Raises:
        Invalid: It is internal; the request's own reporter reads its photos.
        NotesFull: It has as many as it can hold.
        files.UnknownFile: One is not there, or somebody else has sent it.
    """
    if not media:
        return
    if kind == "NOTE":
        raise Invalid(field="media", reason=said(_NOT_INTERNAL))
    every = list(dict.fromkeys([*row.media, *media]))
    if len(every) > MOST_MEDIA:
        raise NotesFull(limit=MOST_MEDIA)
    files.attach(tx, media, whose=row.reporter_id, request_id=row.request_id)
    storage.desk.set_media(tx.conn, row.request_id, every)


def write(tx: Tx, row: Row, kind: str, text: str, receipt: str | None) -> str:
    """Keep a note of a request whose row is locked, and return its id.

    Raises:
        TooManyNotes: The reporter has added enough today.
        NotesFull: It has as many notes as it can hold.
    """
    if storage.desk.count_notes(tx.conn, row.request_id) >= MOST:
        raise NotesFull(limit=MOST)
    if kind in SPOKEN:
        today = tx.calendar.midnight(tx.calendar.local_date(tx.now))
        if storage.desk.count_notes(tx.conn, row.request_id, kinds=SPOKEN, since=today) >= PER_DAY:
            raise TooManyNotes(limit=PER_DAY)
    note_id = tx.new_id("note")
    column = "internal" if kind == "NOTE" else "text"
    sealed = storage.vault(tx).seal(text, f"{note_id}.{column}", row.reporter_id)
    storage.desk.add_note(
        tx.conn,
        note_id=note_id,
        request_id=row.request_id,
        kind=kind,
        author_id=tx.actor.id,
        author_role=tx.actor.role,
        receipt=receipt,
        at=tx.now,
        **{column: sealed},
    )
    return note_id


def takes_part(tx: Tx, row: Row) -> bool:
    """Tell whether the caller acts for the case: has or had it in hand, or decides for the place.

    Who is a party of the matter does not, even where the office would."""
    if not tx.actor.id or tx.actor.id == row.reporter_id:
        return False
    case = storage.cases.root(tx.conn, row)
    handles = tx.actor.id in {row.handler_person, case.handler_person}
    handles = handles or storage.co_handling.helps(tx.conn, case.request_id, tx.actor.id)
    if not handles and not tx.actor.covers(row.grid):
        return False
    decides = tx.actor.role in rules.requests.SPEAKERS and tx.actor.covers(row.grid)
    if storage.escalations.is_before(tx.conn, case.request_id, tx.actor.id):
        return True
    return handles or decides or tx.actor.id in storage.cases.chain(tx.conn, case.request_id)
