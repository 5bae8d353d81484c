"""Votes: sealed while they are open, parted from their voters at the close."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.refusal import NotFound
from fivered.chassis.requests import SECRET, Request
from fivered.services.forum import errors, replies, rules, storage
from fivered.services.forum.actions.agenda import end_if_done
from fivered.services.forum.actions.attendance import publish_attendance
from fivered.services.forum.actions.hosts import led_session
from fivered.services.forum.actions.invitations import renew_speakers
from fivered.services.forum.actions.record import (
    move,
    topic_locked,
)
from fivered.services.forum.actions.standing import check_capacities


class CastVote(Request, frozen=True):
    """表决 / One's own vote; shown only in totals after the close."""

    session_id: str
    topic_id: str
    # No digest of it stays: with the key of digests, each of three choices could be tried.
    choice: Annotated[Literal["FOR", "AGAINST", "ABSTAIN"], Meta(extra=SECRET)]
    change: Annotated[
        bool,
        Meta(description="更改已投的票,限结束表决前 / replaces the vote cast, before the close"),
    ] = False


class CloseVote(Request, frozen=True):
    """哪个议题 / Which topic."""

    session_id: str
    topic_id: str


def vote(tx: Tx, payload: CastVote) -> replies.Done:
    """表决 / Vote.

    Cast one's vote on a topic, or change it before the close. The answer does not repeat it, and
    no event tells of it. A call that is repeated with its key is answered as the first one was,
    also where another choice comes with it: nothing is kept by which the two could be compared.

    Raises:
        NotFound: There is no such session, or the topic is not on its agenda.
        StateConflict: The vote on the topic is not open.
        NotPresent: The caller was not invited or has not come.
        NotVoting: The caller's capacity has no vote.
        NotRegistered: The caller has moved out since.
        ScopeMismatch: The caller lives where the topic concerns nobody.
        CapacityUnproved: The caller no longer speaks for the side that was invited.
        AlreadyVoted: The caller has voted and does not ask for a change.
    """
    # Votes wait for each other and for the close, so that none slips in behind the count.
    topic = topic_locked(tx, payload.topic_id)
    session = records.find(tx.conn, storage.tables.sessions, payload.session_id)
    if session is None or topic.session_id != payload.session_id:
        raise NotFound(kind="session", id=payload.session_id)
    records.require_state(session, "OPEN")
    records.require_state(topic, "DELIBERATING")
    row = storage.invitations.invitation_of(tx.conn, payload.session_id, tx.actor.id)
    if row is not None and not row.voting:
        raise errors.NotVoting(capacity=row.capacity)
    if row is None or row.attended_at is None or row.revoked_at is not None:
        raise errors.NotPresent
    if not rules.votes_on(row, rules.reach(topic)):
        raise errors.ScopeMismatch(scope=", ".join(topic.scope))
    check_capacities(tx, {row.capacity: [tx.actor.id]}, topics=[topic])
    if not payload.change and storage.votes.has_voted(
        tx.conn, payload.session_id, payload.topic_id, tx.actor.id
    ):
        raise errors.AlreadyVoted
    place = f"{payload.session_id}/{payload.topic_id}"
    half = storage.votes.half_of(tx.conn, payload.session_id, payload.topic_id)
    if half is None:
        half = secrets.token_hex(32)
        storage.votes.keep_half(tx.conn, payload.session_id, payload.topic_id, half)
    key = rules.vote_key(_installation_keys(tx)[0], bytes.fromhex(half))
    sealed = rules.seal_vote(key, place, secrets.token_bytes(16), payload.choice)
    storage.votes.cast_vote(tx.conn, payload.session_id, payload.topic_id, tx.actor.id, sealed)
    return replies.Done.of(session, id=session.session_id, state="CAST")


def _installation_keys(tx: Tx) -> list[bytes]:
    """Return the installation's halves of the keys of votes, the present one first: like those of
    the digests, they stand in no database."""
    return [key.encode() for key in tx.runtime.process.digest_keys]


def _vote_keys(tx: Tx, session_id: str, topic_id: str) -> list[bytes]:
    """Return what may open the votes of an open ballot."""
    keys = _installation_keys(tx)
    half = storage.votes.half_of(tx.conn, session_id, topic_id)
    own = [] if half is None else [rules.vote_key(key, bytes.fromhex(half)) for key in keys]
    # Releases up to 0.2 sealed with the installation's key alone.
    return own + keys


def _count(tx: Tx, session_id: str, topic_id: str, voters: Collection[str]) -> dict[str, int]:
    """Open the votes, count them, and part who voted from what was voted for ever.

    Only those who are still there and have a vote count: who has died or moved away since the vote
    is left out of both, as of the quorum.

    Raises:
        VotesUnreadable: Some were sealed with another key.
    """
    keys, place = _vote_keys(tx, session_id, topic_id), f"{session_id}/{topic_id}"
    sealed, plain = (
        {person: vote for person, vote in cast.items() if person in voters}
        for cast in storage.votes.open_votes(tx.conn, session_id, topic_id)
    )
    opened = [
        next(filter(None, (rules.open_vote(key, place, vote) for key in keys)), None)
        for vote in sealed.values()
    ]
    if None in opened:
        raise errors.VotesUnreadable(votes=opened.count(None))
    choices = [str(choice) for choice in opened] + list(plain.values())
    marked = [(secrets.token_hex(16), choice) for choice in choices]
    storage.votes.part_votes(tx.conn, session_id, topic_id, {*sealed, *plain}, marked)
    return {choice: choices.count(choice) for choice in rules.CHOICES}


def close_vote(tx: Tx, payload: CloseVote) -> replies.VoteClosed:
    """结束表决 / Close the vote.

    Close the vote on a topic: passed by strictly more than half of the voters present.

    A topic that has been adjourned twice ends here even without quorum, as failed: otherwise it
    could neither be voted on nor adjourned.

    Raises:
        NotFound: The topic is not on the agenda.
        NoQuorum: Too few voters are present; the host may adjourn.
        ResidentShare: Too few of them are residents; the host may adjourn.
        VotesUnreadable: The key has changed since some voted, or a backup was restored; they vote
            again.
        StateConflict: The vote is not open.
    """
    session = led_session(tx, payload.session_id, "OPEN")
    topic = topic_locked(tx, payload.topic_id)
    if topic.session_id != payload.session_id:
        raise NotFound(kind="topic", id=payload.topic_id)
    records.require_state(topic, "DELIBERATING")
    renew_speakers(tx, payload.session_id)
    invited = storage.invitations.invitations_of(tx.conn, payload.session_id)
    counted = rules.presence(invited, rules.reach(topic))
    quorum = True
    try:
        rules.check_quorum(counted)
    except (errors.NoQuorum, errors.ResidentShare):
        if topic.adjournments < rules.ADJOURNMENTS:
            raise
        quorum = False
    voters = {row.person_id for row in rules.voters_present(invited, rules.reach(topic))}
    ballots = _count(tx, payload.session_id, payload.topic_id, voters)
    in_favour = ballots["FOR"]
    won = quorum and rules.passed(in_favour, counted.voting_present)
    result = {
        "in_favour": in_favour,
        "against": ballots["AGAINST"],
        "abstain": ballots["ABSTAIN"],
        "not_cast": counted.voting_present - sum(ballots.values()),
        "voting_invited": counted.voting_invited,
        "voting_present": counted.voting_present,
        "resident_present": counted.resident_present,
        "passed": won,
    }
    storage.agenda.close_tally(
        tx.conn, payload.session_id, payload.topic_id, closed_at=tx.now, **result
    )
    if won:
        opinion_due = tx.calendar.due(tx.now, rules.OPINION_WD)
        move(
            tx,
            topic,
            "OPINION_DUE",
            "close_vote",
            detail=result,
            voted_at=tx.now,
            opinion_due=opinion_due,
        )
        tx.arm("opinion_draft", payload.topic_id, opinion_due)
    else:
        move(
            tx,
            topic,
            "FAILED",
            "close_vote",
            detail=result | {"quorum": quorum},
            voted_at=tx.now,
            failed_at=tx.now,
        )
    session = end_if_done(tx, session)
    publish_attendance(tx, session, payload.topic_id)
    return replies.VoteClosed.of(
        result,
        id=session.session_id,
        state="VOTED",
        version=session.version,
        topic_id=payload.topic_id,
        topic_state="OPINION_DUE" if won else "FAILED",
        session_state=session.state,
    )
