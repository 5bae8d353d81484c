"""Volunteer hours, hazards and visits."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, TypedDict

import msgspec
from msgspec import Meta, field

from fivered.chassis import deadlines, files, records
from fivered.chassis.bus import Tx
from fivered.chassis.calendar import Calendar
from fivered.chassis.facts import fact_of
from fivered.chassis.fields import Grid, Id, Instant
from fivered.chassis.free_text import PUBLIC, PublicText
from fivered.chassis.reading import read_lines
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, Refusal, RoleDenied, said
from fivered.chassis.requests import Line, Request
from fivered.chassis.telling import tell
from fivered.chassis.text import fold
from fivered.services.steward import events, replies, rules, storage
from fivered.services.steward.actions import changes, hazards, kinship, submission
from fivered.services.steward.actions.cases import Media
from fivered.services.steward.actions.standing import require_active, require_serving
from fivered.services.steward.errors import (
    BadSpan,
    ClockSkew,
    ConfirmerRaises,
    DayTooLong,
    IdTaken,
    MoreThanDeclared,
    NotMyGrid,
    NotResident,
    Overlap,
    RecorderConfirms,
    SameDeed,
    UnknownPerson,
)
from fivered.services.steward.fields import Category, HoursSource
from fivered.services.steward.storage import tables

Minutes = Annotated[int, msgspec.Meta(ge=0, le=1440)]
MAX_CLIENT_ID = 64


class RecordHours(Request, frozen=True):
    """登记志愿服务 / Record volunteer service."""

    person_id: str
    minutes: Annotated[int, msgspec.Meta(ge=1, le=1440, examples=[120])]
    source: Annotated[HoursSource, Meta(examples=["QR"])]
    date: date
    activity: Annotated[
        str, msgspec.Meta(min_length=1, max_length=100, examples=["楼道清洁"]), PUBLIC
    ]
    check_in: Instant | None = None
    check_out: Instant | None = None
    record_id: str | None = None


class ConfirmHours(Request, frozen=True):
    """确认时长 / Confirm."""

    record_id: str
    minutes: Annotated[int, msgspec.Meta(ge=1, le=1440)]


class CorrectHours(Request, frozen=True):
    """更正时长 / Correct; 0 takes it back."""

    record_id: str
    minutes: Minutes
    reason: changes.Reason


class ReportHazard(Request, frozen=True):
    """上报隐患 / Report a danger."""

    category: Category
    grid: Grid
    place: Annotated[
        str, msgspec.Meta(min_length=2, max_length=200, examples=["3 号楼北侧窨井盖破损"]), PUBLIC
    ]
    media: Media = field(default_factory=list)
    reporter_id: str | None = None


class VerifyHazard(Request, frozen=True):
    """核实 / Is it one?"""

    hazard_id: str
    verified: bool


class VisitItem(Request, frozen=True):
    """One visit as the device kept it."""

    client_id: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_CLIENT_ID)]
    grid: Grid
    purpose: Annotated[
        str, msgspec.Meta(min_length=1, max_length=40, examples=["ELDERLY_CARE"]), PUBLIC
    ]
    occurred_at: Instant
    building: Annotated[str, msgspec.Meta(max_length=40), PUBLIC] | None = None
    findings: Annotated[
        list[Annotated[PublicText, msgspec.Meta(max_length=200)]], msgspec.Meta(max_length=20)
    ] = field(default_factory=list)
    household_id: Annotated[Id, Meta(description="走访的户 / which household")] | None = None
    person_id: Annotated[Id, Meta(description="走访的人 / whom")] | None = None
    concern: (
        Annotated[
            submission.Concern,
            Meta(description="反映的诉求,随即立案 / what was asked for: a request is filed"),
        ]
        | None
    ) = None


class VisitLine(Line[VisitItem]):
    """A visit that is judged by itself."""

    of = VisitItem


class RecordVisits(Request, frozen=True):
    """离线走访 / What a device collected."""

    items: Annotated[list[VisitLine], msgspec.Meta(min_length=1, max_length=200)]


# --------------------------------------------------------------------------------------------------
# Volunteer hours


def record_hours(tx: Tx, payload: RecordHours) -> replies.HoursReply:
    """登记志愿服务 / Record volunteer service.

    Record volunteer service; it counts when the organiser confirms it.

    同一服务只登记一次:同一人同日同一活动、时长相同的,须写明不同的起止时间。The same deed is
    recorded once: a second one of the same day, activity and minutes names times of its own.

    Raises:
        CallerNotServing: The caller's post as a steward is suspended or over.
        SameDeed: It stands there already.
        UnknownPerson: The person is not registered.
        NotResident: The person lives in no grid.
        BadSpan: The times do not fit the minutes.
        Overlap: The volunteer was elsewhere at that time.
        ClockSkew: It lies in the future.
        TooLongAgo: It lies more than a year back.
        IdTaken: The chosen id names another record.
    """
    require_serving(tx)
    chosen = rules.identity.check_id(payload.record_id, "vol", field="record_id")
    if tx.actor.role == "R_RESIDENT" and tx.actor.id != payload.person_id:
        raise RoleDenied(role=tx.actor.role, field="person_id")
    person = require_active(tx, payload.person_id, field="person_id")
    if person.grid is None:
        raise NotResident(field="person_id")
    # Neither where somebody lives nor that there is such a person is told to who serves elsewhere.
    if tx.actor.role != "R_RESIDENT" and not tx.actor.covers(person.grid):
        raise UnknownPerson(field="person_id", person_id=payload.person_id)
    record_id = chosen or tx.new_id("vol")
    digest = hashlib.sha256(msgspec.json.encode(payload)).hexdigest()
    before = storage.records.record(tx.conn, record_id)
    if before is not None:
        if before.digest != digest:
            raise IdTaken(id=record_id, field="record_id")
        return _record_reply(before)
    rules.hours.check_moment(
        tx.calendar.midnight(payload.date), tx.now, oldest=rules.hours.OLDEST_HOURS, field="date"
    )
    if tx.calendar.midnight(payload.date) + timedelta(minutes=payload.minutes) > (
        tx.now + rules.hours.SKEW
    ):
        raise ClockSkew(field="minutes")
    # The person's row orders rivals: two records of one deed see each other.
    storage.people.lock(tx.conn, payload.person_id)
    _check_span(tx, payload, record_id)
    _check_same_deed(tx, payload, record_id)
    row = storage.records.insert_record(
        tx.conn,
        **records.values_from(
            payload,
            tables.volunteer_hours,
            record_id=record_id,
            area=person.area,
            state="RECORDED",
            recorded_by=tx.actor.id,
            digest=digest,
            version=1,
            created_at=tx.now,
        ),
    )
    return _record_reply(row)


def _record_reply(row: Row) -> replies.HoursReply:
    return replies.HoursReply.of(row, id=row.record_id)


def _check_span(tx: Tx, payload: RecordHours, record_id: str) -> None:
    if payload.check_in is None and payload.check_out is None:
        return
    if payload.check_in is None or payload.check_out is None:
        raise Invalid(
            field="check_out",
            reason=said("签到与签退时间应同时给出 / check_in and check_out are given together"),
        )
    minutes = (payload.check_out - payload.check_in).total_seconds() / 60
    if minutes <= 0 or payload.minutes > minutes:
        raise BadSpan(field="check_out")
    if tx.calendar.local_date(payload.check_in) != payload.date:
        # A person who served through the night is said to have served on the day of the beginning.
        raise BadSpan(field="check_in")
    rules.hours.check_moment(
        payload.check_out, tx.now, oldest=rules.hours.OLDEST_HOURS, field="check_out"
    )
    other = storage.records.overlapping(
        tx.conn, payload.person_id, payload.check_in, payload.check_out, record_id
    )
    if other is not None:
        raise Overlap(record_id=other, field="check_in")


def _check_same_deed(tx: Tx, payload: RecordHours, record_id: str) -> None:
    """Refuse what was recorded already, unless both say when, and at different times."""
    for other in storage.records.records_of_day(
        tx.conn, payload.person_id, payload.date, record_id
    ):
        apart = other.check_in is not None and payload.check_in is not None
        same = (fold(other.activity), other.minutes) == (fold(payload.activity), payload.minutes)
        if same and not apart:
            raise SameDeed(record_id=other.record_id, field="activity")


def _check_others(tx: Tx, row: Row) -> None:
    """Refuse to confirm what overlaps with hours that are confirmed: two registrations of one
    human, which were merged since then, may have recorded it twice.

    Raises:
        Overlap: It does.
    """
    if row.check_in is None or row.check_out is None:
        return
    other = storage.records.overlapping(
        tx.conn, row.person_id, row.check_in, row.check_out, row.record_id, confirmed=True
    )
    if other is not None:
        raise Overlap(record_id=other, field="record_id")


def _locked_record(tx: Tx, record_id: str, *states: str) -> Row:
    row = storage.records.record(tx.conn, record_id)
    if row is None or not tx.actor.covers(storage.records.place_of(tx.conn, row)):
        raise NotFound(kind="volunteer_record", id=record_id)
    tx.check_version(row.version)
    records.require_state(row, *states)
    kinship.require_not_own(tx, row.person_id)
    return row


def _check_declared(row: Row, minutes: int) -> None:
    """Refuse more minutes than were recorded; where its times are recorded, these are the bound."""
    if row.check_in is not None and row.check_out is not None:
        _check_there(row, minutes)
    elif minutes > row.minutes:
        raise MoreThanDeclared(limit=row.minutes, field="minutes")


def _check_there(row: Row, minutes: int) -> None:
    if row.check_in is None or row.check_out is None:
        return
    if minutes > (row.check_out - row.check_in).total_seconds() / 60:
        raise BadSpan(field="minutes")


def _require_other(tx: Tx, recorder: str | None) -> None:
    """Refuse who would confirm what their own household wrote down.

    Raises:
        RecorderConfirms: The caller would.
    """
    if recorder is not None and kinship.is_own(tx, recorder):
        raise RecorderConfirms


def confirm_hours(tx: Tx, payload: ConfirmHours) -> replies.HoursReply:
    """确认志愿服务 / Confirm volunteer service.

    The organiser confirms. What passes the daily cap is said, and counts for nothing more.

    确认时长以登记时长为限,登记起止时间的,以起止时间为限;确需更多的,由他人另行更正并说明理由。
    No more is confirmed than was recorded, or than lies between its times; what has to be more is
    corrected afterwards by somebody else, with a reason.

    Raises:
        SelfConfirm: Nobody confirms hours of their own household.
        RecorderConfirms: Who recorded them does not confirm them.
        TooOld: More than 30 days back; the street confirms that.
        DayTooLong: The day would have more than 24 hours.
        BadSpan: The volunteer was not there for so long.
        MoreThanDeclared: They are more than was recorded.
        Overlap: Hours of that time are confirmed already.
        CallerNotServing: The caller's post as a steward is suspended or over.
    """
    require_serving(tx)
    row = _locked_record(tx, payload.record_id, "RECORDED")
    _require_other(tx, row.recorded_by)
    _check_declared(row, payload.minutes)
    done_at = rules.hours.end_of(row.date, tx.now, tx.calendar)
    rules.hours.check_confirmation(done_at, tx.now, street=tx.actor.role in rules.requests.STREET)
    # The person's row orders rivals: two confirmations of one day see each other.
    storage.people.lock(tx.conn, row.person_id)
    _check_others(tx, row)
    others = storage.records.minutes_of_day(tx.conn, row.person_id, row.date, row.record_id)
    if others + payload.minutes > 1440:
        raise DayTooLong(field="minutes")
    confirmed = storage.records.update_record(
        tx.conn, row, minutes=payload.minutes, state="CONFIRMED", confirmed_by=tx.actor.id
    )
    tx.publish(
        fact_of(events.VolunteerHoursConfirmed, row, minutes=payload.minutes),
        subject=row.record_id,
        scope=row.area,
        sequence=confirmed.version,
        occurred_at=done_at,
    )
    _tell(tx, "HOURS_CONFIRMED", confirmed)
    day = others + payload.minutes
    return msgspec.structs.replace(
        _record_reply(confirmed),
        day_minutes=day,
        daily_cap=day > rules.hours.DAILY_CAP_MINUTES,
    )


def correct_hours(tx: Tx, payload: CorrectHours) -> replies.HoursReply:
    """更正志愿服务 / Correct volunteer service.

    Correct confirmed service; consumers of the hours are told the difference, and the reason stands
    in the record's history. What nobody has confirmed yet can be taken back only.

    未确认的只能撤销(时长为 0)。

    Raises:
        SelfConfirm: Nobody corrects hours of their own household.
        RecorderConfirms: Who recorded them does not make them more.
        ConfirmerRaises: Neither does who confirmed them.
        StateConflict: They are not confirmed, and not to be taken back.
        DayTooLong: The day would have more than 24 hours.
        BadSpan: The volunteer was not there for so long.
        Overlap: Hours of that time, which were taken back, are confirmed under another record.
        CallerNotServing: The caller's post as a steward is suspended or over.
    """
    require_serving(tx)
    waits = ("RECORDED",) if payload.minutes == 0 else ()
    row = _locked_record(tx, payload.record_id, "CONFIRMED", *waits)
    if row.state == "RECORDED":
        return _take_back(tx, row, payload.reason)
    storage.people.lock(tx.conn, row.person_id)
    if payload.minutes > row.minutes:
        _require_other(tx, row.recorded_by)
        _check_there(row, payload.minutes)
        _check_others(tx, row)
        if row.confirmed_by is not None and kinship.is_own(tx, row.confirmed_by):
            raise ConfirmerRaises(field="minutes")
    others = storage.records.minutes_of_day(tx.conn, row.person_id, row.date, row.record_id)
    if others + payload.minutes > 1440:
        raise DayTooLong(field="minutes")
    corrected = _change_record(tx, row, payload.reason, minutes=payload.minutes)
    tx.publish(
        fact_of(
            events.VolunteerHoursCorrected,
            row,
            minutes=payload.minutes,
            previous_minutes=row.minutes,
        ),
        subject=row.record_id,
        scope=row.area,
        sequence=corrected.version,
    )
    return msgspec.structs.replace(_record_reply(corrected), previous_minutes=row.minutes)


def _take_back(tx: Tx, row: Row, reason: str) -> replies.HoursReply:
    """Take back what nobody has confirmed: it counted for nothing, and stands in nobody's way."""
    after = _change_record(tx, row, reason, minutes=0, state="CANCELLED")
    return msgspec.structs.replace(_record_reply(after), previous_minutes=row.minutes)


def _tell(tx: Tx, kind: str, row: Row, reason: str = "") -> None:
    tell(
        tx, kind, row.person_id, about=("volunteer_record", row.record_id),
        day=row.date, activity=row.activity, minutes=row.minutes, reason=reason,
    )  # fmt: skip


def _change_record(tx: Tx, row: Row, reason: str, **values: object) -> Row:
    after = storage.records.update_record(tx.conn, row, **values)
    changes.note_change(
        tx,
        "HOURS",
        row.record_id,
        after.version,
        "correct",
        before={name: getattr(row, name) for name in values},
        reason=reason,
    )
    _tell(tx, "HOURS_CORRECTED", after, reason)
    return after


# --------------------------------------------------------------------------------------------------
# Hazards


def report_hazard(tx: Tx, payload: ReportHazard) -> replies.HazardReply:
    """上报隐患 / Report a danger.

    Report a danger; somebody else looks whether it is so.

    Raises:
        UnknownGrid: No such grid.
        RoleDenied: The caller may not speak for the named reporter.
        CallerNotServing: The caller would as a steward whose post is suspended or over.
        UnknownPerson: The reporter is not registered.
    """
    storage.ground.require_grid(tx.conn, payload.grid)
    reporter = payload.reporter_id or tx.actor.id
    person = storage.people.person(tx.conn, reporter)
    if reporter != tx.actor.id:
        require_serving(tx)
    if reporter != tx.actor.id and not (
        person is not None and rules.access.may_speak_for(tx.actor, person.grid or person.area)
    ):
        # Whether such a person exists is not told to people who may not speak for them.
        raise RoleDenied(role=tx.actor.role, field="reporter_id")
    person = require_active(tx, reporter, field="reporter_id")
    hazard_id = tx.new_id("haz")
    storage.records.insert_hazard(
        tx.conn,
        **records.values_from(
            payload,
            tables.hazards,
            hazard_id=hazard_id,
            reporter_id=reporter,
            reported_by=tx.actor.id,
            area=payload.grid[:12],
            state="PENDING",
            version=1,
            created_at=tx.now,
            look_due=tx.now + rules.hours.HAZARD_LOOK,
        ),
    )
    files.attach(tx, payload.media, whose=reporter, hazard_id=hazard_id)
    hazards.reported(tx, hazard_id)
    return replies.HazardReply(id=hazard_id, state="PENDING", version=1)


def verify_hazard(tx: Tx, payload: VerifyHazard) -> replies.HazardReply:
    """核实隐患 / Verify a danger.

    Say whether a reported danger is one; what is becomes a request, so that it is removed.

    属实的转为诉求办理。One that is true becomes a request.

    Raises:
        NotFound: No such hazard here.
        SelfConfirm: Nobody of the reporter's household verifies it.
        RecorderConfirms: Neither does who wrote it down for the reporter.
        StateConflict: Somebody has looked already.
        CallerNotServing: The caller's post as a grid worker is suspended or over.
    """
    require_serving(tx)
    row = storage.records.hazard(tx.conn, payload.hazard_id)
    if row is None or not tx.actor.covers(row.grid):
        raise NotFound(kind="hazard", id=payload.hazard_id)
    tx.check_version(row.version)
    records.require_state(row, "PENDING")
    kinship.require_not_own(tx, row.reporter_id)
    _require_other(tx, row.reported_by)
    state = "TRUE" if payload.verified else "FALSE"
    version = row.version + 1
    tx.publish(
        events.HazardVerified(row.hazard_id, row.reporter_id, row.category, payload.verified),
        subject=row.hazard_id,
        scope=row.area,
        sequence=version,
    )
    reply = replies.HazardReply(id=row.hazard_id, state=state, version=version)
    found: dict[str, object] = {}
    if payload.verified:
        request = submission.hazard_found(tx, row)
        found["request_id"] = request.request_id
        reply.request_id, reply.request_number = request.request_id, request.number
    storage.records.update_hazard(tx.conn, row, state=state, verified_by=tx.actor.id, **found)
    tx.disarm(hazards.TIMER, row.hazard_id)
    kind = "HAZARD_CONFIRMED" if payload.verified else "HAZARD_UNFOUNDED"
    tell(tx, kind, row.reporter_id, about=("hazard", row.hazard_id), category=row.category)
    return reply


# --------------------------------------------------------------------------------------------------
# Visits


def record_visits(tx: Tx, payload: RecordVisits) -> replies.VisitsReply:
    """离线走访批量上传 / Visits that a device collected.

    Store a device's visits: one result per item, in the order given (F16). One that cannot be read
    is told why, and stops no other.

    停职或离任的,可补传其在任期间的走访。Who is suspended or has left brings what was noted in
    service, in the grids that were served then.

    Raises:
        NotFound: The caller is no steward, and was none within the last 30 days.
    """
    since = tx.now - rules.hours.OLDEST
    posts = storage.posts.left_since(tx.conn, tx.actor.id, since)
    posts += storage.posts.of_person(tx.conn, tx.actor.id)
    serves: dict[str, list[_Served]] = {}
    for post in posts:
        for grid, served in _served_since(tx, post, since):
            serves.setdefault(grid, []).append(served)
    if not serves:
        raise NotFound(kind="steward", id=tx.actor.id)
    read = read_lines(payload.items)
    before = _stored_before(tx, posts, [item for item in read if isinstance(item, VisitItem)])
    outcomes: list[replies.VisitOutcome | None] = []
    rows: list[_Visit] = []
    concerns: dict[str, submission.Concern] = {}
    months = deadlines.as_cut_off(tx)
    for line, item in zip(payload.items, read, strict=True):
        if isinstance(item, Refusal):
            outcomes.append(_refused(_client_id(line), item))
            continue
        stored = before.get(fold(item.client_id))
        if stored is not None:
            fate = "duplicate" if _content_of(item) == _content(stored) else "conflict"
            outcomes.append(replies.VisitOutcome(client_id=item.client_id, result=fate, late=False))
            continue
        try:
            row = _visit(tx, item, serves, months)
            rows.append(row)
            if item.concern is not None:
                concerns[row["visit_id"]] = item.concern
        except Refusal as refusal:
            outcomes.append(_refused(item.client_id, refusal))
            continue
        outcomes.append(None)
    stored_now = _store_visits(tx, rows)
    filed = _file_concerns(tx, rows, stored_now, concerns)
    fates = iter(zip(rows, stored_now, strict=True))
    items = []
    for line, outcome in zip(payload.items, outcomes, strict=True):
        if outcome is not None:
            items.append(outcome)
            continue
        row, (fate, late) = next(fates)
        told = replies.VisitOutcome(client_id=_client_id(line), result=fate, late=late)
        request = filed.get(row["visit_id"])
        if request is not None:
            told.request_id, told.request_number = request.request_id, request.number
        items.append(told)
    return replies.VisitsReply(state="STORED", items=items)


def _file_concerns(
    tx: Tx,
    rows: list[_Visit],
    fates: list[tuple[str, bool]],
    concerns: Mapping[str, submission.Concern],
) -> dict[str, Row]:
    """File what was asked for on visits that were stored now; returns the requests by visit."""
    filed: dict[str, Row] = {}
    for row, (fate, _late) in zip(rows, fates, strict=True):
        said_there = concerns.get(row["visit_id"])
        if fate == "stored" and said_there is not None:
            request = submission.visit_concern(
                tx, row["visit_id"], row["grid"], row["building"], said_there, row["person_id"]
            )
            storage.records.of_visit(tx.conn, row["visit_id"], request.request_id)
            filed[row["visit_id"]] = request
    return filed


def _client_id(line: VisitLine) -> str:
    """Return the device's number of a line as it came; empty where there is none."""
    told = line.given.get("client_id") if isinstance(line.given, dict) else None
    return told[:MAX_CLIENT_ID] if isinstance(told, str) else ""


def _refused(client_id: str, refusal: Refusal) -> replies.VisitOutcome:
    return replies.VisitOutcome(client_id=client_id, late=False, **changes.refused(refusal))


def _stored_before(tx: Tx, posts: list[Row], items: list[VisitItem]) -> dict[str, Row]:
    """Return the visits that stand under the items' numbers, by the number folded.

    What is stored is known again, however long ago it was and whatever the steward serves now.
    """
    numbers = sorted({item.client_id for item in items})
    asked = [
        {"steward_id": post.steward_id, "client_id": number, "client_key": fold(number)}
        for post in posts
        for number in numbers
    ]
    return {fold(row.client_id): row for row in storage.records.visits_by_number(tx.conn, asked)}


@dataclass(frozen=True, slots=True)
class _Served:
    """A post, and when it was held in a grid; without an end it is held now."""

    steward_id: str
    since: datetime
    until: datetime | None

    def holds(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)


def _served_since(tx: Tx, post: Row, since: datetime) -> list[tuple[str, _Served]]:
    """Return which grids a post served when, as far as it was after an instant: a device that was
    offline brings what it noted there, and nothing of before that service."""
    found: list[tuple[str, _Served]] = []
    grids = storage.posts.grids_of(tx.conn, post.steward_id)
    until, active = post.left_at, post.status != "SUSPENDED"

    def served(begin: datetime) -> list[tuple[str, _Served]]:
        return [(grid, _Served(post.steward_id, begin, until)) for grid in grids if active]

    for change in storage.people.changes_since(tx.conn, post.steward_id, since):
        if not {"grids", "status"} & set(change.fields):
            continue
        found += served(change.at if "status" in change.fields else _day_of(tx, change.at))
        before = changes.before(tx, change)
        grids = before.get("grids", grids)
        active = before.get("status", "ACTIVE" if active else "SUSPENDED") != "SUSPENDED"
        until = change.at
    return found + served(_day_of(tx, post.created_at))


def _day_of(tx: Tx, at: datetime) -> datetime:
    """Return the beginning of the day: who is enrolled or gets a grid serves there on that day."""
    return tx.calendar.midnight(tx.calendar.local_date(at))


class _Visit(TypedDict):
    """A row of the visits."""

    visit_id: str
    steward_id: str
    client_id: str
    client_key: str
    area: str
    grid: str
    building: str | None
    household_id: str | None
    person_id: str | None
    purpose: str
    findings: list[str]
    occurred_at: datetime
    created_at: datetime
    period: str
    late: bool


def _store_visits(tx: Tx, rows: list[_Visit]) -> list[tuple[str, bool]]:
    """Store visits, and return what became of each, with whether it counts late.

    A device's number that stands for another visit is a conflict: nothing is dropped unsaid.
    """
    fresh: dict[tuple[str, str], _Visit] = {}
    for row in rows:
        fresh.setdefault((row["steward_id"], row["client_key"]), row)
    new = list(fresh.values())
    stored = storage.records.insert_visits(tx.conn, new) if new else set()
    known = {
        (row.steward_id, fold(row.client_id)): row
        for row in storage.records.visits_by_number(tx.conn, new)
    }
    fates = []
    for row in rows:
        key = (row["steward_id"], row["client_key"])
        if row is fresh[key] and key in stored:
            fates.append(("stored", row["late"]))
        elif _content(row) == _content(known[key]):
            fates.append(("duplicate", False))
        else:
            fates.append(("conflict", False))
    return fates


_CONTENT = (
    "grid", "building", "household_id", "person_id", "purpose", "findings", "occurred_at",
)  # fmt: skip


def _content_of(item: VisitItem) -> tuple[object, ...]:
    return tuple(getattr(item, name) for name in _CONTENT)


def _content(visit: _Visit | Row) -> tuple[object, ...]:
    of = visit.get if isinstance(visit, dict) else functools.partial(getattr, visit)
    return tuple(of(name) for name in _CONTENT)


def _visit(
    tx: Tx, item: VisitItem, serves: Mapping[str, list[_Served]], months: Calendar
) -> _Visit:
    rules.hours.check_moment(item.occurred_at, tx.now)
    held = serves.get(item.grid, [])
    steward_id = next((one.steward_id for one in held if one.holds(item.occurred_at)), None)
    if steward_id is None:
        raise NotMyGrid(grid=item.grid, field="grid")
    _check_visited(tx, item)
    period, late = rules.hours.counting_period(item.occurred_at, tx.now, months)
    return {
        "visit_id": tx.new_id("vis"),
        "steward_id": steward_id,
        "client_id": item.client_id,
        "client_key": submission.key_of(item.client_id, "client_id", MAX_CLIENT_ID),
        "area": item.grid[:12],
        "grid": item.grid,
        "building": item.building,
        "household_id": item.household_id,
        "person_id": item.person_id,
        "purpose": item.purpose,
        "findings": item.findings,
        "occurred_at": item.occurred_at,
        "created_at": tx.now,
        "period": period,
        "late": late,
    }


def _check_visited(tx: Tx, item: VisitItem) -> None:
    """Refuse a visit to somebody who is not of that community: who lives elsewhere is told to
    nobody.

    Raises:
        UnknownPerson: The person lives in another community, or is not registered.
        Invalid: Nobody of the household lives in the community.
    """
    if item.person_id is not None:
        person = storage.people.person(tx.conn, item.person_id)
        if person is None or (person.grid or "")[:12] != item.grid[:12]:
            raise UnknownPerson(field="person_id", person_id=item.person_id)
    if item.household_id is not None and not storage.finding.of_household(
        tx.conn, item.household_id, item.grid[:12], 1
    ):
        raise Invalid(
            field="household_id",
            reason=said("本社区没有此户 / No such household in this community"),
        )
