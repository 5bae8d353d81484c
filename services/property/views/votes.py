"""The owners' votes: totals for everybody, ballots by name for who counts, the own for owners."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal, TypeVar

import sqlalchemy as sa
from msgspec import UNSET

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.decimals import percent, ratio
from fivered.chassis.fields import SORT, Cursor, Limit, PartOfList
from fivered.chassis.refusal import NotFound, StateConflict
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.property import replies, rules
from fivered.services.property.fields import Matter
from fivered.services.property.replies import Both
from fivered.services.property.storage import lists, rows, tables
from fivered.services.property.storage import votes as stored
from fivered.services.property.storage.rows import Row
from fivered.services.property.views import ground
from fivered.services.property.views.ground import Scope

VoteT = TypeVar("VoteT", bound=replies.VoteLine)
COUNTERS = ("R_CADRE", "R_SECRETARY", "R_STREET")


class VoteFilter(Request, frozen=True):
    """业主共同决定筛选 / Filter of the owners' votes."""

    scope: Scope | None = None
    project_id: str | None = None
    topic_id: str | None = None
    matter: Matter | None = None
    state: (
        Literal["ANNOUNCED", "OPEN", "COUNTING", "COUNTED", "PASSED", "FAILED", "VOID", "CANCELLED"]
        | None
    ) = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def _vote(kind: type[VoteT], row: Row, **more: object) -> VoteT:
    return kind.of(row, id=row.vote_id, special=row.matter in rules.SPECIAL, **more)


def owners_votes(tx: Tx, payload: VoteFilter) -> Both[replies.VoteLine]:
    """业主共同决定列表 / The owners' votes.

    Answer the owners' votes; that they are held and what they came to is public.
    """
    conditions = lists.conditions(
        stored.votes,
        scope=payload.scope,
        project_id=payload.project_id,
        topic_id=payload.topic_id,
        matter=payload.matter,
        state=payload.state,
    )
    return ground.page(
        tx,
        stored.votes,
        conditions,
        payload,
        show=lambda row: _vote(replies.VoteLine, row),
        oldest_first=False,
    )


class WhichVote(Request, frozen=True):
    """Which vote is meant."""

    vote_id: str


def owners_vote_paper(tx: Tx, payload: WhichVote) -> replies.VoteCard:
    """业主共同决定结果文书 / The paper of an owners' vote.

    Answer the paper of the result as PDF, to be sealed and hung up; it names its own digest.

    Raises:
        NotFound: There is none.
        StateConflict: It is not counted yet.
    """
    found = owners_vote(tx, payload)
    if found.document is None:
        raise StateConflict(state=found.state)
    return found


def owners_vote(tx: Tx, payload: WhichVote) -> replies.VoteCard:
    """业主共同决定及结果 / An owners' vote.

    Answer a vote with its proposal, and once it is counted with every figure and its paper. While
    it is open nobody is told how it stands.

    Raises:
        NotFound: There is none.
    """
    row = records.get(tx.conn, stored.votes, payload.vote_id)
    counted = row.counts is not None
    inside = _counts(tx, row)
    found = _vote(
        replies.VoteCard,
        row,
        left_out=None
        if row.left_out is None
        else [
            replies.LeftOut(
                reason=reason, rooms=one["rooms"], area_m2=rules.square_metres(one["area"])
            )
            for reason, one in sorted(row.left_out.items())
        ],
        by_area=_tally(row.counts["area"], area=True) if counted else None,
        by_heads=_tally(row.counts["heads"], area=False) if counted else None,
        choices=[
            replies.Chosen(
                choice=name, voices=one["voices"], area_m2=rules.square_metres(one["area"])
            )
            for name, one in row.counts["choices"].items()
        ]
        if counted
        else None,
        failed=row.counts["failed"] if counted else None,
    )
    if inside:
        lines = stored.lines_of(tx.conn, row.vote_id)
        found.returned = sum(line.choice is not None for line in lines)
        found.history = ground.history(tx, stored.votes, row.vote_id)
    return found


def _tally(count: list[int], *, area: bool) -> replies.Tally:
    eligible, participating, assenting = count
    write = rules.square_metres if area else str
    return replies.Tally(
        eligible=write(eligible),
        participating=write(participating),
        assenting=write(assenting),
        participating_percent=percent(ratio(participating, eligible)),
        assenting_percent=percent(ratio(assenting, participating)),
    )


def _counts(tx: Tx, row: Row) -> bool:
    """Tell whether the caller counts this vote: the staff of its area who hold no post in the
    project, nor live with one who does."""
    if tx.actor.role not in (*COUNTERS, "R_AUDITOR") or not tx.actor.covers(row.area):
        return False
    project = records.get(tx.conn, tables.projects, row.project_id)
    return rows.interest_of(tx.conn, project, tx.actor.id) is None


class WhichBallots(Request, frozen=True):
    """Of which vote, and which part of its roll."""

    vote_id: str
    limit: Limit = 50
    cursor: Cursor | None = None


def vote_ballots(tx: Tx, payload: WhichBallots) -> Page[replies.BallotLine]:
    """表决名册与选票 / The roll of a vote, with its ballots.

    Answer the frozen roll voice by voice: to who counts the vote. Until it is counted they are told
    who has voted, and not how: nobody knows the running result.

    Raises:
        NotFound: There is none, or the actor does not count it.
        Invalid: The cursor is none of this list.
    """
    row = records.get(tx.conn, stored.votes, payload.vote_id)
    if not _counts(tx, row):
        raise NotFound(kind="vote", id=payload.vote_id)
    open_ = row.counts is not None
    asked = sa.select(stored.lines).where(stored.lines.c.vote_id == row.vote_id)
    found = records.page(tx.conn, asked, payload, (stored.lines.c.line,))
    persons: dict[int, list[str]] = {}
    for one in stored.voters_of(tx.conn, row.vote_id, [line.line for line in found.rows]):
        if one.person_id and one.person_id not in persons.setdefault(one.line, []):
            persons[one.line].append(one.person_id)
    return found.of(
        [
            replies.BallotLine.of(
                line,
                persons=sorted(persons.get(line.line, [])),
                area_m2=rules.square_metres(line.area_hundredths),
                returned=line.choice is not None,
                choice=line.choice if open_ else UNSET,
                cast_by=line.cast_by if open_ else UNSET,
            )
            for line in found.rows
        ]
    )


def my_ballots(tx: Tx, payload: PartOfList) -> Page[replies.MyBallot]:
    """我的选票 / My ballots.

    Answer the own rooms in votes that are open, and whether their voice has voted.

    Raises:
        Invalid: The cursor is none of this list.
    """
    asked = stored.my_ballots(tx.actor.id, tx.now)
    order = (stored.votes.c.closes_at, stored.voters.c.voter_id)
    found = records.page(tx.conn, asked, payload, order)
    return found.of(
        [
            replies.MyBallot.of(
                row, id=row.vote_id, area_m2=rules.square_metres(row.area_hundredths)
            )
            for row in found.rows
        ]
    )


class PaperFilter(Request, frozen=True):
    """纸质选票筛选 / Filter of paper ballots."""

    scope: Scope | None = None
    vote_id: str | None = None
    state: Literal["ENTERED", "COUNTED", "NOT_COUNTED", "REJECTED"] | None = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def vote_papers(tx: Tx, payload: PaperFilter) -> Both[replies.Paper]:
    """纸质选票列表 / Paper ballots.

    Answer the papers that were entered in the area, without those of projects in which the caller
    holds a post. What they say is told once the vote is counted.
    """
    table = stored.papers
    conditions = lists.conditions(
        table,
        scope=ground.scope_of(tx, payload.scope),
        vote_id=payload.vote_id,
        state=payload.state,
    )
    apart = rows.projects_of_interest(tx.conn, tx.actor.id)
    if apart:
        of = sa.select(stored.votes.c.vote_id).where(stored.votes.c.project_id.in_(apart))
        conditions.append(table.c.vote_id.not_in(of))
    return ground.page(
        tx,
        table,
        conditions,
        payload,
        show=lambda row: _paper(tx, row),
        oldest_first=True,
    )


class WhichPaper(Request, frozen=True):
    """Which paper is meant."""

    paper_id: str


def vote_paper(tx: Tx, payload: WhichPaper) -> replies.Paper:
    """纸质选票 / A paper ballot.

    Answer a paper with its picture, to who counts the vote.

    Raises:
        NotFound: There is none, or the actor does not count the vote.
    """
    row = records.get(tx.conn, stored.papers, payload.paper_id)
    if not _counts(tx, records.get(tx.conn, stored.votes, row.vote_id)):
        raise NotFound(kind="paper", id=payload.paper_id)
    return _paper(tx, row)


def _paper(tx: Tx, row: Row) -> replies.Paper:
    counted = records.get(tx.conn, stored.votes, row.vote_id).counts is not None
    choice = row.choice if counted else UNSET
    return replies.Paper.of(row, id=row.paper_id, choice=choice)


class ObjectionFilter(Request, frozen=True):
    """异议筛选 / Filter of objections to results."""

    scope: Scope | None = None
    vote_id: str | None = None
    state: Literal["OPEN", "UPHELD", "DISMISSED"] | None = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def vote_objections(tx: Tx, payload: ObjectionFilter) -> Both[replies.VoteObjection]:
    """表决异议列表 / Objections to results.

    Answer the area's objections to staff, and to everybody else the own ones.
    """
    table = stored.objections
    staff = tx.actor.role in ground.STAFF
    whose = (
        {"scope": ground.scope_of(tx, payload.scope)}
        if staff
        else {"scope": payload.scope, "person_id": tx.actor.id}
    )
    conditions = lists.conditions(table, **whose, vote_id=payload.vote_id, state=payload.state)
    return ground.page(
        tx, table, conditions, payload, show=partial(_objection, staff=staff), oldest_first=False
    )


class WhichObjection(Request, frozen=True):
    """Which objection is meant."""

    objection_id: str


def vote_objection(tx: Tx, payload: WhichObjection) -> replies.VoteObjection:
    """表决异议 / An objection to a result.

    Answer an objection to staff of its area, and to who has raised it.

    Raises:
        NotFound: There is none, or it is none of the caller's.
    """
    row = records.get(tx.conn, stored.objections, payload.objection_id)
    staff = tx.actor.role in ground.STAFF and tx.actor.covers(row.area)
    if not staff and row.person_id != tx.actor.id:
        raise NotFound(kind=records.kind_of(stored.objections), id=payload.objection_id)
    return _objection(row, staff=staff)


def _objection(row: Row, *, staff: bool) -> replies.VoteObjection:
    return replies.VoteObjection.of(
        row, id=row.objection_id, person_id=row.person_id if staff else UNSET
    )
