"""The month of an area: drafted, reviewed, confirmed and published."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, field

from fivered.chassis import records
from fivered.chassis.calendar import Calendar
from fivered.chassis.fields import DownToCommunity, Id, Period
from fivered.chassis.refusal import RoleDenied, StateConflict
from fivered.chassis.requests import UNIQUE, Request
from fivered.services.credit import events, replies
from fivered.services.credit.actions import (
    areas,
    companies,
    drafting,
    manual,
    month_logs,
    months,
    publishing,
    telling,
)
from fivered.services.credit.errors import (
    EarlierMonthOpen,
    HashChanged,
    Incomplete,
    NotToCheck,
    SameAsReviewer,
    SampleNotChecked,
)
from fivered.services.credit.rules import published
from fivered.services.credit.rules import settlement as rules
from fivered.services.credit.storage import deductions, registry, tables, voices
from fivered.services.credit.storage import entries as entry_store
from fivered.services.credit.storage import months as month_store
from fivered.services.credit.storage import objections as objection_store
from fivered.services.credit.storage import settlement as store
from fivered.services.credit.storage.published import ORGANISATIONS, RED_LIST, items_of

if TYPE_CHECKING:
    from fivered.chassis.bus import Due, Tx
    from fivered.chassis.records import Row


class DraftSettlement(Request, frozen=True):
    """重新生成草案 / Draft a month again."""

    period: Annotated[Period, Meta(examples=["2025-03"])]
    community: DownToCommunity | None = None


class ReviewSettlement(Request, frozen=True):
    """社区核对 / The community has looked at its draft."""

    settlement_id: str
    hash: (
        Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", description="草案摘要 / digest")] | None
    ) = None
    checked: Annotated[
        list[Id],
        UNIQUE,
        Meta(
            max_length=10_000,
            description="已核对的赋分编号,应包含 to_check 全部 / awards looked at, out of "
            "`to_check`",
        ),
    ] = field(default_factory=list)


class ConfirmSettlement(Request, frozen=True):
    """街道确认 / The street confirms what it has seen."""

    settlement_id: str
    hash: Annotated[
        str, Meta(pattern=r"^[0-9a-f]{64}$", description="草案摘要 / digest of the draft")
    ]


# --------------------------------------------------------------------------------------------------
# Draft


def draft_settlement(tx: Tx, payload: DraftSettlement) -> replies.JobStarted:
    """重新生成草案 / Draft again.

    Queue a new draft of a month, for example after a parked event was retried.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
        UnknownArea: The registry has not told of it.
        StateConflict: The month runs still, or the area's settlement is confirmed.
    """
    if payload.community is not None:
        tx.require_scope(payload.community)
        areas.require_known(tx, payload.community, field="community")
    if not month_store.is_cut_off(tx.conn, payload.period):
        raise StateConflict(state="OPEN", period=payload.period)
    if payload.community is not None:
        known = store.of_month(tx.conn, payload.period, payload.community)
        if known is not None and known.state not in store.OPEN:
            raise StateConflict(state=known.state, period=payload.period)
    job_id = months.start_draft(tx, payload.period, payload.community)
    return replies.JobStarted.queued(job_id)


# --------------------------------------------------------------------------------------------------
# Review and confirm


def _locked(tx: Tx, settlement_id: str) -> Row:
    row = store.locked(tx.conn, settlement_id)
    tx.require_scope(row.area)
    tx.check_version(row.version)
    return row


def _require_role(tx: Tx, row: Row, roles: dict[int, tuple[str, ...]]) -> None:
    allowed = roles.get(len(row.area), ())
    if tx.actor.role not in allowed:
        raise RoleDenied(role=tx.actor.role, area=row.area)


def review_settlement(tx: Tx, payload: ReviewSettlement) -> replies.SettlementReviewed:
    """核对草案 / Review a draft.

    The community has looked at its draft. What was looked at is kept; the draft is reviewed when
    that is all that has to be, and when no source of the month is missing.

    Raises:
        NotFound: No such settlement.
        RoleDenied: Another role reviews an area of this level, or another area.
        StateConflict: It is not drafted.
        HashChanged: The draft is not the one that was seen.
        NotToCheck: An id in `checked` is none of those in `to_check`.
    """
    row = _locked(tx, payload.settlement_id)
    _require_role(tx, row, rules.REVIEWERS)
    if row.state not in ("DRAFTED", "REVIEWED"):
        raise StateConflict(state=row.state)
    if payload.hash is not None and payload.hash != row.digest:
        raise HashChanged(field="hash")
    to_check = set(row.to_check)
    for place, award_id in enumerate(payload.checked):
        if award_id not in to_check:
            raise NotToCheck(field=f"checked[{place}]", award=award_id)
    checked = sorted({*row.checked, *payload.checked})
    unchecked = len(to_check.difference(checked))
    missing = _missing(tx, row)
    reviewed = row.complete and not unchecked and not missing
    row = store.change(
        tx.conn,
        row,
        state="REVIEWED" if reviewed else "DRAFTED",
        checked=checked,
        # Who has looked at a part of a draft, or at one without all sources, has not reviewed it.
        reviewed_by=tx.actor.id if reviewed else None,
        reviewed_at=tx.now if reviewed else None,
    )
    return replies.SettlementReviewed.of(
        row, id=row.settlement_id, hash=row.digest, unchecked=unchecked, missing=missing
    )


def _missing(tx: Tx, row: Row) -> list[str]:
    """Return what keeps a draft from being confirmed: sources, and areas of projects."""
    sources = set(row.missing) | set(months.missing(tx, row.period))
    return sorted(sources | set(_unconfirmed_projects(tx, row)))


def confirm_settlement(tx: Tx, payload: ConfirmSettlement) -> replies.SettlementConfirmed:
    """确认赋分 / Confirm a settlement.

    The street stands for what will be published; automatic deductions are decided by it.

    Raises:
        NotFound: No such settlement.
        RoleDenied: Another role confirms an area of this level, or another area.
        StateConflict: It is not reviewed.
        HashChanged: The draft is not the one that was seen.
        Incomplete: A required source has not told all of its month, or has parked events.
        SampleNotChecked: Deductions or the sample were not looked at.
        EarlierMonthOpen: An earlier month, not published, has a deduction that counts here too.
        SameAsReviewer: The same person reviewed it.
        ConflictOfInterest: It would decide a deduction of a subject for which the caller, or one
            of the caller's household, speaks.
    """
    row = _locked(tx, payload.settlement_id)
    _require_role(tx, row, rules.CONFIRMERS)
    if row.state not in ("DRAFTED", "REVIEWED"):
        raise StateConflict(state=row.state)
    if payload.hash != row.digest:
        raise HashChanged(field="hash")
    missing = _missing(tx, row)
    if missing or not row.complete:
        raise Incomplete(missing="、".join(missing))
    unchecked = set(row.to_check) - set(row.checked)
    if unchecked:
        raise SampleNotChecked(missing=len(unchecked))
    if row.state != "REVIEWED":
        raise StateConflict(state=row.state)
    if row.reviewed_by == tx.actor.id:
        raise SameAsReviewer
    if drafting.outdated(tx, row):
        # Something has changed since, and the new draft has not run yet.
        raise HashChanged(field="hash")
    earlier = store.waited_for(tx.conn, row.settlement_id, row.period)
    for other in earlier:
        if other.state != "PUBLISHED":
            raise EarlierMonthOpen(period=other.period)
    ties = voices.ties(tx.conn, tx.actor.id, tx.now)
    for subject_id in deductions.to_decide(tx.conn, row.settlement_id, row.period):
        manual.refuse_tied(tx, subject_id, ties)
    deductions.confirm_deductions(tx.conn, row.settlement_id, row.period, tx.actor.id, tx.now)
    row = store.change(
        tx.conn,
        row,
        state="CONFIRMED",
        confirmed_by=tx.actor.id,
        confirmed_at=tx.now,
    )
    _begin_district(tx, row)
    planned = rules.timeline(tx.calendar, row.period).publish
    at = _not_before(tx, earlier, rules.publish_at(tx.calendar, planned, tx.now))
    if at > tx.now:
        tx.arm("publish", row.settlement_id, at)
        return replies.SettlementConfirmed.of(row, id=row.settlement_id, due=at)
    publish(tx, row.settlement_id)
    done = records.get(tx.conn, tables.settlements, row.settlement_id)
    return replies.SettlementConfirmed.of(
        done, id=row.settlement_id, due=done.objection_until, notice_id=done.notice_id
    )


def _unconfirmed_projects(tx: Tx, row: Row) -> list[str]:
    """Return the areas that companies still wait for: one that was confirmed may be open again."""
    if not companies.is_district(row.area):
        return []
    return store.unconfirmed_project_areas(tx.conn, row.period, row.area)


def _begin_district(tx: Tx, row: Row) -> None:
    """Let the companies be drafted when the last area with projects is confirmed."""
    district = row.area[:6]
    if companies.is_district(row.area):
        return
    if not store.unconfirmed_project_areas(tx.conn, row.period, district):
        months.start_draft(tx, row.period, district)


# --------------------------------------------------------------------------------------------------
# Publish


def _not_before(tx: Tx, earlier: Sequence[Row], at: datetime) -> datetime:
    """Return when a month is published: after the notices of earlier ones with deductions that
    count in it too, since they count for good only then."""
    return max(
        [at, *(rules.publish_at(tx.calendar, at, other.objection_until) for other in earlier)]
    )


def on_publish(tx: Tx, due: Due) -> None:
    """09:00 of working day 5, or of a later one after a late confirmation: publish."""
    publish(tx, due.ref)


def publish(tx: Tx, settlement_id: str) -> None:
    """Publish a confirmed settlement: an immutable snapshot that holds ids only."""
    row = store.settlement(tx.conn, settlement_id, lock=True)
    if row is None or row.state != "CONFIRMED":
        return
    if _unconfirmed_projects(tx, row) or drafting.outdated(tx, row):
        # What was confirmed is not what holds: publication slips until it is confirmed anew.
        months.start_draft(tx, row.period, drafting.reopen(tx, row).area)
        return
    earlier = store.waited_for(tx.conn, row.settlement_id, row.period)
    if earlier:
        # One was drafted late, or its notice hangs longer than it seemed.
        if any(other.state != "PUBLISHED" for other in earlier):
            drafting.reopen(tx, row)
        else:
            tomorrow = tx.calendar.next_working_day(Calendar.local_date(tx.now))
            at = _not_before(tx, earlier, tx.calendar.at(tomorrow, 9))
            tx.arm("publish", settlement_id, at)
        return
    until = rules.notice_ends(tx.calendar, tx.now)
    number = publishing.next_number(tx, row.area)
    frozen = month_logs.freeze(tx, row, number)
    if frozen.digest != row.digest:
        # Somebody has changed it since the line above; the timer tries again.
        raise RuntimeError(f"{settlement_id} has changed while it was published")
    notice_id = publishing.put_up(
        tx,
        kind="SETTLEMENT",
        area=row.area,
        period=row.period,
        body=snapshot(tx, row, frozen),
        until=until,
        settlement_id=settlement_id,
        number=number,
    )
    tx.disarm("draft_check", settlement_id)
    entry_store.change_entries(tx.conn, settlement_id, of=("DRAFT",), to="PUBLISHED")
    for subject_id in objection_store.objected_subjects(tx.conn, settlement_id, row.period):
        entry_store.change_entry(tx.conn, settlement_id, subject_id, state="HELD")
    row = store.change(
        tx.conn,
        row,
        state="PUBLISHED",
        notice_id=notice_id,
        published_at=tx.now,
        objection_until=until,
    )
    # What is measured may change with each draft: now it stands, and may be objected to.
    telling.deductions(tx, deductions.untold_deductions(tx.conn, settlement_id, row.period))
    tx.arm("notice_end", settlement_id, until)
    tx.arm("settlement_close", settlement_id, rules.closes(tx.calendar, tx.now))
    tx.publish(
        events.SettlementPublished(
            settlement_id, row.period, row.area, notice_id, until.isoformat()
        ),
        subject=settlement_id,
        scope=row.area,
        sequence=row.version,
        period=row.period,
    )
    publishing.tell(tx, notice_id, kind="SETTLEMENT", area=row.area, until=until, period=row.period)


def snapshot(tx: Tx, row: Row, frozen: month_logs.Frozen) -> published.SettlementNotice:
    """Return what is published of a settlement.

    Organisations with score, grade and reasons (deductions only of severity GENERAL or SERIOUS);
    persons only on the red list, by their consent, with their grade and no number.
    """
    entries = entry_store.entries(tx.conn, row.settlement_id)
    persons = [e.subject_id for e in entries if e.kind == "RES" and e.grade in RED_LIST]
    listed = registry.consented(tx.conn, persons, "PUBLIC_LIST")
    items = items_of(tx, row, [e for e in entries if e.kind in ORGANISATIONS], None)
    named = items_of(tx, row, [e for e in entries if e.subject_id in listed], listed)
    return published.SettlementNotice(
        period=row.period,
        area=row.area,
        rule_set=row.rule_set,
        digest=frozen.digest,
        log=frozen.log,
        rule_sets=frozen.rule_sets,
        entries=len(entries),
        organisations=items,
        red_list=named,
    )
