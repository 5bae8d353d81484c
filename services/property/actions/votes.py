"""The owners' vote: called, opened on a frozen roll, cast on line and on paper, counted, final."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Due, Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.fields import Id
from fivered.chassis.free_text import PUBLIC, Office, PublicText
from fivered.chassis.refusal import StateConflict
from fivered.chassis.requests import Request
from fivered.chassis.telling import tell
from fivered.services.property import errors, events, replies, rules
from fivered.services.property.actions import ground, topics
from fivered.services.property.fields import Matter
from fivered.services.property.storage import rooms, tables
from fivered.services.property.storage import votes as stored
from fivered.services.property.storage.rows import Row

Choice = Literal["FOR", "AGAINST", "ABSTAIN"]
# How long a vote may be open, and for how many days its papers may be entered afterwards.
MOST_OPEN = timedelta(days=60)
COUNT_DAYS = 7
# How long before it closes who has not voted is told; after half of a vote that is open for less
# than twice as long.
REMIND = timedelta(days=2)
REVOKE_FIRST = (
    "此前的投票已计入,本次未计入;如要改投,请先撤回再投"
    " / The ballot before counts, this one does not; to vote otherwise take that one back first"
)


class CallVote(Request, frozen=True):
    """发起业主共同决定 / Call an owners' vote on one matter of Civil Code art. 278."""

    project_id: Annotated[str, Meta(examples=["prj_honghe"])]
    matter: Annotated[Matter, Meta(examples=["CHOOSE_MANAGER"])]
    title: Annotated[str, Meta(min_length=1, max_length=200, examples=["续聘物业服务企业"]), PUBLIC]
    proposal: Annotated[
        str, Meta(min_length=1, max_length=8000, examples=["同意续聘宏达物业,合同期三年。"]), PUBLIC
    ]
    opens_at: Annotated[datetime, Meta(tz=True, examples=["2025-04-01T08:00:00+08:00"])]
    closes_at: Annotated[datetime, Meta(tz=True, examples=["2025-04-15T18:00:00+08:00"])]
    topic_id: (
        Annotated[
            Id,
            Meta(description="所涉议题,须待业主共同决定 / the topic that waits for the owners"),
        ]
        | None
    ) = None
    repeats: Annotated[Id, Meta(description="重新表决的原表决 / the vote to repeat")] | None = None


def call_vote(tx: Tx, payload: CallVote) -> replies.VoteMade:
    """发起业主共同决定 / Call an owners' vote.

    Call a vote. The matter decides what it needs; the roll is frozen when it opens.

    Raises:
        NotFound: There is no such project, or no vote to repeat.
        RoleDenied: It lies outside the actor's scope.
        ConflictOfInterest: The actor holds a post in the project.
        StateConflict: The project is closed.
        NoticeTooShort: It opens before the notice is over, or is open for no time or too long.
        RollEmpty: No room of the compound has a voice.
        NotRepeatable: The vote to repeat has not failed, is another project's or another matter, or
            is repeated already.
        UnknownTopic: No such topic is heard of.
        TopicElsewhere: The topic is another community's.
        TopicNotWaiting: The topic does not wait for the owners.
        ThereAlready: The same vote is called, and not over.
    """
    project = ground.project_to_decide(tx, payload.project_id)
    ground.require_open(project)
    if payload.topic_id is not None:
        topics.require_waiting(tx, payload.topic_id, project.area)
    settings: Any = tx.settings
    notice = timedelta(days=settings.vote_notice_days)
    if not (
        payload.opens_at >= tx.now + notice
        and payload.opens_at < payload.closes_at <= payload.opens_at + MOST_OPEN
    ):
        raise errors.NoticeTooShort(field="opens_at", days=str(notice.days))
    if not _roll(tx, project.project_id)[0]:
        raise errors.RollEmpty(field="project_id", project=project.project_id)
    former = _to_repeat(tx, payload) if payload.repeats is not None else None
    ground.require_new(
        tx,
        stored.votes,
        ("ANNOUNCED", "OPEN"),
        "title",
        project_id=project.project_id,
        matter=payload.matter,
        title=payload.title,
    )
    row = records.create(
        tx,
        stored.votes,
        step="CALLED",
        note={"matter": payload.matter},
        **records.values_from(
            payload,
            stored.votes,
            vote_id=tx.new_id("owv"),
            number=records.next_number(tx, tables.numbers, "YZ", project.area),
            round=1 if former is None else former.round + 1,
            state="ANNOUNCED",
            abstentions=settings.vote_abstentions,
            unreturned=settings.vote_unreturned,
            called_by=tx.actor.id,
            area=project.area,
            version=1,
            created_at=tx.now,
        ),
    )
    tx.arm("vote_open", row.vote_id, row.opens_at)
    owners = rooms.owners_in(tx.conn, project.project_id, ground.today(tx))
    _tell(tx, row, "VOTE_CALLED", owners, opens=tx.calendar.minute(row.opens_at))
    return ground.reply(
        replies.VoteMade,
        stored.votes,
        row,
        number=row.number,
        special=row.matter in rules.SPECIAL,
        opens_at=row.opens_at,
        closes_at=row.closes_at,
    )


def _tell(tx: Tx, row: Row, kind: str, persons: Iterable[str], **more: str) -> None:
    """Tell owners of a vote's step, each once."""
    about = ("owners_vote", row.vote_id)
    tell(tx, kind, persons, about=about, number=row.number, title=row.title, **more)


def _to_repeat(tx: Tx, payload: CallVote) -> Row:
    former = records.locked(tx.conn, stored.votes, payload.repeats or "")
    others = stored.running_of_project(tx.conn, [payload.project_id])
    again = any(one.repeats == former.vote_id for one in others)
    if (
        former.state not in ("FAILED", "VOID")
        or former.matter != payload.matter
        or former.project_id != payload.project_id
        or again
    ):
        raise errors.NotRepeatable(field="repeats", vote=former.vote_id)
    return former


def _roll(tx: Tx, project_id: str) -> tuple[list[rules.Line], dict[str, dict[str, int]]]:
    """Return the roll of a compound as of now, and what is left out."""
    here = rooms.of_project(tx.conn, project_id)
    owners = rooms.owners_of(tx.conn, [row.room_id for row in here], ground.today(tx))
    return rules.roll_of(here, owners)


def open_vote(tx: Tx, due: Due) -> None:
    """Freeze the roll and open the vote; without any voice it is cancelled."""
    row = records.find(tx.conn, stored.votes, due.ref, lock=True)
    if row is None or row.state != "ANNOUNCED":
        return
    roll, left_out = _roll(tx, row.project_id)
    if not roll:
        _cancel(tx, row, "ROLL_EMPTY")
        return
    digests = [rules.line_digest(line) for line in roll]
    blank = {"choice": None, "via": None, "cast_by": None, "cast_at": None}
    records.add_all(
        tx.conn,
        stored.lines,
        [
            blank
            | {
                "vote_id": row.vote_id,
                "line": number,
                "rooms": list(line.rooms),
                "organisations": list(line.organisations),
                "area_hundredths": line.area,
                "line_sha256": digest,
            }
            for number, (line, digest) in enumerate(zip(roll, digests, strict=True), 1)
        ],
    )
    records.add_all(
        tx.conn,
        stored.voters,
        [
            {
                "voter_id": tx.new_id("vot"),
                "vote_id": row.vote_id,
                "line": number,
                "room_id": room,
                "person_id": person,
            }
            for number, line in enumerate(roll, 1)
            for room in line.rooms
            for person in (*line.persons, *([None] if line.organisations else []))
        ],
    )
    row = records.change(
        tx,
        stored.votes,
        row,
        step="OPENED",
        state="OPEN",
        roll_sha256=rules.roll_digest(digests),
        left_out=left_out,
        note={"voices": len(roll), "left_out": left_out},
    )
    tx.arm("vote_remind", row.vote_id, row.closes_at - min(REMIND, (row.closes_at - tx.now) / 2))
    tx.arm("vote_close", row.vote_id, row.closes_at)
    voters = stored.persons_of(tx.conn, row.vote_id)
    _tell(tx, row, "VOTE_OPENED", voters, until=tx.calendar.minute(row.closes_at))


def remind(tx: Tx, due: Due) -> None:
    """Tell the owners whose voice has no ballot that the vote closes soon."""
    row = records.find(tx.conn, stored.votes, due.ref)
    if row is None or row.state != "OPEN":
        return
    silent = stored.silent_persons_of(tx.conn, row.vote_id)
    _tell(tx, row, "VOTE_CLOSING", silent, until=tx.calendar.minute(row.closes_at))


class CancelVote(Request, frozen=True):
    """理由 / A reason that others can read."""

    vote_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["议题内容须重新征求意见"])]


def cancel_vote(tx: Tx, payload: CancelVote) -> replies.Made:
    """取消表决 / Cancel a vote.

    Cancel a vote that is not counted yet; it stays readable and decides nothing.

    Raises:
        NotFound: There is none.
        ConflictOfInterest: The actor holds a post in the project.
        ReasonRequired: There is no reason.
        StateConflict: It is counted, or cancelled.
    """
    row = ground.meant(tx, stored.votes, payload.vote_id, may=ground.uninterested)
    ground.require_reason(payload.reason)
    records.require_state(row, "ANNOUNCED", "OPEN", "COUNTING")
    return ground.reply(replies.Made, stored.votes, _cancel(tx, row, payload.reason))


def _cancel(tx: Tx, row: Row, reason: str) -> Row:
    for kind in ("vote_open", "vote_remind", "vote_close", "vote_count"):
        tx.disarm(kind, row.vote_id)
    owners = stored.persons_of(tx.conn, row.vote_id) or rooms.owners_in(
        tx.conn, row.project_id, ground.today(tx)
    )
    why = "没有可表决的房屋 / no room has a voice" if reason == "ROLL_EMPTY" else reason
    _tell(tx, row, "VOTE_CANCELLED", owners, reason=why)
    return records.change(
        tx,
        stored.votes,
        row,
        step="CANCELLED",
        state="CANCELLED",
        end_reason=reason,
        note={"reason": reason},
    )


def follow_hand_over(tx: Tx, former: Row, new: Row) -> None:
    """The owners stay the same: their votes that are not over go with the compound."""
    for row in stored.running_of_project(tx.conn, [former.project_id]):
        records.change(
            tx,
            stored.votes,
            row,
            step="HANDED_OVER",
            project_id=new.project_id,
            note={"from": former.project_id},
        )


# --------------------------------------------------------------------------------------------------
# Ballots


class CastBallot(Request, frozen=True):
    """投票 / One's vote for the own room; who owns several has one voice for all of them."""

    vote_id: str
    room_id: Annotated[Id, Meta(description="本人任一房屋 / one of the own rooms")]
    choice: Annotated[Choice, Meta(examples=["FOR"])]


def cast_ballot(tx: Tx, payload: CastBallot) -> replies.Cast:
    """业主投票 / Vote as an owner.

    Vote for one's room. Of several ballots of one voice the first counts: `counted` is false where
    a co-owner, or a paper, was before; that stands in the history of the vote, and `hint` says what
    to do to vote otherwise.

    Raises:
        NotFound: There is none.
        NotAnOwner: The room has no voice on the roll, or the caller is none of its owners.
        StateConflict: The vote is not open.
    """
    row, line = _own_line(tx, payload.vote_id, payload.room_id)
    return count_ballot(
        tx, row, line, choice=payload.choice, via="ONLINE", room_id=payload.room_id, paper_id=None
    )


def _own_line(tx: Tx, vote_id: str, room_id: str) -> tuple[Row, Row]:
    row = records.get(tx.conn, stored.votes, vote_id)
    number = stored.line_of_room(tx.conn, vote_id, room_id)
    if number is None and row.state == "ANNOUNCED":
        raise StateConflict(state=row.state)
    if number is None or not stored.has_voice(tx.conn, vote_id, number, tx.actor.id):
        raise errors.NotAnOwner(field="room_id", room=room_id)
    if row.state != "OPEN" or tx.now >= row.closes_at:
        raise StateConflict(state="COUNTING" if row.state == "OPEN" else row.state)
    return row, stored.line_of(tx.conn, vote_id, number)


def count_ballot(
    tx: Tx,
    row: Row,
    line: Row,
    *,
    choice: str,
    via: str,
    room_id: str,
    paper_id: str | None,
) -> replies.Cast:
    """Let a ballot count, unless its voice has one; that is noted."""
    if line.choice is not None:
        note = {"line": line.line, "room": room_id, "via": via, "first": line.via}
        if paper_id is not None:
            note["paper"] = paper_id
        records.note(tx, stored.votes, row, step="BALLOT_NOT_COUNTED", note=note)
        return replies.Cast(
            id=row.vote_id,
            line=line.line,
            counted=False,
            # Who enters a paper is not told what the owner has chosen.
            choice=choice if paper_id is not None else line.choice,
            via=via if paper_id is not None else line.via,
            cast_at=line.cast_at,
            hint=None if paper_id is not None or line.choice == choice else REVOKE_FIRST,
        )
    stored.put_ballot(tx.conn, line, choice=choice, via=via, cast_by=tx.actor.id, cast_at=tx.now)
    return replies.Cast(
        id=row.vote_id, line=line.line, counted=True, choice=choice, via=via, cast_at=tx.now
    )


class RevokeBallot(Request, frozen=True):
    """撤回投票 / Whose ballot is taken back."""

    vote_id: str
    room_id: Annotated[Id, Meta(description="本人任一房屋 / one of the own rooms")]


def revoke_ballot(tx: Tx, payload: RevokeBallot) -> replies.Revoked:
    """撤回投票 / Take a ballot back.

    Take the ballot of one's voice back before the close; then one may vote anew.

    Raises:
        NotFound: There is none.
        NotAnOwner: The room has no voice on the roll, or the caller is none of its owners.
        StateConflict: The vote is not open, or the voice has no ballot.
    """
    row, line = _own_line(tx, payload.vote_id, payload.room_id)
    if line.choice is None:
        raise StateConflict(state="NOT_CAST", field="room_id")
    stored.put_ballot(tx.conn, line, choice=None, via=None, cast_by=None, cast_at=None)
    note = {"line": line.line, "via": line.via}
    records.note(tx, stored.votes, row, step="BALLOT_REVOKED", note=note)
    return replies.Revoked(id=row.vote_id, line=line.line, state="REVOKED")


# --------------------------------------------------------------------------------------------------
# The count, objections, the end


def close_vote(tx: Tx, due: Due) -> None:
    """No more ballots on line; papers that were returned in time are entered for some days."""
    row = records.find(tx.conn, stored.votes, due.ref, lock=True)
    if row is None or row.state != "OPEN":
        return
    until = tx.calendar.midnight(ground.today(tx) + timedelta(days=COUNT_DAYS + 1))
    row = records.change(tx, stored.votes, row, step="CLOSED", state="COUNTING", count_due_at=until)
    tx.arm("vote_count", row.vote_id, until)


class WhichVote(Request, frozen=True):
    """Which vote is meant."""

    vote_id: str


def count_vote(tx: Tx, payload: WhichVote) -> replies.Made:
    """计票 / Count a vote.

    Count a vote that is closed, once every paper is confirmed or rejected. After seven days it is
    counted by itself, without the papers that nobody has confirmed.

    Raises:
        NotFound: There is none.
        ConflictOfInterest: The officer holds a post in the project.
        StateConflict: It is not closed, or counted already.
        PapersOpen: A paper waits for its second officer.
    """
    row = ground.meant(tx, stored.votes, payload.vote_id, may=ground.uninterested)
    records.require_state(row, "COUNTING")
    waiting = stored.papers_in(tx.conn, row.vote_id, "ENTERED")
    if waiting:
        raise errors.PapersOpen(papers=str(len(waiting)))
    return ground.reply(replies.Made, stored.votes, _count(tx, row))


def count_overdue(tx: Tx, due: Due) -> None:
    """Count a vote whose papers had their time."""
    row = records.find(tx.conn, stored.votes, due.ref, lock=True)
    if row is None or row.state != "COUNTING":
        return
    for paper in stored.papers_in(tx.conn, row.vote_id, "ENTERED"):
        records.change(
            tx,
            stored.papers,
            paper,
            step="NOT_COUNTED",
            state="NOT_COUNTED",
            reason="NOT_CONFIRMED",
        )
    _count(tx, row)


def _count(tx: Tx, row: Row) -> Row:
    way = rules.Way(abstentions=row.abstentions, unreturned=row.unreturned)
    area, heads, sums = rules.counted(stored.lines_of(tx.conn, row.vote_id), way)
    result = rules.outcome(area, heads, special=row.matter in rules.SPECIAL)
    project = ground.project(tx, row.project_id)
    local = tx.calendar.local
    paper = rules.document(
        number=row.number,
        project=project.name,
        title=row.title,
        matter=row.matter,
        opened=f"{local(row.opens_at):%Y-%m-%d %H:%M}",
        closed=f"{local(row.closes_at):%Y-%m-%d %H:%M}",
        result=result,
        sums=sums,
        left_out=row.left_out,
        way=way,
        roll_sha256=row.roll_sha256,
    )
    days: int = tx.settings.vote_objection_days
    until = tx.calendar.midnight(ground.today(tx) + timedelta(days=days + 1))
    tx.disarm("vote_count", row.vote_id)
    row = records.change(
        tx,
        stored.votes,
        row,
        step="COUNTED",
        state="COUNTED",
        counted_at=tx.now,
        objections_until=until,
        passed=result.passed,
        counts={
            "area": [area.eligible, area.participating, area.assenting],
            "heads": [heads.eligible, heads.participating, heads.assenting],
            "choices": sums,
            "failed": list(result.failed),
        },
        document=paper,
        document_sha256=hashlib.sha256(paper.encode()).hexdigest(),
        note={"passed": result.passed, "failed": list(result.failed)},
    )
    tx.arm("vote_final", row.vote_id, until)
    _tell(
        tx,
        row,
        "VOTE_COUNTED",
        stored.persons_of(tx.conn, row.vote_id),
        passed="PASSED" if result.passed else "FAILED",
        until=tx.calendar.minute(until),
    )
    return row


class ObjectToVote(Request, frozen=True):
    """对结果提出异议 / An objection of an owner to the result."""

    vote_id: Annotated[Id, Meta(examples=["owv_1"])]
    text: Annotated[
        str,
        Meta(min_length=5, max_length=2000, examples=["我的选票未被计入,请核对第 12 号选票。"]),
        Office("街道办理人员与本人 / who decides it, and the person"),
    ]


def object_to_vote(tx: Tx, payload: ObjectToVote) -> replies.Made:
    """对表决结果提出异议 / Object to a result.

    Object, as one of the owners on the roll, while the result is published.

    Raises:
        NotFound: There is none.
        NotOnRoll: The caller is none of the owners on the roll.
        StateConflict: It is not counted, or the time to object is over.
        ObjectedAlready: One's own objection waits for its answer.
    """
    row = records.get(tx.conn, stored.votes, payload.vote_id)
    if row.state != "COUNTED" or tx.now >= row.objections_until:
        raise StateConflict(state="OBJECTIONS_OVER" if row.state == "COUNTED" else row.state)
    if not stored.is_voter(tx.conn, row.vote_id, tx.actor.id):
        raise errors.NotOnRoll(field="vote_id", vote=row.number)
    same = stored.own_objection(tx.conn, row.vote_id, tx.actor.id)
    if same is not None:
        raise errors.ObjectedAlready(field="vote_id", other=same)
    made = records.create(
        tx,
        stored.objections,
        step="FILED",
        **records.values_from(
            payload,
            stored.objections,
            objection_id=tx.new_id("vob"),
            project_id=row.project_id,
            person_id=tx.actor.id,
            state="OPEN",
            area=row.area,
            version=1,
            created_at=tx.now,
        ),
    )
    return ground.reply(replies.Made, stored.objections, made)


class DecideVoteObjection(Request, frozen=True):
    """答复异议 / What the street finds."""

    objection_id: str
    outcome: Annotated[Literal["UPHELD", "DISMISSED"], Meta(examples=["DISMISSED"])]
    reasons: Annotated[PublicText, Meta(max_length=2000, examples=["经核对,选票已计入。"])]


def decide_vote_objection(tx: Tx, payload: DecideVoteObjection) -> replies.Made:
    """答复表决异议 / Decide an objection to a result.

    Answer an objection. One that is upheld sets the vote aside (VOID): it may be repeated.

    Raises:
        NotFound: There is none.
        ConflictOfInterest: The official holds a post in the project.
        SamePerson, OwnHousehold: It is the official's own, or of who lives there too; or the
            official has called the vote.
        ReasonRequired: There are no reasons.
        StateConflict: It is decided.
    """
    row = ground.meant(tx, stored.objections, payload.objection_id, may=ground.uninterested)
    ground.require_others(tx, "objection_id", [row.person_id])
    vote = records.locked(tx.conn, stored.votes, row.vote_id)
    if vote.called_by == tx.actor.id:
        raise errors.SamePerson
    ground.require_reason(payload.reasons)
    records.require_state(row, "OPEN")
    row = records.change(
        tx,
        stored.objections,
        row,
        step=payload.outcome,
        state=payload.outcome,
        decided_by=tx.actor.id,
        decided_at=tx.now,
        reasons=payload.reasons,
        note={"reasons": payload.reasons},
    )
    tell(
        tx,
        "VOTE_OBJECTION_DECIDED",
        row.person_id,
        about=("vote_objection", row.objection_id),
        number=vote.number,
        title=vote.title,
        outcome=payload.outcome,
        reasons=payload.reasons,
    )
    if vote.state == "COUNTED" and payload.outcome == "UPHELD":
        tx.disarm("vote_final", vote.vote_id)
        records.change(
            tx,
            stored.votes,
            vote,
            step="VOID",
            state="VOID",
            final_at=tx.now,
            end_reason=payload.reasons,
            note={"objection": row.objection_id, "reasons": payload.reasons},
        )
        voters = stored.persons_of(tx.conn, vote.vote_id)
        _tell(tx, vote, "VOTE_VOID", voters, reason=payload.reasons)
    elif vote.state == "COUNTED" and tx.now >= vote.objections_until:
        _finish(tx, vote)
    return ground.reply(replies.Made, stored.objections, row)


def finish_vote(tx: Tx, due: Due) -> None:
    """A result is final when its time is over, and every objection is answered."""
    row = records.find(tx.conn, stored.votes, due.ref, lock=True)
    if row is not None and row.state == "COUNTED":
        _finish(tx, row)


def _finish(tx: Tx, row: Row) -> None:
    if stored.open_objections(tx.conn, row.vote_id):
        return
    state = "PASSED" if row.passed else "FAILED"
    row = records.change(tx, stored.votes, row, step=state, state=state, final_at=tx.now)
    _tell(tx, row, "VOTE_FINAL", stored.persons_of(tx.conn, row.vote_id), passed=state)
    area, heads = row.counts["area"], row.counts["heads"]
    names = ("eligible", "participating", "assenting")
    told = {f"area_{name}": value for name, value in zip(names, area, strict=True)}
    told |= {f"heads_{name}": value for name, value in zip(names, heads, strict=True)}
    tx.publish(
        fact_of(
            events.OwnersVoteClosed,
            row,
            community=row.area,
            special=row.matter in rules.SPECIAL,
            **told,
        ),
        subject=row.vote_id,
        scope=row.area,
        sequence=row.version,
    )
