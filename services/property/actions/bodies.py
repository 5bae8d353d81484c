"""Residents' committees and party branches: who was elected, and from when until when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

import sqlalchemy as sa
from msgspec import Meta

from fivered.chassis import files, records
from fivered.chassis.bus import Due, Tx
from fivered.chassis.fields import FILE_OR_PAPER, Community
from fivered.chassis.free_text import PUBLIC, PublicText
from fivered.chassis.requests import UNIQUE, Request
from fivered.services.property import errors, replies, rules
from fivered.services.property.actions import ground
from fivered.services.property.storage import bodies as stored
from fivered.services.property.storage import lists, months, rows
from fivered.services.property.storage.rows import Row, Values

# Why a body ended whose place another one took.
REPLACED = "REPLACED"
Kind = Literal["RESIDENTS_COMMITTEE", "PARTY_BRANCH"]
SeatPost = Literal["SECRETARY", "DEPUTY_SECRETARY", "DIRECTOR", "DEPUTY_DIRECTOR", "MEMBER"]
Document = Annotated[
    str,
    Meta(min_length=1, max_length=200, description="选举或备案文件 / the paper of the election"),
    PUBLIC,
    FILE_OR_PAPER,
]


class Elected(Request, frozen=True):
    """当选人员 / One person who was elected, and as what."""

    person_id: Annotated[ground.PersonId, Meta(examples=["per_secretary"])]
    post: Annotated[SeatPost, Meta(examples=["MEMBER"])]


class RegisterBody(Request, frozen=True):
    """登记居委会或党支部 / Register a residents' committee or a party branch."""

    kind: Annotated[Kind, Meta(examples=["PARTY_BRANCH"])]
    name: Annotated[ground.Name, Meta(examples=["宏河苑小区党支部"])]
    community: Annotated[Community, Meta(examples=["370811015901"])]
    term_from: Annotated[date, Meta(examples=["2025-01-01"])]
    term_to: Annotated[
        date, Meta(description="届满日,不含 / first day after its term", examples=["2028-01-01"])
    ]
    members: Annotated[list[Elected], Meta(min_length=1, max_length=20)]
    document_ref: Annotated[Document, Meta(examples=["选举结果备案〔2025〕2号"])]
    uscc: Annotated[str, Meta(max_length=40)] | None = None
    project_id: (
        Annotated[str, Meta(description="小区党支部所在项目 / the compound of a party branch")]
        | None
    ) = None


def register_body(tx: Tx, payload: RegisterBody) -> replies.Made:
    """登记居委会或党支部 / Register a residents' committee or a party branch.

    Register who was elected. One whose term begins later is ELECTED, and the present one goes on
    until that day; then, or at once where the term runs, the former body of the same place ends.
    One that was registered by mistake is withdrawn.

    Raises:
        RoleDenied: The community lies outside the actor's scope.
        UnknownCommunity: There is no such community.
        NextOneThere: Another one is elected for the next term.
        BodyRules: Number, posts or term are against the rules.
        UsccWrong: The check of the code fails.
        NotFound: There is no such project.
        AreaInvalid: The project lies in another community.
        SamePerson, OwnHousehold: The registrar names somebody of their own household.
        NotRegistered, UnderAge, Deceased, MergedAway: One who is named is no registered adult.
        OnTheProjectsSide: A member of the residents' committee serves a project of the community.
        DueInPast: The term is over.
    """
    tx.require_scope(payload.community)
    if payload.community not in months.communities(tx.conn):
        raise errors.UnknownCommunity(field="community", community=payload.community)
    posts = {one.person_id: one.post for one in payload.members}
    if len(posts) < len(payload.members):
        raise errors.BodyRules(field="members")
    _require_term(tx, payload.kind, payload.term_from, payload.term_to)
    rules.check_body(payload.kind, list(posts.values()))
    uscc = ground.checked_uscc(payload.uscc)
    _require_place(tx, payload.project_id, payload.community)
    _require_electable(tx, payload.kind, payload.community, list(posts))
    later = payload.term_from > ground.today(tx)
    to_come = _other(tx, payload.kind, payload.community, payload.name, "ELECTED")
    if later and to_come is not None:
        raise errors.NextOneThere(field="term_from", other=to_come.body_id)
    row = records.create(
        tx,
        stored.bodies,
        step="ELECTED",
        note={"members": posts, "document": payload.document_ref},
        **records.values_from(
            payload,
            stored.bodies,
            body_id=tx.new_id("cbd"),
            uscc=uscc,
            state="ELECTED" if later else "IN_TERM",
            replaces=None if later else _end_former(tx, payload, payload.community),
            area=payload.community,
            version=1,
            created_at=tx.now,
        ),
    )
    follow(tx, row.body_id, posts, on=payload.term_from)
    files.attach(tx, payload.document_ref, field="document_ref", body_id=row.body_id)
    if later:
        tx.arm("body_begin", row.body_id, tx.calendar.midnight(payload.term_from))
    else:
        tx.arm("body_expire", row.body_id, tx.calendar.midnight(payload.term_to))
    return ground.reply(replies.Made, stored.bodies, row)


def _end_former(tx: Tx, following: RegisterBody | Row, community: str) -> str | None:
    """End the body in its term whose place another one takes; returns which it is."""
    former = _other(tx, following.kind, community, following.name, "IN_TERM")
    if former is None:
        return None
    _end(tx, former, "EXPIRED", REPLACED, following.term_from)
    ended: str = former.body_id
    return ended


def _other(tx: Tx, kind: str, community: str, name: str, state: str) -> Row | None:
    return stored.former_of(tx.conn, kind=kind, community=community, name=name, state=state)


def _take_office(tx: Tx, row: Row) -> Row:
    """Let a body that was elected for a later term be the one in its term."""
    replaces = _end_former(tx, row, row.area)
    tx.disarm("body_begin", row.body_id)
    tx.arm("body_expire", row.body_id, tx.calendar.midnight(row.term_to))
    return records.change(
        tx, stored.bodies, row, step="TOOK_OFFICE", state="IN_TERM", replaces=replaces
    )


def begin_body(tx: Tx, due: Due) -> None:
    """Let a body that was elected for a later term take office on its first day."""
    row = begins(tx, stored.bodies, due)
    if row is not None:
        _take_office(tx, row)


def begins(tx: Tx, table: sa.Table, due: Due) -> Row | None:
    """Return a body or committee, locked, that was elected for a term which begins by now; None
    where it has begun, or was withdrawn."""
    row = records.find(tx.conn, table, due.ref, lock=True)
    begun = row is not None and row.state == "ELECTED" and row.term_from <= ground.today(tx)
    return row if begun else None


def take_back(tx: Tx, table: sa.Table, row: Row, reason: str, *timers: str) -> Row:
    """Withdraw a body or committee that was registered by mistake, with its seats and timers."""
    its_id = getattr(row, records.key_of(table).name)
    stored.drop_seats(tx.conn, its_id)
    for timer in timers:
        tx.disarm(timer, its_id)
    return records.change(
        tx,
        table,
        row,
        step="WITHDRAWN",
        state="WITHDRAWN",
        end_reason=reason,
        note={"reason": reason},
    )


def reinstate(tx: Tx, table: sa.Table, former_id: str | None, timer: str) -> Row | None:
    """Let a body or committee that was replaced go on, with the seats that it had; None where its
    term is over meanwhile, or there was none."""
    if former_id is None:
        return None
    former = records.locked(tx.conn, table, former_id)
    if former.state != "EXPIRED" or former.term_to <= ground.today(tx):
        return None
    stored.reopen_seats(tx.conn, former_id, REPLACED)
    former = records.change(tx, table, former, step="REINSTATED", state="IN_TERM", end_reason=None)
    tx.arm(timer, former_id, tx.calendar.midnight(former.term_to))
    return former


class WithdrawBody(Request, frozen=True):
    """撤销误登记 / Why it was no election of this place."""

    body_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["重复登记,选举结果未变"])]


def withdraw_body(tx: Tx, payload: WithdrawBody) -> replies.Made:
    """撤销误登记的居委会或党支部 / Withdraw a body that was registered by mistake.

    Take a registration back: nobody has sat by it. The body that it has replaced goes on, with the
    seats that it had, where its term is not over.

    Raises:
        NotFound: There is none.
        ReasonRequired: There is no reason.
        StateConflict: Its term is over, or it is withdrawn.
    """
    row = ground.meant_still(tx, stored.bodies, payload.body_id, payload.reason, *stored.RUNNING)
    former_id = row.replaces
    row = take_back(tx, stored.bodies, row, payload.reason, "body_begin", "body_expire")
    reinstate(tx, stored.bodies, former_id, "body_expire")
    return ground.reply(replies.Made, stored.bodies, row)


def _require_term(tx: Tx, kind: str, start: date, end: date) -> None:
    rules.check_term(kind, start, end)
    if end <= ground.today(tx):
        raise errors.DueInPast(field="term_to", due=str(end))


def _require_place(tx: Tx, project_id: str | None, community: str) -> None:
    if project_id is not None:
        project = ground.project(tx, project_id)
        if project.area != community:
            raise errors.OtherCommunity(field="project_id", project=project_id, area=community)


def _require_electable(tx: Tx, kind: str, community: str, persons: list[str]) -> None:
    """Refuse whom nobody knows, the registrar's own, and for the residents' committee who serves a
    project: those come in as part-time members, by an appointment (DOMAIN 2.2.2)."""
    ground.require_others(tx, "members", persons)
    ground.require_adults(tx, "members", persons)
    if kind != "RESIDENTS_COMMITTEE":
        return
    for project in lists.in_service(tx.conn, community):
        for post, people in rows.project_people(tx.conn, project).items():
            for person in sorted(people & set(persons)):
                raise errors.OnTheProjectsSide(field="members", person=person, post=post)


def follow(
    tx: Tx, body_id: str, posts: Mapping[str, str], *, on: date, reason: str | None = None
) -> None:
    """Let the seats of a body be these from a day on: who stays keeps the seat, who goes or changes
    the post ends it."""
    there = stored.open_seats(tx.conn, body_id)
    for person, seat in there.items():
        if posts.get(person) != seat.post:
            # A seat that would end before it began was entered by mistake: it lasted no day.
            until = max(on, seat.since)
            stored.end_seat(tx.conn, seat.seat_id, until, reason)
    new = [
        {
            "seat_id": tx.new_id("sea"),
            "body_id": body_id,
            "person_id": person,
            "post": post,
            "since": on,
            "until": None,
            "reason": None,
        }
        for person, post in sorted(posts.items())
        if person not in there or there[person].post != post
    ]
    records.add_all(tx.conn, stored.seats, new)


def _end(tx: Tx, row: Row, state: str, reason: str, on: date) -> Row:
    follow(tx, row.body_id, {}, on=on, reason=reason)
    for timer in ("body_begin", "body_expire"):
        tx.disarm(timer, row.body_id)
    return records.change(
        tx,
        stored.bodies,
        row,
        step=state,
        state=state,
        end_reason=reason,
        note={"reason": reason},
    )


class CorrectBody(Request, frozen=True):
    """更正居委会或党支部登记 / Put right what is registered of a body; the rest stays."""

    body_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["名称登记有误"])]
    name: Annotated[ground.Name, Meta(examples=["宏河苑第一党支部"])] | None = None
    uscc: Annotated[str, Meta(max_length=40)] | None = None
    project_id: str | None = None
    term_from: date | None = None
    term_to: date | None = None


def correct_body(tx: Tx, payload: CorrectBody) -> replies.Made:
    """更正居委会或党支部登记 / Put a body's registration right.

    Put name, code, compound or term right; what stood there before stays in the history.

    Raises:
        NotFound: There is none, or no such project.
        ReasonRequired: There is no reason.
        StateConflict: Its term is over.
        UsccWrong, AreaInvalid, BodyRules, DueInPast: As when it is registered.
        NothingChanges: It stands so already.
        TermToCome: The present one's term would begin later.
    """
    row = ground.meant_still(tx, stored.bodies, payload.body_id, payload.reason, *stored.RUNNING)
    wanted: Values = {
        name: getattr(payload, name)
        for name in ("name", "project_id", "term_from", "term_to")
        if getattr(payload, name) is not None
    }
    if payload.uscc is not None:
        wanted["uscc"] = ground.checked_uscc(payload.uscc)
    _require_place(tx, payload.project_id, row.area)
    after = dict(records.values_of(row)) | wanted
    _require_term(tx, row.kind, after["term_from"], after["term_to"])
    begins = after["term_from"] <= ground.today(tx)
    if row.state == "IN_TERM" and not begins:
        raise errors.TermToCome(field="term_from", day=str(after["term_from"]))
    row = ground.correct(tx, stored.bodies, row, wanted=wanted, reason=payload.reason)
    if row.state == "ELECTED":
        stored.begin_seats(tx.conn, row.body_id, row.term_from)
        if begins:
            row = _take_office(tx, row)
        else:
            tx.arm("body_begin", row.body_id, tx.calendar.midnight(row.term_from))
    else:
        tx.arm("body_expire", row.body_id, tx.calendar.midnight(row.term_to))
    return ground.reply(replies.Made, stored.bodies, row)


class ChangeSeats(Request, frozen=True):
    """变更成员 / Who sits in a body from a day on; whoever is not named sits there no more."""

    body_id: str
    since: Annotated[date, Meta(examples=["2025-03-01"])]
    members: Annotated[list[Elected], UNIQUE, Meta(min_length=1, max_length=20)]
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["届中补选一名委员"])]
    document_ref: Annotated[Document, Meta(examples=["补选结果备案〔2025〕1号"])]


def change_seats(tx: Tx, payload: ChangeSeats) -> replies.Made:
    """变更居委会或党支部成员 / Change who sits in a body.

    Say who sits there from a day on; who sat before stays readable with the days.

    Raises:
        NotFound: There is none.
        ReasonRequired: There is no reason.
        StateConflict: Its term is over.
        BodyRules: Number or posts are against the rules, or the day lies outside the term.
        NothingChanges: They sit there so already.
        SamePerson, OwnHousehold, NotRegistered, UnderAge, Deceased, MergedAway: As when it is
            registered.
    """
    row = ground.meant_still(tx, stored.bodies, payload.body_id, payload.reason, *stored.RUNNING)
    posts = {one.person_id: one.post for one in payload.members}
    if len(posts) < len(payload.members):
        raise errors.BodyRules(field="members")
    rules.check_body(row.kind, list(posts.values()))
    begun = payload.since <= max(ground.today(tx), row.term_from)
    if not row.term_from <= payload.since < row.term_to or not begun:
        raise errors.BodyRules(field="since")
    there = {person: seat.post for person, seat in stored.open_seats(tx.conn, row.body_id).items()}
    if posts == there:
        raise errors.NothingChanges
    _require_electable(tx, row.kind, row.area, [one for one in posts if one not in there])
    follow(tx, row.body_id, posts, on=payload.since, reason=payload.reason)
    files.attach(tx, payload.document_ref, field="document_ref", body_id=row.body_id)
    row = records.change(
        tx,
        stored.bodies,
        row,
        step="SEATS_CHANGED",
        note={
            "reason": payload.reason,
            "document": payload.document_ref,
            "since": str(payload.since),
            "before": there,
            "now": posts,
        },
    )
    return ground.reply(replies.Made, stored.bodies, row)


class EndBody(Request, frozen=True):
    """理由 / A reason that others can read."""

    body_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["社区合并,支部撤销"])]


def end_body(tx: Tx, payload: EndBody) -> replies.Made:
    """撤销居委会或党支部 / End a body.

    End a body before its term is over; its members sit no more.

    Raises:
        NotFound: There is none.
        ReasonRequired: There is no reason.
        StateConflict: Its term is over.
    """
    row = ground.meant_still(tx, stored.bodies, payload.body_id, payload.reason, *stored.RUNNING)
    row = _end(tx, row, "ENDED", payload.reason, ground.today(tx))
    return ground.reply(replies.Made, stored.bodies, row)


def expire_body(tx: Tx, due: Due) -> None:
    """End a body whose term is over."""
    row = records.find(tx.conn, stored.bodies, due.ref, lock=True)
    if row is not None and row.state == "IN_TERM" and tx.calendar.midnight(row.term_to) <= tx.now:
        _end(tx, row, "EXPIRED", "TERM_ENDED", row.term_to)


def end_for_dead(tx: Tx, person_id: str) -> None:
    """End the seats of a member who has died."""
    for body_id in stored.bodies_of(tx.conn, person_id):
        row = records.locked(tx.conn, stored.bodies, body_id)
        left = {
            person: seat.post
            for person, seat in stored.open_seats(tx.conn, body_id).items()
            if person != person_id
        }
        on = max(ground.today(tx), row.term_from)
        follow(tx, body_id, left, on=on, reason="DECEASED")
        records.change(
            tx,
            stored.bodies,
            row,
            step="MEMBER_ENDED",
            note={"former": person_id, "reason": "DECEASED"},
        )
