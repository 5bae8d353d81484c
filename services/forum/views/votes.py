"""Votes that have closed."""

from __future__ import annotations

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.refusal import NotFound
from fivered.chassis.requests import Request
from fivered.services.forum import replies, rules, storage


class Recount(Request, frozen=True):
    """哪个议题 / Which topic."""

    session_id: str
    topic_id: str


def recount(tx: Tx, payload: Recount) -> replies.RecountReply:
    """重新计票 / Count the ballots of a closed vote again.

    Count the ballots of a closed vote again, and compare with what was announced.

    Raises:
        NotFound: There is no such closed vote.
        RoleDenied: It lies outside the caller's scope.
    """
    tally = storage.agenda.tally_of(tx.conn, payload.session_id, payload.topic_id)
    if tally is None or tally.closed_at is None:
        raise NotFound(kind="vote", id=payload.topic_id)
    session = records.known(tx.conn, storage.tables.sessions, payload.session_id)
    tx.require_scope(session.area)
    counted = storage.votes.count_ballots(tx.conn, payload.session_id, payload.topic_id)
    found = {choice: counted.get(choice, 0) for choice in rules.CHOICES}
    announced = [tally.in_favour, tally.against, tally.abstain]
    voters = len(storage.votes.voters_of(tx.conn, payload.session_id, payload.topic_id))
    return replies.RecountReply(
        id=payload.session_id,
        topic_id=payload.topic_id,
        in_favour=found["FOR"],
        against=found["AGAINST"],
        abstain=found["ABSTAIN"],
        voters=voters,
        agrees=list(found.values()) == announced and voters == sum(announced),
    )
