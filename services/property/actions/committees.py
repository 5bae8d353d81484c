"""Owners' committees."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Due, Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.free_text import PublicText
from fivered.chassis.requests import UNIQUE, Request
from fivered.services.property import errors, events, replies, rules
from fivered.services.property.actions import bodies, ground
from fivered.services.property.storage import bodies as stored
from fivered.services.property.storage import rows, tables
from fivered.services.property.storage.rows import Row, Values

# The chair of a committee whose chair has died.
NOBODY = ""
# Why a committee ended whose place another one took.
REPLACED = "REPLACED"
# How many it may be is a rule's to say.
Members = Annotated[list[ground.PersonId], UNIQUE, Meta(max_length=20)]


class RegisterCommittee(Request, frozen=True):
    """登记业主委员会 / Register an owners' committee (YWH) or management committee (WGH)."""

    project_id: Annotated[str, Meta(examples=["prj_honghe"])]
    kind: Annotated[Literal["YWH", "WGH"], Meta(examples=["YWH"])]
    members: Annotated[
        Members, Meta(description="5 至 11 名单数 / an odd number of 5 to 11 persons")
    ]
    chair: str
    term_from: Annotated[date, Meta(examples=["2025-01-01"])]
    term_to: Annotated[date, Meta(examples=["2028-01-01"])]


class CommitteeLine(RegisterCommittee, frozen=True):
    """导入的业主委员会 / An owners' committee of a file, with the id that the file gives it."""

    committee_id: Annotated[str, Meta(pattern=r"^owc_[A-Za-z0-9_-]{1,58}$")]


def enter_committee(tx: Tx, line: CommitteeLine) -> replies.Made:
    """Register the committee of a line, or answer the one that stands under its id.

    Raises:
        IdTaken: The id stands for something else.
        CommitteeSize, NotRegistered, OnTheProjectsSide, DueInPast: As when it is registered.
    """
    existing = records.find(tx.conn, tables.owners_committees, line.committee_id)
    if existing is None:
        ground.found(tx, tables.projects, line.project_id)
        return _register(tx, line, line.committee_id)
    wanted: Values = {name: getattr(line, name) for name in _SAID}
    wanted["members"] = sorted(set(line.members))
    if not tx.actor.covers(existing.area) or not ground.same(existing, wanted):
        raise errors.IdTaken(field="committee_id", id=line.committee_id)
    return ground.reply(replies.Made, tables.owners_committees, existing)


_SAID = ("project_id", "kind", "chair", "term_from", "term_to")


def register_committee(tx: Tx, payload: RegisterCommittee) -> replies.Made:
    """登记业主委员会 / Register an owners' committee.

    Register the elected committee of a project's owners. One whose term begins later is ELECTED,
    and the present one goes on until that day; then, or at once where the term runs, the former one
    ends. The same said again is unchanged; one that was registered by mistake is withdrawn.

    Raises:
        NextOneThere: Another one is elected for the next term.
        CommitteeSize: Number, chair or term are against the rules.
        NotRegistered: A member is no registered adult.
        OnTheProjectsSide: A member serves the project.
    """
    return _register(tx, payload, tx.new_id("owc"))


def _register(tx: Tx, payload: RegisterCommittee, committee_id: str) -> replies.Made:
    project = ground.project_to_decide(tx, payload.project_id)
    ground.require_open(project)
    _require_committee(
        tx, payload.members, payload.chair, start=payload.term_from, end=payload.term_to
    )
    _require_owners(tx, project, payload.members)
    present = rows.owners_committee_in_term(tx.conn, payload.project_id)
    to_come = rows.owners_committee_to_come(tx.conn, payload.project_id)
    told: Values = {name: getattr(payload, name) for name in _SAID}
    told["members"] = sorted(set(payload.members))
    for one in (present, to_come):
        if one is not None and ground.same(one, told):
            return ground.reply(replies.Made, tables.owners_committees, one)
    later = payload.term_from > ground.today(tx)
    if later and to_come is not None:
        raise errors.NextOneThere(field="term_from", other=to_come.committee_id)
    row = records.create(
        tx,
        tables.owners_committees,
        step="ELECTED",
        **records.values_from(
            payload,
            tables.owners_committees,
            committee_id=committee_id,
            members=told["members"],
            state="ELECTED" if later else "IN_TERM",
            replaces=None if later else _end_former(tx, payload.project_id, payload.term_from),
            area=project.area,
            version=1,
            created_at=tx.now,
        ),
    )
    _seat(tx, row, on=payload.term_from)
    if later:
        tx.arm("committee_begin", row.committee_id, tx.calendar.midnight(payload.term_from))
    else:
        _say_in_office(tx, row)
    return ground.reply(replies.Made, tables.owners_committees, row)


def _end_former(tx: Tx, project_id: str, on: date) -> str | None:
    """End the committee in its term whose place another one takes; returns which it is."""
    former = rows.owners_committee_in_term(tx.conn, project_id)
    if former is None:
        return None
    former = records.change(tx, tables.owners_committees, former, step=REPLACED, state="EXPIRED")
    bodies.follow(tx, former.committee_id, {}, on=on, reason=REPLACED)
    _publish_committee(tx, former)
    tx.disarm("committee_expire", former.committee_id)
    ended: str = former.committee_id
    return ended


def _say_in_office(tx: Tx, row: Row) -> None:
    tx.disarm("committee_begin", row.committee_id)
    tx.arm("committee_expire", row.committee_id, tx.calendar.midnight(row.term_to))
    _publish_committee(tx, row)


def _take_office(tx: Tx, row: Row) -> Row:
    """Let a committee that was elected for a later term be the one in its term."""
    replaces = _end_former(tx, row.project_id, row.term_from)
    row = records.change(
        tx,
        tables.owners_committees,
        row,
        step="TOOK_OFFICE",
        state="IN_TERM",
        replaces=replaces,
    )
    _say_in_office(tx, row)
    return row


def begin_committee(tx: Tx, due: Due) -> None:
    """Let a committee that was elected for a later term take office on its first day."""
    row = bodies.begins(tx, tables.owners_committees, due)
    if row is not None:
        _take_office(tx, row)


class WithdrawCommittee(Request, frozen=True):
    """撤销误登记 / Why it was no election of this compound."""

    committee_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["重复登记,选举结果未变"])]


def withdraw_committee(tx: Tx, payload: WithdrawCommittee) -> replies.Made:
    """撤销误登记的业主委员会 / Withdraw a committee that was registered by mistake.

    Take a registration back: nobody has sat by it. The committee that it has replaced goes on, with
    the seats that it had, where its term is not over.

    Raises:
        NotFound: There is none.
        ConflictOfInterest: The person holds a post in the project.
        ReasonRequired: There is no reason.
        StateConflict: Its term is over, or it is withdrawn.
    """
    row = ground.meant(tx, tables.owners_committees, payload.committee_id, may=ground.uninterested)
    ground.require_reason(payload.reason)
    records.require_state(row, *stored.RUNNING)
    was = row.state
    row = bodies.take_back(
        tx,
        tables.owners_committees,
        row,
        payload.reason,
        "committee_begin",
        "committee_expire",
    )
    if was == "IN_TERM":
        _publish_committee(tx, row)
        former = bodies.reinstate(tx, tables.owners_committees, row.replaces, "committee_expire")
        if former is not None:
            _publish_committee(tx, former)
    return ground.reply(replies.Made, tables.owners_committees, row)


def _seat(tx: Tx, row: Row, *, on: date, reason: str | None = None) -> None:
    """Keep from when until when each member sits."""
    posts = {person: "CHAIR" if person == row.chair else "MEMBER" for person in row.members}
    bodies.follow(tx, row.committee_id, posts, on=on, reason=reason)


class CorrectCommittee(Request, frozen=True):
    """更正或补选业主委员会 / Put a committee in its term right, or name who was elected later."""

    committee_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["补选一名委员"])]
    kind: Literal["YWH", "WGH"] | None = None
    members: Members | None = None
    chair: ground.PersonId | None = None
    term_from: date | None = None
    term_to: date | None = None
    since: (
        Annotated[
            date,
            Meta(description="成员变更自何日起,默认今日 / from which day its members are others"),
        ]
        | None
    ) = None


def correct_committee(tx: Tx, payload: CorrectCommittee) -> replies.Made:
    """更正或补选业主委员会 / Put an owners' committee right.

    Put a committee in its term right: a member who was elected later, a wrong date (SP-D33).

    Raises:
        ConflictOfInterest: The person holds a post in the project.
        ReasonRequired: There is no reason.
        CommitteeSize, NotRegistered, OnTheProjectsSide, DueInPast: As when it is registered.
        NothingChanges: It stands so already.
        TermToCome: The present one's term would begin later.
        StateConflict: Its term is over, or it is withdrawn.
    """
    row = ground.meant(tx, tables.owners_committees, payload.committee_id, may=ground.uninterested)
    ground.require_reason(payload.reason)
    records.require_state(row, *stored.RUNNING)
    wanted: Values = {
        name: getattr(payload, name)
        for name in ("kind", "chair", "term_from", "term_to")
        if getattr(payload, name) is not None
    }
    if payload.members is not None:
        wanted["members"] = sorted(set(payload.members))
    after = dict(records.values_of(row)) | wanted
    begins = after["term_from"] <= ground.today(tx)
    if row.state == "IN_TERM" and not begins:
        raise errors.TermToCome(field="term_from", day=str(after["term_from"]))
    _require_committee(
        tx, after["members"], after["chair"], start=after["term_from"], end=after["term_to"]
    )
    if payload.since is not None and not (
        after["term_from"] <= payload.since <= min(ground.today(tx), after["term_to"])
    ):
        raise errors.CommitteeSize(field="since")
    new = [person for person in after["members"] if person not in row.members]
    _require_owners(tx, ground.project(tx, row.project_id), new)
    row = ground.correct(tx, tables.owners_committees, row, wanted=wanted, reason=payload.reason)
    if row.state == "ELECTED":
        stored.drop_seats(tx.conn, row.committee_id)
        _seat(tx, row, on=row.term_from)
        if begins:
            row = _take_office(tx, row)
        else:
            tx.arm("committee_begin", row.committee_id, tx.calendar.midnight(row.term_from))
        return ground.reply(replies.Made, tables.owners_committees, row)
    _seat(tx, row, on=payload.since or ground.today(tx), reason=payload.reason)
    tx.arm("committee_expire", row.committee_id, tx.calendar.midnight(row.term_to))
    _publish_committee(tx, row)
    return ground.reply(replies.Made, tables.owners_committees, row)


def _require_committee(tx: Tx, members: list[str], chair: str, *, start: date, end: date) -> None:
    """Refuse a committee that is against the rules, or whose term is over."""
    rules.check_owners_committee(members=members, chair=chair, start=start, end=end)
    if end <= ground.today(tx):
        raise errors.DueInPast(field="term_to", due=str(end))


def _require_owners(tx: Tx, project: Row, members: list[str]) -> None:
    """Refuse members whom nobody knows, and who serve the project or live with one who does."""
    ground.require_adults(tx, "members", members)
    for person in members:
        why = rows.interest_of(tx.conn, project, person)
        if why is not None:
            refusal = errors.KinOnTheProjectsSide if why.kin else errors.OnTheProjectsSide
            raise refusal(field="members", person=person, post=why.post)


def expire_committee(tx: Tx, due: Due) -> None:
    """End a committee whose term is over; meetings then need two sides only."""
    row = records.find(tx.conn, tables.owners_committees, due.ref, lock=True)
    if row is None or row.state != "IN_TERM":
        return
    row = records.change(tx, tables.owners_committees, row, step="EXPIRED", state="EXPIRED")
    bodies.follow(tx, row.committee_id, {}, on=row.term_to, reason="TERM_ENDED")
    _publish_committee(tx, row)


def hand_over(tx: Tx, former: Row, new: Row) -> None:
    """The owners stay the same: their committee goes with the compound to its new project."""
    for committee in (
        rows.owners_committee_in_term(tx.conn, former.project_id),
        rows.owners_committee_to_come(tx.conn, former.project_id),
    ):
        if committee is None:
            continue
        moved = records.change(
            tx,
            tables.owners_committees,
            committee,
            step="HANDED_OVER",
            note={"from": former.project_id},
            project_id=new.project_id,
        )
        if moved.state == "IN_TERM":
            _publish_committee(tx, moved)


def end_for_dead(tx: Tx, person_id: str) -> None:
    """End the seats of a member who has died; the others are told."""
    for committee_id in rows.committees_of(tx.conn, person_id):
        row = ground.found(tx, tables.owners_committees, committee_id)
        left = [one for one in row.members if one != person_id]
        chair = NOBODY if row.chair == person_id else row.chair
        row = records.change(
            tx,
            tables.owners_committees,
            row,
            step="MEMBER_ENDED",
            members=left,
            chair=chair,
            note={"former": person_id, "reason": "DECEASED"},
        )
        _seat(tx, row, on=max(ground.today(tx), row.term_from), reason="DECEASED")
        if row.state == "IN_TERM":
            _publish_committee(tx, row)
        name = ground.project(tx, row.project_id).name
        for one in left:
            ground.tell(tx, one, "MEMBER_DIED", said=name)


def tell_committees(tx: Tx, _due: Due) -> None:
    """Say who sits for the owners where that was registered before it was said."""
    for row in rows.committees_in_term(tx.conn):
        _publish_committee(tx, row)


def _publish_committee(tx: Tx, row: Row) -> None:
    """Say who sits for the owners now; said again whenever that changes."""
    tx.publish(
        fact_of(
            events.OwnersCommitteeChanged,
            row,
            state="IN_TERM" if row.state == "IN_TERM" else "EXPIRED",
        ),
        subject=row.committee_id,
        scope=row.area,
        sequence=row.version,
    )
