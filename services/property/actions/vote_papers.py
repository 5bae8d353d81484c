"""Papers of the owners' votes: entered by one officer, read again by another one, counted once."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from msgspec import Meta

from fivered.chassis import files, records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import Id
from fivered.chassis.free_text import PUBLIC, PublicText
from fivered.chassis.requests import Request
from fivered.services.property import errors, replies
from fivered.services.property.actions import ground, votes
from fivered.services.property.actions.ground import References
from fivered.services.property.actions.votes import Choice
from fivered.services.property.storage import votes as stored
from fivered.services.property.storage.rows import Row


class EnterPaper(Request, frozen=True):
    """录入纸质选票 / A paper ballot that an owner has returned before the close."""

    vote_id: str
    room_id: Id
    choice: Annotated[Choice, Meta(examples=["FOR"])]
    paper_ref: Annotated[
        str,
        Meta(min_length=1, max_length=200, description="选票编号 / number of the paper"),
        PUBLIC,
    ]
    evidence: Annotated[
        References, Meta(min_length=1, description="选票照片或扫描件 / its picture, by reference")
    ]
    returned_on: (
        Annotated[
            date,
            Meta(
                description="业主交回选票之日;截止后录入的必填"
                " / the day on which the owner gave it back; needed after the close",
                examples=["2025-04-10"],
            ),
        ]
        | None
    ) = None


def enter_paper(tx: Tx, payload: EnterPaper) -> replies.Made:
    """录入纸质选票 / Enter a paper ballot.

    Enter what a paper says; it counts once another officer has read the same from it.

    Raises:
        NotFound: There is no such vote.
        ConflictOfInterest: The officer holds a post in the project.
        StateConflict: The vote is neither open nor being counted.
        NotAnOwner: The room has no voice on the roll.
        SamePerson, OwnHousehold: It is the officer's own, or of who lives there too.
        PaperEntered: A paper of this number is entered already, and not rejected.
        ReturnedLate: It is entered after the close without the day of its return, or was returned
            before the opening, later than the close or than today.
    """
    row = _counting(tx, payload.vote_id)
    number = _line_for_officer(tx, row, payload.room_id)
    _require_returned(tx, row, payload.returned_on)
    same = stored.paper_numbered(tx.conn, row.vote_id, payload.paper_ref)
    if same is not None:
        raise errors.PaperEntered(field="paper_ref", paper=payload.paper_ref, other=same)
    made = records.create(
        tx,
        stored.papers,
        step="ENTERED",
        note={"line": number},
        **records.values_from(
            payload,
            stored.papers,
            paper_id=tx.new_id("vpa"),
            line=number,
            state="ENTERED",
            entered_by=tx.actor.id,
            area=row.area,
            version=1,
            created_at=tx.now,
        ),
    )
    files.attach(tx, payload.evidence, field="evidence", paper_id=made.paper_id)
    return ground.reply(replies.Made, stored.papers, made)


def _require_returned(tx: Tx, row: Row, returned_on: date | None) -> None:
    """Refuse a paper that was not returned while the vote was open.

    Raises:
        ReturnedLate: See `enter_paper`.
    """
    opened, last = (tx.calendar.local_date(one) for one in (row.opens_at, row.closes_at))
    late = (
        row.state == "COUNTING"
        if returned_on is None
        else not (opened <= returned_on <= min(last, ground.today(tx)))
    )
    if late:
        raise errors.ReturnedLate(field="returned_on", day=str(last))


def _counting(tx: Tx, vote_id: str) -> Row:
    row = records.locked(tx.conn, stored.votes, vote_id)
    tx.require_scope(row.area)
    ground.uninterested(tx, row)
    records.require_state(row, "OPEN", "COUNTING")
    return row


def _line_for_officer(tx: Tx, row: Row, room_id: str) -> int:
    number = stored.line_of_room(tx.conn, row.vote_id, room_id)
    if number is None:
        raise errors.NotAnOwner(field="room_id", room=room_id)
    owners = {one.person_id for one in stored.voters_of(tx.conn, row.vote_id, [number])}
    ground.require_others(tx, "room_id", [one for one in owners if one])
    return number


class ConfirmPaper(Request, frozen=True):
    """复核纸质选票 / What the second officer reads from the paper."""

    paper_id: str
    choice: Annotated[Choice, Meta(examples=["FOR"])]


def confirm_paper(tx: Tx, payload: ConfirmPaper) -> replies.Cast:
    """复核纸质选票 / Confirm a paper ballot.

    Read the same paper as a second officer: the same choice counts, unless the voice has a ballot
    already; that is noted, and the first one counts.

    Raises:
        NotFound: There is none.
        ConflictOfInterest: The officer holds a post in the project.
        StateConflict: It is confirmed or rejected, or the vote is counted.
        SamePerson, OwnHousehold: The officer entered it, or it is their own.
        PaperDiffers: The two have read different choices.
    """
    paper, row = _paper(tx, payload.paper_id)
    if paper.choice != payload.choice:
        raise errors.PaperDiffers(field="choice", paper=paper.paper_ref)
    line = stored.line_of(tx.conn, row.vote_id, paper.line)
    cast = votes.count_ballot(
        tx,
        row,
        line,
        choice=paper.choice,
        via="PAPER",
        room_id=paper.room_id,
        paper_id=paper.paper_id,
    )
    state = "COUNTED" if cast.counted else "NOT_COUNTED"
    records.change(
        tx,
        stored.papers,
        paper,
        step=state,
        state=state,
        decided_by=tx.actor.id,
        decided_at=tx.now,
    )
    return cast


def _paper(tx: Tx, paper_id: str) -> tuple[Row, Row]:
    paper = records.locked(tx.conn, stored.papers, paper_id)
    row = _counting(tx, paper.vote_id)
    tx.check_version(paper.version)
    records.require_state(paper, "ENTERED")
    if paper.entered_by == tx.actor.id:
        raise errors.SamePerson
    _line_for_officer(tx, row, paper.room_id)
    return paper, row


class RejectPaper(Request, frozen=True):
    """退回录入 / Why an entry is not what the paper says."""

    paper_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["录入与选票不符"])]


def reject_paper(tx: Tx, payload: RejectPaper) -> replies.Made:
    """退回纸质选票录入 / Reject an entry.

    Reject what was entered; the paper may be entered anew.

    Raises:
        NotFound: There is none.
        ReasonRequired: There is no reason.
        ConflictOfInterest, StateConflict, SamePerson, OwnHousehold: As when it is confirmed.
    """
    paper, _row = _paper(tx, payload.paper_id)
    ground.require_reason(payload.reason)
    paper = records.change(
        tx,
        stored.papers,
        paper,
        step="REJECTED",
        state="REJECTED",
        decided_by=tx.actor.id,
        decided_at=tx.now,
        reason=payload.reason,
        note={"reason": payload.reason},
    )
    return ground.reply(replies.Made, stored.papers, paper)
