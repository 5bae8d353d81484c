"""Stewards, shifts and contact boards."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

from fivered.chassis import deadlines, files, records
from fivered.chassis.bus import Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.fields import Grid, Id, Instant
from fivered.chassis.files import FileId
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, StateConflict, said
from fivered.chassis.requests import UNIQUE, Request
from fivered.services.steward import events, replies, rules, storage
from fivered.services.steward.actions import (
    boards,
    dispatch,
    kinship,
    post_telling,
    shift_telling,
    terms,
)
from fivered.services.steward.actions.changes import Reason, note_change
from fivered.services.steward.actions.standing import require_active, require_serving
from fivered.services.steward.errors import (
    AlreadySteward,
    BadSpan,
    BoardConsentNeeded,
    IdTaken,
    MonthOver,
    NotMyGrid,
    NotNow,
    NotSpendable,
    PastShift,
    ShiftOverlap,
    TypeDutyMismatch,
    UnderAge,
)
from fivered.services.steward.errors.desk import TooFarAhead
from fivered.services.steward.fields import Duty, StewardType
from fivered.services.steward.storage import tables

LONGEST_SHIFT = timedelta(hours=24)
FARTHEST_SHIFT = timedelta(days=366)
# How long before a shift somebody may check in.
EARLY = timedelta(minutes=15)


WeeklyHours = Annotated[
    int, Meta(ge=1, le=84, description="每周工时 / hours a week", examples=[40])
]
Backup = Annotated[
    Id,
    Meta(description="备岗管家,停职或离任时接手 / takes over when the post is suspended or left"),
]
Buildings = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=40), PUBLIC]],
    UNIQUE,
    Meta(max_length=50, description="楼长负责的楼栋 / of a building's head", examples=[["3号楼"]]),
]


Photo = Annotated[FileId, Meta(description="照片,JPEG、PNG 或 WebP / the person's picture")]
ServiceHours = Annotated[
    str,
    Meta(
        min_length=2,
        max_length=100,
        description="服务时间,随公示牌公开 / when people may come or call; stands on the board",
        examples=["周一至周五 8:30-17:30"],
    ),
    PUBLIC,
]


class EnrolSteward(Request, frozen=True):
    """任命管家 / Enrol a steward."""

    person_id: str
    type: StewardType
    duty: Duty
    grids: Annotated[
        list[Id], UNIQUE, msgspec.Meta(min_length=1, max_length=200, examples=[["370811015901001"]])
    ]
    employer: Annotated[str, msgspec.Meta(max_length=100), PUBLIC] | None = None
    work_phone: Annotated[str, msgspec.Meta(max_length=30, examples=["0537-0000001"])] | None = None
    spendable: Annotated[bool, Meta(description="积分可否兑换 / may spend points")] | None = None
    is_state_official: bool = False
    board_consent: Annotated[
        bool, Meta(description="本人同意公示 / the person agrees to stand on the board")
    ] = False
    consent_ref: (
        Annotated[
            str,
            msgspec.Meta(
                min_length=2,
                max_length=100,
                description="书面同意书编号 / number of the written consent",
                examples=["公示同意-2025-001"],
            ),
            PUBLIC,
        ]
        | None
    ) = None
    steward_id: str | None = None
    weekly_hours: WeeklyHours | None = None
    backup: Backup | None = None
    buildings: Buildings | None = None
    photo: Photo | None = None
    service_hours: ServiceHours | None = None
    term_ends: terms.LastDay | None = None


class WhichSteward(Request, frozen=True):
    """Which steward is meant."""

    steward_id: str


class CorrectSteward(Request, frozen=True):
    """更正管家信息 / What was wrong about a post; what is left out stays."""

    steward_id: str
    reason: Annotated[Reason, Meta(examples=["更换工作电话"])]
    duty: Duty | None = None
    grids: Annotated[list[Id], UNIQUE, msgspec.Meta(min_length=1, max_length=200)] | None = None
    employer: Annotated[str, msgspec.Meta(min_length=1, max_length=100), PUBLIC] | None = None
    work_phone: Annotated[str, msgspec.Meta(max_length=30, examples=["(0537)2345678"])] | None = (
        None
    )
    is_state_official: bool | None = None
    weekly_hours: WeeklyHours | None = None
    backup: Backup | None = None
    buildings: Buildings | None = None
    photo: Photo | None = None
    service_hours: ServiceHours | None = None
    clear: Annotated[
        list[
            Literal[
                "employer",
                "work_phone",
                "weekly_hours",
                "backup",
                "buildings",
                "photo",
                "service_hours",
            ]
        ],
        UNIQUE,
        Meta(max_length=10, description="清空的项 / what is emptied"),
    ] = field(default_factory=list)


class BoardConsent(Request, frozen=True):
    """公示同意 / Whether one's own name may stand on public boards."""

    steward_id: str
    agrees: bool


class ReasonedSteward(Request, frozen=True):
    """理由 / A reason."""

    steward_id: str
    reason: Annotated[Reason, Meta(examples=["本人申请调离"])]


class PlanShift(Request, frozen=True):
    """排班 / Plan a shift."""

    steward_id: str
    grid: Grid
    start: Annotated[Instant, Meta(examples=["2025-03-03T08:00:00+08:00"])]
    end: Annotated[Instant, Meta(examples=["2025-03-03T20:00:00+08:00"])]
    place: Annotated[str, msgspec.Meta(min_length=1, max_length=100, examples=["红色驿站"]), PUBLIC]


class WhichShift(Request, frozen=True):
    """Which shift is meant."""

    shift_id: str


def _reply(row: Row, *, handed_over: int | UnsetType = UNSET) -> replies.StewardReply:
    return replies.StewardReply(
        id=row.steward_id, state=row.status, version=row.version, handed_over=handed_over
    )


def enrol_steward(tx: Tx, payload: EnrolSteward) -> replies.StewardReply:
    """任命红色管家 / Enrol a steward.

    Make a person a steward, or answer the one who is enrolled so already.

    Raises:
        UnknownPerson: The person is not registered.
        UnderAge: The registry knows that the person is none.
        UnknownGrid: A grid does not exist.
        TypeDutyMismatch: FULL_TIME and the duty do not go together.
        NotSpendable: Police and state officials do not spend points.
        BoardConsentNeeded: Nobody's word shows that the person agreed to stand on a board.
        AlreadySteward: The person holds the duty.
        SelfConfirm: It is somebody of the caller's household.
        Invalid: The backup is nobody who serves in the community, or the photo is no picture.
        TermOver: The term ends before today.
        IdTaken: The chosen id names another steward.
    """
    chosen = rules.identity.check_id(payload.steward_id, "stw", field="steward_id")
    grids = sorted(set(payload.grids))
    _check_grids(tx, grids)
    _check_backup(tx, payload.backup, grids)
    if rules.routing.type_of(payload.duty) != payload.type:
        raise TypeDutyMismatch(duty=payload.duty, type=payload.type, field="type")
    may_spend = rules.routing.may_spend(payload.duty, is_state_official=payload.is_state_official)
    if payload.spendable and not may_spend:
        raise NotSpendable(field="spendable")
    spendable = may_spend if payload.spendable is None else payload.spendable
    phone = (
        rules.identity.check_work_phone(payload.work_phone)
        if payload.work_phone is not None
        else None
    )
    terms.check(tx, payload.term_ends)
    person = require_active(tx, payload.person_id, field="person_id")
    if person.birth_year is not None and not person.is_adult:
        # Staff may live elsewhere and stand here without a birth year.
        raise UnderAge(field="person_id")
    kinship.require_not_own(tx, person.person_id, field="person_id")
    if payload.board_consent:
        _check_consent(tx, person, payload.consent_ref)
    steward_id = chosen or tx.new_id("stw")
    vault = storage.vault(tx)
    row = storage.posts.insert(
        tx.conn,
        grids,
        **records.values_from(
            payload,
            tables.stewards,
            steward_id=steward_id,
            work_phone=vault.seal_or_none(phone, f"{steward_id}.work_phone", person.person_id),
            consent_ref=payload.consent_ref if payload.board_consent else None,
            consent_by=tx.actor.id if payload.board_consent else None,
            consent_at=tx.now if payload.board_consent else None,
            spendable=spendable,
            area=grids[0][:12],
            status="ACTIVE",
            created_at=tx.now,
            version=1,
        ),
    )
    if row is None:
        row = _enrolled_before(tx, payload, steward_id, grids)
    else:
        _keep_photo(tx, row, payload.photo)
        publish_enrolled(tx, row, grids)
        terms.arm(tx, row)
    return msgspec.structs.replace(_reply(row), spendable=row.spendable)


def _keep_photo(tx: Tx, row: Row, photo: str | None) -> None:
    """Keep a picture of the person, which goes with the person's data.

    Raises:
        Invalid: The file is no picture.
    """
    files.attach(tx, photo, field="photo", whose=row.person_id, card_id=row.steward_id)
    if photo is not None and not files.is_picture(tx, photo):
        raise Invalid(field="photo", reason=said("须为图片 / a picture"))


def _enrolled_before(tx: Tx, payload: EnrolSteward, steward_id: str, grids: list[str]) -> Row:
    row = storage.posts.steward(tx.conn, steward_id)
    if row is None:
        raise AlreadySteward(field="person_id")
    same = (row.person_id, row.duty) == (payload.person_id, payload.duty)
    if not same or storage.posts.grids_of(tx.conn, row.steward_id) != grids:
        raise IdTaken(id=row.steward_id, field="steward_id")
    return row


def _check_consent(tx: Tx, person: Row, consent_ref: str | None) -> None:
    """Refuse to show a name on the word of somebody who may not give it."""
    if person.person_id == tx.actor.id:
        return
    if consent_ref is None or not rules.access.may_publish(tx.actor, person.grid, person.area):
        raise BoardConsentNeeded(field="board_consent")


def agree_to_board(tx: Tx, payload: BoardConsent) -> replies.StewardReply:
    """本人同意或撤回公示 / One's own consent to stand on public boards.

    Take the steward's own word about standing on public boards; the boards follow at once.

    书面撤回同意的,由其任职区域的任命人代为登记;代办不能同意。Who appoints stewards there records
    that somebody took the consent back on paper; nobody agrees for another one.

    Raises:
        NotFound: It is not the caller's own post, and the caller does not appoint there.
        StateConflict: The steward has left it.
    """
    row = storage.posts.lock(tx.conn, payload.steward_id)
    takes_back = not payload.agrees and tx.actor.role in rules.access.SENIORS
    if row is None or not (
        row.person_id == tx.actor.id or (takes_back and tx.actor.covers(row.area))
    ):
        raise NotFound(kind="steward", id=payload.steward_id)
    tx.check_version(row.version)
    if row.status == "LEFT":
        raise StateConflict(state=row.status)
    after = storage.posts.update(
        tx.conn,
        row,
        board_consent=payload.agrees,
        consent_ref=None,
        consent_by=tx.actor.id,
        consent_at=tx.now,
    )
    if not payload.agrees and row.board_consent:
        post_telling.off_the_board(tx, row)
    boards.republish(tx, row)
    return _reply(after)


def _locked(tx: Tx, steward_id: str, states: Iterable[str]) -> Row:
    row = storage.posts.lock(tx.conn, steward_id)
    if row is None or not tx.actor.covers(row.area):
        raise NotFound(kind="steward", id=steward_id)
    tx.check_version(row.version)
    if row.status not in states:
        raise StateConflict(state=row.status)
    return row


def correct_steward(tx: Tx, payload: CorrectSteward) -> replies.StewardReply:
    """更正管家岗位、网格或电话 / Correct a steward's duty, grids or phone.

    Correct a post; boards follow at once, and consumers are told again.

    Shifts in a grid that is left end. Requests in hand stay where they are, as long as the
    steward serves their community at all; the others are handed over.

    Raises:
        NotFound: No such steward here.
        StateConflict: The steward has left.
        UnknownGrid: A grid does not exist.
        AlreadySteward: The person holds that duty already.
        Invalid: The backup is nobody who serves in the community, or the photo is no picture.
        SelfConfirm: It is the standing of somebody of the caller's household.
    """
    row = _locked(tx, payload.steward_id, ("ACTIVE", "SUSPENDED"))
    if payload.duty is not None or payload.is_state_official is not None:
        kinship.require_not_own(tx, row.person_id)
    held = storage.posts.grids_of(tx.conn, row.steward_id)
    grids = sorted(set(payload.grids)) if payload.grids is not None else held
    _check_grids(tx, grids)
    _check_backup(tx, payload.backup, grids, but=row.steward_id)
    values, before = _corrected(tx, row, payload)
    if grids != held:
        values["area"] = grids[0][:12]
        before["grids"] = held
    if not before:
        return _reply(row)
    if "duty" in values and any(
        post.duty == values["duty"] for post in storage.posts.of_person(tx.conn, row.person_id)
    ):
        raise AlreadySteward(field="duty")
    if grids != held:
        boards.republish(tx, row, without=True)
        storage.posts.set_grids(tx.conn, row.steward_id, grids)
        storage.posts.drop_future_shifts(tx.conn, row.steward_id, tx.now, set(held) - set(grids))
    if "photo" in values:
        _keep_photo(tx, row, payload.photo)
    after = storage.posts.update(tx.conn, row, **values)
    note_change(
        tx,
        "STEWARD",
        row.steward_id,
        after.version,
        "correct",
        before=before,
        reason=payload.reason,
    )
    boards.republish(tx, after)
    if {"duty", "grids", "is_state_official"} & set(before):
        publish_enrolled(tx, after, grids)
    if grids == held:
        return _reply(after)
    return _reply(after, handed_over=_hand_over(tx, after, {grid[:12] for grid in grids}))


def _corrected(
    tx: Tx, row: Row, payload: CorrectSteward
) -> tuple[dict[str, object], dict[str, object]]:
    """Return the new columns, and what the changed ones said before."""
    vault = storage.vault(tx)
    given: dict[str, object] = {}
    duty = payload.duty or row.duty
    if payload.duty is not None:
        given |= {"duty": duty, "type": rules.routing.type_of(duty)}
    if payload.employer is not None or "employer" in payload.clear:
        given["employer"] = payload.employer
    if payload.is_state_official is not None:
        given["is_state_official"] = payload.is_state_official
    for name in ("weekly_hours", "backup", "buildings", "photo", "service_hours"):
        if getattr(payload, name) is not None or name in payload.clear:
            given[name] = getattr(payload, name)
    official = row.is_state_official
    if payload.is_state_official is not None:
        official = payload.is_state_official
    may_spend = rules.routing.may_spend
    if not may_spend(duty, is_state_official=official):
        given["spendable"] = False
    elif not may_spend(row.duty, is_state_official=row.is_state_official):
        # What followed from a mistake is put right with it.
        given["spendable"] = True
    values = {name: value for name, value in given.items() if value != getattr(row, name)}
    before = {name: getattr(row, name) for name in values}
    if payload.work_phone is not None or "work_phone" in payload.clear:
        phone = None
        if payload.work_phone is not None:
            phone = rules.identity.check_work_phone(payload.work_phone)
        old = vault.open_or_none(row.work_phone, f"{row.steward_id}.work_phone")
        if phone != old:
            values["work_phone"] = vault.seal_or_none(
                phone, f"{row.steward_id}.work_phone", row.person_id
            )
            before["work_phone"] = old
    return values, before


def _check_grids(tx: Tx, grids: list[str]) -> None:
    missing = set(grids) - storage.ground.known(tx.conn, grids, "GRID")
    if missing:
        raise storage.ground.no_grid(tx.conn, min(missing), field="grids")
    for grid in grids:
        tx.require_scope(grid)


def _check_backup(tx: Tx, backup: str | None, grids: list[str], *, but: str = "") -> None:
    """Refuse a backup who is none.

    Raises:
        Invalid: It is nobody who serves in one of the communities, or the post itself.
    """
    if backup is None:
        return
    row = storage.posts.steward(tx.conn, backup)
    there = {grid[:12] for grid in grids}
    if row is None or row.status == "LEFT" or backup == but or row.area not in there:
        raise Invalid(
            field="backup",
            reason=said("须为同一社区在岗的另一名管家 / another steward of the same community"),
        )


def publish_enrolled(tx: Tx, row: Row, grids: list[str]) -> None:
    """Say which post somebody holds, and where."""
    tx.publish(
        fact_of(events.StewardEnrolled, row, grids=grids, community=row.area),
        subject=row.steward_id,
        scope=row.area,
        sequence=row.version,
    )


def _set_status(
    tx: Tx, row: Row, action: str, status: str, reason: str | None = None, **values: object
) -> Row:
    """Change what a post is, and keep since when, by whom and why."""
    after = storage.posts.update(tx.conn, row, status=status, **values)
    note_change(
        tx,
        "STEWARD",
        row.steward_id,
        after.version,
        action,
        before={"status": row.status},
        reason=reason,
    )
    post_telling.state_changed(tx, after, reason)
    return after


def suspend_steward(tx: Tx, payload: ReasonedSteward) -> replies.StewardReply:
    """暂停管家 / Suspend a steward.

    Suspend a steward; what is in hand goes to others at once, and shifts to come end.

    Raises:
        NotFound: No such steward here.
        StateConflict: The steward is not active.
    """
    row = _locked(tx, payload.steward_id, ("ACTIVE",))
    after = _set_status(tx, row, "suspend", "SUSPENDED", payload.reason)
    handed = _hand_over(tx, row)
    storage.posts.drop_future_shifts(tx.conn, row.steward_id, tx.now)
    boards.republish(tx, row)
    return _reply(after, handed_over=handed)


def resume_steward(tx: Tx, payload: WhichSteward) -> replies.StewardReply:
    """恢复管家 / Let a steward serve again.

    Raises:
        NotFound: No such steward here.
        StateConflict: The steward is not suspended.
        SelfConfirm: It is somebody of the caller's household.
    """
    row = _locked(tx, payload.steward_id, ("SUSPENDED",))
    kinship.require_not_own(tx, row.person_id)
    after = _set_status(tx, row, "resume", "ACTIVE")
    boards.republish(tx, row)
    return _reply(after)


def leave_steward(tx: Tx, payload: ReasonedSteward) -> replies.StewardReply:
    """管家离任并移交 / Let a steward leave and hand over.

    A steward leaves: requests handed over, boards published anew, all in this transaction (F17).

    Raises:
        NotFound: No such steward here.
        StateConflict: The steward has left already.
    """
    row = _locked(tx, payload.steward_id, ("ACTIVE", "SUSPENDED"))
    after = _set_status(tx, row, "leave", "LEFT", payload.reason, left_at=tx.now)
    handed = _hand_over(tx, row)
    storage.posts.drop_future_shifts(tx.conn, row.steward_id, tx.now)
    boards.republish(tx, row)
    tx.publish(
        fact_of(events.StewardLeft, row),
        subject=row.steward_id,
        scope=row.area,
        sequence=after.version,
    )
    return _reply(after, handed_over=handed)


def _hand_over(tx: Tx, steward: Row, but: Collection[str] = ()) -> int:
    """Give away what a steward has in hand, that of some communities left out; what nobody can take
    waits in the community's queue."""
    rows = [
        row for row in storage.cases.in_hand_of(tx.conn, steward.steward_id) if row.area not in but
    ]
    for row in rows:
        detail = {"from": steward.steward_id, "reason": "HAND_OVER"}
        dispatch.hand_over(tx, row, detail, first=steward.backup)
    return len(rows)


def plan_shift(tx: Tx, payload: PlanShift) -> replies.Changed:
    """排班 / Plan a shift.

    Raises:
        NotFound: No such steward.
        NotMyGrid: The steward does not serve the grid.
        BadSpan: The end does not follow the start within 24 hours.
        ShiftOverlap: The steward sits there, or elsewhere, at that time already.
        PastShift: Nobody plans a shift of their own, or of their household, for a day that is over.
        MonthOver: The shift's month is measured already.
        TooFarAhead: It would begin more than a year ahead.
        StateConflict: The steward is suspended.
        CallerNotServing: The caller's post as a grid worker is suspended or over.
    """
    made = sit(tx, payload)
    shift_telling.planned(tx, made.id, 1)
    return made


def sit(tx: Tx, payload: PlanShift) -> replies.Changed:
    """Plan a shift, and tell nobody; see `plan_shift`."""
    require_serving(tx)
    steward = storage.posts.lock(tx.conn, payload.steward_id)
    if steward is None or steward.status == "LEFT":
        raise NotFound(kind="steward", id=payload.steward_id)
    tx.require_scope(payload.grid)
    if steward.status != "ACTIVE":
        raise StateConflict(state=steward.status)
    if payload.grid not in storage.posts.grids_of(tx.conn, payload.steward_id):
        raise NotMyGrid(grid=payload.grid, field="grid")
    if not timedelta(0) < payload.end - payload.start <= LONGEST_SHIFT:
        raise BadSpan(field="end")
    if payload.start > tx.now + FARTHEST_SHIFT:
        raise TooFarAhead(field="start")
    if storage.posts.shift_overlaps(
        tx.conn,
        payload.steward_id,
        grid=payload.grid,
        place=payload.place,
        start=payload.start,
        end=payload.end,
    ):
        raise ShiftOverlap(field="start")
    own = kinship.is_own(tx, steward.person_id)
    day = tx.calendar.local_date(payload.start)
    if own and day < tx.calendar.local_date(tx.now):
        raise PastShift(field="start")
    _check_month(tx, payload.start, field="start")
    shift_id = tx.new_id("shf")
    storage.posts.insert_shift(
        tx.conn,
        **records.values_from(
            payload,
            tables.shifts,
            shift_id=shift_id,
            area=payload.grid[:12],
            start_at=payload.start,
            end_at=payload.end,
            local_day=day.isoformat(),
            state="PLANNED",
            planned_by=tx.actor.id,
            self_planned=own,
            version=1,
        ),
    )
    return replies.Changed(id=shift_id, state="PLANNED", version=1)


def _check_month(tx: Tx, start: datetime, *, field: str = "") -> None:
    """Refuse to change who sat when in a month that is measured.

    Raises:
        MonthOver: It is.
    """
    period = tx.calendar.period(start)
    if tx.now >= deadlines.as_cut_off(tx).cutoff(period):
        raise MonthOver(period=period, field=field)


def attend_shift(tx: Tx, payload: WhichShift) -> replies.Changed:
    """值班签到或登记在岗 / Check in, or mark that somebody sits there.

    Say that somebody sits there: the steward while sitting there, anybody else from then on.

    Raises:
        NotFound: No such shift here.
        StateConflict: It is marked already.
        NotNow: The shift has not begun yet, or is over.
        SelfConfirm: Somebody of the steward's household says so.
        CallerNotServing: The caller's post is suspended or over.
        ShiftOverlap: It was marked as missed, and another one was planned in its place.
        MonthOver: The shift's month is measured already.
    """
    require_serving(tx)
    row = storage.posts.shift(tx.conn, payload.shift_id)
    steward = storage.posts.steward(tx.conn, row.steward_id) if row is not None else None
    own = steward is not None and steward.person_id == tx.actor.id
    if not own and steward is not None:
        kinship.require_not_own(tx, steward.person_id)
    overseer = tx.actor.role != "R_STEWARD" and row is not None and tx.actor.covers(row.grid)
    if row is None or not (own or overseer):
        raise NotFound(kind="shift", id=payload.shift_id)
    tx.check_version(row.version)
    # Marked as missed by mistake it is put right by somebody else.
    if row.state not in ({"PLANNED"} if own else {"PLANNED", "MISSED"}):
        raise StateConflict(state=row.state)
    if tx.now < row.start_at - EARLY or (own and tx.now >= row.end_at):
        raise NotNow
    _check_month(tx, row.start_at)
    if row.state == "MISSED" and storage.posts.shift_overlaps(
        tx.conn,
        row.steward_id,
        grid=row.grid,
        place=row.place,
        start=row.start_at,
        end=row.end_at,
    ):
        raise ShiftOverlap
    after = storage.posts.update_shift(
        tx.conn, row, state="ATTENDED", attended_by=tx.actor.id, attended_at=tx.now
    )
    return replies.Changed.of(after, id=row.shift_id)


def miss_shift(tx: Tx, payload: WhichShift) -> replies.Changed:
    """标记缺岗或撤回排班 / Mark a shift at which nobody sat, or take it back.

    Mark a shift at which nobody sat; it no longer counts as attendance. One that has not begun is
    taken back (CANCELLED): nobody has missed it.

    尚未开始的视为撤回,不记缺岗。

    Raises:
        NotFound: No such shift here.
        StateConflict: It is marked, or taken back, already.
        MonthOver: The shift's month is measured already.
    """
    row = storage.posts.shift(tx.conn, payload.shift_id)
    if row is None or not tx.actor.covers(row.grid):
        raise NotFound(kind="shift", id=payload.shift_id)
    tx.check_version(row.version)
    if row.state in {"MISSED", "CANCELLED"}:
        raise StateConflict(state=row.state)
    _check_month(tx, row.start_at)
    begun = row.state == "ATTENDED" or tx.now >= row.start_at
    after = storage.posts.update_shift(tx.conn, row, state="MISSED" if begun else "CANCELLED")
    if begun:
        shift_telling.missed(tx, row)
    else:
        shift_telling.cancelled(tx, row, "—")
    return replies.Changed.of(after, id=row.shift_id)
