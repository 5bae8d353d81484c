"""Those who have a request in hand are reminded before its clocks run out, and then the level
above; no reminder comes twice. One timer per request stands at the next of them."""

from __future__ import annotations

from datetime import datetime

from fivered.chassis.bus import Due, Tx
from fivered.chassis.calendar import Calendar
from fivered.chassis.records import Row
from fivered.chassis.telling import Message, tell_all
from fivered.services.steward import rules, storage
from fivered.services.steward.actions import parties

TIMER = "REQ_REMIND"


def next_at(tx: Tx, row: Row) -> datetime | None:
    """Return when the next reminder of a request comes, or None."""
    times = storage.standards.of(tx.conn, row).times
    return rules.reminders.next_at(row, times, tx.settings.reminds_after, tx.now)


def follow(tx: Tx, before: Row, row: Row) -> None:
    """Let the timer stand where a request's next reminder is now."""
    was, first = next_at(tx, before), next_at(tx, row)
    if first is None:
        if was is not None:
            tx.disarm(TIMER, row.request_id)
    elif first != was:
        tx.arm(TIMER, row.request_id, first)


def remind(tx: Tx, due: Due) -> None:
    """The time of a reminder has come, if the clock still ends when it did."""
    row = storage.cases.lock(tx.conn, due.ref)
    if row is None:
        return
    shares = tx.settings.reminds_after
    times = storage.standards.of(tx.conn, row).times
    for one in rules.reminders.planned(row, times, shares):
        if one.at == due.due_at:
            _tell(tx, row, one)
    first = rules.reminders.next_at(row, times, shares, due.due_at)
    if first is not None:
        tx.arm(TIMER, row.request_id, first)


_ENDS = {"ACCEPT": "due_accept", "CONTACT": "due_contact", "RESOLVE": "due_resolve"}


def _tell(tx: Tx, row: Row, one: rules.reminders.Reminder) -> None:
    # Of a clock that was moved nobody is told again; a reopening is another time.
    key = f"{row.request_id}:{one.which}:{one.turn}:{row.reopens}"
    detail = {
        "number": row.number,
        "clock": one.which,
        "due": Calendar.minute(getattr(row, _ENDS[one.which])),
    }
    urgent = row.priority in {"P1", "P2"}
    about = ("request", row.request_id)
    told = []
    if row.handler_person is not None:
        kind = "REQ_DUE_SOON_URGENT" if urgent else "REQ_DUE_SOON"
        told.append(Message(kind, row.handler_person, about, detail, key))
    if one.turn > 1:
        barred = parties.parties(tx, row) | {row.handler_person or ""}
        level = min(row.level + 1, rules.requests.LAST_LEVEL)
        official, _acting = storage.ground.responsible(tx.conn, row.grid, level, barred)
        if official is not None:
            told.append(Message("REQ_DUE_ABOVE", official.person_id, about, detail, f"{key}:up"))
    tell_all(tx, told)
