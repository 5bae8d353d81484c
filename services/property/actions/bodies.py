"""Residents' committees and party branches: who was elected, and from when until when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Due, Tx
from fivered.chassis.fields import Community
from fivered.chassis.free_text import PUBLIC, PublicText
from fivered.chassis.refusal import StateConflict
from fivered.chassis.requests import UNIQUE, Request
from fivered.services.property import errors, replies, rules
from fivered.services.property.actions import ground
from fivered.services.property.storage import bodies as stored
from fivered.services.property.storage import lists, rows
from fivered.services.property.storage.rows import Row, Values

Kind = Literal["RESIDENTS_COMMITTEE", "PARTY_BRANCH"]
SeatPost = Literal["SECRETARY", "DEPUTY_SECRETARY", "DIRECTOR", "DEPUTY_DIRECTOR", "MEMBER"]
Document = Annotated[
    str,
    Meta(min_length=1, max_length=200, description="选举或备案文件 / the paper of the election"),
    PUBLIC,
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

    Register who was elected; the former body of the same place ends.

    Raises:
        RoleDenied: The community lies outside the actor's scope.
        BodyRules: Number, posts or term are against the rules.
        UsccInvalid: The check of the code fails.
        NotFound: There is no such project.
        AreaInvalid: The project lies in another community.
        SamePerson, OwnHousehold: The registrar names somebody of their own household.
        NotRegistered, UnderAge, Deceased, MergedAway: One who is named is no registered adult.
        OnTheProjectsSide: A member of the residents' committee serves a project of the community.
        DueInPast: The term is over.
    """
    tx.require_scope(payload.community)
    posts = {one.person_id: one.post for one in payload.members}
    if len(posts) < len(payload.members):
        raise errors.BodyRules(field="members")
    _require_term(tx, payload.kind, payload.term_from, payload.term_to)
    rules.check_body(payload.kind, list(posts.values()))
    uscc = ground.checked_uscc(payload.uscc)
    _require_place(tx, payload.project_id, payload.community)
    _require_electable(tx, payload.kind, payload.community, list(posts))
    former = stored.former_of(
        tx.conn, kind=payload.kind, community=payload.community, name=payload.name
    )
    if former is not None:
        _end(tx, former, "EXPIRED", "REPLACED", payload.term_from)
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
            state="IN_TERM",
            area=payload.community,
            version=1,
            created_at=tx.now,
        ),
    )
    follow(tx, row.body_id, posts, on=payload.term_from)
    tx.arm("body_expire", row.body_id, tx.calendar.midnight(payload.term_to))
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
    tx.disarm("body_expire", row.body_id)
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
        UsccInvalid, AreaInvalid, BodyRules, DueInPast: As when it is registered.
        NothingChanges: It stands so already.
    """
    row = _meant(tx, payload.body_id, payload.reason)
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
    row = ground.correct(tx, stored.bodies, row, wanted=wanted, reason=payload.reason)
    tx.arm("body_expire", row.body_id, tx.calendar.midnight(row.term_to))
    return ground.reply(replies.Made, stored.bodies, row)


def _meant(tx: Tx, body_id: str, reason: str) -> Row:
    row = records.locked(tx.conn, stored.bodies, body_id)
    tx.require_scope(row.area)
    tx.check_version(row.version)
    ground.require_reason(reason)
    if row.state != "IN_TERM":
        raise StateConflict(state=row.state)
    return row


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
    row = _meant(tx, payload.body_id, payload.reason)
    posts = {one.person_id: one.post for one in payload.members}
    if len(posts) < len(payload.members):
        raise errors.BodyRules(field="members")
    rules.check_body(row.kind, list(posts.values()))
    if not row.term_from <= payload.since < row.term_to or payload.since > ground.today(tx):
        raise errors.BodyRules(field="since")
    there = {person: seat.post for person, seat in stored.open_seats(tx.conn, row.body_id).items()}
    if posts == there:
        raise errors.NothingChanges
    _require_electable(tx, row.kind, row.area, [one for one in posts if one not in there])
    follow(tx, row.body_id, posts, on=payload.since, reason=payload.reason)
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
    row = _meant(tx, payload.body_id, payload.reason)
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
        follow(tx, body_id, left, on=ground.today(tx), reason="DECEASED")
        records.change(
            tx,
            stored.bodies,
            row,
            step="MEMBER_ENDED",
            note={"former": person_id, "reason": "DECEASED"},
        )
