"""The term of a steward's post: until which day it was given, and who is told before it ends. A
post goes on until it is left, so that nobody is without a steward for want of a paper."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from msgspec import Meta

from fivered.chassis.bus import Due, Tx
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound, StateConflict
from fivered.chassis.requests import Request
from fivered.chassis.telling import tell
from fivered.services.steward import replies, storage
from fivered.services.steward.actions import post_telling
from fivered.services.steward.actions.changes import Reason, note_change
from fivered.services.steward.errors.terms import TermOver

TIMER = "POST_TERM"
# So many days before, at nine o'clock.
AHEAD = (30, 7)


LastDay = Annotated[
    date, Meta(description="任期最后一天 / the last day of the term", examples=["2026-12-31"])
]


class SetTerm(Request, frozen=True):
    """任期 / Until which day a post is given; without one it has no end."""

    steward_id: str
    reason: Annotated[Reason, Meta(examples=["续聘一年"])]
    term_ends: LastDay | None = None


def check(tx: Tx, day: date | None) -> None:
    """Refuse a term that is over.

    Raises:
        TermOver: Its last day lies before today.
    """
    if day is not None and day < tx.calendar.local_date(tx.now):
        raise TermOver(field="term_ends")


def set_term(tx: Tx, payload: SetTerm) -> replies.StewardReply:
    """确定任期 / Say until which day a post is given.

    Raises:
        NotFound: No such steward here.
        StateConflict: The steward has left.
        TermOver: Its last day lies before today.
    """
    row = storage.posts.lock(tx.conn, payload.steward_id)
    if row is None or not tx.actor.covers(row.area):
        raise NotFound(kind="steward", id=payload.steward_id)
    tx.check_version(row.version)
    if row.status == "LEFT":
        raise StateConflict(state=row.status)
    check(tx, payload.term_ends)
    after = storage.posts.update(tx.conn, row, term_ends=payload.term_ends)
    before = row.term_ends.isoformat() if row.term_ends is not None else None
    note_change(
        tx,
        "STEWARD",
        row.steward_id,
        after.version,
        "term",
        before={"term_ends": before},
        reason=payload.reason,
    )
    arm(tx, after)
    post_telling.term_set(tx, after, payload.reason)
    return replies.StewardReply(id=after.steward_id, state=after.status, version=after.version)


def arm(tx: Tx, row: Row) -> None:
    """Let those who have to know be told before a term ends: the next time of those ahead."""
    if row.term_ends is not None:
        for days in AHEAD:
            at = tx.calendar.at(row.term_ends - timedelta(days=days), 9)
            if at > tx.now:
                tx.arm(TIMER, row.steward_id, at)
                return
    tx.disarm(TIMER, row.steward_id)


def term_nears(tx: Tx, due: Due) -> None:
    """A term ends soon: who holds the post is told, and the cadres of the community."""
    row = storage.posts.lock(tx.conn, due.ref)
    if row is None or row.status == "LEFT" or row.term_ends is None:
        return
    official, _acting = storage.ground.responsible(tx.conn, row.area, 2)
    answers = {official.person_id} if official is not None else set()
    people = {row.person_id, *storage.terms.cadres_of(tx.conn, row.area)} | answers
    tell(
        tx,
        "POST_ENDS",
        people,
        about=("steward", row.steward_id),
        once=f"{row.steward_id}:{row.term_ends}:{due.due_at:%Y-%m-%d}",
        duty=row.duty,
        day=row.term_ends.isoformat(),
    )
    arm(tx, row)
