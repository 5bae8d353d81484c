"""A year of the working-day calendar: proposed by one person, loaded by another one or by an
operator, said to every service; and what it makes later here."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, field

from fivered.chassis import deadlines, years
from fivered.chassis.bus import SYSTEM, Tx
from fivered.chassis.calendar import UnreadableYear, Year, read_year
from fivered.chassis.fields import Id
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.refusal import Guard, NotFound, StateConflict
from fivered.chassis.requests import Request
from fivered.services.steward import errors, events, replies, storage
from fivered.services.steward.actions import cases
from fivered.services.steward.actions.changes import Reason
from fivered.services.steward.rules.areas import DISTRICT
from fivered.services.steward.storage import tables


class ProposeCalendarYear(Request, frozen=True):
    """年度工作日历 / A year's working days, as the State Council's notice says.

    Attributes:
        source: The notice's name or number.
    """

    year: Annotated[int, msgspec.Meta(ge=2000, le=2099, examples=[2027])]
    off: Annotated[
        list[Id],
        Meta(
            max_length=100,
            description="放假日期:MM-DD、YYYY-MM-DD 或以 .. 连接的区间 "
            "/ days off, or ranges of them",
            examples=[["01-01..01-03", "05-01..05-05", "10-01..10-07"]],
        ),
    ]
    source: Annotated[
        str,
        msgspec.Meta(
            max_length=300, min_length=1, examples=["国务院办公厅关于2027年部分节假日安排的通知"]
        ),
        PUBLIC,
    ]
    make_up: Annotated[
        list[Id],
        Meta(
            max_length=100,
            description="调休上班的周六、周日 / Saturdays and Sundays that are worked",
            examples=[["10-09"]],
        ),
    ] = field(default_factory=list)


class WhichProposal(Request, frozen=True):
    """A proposed year."""

    proposal_id: str


class RejectCalendarYear(Request, frozen=True):
    """理由 / A reason."""

    proposal_id: str
    reason: Annotated[Reason, Meta(examples=["与国务院通知不符"])]


_REFUSALS: dict[str, type[Guard]] = {
    "NO_SUCH_DAY": errors.BadCalendarDay,
    "TWICE": errors.CalendarDayTwice,
    "NOT_A_WEEKEND": errors.MakeUpOnWeekday,
    "FIXED_HOLIDAY": errors.FixedHolidayMissing,
    "TOO_MANY": errors.TooManyCalendarDays,
    "NO_SOURCE": errors.NoCalendarSource,
}


def propose_calendar_year(tx: Tx, payload: ProposeCalendarYear) -> replies.ProposalReply:
    """提交年度日历 / Propose a year; another person loads it.

    Raises:
        RoleDenied: The caller acts for a part of the district only; the calendar is one for all.
        Guard: A day is none of the year's, stands twice, or is no day off or make-up day by law.
        CalendarProposed: Another proposal for the year waits.
    """
    tx.require_scope(DISTRICT)
    try:
        year = read_year(payload.year, payload.off, payload.make_up, payload.source)
    except UnreadableYear as error:
        raise _REFUSALS[error.why](
            day=error.day, year=payload.year, field=error.at.partition("[")[0]
        ) from error
    proposal_id = tx.new_id("cal")
    taken = storage.calendar.insert(
        tx.conn,
        proposal_id=proposal_id,
        year=year.year,
        off=[day.isoformat() for day in year.off],
        make_up=[day.isoformat() for day in year.make_up],
        source=year.source,
        state="PROPOSED",
        proposed_by=tx.actor.id,
        proposed_at=tx.now,
        version=1,
    )
    if not taken:
        raise errors.CalendarProposed(year=year.year, field="year")
    return replies.ProposalReply(id=proposal_id, year=year.year, state="PROPOSED", version=1)


def approve_calendar_year(tx: Tx, payload: WhichProposal) -> replies.ProposalReply:
    """启用年度日历 / Load a year that another person has proposed.

    Raises:
        RoleDenied: The caller acts for a part of the district only.
        NotFound: There is no such proposal.
        StateConflict: It was decided.
        CalendarSamePerson: The caller proposed it.
        CalendarLoadedSince: The year was loaded after it was proposed.
    """
    row = _open(tx, payload.proposal_id)
    since = years.loaded_at(tx, row.year)
    if since is not None and since > row.proposed_at:
        raise errors.CalendarLoadedSince(year=row.year)
    decided = _decide(tx, row, "LOADED", None)
    load(tx, read_year(row.year, row.off, row.make_up, row.source))
    return decided


def reject_calendar_year(tx: Tx, payload: RejectCalendarYear) -> replies.ProposalReply:
    """退回年度日历 / Turn a proposed year down, or take it back.

    Turn a proposed year down; a person who proposed it may take it back.

    Raises:
        RoleDenied: The caller acts for a part of the district only.
        NotFound: There is no such proposal.
        StateConflict: It was decided.
    """
    row = _open(tx, payload.proposal_id, own=True)
    return _decide(tx, row, "REJECTED", payload.reason)


def _open(tx: Tx, proposal_id: str, *, own: bool = False) -> Row:
    tx.require_scope(DISTRICT)
    row = storage.calendar.lock(tx.conn, proposal_id)
    if row is None:
        raise NotFound(kind="calendar proposal", id=proposal_id)
    tx.check_version(row.version)
    if row.state != "PROPOSED":
        raise StateConflict(state=row.state)
    if row.proposed_by == tx.actor.id and not own:
        raise errors.CalendarSamePerson
    return row


def _decide(tx: Tx, row: Row, state: str, reason: str | None) -> replies.ProposalReply:
    decided = storage.calendar.update(
        tx.conn,
        row,
        state=state,
        reason=reason,
        decided_by=tx.actor.id,
        decided_at=tx.now,
    )
    return replies.ProposalReply.of(decided, id=decided.proposal_id)


def load(tx: Tx, year: Year) -> int:
    """Store a year, tell every service, and move what it makes later here. Returns how many."""
    version = years.next_version(tx, year.year)
    changed = years.put(tx, year, version)
    assert changed is not None, "a version is new by its number"  # noqa: S101  see above
    tx.publish(
        events.CalendarYearLoaded(year.year, list(year.off), list(year.make_up), year.source),
        subject=f"calendar:{year.year}",
        scope=DISTRICT,
        sequence=version,
    )
    before, after = changed
    return deadlines.recount(tx, year.year, before, after, version=version, scope=DISTRICT)


# --------------------------------------------------------------------------------------------------
# What is later


def deadline_moved(tx: Tx, move: deadlines.Move) -> None:
    """Write into a request's timeline that it has more time; its reporter reads it there."""
    for table, row in move.rows:
        if table == tables.requests.name:
            step = cases.step(
                tx,
                row["request_id"],
                "due_moved",
                state=row["state"],
                version=row["version"],
                detail={"due": cases.stamp(move.before), "new_due": cases.stamp(move.after)},
                by=SYSTEM,
            )
            storage.cases.write_timeline(tx.conn, [step])
