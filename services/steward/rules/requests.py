"""The state machine and the clocks of a request (DOMAIN 2.3.2)."""

from __future__ import annotations

from datetime import datetime, timedelta

from fivered.chassis.calendar import Calendar
from fivered.chassis.refusal import RoleDenied, StateConflict
from fivered.services.steward.errors import (
    AfterDue,
    AlreadyExtended,
    EvidenceRequired,
    MoreUrgent,
    NoEmergency,
    NotContacted,
    NotMergeable,
    NotP4,
    Over15WorkingDays,
    RatingWindow,
    ReopenLimit,
    ReopenWindow,
    ReturnLimit,
    TransferLimit,
    UrgedJustNow,
)

OPEN = ("SUBMITTED", "DISPATCHED", "RETURNED", "ACCEPTED", "IN_PROGRESS")
IN_HAND = ("DISPATCHED", "ACCEPTED", "IN_PROGRESS")
DONE = ("RESOLVED", "RATED", "CLOSED")
# Until then its first receiver looks after it.
UNDONE = (*OPEN, "RESOLVED", "RATED")

# Screening (reject, merge) is possible until somebody accepts: dispatch is automatic, so that a
# request leaves SUBMITTED in the moment in which it arrives.
_FROM: dict[str, tuple[str, ...]] = {
    "dispatch": ("SUBMITTED", "RETURNED", "DISPATCHED"),
    "reject": ("SUBMITTED", "RETURNED", "DISPATCHED"),
    "merge": OPEN,
    "unmerge": ("MERGED",),
    "accept": ("DISPATCHED",),
    "return": ("DISPATCHED",),
    "contact": ("ACCEPTED", "IN_PROGRESS"),
    "transfer": ("ACCEPTED", "IN_PROGRESS"),
    "extend": ("ACCEPTED", "IN_PROGRESS"),
    "pause": ("IN_PROGRESS",),
    "resolve": ("ACCEPTED", "IN_PROGRESS"),
    "rate": ("RESOLVED", "CLOSED"),
    "rate_merged": DONE,
    "reopen": DONE,
    "check": ("RESOLVED", "CLOSED"),
    "close": ("RATED",),
    "cancel": OPEN,
    "correct": (*OPEN, *DONE),
    "correct_place": OPEN,
    "urge": OPEN,
    "add": (*OPEN, *DONE, "MERGED"),
}

# Who screens, dispatches and decides for a community; who has requests in hand; who decides next.
SCREENERS = ("R_CADRE", "R_SECRETARY", "R_STREET")
HANDLERS = ("R_STEWARD", "R_GRID", "R_CADRE")
STREET = ("R_STREET", "R_STREET_LEAD")

# Who takes in what others report, and so may write the references of a channel and name for whom
# that is. A hotline's orders come to offices only; a resident's references are that resident's.
OFFICES = ("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT", "R_SYSTEM")
DESKS = ("R_GRID", *OFFICES)
NAMERS = ("R_STEWARD", *DESKS)
SPEAKERS = ("R_GRID", "R_CADRE", "R_SECRETARY", "R_STREET")
HOTLINE = "HOTLINE_12345"
DESK = "desk"

# What may be one at once (DOMAIN 2.3.2): trapped in a lift, gas, a burst main, live wires, a fire
# lane that is blocked, danger to people.
EMERGENCIES = ("LIFT", "GAS", "WATER", "POWER", "FIRE_LANE", "SECURITY")
EMERGENCY_ADVICE = (
    "情况紧急请立即拨打 119、110 或 120 / In an emergency call 119, 110 or 120 at once"
)
MAX_RETURNS = 2
MAX_TRANSFERS = 2
MAX_REOPENS = 2
AUTOCLOSE = timedelta(hours=72)
MERGE_WINDOW = timedelta(hours=72)
REOPEN_WINDOW = timedelta(days=7)
RATING_WINDOW = timedelta(days=30)
URGE_EVERY = timedelta(hours=1)
LAST_LEVEL = 3
LEAST_REOPENED = timedelta(hours=24)


def check(action: str, state: str) -> None:
    """Refuse an action that the state does not know.

    Raises:
        StateConflict: The action is not possible in this state.
    """
    if state not in _FROM[action]:
        raise StateConflict(state=state)


def source_of(channel: str, role: str, person_id: str, *, here: bool) -> str:
    """Return whose references the caller's are: the desk's of a channel, or the caller's.

    Args:
        channel: The way by which the request came.
        role: The acting role.
        person_id: Who acts.
        here: Whether the place lies in the caller's scope.

    Raises:
        RoleDenied: The caller does not write the orders of a hotline.
    """
    desk = OFFICES if channel == HOTLINE else DESKS
    if role in desk and here:
        return DESK
    if channel == HOTLINE:
        raise RoleDenied(role=role, field="channel")
    return person_id


def clock_of(kind: str, priority: str) -> str:
    """Return which row of the deadline table a request follows."""
    return "CONSULT" if kind == "CONSULT" and priority in {"P3", "P4"} else priority


def due_reopened(span: timedelta, now: datetime) -> datetime:
    """Return the new end after a reopening: half of the original time, at least 24 hours."""
    return now + reopened_span(span)


def reopened_span(span: timedelta) -> timedelta:
    """Return how long a reopened request has, of its original time."""
    return max(span / 2, LEAST_REOPENED)


def due_level(due: datetime, level: int, calendar: Calendar) -> datetime:
    """Return when the street (level 2) or the district (level 3) is told of an overdue request.

    The deadline is an exclusive instant, so the day that it ends is counted from, not the next.
    """
    last_day = calendar.local_date(due - timedelta(microseconds=1))
    return calendar.due(last_day, {2: 3, 3: 8}[level])


def latest_extension(submitted_at: datetime, calendar: Calendar) -> datetime:
    """Return the last end that an extension may name: 15 working days from submission."""
    return calendar.due(submitted_at, 15)


def check_return(returns: int) -> None:
    """Refuse a third return.

    Raises:
        ReturnLimit: The request was returned twice.
    """
    if returns >= MAX_RETURNS:
        raise ReturnLimit


def check_transfer(transfers: int) -> None:
    """Refuse a third transfer by handlers: then a cadre decides who is competent.

    Raises:
        TransferLimit: It was handed on twice.
    """
    if transfers >= MAX_TRANSFERS:
        raise TransferLimit


def check_priority(priority: str | None, category: str, role: str) -> None:
    """Refuse an emergency that is none: P1 is for what the rules name, or what an office judges.

    Raises:
        NoEmergency: Neither the category nor the caller makes it one.
    """
    if priority == "P1" and category not in EMERGENCIES and role not in DESKS:
        raise NoEmergency(category=category, field="priority")


def check_extension(
    *, clock: str, extended: bool, due: datetime, new_due: datetime, latest: datetime, now: datetime
) -> None:
    """Refuse an extension that is not owed.

    Raises:
        NotP4: Only complex requests are extended.
        AlreadyExtended: Once only.
        AfterDue: The deadline has passed.
        Over15WorkingDays: The new end is not later, or too late.
    """
    if clock != "P4":
        raise NotP4
    if extended:
        raise AlreadyExtended
    if now >= due:
        raise AfterDue
    if not due < new_due <= latest:
        raise Over15WorkingDays(field="new_due")


def check_resolution(
    *, state: str, clock: str, kind: str, outcome: str, note: str, media: list[str]
) -> None:
    """Refuse a resolution without contact or without evidence.

    Raises:
        NotContacted: The reporter was not contacted in this round.
        EvidenceRequired: There is no note, or "solved" is shown by nothing.
    """
    if state == "ACCEPTED" and clock != "CONSULT":
        raise NotContacted
    by_word = kind in {"CONSULT", "SUGGESTION"}
    if not note.strip() or (outcome == "SOLVED" and not media and not by_word):
        raise EvidenceRequired(field="media" if note.strip() else "note")


def check_rating(*, resolved_at: datetime, now: datetime) -> None:
    """Refuse a late rating.

    Raises:
        RatingWindow: 30 days are over.
    """
    if now >= resolved_at + RATING_WINDOW:
        raise RatingWindow


def check_reopening(*, reopens: int, resolved_at: datetime, now: datetime) -> None:
    """Refuse a third or a late reopening.

    Raises:
        ReopenLimit: At most twice.
        ReopenWindow: 7 days are over.
    """
    if reopens >= MAX_REOPENS:
        raise ReopenLimit
    if now >= resolved_at + REOPEN_WINDOW:
        raise ReopenWindow


def check_urging(urged_at: datetime | None, now: datetime) -> None:
    """Refuse to urge again at once.

    Raises:
        UrgedJustNow: The reporter did so within the hour.
    """
    if urged_at is not None and now < urged_at + URGE_EVERY:
        raise UrgedJustNow(field="request_id")


def check_merge(
    *,
    same_place: bool,
    same_category: bool,
    target_state: str,
    apart: timedelta,
    same: bool,
    priority: str,
    target_priority: str,
) -> None:
    """Refuse to merge what is not the same matter, or what would lose its clocks by it.

    Raises:
        NotMergeable: Other place or category, not open, or more than 72 hours apart.
        MoreUrgent: The case that goes on is less urgent.
    """
    fits = same_place and same_category and target_state in OPEN and abs(apart) <= MERGE_WINDOW
    if same or not fits:
        raise NotMergeable(field="into")
    if priority < target_priority:
        raise MoreUrgent(field="into", priority=priority, target=target_priority)


def is_bad(stars: int) -> bool:
    """Tell whether a rating is reviewed before it may cost the steward anything."""
    return stars <= 2


def closes_itself(stars: int, *, solved: bool) -> bool:
    """Tell whether a rated request needs nobody to close it."""
    return stars >= 3 and solved


def is_emergency(clock: str) -> bool:
    """Tell whether the contact clock is met on site only."""
    return clock == "P1"
